"""The stored index: a set, not a log. Any history ends in the same pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.documents import pagination
from feeds.model import Entry
from feeds.state import manifest_update
from feeds.state.manifest import Manifest, Page

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def entry(number: int, minute: int | None = None, title: str = "t") -> Entry:
    at = DAY + timedelta(minutes=number if minute is None else minute)
    return Entry(f"{number}.md", f"tag:x,2026:{number}", "https://a.example/", title, at, at)


class Shelf:
    """Stored pages and volumes, counting what is read and written."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[Entry, ...]] = {}
        self.volumes: dict[str, tuple[Page, ...]] = {}
        self.names = count()
        self.reads = self.writes = 0

    def page(self, name: str) -> tuple[Entry, ...]:
        self.reads += 1
        return self.pages[name]

    def page_list(self, name: str) -> tuple[Page, ...]:
        self.reads += 1
        return self.volumes[name]

    def change(self, old: Manifest, drops=(), adds=(), limit: int = 4, archives=True) -> Manifest:
        self.reads = 0
        change = manifest_update.apply_changes(
            old,
            drops,
            adds,
            limit=limit,
            archives=archives,
            reader=self,
            new_name=lambda: f"o{next(self.names)}",
            now=1,
        )
        self.pages |= change.pages
        self.volumes |= change.page_lists
        self.writes = len(change.pages) + len(change.page_lists)
        for name in change.manifest.obsolete_parts:
            self.pages.pop(name, None)
            self.volumes.pop(name, None)
        return msgspec.structs.replace(change.manifest, obsolete_parts=())

    def all_pages(self, one: Manifest) -> list[Page]:
        bound = [page for volume in one.page_lists for page in self.volumes[volume.object]]
        return [*bound, *one.pages]

    def cuts(self, one: Manifest) -> list[list[str]]:
        stored = [[e.id for e in self.pages[page.object]] for page in self.all_pages(one)]
        return [
            *stored,
            *([e.id for e in part] for part in pagination.split_pages(one.entries, one.limit)),
        ]

    def whole(self, one: Manifest) -> list[Entry]:
        stored = [e for page in self.all_pages(one) for e in self.pages[page.object]]
        return [*stored, *one.entries]


def assert_is_the_set(shelf: Shelf, one: Manifest, entries: list[Entry], limit: int) -> None:
    """The manifest is what the sorted set is, cut by pagination.py, whatever came before."""
    entries = pagination.in_order(entries)
    assert shelf.whole(one) == entries
    assert shelf.cuts(one) == [
        [e.id for e in part] for part in pagination.split_pages(entries, limit)
    ]
    archived = [pagination.page_name(page) for page in pagination.archive_pages(entries, limit)]
    assert one.newest_archive == (archived[-1] if archived else "")
    parts = pagination.split_pages(one.entries, limit)
    if len(entries) >= limit:
        assert len(one.entries) >= limit > len(one.entries) - len(parts[0])
    assert set(shelf.pages) == {page.object for page in shelf.all_pages(one)}, (
        "no page is left over"
    )
    assert set(shelf.volumes) == {volume.object for volume in one.page_lists}
    assert not set(one.tombstones) & set(archived)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from(["add", "add", "drop", "move", "edit"])),
        max_size=60,
    ),
    st.integers(1, 7),
    st.integers(1, 5),
)
def test_any_order_of_adds_and_drops_gives_the_pages_of_the_sorted_set(steps, limit, batch):
    shelf, one, there = Shelf(), Manifest(), {}
    for start in range(0, len(steps), batch):
        drops, adds = set(), {}
        for number, what in steps[start : start + batch]:
            if number in there:
                drops.add(pagination.sort_key(there[number]))
                adds.pop(number, None)
            if what == "drop":
                there.pop(number, None)
                continue
            minute = number * 7 % 41 if what == "move" else number
            there[number] = adds[number] = entry(number, minute, what)
        one = shelf.change(one, drops, adds.values(), limit)
        assert_is_the_set(shelf, one, list(there.values()), limit)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "limit"), [(1, 2), (2, 3), (3, 4), (4, 2), (5, 1)])
