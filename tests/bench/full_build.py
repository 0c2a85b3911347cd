"""Compares the time and memory of a full build with those of other generators, if installed.

Each gets the same posts and two cores, and the benchmark checks each result: the number of feeds,
the number of entries in each, the newest entry. Hugo and Pelican make only RSS and no pages.
Jekyll, with jekyll-feed, makes Atom, and always renders its posts. This program makes RSS and Atom.
Seconds are the median of some runs; memory is that of one more run, which is not timed. A build of
more than a minute runs only once.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from tests.bench import corpus

ENTRIES = 50
CORES = 2
_LONG = 60

FEEDS_TOML = """
[site]
title = "Benchmark"
url = "https://news.example.com/"
[feeds]
formats = ["rss", "atom"]
limit = 50
archives = false
pages = false
"""

HUGO_TOML = """
baseURL = "https://news.example.com/"
title = "Benchmark"
contentDir = "_posts"
disableKinds = ["404", "robotsTXT", "sitemap", "section", "taxonomy"]
ignoreErrors = ["error-disable-taxonomy"]
[taxonomies]
category = "categories"
[outputs]
home = ["RSS"]
term = ["RSS"]
[services.rss]
limit = 50
# Hugo lists the pages and does not render them.
[[cascade]]
[cascade._target]
kind = "page"
[cascade._build]
render = "never"
[cascade.build]
render = "never"
"""

HUGO_RSS = """
{{- printf "<?xml version=\\"1.0\\" encoding=\\"utf-8\\"?>" | safeHTML }}
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>
<title>{{ .Title }}</title><link>{{ .Permalink }}</link><description>{{ .Title }}</description>
{{- $pages := .Pages }}{{ if .IsHome }}{{ $pages = site.RegularPages }}{{ end }}
{{- range first 50 $pages }}
<item><title>{{ .Title }}</title><link>{{ .Permalink }}</link>
<guid isPermaLink="false">{{ .File.Path }}</guid>
<pubDate>{{ .Date.Format "Mon, 02 Jan 2006 15:04:05 -0700" }}</pubDate>
<description>{{ .Summary | html }}</description>
<content:encoded>{{ .Content | html }}</content:encoded></item>
{{- end }}
</channel></rss>
"""


PELICAN_CONF = """
SITENAME = "Benchmark"
SITEURL = "https://news.example.com"
PATH = "content"
TIMEZONE = "UTC"
DEFAULT_LANG = "en"
FEED_ALL_RSS = "rss.xml"
CATEGORY_FEED_RSS = "category/{slug}.xml"
FEED_ALL_ATOM = CATEGORY_FEED_ATOM = TRANSLATION_FEED_ATOM = None
AUTHOR_FEED_ATOM = AUTHOR_FEED_RSS = None
FEED_MAX_ITEMS = 50
RSS_FEED_SUMMARY_ONLY = False
ARTICLE_SAVE_AS = PAGE_SAVE_AS = CATEGORY_SAVE_AS = AUTHOR_SAVE_AS = TAG_SAVE_AS = ""
DIRECT_TEMPLATES = STATIC_PATHS = []
"""

JEKYLL_CONFIG = f"""
title: Benchmark
url: https://news.example.com
plugins: [jekyll-feed]
include: [_posts]
exclude: [layouts, "*.toml", "*.py"]
feed:
  posts_limit: 50
  categories: [{", ".join(f"category-{number:02}" for number in range(corpus.CATEGORIES))}]
