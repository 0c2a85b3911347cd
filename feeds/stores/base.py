"""The interface to object storage: the `Store` protocol, and what its implementations share.

A store maps keys (non-empty text, ``/`` between folders, at most 1,024 bytes of UTF-8) to bytes.
Each write gives the object a new version; a write can be made conditional on the version read.
Nothing here knows what the objects mean. tests/stores/test_stores.py is the contract.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from feeds.errors import AlreadyExists, TooLarge, VersionMismatch

_KEY_BYTES = 1024  # Amazon S3 User Guide, "Naming Amazon S3 objects"


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


class Update(Struct, frozen=True):
    """The mode of a write that replaces one version of an object, and nothing else."""

    version: str
    """The version to replace, as a read returned it (`Stat.version`)."""


PutMode = Literal["create", "overwrite"] | Update
"""What a write expects to find: no object, anything, or the version in an `Update`."""


def if_unchanged(version: str) -> PutMode:
    """The mode of a compare-and-swap: `Update`, or ``"create"`` if `version` is ``""``.

    ``""`` stands for the version of an object that does not exist.
    """
    return Update(version) if version else "create"


class Store(Protocol):
    """What this program needs of object storage.

    Safe to use from many threads. Each method is atomic for its key; nothing holds across keys.
    """

    url: str
    is_remote: bool
    """Whether each call waits for a network, so that many at once are faster than one by one."""
    is_shared: bool
    """Whether another process finds the same objects at `url`."""

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
        mode: PutMode = "overwrite",
        media_type: str = "application/octet-stream",
        cache_control: str = "",
    ) -> str:
        """Write an object and return its new version.

        `mode` says what may be there before:

        - ``"overwrite"``: anything.
        - ``"create"``: nothing (If-None-Match). Raises AlreadyExists if there is an object.
        - ``Update(version)``: the object at this version (If-Match). Raises VersionMismatch if it
          has another version or does not exist.

        Raises Denied, Unavailable; StoreError for a key that this store cannot hold; Conflict,
        the base class of the first two errors, if another conditional write of the key is in
        progress (S3).

        A Conflict does not prove that the write was lost: if a reply is lost and the client sends
        the request again, the second request meets the object that the first one wrote. To find
        out, read the object back and look for something that only this writer can have written,
        such as a token. Equal bytes may have equal versions (S3: a hash of them).
        """

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens where there is none."""

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Yield the objects whose keys start with `prefix`, in the order of their keys' bytes.

        Objects that come and go meanwhile may be in it or not. The order is S3's; a server that
        answers in another one is not put right (see feeds/stores/s3.py).
        """


def key_error(key: str) -> str:
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


def md5_version(data: bytes) -> str:
    """The version that S3 gives to these bytes: their MD5, for most objects (not all kinds)."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def check_mode(mode: PutMode, stat: Stat | None, at: str) -> None:
    """Raise AlreadyExists or VersionMismatch if a write in this mode is refused (`Store.put`).

    `stat` is the object that exists, if any; `at` is its address for the message.
    """
    if isinstance(mode, Update):
        if stat is None:
            raise VersionMismatch(f"{at}: expected version {mode.version}, found no object")
        if stat.version != mode.version:
            raise VersionMismatch(
                f"{at}: expected version {mode.version}, found version {stat.version}"
            )
    elif mode == "create" and stat:
        raise AlreadyExists(f"{at}: the object exists already, at version {stat.version}")


def too_large(at: str, limit: int) -> TooLarge:
    """The error of an object that is over the limit of a read (`Store.get`)."""
    return TooLarge(f"{at}: the object has more than {limit:,} bytes")
