"""Hold the bytes of a published document to its specification; know nothing of what wrote them.

The flow is the same for every format: parse strictly, walk the tree beside a grammar (`GRAMMAR` for
XML, `JSON_FEED` for JSON), then the rules that look at more than one element, then a second opinion
from a real reader (feedparser). The first broken rule raises AssertionError, with the place, the
rule and the section of the specification that makes it one. "ours" marks a rule that is stricter
than its specification, since some reader needs it or every document of ours can hold it.

To allow an extension, give it a row in the grammar: what has no row is a mistake.
"""

from __future__ import annotations

import io
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from typing import Any, TypeAlias, TypeVar

import feedparser
from lxml import etree


def assert_valid_document(path: str, data: bytes, url: str) -> None:
    """Hold the document at `path` under the public root, served at `url`, to its format.

    A file that is no feed document (a page, an asset) passes.
    """
    for pattern, assert_valid in _DOCUMENTS:
        if pattern.search(path):
            assert_valid(data, url)


def assert_valid_atom(data: bytes, url: str) -> None:
    """Hold an Atom document (RFC 4287, and RFC 5005 where it is paged or archived)."""
    feed = _xml_root(data, "atom:feed", "RFC 4287 4.1.1")
    _conforms(feed, "feed")
    _has_language(feed, "feed", "RFC 4287 2")
    _holds_links(feed, "feed", url, "application/atom+xml", "RFC 4287 4.1.1")
    _holds_history(feed, "feed", url)
    entries = _all(feed, "atom:entry")
    for at, entry in _numbered("feed/entry", entries):
        _holds_entry(entry, at)
    _rule(
        _all(feed, "atom:author") or all(_all(entry, "atom:author") for entry in entries),
        "feed",
        "RFC 4287 4.1.1: the feed has an author, or every entry has one",
    )
    ids = [_text(entry, "atom:id") for entry in entries]
    _unique([_text(feed, "atom:id"), *ids], "feed", "RFC 4287 4.2.6: each atom:id is used once")
    for element in feed.iter(*map(_clark, _TEXT_CONSTRUCTS)):
        if element.get("type") == "html":
            _is(HTML, element.text or "", f"feed//{_name(element)}")
    _is_readable(data, "atom10", ids)


def assert_valid_rss(data: bytes, url: str) -> None:
    """Hold an RSS document (RSS 2.0, and the RSS Advisory Board's Best Practices Profile)."""
    rss = _xml_root(data, "rss", "RSS 2.0, What is RSS")
    _conforms(rss, "rss")
    channel = _all(rss, "channel")[0]
    _holds_links(channel, "channel", url, "application/rss+xml", "RSS Profile, atom:link")
    _holds_history(channel, "channel", url)
    for image in _all(channel, "image"):
        for name in ("title", "link"):
            rule = f"RSS Profile, image: its {name} is the channel's"
            _rule(_text(image, name) == _text(channel, name), "channel/image", rule)
    items = _all(channel, "item")
    for at, item in _numbered("channel/item", items):
        _holds_item(item, at)
    ids = [_text(item, "guid") for item in items]
    _unique(ids, "channel", "RSS 2.0, item guid: each guid is used once")
    _is_readable(data, "rss20", ids)


def assert_valid_json_feed(data: bytes, url: str) -> None:
    """Hold a JSON Feed (JSON Feed 1.1)."""
    feed = _json(data)
    _is_member(feed, JSON_FEED, "feed")
    rule = "JSON Feed 1.1, feed_url: is the address that the feed is served at"
    _rule(feed["feed_url"] == url, "feed", rule, feed["feed_url"])
    rule = "JSON Feed 1.1, next_url: is not the feed's own address"
    _rule(feed.get("next_url") != url, "feed", rule, url)
    for at, item in _numbered("feed/item", feed["items"]):
        rule = "JSON Feed 1.1, item: has content_html or content_text"
        _rule("content_html" in item or "content_text" in item, at, rule)
    ids = [item["id"] for item in feed["items"]]
    _unique(ids, "feed", "JSON Feed 1.1, item id: each id is used once")


def assert_valid_opml(data: bytes) -> None:
    """Hold a list of subscriptions (OPML 2.0)."""
    opml = _xml_root(data, "opml", "OPML 2.0, opml")
    _conforms(opml, "opml")
    outlines = list(opml.iter("outline"))
    _rule(outlines, "opml/body", "OPML 2.0, body: has one or more outlines")
    feeds = [outline for outline in outlines if not _all(outline, "outline")]
    for at, outline in _numbered("opml//outline", feeds):
        rule = 'OPML 2.0, Subscription lists: an outline is of type="rss", for Atom too'
        _rule(outline.get("type") == "rss", at, rule, outline.get("type"))
        rule = "OPML 2.0, Subscription lists: an outline has an xmlUrl"
        _rule(outline.get("xmlUrl"), at, rule)
    urls = [outline.get("xmlUrl", "") for outline in feeds]
    _unique(urls, "opml/body", "ours: no feed is listed twice")


