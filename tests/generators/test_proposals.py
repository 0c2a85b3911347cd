"""`feeds init` looks at the posts: names of categories, tags, links to sources, and moves."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.generator_sites import Site, initialised, post_text

CONFIG = """
theme: jekyll-theme-minimal
lang: zh-CN
url: https://news.example.com
timezone: Asia/Shanghai
plugins: [jekyll-feed]
"""


def report(category: str, tag: str, source: str, navigation: str = "") -> str:
    body = f"一条新闻。\n\n<https://{source}>\n{navigation}"
    fields = ("layout: post", "title: 标题", "date: 2026-11-08 10:46:18 +0800")
    return post_text(*fields, f"categories: {category}", f"tags: {tag}", body=body)


def newsroom(folder: Path) -> dict[str, str]:
    """A newsroom that takes over reports: a category is a key, a tag is its name, files move."""
    home = "\n[返回首页](//news.example.com/)"
    return {
        "_config.yml": CONFIG,
        "_posts/2026-11-01-init.md": post_text(
            "title: 开站", "date: 2026-11-01 13:33:50", "categories: sitenews", "tags: 站长消息"
        ),
        "_posts/2026-11-08-1001.md": report("linxi", "临汐新闻", "a.example/1001"),
        "_posts/2026-11-08-1002.md": report("linxi", "临汐新闻", "a.example/1002"),
        "_posts/2026-11-08-1003.md": report("wangyu APP", "望屿客户端新闻", "b.example/1003"),
        "_posts/2026-11-08-1004.md": report("wangyu APP", "望屿客户端新闻", "b.example/1004"),
        "old_post/2026-11-08-1001.md": report("linxi", "临汐新闻", "a.example/1001", home),
        "old_post/2026-10-08-0901.md": report("linxi", "临汐新闻", "a.example/0901", home),
        "old_post/2026-10-08-0902.md": report("wangyu APP", "望屿客户端新闻", "b.example/0902"),
        "category/linxi.html": post_text("layout: category", "category: linxi"),
        "category/wangyu APP.html": post_text("layout: category", "category: wangyu APP"),
    }


def test_the_settings_of_a_newsroom_are_found(tmp_path: Path) -> None:
    site = initialised(tmp_path, newsroom(tmp_path))
    posts, categories = site.config.posts, site.config.categories

    assert (posts.generator, posts.folder, posts.id_from) == ("jekyll", ".", "stem")
    assert posts.move_folders == ("_posts", "old_post")
    assert (categories.title_from, categories.split) == ("tags", False)
    assert posts.link_in_body
    assert "# category/wangyu APP.html exists" in site.text
    assert "exactly one tag, which is its name: linxi is 临汐新闻" in site.text
    assert "# 7 of 8 posts end with a link" in site.text


def moved(folder: Path, date: str, moved_date: str) -> Site:
    """A newsroom in which one post has another form of its date in the folder it moved to."""
    files = newsroom(folder)
    for path, text in (("_posts", date), ("old_post", moved_date)):
        name = f"{path}/2026-11-08-1001.md"
        files[name] = files[name].replace("2026-11-08 10:46:18 +0800", text)
    return initialised(folder, files)


def test_dates_of_moved_posts_show_their_zone(tmp_path: Path) -> None:
    site = moved(tmp_path, "2026-11-08 10:46:18", "2026-11-08 10:46:18 +0800")

    assert site.config.posts.date_zone == "Asia/Shanghai"
    assert "are dates of one post, 2026-11-08-1001" in site.text
    for folder in ("_posts", "old_post"):
        moment = site.posts[f"{folder}/2026-11-08-1001.md"].published
        assert moment == datetime(2026, 11, 8, 2, 46, 18, tzinfo=UTC)


def test_dates_that_may_be_in_utc_are_named(tmp_path: Path) -> None:
    site = moved(tmp_path, "2026-11-08 10:46:18", "2026-11-09 10:46:18 +0800")

    assert site.config.posts.date_zone == ""
    assert [item.what for item in site.settings.unknown if "zone" in item.what] == [
        "the zone of dates like 2026-11-01 13:33:50, in 2 posts"
    ]


def test_the_posts_of_a_newsroom_have_their_names_and_their_sources(tmp_path: Path) -> None:
    posts = initialised(tmp_path, newsroom(tmp_path)).posts
    shown = {
        path: (post.link, *((term.name, term.title) for term in post.terms))
        for path, post in posts.items()
    }

    assert len(shown) == 8
    assert shown["_posts/2026-11-08-1003.md"] == (
        "https://b.example/1003",
        ("wangyu APP", "望屿客户端新闻"),
    )
    assert shown["old_post/2026-10-08-0901.md"] == (
        "https://a.example/0901",
        ("linxi", "临汐新闻"),
    )
    assert len({post.id for post in posts.values()}) == 7


def blog(*fields: str, count: int = 4, body: str = "Text.") -> dict[str, str]:
    """A site with posts that have these fields; ``{n}`` in a field is the number of the post."""
    posts = {
        f"_posts/2026-01-0{n + 1}-a.md": post_text(
            "title: A", *(field.replace("{n}", str(n)) for field in fields), body=body
        )
        for n in range(count)
    }
    return {"_config.yml": CONFIG, **posts}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["tags: [x, y]"], ("tag",)),
        (["tags: [x, y]", "categories: c"], ("category",)),
        ([], ("category",)),
    ],
)
def test_tags_have_feeds_where_posts_have_tags_and_no_categories(
    tmp_path: Path, fields: list[str], expected: tuple[str, ...]
) -> None:
    assert initialised(tmp_path, blog(*fields)).config.feeds.taxonomies == expected


@pytest.mark.parametrize(
    "fields",
    [
        ["category: c{n}", "tags: [t{n}]"],  # one post for each: nothing repeats
        ["category: c", "tags: [t]"],  # one category
        ["category: c{n}", "tags: [t]"],  # the tag is not the category's own
        ["category: c", "tags: [t{n}]"],  # several tags for one category
        ["categories: [a, b]", "tags: [t]"],
    ],
)
def test_tags_are_not_names_of_categories_without_one_for_each(
    tmp_path: Path, fields: list[str]
) -> None:
    assert initialised(tmp_path, blog(*fields)).config.categories.title_from == ""


@pytest.mark.parametrize(("exceptions", "expected"), [(0, "tags"), (1, "tags"), (2, "")])
def test_one_post_of_fifty_may_have_another_tag_than_its_category(
    tmp_path: Path, exceptions: int, expected: str
) -> None:
    tags = ["x"] * exceptions + ["one"] * (30 - exceptions) + ["two"] * 30
    files = {
        f"_posts/2026-01-02-{n}.md": post_text(
            "title: A", f"category: c{n // 30}", f"tags: [{tag}]"
        )
        for n, tag in enumerate(tags)
    }
    site = initialised(tmp_path, {"_config.yml": CONFIG, **files})

    assert site.config.categories.title_from == expected


@pytest.mark.parametrize(("with_link", "expected"), [(0, False), (1, False), (2, True), (4, True)])
def test_the_link_in_the_body_counts_where_half_of_the_posts_end_with_one(
    tmp_path: Path, with_link: int, expected: bool
) -> None:
    files = blog()
    for path in [path for path in files if "_posts" in path][:with_link]:
        files[path] += "\n<https://source.example/article>\n"

    assert initialised(tmp_path, files).config.posts.link_in_body is expected


def test_categories_are_split_without_a_page_that_says_otherwise(tmp_path: Path) -> None:
    files = blog("categories: a b") | {"category/a.html": post_text("category: a")}
    site = initialised(tmp_path, files)

    assert site.config.categories.split is None
    assert site.categories("_posts/2026-01-01-a.md") == ["a", "b"]
