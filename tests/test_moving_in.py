"""A site moves in from its generator's own feed: readers of that feed show no post as new.

A reader subscribes to the feed that the real generator wrote. Then the feed of this program is at
the same address, made with the feeds.toml of `feeds init`.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.real_feeds import REAL_SITES, RealSite
from support.web import Site, serving
from test_readers import run_newsboat

from feeds.formats import FORMATS

pytestmark = pytest.mark.slow
COMMAND = str(Path(sys.executable).with_name("feeds"))
NAMES = ["plain", "with space", "a.b.c", "财经新闻", "Ünïcode", *(f"post-{n}" for n in range(14))]
"""More posts than the feeds of Jekyll and Eleventy have: the older ones must not come as new."""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Site]:
    with serving(tmp_path / "web", "") as site:
        yield site


class MovedSite:
    """A site of a generator, with its old feed; `move_in` makes the new one."""

    def __init__(self, kind: str, folder: Path, web: Site) -> None:
        self.real: RealSite = REAL_SITES[kind]
        self.folder, self.web, self.url = folder, web, f"{web.url}old.xml"
        self._served = 0
        self.real.write(folder, dict.fromkeys(NAMES, ""))
        self.old = self.real.real_feed(folder)
        self._serve(self.old)

    def _serve(self, data: bytes) -> None:
        """Serve a feed at the old address, as if it was written an hour after the one before.

        newsboat ignores a feed with the same second in Last-Modified, whatever is in it.
        """
        file = self.web.folder / "old.xml"
        file.write_bytes(data)
        self._served += 1
        changed = time.time() - 86_400 + 3_600 * self._served
        os.utime(file, (changed, changed))

    def move_in(self, *words: str, without: str = "", at_old_path: bool = True) -> None:
        """Make the feed with the commands that a person uses, and serve it in place of the old.

        It is where the generator's own feed is, below another folder; with `at_old_path` off, it
        may also be where a site that chooses nothing has it. The lines of feeds.toml that start
        with `without` are left out.
        """
        output = self.folder.parent / f"{self.folder.name}-feeds"
        toml = self.folder / "feeds.toml"
        run(COMMAND, "init", "--yes", *words, self.folder)
        lines = toml.read_text(encoding="utf-8").splitlines()
        posts = next(line.split('"')[1] for line in lines if line.startswith("folder ="))
        if without:
            kept = (line for line in lines if not line.startswith(without))
            toml.write_text("\n".join(kept), encoding="utf-8")
        run(COMMAND, "build", "--allow-removals", self.folder / posts, output, "--config", toml)
        path = output / self.real.feed.partition("/")[2]
        if not (at_old_path or path.exists()):
            path = output / FORMATS[self.real.format].file
        self._serve(path.read_bytes())

    def add_post(self) -> None:
        """Write one more post, the newest."""
        text = self.real.post.format(title="Post new", day="2026-02-02", more="")
        path = self.folder / self.real.name.format(day="2026-02-02", name="new")
        path.write_text(text, encoding="utf-8")


def run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


class ReaderLibrary:
    """reader (PyPI)."""

    def __init__(self, url: str, folder: Path) -> None:
        library = pytest.importorskip(
            "reader", reason="there is no reader here: pip install reader"
        )
        self.url, self.reader = url, library.make_reader(str(folder / "reader.db"))
        self.reader.add_feed(url)
        self.reader.update_feed(url)
        for entry in self.reader.get_entries():
            self.reader.mark_entry_as_read(entry)

    def unread(self) -> list[str]:
        """Look at the feed again; the titles of the posts that are new."""
        self.reader.update_feed(self.url)
        return [entry.title for entry in self.reader.get_entries(read=False)]


class NewsboatCache:
    """newsboat (apt), with its cache."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        if shutil.which("newsboat") is None:
            pytest.skip("there is no newsboat here: apt install newsboat")
        (folder / "urls").write_text(f"{url}\n")
        (folder / "config").write_text("cookie-cache cookies\n")
        run_newsboat(folder, "-x", "reload")
        with sqlite3.connect(folder / "cache.db") as database:
            database.execute("update rss_item set unread = 0")
        database.close()

    def unread(self) -> list[str]:
        """Look at the feed again; the titles of the posts that are new."""
        run_newsboat(self.folder, "-x", "reload")
        database = sqlite3.connect(self.folder / "cache.db")
        titles = database.execute("select title from rss_item where unread = 1").fetchall()
        database.close()
        return [title for (title,) in titles]


Reader = Callable[[str, Path], "ReaderLibrary | NewsboatCache"]
IN_OLD_FEED = {"jekyll": 10, "eleventy-atom": 10}
"""The posts in the old feed, if it has not all of them (posts_limit of jekyll-feed; the file)."""
every_reader = pytest.mark.parametrize("reader", [ReaderLibrary, NewsboatCache])
every_site = pytest.mark.parametrize("kind", REAL_SITES)


def moved(kind: str, tmp_path: Path, web: Site) -> tuple[MovedSite, Path]:
    for name in ("site", "reader"):
        (tmp_path / name).mkdir()
    return MovedSite(kind, tmp_path / "site", web), tmp_path / "reader"


@every_reader
@every_site
def test_a_reader_of_the_generator_s_feed_shows_no_post_as_new(
    tmp_path: Path, web: Site, kind: str, reader: Reader
) -> None:
    site, folder = moved(kind, tmp_path, web)
    subscribed = reader(site.url, folder)
    site.move_in()
    assert subscribed.unread() == []

    (site.folder / "feeds.toml").unlink()
    site.add_post()
    site.move_in()
    assert subscribed.unread() == ["Post new"]


@every_site
def test_init_finds_the_ids_in_the_old_feed_itself(tmp_path: Path, web: Site, kind: str) -> None:
    """Without the generator's configuration, only the feed can say them."""
    site, folder = moved(kind, tmp_path, web)
    subscribed = ReaderLibrary(site.url, folder)
    for name in site.real.files:
        (site.folder / name).unlink()
    site.move_in("--from", site.url, at_old_path=False)
    assert subscribed.unread() == []


@every_reader
@pytest.mark.parametrize("kind", IN_OLD_FEED)
def test_with_other_ids_or_more_entries_posts_come_as_new(
    tmp_path: Path, web: Site, kind: str, reader: Reader
) -> None:
    """What `feeds init` writes is needed, and a reader shows what goes wrong without it."""
    site, folder = moved(kind, tmp_path, web)
    subscribed = reader(site.url, folder)
    site.move_in(without="limit =")
    assert len(subscribed.unread()) == len(NAMES) - IN_OLD_FEED[kind]

    (site.folder / "feeds.toml").unlink()
    site.move_in(without="id =")
    assert len(subscribed.unread()) == len(NAMES)
