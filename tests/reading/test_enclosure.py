"""The length of enclosures: as written, or that of the file among the posts."""

from __future__ import annotations

import pytest
from lxml import etree
from support.sites import NOW, PLAIN
from support.written import entry, fields, problems, reading, told

from feeds.building.scan import PostScanner
from feeds.building.site import site_documents
from feeds.stores.memory import MemoryStore

LENGTHS = {
    "7340032": 7_340_032,
    "7,340,032": 7_340_032,
    "7.340.032": 7_340_032,
    "7 340 032": 7_340_032,
    "7_340_032": 7_340_032,
    "7'340'032": 7_340_032,
    "7,340,032 bytes": 7_340_032,
    "1,024": 1_024,
}


@pytest.mark.parametrize(("written", "length"), LENGTHS.items())
@pytest.mark.parametrize("field", ["length", "size"])
def test_a_length_is_a_number_in_every_spelling(written: str, length: int, field: str) -> None:
    post = fields(f'enclosure: {{url: https://a.example/tea.mp3, {field}: "{written}"}}')
    assert entry(post).enclosure.length == length
    assert problems(post) == []


@pytest.mark.parametrize("written", ["7.3 MB", "long", "-1", "7,34,032", "1.024", "7e6", "0x10"])
def test_a_length_that_is_not_a_number_is_reported(written: str) -> None:
    post = fields(f'enclosure: {{url: https://a.example/tea.mp3, length: "{written}"}}')
    assert entry(post).enclosure.length == 0
    assert told(problems(post)[0]) == (
        3,
        f"enclosure: '{written}' is not a number of bytes",
        "write the length like 12345678",
    )


def enclosure(key: str, line: str, **files: int) -> tuple[str, list[str]]:
    """The length of the enclosure in RSS, and the problems, beside files of these sizes."""
    store = MemoryStore(clock=lambda: NOW)
    store.put(key, fields(f"date: 2026-11-01\n{line}").encode())
    for name, size in files.items():
        store.put(name, bytes(size))
    with PostScanner(store, PLAIN, NOW, jobs=1) as scanned:
        scanned.read()
        documents = {d.path: d.data for d in site_documents(scanned.summaries, scanned, PLAIN)}
        told = sorted({str(problem) for problem in scanned.problems})
    item = etree.fromstring(documents["rss.xml"]).find("channel/item/enclosure")
    return item.get("length"), told


FOUND = {
    "beside the post": ("podcast: tea.mp3", "shows/tea.mp3"),
    "in a folder beside the post": ("podcast: sound/tea.mp3", "shows/sound/tea.mp3"),
    "in the folder above": ("audio: ../sound/tea.ogg", "sound/tea.ogg"),
    "below the folder of the posts": ("enclosure: /sound/tea.m4a", "sound/tea.m4a"),
    "by the site's address": ("podcast: https://news.example.com/sound/t.mp3", "sound/t.mp3"),
    "by the address without a scheme": ("podcast: //news.example.com/t.mp3", "t.mp3"),
    "by the other scheme": ("podcast: HTTP://news.example.com/t.mp3", "t.mp3"),
    "in a table, encoded": ("enclosure: {url: 'a%20tea.mp3'}", "shows/a tea.mp3"),
}


@pytest.mark.parametrize(("line", "file"), FOUND.values(), ids=FOUND)
def test_an_unknown_length_is_that_of_the_file_among_the_posts(line: str, file: str) -> None:
    assert enclosure("shows/tea.md", line, **{file: 4321}) == ("4321", [])


def test_a_written_length_wins_over_the_file() -> None:
    line = "enclosure: {url: tea.mp3, length: 99}"
    assert enclosure("shows/tea.md", line, **{"shows/tea.mp3": 4321}) == ("99", [])


NOT_FOUND = [
    "https://a.example/tea.mp3",
    "tea.mp3",
    "/tea.mp3",
    "../../tea.mp3",
    "//b.example/a.mp3",
]


@pytest.mark.parametrize("address", NOT_FOUND)
def test_a_length_that_stays_unknown_is_reported(address: str) -> None:
    length, told = enclosure("shows/tea.md", f"podcast: {address}", **{"other.mp3": 5})
    assert length == "0"
    (line,) = told
    assert line.startswith(
        "shows/tea.md:4: warning: podcast: the length of the file is not known, so RSS says 0; "
        "write podcast: {url: …, length: 12345678}"
    )


def test_reading_alone_looks_at_no_file() -> None:
    read = reading(fields("podcast: tea.mp3"), "shows/tea.md")
    assert read.post and read.post.attachment == "shows/tea.mp3"
    assert read.problems == ()
