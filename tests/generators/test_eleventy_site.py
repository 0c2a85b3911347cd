"""`feeds init` on Eleventy sites: the folders with dated files, and the data of folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.generator_sites import initialised, post_text

CONFIG = """
module.exports = function (eleventyConfig) {
  eleventyConfig.addPlugin(rss);
  return { pathPrefix: "/p/", dir: { input: "src", output: "www" } };
};
"""
POST = post_text("title: A title", "date: 2026-01-02")
PAGE = post_text("title: A page")
DATA = json.dumps(
    {
        "title": "Eleven",
        "url": "https://e.example/",
        "description": "Notes",
        "language": "de",
        "author": {"name": "Bo", "email": "bo@e.example"},
    }
)


def test_the_settings_of_a_site(tmp_path: Path) -> None:
    site = initialised(
        tmp_path,
        {
            ".eleventy.js": CONFIG,
            "README.md": PAGE,
            "src/_data/metadata.json": DATA,
            "src/about.md": PAGE,
            "src/posts/first.md": POST,
            "src/posts/2026-02-03-second.md": PAGE,
            "src/posts/posts.json": '{"tags": ["posts"], "layout": "post.njk"}',
            "src/_includes/draft.md": POST,
        },
    )
    config = site.config

    assert (config.posts.generator, config.posts.folder) == ("eleventy", "src/posts")
    assert (config.site.title, config.site.url) == ("Eleven", "https://e.example/p/")
    assert (config.site.description, config.site.language) == ("Notes", "de")
    assert config.site.author is not None
    assert config.site.author.email == "bo@e.example"
    assert site.settings.built == "www"
    assert site.config.posts.rules == ()
    assert site.urls == {
        "src/posts/first.md": "/posts/first/",
        "src/posts/2026-02-03-second.md": "/posts/2026-02-03-second/",
    }


def test_data_of_folders_are_rules(tmp_path: Path) -> None:
    site = initialised(
        tmp_path,
        {
            "eleventy.config.mjs": "export default function (c) {}",
            "blog/blog.11tydata.json": '{"permalink": "/b/{{ page.fileSlug }}/"}',
            "blog/a.md": POST,
            "blog/old/old.json": '{"permalink": "/o/{{ page.fileSlug }}.html", "tags": "attic"}',
            "blog/old/b.md": POST,
            "blog/hidden/hidden.json": '{"permalink": false}',
            "blog/hidden/c.md": POST,
        },
    )

    assert site.config.posts.permalink == "/b/{{ page.fileSlug }}/"
    assert "# blog/blog.11tydata.json or its layout has it.\n" in site.text
    assert site.urls == {"blog/a.md": "/b/a/", "blog/old/b.md": "/o/b.html"}
    assert [rule.tags for rule in site.config.posts.rules if rule.match == ("old/**",)] == [
        ("attic",)
    ]


def test_the_permalink_of_a_layout(tmp_path: Path) -> None:
    site = initialised(
        tmp_path,
        {
            ".eleventy.js": "module.exports = {}",
            "_includes/layouts/post.njk": post_text("permalink: l/{{ page.fileSlug }}/"),
            "posts/posts.json": '{"layout": "layouts/post.njk"}',
            "posts/a.md": POST,
        },
    )
    assert site.urls == {"posts/a.md": "/l/a/"}


def test_several_folders_have_posts(tmp_path: Path) -> None:
    files = {"notes/notes.json": '{"permalink": "/n/{{ page.fileSlug }}/"}'}
    site = initialised(
        tmp_path,
        {
            ".eleventy.js": "module.exports = {}",
            "posts/a.md": POST,
            "notes/b.md": POST,
            "pages/c.md": PAGE,
            **files,
        },
    )
    assert set(site.config.posts.include) == {"posts/**/*.md", "notes/**/*.md"}
    assert site.urls == {"posts/a.md": "/posts/a/", "notes/b.md": "/n/b/"}


@pytest.mark.parametrize(
    ("code", "permalink", "unknown"),
    [
        ("module.exports = { permalink: 'x/{{ page.fileSlug }}/' };", "/x/a/", 0),
        ("module.exports = { permalink: (data) => data.x };", "/posts/a/", 1),
        ("export default { tags: ['t'], permalink(data) { return '' } };", "/posts/a/", 1),
        ("export default { tags: ['posts'] };", "/posts/a/", 0),
    ],
)
def test_data_in_code(tmp_path: Path, code: str, permalink: str, unknown: int) -> None:
    files = {"posts/posts.11tydata.js": code, "posts/a.md": POST}
    site = initialised(tmp_path, {".eleventy.js": "module.exports = {}", **files})

    assert [*site.urls.values()] == [permalink]
    assert len(site.settings.unknown) == unknown
    assert all("posts/posts.11tydata.js" in item.what for item in site.settings.unknown)


def test_what_is_not_known(tmp_path: Path) -> None:
    config = """export default function (c) {
      c.setInputDirectory("pages");
      c.addGlobalData("permalink", () => (data) => data.page.fileSlug);
    }"""
    site = initialised(tmp_path, {"eleventy.config.js": config, "pages/posts/a.md": POST})

    assert site.config.posts.folder == "pages/posts"
    assert [item.what for item in site.settings.unknown] == [
        "the permalink that the configuration gives all pages (addGlobalData)",
        "the addresses of posts: Eleventy leaves pages/ out of them (dir.input)",
    ]
    assert "only an example" in site.text


def test_folders_are_relative_to_the_input(tmp_path: Path) -> None:
    config = """export const config = {
      dir: { input: "content", includes: "../_includes", data: "../_data" },
    };"""
    data = "export default { title: 'Base', url: 'https://b.example/', author: { name: 'Bo' } };"
    site = initialised(
        tmp_path,
        {
            "eleventy.config.js": config,
            "_data/metadata.js": data,
            "_includes/post.njk": post_text("permalink: /l/{{ page.fileSlug }}/"),
            "content/blog/blog.json": '{"layout": "post.njk"}',
            "content/blog/a.md": POST,
            "content/about.md": PAGE,
        },
    )

    assert (site.config.site.title, site.config.site.url) == ("Base", "https://b.example/")
    assert site.urls == {"content/blog/a.md": "/l/a/"}
