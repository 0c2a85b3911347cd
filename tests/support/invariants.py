"""Checks of what must hold for every post, content and event, whatever they contain.

The property tests (tests/test_properties.py) and the fuzz targets (tests/fuzz/) use them.
"""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime
from html.parser import HTMLParser
from urllib.parse import urlsplit

from lxml import etree
from lxml import html as lxml_html
from support.sites import settings

from feeds.aws.events import parse_messages
from feeds.config import Limits
from feeds.documents.json_feed import render_json_feed
from feeds.documents.rss_atom import render_atom, render_rss
from feeds.documents.view import View
from feeds.errors import PostError
from feeds.model import Entry, Feed, Problem
from feeds.reading.content.dialect import ANY_DIALECT, Dialect
from feeds.reading.content.markdown import ContentTooLarge
from feeds.reading.content.plain_text import html_to_text
from feeds.reading.content.render import Place, render
from feeds.reading.entry import entry_of
from feeds.reading.post import read_post
from feeds.text import has_visible_text

CONFIG = settings(feeds='taxonomies = ["category", "tag", "author", "lang"]')
LIMITS = Limits()
MODIFIED = datetime(2026, 11, 20, 8, 15, 30, tzinfo=UTC)
PAGE = "https://news.example.com/2026/11/18/tea.html"

# From docs/security.md, and not from the program, so that a mistake there is noticed.
# fmt: off
UNSAFE = frozenset({
    "applet", "base", "body", "button", "canvas", "embed", "form", "frame", "frameset", "head",
    "html", "iframe", "input", "link", "math", "meta", "noscript", "object", "option", "plaintext",
    "script", "select", "style", "svg", "template", "textarea", "title", "xmp",
})
PLAIN = frozenset({
    "alt", "cite", "colspan", "controls", "datetime", "dir", "headers", "height", "href",
    "hreflang", "kind", "label", "lang", "open", "poster", "reversed", "rowspan", "scope", "span",
    "src", "srclang", "start", "title", "type", "value", "width",
})
ANCHOR = re.compile(r"e[0-9a-f]+-[\w.:-]+\Z")
ADDRESSES = frozenset({"cite", "href", "poster", "src"})
VOID = frozenset({"br", "col", "hr", "img", "source", "track", "wbr"})
# fmt: on


def check_post(data: bytes, key: str) -> Entry | None:
    """Check that a post becomes a valid entry, or has a valid problem."""
    read = read_post(key, data, MODIFIED, CONFIG)
    found = list(read.problems)
    entry = None
    if read.post:
        assert not read.failed
        try:
            entry = entry_of(read.post, CONFIG)
        except PostError as error:
            found.append(error.problem)
    for problem in found:
        check_problem(problem, key, data)
    if entry:
        check_entry(entry)
        check_documents(entry)
    return entry


def check_problem(problem: Problem, key: str, data: bytes) -> None:
    """Check that a problem is one line of text, names a line of the file, and says what to do."""
    assert problem.key == key
    assert problem.what and problem.todo
    lines = data.decode("utf-8", "replace")
    ends = sum(map(lines.count, "\n\r\x85"))
    assert 0 <= problem.line <= ends + 1, problem
    assert str(problem).isprintable()
    assert len(str(problem)) < 1_000 + 10 * len(key)


def check_entry(entry: Entry) -> None:
    """Check that an entry contains nothing that is illegal in a document or harmful to a reader."""
    assert one_line(entry.title) and has_visible_text(entry.title)
    assert not entry.summary or one_line(entry.summary)
    assert len(entry.title) <= LIMITS.title_chars
    assert len(entry.summary) <= LIMITS.summary_chars
    assert is_web_address(entry.link)
    assert entry.id.isascii() and urlsplit(entry.id).scheme
    assert not entry.image or is_web_address(entry.image)
    assert not entry.enclosure or is_web_address(entry.enclosure.url)
    assert entry.published.tzinfo and entry.updated >= entry.published
    for person in entry.authors:
        assert one_line(person.name)
        assert not person.uri or is_web_address(person.uri)
    for term in entry.terms:
        assert one_line(term.name) and "/" not in term.slug and term.slug not in (".", "..")
    check_harmless(entry.content)


