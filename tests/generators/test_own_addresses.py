"""`feeds init` keeps the addresses of the feeds that a generator writes, as it has them."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.generator_sites import initialised
from support.real_feeds import HUGO_CONFIG, JEKYLL_CONFIG, PELICAN_CONFIG, REAL_SITES
from support.sites import built

from feeds.config import Addresses, Config
from feeds.config_file.parse import parse_config
from feeds.stores.local import LocalStore

TERMS = ["Machine Learning", "plain", "C++", "Node.js", "Ünïcode", "财经", "All", "a_b", "It's"]


def ours(folder: Path, config: Config) -> set[str]:
    """The keys of all documents of a site."""
    store = LocalStore(folder / config.posts.folder)
    posts = {stat.key: data.data for stat in store.list() if (data := store.get(stat.key))}
    return set(built(posts, config))


def with_tags(text: str) -> Config:
    return parse_config(
        text.replace('taxonomies = ["category"]', 'taxonomies = ["category", "tag"]')
    )


@pytest.mark.slow
def test_feeds_are_where_hugo_has_them(tmp_path: Path) -> None:
    site = REAL_SITES["hugo"]
    posts = {f"p{n}": f'categories: ["{term}"]\ntags: ["{term}"]' for n, term in enumerate(TERMS)}
    site._replace(files={"hugo.toml": HUGO_CONFIG}).write(tmp_path, posts)
    site.build(tmp_path)
    public = tmp_path / "public"
    theirs = {path.relative_to(public).as_posix() for path in public.rglob("index.xml")}
    keys = ours(tmp_path, with_tags(initialised(tmp_path).text))

    lists = {"categories/index.xml", "tags/index.xml", "posts/index.xml"}
    assert {key for key in keys if key.endswith("/index.xml")} | {"index.xml"} == theirs - lists
    assert "index.xml" in keys


@pytest.mark.slow
def test_feeds_are_where_pelican_has_them(tmp_path: Path) -> None:
    site = REAL_SITES["pelican-atom"]
    conf = f"{PELICAN_CONFIG}TAG_FEED_ATOM = 'tags/{{slug}}.atom.xml'\nAUTHOR_FEED_ATOM = None\n"
    conf += "TRANSLATION_FEED_ATOM = None\n"
    terms = [term for term in TERMS if term not in ("All", "财经")]  # one collides, one is unknown
    posts = {f"p{n}": f"Category: {term}\nTags: {term}" for n, term in enumerate(terms)}
    site._replace(files={"pelicanconf.py": conf}).write(tmp_path, posts)
    site.build(tmp_path)
    output = tmp_path / "output"
    theirs = {path.relative_to(output).as_posix() for path in output.rglob("*.atom.xml")}
    config = with_tags(initialised(tmp_path).text)
    keys = ours(tmp_path, config)

    assert {key for key in keys if key.endswith(".atom.xml")} == theirs
    assert "feeds/all.rss.xml" in keys
    pages = {path.relative_to(output).as_posix() for path in output.rglob("*/*.html")}
    for taxonomy in ("category", "tag"):
        pattern = config.addresses.pages[taxonomy].lstrip("/")
        names = [config.layout.slug(taxonomy, term) for term in terms]
        assert {pattern.replace(":slug", name) for name in names} <= pages


@pytest.mark.slow
def test_feeds_are_where_jekyll_feed_has_them(tmp_path: Path) -> None:
    site = REAL_SITES["jekyll"]
    conf = f"{JEKYLL_CONFIG}feed:\n  tags: true\n  categories: [news, plain]\n"
    words = [*(term for term in TERMS if " " not in term), "Two"]
    posts = {f"p{n}": f'categories: [news]\ntags: ["{term}"]' for n, term in enumerate(words)}
    posts["q"] = "categories: [plain]"
    site._replace(files={"_config.yml": conf}).write(tmp_path, posts)
    site.build(tmp_path)
    public = tmp_path / "_site"
    theirs = {path.relative_to(public).as_posix() for path in public.rglob("*.xml")}

    assert {"feed.xml", "feed/news.xml", "feed/by_tag/Two.xml"} < theirs
    assert theirs < ours(tmp_path, with_tags(initialised(tmp_path).text))


@pytest.mark.parametrize("kind", ["eleventy-atom", "eleventy-rss"])
def test_the_feed_is_where_eleventy_s_plugin_has_it(tmp_path: Path, kind: str) -> None:
    REAL_SITES[kind].write(tmp_path, {"a": ""})
    addresses = initialised(tmp_path).config.addresses
    assert addresses == Addresses(
        files={REAL_SITES[kind].format: "feed.xml"}, feeds={"all": "feed/"}
    )


def test_a_site_with_a_feed_at_the_usual_address_sets_none(tmp_path: Path) -> None:
    config = initialised(
        tmp_path, {"_config.yml": "title: A\n", "_posts/2026-01-02-a.md": "---\n---\n"}
    )
    assert "[addresses]" not in config.text


def test_feeds_at_the_address_of_the_site_have_no_pages(tmp_path: Path) -> None:
    from feeds.generators.detect import detect_generator
    from feeds.generators.feeds_toml import feeds_toml_text
    from feeds.generators.questions import Answers

    (tmp_path / "_config.yml").write_text("title: A\nurl: https://a.example\n")
    settings = detect_generator(tmp_path)
    for feeds_url, pages in (("https://a.example/", False), ("https://feeds.a.example/", True)):
        answers = Answers("A", "https://a.example/", feeds_url, "en")
        assert parse_config(feeds_toml_text(settings, answers, "UTC", 2026)).feeds.pages == pages
