"""Slugs, keys and URLs: readable, one for each name, and inside their folder."""

from __future__ import annotations

import unicodedata
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feeds import paths
from feeds.formats import FORMATS, Format
from feeds.layout.layout import usual_layout
from feeds.taxonomies import TAXONOMIES

NAMES = st.text(max_size=60) | st.text("abcC#+-_. /café０１ß", max_size=12)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("markets", "markets"),
        ("Markets", "markets"),
        ("  Markets ", "markets"),
        ("a_b-c", "a_b-c"),
        ("2013", "2013"),
        ("C", "c"),
        ("ARM", "arm"),
        ("Straße", "strasse"),
        ("STRASSE", "strasse"),
        ("能工巧匠集", "能工巧匠集"),
        ("cafe\u0301", "café"),
        ("หนังสือ", "หนังสือ"),
    ],
)
def test_a_slug_is_the_readable_name(name: str, slug: str) -> None:
    assert paths.slug(name) == slug


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ARM", "arm"),
        ("TechWeb", "Techweb"),
        ("café", "cafe\u0301"),
        ("Straße", "STRASSE"),
        ("a  b", " a b"),
        ("ΑΣ", "ας"),
    ],
)
def test_spellings_of_one_name_have_one_slug(one: str, other: str) -> None:
    assert paths.slug(one) == paths.slug(other)