def _assert_valid_subscription(data: bytes, url: str) -> None:
    assert_valid_atom(data, url)
    rule = "RFC 5005 4: what readers subscribe to is not an archive document"
    _rule(not _all(etree.fromstring(data), "fh:archive"), "feed", rule)


def _assert_valid_archive(data: bytes, url: str) -> None:
    assert_valid_atom(data, url)
    rule = "RFC 5005 4: an archive document has fh:archive"
    _rule(_all(etree.fromstring(data), "fh:archive"), "feed", rule)


_DOCUMENTS: tuple[tuple[re.Pattern[str], Callable[[bytes, str], None]], ...] = (
    (re.compile(r"(?:^|/)archive/[^/]+\.xml$"), _assert_valid_archive),
    (re.compile(r"(?:^|/)atom\.xml$"), _assert_valid_subscription),
    (re.compile(r"(?:^|/)rss\.xml$"), assert_valid_rss),
    (re.compile(r"(?:^|/)feed\.json$"), assert_valid_json_feed),
    (re.compile(r"(?:^|/)feeds\.opml$"), lambda data, _: assert_valid_opml(data)),
)


# --- how a rule fails -------------------------------------------------------------------------


def _rule(holds: object, at: str, rule: str, found: object = None) -> None:
    if not holds:
        shown = "" if found is None else f"; found {found!r:.200}"
        raise AssertionError(f"{at}: {rule}{shown}")


def _unique(values: Iterable[str], at: str, rule: str) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    _rule(not twice, at, rule, twice)


_T = TypeVar("_T")


def _numbered(at: str, things: Iterable[_T]) -> Iterator[tuple[str, _T]]:
    return ((f"{at}[{number}]", thing) for number, thing in enumerate(things, 1))


