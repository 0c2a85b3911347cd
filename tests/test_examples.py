"""examples/news: it builds without problems, and its README describes every post."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser
import pytest
from support.sites import Built, built
from support.validity import assert_valid_document

from feeds.config_file.parse import parse_config
from feeds.reading.selection import is_post

EXAMPLE = Path(__file__).parent.parent / "examples" / "news"
README = (EXAMPLE / "README.md").read_text(encoding="utf-8")
SETTINGS = parse_config((EXAMPLE / "feeds.toml").read_text(encoding="utf-8"))
POSTS = {
    file.relative_to(EXAMPLE / "posts").as_posix(): file.read_bytes()
    for file in sorted((EXAMPLE / "posts").rglob("*"))
    if file.is_file()
}


@pytest.fixture(scope="module")
def site() -> Built:
    return built(POSTS, SETTINGS)


@pytest.fixture(scope="module")
def entries(site: Built) -> dict[str, Any]:
    """The entries of the feed of all posts, by the posts' names in the README."""
    read = feedparser.parse(
        io.BytesIO(site["atom.xml"].data), sanitize_html=False, resolve_relative_uris=False
    )
    by_stem = {entry.id.rpartition(":")[2]: entry for entry in read.entries}
    return {key: by_stem.get(Path(key).stem) for key in POSTS}


def test_the_example_builds_without_problems_into_valid_documents(site: Built) -> None:
    assert site.problems == []
    for path, document in site.items():
        assert_valid_document(path, document.data, SETTINGS.url(path))


def test_the_example_s_readme_has_a_row_for_every_post() -> None:
    rows = set(re.findall(r"`((?:_posts|old_post)/[^`]+)`", README))

    assert rows == {key for key in POSTS if is_post(key, SETTINGS)}


def test_files_of_the_example_that_are_not_posts_are_skipped(entries: dict[str, Any]) -> None:
    passed = {key for key in POSTS if not is_post(key, SETTINGS)}

    assert passed == {"category/markets.html", "images/tea-rack.svg", "images/tide-lamp.svg"}


def test_the_example_s_posts_have_past_dates(site: Built) -> None:
    published = datetime(2026, 11, 20, tzinfo=UTC)

    assert built(POSTS, SETTINGS, now=published) == site


def test_a_source_line_is_the_link_and_is_removed_from_the_content(
    entries: dict[str, Any],
) -> None:
    entry = entries["_posts/2026-11-18-NW202611180812400101.md"]
    (content,) = entry.content

    assert entry.link == "https://source.example.org/linxi/share.html?infoCode=NW202611180812400101"
    assert entry.published == "2026-11-18T08:12:40+08:00"
    assert "(Source: Linxi Evening News)" in content.value
    assert "Back to" not in content.value
    assert "source.example.org" not in content.value


def test_a_source_footer_of_two_lines_is_removed_too(entries: dict[str, Any]) -> None:
    (content,) = entries["_posts/2026-11-18-NW202611180755190096.md"].content

    assert "Back to" not in content.value
    assert "<table>" in content.value
    assert "|error| &lt; 5 cm" in content.value
    assert 'href="https://news.example.com/lab/tide-box/"' in content.value


def test_a_post_with_two_categories_is_in_two_feeds(site: Built, entries: dict[str, Any]) -> None:
    entry = entries["_posts/2026-11-17-NW202611171640050087.md"]

    assert [tag.label for tag in entry.tags] == ["Harbour News", "Science Weekly"]
    for name in ("harbour", "science"):
        assert entry.id.encode() in site[f"category/{name}/atom.xml"].data


