"""`feeds rebuild`: publish every post."""

from __future__ import annotations

from typing import Annotated

import typer

from feeds.cli import console
from feeds.cli.options import ConfigOption, PostsArgument, load_config, open_existing_store
from feeds.stores.addresses import open_store


def rebuild(
    posts: PostsArgument,
    feeds: Annotated[str, typer.Argument(help="Where public/ and state/ are.")],
    config_path: ConfigOption = None,
) -> None:
    """Publish all posts of a bucket: at first, or for a new feeds.toml.

    It does what the cloud function does, in batches, while uploads go on. Stop it and start it
    again as you like: what was done already is not done again.

    Example: feeds rebuild s3://my-posts s3://my-feeds
    """
    from feeds.publishing.publisher import Publisher
    from feeds.publishing.rebuild import rebuild as all_posts
    from feeds.runtime import ThreadedRuntime
    from feeds.state.objects import problems

    settings, _ = load_config(config_path, posts)
    open_existing_store(posts)
    publisher = Publisher(open_store(posts), open_store(feeds), settings, ThreadedRuntime())
    with console.progress("publishing") as progress:
        done = all_posts(
            publisher,
            progress,
            on_batch=lambda batch: console.print_problems(problems(batch.records.values()), posts),
        )
    for error in done.errors:
        console.err.print(error, markup=False)
    parts = [
        f"{console.number(done.posts, 'post')} published",
        f"{done.skipped:,} as before",
        f"{done.gone:,} gone",
        console.number(done.feeds, "feed"),
        f"{console.number(done.documents, 'document')} written",
        console.number(done.problems, "problem"),
    ]
    console.out.print(", ".join(parts))
    if done.errors:
        raise typer.Exit(2)
