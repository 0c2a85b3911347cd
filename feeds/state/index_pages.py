"""Reads and writes the stored parts of an index: pages of entries, and lists of pages.

A part never changes and its name is never used again. So a write replaces nothing, and a reader
that finds a part deleted knows that the manifest has changed since.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import accumulate

import msgspec
from msgspec import Struct

from feeds.errors import Conflict, StoreError
from feeds.model import Entry
from feeds.runtime import Runtime
from feeds.state.keys import page_key
from feeds.state.manifest import Manifest, Page
from feeds.state.objects import encode
from feeds.state.state_store import JSON
from feeds.stores.base import Store

# Made before there are threads, as in state_store.py.
_PAGES = msgspec.json.Decoder(tuple[Entry, ...])
_VOLUMES = msgspec.json.Decoder(tuple[Page, ...])


CACHE_BYTES = 2_000_000


class IndexPages:
    """The parts of one feed's index (`PageReader`).

    The pages that it wrote last stay in memory, up to `CACHE_BYTES`, until they are read once: they
    are read next to be published.
    """

    def __init__(self, store: Store, path: str, world: Runtime) -> None:
        self.store, self.path, self.each = store, path, world.each
        self._kept: dict[str, tuple[Entry, ...]] = {}

    def page(self, name: str) -> tuple[Entry, ...]:
        """The entries of a page, oldest first; raises Conflict where it is gone."""
        return self._kept.pop(name, None) or _PAGES.decode(self._read(name))

    def volume(self, name: str) -> tuple[Page, ...]:
        """The pages of a volume, oldest first; raises Conflict where it is gone."""
        return _VOLUMES.decode(self._read(name))

    def _read(self, name: str) -> bytes:
        key = page_key(self.path, name)
        if (found := self.store.get(key)) is None:
            raise Conflict(f"{key} was deleted: the manifest has changed since it was read")
        return found.data

    def keep(
        self, pages: dict[str, tuple[Entry, ...]], volumes: dict[str, tuple[Page, ...]]
    ) -> None:
        """Write parts under new names."""

        def write(name: str) -> int:
            part = encode(pages[name] if name in pages else volumes[name])
            self.store.put(page_key(self.path, name), part, media_type=JSON)
            return len(part)

        names = [*pages, *volumes]
        sizes = accumulate(self.each(write, names))
        whole = zip(names, sizes, strict=True)
        self._kept = {n: pages[n] for n, size in whole if n in pages and size <= CACHE_BYTES}

    def remove(self, names: Sequence[str]) -> None:
        """Delete parts that nothing names any more; the audit sweeps what could not be."""

        def delete(name: str) -> None:
            with suppress(StoreError):
                self.store.delete(page_key(self.path, name))

        self.each(delete, names)


class StoredIndex(Struct, frozen=True):
    """An index as it stands in the store: whose, its version, what it says, where its parts are.

    `before` is the token of the one that it was written over, where that is known.
    """

    path: str
    version: str
    index: Manifest
    parts: IndexPages
    before: str = ""
