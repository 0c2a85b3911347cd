"""Builds small sites in memory: posts as bytes -> every document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random

from feeds.building.scan import PostScanner
from feeds.building.site import site_documents
from feeds.config import Config
from feeds.config_file.parse import parse_config
from feeds.model import Document, Entry, Problem, Term
from feeds.stores.memory import MemoryStore

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SITE = '[site]\ntitle = "Example News"\nurl = "https://news.example.com/"\n'
FEEDS = 'url = "https://feeds.example.com/"\n'


def settings(site: str = "", feeds: str = "", more: str = "") -> Config:
    """A configuration with more lines in [site] and [feeds], and more tables."""
    return parse_config(f"{SITE}{site}\n[feeds]\n{FEEDS}{feeds}\n{more}")


PLAIN = settings()


def post(
    title: str = "A title", date: str = "2026-11-18 09:30:00 +0800", more: str = "", body: str = ""
) -> bytes:
    """The bytes of a post; `more` are lines of front matter."""
    fields = f'title: "{title}"\n' + (f"date: {date}\n" if date else "") + more.strip("\n")
    return f"---\n{fields.rstrip()}\n---\n{body or 'Text.'}\n".encode()


def entry(number: int = 1, categories: str = "markets", **fields: object) -> Entry:
    """An entry; its date is that many minutes after 9:00."""
    moment = datetime(2026, 11, 18, 9 + number // 60 % 12, number % 60, tzinfo=UTC)
    defaults: dict[str, object] = {
        "key": f"_posts/{number}.md",
        "id": f"tag:example.com,2026:{number}",
        "link": f"https://source.example.org/{number}",
        "title": f"Title {number}",
        "published": moment,
        "updated": moment,
        "terms": tuple(Term("category", name, name) for name in categories.split()),
        "summary": f"Summary {number}.",
        "content": f"<p>Content {number}.</p>",
    }
    return Entry(**(defaults | fields))  # type: ignore[arg-type]


class Built(dict[str, Document]):
    """The documents of a build by their paths, and the problems of the posts."""

    problems: list[Problem]


def built(
    posts: Mapping[str, bytes],
    settings: Config | None = None,
    now: datetime = NOW,
    shuffled: Random | None = None,
) -> Built:
    """Build a site from its posts, as `feeds build` does, in memory."""
    store = MemoryStore(clock=lambda: NOW)
    for key, data in posts.items():
        store.put(key, data)
    settings = settings or PLAIN
    with PostScanner(store, settings, now, jobs=1) as scanned:
        scanned.read()
        if shuffled:
            shuffled.shuffle(scanned.summaries)
        documents = list(site_documents(scanned.summaries, scanned, settings))
    by_path = Built((document.path, document) for document in documents)
    assert len(by_path) == len(documents), "two documents have the same path"
    by_path.problems = sorted(set(scanned.problems))
    return by_path
