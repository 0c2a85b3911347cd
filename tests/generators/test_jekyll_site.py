"""`feeds init` on Jekyll sites: where posts are, and their addresses as Jekyll gives them.

The addresses are those of https://jekyllrb.com/docs/permalinks/.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.generator_sites import initialised, post_text, write_site
from support.real_generators import differences, jekyll_pages, our_pages

from feeds.config import Content, PostRule

CONFIG = "title: T\nurl: https://j.example\n"
POST = post_text("title: A title", "date: 2026-01-02 10:00:00 +0000")
PAGE = post_text("title: A page")


def test_one_folder_of_posts_is_the_folder_that_ids_are_relative_to(tmp_path: Path) -> None:
    site = initialised(
        tmp_path, {"_config.yml": CONFIG, "_posts/2026-01-02-A-b.md": POST, "about.md": PAGE}
    )
    posts = site.config.posts

    assert (posts.generator, posts.folder, posts.permalink) == ("jekyll", "_posts", "date")
    assert site.urls == {"_posts/2026-01-02-A-b.md": "/2026/01/02/A-b.html"}


def test_folders_above_posts_are_included_and_are_categories(tmp_path: Path) -> None:
    site = initialised(
        tmp_path,
        {
            "_config.yml": CONFIG + "permalink: pretty\nexclude: [old]\n",
            "_posts/2026-01-02-a.md": POST,
            "de/_posts/2026-01-02-b.markdown": POST,
            "en/_posts/2026-01-02-c.md": POST,
            "old/_posts/2026-01-02-excluded.md": POST,
            "_drafts/_posts/2026-01-02-draft.md": POST,
            "vendor/gem/_posts/2026-01-02-d.md": POST,
        },
    )

    assert site.config.posts.folder == "."
    assert site.urls == {
        "_posts/2026-01-02-a.md": "/2026/01/02/a/",
        "de/_posts/2026-01-02-b.markdown": "/de/2026/01/02/b/",
        "en/_posts/2026-01-02-c.md": "/en/2026/01/02/c/",
    }
    assert site.config.posts.move_folders == ()


def test_only_folder_of_posts_below_another_folder(tmp_path: Path) -> None:
    site = initialised(tmp_path, {"_config.yml": CONFIG, "blog/_posts/2026-01-02-a.md": POST})

    assert site.config.posts.folder == "blog/_posts"
    assert site.urls == {"blog/_posts/2026-01-02-a.md": "/blog/2026/01/02/a.html"}


DEFAULTS = """
defaults:
  - scope: {path: "", type: posts}
    values: {permalink: "/b/:title/", layout: post, author: Ann}
  - scope: {path: "_posts/old"}
    values: {permalink: ":year/:slug.html", category: Old, tags: [a, b]}
  - scope: {path: "_posts/private", type: posts}
    values: {published: false}
  - scope: {path: "_posts/de"}
    values: {lang: de}
  - scope: {path: "", type: pages}
    values: {permalink: "/p/:basename/"}
  - scope: {path: "assets"}
    values: {author: Bo}
"""


def test_defaults_become_rules(tmp_path: Path) -> None:
    site = initialised(
        tmp_path,
        {
            "_config.yml": CONFIG + DEFAULTS,
            "_posts/2026-01-02-a.md": POST,
            "_posts/old/2026-01-02-b.md": POST,
            "_posts/private/2026-01-02-c.md": POST,
        },
    )

    assert site.config.posts.permalink == "/b/:title/"
    assert site.config.posts.rules == (
        PostRule(("**",), authors=("Ann",)),
        PostRule(("de/**",), language="de"),
        PostRule(("old/**",), permalink="/:year/:slug.html", categories=("Old",), tags=("a", "b")),
        PostRule(("private/**",), published=False),
    )
    assert site.urls == {
        "_posts/2026-01-02-a.md": "/b/a/",
        "_posts/old/2026-01-02-b.md": "/2026/b.html",
    }
    assert "# _config.yml: defaults of path _posts/private and type posts\n" in site.text


def test_the_longer_path_of_defaults_decides_and_then_the_scope_with_a_type(tmp_path: Path) -> None:
    defaults = """
