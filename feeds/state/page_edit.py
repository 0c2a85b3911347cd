"""Computes the pages of an index after a change: the old pages, changed entries -> new pages.

It reads and replaces as few stored pages as possible.
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


class PageEdit:
    """One change of an index. It reads only the stored pages that the change reaches.

    Call `apply` or `split_all`, then `grouped`. After that, `slots` are the stored pages in order,
    with a page list that was not opened in place of its pages; `tail` are the entries in the
    manifest itself; `new_pages` and `new_page_lists` are the objects to store.
    """

    def __init__(
        self, old: Manifest, limit: int, reader: PageReader, new_name: Callable[[], str]
    ) -> None:
        self.old, self.limit, self.reader, self.new_name = old, limit, reader, new_name
        self.slots: list[Slot] = [*old.page_lists, *old.pages]
        self.tail: list[Entry] = list(old.entries)
        self.new_pages: dict[str, tuple[Entry, ...]] = {}
        self.new_page_lists: dict[str, tuple[Page, ...]] = {}
        self._opened: dict[str, tuple[Page, ...]] = {}
        self._replaced: list[str] = []

    def apply(self, changes: dict[SortKey, Entry | None]) -> None:
        """Put each entry at its sort key; None removes the entry there."""
        todo = dict(sorted(changes.items()))
        while todo and self.slots and (first := next(iter(todo))) <= self.slots[-1].end:
            self._edit_pages(self._slot_of(first), todo)
        self.tail = _merged(self.tail, todo)
        self._balance_tail()

    def split_all(self, changes: dict[SortKey, Entry | None]) -> None:
        """Put each entry at its sort key and split all pages anew, for a new limit."""
        entries = [entry for page in self._all_pages() for entry in self._replace_page(page)]
        self.slots.clear()
        self.tail = _merged([*entries, *self.tail], changes)
        self._balance_tail()

    def _all_pages(self) -> Iterator[Page]:
        at = 0
        while at < len(self.slots):
            yield self._page_at(at)
            at += 1

    def _page_at(self, at: int) -> Page:
        """Return the page in a slot. If it is a page list, open it and return its first page."""
        slot = self.slots[at]
        if isinstance(slot, PageList):
            self.slots[at : at + 1] = self._open(slot)
            return self._page_at(at)
        return slot

    def _open(self, page_list: PageList) -> tuple[Page, ...]:
        if page_list.object not in self._opened:
            self._opened[page_list.object] = self.reader.page_list(page_list.object)
        return self._opened[page_list.object]

    def _slot_of(self, sort_key: SortKey) -> int:
        """Return the slot of the page that an entry with this sort key is in, or would be in."""
        at = bisect_left(self.slots, sort_key, key=lambda slot: slot.end)
        if isinstance(self.slots[at], PageList):
            self._page_at(at)
            at = bisect_left(self.slots, sort_key, key=lambda slot: slot.end)
        return at

    def _edit_pages(self, at: int, todo: dict[SortKey, Entry | None]) -> None:
        """Change the page in a slot, and the pages after it until a page ends where it did before.

        Removes the changes of these pages from `todo`.
        """
        carried: list[Entry] = []  # entries after the last page end; the next page starts with them
        while at < len(self.slots):
            page = self._page_at(at)
            changes = {key: todo.pop(key) for key in list(todo) if key <= page.end}
            entries = [*carried, *_merged(self._entries(page), changes)]
            *closed, carried = [*pagination.split_pages(entries, self.limit), []]
            if closed and not self._is_closed(closed[-1]):
                carried = list(closed.pop())
            if not carried and len(closed) == 1 and page_digest(closed[0]) == page.digest:
                return
            self._mark_replaced(page)
            pages = [self._new_page(part) for part in closed]
            self.slots[at : at + 1] = pages
            at += len(pages)
            if not carried:
                return
        self.tail = [*carried, *self.tail]

    def _is_closed(self, part: Sequence[Entry]) -> bool:
        """Return whether a page ends here, so that no later entry can be in it."""
        return len(part) == self.limit or pagination.ends_page(part[-1].id, self.limit)

    def _entries(self, page: Page) -> tuple[Entry, ...]:
        return self.new_pages.get(page.object) or self.reader.page(page.object)

    def _replace_page(self, page: Page) -> tuple[Entry, ...]:
        """Mark a page as replaced, and return its entries."""
        entries = self._entries(page)
        self._mark_replaced(page)
        return entries

    def _mark_replaced(self, page: Page) -> None:
        """Note that the new index does not have this page. A page that is not stored is dropped."""
        if self.new_pages.pop(page.object, None) is None:
            self._replaced.append(page.object)

    def _new_page(self, part: Sequence[Entry]) -> Page:
        """Add a page with these entries to the objects to store, and return it."""
        page = Page(
            pagination.sort_key(part[-1]),
            self.new_name(),
            pagination.page_name(part),
            page_digest(part),
        )
        self.new_pages[page.object] = tuple(part)
        return page

    def _balance_tail(self) -> None:
        """Keep in the manifest the fewest newest pages that hold at least `limit` entries."""
        while len(self.tail) < self.limit and self.slots:
            last = len(self.slots) - 1
            self._page_at(last)
            page = self.slots.pop()
            assert isinstance(page, Page)
            self.tail = [*self._replace_page(page), *self.tail]
        rest = len(self.tail)
        for part in pagination.split_pages(self.tail, self.limit):
            if rest - len(part) < self.limit:
                break
            self.slots.append(self._new_page(part))
            rest -= len(part)
        self.tail = self.tail[len(self.tail) - rest :]

    def grouped(self) -> tuple[tuple[PageList, ...], tuple[Page, ...]]:
        """Group the oldest pages into lists; return the page lists, and the pages after them.

        Lists whose pages did not change stay; the others are new.
        """
        self._open_lists_with_new_predecessor()
        page_lists: list[PageList] = []
        group: list[Page] = []
        names = {pages: name for name, pages in self._opened.items()}
        slots, at = self.slots, 0
        while at < len(slots):
            slot = slots[at]
            if isinstance(slot, PageList):
                if group:
                    slots[at : at + 1] = self._open(slot)
                else:
                    page_lists.append(slot)
                    at += 1
                continue
            group.append(slot)
            at += 1
            if len(group) == 2 * PAGES_PER_LIST or self._ends_list(slot):
                pages = tuple(group)
                if pages not in names:
                    names[pages] = self.new_name()
                    self.new_page_lists[names[pages]] = pages
                page_lists.append(PageList(slot.end, names[pages], slot.name))
                group = []
        return tuple(page_lists), tuple(group)

    def _ends_list(self, page: Page) -> bool:
        return pagination.ends_page(page.end[1], self.limit * PAGES_PER_LIST)

    def _open_lists_with_new_predecessor(self) -> None:
        """Open page lists whose first page has a new predecessor.

        The archive document of that page links to the predecessor, and must be written again.
        """
        last_names = [page_list.name for page_list in self.old.page_lists]
        objects = [page_list.object for page_list in self.old.page_lists]
        predecessors = dict(zip(objects, ["", *last_names], strict=False))
        at = 1
        while at < len(self.slots):
            slot, previous = self.slots[at], self.slots[at - 1]
            if isinstance(slot, PageList) and predecessors[slot.object] != previous.name:
                self._page_at(at)
            at += 1
        if self.slots and isinstance(slot := self.slots[0], PageList) and predecessors[slot.object]:
            self._page_at(0)

    def old_slots(self) -> list[Slot]:
        """Return the old stored pages, with unopened page lists in place of their pages."""
        slots: list[Slot] = []
        for page_list in self.old.page_lists:
            slots += self._opened.get(page_list.object, (page_list,))
        return [*slots, *self.old.pages]

    def obsolete_objects(self, page_lists: Iterable[PageList]) -> tuple[str, ...]:
        """Return the stored objects that a manifest with these page lists does not need."""
        needed = {page_list.object for page_list in page_lists}
        return (*self._replaced, *(name for name in self._opened if name not in needed))


def _merged(entries: Iterable[Entry], changes: dict[SortKey, Entry | None]) -> list[Entry]:
    """Return the entries with the changes applied, oldest first."""
    merged: dict[SortKey, Entry | None] = {pagination.sort_key(entry): entry for entry in entries}
    merged |= changes
    return [entry for _, entry in sorted(merged.items()) if entry is not None]


def page_digest(part: Sequence[Entry]) -> str:
    """Return a hash of the entries of a page: 16 hexadecimal digits."""
    return hashlib.sha256(msgspec.json.encode(part)).hexdigest()[:16]
