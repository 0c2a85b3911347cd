"""Order, window and archive pages depend only on the set of entries, not on its history."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from feeds.documents import pagination


class Placed(Struct, frozen=True):
    key: str
    id: str
    published: datetime


def at(minutes: int, id_: str = "", key: str = "") -> Placed:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    return Placed(key or f"{id_ or minutes}.md", id_ or f"tag:example.com,2026:{minutes}", moment)


def ids(entries: Sequence[Placed]) -> list[str]:
    return [entry.id for entry in entries]


# Few dates and few ids, so that many entries share one.
ENTRIES = st.lists(
    st.builds(
        at, st.integers(0, 40), st.sampled_from(["", *"abcdefgh"]), st.sampled_from(["", *"xyz"])
    ),
    max_size=60,
    unique_by=lambda entry: entry.key,
)
LIMITS = st.integers(1, 12)


def test_entries_are_ordered_by_publication() -> None:
    assert pagination.in_order([at(3), at(1), at(2)]) == [at(1), at(2), at(3)]


def test_entries_with_equal_dates_are_ordered_by_id_then_key() -> None:
    entries = [at(0, "b", "1.md"), at(0, "a", "2.md"), at(0, "a", "1.md"), at(0, "c", "0.md")]

    assert [(entry.id, entry.key) for entry in pagination.in_order(entries)] == [
        ("a", "1.md"),
        ("a", "2.md"),
        ("b", "1.md"),
        ("c", "0.md"),
    ]


def test_the_order_of_entries_does_not_depend_on_their_time_zones() -> None:
    east = timezone(timedelta(hours=8))
    first = replace(at(0), published=datetime(2026, 1, 2, 7, 59, tzinfo=east))
    second = replace(at(1), published=datetime(2026, 1, 2, 0, 0, tzinfo=UTC))

    assert pagination.in_order([second, first]) == [first, second]


def test_entries_from_before_1970_are_the_oldest() -> None:
    old = replace(at(0), published=datetime(1066, 10, 14, tzinfo=UTC))

    assert pagination.in_order([at(1), old]) == [old, at(1)]


def test_the_window_has_the_newest_entries_newest_first() -> None:
    entries = [at(minute) for minute in range(10)]

    assert pagination.newest_first(entries, 3) == [at(9), at(8), at(7)]


def test_the_window_of_a_small_feed_has_all_its_entries() -> None:
    assert pagination.newest_first([at(1), at(2)], 50) == [at(2), at(1)]
    assert pagination.newest_first([], 50) == []


def test_the_window_has_the_newest_entry_of_each_id() -> None:
    entries = [at(1, "a", "old_post/a.md"), at(2, "b"), at(3, "a", "_posts/a.md")]

    assert [entry.key for entry in pagination.newest_first(entries, 3)] == ["_posts/a.md", "b.md"]


@pytest.mark.slow
@given(ENTRIES, LIMITS, st.randoms())
def test_window_and_pages_do_not_depend_on_the_order_of_arrival(
    entries: list[Placed], limit: int, random_: random.Random
) -> None:
    shuffled = entries.copy()
    random_.shuffle(shuffled)

    one, other = pagination.in_order(entries), pagination.in_order(shuffled)
    assert pagination.newest_first(one, limit) == pagination.newest_first(other, limit)
    assert pagination.split_pages(one, limit) == pagination.split_pages(other, limit)
    assert pagination.archive_pages(one, limit) == pagination.archive_pages(other, limit)


@pytest.mark.slow
@given(ENTRIES, LIMITS)
def test_split_pages_keeps_every_entry_once_in_order(entries: list[Placed], limit: int) -> None:
    pages = pagination.split_pages(pagination.in_order(entries), limit)

    assert [entry for page in pages for entry in page] == pagination.in_order(entries)
    assert all(1 <= len(page) <= limit for page in pages)


@given(ENTRIES, LIMITS)
def test_page_names_are_unique(entries: list[Placed], limit: int) -> None:
    names = [
        pagination.page_name(page)
        for page in pagination.split_pages(pagination.in_order(entries), limit)
    ]

    assert len(set(names)) == len(names)


@given(ENTRIES, LIMITS)
def test_archive_pages_have_the_entries_outside_the_window(
    entries: list[Placed], limit: int
) -> None:
    entries = pagination.in_order(entries)
    archived = [entry for page in pagination.archive_pages(entries, limit) for entry in page]

    assert archived == entries[: len(archived)]
    assert len(archived) >= len(entries) - limit
    # No archive page is in the window as a whole.
    pages = pagination.archive_pages(entries, limit)
    assert not pages or len(archived) - len(pages[-1]) < len(entries) - limit


def test_a_feed_that_fits_into_the_window_has_no_archive_pages() -> None:
    assert pagination.archive_pages([at(minute) for minute in range(50)], 50) == []
    assert pagination.archive_pages([], 50) == []


def ends(entries: Sequence[Placed], limit: int) -> set[str]:
    """The keys of the last entries of the pages, without the end of the feed."""
    newest = at(1_000_000)
    return {page[-1].key for page in pagination.split_pages([*entries, newest], limit)} - {
        newest.key
    }


@given(ENTRIES, st.builds(at, st.integers(0, 40), st.just("new")), LIMITS)
def test_a_change_moves_only_the_page_cuts_up_to_the_next_one_made_by_an_id(
    entries: list[Placed], new: Placed, limit: int
) -> None:
    without, with_ = pagination.in_order(entries), pagination.in_order([*entries, new])
    stands = with_.index(new)
    rest = without[stands:]
    own = next(
        (at for at, entry in enumerate(rest) if pagination.ends_page(entry.id, limit)), len(rest)
    )
    unmoved = {entry.key for entry in without[:stands] + rest[own:]}

    assert ends(without, limit) & unmoved == ends(with_, limit) & unmoved


def changed_pages(before: Sequence[Placed], after: Sequence[Placed], limit: int) -> int:
    old = {tuple(ids(page)) for page in pagination.split_pages(before, limit)}
    return sum(tuple(ids(page)) not in old for page in pagination.split_pages(after, limit))


@pytest.mark.slow
@pytest.mark.parametrize("limit", [10, 50])
def test_one_change_rewrites_only_a_few_pages(limit: int) -> None:
    entries = [at(10 * minute) for minute in range(5000)]
    random_ = random.Random(limit)
    rewritten = []
    for _ in range(60):
        stands = random_.randrange(len(entries))
        added = [*entries[:stands], at(10 * stands - 5), *entries[stands:]]
        dropped = [*entries[:stands], *entries[stands + 1 :]]
        rewritten.append(changed_pages(entries, added, limit))
        rewritten.append(changed_pages(entries, dropped, limit))

    assert len(pagination.split_pages(entries, limit)) > 4 * 5000 / (3 * limit)
    assert sum(rewritten) / len(rewritten) < 2.5
    assert max(rewritten) <= 10


def test_a_new_newest_entry_rewrites_one_page() -> None:
    entries = [at(minute) for minute in range(300)]

    for count in range(1, 300):
        assert changed_pages(entries[:count], entries[: count + 1], 20) == 1


def test_an_edit_does_not_change_page_names() -> None:
    entries = [at(minute) for minute in range(100)]
    edited = [replace(entry, published=entry.published + timedelta(seconds=1)) for entry in entries]

    assert [pagination.page_name(page) for page in pagination.split_pages(entries, 10)] == [
        pagination.page_name(page) for page in pagination.split_pages(edited, 10)
    ]


def test_a_page_name_is_a_day_and_a_hash() -> None:
    name = pagination.page_name([at(0), at(1)])

    assert name.startswith("2026-01-01-")
    assert len(name) == len("2026-01-01-") + 12