# --- kinds of values --------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """What a value must be, in words and with the section that says so; and how one falls short.

    `flaw` returns what is wrong, "" for nothing; `types` are what the value may be in JSON.
    """

    what: str
    flaw: Callable[[Any], str]
    types: tuple[type, ...] = (str,)


def _is(kind: Kind, value: Any, at: str) -> None:
    flaw = kind.flaw(value)
    _rule(not flaw, at, f"must be {kind.what}: {flaw}", value)


def _matching(what: str, pattern: str) -> Kind:
    legal = re.compile(pattern)
    return Kind(what, lambda text: "" if legal.fullmatch(text) else "it is not")


def _exactly(value: str, spec: str) -> Kind:
    return Kind(f"{value!r} ({spec})", lambda text: "" if text == value else "it is not")


def _text_flaw(text: str) -> str:
    if not text.strip():
        return "nothing is there"
    # XML 1.0, 2.2: what is no Char here cannot stand in any XML document, not even escaped.
    illegal = re.search("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    return f"has the character U+{ord(illegal[0]):04X}" if illegal else ""


def _line_flaw(text: str) -> str:
    if flaw := _text_flaw(text):
        return flaw
    if text != text.strip():
        return "has space around it"
    # splitlines also cuts at U+0085, U+2028 and U+2029.
    if len(text.splitlines()) > 1:
        return "has more than one line"
    return "has a control character" if any(unicodedata.category(c) == "Cc" for c in text) else ""


def _rfc3339_flaw(text: str) -> str:
    if not re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", text, re.ASCII
    ):
        return "is not of the form 2026-11-18T09:30:00+08:00"
    try:
        return _offset_flaw(datetime.fromisoformat(text))
    except ValueError as error:
        return str(error)


def _rfc822_flaw(text: str) -> str:
    if not re.fullmatch(
        r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d "
        r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
        r"\d{4} \d\d:\d\d:\d\d [+-]\d{4}",
        text,
        re.ASCII,
    ):
        return "is not of the form Wed, 18 Nov 2026 09:30:00 +0800"
    try:
        # Reads "-0000" as a time of no zone at all.
        moment = parsedate_to_datetime(text)
    except ValueError as error:
        return str(error)
    weekday = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    return _offset_flaw(moment) if text.startswith(weekday) else f"that day is a {weekday}"


def _offset_flaw(moment: datetime) -> str:
    offset = moment.utcoffset()
    if offset is None:
        return "has no zone"
    # ours: no place on Earth is further from UTC, and .NET's readers refuse the document.
    return "is more than 14 hours from UTC" if abs(offset) > timedelta(hours=14) else ""


_PCHAR = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})"
_IRI = r"[A-Za-z][A-Za-z0-9+.\-]*:(?:[^\x00-\x20\x7f-\xa0<>\"{}|\\^`%\s]|%[0-9A-Fa-f]{2})+"

TEXT = Kind("text (XML 1.0, 2.2)", _text_flaw)
LINE = Kind("one line of text (ours)", _line_flaw)
WEB = _matching(
    "an absolute http(s) URL in legal characters (RFC 3986 3)",
    r"https?://(?:[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]+)*\.?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
    rf"(?:/{_PCHAR}*)*(?:\?(?:{_PCHAR}|[/?])*)?(?:#(?:{_PCHAR}|[/?])*)?",
)
IRI = _matching("an absolute IRI (RFC 3987 2.2)", _IRI)
ID = _matching(
    "an absolute IRI; a tag: is of the form tag:name,date:specific (RFC 4287 4.2.6, RFC 4151 2.1)",
    rf"(?!tag:)(?:{_IRI})|tag:[A-Za-z0-9@._\-]+,[0-9]{{4}}(?:-[0-9]{{2}}){{0,2}}:(?:{_PCHAR}|[/?])*",
)
RFC3339 = Kind("a date and time with its zone (RFC 3339 5.6, RFC 4287 3.3)", _rfc3339_flaw)
RFC822 = Kind("a date with a 4-digit year and a numeric zone (RSS Profile, Dates)", _rfc822_flaw)
LANGUAGE = _matching("a language tag (BCP 47 2.1)", r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
MEDIA_TYPE = _matching(
    "a media type (RFC 6838 4.2)",
    r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+\-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+\-]*(?:;[ -~]+)?",
)
EMAIL = _matching("an e-mail address (RFC 4287 3.2.3)", r"[^\s@<>()]+@[^\s@<>()]+")
RSS_PERSON = _matching(
    "an e-mail address, its name in brackets after it (RSS Profile, author)",
    r"[^\s@<>()]+@[^\s@<>()]+(?: \(.+\))?",
)
DIGITS = _matching("a number of bytes, pixels or minutes, in digits", "[0-9]+")
# ours: xhtml is legal too, but no document of ours uses it.
TEXT_TYPE = _matching("text or html (RFC 4287 3.1.1, 4.1.3.1)", "text|html")
BOOLEAN = _matching("true or false (RSS Profile, guid)", "true|false")
MEDIUM = _matching("a medium (Media RSS, medium)", "image|audio|video|document|executable")
OPML_VERSION = _matching("RSS, RSS1 or scriptingNews (OPML 2.0, Lists)", "RSS1?|scriptingNews")
# RFC 4287 4.2.7.2 takes registered names and IRIs: RFC 4287, RFC 5005, WebSub 4, RFC 4946.
RELATION = _matching(
    "a registered link relation, or an IRI (RFC 4287 4.2.7.2)",
    "alternate|related|self|enclosure|via"
    "|first|last|previous|next|current|prev-archive|next-archive|hub|license|" + _IRI,
)


class _Html(HTMLParser):
    """Reads HTML as the sanitiser writes it: every element closed, in the order it was opened."""

    # HTML 13.1.2: elements that are never closed.
    VOID = frozenset((
        "area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
        "wbr",
    ))  # fmt: skip
    # ours: what runs, loads, submits or moves the reader's own page.
    HARMFUL = frozenset((
        "applet", "base", "button", "embed", "form", "frame", "frameset", "iframe", "input", "link",
        "math", "meta", "noscript", "object", "script", "select", "style", "svg", "template",
        "textarea", "title",
    ))  # fmt: skip
    ADDRESSES = frozenset((
        "action", "background", "cite", "data", "formaction", "href", "longdesc", "poster", "src",
    ))  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.flaw = ""
        self.ids: set[str] = set()
        self.within: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.HARMFUL:
            self.flaw = self.flaw or f"has <{tag}>"
        for name, value in attrs:
            if name == "id":
                self.ids.add(value or "")
            if tag == "a" and name == "href" and (value or "").startswith("#"):
                self.within.add((value or "")[1:])  # a footnote in the same text
            else:
                self.handle_attribute(tag, name, value or "")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_attribute(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on") or name in ("style", "srcdoc"):
            self.flaw = self.flaw or f"<{tag}> has the attribute {name}"
        addresses = [value] if name in self.ADDRESSES else []
        if name == "srcset":
            addresses = [candidate.split()[0] for candidate in value.split(", ")]
        for address in addresses:
            # W3C feed validator, ContainsRelRef: a reader has no page to resolve it against.
            schemes = "https?://[^/]|mailto:." if name == "href" else "https?://[^/]"
            if not re.match(schemes, address, re.IGNORECASE):
                self.flaw = self.flaw or f'<{tag}> has {name}="{address:.100}", not absolute http'

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1:] == [tag]:
            self.open.pop()
        else:
            self.flaw = self.flaw or f"</{tag}> closes nothing"

    def handle_decl(self, decl: str) -> None:
        self.flaw = self.flaw or f"has <!{decl:.40}>"

    def unknown_decl(self, data: str) -> None:
        self.flaw = self.flaw or f"has <![{data:.40}]>"

    def handle_pi(self, data: str) -> None:
        self.flaw = self.flaw or f"has <?{data:.40}>"


def _html_flaw(html: str) -> str:
    if html and (flaw := _text_flaw(html)):
        return flaw
    parser = _Html()
    parser.feed(html)
    parser.close()
    if lost := parser.within - parser.ids:
        return f"a link leads to #{min(lost)}, which is not in the text"
    return parser.flaw or (f"<{parser.open[-1]}> is never closed" if parser.open else "")


HTML = Kind("harmless, well-nested HTML with absolute addresses (RFC 4287 3.1.1.2)", _html_flaw)


# --- XML --------------------------------------------------------------------------------------

_NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "fh": "http://purl.org/syndication/history/1.0",
    "media": "http://search.yahoo.com/mrss/",
    "xml": "http://www.w3.org/XML/1998/namespace",
}
_PREFIXES = {namespace: prefix for prefix, namespace in _NAMESPACES.items()}
_TEXT_CONSTRUCTS = ("atom:title", "atom:subtitle", "atom:summary", "atom:content", "atom:rights")


@dataclass(frozen=True)
class Shape:
    """What an element may hold: its children by how often, its attributes, its text.

    Order plays no part (RFC 4287 4.1.1: "no significance to the order"). Without `text` and without
    children the element is empty.
    """

    spec: str
    once: str = ""
    maybe: str = ""
    many: str = ""
    text: Kind | None = None
    required: Mapping[str, Kind] = field(default_factory=dict)
    optional: Mapping[str, Kind] = field(default_factory=dict)


def _text_construct(spec: str, text: Kind) -> Shape:
    return Shape(spec, text=text, optional={"type": TEXT_TYPE})


_ATOM_PERSON = Shape("RFC 4287 3.2", once="atom:name", maybe="atom:uri atom:email")
_ATOM_HEAD = "atom:generator atom:icon atom:logo atom:rights atom:subtitle"

GRAMMAR: dict[str, Shape] = {
    "atom:feed": Shape(
        "RFC 4287 4.1.1",
        once="atom:id atom:title atom:updated",
        maybe=f"{_ATOM_HEAD} fh:archive fh:complete",
        many="atom:author atom:category atom:contributor atom:link atom:entry",
    ),
    "atom:entry": Shape(
        "RFC 4287 4.1.2",
        once="atom:id atom:title atom:updated",
        maybe="atom:content atom:published atom:rights atom:source atom:summary",
        many="atom:author atom:category atom:contributor atom:link media:content media:thumbnail",
    ),
    "atom:source": Shape(
        "RFC 4287 4.2.11",
        maybe=f"atom:id atom:title atom:updated {_ATOM_HEAD}",
        many="atom:author atom:category atom:contributor atom:link",
    ),
    "atom:author": _ATOM_PERSON,
    "atom:contributor": _ATOM_PERSON,
    "atom:name": Shape("RFC 4287 3.2.1", text=LINE),
    "atom:uri": Shape("RFC 4287 3.2.2", text=WEB),
    "atom:email": Shape("RFC 4287 3.2.3", text=EMAIL),
    "atom:content": Shape("RFC 4287 4.1.3", text=TEXT, required={"type": TEXT_TYPE}),
    "atom:category": Shape(
        "RFC 4287 4.2.2", required={"term": LINE}, optional={"scheme": IRI, "label": LINE}
    ),
    "atom:generator": Shape("RFC 4287 4.2.4", text=LINE, optional={"uri": WEB, "version": LINE}),
    "atom:icon": Shape("RFC 4287 4.2.5", text=WEB),
    "atom:id": Shape("RFC 4287 4.2.6", text=ID),
    "atom:link": Shape(
        "RFC 4287 4.2.7",
        required={"href": WEB},
        optional={
            "rel": RELATION,
            "type": MEDIA_TYPE,
            "hreflang": LANGUAGE,
            "title": LINE,
            "length": DIGITS,
        },
    ),
    "atom:logo": Shape("RFC 4287 4.2.8", text=WEB),
    "atom:published": Shape("RFC 4287 4.2.9", text=RFC3339),
    "atom:rights": _text_construct("RFC 4287 4.2.10", TEXT),
    "atom:subtitle": _text_construct("RFC 4287 4.2.12", TEXT),
    "atom:summary": _text_construct("RFC 4287 4.2.13", TEXT),
    "atom:title": _text_construct("RFC 4287 4.2.14", LINE),
    "atom:updated": Shape("RFC 4287 4.2.15", text=RFC3339),
    "fh:archive": Shape("RFC 5005 4"),
    "fh:complete": Shape("RFC 5005 2"),
    "rss": Shape(
        "RSS 2.0, What is RSS",
        once="channel",
        required={"version": _exactly("2.0", "RSS 2.0, What is RSS")},
    ),
    "channel": Shape(
        "RSS 2.0, Required channel elements",
        # ours: language too.
        once="title link description language",
        maybe="copyright managingEditor webMaster pubDate lastBuildDate generator docs ttl image "
        "fh:archive fh:complete",
        many="category atom:link item",
    ),
    "item": Shape(
        "RSS 2.0, Elements of item",
        # ours: readers without a guid take a change for a new item.
        once="guid",
        maybe="title link description author enclosure comments pubDate source content:encoded "
        "dc:language",
        many="category dc:creator atom:link media:content media:thumbnail",
    ),
    "title": Shape("RSS 2.0, title", text=LINE),
    "link": Shape("RSS 2.0, link", text=WEB),
    "description": Shape("RSS 2.0, description", text=HTML),
    "language": Shape("RSS 2.0, language", text=LANGUAGE),
    "copyright": Shape("RSS 2.0, copyright", text=LINE),
    "managingEditor": Shape("RSS 2.0, managingEditor", text=RSS_PERSON),
    "webMaster": Shape("RSS 2.0, webMaster", text=RSS_PERSON),
    "pubDate": Shape("RSS 2.0, pubDate", text=RFC822),
    "lastBuildDate": Shape("RSS 2.0, lastBuildDate", text=RFC822),
    "generator": Shape("RSS 2.0, generator", text=LINE),
    "docs": Shape("RSS 2.0, docs", text=WEB),
    "ttl": Shape("RSS 2.0, ttl", text=DIGITS),
    "image": Shape("RSS 2.0, image", once="url title link", maybe="width height description"),
    "url": Shape("RSS 2.0, image", text=WEB),
    "width": Shape("RSS 2.0, image", text=DIGITS),
    "height": Shape("RSS 2.0, image", text=DIGITS),
    "guid": Shape("RSS 2.0, guid", text=LINE, required={"isPermaLink": BOOLEAN}),
    "author": Shape("RSS 2.0, author", text=RSS_PERSON),
    "enclosure": Shape(
        "RSS 2.0, enclosure", required={"url": WEB, "length": DIGITS, "type": MEDIA_TYPE}
    ),
    "comments": Shape("RSS 2.0, comments", text=WEB),
    "source": Shape("RSS 2.0, source", text=LINE, required={"url": WEB}),
    "category": Shape("RSS 2.0, category", text=LINE, optional={"domain": LINE}),
    "content:encoded": Shape("RSS Profile, content:encoded", text=HTML),
    "dc:language": Shape("Dublin Core 1.1, language", text=LANGUAGE),
    "dc:creator": Shape("RSS Profile, dc:creator", text=LINE),
    "media:content": Shape(
        "Media RSS, media:content",
        required={"url": WEB},
        optional={
            "type": MEDIA_TYPE,
            "medium": MEDIUM,
            "fileSize": DIGITS,
            "width": DIGITS,
            "height": DIGITS,
        },
    ),
    "media:thumbnail": Shape(
        "Media RSS, media:thumbnail",
        required={"url": WEB},
        optional={"width": DIGITS, "height": DIGITS},
    ),
    "opml": Shape(
        "OPML 2.0, opml",
        once="head body",
        required={"version": _exactly("2.0", "OPML 2.0, opml")},
    ),
    "head": Shape(
        "OPML 2.0, head",
        # ours: a title, so that an importer has a name to show.
        once="title",
        maybe="dateCreated dateModified ownerName ownerEmail ownerId docs",
    ),
    "dateCreated": Shape("OPML 2.0, head", text=RFC822),
    "dateModified": Shape("OPML 2.0, head", text=RFC822),
    "ownerName": Shape("OPML 2.0, head", text=LINE),
    "ownerEmail": Shape("OPML 2.0, head", text=EMAIL),
    "ownerId": Shape("OPML 2.0, head", text=WEB),
    "body": Shape("OPML 2.0, body", many="outline"),
    "outline": Shape(
        "OPML 2.0, outline",
        many="outline",
        required={"text": LINE},
        optional={
            "type": LINE,
            "xmlUrl": WEB,
            "htmlUrl": WEB,
            "title": LINE,
            "description": LINE,
            "language": LANGUAGE,
            "version": OPML_VERSION,
            "category": LINE,
        },
    ),
}


def _xml_root(data: bytes, name: str, spec: str) -> etree._Element:
    parser = etree.XMLParser(recover=False, resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise AssertionError(f"document: XML 1.0, 2.1: is well-formed; {error}") from error
    info: Any = root.getroottree().docinfo
    _rule(not info.doctype, "document", "ours: has no document type, and no entities", info.doctype)
    rule = "ours: is UTF-8, and says so (RFC 7303 3)"
    _rule((info.encoding or "").upper() == "UTF-8", "document", rule, info.encoding)
    _rule(_name(root) == name, "document", f"{spec}: the root is <{name}>", _name(root))
    return root


def _conforms(element: etree._Element, at: str) -> None:
    """Hold an element and all below it to the grammar."""
    shape = GRAMMAR[_name(element)]
    _has_attributes(element, shape, at)
    _has_children(element, shape, at)
    if shape.text:
        _rule(len(element) == 0, at, f"{shape.spec}: has text alone, no comment and no entity")
        _rule((element.text or "").strip(), at, f"{shape.spec}: is not empty")
        _is(shape.text, element.text, f"{at}: {shape.spec}")
    seen: Counter[str] = Counter()
    for child in _elements(element):
        seen[_name(child)] += 1
        _conforms(child, f"{at}/{_name(child).removeprefix('atom:')}[{seen[_name(child)]}]")


def _has_attributes(element: etree._Element, shape: Shape, at: str) -> None:
    known = {"xml:lang": LANGUAGE, "xml:base": WEB, **shape.required, **shape.optional}
    attributes = {_prefixed(name): value for name, value in element.attrib.items()}
    for name in shape.required:
        _rule(name in attributes, at, f"{shape.spec}: has the attribute {name}")
    for name, value in attributes.items():
        _rule(name in known, at, f"{shape.spec}: has no attribute {name}")
        _is(known[name], value, f"{at} {name}: {shape.spec}")


def _has_children(element: etree._Element, shape: Shape, at: str) -> None:
    once, maybe, many = shape.once.split(), shape.maybe.split(), shape.many.split()
    counts = Counter(_name(child) for child in _elements(element))
    for name in counts:
        _rule(name in {*once, *maybe, *many}, at, f"{shape.spec}: has no element <{name}>")
    for name in once:
        _rule(counts[name] == 1, at, f"{shape.spec}: has exactly one <{name}>", counts[name])
    for name in maybe:
        _rule(counts[name] <= 1, at, f"{shape.spec}: has at most one <{name}>", counts[name])
    if not shape.text:
        texts = [element.text, *(child.tail for child in element)]
        stray = "".join(text or "" for text in texts).strip()
        _rule(not stray, at, f"{shape.spec}: has no text of its own", stray)


def _elements(element: etree._Element) -> list[etree._Element]:
    """The child elements, without comments and processing instructions."""
    return [child for child in element if isinstance(child.tag, str)]


def _name(element: etree._Element) -> str:
    return _prefixed(element.tag)


def _prefixed(clark: str | bytes) -> str:
    """`{http://www.w3.org/2005/Atom}id` as `atom:id`; a name of an unknown namespace as it is."""
    name = etree.QName(clark)
    prefix = _PREFIXES.get(name.namespace or "")
    return f"{prefix}:{name.localname}" if prefix else str(clark)


def _clark(name: str) -> str:
    """`atom:id` as `{http://www.w3.org/2005/Atom}id`; a name without a prefix as it is."""
    prefix, _, local = name.rpartition(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}" if prefix else local


def _all(element: etree._Element, name: str) -> list[etree._Element]:
    return element.findall(_clark(name))


def _text(element: etree._Element, name: str) -> str:
    return "".join(child.text or "" for child in _all(element, name))


# --- rules over more than one element ---------------------------------------------------------


def _has_language(element: etree._Element, at: str, spec: str) -> None:
    rule = f"{spec}: xml:lang says the language (ours: always)"
    _rule(element.get(_clark("xml:lang")), at, rule)


def _holds_links(head: etree._Element, at: str, url: str, media_type: str, spec: str) -> None:
    """Hold the links of a feed's head; `head` is atom:feed or channel, served at `url`."""
    links = _by_relation(head)
    own = links.get("self", [])
    _rule(len(own) == 1, at, f'{spec}: has exactly one atom:link rel="self"', len(own))
    rule = f'{spec}: rel="self" is the address that the document is served at'
    _rule(own[0].get("href") == url, at, rule, own[0].get("href"))
    rule = f'{spec} (ours: always): rel="self" has type="{media_type}"'
    _rule(own[0].get("type") == media_type, at, rule, own[0].get("type"))
    _holds_alternates(head, at)
    hubs = [link.get("href", "") for link in links.get("hub", [])]
    _unique(hubs, at, "WebSub 4: each hub is named once")


