"""`feeds doctor`: check that a store supports what publishing needs."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.text import Text

from feeds.cli import console
from feeds.cli.options import open_existing_store


def doctor(
    url: Annotated[str, typer.Argument(help="A folder or s3://bucket/prefix for the feeds.")],
    json_: Annotated[bool, typer.Option("--json", help="As one JSON array.")] = False,
) -> None:
    """Examine a store: does it do all that publishing needs of it?

    It writes a few objects under state/ and removes them again. Exits with 1 when something is
    lacking.

    Example: feeds doctor s3://my-feeds
    """
    from feeds.runtime import ThreadedRuntime
    from feeds.stores.conformance import check_store

    findings: list[dict[str, object]] = []
    for finding in check_store(open_existing_store(url), ThreadedRuntime()):
        findings.append(finding._asdict() | {"ok": not finding.seen})
        if not json_:
            line = Text(str(finding))
            line.stylize("bold red" if finding.seen else "green", 0, line.plain.find(" "))
            console.out.print(line)
    if json_:
        typer.echo(json.dumps(findings, indent=1))
    if not all(finding["ok"] for finding in findings):
        raise typer.Exit(1)
