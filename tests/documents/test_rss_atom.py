"""RSS and Atom, element by element, as specifications and feed readers require them."""

from __future__ import annotations

import locale
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from lxml import etree
from msgspec.structs import replace
from support.sites import entry, settings
from support.validity import assert_valid_atom, assert_valid_rss

from feeds.config import Config
from feeds.documents import feed_documents, rss_atom_entry
from feeds.documents.rss_atom import render_atom, render_rss
from feeds.documents.view import View
from feeds.model import Enclosure, Entry, Person, Term

NAMES = {
    "a": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "fh": "http://purl.org/syndication/history/1.0",
    "media": "http://search.yahoo.com/mrss/",
}
ATOM_URL = "https://feeds.example.com/atom.xml"
RSS_URL = "https://feeds.example.com/rss.xml"
PLAIN = settings()
CST = timezone(timedelta(hours=8))


class Xml:
    """A parsed document, with XPath queries."""

    def __init__(self, data: bytes) -> None:
        self.root = etree.fromstring(data)

    def __call__(self, path: str) -> list[str]:
        matches = self.root.xpath(path, namespaces=NAMES)
        return [str(f) if isinstance(f, str) else (f.text or "") for f in matches]

    def attributes(self, path: str) -> list[dict[str, str]]:
        return [dict(node.attrib) for node in self.root.xpath(path, namespaces=NAMES)]


def atom(*entries: Entry, config: Config = PLAIN, path: str = "") -> Xml:
    feed = feed_documents.describe_feed(path, entries, config)
    data = render_atom(View(feed, entries, ATOM_URL), config)
    assert_valid_atom(data, ATOM_URL)
    return Xml(data)


def rss(*entries: Entry, config: Config = PLAIN, path: str = "") -> Xml:
    feed = feed_documents.describe_feed(path, entries, config)
    data = render_rss(View(feed, entries, RSS_URL), config)
    assert_valid_rss(data, RSS_URL)
    return Xml(data)


RICH = settings("""
author = { name = "Desk", email = "desk@example.com", uri = "https://example.com/desk" }
rights = "© Example News"
icon = "https://news.example.com/icon.png"
logo = "https://news.example.com/logo.png"
""")


# --- Atom ----------------------------------------------------------------------------------------


def test_an_atom_feed_names_its_author_rights_images_and_generator() -> None:
    feed = atom(config=RICH)

    assert feed("/a:feed/a:author/*") == ["Desk", "desk@example.com", "https://example.com/desk"]
    assert feed("/a:feed/a:rights") == ["© Example News"]
    assert feed("/a:feed/a:icon") == ["https://news.example.com/icon.png"]
    assert feed("/a:feed/a:logo") == ["https://news.example.com/logo.png"]
    assert feed("/a:feed/a:generator") == ["bucketfeed"]
    assert feed("/a:feed/a:generator/@uri") == []


def test_an_atom_feed_links_to_itself_and_to_its_page() -> None:
    links = atom().attributes("/a:feed/a:link")

    assert links == [
        {"href": ATOM_URL, "rel": "self", "type": "application/atom+xml"},
        {"href": "https://feeds.example.com/", "rel": "alternate", "type": "text/html"},
    ]


def test_the_atom_id_of_a_feed_is_the_url_of_its_folder() -> None:
    assert atom()("/a:feed/a:id") == ["https://feeds.example.com/"]
    assert atom(path="category/日本")("/a:feed/a:id") == [
        "https://feeds.example.com/category/%E6%97%A5%E6%9C%AC/"
    ]


def test_an_atom_feed_without_entries_has_updated_1970() -> None:
    assert atom()("/a:feed/a:updated") == ["1970-01-01T00:00:00+00:00"]


def test_atom_and_rss_dates_keep_the_author_s_offset() -> None:
    dated = entry(
        published=datetime(2026, 11, 18, 9, 30, 5, tzinfo=CST),
        updated=datetime(2026, 11, 18, 14, 0, 0, tzinfo=UTC),
    )
    assert atom(dated)("//a:entry/a:published") == ["2026-11-18T09:30:05+08:00"]
    assert atom(dated)("//a:entry/a:updated") == ["2026-11-18T14:00:00+00:00"]
    assert rss(dated)("//item/pubDate") == ["Wed, 18 Nov 2026 09:30:05 +0800"]


def test_an_atom_entry_has_one_alternate_link_and_one_enclosure_link() -> None:
    heard = entry(enclosure=Enclosure("https://media.example.net/a.mp3", "audio/mpeg", 7))

    assert atom(heard).attributes("//a:entry/a:link") == [
        {"href": "https://source.example.org/1"},
        {
            "href": "https://media.example.net/a.mp3",
            "rel": "enclosure",
            "type": "audio/mpeg",
            "length": "7",
        },
    ]


def test_an_atom_entry_has_name_email_and_uri_of_each_author() -> None:
    people = (Person("林梅", "lin@example.com", "https://example.com/lin"), Person("Bo"))
    feed = atom(entry(authors=people))

    assert feed("//a:entry/a:author[1]/*") == ["林梅", "lin@example.com", "https://example.com/lin"]
    assert feed("//a:entry/a:author[2]/*") == ["Bo"]


