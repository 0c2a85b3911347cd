"""Posts of Eleventy sites have the addresses, titles, dates and tags that Eleventy says."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.real_generators import differences, eleventy_pages, our_pages, write_site

from feeds.config_file.parse import parse_config
from feeds.reading.post import read_post

pytestmark = pytest.mark.slow
NOW = datetime(2026, 11, 30, tzinfo=UTC)
SITE = """
[site]
title = "A"
url = "https://a.example/"
timezone = "{zone}"

[feeds]
taxonomies = ["category", "tag"]

[posts]
folder = "."
generator = "eleventy"
"""


def said(folder: Path, files: dict[str, str], toml: str = "", zone: str = "UTC") -> list[str]:
    """The differences between Eleventy and us."""
    write_site(folder, files)
    config = parse_config(SITE.format(zone=zone) + toml)
    return differences(eleventy_pages(folder), our_pages(folder, config, NOW))


def post(*lines: str, title: str = "A Title", date: str = "2026-01-02") -> str:
    quoted = title.replace("'", "''")
    return "\n".join(("---", f"title: '{quoted}'", f"date: {date}", *lines, "---", "Text.", ""))


NAMES = {
    name: post()
    for name in (
        "index.md", "root.md", "_underscore.md", "page.html", "html/index.html",
        "posts/index.md", "posts/plain.md", "posts/Capital-Letters.md", "posts/with space.md",
        "posts/a.b.c.md", "posts/财经新闻.md", "posts/Ünïcode & C++.md", "posts/100%.md",
        "posts/a#b.md", "posts/2026-01-02-dated.md", "posts/2026-01-02.md",
        "posts/2026-1-2-short-day.md", "posts/x2026-01-02-inside.md", "posts/index-of.md",
        "posts/lake/lake.md", "posts/lake/index-2/index.md", "posts/2026-02-03-folder/index.md",
        "posts/2026-02-03-folder/2026-05-06-inner.md", "Folder Name/Sub/Name Of.md",
        "p/a.md", "_includes/part.md", "_data/data.md", "deep/_includes/part.md",
    )
}  # fmt: skip
PERMALINKS = {
    "path": "/own/path/",
    "bare": "own/bare/",
    "file": "/own/file.html",
    "index-file": "/own/named/index.html",
    "capitals": "/Own/Ü 财/",
    "folder-index": "/own/index/",
    "double": "/own//twice/",
    "dots": "/own/a/../b/./c/",
    "colon": "/:year/x/",
    "html-index": "/own/x.index.html",
    "slug-of-file": "/p/{{ page.fileSlug }}/",
    "no-spaces": "/q/{{page.fileSlug}}/",
    "minus": "/m/{{- page.fileSlug -}}/",
    "stem": "{{ page.filePathStem }}.html",
    "stem-folder": "/s/{{ page.filePathStem }}/",
    "title": "/t/{{ title }}/",
    "slugified": "/t/{{ title | slugify }}/b/",
    "slug-filter": "/t/{{ title | slug }}/c/",
    "two": "/{{ page.fileSlug }}/{{ title | slugify }}/index.html",
    "upper": "/{{ page.fileSlug | upcase }}/",
    "year": '/{{ page.date | date: "%Y/%m/%d" }}/{{ page.fileSlug }}/',
    "short": '/{{ page.date | date: "%y-%-m-%-d-%j-%H%M%S" }}/',
    "own-date": '/{{ date | date: "%Y" }}/own/',
    "field": "/f/{{ slug }}/",
}
FIELDS = {
    f"posts/{name}.md": post(f"permalink: '{permalink}'", "slug: a slug")
    for name, permalink in PERMALINKS.items()
} | {
    f"posts/2026-01-02-{name}-dated.md": post(f"permalink: '/dated{permalink}'")
    for name, permalink in PERMALINKS.items()
    if name in ("slug-of-file", "stem-folder")
} | {
    "posts/inner/index.md": post("permalink: '/in/{{ page.fileSlug }}/'"),
    "posts/2026-03-04-inner/index.md": post("permalink: '/in2/{{ page.filePathStem }}/'"),
    "posts/2026-03-05-folder/index.md": post("permalink: '/in3/{{ page.fileSlug }}/'"),
    "p/short.md": post("permalink: '/in4/{{ page.filePathStem }}/'"),
    "p/index.md": post("permalink: '/in5/{{ page.fileSlug }}/'"),
    "p/q/r.md": post("permalink: '/in6/{{ page.filePathStem }}/'"),
    "posts/false.md": post("permalink: false"),
    "posts/empty.md": post("permalink: ''"),
    "posts/build.md": post("permalink:", "  build: /built/"),
    "posts/one-tag.md": post("tags: post"),
    "posts/tags.md": post("tags: [a, b c]"),
    "posts/tag-with-commas.md": post("tags: 'a,b'"),
}  # fmt: skip
DATES = {
    "day.md": post(),
    "moment.md": post(date="2026-01-02T10:00:00"),
    "moment-space.md": post(date="2026-01-02 10:00:00"),
    "quoted.md": post(date="'2026-01-02T10:00'"),
    "zone.md": post(date="2026-01-02T23:30:00-05:00"),
    "2026-05-06-name.md": "---\ntitle: T\n---\n",
    "2026-05-06-both.md": post(),
    "posts/2026-03-04-folder/page.md": "---\ntitle: T\n---\n",
    "posts/2026-03-04-first/2026-05-06-second.md": "---\ntitle: T\n---\n",
    "posts/a2026-03-04b.md": "---\ntitle: T\n---\n",
}
TITLES = (
    "Plain", "It's Anna's, isn't it?", "Ärger über Öl & Straße", "C++ / C#", "50% off!",
    "a b--c", "Łódź, Besançon, smørrebrød", "财经 news", "FooBar XMLHttp", "v1.2.3",
    "“Quotes” – and … dashes", "D'Artagnan's 'x'", "Ünïcödé ﬁ".replace("ﬁ", "fi"),
)  # fmt: skip


def test_names_of_files_and_folders(tmp_path: Path) -> None:
    assert said(tmp_path, NAMES) == []


def test_fields(tmp_path: Path) -> None:
    assert said(tmp_path, FIELDS) == []


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
def test_dates_are_in_utc_in_every_zone_of_the_site(zone: str, tmp_path: Path) -> None:
    assert said(tmp_path, DATES, zone=zone) == []


def test_slugs_of_titles(tmp_path: Path) -> None:
    files = {
        f"{at}.md": post(f"permalink: '/{at}/{{{{ title | slugify }}}}/'", title=title)
        for at, title in enumerate(TITLES)
    }

    assert said(tmp_path, files) == []


@pytest.mark.parametrize("permalink", ["/blog/{{ page.fileSlug }}/", "/{{ title | slugify }}.html"])
def test_the_permalink_of_a_folder_is_the_pattern(permalink: str, tmp_path: Path) -> None:
    files = {
        f"posts/2026-01-0{day}-name-{day}.md": post(title=f"Title {day}") for day in range(1, 4)
    }
    data = {"posts/posts.json": f'{{"permalink": "{permalink}"}}', "other.md": post()}
    rule = f'[[posts.rules]]\nmatch = ["posts/**"]\npermalink = "{permalink}"\n'

    assert said(tmp_path, {**files, **data}, rule) == []


@pytest.mark.parametrize("folder", ["src", "content"])
def test_the_folder_that_eleventy_reads_is_not_in_addresses(folder: str, tmp_path: Path) -> None:
    files = {
        f"{folder}/posts/name.md": post(),
        f"{folder}/index.md": post(),
        f"{folder}/content/x.md": post("permalink: '/y/{{ page.filePathStem }}/'"),
    }
    write_site(tmp_path, files)
    write_site(tmp_path, {"eleventy.config.js": ""})
    config = parse_config(SITE.format(zone="UTC"))

    theirs = eleventy_pages(tmp_path, folder)

    assert differences(theirs, our_pages(tmp_path, config, NOW)) == []


@pytest.mark.parametrize(
    "permalink",
    [
        "/{{ collection.name }}/", "/{% if a %}b{% endif %}/", "/{{ title | unknown }}/",
        "/{{ page.date | date: '%B' }}/", "/{{ page.date }}/", "/{# x #}/",
    ],
)  # fmt: skip
def test_a_permalink_that_only_eleventy_reads_gives_the_address_of_the_file(permalink: str) -> None:
    text = post(f'permalink: "{permalink}"')

    result = read_post("posts/name.md", text.encode(), NOW, parse_config(SITE.format(zone="UTC")))

    assert result.post is not None
    assert result.post.page == "https://a.example/posts/name/"
    (problem,) = result.problems
    assert (problem.severity, problem.field) == ("warning", "permalink")
    assert "only Eleventy can read" in problem.what


def test_a_title_in_other_letters_gives_the_address_of_the_file() -> None:
    text = post("permalink: '/{{ title | slugify }}/'", title="Привет")

    result = read_post("name.md", text.encode(), NOW, parse_config(SITE.format(zone="UTC")))

    assert result.post is not None
    assert result.post.page == "https://a.example/name/"
    assert [problem.severity for problem in result.problems] == ["warning"]


@pytest.mark.parametrize("date", ["Last Modified", "git Last Modified", "Created", "git created"])
def test_the_date_of_a_file_is_not_known(date: str) -> None:
    config = parse_config(SITE.format(zone="UTC") + 'undated = "skip"\n')

    result = read_post("name.md", post(date=date).encode(), NOW, config)

    assert (result.post, result.problems, result.undated) == (None, (), True)


_WORDS = st.text(st.sampled_from("abXZ019 -_.&'äßñ财"), min_size=1, max_size=12).map(
    lambda text: re.sub(" +", " ", text).strip(" .-") or "x"
)


@st.composite
def _posts(draw: st.DrawFn) -> tuple[str, str]:
    folder = draw(st.sampled_from(["", "posts/", "posts/2026-03-04-x/", "Ü x/"]))
    day = draw(st.sampled_from(["", "", "2026-05-06-"]))
    name = day + draw(_WORDS) + draw(st.sampled_from([".md", ".md", "/index.md"]))
    moment = draw(st.datetimes(datetime(1990, 1, 1), datetime(2026, 1, 1)))
    path = draw(st.sampled_from(["page.fileSlug", "page.filePathStem", "title | slugify", ""]))
    lines = [f"permalink: '/p/{{{{ {path} }}}}/z.{draw(st.uuids())}.html'"] if path else []
    text = post(*lines, title=draw(_WORDS), date=f"{moment:%Y-%m-%dT%H:%M:%S}Z")
    return f"{folder}{name}", text


def _page_of(file: str) -> str:
    return file.lower().removesuffix(".md").removesuffix("/index")


@settings(max_examples=6, deadline=None, phases=[Phase.generate], derandomize=True)
@given(st.lists(_posts(), min_size=20, max_size=40, unique_by=lambda pair: _page_of(pair[0])))
def test_generated_sites(
    tmp_path_factory: pytest.TempPathFactory, posts: list[tuple[str, str]]
) -> None:
    assert said(tmp_path_factory.mktemp("site"), dict(posts)) == []