defaults:
  - scope: {path: "_posts/x", type: posts}
    values: {permalink: /typed/:title/}
  - scope: {path: "_posts/x"}
    values: {permalink: /untyped/:title/}
  - scope: {path: "", type: posts}
    values: {permalink: /all/:title/}
"""
    files = {"_posts/2026-01-02-a.md": POST, "_posts/x/2026-01-02-b.md": POST}
    site = initialised(tmp_path, {"_config.yml": CONFIG + defaults, **files})

    assert [*site.urls.values()] == ["/all/a/", "/typed/b/"]


def test_collections_with_dated_pages_are_posts(tmp_path: Path) -> None:
    collections = """
permalink: /:year/:title/
collections:
  notes: {output: true}
  links: {output: true, permalink: "l/:name"}
  docs: {output: true}
  data: {output: false}
"""
    site = initialised(
        tmp_path,
        {
            "_config.yml": CONFIG + collections,
            "_posts/2026-01-02-a.md": POST,
            "_notes/sub/b.md": POST,
            "_links/c.md": POST,
            "_docs/d.md": PAGE,
            "_data/e.md": POST,
        },
    )

    assert site.urls == {
        "_posts/2026-01-02-a.md": "/2026/a/",
        "_notes/sub/b.md": "/notes/sub/b/",
        "_links/c.md": "/l/c",
    }


@pytest.mark.parametrize(
    ("permalink", "url"), [("date", "/old/2026-01-02-A.html"), ("pretty", "/old/2026-01-02-A/")]
)
def test_files_that_move_keep_their_names_and_become_pages(
    tmp_path: Path, permalink: str, url: str
) -> None:
    site = initialised(
        tmp_path,
        {
            "_config.yml": CONFIG + f"permalink: {permalink}\n",
            "_posts/2026-01-02-A.md": POST,
            "old/2026-01-02-A.md": POST,
            "old/2025-01-02-b.md": POST,
            "notes/about.md": PAGE,
        },
    )
    posts = site.config.posts

    assert (posts.folder, posts.id_from, posts.move_folders) == (".", "stem", ("_posts", "old"))
    assert posts.include == ("_posts/**/*.md", "old/**/*.md")
    assert site.urls["old/2026-01-02-A.md"] == url
    assert "# The same names of files are in _posts/ and in old/" in site.text


def test_a_folder_of_translations_is_not_one_that_files_move_to(tmp_path: Path) -> None:
    site = initialised(
        tmp_path,
        {
            "_config.yml": CONFIG,
            "_posts/2026-01-02-a.md": POST,
            "de/2026-01-02-a.md": post_text("title: Ein Titel"),
        },
    )

    assert (site.config.posts.folder, site.config.posts.id_from) == ("_posts", "key")
    assert [item.what for item in site.settings.unknown] == ["whether the files in de/ are posts"]


@pytest.mark.parametrize(
    "others", [["de/_posts/2026-01-02-a.md"], ["old/de/2026-01-02-a.md", "old/en/2026-01-02-a.md"]]
)
def test_a_name_that_two_posts_have_does_not_identify_a_post(
    tmp_path: Path, others: list[str]
) -> None:
    names = ("_posts/2026-01-02-a.md", "old/2026-01-02-a.md", *others)
    site = initialised(tmp_path, {"_config.yml": CONFIG, **dict.fromkeys(names, POST)})

    assert site.config.posts.id_from == "key"


IN_A_FOLDER = """
permalink: /:categories/:title/
collections:
  notes: {output: true}
defaults:
  - scope: {path: "_posts/old"}
    values: {permalink: "/old/:title/"}
  - scope: {path: "de/_posts", type: posts}
    values: {categories: [welt]}
