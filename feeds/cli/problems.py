"""`feeds problems`: list the problems that publishing found in posts."""

from __future__ import annotations

from typing import Annotated

import typer

from feeds.cli import console
from feeds.cli.options import FeedsArgument, open_existing_store


def problems(
    feeds: FeedsArgument,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """List the problems that publishing found in posts.

    A problem is listed until its post is corrected or deleted. Exits with 1 if there is a problem.

    Example: feeds problems s3://my-feeds
    """
    from feeds.runtime import ThreadedRuntime
    from feeds.state.keys import RECORDS
    from feeds.state.objects import Record, problems
    from feeds.state.state_store import StateStore

    store, runtime = open_existing_store(feeds), ThreadedRuntime()
    state = StateStore(store, runtime)
    keys = [stat.key for stat in store.list(RECORDS)]
    open_problems = problems(runtime.map(lambda key: state.read(key, Record)[1], keys))
    if as_json:
        typer.echo(console.problems_as_json(open_problems))
    else:
        for problem in open_problems:
            console.out.print(console.problem_line(problem))
    if open_problems:
        raise typer.Exit(1)
