"""Terms: categories, tags, authors; each category has one slug and one feed of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from itertools import combinations
from pathlib import Path

import pytest
from support.sites import FEEDS, SITE, built, settings
from support.written import entry, fields, problem, told

from feeds import paths

COMMAND = str(Path(sys.executable).with_name("feeds"))

# Runs a command and prints its peak memory. A process of its own is in between, because a child
# starts with the peak of its parent, and the process of the tests may have a high one.
PEAK = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
"""
LAYOUT = "category/{}/feed.json"


def names(front_matter: str, config=None) -> list[str]:
    result = entry(fields(front_matter), config=config or settings())
    return [term.name for term in result.terms if term.taxonomy == "category"]


def test_a_category_may_have_a_space() -> None:
    assert names('categories: "harbour news 24"') == ["harbour news 24"]


def test_a_site_may_split_categories_at_spaces_as_jekyll_does() -> None:
    split = settings(more="[categories]\nsplit = true")
    assert names('categories: "harbour market"', split) == ["harbour", "market"]
    assert names("categories: harbour, market day", split) == ["harbour", "market day"]
    assert names("category: Developer Tools", split) == ["Developer Tools"]
    assert names("categories: [Developer Tools]", split) == ["Developer Tools"]


# Categories as written -> their names

GIVEN = {
    "categories:": [],
    "categories: null": [],
    "categories: ~": [],
    "categories: []": [],
    "categories: ['']": [],
    "layout: post": [],
    "categories: 2013": ["2013"],
    "categories: [2013, 017, NO, 30:12]": ["2013", "017", "NO", "30:12"],
    "category: Trade": ["Trade"],
    "Category: Trade": ["Trade"],
    "CATEGORIES: [Trade]": ["Trade"],
    "topics: [trade, tea]": ["trade", "tea"],
    "taxonomies: {categories: [tea]}": ["tea"],
    "categories: [Tea, tea, TEA]": ["Tea"],
    "categories:\n- - Tea\n  - Trade\n- Port": ["Tea", "Trade", "Port"],
    "categories: [" + ", ".join(f"c{n}" for n in range(14)) + "]": [f"c{n}" for n in range(14)],
    "categories: ['Tea &amp; Trade', ' <b>Port</b> ']": ["Tea & Trade", "Port"],
}


@pytest.mark.parametrize(("front_matter", "expected"), GIVEN.items())
def test_categories_are_parsed_in_every_form(front_matter: str, expected: list[str]) -> None:
    assert names(front_matter) == expected


@pytest.mark.parametrize("front_matter", ["categories:", "categories: []", "layout: post"])
def test_a_site_may_name_a_category_of_posts_without_one(front_matter: str) -> None:
    config = settings(more='[categories]\ndefault = "Other  news"')
    assert names(front_matter, config) == ["Other news"]
    assert names("category: Trade", config) == ["Trade"]


def test_a_repeated_category_keeps_its_first_place() -> None:
    assert names("categories: [Tea, Trade, tea, Tea]") == ["Tea", "Trade"]


def test_toml_and_json_categories_are_as_written() -> None:
    toml = '+++\ntitle = "Tea"\ncategories = [2013, "017", true]\n+++\n'
    json_ = '{"title": "Tea", "categories": [2013, "017", false, null]}\n'
    assert [term.name for term in entry(toml).terms] == ["2013", "017", "true"]
    assert [term.name for term in entry(json_).terms] == ["2013", "017", "false"]


def test_tags_are_terms_of_their_own_if_the_taxonomy_is_enabled() -> None:
    both = settings(feeds='taxonomies = ["category", "tag"]')
    result = entry(fields("tag: Tea\ncategory: Trade"), config=both)
    assert [term.path for term in result.terms] == ["category/trade", "tag/tea"]


def test_title_from_names_the_field_with_the_title_of_a_category() -> None:
    named = settings(more='[categories]\ntitle_from = "tags"')
    documents = built({"a.md": fields("category: chaye\ntags: 茶叶").encode()}, named)
    assert json.loads(documents[LAYOUT.format("chaye")].data)["title"] == "茶叶"


# Slugs: names that are similar, or unsafe in a path

DIFFERENT = [
    "C", "C++", "C#", "c--", "a b", "a-b", "a_b", "a/b", "a.b", "A&B", "café", "cafe", "能工巧匠集",
    "(xianggang)", "xianggang", "_brief", "brief", ".brief", "..", ".", "/", "//", "index",
    "Index.", "archive", "con", "aux", "tea", "tea ", "🍵", "🍵🍵", "x" * 100, "x" * 101,
    "tea-0a1b2c3d4e",
    "%2e%2e", "\\", "a\\b", "?", "#", "&", "Ⅸ", "ix", "ß", "atom.xml", "-", "--", "_", "١", "1",
]  # fmt: skip

