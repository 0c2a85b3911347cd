"""Fields in the head of a page in HTML, as Pelican reads them."""

from __future__ import annotations

import time

import pytest
from support.sites import settings
from support.written import MODIFIED, entry, problem, reading, told

from feeds.errors import PostError
from feeds.reading.front_matter.html_head import find_body
from feeds.reading.front_matter.parse import parse_front_matter
from feeds.reading.post import read_post

KEY = "tea.html"
META = '<meta name="{}" content="{}">'
LIMITED = settings(more="[limits]\npost_bytes = 100000\nfront_matter_bytes = 300")


def page(*meta: str, title: str = "Tea", body: str = "<p>Text.</p>") -> str:
    """A page with a date and more lines in its head."""
    lines = ("<html>", "<head>", f"<title>{title}</title>", META.format("date", "2026-11-01 10:20"))
    return "\n".join((*lines, *meta, "</head>", "<body>", body, "</body>", "</html>", ""))


def test_a_page_of_pelican_becomes_an_entry() -> None:
    read = entry(
        page(
            '<META content="Drinks" name="Category" />',
            "<meta name='authors' content='Wei Li, Ann Ash'/>",
            META.format("tags", "green, leaf"),
            META.format("summary", "Short."),
            title="Tea &amp; the &lt;green&gt; one",
        ),
        KEY,
    )
    assert (read.title, read.published.isoformat(), read.summary) == (
        "Tea & the <green> one",
        "2026-11-01T10:20:00+08:00",
        "Short.",
    )
    assert [person.name for person in read.authors] == ["Wei Li", "Ann Ash"]
    assert [term.name for term in read.terms] == ["Drinks"]
    assert read.content == "<p>Text.</p>"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_places_of_the_body_and_of_the_fields_are_right(end: str) -> None:
    data = page(META.format("tags", "a, b")).replace("\n", end).encode()
    front_matter = parse_front_matter(KEY, b"\xef\xbb\xbf" + data, 10_000)
    assert front_matter.metadata == {"title": "Tea", "date": "2026-11-01 10:20", "tags": ["a", "b"]}
    assert front_matter.places == {"title": (3, 8), "date": (4, 27), "tags": (5, 27)}
    assert (front_matter.body, front_matter.body_line) == ("\n<p>Text.</p>\n", 7)


@pytest.mark.parametrize(
    "start",
    ["", "<!DOCTYPE html>\n", "\n<!doctype  HTML PUBLIC 'x'>", "<!doctype html><!-- <body> -->"],
)
def test_a_page_may_start_with_a_doctype(start: str) -> None:
    assert entry(start + page(), KEY).title == "Tea"


def test_tags_in_scripts_and_comments_are_not_fields() -> None:
    draft = META.format("status", "draft")
    for hidden in (f"<!-- {draft} -->", f"<script>x = '{draft}<body>'</script>"):
        read = entry(page(hidden), KEY)
        assert (read.title, read.content) == ("Tea", "<p>Text.</p>")


def test_of_two_titles_the_first_one_is_used() -> None:
    assert entry(page(META.format("title", "Coffee")), KEY).title == "Tea"


NO_POSTS = {
    "no date": page().replace("date", "dated"),
    "no title": page().replace("title>", "b>"),
    "no body": page().replace("<body>", ""),
    "a tag without its end": "<html><title>Tea</title><meta name=date content=2026-11-01><body",
    "a title without its end": page().replace("</title>", ""),
    "a fragment": "<p>Text.</p>" + page(),
}


@pytest.mark.parametrize("text", NO_POSTS.values(), ids=NO_POSTS)
def test_a_page_without_a_title_a_date_or_a_body_has_no_front_matter(text: str) -> None:
    assert told(problem(text, KEY))[:2] == (1, "there is no front matter")


def test_a_page_in_a_markdown_file_has_no_front_matter() -> None:
    with pytest.raises(PostError):
        parse_front_matter("tea.md", page().encode(), 10_000)


@pytest.mark.parametrize("status", ["draft", "hidden"])
def test_the_status_keeps_a_page_out_of_feeds(status: str) -> None:
    closed = page(META.format("status", status))
    read = reading(closed, KEY)
    assert (read.post, read.failed, read.decision.effect) == (None, False, "leave-out")
    not_utf8 = read_post(KEY, closed.encode() + b"\xff", MODIFIED, LIMITED)
    large = read_post(KEY, closed.encode() + b"x" * 100_000, MODIFIED, LIMITED)
    long_head = read_post(KEY, closed.replace("Tea", "T" * 400).encode(), MODIFIED, LIMITED)
    without_date = reading(closed.replace("date", "dated"), KEY)
    for read in (not_utf8, large, long_head, without_date):
        assert (read.failed, read.decision.effect) == (True, "leave-out")


def test_a_head_over_the_limit_is_reported() -> None:
    assert told(problem(page(title="T" * 400), KEY, LIMITED)) == (
        1,
        "the front matter is larger than 300 bytes",
        "move long texts into the body, or check that <body> is below the last field",
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    ["<!--", "<meta ", '<meta "', '<meta a="', "<meta a=b ", "<", "</", "<title>", "</title ",
     "<title></title >", META, "<body", "<script></script>", " "],
)  # fmt: skip
def test_a_million_bytes_of_head_take_time_in_proportion(piece: str) -> None:
    text = "<html>" + piece * (1_000_000 // len(piece))
    before = time.process_time()
    find_body(text)
    assert time.process_time() - before < 3  # 0.4 on the machine that measured it
