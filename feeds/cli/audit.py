"""`feeds audit`: find and publish posts that were missed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from feeds.cli import console
from feeds.cli.options import ConfigOption, PostsArgument, load_config, open_existing_store
from feeds.cli.publish import publish_and_report
from feeds.stores.addresses import open_store

if TYPE_CHECKING:
    from feeds.publishing.audit import AuditReport


def audit(
    posts: PostsArgument,
    feeds: Annotated[str, typer.Argument(help="Where public/ and state/ are.")],
    config_path: ConfigOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what differs.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Find posts that no event told of, and publish them.

    They are new, newer or gone. Also puts feeds right that are not as they should be, and sweeps
    what crashes left behind.

    Example: feeds audit s3://my-posts s3://my-feeds --dry-run
    """
    from feeds.publishing.audit import audit as audited
    from feeds.publishing.publisher import Publisher
    from feeds.runtime import ThreadedRuntime

    settings, _ = load_config(config_path, posts)
    publisher = Publisher(
        open_existing_store(posts), open_store(feeds), settings, ThreadedRuntime()
    )
    keys: list[str] = []
    found = audited(publisher, keys.append, dry=dry_run)
    if dry_run and not json_:
        for key in keys:
            console.out.print(key, markup=False)
    errors = list(found.errors)
    if not dry_run:
        errors += publish_and_report(publisher, keys, posts)[1]
    for error in errors:
        console.err.print(error, markup=False)
    if json_:
        counted = {name: getattr(found, name) for name in found.__struct_fields__}
        typer.echo(json.dumps(counted | {"keys": keys, "errors": errors}, indent=1))
    else:
        console.out.print(_audited(found))
    if errors:
        raise typer.Exit(2)


def _audited(found: AuditReport) -> str:
    """What an audit found, in a line."""
    parts = [
        console.number(found.posts, "post"),
        f"{found.new:,} new",
        f"{found.newer:,} newer",
        f"{found.gone:,} gone",
        f"{found.late:,} late",
        console.number(found.feeds, "feed"),
        f"{console.number(found.documents, 'document')} written",
        f"{found.swept:,} swept",
    ]
    return ", ".join(parts)
