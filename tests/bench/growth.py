"""Measures the cost of one upload as a site grows: calls, bytes and CPU time.

Everything is in memory and in one thread, so that it measures only this program. All posts are in
one category, the worst case for the index. Uploads are new posts, one at a time. They fill more
than one archive page, so that the mean includes the cost of closing pages. Afterwards the benchmark
checks that the feeds have the new posts in order.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from feeds.config_file.parse import parse_config
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.runtime import ThreadedRuntime
from feeds.stores.base import Object, PutMode
from feeds.stores.counted import Counted
from feeds.stores.memory import MemoryStore
from tests.bench import large, plot

SIZES = (1_000, 10_000, 100_000, 1_000_000)
UPLOADS = 100
POST_BYTES = 4_500

CONFIG = parse_config(
    '[site]\ntitle = "Benchmark"\nurl = "https://news.example.com/"\n'
    '[feeds]\nurl = "https://feeds.example.com/"\n'
)


class ByteCounted(Counted):
    """A store that counts the bytes read and written."""

    def get(self, key: str, limit: int | None = None) -> Object | None:
        """Read an object (`Store.get`)."""
        found = super().get(key, limit)
        self.calls["bytes read"] += len(found.data) if found else 0
        return found

    def put(
        self,
        key: str,
        data: bytes,
        *,
        mode: PutMode = "overwrite",
        media_type: str = "application/octet-stream",
        cache_control: str = "",
    ) -> str:
        """Write an object; see Store."""
        new = super().put(key, data, mode=mode, media_type=media_type, cache_control=cache_control)
        self.calls["bytes written"] += len(data)
        return new


def measured(count: int, uploads: int) -> dict[str, float]:
    """The mean cost of an upload to a site with `count` posts."""
    posts, feeds = ByteCounted(MemoryStore()), ByteCounted(MemoryStore())
    large.fill(feeds, list(large.entries(count, POST_BYTES, CONFIG)), CONFIG)
    publisher = Publisher(posts, feeds, CONFIG, ThreadedRuntime(threads=1))
    new = [-1 - number for number in range(uploads + 4)]
    for number in new:
        posts.store.put(large.key(number), large.text(number, POST_BYTES))

    def publish(number: int) -> None:
        done = publisher.publish([Message("m", (large.key(number),), 1, ())])
        assert not done.errors, done.errors
        assert done.changed

    for number in new[:4]:  # these also write the first documents and the list of feeds
        publish(number)
    gc.collect()
    gc.freeze()  # unlike a function, this process holds all posts, which slow the collector
    posts.calls.clear()
    feeds.calls.clear()
    start = time.process_time()
    for number in new[4:]:
        publish(number)
    seconds = time.process_time() - start
    gc.unfreeze()
    assert_right(feeds, new)
    calls: Counter[str] = posts.calls + feeds.calls
    names = ("get", "head", "put", "delete", "list")
    return {
        "posts": count,
        "calls": sum(calls[name] for name in names) / uploads,
        "PUTs": calls["put"] / uploads,
        "bytes read": calls["bytes read"] / uploads,
        "bytes written": calls["bytes written"] / uploads,
        "CPU ms": seconds / uploads * 1000,
    }


def assert_right(feeds: ByteCounted, new: Sequence[int]) -> None:
    """Check that the feeds and their archives have the new posts, newest first."""
    for path in large.PATHS:
        # The newest archive page may repeat entries of the feed (RFC 5005, 4).
        titles = list(dict.fromkeys(_titles(feeds, path)))
        assert titles[: len(new)] == [f"Title {number}" for number in sorted(new)], path


def _titles(feeds: ByteCounted, path: str) -> Iterator[str]:
    """The titles in a feed and its archive, newest first."""
    key = f"public/{path}/feed.json" if path else "public/feed.json"
    while found := feeds.store.get(key):
        document = json.loads(found.data)
        yield from (item["title"] for item in document["items"])
        if not (following := document.get("next_url")):
            return
        key = "public/" + following.removeprefix("https://feeds.example.com/")


def main(*sizes: int) -> None:
    """Measure, print a table, and draw docs/growth.svg where all sizes were measured."""
    print(f"an upload of {POST_BYTES:,} bytes, the mean of {UPLOADS}; all posts in one category")
    columns = ("posts", "calls", "PUTs", "bytes read", "bytes written", "CPU ms")
    print("".join(f"{column:>15}" for column in columns))
    rows = []
    for count in sizes or SIZES:
        row = measured(count, UPLOADS)
        rows.append(row)
        cells = (f"{row[name]:,.1f}" if name in _EXACT else f"{row[name]:,.0f}" for name in columns)
        print("".join(f"{cell:>15}" for cell in cells), flush=True)
    if not sizes:
        first, last = rows[0], rows[-1]
        both = [row["bytes read"] + row["bytes written"] for row in (first, last)]
        print(f"bytes at {SIZES[-1]:,} posts: {both[1] / both[0]:.2f} times those at {SIZES[0]:,}")
        lines = {
            "calls of storage": [row["calls"] for row in rows],
            "bytes read and written": [row["bytes read"] + row["bytes written"] for row in rows],
            "processor time": [row["CPU ms"] for row in rows],
        }
        drawn = plot.growth("One more post, by how many there are", SIZES, lines)
        Path("docs/growth.svg").write_text(drawn, encoding="utf-8")
        print("docs/growth.svg is drawn")


_EXACT = ("calls", "PUTs", "CPU ms")

if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
