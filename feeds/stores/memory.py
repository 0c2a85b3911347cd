"""A store in memory, for tests and dry runs."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from feeds.errors import StoreError
from feeds.stores.base import Object, PutMode, Stat, check_mode, key_error, md5_version, too_large


class MemoryStore:
    """Objects in memory, for tests and dry runs.

    Each write gives a new version. With `hashed`, equal bytes have equal versions, as in S3.
    """

    def __init__(
        self, clock: Callable[[], datetime] = lambda: datetime.now(UTC), *, hashed: bool = False
    ) -> None:
        self.url = "memory:"
        self.is_remote = self.is_shared = False
        self._hashed = hashed
        self._clock = clock
        self._lock = threading.Lock()
        self._versions = itertools.count(1)
        self._objects: dict[str, Object] = {}

    def get(self, key: str, limit: int | None = None) -> Object | None:
        """Read an object; see Store."""
        object_ = self._objects.get(key)
        if object_ and limit is not None and object_.stat.size > limit:
            raise too_large(self.url + key, limit)
        return object_

    def get_start(self, key: str, size: int) -> bytes | None:
        """Read the first bytes of an object; see Store."""
        object_ = self._objects.get(key)
        return object_.data[:size] if object_ else None

    def head(self, key: str) -> Stat | None:
        """Return the stat of an object; see Store."""
        object_ = self._objects.get(key)
        return object_.stat if object_ else None

    def put(
        self,
        key: str,
        data: bytes,
        *,
        mode: PutMode = "overwrite",
        media_type: str = "application/octet-stream",  # noqa: ARG002
        cache_control: str = "",  # noqa: ARG002
    ) -> str:
        """Write an object; see Store."""
        if problem := key_error(key):
            raise StoreError(f"{self.url}{key!r}: {problem}")
        with self._lock:
            check_mode(mode, self.head(key), self.url + key)
            modified = self._clock().replace(microsecond=0)
            version = md5_version(data) if self._hashed else str(next(self._versions))
            stat = Stat(key, version, len(data), modified)
            self._objects[key] = Object(bytes(data), stat)
        return version

    def delete(self, key: str) -> None:
        """Delete an object; see Store."""
        with self._lock:
            self._objects.pop(key, None)

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Yield the stats under `prefix`; see Store."""
        with self._lock:
            keys = [key for key in self._objects if key.startswith(prefix)]
        # UTF-8 keeps the order of code points, so text sorts as its bytes do (RFC 3629, 1).
        for key in sorted(keys):
            if stat := self.head(key):
                yield stat
