"""Posts: which objects are posts, drafts, ids, titles."""

from __future__ import annotations

import json

import pytest
from lxml import etree
from support.sites import PLAIN, built, settings
from support.validity import assert_valid_document
from support.written import entry, fields, problem, reading, told, warning

from feeds.config_file.parse import parse_config
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
    assert first.id == second.id == "tag:news.example.com,2026:_posts/2026-11-18-tea.md"


def test_a_moved_post_is_one_entry_if_ids_come_from_the_stem() -> None:
    text = fields("date: 2026-11-01").encode()
    posts = {"_posts/2026-11-01-tea.md": text, "old_post/2026-11-01-tea.md": text}
    assert [item["id"] for item in items(built(posts, STEM))] == [
        "tag:news.example.com,2026:2026-11-01-tea"
    ]
    assert len(items(built(posts, PLAIN))) == 2


def test_a_post_in_two_categories_is_one_entry_in_the_feed_of_all_posts() -> None:
    posts = {"a.md": fields("date: 2026-11-01\ncategories: [tea, trade]").encode()}
    documents = built(posts)
    for path in ("feed.json", "category/tea/feed.json", "category/trade/feed.json"):
        assert [item["title"] for item in items(documents, path)] == ["Tea"]


def same(*lines: str) -> dict[str, bytes]:
    """Posts with the same date, one for each of these lines of front matter."""
    return {
        f"{n}.md": f"---\ntitle: Post {n}\ndate: 2026-11-0{n}\n{line}\n---\n".encode()
        for n, line in enumerate(lines, 1)
    }


@pytest.mark.parametrize("name", ["harvest", "fr:harvest", "blog/harvest", "17", "note: a", "a b"])
def test_an_id_that_is_not_a_uri_is_a_name_of_the_site(name: str) -> None:
    documents = built(same(f"id: '{name}'", f"id: '{name}'\nlang: fr"))
    assert [item["title"] for item in items(documents)] == ["Post 2", "Post 1"]
    assert documents.problems == []


IDS = [
    "urn:isbn:9780141036144",
    "tag:example.com,2020:tea/1",
    "https://example.com/tea?p=1",
    "doi:10.1000/182",
    "HTTPS://Example.com/Tea",
    "https://editor@example.com/tea",
    "https://例え.jp/記事",
]


@pytest.mark.parametrize("field", ["id", "guid"])
@pytest.mark.parametrize("given", IDS)
def test_a_uri_is_the_id_in_every_format(given: str, field: str) -> None:
    documents = built(same(f"{field}: '{given}'"))
    assert items(documents)[0]["id"] == given
    assert f"<id>{given}</id>".encode() in documents["atom.xml"].data
    assert f'<guid isPermaLink="false">{given}</guid>'.encode() in documents["rss.xml"].data


GUIDS = {
    "harvest-2026": "guid:harvest-2026",
    "17": "guid:17",
    "tea & co": "guid:tea%20%26%20co",
    "http://bad host/": "guid:http%3A//bad%20host/",
    "52ac3d1e-6a0f-4c3b-9a51-4f7d1b0a9c11": "guid:52ac3d1e-6a0f-4c3b-9a51-4f7d1b0a9c11",
    "javascript:alert(1)\\n": "guid:javascript%3Aalert%281%29%5Cn",
}


@pytest.mark.parametrize(("given", "name"), GUIDS.items())
def test_a_guid_is_as_written_in_rss_and_json_and_in_a_tag_uri_in_atom(
    given: str, name: str
) -> None:
    documents = built(same(f"guid: '{given}'"))
    rss = etree.fromstring(documents["rss.xml"].data)
    guid = rss.find("channel/item/guid")
    assert (guid.text, guid.get("isPermaLink")) == (given, "false")
    assert items(documents)[0]["id"] == given
    assert f"<id>tag:news.example.com,2026:{name}</id>".encode() in documents["atom.xml"].data
    for path in ("atom.xml", "rss.xml", "feed.json"):
        assert_valid_document(path, documents[path].data, f"https://feeds.example.com/{path}")


def test_a_guid_cannot_be_the_id_of_another_post() -> None:
    posts = {**same("guid: 2.md", "layout: post"), "guid/2.md": same("layout: post")["1.md"]}
    assert len(items(built(posts))) == 3


