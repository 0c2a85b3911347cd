"""Posts of Astro sites have the addresses and dates that Astro gives them.

https://docs.astro.build/en/guides/content-collections/, and the loader `glob` of astro 6.0.5.
"""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.real_generators import github_slugs

from feeds.config_file.parse import parse_config
from feeds.reading.generators.astro import slugify
from feeds.reading.post import Post, read_post
from feeds.reading.selection import is_post

URL = "https://a.example"
SITE = f"""
[site]
title = "A"
url = "{URL}"
timezone = "America/New_York"

[posts]
folder = "FOLDER"
include = ["**/*.md", "**/*.mdx"]
generator = "astro"
"""


def read(key: str, *lines: str, folder: str = ".", toml: str = "") -> Post:
    """The post at a key with these lines of front matter."""
    config = parse_config(SITE.replace("FOLDER", folder) + toml)
    text = "\n".join(("---", "title: T", *lines, "---", "Text.", ""))
    result = read_post(key, text.encode(), datetime.fromisoformat("2000-01-01T00:00Z"), config)
    assert result.post is not None, result.problems
    return result.post


@pytest.mark.parametrize(
    ("key", "address"),
    [
        ("src/content/blog/first-post.md", "/blog/first-post/"),
        ("src/content/blog/using-mdx.mdx", "/blog/using-mdx/"),
        ("src/content/posts/2026/Hello World!.md", "/posts/2026/hello-world/"),
        ("src/content/blog/lake/index.md", "/blog/lake/"),
        ("src/content/blog/index.md", "/blog/index/"),
        ("src/content/blog/2026-01-02-dated.md", "/blog/2026-01-02-dated/"),
        ("src/content/blog/a.b & c_d.md", "/blog/ab--c_d/"),
        ("web/src/content/blog/Sub Folder/x.md", "/blog/sub-folder/x/"),
        ("src/pages/posts/a.md", "/posts/a/"),
        ("src/pages/Posts/A B.md", "/Posts/A%20B/"),
        ("src/pages/posts/index.md", "/posts/"),
        ("src/pages/index.md", "/"),
    ],
)
def test_address_of_a_file(key: str, address: str) -> None:
    assert read(key).base == URL + address


@pytest.mark.parametrize(
    ("folder", "key", "address"),
    [
        ("src/content/blog", "name.md", "/blog/name/"),
        ("src/content", "notes/name.md", "/notes/name/"),
        ("src/data/blog", "2026/name.md", "/blog/2026/name/"),
        ("src/blog", "name.md", "/blog/name/"),
        (".", "name.md", "/name/"),
    ],
)
def test_the_folder_is_the_collection(folder: str, key: str, address: str) -> None:
    assert read(key, folder=folder).base == URL + address


def test_the_field_slug_is_the_id_as_it_stands() -> None:
    assert read("src/content/blog/a/name.md", "slug: My/Own Slug").base == (
        f"{URL}/blog/My/Own%20Slug/"
    )


@pytest.mark.parametrize(
    ("pattern", "address"),
    [
        ("/:slug/", "/a/name/"),
        ("/posts/:slug", "/posts/a/name"),
        ("/:collection/:slug.html", "/blog/a/name.html"),
    ],
)
def test_patterns(pattern: str, address: str) -> None:
    post = read("src/content/blog/a/name.md", toml=f'permalink = "{pattern}"')

    assert post.page == URL + address


@pytest.mark.parametrize(
    ("line", "moment"),
    [
        ("pubDate: 2026-01-02", "2026-01-02T00:00:00+00:00"),
        ("publishDate: 2026-01-02", "2026-01-02T00:00:00+00:00"),
        ("date: 2026-01-02T10:00:00", "2026-01-02T10:00:00+00:00"),
        ("pubDate: 2026-01-02T10:00:00+08:00", "2026-01-02T10:00:00+08:00"),
        ("pubDate: 'Jul 08 2022'", "2022-07-08T00:00:00-04:00"),  # in the zone of the site
    ],
)
def test_dates(line: str, moment: str) -> None:
    assert read("src/content/blog/name.md", line).published == datetime.fromisoformat(moment)


def test_date_of_the_last_change() -> None:
    post = read("src/content/blog/name.md", "pubDate: 2026-01-02", "updatedDate: 2026-03-04")

    assert post.updated == datetime.fromisoformat("2026-03-04T00:00:00+00:00")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("src/content/blog/name.md", True),
        ("src/content/blog/name.mdx", True),
        ("_site/src/content/blog/name.md", True),
        ("src/content/blog/_name.md", False),
        ("src/content/blog/_parts/name.md", False),
        ("src/pages/_posts/name.md", False),
    ],
)
def test_names_with_an_underscore_are_not_posts(key: str, expected: bool) -> None:
    assert is_post(key, parse_config(SITE.replace("FOLDER", "."))) is expected


@pytest.mark.slow
@settings(max_examples=4, deadline=None, phases=[Phase.generate], derandomize=True)
@given(st.lists(st.text(st.sampled_from("aZß财ñ0٣-_ .'~&,%+!/—é²ⅣÉ"), max_size=12), min_size=200))
def test_slugs_are_those_of_github_slugger(texts: list[str]) -> None:
    assert [slugify(text) for text in texts] == github_slugs(texts)
