"""The full build: its feeds and posts, the same bytes on every machine, and writing them."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedparser
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st
from lxml import etree
from msgspec import Struct
from msgspec.structs import replace
from support.sites import NOW, Built, built, post, settings
from support.validity import assert_valid_document

from feeds.building import scan
from feeds.building.site import Page, PostSummary, RenderedPage, render_page, site_documents
from feeds.building.write import write_documents
from feeds.errors import FeedsError
from feeds.model import Document, Entry
from feeds.stores.base import Stat, md5_version
from feeds.stores.counted import Counted
from feeds.stores.local import LocalStore
from feeds.stores.memory import MemoryStore

HERE = Path(__file__).parent.parent
EXAMPLE = HERE.parent / "examples" / "news"


def titles(documents: Mapping[str, Document], path: str = "atom.xml") -> list[str]:
    return [entry.title for entry in feedparser.parse(documents[path].data).entries]


def feeds(documents: Built) -> set[str]:
    return {path.removesuffix("atom.xml").rstrip("/") for path in documents if "atom.xml" in path}


def minutes(count: int, more: str = "categories: a") -> dict[str, bytes]:
    """Posts titled 0, 1, 2, …, a minute apart."""
    return {
        f"{number}.md": post(str(number), f"2026-11-01 {number // 60:02}:{number % 60:02}:00", more)
        for number in range(count)
    }


# --- which feeds ---------------------------------------------------------------------------------


def test_a_site_without_posts_has_one_empty_feed() -> None:
    site = built({})

    assert feeds(site) == {""}
    assert titles(site) == []


def test_there_is_a_feed_of_all_posts_and_one_of_each_category() -> None:
    site = built(
        {
            "1.md": post("One", "2026-11-01", "categories: [Markets, 日本]"),
            "2.md": post("Two", "2026-11-02", "category: markets"),
            "3.md": post("Three", "2026-11-03"),
        }
    )
    assert feeds(site) == {"", "category/markets", "category/日本"}
    assert titles(site) == ["Three", "Two", "One"]
    assert titles(site, "category/markets/atom.xml") == ["Two", "One"]
    assert titles(site, "category/日本/atom.xml") == ["One"]


@pytest.mark.parametrize("default", ["", "uncategorized"])
def test_a_post_without_a_category_has_none_unless_the_site_names_one(default: str) -> None:
    config = settings(more=f'[categories]\ndefault = "{default}"')
    site = built({"a.md": post()}, config)

    terms = [default] * bool(default)
    assert feeds(site) == {"", *(f"category/{term}" for term in terms)}
    item = etree.fromstring(site["rss.xml"].data).find("channel/item")
    assert [category.text for category in item.iterfind("category")] == terms
    atom = etree.fromstring(site["atom.xml"].data)
    labels = [category.get("term") for category in atom.iterfind("{*}entry/{*}category")]
    assert labels == terms
    assert json.loads(site["feed.json"].data)["items"][0].get("tags", []) == terms
    for name, document in site.items():
        if name.endswith((".xml", ".json")):
            assert_valid_document(name, document.data, f"https://feeds.example.com/{name}")


def test_there_are_feeds_of_tags_authors_and_languages_where_they_are_switched_on() -> None:
    fields = "tags: [Red, Green]\nauthor: Lin Mei\nlang: en"
    plain = built({"a.md": post(more=fields)})
    every = settings(feeds='taxonomies = ["tag", "author", "lang"]')
    switched_on = built({"a.md": post(more=fields), "b.md": post()}, every)

    assert feeds(plain) == {""}
    assert {path.partition("/")[0] for path in feeds(switched_on)} == {"", "tag", "author", "lang"}
    assert {"tag/red", "tag/green", "lang/en"} <= feeds(switched_on)
    assert sum(path.startswith("author/lin-mei") for path in feeds(switched_on)) == 1
    assert titles(switched_on, "lang/en/atom.xml") == ["A title"] * 2  # b.md: the site's language


@pytest.mark.slow
def test_every_document_is_valid_where_it_is_served() -> None:
    config = settings(
        'author = { name = "Desk", email = "desk@example.com" }',
        'limit = 5\ntaxonomies = ["category", "tag"]\nhubs = ["https://hub.example.com/"]',
    )
    site = built(minutes(30, "categories: [日本, C++]\ntags: a b"), config)

    assert any("archive" in path for path in site)
    for path, document in site.items():
        assert_valid_document(path, document.data, config.url(path))


# --- which posts ---------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["published: false", "draft: true", "hidden: true", "draft: yes"])
def test_a_draft_is_in_no_feed(field: str) -> None:
    site = built({"a.md": post("Draft", more=field), "b.md": post("Out", more="published: true")})

    assert titles(site) == ["Out"]
    assert site.problems == []


def test_a_future_post_is_published_when_its_time_has_come() -> None:
    posts = {
        "later.md": post("Later", "2026-11-22 12:00:01 +0000", "categories: soon"),
        "now.md": post("Now", "2026-11-22 20:00:00 +0800"),
    }
    before, after = built(posts), built(posts, now=NOW + timedelta(seconds=1))

    assert titles(before) == ["Now"]
    assert "category/soon/atom.xml" not in before
    assert titles(after) == ["Later", "Now"]
    assert titles(after, "category/soon/atom.xml") == ["Later"]


def test_a_post_that_cannot_be_read_is_a_problem_and_the_others_are_published() -> None:
    site = built({"bad.md": b"---\ntitle: A\ndate: 2026-13-01\n---\n", "good.md": post("Good")})

    assert titles(site) == ["Good"]
    assert [(p.key, p.line, p.severity) for p in site.problems] == [("bad.md", 3, "error")]


def test_a_post_whose_content_is_refused_makes_room_in_the_window_for_an_older_one() -> None:
    posts = minutes(4)
    posts["3.md"] = post("3", "2026-11-01 00:03:00", body="<div>" * 200)
    site = built(posts, settings(feeds="limit = 2"))

    assert titles(site) == ["2", "1"]
    assert [problem.key for problem in site.problems] == ["3.md"]


def test_a_file_that_is_not_a_post_is_skipped_without_a_problem() -> None:
    site = built(
        {
            "README.md": b"# Read me",
            "images/a.png": b"\x89PNG",
            "_drafts/a.md": post("Draft"),
            ".git/a.md": b"",
            "_index.md": b"",
            "category/markets.html": b"---\ntitle: Markets\n---\n",
            "a.md": post("A"),
        }
    )
    assert titles(site) == ["A"]
    assert site.problems == []


def test_two_files_with_one_name_are_one_post_with_id_from_stem() -> None:
    posts = {
        "_posts/a.md": post("New", more="categories: new\nupdated: 2026-11-20"),
        "old_post/a.md": post("Old", more="categories: old"),
    }
    by_stem = settings(more='[posts]\nid_from = "stem"')

    assert sorted(titles(built(posts))) == ["New", "Old"]
    assert titles(built(posts, by_stem)) == ["New"]
    assert feeds(built(posts, by_stem)) == {"", "category/new"}


def test_a_post_keeps_its_id_when_its_file_moves_with_id_from_stem() -> None:
    by_stem = settings(more='[posts]\nid_from = "stem"')
    before = built({"_posts/a.md": post()}, by_stem)
    after = built({"old_post/a.md": post()}, by_stem)

    assert before["atom.xml"].data == after["atom.xml"].data


def test_of_two_posts_with_one_id_only_the_newer_is_an_entry() -> None:
    posts = {
        "a.md": post("Older", "2026-11-01", "id: tag:example.com,2026:a"),
        "b.md": post("Newer", "2026-11-02", "id: tag:example.com,2026:a"),
    }
    site = built(posts)

    assert titles(site) == ["Newer"]
    assert_valid_document("atom.xml", site["atom.xml"].data, "https://feeds.example.com/atom.xml")


# --- windows and archives ------------------------------------------------------------------------


def test_a_feed_has_the_newest_posts_up_to_its_limit() -> None:
    site = built(minutes(7), settings(feeds="limit = 3"))

    assert titles(site) == titles(site, "category/a/atom.xml") == ["6", "5", "4"]


def test_the_archive_has_all_posts_that_the_feed_has_no_room_for() -> None:
    site = built(minutes(40), settings(feeds="limit = 5"))
    archived = [d for path, d in site.items() if path.startswith("archive/") and "xml" in path]
    found = {entry.title for d in archived for entry in feedparser.parse(d.data).entries}

    assert found | set(titles(site)) == {str(number) for number in range(40)}


def test_without_archives_and_pages_there_are_only_feeds() -> None:
    site = built(minutes(9), settings(feeds="limit = 3\narchives = false\npages = false"))

    assert {path for path in site if path.startswith("category/")} == {
        f"category/a/{file}" for file in ("atom.xml", "rss.xml", "feed.json")
    }
    assert not any(path.startswith("archive/") or path.endswith(".html") for path in site)


class RecordingSource:
    """An entry source that records the keys that it must load."""

    def __init__(self) -> None:
        self.loaded: list[str] = []

    def load(self, keys: list[str]) -> list[str]:
        self.loaded += keys
        return []

    def rendered(self, pages: list[Page]) -> Iterator[RenderedPage]:
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        for page in pages:
            entries = [
                Entry(key, f"tag:example.com,2026:{key}", "https://e.com/", key, moment, moment)
                for key in page.keys
            ]
            yield render_page(page, entries, settings())


def test_the_content_of_a_post_that_is_in_no_document_is_never_loaded() -> None:
    summaries = [
        PostSummary(f"{n}.md", f"id:{n}", NOW - timedelta(days=n), NOW, ("",)) for n in range(500)
    ]
    source = RecordingSource()
    config = settings(feeds="limit = 10\narchives = false")
    assert list(site_documents(summaries, source, config))  # type: ignore[arg-type]

    assert sorted(source.loaded) == sorted(f"{n}.md" for n in range(10))


@pytest.mark.parametrize("feeds", ["limit = 2\narchives = false", "limit = 2"])
def test_a_small_site_or_one_with_archives_reads_each_post_once(
    feeds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = post("3", "2026-11-01 00:03:00", "categories: b", body="<div>" * 200)
    posts = minutes(7) | {"3.md": refused}
    posts |= {"bad.md": b"No front matter.", "later.md": post("L", "2099-11-01")}
    config = settings(feeds=feeds)

    def build(below: int) -> tuple[list[Document], set[str], int]:
        monkeypatch.setattr(scan, "READ_WHOLE_BELOW", below)
        store = Counted(MemoryStore(clock=lambda: NOW))
        for key, data in posts.items():
            store.put(key, data)
        with scan.PostScanner(store, config, NOW, jobs=1) as scanned:
            scanned.read()
            documents = list(site_documents(scanned.summaries, scanned, config))
        return documents, {problem.key for problem in scanned.problems}, store.calls["get"]

    once, twice = build(100), build(0)
    assert once[0] == twice[0]
    assert once[1] == {"3.md", "bad.md"}
    assert once[2] == len(posts)
    in_documents = {"6.md", "5.md", "3.md"}  # the newest of all, and the only one of b
    assert twice[2] == len(posts) + (len(in_documents) if "archives" in feeds else 0)


# --- the same posts, the same bytes --------------------------------------------------------------

SPELLINGS = st.sampled_from(["a", "A", "b", "[a, B]", "日本"])
POSTS = st.dictionaries(
    st.sampled_from([f"{folder}{n}.md" for folder in ("", "old/") for n in range(8)]),
    st.builds(
        lambda day, category, id_: post(
            "T", f"2026-11-{day:02}", f"categories: {category}" + (f"\nid: {id_}" if id_ else "")
        ),
        st.integers(1, 4),
        SPELLINGS,
        st.sampled_from(["", "", "urn:x-id:1", "urn:x-id:2"]),
    ),
    max_size=12,
)


@pytest.mark.slow
@given(POSTS, st.randoms(), st.booleans())
@trials(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_order_of_the_posts_changes_no_byte(
    posts: dict[str, bytes], random_: random.Random, by_stem: bool
) -> None:
    config = settings(feeds="limit = 3", more='[posts]\nid_from = "stem"' if by_stem else "[posts]")
    assert built(posts, config) == built(posts, config, shuffled=random_)


class Machine(Struct, frozen=True):
    """A machine to build on: its environment, and the order and times of its files."""

    name: str
    environment: dict[str, str] = {}
    umask: int = 0o022
    jobs: int = 1
    now: datetime = NOW
    reverse: bool = False
    touch: int = 0


MACHINES = (
    Machine("time zone", {"TZ": "Pacific/Kiritimati"}),
    Machine("locale", {"LC_ALL": "de_DE.UTF-8", "LANG": "zh_CN.UTF-8", "LANGUAGE": "de"}),
    Machine("no locale", {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    Machine("hash seed", {"PYTHONHASHSEED": "12345"}),
    Machine("user", {"USER": "somebody", "LOGNAME": "somebody", "HOME": "/nowhere"}, 0o077),
    Machine("order of files", reverse=True, touch=1_000_000_000),
    Machine("many jobs", {"PYTHONHASHSEED": "7"}, jobs=3),
    Machine("day", now=NOW + timedelta(days=400)),
)

# Builds as `feeds build` does, at a given time.
PROGRAM = """
import sys
from datetime import datetime
from pathlib import Path
from feeds.building import scan
from feeds.building.site import site_documents
from feeds.building.write import write_documents
from feeds.config_file.parse import parse_config
from feeds.stores.addresses import open_store
posts, out, settings, now, jobs = sys.argv[1:]
settings = parse_config(Path(settings).read_text(encoding="utf-8"))
scan.CHUNK_SIZE, scan.SERIAL_BELOW = 5, 5
time = datetime.fromisoformat(now)
with scan.PostScanner(open_store(posts), settings, time, int(jobs)) as scanned:
    scanned.read()
    write_documents(site_documents(scanned.summaries, scanned, settings), open_store(out))
    assert not scanned.problems, scanned.problems
