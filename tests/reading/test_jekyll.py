"""Posts of Jekyll sites, beside the real Jekyll (apt install jekyll)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.real_generators import Page, has_jekyll, jekyll_pages, page

from feeds.config_file import parse_config
from feeds.reading.post import read_post
from feeds.reading.selection import is_post

needs_jekyll = pytest.mark.skipif(not has_jekyll(), reason="there is no Jekyll: apt install jekyll")

CONFIG = """
[site]
title = "T"
url = "https://s.example/base/"
timezone = "Asia/Tokyo"
[posts]
generator = "jekyll"
link_in_body = false
permalink = "{permalink}"
[categories]
default = "none"
[feeds]
taxonomies = ["category", "tag"]
"""
JEKYLL_CONFIG = """
title: T
url: https://s.example
baseurl: /base
timezone: Asia/Tokyo
future: true
permalink: {permalink}
"""
MODIFIED = datetime(2020, 1, 1, tzinfo=UTC)


def our_pages(files: Mapping[str, bytes], permalink: str) -> dict[str, Page]:
    config = parse_config(CONFIG.format(permalink=permalink))
    pages = {}
    for key, data in files.items():
        if not is_post(key, config):
            continue
        post = read_post(key, data, MODIFIED, config).post
        if post:
            names = {
                taxonomy: [term.name for term in post.terms if term.taxonomy == taxonomy]
                for taxonomy in ("category", "tag")
            }
            names["category"] = [name for name in names["category"] if name != "none"]
            pages[key] = page(
                post.title, int(post.published.timestamp()), post.link,
                names["category"], names["tag"],
            )  # fmt: skip
    return pages


def assert_same(folder: Path, files: Mapping[str, bytes], permalink: str = "date") -> None:
    """Compare all posts; of categories whose names differ only in case we have one."""
    config = JEKYLL_CONFIG.format(permalink=permalink).encode()
    theirs = jekyll_pages(folder, {"_config.yml": config, **files})
    ours = our_pages(files, permalink)
    assert theirs
    differences = {
        key: (ours.get(key), theirs.get(key))
        for key in {*ours, *theirs}
        if ours.get(key) != theirs.get(key)
    }
    assert differences == {}


def post(*fields: str) -> bytes:
    return "\n".join(["---", *fields, "---", "text", ""]).encode()


# One post for each rule of https://jekyllrb.com/docs/posts/ and /docs/permalinks/.
POSTS = {
    "_posts/2025-03-04-hello-world.md": post("title: Hello"),
    "_posts/2025-03-04-a--b.md": post("title: Two hyphens"),
    "_posts/2025-03-04-Capital Letters and spaces.md": post("title: Capitals"),
    "_posts/2025-03-04-100%-sure.md": post("title: Per cent"),
    "_posts/2025-03-04-c++-c#-a&b-(x).md": post("title: Signs"),
    "_posts/2025-03-04-v1.2.3.md": post("title: Dots"),
    "_posts/2025-03-04-ends-with-dots...md": post("title: Dots at the end"),
    "_posts/2025-03-04-日本語 の 記事.md": post("title: Japanese"),
    "_posts/2025-03-04-Ünïcödé-Ñ.md": post("title: Accents"),
    "_posts/2025-3-4-short-date.md": post("title: Short date"),
    "_posts/2025-03-04-no-title-Here-NASA.md": post("layout: post"),
    "_posts/2025-03-04--leading.md": post("layout: post"),
    "_posts/2025-03-04-page.html": post("title: HTML"),
    "_posts/2025-03-04-page.markdown": post("title: Markdown"),
    "_posts/deeper/2025-03-04-in-a-folder.md": post("title: Folder in _posts"),
    "blog/_posts/2025-03-04-above.md": post("title: Folder above _posts"),
    "News/de/_posts/2025-03-04-two-folders.md": post("categories: [x]", "title: Two folders"),
    "_posts/2025-03-04-slug.md": post("title: Slug", "slug: My Own--Slug.x"),
    "_posts/2025-03-04-cat-text.md": post("title: C", "categories: Jekyll  Update jekyll"),
    "_posts/2025-03-04-cat-list.md": post("title: C", "categories: [Two words, B & c]"),
    "_posts/2025-03-04-cat-single.md": post("title: C", "category: Two words"),
    "_posts/2025-03-04-cat-both.md": post("title: C", "categories: a b", "category: c d"),
    "_posts/2025-03-04-tags-text.md": post("title: C", "tags: a b  c"),
    "_posts/2025-03-04-tags-list.md": post("title: C", "tags: [a b, c]"),
    "_posts/2025-03-04-tag-single.md": post("title: C", "tag: a b", "tags: [z]"),
    "_posts/2025-03-04-dated.md": post("title: D", "date: 2024-12-31 23:30:00"),
    "_posts/2025-03-04-zoned.md": post("title: D", "date: 2024-12-31 16:30:00 +0000"),
    "_posts/2025-03-04-own.md": post("title: P", "permalink: /own/page/"),
    "_posts/2025-03-04-own-html.md": post("title: P", "permalink: /own.html"),
    "_posts/2025-03-04-own-relative.md": post("title: P", "permalink: own/page"),
    "_posts/2025-03-04-own-tokens.md": post("title: P", "permalink: /archive/:year/:title/"),
    "_posts/2025-03-04-own-path.md": post("title: P", "path: /not/a/page", "url: /nor/this"),
    "_posts/2025-03-04-off.md": post("title: P", "published: false"),
    "_posts/not-a-date.md": post("title: No date"),
    "about.md": post("title: A page"),
}  # fmt: skip


@needs_jekyll
@pytest.mark.slow
def test_each_documented_rule_is_jekylls(tmp_path: Path) -> None:
    assert_same(tmp_path, POSTS)


PERMALINKS = (
    "date", "pretty", "ordinal", "weekdate", "none",
    "/:year/:i_month/:i_day/:hour:minute:second/:slug/",
    "/:short_year-:short_month-:long_month/:name:output_ext",
    "/:w_year/:week/:w_day/:short_day/:long_day/:title",
    "/blog/:slugified_categories/:title.html",
    "/:path/",
    "/:collection/:year_:month/:title/",
)  # fmt: skip


@needs_jekyll
@pytest.mark.slow
@pytest.mark.parametrize("permalink", PERMALINKS)
def test_permalinks_are_jekylls(tmp_path: Path, permalink: str) -> None:
    assert_same(tmp_path, POSTS, permalink)


# --- generated ------------------------------------------------------------------------------------

WORDS = st.text(
    st.sampled_from("aZé日本ñß9 -_.~!$&'()+,;=@%#:?[]{}|^*\"<>"), min_size=1, max_size=12
)
NAMES = WORDS.filter(lambda word: not set(word) & set("/\\\0\n") and word.strip(" .~#"))
DATES = st.dates(datetime(1971, 1, 1).date(), datetime(2037, 12, 31).date())
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["Plain", "With: colon", "日本語"]),
        "slug": NAMES,
        "categories": st.one_of(st.lists(NAMES, max_size=3), st.sampled_from(["a b", "x  Y z"])),
        "category": NAMES,
        "tags": st.one_of(st.lists(NAMES, max_size=3), st.sampled_from(["a b", "One"])),
        "date": st.sampled_from(
            ["2025-03-04 23:10:00 +0900", "2025-01-01 00:00", "2024-12-31 23:59:59", "2025-8-3"]
        ),
        "permalink": st.sampled_from(["/own/", "/a/:year/:slug.html", "/:categories/x", "b/:slug"]),
    },
)  # fmt: skip


@st.composite
def dated_posts(draw: st.DrawFn) -> tuple[str, bytes]:
    folder = draw(st.sampled_from(["_posts", "_posts/sub", "blog/_posts", "A b/ü/_posts"]))
    ending = draw(st.sampled_from(["md", "markdown", "html"]))
    key = f"{folder}/{draw(DATES)}-{draw(NAMES)}.{ending}"
    fields = draw(FIELDS)
    date = fields.pop("date", "")
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    return key, post(*lines, *([f"date: {date}"] if date else []))


@needs_jekyll
@pytest.mark.slow
@settings(
    max_examples=4, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(st.lists(dated_posts(), min_size=10, max_size=25), st.sampled_from(PERMALINKS))
def test_any_post_is_read_as_jekyll_reads_it(
    tmp_path_factory: pytest.TempPathFactory, posts: list[tuple[str, bytes]], permalink: str
) -> None:
    assert_same(tmp_path_factory.mktemp("site"), dict(posts), permalink)
