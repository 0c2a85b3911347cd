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

    A version is never given twice; but where they are `hashed`, equal bytes have one, as in S3.
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
        found = self._objects.get(key)
        if found and limit is not None and found.stat.size > limit:
            raise too_large(self.url + key, limit)
        return found

    def head(self, key: str) -> Stat | None:
        """Say what an object is; see Store."""
        found = self._objects.get(key)
        return found.stat if found else None

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
            new = Stat(key, version, len(data), modified)
            self._objects[key] = Object(bytes(data), new)
        return new.version

    def delete(self, key: str) -> None:
        """Remove an object; see Store."""
        with self._lock:
            self._objects.pop(key, None)

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Yield what is under `prefix`; see Store."""
        with self._lock:
            keys = [key for key in self._objects if key.startswith(prefix)]
        # UTF-8 keeps the order of code points, so text sorts as its bytes do (RFC 3629, 1).
        for key in sorted(keys):
            if found := self.head(key):
                yield found
