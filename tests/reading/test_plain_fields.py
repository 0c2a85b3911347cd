"""Fields without delimiters, as Pelican, MultiMarkdown and Nikola read them in Markdown files."""

from __future__ import annotations

import time
from datetime import date

import pytest
from support.sites import settings
from support.written import KEY, MODIFIED, entry, problem, problems, reading, told, warning

from feeds.errors import PostError
from feeds.reading.front_matter.formats import Value
from feeds.reading.front_matter.parse import FrontMatter, parse_front_matter
from feeds.reading.post import read_large_post, read_post

POST = "Title: Tea: the green one\nDate: 2026-11-01 10:20\n\nText.\n"
TITLE = "Tea: the green one"


def parse(written: str | bytes, key: str = "a.md", limit: int = 16_384) -> FrontMatter:
    data = written.encode() if isinstance(written, str) else written
    return parse_front_matter(key, data, limit)


def metadata(written: str) -> dict[str, Value]:
    return parse(written).metadata


# Where the fields end


def test_fields_at_the_top_are_front_matter_up_to_the_first_empty_line() -> None:
    read = entry(POST)
    assert (read.title, read.published.isoformat(), read.content) == (
        TITLE,
        "2026-11-01T10:20:00+08:00",
        "<p>Text.</p>",
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_every_line_end_and_a_byte_order_mark_are_understood(end: str, mark: bytes) -> None:
    front_matter = parse(mark + POST.replace("\n", end).encode())
    assert front_matter.metadata == {"Title": TITLE, "Date": "2026-11-01 10:20"}
    assert (front_matter.body, front_matter.body_line) == ("Text.\n", 4)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_understood_with_delimiters_too(end: str) -> None:
    front_matter = parse(end.join(["---", "title: Tea", "---", "Text.", ""]))
    assert front_matter.metadata == {"title": "Tea"}
    assert (front_matter.body, front_matter.body_line) == ("Text.\n", 4)


@pytest.mark.parametrize("end", ["", " \t", "---", "...", "--- "])
def test_an_empty_line_or_a_delimiter_ends_the_fields(end: str) -> None:
    front_matter = parse(f"Title: Tea\n{end}\nGreen tea: strong.\n")
    assert front_matter.metadata == {"Title": "Tea"}
    assert (front_matter.body, front_matter.body_line) == ("Green tea: strong.\n", 3)


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_a_file_may_have_nothing_but_fields(end: str) -> None:
    front_matter = parse(f"Title: Tea\nDate: 2026-11-01{end}")
    assert front_matter.metadata == {"Title": "Tea", "Date": "2026-11-01"}
    assert front_matter.body == ""


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_byte_that_is_not_utf8_has_its_line_with_every_line_end(end: str) -> None:
    reported = problem(end.join(["Title: Tea", "", "Tü"]).encode() + b"\xff")
    assert (reported.line, reported.column) == (3, 3)


# Values

VALUES: dict[str, tuple[str, dict[str, Value]]] = {
    "a quoted text": ('Title: "Tea"', {"Title": '"Tea"'}),
    "an empty value": ("Title: Tea\nTags:\nSlug: ", {"Title": "Tea", "Tags": "", "Slug": ""}),
    "no space": ("Title:Tea", {"Title": "Tea"}),
    "an address": ("Title: T\nbase_url: http://a.example", {"base_url": "http://a.example"}),
    "three spaces before a name": ("   Title: Tea\n  Slug: tea", {"Title": "Tea", "Slug": "tea"}),
    "a name with spaces": ("Title: T\nBase Header Level: 2", {"Base Header Level": "2"}),
    "a name in Greek": ("Title: Tea\nΓεύση: πικρή", {"Γεύση": "πικρή"}),
    "names in upper case": ("TITLE: Tea\nSTATUS: x", {"TITLE": "Tea", "STATUS": "x"}),
    "several authors": ("Title: T\nAuthors: A\n         B", {"Authors": ["A", "B"]}),
    "semicolons": ("Title: T\nAuthors: Li, Wei; Ann", {"Authors": ["Li, Wei", "Ann"]}),
    "commas": ("Title: T\nAuthors: Wei, Ann\n", {"Authors": ["Wei", "Ann"]}),
    "one author": ("Title: T\nAuthor: Li, Wei", {"Author": "Li, Wei"}),
    "tags": ("Title: T\nTags: a, b c\n      d,", {"Tags": ["a", "b c", "d"]}),
    "a list below its name": ("Title: T\nTags:\n    a\n    b", {"Tags": ["a", "b"]}),
    "a tab": ("Title: T\nTags: a\n\tb", {"Tags": ["a", "b"]}),
    "an unknown field": ("Title: T\nTeas: a, b\n    c", {"Teas": ["a, b", "c"]}),
    "a long text": ("Title: T\nSummary: One\n    two: three", {"Summary": "One\ntwo: three"}),
    "the same list twice": ("Title: T\nTags: a\ntags: b", {"Tags": ["a", "b"]}),
}


@pytest.mark.parametrize(("lines", "expected"), VALUES.values(), ids=VALUES)
def test_a_value_is_what_its_lines_say(lines: str, expected: dict[str, Value]) -> None:
    read = metadata(f"{lines}\n\nText.\n")
    assert {name: read[name] for name in expected} == expected


def test_the_place_of_a_field_is_the_place_of_its_value() -> None:
    assert parse("Title:   Tea\nTags:\n    a\nDate: x\n\n").places == {
        "Title": (1, 10),
        "Tags": (2, 6),
        "Date": (4, 7),
    }


def test_a_text_that_appears_twice_is_the_first_one_with_a_warning() -> None:
    reported = warning("Title: Tea\nDate: 2026-11-01\ntitle: Coffee\n    or not\n\nText.\n")
    assert told(reported) == (
        3,
        "the field 'title' appears twice",
        "keep one; the first one is used",
    )
    assert entry("Title: Tea\nTitle: Coffee\n\nText.\n").title == "Tea"


def test_a_date_that_is_not_one_is_reported_at_its_place() -> None:
    reported = problem("Title: Tea\nDate: we met on Monday\n\nText.\n")
    assert (reported.line, reported.column, reported.field) == (2, 7, "date")


def test_a_post_of_pelican_becomes_an_entry() -> None:
    read = entry(
        "Title: Tea\nDate: 2026-11-01 10:20\nModified: 2026-11-02 19:30\nCategory: Drinks\n"
        "Tags: green, leaf\nKeywords: x\nSlug: tea\nAuthors: Wei Li, Ann Ash\n"
        "Summary: Short.\nLang: en\n\nText.\n"
    )
    assert read.updated.isoformat() == "2026-11-02T19:30:00+08:00"
    assert [person.name for person in read.authors] == ["Wei Li", "Ann Ash"]
    assert [(term.taxonomy, term.name) for term in read.terms] == [("category", "Drinks")]
    assert (read.language, read.summary) == ("en", "Short.")


def test_tags_of_pelican_are_terms() -> None:
    config = settings(feeds='taxonomies = ["category", "tag", "author"]')
    terms = entry("Title: T\nTags: a b, c\nAuthors: A; B\n\n", config=config).terms
    assert [(term.taxonomy, term.name) for term in terms if term.taxonomy != "category"] == [
        ("tag", "a b"),
        ("tag", "c"),
        ("author", "A"),
        ("author", "B"),
    ]


# Nikola

NIKOLA = (
    ".. title: Tea: the green one\n.. slug: tea\n.. date: 2026-11-01 10:20:30 UTC+02:00\n"
    ".. tags: a, b\n.. link:\n.. type: text"
)


@pytest.mark.parametrize(
    ("post", "body_line"),
    [
        (f"{NIKOLA}\n\nText.\n", 8),
        (f"<!--\n{NIKOLA}\n-->\n\nText.\n", 9),
        (f"<!-- \n{NIKOLA}\n\n-->\nText.\n", 10),
    ],
)
def test_the_fields_of_nikola_are_read(post: str, body_line: int) -> None:
    front_matter = parse(post)
    assert front_matter.metadata == {
        "title": TITLE,
        "slug": "tea",
        "date": "2026-11-01 10:20:30 UTC+02:00",
        "tags": ["a", "b"],
        "link": "",
        "type": "text",
    }
    assert front_matter.body.strip() == "Text."
    assert front_matter.body_line == body_line
    read = entry(post)
    assert (read.title, read.published.isoformat()) == (TITLE, "2026-11-01T10:20:30+02:00")
    assert read.content == "<p>Text.</p>"


def test_the_place_of_a_field_in_a_comment_is_the_place_of_its_value() -> None:
    assert parse("<!--\n.. title: Tea\n.. slug: x\n-->\n").places == {
        "title": (2, 11),
        "slug": (3, 10),
    }


# What is not front matter

TEXTS = {
    "a name that is not known": "Note: something\nDate: 2026-11-01\n\nText.\n",
    "an address": "http://news.example.com/\n\nText.\n",
    "a time": "12:30 we met\n\nText.\n",
    "a heading": "# Title: Tea\n\nText.\n",
    "a space before the colon": "Title : Tea\n\nText.\n",
    "a directive": ".. date:: 2026\n\nText.\n",
    "a target": ".. _title: http://a.example\n\nText.\n",
    "a comment": "<!-- Title: Tea -->\n\nText.\n",
    "a comment of prose": "<!--\nTitle: Tea\n-->\n\nText.\n",
    "a comment without its end": "<!--\n.. title: Tea\n\n",
}


@pytest.mark.parametrize("post", TEXTS.values(), ids=TEXTS)
def test_a_text_that_does_not_start_with_a_known_field_has_no_front_matter(post: str) -> None:
    with pytest.raises(PostError) as raised:
        parse(post)
    assert raised.value.problem.line == 1


PROSE = {
    "prose": ("Date: we met on Monday\nand had tea.\n\nText.\n", 2),
    "an address": ("Title: Tea\nhttps://a.example/tea\n\nText.\n", 2),
    "a time": ("Title: Tea\n12:30 we met\n\nText.\n", 2),
    "a list": ("Title: Tea\nTags: a\n- b\n\nText.\n", 3),
    "an indented list": ("Title: Tea\nTags:\n  - a\n\nText.\n", 3),
    "a field of Nikola": ("Title: Tea\n.. slug: tea\n\nText.\n", 2),
    "a second line in Nikola": (".. title: Tea\n    and more\n\nText.\n", 2),
    "prose in a comment": ("<!--\n.. title: Tea\n.. slug: x\nText\n-->\n", 4),
}


@pytest.mark.parametrize(("post", "line"), PROSE.values(), ids=PROSE)
def test_fields_with_another_line_among_them_are_reported_at_that_line(
    post: str, line: int
) -> None:
    assert told(problem(post)) == (
        line,
        "this line is not a field",
        "write it as Name: text, or leave the line above it empty",
    )


def test_an_empty_line_above_the_fields_is_reported() -> None:
    reported = problem(f"\n{POST}")
    assert told(reported) == (1, "there is an empty line above the fields", "remove it")


def test_a_merge_conflict_in_the_fields_is_reported_at_its_start() -> None:
    conflict = "Title: A\n<<<<<<< HEAD\nDate: 2026-11-01\n=======\nDate: 2026-11-02\n>>>>>>> b\n\n"
    reported = problem(conflict)
    assert (reported.line, reported.what) == (2, "there is a merge conflict")


@pytest.mark.parametrize("between", ["", "\n", "\n\n"])
def test_fields_above_front_matter_with_delimiters_are_reported(between: str) -> None:
    post = f"Title: Tea\n{between}---\ndate: 2026-11-01\ndraft: true\n---\nText.\n"
    assert reading(post).failed
    assert reading(post).decision.effect == "leave-out"


def test_the_fields_of_a_page_in_html_need_delimiters() -> None:
    with pytest.raises(PostError):
        parse(POST, "a.html")


# Posts that are closed

CLOSED = [
    "Title: Tea\nStatus: draft",
    "Title: Tea\nStatus: hidden",
    'Title: Tea\nStatus: "draft"',
    "Title: Tea\nstatus:\n    draft",
    "Title: Tea\n  Status: draft",
    "Title: Tea\nStatus: published\nStatus: draft",
    "Title: Tea\nSummary:\n Status: hidden",
    ".. title: Tea\n.. status: private",
    "<!--\n.. title: Tea\n.. status: draft\n-->",
]
LIMITED = settings(more="[limits]\npost_bytes = 100000\nfront_matter_bytes = 300")


@pytest.mark.parametrize("lines", CLOSED)
def test_the_status_keeps_a_post_out_of_feeds(lines: str) -> None:
    read = reading(f"{lines}\n\nText.\n")
    assert (read.post, read.failed, read.decision.effect) == (None, False, "leave-out")


@pytest.mark.parametrize("lines", CLOSED)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_closed_post_that_cannot_be_read_is_closed(lines: str, end: str) -> None:
    start = f"{lines}\n\nText.\n".replace("\n", end).encode()
    not_utf8 = read_post(KEY, start + b"\xff", MODIFIED, LIMITED)
    large = read_post(KEY, start + b"x" * 100_000, MODIFIED, LIMITED)
    start_of_large = read_large_post(KEY, start + b"x" * 500, LIMITED)
    for read in (not_utf8, large, start_of_large):
        assert (read.failed, read.decision.effect) == (True, "leave-out")


def test_a_closed_post_with_fields_over_the_limit_is_closed() -> None:
    read = reading(f"Title: Tea\nSummary: {'x' * 300}\nStatus: draft\n\nText.\n", config=LIMITED)
    assert (read.failed, read.decision.effect) == (True, "leave-out")


def test_a_closed_post_with_prose_among_its_fields_is_closed() -> None:
    for lines in ("Title: Tea\nprose\nStatus: draft", ".. title: Tea\nprose\n.. status: draft"):
        read = reading(f"{lines}\n\nText.\n")
        assert (read.failed, read.decision.effect) == (True, "leave-out")


def test_a_post_that_cannot_be_read_is_not_closed_by_its_text() -> None:
    read = reading(b"Title: Tea\nDate: 2026-11-01\n\nStatus: draft\n\xff")
    assert (read.failed, read.decision.effect) == (True, "publish")


def test_a_line_separator_in_a_field_does_not_hide_the_fields_below() -> None:
    read = reading("Title: Tea\u2028\u2028\nStatus: draft\n\nText.\n".encode() + b"\xff")
    assert (read.failed, read.decision.effect) == (True, "leave-out")


# Limits


def test_fields_over_the_limit_are_reported() -> None:
    reported = problem(f"Title: Tea\nSummary: {'x' * 300}\n\nText.\n", config=LIMITED)
    assert told(reported) == (
        1,
        "the front matter is larger than 300 bytes",
        "move long texts into the body, or check that an empty line is below the last field",
    )


def test_the_text_below_the_fields_does_not_count_for_their_limit() -> None:
    assert not problems(f"Title: Tea\n\n{'x ' * 300}\n", config=LIMITED)


HOSTILE = {
    "fields": "a: b\n",
    "texts": "    b\n",
    "one field": "title: b\n",
    "semicolons": "    ;,;,\n",
    "words": "a b c d e f g h\n",
    "letters": "a",
    "colons": ":",
    "dots": ".. a: b\n",
    "spaces": " ",
}


@pytest.mark.slow
@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("start", ["Title: Tea\nTags: a\n", "<!--\n.. title: Tea\n", "Title: "])
def test_a_million_bytes_of_fields_take_time_in_proportion(start: str, piece: str) -> None:
    post = (start + piece * (1_000_000 // len(piece)))[:1_000_000].encode()
    before = time.process_time()
    reading(post)
    assert time.process_time() - before < 5  # 0.9 on the machine that measured it


def test_a_date_in_the_name_is_used_if_the_fields_have_none() -> None:
    published = entry("Title: Tea\n\nText.\n").published
    assert published.date() == date(2026, 11, 18)
