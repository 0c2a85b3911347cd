"""Owns the interface to object storage, and the two stores that need no service.

A store maps keys (non-empty text, ``/`` between folders, at most 1,024 bytes of UTF-8) to bytes.
Each write gives the object a new version; a write or delete can be made conditional on the version
read. Nothing here knows what the objects mean. The contract is held by tests/test_store.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from msgspec import Struct


class Stat(Struct, frozen=True):
    """What a store says of an object without its bytes. `size` in bytes, `modified` aware."""

    key: str
    version: str
    size: int
    modified: datetime


class Object(Struct, frozen=True):
    """An object as it was read: its bytes and what the store says of them."""

    data: bytes
    stat: Stat


class Store(Protocol):
    """What this program needs of object storage."""

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

        `version`: None writes whatever is there; ``""`` only where there is no object (If-None-Match);
        else only over that version (If-Match). Raises Conflict, Denied, Unavailable.
        """

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens where there is none."""

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Yield the objects whose keys start with `prefix`, in the order of their keys' bytes."""
