"""`feeds init` on Zola sites: its configuration is not Hugo's; sections, addresses and languages.

The addresses are those that Zola's documentation describes.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.generator_sites import Site, initialised

CONFIG = 'base_url = "https://z.example/log"\ntitle = "T"\n'
POST = '+++\ntitle = "A title"\ndate = 2026-01-02\n+++\nText.\n'
PAGE = '+++\ntitle = "A page"\n+++\nText.\n'


def zola(folder: Path, config: str, *posts: str, **others: str) -> Site:
    """A site with posts at these paths below ``content``."""
    files = {f"content/{path}": POST for path in posts}
    return initialised(folder, {"config.toml": CONFIG + config, **files, **others})


def test_the_settings_of_a_site(tmp_path: Path) -> None:
    config = 'description = "All of it"\ndefault_language = "de"\nauthor = "Bo"\n'
    site = zola(tmp_path, config, "blog/a.md")

    assert site.settings.file == "config.toml"
    assert site.config.posts.generator == "zola"
    assert site.config.site.url == "https://z.example/log/"
    assert (site.config.site.title, site.config.site.description) == ("T", "All of it")
    assert site.config.site.language == "de"
    assert site.config.site.timezone == "UTC"
    assert site.config.site.author is not None
    assert site.config.site.author.name == "Bo"


def test_zola_toml_is_read_too(tmp_path: Path) -> None:
    site = initialised(tmp_path, {"zola.toml": CONFIG, "content/a.md": POST})
    assert (site.settings.file, site.config.posts.generator) == ("zola.toml", "zola")


@pytest.mark.parametrize("text", ["baseURL = 'https://h.example'", "title = 'Something else'"])
def test_a_config_toml_without_base_url_is_not_zola_s(tmp_path: Path, text: str) -> None:
    site = initialised(tmp_path, {"config.toml": text, "content/a.md": POST})
    assert site.config.posts.generator != "zola"


def test_the_section_whose_pages_have_dates_has_the_posts(tmp_path: Path) -> None:
    files = {
        "content/_index.md": PAGE,
        "content/about.md": POST,
        "content/docs/guide.md": PAGE,
        "content/blog/_index.md": PAGE,
        "content/blog/2026-01-05-By name.md": PAGE,
        "content/blog/2026-01-06-folder/index.md": PAGE,
    }
    site = zola(tmp_path, "", "blog/First.md", **files)

    assert site.config.posts.folder == "content/blog"
    assert site.urls == {
        "content/blog/First.md": "/blog/first/",
        "content/blog/2026-01-05-By name.md": "/blog/by-name/",
        "content/blog/2026-01-06-folder/index.md": "/blog/folder/",
    }


def test_pages_in_no_section_are_posts_if_several_have_a_date(tmp_path: Path) -> None:
    by_path = '+++\ntitle = "A title"\npath = "2026/02/03/three"\n+++\nText.\n'
    files = {"content/3.md": by_path, "content/docs/guide.md": PAGE}
    site = zola(tmp_path, "", "1.md", "two/index.md", "inside/4.md", **files)

    assert set(site.config.posts.include) == {"*.md", "*/index.md", "inside/**/*.md"}
    assert site.urls == {
        "content/1.md": "/1/",
        "content/two/index.md": "/two/",
        "content/3.md": "/2026/02/03/three/",
        "content/inside/4.md": "/inside/4/",
    }


def test_languages_are_in_the_names_of_files(tmp_path: Path) -> None:
    site = zola(tmp_path, "[languages.fr]\ntitle = 'Le T'\n", "blog/a.md", "blog/a.fr.md")

    assert site.config.posts.languages == ("en", "fr")
    assert site.urls == {"content/blog/a.md": "/blog/a/", "content/blog/a.fr.md": "/fr/blog/a/"}


@pytest.mark.parametrize(
    ("slugify", "url"),
    [
        ("paths = 'on'", "/blog/a-name/"),
        ("paths = 'off'", "/blog/A Name?/"),
        ("paths = 'safe'", "/blog/A Name/"),
        ("paths_keep_dates = true", "/blog/2026-01-02-a-name/"),
        ("paths = 'safe'\npaths_keep_dates = true", "/blog/2026-01-02_A Name/"),
    ],
)
def test_the_style_of_slugs(tmp_path: Path, slugify: str, url: str) -> None:
    site = zola(tmp_path, f"[slugify]\n{slugify}\n", "blog/2026-01-02_A Name?.md")

    assert [*site.urls.values()] == [url]
    assert site.settings.unknown == ()


def test_sections_that_are_drafts_are_left_out(tmp_path: Path) -> None:
    draft = '+++\ntitle = "Later"\ndraft = true\n+++\n'
    files = {"content/later/_index.md": draft, "content/blog/new/_index.md": draft}
    posts = ("later/a.md", "blog/new/b.md", "blog/c.md", "notes/d.md", "root.md")
    site = zola(tmp_path, "", *posts, **files)

    assert site.urls == {"content/blog/c.md": "/blog/c/", "content/notes/d.md": "/notes/d/"}


def test_taxonomies(tmp_path: Path) -> None:
    config = "taxonomies = [{name = 'tags'}, {name = 'seasons'}]\n"
    site = zola(tmp_path, config, "blog/a.md")

    assert site.config.feeds.taxonomies == ("tag",)
    assert [item.what for item in site.settings.unknown] == [
        "whether the taxonomy seasons is one of categories or of tags"
    ]
