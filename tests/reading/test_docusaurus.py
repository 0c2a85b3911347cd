"""Posts of Docusaurus blogs have the addresses, titles, dates, tags and authors that it says."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.real_generators import Pages, differences, docusaurus_pages, our_pages, write_site
from support.words import words

from feeds.config_file.parse import parse_config

pytestmark = pytest.mark.slow
NOW = datetime(2026, 11, 30, tzinfo=UTC)
"""Also the moment at which each file was made: the date of a post without one."""
SITE = """
[site]
title = "A"
url = "https://a.example/"
timezone = "America/New_York"

[feeds]
taxonomies = ["tag"]

[posts]
folder = "{folder}"
include = ["**/*.md", "**/*.mdx", "**/*.html"]
exclude = ["i18n/**"]
generator = "docusaurus"
"""


def pages(site: Path, **settings: object) -> Pages:
    """What Docusaurus says of a site, where each file was made `NOW`."""
    return docusaurus_pages(site, **{"baseUrl": "/", "created": NOW.isoformat(), **settings})


def said(
    root: Path, files: dict[str, str], toml: str = "", folder: str = ".", **settings: object
) -> list[str]:
    """The differences between Docusaurus and us, where we read the posts in `folder`."""
    write_site(root, files)
    config = parse_config(SITE.format(folder=folder) + toml)
    return differences(pages(root, **settings), our_pages(root, config, NOW))


def post(*lines: str, title: str = "A Title", body: str = "Text.") -> str:
    quoted = title.replace("'", "''")
    titles = [f"title: '{quoted}'"] if title else []
    return "\n".join(("---", *titles, *lines, "---", body, ""))


NAMES = {
    f"blog/{name}": post()
    for name in (
        "2026-01-02-name.md", "2026-1-2-short.md", "2026-01-02-dir/index.md",
        "2026-01-02-dir/other.md", "2026-01-02/in-day.md", "2026/01/02/nested.md",
        "2026/01/02/dir/index.md", "2026/03/04-half.md", "2026/01/02-03.md", "a/2026/01/02/z.md",
        "folder/2026-01-02-sub.mdx", "dir/2026-01-02-ndir/index.md", "2026-01/02-mixed.md",
        "2026-01-02/2026-03-04-both.md", "2026-01-02-first-2026-03-04-second.md",
        "v2026-01-02-x.md", "2026-01-02name.md", "2026-01-02_under.md", "2026-06-06--x.md",
        "2026-01-02-a.b.c.md", "2026-01-02.md", "2026-07-07/index.md", "2026-05-05-index.md",
        "2026-01-023.md", "12026-01-02-digits.md", "2026-01-02-03-04.md", "20-01-02-years.md",
        "plain.md", "folder/plain.md", "folder/index.md", "index.md", "Caps And Space.md",
        "with.dots.md", "a/index/index.md", "index/b.md", "财经新闻.md",
        "2026-01-02-it's \"quoted\".md", "2026-01-02-हिन्दी.md", "a  b.md", "a#b.md", "(c).md",
        "2026-01-02-Ünïcode & C++.md", "2026-01-02-_u.md",
        "index.mdx/a.md", "2026-01-02-two/2026-index/index.mdx", "[x].md", "{y}.md", "!z.md",
        "blog/inner.md", "docusaurus-plugin-content-blog/inner.md", "src/blog/x.md",
        "_part.md", "_parts/name.md", "a/_b/name.mdx", "__tests__/name.md", "a/__tests__/b.md",
        "x.test.md", "name.html", ".hidden.md", ".dir/name.md", "b/.dir/name.md",
    )
}  # fmt: skip
IN_BLOG = re.compile(r"(^|/)(blog|docusaurus-plugin-content-blog)/")
"""Names that count as those of the blog's folder where the folder itself has another name."""
AUTHORS = {"blog/authors.yml": "anna: {name: anna}\nbo: {name: bo}\n"}
FIELDS = {
    f"blog/{folder}2026-01-02-{name}.md": post(*lines)
    for folder in ("", "folder/")
    for name, lines in {
        "slug": [f"slug: {folder}rel"],
        "slug-abs": [f"slug: /{folder}abs"],
        "slug-slash": [f"slug: /{folder}a/b/"],
        "slug-double": [f"slug: {folder}a//c"],
        "slug-root": ["slug: /"] if folder else ["slug: //x"],
        "slug-letters": [f"slug: {folder}a b/Ü"],
        "slug-number": ["slug: 2026"],
        "slug-dots": [f"slug: {folder}v1.2.html"],
        "permalink": ["permalink: /data/"],
        "url": ["url: /data/", "path: /data/"],
        "draft": ["draft: true"],
        "not-draft": ["draft: false", "unlisted: false"],
        "unlisted": ["unlisted: true"],
        "tags": ["tags: [a, B c, 2021]"],
        "tag-tables": ["tags:", "  - B c", "  - label: L l", "    permalink: /l"],
        "tags-empty": ["tags: []"],
        "tags-commas": ["tags: ['a, b']"],
        "tags-twice": ["tags: [a, b, a]"],
        "keywords": ["keywords: [k]"],
        "author": ["author: Anna"],
        "author-legacy": ["author: Anna", "author_url: https://a.example/anna"],
        "author-commas": ["author: Anna, the first and only"],
        "authors-key": ["authors: anna"],
        "authors-keys": ["authors: [anna, bo]"],
        "authors-tables": ["authors:", "  - name: N", "    url: https://n.example", "  - bo"],
        "authors-table": ["authors: {name: N M}"],
        "authors-table-key": ["authors: [{key: anna, name: Other}]"],
        "authors-empty": ["authors: []"],
    }.items()
} | AUTHORS  # fmt: skip
DATES = {
    f"blog/{folder}{name}.md": post(f"date: {date}")
    for folder in ("", "2026-05-06-")
    for name, date in {
        "day": "2026-01-02",
        "quoted-day": "'2026-01-02'",
        "minutes": "2026-01-02T10:00",
        "space": "2026-01-02 10:00",
        "seconds": "2026-01-02 10:00:00",
        "quoted-seconds": "'2026-01-02T10:00:00'",
        "fraction": "2026-01-02 10:00:00.5",
        "zone": "2026-01-02T10:00:00+08:00",
        "utc": "2026-01-02T10:00:00Z",
        "west": "2026-01-02T23:00:00-05:00",
        "spaced-zone": "2026-01-02 10:00:00 +08:00",
        "slashes": "2026/01/02",
        "words": "January 2, 2026",
        "words-time": "January 2, 2026 10:00",
        "short-words": "2 Jan 2026",
        "short-day": "2026-1-2",
    }.items()
}  # fmt: skip
BODIES = {
    f"blog/{folder}/2026-01-02-{name}.md": post(title="", body=body)
    for folder in ("", "x")
    for name, body in {
        "text": "Text",
        "heading": "# A heading\n\nText",
        "spaced": "\n\n  # A heading below\n\nText",
        "closed": "# A heading ##\n\nText",
        "no-space": "#Not one\n\nText",
        "id": "# A heading {#with-id}\n\nText",
        "code": "# A `code` heading\n\nText",
        "setext": "Setext\n===\n",
        "later": "Intro\n\n# Later",
        "second-level": "## Second level",
        "empty": "",
        "truncated": "# H\n\nA\n\n<!-- truncate -->\n\nB",
        "mdx-truncated": "A\n\n{/* truncate */}\n\nB",
        "import": "import A from 'a';\nimport B\n  from 'b';\n\nimport 'c';\n\n\n# H",
        "import-below": "Text\n\nimport A from 'a';\n\n# H\n",
        "import-only": "import A from 'a';\n# H",
        "important": "important\n\n# H",
        "bundle/index": "Text",
        "signs": "# C++ & C# <3\n\nText",
    }.items()
} | {
    "blog/no/crlf.md": post(title="").replace("\n", "\r\n"),
    "blog/dd/name.md": post(title="", body="Text"),
    "blog/dd/index.md": post(title="", body="Text"),
    "blog/title/2026-01-02-number.md": "---\ntitle: 2026\n---\n# H\n",
    "blog/title/2026-01-02-field.md": post(body="# H"),
    "blog/title/2026-01-02-words.md": post(title="It's “C++” & 财经: 50%"),
}