def _holds_alternates(element: etree._Element, at: str) -> None:
    alternates = _by_relation(element).get("alternate", [])
    kinds = [f"{link.get('type')} {link.get('hreflang')}" for link in alternates]
    rule = 'RFC 4287 4.1.1, 4.1.2: has one rel="alternate" for a type and hreflang'
    _unique(kinds, at, rule)


_PAGES = ("first", "last", "previous", "next", "current", "prev-archive", "next-archive")


def _holds_history(head: etree._Element, at: str, url: str) -> None:
    """Hold RFC 5005: paged, archived and complete feeds."""
    links = _by_relation(head)
    pages = {
        relation: [link.get("href", "") for link in links.get(relation, [])] for relation in _PAGES
    }
    for relation, urls in pages.items():
        rule = f'RFC 5005 3, 4: has at most one rel="{relation}"'
        _rule(len(urls) <= 1, at, rule, len(urls))
    for relation in ("previous", "next", "prev-archive", "next-archive"):
        rule = f'RFC 5005 3, 4: rel="{relation}" is another document'
        _rule(url not in pages[relation], at, rule, url)
    rule = "RFC 5005 3, 4: what comes before is not what comes after"
    _rule(not pages["prev-archive"] or pages["prev-archive"] != pages["next-archive"], at, rule)
    if _all(head, "fh:complete"):
        rule = "RFC 5005 2 (ours): a complete feed has everything: it has no pages and no archive"
        _rule(not _all(head, "fh:archive") and not any(pages.values()), at, rule)
    if _all(head, "fh:archive"):
        rule = 'RFC 5005 4: an archive document has rel="current"'
        _rule(pages["current"], at, rule)
        rule = 'RFC 5005 4: rel="current" is the subscription document, not the archive itself'
        _rule(url not in pages["current"], at, rule, url)
    else:
        rule = 'RFC 5005 4: rel="next-archive" stands in archive documents only'
        _rule(not pages["next-archive"], at, rule)


