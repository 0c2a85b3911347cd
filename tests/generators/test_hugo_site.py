"""`feeds init` on Hugo sites: where posts are, and their addresses as Hugo gives them.

The addresses are those that Hugo's documentation describes, and that Hugo 0.111 lists for the same
files (``hugo list all``).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.generator_sites import Site, initialised, post_text

from feeds.config import PostRule

CONFIG = 'title = "T"\nbaseURL = "https://h.example/"\n'
POST = post_text("title: A title", "date: 2026-01-02")
PAGE = post_text("title: A page")
SECTION = post_text("title: A section")
LANGUAGES = """
defaultContentLanguage = "en"
[languages.en]
title = "English"
[languages.de]
title = "Deutsch"
"""


def hugo(folder: Path, config: str, *posts: str, **others: str) -> Site:
    """A site with posts at these paths below ``content``."""
    files = {f"content/{path}": POST for path in posts}
    return initialised(folder, {"hugo.toml": CONFIG + config, **files, **others})


def test_the_section_whose_files_have_dates_has_the_posts(tmp_path: Path) -> None:
    site = initialised(
        tmp_path,
        {
            "hugo.toml": CONFIG,
            "content/news/First.md": POST,
            "content/news/sub/second.md": POST,
            "content/news/bundle/index.md": POST,
            "content/news/_index.md": SECTION,
            "content/docs/page.md": PAGE,
            "content/about.md": POST,
        },
    )

    assert site.config.posts.folder == "content/news"
    assert site.urls == {
        "content/news/First.md": "/news/first/",
        "content/news/sub/second.md": "/news/sub/second/",
        "content/news/bundle/index.md": "/news/bundle/",
    }


def test_several_sections_have_a_rule_each(tmp_path: Path) -> None:
    config = (
        "[permalinks]\nnews = ':year/:month/:slug/'\n[permalinks.page]\nevents = '/e/:title/'\n"
    )
    site = hugo(tmp_path, config, "news/a.md", "events/b.html", "notes/c.markdown")
    posts = site.config.posts

    assert (posts.folder, posts.permalink) == ("content", "/:folders/:slugorfilename/")
    assert set(posts.include) == {
        "news/**/*.md",
        "events/**/*.md",
        "events/**/*.html",
        "notes/**/*.md",
        "notes/**/*.markdown",
    }
    assert site.urls == {
        "content/news/a.md": "/2026/01/a-title/",
        "content/events/b.html": "/e/a-title/",
        "content/notes/c.markdown": "/notes/c/",
    }


@pytest.mark.parametrize("setting", ["mainSections = ['log']\n", "[params]\nmainSections = 'log'"])
def test_main_sections_have_the_posts_if_the_site_names_them(tmp_path: Path, setting: str) -> None:
    assert hugo(tmp_path, setting, "log/a.md", "news/b.md").config.posts.folder == "content/log"


def test_several_main_sections(tmp_path: Path) -> None:
    files = {"content/docs/c.md": PAGE}
    site = hugo(tmp_path, "mainSections = ['log', 'docs']\n", "log/a.md", "news/b.md", **files)

    assert site.config.posts.include == ("docs/**/*.md", "log/**/*.md")
    assert "# The main sections of the site are docs, log (mainSections).\n" in site.text


def test_pages_in_no_section_are_posts_if_no_section_has_some(tmp_path: Path) -> None:
    files = {"content/docs/page.md": PAGE}
    site = hugo(tmp_path, "", "a.md", "b/index.md", **files)

    assert site.urls == {"content/a.md": "/a/", "content/b/index.md": "/b/"}


@pytest.mark.parametrize(
    ("ugly", "urls"),
    [
        ("uglyURLs = true", ["/docs/b.html", "/p/a.html"]),
        ("[uglyURLs]\nposts = true", ["/docs/b/", "/p/a.html"]),
    ],
)
def test_ugly_addresses_end_in_html(tmp_path: Path, ugly: str, urls: list[str]) -> None:
    config = f"{ugly}\n[permalinks]\nposts = '/p/:contentbasename/'\n"
    assert sorted(hugo(tmp_path, config, "posts/a.md", "docs/b.md").urls.values()) == urls


def test_sections_in_a_permalink_are_the_folders_down_to_the_last_with_an_index(
    tmp_path: Path,
) -> None:
    config = "[permalinks]\nblog = '/:sections/:title/'\nnews = '/n/:sections[1:]/:title/'\n"
    files = {"content/blog/a/b/_index.md": SECTION, "content/news/_index.md": SECTION}
    posts = ("blog/1.md", "blog/a/2.md", "blog/a/b/3.md", "blog/a/b/c/4.md", "news/x/5.md")
    site = hugo(tmp_path, config, *posts, **files)

    assert [*site.urls.values()] == [
        "/blog/a-title/",
        "/blog/a-title/",
        "/blog/a/b/a-title/",
        "/blog/a/b/a-title/",
        "/n/a-title/",
    ]


# --- languages ------------------------------------------------------------------------------------


def test_languages_in_the_names_of_files(tmp_path: Path) -> None:
    site = hugo(tmp_path, LANGUAGES, "posts/a.md", "posts/a.de.md", "posts/b/index.de.md")

    assert (site.config.site.language, site.config.site.title) == ("en", "English")
    assert site.config.posts.languages == ("en", "de")
    assert site.urls == {
        "content/posts/a.md": "/posts/a/",
        "content/posts/a.de.md": "/de/posts/a/",
        "content/posts/b/index.de.md": "/de/posts/b/",
    }


@pytest.mark.parametrize(
    ("setting", "folders"),
    [("", "others"), ("defaultContentLanguageInSubdir = true", "all")],
)
def test_folders_of_languages_in_addresses(tmp_path: Path, setting: str, folders: str) -> None:
    site = hugo(tmp_path, setting + LANGUAGES, "posts/a.en.md")
    assert site.config.posts.language_folders == folders


def test_languages_with_a_folder_each(tmp_path: Path) -> None:
    own = LANGUAGES.replace("title = ", "contentDir = 'content/LANG'\ntitle = ")
    config = own.replace("LANG", "english", 1).replace("LANG", "de", 1)
    config += "[languages.de.permalinks]\nposts = '/beitrag/:title/'\n"
    site = hugo(tmp_path, config, "english/posts/a.md", "de/posts/a.md", "de/news/b.md")

    assert site.config.posts.folder == "content"
    assert site.urls == {
        "content/english/posts/a.md": "/posts/a/",
        "content/de/posts/a.md": "/de/beitrag/a-title/",
        "content/de/news/b.md": "/de/news/b/",
    }
    assert {path: post.language for path, post in site.posts.items()} == {
        "content/english/posts/a.md": "en",
        "content/de/posts/a.md": "de",
        "content/de/news/b.md": "de",
    }


def test_languages_with_addresses_of_their_own_are_reported(tmp_path: Path) -> None:
    config = LANGUAGES.replace("title", "baseURL = 'https://own.example/'\ntitle")
    site = hugo(tmp_path, config, "posts/a.md")

    assert site.config.posts.language_folders == "none"
    assert site.config.site.url == "https://own.example/"
    assert "a feeds.toml for each language" in [item.todo for item in site.settings.unknown]


# --- folders and files ----------------------------------------------------------------------------


def test_mounted_folders(tmp_path: Path) -> None:
    config = """
