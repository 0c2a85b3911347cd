"""The OPML subscription list, as a feed reader imports it."""

from __future__ import annotations

from lxml import etree
from support.sites import built, post, settings
from support.validity import assert_valid_opml

from feeds.config import Config
from feeds.documents.opml import render_opml
from feeds.model import ListedFeed

LISTED = [
    ListedFeed("", "Example News"),
    ListedFeed("category/日本", "日本 & <b>"),
    ListedFeed("category/markets", "Markets"),
    ListedFeed("tag/red", "Red"),
]


def read(config: Config, listed: list[ListedFeed] = LISTED) -> etree._Element:
    data = render_opml(listed, config)
    assert_valid_opml(data)
    return etree.fromstring(data)


def test_opml_has_a_folder_for_each_taxonomy_after_the_feed_of_all_posts() -> None:
    body = read(settings()).find("body")
    assert body is not None
    first, *folders = body

    assert (first.get("text"), first.get("type")) == ("Example News", "rss")
    assert {f.get("text"): [o.get("text") for o in f] for f in folders} == {
        "Categories": ["日本 & <b>", "Markets"],
        "Tags": ["Red"],
    }
    assert all(folder.get("xmlUrl") is None for folder in folders)


def test_opml_links_to_atom_else_rss_else_json() -> None:
    for formats, file in (
        ('["json", "rss", "atom"]', "atom.xml"),
        ('["json", "rss"]', "rss.xml"),
        ('["json"]', "feed.json"),
    ):
        root = read(settings(feeds=f"formats = {formats}"))
        urls = [o.get("xmlUrl") for o in root.iter("outline") if o.get("xmlUrl")]
        assert urls[0] == f"https://feeds.example.com/{file}"
        assert urls[1] == f"https://feeds.example.com/category/%E6%97%A5%E6%9C%AC/{file}"


def test_opml_links_to_the_page_of_a_feed_or_to_the_site() -> None:
    def pages(config: Config) -> list[str | None]:
        return [o.get("htmlUrl") for o in read(config).iter("outline") if o.get("xmlUrl")]

    assert pages(settings())[:2] == [
        "https://feeds.example.com/",
        "https://feeds.example.com/category/%E6%97%A5%E6%9C%AC/",
    ]
    assert set(pages(settings(feeds="pages = false"))) == {"https://news.example.com/"}


def test_opml_of_a_site_without_categories_has_one_feed() -> None:
    root = read(settings(), LISTED[:1])

    assert len(list(root.iter("outline"))) == 1


def test_opml_folders_have_names_in_the_site_s_language() -> None:
    root = read(settings('language = "zh-CN"'))

    assert [o.get("text") for o in root.iter("outline") if not o.get("xmlUrl")] == ["分类", "标签"]


def test_the_opml_of_a_build_has_every_feed() -> None:
    documents = built({"a.md": post("A", more="categories: [x, y]")})
    data = documents["feeds.opml"].data
    assert_valid_opml(data)
    urls = {o.get("xmlUrl") for o in etree.fromstring(data).iter("outline") if o.get("xmlUrl")}

    atoms = {path for path in documents if path.endswith("atom.xml")}
    assert urls == {f"https://feeds.example.com/{path}" for path in atoms}
    assert b'generator="bucketfeed"' in data
