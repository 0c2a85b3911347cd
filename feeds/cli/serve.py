"""`feeds serve`: build the feeds, serve them on this machine, and follow every change."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from feeds.cli import console
from feeds.cli.options import ConfigOption, PostsArgument, load_config, open_existing_store
from feeds.documents.theme import theme_files
from feeds.model import Problem
from feeds.stores.addresses import folder_of, open_store


def serve(
    posts: PostsArgument,
    config_path: ConfigOption = None,
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 8000,
    out: Annotated[
        Path | None,
        typer.Option(help="Where to keep the feeds; without it they go when the server stops."),
    ] = None,
) -> None:
    """Build the feeds, show them here, and follow every change of a post.

    Example: feeds serve posts/
    """
    from feeds.serving.follow import FolderFollower
    from feeds.serving.web_server import output_folder, run_server

    # As Ctrl+C: what was started and made on the way goes before this process does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & would have it ignored
    settings, path = load_config(config_path, posts)

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

    open_existing_store(posts)
    with output_folder(out) as root:
        feeds = FolderFollower(open_store(posts), root, lambda: load_config(path, posts)[0], report)
        here = folder_of(posts)
        if here is None:
            console.out.print("Changes in the bucket are not followed; start again to see them.")
        sources = [path, *theme_files(settings, path.parent)]
        run_server(root / "public", here, sources, port, follow, console.out.print)
        feeds.stop()