[permalinks]
posts = "/:section/:sections[1:]/:title/"
[[module.mounts]]
source = "docs/blog"
target = "content/posts"
[[module.mounts]]
source = "site/content"
target = "content"
"""
    files = {"docs/blog/a.md": POST, "docs/blog/sub/b.md": POST, "site/content/news/c.md": POST}
    more = {"docs/blog/sub/_index.md": SECTION, "content/not-mounted/d.md": POST}
    site = hugo(tmp_path, config, **files, **more)

    assert site.config.posts.folder == "."
    assert site.urls == {
        "docs/blog/a.md": "/posts/a-title/",
        "docs/blog/sub/b.md": "/posts/sub/a-title/",
        "site/content/news/c.md": "/news/c/",
    }


@pytest.mark.parametrize("other", ["posts/x/b.md", "news/x/b.md"])
def test_another_folder_for_content(tmp_path: Path, other: str) -> None:
    files = {"src/pages/posts/a.md": POST, f"src/pages/{other}": POST}
    site = hugo(tmp_path, "contentDir = 'src/pages'\n", **files)

    assert site.urls["src/pages/posts/a.md"] == "/posts/a/"
    assert site.urls[f"src/pages/{other}"] == f"/{other.removesuffix('.md')}/"


CONFIG_FILES = [
    ("hugo.yaml", "title: T\npermalinks: {posts: '/p/:slug/'}\n"),
    ("hugo.yml", "title: T\npermalinks: {posts: '/p/:slug/'}\n"),
    ("hugo.json", '{"title": "T", "permalinks": {"posts": "/p/:slug/"}}'),
    ("config.yml", "title: T\nbaseURL: /\npermalinks: {posts: '/p/:slug/'}\n"),
    ("config.json", '{"title": "T", "baseurl": "", "permalinks": {"posts": "/p/:slug/"}}'),
    ("config/_default/hugo.toml", "title = 'T'\n[permalinks]\nposts = '/p/:slug/'\n"),
    ("config/_default/permalinks.toml", "posts = '/p/:slug/'\n"),
]


@pytest.mark.parametrize(("file", "text"), CONFIG_FILES)
def test_files_of_the_configuration(tmp_path: Path, file: str, text: str) -> None:
    site = initialised(tmp_path, {file: text, "content/posts/a.md": POST})
    assert (site.settings.generator, site.config.posts.permalink) == ("Hugo", "/p/:slug/")


def test_files_beside_the_configuration_change_it_as_for_a_build_of_the_site(
    tmp_path: Path,
) -> None:
    site = hugo(
        tmp_path,
        "",
        "posts/a.fr.md",
        **{
            "config/production/hugo.toml": "baseURL = 'https://www.h.example/'\n",
            "config/_default/languages.fr.toml": "title = 'Français'\n",
            "config/_default/languages.toml": "[en]\nweight = 1\n",
            "config/_default/params.toml": "description = 'All news'\n",
        },
    )

    assert site.config.site.url == "https://www.h.example/"
    assert site.config.site.description == "All news"
    assert site.urls == {"content/posts/a.fr.md": "/fr/posts/a/"}


@pytest.mark.parametrize(
    ("file", "text", "generator"),
    [
        ("config.toml", "title = 'T'\nbase_url = 'https://zola.example'\n", "zola"),
        ("config.json", '{"title": "a setting of something else"}', ""),
    ],
)
def test_another_file_named_config_is_not_taken_for_hugo_s(
    tmp_path: Path, file: str, text: str, generator: str
) -> None:
    site = initialised(tmp_path, {file: text, "content/a.md": POST})
    assert site.config.posts.generator == generator


def test_fields_with_the_date_in_the_order_of_the_configuration(tmp_path: Path) -> None:
    config = "[frontmatter]\ndate = ['released', ':default', ':git']\n"
    site = hugo(tmp_path, config, "posts/a.md")

    assert site.config.posts.date_keys[:2] == ("released", "date")
    assert ":git" in site.settings.unknown[0].what


# --- cascades -------------------------------------------------------------------------------------

CASCADE = """---
title: Old
cascade:
  - _target: {path: "/posts/old/{x,y}*", kind: page}
    build: {list: never}
  - _target: {kind: section}
    tags: [for sections]
  - categories: [Old]
    params: {author: Ann}