def test_an_atom_category_has_term_label_and_scheme() -> None:
    terms = (Term("category", "markets", "markets", "Market News"), Term("tag", "a-b", "A & B"))

    assert atom(entry(terms=terms)).attributes("//a:entry/a:category") == [
        {"term": "markets", "label": "Market News"},
        {"term": "A & B", "scheme": "https://feeds.example.com/tag/"},
    ]


def test_atom_content_is_html_escaped_once() -> None:
    feed = atom(entry(content="<p>1 &lt; 2 &amp; 3</p>", title="1 < 2 &amp; 3", summary="a < b"))

    assert feed("//a:entry/a:content") == ["<p>1 &lt; 2 &amp; 3</p>"]
    assert feed("//a:entry/a:content/@type") == ["html"]
    assert feed("//a:entry/a:title") == ["1 < 2 &amp; 3"]
    assert feed("//a:entry/a:title/@type") == []
    assert feed("//a:entry/a:summary") == ["a < b"]
    assert feed("//a:entry/a:summary/@type") == []


def test_hub_and_archive_links_come_before_the_entries_in_atom() -> None:
    config = settings(feeds='hubs = ["https://hub.example.com/"]')
    feed = feed_documents.describe_feed("", [entry()], config)
    view = View(feed, (entry(),), ATOM_URL, older="https://feeds.example.com/archive/1.xml")
    links = Xml(render_atom(view, config)).attributes("/a:feed/a:link")

    assert {"href": "https://hub.example.com/", "rel": "hub"} in links
    assert {"href": "https://feeds.example.com/archive/1.xml", "rel": "prev-archive"} in links


# --- RSS -----------------------------------------------------------------------------------------


def test_an_rss_channel_has_editor_copyright_and_image() -> None:
    feed = rss(config=RICH)

    assert feed("/rss/channel/managingEditor") == ["desk@example.com (Desk)"]
    assert feed("/rss/channel/copyright") == ["© Example News"]
    assert feed("/rss/channel/image/*") == [
        "https://news.example.com/logo.png",
        "Example News",
        "https://feeds.example.com/",
    ]
    assert feed("/rss/channel/generator") == ["bucketfeed"]
    assert feed("/rss/channel/docs") == ["https://www.rssboard.org/rss-specification"]


def test_the_image_of_a_category_s_rss_channel_has_the_channel_s_title() -> None:
    feed = rss(config=RICH, path="category/markets")

    assert feed("/rss/channel/title") == feed("/rss/channel/image/title") == ["markets"]


def test_an_author_without_email_is_not_an_rss_editor() -> None:
    assert rss()("/rss/channel/managingEditor") == []


def test_an_rss_channel_links_to_its_page_and_to_itself() -> None:
    config = settings(feeds='hubs = ["https://hub.example.com/", "https://hub.example.net/"]')
    feed = rss(config=config)

    assert feed("/rss/channel/link") == ["https://feeds.example.com/"]
    assert feed.attributes("/rss/channel/a:link") == [
        {"href": RSS_URL, "rel": "self", "type": "application/rss+xml"},
        {"href": "https://hub.example.com/", "rel": "hub"},
        {"href": "https://hub.example.net/", "rel": "hub"},
    ]


def test_last_build_date_of_an_rss_channel_is_that_of_its_newest_change() -> None:
    assert rss(entry(5), entry(4))("//lastBuildDate") == ["Wed, 18 Nov 2026 09:05:00 +0000"]
    assert rss()("//lastBuildDate") == []


def test_an_rss_guid_is_the_entry_id_and_not_a_permalink() -> None:
    feed = rss(entry())

    assert feed("//item/guid") == ["tag:example.com,2026:1"]
    assert feed("//item/guid/@isPermaLink") == ["false"]
    assert feed("//item/link") == ["https://source.example.org/1"]


@pytest.mark.parametrize(
    ("people", "author", "creators"),
    [
        ((), [], []),
        ((Person("Lin", "lin@example.com"),), ["lin@example.com (Lin)"], []),
        ((Person("Lin"),), [], ["Lin"]),
        ((Person("Lin", "lin@example.com"), Person("Bo", "bo@example.com")), [], ["Lin", "Bo"]),
        ((Person("Lin & Co"), Person("Bo", "bo@example.com")), [], ["Lin & Co", "Bo"]),
    ],
)
def test_an_rss_author_is_one_email_address_and_other_authors_are_dc_creators(
    people: tuple[Person, ...], author: list[str], creators: list[str]
) -> None:
    feed = rss(entry(authors=people))

    assert feed("//item/author") == author
    assert feed("//item/dc:creator") == creators


def test_a_plain_text_rss_description_is_escaped_twice() -> None:
    feed = rss(entry(summary='a < b & "c"'))

    assert feed("//item/description") == ['a &lt; b &amp; "c"']
    assert feed("//item/content:encoded") == ["<p>Content 1.</p>"]


