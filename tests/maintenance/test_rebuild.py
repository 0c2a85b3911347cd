"""Rebuilding all feeds: existing posts, a new configuration, a stop at any write, old state."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from itertools import count

import pytest
from support.published import filled
from support.yardstick import full_build, public_tree

from feeds.config import Config
from feeds.config_file.parse import parse_config
from feeds.errors import Unavailable
from feeds.maintenance import bulk
from feeds.maintenance.rebuild import rebuild
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.runtime import ThreadedRuntime
from feeds.state.keys import FEED_LIST, manifest_key, record_key
from feeds.stores.counted import Counted
from feeds.stores.local import LocalStore
from feeds.stores.memory import MemoryStore

BASE = '[site]\ntitle = "{title}"\nurl = "https://s.example/"\n[feeds]\nlimit = {limit}\n'


def settings(title: str = "S", limit: int = 3, more: str = ""):
    return parse_config(BASE.format(title=title, limit=limit) + more)


def publisher(posts: MemoryStore, feeds: MemoryStore, config: Config) -> Publisher:
    return Publisher(posts, Counted(feeds), config, ThreadedRuntime(threads=4))


@pytest.mark.slow
def test_rebuild_publishes_the_existing_posts_of_a_bucket():
    posts, feeds, config = filled(), MemoryStore(), settings()
    result = rebuild(publisher(posts, feeds, config), batch=7)
    assert result.posts == 30
    assert public_tree(feeds) == full_build(posts, feeds, config)
    assert any("/archive/" in key for key in public_tree(feeds))


@pytest.mark.slow
@pytest.mark.parametrize(
    "other",
    [
        settings(title="Another"),
        settings(limit=4),
        settings(more="archives = false\n"),
        settings(more='formats = ["json"]\n'),
        settings(more='taxonomies = ["category", "tag"]\n'),
        settings(more='taxonomies = ["tag"]\n'),
        settings(more='content = "summary"\n'),
        settings(more='[posts]\nid_from = "stem"\n'),
        settings(more='[posts]\nid = "permalink"\n'),
        settings(more='[posts]\nids = { "3.md" = "urn:x-t:3", "29.md" = "29" }\n'),
    ],
    ids=[
        "title",
        "limit",
        "archives",
        "formats",
        "more feeds",
        "other feeds",
        "content",
        "stems",
        "ids",
        "ids of posts",
    ],
)
def test_rebuild_applies_a_new_configuration_to_every_document_and_archive(other):
    posts, feeds, config = filled(), MemoryStore(), settings()
    rebuild(publisher(posts, feeds, config))
    rebuild(publisher(posts, feeds, other))
    tree, expected = public_tree(feeds), full_build(posts, feeds, other)
    left_over = {key for key in tree if key not in expected}
    if other.feeds.formats == config.feeds.formats:
        assert not left_over
    assert {key: data for key, data in tree.items() if key in expected} == expected
    rebuild(publisher(posts, feeds, config))
    assert public_tree(feeds) == full_build(posts, feeds, config)


@pytest.mark.slow
def test_rebuild_after_a_stop_skips_what_is_done():
    posts, feeds, config = filled(), MemoryStore(), settings()
    first = publisher(posts, feeds, config)
    with pytest.raises(KeyboardInterrupt):
        rebuild(first, progress=stop_at(20), batch=10)
    second = publisher(posts, feeds, config)
    result = rebuild(second, batch=10)
    assert (result.skipped, result.posts) == (20, 10)
    assert public_tree(feeds) == full_build(posts, feeds, config)
    third = publisher(posts, feeds, config)
    result = rebuild(third, batch=10)
    assert (result.skipped, result.posts, result.documents) == (30, 0, 0)


class Recording(Counted):
    """A store that counts the writes of each key."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.writes: Counter[str] = Counter()

    def put(self, key, data, **options):
        self.writes[key] += 1
        return super().put(key, data, **options)