def test_names_of_files_and_folders(tmp_path: Path) -> None:
    assert said(tmp_path, NAMES) == []


def test_fields(tmp_path: Path) -> None:
    assert said(tmp_path, FIELDS) == []


def test_a_date_without_a_zone_is_in_utc(tmp_path: Path) -> None:
    assert said(tmp_path, DATES) == []


def test_title_is_a_field_a_heading_or_the_name(tmp_path: Path) -> None:
    assert said(tmp_path, BODIES) == []


@pytest.mark.parametrize("folder", ["blog", "."])
def test_addresses_are_below_the_folder_of_the_blog(folder: str, tmp_path: Path) -> None:
    files = {"blog/2026-01-02-name.md": post(), "blog/a/2026-01-02-name.md": post()}

    assert said(tmp_path, files, folder=folder) == []


@pytest.mark.parametrize("folder", ["website", "website/blog"])
def test_a_site_in_a_folder(folder: str, tmp_path: Path) -> None:
    files = {f"website/{name}": text for name, text in NAMES.items()}
    write_site(tmp_path, files)

    theirs = {f"website/{file}": page for file, page in pages(tmp_path / "website").items()}

    config = parse_config(SITE.format(folder=folder))
    assert differences(theirs, our_pages(tmp_path, config, NOW)) == []