def test_markdown_becomes_html_with_absolute_addresses(entries: dict[str, Any]) -> None:
    english = entries["_posts/2026-11-17-NW202611171105300072.md"]
    chinese = entries["_posts/2026-11-16-NW202611162010480063.md"]

    assert english.title == "Hill Tea Auction Opens to Remote Bidders & Closes in an Hour"
    assert "<h2>What sold</h2>" in english.content[0].value
    assert 'src="https://news.example.com/images/tea-rack.svg"' in english.content[0].value
    assert "<ol>" in chinese.content[0].value
    assert 'src="https://news.example.com/images/tide-lamp.svg"' in chinese.content[0].value
    assert 'href="https://news.example.com/tides/2026-11.html"' in chinese.content[0].value


def test_one_category_of_the_example_is_in_chinese(site: Built) -> None:
    posts = json.loads(site["feed.json"].data)["items"]
    chinese = {post["id"].rpartition(":")[2] for post in posts if post.get("language") == "zh-CN"}
    of_category = json.loads(site["category/linxiwanbao/feed.json"].data)["items"]

    assert chinese == {post["id"].rpartition(":")[2] for post in of_category}
    assert len(chinese) == 2


def test_author_summary_language_and_updated_come_from_the_front_matter(
    entries: dict[str, Any],
) -> None:
    entry = entries["_posts/2026-11-16-NW202611160930000051.md"]

    assert entry.author == "Lin Mei"
    assert entry.summary.startswith("A cold week would usually")
    assert entry.title_detail.language == "en-GB"
    assert (entry.published, entry.updated) == (
        "2026-11-16T09:30:00+08:00",
        "2026-11-16T14:45:00+08:00",
    )
    assert entry.link.endswith("/oysters-hold?edition=46&section=prices")


def test_a_podcast_is_an_enclosure_with_its_length(entries: dict[str, Any]) -> None:
    (enclosure,) = entries["_posts/2026-11-15-NW202611151800000044.md"].enclosures

    assert enclosure.href == "https://media.example.net/linxi/voice-012.mp3"
    assert (enclosure.type, enclosure.length) == ("audio/mpeg", "14208512")


def test_an_image_stays_and_styles_are_removed(entries: dict[str, Any]) -> None:
    entry = entries["_posts/2026-11-14-NW202611140845120038.md"]

    assert entry.media_content[0]["url"] == "https://news.example.com/images/tide-lamp.svg"
    assert "style" not in entry.content[0].value


def test_a_post_without_a_source_links_to_its_own_page(entries: dict[str, Any]) -> None:
    link = entries["_posts/2026-11-13-feeds.md"].link

    assert link == "https://news.example.com/2026/11/13/feeds.html"


def test_a_draft_of_the_example_is_in_no_feed(site: Built, entries: dict[str, Any]) -> None:
    assert entries["_posts/2026-11-19-NW202611190700000109.md"] is None
    assert not any(b"NW202611190700000109" in document.data for document in site.values())


def test_posts_in_the_old_folder_are_published(entries: dict[str, Any]) -> None:
    flash = entries["old_post/2026-11-03-202611030918310031.md"]
    lead = entries["old_post/2026-11-04-202611041631090044.md"]
    rope = entries["old_post/2026-11-05-202611051422080019.md"]

    assert flash.link == "https://source.example.org/flash/11060,202611030918310031.html"
    assert "Back to" not in flash.content[0].value
    assert lead.content[0].value.startswith("<blockquote>")
    assert rope.link == "https://source.example.org/markets/rope?lang=en&year=2026#hemp"
    assert rope.title == 'Rope Makers\' Co-op: "We Have Enough Hemp for Two Winters"'
    assert 'href="mailto:orders@ropes.example"' in rope.content[0].value


def test_the_title_of_a_category_comes_from_tags_or_the_configuration(site: Built) -> None:
    titles = {
        path.split("/")[1]: feedparser.parse(document.data).feed.title
        for path, document in site.items()
        if path.startswith("category/") and path.endswith("atom.xml")
    }
    assert titles == {
        "flash": "News in Brief",
        "harbour": "Harbour News",
        "linxiwanbao": "临汐晚报新闻",
        "markets": "Markets",
        "science": "Science Weekly",
        "site": "About This Site",
    }
