"""`[addresses]`: files, folders and slugs of feeds, and what happens to old ones after a change."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from support.published import filled
from support.sites import built, post
from support.yardstick import full_build, public_tree

from feeds import paths
from feeds.building.write import write_documents
from feeds.config import Config
from feeds.config_file.parse import parse_config
from feeds.documents.feed_documents import archive_keys
from feeds.errors import ConfigError
from feeds.formats import FORMATS
from feeds.layout.layout import Layout, usual_layout
from feeds.maintenance.audit import audit
from feeds.maintenance.rebuild import rebuild
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.publishing.websub import pings_for
from feeds.runtime import ThreadedRuntime
from feeds.stores.memory import MemoryStore
from feeds.stores.own_files import is_own

SITE = '[site]\ntitle = "S"\nurl = "https://s.example/"\n'


def config(addresses: str = "", feeds: str = "", more: str = "") -> Config:
    return parse_config(f"{SITE}[feeds]\nlimit = 3\n{feeds}\n[addresses]\n{addresses}\n{more}")


JEKYLL = """
files = { atom = "feed.xml" }
feeds = { category = "feed/:slug.xml", tag = "feed/by_tag/:slug.xml" }
"""
HUGO = """
files = { rss = "index.xml" }
feeds = { category = "categories/:slug/", tag = "tags/:slug/" }
"""
PELICAN = """
feeds = { all = "feeds/all.atom.xml", category = "feeds/:slug.atom.xml" }
"""
BOTH = 'taxonomies = ["category", "tag"]'
LAYOUTS = {
    "usual": config(feeds=BOTH),
    "jekyll": config(JEKYLL, BOTH),
    "hugo": config(HUGO, BOTH),
    "pelican": config(PELICAN, BOTH),
    "plain": config('slug = "plain"', BOTH),
    "root": config('feeds = { category = ":slug/" }', BOTH),
    "rss first": config(
        'feeds = { tag = "t/:slug.xml" }', f'{BOTH}\nformats = ["rss", "atom", "json"]'
    ),
}
every_layout = pytest.mark.parametrize("name", LAYOUTS)


# --- keys -----------------------------------------------------------------------------------------


def test_a_site_that_sets_nothing_has_the_usual_keys() -> None:
    assert LAYOUTS["usual"].layout.patterns == usual_layout().patterns
    assert usual_layout().document("", FORMATS["atom"]) == "atom.xml"
    assert usual_layout().document("tag/x", FORMATS["html"]) == "tag/x/index.html"
    assert usual_layout().archive_folder("category/x") == "category/x/archive/"


KEYS = {
    ("jekyll", "", "atom"): "feed.xml",
    ("jekyll", "", "rss"): "rss.xml",
    ("jekyll", "category/tea", "atom"): "feed/tea.xml",
    ("jekyll", "tag/tea", "atom"): "feed/by_tag/tea.xml",
    ("jekyll", "tag/tea", "rss"): "feed/by_tag/tea.rss.xml",
    ("jekyll", "tag/tea", "json"): "feed/by_tag/tea.json",
    ("jekyll", "tag/tea", "html"): "feed/by_tag/tea.html",
    ("hugo", "", "rss"): "index.xml",
    ("hugo", "category/tea", "rss"): "categories/tea/index.xml",
    ("hugo", "category/tea", "html"): "categories/tea/index.html",
    ("pelican", "", "atom"): "feeds/all.atom.xml",
    ("pelican", "", "rss"): "feeds/all.rss.xml",
    ("pelican", "category/tea", "atom"): "feeds/tea.atom.xml",
    ("pelican", "category/tea", "json"): "feeds/tea.json",
    ("rss first", "tag/tea", "rss"): "t/tea.xml",
    ("rss first", "tag/tea", "atom"): "t/tea.atom.xml",
}


@pytest.mark.parametrize(("where", "key"), KEYS.items())
def test_a_document_has_the_key_of_its_pattern(where: tuple[str, str, str], key: str) -> None:
    name, path, format_ = where
    assert LAYOUTS[name].layout.document(path, FORMATS[format_]) == key


def test_archive_pages_of_a_feed_that_is_a_file_are_in_a_folder_of_its_name() -> None:
    assert archive_keys("tag/tea", "2026-01-02-0", LAYOUTS["jekyll"]) == [
        f"feed/by_tag/tea/archive/2026-01-02-0.{ending}" for ending in ("xml", "json", "html")
    ]


NAMES = st.text("abc-_ 茶É+./#", min_size=1, max_size=8) | st.sampled_from(
    ["all", "archive", "feed"]
)


@settings(derandomize=True)
@given(st.sampled_from(list(LAYOUTS)), st.sampled_from(["", "category", "tag"]), NAMES)
def test_each_key_gives_its_feed_and_its_format_back(name: str, taxonomy: str, term: str) -> None:
    layout = LAYOUTS[name].layout
    path = layout.term_path(taxonomy, term) if taxonomy else ""
    for format_ in FORMATS.values():
        keys = [layout.document(path, format_)]
        if format_.archive_ending:
            keys.append(layout.archive_document(path, "2026-01-02-0123456789ab", format_))
        for key in keys:
            assert layout.feed_of_document(key) == path
            assert layout.file_type(key) == format_


# --- slugs ----------------------------------------------------------------------------------------


def slugs(layout: Layout, names: Iterable[str]) -> list[str]:
    return [layout.slug("category", name) for name in names]


def test_a_plain_slug_has_no_hash_and_names_may_share_it() -> None:
    layout = config('slug = "plain"').layout
    names = ["Machine Learning", "machine-learning", "C", "C++", "Café au lait", "财经"]
    assert slugs(layout, names) == [
        "machine-learning", "machine-learning", "c", "c", "café-au-lait", "财经",
    ]  # fmt: skip


def test_names_that_share_a_plain_slug_share_a_feed() -> None:
    posts = {"1.md": post("One", more="category: C"), "2.md": post("Two", more="category: C++")}
    documents = built(posts, config('slug = "plain"'))
    entries = etree.fromstring(documents["category/c/atom.xml"].data).findall("{*}entry")
    assert len(entries) == 2


def test_a_name_without_a_letter_has_a_slug_of_its_own() -> None:
    first, second = slugs(config('slug = "plain"').layout, ["+++", "###"])
    assert first
    assert first != second


def test_single_slugs_can_be_set_for_all_spellings_of_a_name() -> None:
    text = 'slugs = { "C++" = "cpp", "Node.js" = "node.js" }'
    layout = config(text).layout
    assert slugs(layout, ["c++", " C++ ", "Node.js"]) == ["cpp", "cpp", "node.js"]
    assert layout.feed_of_document("category/node.js/atom.xml") == "category/node.js"


def test_titles_are_found_by_the_name_of_a_category_with_a_slug_of_its_own() -> None:
    text = 'slugs = { "C++" = "cpp" }'
    site = config(text, more='[categories]\ntitles = { "C++" = "The C++ page" }')
    documents = built({"1.md": post("One", more="category: C++")}, site)
    assert b"<title>The C++ page</title>" in documents["category/cpp/atom.xml"].data


@pytest.mark.parametrize("mode", ["unique", "plain"])
def test_a_category_whose_key_is_that_of_all_posts_gets_another_slug(mode: str) -> None:
    """Pelican would write one feed over the other."""
    layout = config(f'{PELICAN}slug = "{mode}"').layout
    (slug,) = slugs(layout, ["All"])
    assert slug != "all"
    assert layout.feed_of_document("feeds/all.atom.xml") == ""
    assert slugs(usual_layout(), ["All"]) == ["all"]


# --- links ----------------------------------------------------------------------------------------


def test_documents_link_to_each_other_at_their_keys() -> None:
    posts = {
        f"{n}.md": post(f"P{n}", f"2026-11-0{n}", "category: Tea\ntags: [x]") for n in range(1, 8)
    }
    documents = built(posts, LAYOUTS["jekyll"])
    feed = etree.fromstring(documents["feed/tea.xml"].data)
    links = {link.get("rel"): link.get("href") for link in feed.findall("{*}link")}
    assert links["self"] == "https://s.example/feed/tea.xml"
    assert links["alternate"] == "https://s.example/feed/tea.html"
    assert links["prev-archive"].removeprefix("https://s.example/") in documents
    page = documents["feed/tea.html"].data.decode()
    for href in ('href="tea.xml"', 'href="tea.rss.xml"', 'href="../index.html"'):
        assert href in page
    opml = documents["feeds.opml"].data.decode()
    assert 'xmlUrl="https://s.example/feed/by_tag/x.xml"' in opml
    assert 'xmlUrl="https://s.example/feed.xml"' in opml
    listed = documents["feeds.html"].data.decode()
    assert 'href="feed/tea.html"' in listed


PAGES = (
    'pages = { all = "/blog/", category = "/categories/:slug/", tag = "https://t.example/:slug" }'
)


def test_a_feed_is_about_the_page_of_the_site_that_is_named() -> None:
    site = config(PAGES, BOTH)
    documents = built({"1.md": post("One", more="category: 财经\ntags: [x]")}, site)
    rss = etree.fromstring(documents["category/财经/rss.xml"].data)
    page = "https://s.example/categories/%E8%B4%A2%E7%BB%8F/"
    assert rss.findtext("channel/link") == page
    assert (
        f'<link href="{page}" rel="alternate"'.encode() in documents["category/财经/atom.xml"].data
    )
    assert b'"home_page_url": "https://s.example/blog/"' in documents["feed.json"].data
    assert b'"home_page_url": "https://t.example/x"' in documents["tag/x/feed.json"].data
    assert f'htmlUrl="{page}"'.encode() in documents["feeds.opml"].data


def test_the_page_of_the_site_is_below_the_site_s_address() -> None:
    site = SITE.replace("s.example/", "s.example/blog/")
    text = f'{site}[addresses]\npages = {{ all = "/posts/" }}'
    documents = built({"1.md": post("One")}, parse_config(text))
    assert b'"home_page_url": "https://s.example/blog/posts/"' in documents["feed.json"].data


def test_hubs_hear_of_feeds_at_their_addresses() -> None:
    site = config(JEKYLL, f'{BOTH}\nhubs = ["https://hub.example/"]')
    topics = [ping.topic for ping in pings_for(["feed/by_tag/x.xml", "feed/by_tag/x.html"], site)]
    assert topics == ["https://s.example/feed/by_tag/x.xml"]


# --- what is refused ------------------------------------------------------------------------------

REFUSED = {
    'files = { html = "x.html" }': 'addresses.files.html: expected one of "atom", "rss", "json"',
    'files = { atom = "a/b.xml" }': "addresses.files.atom: expected the name of a file",
    'files = { atom = "feed" }': 'expected the name of a file such as "atom.xml", found "feed"',
    'files = { json = "feed.xml" }': "addresses.files.json: expected the name of a file",
    'files = { atom = "feed.xml", rss = "feed.xml" }': "than files.atom, found",
    'feeds = { topic = "x/:slug/" }': 'addresses.feeds.topic: expected one of "all", "category"',
    'feeds = { category = "x/" }': "addresses.feeds.category: expected a folder such as",
    'feeds = { category = "/x/:slug/" }': "addresses.feeds.category: expected a folder such as",
    'feeds = { category = "../:slug/" }': "addresses.feeds.category: expected a folder such as",
    'feeds = { category = "x/:slug/:slug/" }': "addresses.feeds.category: expected a folder",
    'feeds = { category = "x/:name/" }': "addresses.feeds.category: expected a folder",
    'feeds = { category = "x/:slug" }': 'or a file such as "category/:slug.xml"',
    'feeds = { all = "x/:slug/" }': "addresses.feeds.all: expected a folder",
    'feeds = { category = "t/:slug/", tag = "t/:slug/" }': "than feeds.",
    'feeds = { category = "t/:slug.xml", tag = "t/:slug.xml" }': "than feeds.",
    'feeds = { category = "t/c-:slug/", tag = "t/:slug/" }': "than feeds.",
    'feeds = { category = ":slug/", tag = "x/archive/:slug/" }': "than feeds.",
    'feeds = { tag = "archive/:slug/" }': "than feeds.",
    'feeds = { all = "feed.css" }': "addresses.feeds.all: expected a folder that ends in /",
    'pages = { all = "blog" }': "addresses.pages.all: expected a path of the site",
    'pages = { all = "/:slug/" }': "addresses.pages.all: expected a path of the site",
    'slugs = { C = "a/b" }': "addresses.slugs.C: expected the name of a folder",
    'slugs = { C = ".." }': "addresses.slugs.C: expected the name of a folder",
    'slugs = { C = "archive" }': "addresses.slugs.C: expected the name of a folder",
    'slugs = { C = "c.s" }\nfeeds = { tag = "t/:slug.xml" }': "addresses.slugs.C: expected no dot",
    'slug = "short"': 'addresses.slug: expected one of "unique", "plain"',
}


@pytest.mark.parametrize(("addresses", "problem"), REFUSED.items())
def test_addresses_that_cannot_be_or_collide_are_refused(addresses: str, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        config(addresses, BOTH)
    assert problem in str(error.value)
    assert len(error.value.problems) <= 2


def test_addresses_of_taxonomies_without_feeds_are_free_for_others() -> None:
    site = config('feeds = { category = "tag/:slug/" }')
    assert site.layout.feed_of_document("tag/x/atom.xml") == "category/x"


# --- the protocol ---------------------------------------------------------------------------------


def publisher(posts: MemoryStore, feeds: MemoryStore, site: Config) -> Publisher:
    return Publisher(posts, feeds, site, ThreadedRuntime(threads=4))


@pytest.mark.slow
@every_layout
def test_uploads_and_audits_give_the_bytes_of_the_full_build(name: str) -> None:
    site, posts, feeds = LAYOUTS[name], filled(), MemoryStore()
    rebuild(publisher(posts, feeds, site))
    assert public_tree(feeds) == full_build(posts, feeds, site)

    posts.put("new.md", post("New", "2026-01-01", "category: c1\ntags: [t1]"))
    posts.delete("3.md")
    publisher(posts, feeds, site).publish([Message("m", ("new.md", "3.md"), 1, ())])
    assert public_tree(feeds) == full_build(posts, feeds, site)

    lost = [key for key in feeds.list(paths.PUBLIC) if "t1" in key.key]
    for stat in lost:
        feeds.delete(stat.key)
    audit(publisher(posts, feeds, site), lambda _: None)
    assert lost
    assert public_tree(feeds) == full_build(posts, feeds, site)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in LAYOUTS if name != "usual"])
def test_a_rebuild_moves_documents_to_new_addresses_and_deletes_the_old(name: str) -> None:
    posts, feeds = filled(), MemoryStore()
    rebuild(publisher(posts, feeds, LAYOUTS["usual"]))
    mine = "public/category/c1/notes.xml", "public/tag/mine/atom.xml"
    for key in mine:
        feeds.put(key, b"<feed>mine</feed>")
    report = rebuild(publisher(posts, feeds, LAYOUTS[name]))

    assert not report.errors
    tree = public_tree(feeds)
    others = [tree.pop(key.removeprefix("public/")) for key in mine]
    assert others == [b"<feed>mine</feed>"] * 2
    assert tree == full_build(posts, feeds, LAYOUTS[name])


@pytest.mark.slow
def test_a_rebuild_moves_a_feed_to_its_new_slug() -> None:
    posts, feeds, site = filled(4), MemoryStore(), config('slug = "plain"')
    posts.put("cpp.md", post("C++", more="category: C++"))
    rebuild(publisher(posts, feeds, config()))
    before = {key for key in public_tree(feeds) if key.endswith("/atom.xml")}
    rebuild(publisher(posts, feeds, site))

    tree = public_tree(feeds)
    (former,) = {key for key in before if key.startswith("category/c-")}
    assert b"<entry>" in tree["category/c/atom.xml"]
    assert b"<entry>" not in tree[former]  # as the feed of a category without posts
    assert tree == full_build(posts, feeds, site)


@pytest.mark.slow
def test_a_build_moves_documents_to_new_addresses_and_removes_the_old() -> None:
    posts = {f"{n}.md": post(f"P{n}", f"2026-11-0{n}", "category: c") for n in range(1, 8)}
    out = MemoryStore()
    write_documents(built(posts, LAYOUTS["usual"]).values(), out)
    expected = built(posts, LAYOUTS["jekyll"])
    ids = {f"tag:s.example,2026:{key}" for key in posts}
    counts = write_documents(expected.values(), out, ids=ids, layout=LAYOUTS["jekyll"].layout)

    assert counts.removed
    assert {stat.key for stat in out.list()} == expected.keys()


def test_documents_with_other_endings_are_known_as_ours() -> None:
    site = config('files = { atom = "feed.atom", rss = "feed.rss" }')
    documents = built({"1.md": post("One")}, site)
    for key in ("feed.atom", "feed.rss"):
        assert is_own(f"below/{key}", documents[key].data, site.layout)
        assert not is_own(f"below/{key}", b"<feed/>", site.layout)


@pytest.mark.slow
def test_a_new_address_never_takes_the_file_of_another_program() -> None:
    posts, feeds, site = filled(), MemoryStore(), LAYOUTS["hugo"]
    rebuild(publisher(posts, feeds, LAYOUTS["usual"]))
    feeds.put("public/categories/c1/index.html", b"<html>The site's own page</html>")
    report = rebuild(publisher(posts, feeds, site))

    assert any("categories/c1/index.html" in error for error in report.errors)
    stored = feeds.get("public/categories/c1/index.html")
    assert stored is not None
    assert stored.data == b"<html>The site's own page</html>"
