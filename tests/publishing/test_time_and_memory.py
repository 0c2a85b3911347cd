"""A batch stops when its time is over, and the next delivery goes on; its memory is bounded."""

from __future__ import annotations

import gc
import threading
import time
import tracemalloc

import pytest
from support.audited import everything
from support.published import Later
from support.sites import post, settings
from support.yardstick import build_documents, public_tree

from feeds.publishing.batch import Time
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.publishing.turns import Turns
from feeds.runtime import ThreadedRuntime
from feeds.stores.counted import Counted
from feeds.stores.memory import MemoryStore

CONFIG = settings()
NAMES = [f"c{number:02}" for number in range(20)]


class Looks(Time):
    """A time that is over after so many looks at it."""

    def __init__(self, reads: int, feeds: int) -> None:
        self.reads, self.feeds = reads, feeds

    def is_half_over(self) -> bool:
        self.reads -= 1
        return self.reads < 0

    def is_over(self) -> bool:
        self.feeds -= 1
        return self.feeds < 0


class Site:
    """Posts, and a worker without threads: each delivery comes to the same feeds."""

    def __init__(self, texts: dict[str, bytes]) -> None:
        self.posts, self.feeds = MemoryStore(), MemoryStore()
        self.runtime = Later()
        self.runtime.threads = 1
        for key, text in texts.items():
            self.posts.put(key, text)
        self.written: list[str] = []

    def deliver(self, *keys: str, received: int, reads: int = 1_000, feeds: int = 1_000):
        feeds_store = Writes(self.feeds, self.written)
        publisher = Publisher(self.posts, feeds_store, CONFIG, self.runtime)
        messages = [Message(key, (key,), received, ()) for key in keys]
        return publisher.publish(messages, Looks(reads, feeds))

    def is_right(self) -> bool:
        built = build_documents(self.posts, CONFIG, self.runtime.now(), [])
        return built == public_tree(self.feeds)


class Writes(Counted):
    """A store that notes the keys of its writes."""

    def __init__(self, store: MemoryStore, written: list[str]) -> None:
        super().__init__(store)
        self.written = written

    def put(self, key: str, data: bytes, **more) -> str:
        self.written.append(key)
        return super().put(key, data, **more)


WIDE = post("Wide", "2026-01-01", f"categories: [{', '.join(NAMES)}]")


def test_each_delivery_updates_feeds_that_no_delivery_has_updated() -> None:
    site = Site({"wide.md": WIDE})
    failed = []
    for received in range(1, 4):
        result = site.deliver("wide.md", received=received, feeds=7)
        failed.append([*result.failed])
    assert failed == [["wide.md"], ["wide.md"], []]
    manifests = [key for key in site.written if key.endswith("/manifest.json")]
    assert len(manifests) == len(set(manifests)) == 21
    assert site.is_right()


def test_the_log_says_how_much_is_left() -> None:
    site = Site({"wide.md": WIDE, "a.md": post("A", "2026-01-02"), "b.md": post("B", "2026-01-03")})
    result = site.deliver("a.md", "b.md", "wide.md", received=1, reads=2)
    assert result.errors == ("posts for which no time was left: 1; the next delivery has them",)
    result = site.deliver("wide.md", received=1, feeds=5)
    assert result.errors == ("feeds for which no time was left: 16; the next delivery has them",)


def test_posts_that_were_not_read_come_again_and_the_others_are_done() -> None:
    texts = {f"{number}.md": post(f"P{number}", "2026-01-01") for number in range(5)}
    site = Site(texts)
    result = site.deliver(*texts, received=1, reads=2)
    assert len(result.failed) == 3
    result = site.deliver(*sorted(result.failed), received=2, reads=3)
    assert not result.failed
    assert site.is_right()