"""


class Contestant(NamedTuple):
    """A program to measure: its command, and the place of its feeds."""

    name: str
    command: Sequence[str]
    feeds: Callable[[Path], list[Path]]
    made: str
    most: int = 1_000_000


class Measured(NamedTuple):
    """The seconds of each run; the peak bytes of the largest process, and of all processes."""

    seconds: list[float]
    largest: int
    together: int


def contestants(site: Path) -> list[Contestant]:
    """The programs that are installed. Prepares `site` for each."""
    (site / "feeds.toml").write_text(FEEDS_TOML)
    (site / "config.toml").write_text(HUGO_TOML)
    template = site / "layouts" / "_default" / "rss.xml"
    template.parent.mkdir(parents=True)
    template.write_text(HUGO_RSS.lstrip())
    command = str(Path(sys.executable).with_name("feeds"))
    found = [
        Contestant(
            "feeds build",
            [command, "build", str(site / "_posts"), "{out}", "--config", str(site / "feeds.toml")],
            lambda out: [*out.rglob("rss.xml"), *out.rglob("atom.xml")],
            "RSS and Atom",
        )
    ]
    if hugo := shutil.which("hugo"):
        version = subprocess.run([hugo, "version"], capture_output=True, text=True).stdout.split()
        found.append(
            Contestant(
                f"hugo {version[1].split('-')[0].split('+')[0]}",
                [hugo, "--quiet", "--source", str(site), "--destination", "{out}"],
                lambda out: [*out.rglob("index.xml")],
                "RSS",
            )
        )
    if pelican := shutil.which("pelican"):
        (site / "pelicanconf.py").write_text(PELICAN_CONF)
        content = site.parent / "pelican"
        content.mkdir()
        for post in (site / "_posts").iterdir():  # no YAML and only one category in Pelican
            text = post.read_text(encoding="utf-8").replace("\ncategories:", "\ncategory:", 1)
            text = text.replace('title: "', "title: ", 1).replace('"\n', "\n", 1)
            (content / post.name).write_text(text, encoding="utf-8")
        found.append(
            Contestant(
                f"pelican {_version(pelican, '--version')}",
                [
                    pelican,
                    "--quiet",
                    str(content),
                    "-s",
                    str(site / "pelicanconf.py"),
                    "-o",
                    "{out}",
                ],
                lambda out: [out / "rss.xml", *(out / "category").glob("*.xml")],
                "RSS",
            )
        )
    if jekyll := shutil.which("jekyll"):
        (site / "_config.yml").write_text(JEKYLL_CONFIG)
        found.append(
            Contestant(
                f"jekyll {_version(jekyll, '--version').removeprefix('jekyll ')}",
                [jekyll, "build", "--quiet", "--source", str(site), "--destination", "{out}"],
                lambda out: [out / "feed.xml", *(out / "feed").rglob("*.xml")],
                "Atom",
                most=2_000,  # it takes four minutes for 10,000
            )
        )
    return found


def _version(command: str, word: str) -> str:
    return subprocess.run([command, word], capture_output=True, text=True).stdout.strip()


def measured(contestant: Contestant, out: Path, runs: int) -> Measured:
    """Run a program some times into empty folders, and once more to measure its memory."""
    command = [word.format(out=out) for word in contestant.command]
    seconds: list[float] = []
    for _ in range(runs):
        if seconds and seconds[0] > _LONG:
            break
        shutil.rmtree(out, ignore_errors=True)
        start = time.perf_counter()
        _run(command, lambda _: time.sleep(0.001))
        seconds.append(time.perf_counter() - start)
    shutil.rmtree(out, ignore_errors=True)
    together: list[int] = []
    largest = _run(command, lambda pid: together.append(sum(map(_memory, _tree(pid)))))
    return Measured(seconds, largest, max(together))


def _run(command: Sequence[str], meanwhile: Callable[[int], None]) -> int:
    """Run a command; return the peak resident set (bytes) of its largest process."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        meanwhile(process.pid)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _tree(pid: int) -> list[int]:
    """A process and its descendants; nothing where there is no /proc."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in task.read_text().split():
                found += _tree(int(child))
        except OSError:
            continue
    return found


def _memory(pid: int) -> int:
    """The memory of a process in bytes, with its part of shared memory (proportional set size)."""
    try:
        rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(row.split()[1]) * 1024 for row in rows if row.startswith("Pss:"))


def assert_complete(contestant: Contestant, out: Path, posts: int) -> int:
    """Check the number of feeds, their entries, and the order. Return the number of feeds."""
    feeds = contestant.feeds(out)
    formats = contestant.made.count(" and ") + 1
    assert len(feeds) == formats * (corpus.CATEGORIES + 1), (contestant.name, len(feeds))
    newest = set()
    for feed in feeds:
        entries = list(etree.parse(feed).iter("item", "{http://www.w3.org/2005/Atom}entry"))
        of = posts if feed.parent == out else posts // corpus.CATEGORIES
        assert len(entries) == min(ENTRIES, of), feed
        texts = [len(element.text or "") for entry in entries for element in entry]
        assert sum(size > 3000 for size in texts) == len(entries), f"{feed}: texts are not whole"
        title = entries[0].findtext("title") or entries[0].findtext("{*}title") or ""
        newest.add(int(title.rpartition(" ")[2]))
    assert newest == set(range(posts - corpus.CATEGORIES, posts)), (contestant.name, newest)
    return len(feeds)


def main(posts: int = 10_000, runs: int = 3) -> None:
    """Measure, check the results, and print a table."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        site, out = Path(folder) / "site", Path(folder) / "out"
        corpus.write(site, posts)
        print(f"{posts:,} posts of 4.5 kB in {corpus.CATEGORIES} categories, {CORES} cores")
        columns = ("", "median s", "best s", "posts/s", "largest MB", "together MB", "feeds")
        print("".join(f"{column:>14}" for column in columns))
        ours: tuple[float, int] | None = None
        for contestant in contestants(site):
            if posts > contestant.most:
                print(f"{contestant.name:>14}  not run with more than {contestant.most:,} posts")
                continue
            result = measured(contestant, out, runs)
            feeds = assert_complete(contestant, out, posts)
            median = statistics.median(result.seconds)
            cells = (
                f"{median:.2f}",
                f"{min(result.seconds):.2f}",
                f"{posts / median:,.0f}",
                f"{result.largest / 1e6:.0f}",
                f"{result.together / 1e6:.0f}",
                feeds,
            )
            row = "".join(f"{cell:>14}" for cell in (contestant.name, *cells))
            print(f"{row}  {contestant.made}, {ENTRIES} whole entries each", flush=True)
            ours = ours or (median, result.together)
            if contestant.name != "feeds build":
                time_, memory = ours[0] / median, ours[1] / max(result.together, 1)
                print(
                    f"feeds build beside {contestant.name}: {time_:.2f} of its time, "
                    f"{memory:.2f} of its memory",
                    flush=True,
                )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
