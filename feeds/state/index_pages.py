"""Reads and writes the stored pages of an index, and the stored lists of pages.

A stored page never changes, and its name is never used again. So a write never replaces an object.
If a page is missing, the manifest has changed since it was read: that is a conflict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import accumulate, groupby
from operator import itemgetter
from typing import TypeVar

import msgspec
from msgspec import Struct

from feeds.documents import pagination
from feeds.errors import Conflict, DamagedState, StoreError
from feeds.model import Entry, Problem, Term
from feeds.runtime import Runtime
from feeds.state.index_stream import EncodedEntry, StoredPart
from feeds.state.keys import FEEDS, feed_of_key, page_key, path_of_manifest
from feeds.state.manifest import Manifest, Page
from feeds.state.objects import encode
from feeds.state.state_store import JSON
from feeds.stores.base import Stat, Store

T = TypeVar("T")


class IndexedPost(Struct, frozen=True):
    """An entry of an index without its content."""

    key: str
    """The key of the post."""
    terms: tuple[Term, ...] = ()
    """The terms of the post."""


# Created before any thread starts, as in state_store.py.
_ENTRIES_DECODER = msgspec.json.Decoder(tuple[Entry, ...])
_POSTS_DECODER = msgspec.json.Decoder(tuple[IndexedPost, ...])
_PAGES_DECODER = msgspec.json.Decoder(tuple[Page, ...])

CACHE_BYTES = 2_000_000
"""The most bytes of pages that stay in memory after a write."""


class IndexPages:
    """The stored pages of one feed's index (a `PageReader`).

    The pages of the last `write` stay in memory, up to `CACHE_BYTES`, until they are read once:
    the publisher reads them next.
    """

    def __init__(self, store: Store, path: str, runtime: Runtime) -> None:
        self.store, self.path, self.runtime = store, path, runtime
        self._cache: dict[str, tuple[Entry, ...]] = {}

    def page(self, name: str) -> tuple[Entry, ...]:
        """Read the entries of a page, oldest first. Raises Conflict if it was deleted."""
        return self._cache.pop(name, None) or self._decoded(name, _ENTRIES_DECODER)

    def posts(self, name: str) -> tuple[IndexedPost, ...]:
        """Read which posts have their entries in a page. Raises Conflict if it was deleted."""
        return self._decoded(name, _POSTS_DECODER)

    def page_list(self, name: str) -> tuple[Page, ...]:
        """Read the pages of a page list, oldest first. Raises Conflict if it was deleted."""
        return self._decoded(name, _PAGES_DECODER)

    def exists(self, name: str) -> bool:
        """Return whether a page or page list is stored."""
        return self.store.head(page_key(self.path, name)) is not None

    def _decoded(self, name: str, decoder: msgspec.json.Decoder[T]) -> T:
        data = self._read(name)
        try:
            return decoder.decode(data)
        except msgspec.DecodeError as error:
            raise DamagedState(f"{page_key(self.path, name)}: damaged ({error})") from None

    def _read(self, name: str) -> bytes:
        key = page_key(self.path, name)
        if (stored := self.store.get(key)) is None:
            raise Conflict(f"{key} was deleted: the manifest has changed since it was read")
        return stored.data

    def write(
        self, pages: dict[str, tuple[Entry, ...]], page_lists: dict[str, tuple[Page, ...]]
    ) -> None:
        """Write pages and page lists under new names."""

        def write_one(name: str) -> int:
            data = encode(pages[name] if name in pages else page_lists[name])
            self.store.put(page_key(self.path, name), data, media_type=JSON)
            return len(data)

        names = [*pages, *page_lists]
        total_sizes = accumulate(self.runtime.map(write_one, names))
        self._cache = {
            name: pages[name]
            for name, size in zip(names, total_sizes, strict=True)
            if name in pages and size <= CACHE_BYTES
        }

    def write_encoded(self, parts: Sequence[StoredPart]) -> None:
        """Write pages and page lists under new names, in their stored form."""
        self.runtime.map(
            lambda part: self.store.put(page_key(self.path, part.name), part.data, media_type=JSON),
            parts,
        )

    def encoded_entries(self, pages: Iterable[Page]) -> Iterator[EncodedEntry]:
        """Yield the entries of these pages. Raises Conflict if one was deleted."""
        for page in pages:
            entries: tuple[Entry, ...] = self._decoded(page.object, _ENTRIES_DECODER)
            yield from encoded(entries)

    def remove(self, names: Sequence[str]) -> None:
        """Delete pages and page lists that no manifest names. The audit deletes the rest."""

        def delete(name: str) -> None:
            with suppress(StoreError):
                self.store.delete(page_key(self.path, name))

        self.runtime.map(delete, names)


class StoredIndex(Struct, frozen=True):
    """The index of one feed as it is stored."""

    path: str
    """The feed's path; ``""`` for the feed of all posts."""
    version: str
    """The store's version of the manifest; ``""`` if it does not exist."""
    manifest: Manifest
    """The manifest; an empty one if it does not exist."""
    pages: IndexPages
    """The stored pages that the manifest names."""
    previous_token: str = ""
    """The token of the manifest that this one replaced; ``""`` if unknown."""
    shared_ids: tuple[Problem, ...] = ()
    """Warnings about the posts of the update that share their id with another post."""


def encoded(entries: Iterable[Entry]) -> Iterator[EncodedEntry]:
    """Yield entries in their stored form."""
    return (EncodedEntry(pagination.sort_key(entry), encode(entry)) for entry in entries)


def text_size(index: StoredIndex) -> int:
    """Return the size of the entries in a manifest, in characters of text (`Entry.size`)."""
    return sum(entry.size for entry in index.manifest.entries)


def feeds_with_pages(store: Store) -> Iterator[tuple[str, list[Stat]]]:
    """Yield the path of each feed that has an index, with its stored pages and page lists."""
    listing = ((feed_of_key(stat.key), stat) for stat in store.list(FEEDS))
    for path, group in groupby(listing, key=itemgetter(0)):
        stats = [stat for _, stat in group]
        pages = [stat for stat in stats if path_of_manifest(stat.key) is None]
        if len(pages) < len(stats):
            yield path, pages