def _holds_entry(entry: etree._Element, at: str) -> None:
    links = _by_relation(entry)
    _holds_alternates(entry, at)
    rule = 'RFC 4287 4.1.2: an entry without content has a rel="alternate"'
    _rule(_all(entry, "atom:content") or links.get("alternate"), at, rule)
    for enclosure in links.get("enclosure", []):
        rule = 'RFC 4287 4.2.7 (ours: always): a rel="enclosure" has a type'
        _rule(enclosure.get("type"), at, rule)
        rule = "RFC 4287 4.2.7.6 (ours: always): a length that is not known is left out"
        _rule(enclosure.get("length") != "0", at, rule)


def _holds_item(item: etree._Element, at: str) -> None:
    rule = "RSS 2.0, Elements of item: has a title or a description"
    _rule(_all(item, "title") or _all(item, "description"), at, rule)
    rule = "RSS Profile, dc:creator: has an author or dc:creator, not both"
    _rule(not (_all(item, "author") and _all(item, "dc:creator")), at, rule)
    rule = 'RSS 2.0, guid: isPermaLink="true" only where the guid is the item\'s link'
    permalink = _all(item, "guid")[0].get("isPermaLink") == "true"
    _rule(not permalink or _text(item, "guid") == _text(item, "link"), at, rule)
    names = [_name(child) for child in _elements(item)]
    if {"description", "content:encoded"} <= set(names):
        rule = "RSS Profile, content:encoded: description comes first"
        _rule(names.index("description") < names.index("content:encoded"), at, rule)


