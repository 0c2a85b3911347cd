"""Uploads whose result depends on another object or on the time: they end as a full build does.

Posts that share an id; enclosures whose length is the size of a file; changes of the future.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from support.published import Later
from support.sites import post, settings
from support.yardstick import build_documents, public_tree

from feeds.maintenance.audit import audit
from feeds.maintenance.rebuild import rebuild
from feeds.publishing.batch import PublishResult
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.stores.counted import Counted
from feeds.stores.memory import MemoryStore

CONFIG = settings(feeds="limit = 2")
STEM = settings(feeds="limit = 2", more='[posts]\nid_from = "stem"')


class Site:
    """Posts, their feeds, and a clock."""

    def __init__(self, config=CONFIG) -> None:
        self.config, self.runtime = config, Later()
        self.posts, self.feeds = MemoryStore(), MemoryStore()

    def publish(self, *keys: str) -> PublishResult:
        publisher = Publisher(self.posts, self.feeds, self.config, self.runtime)
        result = publisher.publish([Message(id=k, keys=(k,), received=1, notes=()) for k in keys])
        assert not result.failures
        return result

    def upload(self, key: str, data: bytes) -> PublishResult:
        self.posts.put(key, data)
        return self.publish(key)

    def check(self) -> None:
        """Compare the public tree with a full build."""
        built = build_documents(self.posts, self.config, self.runtime.now(), [])
        tree = public_tree(self.feeds)
        assert {key: tree.get(key) for key in built} == built


# --- posts that share an id

SAME = {
    "a.md": post("A", "2026-01-01", "guid: same"),
    "b.md": post("B", "2026-01-03", "guid: same"),
    "c.md": post("C", "2026-01-02", "guid: same"),
    "d.md": post("D", "2026-01-04"),
}


@pytest.mark.parametrize("order", list(permutations(SAME))[::5])
def test_posts_that_share_an_id_are_the_same_entry_in_any_order(order: tuple[str, ...]) -> None:
    site = Site()
    for key in order:
        site.upload(key, SAME[key])
    site.check()
    site.posts.delete("b.md")
    site.publish("b.md")
    site.check()
    assert b'"title": "C"' in public_tree(site.feeds)["feed.json"]


@pytest.mark.parametrize(
    "line", ["guid: same", "id: urn:uuid:1225c695-cfb8-4ebb", "guid: https://a.example/x"]
)
def test_an_upload_that_shares_an_id_is_reported_with_both_files(line: str) -> None:
    site = Site()
    assert site.upload("a.md", post("A", "2026-01-01", line)).problems == []
    (reported,) = site.upload("b.md", post("B", "2026-01-02", line)).problems
    assert (reported.key, reported.severity) == ("a.md", "warning")
    assert reported.what.startswith("feeds show b.md in place of this post, which has the same id")
    assert site.upload("b.md", post("B", "2026-01-02")).problems == []


def test_two_files_of_one_name_are_reported_if_they_are_one_post() -> None:
    site = Site(STEM)
    assert site.upload("x/a.md", post("A", "2026-01-01")).problems == []
    (reported,) = site.upload("y/a.md", post("B", "2026-01-02")).problems
    assert (reported.key, reported.what) == (
        "x/a.md",
        "feeds show y/a.md in place of this file, which has the same name",
    )


# --- enclosures

EPISODE = post("Episode", "2026-01-01", "podcast: sound/one.mp3")


@pytest.mark.parametrize("order", list(permutations(["shows/one.md", "shows/sound/one.mp3"])))
def test_the_length_of_a_file_is_published_in_either_order(order: tuple[str, ...]) -> None:
    site = Site()
    data = {"shows/one.md": EPISODE, "shows/sound/one.mp3": bytes(777)}
    for key in order:
        site.upload(key, data[key])
    site.check()
    assert b'length="777"' in public_tree(site.feeds)["rss.xml"]

    for size in (888, 0):  # another file, and then none
        site.posts.delete(order[order.index("shows/sound/one.mp3")])
        if size:
            site.posts.put("shows/sound/one.mp3", bytes(size))
        site.publish("shows/sound/one.mp3")
        site.check()
        assert f'length="{size}"'.encode() in public_tree(site.feeds)["rss.xml"]


def test_a_file_of_several_posts_updates_all_of_them() -> None:
    site = Site()
    for name in ("one", "two", "three"):
        site.upload(f"{name}.md", post(name, "2026-01-01", "enclosure: /sound/all.mp3"))
    site.upload("sound/all.mp3", bytes(55))
    site.check()
    assert public_tree(site.feeds)["rss.xml"].count(b'length="55"') == 2


def test_a_rebuild_sees_a_file_whose_event_was_lost() -> None:
    site = Site()
    site.upload("shows/one.md", EPISODE)
    site.posts.put("shows/sound/one.mp3", bytes(777))
    rebuild(Publisher(site.posts, site.feeds, site.config, site.runtime))
    site.check()


def test_pictures_cost_nothing_and_other_files_one_call() -> None:
    site = Site()
    counted = Counted(site.feeds)
    publisher = Publisher(site.posts, counted, site.config, site.runtime)
    publisher.publish([Message(id="m", keys=("a.png", "b.txt"), received=1, notes=())])
    assert sum(counted.calls.values()) == 0
    publisher.publish([Message(id="m", keys=("a.mp3",), received=1, notes=())])
    assert sum(counted.calls.values()) == 1


# --- changes of the future


def test_a_change_of_the_future_waits_for_its_time() -> None:
    site = Site()
    change = site.runtime.time + timedelta(days=2)
    data = post("A", "2026-01-01", f"lastmod: {change:%Y-%m-%d %H:%M:%S} +0000")
    result = site.upload("a.md", data)
    site.check()
    assert [problem.field for problem in result.problems] == ["lastmod"]
    (record,) = result.records.values()
    assert record.due == change

    site.runtime.time = change
    site.publish("a.md")
    site.check()
    assert b"date_modified" in public_tree(site.feeds)["feed.json"]


def test_the_audit_finds_a_change_whose_schedule_was_lost() -> None:
    site = Site()
    site.upload("a.md", post("A", "2026-01-01", "updatedDate: 'Jun 05 2026'"))
    site.runtime.time = datetime(2026, 6, 5, 1, tzinfo=UTC)
    sent: list[str] = []
    audit(Publisher(site.posts, site.feeds, site.config, site.runtime), sent.append)
    assert sent == ["a.md"]
    site.publish(*sent)
    site.check()


def test_a_post_of_the_future_that_changes_later_waits_twice() -> None:
    site = Site()
    site.upload("a.md", post("A", "2026-06-03", "modified: 2026-06-07"))
    for day in (2, 3, 6, 7, 8):
        site.runtime.time = datetime(2026, 6, day, tzinfo=UTC)
        result = site.publish("a.md")
        site.check()
    assert [record.due for record in result.records.values()] == [None]
