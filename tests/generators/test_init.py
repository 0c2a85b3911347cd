"""`feeds init`: the settings of site generators, and a valid feeds.toml."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from feeds.generators.detect import GENERATORS, detect_generator
from feeds.generators.feeds_toml import feeds_toml_text
from feeds.generators.questions import Answers, ask_for_answers
from feeds.generators.settings import SiteSettings
from feeds.site_generators import SITE_GENERATORS

COMMAND = str(Path(sys.executable).with_name("feeds"))

JEKYLL = """
title: Notes & "more"
url: "https://notes.example.com"
baseurl: /blog
tagline: >
  What I
  noticed
lang: de_AT
timezone: Europe/Vienna
author: {name: Bo, email: bo@example.com}
permalink: pretty
plugins: [jekyll-feed]
"""
HUGO = """
baseURL = "https://www.example.org/"
title = "望屿"
languageCode = "zh-cn"
timeZone = "Asia/Shanghai"
[params]
description = "每日新闻"
author = "编辑部"
[permalinks]
posts = "/:year/:month/:contentbasename/"
"""
PELICAN = """
import os
from somewhere import secret
SITENAME = "Pelican's"
SITEURL = "https://pelican.example.net"
AUTHOR = 'Bo'
TIMEZONE = 'Europe/Paris'
DEFAULT_LANG = 'fr'
ARTICLE_URL = '{date:%Y}/{date:%m}/{slug}/'
PATH = os.path.join("a", "b")
raise SystemExit("this was run")
"""


def site(folder: Path, file: str, text: str, posts: str = "") -> Path:
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(text, encoding="utf-8")
    (folder / posts).mkdir(parents=True, exist_ok=True)
    return folder


def written(folder: Path, settings: SiteSettings | None = None) -> dict[str, Any]:
    settings = settings or detect_generator(folder)
    answers = ask_for_answers(settings, folder, lambda _question, default, _fault: default)
    return tomllib.loads(feeds_toml_text(settings, answers, "Asia/Tokyo", 2026))


def test_the_settings_of_a_jekyll_site_are_detected(tmp_path: Path) -> None:
    config = written(site(tmp_path, "_config.yml", JEKYLL, "_posts"))

    assert config["site"] == {
        "title": 'Notes & "more"',
        "url": "https://notes.example.com/blog",
        "description": "What I noticed",
        "language": "de-AT",
        "timezone": "Europe/Vienna",
        "author": {"name": "Bo", "email": "bo@example.com"},
    }
    assert config["feeds"]["url"] == "https://feeds.notes.example.com/"
    assert config["posts"]["generator"] == "jekyll"
    assert config["posts"]["permalink"] == "pretty"
    assert config["posts"]["id_authority"] == "notes.example.com,2026:blog/"
    assert config["posts"]["folder"] == "_posts"
    assert "categories" not in config
    assert detect_generator(tmp_path).posts == "_posts"


@pytest.mark.parametrize(
    ("file", "text", "undated"),
    [
        ("_config.yml", "title: T\n", "skip"),
        ("hugo.toml", "title = 'T'\n", "skip"),
        ("pelicanconf.py", "SITENAME = 'T'\n", "skip"),
        ("notes.txt", "title: T\n", None),
    ],
)
def test_posts_without_a_date_are_left_out_of_the_site_of_a_generator(
    tmp_path: Path, file: str, text: str, undated: str | None
) -> None:
    assert written(site(tmp_path, file, text, "posts"))["posts"].get("undated") == undated


def test_the_settings_of_a_hugo_site_are_detected(tmp_path: Path) -> None:
    config = written(site(tmp_path, "hugo.toml", HUGO, "content/posts"))

    assert config["site"]["title"] == "望屿"
    assert config["site"]["description"] == "每日新闻"
    assert config["site"]["language"] == "zh-cn"
    assert config["site"]["timezone"] == "Asia/Shanghai"
    assert config["site"]["author"] == {"name": "编辑部"}
    assert config["feeds"]["url"] == "https://feeds.example.org/"
    assert config["posts"]["generator"] == "hugo"
    assert config["posts"]["permalink"] == "/:year/:month/:contentbasename/"
    assert "categories" not in config
    assert detect_generator(tmp_path).posts == "content/posts"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("config.toml", HUGO),
        ("config/_default/hugo.toml", HUGO),
        ("hugo.yaml", "baseURL: https://www.example.org/\ntitle: 望屿\n"),
    ],
)
def test_every_file_name_of_hugo_s_configuration_is_detected(
    tmp_path: Path, file: str, text: str
) -> None:
    assert detect_generator(site(tmp_path, file, text)).title == "望屿"


def test_the_settings_of_a_pelican_site_are_detected_without_running_it(tmp_path: Path) -> None:
    config = written(site(tmp_path, "pelicanconf.py", PELICAN, "content"))

    assert config["site"] == {
        "title": "Pelican's",
        "url": "https://pelican.example.net",
        "description": "",
        "language": "fr",
        "timezone": "Europe/Paris",
        "author": {"name": "Bo"},
    }
    assert config["posts"]["generator"] == "pelican"
    assert config["posts"]["permalink"] == "/{date:%Y}/{date:%m}/{slug}/"


def test_settings_of_pelican_that_a_pattern_cannot_show_are_rules_and_names(
    tmp_path: Path,
) -> None:
    more = (
        "SLUGIFY_SOURCE = 'basename'\nUSE_FOLDER_AS_CATEGORY = False\nDEFAULT_CATEGORY = 'News'\n"
    )
    config = written(site(tmp_path, "pelicanconf.py", f"SITENAME = 'T'\n{more}", "content"))

    assert config["posts"]["permalink"] == "/{basename_slug}.html"
    assert config["posts"]["rules"] == [{"match": ["**"], "categories": ["News"]}]


def test_a_permalink_stays_in_the_words_of_its_generator(tmp_path: Path) -> None:
    text = "title: A\nurl: https://a.example\npermalink: :i_month/:title\n"

    config = written(site(tmp_path, "_config.yml", text))
    assert config["posts"]["permalink"] == "/:i_month/:title"


def test_a_folder_without_a_generator_gets_its_name_and_example_addresses(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    config = written(folder)

    assert config["site"]["title"] == "notes"
    assert config["site"]["url"] == "https://example.com/"
    assert config["site"]["timezone"] == "Asia/Tokyo"
    assert "author" not in config["site"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("_config.yml", "title: [unclosed"),
        ("_config.yml", "a: &a [x]\ntitle: *a\nurl: *a\n"),
        ("_config.yml", "- a list\n"),
        ("_config.yml", "title: {a: 1}\nurl: [2]\n"),
        ("hugo.toml", "not toml"),
        ("pelicanconf.py", "def ("),
        ("pelicanconf.py", "SITENAME = open('/etc/passwd').read()"),
        ("pelicanconf.py", "SITENAME = " + "(" * 500 + ")" * 500),
    ],
)
def test_a_generator_s_configuration_that_cannot_be_read_is_ignored(
    tmp_path: Path, file: str, text: str
) -> None:
    assert replace(detect_generator(site(tmp_path, file, text)), unreadable="") == SiteSettings()


@pytest.mark.parametrize(
    "settings",
    [
        SiteSettings(
            title='"""\\u0000\x07 \u202e', url="https://例え.example/", author='"', email="no@mail@"
        ),
        SiteSettings(
            title="A", url="javascript:alert(1)", language="klingon!", timezone="../../etc"
        ),
        SiteSettings(title="A", url="https://u:p@example.com", author="Bo", email="x"),
    ],
)
def test_feeds_toml_is_valid_for_any_settings(tmp_path: Path, settings: SiteSettings) -> None:
    assert written(tmp_path, settings)["site"]["title"]


