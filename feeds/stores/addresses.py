"""Store addresses: ``s3://bucket/prefix``, ``memory:`` or a folder -> the store at that address.

A new store is a module with a class that implements `feeds.stores.base.Store`, and a row in
`OPENERS`. No other module lists the stores.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from feeds.errors import StoreError
from feeds.stores.base import Store

# Each store is imported when an address names it: a folder does not need the clients of S3.


def _open_memory(url: str) -> Store | None:
    from feeds.stores.memory import MemoryStore

    return MemoryStore() if url == "memory:" else None


def _open_s3(url: str) -> Store | None:
    bucket = re.fullmatch(r"s3://([^/?#@:\s]+)(?:/(.*))?", url)
    if not bucket:
        return None
    from feeds.stores.s3.choice import open_bucket

    return open_bucket(bucket[1], bucket[2] or "")


OPENERS: dict[str, tuple[str, Callable[[str], Store | None]]] = {
    "s3": ("s3://bucket/prefix", _open_s3),
    "memory": ("memory:", _open_memory),
}
"""The stores by the scheme of their addresses: an example of an address for messages, and a
function that opens the store at an address, or returns None if the address is malformed.
An address without a scheme is a folder."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://|([a-z0-9]+):")


def open_store(url: str) -> Store:
    """Return the store at the address `url`; for ``memory:``, a new store without objects.

    Raises StoreError if `url` is not the address of a store.
    """
    examples = ", ".join(example for example, _ in OPENERS.values())
    accepted = f"expected {examples}, or a folder"
    scheme = _scheme(url)
    store = OPENERS[scheme][1](url) if scheme in OPENERS else None
    if store is not None:
        return store
    if not url or "\0" in url or scheme:
        raise StoreError(f"{url!r} is not the address of a store: {accepted}")
    from feeds.stores.local import LocalStore

    try:
        return LocalStore(Path(url).expanduser())
    except RuntimeError:
        raise StoreError(f"{url!r}: the home folder does not exist: {accepted}") from None


def folder_of(url: str) -> Path | None:
    """The absolute path of the folder at the address `url`; None for all other stores."""
    if not url or _scheme(url):
        return None
    try:
        return Path(url).expanduser().absolute()
    except RuntimeError:  # ~ names a user who has no home folder
        return Path(url).absolute()


def _scheme(url: str) -> str:
    """The scheme of an address, such as ``s3``; ``""`` for a folder.

    ``word:`` without slashes is a scheme only for a known store: ``c:posts`` is a folder.
    """
    match = _SCHEME.match(url)
    if not match:
        return ""
    scheme = match[1] or match[2]
    return scheme.lower() if match[1] or scheme in OPENERS else ""
