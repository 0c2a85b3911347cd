"""Property tests of reading posts and of documents, with random input (Hypothesis)."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from fuzz.targets import TARGETS, seeds
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from support.invariants import CONFIG, check_content, check_post, one_line
from support.written import entry

from feeds import paths
from feeds.documents.json_feed import render_json_feed
from feeds.documents.rss_atom import render_atom, render_rss
from feeds.documents.view import View
from feeds.model import Enclosure, Entry, Feed, Person, Term
from feeds.reading.dates import parse_datetime
from feeds.urls import http_url

pytestmark = pytest.mark.slow

KEYS = st.sampled_from(
    ["_posts/2026-11-18-tea.md", "tea.html", "2026/11/18/t%0A\n.md", "-.markdown"]
)

# --- any bytes as a post -------------------------------------------------------------------------

# fmt: off
NAMES = st.sampled_from([
    "title", "date", "updated", "categories", "category", "tags", "author", "authors", "summary",
    "description", "image", "podcast", "enclosure", "source_url", "external-url", "permalink",
    "slug", "url", "id", "lang", "published", "draft",
])
PIECES = st.sampled_from([
    "---", "---\n", "+++\n", "{", "}", "[", "]", '"', "'", ": ", "- ", "\n", "\r", "\t", "  ", "#",
    "&a ", "*a", "!!python/x ", "<<: ", "|", ">", "%", "@", "`", "{{ x }}", "{% x %}", "，",
    "\ufeff", "2026-11-18", "09:30 +0800", "https://a.example/x?a=1&b=2", "//a/b", "javascript:x()",
    "<>", "true", "null", "1e9", "Tea", "茶", "é", "e\u0301", "\u202e", "\0", "\x0b", "\ufffe",
    "&#0;", "\x85",
])
# fmt: on
VALUES = st.lists(PIECES | st.text(max_size=6), max_size=8).map("".join)
LINES = st.builds(
    lambda name, colon, value: f"{name}{colon}{value}\n",
    NAMES | VALUES,
    st.sampled_from([": ", ":", " = ", "=", ""]),
    VALUES,
)
SOUND = st.sampled_from(
    [
        "date: 2026-11-18\n",
        "tags:\n- a\n- b: c\n",
        "image: {path: a.png}\n",
        "# note\n",
        'x = "y"\n',
    ]
)
FRAMES = st.sampled_from(
    [("---\n", "---\n"), ("\n----\n", "----\n"), ("+++\n", "+++\n"), ("{\n", "}\n"), ("", "\n")]
)
WRITTEN = st.builds(
    lambda frame, title, lines, body: f"{frame[0]}{title}{''.join(lines)}{frame[1]}{body}",
    FRAMES,
    st.sampled_from(["title: Tea\n", 'title = "Tea"\n', '"title": "Tea"\n', ""]),
    st.lists(LINES | SOUND, max_size=3),
    VALUES,
)
POSTS = (
    st.binary(max_size=200)
    | st.binary(max_size=80).map(lambda data: b"---\ntitle: Tea\n" + data + b"\n---\n" + data)
    | WRITTEN.map(lambda text: text.encode("utf-8", "surrogatepass"))
)


@settings(max_examples=800, deadline=None)
@given(POSTS, KEYS)
def test_any_bytes_are_an_entry_or_a_problem(data: bytes, key: str) -> None:
    check_post(data, key)


# --- any field of an entry -----------------------------------------------------------------------

STRANGE = st.sampled_from([*"\0\x0b\x1f\x7f\x85\ufffe\ud800\u202e\u2028&<>\"']", "&#0;", "]]>"])
ANY = st.lists(STRANGE | st.text(st.characters(), max_size=4), max_size=5).map("".join)
JSON = st.recursive(
    ANY | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(ANY, inside, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(ANY, st.dictionaries(NAMES, JSON, max_size=6), ANY)
def test_whatever_the_fields_hold_the_documents_are_well_formed(
    title: str, fields: dict[str, object], body: str
) -> None:
    source = json.dumps({"date": "2026-11-18", **fields, "title": f"Tea {title}"}) + "\n" + body
    check_post(source.encode("utf-8", "replace"), "tea.md")


LEGAL = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=20
)
TEXTS = LEGAL.filter(lambda text: text.strip() == text and bool(text) and one_line(text))
URLS = LEGAL.map(lambda text: http_url(f"https://a.example/{text}")).filter(bool)
MOMENTS = st.builds(
    lambda when, minutes: when.replace(
        microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)) if minutes else UTC
    ),
    st.datetimes(datetime(1000, 1, 2), datetime(9998, 12, 30)),
    st.integers(-14 * 60, 14 * 60),
)
ENTRIES = st.builds(
    lambda published, later, **fields: Entry(
        key="a.md", published=published, updated=published + later, **fields
    ),
    MOMENTS.filter(lambda when: when.year < 9990),
    st.timedeltas(timedelta(0), timedelta(2000)).map(
        lambda t: timedelta(seconds=int(t.total_seconds()))
    ),
    id=TEXTS.map(lambda text: paths.tag_uri("a.example,2026", text)),
    link=URLS,
    title=TEXTS,
    summary=st.just("") | TEXTS,
    content=st.just("")
    | LEGAL.map(lambda text: f"<p>{text.replace('&', '').replace('<', '')}</p>"),
    authors=st.lists(st.builds(Person, TEXTS, st.just(""), st.just("") | URLS), max_size=2).map(
        tuple
    ),
    terms=st.lists(
        TEXTS.map(lambda name: Term("category", paths.slug(name), name)), max_size=3
    ).map(tuple),
    image=st.just("") | URLS,
    enclosure=st.none() | st.builds(Enclosure, URLS, st.just("audio/mpeg"), st.integers(0, 10**12)),
    language=st.sampled_from(["", "en", "zh-CN"]),
)


@settings(max_examples=200, deadline=None)
@given(ENTRIES)
def test_every_field_of_an_entry_can_be_read_back_from_each_document(made: Entry) -> None:
    feed = Feed("", "Example News", "News.", made.updated, "en")
    view = View(feed, (made,), "https://feeds.example.com/x")
    atom = etree.fromstring(render_atom(view, CONFIG)).find("{*}entry")
    rss = etree.fromstring(render_rss(view, CONFIG)).find("channel/item")
    (item,) = json.loads(render_json_feed(view, CONFIG))["items"]
    assert atom is not None and rss is not None
    assert atom.findtext("{*}title") == rss.findtext("title") == item["title"] == made.title
    assert atom.findtext("{*}id") == rss.findtext("guid") == item["id"] == made.id
    assert rss.findtext("link") == item["url"] == made.link
    assert datetime.fromisoformat(atom.findtext("{*}published") or "") == made.published
    assert datetime.fromisoformat(item["date_published"]) == made.published
    assert item.get("content_html", "") == made.content


# --- one category, one feed ----------------------------------------------------------------------

SPELLINGS = st.sampled_from([str, str.lower, str.upper, str.casefold, str.swapcase])
FORMS = st.sampled_from(["NFC", "NFD"])
SPACES = st.text(" \t\n\u3000", max_size=2)


@st.composite
def spelt(draw: st.DrawFn) -> tuple[str, str]:
    """A name, and another spelling of the same name."""
    name = draw(TEXTS.filter(lambda text: "ı" not in text and "<" not in text and "&" not in text))
    other = unicodedata.normalize(draw(FORMS), draw(SPELLINGS)(name))
    return name, draw(SPACES) + other + draw(SPACES)


@settings(max_examples=300, deadline=None)
@given(spelt())
def test_every_spelling_of_a_category_is_one_feed(names: tuple[str, str]) -> None:
    one, other = (
        [
            term.path
            for term in entry(json.dumps({"title": "Tea", "category": name}) + "\n").terms
            if term.taxonomy == "category"
        ]
        for name in names
    )
    assert one == other


# --- content is harmless -------------------------------------------------------------------------

# fmt: off
TAGS = st.sampled_from([
    "a", "b", "p", "div", "img", "table", "tr", "td", "ul", "li", "script", "style", "svg", "math",
    "iframe", "object", "form", "input", "select", "option", "template", "noscript", "textarea",
    "title", "base", "meta", "link", "video", "source", "mglyph", "annotation-xml",
    "picture", "embed", "param", "audio", "amp-img", "lite-youtube", "mjx-container", "span", "mi",
    "mfrac", "annotation",
    "foreignObject", "mtext", "xmp", "plaintext", "noembed", "frameset", "body", "html", "head",
])
ATTRIBUTES = st.sampled_from([
    "href", "src", "HREF", "onerror", "onclick", "on\0load", "style", "srcdoc", "formaction",
    "xlink:href", "action", "title", "alt", "cite", "poster", "srcset", "background", "id", "is",
    "x/y", '"', "=", "data-src", "data-srcset", "data-lazy-src", "data", "videoid", "class", "type",
    "alttext", "encoding", "name", "value",
])
SCHEMES = st.sampled_from([
    "javascript:", "JaVaScRiPt:", "java\nscript:", "java&#10;script:", "&#106;avascript:",
    "\x01javascript:", "data:text/html,", "data:image/svg+xml;base64,", "vbscript:",
    "//evil.example/", "https:evil", "file:", "https://a.example/", "mailto:a@b", "ftp://a/",
    "blob:", " javascript&colon;", "http://[", "?", "#",
])
OTHER = st.sampled_from([
    "<!--", "-->", "--!>", "<!-->", "<![CDATA[", "]]>", "<?php", "?>", "<!DOCTYPE html>", "</", "<",
    ">", "&lt;script&gt;", "&#x3c;", "&#0;", "\0", "alert(1)", "text", "\n", "\n\n", "    ", "`",
    "```\n", "[x](javascript:alert(1))", "![x](data:text/html,x)", "<javascript:x>",
    "<https://a.example>", "[x]: javascript:x\n", "[x]", "{{ '<script>' }}", "{% raw %}",
    "{{< x >}}", "&NewLine;", "\ufffe",
])
# fmt: on
QUOTES = st.sampled_from(['"', "'", ""])
ATTRIBUTE = st.builds(
    lambda name, quote, scheme, text, close: f" {name}={quote}{scheme}{text}{close}",
    ATTRIBUTES,
    QUOTES,
    SCHEMES,
    st.sampled_from(["alert(1)", "x", "<script>", "-->", "&quot;", "`", ">"]),
    QUOTES,
)
START = st.builds(
    lambda name, attributes, end: f"<{name}{''.join(attributes)}{end}",
    TAGS,
    st.lists(ATTRIBUTE, max_size=3),
    st.sampled_from([">", "/>", "", " ", "\n>", "<"]),
)
END = TAGS.map(lambda name: f"</{name}>")
SOUP = st.lists(START | END | OTHER | st.text(max_size=4), max_size=14).map("".join)


@settings(max_examples=1000, deadline=None)
@given(SOUP, st.booleans())
def test_content_is_harmless_whatever_came_in(source: str, is_markdown: bool) -> None:
    check_content(source, is_markdown=is_markdown)


@settings(max_examples=300, deadline=None)
@given(SOUP, SOUP)
def test_an_entry_is_harmless_whatever_the_texts_and_the_body_are(text: str, body: str) -> None:
    fields = {"title": f"Tea {text}", "summary": text, "author": text, "category": text}
    check_post((json.dumps(fields) + "\n" + body).encode("utf-8", "replace"), "tea.html")


# --- dates round-trip ----------------------------------------------------------------------------

WAYS = st.sampled_from(
    [
        datetime.isoformat,
        format_datetime,
        lambda when: when.strftime("%Y-%m-%d %H:%M:%S %z"),
        lambda when: when.strftime("%Y/%m/%d %H:%M:%S%z"),
        lambda when: f"{when.year}-{when.month}-{when.day} {when.hour}:{when:%M:%S} {when:%z}",
        lambda when: f"{when.isoformat()[:19]}.123456789{when:%z}",
        lambda when: f"{when:%Y-%m-%d %I:%M:%S %p %z}",
        lambda when: f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z",
    ]
)


@settings(max_examples=500, deadline=None)
@given(MOMENTS, WAYS)
def test_a_date_in_any_notation_is_parsed_as_written(when: datetime, way) -> None:
    read = parse_datetime(way(when), UTC)
    assert read == when
    assert read.utcoffset() == parse_datetime(read.isoformat(), UTC).utcoffset()


@settings(max_examples=200, deadline=None)
@given(
    st.datetimes(datetime(1001, 1, 1), datetime(9997, 12, 30)).map(
        lambda d: d.replace(microsecond=0)
    ),
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
)
def test_a_date_with_any_offset_is_written_as_a_valid_date_of_the_same_time(
    local: datetime, minutes: int
) -> None:
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    read = parse_datetime(f"{local:%Y-%m-%d %H:%M:%S} {sign}{hours:02}:{rest:02}", UTC)
    assert read == local.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert abs(read.utcoffset() or timedelta()) <= timedelta(hours=14)


# --- the fuzzer's targets (make fuzz) -------------------------------------------------------------


@pytest.mark.parametrize("name", TARGETS)
def test_a_fuzz_target_passes_on_its_seeds(name: str) -> None:
    started = [*seeds(name)]
    for data in started:
        TARGETS[name](data)
    assert len(started) > 10
