"""Locks for the keys of a folder, held by one thread or process of this machine at a time."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import weakref
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LOCK_FILES = 64  # keys share them, by a hash


class KeyLocks:
    """The locks of one folder: files in this machine's temporary folder.

    Threads and processes that see the same temporary folder exclude each other. At its end, a
    process deletes the files that it has used. (To delete them after each use would make a write
    take twice as long.)
    """

    def __init__(self, folder: Path) -> None:
        name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:20]
        self._lock_files = Path(tempfile.gettempdir()) / f"bucketfeed-{name}"
        self._used: set[Path] = set()
        weakref.finalize(self, _remove_unused, self._lock_files, self._used)

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Wait for the lock of `key` and hold it inside the context."""
        path = self._lock_files / f"{zlib.crc32(key.encode()) % _LOCK_FILES:02}"
        self._used.add(path)
        while True:
            with suppress(FileExistsError):
                self._lock_files.mkdir(mode=0o700)
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            except FileNotFoundError:
                continue
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Another process, or a cleaner of the temporary folder, may have deleted the file while
            # this writer waited. The next writer then creates another file, and this lock excludes
            # nobody: try again.
            if os.fstat(descriptor).st_nlink:
                break
            os.close(descriptor)
        try:
            yield
        finally:
            # Closing is not enough: a process forked meanwhile holds the descriptor too.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)


def _remove_unused(folder: Path, files: Collection[Path]) -> None:
    """Delete the lock files that nobody holds, and the folder if it is empty then."""
    for path in files:
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(descriptor).st_nlink:  # else the file at `path` is another one
                    path.unlink()
            finally:
                os.close(descriptor)
    with suppress(OSError):
        folder.rmdir()
