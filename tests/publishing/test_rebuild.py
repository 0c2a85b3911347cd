"""Publishing everything: an old bucket, a new feeds.toml, and stopping in the middle."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count

import pytest
from support.published import filled
from support.yardstick import full_build, public_tree

from feeds.config_file import parse_config
from feeds.errors import Unavailable
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.publishing.rebuild import rebuild
from feeds.runtime import ThreadedRuntime
from feeds.state.keys import FEED_LIST, manifest_key, record_key
from feeds.stores.counted import Counted
from feeds.stores.memory import MemoryStore

BASE = '[site]\ntitle = "{title}"\nurl = "https://s.example/"\n[feeds]\nlimit = {limit}\n'


def settings(title: str = "S", limit: int = 3, more: str = ""):
    return parse_config(BASE.format(title=title, limit=limit) + more)


def publisher(posts: MemoryStore, feeds: MemoryStore, one) -> Publisher:
    return Publisher(posts, Counted(feeds), one, ThreadedRuntime(threads=4))


def test_a_bucket_that_had_posts_before_gets_all_its_feeds():
    posts, feeds, one = filled(), MemoryStore(), settings()
    done = rebuild(publisher(posts, feeds, one), batch=7)
    assert done.posts == 30
    assert public_tree(feeds) == full_build(posts, feeds, one)
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
    ],
    ids=["title", "limit", "archives", "formats", "more feeds", "other feeds", "content", "ids"],
)
def test_a_new_configuration_reaches_every_document_archive_pages_too(other):
    posts, feeds, one = filled(), MemoryStore(), settings()
    rebuild(publisher(posts, feeds, one))
    rebuild(publisher(posts, feeds, other))
    now, expected = public_tree(feeds), full_build(posts, feeds, other)
    gone_formats = {key for key in now if key not in expected}
    if other.feeds.formats == one.feeds.formats:
        assert not gone_formats
    assert {key: data for key, data in now.items() if key in expected} == expected
    rebuild(publisher(posts, feeds, one))
    assert public_tree(feeds) == full_build(posts, feeds, one)


def test_what_was_done_is_not_done_again_after_a_stop():
    posts, feeds, one = filled(), MemoryStore(), settings()
    first = publisher(posts, feeds, one)
    with pytest.raises(KeyboardInterrupt):
        rebuild(first, progress=stop_at(20), batch=10)
    second = publisher(posts, feeds, one)
    done = rebuild(second, batch=10)
    assert (done.skipped, done.posts) == (20, 10)
    assert public_tree(feeds) == full_build(posts, feeds, one)
    third = publisher(posts, feeds, one)
    done = rebuild(third, batch=10)
    assert (done.skipped, done.posts, done.documents) == (30, 0, 0)


def stop_at(count: int):
    def progress(done: int, _total: int) -> None:
        if done >= count:
            raise KeyboardInterrupt

    return progress


def test_posts_that_went_without_an_event_leave_their_feeds():
    posts, feeds, one = filled(), MemoryStore(), settings()
    rebuild(publisher(posts, feeds, one))
    for number in (3, 4, 5):
        posts.delete(f"{number}.md")
    done = rebuild(publisher(posts, feeds, one))
    assert done.gone == 3
    assert public_tree(feeds) == full_build(posts, feeds, one)


class StopAt:
    """A store whose user presses Ctrl-C before a write or after it."""

    def __init__(self, store: MemoryStore, number: int, after: bool) -> None:
        self.store, self.number, self.after = store, number, after
        self.url, self.get, self.head, self.list = store.url, store.get, store.head, store.list

    def put(self, *args, **kinds) -> str:
        with self._counted():
            return self.store.put(*args, **kinds)

    def delete(self, key: str) -> None:
        with self._counted():
            self.store.delete(key)

    @contextmanager
    def _counted(self):
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
def test_a_rebuild_that_was_stopped_at_any_write_is_finished_by_the_next(other, after):
    one = settings(limit=2, more=SMALL)
    to = settings(limit=2, more=other)
    stops = 0
    for number in count(1):
        posts, feeds = filled(5), MemoryStore()
        if to != one:
            for gone in ("3.md", "2.md"):  # each the only one of its category
                rebuild(Publisher(posts, feeds, one, ThreadedRuntime(threads=1)))
                posts.delete(gone)
        store = StopAt(feeds, number, after)
        try:
            rebuild(Publisher(posts, store, to, ThreadedRuntime(threads=1)), batch=2)
        except KeyboardInterrupt:
            stops += 1
        rebuild(Publisher(posts, feeds, to, ThreadedRuntime(threads=1)), batch=2)
        assert public_tree(feeds) == full_build(posts, feeds, to), f"stopped at write {number}"
        if stops < number:
            break
    assert stops > 20
    assert [stat.key for stat in feeds.list("state/journal/")] == []


class Refuses(Counted):
    """A store that takes no manifest of one feed."""

    def put(self, key: str, data: bytes, **kinds) -> str:
        if key == manifest_key("category/c1"):
            raise Unavailable(f"{key}: 503")
        return super().put(key, data, **kinds)


def test_what_the_store_refused_is_done_by_the_next_rebuild():
    posts, feeds, one = filled(8), MemoryStore(), settings()
    done = rebuild(Publisher(posts, Refuses(feeds), one, ThreadedRuntime(threads=1)))
    assert done.errors == ["category/c1: state/feeds/category/c1/manifest.json: 503"]
    assert public_tree(feeds) != full_build(posts, feeds, one)
    done = rebuild(publisher(posts, feeds, one))
    assert (done.posts, done.errors) == (2, [])
    assert public_tree(feeds) == full_build(posts, feeds, one)


# --- state that is damaged, or of another version ------------------------------------------------

OLD = b'{"token":"t","of_another_version":1}'
UNREADABLE = {
    "the list of feeds": lambda key: key == FEED_LIST,
    "one manifest": lambda key: key == manifest_key("category/c1"),
    "one record": lambda key: key == record_key("3.md"),
    "every manifest": lambda key: key.endswith("/manifest.json"),
    "all state": lambda key: not key.startswith("state/feeds/") or "/pages/" not in key,
}


def site_with_old_state(which: str, one) -> tuple[MemoryStore, MemoryStore]:
    posts, feeds = filled(10), MemoryStore()
    rebuild(publisher(posts, feeds, one))
    keys = [stat.key for stat in feeds.list("state/") if UNREADABLE[which](stat.key)]
    assert keys
    for key in keys:
        feeds.put(key, OLD)
    return posts, feeds


@pytest.mark.parametrize("which", UNREADABLE)
def test_a_rebuild_replaces_state_of_another_version(which):
    one = settings(limit=2, more=SMALL)
    posts, feeds = site_with_old_state(which, one)
    posts.delete("5.md")
    posts.put("new.md", b"---\ntitle: New\ndate: 2026-01-01\ncategory: c1\n---\nx\n")
    assert rebuild(publisher(posts, feeds, one)).errors == []
    assert public_tree(feeds) == full_build(posts, feeds, one)
    assert all(feeds.get(stat.key).data != OLD for stat in feeds.list("state/"))
    assert rebuild(publisher(posts, feeds, one)).posts == 0


@pytest.mark.slow
@pytest.mark.parametrize("which", ["one manifest", "all state"])
def test_a_rebuild_that_replaces_state_can_be_stopped_at_any_write(which):
    one = settings(limit=2, more=SMALL)
    for number in count(1):
        posts, feeds = site_with_old_state(which, one)
        try:
            rebuild(
                Publisher(posts, StopAt(feeds, number, False), one, ThreadedRuntime(threads=1)),
                batch=4,
            )
        except KeyboardInterrupt:
            rebuild(publisher(posts, feeds, one))
            assert public_tree(feeds) == full_build(posts, feeds, one), f"stopped at {number}"
        else:
            break
    assert number > 20


def test_the_record_of_a_deleted_post_is_replaced_when_it_is_unreadable():
    one = settings()
    posts, feeds = filled(4), MemoryStore()
    rebuild(publisher(posts, feeds, one))
    posts.delete("3.md")
    publisher(posts, feeds, one).publish([Message("m", ("3.md",), 1, ())])
    feeds.put(record_key("3.md"), OLD)
    rebuild(publisher(posts, feeds, one))
    assert feeds.get(record_key("3.md")).data != OLD
    assert public_tree(feeds) == full_build(posts, feeds, one)
