"""The language of a feed: the site's, or in the feed of a language that one, in every format."""

from __future__ import annotations

import json

import pytest
from lxml import etree, html
from support.sites import built, post, settings
from support.validity import assert_valid_document

CONFIG = settings(feeds='taxonomies = ["category", "tag", "author", "lang"]\nlimit = 1')
LANGUAGES = {"fr": "fr", "pt-BR": "pt-br", "zh_TW": "zh-tw", "ar": "ar"}


@pytest.mark.parametrize(("written", "slug"), LANGUAGES.items())
def test_the_feed_of_a_language_has_that_language(written: str, slug: str) -> None:
    documents = built({"a.md": post("Tea", more=f"lang: {written}\nauthor: Ann")}, CONFIG)
    tag = written.replace("_", "-")

    atom = etree.fromstring(documents[f"lang/{slug}/atom.xml"].data)
    assert atom.get("{http://www.w3.org/XML/1998/namespace}lang") == tag
    rss = etree.fromstring(documents[f"lang/{slug}/rss.xml"].data)
    assert rss.findtext("channel/language") == tag
    assert json.loads(documents[f"lang/{slug}/feed.json"].data)["language"] == tag
    page = html.fromstring(documents[f"lang/{slug}/index.html"].data)
    assert page.get("lang") == tag
    for name in ("atom.xml", "rss.xml", "feed.json"):
        key = f"lang/{slug}/{name}"
        assert_valid_document(name, documents[key].data, f"https://feeds.example.com/{key}")


def test_other_feeds_have_the_language_of_the_site() -> None:
    documents = built({"a.md": post("Tea", more="lang: fr\nauthor: Ann\ncategory: Sea")}, CONFIG)
    for folder in ("", "author/ann/", "category/sea/"):
        feed = json.loads(documents[f"{folder}feed.json"].data)
        assert feed["language"] == "en"
        assert feed["items"][0]["language"] == "fr"
        assert b"<language>en</language>" in documents[f"{folder}rss.xml"].data


def test_the_page_of_a_language_is_written_in_it() -> None:
    documents = built({"a.md": post("Thé", more="lang: fr"), "b.md": post("Tea")}, CONFIG)
    french = documents["lang/fr/index.html"].data.decode()
    assert "novembre" in french and "November" not in french
    assert "November" in documents["lang/en/index.html"].data.decode()


def test_archive_pages_of_a_language_have_it_too() -> None:
    posts = {f"{day}.md": post("T", f"2026-11-{day:02}", "lang: fr") for day in range(1, 5)}
    documents = built(posts, CONFIG)
    pages = [key for key in documents if key.startswith("lang/fr/archive/") and ".xml" in key]
    assert pages
    for key in pages:
        assert b'xml:lang="fr"' in documents[key].data.partition(b"<entry>")[0]


def test_tags_in_json_are_categories_and_tags_only() -> None:
    more = "categories: [Harbour, Tides]\ntags: boats\nauthor: Ann\nlang: fr"
    documents = built({"a.md": post("Tea", more=more)}, CONFIG)
    (item,) = json.loads(documents["feed.json"].data)["items"]
    assert item["tags"] == ["Harbour", "Tides", "boats"]
    assert (item["authors"], item["language"]) == ([{"name": "Ann"}], "fr")
