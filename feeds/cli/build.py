"""`feeds build`: write all feeds of all posts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import typer

from feeds import paths
from feeds.building.scan import PostScanner
from feeds.building.site import newest_per_post, site_documents
from feeds.building.write import write_documents
from feeds.cli import console
from feeds.cli.options import ConfigOption, PostsArgument, load_config, open_existing_store
from feeds.config import Config
from feeds.stores.addresses import folder_of, open_store
from feeds.stores.base import Store


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
        int, typer.Option(metavar="N", help="Processes; 0: one for each core.", min=0)
    ] = 0,
) -> None:
    """Write all feeds of all posts to a folder or a bucket.

    Documents that have not changed are not written again. Documents of feeds that no longer exist
    are deleted if an earlier build wrote them.

    Example: feeds build posts/ public/
    """
    config, _ = load_config(config_path, posts)
    summary, problems = _build(config, posts, out, jobs)
    console.out.print(summary)
    if problems and strict:
        raise typer.Exit(1)


def _build(config: Config, posts: str, out: str, jobs: int) -> tuple[str, int]:
    """Build all feeds and print the problems; return the summary and the number of problems."""
    source, target = open_existing_store(posts), open_store(out)
    is_document = _document_filter(source, target)
    with PostScanner(source, config, datetime.now(UTC), jobs, skip=is_document) as scanned:
        with console.progress("reading") as progress:
            scanned.read(progress)
        with console.progress("rendering", in_a_pipe=False) as progress:
            scanned.on_load = progress
            counts = write_documents(site_documents(scanned.summaries, scanned, config), target)
        problems = sorted(set(scanned.problems))
    console.print_problems(problems, posts)
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


def _document_filter(posts: Store, out: Store) -> Callable[[str], bool]:
    """Return a function that says whether a key of `posts` is a document of an earlier build.

    Such keys exist if `out` is inside `posts`, as in `feeds build . public`.
    """
    outer, inner = (
        (folder.resolve().as_posix() if (folder := folder_of(url)) else url).rstrip("/") + "/"
        for url in (posts.url, out.url)
    )
    prefix = inner.removeprefix(outer)
    if not inner.startswith(outer):
        return lambda _: False
    return lambda key: key.startswith(prefix) and paths.is_document(key.removeprefix(prefix))
