"""What the worst batches within the limits cost: `python -m tests.bench.hostile_batches [SCALE]`.

Each case runs in a process of its own, with folders as stores. Its first batch fills the feeds; its
second one changes one post. The process prints the seconds, the processor's seconds and the most
memory, and checks that the feeds are those of a full build. SCALE (default 1) shrinks the cases.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from feeds.config_file.parse import parse_config
from feeds.publishing.batch import Time
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.runtime import ThreadedRuntime
from feeds.stores.local import LocalStore
from tests.support.yardstick import differences

CONFIG = parse_config(
    '[site]\ntitle = "S"\nurl = "https://s.example/"\n'
    '[feeds]\ntaxonomies = ["category", "tag", "author"]\n'
)
BATCH = 100
Posts = Iterator[tuple[str, str]]


def post(name: str, terms: Iterator[int], kilobytes: int) -> tuple[str, str]:
    """A post of so many kilobytes in the categories with these numbers."""
    categories = ", ".join(f"c{term}" for term in terms)
    head = f"---\ntitle: {name}\ndate: 2026-01-01\ncategories: [{categories}]\n---\n"
    return f"{name}.md", head + ("word " * 200 + "\n\n") * kilobytes


def same_categories(terms: int, kilobytes: int, scale: float) -> Posts:
    """50 posts that share all their categories."""
    for number in range(50):
        yield post(f"p{number:03}", iter(range(int(terms * scale))), kilobytes)


def long_names(scale: float) -> Posts:
    """50 posts that share 99 terms; their front matter is about as long as it may be."""
    terms = int(33 * scale)

    def names(letter: str) -> str:
        return ", ".join(f"{letter}{number:03}" + "x" * 108 for number in range(terms))

    for number in range(50):
        yield (
            f"p{number:03}.md",
            f"---\ntitle: {number:03}{'t' * 990}\nsummary: {'s' * 1_990}\ndate: 2026-01-01\n"
            f"categories: [{names('c')}]\ntags: [{names('t')}]\nauthors: [{names('a')}]\n---\n"
            + ("word " * 200 + "\n\n")
            * 19,
        )


def full_feeds(scale: float) -> Posts:
    """A small post in 99 feeds, which are full of posts of 97 kB with 19 categories each."""
    feeds = int(99 * scale)
    terms = min(19, feeds)
    for number in range(feeds * 50 // terms + 1):
        yield post(f"p{number:03}", ((number * terms + i) % feeds for i in range(terms)), 97)
    yield post("small", iter(range(feeds)), 0)


def slow_to_read(scale: float) -> Posts:
    """100 posts, each as slow to read as the limits allow."""
    for number in range(int(100 * scale)):
        head = f"---\ntitle: p{number:03}\ndate: 2026-01-01\ncategory: c\n---\n"
        yield f"p{number:03}.md", head + "![" * 70_000


CASES: dict[str, Callable[[float], Posts]] = {
    "50 posts of 97 kB share 99 categories": lambda scale: same_categories(99, 97, scale),
    "50 posts of 19 kB share 99 categories": lambda scale: same_categories(99, 19, scale),
    "50 posts of 97 kB share 19 categories": lambda scale: same_categories(19, 97, scale),
    "50 posts of 19 kB share 99 terms, with long names": long_names,
    "a small post in 99 feeds that are full of posts of 97 kB": full_feeds,
    "100 posts that take 3 s to read": slow_to_read,
}


def measure(case: str, scale: float, seconds: float = 36) -> list[dict[str, float]]:
    """Run a case in this process; return the figures of each delivery.

    `seconds` is the time of a batch: that of the cloud function, unless a test has less.
    """
    with tempfile.TemporaryDirectory() as folder:
        posts, feeds = LocalStore(Path(folder, "posts")), LocalStore(Path(folder, "feeds"))
        keys = []
        for key, text in CASES[case](scale):
            posts.put(key, text.encode())
            keys.append(key)
        publisher = Publisher(posts, feeds, CONFIG, ThreadedRuntime())
        figures = []
        for start in range(0, len(keys), BATCH):
            figures += deliver(publisher, keys[start : start + BATCH], seconds)
        last = posts.get(keys[-1])
        assert last is not None
        posts.put(keys[-1], last.data.replace(b"title: ", b"title: New "))
        figures += deliver(publisher, keys[-1:], seconds)
        assert not differences(posts, feeds, CONFIG)
        return figures


def deliver(publisher: Publisher, keys: list[str], seconds: float) -> list[dict[str, float]]:
    """Deliver messages until all are done, as the queue does; return the figures."""
    figures, received = [], 1
    while keys:
        start, processor = time.perf_counter(), time.process_time()
        messages = [Message(key, (key,), received, ()) for key in keys]
        result = publisher.publish(messages, Time(seconds))
        figures.append(
            {
                "posts": len(keys),
                "seconds": round(time.perf_counter() - start, 1),
                "processor": round(time.process_time() - processor, 1),
                "MB": most_memory(),
                "written": len(result.changed),
                "left": len(result.failed),
            }
        )
        keys = [key for key in keys if key in result.failed]
        received += 1
    return figures


def most_memory() -> int:
    """The most memory that this process has used, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def measure_alone(case: str, scale: float, seconds: float = 36) -> list[dict[str, float]]:
    """Run a case in a process of its own, with the function's setting of memory."""
    command = [sys.executable, "-m", "tests.bench.hostile_batches"]
    done = subprocess.run(
        [*command, str(scale), case, str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "MALLOC_ARENA_MAX": "2"},  # as in serverless.yml
    )
    figures: list[dict[str, float]] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Run one case, or all of them."""
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1
    if len(sys.argv) > 3:
        print(json.dumps(measure(sys.argv[2], scale, float(sys.argv[3]))))
        return
    for case in CASES:
        print(case)
        for figures in measure_alone(case, scale):
            print("   ", "  ".join(f"{name} {figure}" for name, figure in figures.items()))


if __name__ == "__main__":
    main()
