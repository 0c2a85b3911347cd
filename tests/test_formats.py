"""The table of formats: each row works by itself, and a new row is all that a new format needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from lxml import etree
from support.command import files_below, run_feeds
from support.sites import built, post, settings

from feeds import formats
from feeds.config import Config
from feeds.config_file.parse import parse_config
from feeds.documents.http_headers import stored_type
from feeds.documents.view import View
from feeds.errors import ConfigError
from feeds.formats import FORMATS, Format
from feeds.layout.layout import usual_layout
from feeds.publishing import websub
from infra.package import edge_documents

CONFIG = """
[site]
title = "S"
url = "https://s.example/"
[feeds]
formats = ["text"]
limit = 2
"""


def render_text(view: View, config: Config) -> bytes:
    """A feed as plain text: the renderer of the format that these tests add."""
    lines = [view.feed.title, "Made by bucketfeed", view.url, view.current, view.older]
    return "\n".join([*lines, *(f"* {entry.title}" for entry in view.entries), ""]).encode()


TEXT = Format(
    name="text",
    label="Plain text",
    file="feed.txt",
    media_type="text/x-feed",
    stored_type="text/plain",
    archive_ending=".txt",
    generator_mark="Made by bucketfeed",
    entry_mark="* ",
    renderer=f"{__name__}:render_text",
)


@pytest.fixture
def text_format(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new format, added as CONTRIBUTING.md says: one row in the table."""
    monkeypatch.setitem(formats.FORMATS, "text", TEXT)


@pytest.fixture
def site(text_format: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A site in the new format with five posts: four of the category tea, one of coffee."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FEEDS_CONFIG", raising=False)
    Path("feeds.toml").write_text(CONFIG)
    Path("posts").mkdir()
    for number in range(1, 6):
        category = "coffee" if number == 5 else "tea"
        data = post(f"Post {number}", f"2026-11-0{number}", f"category: {category}")
        Path(f"posts/{number}.md").write_bytes(data)
    return tmp_path


def published(site: Path) -> dict[str, bytes]:
    """The documents that the incremental publisher has written."""
    return files_below(site / "feeds" / "public")


def test_an_unknown_format_is_refused_with_the_names_in_the_table(text_format: None) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(CONFIG.replace('"text"', '"html"'))

    names = '"atom", "rss", "json", "text"'
    problem = f'feeds.toml: feeds.formats[0]: expected one of {names}, found "html"'
    assert caught.value.problems == (problem,)


def test_a_build_writes_feeds_and_archive_pages_in_a_format_added_to_the_table(site: Path) -> None:
    run_feeds("build", "posts", "public")
    documents = files_below(site / "public")
    archive = [key for key in documents if key.startswith("category/tea/archive/")]

    assert b"\n* Post 4\n* Post 3\n" in documents["category/tea/feed.txt"]
    assert {Path(key).suffix for key in archive} == {".txt", ".html"}
    assert any(b"\n* Post 1\n" in documents[key] for key in archive if key.endswith(".txt"))
    assert not any(key.endswith((".xml", ".json")) for key in documents)


def test_pages_and_opml_link_to_a_format_added_to_the_table(site: Path) -> None:
    run_feeds("build", "posts", "public")
    documents = files_below(site / "public")

    link = '<a href="feed.txt" type="text/x-feed">Plain text</a>'
    assert link in documents["category/tea/index.html"].decode()
    assert '<a href="category/tea/feed.txt">Plain text</a>' in documents["feeds.html"].decode()
    outlines = etree.fromstring(documents["feeds.opml"]).iter("outline")
    addresses = {outline.get("xmlUrl") for outline in outlines}
    assert "https://s.example/category/tea/feed.txt" in addresses


def test_opml_prefers_formats_in_the_order_of_the_table(text_format: None) -> None:
    config = settings(feeds='formats = ["text", "rss"]')
    opml = built({"a.md": post()}, config)["feeds.opml"].data

    assert b"/rss.xml" in opml
    assert b"/feed.txt" not in opml


