"""The documents of a feed in each format, parsed as feed readers parse them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

import feedparser
import pytest
from lxml import etree
from msgspec import Struct
from support.sites import entry, settings
from support.validity import assert_valid_document, assert_valid_json_feed

from feeds.config import Config
from feeds.documents import feed_documents, pagination
from feeds.model import EPOCH, Document, Enclosure, Entry, Person, Term

FILES = {"atom": "atom.xml", "rss": "rss.xml", "json": "feed.json"}
CST = timezone(timedelta(hours=8))

FULL = entry(
    1,
    id="tag:example.com,2026:_posts/%E6%B8%94.md",
    link="https://source.example.org/a?b=1&c=%E6%B8%94#d",
    title="Tom & Jerry: 5 < 6 ]]> “渔” 🐟",
    published=datetime(2026, 11, 18, 9, 30, 0, tzinfo=CST),
    updated=datetime(2026, 11, 19, 20, 0, 5, tzinfo=CST),
    authors=(Person("林梅", "lin@example.com", "https://example.com/lin"), Person("Bo & Co")),
    terms=(
        Term("category", "markets", "markets", "Market News"),
        Term("category", "c-1f", "C++"),
        Term("tag", "渔", "渔"),
    ),
    summary='1 < 2 & "so on"',
    content='<p lang="en">1 &lt; 2 &amp; <a href="https://example.com/?a=1&amp;b=2">here</a></p>',
    image="https://example.com/i.png",
    enclosure=Enclosure("https://media.example.net/a.mp3", "audio/mpeg", 12345),
    language="en",
)


def _enclosure(file: Any) -> tuple[str, str, int]:
    return file.href, file.type, int(file.get("length", 0))


class Item(Struct, frozen=True, kw_only=True):
    """An entry as a feed reader parses it."""

    id: str
    link: str
    title: str
    published: datetime
    updated: datetime | None
    authors: list[str]
    categories: list[str]
    summary: str
    content: str
    image: str
    enclosure: tuple[str, str, int] | None
    language: str


class Channel(Struct, frozen=True, kw_only=True):
    """A feed as a feed reader parses it."""

    title: str
    description: str
    home: str
    own: str
    hubs: list[str]
    language: str
    author: str
    logo: str
    older: str
    items: list[Item]


def parsed(document: Document) -> Channel:
    data = document.data
    if document.path.endswith(".json"):
        assert_valid_json_feed(data, address(document.path))
        return from_json(json.loads(data))
    assert_valid_document(document.path, data, address(document.path))
    return from_xml(data)


def address(path: str) -> str:
    return "https://feeds.example.com/" + quote(path)


def from_json(feed: dict[str, Any]) -> Channel:
    def item(given: dict[str, Any]) -> Item:
        file = (given.get("attachments") or [None])[0]
        updated = given.get("date_modified", given["date_published"])
        return Item(
            id=given["id"],
            link=given["url"],
            title=given["title"],
            published=datetime.fromisoformat(given["date_published"]),
            updated=datetime.fromisoformat(updated),
            authors=[author["name"] for author in given.get("authors", [])],
            categories=given.get("tags", []),
            summary=given.get("summary", ""),
            content=given.get("content_html", ""),
            image=given.get("image", ""),
            enclosure=(file["url"], file["mime_type"], file.get("size_in_bytes", 0))
            if file
            else None,
            language=given.get("language", ""),
        )

    return Channel(
        title=feed["title"],
        description=feed["description"],
        home=feed["home_page_url"],
        own=feed["feed_url"],
        hubs=[hub["url"] for hub in feed.get("hubs", []) if hub["type"] == "WebSub"],
        language=feed["language"],
        author=feed["authors"][0]["name"],
        logo=feed.get("icon", ""),
        older=feed.get("next_url", ""),
        items=[item(given) for given in feed["items"]],
    )


def from_xml(data: bytes) -> Channel:
    # Without feedparser's sanitising and without its resolution of relative links.
    read = feedparser.parse(io.BytesIO(data), sanitize_html=False, resolve_relative_uris=False)
    feed, is_rss = read.feed, read.version == "rss20"

    def links(of: Any, rel: str) -> list[Any]:
        return [link for link in of.get("links", []) if link.rel == rel]

    def moment(parsed: Any) -> datetime | None:
        return datetime(*parsed[:6], tzinfo=UTC) if parsed else None

    def names(of: Any) -> list[str]:
        return [author.name for author in of.get("authors", []) if "name" in author]

    def item(given: Any) -> Item:
        files = given.get("enclosures", [])
        published = moment(given.published_parsed)
        assert published
        summary = given.get("summary", "")
        return Item(
            id=given.id,
            link=given.link,
            title=given.title,
            published=published,
            updated=None if is_rss else moment(given.updated_parsed),
            authors=names(given),
            categories=[tag.get("label") or tag.term for tag in given.get("tags", [])],
            summary=text_of(summary) if is_rss else summary,
            content=next((c.value for c in given.get("content", []) if c.value != summary), ""),
            image=next((m["url"] for m in given.get("media_content", [])), ""),
            enclosure=_enclosure(files[0]) if files else None,
            language=given.get("dc_language", "") or given.title_detail.language or "",
        )

    return Channel(
        title=feed.title,
        description=feed.subtitle,
        home=feed.link,
        own=links(feed, "self")[0].href,
        hubs=[link.href for link in links(feed, "hub")],
        language=feed.language,
        author=feed.get("author_detail", {}).get("name", ""),
        logo=feed.get("image", {}).get("href", "") or feed.get("logo", ""),
        older=next((link.href for link in links(feed, "prev-archive")), ""),
        items=[item(given) for given in read.entries],
    )


def text_of(html: str) -> str:
    return html.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def current(
    format_: str, entries: Sequence[Entry], config: Config, path: str = "", older: str = ""
) -> Document:
    documents = {d.path: d for d in feed_documents.current_documents(path, entries, older, config)}
    return documents[f"{path}/{FILES[format_]}".lstrip("/")]


@pytest.fixture(params=FILES)
def format_(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# --- entries -------------------------------------------------------------------------------------


def test_every_format_carries_all_fields_of_an_entry(format_: str) -> None:
    (item,) = parsed(current(format_, [FULL], settings())).items

    assert item.id == FULL.id
    assert item.link == FULL.link
    assert item.title == FULL.title
    assert item.published == FULL.published
    assert item.authors == ["林梅", "Bo & Co"]
    assert item.categories == ["Market News", "C++", "渔"]
    assert item.summary == FULL.summary
    assert item.content == FULL.content
    assert item.image == "https://example.com/i.png"
    assert item.enclosure == ("https://media.example.net/a.mp3", "audio/mpeg", 12345)


@pytest.mark.parametrize("format_", ["atom", "json"])  # RSS has no element for it
def test_the_updated_date_of_an_entry_differs_from_its_published_date(format_: str) -> None:
    (item,) = parsed(current(format_, [FULL], settings())).items

    assert item.updated == FULL.updated


def test_the_language_of_an_entry_is_written_if_it_is_not_the_site_s(format_: str) -> None:
    data = current(format_, [FULL], settings(site='language = "zh-CN"')).data.decode()

    marks = {"atom": '<entry xml:lang="en">', "rss": "<dc:language>en</dc:language>"}
    assert marks.get(format_, '"language": "en"') in data


def test_an_entry_with_only_required_fields_is_valid_in_every_format(format_: str) -> None:
    bare = entry(summary="", content="", terms=())
    (item,) = parsed(current(format_, [bare], settings())).items

    assert (item.id, item.link, item.title) == (bare.id, bare.link, bare.title)
    assert item.categories == item.authors == []
    assert item.enclosure is None


def test_an_enclosure_of_unknown_length_has_a_length_that_readers_accept(format_: str) -> None:
    heard = entry(enclosure=Enclosure("https://media.example.net/a.mp3", "audio/mpeg"))
    (item,) = parsed(current(format_, [heard], settings())).items

    assert item.enclosure == ("https://media.example.net/a.mp3", "audio/mpeg", 0)


def test_only_rss_has_the_length_0_of_an_unknown_enclosure() -> None:
    heard = entry(enclosure=Enclosure("https://media.example.net/a.mp3", "audio/mpeg"))
    atom = etree.fromstring(current("atom", [heard], settings()).data)
    in_atom = atom.find(".//{*}entry/{*}link[@rel='enclosure']")
    in_rss = etree.fromstring(current("rss", [heard], settings()).data).find(".//enclosure")

    assert in_atom.get("length") is None
    assert in_rss.get("length") == "0"


def test_entries_are_written_newest_first(format_: str) -> None:
    items = parsed(current(format_, [entry(3), entry(2), entry(1)], settings())).items

    assert [item.title for item in items] == ["Title 3", "Title 2", "Title 1"]


def test_a_feed_of_summaries_has_no_content(format_: str) -> None:
    (item,) = parsed(current(format_, [entry()], settings(feeds='content = "summary"'))).items

    assert item.summary == "Summary 1."
    assert item.content == ""


def test_one_category_can_have_only_summaries(format_: str) -> None:
    config = settings(more='[categories]\ncontent = { Markets = "summary" }')
    (brief,) = parsed(current(format_, [entry()], config, "category/markets")).items
    (whole,) = parsed(current(format_, [entry()], config)).items

    assert (brief.content, whole.content) == ("", "<p>Content 1.</p>")


def test_one_category_can_have_full_content(format_: str) -> None:
    config = settings(
        feeds='content = "summary"', more='[categories]\ncontent = { markets = "full" }'
    )
    (whole,) = parsed(current(format_, [entry()], config, "category/markets")).items

    assert whole.content == "<p>Content 1.</p>"


# --- feeds ---------------------------------------------------------------------------------------

RICH = """
description = "What happened & why"
language = "zh-CN"
author = { name = "示例 & Co", email = "desk@example.com", uri = "https://example.com/desk" }
rights = "© 2026 Example < News"
icon = "https://news.example.com/icon.png"
logo = "https://news.example.com/logo.png"
"""
HUBS = 'hubs = ["https://hub.example.com/", "https://hub.example.net/?a=1&b=2"]'


def test_every_format_carries_all_fields_of_a_feed(format_: str) -> None:
    feed = parsed(current(format_, [entry()], settings(RICH, HUBS)))

    assert feed.title == "Example News"
    assert feed.description == "What happened & why"
    assert feed.home == "https://feeds.example.com/"
    assert feed.own == f"https://feeds.example.com/{FILES[format_]}"
    assert feed.hubs == ["https://hub.example.com/", "https://hub.example.net/?a=1&b=2"]
    assert feed.language == "zh-CN"
    assert feed.author == "示例 & Co"
    assert feed.logo == "https://news.example.com/logo.png"


def test_every_document_names_its_generator(format_: str) -> None:
    data = current(format_, [], settings()).data.decode()

    marks = {"atom": "bucketfeed</generator>", "rss": "<generator>bucketfeed</generator>"}
    assert marks.get(format_, '"_bucketfeed"') in data


def test_the_feed_of_a_category_has_its_own_address_title_and_description(format_: str) -> None:
    config = settings(
        more='[categories]\ntitles = { "日本" = "日本 & 韩国" }\ndescriptions = { "日本" = "东亚" }'
    )
    feed = parsed(current(format_, [], config, "category/日本"))

    assert feed.title == "日本 & 韩国"
    assert feed.description == "东亚"
    assert feed.own.endswith("/category/%E6%97%A5%E6%9C%AC/" + FILES[format_])


def test_the_title_of_a_category_comes_from_its_newest_post(format_: str) -> None:
    def named(number: int, name: str, title: str = "") -> Entry:
        return entry(number, terms=(Term("category", "markets", name, title),))

    plain = [named(2, "Markets"), named(1, "MARKETS")]
    titled = [named(3, "markets"), named(2, "markets", "Market News"), named(1, "markets", "Old")]

    assert parsed(current(format_, plain, settings(), "category/markets")).title == "Markets"
    assert parsed(current(format_, titled, settings(), "category/markets")).title == "Market News"
    assert parsed(current(format_, [], settings(), "category/markets")).title == "markets"


def test_a_feed_without_entries_is_valid_in_every_format(format_: str) -> None:
    document = current(format_, [], settings())

    assert parsed(document).items == []
    assert b"1970" in document.data or format_ != "atom"


def test_the_updated_date_of_a_feed_is_that_of_its_newest_change() -> None:
    older_changed = entry(1, updated=datetime(2026, 11, 20, tzinfo=UTC))
    feed = feed_documents.describe_feed("", [entry(2), older_changed], settings())

    assert feed.updated == older_changed.updated
    assert feed_documents.describe_feed("", [], settings()).updated == EPOCH


def test_a_feed_has_documents_in_the_configured_formats() -> None:
    config = settings(feeds='formats = ["rss", "json"]')
    documents = feed_documents.current_documents("category/a", [], "", config)

    assert [(d.path, d.type) for d in documents] == [
        ("category/a/rss.xml", "application/rss+xml; charset=utf-8"),
        ("category/a/feed.json", "application/feed+json; charset=utf-8"),
        ("category/a/index.html", "text/html; charset=utf-8"),
    ]
    plain = settings(feeds='formats = ["rss"]\npages = false')
    assert [d.path for d in feed_documents.current_documents("", [], "", plain)] == ["rss.xml"]


def test_without_pages_a_feed_links_to_the_site() -> None:
    feed = parsed(current("atom", [FULL], settings(feeds="pages = false")))

    assert feed.home == "https://news.example.com/"


def test_the_same_entries_are_the_same_bytes(format_: str) -> None:
    document = current(format_, [FULL, entry(2)], settings(RICH, HUBS))
    other = current(format_, [FULL, entry(2)], settings(RICH, HUBS))

    assert document == other


# --- archives ------------------------------------------------------------------------------------


def archives(entries: Sequence[Entry], config: Config, path: str = "") -> Iterator[Document]:
    """The archive documents of a feed with these entries (oldest first)."""
    names = feed_documents.archive_page_names(entries, config)
    pages = pagination.archive_pages(entries, config.feeds.limit)
    for older, name, page in zip(["", *names], names, pages, strict=False):
        yield from feed_documents.archive_documents(path, name, page, older, config)


@pytest.mark.parametrize("format_", ["atom", "json"])
def test_archive_links_lead_from_the_feed_to_the_oldest_entry(format_: str) -> None:
    config = settings(feeds=f"limit = 4\n{HUBS}")
    entries = [entry(number) for number in range(30)]
    pages = {address(d.path): d for d in archives(entries, config, "category/markets")}
    newest = feed_documents.archive_page_names(entries, config)[-1]
    window = pagination.newest_first(entries, 4)
    feed = parsed(current(format_, window, config, "category/markets", older=newest))
    ids, at = {item.id for item in feed.items}, feed.older
    walked = 0
    while at:
        page = parsed(pages[at])
        assert page.own == at
        assert page.hubs == []  # an archive page does not change
        ids |= {item.id for item in page.items}
        at, walked = page.older, walked + 1

    assert ids == {entry.id for entry in entries}
    assert walked == len(feed_documents.archive_page_names(entries, config)) > 5


def test_an_atom_archive_page_has_the_archive_element_and_a_link_to_its_feed() -> None:
    config = settings(feeds="limit = 4")
    entries = [entry(number) for number in range(9)]
    document = next(archives(entries, config, "category/markets"))

    assert document.path == f"category/markets/archive/{pagination.page_name(entries)}.xml"
    assert document.type == "application/atom+xml; charset=utf-8"
    assert b"<fh:archive/>" in document.data
    current_ = f'<link href="{address("category/markets/atom.xml")}" rel="current"/>'
    assert current_.encode() in document.data


def test_rss_has_no_archive() -> None:
    config = settings(feeds='limit = 4\nformats = ["rss"]\npages = false')
    entries = [entry(number) for number in range(9)]

    assert list(archives(entries, config)) == []
    assert parsed(current("rss", entries[:4], config, older="2026-11-18-0123456789ab")).older == ""


def test_an_archive_page_has_each_id_only_once() -> None:
    config = settings(feeds="limit = 4")
    twice = [entry(1, key="a.md"), entry(2, id=entry(1).id, key="b.md")]
    *documents, page = feed_documents.archive_documents(
        "", "2026-11-18-0123456789ab", twice, "", config
    )

    assert [[item.title for item in parsed(page).items] for page in documents] == [["Title 2"]] * 2
    assert page.data.count(b"<article") == 1


def test_without_archives_there_are_no_archive_pages_and_no_links_to_them() -> None:
    config = settings(feeds="limit = 4\narchives = false")

    assert feed_documents.archive_page_names([entry(number) for number in range(9)], config) == []


@pytest.mark.slow
def test_renderers_are_imported_at_first_use_or_by_load_renderers() -> None:
    program = """
import sys
from support.sites import settings
from feeds.documents.feed_documents import load_renderers
print("feedgen" in sys.modules)
load_renderers(settings(feeds='formats = ["json"]'))
print("feedgen" in sys.modules)
load_renderers(settings())
print("feedgen" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.split() == ["False", "False", "True"]