def test_an_rss_item_without_a_summary_has_its_content_as_description() -> None:
    feed = rss(entry(summary="", content="<p>1 &lt; 2</p>"))

    assert feed("//item/description | //item/content:encoded") == ["<p>1 &lt; 2</p>"]


def test_an_rss_description_equal_to_the_content_stays_html() -> None:
    feed = rss(entry(summary="Text.", content="Text."))

    assert feed("//item/description | //item/content:encoded") == ["Text.", "Text."]


def test_an_rss_category_has_its_name_and_domain() -> None:
    terms = (Term("category", "markets", "markets", "Market News"), Term("tag", "a-b", "A & B"))
    feed = rss(entry(terms=terms))

    assert feed("//item/category") == ["Market News", "A & B"]
    assert feed.attributes("//item/category") == [{}, {"domain": "https://feeds.example.com/tag/"}]


def test_an_rss_item_has_one_enclosure_and_a_media_image() -> None:
    file = Enclosure("https://media.example.net/a.mp3?a=1&b=2", "audio/mpeg")
    feed = rss(entry(enclosure=file, image="https://example.com/i.png"))

    assert feed.attributes("//item/enclosure") == [
        {"url": "https://media.example.net/a.mp3?a=1&b=2", "length": "0", "type": "audio/mpeg"}
    ]
    assert feed.attributes("//item/media:content") == [
        {"url": "https://example.com/i.png", "medium": "image"}
    ]


# --- both ----------------------------------------------------------------------------------------


def test_rendering_in_threads_gives_the_same_bytes_and_keeps_the_locale() -> None:
    entries = tuple(entry(number) for number in range(20))
    view = View(feed_documents.describe_feed("", entries, RICH), entries, ATOM_URL)
    before = locale.setlocale(locale.LC_ALL)
    with ThreadPoolExecutor(8) as threads:
        atoms = set(threads.map(lambda _: render_atom(view, RICH), range(16)))
        rsses = set(threads.map(lambda _: render_rss(view, RICH), range(16)))

    assert len(atoms) == len(rsses) == 1
    assert locale.setlocale(locale.LC_ALL) == before


@pytest.mark.parametrize("make", [render_atom, render_rss])
def test_an_xml_document_ends_with_one_newline(make: object) -> None:
    view = View(feed_documents.describe_feed("", [], PLAIN), (), ATOM_URL)

    assert callable(make)
    data = make(view, PLAIN)
    assert data.endswith(b">\n")
    assert not data.endswith(b"\n\n")


# An entry is in many documents. What was made for one of them is used for the others.


def item(document: bytes) -> bytes:
    """The only entry of a document."""
    (node,) = etree.fromstring(document).xpath("//a:entry | //item", namespaces=NAMES)
    return etree.tostring(node)


@pytest.mark.parametrize("render", [render_atom, render_rss])
def test_an_entry_is_the_same_in_each_document_and_follows_each_change(render) -> None:
    config = settings()
    first = entry(title="Kept", content="<p>text</p>", terms=(Term("tag", "a", "a"),))

    def rendered(changed: Entry, config: Config = config, path: str = "") -> bytes:
        feed = feed_documents.describe_feed(path, (changed,), config)
        return item(render(View(feed, (changed,), ATOM_URL), config))

    original = rendered(first)
    assert rendered(first) == rendered(first, path="category/c") == original
    same_moment = replace(first, published=first.published.astimezone(CST))
    assert same_moment == first, "times in other zones are equal"
    changes = {
        "title": replace(first, title="Changed"),
        "zone of the publication": same_moment,
        "zone of the change": replace(first, updated=first.updated.astimezone(CST)),
        "terms": replace(first, terms=(Term("tag", "b", "b"),)),
        "content": replace(first, content="<p>other</p>"),
    }
    if render is render_rss:  # it has no time of the change
        changes.pop("zone of the change")
    documents = {name: rendered(changed) for name, changed in changes.items()}
    elsewhere = replace(config.feeds, url="https://other.example/")
    others = [settings(feeds='content = "summary"'), replace(config, feeds=elsewhere)]
    documents |= {str(number): rendered(first, config) for number, config in enumerate(others)}
    if render is render_rss:  # it names no address of the feeds
        documents.pop("1")
    assert len({original, *documents.values()}) == 1 + len(documents)
    assert rendered(first) == original


def test_the_entries_that_are_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = rss_atom_entry._Cache()
    monkeypatch.setattr(rss_atom_entry, "_cache", cache)
    monkeypatch.setattr(rss_atom_entry, "MAX_KEPT", 10_000)
    sizes = {"summary": "", "terms": (), "content": "x" * 196}
    for number in range(50):
        atom(entry(title=f"{number:04}", **sizes))
    assert [key.entry.title for key in cache._kept] == [f"{n:04}" for n in range(40, 50)]
    atom(entry(title="0040", **sizes))  # used again
    atom(entry(title="long", content="x" * 50_000))  # not kept
    atom(entry(title="0051", **sizes))
    kept = [key.entry.title for key in cache._kept]
    assert kept == [f"{n:04}" for n in (*range(42, 50), 40, 51)]
    assert cache._size == sum(key.entry.size for key in cache._kept) == 10_000
