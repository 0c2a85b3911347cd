"""Owns what the commands share: the arguments that most have, the configuration, the posts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from feeds.config import Config
from feeds.config_reader import read_config
from feeds.errors import ConfigError
from feeds.stores.addresses import folder_of, open_store
from feeds.stores.base import Store

PostsArgument = Annotated[
    str, typer.Argument(help="A folder or s3://bucket/prefix with the posts.")
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The configuration.", show_default="feeds.toml"),
]


def load_config(path: Path | None, posts: str = "") -> tuple[Config, Path]:
    """The configuration: named, or by FEEDS_CONFIG, or feeds.toml here or near the posts."""
    if path is None and os.environ.get("FEEDS_CONFIG"):
        path = Path(os.environ["FEEDS_CONFIG"])
    near = [Path.cwd()]
    if folder := folder_of(posts):
        near += [folder, folder.parent]
    if path is None:
        path = next((f / "feeds.toml" for f in near if (f / "feeds.toml").is_file()), None)
    if path is None:
        raise ConfigError(
            ["there is no feeds.toml here or beside the posts; write one, or name it with --config"]
        )
    return read_config(path), path


def open_existing_store(posts: str) -> Store:
    """The store of the posts. Raises StoreError, ConfigError where there is none."""
    store = open_store(posts)
    folder = folder_of(posts)
    if folder and not folder.is_dir():
        raise ConfigError([f"{posts}: there is no such folder"])
    return store
