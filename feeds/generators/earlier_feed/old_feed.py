"""The feed that readers have subscribed to until now: bytes -> its title, its address, its entries.

It may be RSS, Atom or JSON Feed, and may have mistakes. Entities are not resolved and nothing is
fetched: it may be from a stranger.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from lxml import etree
from msgspec import Struct

from feeds.text import one_line, plain_text
from feeds.urls import http_url

_MOST_ENTRIES = 10_000
_ATOM = "{http://www.w3.org/2005/Atom}"
_RSS_1 = "{http://purl.org/rss/1.0/}"


class OldEntry(Struct, frozen=True):
    """An entry of the feed."""

    id: str
    """What readers know it by: its id or guid; without one, its link."""
    link: str
    """The address that it leads to; ``""`` if it has none."""
    title: str
    """Plain text on one line."""


class OldFeed(Struct, frozen=True):
    """A feed that readers know."""

    title: str
    """Plain text on one line."""
    site: str
    """The address of its site; ``""`` if it does not say one."""
    url: str
    """Its own address, as it says itself; ``""`` if it does not."""
    format: str
    """Its format: ``atom``, ``rss`` or ``json``."""
    language: str
    """Its language, as written; ``""`` if it does not say one."""
    entries: tuple[OldEntry, ...]
    """Its entries, in its order."""


def parse_old_feed(data: bytes) -> OldFeed | None:
    """The feed in `data`; None if it is not one, or has no entries."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _json_feed(data)
    # `recover` reads what readers read: many feeds have an "&" or a character too much.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root is None:
        return None
    feed = _atom_feed(root) if root.tag == f"{_ATOM}feed" else _rss_feed(root)
    return feed if feed.entries else None


# --- formats --------------------------------------------------------------------------------------


def _atom_feed(root: etree._Element) -> OldFeed:
    entries = (
        OldEntry(
            _text(entry, f"{_ATOM}id"), _atom_link(entry), plain_text(_text(entry, f"{_ATOM}title"))
        )
        for entry in root.iterfind(f"{_ATOM}entry")
    )
    return OldFeed(
        plain_text(_text(root, f"{_ATOM}title")),
        _atom_link(root),
        _atom_link(root, "self"),
        "atom",
        root.get("{http://www.w3.org/XML/1998/namespace}lang") or "",
        _known(entries),
    )


def _atom_link(element: etree._Element, rel: str = "alternate") -> str:
    links = [
        link for link in element.iterfind(f"{_ATOM}link") if link.get("rel", "alternate") == rel
    ]
    # A feed may have links to itself in other formats beside the one to the page.
    pages = [link for link in links if "html" in link.get("type", "html")]
    return http_url((pages or links)[0].get("href", "")) if links else ""


def _rss_feed(root: etree._Element) -> OldFeed:
    channel = root.find("channel")
    is_first = channel is None
    if is_first:
        channel = root.find(f"{_RSS_1}channel")
    prefix, parent = (_RSS_1, root) if is_first else ("", channel)
    items = parent.iterfind(f"{prefix}item") if parent is not None else ()
    entries = (
        OldEntry(
            _text(item, "guid") or _text(item, f"{prefix}link"),
            http_url(_text(item, f"{prefix}link")),
            plain_text(_text(item, f"{prefix}title")),
        )
        for item in items
    )
    if channel is None:
        return OldFeed("", "", "", "rss", "", ())
    return OldFeed(
        plain_text(_text(channel, f"{prefix}title")),
        http_url(_text(channel, f"{prefix}link")),
        _atom_link(channel, "self"),
        "rss",
        _text(channel, "language"),
        _known(entries),
    )


class _JsonItem(Struct):
    id: str | int | float = ""
    url: str = ""
    title: str = ""


class _JsonFeed(Struct):
    version: str
    title: str = ""
    home_page_url: str = ""
    feed_url: str = ""
    language: str = ""
    items: list[_JsonItem] = []


def _json_feed(data: bytes) -> OldFeed | None:
    try:
        feed = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_JsonFeed)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    entries = (
        OldEntry(one_line(str(item.id)) or item.url, http_url(item.url), plain_text(item.title))
        for item in feed.items
    )
    known = _known(entries)
    title, site, url = plain_text(feed.title), http_url(feed.home_page_url), http_url(feed.feed_url)
    return OldFeed(title, site, url, "json", feed.language, known) if known else None


def _text(element: etree._Element, name: str) -> str:
    """The text of a child on one line, also of one with elements in it; ``""`` if there is none."""
    child = element.find(name)
    return one_line("".join(child.itertext())) if child is not None else ""


def _known(entries: Iterator[OldEntry]) -> tuple[OldEntry, ...]:
    """The entries that readers can know, each once."""
    by_id: dict[str, OldEntry] = {}
    for entry in entries:
        if entry.id and len(by_id) < _MOST_ENTRIES:
            by_id.setdefault(entry.id, entry)
    return tuple(by_id.values())
