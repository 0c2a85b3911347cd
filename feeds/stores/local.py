"""A store in a folder: objects are files, with versions, locks and conditional writes.

The time, size and inode of a file are its version, as the ETag is in S3. Locks make the check of a
version and the write one step.
"""

from __future__ import annotations

import errno
import itertools
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from feeds.errors import Denied, StoreError
from feeds.stores.base import Object, PutMode, Stat, check_mode, too_large
from feeds.stores.file_locks import KeyLocks
from feeds.stores.file_names import delete_if_left, is_temporary, path_error, temporary_name

_CHUNK_BYTES = 1 << 16


class LocalStore:
    """The files of a folder as objects; other files are in it only while a write runs.

    - A write creates a temporary file and renames it: a reader sees all of an object or nothing.
    - Writers of a key exclude each other, in all threads and processes of this machine
      (feeds/stores/file_locks.py).
    - A version is the file's time in nanoseconds, size and inode. A write sets the time to now, or
      to one more than the file had, so that two writes in one tick of the clock differ.
    - The store follows no symbolic link out of the folder. A link to a file in the folder is an
      object; a link to a folder is ignored.
    - Names that start with ``.~`` are temporary files; no part of a key may start so. A listing
      deletes those that a killed process has left.
    """

    def __init__(self, folder: str | Path) -> None:
        self.url = str(folder)
        self.is_remote, self.is_shared = False, True
        try:
            self._root = Path(folder).resolve()
        except (OSError, RuntimeError) as error:
            raise StoreError(f"{folder}: {error}") from None
        if self._root.exists() and not self._root.is_dir():
            raise StoreError(f"{folder}: expected a folder, found a file")
        self._locks = KeyLocks(self._root)

    def get(self, key: str, limit: int | None = None) -> Object | None:
        """Read an object; see Store."""
        with _translate_errors(self._address(key)):
            descriptor = self._open_for_reading(self._path(key))
            if descriptor < 0:
                return None
            try:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    return None
                if limit is not None and status.st_size > limit:
                    raise too_large(self._address(key), limit)
                data = _read(descriptor, status.st_size, limit)
            finally:
                os.close(descriptor)
        if limit is not None and len(data) > limit:
            raise too_large(self._address(key), limit)
        return Object(data, _stat_of_file(key, status))

    def get_start(self, key: str, size: int) -> bytes | None:
        """Read the first bytes of an object; see Store."""
        with _translate_errors(self._address(key)):
            descriptor = self._open_for_reading(self._path(key))
            if descriptor < 0:
                return None
            try:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    return None
                return _read(descriptor, size, size)[:size]
            finally:
                os.close(descriptor)

    def _open_for_reading(self, path: str) -> int:
        """Open a file, or the target of a link, and return its descriptor; -1 if there is none."""
        # O_NONBLOCK: opening a pipe without a writer would wait for ever.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            return os.open(path, flags) if path else -1
        except (FileNotFoundError, NotADirectoryError):
            return -1
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
        try:
            return os.open(target, flags) if (target := self._link_target(path)) else -1
        except (FileNotFoundError, NotADirectoryError):
            return -1

    def head(self, key: str) -> Stat | None:
        """Return the stat of an object; see Store."""
        path = self._path(key)
        with _translate_errors(self._address(key)):
            try:
                status = os.lstat(path) if path else None
                if status and stat.S_ISLNK(status.st_mode):
                    target = self._link_target(path)
                    status = os.lstat(target) if target else None
            except (FileNotFoundError, NotADirectoryError):
                return None
        return _stat_of_file(key, status) if status and stat.S_ISREG(status.st_mode) else None

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
        if problem := path_error(key):
            raise StoreError(f"{self._address(key)!r}: {problem}")
        path = self._root / key
        if not self._has_no_link(key.rpartition("/")[0]):
            raise StoreError(f"{self._address(key)}: one of its folders is a symbolic link")
        with _translate_errors(self._address(key), writes=True), self._locks.hold(key):
            check_mode(mode, self.head(key), self._address(key))
            try:
                old_time = path.lstat().st_mtime_ns
            except OSError:
                old_time = 0
            status = self._replace_file(path, data, old_time)
        return _version_of_file(status)

    def delete(self, key: str) -> None:
        """Delete an object, and the folders that are empty after it; see Store."""
        with _translate_errors(self._address(key), writes=True):
            if self.head(key) is None:
                return
            path = self._root / key
            with self._locks.hold(key):
                path.unlink(missing_ok=True)
            for folder in itertools.takewhile(lambda parent: parent != self._root, path.parents):
                try:
                    folder.rmdir()
                except OSError:
                    break  # it is not empty

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Yield the stats under `prefix`, with one folder in memory at a time; see Store."""
        folder, slash, _ = prefix.rpartition("/")
        if slash and (path_error(folder) or not self._has_no_link(folder)):
            return
        yield from self._walk(folder + slash, prefix)

    def _walk(self, base: str, prefix: str) -> Iterator[Stat]:
        with _translate_errors(self._address(base)):
            try:
                with os.scandir(self._root / base) as entries:
                    children = sorted(base + _sortable_name(entry) for entry in entries)
            except (FileNotFoundError, NotADirectoryError):
                return
        for key in children:
            if is_temporary(key[len(base) :]):
                delete_if_left(f"{self._root}/{key}")
            if not key.startswith(prefix) or path_error(key.removesuffix("/")):
                continue
            if key.endswith("/"):
                yield from self._walk(key, prefix)
            elif file_stat := self._stat_in_walk(key):
                yield file_stat

    def _stat_in_walk(self, key: str) -> Stat | None:
        """The same as `head`, for a key whose folder is known to be no symbolic link."""
        with _translate_errors(self._address(key)):
            try:
                status = os.lstat(f"{self._root}/{key}")
            except (FileNotFoundError, NotADirectoryError):
                return None
        if stat.S_ISLNK(status.st_mode):
            return self.head(key)
        return _stat_of_file(key, status) if stat.S_ISREG(status.st_mode) else None

    def _address(self, key: str) -> str:
        return f"{self.url.rstrip('/')}/{key}"

    def _path(self, key: str) -> str:
        """The path of the file of `key`; ``""`` if there cannot be one."""
        if path_error(key) or not self._has_no_link(key.rpartition("/")[0]):
            return ""
        return f"{self._root}/{key}"  # creating a Path takes longer than finding the file

    def _link_target(self, path: str) -> str:
        """The file at the end of a chain of links; ``""`` if it is outside of the folder."""
        try:
            real = Path(path).resolve()
        except (OSError, RuntimeError):  # a cycle of links
            return ""
        # From Python 3.13 on, a cycle of links is not an error: the result is one of them.
        return str(real) if real.is_relative_to(self._root) and not real.is_symlink() else ""

    def _has_no_link(self, folder: str) -> bool:
        """Return whether no part of the path to `folder` that exists is a symbolic link."""
        path = str(self._root)
        for name in folder.split("/") if folder else ():
            path += f"/{name}"
            try:
                if stat.S_ISLNK(os.lstat(path).st_mode):
                    return False
            except OSError:
                return True
        return True

    def _replace_file(self, path: Path, data: bytes, old_time: int) -> os.stat_result:
        """Write `data` to the file at `path`, with a time later than `old_time` (ns)."""
        temporary, descriptor = self._create_temporary(path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                now = max(time.time_ns(), old_time + 1)
                os.utime(descriptor, ns=(now, now))
                status = os.fstat(descriptor)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return status

    def _create_temporary(self, folder: Path) -> tuple[Path, int]:
        """Create a temporary file in `folder`, and the folder if it is missing."""
        for _ in range(1000):
            temporary = folder / temporary_name()
            try:
                folder.mkdir(parents=True, exist_ok=True)
                # Not tempfile: only the owner may read its files, but a web server reads these.
                return temporary, os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            except (FileNotFoundError, FileExistsError) as error:
                last_error = error  # a concurrent delete removed the folder: try again
        raise last_error


def _sortable_name(entry: os.DirEntry[str]) -> str:
    """The name, with a slash if it is a folder, so that it sorts as keys do: `a-b`, `a/`, `a0`."""
    return entry.name + "/" if entry.is_dir(follow_symlinks=False) else entry.name


def _version_of_file(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"


def _stat_of_file(key: str, status: os.stat_result) -> Stat:
    modified = datetime.fromtimestamp(status.st_mtime_ns // 1_000_000_000, UTC)
    return Stat(key, _version_of_file(status), status.st_size, modified)


def _read(descriptor: int, size: int, limit: int | None) -> bytes:
    """Read all bytes of a file of about `size` bytes, but at most `limit` + 1."""
    data = b""
    while limit is None or len(data) <= limit:
        count = max(size + 1 - len(data), _CHUNK_BYTES)
        count = count if limit is None else min(count, limit + 1 - len(data))
        chunk = os.read(descriptor, count)
        data += chunk
        if not chunk or (len(chunk) < count and len(data) >= size):
            break
    return data


@contextmanager
def _translate_errors(address: str, *, writes: bool = False) -> Iterator[None]:
    """Translate errors of the file system into those of stores."""
    try:
        yield
    except PermissionError as error:
        cannot_write = f"cannot write to {address.rpartition('/')[0]} (permission denied)"
        raise Denied(cannot_write if writes else f"no permission to read {address}") from error
    except (FileExistsError, NotADirectoryError) as error:
        raise StoreError(f"{address}: one of its folders is a file: {error.filename}") from error
    except IsADirectoryError as error:
        raise StoreError(f"{address}: there is a folder of that name") from error
    except OSError as error:
        raise StoreError(f"{address}: {error.strerror or error}") from error
