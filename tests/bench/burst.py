"""Measures a burst: a few workers publish thousands of new posts.

A storage call takes 20 ms, as in S3. Messages come in random order, as from SQS; with `--by-age`
the oldest post comes first, as when an audit fills the queue. First one worker publishes the posts,
with everything in memory. Then several do, each a process as in the cloud, with everything in
folders, which costs more CPU time. The bound is the rate of a worker that only waits for the calls
of the single worker, as many at once as it has threads. Afterwards the public tree must equal a
full build.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import Empty, Queue
from random import Random
from typing import NamedTuple

from feeds.config_file.parse import parse_config
from feeds.maintenance.rebuild import rebuild
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.runtime import ThreadedRuntime
from feeds.stores.base import Object, PutMode, Stat, Store
from feeds.stores.counted import Counted
from feeds.stores.local import LocalStore
from feeds.stores.memory import MemoryStore
from tests.bench import corpus
from tests.support.yardstick import differences

LATENCY = 0.02
WORKERS = 2
SIZES = (10, 100)

CONFIG = parse_config(
    '[site]\ntitle = "Benchmark"\nurl = "https://news.example.com/"\n'
    '[feeds]\nurl = "https://feeds.example.com/"\n'
)


class Slow(Counted):
    """A store in which each call takes `LATENCY` seconds."""

    def get(self, key: str, limit: int | None = None) -> Object | None:
        time.sleep(LATENCY)
        return super().get(key, limit)

    def head(self, key: str) -> Stat | None:
        time.sleep(LATENCY)
        return super().head(key)

    def put(
        self,
        key: str,
        data: bytes,
        *,
        mode: PutMode = "overwrite",
        media_type: str = "",
        cache_control: str = "",
    ) -> str:
        time.sleep(LATENCY)
        return super().put(key, data, mode=mode, media_type=media_type)

    def delete(self, key: str) -> None:
        time.sleep(LATENCY)
        super().delete(key)

    def list(self, prefix: str = "") -> Iterator[Stat]:
        raise AssertionError("nothing on the path of an upload lists a bucket")


class SlowListable(Slow):
    """A slow store that a rebuild may list, 1,000 keys a call."""

    def list(self, prefix: str = "") -> Iterator[Stat]:
        for number, stat in enumerate(Counted.list(self, prefix)):
            if number % 1000 == 0:
                time.sleep(LATENCY)
            yield stat


class Work(NamedTuple):
    """The storage calls, conflicts and redelivered messages of a worker."""

    calls: Counter[str]
    conflicts: int
    redelivered: int


class Measured(NamedTuple):
    """The seconds of a burst, and the work of all its workers."""

    seconds: float
    work: Work


def alone(posts: Store, feeds: Store, keys: Sequence[str], size: int) -> Measured:
    """Publish posts with one worker in this process, `size` messages at a time."""
    waiting = _filled(Queue(), keys)
    start = time.perf_counter()
    work = _work(posts, feeds, waiting, size)
    return Measured(time.perf_counter() - start, work)


def burst(posts: Path, feeds: Path, keys: Sequence[str], size: int, workers: int) -> Measured:
    """Publish posts with this number of processes, into a new folder."""
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(workers) as pool:
        waiting = _filled(manager.Queue(), keys)
        pool.starmap(_ready, [()] * workers, chunksize=1)
        start = time.perf_counter()
        given = [(str(posts), str(feeds), waiting, size)] * workers
        done = pool.starmap(_in_folders, given, chunksize=1)
        seconds = time.perf_counter() - start
    calls = sum((work.calls for work in done), Counter[str]())
    work = Work(calls, sum(w.conflicts for w in done), sum(w.redelivered for w in done))
    return Measured(seconds, work)


def _filled(waiting: Queue[Message], keys: Sequence[str]) -> Queue[Message]:
    for key in keys:
        waiting.put(Message(key, (key,), 1, ()))
    return waiting


def _ready() -> None:
    """Wait until every worker has started and imported its modules."""
    time.sleep(1)


def _in_folders(posts: str, feeds: str, waiting: Queue[Message], size: int) -> Work:
    return _work(LocalStore(posts), LocalStore(feeds), waiting, size)


def _work(posts: Store, feeds: Store, waiting: Queue[Message], size: int) -> Work:
    source, target = Slow(posts), Slow(feeds)
    publisher = Publisher(source, target, CONFIG, ThreadedRuntime())
    conflicts = redelivered = 0
    while batch := _take(waiting, size):
        result = publisher.publish(batch)
        conflicts += sum(result.conflicts.values())
        redelivered += len(result.failed)
        for message in batch:
            if message.id in result.failed:
                waiting.put(Message(message.id, message.keys, message.received + 1, ()))
    return Work(source.calls + target.calls, conflicts, redelivered)


def _take(waiting: Queue[Message], size: int) -> list[Message]:
    batch: list[Message] = []
    while len(batch) < size:
        try:
            batch.append(waiting.get_nowait())
        except Empty:
            break
    return batch


def main(count: int, sizes: Sequence[int], workers: int, by_age: bool, also_rebuild: bool) -> None:
    """Measure, compare with the full build, and print a table."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        measured(Path(folder), count, sizes, workers, by_age)
        if also_rebuild:
            rebuilt(LocalStore(Path(folder) / "posts"), count)


