"""Adds entries to, and removes them from, the stored pages of an index; touches no more pages than
it must.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

import msgspec

from feeds.documents import pagination
from feeds.documents.pagination import SortKey
from feeds.model import Entry
from feeds.state.manifest import PAGES_PER_LIST, Manifest, Page, PageList, PageReader

Slot: TypeAlias = Page | PageList


def _merged(entries: Iterable[Entry], changes: dict[SortKey, Entry | None]) -> list[Entry]:
    merged: dict[SortKey, Entry | None] = {pagination.sort_key(entry): entry for entry in entries}
    merged |= changes
    return [entry for _, entry in sorted(merged.items()) if entry is not None]


class PageEdit:
    """One change being made: stored pages are looked at only where it reaches.

    `slots` are the stored pages in order, with volumes that nobody looked into standing for theirs.
    """

    def __init__(
        self, old: Manifest, limit: int, shelf: PageReader, fresh: Callable[[], str]
    ) -> None:
        self.old, self.limit, self.shelf, self.fresh = old, limit, shelf, fresh
        self.slots: list[Slot] = [*old.page_lists, *old.pages]
        self.tail: list[Entry] = list(old.entries)
        self.created: dict[str, tuple[Entry, ...]] = {}
        self.bound: dict[str, tuple[Page, ...]] = {}
        self._opened: dict[str, tuple[Page, ...]] = {}
        self._removed: list[str] = []

    def apply(self, changes: dict[SortKey, Entry | None]) -> None:
        """Put each entry at its sort key; None removes what is there."""
        todo = dict(sorted(changes.items()))
        while todo and self.slots and (first := next(iter(todo))) <= self.slots[-1].end:
            self._run(self._find(first), todo)
        self.tail = _merged(self.tail, todo)
        self._balance()

    def recut(self, changes: dict[SortKey, Entry | None]) -> None:
        """The same for a new limit: every cut moves, so everything is read and written."""
        entries = [entry for page in self._pages() for entry in self._taken(page)]
        self.slots.clear()
        self.tail = _merged([*entries, *self.tail], changes)
        self._balance()

    def _pages(self) -> Iterator[Page]:
        at = 0
        while at < len(self.slots):
            yield self._page_at(at)
            at += 1

    def _page_at(self, at: int) -> Page:
        """The page in a slot; a volume that is there is opened, and its first page returned."""
        slot = self.slots[at]
        if isinstance(slot, PageList):
            self.slots[at : at + 1] = self._open(slot)
            return self._page_at(at)
        return slot

    def _open(self, volume: PageList) -> tuple[Page, ...]:
        if volume.object not in self._opened:
            self._opened[volume.object] = self.shelf.volume(volume.object)
        return self._opened[volume.object]

    def _find(self, place: SortKey) -> int:
        """The slot of the page that an entry with this sort key is in, or would be."""
        at = bisect_left(self.slots, place, key=lambda slot: slot.end)
        if isinstance(self.slots[at], PageList):
            self._page_at(at)
            at = bisect_left(self.slots, place, key=lambda slot: slot.end)
        return at

    def _run(self, at: int, todo: dict[SortKey, Entry | None]) -> None:
        """Change the page at a slot and as many after it as it takes until the cuts agree again."""
        carried: list[Entry] = []
        while at < len(self.slots):
            page = self._page_at(at)
            here = {place: todo.pop(place) for place in list(todo) if place <= page.end}
            entries = self._entries(page)
            items = [*carried, *_merged(entries, here)]
            *closed, carried = [*pagination.split_pages(items, self.limit), []]
            if closed and not self._is_closed(closed[-1]):
                carried = list(closed.pop())
            if not carried and len(closed) == 1 and page_digest(closed[0]) == page.digest:
                return
            self._give_up(page)
            made = [self._made(part) for part in closed]
            self.slots[at : at + 1] = made
            at += len(made)
            if not carried:
                return
        self.tail = [*carried, *self.tail]

    def _is_closed(self, part: Sequence[Entry]) -> bool:
        return len(part) == self.limit or pagination.ends_page(part[-1].id, self.limit)

    def _entries(self, page: Page) -> tuple[Entry, ...]:
        return self.created.get(page.object) or self.shelf.page(page.object)

    def _taken(self, page: Page) -> tuple[Entry, ...]:
        """The entries of a page that is given up."""
        entries = self._entries(page)
        self._give_up(page)
        return entries

    def _give_up(self, page: Page) -> None:
        if self.created.pop(page.object, None) is None:
            self._removed.append(page.object)

    def _made(self, part: Sequence[Entry]) -> Page:
        page = Page(
            pagination.sort_key(part[-1]),
            self.fresh(),
            pagination.page_name(part),
            page_digest(part),
        )
        self.created[page.object] = tuple(part)
        return page

    def _balance(self) -> None:
        """Keep in the manifest the fewest newest pages that hold at least `limit` entries."""
        while len(self.tail) < self.limit and self.slots:
            last = len(self.slots) - 1
            self._page_at(last)
            page = self.slots.pop()
            assert isinstance(page, Page)
            self.tail = [*self._taken(page), *self.tail]
        rest = len(self.tail)
        for part in pagination.split_pages(self.tail, self.limit):
            if rest - len(part) < self.limit:
                break
            self.slots.append(self._made(part))
            rest -= len(part)
        self.tail = self.tail[len(self.tail) - rest :]

    def shelved(self) -> tuple[tuple[PageList, ...], tuple[Page, ...]]:
        """The volumes and the pages after them, bound anew where pages changed."""
        self._open_after_changes()
        volumes: list[PageList] = []
        run: list[Page] = []
        opened = {pages: name for name, pages in self._opened.items()}
        slots, at = self.slots, 0
        while at < len(slots):
            slot = slots[at]
            if isinstance(slot, PageList):
                if not run:
                    volumes.append(slot)
                    at += 1
                else:
                    slots[at : at + 1] = self._open(slot)
                continue
            run.append(slot)
            at += 1
            if len(run) == 2 * PAGES_PER_LIST or self._ends_volume(slot):
                pages = tuple(run)
                name = opened.get(pages)
                if name is None:
                    name = self.fresh()
                    self.bound[name] = pages
                volumes.append(PageList(slot.end, name, slot.name))
                run = []
        return tuple(volumes), tuple(run)

    def _ends_volume(self, page: Page) -> bool:
        return pagination.ends_page(page.end[1], self.limit * PAGES_PER_LIST)

    def _open_after_changes(self) -> None:
        """Open volumes whose first page got another one before it: its document links to that."""
        names = [volume.name for volume in self.old.page_lists]
        before = dict(zip((v.object for v in self.old.page_lists), ["", *names], strict=False))
        at = 1
        while at < len(self.slots):
            slot, previous = self.slots[at], self.slots[at - 1]
            if isinstance(slot, PageList) and before[slot.object] != previous.name:
                self._page_at(at)
            at += 1
        if self.slots and isinstance(slot := self.slots[0], PageList) and before[slot.object]:
            self._page_at(0)

    def old_slots(self) -> list[Slot]:
        """The stored pages as they were, seen as closely as this change looked at them."""
        found: list[Slot] = []
        for volume in self.old.page_lists:
            found += self._opened.get(volume.object, (volume,))
        return [*found, *self.old.pages]

    def gone(self, volumes: Iterable[PageList]) -> tuple[str, ...]:
        """Stored objects that a manifest with these volumes has no use for."""
        kept = {volume.object for volume in volumes}
        return (*self._removed, *(name for name in self._opened if name not in kept))


def page_digest(part: Sequence[Entry]) -> str:
    """The hash by which two pages of the same entries are recognised: 16 hexadecimal digits."""
    return hashlib.sha256(msgspec.json.encode(part)).hexdigest()[:16]
