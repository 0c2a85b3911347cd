"""Owns finding a store by its address: the one place that knows which stores there are."""

from __future__ import annotations

import re
from pathlib import Path

from feeds.errors import StoreError
from feeds.local import LocalStore
from feeds.store import MemoryStore, Store


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