def test_names_that_differ_by_a_sign_have_different_slugs() -> None:
    names = ["C", "C++", "C#", "c-", "c_", ".c", "a b", "a-b", "a_b", "a/b", "ab", "(ab)", "_ab"]

    assert len({paths.slug(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    "name", ["..", ".", "", "/", "\\", "-", "\0", "../../etc/passwd", "a/../b"]
)
def test_a_slug_cannot_leave_its_folder(name: str) -> None:
    slug = paths.slug(name)

    assert slug
    assert not set(slug) & set("/\\.\0")


@pytest.mark.parametrize("name", ["index", "archive", "INDEX", "con", "NUL", "aux"])
def test_the_slug_of_a_reserved_name_has_a_hash(name: str) -> None:
    assert paths.slug(name) != name.casefold()
    assert paths.slug(name).startswith(name.casefold())


def test_no_name_can_imitate_the_slug_of_another() -> None:
    other = paths.slug("C++")

    assert other.startswith("c-")
    assert paths.slug(other) != other


def test_the_slug_of_a_long_name_fits_into_a_file_name() -> None:
    assert len(paths.slug("字" * 500).encode()) <= 100
    assert paths.slug("字" * 500) != paths.slug("字" * 501)


@pytest.mark.slow
@given(NAMES)
def test_a_slug_is_always_a_plain_file_name(name: str) -> None:
    slug = paths.slug(name)

    assert 0 < len(slug.encode()) <= 100
    assert all(c in "-_" or unicodedata.category(c)[0] in "LMN" for c in slug)
    assert slug == unicodedata.normalize("NFC", slug)
    assert paths.slug(name) == slug


@given(NAMES, NAMES)
@example("c-0000000000", "c")
def test_two_names_share_a_slug_only_if_they_have_one_identity(one: str, other: str) -> None:
    same = paths.identity(one) == paths.identity(other)

    assert (paths.slug(one) == paths.slug(other)) == same


@given(NAMES)
def test_a_slug_is_not_the_slug_of_another_name(name: str) -> None:
    slug = paths.slug(name)

    assert paths.identity(name) == slug or paths.slug(slug) != slug


@pytest.mark.parametrize(
    ("key", "feed"),
    [
        ("atom.xml", ""),
        ("rss.xml", ""),
        ("feed.json", ""),
        ("index.html", ""),
        ("archive/2026-01-01-0123456789ab.xml", ""),
        ("category/markets/atom.xml", "category/markets"),
        ("category/markets/archive/2026-01-01-0123456789ab.xml", "category/markets"),
        ("tag/日本/rss.xml", "tag/日本"),
        ("author/x/index.html", "author/x"),
        ("lang/en/feed.json", "lang/en"),
    ],
)
def test_the_key_of_a_document_gives_the_path_of_its_feed(key: str, feed: str) -> None:
    assert usual_layout().feed_of_document(key) == feed
    assert usual_layout().is_document(key)


@pytest.mark.parametrize(
    "key",
    [
        "about.html",
        "logo.png",
        "blog/index.html",
        "blog/atom.xml",
        "category/atom.xml",
        "category/a/b/atom.xml",
        "category/markets/notes.xml",
        "category/archive/x.xml",
        "archive/readme.txt",
        "blog/archive/x.xml",
        "atom.xml.bak",
        "",
    ],
)
def test_keys_that_are_not_documents_belong_to_no_feed(key: str) -> None:
    assert usual_layout().feed_of_document(key) is None
    assert not usual_layout().is_document(key)


@pytest.mark.parametrize(
    ("key", "content_type"),
    [
        ("atom.xml", "application/atom+xml; charset=utf-8"),
        ("rss.xml", "application/rss+xml; charset=utf-8"),
        ("category/a/feed.json", "application/feed+json; charset=utf-8"),
        ("archive/2026-01-01-0123456789ab.xml", "application/atom+xml; charset=utf-8"),
        ("index.html", "text/html; charset=utf-8"),
        ("tag/a/archive/2026-01-01-0123456789ab.html", "text/html; charset=utf-8"),
        ("feeds.html", "text/html; charset=utf-8"),
        ("feeds.opml", "text/x-opml; charset=utf-8"),
        ("feed.css", "text/css; charset=utf-8"),
    ],
)
def test_the_key_of_a_document_gives_its_media_type(key: str, content_type: str) -> None:
    file_type = usual_layout().file_type(key)

    assert file_type
    assert file_type.content_type == content_type


def test_documents_about_all_feeds_belong_to_no_feed() -> None:
    for key in ("feeds.html", "feeds.opml"):
        assert usual_layout().feed_of_document(key) is None
        assert usual_layout().is_document(key)


@given(st.sampled_from(list(TAXONOMIES)), NAMES, st.sampled_from(list(FORMATS.values())))
def test_document_keys_and_feed_paths_round_trip(taxonomy: str, name: str, format_: Format) -> None:
    layout = usual_layout()
    path = layout.term_path(taxonomy, name)
    keys = [layout.document(path, format_)]
    if format_.archive_ending:
        keys.append(layout.archive_document(path, "1", format_))

    assert [layout.feed_of_document(key) for key in keys] == [path] * len(keys)
    assert paths.taxonomy_of(path) == taxonomy


def test_a_url_is_its_key_percent_encoded() -> None:
    url = paths.url("https://feeds.example.com/", "category/日本/atom.xml")

    assert url == "https://feeds.example.com/category/%E6%97%A5%E6%9C%AC/atom.xml"


@given(st.text(min_size=1).filter(lambda t: t.isprintable()))
def test_keys_and_urls_round_trip(key: str) -> None:
    url = paths.url("https://feeds.example.com/", key)

    assert url.isascii()
    assert unquote(urlsplit(url).path) == "/" + key


def test_a_tag_uri_has_its_authority_and_its_key() -> None:
    uri = paths.tag_uri("example.com,2026", "_posts/渔 & co.md")

    assert uri == "tag:example.com,2026:_posts/%E6%B8%94%20%26%20co.md"


@pytest.mark.parametrize(
    ("key", "stem"),
    [
        ("_posts/2021-12-24-NW2021.md", "2021-12-24-NW2021"),
        ("hello.md", "hello"),
        ("2021-12-24-.md", "2021-12-24-"),
        ("a.b/c.d.html", "c.d"),
        (".hidden", ".hidden"),
    ],
)
def test_the_stem_of_a_key_is_its_file_name_without_the_ending(key: str, stem: str) -> None:
    assert paths.stem(key) == stem


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("/images/a.png", "https://example.com/images/a.png"),
        ("a.png", "https://example.com/2026/a.png"),
        ("../a.png", "https://example.com/a.png"),
        ("//cdn.example.net/a.png", "https://cdn.example.net/a.png"),
        ("https://other.example.net/", "https://other.example.net/"),
        ("http://[", "http://["),
    ],
)
def test_a_reference_is_resolved_against_the_url_of_its_page(reference: str, url: str) -> None:
    assert paths.resolved("https://example.com/2026/post.html", reference) == url


@pytest.mark.parametrize(
    ("here", "there", "link"),
    [
        ("index.html", "feeds.html", "feeds.html"),
        ("index.html", "category/a/index.html", "category/a/index.html"),
        ("category/a/index.html", "feeds.html", "../../feeds.html"),
        ("category/a/index.html", "category/a/atom.xml", "atom.xml"),
        ("category/a/index.html", "category/b/atom.xml", "../b/atom.xml"),
        ("category/a/archive/1.html", "category/a/index.html", "../index.html"),
        ("category/a/archive/1.html", "category/a/archive/0.html", "0.html"),
        ("archive/1.html", "category/archive/index.html", "../category/archive/index.html"),
        (
            "category/%E6%97%A5/index.html",
            "tag/%E6%97%A5/index.html",
            "../../tag/%E6%97%A5/index.html",
        ),
    ],
)
def test_a_relative_link_between_two_keys(here: str, there: str, link: str) -> None:
    base = "https://feeds.example.com/some/folder/"

    assert paths.relative(here, there) == link
    assert paths.resolved(base + here, link) == base + there
