"""The publication window: dates that hold a post back, and dates on which it expires."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from support.sites import built, post, settings
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
        "publishedDate: 2098-06-01",
        "published_date: 2098-06-01 09:00",
        "publish: 2098-06-01",
        "publish: 1 June 2098",
        "embargoed_until: 2098-06-01",
        "embargoed-until: 2098-06-01",
        "publish_after: 2098-06-01",
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
        "published: 2020",
        "published: 2098",
        "published: O Reilly 2020",
        "published: 2nd edition, O Reilly",
        "published: [2020, 2021]",
        "publish: yes",
        "publish: soon",
        "release_date: 2098-06-01",
        "releaseDate: June 1st, 2098",
        "published_date: 2020-01-01",
        "publish_at: never",
        "embargo: no",
    ],
)
def test_an_earlier_publish_date_or_another_value_changes_nothing(line: str) -> None:
    read = entry(fields(f"date: 2026-01-06\n{line}"))
    assert read.published.isoformat() == "2026-01-06T00:00:00+08:00"


EXPIRY = ["expiryDate", "expirydate", "expiry_date", "Expires", "expires-at", "expiration_date"]
EXPIRY += ["unpublishDate", "unpublish_on", "expire", "expire_at", "expireOn", "expired-at"]
EXPIRY += ["date_expires", "unpublish", "valid_until", "validUntil"]


@pytest.mark.parametrize(
    "name", ["publishedDate", "published_date", "Published_Date", "publishDate"]
)
def test_a_publish_date_alone_is_the_date_of_the_post(name: str) -> None:
    read = entry(fields(f"{name}: 2020-01-01"), "tea.md")
    assert read.published.isoformat() == "2020-01-01T00:00:00+08:00"
    assert read.link == "https://news.example.com/2020/01/01/tea.html"


@pytest.mark.parametrize(
    "key", ["date", "publishedDate", "published_date", "release_date", "publish"]
)
def test_a_publish_field_can_be_the_date_of_a_site(key: str) -> None:
    config = settings(more=f'[posts]\ndate_keys = ["{key}"]')
    read = entry(fields(f"{key}: 2020-01-01"), "tea.md", config)
    assert read.published.isoformat() == "2020-01-01T00:00:00+00:00"


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


@pytest.mark.parametrize("name", ["expiryDate", "expires", "valid_until"])
@pytest.mark.parametrize(
    "day", ["9999-12-31", "9999-12-31T23:59:59Z", "31 Dec 9999", "99999-01-01"]
)
def test_an_expiry_date_in_the_last_year_is_never(name: str, day: str) -> None:
    assert entry(fields(f"{name}: {day}")).expires is None
    both = entry(fields(f"{name}: {day}\nexpires_on: 2027-03-01"))
    assert both.expires and both.expires.year == 2027


def test_unpublish_without_a_date_does_not_expire() -> None:
    for value in ("no", "later", "2027"):
        assert entry(fields(f"unpublish: {value}")).expires is None


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("date: 9999-12-31", "date: the year of 9999-12-31 is too large (at most 9998)"),
        ("date: 10000-01-01", "date: the year of 10000-01-01 is too large (at most 9998)"),
        ("embargo: 9999-01-01", "embargo: the year of 9999-01-01 is too large (at most 9998)"),
        ("publish: 9999/12/31", "publish: the year of 9999/12/31 is too large (at most 9998)"),
    ],
)
def test_a_year_that_is_too_large_is_reported(line: str, what: str) -> None:
    assert problem(fields(line)).what == what


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("published: 2098-06", "published: '2098-06' is not a date"),
        ("published: May 2098", "published: 'May 2098' is not a date"),
        ("publish: 03/04/2098", "publish: '03/04/2098' does not say which number is the month"),
        ("unpublish: 2027-22-01", "unpublish: there is no such date: 2027-22-01"),
        ("valid_until: summer", "valid_until: 'summer' is not a date"),
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
