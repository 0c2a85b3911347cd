"""`feeds build`: write all feeds of all posts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from feeds.building.scan import PostScanner
from feeds.building.site import newest_per_post, site_documents
from feeds.building.write import write_documents
from feeds.cli import console
from feeds.cli.options import (
    AllowRemovalsOption,
    ConfigOption,
    PostsArgument,
    ReplaceOption,
    load_config,
    number_from,
    open_existing_store,
)
from feeds.config import Config
from feeds.stores.addresses import folder_of, open_store


def build(
    posts: PostsArgument,
    out: Annotated[
        str, typer.Argument(metavar="OUT", help="A folder or s3://bucket/prefix for the feeds.")
    ],
    config_path: ConfigOption = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if a post has a problem.")
    ] = False,
    jobs: Annotated[
        int,
        typer.Option(metavar="N", help="Processes; 0: one for each core.", callback=number_from(0)),
    ] = 0,
    replace: ReplaceOption = False,
    allow_removals: AllowRemovalsOption = False,
    every: Annotated[
        bool, typer.Option("--all", help="Print each problem, also if many posts have the same.")
    ] = False,
) -> None:
    """Write all feeds of all posts to a folder or a bucket.

    Documents that have not changed are not written again. Documents of feeds that no longer exist
    are deleted if an earlier build wrote them. Nothing is written if a file of another program is
    in the way, or if most of what is published would go.

    Example: feeds build posts/ public/
    """
    config, _ = load_config(config_path, posts)
    see_all = "" if every else "feeds build --all prints each problem"
    summary, problems = _build(config, posts, out, jobs, replace, allow_removals, see_all)
    console.out.print(summary)
    if problems and strict:
        raise typer.Exit(1)


def _build(
    config: Config,
    posts: str,
    out: str,
    jobs: int,
    replace: bool,
    allow_removals: bool,
    see_all: str,
) -> tuple[str, int]:
    """Build all feeds and print the problems; return the summary and the number of problems."""
    source, target = open_existing_store(posts), open_store(out)
    with PostScanner(source, config, datetime.now(UTC), jobs) as scanned:
        with console.progress("reading") as progress:
            scanned.read(progress)
        with console.phases("loading", "rendering", "writing") as (loading, rendering, writing):
            scanned.on_load = loading
            found = [*scanned.summaries, *scanned.scheduled]
            ids = {id_ for post in found for id_ in (post.id, post.guid)} - {""}
            counts = write_documents(
                site_documents(scanned.summaries, scanned, config, progress=rendering),
                target,
                replace=replace,
                ids=None if allow_removals else ids | (scanned.closed.expired_ids - {""}),
                layout=config.layout,
                progress=writing,
            )
        problems = sorted(set(scanned.problems))
    console.print_problems(problems, posts, console.NOT_IN_FEEDS, see_all)
    if folder_of(posts):  # in a bucket, the time of an object is that of its upload
        console.print_undated(scanned.undated)
    failed = {problem.key for problem in problems if problem.severity == "error"}
    published = newest_per_post(
        (summary for summary in scanned.summaries if summary.key not in failed), config
    )
    parts = [
        console.number(len(published), "post"),
        console.number(len({path for post in published for path in post.paths} | {""}), "feed"),
        f"{console.number(counts.written, 'document')} written",
        f"{counts.unchanged:,} unchanged",
        *([f"{counts.removed:,} removed"] if counts.removed else []),
        *([f"{len(scanned.scheduled):,} scheduled"] if scanned.scheduled else []),
        console.number(len(problems), "problem"),
    ]
    return "\n".join([", ".join(parts), *scanned.closed.lines(config.zone)]), len(problems)
