"""Hostile posts: bounded cost, no effect on other posts, the last good entry stays."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import nh3
import pytest
from support import hostile
from support.sites import NOW, PLAIN, built, settings
from support.written import KEY, entry, fields, problem, problems, reading

from feeds.aws.events import parse_messages
from feeds.config import Limits
from feeds.errors import TooLarge
from feeds.model import Problem
from feeds.publishing.publisher import Publisher
from feeds.reading.content.clean_html import _TAGS
from feeds.reading.content.markdown import ContentTooLarge
from feeds.reading.content.render import Place, render
from feeds.reading.content.tag_balancer import balance
from feeds.reading.entry import entry_of
from feeds.reading.post import read_post
from feeds.runtime import ThreadedRuntime
from feeds.stores.local import LocalStore
from feeds.stores.memory import MemoryStore

HERE = Path(__file__).parent.parent
LIMITS = Limits()


@pytest.mark.slow
@pytest.mark.parametrize("group", hostile.GROUPS)
def test_no_hostile_post_exceeds_the_limits_of_memory_and_time(group: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "support.hostile", group],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": f"{HERE.parent}:{HERE}"},
    )
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.returncode == 0, (lines[-1:], run.stderr[-2000:])
    for name, reported in lines:
        expected = hostile.GROUPS[group][name].comes_to
        outcome = "; ".join(reported) or "entry"
        assert expected in outcome, name
    assert len(lines) == len(hostile.GROUPS[group])


@pytest.mark.slow
def test_a_hostile_post_does_not_affect_other_posts() -> None:
    posts = {
        f"{number}.{case.ending}": hostile.data_of(case)
        for number, case in enumerate(hostile.FRONT_MATTER.values())
        if case.comes_to != "entry"
    }
    documents = built({**posts, "good.md": fields("date: 2026-11-01").encode()})
    assert [item["title"] for item in json.loads(documents["feed.json"].data)["items"]] == ["Tea"]
    assert {problem.key for problem in documents.problems} == set(posts)


def test_the_last_good_entry_stays_published_when_a_post_becomes_invalid() -> None:
    posts, feeds = MemoryStore(clock=lambda: NOW), MemoryStore(clock=lambda: NOW)
    publisher = Publisher(posts, feeds, PLAIN, ThreadedRuntime(threads=1))
    messages = parse_messages({"keys": [KEY]}, "memory:")
    posts.put(KEY, fields("date: 2026-11-01", "The first text.").encode())
    assert not publisher.publish(messages).failed
    before = feeds.get("public/atom.xml")
    posts.put(KEY, hostile.data_of(hostile.FRONT_MATTER["merge-key bomb"]))
    published = publisher.publish(messages)
    after = feeds.get("public/atom.xml")
    assert not published.failed and before and after and before.data == after.data
    (record,) = published.records.values()
    assert hostile.ANCHORED in str(record)


# Bounded reads


def test_a_post_over_post_bytes_is_reported() -> None:
    reported = problem(b"---\ntitle: Tea\n---\n" + b"x" * 1_000_000)
    assert (reported.what, reported.todo) == (
        "the post is larger than 1,000,000 bytes",
        "shorten it, or raise limits.post_bytes",
    )


def test_a_file_over_the_limit_is_read_up_to_the_limit_only(
    tmp_path: Path,
) -> None:
    (tmp_path / "tea.md").write_bytes(b"")
    with (tmp_path / "tea.md").open("r+b") as file:
        file.truncate(50_000_000_000)  # a sparse file: it takes no space on the disk
    with pytest.raises(TooLarge):
        LocalStore(tmp_path).get("tea.md", LIMITS.post_bytes)


def test_a_gzip_object_is_not_decompressed() -> None:
    packed = hostile.data_of(hostile.FRONT_MATTER["gzip"])
    assert problem(packed).what == "byte 1 (0x8b) is not UTF-8"


# Time in proportion to the length

BEFORE = "---\ntitle: Tea\ndate: 2026-11-01\n---\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "repeated"),
    [
        ("", "\ufeff"),
        (BEFORE + "{", " "),
        (BEFORE + "{", "\t "),
        (BEFORE + "x {", "{:"),
        (BEFORE + "[a]{%", " highlight"),
    ],
)
def test_reading_takes_time_in_proportion_to_the_length(before: str, repeated: str) -> None:
    def seconds(length: int) -> float:
        data = (before + repeated * (length // len(repeated.encode()))).encode()
        start = time.process_time()
        problems(data)
        return time.process_time() - start

    assert any(seconds(640_000) < 10 * seconds(160_000) + 0.05 for _ in range(3))


# Depth is checked before it costs time


def test_deeply_nested_html_is_refused_before_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nh3, "clean", lambda *_, **__: pytest.fail("it was parsed"))
    with pytest.raises(ContentTooLarge, match="nested more than 100"):
        render("<div>" * 101, Place("https://a.example/"), LIMITS, is_markdown=False)


SOUPS = [
    "<div><!--</div>-->", "<b><p></b>", "<p><b>", "<div><td></div>", "<table><div>", "<a><div><a>",
    "<ul><li><ul></li>", "<div></p></span>", "<h1><h2><div></h1>", "<i><b></i><u></b>",
    "<dd><dl><dt>", "<select><div></select>", "<svg><div></svg>", "<ruby><rt><div></rt>",
    "<caption><table><col>",
    "<div title='</div>'>", "<div/></div/>", "<blockquote></BLOCKQUOTE x='>'>",
    "<details><p></details>",
]  # fmt: skip


@pytest.mark.parametrize("soup", SOUPS)
def test_tag_balancer_output_is_balanced(soup: str) -> None:
    result = balance(soup * 40, _TAGS, 10_000)
    open_: list[str] = []
    void = {"br", "col", "hr", "img", "source", "track", "wbr"}
    for tag in re.finditer(r"<(/?)([a-z0-9]+)[^>]*>", result):
        if tag[1]:
            assert open_.pop() == tag[2]
        elif tag[2] not in void:
            open_.append(tag[2])
    assert open_ == []


# Addresses


def test_no_address_in_a_post_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("a name was looked up"))
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a connection was made"))
    names = ("hub", "hubs", "source_url", "image", "enclosure", "feed_url", "canonical_url", "id")
    lines = "\n".join(f"{name}: https://evil.example/{name}" for name in names)
    body = (
        "![x](https://evil.example/x)\n\n<iframe src='https://www.youtube.com/embed/dQw4w9WgXcQ'>"
        "</iframe><img data-src='https://evil.example/'><object data='//evil.example/'></object>"
    )
    documents = built({"a.md": fields(f"date: 2026-11-01\n{lines}", body).encode()})
    assert [problem.field for problem in documents.problems] == ["enclosure"]  # has no length


# Messages with hostile keys and texts

FORGED = "tea%0A\nINFO: all is well\x1b[2J\u202e.md"


def test_a_problem_is_one_printable_line_for_any_key_and_post() -> None:
    reported = problem('---\ntitle: Tea\ndate: "\\e[2J\u202e\\nINFO: all is well"\n---\n', FORGED)
    message = str(reported)
    assert message.isprintable()
    assert message.startswith("tea%0A\\nINFO: all is well\\x1b[2J\\u202e.md:3: date: ")


def test_a_problem_of_a_key_with_a_surrogate_is_printable() -> None:
    assert str(Problem("t\udce9.md", 1, "x", "y")) == "t\\udce9.md:1: x; y"


@pytest.mark.parametrize(
    "key", [FORGED, "a" * 1000 + ".md", "<b>&.md", "../../etc/passwd.md", " .md"]
)
def test_any_key_gives_valid_urls_in_the_entry(key: str) -> None:
    result = entry(fields("date: 2026-11-01"), key)
    for address in (result.id, result.link):
        assert address.isascii() and address.isprintable()
        assert not set(address) & set(' <>"{}|\\^`')
    assert ".." not in result.link.split("/")


# Characters that XML forbids


@pytest.mark.parametrize("written", ["\\ud800", "\\u0000", "\\uFFFE", "\\u000b", "&#0;", "&#x1F;"])
def test_no_field_has_characters_that_xml_forbids(written: str) -> None:
    fields_ = ("title", "summary", "author", "id", "slug", "source_url", "podcast", f"x{written}")
    lines = [f'"{name}": "https://a.example/T{written}ea"' for name in fields_]
    lines += ['"date": "2026-11-01"', f'"categories": ["T{written}", {{"C{written}": "x"}}]']
    text = "{" + ",\n".join(lines) + "}\n\nT&#xFFFE;&#0;ea"
    read = reading(text)
    assert read.post, read.problems
    documents = built({"a.md": text.encode()})
    for path in ("atom.xml", "rss.xml", "feed.json", "feeds.html"):
        data = documents[path].data.decode()
        assert not [c for c in data if (c < " " and c not in "\t\n") or "\ud800" <= c <= "\udfff"]
        assert "\ufffe" not in data


def test_reading_a_post_opens_no_file_and_is_deterministic(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry depends on nothing but the bytes of the post."""
    monkeypatch.setattr("builtins.open", lambda *_, **__: pytest.fail("a file was opened"))
    text = fields("categories: [tea]\nauthor: Lin", "Text.")
    assert entry(text) == entry(text)


def test_content_over_a_limit_is_reported_with_line_and_remedy() -> None:
    for group in (hostile.HTML, hostile.MARKDOWN):
        case = next(case for case in group.values() if case.comes_to != "entry")
        (reported,) = problems(hostile.data_of(case), f"x.{case.ending}")
        assert (reported.line, reported.todo) == (
            5,
            "shorten or simplify the post, or raise the limit in feeds.toml",
        )


def test_limits_can_be_raised() -> None:
    high = settings(more="[limits]\nhtml_depth = 200")
    body = fields("date: 2026-11-01", "<div>" * 150 + "x")
    assert entry_of(read_post("a.html", body.encode(), NOW, high).post, high).content
