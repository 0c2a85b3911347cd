"""Owns the list of all feeds of a site, and the documents that show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from msgspec import Struct

from feeds import paths
from feeds.config import Config
from feeds.model import Document


class Listed(Struct, frozen=True, order=True):
    """A feed that has entries: its path and its title."""

    path: str
    title: str


def documents(listed: Iterable[Listed], config: Config) -> Iterator[Document]:
    """The documents about all feeds: all posts first, and every other one that has entries."""
    feeds = [Listed("", config.site.title), *sorted(feed for feed in listed if feed.path)]
    if config.feeds.pages:
        data = _page(feeds, config).encode()
        yield Document("feeds.html", data, "text/html; charset=utf-8")


def _page(listed: Iterable[Listed], config: Config) -> str:
    names = {"atom": "Atom", "rss": "RSS", "json": "JSON Feed"}
    title = escape(config.site.title)
    rows = []
    for feed in listed:
        links = " ".join(
            f'<a href="{escape(config.url(paths.document(feed.path, file)))}">{names[format_]}</a>'
            for format_, file in paths.FEED_FILES.items()
            if format_ in config.feeds.formats
        )
        rows.append(f"<li>{escape(feed.title)}: {links}</li>")
    return (
        f'<!doctype html>\n<html lang="{escape(config.site.language)}">\n<meta charset="utf-8">\n'
        f'<meta name="generator" content="bucketfeed">\n'
        f'<meta name="viewport" content="width=device-width">\n'
        f"<title>{title}</title>\n<h1>{title}</h1>\n<ul>\n" + "\n".join(rows) + "\n</ul>\n</html>\n"
    )