def test_rebuild_in_bulk_writes_each_object_once_and_each_manifest_twice():
    posts, feeds, config = filled(), Recording(MemoryStore()), settings()
    rebuild(Publisher(posts, feeds, config, ThreadedRuntime(threads=1)), batch=7)
    manifests = {key for key in feeds.writes if key.endswith("/manifest.json")}
    assert {key: n for key, n in feeds.writes.items() if n > 1} == dict.fromkeys(manifests, 2)
    assert public_tree(feeds.store) == full_build(posts, feeds.store, config)
    first_upload = Counted(feeds.store)
    publisher = Publisher(posts, first_upload, config, ThreadedRuntime(threads=1))
    publisher.publish([Message("m", ("29.md",), 1, ())])
    archives = [key for key in public_tree(feeds.store) if "archive/" in key]
    assert len(archives) > first_upload.calls["get"]  # it need not check the archive


@pytest.mark.slow
def test_rebuild_in_worker_processes_ends_with_the_documents_of_a_full_build(tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "SERIAL_BELOW", 1)
    posts, feeds = LocalStore(tmp_path / "posts"), LocalStore(tmp_path / "feeds")
    for stat in filled().list():
        posts.put(stat.key, filled().get(stat.key).data)
    posts.put("broken.md", b"---\ntitle: broken\ndate: 2018-110-15\n---\n")
    for config in (settings(), settings(title="Another", limit=4)):
        problems = []
        result = rebuild(
            Publisher(posts, feeds, config, ThreadedRuntime()),
            batch=7,
            jobs=2,
            on_batch=lambda batch, found=problems: found.extend(batch.problems),
        )
        assert (result.posts, result.read, result.errors) == (30, 31, [])
        assert [problem.key for problem in problems] == ["broken.md"]
        assert public_tree(feeds) == full_build(posts, feeds, config)
        assert list(feeds.list("state/journal/")) == []


def stop_at(count: int):
    """Return a progress function that stops the rebuild after `count` posts."""

    def progress(done: int, _total: int) -> None:
        if done >= count:
            raise KeyboardInterrupt

    return progress


@pytest.mark.slow
def test_rebuild_removes_posts_that_were_deleted_without_an_event():
    posts, feeds, config = filled(), MemoryStore(), settings()
    rebuild(publisher(posts, feeds, config))
    for number in (3, 4, 5):
        posts.delete(f"{number}.md")
    result = rebuild(publisher(posts, feeds, config))
    assert result.gone == 3
    assert public_tree(feeds) == full_build(posts, feeds, config)


def test_rebuild_publishes_an_edit_and_a_new_post_whose_events_were_lost():
    posts, feeds, config = filled(8), MemoryStore(), settings()
    rebuild(publisher(posts, feeds, config))
    posts.put("3.md", b"---\ntitle: Edited\ndate: 2025-04-04\ncategory: c3\n---\nx\n")
    posts.put("new.md", b"---\ntitle: New\ndate: 2026-01-01\ncategory: c1\n---\nx\n")
    result = rebuild(publisher(posts, feeds, config))
    assert (result.posts, result.skipped) == (2, 7)
    assert public_tree(feeds) == full_build(posts, feeds, config)


def test_rebuild_removes_a_deleted_file_of_a_post_that_has_another_file():
    """Both files are one post; the deleted one was updated last, so its text was published."""
    posts, feeds = filled(4), MemoryStore()
    config = settings(more='[posts]\nid_from = "stem"\n')
    posts.put("old/0.md", b"---\ntitle: Old\ndate: 2026-01-01\ncategory: c0\n---\nx\n")
    rebuild(publisher(posts, feeds, config))
    assert b"Old" in public_tree(feeds)["feed.json"]
    posts.delete("old/0.md")
    result = rebuild(publisher(posts, feeds, config))
    assert result.gone == 1
    assert public_tree(feeds) == full_build(posts, feeds, config)


def test_rebuild_with_nothing_to_do_writes_nothing_also_after_deletions():
    posts, feeds, config = filled(8), MemoryStore(), settings()
    rebuild(publisher(posts, feeds, config))
    for number in (3, 4):
        posts.delete(f"{number}.md")
    rebuild(publisher(posts, feeds, config))
    idle = publisher(posts, feeds, config)
    result = rebuild(idle)
    assert (result.posts, result.gone, result.documents) == (0, 0, 0)
    assert idle.feeds.calls["put"] == idle.feeds.calls["delete"] == 0


