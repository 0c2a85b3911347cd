"""A folder with index.md is one post, named by the folder; days and languages in names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from feeds.config_file.parse import parse_config
from feeds.reading.entry import fill_entry
from feeds.reading.identity import keys_after_move, post_identity
from feeds.reading.post import Post, read_post

NOW = datetime(2026, 11, 30, tzinfo=UTC)
SITE = '[site]\ntitle = "A"\nurl = "https://a.example/"\n'


def post(key: str, more: str = "", fields: str = "") -> Post:
    config = parse_config(SITE + more)
    read = read_post(key, f"---\ntitle: T\n{fields}---\nText.\n".encode(), NOW, config)
    assert read.post and not read.problems
    return read.post


@pytest.mark.parametrize(
    ("key", "page"),
    [
        ("posts/lake/index.md", "lake.html"),
        ("posts/lake/index.markdown", "lake.html"),
        ("posts/lake/index.html", "lake.html"),
        ("lake/index.md", "lake.html"),
        ("2026-01-02-lake/index.md", "lake.html"),
        ("posts/v1.2/index.md", "v1.2.html"),
        ("lake.md", "lake.html"),
        ("index.md", "index.html"),
    ],
)
def test_the_address_has_the_name_of_the_folder(key: str, page: str) -> None:
    assert post(key, fields="date: 2026-01-02\n").page == f"https://a.example/2026/01/02/{page}"


@pytest.mark.parametrize(
    "key",
    [
        "2026-05-06-walk/index.md",
        "blog/2026-05-06-walk/index.md",
        "2026-05-06/index.md",
        "2026-05-06/walk.md",
        "2026-05-06/walk/index.md",
        "2026/05/06/walk/index.md",
        "2026-5-6-walk.md",
    ],
)
def test_the_day_may_be_in_the_name_of_a_folder(key: str) -> None:
    assert post(key).published == datetime(2026, 5, 6, tzinfo=UTC)


LANGUAGES = '[posts]\nlanguages = ["en", "de"]\n'


@pytest.mark.parametrize(
    ("key", "language", "name"),
    [
        ("lake.de.md", "de", "lake"),
        ("lake/index.de.md", "de", "lake"),
        ("de/lake.md", "de", "lake"),
        ("de/lake/index.md", "de", "lake"),
        ("lake.md", "", "lake"),
        ("node.js.md", "", "node.js"),
        ("blog/de/lake.md", "", "lake"),
    ],
)
def test_a_path_can_name_a_language(key: str, language: str, name: str) -> None:
    read = post(key, LANGUAGES, "date: 2026-01-02\n")

    assert read.language == language
    assert read.page == f"https://a.example/2026/01/02/{name}.html"


def test_without_languages_names_say_nothing() -> None:
    read = post("lake.de.md", "", "date: 2026-01-02\n")

    assert (read.language, read.page) == ("", "https://a.example/2026/01/02/lake.de.html")


def test_a_field_says_the_language_before_a_path() -> None:
    assert post("de/lake.md", LANGUAGES, "lang: fr\n").language == "fr"


STEM = parse_config(SITE + '[posts]\nid_from = "stem"\nmove_folders = ["new", "old"]\n')


def test_the_stem_of_a_bundle_is_the_name_of_its_folder() -> None:
    keys = ["new/lake/index.md", "old/lake/index.md", "old/2026/lake/index.md", "new/lake.md"]

    assert {post_identity(key, STEM) for key in keys} == {"lake"}
    assert post_identity("new/sea/index.md", STEM) == "sea"


def test_translations_in_a_bundle_are_posts_of_their_own() -> None:
    more = '[posts]\nid_from = "stem"\nlanguages = ["de"]\n'
    config = parse_config(SITE + more)

    assert post_identity("lake/index.de.md", config) != post_identity("lake/index.md", config)


def test_a_bundle_moves_with_its_folder() -> None:
    assert [*keys_after_move("new/lake/index.md", STEM)] == ["old/lake/index.md"]


@pytest.mark.parametrize(
    ("permalink", "folder"),
    [
        ("/:year/:title.html", "https://a.example/2026/lake/"),
        ("/:year/:title/", "https://a.example/2026/lake/"),
        ("/:year/:title", "https://a.example/2026/lake/"),
    ],
)
def test_images_of_a_bundle_are_in_its_folder(permalink: str, folder: str) -> None:
    config = parse_config(f'{SITE}[posts]\npermalink = "{permalink}"\n')
    text = "![A boat](boat.jpg) [below](#below)\n"
    fields = "title: T\ndate: 2026-01-02\nimage: cover.jpg\n"
    read = read_post("lake/index.md", f"---\n{fields}---\n{text}".encode(), NOW, config)
    entry, _ = fill_entry(read, config)

    assert entry and read.post
    assert entry.image == f"{folder}cover.jpg"
    assert f'src="{folder}boat.jpg"' in entry.content
    assert f'href="{read.post.page}#below"' in entry.content
