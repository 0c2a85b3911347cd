"""Measures a burst: thousands of new posts at once, and a few workers that publish them.

The store is in memory and takes 20 ms for each call, as S3 does; its messages come in any order, as
SQS's may. With `--by-age` the oldest post is first, as when an audit fills a queue. Workers are
threads of one process, so Python code runs in one of them at a time: what is measured is how the
protocol copes with rivals, and what it costs in calls. Afterwards the public tree must be what one
full build writes.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from feeds import config
from feeds.events import Message
from feeds.local import LocalStore
from feeds.publish import Publisher
from feeds.rebuild import rebuild
from feeds.store import MemoryStore, Object, Stat, Store
from feeds.world import Counted, RealWorld
from tests import yardstick
from tests.bench import corpus

LATENCY = 0.02
WORKERS = 4
SIZES = (10, 100, 1000)

CONFIG = config.parse(
    '[site]\ntitle = "Benchmark"\nurl = "https://news.example.com/"\n'
    '[feeds]\nurl = "https://feeds.example.com/"\n'
)


class Slow(Counted):
    """A store that takes its time."""

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
        version: str | None = None,
        media_type: str = "",
        cache_control: str = "",
    ) -> str:
        time.sleep(LATENCY)
        return super().put(key, data, version=version, media_type=media_type)

    def delete(self, key: str) -> None:
        time.sleep(LATENCY)
        super().delete(key)

    def list(self, prefix: str = "") -> Iterator[Stat]:
        raise AssertionError("nothing on the path of an upload lists a bucket")


class Listed(Slow):
    """A slow store that may be listed, a thousand keys a call: by a rebuild."""

    def list(self, prefix: str = "") -> Iterator[Stat]:
        for number, stat in enumerate(Counted.list(self, prefix)):
            if number % 1000 == 0:
                time.sleep(LATENCY)
            yield stat


class Burst:
    """Messages that wait, and workers that take some at a time until there are none."""

    def __init__(self, posts: Store, keys: list[str], size: int, workers: int = WORKERS) -> None:
        self.posts, self.feeds, self.size = Slow(posts), Slow(MemoryStore()), size
        self.workers = workers
        self.waiting = deque(Message(key, (key,), 1, ()) for key in keys)
        self.lock = threading.Lock()
        self.conflicts = self.again = self.batches = 0
        self.errors: list[BaseException] = []

    def run(self) -> float:
        """Publish everything, and say how many seconds it took."""
        start = time.perf_counter()
        threads = [threading.Thread(target=self._work) for _ in range(self.workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.errors:
            raise self.errors[0]
        return time.perf_counter() - start

    def _work(self) -> None:
        publisher = Publisher(self.posts, self.feeds, CONFIG, RealWorld())
        try:
            while batch := self._taken():
                failed = publisher.publish(batch).failed
                with self.lock:
                    self.batches += 1
                    self.again += len(failed)
                    for message in batch:
                        if message.id in failed:
                            again = Message(message.id, message.keys, message.received + 1, ())
                            self.waiting.append(again)
        except BaseException as error:
            self.errors.append(error)
        with self.lock:
            self.conflicts += publisher.conflicts

    def _taken(self) -> list[Message]:
        with self.lock:
            return [self.waiting.popleft() for _ in range(min(self.size, len(self.waiting)))]


def main(count: int, sizes: Sequence[int], workers: int, by_age: bool, also_rebuild: bool) -> None:
    """Measure, compare with the full build, and print a table."""
    posts = MemoryStore()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        corpus.write(Path(folder), count)
        written = LocalStore(folder)
        for stat in written.list():
            if found := written.get(stat.key):
                posts.put(stat.key, found.data)
    keys = [stat.key for stat in posts.list()]
    if not by_age:
        Random(count).shuffle(keys)
    print(
        f"{count:,} new posts in {corpus.CATEGORIES} categories at once, {workers} workers, "
        f"{'oldest first' if by_age else 'in any order'}, {LATENCY * 1000:.0f} ms for each call"
    )
    columns = ("messages a batch", "s", "posts/s", "calls/post", "PUTs/post", "conflicts", "again")
    print("".join(f"{column:>{width}}" for column, width in zip(columns, WIDTHS, strict=True)))
    for size in sizes:
        burst = Burst(posts, keys, size, workers)
        seconds = burst.run()
        wrong = yardstick.wrong(posts, burst.feeds.store, CONFIG)
        assert not wrong, wrong[:10]
        calls: Counter[str] = burst.posts.calls + burst.feeds.calls
        cells = (
            f"{size:,}",
            f"{seconds:.1f}",
            f"{count / seconds:,.0f}",
            f"{calls.total() / count:.1f}",
            f"{calls['put'] / count:.1f}",
            f"{burst.conflicts:,}",
            f"{burst.again:,}",
        )
        row = "".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True))
        print(f"{row}  the tree is the full build's", flush=True)
    if also_rebuild:
        rebuilt(posts, count)


WIDTHS = (16, 8, 10, 12, 11, 11, 8)


def rebuilt(posts: Store, count: int) -> None:
    """Measure `feeds rebuild` of the same posts, and print a line."""
    source, feeds = Listed(posts), Listed(MemoryStore())
    start = time.perf_counter()
    done = rebuild(Publisher(source, feeds, CONFIG, RealWorld()))
    seconds = time.perf_counter() - start
    assert not done.errors, done.errors[:10]
    assert not yardstick.wrong(posts, feeds.store, CONFIG)
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