def test_the_volumes_of_many_pages_are_those_of_the_set_too(seed, limit):
    random = Random(seed)
    entries = [entry(number) for number in range(1500)]
    shelf, one = Shelf(), Manifest()
    shuffled = random.sample(entries, len(entries))
    for start in range(0, len(shuffled), 150):
        one = shelf.change(one, (), shuffled[start : start + 150], limit)
    other_shelf = Shelf()
    other = other_shelf.change(Manifest(), (), entries, limit)
    assert_is_the_set(shelf, one, entries, limit)
    assert [v.end for v in one.page_lists] == [v.end for v in other.page_lists]
    gone = random.sample(entries, 700)
    one = shelf.change(one, [pagination.sort_key(e) for e in gone], (), limit)
    dropped = {e.id for e in gone}
    left = [e for e in entries if e.id not in dropped]
    assert_is_the_set(shelf, one, left, limit)
    again = Shelf().change(Manifest(), (), left, limit)
    assert [v.end for v in one.page_lists] == [v.end for v in again.page_lists]


@pytest.mark.slow
def test_archive_documents_due_after_a_change_are_exactly_those_that_differ():
    """Whoever publishes only what is due ends with every archive document as it should be."""
    for seed in range(40):
        random_ = Random(seed)
        shelf, one, there, published = Shelf(), Manifest(), {}, {}
        for _ in range(60):
            number = random_.randrange(60)
            drops = [pagination.sort_key(there.pop(number))] if number in there else []
            adds = []
            if random_.random() < 0.7:
                there[number] = entry(number, title=str(random_.randrange(3)))
                adds.append(there[number])
            one = shelf.change(one, drops, adds)
            for name in one.tombstones:
                published.pop(name, None)
            for name, due in one.pending.items():
                entries = shelf.pages[due.object] if due.object else one.first_page
                published[name] = (due.older, list(entries))
            one = msgspec.structs.replace(one, pending={}, tombstones={})
            pages = pagination.archive_pages(pagination.in_order(there.values()), 4)
            names = [pagination.page_name(page) for page in pages]
            expected = dict(zip(names, zip(["", *names], pages, strict=False), strict=True))
            assert published == {name: (old, list(page)) for name, (old, page) in expected.items()}


@pytest.mark.slow
@pytest.mark.parametrize("size", [300, 30_000])
def test_one_change_rewrites_a_bounded_number_of_pages(size):
    shelf = Shelf()
    entries = [entry(number) for number in range(size)]
    one = shelf.change(Manifest(), (), entries, 50)
    one = msgspec.structs.replace(one, pending={})
    shelf.change(one, (), [entry(size)], 50)
    assert shelf.reads == 0
    assert shelf.writes <= 2
    writes, dues = [], []
    for number in range(0, size, size // 60):
        after = shelf.change(one, [pagination.sort_key(entries[number])], (), 50)
        writes.append(shelf.writes)
        dues.append(len(after.pending))
        one = shelf.change(after, (), [entries[number]], 50)
        one = msgspec.structs.replace(one, pending={}, tombstones={})
    assert max(writes) <= 12
    assert sum(writes) / len(writes) < 5
    assert max(dues) <= 12


def test_an_entry_that_is_written_again_as_it_was_rewrites_no_page():
    shelf = Shelf()
    entries = [entry(number) for number in range(300)]
    one = msgspec.structs.replace(shelf.change(Manifest(), (), entries, 10), pending={})
    after = shelf.change(one, [pagination.sort_key(entries[5])], [entries[5]], 10)
    assert shelf.writes == 0
    assert after.pending == {} == after.tombstones
    assert after.pages == one.pages


def test_another_limit_cuts_everything_anew_and_gives_up_the_old_names():
    shelf = Shelf()
    entries = [entry(number) for number in range(200)]
    one = shelf.change(Manifest(), (), entries, 4)
    after = shelf.change(one, (), (), 9)
    assert_is_the_set(shelf, after, entries, 9)
    archived = {pagination.page_name(page) for page in pagination.archive_pages(entries, 9)}
    assert set(after.pending) == archived
    before = {pagination.page_name(page) for page in pagination.archive_pages(entries, 4)}
    assert set(after.tombstones) == before - archived


def test_a_name_that_is_taken_up_again_remembers_that_it_was_given_up():
    shelf = Shelf()
    entries = [entry(number) for number in range(60)]
    one = msgspec.structs.replace(shelf.change(Manifest(), (), entries), pending={})
    first = shelf.pages[shelf.all_pages(one)[3].object][0]
    name = shelf.all_pages(one)[3].name
    gone = shelf.change(one, [pagination.sort_key(first)], ())
    assert gone.tombstones == {name: 1}
    back = shelf.change(gone, (), [first])
    assert name not in back.tombstones
    assert back.pending[name].retired_at == 1
