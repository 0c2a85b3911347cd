"""Owns the interface to object storage, and the two stores that need no service.

A store maps keys (non-empty text, ``/`` between folders, at most 1,024 bytes of UTF-8) to bytes.
Each write gives the object a new version; a write can be made conditional on the version read.
Nothing here knows what the objects mean. The contract is held by tests/test_store.py.
"""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import os
import re
import secrets
import stat
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from feeds.errors import Conflict, Denied, StoreError, TooLarge

_KEY_BYTES = 1024  # Amazon S3 User Guide, "Naming Amazon S3 objects"
_SEGMENT_BYTES = 255  # NAME_MAX of every file system in use
_TEMPORARY = ".~"  # begins the names that LocalStore keeps for itself
_STRIPES = 64


class Stat(Struct, frozen=True):
    """What a store says of an object without its bytes.

    `size` in bytes; `modified` in UTC, cut to whole seconds; `version` never empty.
    """

    key: str
    version: str
    size: int
    modified: datetime


class Object(Struct, frozen=True):
    """An object as it was read: its bytes and what the store says of them."""

    data: bytes
    stat: Stat


class Store(Protocol):
    """What this program needs of object storage.

    Safe to use from many threads. Each method is atomic for its key; nothing holds across keys.
    """

    url: str

    def get(self, key: str, limit: int | None = None) -> Object | None:
        """Read an object; None where there is none.

        Raises TooLarge where it holds more than `limit` bytes (never reading more than that plus
        one), Denied, Unavailable.
        """

    def head(self, key: str) -> Stat | None:
        """Say what an object is without reading it; None where there is none."""

    def put(
        self,
        key: str,
        data: bytes,
        *,
        version: str | None = None,
        media_type: str = "application/octet-stream",
        cache_control: str = "",
    ) -> str:
        """Write an object and return its new version.

        `version`: None writes whatever is there; ``""`` only where there is no object
        (If-None-Match); else only over that version (If-Match). Raises Conflict, Denied,
        Unavailable; StoreError for a key that this store cannot hold.

        Conflict does not prove that the write was lost: when a reply goes missing and the request
        is sent again, the second one meets the object that the first one wrote. Who must know
        reads the object again and looks for something only that writer can have written. Equal
        bytes may have equal versions (S3: a hash of them).
        """

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens where there is none."""

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Yield the objects whose keys start with `prefix`, in the order of their keys' bytes.

        Objects that come and go meanwhile may be in it or not. The order is S3's; a server that
        answers in another one is not put right (see feeds/s3.py).
        """


def open_store(url: str) -> Store:
    """Return the store at `url`: ``s3://bucket/prefix``, ``memory:`` (a new one), or a folder."""
    accepted = "expected s3://bucket/prefix, memory:, or a folder"
    if url == "memory:":
        return MemoryStore()
    bucket = re.fullmatch(r"s3://([^/?#@:\s]+)(?:/(.*))?", url)
    if bucket:
        from feeds.s3 import S3Store  # boto3 takes 0.3 s to import, and a folder needs none of it

        return S3Store(bucket[1], bucket[2] or "")
    if not url or "\0" in url or re.match(r"(s3|memory):|[A-Za-z][A-Za-z0-9+.-]*://", url):
        raise StoreError(f"{url!r} is not the address of a store: {accepted}")
    try:
        return LocalStore(Path(url).expanduser())
    except RuntimeError:
        raise StoreError(f"{url!r}: there is no such home folder: {accepted}") from None


def flaw(key: str) -> str:
    """Say why no store can hold `key`; ``""`` where one can."""
    if not key:
        return "the key is empty"
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "the key is not Unicode text (it holds a lone surrogate)"
    if size > _KEY_BYTES:
        return f"the key has {size} bytes; at most {_KEY_BYTES:,} are allowed"
    return ""


