"""Posts of Docusaurus blogs have the addresses, dates and titles that Docusaurus gives them.

Each row is what `generateBlogPosts` of @docusaurus/plugin-content-blog 3.10.2 said of such a file.
Its packages have 225 MB, so no test runs it.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from feeds.config_file.parse import parse_config
from feeds.reading.post import Post, read_post
from feeds.reading.selection import is_post

URL = "https://a.example"
MODIFIED = datetime(2000, 1, 1, tzinfo=UTC)
SITE = f"""
[site]
title = "A"
url = "{URL}"
timezone = "America/New_York"

[feeds]
taxonomies = ["tag"]

[posts]
folder = "FOLDER"
include = ["**/*.md", "**/*.mdx", "**/*.html"]
generator = "docusaurus"
"""
TITLE = "title: T"


def read(key: str, *lines: str, body: str = "Text.", folder: str = "blog", toml: str = "") -> Post:
    """The post at a key with these lines of front matter."""
    config = parse_config(SITE.replace("FOLDER", folder) + toml)
    text = "\n".join(("---", *lines, "---", body, ""))
    result = read_post(key, text.encode(), MODIFIED, config)
    assert result.post is not None, result.problems
    return result.post


@pytest.mark.parametrize(
    ("key", "address", "day"),
    [
        ("2026-01-02-name.md", "/blog/2026/01/02/name", "2026-01-02"),
        ("2026-1-2-short.md", "/blog/2026/1/2/short", "2026-01-02"),
        ("2026-01-02-dir/index.md", "/blog/2026/01/02/dir", "2026-01-02"),
        ("2026-01-02-dir/other.md", "/blog/2026/01/02/dir/other", "2026-01-02"),
        ("2026-01-02/in-day.md", "/blog/2026/01/02/in-day", "2026-01-02"),
        ("2026/01/02/nested.md", "/blog/2026/01/02/nested", "2026-01-02"),
        ("2026/01/02/dir/index.md", "/blog/2026/01/02/dir", "2026-01-02"),
        ("2026/03/04-half.md", "/blog/2026/03/04/half", "2026-03-04"),
        ("2026/01/02-03.md", "/blog/2026/01/02/03", "2026-01-02"),
        ("a/2026/01/02/z.md", "/blog/2026/01/02/a/z", "2026-01-02"),
        ("folder/2026-01-02-sub.mdx", "/blog/2026/01/02/folder/sub", "2026-01-02"),
        ("dir/2026-01-02-ndir/index.md", "/blog/2026/01/02/dir/ndir", "2026-01-02"),
        ("2026-01-02/2026-03-04-both.md", "/blog/2026/03/04/2026-01-02/both", "2026-03-04"),
        ("v2026-01-02-x.md", "/blog/2026/01/02/vx", "2026-01-02"),
        ("2026-01-02name.md", "/blog/2026/01/02/name", "2026-01-02"),
        ("2026-01-02_under.md", "/blog/2026/01/02/_under", "2026-01-02"),
        ("2026-06-06--x.md", "/blog/2026/06/06/-x", "2026-06-06"),
        ("2026-01-02-a.b.c.md", "/blog/2026/01/02/a.b.c", "2026-01-02"),
        ("2026-01-02.md", "/blog/2026/01/02/", "2026-01-02"),
        ("2026-07-07/index.md", "/blog/2026/07/07/index", "2026-07-07"),
        ("2026-05-05-index.md", "/blog/2026/05/05/index", "2026-05-05"),
        ("plain.md", "/blog/plain", "2000-01-01"),
        ("folder/plain.md", "/blog/folder/plain", "2000-01-01"),
        ("folder/index.md", "/blog/folder", "2000-01-01"),
        ("index.md", "/blog/index", "2000-01-01"),
        ("Caps And Space.md", "/blog/Caps%20And%20Space", "2000-01-01"),
    ],
)
def test_address_and_day_of_a_file(key: str, address: str, day: str) -> None:
    post = read(key, TITLE)

    assert post.page == URL + address
    assert post.published == datetime.fromisoformat(f"{day}T00:00:00+00:00")


@pytest.mark.parametrize(
    ("slug", "address"),
    [
        ("rel", "/blog/rel"),
        ("/abs", "/blog/abs"),
        ("a/b", "/blog/a/b"),
        ("/a/b/", "/blog/a/b/"),
        ("a//b", "/blog/a/b"),
        ("/", "/blog/"),
        ("a b/Ü", "/blog/a%20b/%C3%9C"),
    ],
)
@pytest.mark.parametrize("key", ["name.md", "2026-01-02-name.md", "folder/name.md"])
def test_a_slug_is_below_the_blog(key: str, slug: str, address: str) -> None:
    assert read(key, TITLE, f"slug: {slug}").base == URL + address


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("2026-01-02", "2026-01-02T00:00:00+00:00"),
        ("2026-01-02T10:00", "2026-01-02T10:00:00+00:00"),
        ("2026-01-02 10:00:00", "2026-01-02T10:00:00+00:00"),
        ("2026-01-02T10:00:00+08:00", "2026-01-02T02:00:00+00:00"),
        ("2026-01-02T23:00:00-05:00", "2026-01-03T04:00:00+00:00"),
    ],
)
def test_a_date_without_a_zone_is_in_utc(date: str, moment: str) -> None:
    post = read("2026-05-06-name.md", TITLE, f"date: {date}")

    assert post.published == datetime.fromisoformat(moment)
    assert post.page == f"{URL}/blog/2026/05/06/name"


@pytest.mark.parametrize(
    ("key", "line", "body", "title"),
    [
        ("2026-01-02-name.md", "a: b", "Text", "name"),
        ("2026-01-02-name.md", "a: b", "# A heading\n\nText", "A heading"),
        ("2026-01-02-name.md", "a: b", "Setext\n===\n", "Setext"),
        ("2026-01-02-name.md", "a: b", "Intro\n\n# Later", "name"),
        ("2026-01-02-name.md", "a: b", "## Second level", "name"),
        ("2026-01-02-name.md", "title: T", "# A heading", "T"),
        ("dir/2026-01-02-bundle/index.md", "a: b", "Text", "bundle"),
        ("dd/name.md", "a: b", "Text", "dd/name"),
    ],
)
def test_title_is_a_field_a_heading_or_the_name(key: str, line: str, body: str, title: str) -> None:
    assert read(key, line, body=body).title == title


def test_tags_are_texts_or_tables_with_a_label() -> None:
    post = read("name.md", TITLE, "tags:", "  - B c", "  - label: L l", "    permalink: /l")

    assert [term.name for term in post.terms if term.taxonomy == "tag"] == ["B c", "L l"]


def test_authors_are_keys_or_tables() -> None:
    post = read("name.md", TITLE, "authors: [slorber, {name: N}]")

    assert [person.name for person in post.authors] == ["slorber", "N"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("2026-01-02-name.md", True),
        ("folder/name.mdx", True),
        ("x.test.md", True),
        ("_part.md", False),
        ("_parts/name.md", False),
        ("a/_b/name.mdx", False),
        ("__tests__/name.md", False),
        ("name.html", False),
    ],
)
def test_posts_are_markdown_and_mdx_without_underscores(key: str, expected: bool) -> None:
    assert is_post(key, parse_config(SITE.replace("FOLDER", "blog"))) is expected


@pytest.mark.parametrize(
    ("folder", "key"),
    [
        ("blog", "2026-01-02-name.md"),
        (".", "blog/2026-01-02-name.md"),
        ("website/blog", "2026-01-02-name.md"),
        ("website", "blog/2026-01-02-name.md"),
        ("news", "2026-01-02-name.md"),
        ("i18n/de/docusaurus-plugin-content-blog", "2026-01-02-name.md"),
    ],
)
def test_addresses_are_below_the_folder_of_the_blog(folder: str, key: str) -> None:
    assert read(key, TITLE, folder=folder).base == f"{URL}/blog/2026/01/02/name"


@pytest.mark.parametrize(
    ("pattern", "address"),
    [
        ("/blog/:slug/", "/blog/2026/01/02/name/"),
        ("/news/:slug", "/news/2026/01/02/name"),
        ("/:slug", "/2026/01/02/name"),
    ],
)
def test_pattern_says_the_base_path_and_the_slash_at_the_end(pattern: str, address: str) -> None:
    assert read("2026-01-02-name.md", TITLE, toml=f'permalink = "{pattern}"').base == URL + address
