"""Real feed readers subscribe over HTTP and show the published entries.

For each reader: it shows the entries; its second request gets a 304; a new post is one new item; an
edited post is not a new item.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser
import pytest
from msgspec import Struct
from support.sites import post
from support.web import Site, serving

pytestmark = pytest.mark.slow

CONFIG = """
[site]
title = "望屿新闻 & Co"
url = "https://news.example.com/"
language = "zh-CN"
timezone = "Asia/Shanghai"
[feeds]
url = "FEEDS"
content = "summary"
[posts]
id_authority = "example.com,2026"
"""
HERE = Path(__file__).parent
LINK = "https://source.example.org/a?b=1&c=2"


class Item(Struct, frozen=True, order=True):
    """An entry as a reader shows it. Fields that the reader does not have are empty."""

    title: str
    link: str
    published: datetime
    author: str = ""
    enclosure: str = ""


ITEMS = [
    Item("Tom & Jerry: 5 < 6 “渔”", LINK, datetime(2026, 11, 18, 1, 30, tzinfo=UTC), "林梅"),
    Item(
        "晚报之声",
        "https://news.example.com/2026/11/17/two.html",
        datetime(2026, 11, 17, 16, 0, tzinfo=UTC),
        "Bo",
        "https://media.example.net/v.mp3",
    ),
]
NEW = Item(
    "A new one",
    "https://news.example.com/2026/11/19/three.html",
    datetime(2026, 11, 18, 16, 0, tzinfo=UTC),
)
EDITED = Item("晚报之声（更正）", ITEMS[1].link, ITEMS[1].published, "Bo", ITEMS[1].enclosure)

POSTS = {
    "one.md": post(
        ITEMS[0].title,
        "2026-11-18 09:30:00 +0800",
        f"author: 林梅\ncategories: 财经\nsource_url: {LINK}",
        "The first text.",
    ),
    "two.md": post(
        ITEMS[1].title,
        "2026-11-18",
        "author: Bo\ncategories: [财经, 'C++']\npodcast: https://media.example.net/v.mp3\n"
        "permalink: /2026/11/17/two.html",
        "The second text.",
    ),
}
THIRD = post(
    NEW.title, "2026-11-19", "categories: Other\npermalink: /2026/11/19/three.html", "The third."
)
CORRECTED = (
    POSTS["two.md"]
    .replace(ITEMS[1].title.encode(), EDITED.title.encode())
    .replace(b"second text", b"corrected text")
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serving(tmp_path / "public", CONFIG) as site:
        site.publish(POSTS)
        yield site


class Reader:
    """A feed reader that keeps its data in a folder of its own."""

    formats = ("atom.xml", "rss.xml")
    has_authors = True
    has_enclosures = True
    edits_titles = True
    whole_looks = 1
    """How often it fetches the whole feed before it asks whether it has changed."""

    def __init__(self, site: Site, path: str, folder: Path) -> None:
        self.site, self.path, self.url, self.folder = site, path, site.url + path, folder

    @abstractmethod
    def refresh(self) -> list[Item]:
        """Request the feed, and return all items that the reader has of it."""

    def seen(self, item: Item) -> Item:
        """The item with only the fields that this reader has."""
        return Item(
            item.title,
            item.link,
            item.published,
            item.author if self.has_authors else "",
            item.enclosure if self.has_enclosures else "",
        )


class Feedparser(Reader):
    """feedparser (PyPI), which most Python readers use."""

    def __init__(self, site: Site, path: str, folder: Path) -> None:
        super().__init__(site, path, folder)
        self.state: dict[str, Any] = {}
        self.items: dict[str, Item] = {}

    def refresh(self) -> list[Item]:
        read = feedparser.parse(self.url, **self.state)
        if read.status != 304:
            self.state = {"etag": read.etag, "modified": read.modified}
            assert not read.bozo
            assert read.feed.title == "望屿新闻 & Co"
        for entry in read.entries:
            moment = datetime(*entry.published_parsed[:6], tzinfo=UTC)
            files = [file.href for file in entry.enclosures]
            author = entry.get("author", "")
            self.items[entry.id] = Item(
                entry.title, entry.link, moment, author, files[0] if files else ""
            )
        return list(self.items.values())


class Newsboat(Reader):
    """newsboat (apt), with its cache.

    It stores a feed's ETag only from the second request on.
    """

    whole_looks = 2

    def refresh(self) -> list[Item]:
        if shutil.which("newsboat") is None:
            pytest.skip("there is no newsboat here: apt install newsboat")
        (self.folder / "urls").write_text(self.url + "\n")
        (self.folder / "config").write_text("cookie-cache cookies\n")
        run_newsboat(self.folder, "-x", "reload")
        database = sqlite3.connect(self.folder / "cache.db")
        rows = database.execute(
            "select title, url, pubDate, author, enclosure_url from rss_item where deleted = 0"
        ).fetchall()
        titles = [title for (title,) in database.execute("select title from rss_feed")]
        database.close()
        assert titles == ["望屿新闻 & Co"]
        return [
            Item(title, link, datetime.fromtimestamp(at, UTC), author, file or "")
            for title, link, at, author, file in rows
        ]


def run_newsboat(folder: Path, *words: str) -> str:
    command = ["newsboat", "-u", "urls", "-c", "cache.db", "-C", "config", *words]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, env=home(folder)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def home(folder: Path) -> dict[str, str]:
    return {"HOME": str(folder), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


SFEEDRC = """
sfeedpath={folder}/feeds
fetch() {{
	curl -f -s -m 15 --etag-save {folder}/etag.new --etag-compare {folder}/etag "$2"
	[ -s {folder}/etag.new ] && mv {folder}/etag.new {folder}/etag
	:
}}
feeds() {{
	feed feed {url}
}}
"""


class Sfeed(Reader):
    """sfeed (apt). It takes an item with a changed title for a new one."""

    edits_titles = False

    def refresh(self) -> list[Item]:
        if shutil.which("sfeed_update") is None or shutil.which("curl") is None:
            pytest.skip("there is no sfeed here: apt install sfeed curl")
        rc = self.folder / "sfeedrc"
        rc.write_text(SFEEDRC.format(folder=self.folder, url=self.url))
        done = subprocess.run(
            ["sfeed_update", str(rc)], capture_output=True, text=True, timeout=60,
            env=home(self.folder),
        )  # fmt: skip
        rows = (self.folder / "feeds" / "feed").read_text().splitlines()
        assert rows, done.stdout + done.stderr
        items = []
        for row in rows:
            at, title, link, _, _, _, author, file, _ = row.split("\t")
            items.append(Item(title, link, datetime.fromtimestamp(int(at), UTC), author, file))
        return items


class Lemon(Reader):
    """reader (PyPI), with a database."""

    formats = ("atom.xml", "rss.xml", "feed.json")

    def __init__(self, site: Site, path: str, folder: Path) -> None:
        super().__init__(site, path, folder)
        library = pytest.importorskip(
            "reader", reason="there is no reader here: pip install reader"
        )
        self.reader = library.make_reader(str(folder / "reader.db"))
        self.reader.add_feed(self.url)

    def refresh(self) -> list[Item]:
        result = self.reader.update_feed(self.url)
        if result is not None:
            self.counts = (result.new, result.modified)
        assert self.reader.get_feed(self.url).title == "望屿新闻 & Co"
        return [
            Item(
                entry.title,
                entry.link,
                entry.published,
                entry.authors_str or "",
                entry.enclosures[0].href if entry.enclosures else "",
            )
            for entry in self.reader.get_entries()
        ]


class RssParser(Reader):
    """rss-parser (npm). The test stores its ETags for it. It ignores enclosures in Atom."""

    def __init__(self, site: Site, path: str, folder: Path) -> None:
        super().__init__(site, path, folder)
        self.has_enclosures = path == "rss.xml"
        self.items: dict[str, Item] = {}
        self.etag = ""

    def refresh(self) -> list[Item]:
        if shutil.which("node") is None or not (HERE / "node_modules" / "rss-parser").is_dir():
            pytest.skip("there is no rss-parser here: npm ci --prefix tests")
        command = ["node", str(HERE / "readers" / "rss-parser.cjs"), self.url, self.etag]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        feed = json.loads(done.stdout)
        if feed == "Status code 304":
            return list(self.items.values())
        assert feed["title"] == "望屿新闻 & Co"
        self.etag = self.site.etag(self.path)
        for item in feed["items"]:
            self.items[item.get("guid") or item["id"]] = Item(
                item["title"],
                item["link"],
                datetime.fromisoformat(item["isoDate"]),
                item.get("author") or item.get("creator") or "",
                item.get("enclosure", {}).get("url", ""),
            )
        return list(self.items.values())


READERS: list[tuple[Callable[[Site, str, Path], Reader], str]] = [
    (kind, path)
    for kind in (Feedparser, Newsboat, Sfeed, Lemon, RssParser)
    for path in kind.formats
]
every_reader = pytest.mark.parametrize(
    ("kind", "path"), READERS, ids=lambda part: getattr(part, "__name__", part)
)


@every_reader
def test_a_reader_shows_the_published_entries(
    site: Site, tmp_path: Path, kind: Callable[[Site, str, Path], Reader], path: str
) -> None:
    reader = kind(site, path, tmp_path)

    assert sorted(reader.refresh()) == sorted(map(reader.seen, ITEMS))


@every_reader
def test_a_reader_s_second_request_gets_a_304(
    site: Site, tmp_path: Path, kind: Callable[[Site, str, Path], Reader], path: str
) -> None:
    reader = kind(site, path, tmp_path)
    looks = [sorted(reader.refresh()) for _ in range(reader.whole_looks + 1)]

    assert looks[-1] == looks[0]
    assert site.statuses(path) == [*[200] * reader.whole_looks, 304]


@every_reader
def test_a_new_post_is_one_new_item(
    site: Site, tmp_path: Path, kind: Callable[[Site, str, Path], Reader], path: str
) -> None:
    reader = kind(site, path, tmp_path)
    reader.refresh()
    site.publish(POSTS | {"three.md": THIRD})

    assert sorted(reader.refresh()) == sorted(map(reader.seen, [NEW, *ITEMS]))
    assert len(reader.refresh()) == 3


@every_reader
def test_an_edited_post_is_not_a_new_item(
    site: Site, tmp_path: Path, kind: Callable[[Site, str, Path], Reader], path: str
) -> None:
    reader = kind(site, path, tmp_path)
    reader.refresh()
    edited = EDITED if reader.edits_titles else ITEMS[1]
    text = CORRECTED if reader.edits_titles else POSTS["two.md"].replace(b"second", b"corrected")
    documents = site.publish(POSTS | {"two.md": text})

    assert b"corrected" in documents[path].data
    assert sorted(reader.refresh()) == sorted(map(reader.seen, [ITEMS[0], edited]))


def test_newsboat_counts_a_new_post_as_unread_and_an_edited_one_not(
    site: Site, tmp_path: Path
) -> None:
    reader = Newsboat(site, "atom.xml", tmp_path)
    reader.refresh()
    database = sqlite3.connect(tmp_path / "cache.db")
    database.execute("update rss_item set unread = 0")
    database.commit()
    database.close()
    site.publish(POSTS | {"two.md": CORRECTED})
    reader.refresh()
    assert run_newsboat(tmp_path, "-x", "print-unread").startswith("0 unread")
    time.sleep(1.01)  # Last-Modified has whole seconds, and curl compares it too
    site.publish(POSTS | {"two.md": CORRECTED, "three.md": THIRD})
    reader.refresh()

    assert run_newsboat(tmp_path, "-x", "print-unread").startswith("1 unread")


@pytest.mark.parametrize("path", Lemon.formats)
def test_reader_counts_a_new_post_as_new_and_an_edited_one_as_modified(
    site: Site, tmp_path: Path, path: str
) -> None:
    reader = Lemon(site, path, tmp_path)
    reader.refresh()
    assert reader.counts == (2, 0)
    site.publish(POSTS | {"two.md": CORRECTED, "three.md": THIRD})
    reader.refresh()

    assert reader.counts == (1, 1)


# --- all feeds at once ---------------------------------------------------------------------------


def feeds_of(site: Site) -> set[str]:
    return {site.url + path for path in ("atom.xml", "category/%E8%B4%A2%E7%BB%8F/atom.xml")} | {
        f"{site.url}category/{name.name}/atom.xml" for name in site.folder.glob("category/c-*")
    }


def test_newsboat_imports_the_list_and_subscribes_to_every_feed(site: Site, tmp_path: Path) -> None:
    if shutil.which("newsboat") is None:
        pytest.skip("there is no newsboat here: apt install newsboat")
    (tmp_path / "urls").write_text("")
    (tmp_path / "config").write_text("")
    run_newsboat(tmp_path, "-i", str(site.folder / "feeds.opml"))
    lines = (tmp_path / "urls").read_text().splitlines()
    run_newsboat(tmp_path, "-x", "reload")
    database = sqlite3.connect(tmp_path / "cache.db")
    subscribed = {
        url for (url,) in database.execute("select rssurl from rss_feed where title > ''")
    }
    database.close()

    assert {line.split()[0] for line in lines if line} == feeds_of(site) == subscribed
    assert sum('"分类"' in line or "分类" in line for line in lines) == 2


def test_reader_imports_the_list_and_subscribes_to_every_feed(site: Site, tmp_path: Path) -> None:
    library = pytest.importorskip("reader", reason="there is no reader here: pip install reader")
    reader = library.make_reader(str(tmp_path / "reader.db"))
    with (site.folder / "feeds.opml").open("rb") as file:
        reader.import_feeds(file)
    reader.update_feeds()

    assert {feed.url for feed in reader.get_feeds()} == feeds_of(site)
    assert all(feed.last_exception is None and feed.title for feed in reader.get_feeds())