"""


@pytest.mark.slow
@pytest.mark.parametrize("settings", ["source: ./src", "collections_dir: src", ""])
def test_posts_are_where_jekyll_has_them(tmp_path: Path, settings: str) -> None:
    """The folders of `source` and `collections_dir` are not categories; other folders are."""
    top = "src/" if settings else ""
    site = initialised(
        tmp_path,
        {
            "_config.yml": f"{CONFIG}{settings}\n{IN_A_FOLDER}",
            f"{top}_posts/2026-01-02-a.md": POST,
            f"{top}_posts/old/2026-01-03-b.md": POST,
            f"{top}de/_posts/2026-01-04-c.md": POST,
            f"{top}_notes/d.md": POST,
        },
    )
    is_source = settings.startswith("source")
    if is_source:  # as Jekyll is told by the command line here
        shutil.copy(tmp_path / "_config.yml", tmp_path / "src")
    theirs = jekyll_pages(tmp_path / "src" if is_source else tmp_path)

    pages = our_pages(tmp_path, site.config, datetime(2026, 11, 30, tzinfo=UTC))
    ours = {path.removeprefix("src/"): page for path, page in pages.items()}
    assert len(theirs) == 4
    assert differences(theirs, ours) == []
    assert site.settings.unknown == ()


def test_the_address_of_a_site_on_github_pages_is_in_the_file_cname(tmp_path: Path) -> None:
    files = {"_config.yml": "title: T\n", "CNAME": "blog.example.org\n"}
    assert initialised(tmp_path, files).config.site.url == "https://blog.example.org/"


def test_the_configuration_of_hexo_is_not_taken_for_jekyll_s(tmp_path: Path) -> None:
    write_site(tmp_path, {"_config.yml": CONFIG + "source_dir: source\npublic_dir: public\n"})
    assert initialised(tmp_path, {"source/_posts/a.md": POST}).config.posts.generator == ""


def test_folders_that_feeds_toml_cannot_name_are_skipped(tmp_path: Path) -> None:
    names = ("a:b", "two  spaces", "line\nend", "_posts")
    files = {f"{name}/_posts/2026-01-02-a.md".replace("_posts/_", "_"): POST for name in names}
    site = initialised(tmp_path, {"_config.yml": CONFIG, **files})

    assert site.config.posts.folder == "_posts"
    assert [*site.posts] == ["_posts/2026-01-02-a.md"]


@pytest.mark.parametrize(
    "defaults",
    [
        "defaults: a text",
        "defaults: [a text, {scope: x, values: [y]}, {values: }]",
        "defaults: [{scope: {path: [a]}, values: {lang: 'kling on!', permalink: [x], tags: {}}}]",
        "collections: {notes: [output], 5: }\nexclude: {a: b}\nfeed: [path]\ndestination: ../..",
    ],
)
def test_values_of_other_types_are_ignored(tmp_path: Path, defaults: str) -> None:
    files = {"_config.yml": f"{CONFIG}{defaults}\n", "_posts/2026-01-02-a.md": POST}
    site = initialised(tmp_path, files)

    assert site.config.posts.rules == ()
    assert site.urls == {"_posts/2026-01-02-a.md": "/2026/01/02/a.html"}


LIQUID = {
    "_config.yml": CONFIG
    + "repository: a/b\nunused: 1\nteam: {size: 3, open: true, names: [x, y]}\n"
    "shown: in an include\n",
    "_data/releases.yml": "- 1\n",
    "_includes/note.html": "{{ site.shown }}{% include inner.html %}",
    "_includes/inner.html": "{{ site.data.releases }}",
    "_posts/2026-01-02-a.md": POST
    + "{{ site.repository }} {% for x in site.team.names %}{% endfor %}",
    "_posts/2026-01-03-b.md": POST + "{% include note.html text='site.unused' %} {{ site.title }}",
}


def test_values_data_and_includes_that_posts_use_are_proposed(tmp_path: Path) -> None:
    content = initialised(tmp_path, LIQUID).config.content

    assert (content.data, content.includes) == ("_data", "_includes")
    assert content.site == {
        "repository": "a/b",
        "shown": "in an include",
        "team": {"size": 3, "open": True, "names": ["x", "y"]},
    }


def test_site_without_liquid_in_posts_gets_no_content_table(tmp_path: Path) -> None:
    files = {name: text for name, text in LIQUID.items() if not name.startswith("_posts")}
    site = initialised(tmp_path, {**files, "_posts/2026-01-02-a.md": POST})

    assert site.config.content == Content()
