"""JSON Feed 1.1, member by member; members that would be empty are not there."""

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
    made = feed_documents.describe_feed("", entries, config)
    data = render_json_feed(View(made, entries, URL, current=current, older=older), config)
    assert_valid_json_feed(data, URL)
    return json.loads(data)


def item(given: Entry, config: Config = PLAIN) -> dict[str, Any]:
    (found,) = feed(given, config=config)["items"]
    assert isinstance(found, dict)
    return found


def test_the_least_feed_says_what_it_is_and_where() -> None:
    assert feed() == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Example News",
        "home_page_url": "https://feeds.example.com/",
        "feed_url": URL,
        "description": "Example News",
        "authors": [{"name": "Example News"}],
        "language": "en",
        "_bucketfeed": {"about": "https://pypi.org/project/bucketfeed/"},
        "items": [],
    }


def test_a_feed_has_its_author_s_page_its_images_its_hubs_and_its_next_page() -> None:
    config = settings(
        'author = { name = "Desk", email = "desk@example.com", uri = "https://example.com/desk" }\n'
        'icon = "https://news.example.com/icon.png"\nlogo = "https://news.example.com/logo.png"',
        'hubs = ["https://hub.example.com/"]',
    )
    made = feed(config=config, older="https://feeds.example.com/archive/1.json")

    assert made["authors"] == [{"name": "Desk", "url": "https://example.com/desk"}]
    assert made["favicon"] == "https://news.example.com/icon.png"
    assert made["icon"] == "https://news.example.com/logo.png"
    assert made["hubs"] == [{"type": "WebSub", "url": "https://hub.example.com/"}]
    assert made["next_url"] == "https://feeds.example.com/archive/1.json"


def test_an_archive_page_names_no_hubs() -> None:
    config = settings(feeds='hubs = ["https://hub.example.com/"]')

    assert "hubs" not in feed(config=config, current="https://feeds.example.com/atom.xml")


def test_an_item_has_what_its_entry_has_and_no_more() -> None:
    assert item(entry()) == {
        "id": "tag:example.com,2026:1",
        "url": "https://source.example.org/1",
        "title": "Title 1",
        "content_html": "<p>Content 1.</p>",
        "summary": "Summary 1.",
        "date_published": "2026-11-18T09:01:00+00:00",
        "tags": ["markets"],
    }


def test_a_change_is_a_date_where_it_is_another_one() -> None:
    changed = datetime(2026, 11, 19, 20, 0, 5, tzinfo=timezone(timedelta(hours=8)))

    assert item(entry(updated=changed))["date_modified"] == "2026-11-19T20:00:05+08:00"


def test_an_item_without_content_has_its_summary_as_text() -> None:
    made = item(entry(), settings(feeds='content = "summary"'))

    assert made["content_text"] == made["summary"] == "Summary 1."
    assert "content_html" not in made


def test_an_item_without_content_and_summary_has_its_title_as_text() -> None:
    assert item(entry(content="", summary=""))["content_text"] == "Title 1"


def test_tags_are_the_names_of_all_terms_each_once() -> None:
    terms = (
        Term("category", "markets", "markets", "Market News"),
        Term("tag", "market-news", "Market News"),
        Term("tag", "a-b", "A & B"),
    )
    assert item(entry(terms=terms))["tags"] == ["Market News", "A & B"]


def test_authors_have_names_and_pages_and_no_addresses() -> None:
    people = (Person("Lin", "lin@example.com", "https://example.com/lin"), Person("Bo"))

    assert item(entry(authors=people))["authors"] == [
        {"name": "Lin", "url": "https://example.com/lin"},
        {"name": "Bo"},
    ]


def test_an_enclosure_is_an_attachment_with_its_size_where_it_is_known() -> None:
    known = Enclosure("https://media.example.net/a.mp3", "audio/mpeg", 7)
    unknown = Enclosure("https://media.example.net/a.mp3", "audio/mpeg")

    assert item(entry(enclosure=known))["attachments"] == [
        {"url": known.url, "mime_type": "audio/mpeg", "size_in_bytes": 7}
    ]
    assert item(entry(enclosure=unknown))["attachments"] == [
        {"url": unknown.url, "mime_type": "audio/mpeg"}
    ]


def test_an_image_and_a_language_are_the_item_s_own() -> None:
    made = item(entry(image="https://example.com/i.png", language="en-GB"))

    assert made["image"] == "https://example.com/i.png"
    assert made["language"] == "en-GB"


def test_text_is_written_as_it_is_and_not_as_escapes() -> None:
    made = feed_documents.describe_feed("", [], PLAIN)
    data = render_json_feed(View(made, (entry(title="渔 🐟"),), URL), PLAIN)

    assert "渔 🐟".encode() in data
    assert data.endswith(b"}\n")