def test_feeds_toml_explains_why_id_authority_must_not_change() -> None:
    answers = Answers("A", "https://www.a.example/", "https://feeds.a.example/", "en")
    text = feeds_toml_text(SiteSettings(), answers, "UTC", 2026)

    assert "they show every post as new" in text
    assert 'id_authority = "a.example,2026"' in text


# --- the command ----------------------------------------------------------------------------------


def feeds(folder: Path, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *words], cwd=folder, input=typed, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_init_asks_four_questions_and_repeats_one_after_an_invalid_answer(tmp_path: Path) -> None:
    typed = "My news\nnews.example.com\nhttps://news.example.com\n\nzh_CN\n"
    done = feeds(tmp_path, "init", typed=typed)
    config = tomllib.loads((tmp_path / "feeds.toml").read_text(encoding="utf-8"))

    assert done.returncode == 0, done.stderr
    assert "not a full web address; write it like https://example.com/" in done.stderr
    assert config["site"]["title"] == "My news"
    assert config["site"]["language"] == "zh-CN"
    assert config["feeds"]["url"] == "https://feeds.news.example.com/"
    assert "feeds serve . --config feeds.toml" in done.stdout


@pytest.mark.slow
def test_init_yes_asks_nothing_and_its_feeds_toml_builds(tmp_path: Path) -> None:
    site(tmp_path, "_config.yml", JEKYLL, "_posts")
    (tmp_path / "_posts" / "2026-11-01-a.md").write_text("---\ntitle: A\n---\nText.\n")
    done = feeds(tmp_path, "init", "--yes")

    assert (done.returncode, done.stderr) == (
        0,
        "Jekyll: using settings of _config.yml\n",
    )
    built = feeds(tmp_path, "build", "_posts", "public")
    assert (built.returncode, built.stdout.split(",")[0]) == (0, "1 post")