def _by_relation(element: etree._Element) -> dict[str, list[etree._Element]]:
    """The atom:links of an element; without a rel it is an alternate (RFC 4287 4.2.7.2)."""
    links: dict[str, list[etree._Element]] = {}
    for link in _all(element, "atom:link"):
        links.setdefault(link.get("rel", "alternate"), []).append(link)
    return links


def _is_readable(data: bytes, version: str, ids: list[str]) -> None:
    """Ask for a second opinion: feedparser sees the same format and the same entries."""
    # As a file: bytes alone, feedparser might take for an address.
    read = feedparser.parse(io.BytesIO(data))
    rule = "feedparser finds nothing to forgive (bozo)"
    _rule(not read.bozo, "document", rule, read.get("bozo_exception"))
    _rule(read.version == version, "document", f"feedparser takes it for {version}", read.version)
    read_ids = [entry.get("id") for entry in read.entries]
    _rule(read_ids == ids, "document", "feedparser finds the same entries", read_ids)


# --- JSON -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Array:
    """A JSON array, and what each of its values is."""

    of: Member


@dataclass(frozen=True)
class Object:
    """A JSON object: the members that it has, and those that it may have."""

    spec: str
    required: Mapping[str, Member]
    optional: Mapping[str, Member] = field(default_factory=dict)


