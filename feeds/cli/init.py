"""`feeds init`: write a first feeds.toml."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from feeds.cli import console
from feeds.config import Config
from feeds.errors import ConfigError
from feeds.urls import http_url

_MOST_FEED_BYTES = 50_000_000

if TYPE_CHECKING:
    from feeds.generators.earlier_feed.old_feed import OldFeed
    from feeds.generators.questions import Answers
    from feeds.generators.report import AddressCheck, SitePosts
    from feeds.generators.settings import SiteSettings
    from feeds.generators.site_folder import SiteFolder


def init(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="The site's folder.", exists=True, file_okay=False),
    ] = Path(),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Accept all defaults.")] = False,
    check: Annotated[
        str,
        typer.Option("--check", metavar="URL", help="Look for the posts' pages on the live site."),
    ] = "",
    old_feed: Annotated[
        str,
        typer.Option(
            "--from", metavar="FEED", help="The feed that readers know: an address or a file."
        ),
    ] = "",
) -> None:
    """Write a feeds.toml, using the site generator's own settings.

    Reads the configuration of Jekyll, Hugo, Pelican, Zola, Eleventy, Astro or Docusaurus, and the
    posts. Asks four questions; a fifth one if posts have the field hidden. Prints what it found,
    and the first post whose page is not in the built site beside it.

    With --from, readers of that feed show no post twice: entries have its ids. Its title and its
    address are the defaults of a site without a configuration.

    Example: feeds init my-blog/ --from https://example.com/feed.xml
    """
    from feeds.config_file.parse import parse_config
    from feeds.generators.detect import detect_generator
    from feeds.generators.earlier_feed.known_ids import with_known_ids, with_old_feed
    from feeds.generators.feeds_toml import feeds_toml_text, machine_zone
    from feeds.generators.questions import ask_for_answers
    from feeds.generators.site_folder import SiteFolder

    if check and not http_url(check):
        raise ConfigError(
            [f"--check {check}: not a full web address; write it like https://example.com/"]
        )
    target = folder / "feeds.toml"
    if target.exists():
        raise ConfigError([f"{target}: the file exists; edit it, or move it away"])
    settings = detect_generator(folder)
    if settings.unreadable:
        console.err.print(
            f"{folder / settings.unreadable}: cannot be read; its settings are not used"
        )
    if settings.file:
        console.err.print(f"{settings.generator}: using settings of {folder / settings.file}")
    feed = _read_old_feed(old_feed) if old_feed else None
    if feed:
        settings = with_old_feed(settings, feed, old_feed)
    answers = ask_for_answers(settings, folder, _accept_default if yes else _prompt)
    zone, year = machine_zone(), datetime.now(UTC).year
    text = feeds_toml_text(settings, answers, zone, year)
    if feed:
        settings = with_known_ids(settings, SiteFolder(folder), parse_config(text), feed)
        text = feeds_toml_text(settings, answers, zone, year)
    try:
        target.write_text(text, encoding="utf-8")
    except PermissionError:
        raise ConfigError([f"cannot write to {folder} (permission denied)"]) from None
    except OSError as error:
        raise ConfigError([f"{target}: cannot be written: {error.strerror}"]) from None
    _print_report(settings, answers, SiteFolder(folder), parse_config(text), check)
    console.out.print(f"Wrote {target}. To see the feeds, run:")
    console.out.print(f"feeds serve {folder / settings.posts} --config {target}")


def _read_old_feed(source: str) -> OldFeed:
    """Read the feed at an address or in a file. Raises ConfigError if there is none."""
    import requests

    from feeds.cli.link_check import USER_AGENT
    from feeds.generators.earlier_feed.old_feed import parse_old_feed

    try:
        if url := http_url(source):
            answer = requests.get(url, headers={"User-Agent": USER_AGENT}, timeout=30, stream=True)
            with answer:
                answer.raise_for_status()
                data = answer.raw.read(_MOST_FEED_BYTES, decode_content=True)
        else:
            with Path(source).open("rb") as file:
                data = file.read(_MOST_FEED_BYTES)
    except (OSError, requests.RequestException) as error:
        fault = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ConfigError([f"--from {source}: cannot be read: {fault}"]) from None
    if feed := parse_old_feed(data):
        return feed
    todo = "name the address or the file of an RSS, Atom or JSON feed"
    raise ConfigError([f"--from {source}: not a feed with entries; {todo}"])


def _print_report(
    settings: SiteSettings, answers: Answers, site: SiteFolder, config: Config, check: str
) -> None:
    """Print the number of posts of each rule, what is not known, and the addresses that are not
    on the site.
    """
    from feeds.generators.report import (
        check_addresses,
        found_things,
        read_site_posts,
        rule_counts,
        unknown_things,
    )

    posts = read_site_posts(settings, site, config)
    rows = [
        (f"posts in {settings.posts}", len(posts.keys)),
        *rule_counts(settings, posts, config),
    ]
    for line in found_things(settings):
        console.out.print(console.without_control_characters(line))
    width = max(len(what) for what, _ in rows)
    for what, count in rows if posts.keys else ():
        console.out.print(console.without_control_characters(f"{what:{width}}  {count:7,}"))
    for line in posts.closed.lines():
        console.out.print(line)
    for unknown in unknown_things(settings, posts, answers):
        line = f"could not know: {unknown.what}; write {unknown.todo}"
        console.out.print(console.without_control_characters(line))
    found = check_addresses(settings, site, posts, config)
    if check and posts.pages:
        found = _visit(posts, config, http_url(check))
    if found and found.missing:
        page = found.missing
        fault = f"; {found.fault}" if found.fault else ""
        line = f"not in {found.where}: {page.url} ({page.key}, permalink {page.pattern}){fault}"
        console.out.print(console.without_control_characters(line))
    elif found:
        console.out.print(
            f"{console.number(found.checked, 'page')} looked for in {found.where}: all there"
        )


def _visit(posts: SitePosts, config: Config, live: str) -> AddressCheck:
    """Look for the pages on the live site, whose address is `live`."""
    from feeds.cli.link_check import look_up, public_addresses, visit_links
    from feeds.generators.report import AddressCheck

    live = live if live.endswith("/") else f"{live}/"
    own_host = urlsplit(live).hostname
    pages = {live + page.url.removeprefix(config.site.url): page for page in posts.pages}
    with console.progress("Looking for the pages of", in_a_pipe=False) as progress:
        result = visit_links(
            pages,
            pause=0.2,
            # A person named this host, so it may be one that is not public.
            addresses=lambda host, port: (look_up if host == own_host else public_addresses)(
                host, port
            ),
            progress=progress,
        )
    missing = next((url for url in pages if url in result.dead), "")
    visited = len(pages) - result.not_visited
    return AddressCheck(live, visited, pages.get(missing), result.dead.get(missing, ""))


def _accept_default(_question: str, default: str, _validate: Callable[[str], str]) -> str:
    return default


def _prompt(question: str, default: str, validate: Callable[[str], str]) -> str:
    """Ask until the answer is valid. Exits if the user stops the program.

    `validate` returns what is wrong with an answer, ``""`` if nothing is.
    """
    while True:
        try:
            answer: str = typer.prompt(question, default=default, err=True)
        except typer.Abort as error:
            console.err.print(
                "\nStopped; nothing was written. Use --yes to skip the questions.",
            )
            interrupted = isinstance(error.__context__, KeyboardInterrupt)
            raise typer.Exit(130 if interrupted else 2) from None
        if not (message := validate(answer)):
            return answer
        console.err.print(message)