@pytest.mark.slow
def test_init_reports_a_generator_s_configuration_that_cannot_be_read(tmp_path: Path) -> None:
    site(tmp_path, "_config.yml", "title: [unclosed")
    done = feeds(tmp_path, "init", "--yes")

    assert done.returncode == 0
    assert done.stderr == "_config.yml: cannot be read; its settings are not used\n"
    assert (tmp_path / "feeds.toml").is_file()


def with_hidden_posts(folder: Path) -> Path:
    """A Jekyll site where two of three posts have ``hidden: true``."""
    site(folder, "_config.yml", JEKYLL, "_posts")
    for number, more in enumerate(("hidden: true", "hidden: yes", "hidden: false")):
        text = f"---\ntitle: T{number}\n{more}\n---\nText.\n"
        (folder / "_posts" / f"2026-11-0{number + 1}-a.md").write_text(text)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "published"), [("", "3 posts"), ("yes", "3 posts"), ("maybe\nno", "1 post")]
)
def test_init_asks_about_hidden_posts(tmp_path: Path, answer: str, published: str) -> None:
    done = feeds(with_hidden_posts(tmp_path), "init", typed="\n\n\n\n" + answer + "\n")

    assert (
        "2 of 3 posts have hidden: true. Jekyll publishes them. Are they in the feeds? [yes]"
    ) in done.stderr
    built = feeds(tmp_path, "build", "_posts", "public")
    assert (built.returncode, built.stdout.split(",")[0]) == (0, published)


@pytest.mark.slow
def test_init_yes_publishes_hidden_posts_as_jekyll_does(tmp_path: Path) -> None:
    feeds(with_hidden_posts(tmp_path), "init", "--yes")
    built = feeds(tmp_path, "build", "_posts", "public")

    assert built.stdout.split(",")[0] == "3 posts"
    assert "hidden" not in built.stdout


@pytest.mark.parametrize(
    ("file", "text", "posts"),
    [
        ("_config.yml", JEKYLL, "_posts"),
        ("hugo.toml", HUGO, "content"),
        ("pelicanconf.py", PELICAN, "content"),
    ],
)
def test_hidden_posts_are_published_where_the_generator_does_not_know_the_field(
    tmp_path: Path, file: str, text: str, posts: str
) -> None:
    config = written(site(tmp_path, file, text, posts))
    assert config["posts"]["visibility"] == {"hidden": "publish"}


def test_hidden_posts_are_left_out_without_a_known_generator(tmp_path: Path) -> None:
    assert "visibility" not in written(tmp_path)["posts"]


@pytest.mark.slow
def test_init_does_not_overwrite_feeds_toml(tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").write_text("mine")
    done = feeds(tmp_path, "init", "--yes")

    assert done.returncode == 2
    assert done.stderr == "feeds.toml: the file exists; edit it, or move it away\n"
    assert (tmp_path / "feeds.toml").read_text() == "mine"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["posts", "blog", "src/content/blog", "_posts"])
def test_the_command_that_init_names_serves_the_folder_that_it_wrote(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).mkdir(parents=True)
    (tmp_path / name / "2026-11-01-a.md").write_text("---\ntitle: A\n---\nText.\n")
    done = feeds(tmp_path, "init", "--yes")

    assert f"feeds serve {name} --config feeds.toml" in done.stdout
    assert f'folder = "{name}"' in (tmp_path / "feeds.toml").read_text()
    assert feeds(tmp_path, "build", name, "public").returncode == 0
    assert feeds(tmp_path, "build", ".", "public").returncode == 2


def test_the_configuration_of_each_generator_is_read() -> None:
    labels = {generator.label for generator in SITE_GENERATORS.values()} - {""}
    assert {generator.name for generator in GENERATORS} == labels


@pytest.mark.parametrize("base", ["/?x=1", "/#top"])
def test_an_address_that_pages_cannot_be_below_is_not_taken(tmp_path: Path, base: str) -> None:
    text = f"export default {{ title: 'T', url: 'https://d.example', baseUrl: '{base}' }}"

    config = written(site(tmp_path, "docusaurus.config.js", text, "blog"))
    assert config["site"]["url"] == "https://example.com/"


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("https://a.example/blog", ""),
        ("a.example", "not a full web address; write it like https://example.com/"),
        ("https://a.example/?a=b", "pages cannot be below an address with ? or #; leave it out"),
        ("https://a.example/#b", "pages cannot be below an address with ? or #; leave it out"),
    ],
)
def test_faults_of_the_answer_about_the_address(tmp_path: Path, answer: str, fault: str) -> None:
    faults = {}

    def ask(question: str, default: str, fault_of: Callable[[str], str]) -> str:
        faults[question] = fault_of(answer)
        return default

    ask_for_answers(SiteSettings(), tmp_path, ask)
    assert faults["What is its address?"] == fault
