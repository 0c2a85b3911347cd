"""A store that counts its calls and forwards them to another store."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator

from feeds.stores.base import Object, PutMode, Stat, Store


class Counted:
    """A wrapper of a store that counts the calls of each method, in `calls`."""

    def __init__(self, store: Store) -> None:
        self.store, self.url = store, store.url
        self.is_remote, self.is_shared = store.is_remote, store.is_shared
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def _count(self, method: str) -> None:
        with self._lock:
            self.calls[method] += 1

    def get(self, key: str, limit: int | None = None) -> Object | None:
        """Read an object; see Store."""
        self._count("get")
        return self.store.get(key, limit)

    def get_start(self, key: str, size: int) -> bytes | None:
        """Read the first bytes of an object; see Store."""
        self._count("get_start")
        return self.store.get_start(key, size)

    def head(self, key: str) -> Stat | None:
        """Return the stat of an object; see Store."""
        self._count("head")
        return self.store.head(key)

    def put(
        self,
        key: str,
        data: bytes,
        *,
        mode: PutMode = "overwrite",
        media_type: str = "application/octet-stream",
        cache_control: str = "",
    ) -> str:
        """Write an object; see Store."""
        self._count("put")
        return self.store.put(
            key, data, mode=mode, media_type=media_type, cache_control=cache_control
        )

    def delete(self, key: str) -> None:
        """Delete an object; see Store."""
        self._count("delete")
        self.store.delete(key)

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Yield the stats under `prefix`; see Store."""
        self._count("list")
        return self.store.list(prefix)
