"""Dates: parse_datetime, and the date of an entry in every form that posts have it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from support.sites import built, settings
from support.sites import entry as any_entry
from support.validity import assert_valid_document
from support.written import MODIFIED, entry, fields, problem, reading, told, warning

from feeds.documents import pagination


def published(front_matter: str, key: str = "_posts/2026-11-18-tea.md") -> str:
    return entry(fields(front_matter), key).published.isoformat()


# Dates as people write them -> RFC 3339. The site is in Shanghai.

WRITTEN = {
    "2021-12-24 14:51:02 +0800": "2021-12-24T14:51:02+08:00",
    "2024-03-21 4:00:00 +0000": "2024-03-21T04:00:00+00:00",
    "2024-03-21 14:51:02": "2024-03-21T14:51:02+08:00",
    "2024-03-21 14:51": "2024-03-21T14:51:00+08:00",
    "2024-03-21": "2024-03-21T00:00:00+08:00",
    "2024-3-1": "2024-03-01T00:00:00+08:00",
    "2024/03/01 9:05": "2024-03-01T09:05:00+08:00",
    "2024-03-21T14:51:02Z": "2024-03-21T14:51:02+00:00",
    "2024-03-21T14:51:02.123456789+02:00": "2024-03-21T14:51:02+02:00",
    "2024-03-21 14:51:02 -4": "2024-03-21T14:51:02-04:00",
    "2024-03-21 14:51:02 -0330": "2024-03-21T14:51:02-03:30",
    "2024-03-21 02:05 PM": "2024-03-21T14:05:00+08:00",
    "2016-12-31 23:59:60 +0000": "2016-12-31T23:59:59+00:00",
    "Thu, 21 Mar 2024 14:51:02 +0100": "2024-03-21T14:51:02+01:00",
    '"2024-03-21 14:51:02 +0800"': "2024-03-21T14:51:02+08:00",
    # JavaScript's Date.toString, and what other programs print
    "Tue Mar 03 2026 08:15:00 GMT+0530 (India Standard Time)": "2026-03-03T08:15:00+05:30",
    "Tue Mar 03 2026 08:15:00 GMT-0800 (Pacific Standard Time)": "2026-03-03T08:15:00-08:00",
    "Tue Mar 03 2026": "2026-03-03T00:00:00+08:00",
    "Tue Mar  3 08:15:00 2026": "2026-03-03T08:15:00+08:00",
    "Tue Mar  3 08:15:00 CET 2026": "2026-03-03T08:15:00+01:00",
    "2026-03-03 08:15:00.25 +0100 CET": "2026-03-03T08:15:00+01:00",
    "2026-03-03T08:15:00+01:00[Europe/Paris]": "2026-03-03T08:15:00+01:00",
    "20260303T081500Z": "2026-03-03T08:15:00+00:00",
    "20260303": "2026-03-03T00:00:00+08:00",
    # offsets
    "Tue, 03 Mar 2026 08:15:00 +08": "2026-03-03T08:15:00+08:00",
    "Tue, 03 Mar 2026 08:15:00 -5": "2026-03-03T08:15:00-05:00",
    "3 Mar 2026 08:15 UTC+2": "2026-03-03T08:15:00+02:00",
    "Tue, 03 Mar 2026 08:15:00 -0000": "2026-03-03T08:15:00+00:00",
    "Tue, 03 Mar 2026 08:15:00 +5:30": "2026-03-03T08:15:00+05:30",
    # hours of twelve
    "3 Mar 2026 3:00 PM": "2026-03-03T15:00:00+08:00",
    "March 3, 2026 at 3:00 p.m.": "2026-03-03T15:00:00+08:00",
    "Mar 3 2026 3pm": "2026-03-03T15:00:00+08:00",
    "2026-03-03 12:30 AM": "2026-03-03T00:30:00+08:00",
    "Tue, 03 Mar 2026 12:30:15 PM GMT": "2026-03-03T12:30:15+00:00",
    # names of zones
    "2026-07-03 08:15 CEST": "2026-07-03T08:15:00+02:00",
    "2026-07-03 08:15 JST": "2026-07-03T08:15:00+09:00",
    "Fri, 03 Jul 2026 08:15:00 EDT": "2026-07-03T08:15:00-04:00",
    "2026-07-03 08:15 (AEST)": "2026-07-03T08:15:00+10:00",
    "2026-07-03 08:15 America/New_York": "2026-07-03T08:15:00-04:00",
    # days with the name of the month
    "'Mar 03 2026'": "2026-03-03T00:00:00+08:00",
    "3 March 2026": "2026-03-03T00:00:00+08:00",
    "3rd of March, 2026": "2026-03-03T00:00:00+08:00",
    "Sept. 3, 2026": "2026-09-03T00:00:00+08:00",
    "3-Mar-2026": "2026-03-03T00:00:00+08:00",
    "2026 March 3": "2026-03-03T00:00:00+08:00",
    "2026年3月3日": "2026-03-03T00:00:00+08:00",
}


@pytest.mark.parametrize(("text", "when"), WRITTEN.items())
def test_parse_datetime_accepts_the_forms_that_people_write(text: str, when: str) -> None:
    assert published(f"date: {text}") == when


def test_an_offset_over_14_hours_becomes_utc() -> None:
    assert published("date: 2025-06-03 09:00:00 +17:30") == "2025-06-02T15:30:00+00:00"


def test_a_date_with_an_offset_over_14_hours_is_valid_in_every_document() -> None:
    documents = built({"a.md": fields("date: 2025-06-03 09:00:00 +17:30").encode()})
    for path in ("atom.xml", "rss.xml", "feed.json"):
        url = f"https://feeds.example.com/{path}"
        assert_valid_document(path, documents[path].data, url)


def test_a_date_without_a_zone_is_in_the_time_zone_of_the_site(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    berlin = settings(site='timezone = "Europe/Berlin"')
    summer = entry(fields("date: 2026-07-01 12:00"), config=berlin).published
    winter = entry(fields("date: 2026-01-01 12:00"), config=berlin).published
    assert (summer.isoformat(), winter.isoformat()) == (
        "2026-07-01T12:00:00+02:00",
        "2026-01-01T12:00:00+01:00",
    )


# Posts without a date field

DATES_BY_KEY = {
    "_posts/2021-12-24-tea.md": "2021-12-24T00:00:00+08:00",
    "_posts/2021-2-5-tea.md": "2021-02-05T00:00:00+08:00",
    "old_post/-2022-02-11-tea.md": "2022-02-11T00:00:00+08:00",
    "blog/2025/05/05/tea.md": "2025-05-05T00:00:00+08:00",
    "blog/2025/05/05/tea/index.md": "2025-05-05T00:00:00+08:00",
}


@pytest.mark.parametrize(("key", "when"), DATES_BY_KEY.items())
def test_without_a_date_field_the_date_is_in_the_file_name_or_the_folders(
    key: str, when: str
) -> None:
    assert published("layout: post", key) == when


def test_an_empty_date_field_is_ignored() -> None:
    assert published("date:", "_posts/2021-12-24-tea.md") == "2021-12-24T00:00:00+08:00"


def test_without_a_date_field_the_date_is_in_the_path_field() -> None:
    assert published("path: 2023/09/25/tea", "content/tea.md") == "2023-09-25T00:00:00+08:00"


@pytest.mark.parametrize("key", ["tea.md", "2021-13-45-tea.md", "blog/2021/99/05/tea.md"])
def test_without_any_date_the_date_is_the_modification_time_of_the_object(key: str) -> None:
    assert entry(fields("layout: post"), key).published == MODIFIED


def test_the_date_field_wins_over_the_file_name() -> None:
    when = published("date: 2022-01-03 10:00:00 +0800", "_posts/2021-12-24-tea.md")
    assert when == "2022-01-03T10:00:00+08:00"


# Invalid dates

INVALID = {
    "2018-110-15": "date: '2018-110-15' is not a date",
    "2024-08-DD": "date: '2024-08-DD' is not a date",
    "18:30:22 2023 -0800": "date: '18:30:22 2023 -0800' is not a date",
    "2025-14-07": "date: there is no such date: 2025-14-07",
    "2025-02-30 10:00": "date: there is no such date: 2025-02-30 10:00",
    "2025-02-03 10:00:75": "date: there is no such date: 2025-02-03 10:00:75",
    "2025-02-03 13:00 PM": "date: '2025-02-03 13:00 PM' is not a date",
    "0000-01-01": "date: there is no such date: 0000-01-01",
    "9999-12-31": "date: the year of 9999-12-31 is too large (at most 9998)",
    "soon": "date: 'soon' is not a date",
    # what could be read in two ways
    "03/04/2026": "date: '03/04/2026' does not say which number is the month",
    "3.4.2026 10:00": "date: '3.4.2026 10:00' does not say which number is the month",
    "3-4-26": "date: '3-4-26' does not say which number is the month",
    "3 Mar 26": "date: the year in '3 Mar 26' has only two digits",
    "3 Mar 26 8:15 GMT": "date: the year in '3 Mar 26 8:15 GMT' has only two digits",
    "2026-03-03 08:15 CST": "date: CST in '2026-03-03 08:15 CST' is the name of several time zones",
    "3 Mar 2026 08:15 IST": "date: IST in '3 Mar 2026 08:15 IST' is the name of several time zones",
    "2026-03-03 08:15 bst": "date: bst in '2026-03-03 08:15 bst' is the name of several time zones",
    # what a looser reader would leave out
    "2026-03-03 08:15 XYZ": "date: the time zone XYZ in '2026-03-03 08:15 XYZ' is not known",
    "2026-03-03 8:15 A/B": "date: the time zone A/B in '2026-03-03 8:15 A/B' is not known",
    "2026-03-03 08:15 AMT": "date: AMT in '2026-03-03 08:15 AMT' is the name of several time zones",
    "2026-03-03 08:15 +0875": "date: there is no such date: 2026-03-03 08:15 +0875",
    "2026-03-03-10": "date: '2026-03-03-10' is not a date",
    "2026-03-03 10": "date: '2026-03-03 10' is not a date",
    "2026-03-03 08:15 +0100 PM": "date: '2026-03-03 08:15 +0100 PM' is not a date",
    "31 June 2026": "date: there is no such date: 31 June 2026",
    "3 mars 2026": "date: '3 mars 2026' is not a date",
    "1772496000": "date: '1772496000' is not a date",
    "[2025, 2026]": "date: '[2025, 2026]' is not a date",
}


@pytest.mark.parametrize(("text", "what"), INVALID.items())
def test_an_invalid_date_is_reported_with_its_place_and_an_example(text: str, what: str) -> None:
    reported = problem(fields(f"date: {text}"))
    assert told(reported) == (3, what, "dates look like 2026-11-30 14:51:02 +0800")
    assert (reported.field, reported.column) == ("date", 7)


def test_an_invalid_date_does_not_affect_other_posts() -> None:
    posts = {"good.md": fields("date: 2026-11-01"), "bad.md": fields("date: 2025-14-07")}
    documents = built({key: text.encode() for key, text in posts.items()})
    assert b"<entry>" in documents["atom.xml"].data
    assert [reported.key for reported in documents.problems] == ["bad.md"]


def test_the_message_about_a_long_date_is_short() -> None:
    assert len(problem(fields("date: 2024-01-01" + " " * 9000 + "x")).what) < 100


def test_an_invalid_update_date_is_only_a_warning() -> None:
    post = fields("date: 2026-11-01\nlast_modified_at: yesterday")
    assert told(warning(post)) == (
        4,
        "last_modified_at: 'yesterday' is not a date",
        "dates look like 2026-11-30 14:51:02 +0800",
    )
    assert entry(post).updated == entry(post).published


def test_all_problems_of_a_post_are_reported_together() -> None:
    reported = reading('---\ntitle: ""\ndate: never\nlastmod: soon\n---\n').problems
    assert [(problem.line, problem.field, problem.severity) for problem in reported] == [
        (2, "title", "error"),
        (3, "date", "error"),
        (4, "lastmod", "warning"),
    ]


# Future dates


def test_a_post_with_a_future_date_is_published_when_it_is_due() -> None:
    posts = {"soon.md": fields("date: 2026-12-01 09:00:00 +0000").encode()}
    before = datetime(2026, 12, 1, 8, 59, 59, tzinfo=UTC)
    at = datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert b"<entry>" not in built(posts, now=before)["atom.xml"].data
    assert b"<entry>" in built(posts, now=at)["atom.xml"].data


@pytest.mark.parametrize("name", ["expirydate", "expiryDate", "unpublishdate", "end_date"])
def test_an_expiry_date_is_not_the_date_of_the_post(name: str) -> None:
    post = fields(f"{name}: 2030-01-01", body="Tea.")
    assert entry(post, "_posts/2021-12-24-tea.md").published.year == 2021


def test_posts_with_the_same_date_are_ordered_by_id() -> None:
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    entries = [any_entry(n, published=moment, updated=moment) for n in range(1, 86)]
    ordered = [entry.id for entry in pagination.in_order(entries)]
    assert ordered == [entry.id for entry in pagination.in_order(reversed(entries))]
    assert ordered == sorted(ordered)


# Changes of the future

SOON = [
    "lastmod: 2097-05-01",
    "updatedDate: 'May 01 2097'",
    "last_modified_at: 2026-11-22 12:00:01 +0000",
    "modified: Wed, 01 May 2097 10:00:00 +08",
]


@pytest.mark.parametrize("line", SOON)
def test_a_change_in_the_future_does_not_count_and_is_reported(line: str) -> None:
    documents = built({"a.md": fields(f"date: 2026-11-01\n{line}").encode()})
    atom = documents["atom.xml"].data.decode()
    assert atom.count("<updated>2026-11-01T00:00:00+00:00</updated>") == 2
    assert b"Sun, 01 Nov 2026 00:00:00 +0000</lastBuildDate>" in documents["rss.xml"].data
    assert b"date_modified" not in documents["feed.json"].data
    name, _, value = line.partition(": ")
    (reported,) = documents.problems
    assert told(reported) == (
        4,
        f"{name}: {value.strip(chr(39))} is in the future",
        "correct it; until then, the post counts as unchanged since its publication",
    )
    assert (reported.severity, reported.field) == ("warning", name)


def test_a_change_counts_from_its_time_on() -> None:
    posts = {"a.md": fields("date: 2026-11-01\nlastmod: 2026-12-01").encode()}
    documents = built(posts, now=datetime(2026, 12, 1, tzinfo=UTC))
    assert b"<updated>2026-12-01T00:00:00+00:00</updated>" in documents["atom.xml"].data
    assert documents.problems == []


def test_the_fields_of_astro_are_dates() -> None:
    post = "---\ntitle: Tea\npubDate: 'Mar 03 2026'\nupdatedDate: 'Apr 04 2026'\n---\n"
    read = entry(post)
    assert (read.published.isoformat(), read.updated.isoformat()) == (
        "2026-03-03T00:00:00+08:00",
        "2026-04-04T00:00:00+08:00",
    )
