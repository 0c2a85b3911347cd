"""`feeds audit`: find and publish posts that were missed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from feeds.cli import console
from feeds.cli.options import (
    AllowRemovalsOption,
    ConfigOption,
    DeepOption,
    FeedsArgument,
    PostsArgument,
    load_config,
    open_existing_store,
)
from feeds.cli.publish import publish_and_report
from feeds.stores.addresses import open_store

if TYPE_CHECKING:
    from feeds.maintenance.findings import AuditReport


def audit(
    posts: PostsArgument,
    feeds: FeedsArgument,
    config_path: ConfigOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what differs, and change nothing.")
    ] = False,
    deep: DeepOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    allow_removals: AllowRemovalsOption = False,
) -> None:
    """Find and publish posts that were missed.

    Those are posts that are new, changed or deleted, but were not published. The audit also
    repairs feeds that differ from the state, and deletes what crashes left behind. It compares a
    thirtieth of all records and feeds in depth, each time another one, or all of them with --deep.

    Example: feeds audit s3://my-posts s3://my-feeds --dry-run
    """
    from feeds.maintenance.audit import audit as audit_feeds
    from feeds.publishing.publisher import Publisher
    from feeds.runtime import ThreadedRuntime

    config, _ = load_config(config_path, posts)
    publisher = Publisher(open_existing_store(posts), open_store(feeds), config, ThreadedRuntime())
    keys: list[str] = []
    report = audit_feeds(
        publisher, keys.append, dry=dry_run, deep=deep, allow_removals=allow_removals
    )
    if dry_run and not as_json:
        for key in keys:
            console.out.print(key)
    errors = list(report.errors)
    if not dry_run:
        documents, more_errors = publish_and_report(publisher, keys, posts, feeds)
        report.documents += documents
        errors += more_errors
    console.print_errors(errors)
    if as_json:
        fields = {name: getattr(report, name) for name in report.__struct_fields__}
        typer.echo(json.dumps(fields | {"keys": keys, "errors": errors}, indent=1))
    else:
        console.out.print(_summary(report))
    if errors:
        raise typer.Exit(2)


def _summary(report: AuditReport) -> str:
    """What an audit found and did, in a line."""
    parts = [
        console.number(report.posts, "post"),
        f"{report.new:,} new",
        f"{report.newer:,} changed",
        f"{report.gone:,} deleted",
        f"{report.late:,} overdue",
        f"{report.unfinished:,} unfinished",
        f"{report.misplaced:,} misplaced",
        f"{report.compared:,} compared in depth",
        console.number(report.feeds, "feed"),
        f"{console.number(report.documents, 'document')} written",
        f"{console.number(report.swept, 'leftover object')} deleted",
    ]
    return ", ".join(parts)
