"""`feeds rebuild`: publish every post."""

from __future__ import annotations

import typer

from feeds.cli import console
from feeds.cli.options import (
    AllowRemovalsOption,
    ConfigOption,
    DeepOption,
    FeedsArgument,
    PostsArgument,
    ReplaceOption,
    load_config,
    open_existing_store,
)
from feeds.model import Problem
from feeds.stores.addresses import open_store


def rebuild(
    posts: PostsArgument,
    feeds: FeedsArgument,
    config_path: ConfigOption = None,
    replace: ReplaceOption = False,
    deep: DeepOption = False,
    allow_removals: AllowRemovalsOption = False,
) -> None:
    """Publish every post: the first time, or after feeds.toml changed.

    Does what the cloud function does, for all posts at once; uploads may go on meanwhile. If it is
    stopped and started again, it continues. With --deep, it then compares all records and feeds.

    Example: feeds rebuild s3://my-posts s3://my-feeds
    """
    from feeds.maintenance.rebuild import rebuild as rebuild_feeds
    from feeds.publishing.publisher import Publisher
    from feeds.runtime import ThreadedRuntime

    config, _ = load_config(config_path, posts)
    publisher = Publisher(
        open_existing_store(posts), open_store(feeds), config, ThreadedRuntime(), replace=replace
    )
    problems: list[Problem] = []
    try:
        with console.progress_in_phases("publishing") as (progress, on_phase):
            report = rebuild_feeds(
                publisher,
                progress,
                on_batch=lambda batch: problems.extend(batch.problems),
                allow_removals=allow_removals,
                deep=deep,
                on_phase=on_phase,
            )
    finally:
        see_all = console.lists_problems(feeds)
        console.print_problems(problems, posts, console.NOT_PUBLISHED, see_all)
    console.print_errors(dict.fromkeys(report.errors))  # each batch meets the same one
    parts = [
        f"{console.number(report.posts, 'post')} published",
        f"{report.skipped:,} unchanged",
        f"{report.gone:,} deleted",
        console.number(report.feeds, "feed"),
        f"{console.number(report.documents, 'document')} written",
        *([f"{report.scheduled:,} scheduled"] if report.scheduled else []),
        console.number(report.problems, "problem"),
    ]
    console.out.print("\n".join([", ".join(parts), *report.closed.lines()]))
    if report.errors:
        raise typer.Exit(2)
