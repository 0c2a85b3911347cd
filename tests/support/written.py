"""Owns reading single posts in tests: what is written -> the entry, or what is wrong."""

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
    """What reading a post comes to."""
    data = written.encode() if isinstance(written, str) else written
    return read_post(key, data, MODIFIED, config)


def entry(written: str | bytes, key: str = KEY, config: Config = SHANGHAI) -> Entry:
    """The entry that a post becomes."""
    read = reading(written, key, config)
    assert read.post, read.problems
    return entry_of(read.post, config)


def problems(written: str | bytes, key: str = KEY, config: Config = SHANGHAI) -> list[Problem]:
    """Everything that is wrong with a post."""
    return list(fill_entry(reading(written, key, config), config)[1])


def problem(written: str | bytes, key: str = KEY, config: Config = SHANGHAI) -> Problem:
    """The one thing that is wrong with a post, for which it is in no feed."""
    (only,) = problems(written, key, config)
    assert only.severity == "error"
    return only


def warning(written: str | bytes, key: str = KEY, config: Config = SHANGHAI) -> Problem:
    """The one thing that is wrong with a post that is published all the same."""
    (only,) = problems(written, key, config)
    assert only.severity == "warning"
    return only


def fields(front_matter: str, body: str = "Tea from the hills.") -> str:
    """A post with these lines of front matter beside its title."""
    return f"---\ntitle: Tea\n{front_matter}\n---\n{body}\n"


def told(problem: Problem) -> tuple[int, str, str]:
    """A problem as it is told: its line, what is wrong, what to do."""
    return problem.line, problem.what, problem.todo
