"""`feeds init` on Pelican sites: articles, and their addresses as the real Pelican says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.generator_sites import initialised
from support.real_generators import differences, our_pages, pelican_pages

NOW = datetime(2026, 11, 30, tzinfo=UTC)
CONF = """
SITENAME = "Lake"
SITEURL = ""
PATH = "content"
TIMEZONE = "UTC"
DEFAULT_LANG = "en"
"""


def article(title: str, *lines: str, date: str = "Date: 2026-01-02") -> str:
    return "\n".join((f"Title: {title}", date, *lines, "", "Text.", ""))


FILES = {
    "content/blog/first.md": article("First", "Category: A b"),
    "content/blog/travel/2026-02-03_the lake.md": article("Tour", date="Summary: S"),
    "content/blog/drafts/later.md": article("Later"),
    "content/blog/it/prima.md": article("Prima", "Lang: it", "Slug: first"),
    "content/blog/it/seconda.md": article("Seconda", "Lang: it"),
    "content/notes/nota.markdown": article("Nota", "Lang: it"),
    "content/notes/note.md": article("Note"),
    "content/root.md": article("Root"),
    "content/info/about.md": article("About"),
}
SETTINGS = {
    "folders of articles": 'ARTICLE_PATHS = ["blog", "notes"]\nARTICLE_EXCLUDES = ["blog/drafts"]',
    "folders of pages": 'PAGE_PATHS = ["info"]',
    "addresses of translations": (
        'ARTICLE_URL = "blog/{date:%Y}/{slug}/"\nARTICLE_SAVE_AS = ARTICLE_URL + "index.html"\n'
        'ARTICLE_LANG_URL = "{lang}/{slug}/"\nARTICLE_LANG_SAVE_AS = ARTICLE_LANG_URL + "a.html"'
    ),
    "the language in all addresses but translations": 'ARTICLE_URL = "{lang}/{slug}.html"',
    "a category for the root": 'DEFAULT_CATEGORY = "Blog"',
    "slugs from names": (
        r'FILENAME_METADATA = r"(?P<date>\d{4}-\d{2}-\d{2})[-_](?P<slug>.*)"'
        "\n"
        'ARTICLE_LANG_URL = "{lang}/{slug}/"'
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_articles_are_where_pelican_has_them(settings: str, tmp_path: Path) -> None:
    site = initialised(tmp_path, {"pelicanconf.py": CONF + settings, **FILES})
    theirs = pelican_pages(tmp_path)

    assert theirs
    assert differences(theirs, our_pages(tmp_path, site.config, NOW)) == []


def test_the_address_of_the_live_site_is_in_publishconf(tmp_path: Path) -> None:
    live = 'from pelicanconf import *\nSITEURL = "https://lake.example"\nSITENAME = ""\n'
    site = initialised(
        tmp_path, {"pelicanconf.py": CONF, "publishconf.py": live, "content/a.md": article("A")}
    )

    assert (site.config.site.title, site.config.site.url) == ("Lake", "https://lake.example/")


def test_an_unreadable_publishconf_is_named(tmp_path: Path) -> None:
    site = initialised(tmp_path, {"pelicanconf.py": CONF, "publishconf.py": "def ("})

    assert (site.settings.title, site.settings.unreadable) == ("Lake", "publishconf.py")


@pytest.mark.parametrize(
    ("setting", "what"),
    [
        (r'FILENAME_METADATA = r"(?P<slug>.*)-draft"', "FILENAME_METADATA"),
        ('SLUG_REGEX_SUBSTITUTIONS = [("a", "b")]', "SLUG_REGEX_SUBSTITUTIONS"),
        ('PATH_METADATA = r"(?P<category>.*)/.*"', "PATH_METADATA"),
        ('DEFAULT_DATE = "fs"', "DEFAULT_DATE"),
        ('DEFAULT_METADATA = {"status": "draft"}', "DEFAULT_METADATA"),
        ('ARTICLE_LANG_URL = "{lang}/{slug}/"', "ARTICLE_LANG_URL"),
    ],
)
def test_settings_that_feeds_cannot_follow_are_named(
    tmp_path: Path, setting: str, what: str
) -> None:
    site = initialised(tmp_path, {"pelicanconf.py": CONF + setting, **FILES})

    assert [what in unknown.what for unknown in site.settings.unknown] == [True]


def test_an_ordinary_site_has_nothing_unknown(tmp_path: Path) -> None:
    assert initialised(tmp_path, {"pelicanconf.py": CONF, **FILES}).settings.unknown == ()


def test_a_site_without_path_has_its_articles_in_content(tmp_path: Path) -> None:
    """`pelican-quickstart` writes ``PATH``; older sites run ``pelican content``."""
    files = {"pelicanconf.py": 'SITENAME = "Lake"\n', "content/a.md": article("A")}

    assert initialised(tmp_path, files).settings.posts == "content"