def check_documents(*entries: Entry) -> None:
    """Check that every format of a feed of these entries is well-formed and has all of them."""
    feed = Feed("", "Example News", "News.", max(entry.updated for entry in entries), "en")
    for name, make, item in (
        ("atom.xml", render_atom, "{http://www.w3.org/2005/Atom}entry"),
        ("rss.xml", render_rss, "item"),
    ):
        view = View(feed, entries, f"https://feeds.example.com/{name}")
        root = etree.fromstring(make(view, CONFIG))
        assert len(list(root.iter(item))) == len(entries)
    view = View(feed, entries, "https://feeds.example.com/feed.json")
    items = json.loads(render_json_feed(view, CONFIG))["items"]
    assert [item["title"] for item in items] == [entry.title for entry in entries]


OWN_SHORTCODES = {
    "img": '<img src="{{ src }}" alt="{{ alt }}">',
    "box": "<div>{% for a in args %}{{ a | upper }}{% endfor %}{{ inner }}</div>",
}


def check_content(source: str, *, is_markdown: bool, dialect: Dialect = ANY_DIALECT) -> None:
    """Check that content is refused as too large, or becomes harmless HTML."""
    try:
        place = Place(PAGE, PAGE, "https://example.com/", "e1-")
        made = render(
            source, place, LIMITS, is_markdown=is_markdown, dialect=dialect, own=OWN_SHORTCODES
        ).html
    except ContentTooLarge:
        return
    assert len(made) <= LIMITS.content_bytes
    check_harmless(made)
    text = html_to_text(made)
    assert not text or one_line(text)


def check_harmless(made: str) -> None:
    """Check with two independent parsers: no script, no event handler, only allowed schemes."""
    for char in made:
        assert char in "\t\n\x85" or unicodedata.category(char) not in ("Cc", "Cs"), hex(ord(char))
        assert char not in "\ufffe\uffff"
    seen = Seen()
    seen.feed(made)
    seen.close()
    assert not seen.open
    if made.strip():
        for element in lxml_html.fragment_fromstring(made, create_parent="main").iterdescendants():
            assert isinstance(element.tag, str), element
            Seen().handle_starttag(element.tag, list(element.attrib.items()))


class Seen(HTMLParser):
    """Checks each element: AssertionError if it is not allowed, or not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in UNSAFE, tag
        for name, value in attrs:
            is_anchor = name == "id" and ANCHOR.match(value or "")
            assert name in PLAIN or is_anchor, (tag, name)
            if name in ADDRESSES:
                assert is_link(value or ""), (tag, name, value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a section: {data}")


def is_link(url: str) -> bool:
    """Whether a URL is http(s) or mailto, or leads to a place in the same entry."""
    return url.lower().startswith(("http:", "https:", "mailto:")) or bool(
        url.startswith("#") and ANCHOR.match(url[1:])
    )


def is_web_address(url: str) -> bool:
    parts = urlsplit(url)
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and url.isascii()
        and url.isprintable()
        and not set(url) & set(' <>"')
    )


def one_line(text: str) -> bool:
    """Whether a text is one line, without control or bidirectional control characters."""
    return bool(text) and not any(
        unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")
        or char in "\ufffe\uffff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        for char in text
    )


def check_event(event: object, posts_url: str) -> None:
    """Check that any JSON as an event gives valid keys and notes."""
    found = parse_messages(event, posts_url)
    assert found
    for message in found:
        assert message.received >= 1
        assert len(set(message.keys)) == len(message.keys)
        for key in message.keys:
            assert key and "\0" not in key and not key.endswith("/")
            assert len(key.encode()) <= 1024
        for note in message.notes:
            assert note.isprintable()
            assert note.endswith(".")
            assert len(note) < 1000
