"""Owns the stored parts of a feed's index: pages of entries, and volumes of pages.

A part never changes and its name is never used again, so writing one overtakes nobody, and who
finds one gone knows that the index has moved on.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import accumulate

import msgspec

from feeds import state
from feeds.errors import Conflict, StoreError
from feeds.manifest import Page
from feeds.model import Entry
from feeds.store import Store
from feeds.versioned import JSON
from feeds.world import World

# Known before there are threads, as in versioned.py.
_PAGES = msgspec.json.Decoder(tuple[Entry, ...])
_VOLUMES = msgspec.json.Decoder(tuple[Page, ...])


_AT_HAND = 2_000_000


class Parts:
    """The parts of one feed's index (manifest.Shelf).

    Pages that were kept through it last are at hand, once and up to `_AT_HAND` bytes: they are read
    next to be published.
    """

    def __init__(self, store: Store, path: str, world: World) -> None:
        self.store, self.path, self.each = store, path, world.each
        self._kept: dict[str, tuple[Entry, ...]] = {}

    def page(self, name: str) -> tuple[Entry, ...]:
        """The entries of a page, oldest first; raises Conflict where it is gone."""
        return self._kept.pop(name, None) or _PAGES.decode(self._read(name))

    def volume(self, name: str) -> tuple[Page, ...]:
        """The pages of a volume, oldest first; raises Conflict where it is gone."""
        return _VOLUMES.decode(self._read(name))

    def _read(self, name: str) -> bytes:
        key = state.part_key(self.path, name)
        if (found := self.store.get(key)) is None:
            raise Conflict(f"{key} is gone: the index has moved on")
        return found.data

    def keep(
        self, pages: dict[str, tuple[Entry, ...]], volumes: dict[str, tuple[Page, ...]]
    ) -> None:
        """Write parts under new names."""

        def write(name: str) -> int:
            part = state.encode(pages[name] if name in pages else volumes[name])
            self.store.put(state.part_key(self.path, name), part, media_type=JSON)
            return len(part)

        names = [*pages, *volumes]
        sizes = accumulate(self.each(write, names))
        whole = zip(names, sizes, strict=True)
        self._kept = {n: pages[n] for n, size in whole if n in pages and size <= _AT_HAND}

    def remove(self, names: Sequence[str]) -> None:
        """Delete parts that nothing names any more; the audit sweeps what could not be."""

        def delete(name: str) -> None:
            with suppress(StoreError):
                self.store.delete(state.part_key(self.path, name))

        self.each(delete, names)
