"""`feeds serve`: build the feeds, serve them on this machine, and follow changes."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from feeds.cli import console
from feeds.cli.options import (
    AllowRemovalsOption,
    ConfigOption,
    PostsArgument,
    load_config,
    number_from,
    open_existing_store,
)
from feeds.documents.own_templates import theme_files
from feeds.model import Problem
from feeds.reading.liquid.site_files import site_file_paths
from feeds.stores.addresses import folder_of


def serve(
    posts: PostsArgument,
    config_path: ConfigOption = None,
    port: Annotated[
        int,
        typer.Option(
            metavar="PORT",
            help="The port to listen on; 0: any free port.",
            callback=number_from(0, 65_535),
        ),
    ] = 8000,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep the feeds in this folder when the server stops."),
    ] = None,
    allow_removals: AllowRemovalsOption = False,
) -> None:
    """Build the feeds, serve them on this machine, and follow changes.

    A change of a post or of feeds.toml is published at once. Only this machine can see the feeds.

    Example: feeds serve posts/
    """
    from feeds.serving.follow import FolderFollower
    from feeds.serving.web_server import output_folder, run_server

    # SIGTERM ends the program as Ctrl+C does, so that it removes its temporary folder.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & makes it ignored
    config, config_file = load_config(config_path, posts)

    def report(summary: str, problems: list[Problem], errors: list[str]) -> None:
        see_all = f"feeds check {console.without_control_characters(posts)} lists each problem"
        console.print_problems(problems, posts, console.NOT_PUBLISHED, see_all)
        console.print_errors(errors)
        console.out.print(summary)

    store, posts_folder = open_existing_store(posts), folder_of(posts)
    with output_folder(out) as root:
        follower = FolderFollower(
            store,
            root,
            lambda: load_config(config_file, posts)[0],
            report,
            allow_removals=allow_removals or out is None,
        )
        if posts_folder is None:
            console.out.print("Changes in the bucket are not followed; start again to see them.")
        beside = config_file.parent
        own = theme_files(config, beside) + site_file_paths(config, beside)
        sources = [config_file, *own]
        run_server(
            root / "public",
            follower.layout,
            posts_folder,
            sources,
            port,
            follower.follow,
            console.out.print,
        )
        follower.stop()
