"""Reads single posts: text or bytes -> the entry, or the problems."""

from __future__ import annotations

from datetime import UTC, datetime

from support.sites import settings

from feeds.config import Config
from feeds.model import Entry, Problem
from feeds.reading.entry import entry_of, fill_entry
from feeds.reading.post import ReadResult, read_post

KEY = "_posts/2026-11-18-tea.md"
MODIFIED = datetime(2026, 11, 20, 8, 15, 30, tzinfo=UTC)
SHANGHAI = settings(site='timezone = "Asia/Shanghai"')


def reading(written: str | bytes, key: str = KEY, config: Config = SHANGHAI) -> ReadResult:
    """The result of reading a post."""
    data = written.encode() if isinstance(written, str) else written
    return read_post(key, data, MODIFIED, config)


def entry(written: str | bytes, key: str = KEY, config: Config = SHANGHAI) -> Entry:
    """The entry of a post. Fails if the post cannot be published."""
    read = reading(written, key, config)
    assert read.post, read.problems
    return entry_of(read.post, config)


def problems(written: str | bytes, key: str = KEY, config: Config = SHANGHAI) -> list[Problem]:
    """All problems of a post."""
    return list(fill_entry(reading(written, key, config), config)[1])


def problem(written: str | bytes, key: str = KEY, config: Config = SHANGHAI) -> Problem:
    """The only problem of a post, which keeps it out of the feeds."""
    (only,) = problems(written, key, config)
    assert only.severity == "error"
    return only


def warning(written: str | bytes, key: str = KEY, config: Config = SHANGHAI) -> Problem:
    """The only problem of a post, which is published all the same."""
    (only,) = problems(written, key, config)
    assert only.severity == "warning"
    return only


def fields(front_matter: str, body: str = "Tea from the hills.") -> str:
    """A post with a title and these lines of front matter."""
    return f"---\ntitle: Tea\n{front_matter}\n---\n{body}\n"


def told(problem: Problem) -> tuple[int, str, str]:
    """A problem's line, what is wrong, and what to do."""
    return problem.line, problem.what, problem.todo
