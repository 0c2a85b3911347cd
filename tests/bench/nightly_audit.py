"""One night of the audit at a site with very many posts: `python -m tests.bench.nightly_audit N`.

The state of N posts in 2,000 categories is written directly; an audit without delays writes the
documents. Then one night's audit runs against a store whose every call takes 20 ms (a listing, for
each thousand keys). It must find nothing. In a second night, it must find the posts whose messages
were lost after their records were written, and no others.
"""

from __future__ import annotations

import sys
import time
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from msgspec.structs import replace

from feeds.config_file.parse import parse_config
from feeds.maintenance.audit import ROUND_NIGHTS, AuditProgress, audit
from feeds.maintenance.post_check import Part
from feeds.model import Entry, Term
from feeds.publishing.publisher import Publisher
from feeds.runtime import ThreadedRuntime
from feeds.state import manifest_update
from feeds.state.keys import PROGRESS, manifest_key, page_key, record_hash
from feeds.state.manifest import Manifest, all_pages
from feeds.state.objects import FeedList, ObjectSnapshot, Record, build_record, encode, fingerprint
from feeds.stores.base import Object, Stat, check_mode, md5_version
from tests.bench import large
from tests.bench.hostile_batches import most_memory

CONFIG = parse_config(
    '[site]\ntitle = "S"\nurl = "https://s.example/"\n[feeds]\nformats = ["json"]\npages = false\n'
)
CATEGORIES = 2_000
POST_BYTES = 600
SECONDS = 0.02
LOST = 40
START = datetime(2026, 11, 28, 3, tzinfo=UTC)
PRICES = {"get": 0.4e-6, "head": 0.4e-6, "get_start": 0.4e-6, "put": 5e-6, "list": 5e-6}
"""S3's list prices in dollars for a call (us-east-1, 2026-11); a DELETE is free."""
GIGABYTE_SECOND = 0.0000133334
"""Lambda's price for arm64 in dollars (us-east-1, 2026-11)."""


class SlowStore:
    """Objects in memory, in the order of their keys; each call is counted, and takes its time."""

    url = "memory:"
    is_remote = is_shared = False

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, Stat]] = {}
        self.calls: Counter[str] = Counter()
        self.seconds = 0.0
        self.time = START
        self._keys: list[str] = []

    def _call(self, name: str) -> None:
        self.calls[name] += 1
        if self.seconds:
            time.sleep(self.seconds)

    def get(self, key: str, limit: int | None = None) -> Object | None:
        self._call("get")
        stored = self.objects.get(key)
        return Object(zlib.decompress(stored[0]), stored[1]) if stored else None

    def get_start(self, key: str, size: int) -> bytes | None:
        self._call("get_start")
        stored = self.objects.get(key)
        return zlib.decompress(stored[0])[:size] if stored else None

    def head(self, key: str) -> Stat | None:
        self._call("head")
        stored = self.objects.get(key)
        return stored[1] if stored else None

    def put(
        self, key: str, data: bytes, *, mode="overwrite", media_type="", cache_control=""
    ) -> str:
        self._call("put")
        stored = self.objects.get(key)
        check_mode(mode, stored[1] if stored else None, key)
        version = md5_version(data)
        self.objects[key] = zlib.compress(data, 1), Stat(key, version, len(data), self.time)
        return version

    def delete(self, key: str) -> None:
        self._call("delete")
        self.objects.pop(key, None)

    def list(self, prefix: str = "") -> Iterator[Stat]:
        if len(self._keys) != len(self.objects):
            self._keys = sorted(self.objects)
        keys, listed = self._keys, 0
        at = bisect_left(keys, prefix)
        while at < len(keys) and keys[at].startswith(prefix):
            if listed % 1_000 == 0:
                self._call("list")
            if stored := self.objects.get(keys[at]):
                yield stored[1]
            listed += 1
            at += 1
        if not listed:
            self._call("list")


class PostList:
    """The posts of the site: a listing, and nothing else."""

    url = "memory:"
    is_remote = is_shared = False

    def __init__(self, count: int) -> None:
        self.count, self.calls, self.seconds = count, Counter[str](), 0.0

    def list(self, prefix: str = "") -> Iterator[Stat]:
        assert not prefix
        for number in reversed(range(self.count)):
            if number % 1_000 == 0:
                self.calls["list"] += 1
                time.sleep(self.seconds)
            yield Stat(large.key(number), f"v{number}", POST_BYTES, large.published(number))


class Clock(ThreadedRuntime):
    """A runtime whose clock the benchmark moves."""

    time = START

    def now(self) -> datetime:
        return self.time


def write_state(store: SlowStore, publisher: Publisher, count: int) -> None:
    """Write the records and indexes of the site."""
    current = fingerprint(CONFIG)
    by_feed: dict[str, list[Entry]] = {"": []}
    store.time = START - timedelta(days=2)
    for number, entry in enumerate(large.entries(count, POST_BYTES, CONFIG)):
        category = Term("category", f"c{number % CATEGORIES}", f"c{number % CATEGORIES}")
        filled = replace(entry, terms=(category,))
        by_feed[""].append(filled)
        by_feed.setdefault(category.path, []).append(filled)
        snapshot = ObjectSnapshot(f"v{count - 1 - number}", filled)
        record = build_record(current, Record(), {filled.key: snapshot}, CONFIG, START)
        store.put(publisher.record_name(filled.key), encode(replace(record, token="t")))
    for path, entries in by_feed.items():
        write_index(store, path, entries)
    store.put("state/feed_list.json", encode(FeedList(token="t")))


