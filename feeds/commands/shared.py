"""Owns what the commands share: the arguments that most have, the configuration, the posts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from feeds import config, theme
from feeds.config import Config
from feeds.errors import ConfigError
from feeds.store import Store
from feeds.stores import open_store

Posts = Annotated[str, typer.Argument(help="A folder or s3://bucket/prefix with the posts.")]
ConfigPath = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The configuration.", show_default="feeds.toml"),
]


def settings_of(path: Path | None, posts: str = "") -> tuple[Config, Path]:
    """The configuration: named, or by FEEDS_CONFIG, or feeds.toml here or near the posts."""
    if path is None and os.environ.get("FEEDS_CONFIG"):
        path = Path(os.environ["FEEDS_CONFIG"])
    near = [Path.cwd()]
    if posts and not posts.startswith("s3://"):
        folder = Path(posts).expanduser().absolute()
        near += [folder, folder.parent]
    if path is None:
        path = next((f / "feeds.toml" for f in near if (f / "feeds.toml").is_file()), None)
    if path is None:
        raise ConfigError(
            ["there is no feeds.toml here or beside the posts; write one, or name it with --config"]
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path}: is not UTF-8; save it as UTF-8"]) from None
    return theme.read(config.parse(text, str(path)), path.parent), path


def source_of(posts: str) -> Store:
    """The store of the posts. Raises StoreError, ConfigError where there is none."""
    store = open_store(posts)
    if not posts.startswith("s3://") and not Path(posts).expanduser().is_dir():
        raise ConfigError([f"{posts}: there is no such folder"])
    return store
