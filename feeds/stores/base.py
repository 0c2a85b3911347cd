"""The interface to object storage: the `Store` protocol, and what its implementations share.

A store maps keys (non-empty text, ``/`` between folders, at most 1,024 bytes of UTF-8) to bytes.
Each write gives the object a new version; a write can be made conditional on the version read.
Nothing here knows what the objects mean. tests/stores/test_stores.py is the contract.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from feeds.errors import Conflict, TooLarge

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


def check_version(version: str | None, found: Stat | None, at: str) -> None:
    """Raise Conflict where a write over `version` meets another one (`Store.put`)."""
    if version is None or version == (found.version if found else ""):
        return
    wanted = f"version {version}" if version else "no object"
    raise Conflict(f"{at}: expected {wanted}, found {found.version if found else 'none'}")


def too_large(at: str, limit: int) -> TooLarge:
    """The error of an object that is over the limit of a read (`Store.get`)."""
    return TooLarge(f"{at}: the object has more than {limit:,} bytes")