def test_the_publisher_writes_and_deletes_documents_of_a_format_added_to_the_table(
    site: Path,
) -> None:
    run_feeds("rebuild", "posts", "feeds")
    run_feeds("build", "posts", "public")
    assert published(site) == files_below(site / "public")

    Path("posts/6.md").write_bytes(post("Post 6", "2026-11-06", "category: tea"))
    Path("posts/1.md").unlink()
    Path("posts/2.md").unlink()
    run_feeds("publish", "posts", "feeds", "6.md", "1.md", "2.md")
    run_feeds("build", "posts", "public")

    after = published(site)
    assert b"\n* Post 6\n* Post 4\n" in after["category/tea/feed.txt"]
    assert not any(b"* Post 1\n" in data for data in after.values())
    assert after == files_below(site / "public")


def test_the_audit_restores_a_document_of_a_format_added_to_the_table(site: Path) -> None:
    run_feeds("rebuild", "posts", "feeds")
    before = published(site)
    lost = next(key for key in before if key.endswith(".txt") and "/archive/" in key)
    (site / "feeds" / "public" / lost).unlink()

    run_feeds("audit", "posts", "feeds")

    assert published(site) == before


def test_a_build_removes_its_own_documents_of_a_format_added_to_the_table(site: Path) -> None:
    run_feeds("build", "posts", "public")
    mine = site / "public" / "category" / "mine" / "feed.txt"
    mine.parent.mkdir()
    mine.write_bytes(b"Feed of another program\n* Made by bucketfeed\n")
    for number in range(1, 5):
        Path(f"posts/{number}.md").unlink()

    run_feeds("build", "posts", "public")

    documents = files_below(site / "public")
    assert not any(key.startswith("category/tea/") for key in documents)
    assert "category/coffee/feed.txt" in documents
    assert mine.exists()


def test_check_accepts_a_configuration_with_a_format_added_to_the_table(site: Path) -> None:
    assert "Post 1" in run_feeds("check", "posts")


def test_hubs_and_the_cdn_know_a_format_added_to_the_table(text_format: None) -> None:
    config = settings(feeds='formats = ["text"]\nhubs = ["https://hub.example/"]')
    (ping,) = websub.pings_for(["feed.txt", "index.html", "archive/1.txt"], config)

    assert ping.topic == "https://feeds.example.com/feed.txt"
    assert stored_type(TEXT.content_type) == "text/plain; charset=utf-8"
    rows = [row for row in edge_documents(config.layout) if row["type"] == TEXT.content_type]
    feed, archive = (re.compile(str(row["path"])) for row in rows)
    assert feed.search("/category/a/feed.txt")
    assert archive.search("/archive/2026-11-18-0123456789.txt")
    assert [row["subscribed"] for row in rows] == [True, False]


# --- the rows ------------------------------------------------------------------------------------


def test_no_two_formats_share_a_file_name_or_an_archive_ending() -> None:
    for one, other in combinations(formats.file_types(), 2):
        assert one.file != other.file
        if isinstance(one, Format) and isinstance(other, Format) and one.archive_ending:
            assert not one.archive_ending.endswith(other.archive_ending or "/")
            assert not other.archive_ending.endswith(one.archive_ending)


def test_every_document_has_its_generator_mark_before_its_first_entry() -> None:
    posts = {
        f"{number}.md": post(f"Post {number}", f"2026-11-{number:02}") for number in range(1, 9)
    }
    documents = built(posts, settings(feeds="limit = 2"))
    types = set()
    for key, document in documents.items():
        file_type = usual_layout().file_type(key)
        assert file_type
        types.add(file_type.file)
        text = document.data.decode()
        head = text.partition(file_type.entry_mark)[0] if file_type.entry_mark else text
        assert file_type.generator_mark in head[:2000], key
        assert document.type == file_type.content_type

    assert types == {file_type.file for file_type in formats.file_types()}


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_s_name_is_its_key_in_the_table(name: str) -> None:
    assert FORMATS[name].name == name
