"""A part of a store as a store: the objects below a prefix, with keys relative to it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from feeds.errors import StoreError
from feeds.stores.base import Object, PutMode, Stat, Store, key_error


class Prefixed:
    """A part of another store: the objects whose keys start with `prefix`, without it."""

    def __init__(self, store: Store, prefix: str) -> None:
        self.url = f"{store.url.rstrip('/')}/{prefix}"
        self.is_remote, self.is_shared = store.is_remote, store.is_shared
        self._store = store
        self._prefix = prefix

    def get(self, key: str, limit: int | None = None) -> Object | None:
        """Read an object; see Store."""
        found = self._store.get(self._prefix + key, limit) if key else None
        return Object(found.data, replace(found.stat, key=key)) if found else None

    def head(self, key: str) -> Stat | None:
        """Say what an object is; see Store."""
        found = self._store.head(self._prefix + key) if key else None
        return replace(found, key=key) if found else None

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
        if not key:
            raise StoreError(f"{self.url}: {key_error(key)}")
        return self._store.put(
            self._prefix + key,
            data,
            mode=mode,
            media_type=media_type,
            cache_control=cache_control,
        )

    def delete(self, key: str) -> None:
        """Remove an object; see Store."""
        if key:
            self._store.delete(self._prefix + key)

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Yield what is under `prefix`; see Store."""
        for found in self._store.list(self._prefix + prefix):
            if key := found.key[len(self._prefix) :]:
                yield replace(found, key=key)
