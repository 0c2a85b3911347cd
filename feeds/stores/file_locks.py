"""Locks for the keys of a folder, held by one thread or process of this machine at a time."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LOCK_FILES = 64  # keys share them, by a hash


class KeyLocks:
    """The locks of one folder: files in this machine's temporary folder, while they are held.

    Threads and processes that see the same temporary folder exclude each other.
    """

    def __init__(self, folder: Path) -> None:
        name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:20]
        self._lock_files = Path(tempfile.gettempdir()) / f"bucketfeed-{name}"

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Wait for the lock of `key` and hold it inside the context."""
        path = self._lock_files / f"{zlib.crc32(key.encode()) % _LOCK_FILES:02}"
        while True:
            with suppress(FileExistsError):
                self._lock_files.mkdir(mode=0o700)
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            except FileNotFoundError:
                continue
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # The writer before, or a cleaner of the temporary folder, has deleted the file while
            # this writer waited. The next writer then creates another file, and this lock excludes
            # nobody: try again.
            if os.fstat(descriptor).st_nlink:
                break
            os.close(descriptor)
        try:
            yield
        finally:
            if os.fstat(descriptor).st_nlink:  # else the file at `path` is another writer's
                path.unlink(missing_ok=True)
            # Closing is not enough: a process forked meanwhile holds the descriptor too.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)
            with suppress(OSError):  # another lock of the folder is held
                self._lock_files.rmdir()
