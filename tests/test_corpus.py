"""Real posts of public sites: each is published, or is a problem, or is not meant to be published.

The posts are not part of this project: FEEDS_CORPUS names a folder with a folder for each site.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import feedparser
import pytest
from lxml import etree
from msgspec import Struct
from support.validity import assert_valid_document
from support.written import MODIFIED

from feeds import paths
from feeds.config_file.parse import parse_config
from feeds.reading.post import read_post
from feeds.reading.selection import is_post

CORPUS = os.environ.get("FEEDS_CORPUS", "")
FOLDERS = sorted(path for path in Path(CORPUS).iterdir() if path.is_dir()) if CORPUS else []
COMMAND = str(Path(sys.executable).with_name("feeds"))
ATOM = "{http://www.w3.org/2005/Atom}"

CONFIG = """
[site]
title = "Corpus"
url = "https://news.example.com/"
timezone = "Asia/Shanghai"
[feeds]
url = "https://feeds.example.com/"
[posts]
exclude = ["category/**", "plugins/**", "themes/**"]
[categories]
title_from = "tags"
"""
SETTINGS = parse_config(CONFIG)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CORPUS, reason="FEEDS_CORPUS is not set: a folder of real sites"),
]


class Built(Struct):
    """A folder of posts, its feeds, and the output of `feeds build`."""

    posts: Path
    out: Path
    summary: str
    problems: list[str]

    def documents(self) -> dict[str, bytes]:
        return {
            file.relative_to(self.out).as_posix(): file.read_bytes()
            for file in self.out.rglob("*.*")
        }


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda folder: folder.name)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder: Path = request.param
    work = tmp_path_factory.mktemp(folder.name)
    (work / "feeds.toml").write_text(CONFIG)
    done = subprocess.run(
        [COMMAND, "build", "--all", folder, work / "out", "--config", work / "feeds.toml"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    headings = r"reading .*|[\d,]+ (?:posts? (?:is|are) not in the feeds|other problems?):"
    said = [line for line in done.stderr.splitlines() if not re.fullmatch(headings, line)]
    return Built(folder, work / "out", done.stdout, said)


def test_every_document_is_valid(site: Built) -> None:
    for path, data in site.documents().items():
        assert_valid_document(path, data, SETTINGS.url(path))


def test_each_problem_names_a_file_and_a_line_and_says_what_to_do(site: Built) -> None:
    for problem in site.problems:
        if problem.startswith("warning: "):  # about the folder
            assert re.fullmatch(r"warning: \d+ posts? ha(s|ve) no date \(.+\); .+", problem)
            continue
        found = re.fullmatch(r"(.*?):(\d+): (?:warning: )?(.+); (.+)", problem)
        assert found, problem
        file = Path(found[1])
        assert file.is_relative_to(site.posts)
        assert 1 <= int(found[2]) <= file.read_bytes().count(b"\n") + 1


def test_every_post_is_published_or_a_problem_or_not_meant_to_be_published(site: Built) -> None:
    keys = {
        file.relative_to(site.posts).as_posix() for file in site.posts.rglob("*") if file.is_file()
    }
    posts = {key for key in keys if is_post(key, SETTINGS)}
    failed = {
        problem.partition(f"{site.posts}/")[2].partition(":")[0]
        for problem in site.problems
        if ": warning: " not in problem
    }
    meant = {key for key in posts - failed if is_meant(site.posts / key)}

    assert site.summary.startswith(f"{len(meant):,} post")
    ids = published(site)
    own = {id_ for id_ in ids if id_.startswith(f"tag:{SETTINGS.posts.id_authority}:")}
    assert len(ids) == len(meant)
    assert own <= {paths.tag_uri(SETTINGS.posts.id_authority, key) for key in meant}


# Counted by hand: the rules that find the links of the posts, and how many posts have no entry,
# because they have problems or are not meant to be published. docs/reading.md has the table.
LINKS = {
    "18f": {"posts.permalink": 45},
    "castalio": {"posts.permalink": 15},
    "castalio-pelican": {},
    "digitalgov": {"source_url": 29, "posts.permalink": 41},
    "finews": {"body": 33, "posts.permalink": 1},
    "jekyll-site": {"posts.permalink": 52, "front matter": 2, "": 16},
    "letsencrypt": {"posts.permalink": 11, "": 1},
    "malformed": {"source_url": 5, "posts.permalink": 28, "": 18},
    "opensuse-news": {"posts.permalink": 44, "": 1},
    "pharo-json": {"posts.permalink": 16},
    "prometheus": {"posts.permalink": 7, "": 1},
    "rust-blog": {"front matter": 25, "": 1},
    "swift-org": {"posts.permalink": 12},
    "twir": {"posts.permalink": 9},
}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_link_to_the_source_article_is_found_by_the_right_rule(folder: Path) -> None:
    if folder.name not in LINKS:
        pytest.skip("nobody has counted these")
    found: Counter[str] = Counter()
    for file in folder.rglob("*"):
        key = file.relative_to(folder).as_posix()
        if file.is_file() and is_post(key, SETTINGS):
            found[read_post(key, file.read_bytes(), MODIFIED, SETTINGS).link_rule] += 1
    assert found == LINKS[folder.name]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_link_to_the_source_article_is_the_one_that_a_simpler_reader_finds(
    folder: Path,
) -> None:
    """It takes a line ``source_url: …``, or else a line with only an address in <>."""
    for file in folder.rglob("*.m*"):
        key = file.relative_to(folder).as_posix()
        read = read_post(key, file.read_bytes(), MODIFIED, SETTINGS)
        if read.post is None or not is_post(key, SETTINGS):
            continue
        text = file.read_text(encoding="utf-8")
        named = re.findall(r"^source_url: *[\"']?(https?://[^\s\"']+)", text, re.MULTILINE)
        alone = re.findall(r"^<(https?://[^\s<>]+)>$", text, re.MULTILINE)
        expected = (named or alone or [read.post.page])[0]
        assert read.post.link == expected


def is_meant(file: Path) -> bool:
    head = file.read_bytes()[:4000].lower()
    unlisted = rb"^\s*[\"']?(?:published[\"']?\s*[:=]\s*false|(?:draft|hidden)[\"']?\s*[:=]\s*true)"
    expiry = re.search(rb"^\s*expirydate\s*:\s*[\"']?(\d{4}-\d\d-\d\d)", head, re.MULTILINE)
    is_expired = expiry is not None and expiry[1].decode() < f"{datetime.now(UTC):%Y-%m-%d}"
    return not is_expired and not re.search(unlisted, head, re.MULTILINE)


def published(site: Built) -> set[str]:
    """The ids of all entries in the feed of all posts and its archive."""
    ids: set[str] = set()
    for path, data in site.documents().items():
        if path == "atom.xml" or re.fullmatch(r"archive/[^/]+\.xml", path):
            entries = etree.fromstring(data).iter(f"{ATOM}entry")
            ids |= {entry.findtext(f"{ATOM}id") or "" for entry in entries}
    return ids


@pytest.mark.skipif(
    not (Path(CORPUS) / "finews").is_dir(), reason="the folder has no posts of the seed site"
)
def test_a_post_of_the_seed_site_is_what_its_readers_expect(tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").write_text(CONFIG)
    subprocess.run(
        [COMMAND, "build", Path(CORPUS) / "finews", "out", "--strict"], cwd=tmp_path, check=True
    )
    feed = tmp_path / "out/category/zhongguoshichangjianguanxinwenwang/atom.xml"
    read = feedparser.parse(io.BytesIO(feed.read_bytes()))
    (entry,) = [e for e in read.entries if e.link.endswith("=NW202112242225432856")]

    assert read.feed.title == "中国市场监管新闻网新闻"
    assert entry.link == (
        "http://finews.zning.xyz/html_News/NewsShare.html?infoCode=NW202112242225432856"
    )
    assert datetime.fromisoformat(entry.published) == datetime.fromisoformat(
        "2021-12-24T14:51:02+08:00"
    )
    assert entry.published == "2021-12-24T14:51:02+08:00"
    assert entry.title == "加强知识产权保护 深入推进特色型知识产权强区建设"
    assert "NewsShare" not in entry.content[0].value
    assert "返回" not in entry.content[0].value
    assert "（文章来源：中国市场监管新闻网）" in entry.content[0].value
