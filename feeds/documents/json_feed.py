"""JSON Feed: a View -> JSON Feed 1.1 bytes (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from feeds.config import Config
from feeds.documents.view import View, home, shows_content
from feeds.model import GENERATOR, HOME_URL, Entry, Person
from feeds.taxonomies import TAXONOMIES

VERSION = "https://jsonfeed.org/version/1.1"


def render_json_feed(view: View, config: Config) -> bytes:
    """The JSON Feed document; `next_url` is the archive page with older entries, if any."""
    site = config.site
    full = shows_content(view, config)
    feed = {
        "version": VERSION,
        "title": view.feed.title,
        "home_page_url": home(view, config),
        "feed_url": view.url,
        "description": view.feed.description,
        "next_url": view.older,
        "icon": site.logo,
        "favicon": site.icon,
        "authors": [_author(config.author)],
        "language": view.feed.language,
        "hubs": [{"type": "WebSub", "url": hub} for hub in config.feeds.hubs if not view.current],
        f"_{GENERATOR}": {"about": HOME_URL} if HOME_URL else {"generator": GENERATOR},
    }
    feed = {field: value for field, value in feed.items() if value}
    feed["items"] = [_item(entry, full) for entry in view.entries]
    return msgspec.json.format(msgspec.json.encode(feed), indent=1) + b"\n"


def _item(entry: Entry, full: bool) -> dict[str, Any]:
    item = {
        "id": entry.guid or entry.id,
        "url": entry.link,
        "title": entry.title,
        "content_html": entry.content if full else "",
        "summary": entry.summary,
        "image": entry.image,
        "date_published": entry.published.isoformat(),
        "date_modified": entry.updated.isoformat() if entry.updated != entry.published else "",
        "authors": [_author(person) for person in entry.authors],
        "tags": list(dict.fromkeys(_tags(entry))),
        "language": entry.language,
    }
    if not item["content_html"]:
        item["content_text"] = entry.summary or entry.title
    if entry.enclosure:
        attachment = {"url": entry.enclosure.url, "mime_type": entry.enclosure.type}
        size = {"size_in_bytes": entry.enclosure.length} if entry.enclosure.length else {}
        item["attachments"] = [{**attachment, **size}]
    return {field: value for field, value in item.items() if value}


def _tags(entry: Entry) -> Iterator[str]:
    """The names of the entry's categories and tags; authors and languages have their own fields."""
    for term in entry.terms:
        if TAXONOMIES[term.taxonomy].on_pages:
            yield term.title or term.name


def _author(person: Person) -> dict[str, str]:
    author = {"name": person.name, "url": person.uri}
    return {field: value for field, value in author.items() if value}
