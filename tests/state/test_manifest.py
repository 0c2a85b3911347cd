"""The stored index of a feed: the same entries give the same pages, after any history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from feeds.documents import pagination
from feeds.documents.pagination import SortKey
from feeds.model import Entry
from feeds.state import manifest_update, page_edit
from feeds.state.manifest import (
    PAGES_PER_LIST,
    Manifest,
    Page,
    PendingDocument,
    all_pages,
    pending_in_order,
)

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def entry(number: int, minute: int | None = None, title: str = "t") -> Entry:
    at = DAY + timedelta(minutes=number if minute is None else minute)
    return Entry(f"{number}.md", f"tag:x,2026:{number}", "https://a.example/", title, at, at)


class StoredPages:
    """The stored pages and page lists of a feed (a `PageReader`); it counts reads and writes."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[Entry, ...]] = {}
        self.page_lists: dict[str, tuple[Page, ...]] = {}
        self.names = count()
        self.reads = self.writes = 0

    def page(self, name: str) -> tuple[Entry, ...]:
        self.reads += 1
        return self.pages[name]

    def page_list(self, name: str) -> tuple[Page, ...]:
        self.reads += 1
        return self.page_lists[name]

    def change(
        self, old: Manifest, removals=(), additions=(), limit: int = 4, archives=True
    ) -> Manifest:
        """Change the index, store the new pages, and delete the obsolete ones."""
        self.reads = 0
        update = manifest_update.apply_changes(
            old,
            removals,
            additions,
            limit=limit,
            archives=archives,
            reader=self,
            new_name=lambda: f"o{next(self.names)}",
            now=1,
        )
        self.pages |= update.pages
        self.page_lists |= update.page_lists
        self.writes = len(update.pages) + len(update.page_lists)
        for name in update.manifest.obsolete_parts:
            self.pages.pop(name, None)
            self.page_lists.pop(name, None)
        return replace(update.manifest, obsolete_parts=())

    def all_pages(self, manifest: Manifest) -> list[Page]:
        """Return every stored page, oldest first."""
        return list(all_pages(manifest, self))

    def page_ids(self, manifest: Manifest) -> list[list[str]]:
        """Return the ids of the entries of each page, stored or in the manifest, oldest first."""
        pages = [self.pages[page.object] for page in self.all_pages(manifest)]
        pages += pagination.split_pages(manifest.entries, manifest.limit)
        return [[entry.id for entry in page] for page in pages]

    def all_entries(self, manifest: Manifest) -> list[Entry]:
        """Return every entry, oldest first."""
        in_pages = [e for page in self.all_pages(manifest) for e in self.pages[page.object]]
        return [*in_pages, *manifest.entries]


def assert_index_equals(
    stored: StoredPages, manifest: Manifest, entries: list[Entry], limit: int
) -> None:
    """Check that an index is the sorted entries, split as pagination.py splits them."""
    entries = pagination.in_order(entries)
    assert stored.all_entries(manifest) == entries
    assert stored.page_ids(manifest) == [
        [entry.id for entry in page] for page in pagination.split_pages(entries, limit)
    ]
    archived = [pagination.page_name(page) for page in pagination.archive_pages(entries, limit)]
    assert manifest.newest_archive == (archived[-1] if archived else "")
    parts = pagination.split_pages(manifest.entries, limit)
    if len(entries) >= limit:
        assert len(manifest.entries) >= limit > len(manifest.entries) - len(parts[0])
    objects = {page.object for page in stored.all_pages(manifest)}
    assert set(stored.pages) == objects, "a page was left that the manifest does not name"
    assert set(stored.page_lists) == {page_list.object for page_list in manifest.page_lists}
    assert not set(manifest.tombstones) & set(archived)


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
def test_any_order_of_additions_and_removals_gives_the_same_pages(steps, limit, batch):
    stored, manifest, entries = StoredPages(), Manifest(), {}
    for start in range(0, len(steps), batch):
        removals, additions = set(), {}
        for number, action in steps[start : start + batch]:
            if number in entries:
                removals.add(pagination.sort_key(entries[number]))
                additions.pop(number, None)
            if action == "drop":
                entries.pop(number, None)
                continue
            minute = number * 7 % 41 if action == "move" else number
            entries[number] = additions[number] = entry(number, minute, action)
        manifest = stored.change(manifest, removals, additions.values(), limit)
        assert_index_equals(stored, manifest, list(entries.values()), limit)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "limit"), [(1, 2), (2, 3), (3, 4), (4, 2), (5, 1)])
def test_page_lists_of_many_pages_depend_only_on_the_entries(seed, limit):
    random = Random(seed)
    entries = [entry(number) for number in range(1500)]
    stored, manifest = StoredPages(), Manifest()
    shuffled = random.sample(entries, len(entries))
    for start in range(0, len(shuffled), 150):
        manifest = stored.change(manifest, (), shuffled[start : start + 150], limit)
    assert_index_equals(stored, manifest, entries, limit)
    assert page_list_ends(manifest) == page_list_ends(at_once(entries, limit))
    removed = random.sample(entries, 700)
    manifest = stored.change(manifest, map(pagination.sort_key, removed), (), limit)
    removed_ids = {entry.id for entry in removed}
    remaining = [entry for entry in entries if entry.id not in removed_ids]
    assert_index_equals(stored, manifest, remaining, limit)
    assert page_list_ends(manifest) == page_list_ends(at_once(remaining, limit))


