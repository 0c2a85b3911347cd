"""One entry of RSS and Atom feeds, through feedgen.

An entry is in several feeds, and comes again each time that one of them changes. So the elements
that feedgen made of it are kept, as long as they are used, up to `MAX_KEPT`.
"""

from __future__ import annotations

import html
from collections import OrderedDict
from copy import deepcopy
from threading import Lock
from typing import Any, NamedTuple, TypeVar

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension
from lxml import etree

from feeds import paths
from feeds.model import Entry, Term

MEDIA = "http://search.yahoo.com/mrss/"
DC = "http://purl.org/dc/elements/1.1/"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

MAX_KEPT = 4_000_000
"""The most that is kept, by `Entry.size`. At most ten bytes of memory are used for each."""

LONG_TEXT = 20_000
"""Entries with more characters of content are not kept: a copy takes as long as a new one."""


class _KeptEntry(FeedEntry):  # type: ignore[misc]  # feedgen has no types
    """An entry that makes its elements once, and then copies them."""

    def __init__(self) -> None:
        super().__init__()
        self._atom: Any = None
        self._rss: Any = None

    def atom_entry(self, extensions: bool = True) -> Any:
        """The <entry> of an Atom feed."""
        if self._atom is None:
            self._atom = super().atom_entry(extensions)
        return deepcopy(self._atom)

    def rss_entry(self, extensions: bool = True) -> Any:
        """The <item> of an RSS feed."""
        if self._rss is None:
            self._rss = super().rss_entry(extensions)
        return deepcopy(self._rss)


_Made = TypeVar("_Made", bound=FeedEntry)


class _Key(NamedTuple):
    """What the elements of an entry depend on."""

    entry: Entry
    published: str
    """With its zone: times with different zones can be equal."""
    updated: str
    full: bool
    base: str


class _Cache:
    """The entries that were used last, up to `MAX_KEPT`."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[_Key, _KeptEntry] = OrderedDict()
        self._size = 0

    def get(self, entry: Entry, full: bool, base: str) -> _KeptEntry:
        """Return the entry for feedgen; `base` is the address of the feeds."""
        key = _Key(entry, entry.published.isoformat(), entry.updated.isoformat(), full, base)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                return kept
        kept = _feed_entry(entry, base, full, _KeptEntry())
        with self._lock:
            if key not in self._kept:
                self._size += entry.size
            self._kept[key] = kept
            while self._size > MAX_KEPT:
                oldest, _ = self._kept.popitem(last=False)
                self._size -= oldest.entry.size
        return kept


_cache = _Cache()


def feed_entry(entry: Entry, *, full: bool, base: str) -> FeedEntry:
    """Return an entry for feedgen's `add_entry`, with its content if `full` is set.

    `base` is the address of the feeds. The result may be kept, and must not be changed.
    """
    if full and len(entry.content) > LONG_TEXT:
        return _feed_entry(entry, base, full, FeedEntry())
    return _cache.get(entry, full, base)


def _feed_entry(entry: Entry, base: str, full: bool, fe: _Made) -> _Made:
    fe.register_extension("more", _EntryExtension)
    fe.more.entry = entry
    fe.id(entry.id)  # from feeds/reading/post.py; in RSS, <guid isPermaLink="false">
    fe.title(entry.title)
    fe.published(entry.published)
    fe.updated(entry.updated)
    fe.link(href=entry.link, rel="alternate", type="text/html")
    for person in entry.authors:
        fields = {"name": person.name, "email": person.email, "uri": person.uri}
        fe.author({field: value for field, value in fields.items() if value})
    fe.category([_category(term, base) for term in entry.terms])  # all at once: each call is slow
    if entry.summary:
        fe.summary(entry.summary)
    if full and entry.content:
        fe.content(entry.content, type="html")
    return fe


def _category(term: Term, base: str) -> dict[str, str]:
    # Atom has a URI of the taxonomy (RFC 4287, 4.2.2.2). Categories need none.
    scheme = "" if term.taxonomy == "category" else paths.url(base, term.taxonomy + "/")
    fields = {"term": term.name, "scheme": scheme, "label": term.title}
    return {field: value for field, value in fields.items() if value}


class _EntryExtension(BaseEntryExtension):  # type: ignore[misc]  # feedgen has no types
    """Adds and corrects elements of an entry."""

    entry: Entry

    def extend_atom(self, node: Any) -> Any:
        entry = self.entry
        if entry.language:
            node.set(XML_LANG, entry.language)
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
                etree.SubElement(node, f"{{{DC}}}creator").text = person.name
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
            etree.SubElement(node, f"{{{DC}}}language").text = entry.language
        self._add_image(node)
        return node

    def _add_image(self, node: Any) -> None:
        if self.entry.image:
            etree.SubElement(node, f"{{{MEDIA}}}content", url=self.entry.image, medium="image")