@pytest.mark.parametrize(
    ("pattern", "settings"),
    [
        ("/blog/:slug/", {"trailingSlash": True}),
        ("/blog/:slug", {"trailingSlash": False}),
        ("/news/:slug", {"routeBasePath": "news"}),
        ("/news/:slug", {"routeBasePath": "/news/"}),
        ("/:slug", {"routeBasePath": "/"}),
        ("/a/b/:slug", {"baseUrl": "/a/", "routeBasePath": "b"}),
        ("/a/:slug/", {"baseUrl": "/a/", "routeBasePath": "", "trailingSlash": True}),
    ],
)
def test_pattern_says_the_base_path_and_the_slash_at_the_end(
    pattern: str, settings: dict[str, object], tmp_path: Path
) -> None:
    odd = ("slug-slash", "slug-root", "2026-01-02.md", "a#b")  # see docs/generators.md
    files = {
        name: text
        for name, text in (NAMES | FIELDS).items()
        if settings.get("trailingSlash") is None or not any(part in name for part in odd)
    }

    assert said(tmp_path, files, f'permalink = "{pattern}"', **settings) == []


@pytest.mark.parametrize("path", ["news", "content/posts"])
def test_a_blog_in_another_folder(path: str, tmp_path: Path) -> None:
    names = [name.removeprefix("blog/") for name in NAMES]
    files = {f"{path}/{name}": post() for name in names if not IN_BLOG.search(name)}

    assert said(tmp_path, files, folder=path, path=path) == []


PERMALINK = "\n    permalink: /l"
GERMAN = "i18n/de/docusaurus-plugin-content-blog"


def said_in_both(root: Path, files: dict[str, str]) -> list[str]:
    """The differences in a site in English and German, whose German posts are translations."""
    write_site(root, files)
    german = pages(root, baseUrl="/de/", locale="de")
    german = {file: page for file, page in german.items() if file.startswith(GERMAN)}
    toml = SITE.format(folder=".").replace('"i18n/**"', "")
    rule = '[[posts.rules]]\nmatch = ["i18n/de/**"]\npermalink = "/de/blog/:slug"\n'
    return differences(pages(root) | german, our_pages(root, parse_config(toml + rule), NOW))


def test_posts_of_a_translation(tmp_path: Path) -> None:
    english = NAMES | FIELDS
    german = {name.replace("blog", GERMAN, 1): text for name, text in english.items()}

    assert said_in_both(tmp_path, {**english, **german, "blog/only-english.md": post()}) == []


