"""Posts of Hugo sites have the addresses, titles and dates that the real Hugo says."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.real_generators import differences, hugo_pages, our_pages, write_site
from support.words import words

from feeds.config_file.parse import parse_config

pytestmark = pytest.mark.slow
NOW = datetime.now(UTC)
URL = "https://a.example/"
SITE = f'[site]\ntitle = "A"\nurl = "{URL}"\ntimezone = "UTC"\n'
POSTS = '[posts]\nfolder = "."\ninclude = ["content/**/*.md", "content/**/*.html"]\n'
HUGO = 'generator = "hugo"\nundated = "skip"\n'


def said(folder: Path, files: dict[str, str], toml: str = "", hugo: str = "") -> list[str]:
    """The differences between Hugo and us, where `files` are below ``content/``."""
    content = {f"content/{name}": text for name, text in files.items()}
    settings = f'baseURL = "{URL}"\ntimeZone = "UTC"\n{hugo}'
    write_site(folder, {"config.toml": settings, **content})
    config = parse_config(SITE + POSTS + HUGO + toml)
    return differences(hugo_pages(folder, URL, NOW), our_pages(folder, config, NOW))


def post(*lines: str, title: str = "T", date: str = "2026-01-02") -> str:
    return "\n".join(("---", f"title: '{title}'", f"date: {date}", *lines, "---", "Text.", ""))


NAMES = {
    f"posts/{name}.md": post()
    for name in (
        "plain", "Capital-Letters", "with space", "two  spaces", "a--b", "100%", "50%25", "a.b.c",
        "财经新闻", "Ünïcode-ÄÖ", "हिन्दी", "it's", "quoted \"x\"", "a+b=c@d~e_f;g", "a#b",
        "2026-01-02-dated", "under_score", "(brackets)", "a, b & c", "trailing-", "-leading",
        "hy - phen", "ends.", "$5!",
    )
} | {
    "root.md": post(),
    "posts/Sub Folder/inner.md": post(),
    "posts/deep/er/page.md": post(),
    "posts/Bundle Folder/index.md": post(),
    "posts/2026-01-05-bundle/index.md": post(),
    "posts/deep/bundle/index.md": post(),
    "Blog/first.md": post(),
    "html.html": post(),
    "posts/lake/photo.md": post(),
}  # fmt: skip
FIELDS = {
    f"posts/{name}.md": post(*lines)
    for name, lines in {
        "slug": ["slug: Another-Slug"],
        "slug-words": ["slug: Two Words & more"],
        "slug-dots": ["slug: v1.2.html"],
        "slug-folders": ["slug: a/b"],
        "url": ["url: /own/path/"],
        "url-bare": ["url: own"],
        "url-file": ["url: /own/path.html"],
        "url-no-slash": ["url: /own/page"],
        "url-capitals": ["url: /Own/Page/"],
        "url-spaces": ["url: '/a b/ü/'"],
        "url-dots": ["url: /v1.2/"],
        "permalink-is-data": ["permalink: /somewhere/"],
        "path-is-data": ["path: /somewhere/else/"],
        "draft": ["draft: true"],
        "expired": ["expiryDate: 2026-02-01"],
        "not-expired": ["expiryDate: 2199-01-01"],
        "scheduled": ["publishDate: 2199-01-01"],
        "published-later": ["publishDate: 2026-03-01"],
        "lastmod": ["lastmod: 2026-03-01"],
    }.items()
} | {
    "posts/zone.md": post(date="2026-05-06T23:30:00-05:00"),
    "posts/zone-east.md": post(date="2026-05-06T01:30:00+08:00"),
    "posts/only-lastmod.md": "---\ntitle: T\nlastmod: 2026-03-01\n---\n",
    "posts/title.md": post(title="A Title: with C++ & more; 50% ü 财"),
    "posts/toml.md": '+++\ntitle = "T"\ndate = 2026-01-02T03:04:05Z\nslug = "Tom L"\n+++\n',
    "posts/json.md": '{ "title": "T", "date": "2026-01-02", "slug": "Json" }\n\nText\n',
}
PATTERNS = (
    "/:year/:month/:day/:title/", "/blog/:slug/", "/:slugorfilename/", "/:section/:filename",
    "/:monthname/:weekday/:weekdayname/:yearday/:title", "/:sections/:slug/",
    "/p/:filename/", "/:2006/:01/:02/:slug/", "/:06/:Jan/:January/:Mon/:Monday/:title/",
    "/:sections[0]/:title/", "/:sections[:1]/:filename/",
)  # fmt: skip


def test_names_of_files_and_folders(tmp_path: Path) -> None:
    assert said(tmp_path, NAMES) == []


def test_fields(tmp_path: Path) -> None:
    assert said(tmp_path, FIELDS) == []


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_of_permalinks(pattern: str, tmp_path: Path) -> None:
    # Hugo does not count a folder without an _index.md as a section: no file below one is here.
    files = {
        name: text
        for name, text in (NAMES | FIELDS).items()
        if name.startswith("posts/") and "deep" not in name and "Sub" not in name
    }
    del files["posts/lake/photo.md"]

    hugo = f'[permalinks]\nposts = "{pattern}"\n'
    assert said(tmp_path, files, f'permalink = "{pattern}"', hugo) == []


@pytest.mark.parametrize(
    "part", ["[last]", "[0]", "[1:]", "[:last]", "[:1]", "[1:2]", "[last:]", ""]
)
def test_parts_of_the_sections(part: str, tmp_path: Path) -> None:
    folders = ("posts", "posts/Deep Er", "posts/Deep Er/still")
    sections = {f"{folder}/_index.md": "---\ntitle: S\n---\n" for folder in folders}
    files = sections | {f"{folder}/page.md": post() for folder in folders}
    pattern = f"/s/:sections{part}/:slug/"

    hugo = f'[permalinks]\nposts = "{pattern}"\n'
    assert said(tmp_path, files, f'permalink = "{pattern}"', hugo) == []


def test_ugly_addresses(tmp_path: Path) -> None:
    toml = 'permalink = "/:folders/:slugorfilename.html"'

    assert said(tmp_path, NAMES | FIELDS, toml, "uglyURLs = true") == []


LANGUAGES = {
    "posts/one.md": post(title="One"),
    "posts/one.de.md": post(title="Eins"),
    "posts/lake/index.md": post(title="Lake"),
    "posts/lake/index.de.md": post(title="See"),
    "posts/node.js.md": post(title="Node"),
    "posts/url.de.md": post("url: /eigen/"),
    "posts/url-bare.de.md": post("url: blank/"),
    "posts/url-inside.de.md": post("url: /de/eigen/"),
    "posts/slug.zh-cn.md": post("slug: Chinese"),
}
HUGO_LANGUAGES = "[languages]\n[languages.en]\n[languages.de]\n[languages.zh-cn]\n"


@pytest.mark.parametrize(("inside", "folders"), [("false", "others"), ("true", "all")])
def test_languages_in_names(inside: str, folders: str, tmp_path: Path) -> None:
    toml = f'languages = ["en", "de", "zh-cn"]\nlanguage_folders = "{folders}"'
    hugo = f'defaultContentLanguage = "en"\ndefaultContentLanguageInSubdir = {inside}\n'

    assert said(tmp_path, LANGUAGES, toml, hugo + HUGO_LANGUAGES) == []


def test_languages_in_folders(tmp_path: Path) -> None:
    files = {
        "en/posts/one.md": post(title="One"),
        "de/posts/eins.md": post(title="Eins"),
        "de/posts/see/index.md": post(title="See"),
        "de/blatt.md": post(title="Blatt"),
    }
    hugo = 'defaultContentLanguage = "en"\n[languages]\n'
    hugo += "".join(f'[languages.{name}]\ncontentDir = "content/{name}"\n' for name in ("en", "de"))

    assert said(tmp_path, files, 'languages = ["en", "de"]', hugo) == []


_WORDS = words("aZß财ñ-_ .'~&,+!0٣")  # "%" may be an escape


@st.composite
def _posts(draw: st.DrawFn) -> tuple[str, str]:
    folder = draw(st.sampled_from(["", "posts/", "posts/", "Ü x/"]))
    endings = [".md", ".md", "/index.md", ".html", ".de.md", "/index.de.md"]
    name = draw(_WORDS) + draw(st.sampled_from(endings))
    zone = draw(st.sampled_from(["Z", "+08:00", "-05:00"]))
    moment = draw(st.datetimes(datetime(1990, 1, 1), datetime(2026, 1, 1)))
    lines = draw(st.sampled_from([[], [], [], ["draft: true"], ["expiryDate: 2020-01-01"]]))[:]
    if draw(st.booleans()):
        quoted = draw(_WORDS).replace("'", "''")
        lines.append(f"slug: '{quoted}'")
    title = draw(_WORDS).replace("'", "''")
    return f"{folder}{name}", post(*lines, title=title, date=f"{moment:%Y-%m-%dT%H:%M:%S}{zone}")


def _page(name: str) -> str:
    """What two files of one page in one language share: Hugo takes one of them."""
    return re.sub(r"(/index)?(\.de)?\.(md|html)$", r"\2", name.lower())


_TOKENS = (
    "year", "month", "monthname", "day", "weekday", "weekdayname", "yearday", "section", "sections",
    "title", "slug", "slugorfilename", "filename", "2006", "01", "Jan", "Monday",
)  # fmt: skip
_PATTERNS = st.lists(st.sampled_from(_TOKENS), min_size=1, max_size=4).map(
    lambda tokens: "".join(f"/:{token}" for token in tokens) + "/"
)


# The same sites each time: the program decides whether the tests pass, and not chance.
@settings(max_examples=10, deadline=None, phases=[Phase.generate], derandomize=True)
@given(
    st.lists(_posts(), min_size=20, max_size=40, unique_by=lambda pair: _page(pair[0])),
    st.one_of(st.just(""), _PATTERNS),
)
def test_generated_sites(
    tmp_path_factory: pytest.TempPathFactory, posts: list[tuple[str, str]], pattern: str
) -> None:
    folder = tmp_path_factory.mktemp("site")
    hugo = f'[permalinks]\nposts = "{pattern}"\n' if pattern else ""
    hugo = f'defaultContentLanguage = "en"\n{hugo}[languages]\n[languages.en]\n[languages.de]\n'
    languages = 'languages = ["en", "de"]\n'
    rule = f'[[posts.rules]]\nmatch = ["content/posts/**"]\npermalink = "{pattern}"\n'

    assert said(folder, dict(posts), languages + (rule if pattern else ""), hugo) == []
