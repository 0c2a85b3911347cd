"""Posts of Jekyll sites have the addresses, titles, dates and terms that the real Jekyll says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.real_generators import differences, jekyll_pages, our_pages, write_site
from support.words import words

from feeds.config_file.parse import parse_config

pytestmark = pytest.mark.slow
NOW = datetime(2026, 11, 30, tzinfo=UTC)
SITE = '[site]\ntitle = "A"\nurl = "https://a.example/"\ntimezone = "{zone}"\n'
POSTS = '[posts]\nfolder = "."\nexclude = ["_site/**"]\ngenerator = "jekyll"\nundated = "skip"\n'
FEEDS = '[feeds]\ntaxonomies = ["category", "tag"]\n'


def site(more: str = "", zone: str = "UTC") -> str:
    return SITE.format(zone=zone) + FEEDS + POSTS + more


def said(folder: Path, files: dict[str, str], toml: str) -> list[str]:
    write_site(folder, {"_config.yml": "timezone: UTC\n", **files})
    return differences(jekyll_pages(folder), our_pages(folder, parse_config(toml), NOW))


def post(*lines: str) -> str:
    return "\n".join(("---", *lines, "---", "Text.", ""))


NAMES = {
    "_posts/2026-01-02-plain.md": post("title: Plain"),
    "_posts/2026-1-2-short.md": post("title: Short"),
    "_posts/26-1-3-two-digits.md": post("title: Two digits"),
    "_posts/2026-01-02-a--b.md": post("title: Two hyphens"),
    "_posts/2026-01-02-with space and  two.md": post("title: Spaces"),
    "_posts/2026-01-02-100%.md": post("title: Percent"),
    "_posts/2026-01-02-a.b.c.md": post("title: Dots"),
    "_posts/2026-01-02-end...md": post("title: Dots at the end"),
    "_posts/2026-01-02-Capital-Letters.markdown": post("title: Capitals"),
    '_posts/2026-01-02-it\'s (really), "quoted" & more!.md': post("title: Signs"),
    "_posts/2026-01-02-财经新闻.md": post("title: 财经"),
    "_posts/2026-01-02-Ünïcode-ÄÖ.md": post("title: Umlauts"),
    "_posts/2026-01-02-हिन्दी.md": post("title: Marks"),
    "_posts/2026-01-02-a+b=c@d~e_f;g.md": post("title: More signs"),
    "_posts/2026-01-02-html-page.html": post("title: HTML"),
    "_posts/2026-01-02-no-title-here.md": post("layout: post"),
    "_posts/2026-01-02-heading.md": post("layout: post") + "\n# A heading\n",
    "_posts/2026-01-02--leading.md": post("title: Leading"),
    "_posts/2026-01-02-trailing-.md": post("title: Trailing"),
    "_posts/2026-01-02-₿ and ½ ②.md": post("title: Numbers"),
    "_posts/no-date.md": post("title: Undated"),
    "_posts/no-date-in-name.md": post("title: Dated", "date: 2026-02-03"),
    "_posts/sub/folder/2026-01-02-below.md": post("title: Below"),
    "news/_posts/2026-01-02-above.md": post("title: Above", "categories: tea"),
    "de/blog/_posts/inner/2026-01-02-both.md": post("title: Both"),
    "Caps Folder/_posts/2026-01-02-caps.md": post("title: Caps"),
}
ALL_TOKENS = (
    "/:short_year/:i_month/:i_day/:short_month/:long_month/:y_day/:w_year/:week/:w_day/:short_day"
    "/:long_day/:hour/:minute/:second/:collection/:path/:name/:slug/:slugified_categories"
    "/:title:output_ext"
)
FIELDS = {
    f"_posts/2026-01-02-{name}.md": post(f"title: {name}", *lines)
    for name, lines in {
        "slug": ["slug: Another-Slug"],
        "slug-signs": ["slug: 'a b--c!'"],
        "slug-number": ["slug: '2026'"],
        "permalink": ["permalink: /own/path/"],
        "permalink-file": ["permalink: /own/path.html"],
        "permalink-bare": ["permalink: own"],
        "permalink-tokens": ["permalink: /archive/:year/:title/"],
        "permalink-all": [f"permalink: {ALL_TOKENS}"],
        "permalink-underscores": ["permalink: /:year_:month_:day/:title"],
        "permalink-dots": ["permalink: /a/../b/./c/"],
        "permalink-categories": [
            "permalink: /:categories/:slugified_categories/",
            "categories: [C++, Éa B, x/y]",
        ],
        "path-is-data": ["path: /somewhere/else/", "url: https://else.example/"],
        "words": ["categories: a b"],
        "commas": ["categories: a, b"],
        "list": ["categories: [One Two, three, One Two]"],
        "single": ["category: a b"],
        "both": ["category: x", "categories: [y, z]"],
        "empty": ["categories:"],
        "tags": ["tags: [a, b c]"],
        "tag-words": ["tags: a b"],
        "date": ["date: 2026-03-04"],
        "moment": ["date: 2026-03-04 23:30:00 -0500"],
        "no-seconds": ["date: 2026-03-04 18:00"],
        "fraction": ["date: 2025-08-03 18:00.000000000 +09:00"],
        "broken-zone": ["date: 2026-03-04 16:30-:00+16:30"],
        "two-signs": ["date: 2026-03-04 16:30 +-02:00"],
        "only-a-sign": ["date: 2026-03-04 16:30:12-"],
        "future": ["date: 2199-01-01"],
        "unpublished": ["published: false"],
        "published": ["published: true"],
    }.items()
}


def test_names_of_files_and_folders(tmp_path: Path) -> None:
    assert said(tmp_path, NAMES, site()) == []


def test_fields(tmp_path: Path) -> None:
    assert said(tmp_path, FIELDS, site()) == []


@pytest.mark.parametrize(
    "style", ["date", "pretty", "ordinal", "weekdate", "none", "/blog/:year/:title", "/:title/"]
)
def test_styles_of_permalinks(style: str, tmp_path: Path) -> None:
    files = {"_config.yml": f"permalink: {style}\n", **NAMES, **FIELDS}

    assert said(tmp_path, files, site(f'permalink = "{style}"')) == []


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_the_day_in_an_address_is_that_of_the_sites_zone(zone: str, tmp_path: Path) -> None:
    files = {
        "_config.yml": f"timezone: {zone}\n",
        **FIELDS,
        **{
            f"_posts/2026-01-02-hour-{hour}.md": post(
                f"title: At {hour}", f"date: 2026-05-06 {hour}:00:00 +0000"
            )
            for hour in (0, 3, 12, 20, 23)
        },
        **{
            f"_posts/2026-01-02-local-{number}.md": post(f"title: N {number}", f"date: {date}")
            for number, date in enumerate(
                (
                    "2026-05-06 23:00:00",
                    "2026-5-06 01:00:00",
                    "2026-05-06T22:10:11",
                    "2026-05-06 23:00",
                    "2026-05-06 01:30",
                    "2026-05-06 3:00:00.5",
                )
            )
        },
    }
    assert said(tmp_path, files, site(zone=zone)) == []


DEFAULTS = """
collections:
  guides: { output: true }
  notes: { output: true, permalink: "/n/:year/:name/" }
