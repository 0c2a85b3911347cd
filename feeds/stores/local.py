"""Owns the store in a folder: objects as files, with versions and conditional writes.

What S3 does with ETags is done here with the time, size and inode of a file, and locks.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import itertools
import os
import secrets
import stat
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from feeds.errors import Denied, StoreError
from feeds.stores.base import Object, PutMode, Stat, check_mode, key_error, too_large

_SEGMENT_BYTES = 255  # NAME_MAX of every file system in use
_TEMPORARY = ".~"  # begins the names that are the store's own
_STRIPES = 64
_AT_ONCE = 1 << 16


class LocalStore:
    """Objects as the files of a folder, and no other file in it for longer than a write takes.

    - A file is written beside its place and renamed into it: a reader sees all of it or none.
    - Writers of a key, in any thread or process that shares this machine's temporary folder, take
      turns: a lock file there stands for each of 64 parts of the keys.
    - A version is the file's time in nanoseconds, size and inode. A write sets the time to now, or
      to one more than the file had, so that two writes in one tick of the clock differ.
    - No symbolic link leads out of the folder. A link to a file inside it is an object, a link to
      a folder is nothing.
    - Names that begin with ``.~`` are this store's own; no key may have such a part.
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
        name = hashlib.sha256(os.fsencode(self._root)).hexdigest()[:20]
        self._locks = Path(tempfile.gettempdir()) / f"bucketfeed-{name}"

    def get(self, key: str, limit: int | None = None) -> Object | None:
        """Read an object; see Store."""
        with _translated(self._at(key)):
            descriptor = self._opened_to_read(self._path(key))
            if descriptor < 0:
                return None
            try:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    return None
                if limit is not None and status.st_size > limit:
                    raise too_large(self._at(key), limit)
                data = _read(descriptor, status.st_size, limit)
            finally:
                os.close(descriptor)
        if limit is not None and len(data) > limit:
            raise too_large(self._at(key), limit)
        return Object(data, _stat_of_file(key, status))

    def _opened_to_read(self, path: str) -> int:
        """A descriptor of the file, or of what it is a link to; -1 where there is none."""
        # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            return os.open(path, flags) if path else -1
        except (FileNotFoundError, NotADirectoryError):
            return -1
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
        try:
            return os.open(target, flags) if (target := self._target(path)) else -1
        except (FileNotFoundError, NotADirectoryError):
            return -1

    def head(self, key: str) -> Stat | None:
        """Say what an object is; see Store."""
        path = self._path(key)
        with _translated(self._at(key)):
            try:
                status = os.lstat(path) if path else None
                if status and stat.S_ISLNK(status.st_mode):
                    target = self._target(path)
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
        if problem := _path_flaw(key):
            raise StoreError(f"{self._at(key)!r}: {problem}")
        path = self._root / key
        if not self._is_direct(key.rpartition("/")[0]):
            raise StoreError(f"{self._at(key)}: one of its folders is a symbolic link")
        with _translated(self._at(key)), self._locked(key):
            check_mode(mode, self.head(key), self._at(key))
            try:
                after = path.lstat().st_mtime_ns
            except OSError:
                after = 0
            status = self._replaced(path, data, after)
        return _version_of_file(status)

    def delete(self, key: str) -> None:
        """Remove an object, and the folders that it leaves empty; see Store."""
        with _translated(self._at(key)):
            if self.head(key) is None:
                return
            path = self._root / key
            with self._locked(key):
                path.unlink(missing_ok=True)
            for folder in itertools.takewhile(lambda f: f != self._root, path.parents):
                try:
                    folder.rmdir()
                except OSError:
                    break  # it is not empty

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Yield what is under `prefix`, one folder in memory at a time; see Store."""
        folder, slash, _ = prefix.rpartition("/")
        if slash and (_path_flaw(folder) or not self._is_direct(folder)):
            return
        yield from self._below(folder + slash, prefix)

    def _below(self, base: str, prefix: str) -> Iterator[Stat]:
        with _translated(self._at(base)):
            try:
                with os.scandir(self._root / base) as entries:
                    children = sorted(base + _name(entry) for entry in entries)
            except (FileNotFoundError, NotADirectoryError):
                return
        for key in children:
            if not key.startswith(prefix) or _path_flaw(key.removesuffix("/")):
                continue
            if key.endswith("/"):
                yield from self._below(key, prefix)
            elif found := self._listed(key):
                yield found

    def _listed(self, key: str) -> Stat | None:
        """What `head` says, of a key whose folder is known to be one."""
        with _translated(self._at(key)):
            try:
                status = os.lstat(f"{self._root}/{key}")
            except (FileNotFoundError, NotADirectoryError):
                return None
        if stat.S_ISLNK(status.st_mode):
            return self.head(key)
        return _stat_of_file(key, status) if stat.S_ISREG(status.st_mode) else None

    def _at(self, key: str) -> str:
        return f"{self.url.rstrip('/')}/{key}"

    def _path(self, key: str) -> str:
        """Where `key` is; ``""`` where it cannot be."""
        if _path_flaw(key) or not self._is_direct(key.rpartition("/")[0]):
            return ""
        return f"{self._root}/{key}"  # a Path takes longer to make than the file to find

    def _target(self, path: str) -> str:
        """What a link leads to in the end; ``""`` where that is outside, or nothing."""
        try:
            real = Path(path).resolve()
        except (OSError, RuntimeError):  # links that go round
            return ""
        # Links that go round are no error from Python 3.13 on: one of them is left.
        return str(real) if real.is_relative_to(self._root) and not real.is_symlink() else ""

    def _is_direct(self, folder: str) -> bool:
        """Say whether no symbolic link is on the way to a folder in here, as far as it exists."""
        at = str(self._root)
        for name in folder.split("/") if folder else ():
            at += f"/{name}"
            try:
                if stat.S_ISLNK(os.lstat(at).st_mode):
                    return False
            except OSError:
                return True
        return True

    def _replaced(self, path: Path, data: bytes, after: int) -> os.stat_result:
        """Put `data` in the place of `path`, with a time later than `after` (ns)."""
        temporary, descriptor = self._opened(path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                now = max(time.time_ns(), after + 1)
                os.utime(descriptor, ns=(now, now))
                status = os.fstat(descriptor)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return status

    def _opened(self, folder: Path) -> tuple[Path, int]:
        """A new temporary file in `folder`, which is made where it is missing."""
        for _ in range(1000):
            temporary = folder / f"{_TEMPORARY}{secrets.token_hex(8)}"
            try:
                folder.mkdir(parents=True, exist_ok=True)
                # Not tempfile: its files are for the owner alone, and a web server reads these.
                return temporary, os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            except (FileNotFoundError, FileExistsError) as error:
                problem = error  # a delete beside this took the folder away: once more
        raise problem

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        """Hold the lock of `key`: alone among threads and processes."""
        path = self._locks / f"{zlib.crc32(key.encode()) % _STRIPES:02}"
        while True:
            with suppress(FileExistsError):
                self._locks.mkdir(mode=0o700)
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            except FileNotFoundError:
                continue
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Whoever cleans the temporary folder may have removed the file while this one waited:
            # then the next writer makes another, and this lock keeps nobody out.
            if os.fstat(descriptor).st_nlink:
                break
            os.close(descriptor)
        try:
            yield
        finally:
            # Closing is not enough: a process forked meanwhile holds the descriptor too.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)


def _path_flaw(key: str) -> str:
    """Say why `key` cannot be a file in a folder; ``""`` where it can."""
    if problem := key_error(key):
        return problem
    if "\0" in key:
        return "the key holds a NUL, which no file name can"
    for segment in key.split("/"):
        if segment in ("", ".", ".."):
            return f"the key has the part {segment!r}, which is no file name"
        if len(segment.encode()) > _SEGMENT_BYTES:
            return f"the key has a part of more than {_SEGMENT_BYTES} bytes"
        if segment.startswith(_TEMPORARY):
            return f"the key has a part that begins with {_TEMPORARY}: that is a temporary file"
    return ""


def _name(entry: os.DirEntry[str]) -> str:
    """The name with a folder's slash, so that it sorts as keys do: ``a-b``, ``a/``, ``a0``."""
    return entry.name + "/" if entry.is_dir(follow_symlinks=False) else entry.name


