"""JSON Feed 1.1, member by member; empty members are left out."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from support.sites import entry, settings
from support.validity import assert_valid_json_feed

from feeds.config import Config
from feeds.documents import feed_documents
from feeds.documents.json_feed import render_json_feed
from feeds.documents.view import View
from feeds.model import Enclosure, Entry, Person, Term

URL = "https://feeds.example.com/feed.json"
PLAIN = settings()


def feed(*entries: Entry, config: Config = PLAIN, current: str = "", older: str = "") -> Any:
    described = feed_documents.describe_feed("", entries, config)
    data = render_json_feed(View(described, entries, URL, current=current, older=older), config)
    assert_valid_json_feed(data, URL)
    return json.loads(data)


def item(given: Entry, config: Config = PLAIN) -> dict[str, Any]:
    (item_,) = feed(given, config=config)["items"]
    assert isinstance(item_, dict)
    return item_


def test_a_json_feed_without_optional_fields() -> None:
    assert feed() == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Example News",
        "home_page_url": "https://feeds.example.com/",
        "feed_url": URL,
        "description": "Example News",
        "authors": [{"name": "Example News"}],
        "language": "en",
        "_bucketfeed": {"generator": "bucketfeed"},
        "items": [],
    }


def test_a_json_feed_has_author_images_hubs_and_next_url() -> None:
    config = settings(
        'author = { name = "Desk", email = "desk@example.com", uri = "https://example.com/desk" }\n'
        'icon = "https://news.example.com/icon.png"\nlogo = "https://news.example.com/logo.png"',
        'hubs = ["https://hub.example.com/"]',
    )
    document = feed(config=config, older="https://feeds.example.com/archive/1.json")

    assert document["authors"] == [{"name": "Desk", "url": "https://example.com/desk"}]
    assert document["favicon"] == "https://news.example.com/icon.png"
    assert document["icon"] == "https://news.example.com/logo.png"
    assert document["hubs"] == [{"type": "WebSub", "url": "https://hub.example.com/"}]
    assert document["next_url"] == "https://feeds.example.com/archive/1.json"


def test_a_json_archive_page_has_no_hubs() -> None:
    config = settings(feeds='hubs = ["https://hub.example.com/"]')

    assert "hubs" not in feed(config=config, current="https://feeds.example.com/atom.xml")


def test_a_json_item_has_only_the_fields_of_its_entry() -> None:
    assert item(entry()) == {
        "id": "tag:example.com,2026:1",
        "url": "https://source.example.org/1",
        "title": "Title 1",
        "content_html": "<p>Content 1.</p>",
        "summary": "Summary 1.",
        "date_published": "2026-11-18T09:01:00+00:00",
        "tags": ["markets"],
    }


def test_a_json_item_has_date_modified_only_if_it_was_changed() -> None:
    changed = datetime(2026, 11, 19, 20, 0, 5, tzinfo=timezone(timedelta(hours=8)))

    assert item(entry(updated=changed))["date_modified"] == "2026-11-19T20:00:05+08:00"


def test_a_json_item_without_content_has_its_summary_as_text() -> None:
    json_item = item(entry(), settings(feeds='content = "summary"'))

    assert json_item["content_text"] == json_item["summary"] == "Summary 1."
    assert "content_html" not in json_item


def test_a_json_item_without_content_and_summary_has_its_title_as_text() -> None:
    assert item(entry(content="", summary=""))["content_text"] == "Title 1"


def test_json_tags_are_the_names_of_all_terms_without_repeats() -> None:
    terms = (
        Term("category", "markets", "markets", "Market News"),
        Term("tag", "market-news", "Market News"),
        Term("tag", "a-b", "A & B"),
    )
    assert item(entry(terms=terms))["tags"] == ["Market News", "A & B"]


def test_json_authors_have_names_and_urls_but_no_email() -> None:
    people = (Person("Lin", "lin@example.com", "https://example.com/lin"), Person("Bo"))

    assert item(entry(authors=people))["authors"] == [
        {"name": "Lin", "url": "https://example.com/lin"},
        {"name": "Bo"},
    ]


def test_an_enclosure_is_a_json_attachment_with_its_size_if_known() -> None:
    sized = Enclosure("https://media.example.net/a.mp3", "audio/mpeg", 7)
    unknown = Enclosure("https://media.example.net/a.mp3", "audio/mpeg")

    assert item(entry(enclosure=sized))["attachments"] == [
        {"url": sized.url, "mime_type": "audio/mpeg", "size_in_bytes": 7}
    ]
    assert item(entry(enclosure=unknown))["attachments"] == [
        {"url": unknown.url, "mime_type": "audio/mpeg"}
    ]


def test_a_json_item_has_the_image_and_language_of_its_entry() -> None:
    json_item = item(entry(image="https://example.com/i.png", language="en-GB"))

    assert json_item["image"] == "https://example.com/i.png"
    assert json_item["language"] == "en-GB"


def test_json_feed_writes_unicode_without_escapes() -> None:
    described = feed_documents.describe_feed("", [], PLAIN)
    data = render_json_feed(View(described, (entry(title="渔 🐟"),), URL), PLAIN)

    assert "渔 🐟".encode() in data
    assert data.endswith(b"}\n")