"""


def tree(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def built_on(machine: Machine, folder: Path) -> dict[str, str]:
    posts, out = folder / "posts", folder / "out"
    files = sorted(file for file in (EXAMPLE / "posts").rglob("*") if file.is_file())
    for file in reversed(files) if machine.reverse else files:
        copy = posts / file.relative_to(EXAMPLE / "posts")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        if machine.touch:
            os.utime(copy, (machine.touch, machine.touch))
    command = [sys.executable, "-c", PROGRAM, str(posts), str(out), str(EXAMPLE / "feeds.toml")]
    process = subprocess.run(
        [*command, machine.now.isoformat(), str(machine.jobs)],
        env={**os.environ, **machine.environment},
        umask=machine.umask,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return tree(out)


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return built_on(Machine("here"), tmp_path_factory.mktemp("usual"))


@pytest.mark.slow
@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_another_machine_builds_the_same_bytes(
    machine: Machine, usual: dict[str, str], tmp_path: Path
) -> None:
    assert len(usual) > 15
    assert built_on(machine, tmp_path) == usual


# --- writing -------------------------------------------------------------------------------------


def write(documents: Mapping[str, Document], out: Path) -> tuple[int, int, int]:
    counts = write_documents(documents.values(), LocalStore(out))
    return counts.written, counts.unchanged, counts.removed


def test_unchanged_documents_are_not_written_again(tmp_path: Path) -> None:
    site = built(minutes(5))
    write(site, tmp_path)
    times = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.*")}

    assert write(site, tmp_path) == (0, len(site), 0)
    assert times == {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.*")}


def test_a_changed_post_rewrites_only_the_documents_that_it_is_in(tmp_path: Path) -> None:
    posts = minutes(3) | {"other.md": post("Other", "2026-10-01", "categories: other")}
    before = built(posts)
    after = built(posts | {"1.md": post("Changed", "2026-11-01 00:01:00", "categories: a")})
    changed = {path for path in after if after[path] != before[path]}
    write(before, tmp_path)
    times = {path: (tmp_path / path).stat().st_mtime_ns for path in before}

    assert write(after, tmp_path) == (len(changed), len(after) - len(changed), 0)
    assert {path.rpartition("/")[0] for path in changed} == {"", "category/a"}
    rewritten = {path for path in times if (tmp_path / path).stat().st_mtime_ns != times[path]}
    assert rewritten == changed


def test_documents_of_former_feeds_are_removed(tmp_path: Path) -> None:
    before = built({"a.md": post(more="categories: [a, b]")})
    after = built({"a.md": post(more="categories: a")})
    write(before, tmp_path)

    assert write(after, tmp_path)[2] == len(before) - len(after) >= 3
    assert tree(tmp_path).keys() == after.keys()
    assert not (tmp_path / "category" / "b").exists()


def test_former_archive_pages_are_removed(tmp_path: Path) -> None:
    write(built(minutes(30), settings(feeds="limit = 5")), tmp_path)
    fewer = built(minutes(5), settings(feeds="limit = 5"))
    write(fewer, tmp_path)

    assert tree(tmp_path).keys() == fewer.keys()


FOREIGN = {
    "index.html": "<!doctype html><title>My site</title><p>Feeds by bucketfeed.",
    "about.html": "<!doctype html><title>About</title>",
    "category/mine/index.html": "<!doctype html><meta name=generator content=other>",
    "category/mine/atom.xml": '<feed xmlns="http://www.w3.org/2005/Atom"><title>Mine</title>'
    "<generator>other</generator></feed>",
    # A planet: entries from a feed of this program, with their source.
    "category/planet/atom.xml": '<feed xmlns="http://www.w3.org/2005/Atom"><title>Planet</title>'
    "<entry><id>tag:bucketfeed.invalid,2026:a.md</id><source><generator>bucketfeed</generator>"
    "</source></entry></feed>",
    "category/planet/rss.xml": "<rss><channel><title>Planet</title><item>"
    "<description>&lt;generator>bucketfeed</generator></description></item></channel></rss>",
    "category/planet/feed.json": '{"title": "Planet", "items": [{"_bucketfeed": {}}]}',
    "archive/2020.html": "<!doctype html><title>2020</title>",
    "logo.png": "bucketfeed",
    "notes/bucketfeed.txt": ">bucketfeed</generator>",
}


def test_files_of_other_programs_are_never_removed(tmp_path: Path) -> None:
    for path, text in FOREIGN.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    assert write(built({"a.md": post()}, settings(feeds="pages = false")), tmp_path)[2] == 0
    for path, text in FOREIGN.items():
        assert (tmp_path / path).read_text() == text


def test_a_site_s_own_home_page_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(FOREIGN["index.html"])

    with pytest.raises(FeedsError, match=r"a file that this program did not make: index\.html"):
        write(built({"a.md": post()}), tmp_path)
    assert (tmp_path / "index.html").read_text() == FOREIGN["index.html"]


def test_with_md5_etags_unchanged_documents_are_not_even_read() -> None:
    class Bucket(Counted):
        """A store with the versions of S3: the MD5 of the bytes."""

        def list(self, prefix: str = "") -> Iterator[Stat]:
            for stat in super().list(prefix):
                stored = self.store.get(stat.key)
                assert stored
                yield replace(stat, version=md5_version(stored.data))

    out = Bucket(MemoryStore())
    site = built(minutes(3))
    write_documents(site.values(), out)
    counts = write_documents(site.values(), out)

    assert (counts.written, counts.unchanged) == (0, len(site))
    assert out.calls["get"] == 0


def test_documents_are_stored_with_compressible_types_and_a_short_cache_time() -> None:
    headers: dict[str, tuple[str, str]] = {}

    class Bucket(MemoryStore):
        def put(self, key: str, data: bytes, **options: str) -> str:  # type: ignore[override]
            headers[key] = options["media_type"], options["cache_control"]
            return super().put(key, data)

    write_documents(built({"a.md": post()}).values(), Bucket())

    fresh = "public, max-age=300, s-maxage=60, stale-while-revalidate=60"
    assert headers["atom.xml"] == ("application/xml; charset=utf-8", fresh)
    assert headers["rss.xml"] == ("application/rss+xml; charset=utf-8", fresh)
    assert headers["feed.json"] == ("application/json; charset=utf-8", fresh)
    assert headers["feeds.html"] == ("text/html; charset=utf-8", fresh)
