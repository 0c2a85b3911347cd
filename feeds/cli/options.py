"""Arguments and options that several commands have, and the configuration and stores they name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from feeds.config import Config
from feeds.config_file.read import read_config
from feeds.errors import ConfigError
from feeds.reading.selection import is_post
from feeds.stores.addresses import folder_of, open_store
from feeds.stores.base import Store

PostsArgument = Annotated[
    str, typer.Argument(metavar="POSTS", help="A folder or s3://bucket/prefix with the posts.")
]
FeedsArgument = Annotated[
    str, typer.Argument(metavar="FEEDS", help="A folder or s3://bucket with public/ and state/.")
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="The configuration; without it, feeds.toml here or beside the posts.",
    ),
]
ReplaceOption = Annotated[
    bool, typer.Option("--replace", help="Overwrite files of other programs.")
]
DeepOption = Annotated[bool, typer.Option("--deep", help="Compare all records and feeds in depth.")]
AllowRemovalsOption = Annotated[
    bool,
    typer.Option("--allow-removals", help="Go on even if most posts are gone."),
]


def number_from(low: int, high: int | None = None) -> Callable[[int], int]:
    """A check for an option that is a number in a range, both ends included.

    The ranges of typer itself would be in the help, as ``0<=x<=65535``.
    """

    def check(value: int) -> int:
        if value < low or (high is not None and value > high):
            limits = f"at least {low}" if high is None else f"from {low} to {high}"
            raise typer.BadParameter(f"expected a number {limits}, found {value}")
        return value

    return check


def load_config(
    path: Path | None, posts: str = "", *, any_folder: bool = False
) -> tuple[Config, Path]:
    """The configuration and its file: `path`, FEEDS_CONFIG, or feeds.toml here or near the posts.

    Raises ConfigError; also if `posts` is not the folder that ids are relative to, unless
    `any_folder`.
    """
    if path is None and os.environ.get("FEEDS_CONFIG"):
        path = Path(os.environ["FEEDS_CONFIG"])
    folders = [Path.cwd()]
    if folder := folder_of(posts):
        folders += [folder, folder.parent]
    if path is None:
        files = (folder / "feeds.toml" for folder in folders)
        path = next((file for file in files if file.is_file()), None)
    if path is None:
        raise ConfigError(
            ["there is no feeds.toml here or beside the posts; run feeds init, or use --config"]
        )
    config = read_config(path)
    if posts and not any_folder:
        _check_folder(config, path, posts)
    return config, path


def _check_folder(config: Config, config_file: Path, posts: str) -> None:
    """Raise ConfigError if `posts` is another folder of the site than the one of `posts.folder`.

    Without that setting, refuse a folder above or inside the folder where the site's posts are:
    default ids are relative to POSTS, and both folders could be meant.
    """
    site, folder = config_file.absolute().parent.resolve(), folder_of(posts)
    if folder is None or not (folder := folder.resolve()).is_relative_to(site):
        return
    meant = config.posts.folder
    if meant and folder != (site / meant).resolve():
        raise ConfigError(
            [
                f"{posts}: posts.folder in {config_file} is {meant}, and the ids of entries are "
                f"relative to it; name {_beside(config_file, meant)} instead"
            ]
        )
    if meant or not (meant := _folder_of_posts(site, config)):
        return
    usual = (site / meant).resolve()
    if folder != usual and (folder.is_relative_to(usual) or usual.is_relative_to(folder)):
        own = folder.relative_to(site).as_posix()
        raise ConfigError(
            [
                f"{posts}: there are posts in {meant}, and the ids of entries depend on the folder "
                f"that is named; name {_beside(config_file, meant)}, or write "
                f'folder = "{own}" under [posts] in {config_file} to keep this one'
            ]
        )


def _beside(config_file: Path, folder: str) -> str:
    return str(config_file.parent / folder)


def _folder_of_posts(site: Path, config: Config) -> str:
    """The folder below `site` where a site generator has its posts; ``""`` if it has no post."""
    from feeds.generators.detect import POST_FOLDERS

    for name in POST_FOLDERS:
        folder = site / name
        files = (Path(parent, file) for parent, _, files in os.walk(folder) for file in files)
        if any(is_post(file.relative_to(site).as_posix(), config) for file in files):
            return name
    return ""


def open_existing_store(url: str) -> Store:
    """The store at a URL or in a folder. Raises ConfigError if the folder does not exist."""
    store = open_store(url)
    folder = folder_of(url)
    if folder and not folder.is_dir():
        raise ConfigError([f"{url}: there is no such folder"])
    return store
