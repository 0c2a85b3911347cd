"""RSS 2.0 and Atom 1.0: a View -> XML bytes, through feedgen.

feedgen writes the elements. One registered extension runs after it: it adds what feedgen leaves out
and corrects what it gets wrong. Every date is set, because feedgen would read the clock for a
missing one.
"""

from __future__ import annotations

import html
from threading import Lock
from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from feeds import paths
from feeds.config import Config
from feeds.documents.view import View, feed_id, home, scheme, shows_content
from feeds.formats import FORMATS
from feeds.model import EPOCH, GENERATOR, GENERATOR_URL, Entry, Term

_ATOM = "http://www.w3.org/2005/Atom"
_MEDIA = "http://search.yahoo.com/mrss/"
_DC = "http://purl.org/dc/elements/1.1/"
_HISTORY = "http://purl.org/syndication/history/1.0"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

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
    fg.register_extension("more", _FeedExtension, _EntryExtension)
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
    fg.generator(GENERATOR, uri=GENERATOR_URL)
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
        _add_entry(fg, entry, config, full)
    return fg


def _add_entry(fg: FeedGenerator, entry: Entry, config: Config, full: bool) -> None:
    fe = fg.add_entry(order="append")
    fe.more.entry = entry
    fe.id(entry.id)  # from feeds/reading/post.py; in RSS, <guid isPermaLink="false">
    fe.title(entry.title)
    fe.published(entry.published)
    fe.updated(entry.updated)
    fe.link(href=entry.link, rel="alternate", type="text/html")
    for person in entry.authors:
        fields = {"name": person.name, "email": person.email, "uri": person.uri}
        fe.author({field: value for field, value in fields.items() if value})
    fe.category([_category(term, config) for term in entry.terms])  # all at once: each call is slow
    if entry.summary:
        fe.summary(entry.summary)
    if full and entry.content:
        fe.content(entry.content, type="html")


def _category(term: Term, config: Config) -> dict[str, str]:
    fields = {"term": term.name, "scheme": scheme(term.taxonomy, config), "label": term.title}
    return {field: value for field, value in fields.items() if value}


class _FeedExtension(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """Adds and corrects elements of the feed."""

    view: View
    config: Config

    def extend_ns(self) -> dict[str, str]:
        return {"media": _MEDIA, "fh": _HISTORY, "dc": _DC}

    def extend_atom(self, feed: Any) -> Any:
        view = self.view
        feed.set(_LANG, view.feed.language)
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


class _EntryExtension(BaseEntryExtension):  # type: ignore[misc]  # feedgen has no types
    """Adds and corrects elements of an entry."""

    entry: Entry

    def extend_atom(self, node: Any) -> Any:
        entry = self.entry
        if entry.language:
            node.set(_LANG, entry.language)
        if entry.enclosure:
            enclosure = entry.enclosure
            link = etree.SubElement(
                node, "link", href=enclosure.url, rel="enclosure", type=enclosure.type
            )
            if enclosure.length:  # a hint in Atom (RFC 4287, 4.2.7.6); RSS must have one, and 0
                link.set("length", str(enclosure.length))
        self._add_image(node)
        return node

    def extend_rss(self, node: Any) -> Any:
        entry = self.entry
        if entry.guid:
            node.find("guid").text = entry.guid
        # RSS readers take a description as HTML, so plain text must be escaped once more.
        description = node.find("description")
        if description is not None and entry.summary and description.text == entry.summary:
            description.text = html.escape(entry.summary, quote=False)
        # RSS allows one <author>, an e-mail address. Otherwise the names go to dc:creator.
        if len(entry.authors) != 1 or not entry.authors[0].email:
            for author in node.findall("author"):
                node.remove(author)
            for person in entry.authors:
                etree.SubElement(node, f"{{{_DC}}}creator").text = person.name
        if entry.enclosure:
            enclosure = entry.enclosure
            etree.SubElement(
                node,
                "enclosure",
                url=enclosure.url,
                length=str(enclosure.length),
                type=enclosure.type,
            )
        if entry.language:
            etree.SubElement(node, f"{{{_DC}}}language").text = entry.language
        self._add_image(node)
        return node

    def _add_image(self, node: Any) -> None:
        if self.entry.image:
            etree.SubElement(node, f"{{{_MEDIA}}}content", url=self.entry.image, medium="image")