def write_index(store: SlowStore, path: str, entries: list[Entry]) -> None:
    """Write an index with these entries, oldest first."""
    names = iter(range(10**9))
    update = manifest_update.apply_changes(
        Manifest(),
        (),
        entries,
        limit=CONFIG.feeds.limit,
        archives=True,
        reader=NoPages(),
        new_name=lambda: f"p{next(names)}",
        now=0,
    )
    for name, page in {**update.pages, **update.page_lists}.items():
        store.put(page_key(path, name), encode(page))
    title = CONFIG.site.title if not path else path.partition("/")[2]
    manifest = replace(
        update.manifest, token="t", title=title, config_fingerprint=fingerprint(CONFIG), pending={}
    )
    store.put(manifest_key(path), encode(manifest))


class NoPages:
    """Reads no page: the indexes are new."""

    def page(self, name: str) -> tuple[Entry, ...]:
        raise AssertionError(name)

    page_list = page


def lose(store: SlowStore, publisher: Publisher, count: int, part: int) -> set[str]:
    """Remove some entries of the night's part from the indexes; return the keys of their posts."""
    chosen: set[str] = set()
    numbers = Random(1)
    here = Part(part, ROUND_NIGHTS)
    while len(chosen) < min(LOST, count // (4 * ROUND_NIGHTS)):
        key = large.key(numbers.randrange(count))
        if here.has(record_hash(publisher.record_name(key))):
            chosen.add(key)
    lost_paths = {""}
    for key in chosen:
        record = publisher.read_record(publisher.record_name(key))
        lost_paths.update(record.feeds)
    for path in lost_paths:
        index = publisher.read_index(path)
        pages = all_pages(index.manifest, index.pages)
        kept = [entry for page in pages for entry in index.pages.page(page.object)]
        kept = [entry for entry in (*kept, *index.manifest.entries) if entry.key not in chosen]
        prefix = manifest_key(path).removesuffix("manifest.json")
        for stat in list(store.list(prefix)):
            store.delete(stat.key)
        write_index(store, path, kept)
    return chosen


def night(store: SlowStore, posts: PostList, publisher: Publisher, seconds: float) -> list[str]:
    """Run the audit of the next night with calls of so many seconds; print and return its keys."""
    runtime = publisher.runtime
    assert isinstance(runtime, Clock)
    runtime.time += timedelta(days=1)
    store.time = runtime.time
    store.calls.clear()
    posts.calls.clear()
    store.seconds = posts.seconds = seconds
    sent: list[str] = []
    start, processor = time.perf_counter(), time.process_time()
    report = audit(publisher, sent.append)
    took, used = time.perf_counter() - start, time.process_time() - processor
    store.seconds = posts.seconds = 0.0
    calls = store.calls + posts.calls
    dollars = sum(PRICES.get(name, 0) * number for name, number in calls.items())
    function = took * GIGABYTE_SECOND  # a memory of 1 GB
    print(
        f"{took:.0f} s, {used:.0f} s of processor time, {dict(calls)}; a month: "
        f"{30 * dollars:.2f} $ for S3, {30 * function:.2f} $ for Lambda; {report}",
        flush=True,
    )
    assert not report.errors, report.errors[:3]
    return sent


def main(count: int = 1_000_000, seconds: float = SECONDS) -> None:
    """Measure two nights."""
    store, posts = SlowStore(), PostList(count)
    publisher = Publisher(posts, store, CONFIG, Clock())
    write_state(store, publisher, count)
    print(
        f"{count:,} posts: {len(store.objects):,} objects of state, {most_memory()} MB", flush=True
    )
    assert not night(store, posts, publisher, 0)  # writes the documents
    progress = AuditProgress(started=publisher.runtime.now())
    store.put(PROGRESS, encode(progress))
    assert not night(store, posts, publisher, seconds), "found something, and nothing was lost"
    chosen = lose(store, publisher, count, 1)
    assert not night_without_comparison(store, posts, publisher)
    assert {*night(store, posts, publisher, seconds)} == chosen
    print(f"the {len(chosen)} lost posts were found; {most_memory()} MB with the store", flush=True)


def night_without_comparison(store: SlowStore, posts: PostList, publisher: Publisher) -> list[str]:
    """Write the documents of the changed indexes, without a comparison in depth."""
    from feeds.maintenance.feed_check import FeedCheck
    from feeds.maintenance.findings import Findings

    sent: list[str] = []
    FeedCheck(Findings(publisher, sent.append, dry=False)).repair_feeds()
    del posts
    return sent


if __name__ == "__main__":
    main(*(int(number) for number in sys.argv[1:2]))
