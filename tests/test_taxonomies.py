"""The table of taxonomies: a new row and a function are all that a new taxonomy needs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from lxml import etree
from support.command import files_below, run_feeds
from support.sites import built, post, settings

from feeds import taxonomies
from feeds.config_file.parse import parse_config
from feeds.documents import translations
from feeds.errors import ConfigError
from feeds.reading.field_values import to_names
from feeds.reading.terms import TermSource
from feeds.taxonomies import TAXONOMIES, Taxonomy

CONFIG = """
[site]
title = "S"
url = "https://s.example/"
[feeds]
taxonomies = ["category", "series"]
limit = 2
"""


def read_series(source: TermSource) -> Iterable[tuple[str, str]]:
    """The series of a post: the term reader of the taxonomy that these tests add."""
    return ((name, "") for name in to_names(source.fields.value(("series",))))


@pytest.fixture
def series_taxonomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new taxonomy, added as CONTRIBUTING.md says: one row in the table."""
    row = Taxonomy(name="series", label="Series", term_reader=f"{__name__}:read_series")
    monkeypatch.setitem(taxonomies.TAXONOMIES, "series", row)


@pytest.fixture
def site(series_taxonomy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site with the new taxonomy and four posts: three of the series Tea, one of Coffee."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FEEDS_CONFIG", raising=False)
    Path("feeds.toml").write_text(CONFIG)
    Path("posts").mkdir()
    for number in range(1, 5):
        series = "Coffee" if number == 4 else "Tea"
        data = post(f"Post {number}", f"2026-11-0{number}", f"category: drinks\nseries: {series}")
        Path(f"posts/{number}.md").write_bytes(data)
    return tmp_path


def published(site: Path) -> dict[str, bytes]:
    """The documents that the incremental publisher has written."""
    return files_below(site / "feeds" / "public")


def test_an_unknown_taxonomy_is_refused_with_the_names_in_the_table(series_taxonomy: None) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(CONFIG.replace('"series"', '"serie"'))

    names = '"category", "tag", "author", "lang", "series"'
    problem = f'feeds.toml: feeds.taxonomies[1]: expected one of {names}, found "serie"'
    assert caught.value.problems == (problem,)


def test_a_build_writes_feeds_of_a_taxonomy_added_to_the_table(site: Path) -> None:
    run_feeds("build", "posts", "public")
    documents = files_below(site / "public")

    assert b"<title>Post 3</title>" in documents["series/tea/atom.xml"]
    assert b"<title>Post 4</title>" not in documents["series/tea/atom.xml"]
    assert any(key.startswith("series/tea/archive/") for key in documents)
    assert b'<category term="Tea" scheme="https://s.example/series/"' in documents["atom.xml"]


def test_pages_and_opml_have_a_taxonomy_added_to_the_table(site: Path) -> None:
    run_feeds("build", "posts", "public")
    documents = files_below(site / "public")

    assert '<a rel="tag" href="series/tea/index.html">Tea</a>' in documents["index.html"].decode()
    assert ">Series</h2>" in documents["feeds.html"].decode()
    folders = etree.fromstring(documents["feeds.opml"]).findall("body/outline")
    assert [folder.get("text") for folder in folders] == ["S", "Categories", "Series"]


@pytest.mark.slow
def test_the_publisher_writes_and_deletes_feeds_of_a_taxonomy_added_to_the_table(
    site: Path,
) -> None:
    run_feeds("rebuild", "posts", "feeds")
    run_feeds("build", "posts", "public")
    assert published(site) == files_below(site / "public")

    Path("posts/1.md").unlink()
    Path("posts/5.md").write_bytes(post("Post 5", "2026-11-05", "category: drinks\nseries: Tea"))
    run_feeds("publish", "posts", "feeds", "1.md", "5.md")
    run_feeds("build", "posts", "public")

    after = published(site)
    assert b"<title>Post 5</title>" in after["series/tea/atom.xml"]
    assert not any(b"Post 1<" in data for data in after.values())
    assert after == files_below(site / "public")


def test_a_build_removes_the_feed_of_a_series_without_posts(site: Path) -> None:
    run_feeds("build", "posts", "public")
    Path("posts/4.md").unlink()

    run_feeds("build", "posts", "public")

    documents = files_below(site / "public")
    assert not any(key.startswith("series/coffee/") for key in documents)
    assert "series/tea/atom.xml" in documents


def test_check_shows_the_terms_of_a_taxonomy_added_to_the_table(site: Path) -> None:
    assert "drinks, Tea" in run_feeds("check", "posts/1.md")


def test_a_taxonomy_that_is_not_enabled_is_not_read(series_taxonomy: None) -> None:
    documents = built({"a.md": post(more="series: Tea")}, settings())

    assert b"Tea" not in documents["atom.xml"].data
    assert not any(key.startswith("series/") for key in documents)


def test_a_taxonomy_without_a_translation_falls_back_to_its_label(series_taxonomy: None) -> None:
    assert translations.taxonomy_label("series", "de") == "Series"
    assert translations.taxonomy_label("category", "de") == "Kategorien"
    assert translations.taxonomy_label("category", "fi") == "Categories"


def test_templates_can_use_the_label_of_a_taxonomy(series_taxonomy: None) -> None:
    words = translations.template_words("de")

    assert (words["series"], words["category"]) == ("Series", "Kategorien")


@pytest.mark.parametrize("language", ["ar", "de", "es", "fr", "ja", "zh", "zh-hant"])
def test_every_translation_has_a_heading_for_each_taxonomy(language: str) -> None:
    english = [taxonomy.label for taxonomy in TAXONOMIES.values()]
    labels = [translations.taxonomy_label(name, language) for name in TAXONOMIES]

    assert not set(labels) & set(english)


@pytest.mark.parametrize("name", TAXONOMIES)
def test_a_taxonomy_s_name_is_its_key_in_the_table(name: str) -> None:
    assert TAXONOMIES[name].name == name
