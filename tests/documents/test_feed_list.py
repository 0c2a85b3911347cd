"""The page of all feeds, and feed.css; an ordinary upload does not change them."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from lxml import etree
from lxml import html as lxml_html
from support.sites import built, post, settings

from feeds.config import Config
from feeds.documents.feed_list import feed_list_documents
from feeds.model import ListedFeed

PLAIN = settings('description = "What happened"', 'taxonomies = ["category", "tag"]')


def documents(listed: list[ListedFeed], config: Config = PLAIN) -> dict[str, bytes]:
    return {document.path: document.data for document in feed_list_documents(listed, config)}


def page(listed: list[ListedFeed], config: Config = PLAIN) -> lxml_html.HtmlElement:
    return lxml_html.document_fromstring(documents(listed, config)["feeds.html"].decode())


def rows(root: lxml_html.HtmlElement) -> dict[str, list[str]]:
    """The titles of the feeds, by heading."""
    return {
        section.findtext("h2"): [item.find("a").text_content() for item in section.iter("li")]
        for section in root.iter("section")
    }


FEW = [
    ListedFeed("category/日本", "日本"),
    ListedFeed("tag/red", "Red"),
    ListedFeed("category/b", "apples"),
    ListedFeed("category/a", "Bees"),
    ListedFeed("", "Whatever"),
]


def test_the_feed_list_is_sorted_by_taxonomy_and_title() -> None:
    assert rows(page(FEW)) == {
        "All posts": ["Example News"],
        "Categories": ["apples", "Bees", "日本"],
        "Tags": ["Red"],
    }


def test_numbers_in_titles_are_sorted_by_their_value_on_the_page_and_in_opml() -> None:
    titles = ["cat10", "Cat2", "cat1", "10", "9", "²", "v1.10", "v1.9", "cat", "1" * 900]
    listed = [ListedFeed(f"category/{n}", title) for n, title in enumerate(titles)]
    expected = ["9", "10", "1" * 900, "cat", "cat1", "Cat2", "cat10", "v1.9", "v1.10", "²"]

    assert rows(page(listed))["Categories"] == expected
    opml = etree.fromstring(documents(listed)["feeds.opml"])
    assert opml.xpath("//outline[@title='Categories']/outline/@title") == expected


def test_the_feed_list_does_not_depend_on_the_order_of_its_input() -> None:
    assert documents(FEW) == documents(FEW[::-1])


def test_the_feed_list_links_to_the_page_and_the_formats_of_each_feed() -> None:
    root = page([ListedFeed("category/日本", "日本")], settings(feeds='formats = ["rss", "json"]'))
    item = list(root.iter("li"))[1]

    assert [(a.text_content(), unquote(a.get("href"))) for a in item.iter("a")] == [
        ("日本", "category/日本/index.html"),
        ("RSS", "category/日本/rss.xml"),
        ("JSON Feed", "category/日本/feed.json"),
    ]


def test_the_feed_list_links_to_the_opml_file_and_to_the_site() -> None:
    hrefs = [a.get("href") for a in page(FEW).iter("a")]

    assert {"feeds.opml", "https://news.example.com/", "index.html"} <= set(hrefs)


def test_the_feed_list_escapes_titles() -> None:
    hostile = "<script>alert(1)</script>\"'&"
    root = page([ListedFeed("category/x", hostile)])

    assert rows(root)["Categories"] == [hostile]
    assert list(root.iter("script")) == []


def test_a_feed_list_with_many_feeds_has_a_filter_hidden_until_its_script_runs() -> None:
    few = page([ListedFeed(f"category/{n}", f"Name {n}") for n in range(3)])
    many = page([ListedFeed(f"category/{n}", f"Name {n}") for n in range(30)])
    (box,) = many.xpath("//*[@role='search']")

    assert few.xpath("//*[@role='search'] | //script") == []
    assert box.get("hidden") is not None
    assert box.find("label").get("for") == box.find("input").get("id")
    assert len(list(many.iter("script"))) == 1


def test_a_list_of_two_thousand_feeds_is_smaller_than_a_megabyte() -> None:
    listed = [ListedFeed(f"category/name-of-{n}", f"The name of {n}") for n in range(2000)]

    assert len(documents(listed)["feeds.html"]) < 1_000_000


def test_an_ordinary_upload_does_not_change_the_feed_list() -> None:
    posts = {"a.md": post("A", more="categories: [x, y]")}
    before = built(posts)
    after = built(posts | {"b.md": post("B", "2026-11-20", "categories: x")})

    for path in ("feeds.html", "feeds.opml", "feed.css"):
        assert before[path] == after[path]


@pytest.mark.parametrize(
    ("lines", "paths"),
    [
        ("", {"feeds.html", "feeds.opml", "feed.css"}),
        ("pages = false", {"feeds.opml", "feed.css"}),
        ('formats = ["json"]', {"feeds.html", "feeds.opml"}),
        ('formats = ["json", "rss"]', {"feeds.html", "feeds.opml", "feed.css"}),
    ],
)
def test_the_feed_list_has_a_page_and_a_style_sheet_if_configured(
    lines: str, paths: set[str]
) -> None:
    assert set(documents([], settings(feeds=lines))) == paths


def test_feed_css_has_a_note_in_the_site_s_language() -> None:
    style = documents([], settings('language = "de"'))["feed.css"].decode()

    assert "Dies ist ein Feed." in style
    assert style.count("{") == style.count("}")
