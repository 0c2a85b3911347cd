"""The commands for feeds that are kept: one post, all posts, what was missed, what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from feeds import post
from feeds.commands import console
from feeds.commands.shared import ConfigPath, Posts, settings_of, source_of
from feeds.stores import open_store

if TYPE_CHECKING:
    from feeds.audit import Found
    from feeds.publish import Publisher


def publish(
    posts: Posts,
    feeds: Annotated[str, typer.Argument(help="Where public/ and state/ are.")],
    keys: Annotated[list[str], typer.Argument(help="Posts: keys in POSTS, or files of it.")],
    config_path: ConfigPath = None,
) -> None:
    """Publish posts that were written, changed or deleted: only what they touch.

    It does what the cloud function does, for a script or a hook. Where there are no feeds yet, or
    after a change of feeds.toml, `rebuild` comes first.

    Example: feeds publish posts/ site/ posts/2026-11-22-hello.md
    """
    from feeds.publish import Publisher
    from feeds.world import RealWorld

    settings, _ = settings_of(config_path, posts)
    publisher = Publisher(source_of(posts), open_store(feeds), settings, RealWorld())
    named = sorted({_key(word, posts) for word in keys})
    wanted = [key for key in named if post.is_post(key, settings)]
    for key in named:
        if key not in wanted:
            console.err.print(f"{key}: not a post (see posts.include)", markup=False)
    changed, errors = _looked_at(publisher, wanted, posts)
    console.out.print(
        f"{console.number(len(wanted), 'post')}, {console.number(changed, 'document')} written"
    )
    for error in errors:
        console.err.print(error, markup=False)
    if errors:
        raise typer.Exit(2)


def _key(word: str, posts: str) -> str:
    """The key of a post that was named by its key or by its file."""
    path, root = Path(word).absolute(), Path(posts).expanduser().absolute()
    is_file = not posts.startswith("s3://") and path != root and path.is_relative_to(root)
    return path.relative_to(root).as_posix() if is_file else word


def _looked_at(publisher: Publisher, keys: list[str], posts: str) -> tuple[int, list[str]]:
    """Publish posts in batches, and print their problems; documents written, and what failed."""
    from feeds.state import problems
    from feeds.unfinished import published

    changed = 0
    errors: list[str] = []
    for start in range(0, len(keys), 500):
        chunk = keys[start : start + 500]
        done = published(publisher, chunk)
        console.print_problems(problems(done.looked.values()), posts)
        changed += len(done.changed)
        errors += done.errors
    return changed, errors


def rebuild(
    posts: Posts,
    feeds: Annotated[str, typer.Argument(help="Where public/ and state/ are.")],
    config_path: ConfigPath = None,
) -> None:
    """Publish all posts of a bucket: at first, or for a new feeds.toml.

    It does what the cloud function does, in batches, while uploads go on. Stop it and start it
    again as you like: what was done already is not done again.

    Example: feeds rebuild s3://my-posts s3://my-feeds
    """
    from feeds.publish import Publisher
    from feeds.rebuild import rebuild as all_posts
    from feeds.state import problems
    from feeds.world import RealWorld

    settings, _ = settings_of(config_path, posts)
    source_of(posts)
    publisher = Publisher(open_store(posts), open_store(feeds), settings, RealWorld())
    with console.progress("publishing") as progress:
        done = all_posts(
            publisher,
            progress,
            told=lambda batch: console.print_problems(problems(batch.looked.values()), posts),
        )
    for error in done.errors:
        console.err.print(error, markup=False)
    parts = [
        f"{console.number(done.posts, 'post')} published",
        f"{done.skipped:,} as before",
        f"{done.gone:,} gone",
        console.number(done.feeds, "feed"),
        f"{console.number(done.documents, 'document')} written",
        console.number(done.problems, "problem"),
    ]
    console.out.print(", ".join(parts))
    if done.errors:
        raise typer.Exit(2)


def audit(
    posts: Posts,
    feeds: Annotated[str, typer.Argument(help="Where public/ and state/ are.")],
    config_path: ConfigPath = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what differs.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Find posts that no event told of, and publish them.

    They are new, newer or gone. Also puts feeds right that are not as they should be, and sweeps
    what crashes left behind.

    Example: feeds audit s3://my-posts s3://my-feeds --dry-run
    """
    from feeds.audit import audit as audited
    from feeds.publish import Publisher
    from feeds.world import RealWorld

    settings, _ = settings_of(config_path, posts)
    publisher = Publisher(source_of(posts), open_store(feeds), settings, RealWorld())
    keys: list[str] = []
    found = audited(publisher, keys.append, dry=dry_run)
    if dry_run and not json_:
        for key in keys:
            console.out.print(key, markup=False)
    errors = list(found.errors)
    if not dry_run:
        errors += _looked_at(publisher, keys, posts)[1]
    for error in errors:
        console.err.print(error, markup=False)
    if json_:
        counted = {name: getattr(found, name) for name in found.__struct_fields__}
        typer.echo(json.dumps(counted | {"keys": keys, "errors": errors}, indent=1))
    else:
        console.out.print(_audited(found))
    if errors:
        raise typer.Exit(2)


def _audited(found: Found) -> str:
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


def problems(
    feeds: Annotated[str, typer.Argument(help="Where public/ and state/ are.")],
    json_: Annotated[bool, typer.Option("--json", help="As one JSON array.")] = False,
) -> None:
    """List what is wrong with the posts of a bucket.

    That is what was found when they were published. Exits with 1 when there is a problem.

    Example: feeds problems s3://my-feeds
    """
    from feeds import state
    from feeds.versioned import Versioned
    from feeds.world import RealWorld

    store, world = source_of(feeds), RealWorld()
    known = Versioned(store, world)
    keys = [stat.key for stat in store.list(state.RECORDS)]
    found = state.problems(world.each(lambda key: known.read(key, state.Record)[1], keys))
    if json_:
        typer.echo(console.as_json(found))
    else:
        for problem in found:
            console.out.print(console.shown(problem))
    if found:
        raise typer.Exit(1)


def doctor(
    url: Annotated[str, typer.Argument(help="A folder or s3://bucket/prefix for the feeds.")],
    json_: Annotated[bool, typer.Option("--json", help="As one JSON array.")] = False,
) -> None:
    """Examine a store: does it do all that publishing needs of it?

    It writes a few objects under state/ and removes them again. Exits with 1 when something is
    lacking.

    Example: feeds doctor s3://my-feeds
    """
    from feeds.doctor import examined
    from feeds.world import RealWorld

    findings: list[dict[str, object]] = []
    for finding in examined(source_of(url), RealWorld()):
        findings.append(finding._asdict() | {"ok": not finding.seen})
        if not json_:
            line = Text(str(finding))
            line.stylize("bold red" if finding.seen else "green", 0, line.plain.find(" "))
            console.out.print(line)
    if json_:
        typer.echo(json.dumps(findings, indent=1))
    if not all(finding["ok"] for finding in findings):
        raise typer.Exit(1)
