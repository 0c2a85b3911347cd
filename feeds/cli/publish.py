"""`feeds publish`: publish posts that were written, changed or deleted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feeds.cli import console
from feeds.cli.options import (
    ConfigOption,
    FeedsArgument,
    PostsArgument,
    load_config,
    open_existing_store,
)
from feeds.model import Problem
from feeds.stores.addresses import folder_of, open_store
from feeds.stores.base import key_error

if TYPE_CHECKING:
    from feeds.publishing.publisher import Publisher

_BATCH = 500
"""Posts that are published together."""


def publish(
    posts: PostsArgument,
    feeds: FeedsArgument,
    keys: Annotated[
        list[str], typer.Argument(metavar="KEY", help="Posts, by key in POSTS or by file.")
    ],
    config_path: ConfigOption = None,
) -> None:
    """Publish posts that were written, changed or deleted.

    Does what the cloud function does, for a script or a hook: it writes only the documents that
    these posts are in. Run `feeds rebuild` first if there are no feeds yet, or after feeds.toml
    changed. A post that no longer exists is removed from the feeds.

    Example: feeds publish posts/ site/ posts/2026-11-22-hello.md
    """
    from feeds.publishing.publisher import Publisher
    from feeds.runtime import ThreadedRuntime

    config, _ = load_config(config_path, posts)
    publisher = Publisher(open_existing_store(posts), open_store(feeds), config, ThreadedRuntime())
    named_keys = sorted({key_of(argument, posts) for argument in keys})
    post_keys = [key for key in named_keys if publisher.is_post(key)]
    missing = publisher.runtime.map(lambda key: _never_existed(key, publisher), named_keys)
    unknown = [key for key, is_missing in zip(named_keys, missing, strict=True) if is_missing]
    for key in named_keys:
        if key not in post_keys and key not in unknown:
            console.err.print(f"{key}: not a post (see posts.include)")
    known = [key for key in post_keys if key not in unknown]
    documents, errors = publish_and_report(publisher, known, posts, feeds)
    errors += [_unknown(key, posts, is_post=key in post_keys) for key in unknown]
    console.out.print(
        f"{console.number(len(known), 'post')}, {console.number(documents, 'document')} written"
    )
    console.print_errors(errors)
    if errors:
        raise typer.Exit(2)


def _never_existed(key: str, publisher: Publisher) -> bool:
    """Return whether a key names nothing: no object is there, and no feed has a post from there.

    S3 refuses a request about a key such as ``../a.md``.
    """
    is_relative = not {".", ".."}.isdisjoint(key.split("/"))
    return is_relative or bool(key_error(key)) or publisher.never_existed(key)


def _unknown(key: str, posts: str, *, is_post: bool) -> str:
    """The error for a key at which there is nothing."""
    if is_post:
        return f"{key}: there is no such post, and none was published; check it"
    return f"{key or repr(key)}: there is no such file in {posts}; check the name"


def key_of(argument: str, posts: str) -> str:
    """The key of a post that is named by its key or by its file."""
    path, folder = Path(os.path.normpath(Path(argument).absolute())), folder_of(posts)
    folder = folder and Path(os.path.normpath(folder))
    if not argument or folder is None or path == folder or not path.is_relative_to(folder):
        return argument
    return path.relative_to(folder).as_posix()


def publish_and_report(
    publisher: Publisher, keys: list[str], posts: str, feeds: str
) -> tuple[int, list[str]]:
    """Publish posts in batches and print their problems.

    Returns the number of documents that were written, and the errors.
    """
    from feeds.maintenance.journal import Journal

    documents = 0
    errors: list[str] = []
    problems: list[Problem] = []
    for start in range(0, len(keys), _BATCH):
        result = Journal(publisher).publish(keys[start : start + _BATCH])
        problems += result.problems
        documents += len(result.changed)
        errors += result.errors
    console.print_problems(problems, posts, console.NOT_PUBLISHED, console.lists_problems(feeds))
    return documents, errors
