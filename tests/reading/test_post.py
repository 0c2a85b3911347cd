"""Posts: which objects are posts, drafts, ids, titles."""

from __future__ import annotations

import json

import pytest
from support.sites import PLAIN, built, settings
from support.written import entry, fields, problem, reading, told, warning

from feeds.reading.selection import is_post

STEM = settings(more='[posts]\nid_from = "stem"')


def items(documents: dict, path: str = "feed.json") -> list[dict]:
    return json.loads(documents[path].data)["items"]


# Drafts and hidden posts

HIDDEN = [
    "published: false",
    "published: False",
    "published: no",
    "published: 'false'",
    "published: off",
    "Published: false",
    "draft: true",
    "draft: True",
    "draft: yes",
    "draft: on",
    "draft: 1",
    "draft: y",
    "hidden: true",
    "status: draft",
    "status: Private",
]


@pytest.mark.parametrize("line", HIDDEN)
def test_a_draft_or_hidden_post_is_not_published_and_has_no_problem(line: str) -> None:
    read = reading(fields(line))
    assert (read.post, read.problems, read.failed) == (None, (), False)


@pytest.mark.parametrize("line", ["published: true", "draft: false", "hidden: no", "status: live"])
def test_a_post_with_published_true_is_published(line: str) -> None:
    assert entry(fields(line), "_posts/2021-12-24-tea.md").published.year == 2021


def test_toml_and_json_drafts_are_drafts() -> None:
    assert reading('+++\ntitle = "Tea"\ndraft = true\n+++\n').post is None
    assert reading('{"title": "Tea", "draft": true}\n').post is None


def test_a_draft_with_mistakes_has_no_errors() -> None:
    post = "---\ndraft: true\ntitle:\ndate: some day\n---\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n"
    assert not reading(post).failed


# Ids


def test_the_id_does_not_change_with_title_date_and_category() -> None:
    first = entry(fields("date: 2026-11-01\ncategories: tea"))
    second = entry("---\ntitle: Green tea\ndate: 2026-11-02\ncategories: trade\n---\nNew.\n")
    assert first.id == second.id == "tag:bucketfeed.invalid,2026:_posts/2026-11-18-tea.md"


def test_a_moved_post_is_one_entry_if_ids_come_from_the_stem() -> None:
    text = fields("date: 2026-11-01").encode()
    posts = {"_posts/2026-11-01-tea.md": text, "old_post/2026-11-01-tea.md": text}
    assert [item["id"] for item in items(built(posts, STEM))] == [
        "tag:bucketfeed.invalid,2026:2026-11-01-tea"
    ]
    assert len(items(built(posts, PLAIN))) == 2


def test_a_post_in_two_categories_is_one_entry_in_the_feed_of_all_posts() -> None:
    posts = {"a.md": fields("date: 2026-11-01\ncategories: [tea, trade]").encode()}
    documents = built(posts)
    for path in ("feed.json", "category/tea/feed.json", "category/trade/feed.json"):
        assert [item["title"] for item in items(documents, path)] == ["Tea"]


def test_of_two_posts_with_the_same_id_the_newer_is_published() -> None:
    posts = {
        "a.md": b"---\ntitle: First\nid: harvest\ndate: 2026-11-01\n---\n",
        "b.md": b"---\ntitle: Second\nid: harvest\ndate: 2026-11-02\n---\n",
    }
    assert [item["title"] for item in items(built(posts))] == ["Second"]


IDS = {
    "urn:isbn:9780141036144": "urn:isbn:9780141036144",
    "tag:example.com,2020:tea/1": "tag:example.com,2020:tea/1",
    "https://example.com/tea?p=1": "https://example.com/tea?p=1",
    "17": "tag:bucketfeed.invalid,2026:id/17",
    "tea & co": "tag:bucketfeed.invalid,2026:id/tea%20%26%20co",
    "javascript:alert(1)\\n": "tag:bucketfeed.invalid,2026:id/javascript%3Aalert%281%29%5Cn",
}


@pytest.mark.parametrize(("given", "id_"), IDS.items())
def test_an_id_field_is_kept_if_it_is_a_uri_else_it_becomes_a_tag_uri(given: str, id_: str) -> None:
    assert entry(fields(f"id: '{given}'")).id == id_


# Objects that are not posts

NOT_POSTS = [
    "images/tea.png",
    "README.md",
    "docs/readme.markdown",
    "news/_index.md",
    "category/markets.html",
    "_drafts/tea.md",
    ".obsidian/notes.md",
    "~tea.md",
    "tea.md.bak",
    "feed.xml",
]


def test_objects_that_are_not_posts_are_skipped_without_a_problem() -> None:
    assert [key for key in NOT_POSTS if is_post(key, PLAIN)] == []
    documents = built(dict.fromkeys(NOT_POSTS, b"\x89PNG"))
    assert documents.problems == []


@pytest.mark.parametrize("key", ["tea.md", "a/b/tea.markdown", "tea/index.md", "page.html"])
def test_markdown_and_html_files_are_posts(key: str) -> None:
    assert is_post(key, PLAIN)


# Titles


@pytest.mark.parametrize("title", ['""', "''", "", "' '", "'<br>'", "'&#8203;&#x1F;'", "~"])
def test_an_empty_title_is_reported(title: str) -> None:
    reported = problem(f"---\nlayout: post\ntitle: {title}\ndate: 2026-11-01\n---\nTea.\n")
    assert told(reported) == (3, "the title is empty", 'write title: "…" in the front matter')
    assert reported.field == "title"


def test_a_missing_title_is_reported() -> None:
    reported = problem("---\ndate: 2026-11-01\n---\nTea.\n")
    assert reported.what == "there is no title"


def test_the_first_heading_is_the_title_of_a_post_without_a_title() -> None:
    assert (
        entry("---\ndate: 2026-11-01\n---\n\n# Tea & *time* #\n\nText.\n").title == "Tea & *time*"
    )


def test_a_time_zone_alone_is_not_a_date() -> None:
    assert problem(fields("date: +0800")).what == "date: '+0800' is not a date"


def test_an_empty_source_link_is_reported_and_removed() -> None:
    footer = "[Back to Tea](//news.example.com/tea/)｜[Home](//news.example.com/)"
    post = fields("layout: post", f"The tea is in.\n\n<>\n\n{footer}")
    assert told(warning(post)) == (
        7,
        "the link to the source article is empty",
        "write its address between < and >",
    )
    result = entry(post)
    assert result.link == "https://news.example.com/2026/11/18/tea.html"
    assert result.content == "<p>The tea is in.</p>"