class MemoryStore:
    """Objects in memory, for tests and dry runs. A version is never given twice."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.url = "memory:"
        self._clock = clock
        self._lock = threading.Lock()
        self._versions = itertools.count(1)
        self._objects: dict[str, Object] = {}

    def get(self, key: str, limit: int | None = None) -> Object | None:
        """Read an object; see Store."""
        found = self._objects.get(key)
        if found and limit is not None and found.stat.size > limit:
            raise _too_large(self.url + key, limit)
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
        version: str | None = None,
        media_type: str = "application/octet-stream",  # noqa: ARG002
        cache_control: str = "",  # noqa: ARG002
    ) -> str:
        """Write an object; see Store."""
        if problem := flaw(key):
            raise StoreError(f"{self.url}{key!r}: {problem}")
        with self._lock:
            _must_be(version, self.head(key), self.url + key)
            modified = self._clock().replace(microsecond=0)
            new = Stat(key, str(next(self._versions)), len(data), modified)
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


class Prefixed:
    """A part of another store: the objects whose keys start with `prefix`, without it."""

    def __init__(self, store: Store, prefix: str) -> None:
        self.url = f"{store.url.rstrip('/')}/{prefix}"
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
        version: str | None = None,
        media_type: str = "application/octet-stream",
        cache_control: str = "",
    ) -> str:
        """Write an object; see Store."""
        if not key:
            raise StoreError(f"{self.url}: {flaw(key)}")
        return self._store.put(
            self._prefix + key,
            data,
            version=version,
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
        path = self._file(key)
        if path is None:
            return None
        with _translated(self._at(key)):
            try:
                # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except (FileNotFoundError, NotADirectoryError):
                return None
            try:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    return None
                if limit is not None and status.st_size > limit:
                    raise _too_large(self._at(key), limit)
                data = _read(descriptor, limit)
            finally:
                os.close(descriptor)
        if limit is not None and len(data) > limit:
            raise _too_large(self._at(key), limit)
        return Object(data, _stat_of_file(key, status))

    def head(self, key: str) -> Stat | None:
        """Say what an object is; see Store."""
        path = self._file(key)
        if path is None:
            return None
        with _translated(self._at(key)):
            try:
                status = path.lstat()
            except (FileNotFoundError, NotADirectoryError):
                return None
        return _stat_of_file(key, status) if stat.S_ISREG(status.st_mode) else None

    def put(
        self,
        key: str,
        data: bytes,
        *,
        version: str | None = None,
        media_type: str = "application/octet-stream",  # noqa: ARG002
        cache_control: str = "",  # noqa: ARG002
    ) -> str:
        """Write an object; see Store."""
        if problem := _path_flaw(key):
            raise StoreError(f"{self._at(key)!r}: {problem}")
        path = self._root / key
        if not _is_direct(path.parent):
            raise StoreError(f"{self._at(key)}: one of its folders is a symbolic link")
        with _translated(self._at(key)), self._locked(key):
            _must_be(version, self.head(key), self._at(key))
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
        if slash and (_path_flaw(folder) or not _is_direct(self._root / folder)):
            return
        yield from self._below(folder + slash, prefix)

    def _below(self, base: str, prefix: str) -> Iterator[Stat]:
        with _translated(self._at(base)):
            try:
                with os.scandir(self._root / base) as entries:
                    children = sorted((base + _name(entry), entry) for entry in entries)
            except (FileNotFoundError, NotADirectoryError):
                return
        for key, entry in children:
            if not key.startswith(prefix) or _path_flaw(key.removesuffix("/")):
                continue
            if key.endswith("/"):
                yield from self._below(key, prefix)
            elif found := self.head(key) if entry.is_symlink() else self._stat(key, entry):
                yield found

    def _stat(self, key: str, entry: os.DirEntry[str]) -> Stat | None:
        with _translated(self._at(key)):
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                return None
        return _stat_of_file(key, status) if stat.S_ISREG(status.st_mode) else None

    def _at(self, key: str) -> str:
        return f"{self.url.rstrip('/')}/{key}"

    def _file(self, key: str) -> Path | None:
        """The file to read for `key`, all links followed; None where it would be outside."""
        if _path_flaw(key):
            return None
        path = self._root / key
        if not _is_direct(path.parent):
            return None
        try:
            real = path.resolve()
        except (OSError, RuntimeError):  # links that go round
            return None
        return real if real.is_relative_to(self._root) else None

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


def _is_direct(folder: Path) -> bool:
    """Say whether no symbolic link is on the way to `folder`, as far as it exists."""
    try:
        return folder.resolve() == folder
    except (OSError, RuntimeError):  # links that go round: RuntimeError until Python 3.12
        return False


def _must_be(version: str | None, found: Stat | None, at: str) -> None:
    if version is None or version == (found.version if found else ""):
        return
    wanted = f"version {version}" if version else "no object"
    raise Conflict(f"{at}: expected {wanted}, found {found.version if found else 'none'}")


def _too_large(at: str, limit: int) -> TooLarge:
    return TooLarge(f"{at}: the object has more than {limit:,} bytes")


def _path_flaw(key: str) -> str:
    """Say why `key` cannot be a file in a folder; ``""`` where it can."""
    if problem := flaw(key):
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


def _read(descriptor: int, limit: int | None) -> bytes:
    """All bytes of a file, or one more than `limit` of them."""
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read() if limit is None else file.read(limit + 1)


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
