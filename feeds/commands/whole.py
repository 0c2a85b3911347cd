"""`feeds build` and `feeds serve`: all feeds of all posts, on this machine."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feeds import output, paths, scan, theme
from feeds.build import chosen, site
from feeds.commands import console
from feeds.commands.shared import ConfigPath, Posts, settings_of, source_of
from feeds.config import Config
from feeds.model import Problem
from feeds.store import Store
from feeds.stores import open_store

if TYPE_CHECKING:
    pass


def build(
    posts: Posts,
    out: Annotated[str, typer.Argument(help="A folder or s3://bucket/prefix for the feeds.")],
    config_path: ConfigPath = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 when there were problems.")
    ] = False,
    jobs: Annotated[int, typer.Option(help="Processes; 0: one for each core.", min=0)] = 0,
) -> None:
    """Build all feeds of all posts.

    Documents that would be the same bytes are not written again; those of feeds that are gone are
    removed, where this program wrote them.

    Example: feeds build posts/ public/
    """
    settings, _ = settings_of(config_path, posts)
    summary, problems = _built(settings, posts, out, jobs)
    console.out.print(summary)
    if problems and strict:
        raise typer.Exit(1)


def _built(settings: Config, posts: str, out: str, jobs: int = 0) -> tuple[str, int]:
    """Build, print the problems, and return the summary and how many problems there were."""
    source, target = source_of(posts), open_store(out)
    own = _documents_among(source, target)
    with scan.Scan(source, settings, datetime.now(UTC), jobs, skip=own) as scanned:
        with console.progress("reading") as progress:
            scanned.read(progress)
        with console.progress("rendering", in_a_pipe=False) as scanned.loading:
            counts = output.write(site(scanned.heads, scanned, settings), target)
        problems = sorted(set(scanned.problems))
    console.print_problems(problems, posts)
    failed = {problem.key for problem in problems if problem.severity == "error"}
    published = chosen((h for h in scanned.heads if h.key not in failed), settings)
    parts = [
        console.number(len(published), "post"),
        console.number(len({path for head in published for path in head.paths} | {""}), "feed"),
        f"{console.number(counts.written, 'document')} written",
        f"{counts.unchanged:,} unchanged",
        *([f"{counts.removed:,} removed"] if counts.removed else []),
        *([console.number(scanned.drafts, "draft")] if scanned.drafts else []),
        *([f"{len(scanned.waiting):,} scheduled"] if scanned.waiting else []),
        console.number(len(problems), "problem"),
    ]
    return ", ".join(parts), len(problems)


def _documents_among(posts: Store, out: Store) -> Callable[[str], bool]:
    """Which keys of `posts` are documents of an earlier build: `feeds build . public` works."""
    outer, inner = (
        (url if url.startswith("s3://") else Path(url).resolve().as_posix()).rstrip("/") + "/"
        for url in (posts.url, out.url)
    )
    prefix = inner.removeprefix(outer)
    if not inner.startswith(outer):
        return lambda _: False
    return lambda key: key.startswith(prefix) and paths.is_document(key.removeprefix(prefix))


def serve(
    posts: Posts,
    config_path: ConfigPath = None,
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 8000,
    out: Annotated[
        Path | None,
        typer.Option(help="Where to keep the feeds; without it they go when the server stops."),
    ] = None,
) -> None:
    """Build the feeds, show them here, and follow every change of a post.

    Example: feeds serve posts/
    """
    from feeds import serve as server
    from feeds.live import Live

    # As Ctrl+C: what was started and made on the way goes before this process does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & would have it ignored
    settings, path = settings_of(config_path, posts)

    def report(what: str, problems: list[Problem], errors: list[str]) -> None:
        console.print_problems(problems, posts)
        for error in errors:
            console.err.print(error, markup=False)
        console.out.print(what, markup=False)

    def follow(changed: set[str] | None) -> None:
        if changed is None:
            feeds.start()
        else:
            feeds.changed(changed)

    source_of(posts)
    with server.folder(out) as root:
        feeds = Live(open_store(posts), root, lambda: settings_of(path, posts)[0], report)
        here = None if posts.startswith("s3://") else Path(posts).expanduser()
        if here is None:
            console.out.print("Changes in the bucket are not followed; start again to see them.")
        sources = [path, *theme.files(settings, path.parent)]
        server.run(root / "public", here, sources, port, follow, console.out.print)
        feeds.stop()