def measured(folder: Path, count: int, sizes: Sequence[int], workers: int, by_age: bool) -> None:
    """Measure one worker, then all of them, with batches of each size."""
    corpus.write(folder / "posts", count)
    written, posts = LocalStore(folder / "posts"), MemoryStore()
    for stat in written.list():
        if found := written.get(stat.key):
            posts.put(stat.key, found.data)
    keys = [stat.key for stat in posts.list()]
    if not by_age:
        Random(count).shuffle(keys)
    print(
        f"{count:,} new posts in {corpus.CATEGORIES} categories at once, "
        f"{'oldest first' if by_age else 'in any order'}, {LATENCY * 1000:.0f} ms for each call"
    )
    print("".join(f"{column:>{width}}" for column, width in COLUMNS.items()))
    for size in sizes:
        bound = 0.0
        for some in dict.fromkeys((1, workers)):
            if some == 1:
                feeds: Store = MemoryStore()
                done = alone(posts, feeds, keys, size)
            else:
                feeds = LocalStore(folder / f"feeds-{size}")
                done = burst(folder / "posts", folder / f"feeds-{size}", keys, size, some)
            wrong = differences(posts, feeds, CONFIG)
            assert not wrong, wrong[:10]
            calls, rate = done.work.calls, count / done.seconds / some
            bound = bound or ThreadedRuntime().threads / (LATENCY * calls.total() / count)
            cells = (
                f"{size:,}",
                f"{some}",
                f"{done.seconds:.1f}",
                f"{count / done.seconds:,.0f}",
                f"{rate:,.0f}",
                f"{bound:,.0f}",
                f"{rate / bound:.0%}",
                f"{calls.total() / count:.1f}",
                f"{calls['put'] / count:.1f}",
                f"{done.work.conflicts:,}",
                f"{done.work.redelivered:,}",
            )
            widths = COLUMNS.values()
            row = "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
            print(f"{row}  the tree is the full build's", flush=True)


COLUMNS = {
    "a batch": 8,
    "workers": 9,
    "s": 8,
    "posts/s": 9,
    "a worker": 10,
    "bound": 7,
    "of it": 7,
    "calls/post": 12,
    "PUTs/post": 11,
    "conflicts": 11,
    "redelivered": 13,
}


def rebuilt(posts: Store, count: int) -> None:
    """Measure `feeds rebuild` of the same posts, and print a line."""
    source, feeds = SlowListable(posts), SlowListable(MemoryStore())
    start = time.perf_counter()
    done = rebuild(Publisher(source, feeds, CONFIG, ThreadedRuntime()))
    seconds = time.perf_counter() - start
    assert not done.errors, done.errors[:10]
    assert not differences(posts, feeds.store, CONFIG)
    calls = source.calls + feeds.calls
    print(
        f"feeds rebuild: {seconds:.1f} s, {count / seconds:,.0f} posts/s, "
        f"{calls.total() / count:.1f} calls and {calls['put'] / count:.1f} PUTs a post"
    )


if __name__ == "__main__":
    words = argparse.ArgumentParser(description="Measure a burst of uploads.")
    words.add_argument("count", nargs="?", type=int, default=10_000, help="how many posts")
    words.add_argument("sizes", nargs="*", type=int, default=SIZES, help="messages a batch")
    words.add_argument("--workers", type=int, default=WORKERS)
    words.add_argument("--by-age", action="store_true", help="the oldest post first")
    words.add_argument("--rebuild", action="store_true", help="and a rebuild of the same posts")
    given = words.parse_args()
    main(given.count, given.sizes, given.workers, given.by_age, given.rebuild)
