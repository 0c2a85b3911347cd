"""Archive documents after a change far back: a deletion, an edit, a move, a back-dated post.

Each example publishes a change of one old post, reads the files under archive/, and compares the
whole public tree with a full build.
"""

from __future__ import annotations

import json
from pathlib import Path

import feedparser
import pytest
from support.sites import post, settings
from support.yardstick import differences

from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.runtime import ThreadedRuntime
from feeds.stores.local import LocalStore

CONFIG = settings(feeds="limit = 2")


class Site:
    """Posts and feeds in two folders. Every change of a post is published at once."""

    def __init__(self, folder: Path) -> None:
        self.posts, self.feeds = LocalStore(folder / "posts"), LocalStore(folder / "feeds")
        self.publisher = Publisher(self.posts, self.feeds, CONFIG, ThreadedRuntime(threads=1))
        self.public = folder / "feeds" / "public"

    def upload(self, day: int, title: str, category: str = "tea") -> None:
        """Upload and publish the post of one day of November."""
        date = f"2026-11-{day:02} 12:00:00 +0000"
        self.posts.put(f"{day}.md", post(title, date, f"category: {category}"))
        self._publish(f"{day}.md")

    def delete(self, day: int) -> None:
        """Delete the post of one day, and publish the deletion."""
        self.posts.delete(f"{day}.md")
        self._publish(f"{day}.md")

    def _publish(self, key: str) -> None:
        result = self.publisher.publish([Message("1", (key,), 1, ())])
        assert not result.failed

    def differences(self) -> list[str]:
        """Where the public tree differs from a full build of the posts."""
        return differences(self.posts, self.feeds, CONFIG)

    def archived(self, feed: str) -> list[str]:
        """The titles in a feed's archive documents, oldest first; the same in XML and in JSON."""
        archive = self.public / feed / "archive"
        atom = [
            entry.title
            for file in sorted(archive.glob("*.xml"))
            for entry in reversed(feedparser.parse(file.read_bytes()).entries)
        ]
        items = [
            item["title"]
            for file in sorted(archive.glob("*.json"))
            for item in reversed(json.loads(file.read_bytes())["items"])
        ]
        assert atom == items
        return atom

    def window(self, feed: str) -> list[str]:
        """The titles in a feed's own document, newest first."""
        return [
            entry.title
            for entry in feedparser.parse((self.public / feed / "atom.xml").read_bytes()).entries
        ]

    def archive_files_with(self, text: str) -> set[str]:
        """The archive documents of all feeds that contain a text."""
        return {
            file.relative_to(self.public).as_posix()
            for file in self.public.glob("**/archive/*")
            if text.encode() in file.read_bytes()
        }


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Five posts of one category: two in the window of its feed, three in its archive."""
    site = Site(tmp_path)
    for day, title in enumerate(["First", "Second", "Third", "Fourth", "Fifth"], start=1):
        site.upload(day, f"{title} flush")
    assert site.window("category/tea") == ["Fifth flush", "Fourth flush"]
    assert site.archived("category/tea") == ["First flush", "Second flush", "Third flush"]
    assert site.archived("") == site.archived("category/tea")
    return site


def test_a_deleted_post_is_in_no_archive_document(site: Site) -> None:
    (oldest_page,) = (site.public / "category/tea/archive").glob("2026-11-01-*.xml")
    assert b"First flush" in oldest_page.read_bytes()
    assert site.archive_files_with(oldest_page.name)  # the next page links to it

    site.delete(1)

    assert site.archive_files_with("First flush") == set()
    assert site.archive_files_with(oldest_page.name) == set()
    assert not oldest_page.exists()
    for feed in ("", "category/tea"):
        assert site.archived(feed) == ["Second flush", "Third flush"]
        assert site.window(feed) == ["Fifth flush", "Fourth flush"]
    assert site.differences() == []


def test_a_post_deleted_from_the_window_makes_room_for_the_newest_archived_one(site: Site) -> None:
    site.delete(5)

    assert site.archive_files_with("Third flush") == set()
    for feed in ("", "category/tea"):
        assert site.archived(feed) == ["First flush", "Second flush"]
        assert site.window(feed) == ["Fourth flush", "Third flush"]
    assert site.differences() == []


def test_an_edit_of_an_archived_post_changes_its_archive_documents(site: Site) -> None:
    before = site.archive_files_with("Second flush")

    site.upload(2, "White tea")

    assert site.archive_files_with("Second flush") == set()
    assert site.archive_files_with("White tea") == before  # the same addresses
    for feed in ("", "category/tea"):
        assert site.archived(feed) == ["First flush", "White tea", "Third flush"]
    assert site.differences() == []


def test_an_archived_post_that_moves_to_another_category_moves_between_archives(site: Site) -> None:
    for day, title in ((6, "Mocha"), (7, "Robusta"), (8, "Bourbon")):
        site.upload(day, title, "coffee")
    assert site.archived("category/coffee") == ["Mocha"]

    site.upload(1, "First flush", "coffee")

    assert site.archived("category/tea") == ["Second flush", "Third flush"]
    assert site.archived("category/coffee") == ["First flush", "Mocha"]
    assert site.archived("") == [
        *("First flush", "Second flush", "Third flush", "Fourth flush", "Fifth flush", "Mocha")
    ]
    files = site.archive_files_with("First flush")
    assert {file.partition("/archive/")[0] for file in files if file.startswith("category/")} == {
        "category/coffee"
    }
    assert site.differences() == []


def test_a_back_dated_post_that_arrives_late_is_in_the_archive_at_once(tmp_path: Path) -> None:
    site = Site(tmp_path)
    for day, title in ((1, "First"), (3, "Third"), (4, "Fourth"), (5, "Fifth"), (6, "Sixth")):
        site.upload(day, title)

    site.upload(2, "Second")

    for feed in ("", "category/tea"):
        assert site.archived(feed) == ["First", "Second", "Third", "Fourth"]
        assert site.window(feed) == ["Sixth", "Fifth"]
    assert site.differences() == []
