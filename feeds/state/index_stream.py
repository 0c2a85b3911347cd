"""Makes a whole index in one pass: entries in order -> pages, page lists, the newest entries.

page_edit.py changes a few pages of an index, and has the new ones in memory. This makes all of
them, one after another, for a rebuild. Both end with the same pages (pagination.py). Entries come
encoded, and are stored as they came. Only the first entry of each page is decoded. Pure.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from feeds.documents import pagination
from feeds.documents.pagination import SortKey
from feeds.model import Entry
from feeds.state.manifest import PAGES_PER_LIST, Page, PageList
from feeds.state.objects import encode

_ENTRY_DECODER = msgspec.json.Decoder(Entry)


class EncodedEntry(NamedTuple):
    """An entry in its stored form."""

    sort_key: SortKey
    """Its position."""
    data: bytes
    """The entry as JSON (`objects.encode`)."""


class StoredPart(NamedTuple):
    """A new page or page list to store."""

    name: str
    """The name of its object, which was never used."""
    data: bytes
    """Its bytes."""


class IndexStream:
    """One pass over the entries of a feed, oldest first.

    Store the parts that `parts` yields. After it has ended, `page_lists`, `pages` and `entries` are
    those of the manifest, and `all_pages` are all stored pages, oldest first. Pages and page lists
    of the old index that stay the same keep their objects: `old_pages` by their digests, and the
    names of `old_lists` by their pages.
    """

    def __init__(
        self,
        limit: int,
        new_name: Callable[[], str],
        old_pages: Mapping[str, Page],
        old_lists: Mapping[tuple[Page, ...], str],
        pages_per_list: int = PAGES_PER_LIST,
    ) -> None:
        self.limit, self.new_name = limit, new_name
        self.old_pages, self.old_lists = old_pages, old_lists
        self.pages_per_list = pages_per_list
        self.page_lists: tuple[PageList, ...] = ()
        self.pages: tuple[Page, ...] = ()
        self.entries: tuple[Entry, ...] = ()
        self.all_pages: list[Page] = []
        self.lists: dict[str, tuple[Page, ...]] = {}
        """The pages of each page list, by the name of its object."""

    def parts(self, entries: Iterable[EncodedEntry]) -> Iterator[StoredPart]:
        """Yield the pages and page lists that are not stored yet."""
        group: list[Page] = []
        page_lists: list[PageList] = []
        for encoded in self._split(entries):
            page, part = self._page(encoded)
            if part:
                yield part
            self.all_pages.append(page)
            group.append(page)
            is_full = len(group) == 2 * self.pages_per_list
            if is_full or pagination.ends_page(page.end[1], self.limit * self.pages_per_list):
                pages = tuple(group)
                name = self.old_lists.get(pages) or self.new_name()
                if pages not in self.old_lists:
                    yield StoredPart(name, encode(pages))
                self.lists[name] = pages
                page_lists.append(PageList(page.end, name, page.name))
                group = []
        self.page_lists, self.pages = tuple(page_lists), tuple(group)

    def _split(self, entries: Iterable[EncodedEntry]) -> Iterator[list[EncodedEntry]]:
        """Yield the entries of each page to store; the newest ones become `entries`.

        The manifest keeps the fewest newest pages that have at least `limit` entries.
        """
        waiting: deque[list[EncodedEntry]] = deque()
        count, is_open = 0, False
        for entry in entries:
            if not is_open:
                waiting.append([])
            waiting[-1].append(entry)
            count += 1
            is_open = not (
                len(waiting[-1]) == self.limit
                or pagination.ends_page(entry.sort_key[1], self.limit)
            )
            while count - len(waiting[0]) >= self.limit:
                page = waiting.popleft()
                count -= len(page)
                yield page
        self.entries = tuple(
            _ENTRY_DECODER.decode(entry.data) for page in waiting for entry in page
        )

    def _page(self, part: list[EncodedEntry]) -> tuple[Page, StoredPart | None]:
        """Return a page, and what must be stored for it, if anything."""
        data = b"[" + b",".join(entry.data for entry in part) + b"]"
        digest = hashlib.sha256(data).hexdigest()[:16]
        end = part[-1].sort_key
        old = self.old_pages.get(digest)
        if old is not None and old.end == end:
            return old, None
        first = _ENTRY_DECODER.decode(part[0].data)
        page = Page(end, self.new_name(), pagination.page_name([first]), digest)
        return page, StoredPart(page.object, data)

    def page_list(self, name: str) -> tuple[Page, ...]:
        """Return the pages of a page list of the new index (`PageReader.page_list`)."""
        return self.lists[name]

    def page(self, name: str) -> tuple[Entry, ...]:
        """Not needed: a page that was made is stored, and not kept (`PageReader.page`)."""
        raise LookupError(name)


def merged(
    old: Iterable[EncodedEntry], changes: Iterable[tuple[SortKey, bytes | None]]
) -> Iterator[EncodedEntry]:
    """Yield the old entries with changes applied; both are in order, and so is the result.

    None removes the entry at a position. Each position is at most once in `changes`.
    """
    waiting = iter(old)
    entry = next(waiting, None)
    for sort_key, data in changes:
        while entry is not None and entry.sort_key < sort_key:
            yield entry
            entry = next(waiting, None)
        if entry is not None and entry.sort_key == sort_key:
            entry = next(waiting, None)
        if data is not None:
            yield EncodedEntry(sort_key, data)
    while entry is not None:
        yield entry
        entry = next(waiting, None)
