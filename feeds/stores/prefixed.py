"""A store of the objects under a prefix of another store, with keys relative to the prefix."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from feeds.errors import StoreError
from feeds.stores.base import Object, PutMode, Stat, Store, key_error


class Prefixed:
    """The objects of another store whose keys start with `prefix`, without the prefix."""

    def __init__(self, store: Store, prefix: str) -> None:
        self.url = f"{store.url.rstrip('/')}/{prefix}"
        self.is_remote, self.is_shared = store.is_remote, store.is_shared
        self._store = store
        self._prefix = prefix

    def get(self, key: str, limit: int | None = None) -> Object | None:
        """Read an object; see Store."""
        object_ = self._store.get(self._prefix + key, limit) if key else None
        return Object(object_.data, replace(object_.stat, key=key)) if object_ else None

    def get_start(self, key: str, size: int) -> bytes | None:
        """Read the first bytes of an object; see Store."""
        return self._store.get_start(self._prefix + key, size) if key else None

    def head(self, key: str) -> Stat | None:
        """Return the stat of an object; see Store."""
        stat = self._store.head(self._prefix + key) if key else None
        return replace(stat, key=key) if stat else None

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
        """Delete an object; see Store."""
        if key:
            self._store.delete(self._prefix + key)

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Yield the stats under `prefix`; see Store."""
        for stat in self._store.list(self._prefix + prefix):
            if key := stat.key[len(self._prefix) :]:
                yield replace(stat, key=key)