defaults:
  - scope: { path: "" }
    values: { tags: [all] }
  - scope: { path: "de", type: posts }
    values: { categories: [deutsch], permalink: "/de/:title/" }
  - scope: { path: "de/secret" }
    values: { published: false }
"""
RULES = """
[[posts.rules]]
match = ["**"]
tags = ["all"]
[[posts.rules]]
match = ["_notes/**"]
permalink = "/n/:year/:name/"
[[posts.rules]]
match = ["de/**"]
categories = ["deutsch"]
permalink = "/de/:title/"
[[posts.rules]]
match = ["de/secret/**"]
published = false
"""


@pytest.mark.parametrize("style", ["date", "pretty"])
def test_defaults_and_collections(style: str, tmp_path: Path) -> None:
    files = {
        "_config.yml": f"permalink: {style}\n{DEFAULTS}",
        "_posts/2026-01-02-one.md": post("title: One"),
        "de/_posts/2026-01-02-zwei.md": post("title: Zwei", "categories: tee"),
        "de/_posts/2026-01-02-drei.md": post("title: Drei", "permalink: /drei/", "tags: [x]"),
        "de/secret/_posts/2026-01-02-vier.md": post("title: Vier"),
        "de/secret/_posts/2026-01-02-open.md": post("title: Open", "published: true"),
        "_guides/first.md": post("title: First", "date: 2026-01-03"),
        "_guides/sub/2026-01-04-second.md": post("title: Second"),
        "_notes/A note.md": post("title: Note", "date: 2026-01-05"),
    }
    assert said(tmp_path, files, site(f'permalink = "{style}"\n{RULES}')) == []


_WORDS = words("aZß财ñ-_ .'~&,%+!0٣")


@st.composite
def _posts(draw: st.DrawFn) -> tuple[str, str]:
    folders = draw(st.sampled_from(["", "", "en/", "Ü x/", "a/b/"]))
    inner = draw(st.sampled_from(["", "", "sub/", "2024/"]))
    day = draw(st.dates(datetime(1980, 1, 1).date(), datetime(2026, 1, 1).date()))
    name = draw(_WORDS)
    lines = ["title: T"] if draw(st.booleans()) else []
    lines += draw(st.sampled_from([[], [], [], ["published: false"], ["tags: [a, b c]"]]))
    if draw(st.booleans()):
        moment = draw(st.datetimes(datetime(1990, 1, 1), datetime(2026, 1, 1)))
        lines.append(f"date: {moment:%Y-%m-%d %H:%M:%S}")
    if draw(st.booleans()):
        quoted = draw(_WORDS).replace("'", "''")
        lines.append(f"{draw(st.sampled_from(['slug', 'category', 'categories']))}: '{quoted}'")
    ending = draw(st.sampled_from(["md", "markdown", "html"]))
    return f"{folders}_posts/{inner}{day:%Y-%m-%d}-{name}.{ending}", post(*lines)


_TOKENS = (
    "year", "short_year", "month", "i_month", "short_month", "long_month", "day", "i_day", "y_day",
    "w_year", "week", "w_day", "short_day", "long_day", "hour", "minute", "second", "title", "slug",
    "name", "path", "categories", "slugified_categories", "collection",
)  # fmt: skip
_PATTERNS = st.builds(
    lambda tokens, end: "".join(f"/:{token}" for token in tokens) + end,
    st.lists(st.sampled_from(_TOKENS), min_size=1, max_size=5),
    st.sampled_from(["/", ":output_ext", ".html", ""]),
)


# The same sites each time: the program decides whether the tests pass, and not chance.
@settings(max_examples=10, deadline=None, phases=[Phase.generate], derandomize=True)
@given(
    st.lists(_posts(), min_size=20, max_size=40, unique_by=lambda pair: pair[0].lower()),
    st.one_of(st.sampled_from(["date", "pretty", "ordinal", "weekdate", "none"]), _PATTERNS),
)
def test_generated_sites(
    tmp_path_factory: pytest.TempPathFactory, posts: list[tuple[str, str]], style: str
) -> None:
    folder = tmp_path_factory.mktemp("site")
    files = {"_config.yml": f'permalink: "{style}"\n', **dict(posts)}

    assert said(folder, files, site(f'permalink = "{style}"')) == []