def _version_of_file(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"


def _stat_of_file(key: str, status: os.stat_result) -> Stat:
    modified = datetime.fromtimestamp(status.st_mtime_ns // 1_000_000_000, UTC)
    return Stat(key, _version_of_file(status), status.st_size, modified)


def _read(descriptor: int, size: int, limit: int | None) -> bytes:
    """All bytes of a file that has about `size`, or one more than `limit` of them."""
    data = b""
    while limit is None or len(data) <= limit:
        asked = max(size + 1 - len(data), _AT_ONCE)
        asked = asked if limit is None else min(asked, limit + 1 - len(data))
        more = os.read(descriptor, asked)
        data += more
        if not more or (len(more) < asked and len(data) >= size):
            break
    return data


@contextmanager
def _translated(at: str) -> Iterator[None]:
    """Say with the package's errors what the file system says with its own."""
    try:
        yield
    except PermissionError as error:
        raise Denied(f"{at}: {error.strerror}: {error.filename}") from error
    except (FileExistsError, NotADirectoryError) as error:
        raise StoreError(f"{at}: one of its folders is a file: {error.filename}") from error
    except IsADirectoryError as error:
        raise StoreError(f"{at}: there is a folder of that name") from error
    except OSError as error:
        raise StoreError(f"{at}: {error.strerror or error}") from error
