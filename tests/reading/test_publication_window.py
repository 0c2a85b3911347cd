"""The publication window: dates that hold a post back, and dates on which it expires."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from support.sites import built, post
from support.written import entry, fields, problem, problems

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)  # of `built`


@pytest.mark.parametrize(
    "line",
    [
        "publishDate: 2098-06-01 09:00",
        "publishdate: 2098-06-01",
        "publish_date: 2098-06-01T09:00:00Z",
        "publish-date: 2098/06/01",
        "pubDate: 2098-06-01",
        "published: 2098-06-01 09:00",
        "published_at: 2098-06-01",
        "publish_on: 2098-06-01",
        "params: {publishDate: 2098-06-01}",
        "publishDate: 2020-01-01\nembargo_until: 2098-06-01",
    ],
)
def test_a_publish_date_later_than_the_date_holds_the_post_back(line: str) -> None:
    posts = {"a.md": post("Merger", "2026-01-06", line), "b.md": post("Public")}
    held = built(posts)
    assert all(b"Merger" not in document.data for document in held.values())
    assert b"Public" in held["atom.xml"].data
    later = built(posts, now=datetime(2098, 6, 2, tzinfo=UTC))
    assert b"Merger" in later["atom.xml"].data


def test_the_later_date_is_the_date_of_the_entry_and_the_address_keeps_the_first() -> None:
    read = entry(fields("date: 2026-01-06\npublishDate: 2026-02-03 09:00"), "tea.md")
    assert read.published.isoformat() == "2026-02-03T09:00:00+08:00"
    assert read.updated == read.published
    assert read.link == "https://news.example.com/2026/01/06/tea.html"


@pytest.mark.parametrize(
    "line",
    [
        "publishDate: 2025-02-03",
        "publishDate:",
        "published: true",
        "published: 1",
        "published: The Harbour Post",
        "publish_at: never",
        "embargo: no",
    ],
)
def test_an_earlier_publish_date_or_another_value_changes_nothing(line: str) -> None:
    read = entry(fields(f"date: 2026-01-06\n{line}"))
    assert read.published.isoformat() == "2026-01-06T00:00:00+08:00"


EXPIRY = ["expiryDate", "expirydate", "expiry_date", "Expires", "expires-at", "expiration_date"]
EXPIRY += ["unpublishDate", "unpublish_on"]


@pytest.mark.parametrize("name", EXPIRY)
def test_a_post_is_in_feeds_until_its_expiry_date(name: str) -> None:
    posts = {"a.md": post("Sale", more=f"{name}: 2026-11-22 12:00:00 +0000"), "b.md": post("Stays")}
    before = built(posts, now=NOW - timedelta(seconds=1))
    assert b"Sale" in before["atom.xml"].data
    at_the_time = built(posts, now=NOW)
    assert all(b"Sale" not in document.data for document in at_the_time.values())
    assert b"Stays" in at_the_time["atom.xml"].data


def test_of_several_expiry_dates_the_earliest_counts() -> None:
    read = entry(fields("expires: 2027-05-01\nexpiryDate: 2027-03-01\nunpublish_at: 2027-04-01"))
    assert read.expires and read.expires.isoformat() == "2027-03-01T00:00:00+08:00"


@pytest.mark.parametrize("value", ["", "never", "null", "~", "false", "none", "no"])
def test_an_expiry_date_that_says_never_is_none(value: str) -> None:
    assert entry(fields(f"expiryDate: {value}")).expires is None


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("expiryDate: 2025-22-01", "expiryDate: there is no such date: 2025-22-01"),
        ("expires: soon", "expires: 'soon' is not a date"),
        ("expires: 30 days", "expires: '30 days' is not a date"),
        ("publishDate: when it is ready", "publishDate: 'when it is ready' is not a date"),
        ("published: 2098-31-01", "published: there is no such date: 2098-31-01"),
    ],
)
def test_a_value_that_is_not_a_date_is_reported_at_its_line(line: str, what: str) -> None:
    """A wrong guess would publish too early, or for ever."""
    found = problem(fields(f"date: 2026-01-06\n{line}"))
    assert (found.line, found.what) == (4, what)


def test_a_line_that_was_repaired_is_checked_too() -> None:
    found = [p for p in problems(fields("expiryDate: '2025-22-01")) if p.severity == "error"]
    assert [p.what for p in found] == ["expiryDate: there is no such date: 2025-22-01"]


def test_a_date_that_is_used_twice_is_reported_once() -> None:
    assert problem(fields("publishDate: 2098-31-01")).field == "publishDate"


def test_a_post_that_expires_before_it_appears_is_never_public() -> None:
    posts = {"a.md": post("Never", "2026-12-01", "expires: 2026-11-30")}
    for day in (1, 30, 60):
        documents = built(posts, now=datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day))
        assert b"Never" not in documents["atom.xml"].data