SAME = [
    ("ARM", "arm"),
    ("TechWeb", "Techweb"),
    ("Straße", "STRASSE"),
    ("café", unicodedata.normalize("NFD", "CAFÉ")),
    ("Developer Tools", "developer  tools"),
    (" tea", "tea\t"),
    ("ΣΊΣΥΦΟΣ", "σίσυφος"),
]


def test_different_categories_have_different_slugs() -> None:
    slugs = {name: paths.slug(name) for name in DIFFERENT}
    for first, second in combinations(DIFFERENT, 2):
        same = paths.identity(first) == paths.identity(second)
        assert (slugs[first] == slugs[second]) == same, (first, second)


@pytest.mark.parametrize(("first", "second"), SAME)
def test_spellings_of_the_same_category_have_the_same_slug(first: str, second: str) -> None:
    assert paths.slug(first) == paths.slug(second)


@pytest.mark.parametrize("name", DIFFERENT)
def test_a_slug_is_a_safe_name_of_a_folder(name: str) -> None:
    slug = paths.slug(name)
    assert slug and slug not in {".", "..", "index", "archive"}
    assert not set(slug) & set('/\\%?#&.:*"<>| ') and len(slug.encode()) <= 100


def test_slugs_of_readable_names_stay_readable() -> None:
    assert [paths.slug(name) for name in ("能工巧匠集", "Tea-Trade", "Café", "a_b")] == [
        "能工巧匠集",
        "tea-trade",
        "café",
        "a_b",
    ]


def test_no_category_feed_overwrites_another_or_leaves_its_folder() -> None:
    listed = json.dumps(DIFFERENT, ensure_ascii=False)
    raised = settings(feeds='formats = ["json"]', more="[limits]\nterms = 200")
    posts = {"a.md": f'{{"title": "Tea", "date": "2026-11-01", "categories": {listed}}}\n'.encode()}
    documents = built(posts, raised)
    titles = [
        json.loads(document.data)["title"]
        for path, document in documents.items()
        if path.startswith("category/") and path.endswith("/feed.json")
    ]
    unique = {paths.identity(name): name for name in reversed(DIFFERENT)}
    assert sorted(titles) == sorted(" ".join(name.split()) for name in unique.values())
    assert not [path for path in documents if ".." in path.split("/") or path.startswith("/")]


def test_the_title_of_a_category_is_the_spelling_of_the_newest_post() -> None:
    posts = {
        "a.md": fields("date: 2026-11-01\ncategory: TechWeb").encode(),
        "b.md": fields("date: 2026-11-02\ncategory: Techweb").encode(),
    }
    assert json.loads(built(posts)[LAYOUT.format("techweb")].data)["title"] == "Techweb"


def test_a_table_among_categories_is_shown_as_written() -> None:
    assert names("categories:\n- C: the language\n- Tea") == ["C: the language", "Tea"]


# Many categories


@pytest.mark.slow
def test_a_site_may_have_two_thousand_categories() -> None:
    config = settings(feeds='formats = ["json"]\npages = false')
    posts = {
        f"{number}.md": fields(f"date: 2026-11-01\ncategory: Topic {number}").encode()
        for number in range(2000)
    }
    documents = built(posts, config)
    assert len([path for path in documents if path.startswith("category/")]) == 2000


@pytest.mark.slow
def test_nine_thousand_posts_in_one_folder_are_read_in_less_memory_than_they_take(
    tmp_path: Path,
) -> None:
    (tmp_path / "feeds.toml").write_text(f"{SITE}[feeds]\n{FEEDS}pages = false\narchives = false\n")
    (tmp_path / "posts").mkdir()
    for number in range(9025):
        text = fields(f"date: 2026-11-01\ncategory: Topic {number % 20}", "Tea and trade. " * 900)
        (tmp_path / "posts" / f"{number}.md").write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, COMMAND, "build", "posts", "out", "--jobs", "1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    total = sum(file.stat().st_size for file in (tmp_path / "posts").iterdir())
    assert len([*(tmp_path / "out" / "category").iterdir()]) == 20
    peak = int(done.stdout.split()[-1]) * (1 if sys.platform == "darwin" else 1024)
    assert peak < total


def test_more_terms_than_the_limit_are_reported() -> None:
    many = ", ".join(f"c{number}" for number in range(101))
    reported = problem(fields(f"categories: [{many}]"))
    assert told(reported) == (
        3,
        "the post has 101 categories, tags and authors",
        "keep at most 100, or raise limits.terms",
    )
    assert reported.field == "categories"
