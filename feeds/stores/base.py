"""The interface to object storage: the `Store` protocol, and code that its implementations share.

A store maps keys (non-empty text, ``/`` between folders, at most 1,024 bytes of UTF-8) to bytes.
Each write gives the object a new version; a write can be conditional on the version that was read.
tests/stores/test_stores.py is the contract.
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
    """The metadata of an object."""

    key: str
    """The key, relative to the store."""
    version: str
    """Identifies the bytes that were written; never empty."""
    size: int
    """In bytes."""
    modified: datetime
    """When the object was written, in UTC and whole seconds."""


class Object(Struct, frozen=True):
    """An object as it was read."""

    data: bytes
    """All bytes of the object."""
    stat: Stat
    """The metadata of these bytes."""


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
    """The operations on object storage that this program needs.

    A store can be used from many threads. Each method is atomic for its key; there is no atomic
    operation on several keys.
    """

    url: str
    """The address of the store (feeds/stores/addresses.py)."""
    is_remote: bool
    """Whether each call waits for a network, so that concurrent calls are faster."""
    is_shared: bool
    """Whether another process finds the same objects at `url`."""

    def get(self, key: str, limit: int | None = None) -> Object | None:
        """Read an object; return None if it does not exist.

        Raises TooLarge if the object has more than `limit` bytes (the store never reads more than
        one byte over it), Denied, Unavailable.
        """

    def get_start(self, key: str, size: int) -> bytes | None:
        """Read the first `size` bytes of an object; return None if it does not exist.

        For a look at large objects: it is no more expensive than `head`. Raises Denied,
        Unavailable.
        """

    def head(self, key: str) -> Stat | None:
        """Return the stat of an object without its bytes; None if it does not exist."""

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
        """Delete an object, if it exists."""

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Yield the stats of objects whose keys start with `prefix`, in the order of their bytes.

        Objects that are created or deleted meanwhile may be listed or not. If an S3 server lists in
        another order, the store does not sort it (feeds/stores/s3/boto3_store.py).
        """


def key_error(key: str) -> str:
    """Say why `key` is not a valid key in any store; ``""`` if it is valid."""
    if not key:
        return "the key is empty"
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "the key is not Unicode text (it holds a lone surrogate)"
    if size > _KEY_BYTES:
        return f"the key has {size:,} bytes; at most {_KEY_BYTES:,} are allowed"
    return ""


def md5_version(data: bytes) -> str:
    """The version that S3 gives to these bytes: their MD5, for most kinds of objects."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def check_mode(mode: PutMode, stat: Stat | None, address: str) -> None:
    """Raise AlreadyExists or VersionMismatch if a write in this mode is refused (`Store.put`).

    `stat` is the object that exists, if any; `address` is for the message.
    """
    if isinstance(mode, Update):
        if stat is None:
            raise VersionMismatch(f"{address}: expected version {mode.version}, found no object")
        if stat.version != mode.version:
            raise VersionMismatch(
                f"{address}: expected version {mode.version}, found version {stat.version}"
            )
    elif mode == "create" and stat:
        raise AlreadyExists(f"{address}: the object exists already, at version {stat.version}")


def too_large(address: str, limit: int) -> TooLarge:
    """The error for an object that is larger than the limit of a read (`Store.get`)."""
    return TooLarge(f"{address}: the object has more than {limit:,} bytes")
