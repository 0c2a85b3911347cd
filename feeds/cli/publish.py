"""`feeds publish`: publish posts that were written, changed or deleted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feeds.cli import console
from feeds.cli.options import ConfigOption, PostsArgument, load_config, open_existing_store
from feeds.reading.selection import is_post
from feeds.stores.addresses import folder_of, open_store

if TYPE_CHECKING:
    from feeds.publishing.publisher import Publisher


def publish(
    posts: PostsArgument,
    feeds: Annotated[str, typer.Argument(help="Where public/ and state/ are.")],
    keys: Annotated[list[str], typer.Argument(help="Posts: keys in POSTS, or files of it.")],
    config_path: ConfigOption = None,
) -> None:
    """Publish posts that were written, changed or deleted: only what they touch.

    It does what the cloud function does, for a script or a hook. Where there are no feeds yet, or
    after a change of feeds.toml, `rebuild` comes first.

    Example: feeds publish posts/ site/ posts/2026-11-22-hello.md
    """
    from feeds.publishing.publisher import Publisher
    from feeds.runtime import ThreadedRuntime

    settings, _ = load_config(config_path, posts)
    publisher = Publisher(
        open_existing_store(posts), open_store(feeds), settings, ThreadedRuntime()
    )
    named = sorted({key_of_word(word, posts) for word in keys})
    wanted = [key for key in named if is_post(key, settings)]
    for key in named:
        if key not in wanted:
            console.err.print(f"{key}: not a post (see posts.include)", markup=False)
    changed, errors = publish_and_report(publisher, wanted, posts)
    console.out.print(
        f"{console.number(len(wanted), 'post')}, {console.number(changed, 'document')} written"
    )
    for error in errors:
        console.err.print(error, markup=False)
    if errors:
        raise typer.Exit(2)


def key_of_word(word: str, posts: str) -> str:
    """The key of a post that was named by its key or by its file."""
    path, folder = Path(word).absolute(), folder_of(posts)
    if folder is None or path == folder or not path.is_relative_to(folder):
        return word
    return path.relative_to(folder).as_posix()


def publish_and_report(publisher: Publisher, keys: list[str], posts: str) -> tuple[int, list[str]]:
    """Publish posts in batches, and print their problems; documents written, and what failed."""
    from feeds.publishing.journal import Journal
    from feeds.state.objects import problems

    changed = 0
    errors: list[str] = []
    for start in range(0, len(keys), 500):
        chunk = keys[start : start + 500]
        done = Journal(publisher).publish(chunk)
        console.print_problems(problems(done.records.values()), posts)
        changed += len(done.changed)
        errors += done.errors
    return changed, errors