def test_upload_after_a_stopped_rebuild_writes_the_list_of_all_feeds():
    """The rebuild wrote all feeds for the new configuration, but not the page that lists them."""
    posts, feeds = filled(8), MemoryStore()
    rebuild(publisher(posts, feeds, settings()))
    german = parse_config(BASE.format(title="S", limit=3).replace("[feeds]", LANGUAGE))
    with pytest.raises(KeyboardInterrupt):
        rebuild(Publisher(posts, KilledAtTheList(feeds), german, ThreadedRuntime(threads=1)))
    assert public_tree(feeds) != full_build(posts, feeds, german)
    result = publisher(posts, feeds, german).publish([Message("m", ("3.md",), 1, ())])
    assert "feeds.html" in result.changed
    assert public_tree(feeds) == full_build(posts, feeds, german)


LANGUAGE = 'language = "de"\n[feeds]'


class KilledAtTheList(Counted):
    """A store whose process ends when it writes the list of all feeds."""

    def put(self, key, data, **options):
        if key == FEED_LIST:
            raise KeyboardInterrupt
        return super().put(key, data, **options)


class StopAt(Counted):
    """A store that raises KeyboardInterrupt before or after the write with a number."""

    def __init__(self, store: MemoryStore, number: int, after: bool) -> None:
        super().__init__(store)
        self.number, self.after = number, after

    def put(self, key, data, **options):
        with self._stops():
            return super().put(key, data, **options)

    def delete(self, key):
        with self._stops():
            super().delete(key)

    @contextmanager
    def _stops(self):
        self.number -= 1
        if self.number == 0 and not self.after:
            raise KeyboardInterrupt
        yield
        if self.number == 0:
            raise KeyboardInterrupt


SMALL = 'formats = ["json"]\npages = false\n'


@pytest.mark.slow
@pytest.mark.parametrize(
    "other",
    [
        SMALL,
        SMALL + '[posts]\nid_from = "stem"\n',
        SMALL + '[categories]\ntitles = { c2 = "Two", c3 = "Three" }\n',
    ],
    ids=["the first time", "other ids", "other titles"],
)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_next_rebuild_finishes_one_that_was_stopped_at_any_write(other, after):
    config = settings(limit=2, more=SMALL)
    new = settings(limit=2, more=other)
    stops = 0
    for number in count(1):
        posts, feeds = filled(5), MemoryStore()
        if new != config:
            for key in ("3.md", "2.md"):  # each is the only post of its category
                rebuild(Publisher(posts, feeds, config, ThreadedRuntime(threads=1)))
                posts.delete(key)
        store = StopAt(feeds, number, after)
        try:
            rebuild(Publisher(posts, store, new, ThreadedRuntime(threads=1)), batch=2)
        except KeyboardInterrupt:
            stops += 1
        rebuild(Publisher(posts, feeds, new, ThreadedRuntime(threads=1)), batch=2)
        assert public_tree(feeds) == full_build(posts, feeds, new), f"stopped at write {number}"
        if stops < number:
            break
    assert stops > 20
    assert [stat.key for stat in feeds.list("state/journal/")] == []


class Refuses(Counted):
    """A store that refuses the manifest of one feed."""

    def put(self, key: str, data: bytes, **options) -> str:
        if key == manifest_key("category/c1"):
            raise Unavailable(f"{key}: 503")
        return super().put(key, data, **options)


def test_next_rebuild_finishes_what_the_store_refused():
    posts, feeds, config = filled(8), MemoryStore(), settings()
    result = rebuild(Publisher(posts, Refuses(feeds), config, ThreadedRuntime(threads=1)))
    assert result.errors == ["category/c1: state/feeds/category/c1/manifest.json: 503"]
    assert public_tree(feeds) != full_build(posts, feeds, config)
    result = rebuild(publisher(posts, feeds, config))
    assert (result.posts, result.errors) == (2, [])
    assert public_tree(feeds) == full_build(posts, feeds, config)


# --- state that is damaged, or of another version ------------------------------------------------