Member: TypeAlias = Kind | Array | Object

ANY_TEXT = Kind("text", lambda text: text and text.strip() and _text_flaw(text))
TRUTH = Kind("true or false", lambda _: "", (bool,))
SIZE = Kind("a number of at least 0", lambda n: "is negative" if n < 0 else "", (int, float))

_AUTHORS = Array(
    # ours: a name; the specification takes any one of the three.
    Object("JSON Feed 1.1, authors", {"name": LINE}, {"url": WEB, "avatar": WEB})
)

JSON_FEED = Object(
    "JSON Feed 1.1, Top-level",
    # ours: feed_url and language too.
    {
        "version": _exactly("https://jsonfeed.org/version/1.1", "JSON Feed 1.1, version"),
        "title": LINE,
        "feed_url": WEB,
        "language": LANGUAGE,
        "items": Array(
            Object(
                "JSON Feed 1.1, Items",
                {"id": LINE},
                {
                    "url": WEB,
                    "external_url": WEB,
                    "title": LINE,
                    "content_html": HTML,
                    "content_text": ANY_TEXT,
                    "summary": TEXT,
                    "image": WEB,
                    "banner_image": WEB,
                    "date_published": RFC3339,
                    "date_modified": RFC3339,
                    "authors": _AUTHORS,
                    "tags": Array(LINE),
                    "language": LANGUAGE,
                    "attachments": Array(
                        Object(
                            "JSON Feed 1.1, Attachments",
                            {"url": WEB, "mime_type": MEDIA_TYPE},
                            {"title": LINE, "size_in_bytes": SIZE, "duration_in_seconds": SIZE},
                        )
                    ),
                },
            )
        ),
    },
    {
        "home_page_url": WEB,
        "description": TEXT,
        "user_comment": TEXT,
        "next_url": WEB,
        "icon": WEB,
        "favicon": WEB,
        "authors": _AUTHORS,
        "expired": TRUTH,
        "hubs": Array(Object("JSON Feed 1.1, hubs", {"type": LINE, "url": WEB})),
    },
)


