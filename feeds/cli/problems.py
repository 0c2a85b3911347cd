"""`feeds problems`: list the problems of the posts of a bucket."""

from __future__ import annotations

from typing import Annotated

import typer

from feeds.cli import console
from feeds.cli.options import open_existing_store


def problems(
    feeds: Annotated[str, typer.Argument(help="Where public/ and state/ are.")],
    json_: Annotated[bool, typer.Option("--json", help="As one JSON array.")] = False,
) -> None:
    """List what is wrong with the posts of a bucket.

    That is what was found when they were published. Exits with 1 when there is a problem.

    Example: feeds problems s3://my-feeds
    """
    from feeds.runtime import ThreadedRuntime
    from feeds.state.keys import RECORDS
    from feeds.state.objects import Record, problems
    from feeds.state.state_store import StateStore

    store, world = open_existing_store(feeds), ThreadedRuntime()
    known = StateStore(store, world)
    keys = [stat.key for stat in store.list(RECORDS)]
    found = problems(world.map(lambda key: known.read(key, Record)[1], keys))
    if json_:
        typer.echo(console.as_json(found))
    else:
        for problem in found:
            console.out.print(console.shown(problem))
    if found:
        raise typer.Exit(1)
