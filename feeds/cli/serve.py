"""`feeds serve`: build the feeds, serve them on this machine, and follow changes."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from feeds.cli import console
from feeds.cli.options import (
    AllowRemovalsOption,
    ConfigOption,
    PostsArgument,
    load_config,
    number_from,
    open_existing_store,
)
from feeds.config import Config
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
    host: Annotated[
        str,
        typer.Option(
            metavar="HOST",
            help="The address to listen on; 0.0.0.0: other machines can see the feeds too.",
        ),
    ] = "127.0.0.1",
    as_published: Annotated[
        bool,
        typer.Option(
            "--as-published",
            help="Serve the bytes that build writes, with their addresses; pages do not reload.",
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Keep the feeds in this folder when the server stops; includes --as-published.",
        ),
    ] = None,
    allow_removals: AllowRemovalsOption = False,
) -> None:
    """Build the feeds, serve them on this machine, and follow changes.

    A change of a post or of feeds.toml is published at once, and an open page shows it. The
    addresses in the feeds are those of this server. Only this machine can see the feeds, unless
    --host says otherwise.

    Example: feeds serve posts/
    """
    from feeds.serving.follow import FolderFollower
    from feeds.serving.listen import local_url, open_listener
    from feeds.serving.web_server import Watcher, application, output_folder, run_server

    # SIGTERM ends the program as Ctrl+C does, so that it removes its temporary folder.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & makes it ignored
    config, config_file = load_config(config_path, posts)
    as_published = as_published or out is not None
    listener = open_listener(host, port)
    url = local_url(host, listener)

    def read_config() -> Config:
        config = load_config(config_file, posts)[0]
        return config if as_published else _with_address(config, url)

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
            read_config,
            report,
            allow_removals=allow_removals or out is None,
        )
        if posts_folder is None:
            console.out.print("Changes in the bucket are not followed; start again to see them.")
        beside = config_file.parent
        own = theme_files(config, beside) + site_file_paths(config, beside)
        sources = [config_file, *own]
        watcher = Watcher(posts_folder, sources, follower.follow, console.out.print)
        app = application(root / "public", host, follower.layout, reload=not as_published)
        try:
            run_server(app, listener, url, watcher, console.out.print)
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        finally:
            follower.stop()


def _with_address(config: Config, url: str) -> Config:
    """The configuration of the same feeds at another address, of which no hub knows."""
    return replace(config, feeds=replace(config.feeds, url=url, hubs=()))