def test_a_folder_of_translations(tmp_path: Path) -> None:
    files = {f"{GERMAN}/2026-01-02-name.md": post(), f"{GERMAN}/plain/index.md": post()}
    write_site(
        tmp_path, files | {f"blog/{Path(file).relative_to(GERMAN)}": post() for file in files}
    )
    toml = SITE.format(folder=GERMAN) + 'permalink = "/de/blog/:slug"\n'

    ours = our_pages(tmp_path, parse_config(toml), NOW)

    assert differences(pages(tmp_path, baseUrl="/de/", locale="de"), ours) == []


_WORDS = words("aZß財ñ-_ .'~&,+!()0٣")
_TITLES = words("aZß財ñ- .'&,+!()0٣")  # "~" and "_" may be Markdown
_DAYS = ("", "", "2026-05-06-", "2026-5-6-", "2026/05/06/", "2026/05/06-", "2026-05-06")
_FOLDERS = ("", "", "sub/", "2026-03-04-x/", "2026/03/", "Ü x/", "a/2025-01-02/", "_part/")
_NO_SUCH_DAY = re.compile(r"\d{4}[-/]\d\d?[-/]00?(?![0-9])")  # Docusaurus ends with an error
_MOMENTS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M", "'%Y-%m-%d %H:%M:%S'",
            "%Y-%m-%dT%H:%M:%S+08:00", "%Y-%m-%d %H:%M:%S -05:00", "'%B %d, %Y'", "%Y/%m/%d",
            "%d %b %Y %H:%M")  # fmt: skip


@st.composite
def _texts(draw: st.DrawFn) -> str:
    def quoted() -> str:
        return "'" + draw(_WORDS).replace("'", "''") + "'"

    lines = draw(st.sampled_from([[], [], [], ["draft: true"], ["unlisted: true"]]))[:]
    if draw(st.booleans()):
        moment = draw(st.datetimes(datetime(1990, 1, 1), datetime(2026, 1, 1)))
        lines.append(f"date: {moment.strftime(draw(st.sampled_from(_MOMENTS)))}")
    if draw(st.booleans()):
        slash = draw(st.sampled_from(["", "/", "/a b/"]))
        lines.append("slug: '" + slash + quoted()[1:])
    tags = draw(st.lists(st.booleans(), max_size=3))
    lines += ["tags:"] if tags else []
    lines += [f"  - {'label: ' if table else ''}{quoted()}{table * PERMALINK}" for table in tags]
    if draw(st.booleans()):
        lines.append(f"authors: [{{name: {quoted()}}}, anna]")
    title = draw(st.one_of(st.just(""), _TITLES))
    heading = draw(st.sampled_from(["", "# ", "## "]))
    body = f"{heading}{draw(_TITLES)}\n\n<!-- truncate -->\n\nText."
    return post(*lines, title=title, body=body)


@st.composite
def _posts(draw: st.DrawFn) -> tuple[str, str, str]:
    """The name of a file, its text, and that of its translation or nothing."""
    name = draw(st.sampled_from(_FOLDERS)) + draw(st.sampled_from(_DAYS)) + draw(_WORDS)
    ending = draw(st.sampled_from([".md", ".md", ".mdx", "/index.md", "/index.mdx"]))
    return name + ending, draw(_texts()), draw(st.one_of(st.just(""), _texts()))


# The same sites each time: the program decides whether the tests pass, and not chance.
@settings(max_examples=12, deadline=None, phases=[Phase.generate], derandomize=True)
@given(
    st.lists(
        _posts().filter(lambda row: not _NO_SUCH_DAY.search(row[0])),
        min_size=20,
        max_size=40,
        unique_by=lambda row: row[0],
    )
)
def test_generated_sites(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("site")
    english = {f"blog/{name}": text for name, text, _ in rows}
    german = {f"{GERMAN}/{name}": text for name, _, text in rows if text}

    assert said_in_both(folder, {**AUTHORS, **english, **german}) == []
