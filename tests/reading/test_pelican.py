"""Articles of Pelican sites have the addresses, titles, dates and terms that the real one says."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.real_generators import differences, our_pages, pelican_pages, write_site

from feeds.config import Config
from feeds.config_file.parse import parse_config
from feeds.reading.generators.pelican import expand, strftime
from feeds.reading.post import ReadResult, read_post
from feeds.reading.selection import is_post

NOW = datetime(2026, 11, 30, tzinfo=UTC)
SITE = '[site]\ntitle = "A"\nurl = "https://a.example/"\ntimezone = "{zone}"\n{more}'
POSTS = """[feeds]
taxonomies = ["category", "tag"]
[posts]
folder = "."
include = ["content/**"]
generator = "pelican"
undated = "skip"
"""
DATE = "Date: 2026-01-02 10:20"


def site(toml: str = "", zone: str = "UTC", more: str = "") -> Config:
    return parse_config(SITE.format(zone=zone, more=more) + POSTS + toml)


def said(folder: Path, files: dict[str, str], config: Config, pelican: str = "") -> list[str]:
    """The differences between Pelican and us, where `files` are below ``content/``."""
    content = {f"content/{name}": text for name, text in files.items()}
    conf = f'PATH = "content"\nSITENAME = "A"\nTIMEZONE = "{config.site.timezone}"\n{pelican}'
    write_site(folder, {"pelicanconf.py": conf, **content})
    theirs = pelican_pages(folder)
    assert theirs
    return differences(theirs, our_pages(folder, config, NOW))


def article(*lines: str, title: str, date: str = DATE) -> str:
    return "\n".join((f"Title: {title}", date, *lines, "", "Text.", ""))


TITLES = {
    f"{at}.md": article(title=title)
    for at, title in enumerate((
        "Plain", "Two Words", "A   lot  of   space", "a--b - c", "C++ & C#: a 100% test", "v1.2",
        "It's (really) \"quoted\"!", "under_score", "- leading and trailing -", "50,000 & more",
        "A <em>title</em> with <code>x < y</code>", "Fish &amp; chips &lt;b&gt;", "a <!-- b --> c",
        "Ünïcode ÄÖ ß", "Łódź, Øresund, Đà Nẵng", "Æther œuvre Þór ðe",
        "“Smart” ‘quotes’ – and — dashes…",
        "½ ② ™ ﬁ", "5 × 3°", "10 € → ©", "¿Qué? «Sí»", "Party 🎉 time 👩‍💻",
        "A: b: c", "*stars* and co`de",
        "CAPITALS", "a/b\\c",
    ))
}  # fmt: skip
FILES = {
    "root.md": article(title="Root"),
    "2026-03-04-dated.md": article(title="Dated", date="Summary: S"),
    "2026-03-05.md": article(title="Day alone", date="Summary: S"),
    "2026-03-06glued.md": article(title="Glued", date="Summary: S"),
    "2026-03-07-other.md": article(title="Other date"),
    "2026-3-4-short.md": article(title="Short name", date="Summary: S"),
    "undated.md": article(title="Undated", date="Summary: S"),
    "endings/one.markdown": article(title="Markdown"),
    "endings/two.mkd": article(title="Mkd"),
    "endings/three.mdown": article(title="Mdown"),
    "endings/four.txt": article(title="Txt"),
    "endings/five.html": "<html><head><title>Web &amp; page</title>"
    '<meta name="date" content="2026-01-02"><meta name="tags" content="a, b; c">'
    '<meta name="category" content="On the web"></head><body>Text.</body></html>',
    "endings/six.MD": article(title="Capital ending"),
    "pages/about.md": article(title="About"),
    "pages/deep/about.md": article(title="About us"),
    "deep/pages/not-a-page.md": article(title="Not a page"),
    "Folder Name/in.md": article(title="In a folder"),
    "outer/inner/in.md": article(title="In the inner folder"),
    "lake/index.md": article(title="Index"),
    "pages/index.md": article(title="Index of pages"),
    "2026-03-08-bundle/index.md": article(title="No day of a folder", date="Summary: S"),
}
FIELDS = {
    f"{name}.md": article(*lines, title=name)
    for name, lines in {
        "slug": ["Slug: another-slug"],
        "slug-as-it-is": ["Slug: Not Changed/ü!"],
        "slug-empty": ["Slug:"],
        "url": ["Url: own/path/"],
        "url-slash": ["Url: /own/path.html"],
        "url-and-file": ["Url: own/other", "Save_as: own/other/index.html"],
        "only-save-as": ["Save_as: own/third.html"],
        "category": ["Category: Big News"],
        "category-comma": ["Category: a, b"],
        "category-twice": ["Category: first", "Category: second"],
        "tags": ["Tags: a, b c,  d ,"],
        "tags-semicolons": ["Tags: one, two; three"],
        "tags-repeated": ["Tags: a, b, a"],
        "author": ["Author: Jane Döe"],
        "authors": ["Authors: Jane Doe, John"],
        "status-draft": ["Status: draft"],
        "status-hidden": ["Status: hidden"],
        "status-skip": ["Status: skip"],
        "status-published": ["Status: published"],
        "status-capital": ["Status: Draft"],
        "status-unknown": ["Status: review"],
        "modified": ["Modified: 2026-03-01"],
        "path-is-data": ["Path: somewhere"],
        "permalink-is-data": ["Permalink: somewhere", "Link: x"],
        "series": ["Series: s1"],
    }.items()
} | {
    "date-underscore.md": article(title="d1", date="Date: 2026-01-02_10:20"),
    "date-zone.md": article(title="d2", date="Date: 2026-05-06T23:30:00-05:00"),
    "date-east.md": article(title="d3", date="Date: 2026-05-06T01:30:00+08:00"),
    "date-words.md": article(title="d4", date="Date: 3 Feb 2026 4:05 PM"),
    "date-none.md": "Title: d5\n\nText.\n",
    "fences.md": "---\ntitle: In fences\ndate: 2026-01-02\ncategory: x\n---\n\nText.\n",
}
PATTERNS = (
    "/posts/{date:%Y}/{date:%b}/{date:%d}/{slug}/", "/{category}/{slug}.html",
    "/{date:%Y/%m}/{slug}", "/{date:%-d}-{date:%-m}/{date:%y}{date:%j}/{slug}/",
    "/{author}/{slug}/",
    "/{lang}/{slug}/", "/{date:%A-%B-%H-%I-%p-%M-%S}/{date:%V}/{date:%q}/{slug}.html",
    "/p/{path}/", "/a-{{b}}-{slug}/", "/{title}/{status}-{slug}/", "/{date}/{slug}/",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("files", [TITLES, FILES, FIELDS], ids=["titles", "files", "fields"])
def test_articles_by_pelican(files: dict[str, str], tmp_path: Path) -> None:
    assert said(tmp_path, files, site()) == []


@pytest.mark.slow
@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_of_addresses(pattern: str, tmp_path: Path) -> None:
    files = {
        name: text.replace("\n\n", "\nStatus: published\n\n", 1)
        if "Status" not in text and "---" not in text
        else text
        for name, text in (FILES | FIELDS).items()
        if not name.endswith("html") and name != "fences.md"
    }
    config = site(f'permalink = "{pattern}"', more='author = { name = "The Editors" }\n')

    settings = f'ARTICLE_URL = "{pattern[1:]}"\nAUTHOR = "The Editors"\n'
    assert said(tmp_path, files, config, settings) == []


DATED_NAME = r"(?P<date>\d{4}-\d{2}-\d{2})_(?P<slug>.*)"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pattern", "settings"),
    [
        ("/{unicode_slug}.html", "SLUGIFY_USE_UNICODE = True"),
        ("/{basename_slug}.html", 'SLUGIFY_SOURCE = "basename"'),
        (
            "/{undated_name}.html",
            r"FILENAME_METADATA = r'(?P<date>\d{4}-\d{2}-\d{2})_(?P<slug>.*)'",
        ),
    ],
)
def test_settings_of_slugs(pattern: str, settings: str, tmp_path: Path) -> None:
    names = ("2026-01-02_One Name", "2026-01-03_ünï_财经", "2026-01-04_a.b")
    files = {f"{name}.md": article(title=f"{at} Ünïcode 财经") for at, name in enumerate(names)}
    files["2026-01-05_slug.md"] = article("Slug: own", title="财")
    files["no day.md"] = article(title="A title")
    if "basename" in pattern:
        files = {name: text for name, text in files.items() if "财经" not in name}

    assert said(tmp_path, files, site(f'permalink = "{pattern}"'), settings) == []


@pytest.mark.slow
def test_dates_are_in_the_zone_of_the_site(tmp_path: Path) -> None:
    pattern = "/{date:%Y-%m-%d-%H}/{slug}/"
    config = site(f'permalink = "{pattern}"', zone="America/New_York")

    assert said(tmp_path, FILES | FIELDS, config, f'ARTICLE_URL = "{pattern}"') == []


@pytest.mark.slow
@pytest.mark.parametrize("pattern", ["", "/blog/{slug}/"])
def test_translations(pattern: str, tmp_path: Path) -> None:
    files = {
        "one.md": article("Lang: en", "Slug: one", title="One"),
        "eins.md": article("Lang: de", "Slug: one", title="Eins"),
        "nur.md": article("Lang: de", title="Nur deutsch"),
        "none.md": article(title="None"),
    }
    config = site(f'permalink = "{pattern}"' if pattern else "")
    pelican = f'ARTICLE_URL = "{pattern[1:]}"' if pattern else ""

    assert said(tmp_path, files, config, pelican) == []


@pytest.mark.slow
def test_translations_with_a_pattern_of_their_own(tmp_path: Path) -> None:
    files = {
        "one.md": article("Lang: en", "Slug: one", title="One"),
        "de/eins.md": article("Lang: de", "Slug: one", title="Eins"),
    }
    config = site('[[posts.rules]]\nmatch = ["content/de/**"]\npermalink = "/{lang}/{slug}/"\n')

    assert said(tmp_path, files, config, 'ARTICLE_LANG_URL = "{lang}/{slug}/"') == []


@pytest.mark.slow
def test_category_of_files_without_one(tmp_path: Path) -> None:
    config = site('[categories]\ndefault = "News"\n')
    assert said(tmp_path, FILES | FIELDS, config, 'DEFAULT_CATEGORY = "News"') == []


@pytest.mark.slow
def test_folders_are_not_categories(tmp_path: Path) -> None:
    config = site('[[posts.rules]]\nmatch = ["**"]\ncategories = ["misc"]\n')
    assert said(tmp_path, FILES | FIELDS, config, "USE_FOLDER_AS_CATEGORY = False") == []


_TEXT = st.text(st.sampled_from("aZß0ñøŁ-_ .'~&,%+!<>é“”–…🎉"), max_size=12)
_WORDS = st.builds(
    lambda inside, end: re.sub("  +", " ", f"{inside}{end}".strip()),
    _TEXT, st.sampled_from("aZß0ñ"),
)  # fmt: skip
_LISTS = st.lists(st.sampled_from(["a", "b c", "Ü", "a-b"]), min_size=1, max_size=4)


@st.composite
def _articles(draw: st.DrawFn) -> tuple[str, str]:
    folder = draw(st.sampled_from(["", "news/", "Ü x/", "a/b/", "pages/"]))
    name = draw(st.text(st.sampled_from("aZß0ñ-_ ."), min_size=1, max_size=8)).strip(" .")
    day = draw(st.sampled_from(["", "2026-01-02-"]))
    zone = draw(st.sampled_from(["", "Z", "+08:00", "-05:00"]))
    moment = draw(st.datetimes(datetime(1990, 1, 1), datetime(2026, 1, 1)))
    lines = draw(st.lists(st.sampled_from(["slug", "category", "tags", "status"]), unique=True))
    values = {
        "slug": f"Slug: {draw(_WORDS)}",
        "category": f"Category: {draw(_WORDS)}",
        "tags": "Tags: " + draw(st.sampled_from([", ", "; ", ",", ";"])).join(draw(_LISTS)),
        "status": f"Status: {draw(st.sampled_from(['published', 'draft', 'hidden', 'skip']))}",
    }
    date = f"Date: {moment:%Y-%m-%dT%H:%M:%S}{zone}"
    chosen = [values[line] for line in lines]
    return f"{folder}{day}n{name}.md", article(*chosen, title=draw(_WORDS), date=date)


@pytest.mark.slow
@settings(max_examples=8, deadline=None, phases=[Phase.generate], derandomize=True)
@given(
    st.lists(_articles(), min_size=20, max_size=40, unique_by=lambda pair: pair[0].lower()),
    st.sampled_from(["/{slug}.html", "/{date:%Y}/{date:%-d}/{category}/{slug}/"]),
)
def test_generated_sites(
    tmp_path_factory: pytest.TempPathFactory, articles: list[tuple[str, str]], pattern: str
) -> None:
    config = site(f'permalink = "{pattern}"')
    folder = tmp_path_factory.mktemp("site")
    assert said(folder, dict(articles), config, f'ARTICLE_URL = "{pattern[1:]}"') == []


# --- what the real program does not say ----------------------------------------------------------


def read(text: str, key: str = "content/name.md", toml: str = "") -> ReadResult:
    config = site(toml)
    assert is_post(key, config)
    return read_post(key, text.encode(), NOW, config)


def test_other_attributes_of_fields_stay_as_they_are() -> None:
    date = datetime(2026, 1, 2, tzinfo=UTC)
    pattern = "/{category.__class__}/{slug!r}/{slug[0]}/{slug:>9}/{}/{0}/{unknown}/{a b}/{{x}}/{"

    expanded = expand(pattern, {"slug": "s", "category": "c"}.get, date)

    assert expanded == pattern.replace("{{x}}", "{x}")


def test_formats_of_dates_are_those_of_pelican() -> None:
    date = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert strftime(date, "%Y-%m-%d %-d.%-m. %%d %k %") == "2026-01-02 2.1. %d %k %"


@pytest.mark.parametrize("title", ["财经新闻", "Привет", "Ελλάδα", "10 ₹", "♥"])
def test_an_address_of_other_letters_is_a_warning(title: str) -> None:
    result = read(article(title=title))

    assert [(problem.severity, problem.field) for problem in result.problems] == [
        ("warning", "slug")
    ]
    assert title in result.problems[0].what
    assert result.post is not None


@pytest.mark.parametrize(
    ("text", "toml"),
    [
        (article("Slug: caijing", title="财经"), ""),
        (article("Url: caijing/", title="财经"), ""),
        (article(title="财经"), 'permalink = "/{unicode_slug}/"'),
        (article(title="Über Łódź 🎉"), ""),
    ],
)
def test_an_address_that_is_known_is_no_warning(text: str, toml: str) -> None:
    assert read(text, toml=toml).problems == ()


def test_an_unknown_status_is_an_error() -> None:
    result = read(article("Status: review", title="T"))

    assert result.post is None
    assert [(problem.severity, problem.field) for problem in result.problems] == [
        ("error", "status")
    ]


def test_a_post_of_the_future_waits() -> None:
    result = read(article(title="T", date="Date: 2199-01-01"))
    assert result.post is not None
    assert result.post.published.year == 2199