def at_once(entries: list[Entry], limit: int) -> Manifest:
    """Return the manifest of an index that got all its entries in one change."""
    return StoredPages().change(Manifest(), (), entries, limit)


def page_list_ends(manifest: Manifest) -> list[SortKey]:
    return [page_list.end for page_list in manifest.page_lists]


@pytest.mark.slow
@pytest.mark.parametrize("pages_per_list", [1, 2, PAGES_PER_LIST])
def test_pending_archive_documents_are_those_that_a_change_makes_different(
    pages_per_list, monkeypatch
):
    """Publishing only the pending documents keeps every archive document up to date."""
    monkeypatch.setattr(page_edit, "PAGES_PER_LIST", pages_per_list)
    for seed in range(40):
        random = Random(seed)
        stored, manifest, entries, published = StoredPages(), Manifest(), {}, {}
        for _ in range(60):
            number = random.randrange(60)
            removals = [pagination.sort_key(entries.pop(number))] if number in entries else []
            additions = []
            if random.random() < 0.7:
                entries[number] = entry(number, title=str(random.randrange(3)))
                additions.append(entries[number])
            manifest = stored.change(manifest, removals, additions)
            for name in manifest.tombstones:
                published.pop(name, None)
            for name, pending in manifest.pending.items():
                page = stored.pages[pending.object] if pending.object else manifest.first_page
                published[name] = (pending.older, list(page))
            manifest = replace(manifest, pending={}, tombstones={})
            pages = pagination.archive_pages(pagination.in_order(entries.values()), 4)
            names = [pagination.page_name(page) for page in pages]
            assert published == {
                name: (older, list(page))
                for name, older, page in zip(names, ["", *names], pages, strict=False)
            }


@pytest.mark.slow
@pytest.mark.parametrize("size", [300, 30_000])
def test_one_change_rewrites_a_bounded_number_of_pages(size):
    stored = StoredPages()
    entries = [entry(number) for number in range(size)]
    manifest = stored.change(Manifest(), (), entries, 50)
    manifest = replace(manifest, pending={})
    stored.change(manifest, (), [entry(size)], 50)
    assert stored.reads == 0
    assert stored.writes <= 2
    writes, pending = [], []
    for number in range(0, size, size // 60):
        after = stored.change(manifest, [pagination.sort_key(entries[number])], (), 50)
        writes.append(stored.writes)
        pending.append(len(after.pending))
        manifest = stored.change(after, (), [entries[number]], 50)
        manifest = replace(manifest, pending={}, tombstones={})
    assert max(writes) <= 12
    assert sum(writes) / len(writes) < 5
    assert max(pending) <= 12


def test_replacing_an_entry_by_an_equal_one_rewrites_no_page():
    stored = StoredPages()
    entries = [entry(number) for number in range(300)]
    manifest = replace(stored.change(Manifest(), (), entries, 10), pending={})
    after = stored.change(manifest, [pagination.sort_key(entries[5])], [entries[5]], 10)
    assert stored.writes == 0
    assert after.pending == {} == after.tombstones
    assert after.pages == manifest.pages


@pytest.mark.parametrize("count", range(20, 32))
def test_edit_of_the_newest_entry_leaves_the_archive_page_in_the_manifest_alone(count):
    stored = StoredPages()
    entries = [entry(number) for number in range(count)]
    manifest = replace(stored.change(Manifest(), (), entries), pending={})
    newest = entries[-1]
    after = stored.change(manifest, [pagination.sort_key(newest)], [replace(newest, title="e")])
    assert manifest.newest_archive
    assert after.entries[-1].title == "e"
    assert after.pending == {} == after.tombstones


def test_new_limit_splits_all_pages_anew_and_retires_the_old_archive_names():
    stored = StoredPages()
    entries = [entry(number) for number in range(200)]
    manifest = stored.change(Manifest(), (), entries, 4)
    after = stored.change(manifest, (), (), 9)
    assert_index_equals(stored, after, entries, 9)
    archived = {pagination.page_name(page) for page in pagination.archive_pages(entries, 9)}
    assert set(after.pending) == archived
    before = {pagination.page_name(page) for page in pagination.archive_pages(entries, 4)}
    assert set(after.tombstones) == before - archived


def test_pending_archive_page_remembers_the_tombstone_of_its_name():
    stored = StoredPages()
    entries = [entry(number) for number in range(60)]
    manifest = replace(stored.change(Manifest(), (), entries), pending={})
    page = stored.all_pages(manifest)[3]
    first = stored.pages[page.object][0]
    retired = stored.change(manifest, [pagination.sort_key(first)], ())
    assert retired.tombstones == {page.name: 1}
    reused = stored.change(retired, (), [first])
    assert page.name not in reused.tombstones
    assert reused.pending[page.name].retired_at == 1


def test_pending_archive_pages_are_written_after_the_older_pages_that_they_link_to():
    pending = {
        "c": PendingDocument("o3", "b"),
        "a": PendingDocument("o1", ""),
        "b": PendingDocument("o2", "a"),
        "z": PendingDocument("o9", "settled"),
    }
    assert list(pending_in_order(pending)) == ["a", "b", "c", "z"]