---
"""


def test_cascades_become_rules(tmp_path: Path) -> None:
    posts = ("posts/a.md", "posts/old/x1.md", "posts/old/z.md", "posts/old/drafts/e.md")
    files = {
        "content/posts/old/_index.md": CASCADE,
        "content/posts/old/drafts/_index.md": "---\ncascade: {draft: true}\n---\n",
        "content/docs/_index.md": "---\ncascade: {tags: [docs]}\n---\n",
    }
    site = hugo(tmp_path, "[cascade]\nlang = 'en'\n", *posts, **files)

    assert [*site.posts] == ["content/posts/a.md", "content/posts/old/z.md"]
    assert site.categories("content/posts/old/z.md") == ["Old"]
    assert [person.name for person in site.posts["content/posts/old/z.md"].authors] == ["Ann"]
    assert site.config.posts.rules[0] == PostRule(("**",), language="en")
    assert "docs" not in site.text.partition("[[posts.rules]]")[2]
    assert "# cascade in content/posts/old/_index\n" in site.text


def test_values_that_are_very_deep_are_cut(tmp_path: Path) -> None:
    deep = '{"cascade": ' * 150 + '"x"' + "}" * 150
    text = '{"title": "T", "cascade": [' + deep + ', {"tags": ["news"]}]}'
    site = initialised(tmp_path, {"hugo.json": text, "content/posts/a.md": POST})

    assert site.config.posts.rules == (PostRule(("**",), tags=("news",)),)
