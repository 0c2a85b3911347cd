"""Pages of Zola sites have the addresses and dates that Zola's documentation says."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import unquote

import pytest

from feeds.config import Config
from feeds.config_file.parse import parse_config
from feeds.reading.post import ReadResult, read_post
from feeds.reading.selection import is_post

NOW = datetime(2026, 11, 30, tzinfo=UTC)
SITE = """[site]
title = "A"
url = "https://a.example/"
timezone = "UTC"
[feeds]
taxonomies = ["category", "tag"]
[posts]
include = ["**"]
generator = "zola"
undated = "skip"
"""
DATE = "date = 2026-01-02"


def site(toml: str = "") -> Config:
    return parse_config(SITE + toml)


def read(key: str, *lines: str, toml: str = "") -> ReadResult:
    text = "\n".join(("+++", 'title = "T"', *lines, "+++", "Text.", ""))
    return read_post(key, text.encode(), NOW, site(toml))


def address(key: str, *lines: str, toml: str = "") -> str:
    result = read(key, DATE, *lines, toml=toml)
    assert result.post, result.problems
    return result.post.page.removeprefix("https://a.example")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("content/blog/name.md", "/blog/name/"),
        ("content/name.md", "/name/"),
        ("content/index.md", "/"),
        ("content/a/b/name.md", "/a/b/name/"),
        ("content/blog/lake/index.md", "/blog/lake/"),
        ("content/blog/lake/photo.md", "/blog/lake/photo/"),
        ("blog/name.md", "/blog/name/"),
        ("content/blog/2026-01-02-dated.md", "/blog/dated/"),
        ("content/blog/2026-01-02_dated.md", "/blog/dated/"),
        ("content/blog/2026-01-02 - dated.md", "/blog/dated/"),
        ("content/blog/2026-01-02T10:20:30Z-dated.md", "/blog/dated/"),
        ("content/blog/2026-01-02-bundle/index.md", "/blog/bundle/"),
        ("content/blog/2026-1-2-not-a-date.md", "/blog/2026-1-2-not-a-date/"),
        ("content/blog/2026-01-02.md", "/blog/2026-01-02/"),
    ],
)
def test_names_of_files_and_folders(key: str, expected: str) -> None:
    assert address(key) == expected


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Capital Letters", "capital-letters"),
        ("a--b __ c", "a-b-c"),
        ("it's (really) v1.2!", "it-s-really-v1-2"),
        ("under_score", "under-score"),
        ("-ends-", "ends"),
        ("Ünïcode ÄÖ ß", "unicode-ao-ss"),
        ("Łódź – Æther", "lodz-aether"),
        ("“quotes” …", "quotes"),
    ],
)
def test_slugs(name: str, slug: str) -> None:
    assert address(f"content/blog/{name}.md") == f"/blog/{slug}/"
    assert address("content/blog/x.md", f'slug = "{name}"') == f"/blog/{slug}/"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('slug = "other"', "/blog/other/"),
        ('slug = "2026-02-03-other"', "/blog/2026-02-03-other/"),
        ('path = "own/path"', "/own/path/"),
        ('path = "/own/Path/"', "/own/Path/"),
        ('url = "/data/"', "/blog/name/"),
        ('permalink = "/data/"', "/blog/name/"),
    ],
)
def test_fields_of_the_address(line: str, expected: str) -> None:
    assert address("content/blog/2026-01-02-name.md", line) == expected


def test_a_path_is_stronger_than_a_slug() -> None:
    assert address("content/blog/name.md", 'slug = "s"', 'path = "p"') == "/p/"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("content/blog/name.md", "/blog/name/"),
        ("content/blog/name.fr.md", "/fr/blog/name/"),
        ("content/blog/2026-01-02-name.fr.md", "/fr/blog/name/"),
        ("content/blog/lake/index.fr.md", "/fr/blog/lake/"),
        ("content/blog/name.en.md", "/blog/name/"),
        ("content/blog/node.js.md", "/blog/node-js/"),
    ],
)
def test_languages(key: str, expected: str) -> None:
    assert address(key, toml='languages = ["en", "fr"]') == expected


def test_a_path_has_no_language_before_it() -> None:
    toml = 'languages = ["en", "fr"]'
    assert address("content/blog/name.fr.md", 'path = "nom"', toml=toml) == "/nom/"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("/:folders/:slug/", "/blog/deep/two-words/"),
        ("/:folders/:raw_slug/", "/blog/deep/Two Words/"),
        ("/x/:slug/:other/", "/x/two-words/:other/"),
    ],
)
def test_patterns_of_addresses(pattern: str, expected: str) -> None:
    found = address("content/blog/deep/Two Words.md", toml=f'permalink = "{pattern}"')
    assert found == expected.replace(" ", "%20")


@pytest.mark.parametrize("name", ["财经", "Привет", "party 🎉"])
def test_an_address_of_other_letters_is_a_warning(name: str) -> None:
    result = read(f"content/blog/{name}.md", DATE)

    assert [(problem.severity, problem.field) for problem in result.problems] == [
        ("warning", "slug")
    ]
    assert name in result.problems[0].what
    assert result.post is not None


@pytest.mark.parametrize(
    ("line", "toml"),
    [
        ('slug = "caijing"', ""),
        ('path = "caijing"', ""),
        ("", 'permalink = "/:folders/:raw_slug/"'),
    ],
)
def test_an_address_that_is_known_is_no_warning(line: str, toml: str) -> None:
    assert read("content/blog/财经.md", DATE, line, toml=toml).problems == ()


@pytest.mark.parametrize(
    ("key", "lines", "expected"),
    [
        ("content/2026-03-04-name.md", [], "2026-03-04T00:00:00+00:00"),
        ("content/2026-03-04_name.md", [], "2026-03-04T00:00:00+00:00"),
        ("content/2026-03-04T05:06:07+02:00-name.md", [], "2026-03-04T05:06:07+02:00"),
        ("content/blog/2026-03-04-name/index.md", [], "2026-03-04T00:00:00+00:00"),
        ("content/2026-03-04-name.md", ["date = 2026-05-06"], "2026-05-06T00:00:00+00:00"),
        ("content/2026-02-30-name.md", [], ""),
        ("content/2026-03-04.md", [], "2026-03-04T00:00:00+00:00"),
        ("content/2026-03-04/index.md", [], "2026-03-04T00:00:00+00:00"),
        ("content/2026-03-04x.md", [], ""),
        ("content/2026/03/04/name.md", [], ""),
        ("content/name.md", ['path = "2026/03/04/name"'], "2026-03-04T00:00:00+00:00"),
    ],
)
def test_dates(key: str, lines: list[str], expected: str) -> None:
    post = read(key, *lines).post
    assert (post.published.isoformat() if post else "") == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("content/blog/name.md", True),
        ("content/blog/_index.md", False),
        ("content/blog/_index.fr.md", False),
        ("content/blog/lake/notes.html", False),
        ("content/blog/lake/photo.jpg", False),
        ("content/blog/NAME.MD", False),
    ],
)
def test_pages_are_markdown_files(key: str, expected: bool) -> None:
    assert is_post(key, site()) is expected


def test_taxonomies_and_the_draft() -> None:
    lines = (DATE, "[taxonomies]", 'categories = ["News"]', 'tags = ["a", "b c"]')
    post = read("content/blog/name.md", *lines).post

    assert post is not None
    assert [(term.taxonomy, term.name) for term in post.terms] == [
        ("category", "News"), ("tag", "a"), ("tag", "b c"),
    ]  # fmt: skip
    assert read("content/blog/name.md", "draft = true", *lines).post is None


@pytest.mark.parametrize(
    ("name", "slug", "safe", "raw"),
    [  # https://github.com/getzola/zola: the tests of components/utils/src/slugs.rs
        ("input", "input", "input", "input"),
        ("tes t", "tes-t", "tes t", "tes t"),
        ("dot.", "dot", "dot", "dot."),
        ("héhé", "hehe", "héhé", "héhé"),
        ("test (hey)", "test-hey", "test (hey)", "test (hey)"),
        ("why? a:b*", "why-a-b", "why ab", "why? a:b*"),
    ],
)
def test_ways_to_make_slugs(name: str, slug: str, safe: str, raw: str) -> None:
    for token, expected in (("slug", slug), ("safe_slug", safe), ("raw_slug", raw)):
        toml = f'permalink = "/x/:{token}/"'
        found = unquote(address("content/a.md", f'slug = "{name}"', toml=toml))
        assert found == f"/x/{expected}/"


@pytest.mark.parametrize(
    ("key", "token", "expected"),
    [
        ("content/2016-10-08_a post.md", "slug_with_day", "/2016-10-08-a-post/"),
        ("content/2016-10-08_a post/index.md", "slug_with_day", "/2016-10-08-a-post/"),
        ("content/2016-10-08_a post.md", "raw_slug_with_day", "/2016-10-08_a post/"),
        ("content/2016-10-08_a post?.md", "safe_slug_with_day", "/2016-10-08_a post/"),
        ("content/2016-10-08_a post?.md", "safe_slug", "/a post/"),
    ],
)
def test_days_in_addresses(key: str, token: str, expected: str) -> None:
    assert unquote(address(key, toml=f'permalink = "/:{token}/"')) == expected


def test_a_page_that_is_not_rendered_is_left_out() -> None:
    assert read("content/a.md", DATE, "render = false").post is None