@pytest.mark.parametrize(
    "change",
    [
        lambda site: site.posts.put("wide.md", WIDE.replace(b"Wide", b"Other")),
        lambda site: site.posts.put("wide.md", WIDE.replace(b"01-01", b"01-02")),
        lambda site: site.posts.put("wide.md", WIDE.replace(b"title:", b"draft: true\ntitle:")),
        lambda site: site.posts.delete("wide.md"),
    ],
)
def test_a_change_between_two_deliveries_updates_all_feeds(change) -> None:
    site = Site({"wide.md": WIDE})
    site.deliver("wide.md", received=1, feeds=7)
    change(site)
    site.deliver("wide.md", received=2)
    built = build_documents(site.posts, CONFIG, site.runtime.now(), [])
    tree = public_tree(site.feeds)
    assert all(tree[key] == built[key] for key in built)
    assert b"Wide" not in b"".join(tree.values()) or b"Wide" in b"".join(built.values())


def test_the_time_that_a_post_waits_for_comes_between_two_deliveries() -> None:
    site = Site({"wide.md": WIDE.replace(b"2026-01-01", b"2026-07-01")})
    site.deliver("wide.md", received=1, feeds=7)
    site.runtime.time = site.runtime.time.replace(month=8)
    assert not site.deliver("wide.md", received=2).failed
    assert site.is_right()
    assert b"Wide" in public_tree(site.feeds)["category/c00/feed.json"]


def test_a_batch_without_an_end_leaves_nothing() -> None:
    site = Site({"wide.md": WIDE})
    publisher = Publisher(site.posts, site.feeds, CONFIG, ThreadedRuntime())
    assert not publisher.publish([Message("m", ("wide.md",), 1, ())]).failed
    assert site.is_right()


def test_time_passes() -> None:
    short = Time(0.2)
    assert not short.is_half_over()
    time.sleep(0.12)
    assert short.is_half_over()
    assert not short.is_over()
    time.sleep(0.1)
    assert short.is_over()


# --- memory --------------------------------------------------------------------------------------


def test_large_feeds_wait_for_each_other_and_small_ones_do_not() -> None:
    turns, most, lock = Turns(max_text=100), {"at once": 0, "text": 0}, threading.Lock()
    sizes = {"large": 90, "larger": 150, **{f"small {number}": 10 for number in range(30)}}
    active: list[str] = []

    def work(path: str) -> None:
        with turns.turn(path) as turn:
            turn.size = sizes[path]
            with lock:
                active.append(path)
                most["at once"] = max(most["at once"], len(active))
                if len(active) > 1:
                    most["text"] = max(most["text"], sum(sizes[other] for other in active))
            time.sleep(0.005)
            with lock:
                active.remove(path)

    runtime = ThreadedRuntime()
    for path in ("larger", "large"):
        work(path)
    for _ in range(3):
        runtime.map(work, list(sizes))
    assert most["at once"] == 10
    assert most["text"] <= 100


def test_a_turn_ends_with_an_error_too() -> None:
    turns = Turns(max_text=100)

    def fail() -> None:
        with turns.turn("a") as turn:
            turn.size = 1_000
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with turns.turn("b"):
        pass


def test_the_list_of_feeds_keeps_no_index_in_memory() -> None:
    config = settings(feeds='formats = ["json"]\narchives = false\npages = false')
    categories = ", ".join(f"c{number}" for number in range(40))
    text = post("many", date="2026-01-01", more=f"categories: [{categories}]", body="word " * 9_000)
    posts, feeds = MemoryStore(), MemoryStore()
    posts.put("many.md", text)
    runtime = Later()
    publisher = Publisher(posts, feeds, config, runtime)
    result = publisher.publish([Message("m", ("many.md",), 1, ())])
    paths = publisher.feed_paths()
    assert not result.failures
    assert len(paths) == 41
    index_bytes = min(len(data) for key, data in everything(feeds).items() if "manifest" in key)
    runtime.threads = 1
    gc.collect()
    tracemalloc.start()
    try:
        publisher.update_feed_list(paths)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 10 * index_bytes


@pytest.mark.slow
@pytest.mark.parametrize("case", [0, 2, 3, 4])
def test_the_worst_batches_need_little_memory(case: int) -> None:
    from tests.bench.hostile_batches import CASES, measure_alone

    figures = measure_alone([*CASES][case], 0.2)
    assert max(figure["MB"] for figure in figures) < 400
    assert figures[-1]["left"] == 0
