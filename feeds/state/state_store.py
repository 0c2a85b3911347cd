"""Reads and writes state objects with compare-and-swap: a write replaces only the version read.

It keeps rules 1 to 3 of feeds/publishing/publisher.py for every level. On a conflict it waits a
little and starts again (retry with back-off). It does not know what the objects mean.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from feeds.errors import Conflict, StoreError
from feeds.runtime import Runtime
from feeds.state.manifest import Manifest
from feeds.state.objects import FeedList, Record, encode
from feeds.stores.base import Store, if_unchanged

MAX_ATTEMPTS = 20
"""How often a step is started again before its message has to come again."""

JSON = "application/json"

S = TypeVar("S", Record, Manifest, FeedList)

# Known before there are threads: msgspec 0.22 crashes the process where two of them decode a type
# for the first time (tests/state/test_threads.py).
_DECODERS: dict[type, msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind) for kind in (Record, Manifest, FeedList)
}


class StateStore:
    """The state objects in a store.

    `conflicts` has the key of an object for each time that somebody else was quicker with it.
    """

    def __init__(self, store: Store, world: Runtime) -> None:
        self.store, self.world = store, world
        self.conflicts: list[str] = []

    def read(self, key: str, kind: type[S]) -> tuple[str, S]:
        """The version and the value of a state object; ``""`` and an empty one where it is not."""
        found = self.store.get(key)
        if found is None:
            return "", kind()
        try:
            return found.stat.version, _DECODERS[kind].decode(found.data)
        except msgspec.DecodeError as error:
            raise StoreError(
                f"{key}: damaged, or written by another version of bucketfeed ({error}); delete "
                "everything under state/ and run feeds rebuild"
            ) from None

    def version(self, key: str) -> str:
        """The version of any object; ``""`` where there is none."""
        stat = self.store.head(key)
        return stat.version if stat else ""

    def write(self, key: str, new: S, version: str) -> str:
        """Write a state object, token and all, over a version; returns its new one."""
        return self.store.put(key, encode(new), mode=if_unchanged(version), media_type=JSON)

    def swap(self, key: str, kind: type[S], change: Callable[[S], S]) -> tuple[str, S]:
        """Replace a state object by `change` of it, and say its new version and value.

        `change` reads the sources: it is called after the object was read, and again whenever
        somebody else was quicker. Raises Conflict when that goes on.
        """
        for attempt in range(MAX_ATTEMPTS):
            version, old = self.read(key, kind)
            new = None
            try:
                new = replace(change(old), token=self.world.token())
                return self.write(key, new, version), new
            except Conflict:
                # A write whose reply was lost, and which was tried again, fails over itself.
                version, now = self.read(key, kind)
                if new is not None and now.token == new.token:
                    return version, now
                self.lost(key, attempt)
        raise Conflict(f"{key}: gave up after {MAX_ATTEMPTS} conflicting writes")

    def lost(self, key: str, attempt: int) -> None:
        """Note that somebody else was quicker with an object, and let them pass."""
        self.conflicts.append(key)
        self.world.pause(attempt)
