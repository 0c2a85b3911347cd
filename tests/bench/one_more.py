"""Measures the time from a new post's file to its feeds, beside a full build by Hugo.

The feeds are only RSS, like Hugo's, and there are no pages. Three ways: a running `feeds serve`,
the command `feeds publish`, and Hugo, which builds the whole site again. The time starts when the
post's file exists, and ends when the feed of all posts and that of its category contain the post.
Afterwards the benchmark checks that both feeds have the new posts in order.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lxml import etree

from tests.bench import corpus, full_build

SIZES = (1_000, 10_000, 100_000)
TIMES = 7
FEEDS = Path(sys.executable).with_name("feeds")
NAMES = ("rss.xml", "category/category-01/rss.xml")

FEEDS_TOML = full_build.FEEDS_TOML.replace('["rss", "atom"]', '["rss"]')


def new_post(posts: Path, number: int) -> Path:
    """Write one more post, newer than all others. The file appears complete (rename)."""
    path = posts / f"2099-01-01-new-{number:02}.md"
    text = (
        f"---\ntitle: New {number:02}\ndate: 2026-11-01 09:{number:02}:00 +0000\n"
        "categories: category-01\n---\nText.\n"
    )
    hidden = path.with_name(f".{path.name}")
    hidden.write_text(text, encoding="utf-8")
    hidden.rename(path)
    return path


def waited(public: Path, number: int) -> None:
    """Wait until the feeds have the post."""
    mark = f"New {number:02}".encode()
    end = time.monotonic() + 60
    while not all(mark in (public / name).read_bytes() for name in NAMES):
        assert time.monotonic() < end, f"post {number} never came"
        time.sleep(0.001)


def assert_right(public: Path, count: int) -> None:
    """Check that both feeds have the new posts, newest first."""
    for name in NAMES:
        titles = [item.findtext("title") for item in etree.parse(public / name).iter("item")]
        assert titles[:count] == [f"New {number:02}" for number in reversed(range(count))], name
        assert len(titles) == full_build.ENTRIES


def served(site: Path, out: Path) -> list[float]:
    """The seconds of each post while `feeds serve` runs."""
    command = [FEEDS, "serve", site / "_posts", "--out", out, "--port", "0"]
    process = subprocess.Popen(
        [*map(str, command), "--config", str(site / "feeds.toml")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    try:
        while "Serving" not in process.stdout.readline():
            assert process.poll() is None, "feeds serve ended"
        time.sleep(1)
        return _timed(site, out, lambda _: None, range(TIMES))
    finally:
        process.terminate()
        process.wait()


def published(site: Path, out: Path) -> list[float]:
    """The seconds of each post with `feeds publish`."""
    words = ["--config", str(site / "feeds.toml")]

    def publish(path: Path) -> None:
        command = [str(FEEDS), "publish", str(site / "_posts"), str(out), str(path), *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    return _timed(site, out, publish, range(TIMES, 2 * TIMES))


def _timed(site: Path, out: Path, then: Callable[[Path], None], numbers: range) -> list[float]:
    seconds = []
    for number in numbers:
        time.sleep(0.3)
        start = time.perf_counter()
        then(new_post(site / "_posts", number))
        waited(out / "public", number)
        seconds.append(time.perf_counter() - start)
    assert_right(out / "public", numbers[-1] + 1)
    return seconds


def main(*sizes: int) -> None:
    """Measure, and print a table."""
    hugo = shutil.which("hugo")
    print(f"one more post, from its file to its feeds: seconds, the median of {TIMES}")
    print("".join(f"{column:>16}" for column in ("posts", "feeds serve", "feeds publish", "hugo")))
    for count in sizes or SIZES:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            site, out = Path(folder) / "site", Path(folder) / "out"
            corpus.write(site, count)
            contestants = full_build.contestants(site)
            (site / "feeds.toml").write_text(FEEDS_TOML, encoding="utf-8")
            command = [FEEDS, "rebuild", site / "_posts", out, "--config", site / "feeds.toml"]
            subprocess.run(
                [*map(str, command)],
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            ours = [served(site, out), published(site, out)]
            cells = [f"{statistics.median(seconds):.3f}" for seconds in ours]
            if hugo:
                theirs = next(c for c in contestants if c.name.startswith("hugo"))
                runs = 3 if count < 100_000 else 1
                whole = full_build.measured(theirs, Path(folder) / "hugo", runs).seconds
                cells += [f"{statistics.median(whole):.2f}"]
                ratio = statistics.median(whole) / statistics.median(ours[0])
                cells += [f"   hugo / feeds serve: {ratio:,.0f}"]
            print(f"{count:>16,}" + "".join(f"{cell:>16}" for cell in cells), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