def test_long_guids_that_differ_at_their_ends_are_two_ids() -> None:
    documents = built(same(f"guid: {'x' * 2000}a", f"guid: {'x' * 2000}b"))
    assert len(items(documents)) == 2


SHARED = [
    ("guid: harvest", "guid: harvest"),
    ("id: urn:isbn:9780141036144", "id: urn:isbn:9780141036144"),
    ("id: https://example.com/tea", "guid: https://example.com/tea"),
    ("guid: ' harvest'", "guid: harvest"),
]


@pytest.mark.parametrize(("one", "other"), SHARED)
def test_of_posts_that_share_an_id_feeds_show_the_newest_and_the_others_are_reported(
    one: str, other: str
) -> None:
    documents = built(same(one, other))
    assert [item["title"] for item in items(documents)] == ["Post 2"]
    (reported,) = documents.problems
    assert (reported.key, reported.severity) == ("1.md", "warning")
    assert "feeds show 2.md in place of this post, which has the same id" in reported.what
    assert reported.todo == "write another id or guid in one of them"


def test_files_that_are_one_post_by_their_name_are_reported() -> None:
    older, newer = same("layout: post", "layout: post").values()
    documents = built({"a/tea.md": older, "b/tea.md": newer}, STEM)
    (reported,) = documents.problems
    assert (reported.key, reported.what) == (
        "a/tea.md",
        "feeds show b/tea.md in place of this file, which has the same name",
    )


AUTHORITIES = {
    "https://blog.example.com/": "tag:blog.example.com,2026:tea.md",
    "https://www.example.com": "tag:example.com,2026:tea.md",
    "https://someone.example.org/notes": "tag:someone.example.org,2026:notes/tea.md",
    "http://localhost:8000/": "tag:localhost,2026:tea.md",
    "https://b\u00fccher.example/": "tag:xn--bcher-kva.example,2026:tea.md",
}


@pytest.mark.parametrize(("url", "id_"), AUTHORITIES.items())
def test_the_default_id_has_the_host_and_the_folder_of_the_site(url: str, id_: str) -> None:
    config = parse_config(f'[site]\ntitle = "News"\nurl = "{url}"\n')
    assert entry(fields("date: 2026-11-01"), "tea.md", config).id == id_


def test_the_authority_in_feeds_toml_is_used_as_it_is() -> None:
    config = settings(more='[posts]\nid_authority = "example.com,2019:old/"')
    assert entry(fields("date: 2026-11-01"), "a/tea.md", config).id == (
        "tag:example.com,2019:old/a/tea.md"
    )


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


HEADINGS = {
    "# Tea & time #": "Tea & time",
    "# **Green** tea, [reviewed](https://a.example/)": "Green tea, reviewed",
    "#   `brew()` and _steep_ ##": "brew() and steep",
    "# Learning C#": "Learning C#",
    "# ![A cup](cup.png) Tea &amp; cake {#tea}": "Tea & cake",
    "Tea in *autumn*\n===============": "Tea in autumn",
    "# 1. Tea, *first*": "1. Tea, first",
}


@pytest.mark.parametrize(("heading", "title"), HEADINGS.items())
def test_the_text_of_the_first_heading_is_the_title_of_a_post_without_one(
    heading: str, title: str
) -> None:
    assert entry(f"---\ndate: 2026-11-01\n---\n\n{heading}\n\nText.\n").title == title


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Tea in<br>short words", "Tea in short words"),
        ("Tea in<BR />short words", "Tea in short words"),
        ("<p>Tea in</p><p>short words</p>", "Tea in short words"),
        ("<h2>Tea in</h2>short <b>words</b>", "Tea in short words"),
        ("<div class=x>Tea in</div><div>short words</div>", "Tea in short words"),
        ("<ul><li>Tea in</li><li>short words</li></ul>", "Tea in short words"),
        ("When to use <table> and <div>", "When to use <table> and <div>"),
        ("Vec<T> and Option<p2>", "Vec<T> and Option<p2>"),
    ],
)
def test_a_tag_that_ends_a_line_is_a_space_in_a_title(written: str, title: str) -> None:
    assert entry(f"---\ntitle: '{written}'\ndate: 2026-11-01\n---\n").title == title


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
