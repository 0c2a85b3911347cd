"""`feeds doctor`: check that a store supports what publishing needs."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.text import Text

from feeds.cli import console
from feeds.cli.options import open_existing_store


def doctor(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="A folder or s3://bucket/prefix for the feeds.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Check that a bucket or folder supports what publishing needs.

    The command writes a few objects under state/, and deletes them. Exits with 1 if a test fails.

    Example: feeds doctor s3://my-feeds
    """
    from feeds.runtime import ThreadedRuntime
    from feeds.stores.conformance import check_store

    findings: list[dict[str, object]] = []
    for finding in check_store(open_existing_store(url), ThreadedRuntime()):
        findings.append(finding._asdict() | {"ok": not finding.seen})
        if not as_json:
            line = Text(str(finding))
            line.stylize("bold red" if finding.seen else "green", 0, line.plain.find(" "))
            console.out.print(line)
    if as_json:
        typer.echo(json.dumps(findings, indent=1))
    if not all(finding["ok"] for finding in findings):
        raise typer.Exit(1)