def _json(data: bytes) -> Any:
    try:
        return json.loads(
            data.decode("utf-8"), object_pairs_hook=_json_object, parse_constant=_json_constant
        )
    except ValueError as error:
        raise AssertionError(f"document: RFC 8259 2, 8.1: is JSON in UTF-8; {error}") from error


def _json_object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    _unique((name for name, _ in members), "document", "RFC 8259 4: each member is named once")
    return dict(members)


def _json_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _is_member(value: Any, member: Member, at: str) -> None:
    """Hold a JSON value and all in it to the grammar."""
    if isinstance(member, Kind):
        _rule(type(value) in member.types, at, f"must be {member.what}", value)
        _is(member, value, at)
    elif isinstance(member, Array):
        _rule(isinstance(value, list), at, "JSON Feed 1.1: is an array", value)
        for number, item in enumerate(value, 1):
            _is_member(item, member.of, f"{at}[{number}]")
    else:
        _rule(isinstance(value, dict), at, f"{member.spec}: is an object", value)
        for name in member.required:
            _rule(name in value, at, f"{member.spec}: has {name}")
        known = {**member.required, **member.optional}
        for name, inner in value.items():
            # JSON Feed 1.1, Extensions: the names of others begin with an underscore.
            if not name.startswith("_"):
                _rule(name in known, at, f"{member.spec}: has no member {name}")
                _is_member(inner, known[name], f"{at}/{name}")