OLD = b'{"token":"t","of_another_version":1}'
UNREADABLE = {
    "the list of feeds": lambda key: key == FEED_LIST,
    "one manifest": lambda key: key == manifest_key("category/c1"),
    "one record": lambda key: key == record_key("3.md"),
    "every manifest": lambda key: key.endswith("/manifest.json"),
    "all state": lambda key: not key.startswith("state/feeds/") or "/pages/" not in key,
}


def site_with_old_state(which: str, config: Config) -> tuple[MemoryStore, MemoryStore]:
    posts, feeds = filled(10), MemoryStore()
    rebuild(publisher(posts, feeds, config))
    keys = [stat.key for stat in feeds.list("state/") if UNREADABLE[which](stat.key)]
    assert keys
    for key in keys:
        feeds.put(key, OLD)
    return posts, feeds


@pytest.mark.parametrize("which", UNREADABLE)
def test_rebuild_replaces_state_of_another_version(which):
    config = settings(limit=2, more=SMALL)
    posts, feeds = site_with_old_state(which, config)
    posts.delete("5.md")
    posts.put("new.md", b"---\ntitle: New\ndate: 2026-01-01\ncategory: c1\n---\nx\n")
    assert rebuild(publisher(posts, feeds, config)).errors == []
    assert public_tree(feeds) == full_build(posts, feeds, config)
    assert all(feeds.get(stat.key).data != OLD for stat in feeds.list("state/"))
    assert rebuild(publisher(posts, feeds, config)).posts == 0


@pytest.mark.slow
@pytest.mark.parametrize("which", ["one manifest", "all state"])
def test_rebuild_that_replaces_state_can_be_stopped_at_any_write(which):
    config = settings(limit=2, more=SMALL)
    for number in count(1):
        posts, feeds = site_with_old_state(which, config)
        try:
            rebuild(
                Publisher(posts, StopAt(feeds, number, False), config, ThreadedRuntime(threads=1)),
                batch=4,
            )
        except KeyboardInterrupt:
            rebuild(publisher(posts, feeds, config))
            assert public_tree(feeds) == full_build(posts, feeds, config), f"stopped at {number}"
        else:
            break
    assert number > 20


def test_rebuild_replaces_the_unreadable_record_of_a_deleted_post():
    config = settings()
    posts, feeds = filled(4), MemoryStore()
    rebuild(publisher(posts, feeds, config))
    posts.delete("3.md")
    publisher(posts, feeds, config).publish([Message("m", ("3.md",), 1, ())])
    feeds.put(record_key("3.md"), OLD)
    rebuild(publisher(posts, feeds, config))
    assert feeds.get(record_key("3.md")).data != OLD
    assert public_tree(feeds) == full_build(posts, feeds, config)


class FailingStore(MemoryStore):
    """A store that cannot read or write the keys that start with `failing`."""

    failing: tuple[str, ...] = ()

    def get(self, key, limit=None):
        if self.failing and key.startswith(self.failing):
            raise Unavailable(f"{key}: the reply broke off")
        return super().get(key, limit)


@pytest.mark.slow
@pytest.mark.parametrize("level", ["a record", "a manifest", "a record of a post that is gone"])
def test_an_error_of_one_object_does_not_stop_a_rebuild(level: str):
    posts, feeds, config = filled(), FailingStore(), settings()
    rebuild(publisher(posts, feeds, config))
    keys = [stat.key for stat in posts.list()]
    other = settings(title="Another")
    (path, *_) = publisher(posts, feeds, config).feed_paths()[1:]
    failing = {
        "a record": record_key(keys[3]),
        "a manifest": manifest_key(path),
        "a record of a post that is gone": record_key(keys[5]),
    }[level]
    if "gone" in level:
        posts.delete(keys[5])
    feeds.failing = (failing,)
    report = rebuild(publisher(posts, feeds, other), batch=7)
    assert report.errors and all("the reply broke off" in error for error in report.errors)
    expected = full_build(posts, feeds, other)
    tree = public_tree(feeds)
    right = [key for key in expected if tree.get(key) == expected[key]]
    assert len(right) > 5
    feeds.failing = ()
    again = rebuild(publisher(posts, feeds, other), batch=7)
    assert again.errors == []
    assert public_tree(feeds) == expected
