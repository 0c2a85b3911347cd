"""RSS 2.0 and Atom 1.0: a View -> XML bytes, through feedgen.

feedgen writes the elements. One registered extension runs after it: it adds what feedgen leaves out
and corrects what it gets wrong. Every date is set, because feedgen would read the clock for a
missing one. The entries are in rss_atom_entry.py.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

from feedgen.ext.base import BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from feeds import paths
from feeds.config import Config
from feeds.documents.rss_atom_entry import DC, MEDIA, XML_LANG, feed_entry
from feeds.documents.view import View, feed_id, home, shows_content
from feeds.formats import FORMATS
from feeds.model import EPOCH, GENERATOR, HOME_URL

_ATOM = "http://www.w3.org/2005/Atom"
_HISTORY = "http://purl.org/syndication/history/1.0"

_feedgen_lock = Lock()
"""Only one thread may write XML: feedgen sets the process's locale for each date."""


def render_atom(view: View, config: Config) -> bytes:
    """The Atom 1.0 document (RFC 4287), with the archive elements of RFC 5005."""
    generator = _feed_generator(view, config)
    with _feedgen_lock:
        data = generator.atom_str(pretty=True)
    return _with_stylesheet(data, view, config)


def render_rss(view: View, config: Config) -> bytes:
    """The RSS 2.0 document, by the RSS Advisory Board's profile."""
    generator = _feed_generator(view, config)
    with _feedgen_lock:
        data = generator.rss_str(pretty=True)
    return _with_stylesheet(data, view, config)


def _with_stylesheet(data: bytes, view: View, config: Config) -> bytes:
    """The document with a processing instruction that names feed.css, and a newline at its end.

    The instruction must come before the root element (Associating Style Sheets with XML, 4), where
    feedgen cannot write. Its URL is percent-encoded.
    """
    style = paths.relative(view.url.removeprefix(config.feeds.url), paths.STYLE_FILE)
    instruction = f'<?xml-stylesheet type="text/css" href="{style}"?>\n'.encode()
    start = data.index(b"\n") + 1
    buffer = memoryview(data)  # a slice of bytes would copy a large document
    end = b"" if data[-1:] == b"\n" else b"\n"
    return b"".join((buffer[:start], instruction, buffer[start:], end))


def _feed_generator(view: View, config: Config) -> FeedGenerator:
    site, feed = config.site, view.feed
    fg = FeedGenerator()
    fg.register_extension("more", _FeedExtension)
    fg.more.view, fg.more.config = view, config
    fg.id(feed_id(view, config))
    fg.title(feed.title)
    fg.updated(feed.updated)
    fg.lastBuildDate(feed.updated)
    fg.link(href=view.url, rel="self")
    fg.link(href=home(view, config), rel="alternate", type="text/html")
    fg.description(feed.description)
    fg.subtitle(feed.description)
    fg.language(feed.language)
    author = {"name": config.author.name, "email": config.author.email, "uri": config.author.uri}
    fg.author({field: value for field, value in author.items() if value})
    fg.generator(GENERATOR, uri=HOME_URL or None)
    fg.docs("https://www.rssboard.org/rss-specification")
    if site.rights:
        fg.rights(site.rights)
    if site.icon:
        fg.icon(site.icon)
    if site.logo:
        fg.image(url=site.logo, title=feed.title, link=home(view, config))
        fg.logo(site.logo)
    full = shows_content(view, config)
    for entry in view.entries:
        fg.add_entry(feed_entry(entry, full=full, base=config.feeds.url), order="append")
    return fg


class _FeedExtension(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """Adds and corrects elements of the feed."""

    view: View
    config: Config

    def extend_ns(self) -> dict[str, str]:
        return {"media": MEDIA, "fh": _HISTORY, "dc": DC}

    def extend_atom(self, feed: Any) -> Any:
        view = self.view
        feed.set(XML_LANG, view.feed.language)
        self_link = feed.find("link[@rel='self']")
        self_link.set("type", FORMATS["atom"].media_type)
        for rel, url in self._hub_links():
            etree.SubElement(feed, "link", href=url, rel=rel)
        if view.current:
            etree.SubElement(feed, f"{{{_HISTORY}}}archive")
            etree.SubElement(feed, "link", href=view.current, rel="current")
        if view.older:
            etree.SubElement(feed, "link", href=view.older, rel="prev-archive")
        return feed

    def extend_rss(self, feed: Any) -> Any:
        view, config = self.view, self.config
        channel = feed.find("channel")
        channel.find("link").text = home(view, config)
        self_link = channel.find(f"{{{_ATOM}}}link")
        self_link.set("type", FORMATS["rss"].media_type)
        for rel, url in reversed(self._hub_links()):
            self_link.addnext(etree.Element(f"{{{_ATOM}}}link", href=url, rel=rel))
        if config.author.email:
            editor = etree.SubElement(channel, "managingEditor")
            editor.text = f"{config.author.email} ({config.author.name})"
        if view.feed.updated == EPOCH:
            channel.remove(channel.find("lastBuildDate"))
        return feed

    def _hub_links(self) -> list[tuple[str, str]]:
        return [("hub", hub) for hub in self.config.feeds.hubs] if not self.view.current else []
