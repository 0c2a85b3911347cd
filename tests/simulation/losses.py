"""What can be lost of a bucket: the kinds of objects, and the ways to lose one."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from simulation.simulated_store import Bucket, Crash

from feeds import paths
from feeds.errors import Conflict
from feeds.maintenance.journal import JOURNAL
from feeds.publishing.due_markers import DUE_MARKERS
from feeds.state.keys import ATTACHMENTS, FEED_LIST, FEEDS, PROGRESS, RECORDS
from feeds.stores.base import Object, PutMode, Stat

KINDS = {
    RECORDS: "record",
    ATTACHMENTS: "note of an attachment",
    FEED_LIST: "list of all feeds",
    DUE_MARKERS: "due marker",
    JOURNAL: "entry of the journal",
    PROGRESS: "progress of the audit",
}
"""The kinds of state objects by the start of their keys; those of indexes are in `kind_of`."""

INDEX_KINDS = ("manifest", "page", "list of pages")
DOCUMENT_KINDS = ("document", "archive document")
ALL_KINDS = (*KINDS.values(), *INDEX_KINDS, *DOCUMENT_KINDS)

WAYS = ("removed", "damaged", "turned back", "brought back")
"""Damaged: other bytes. Turned back: replaced by an earlier version. Brought back: it was deleted,
and an earlier version of it is there again."""


class PlainStore:
    """A bucket as the audit sees it, while no worker is running."""

    url = "sim:"
    is_remote = is_shared = False

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.calls_left: int | None = None
        """After so many calls the process is killed; None: never."""

    def _count(self) -> None:
        if self.calls_left is not None:
            if not self.calls_left:
                raise Crash
            self.calls_left -= 1

    def get(self, key: str, limit: int | None = None) -> Object | None:
        self._count()
        return self.bucket.objects.get(key)

    def get_start(self, key: str, size: int) -> bytes | None:
        there = self.get(key)
        return there.data[:size] if there else None

    def head(self, key: str) -> Stat | None:
        there = self.get(key)
        return there.stat if there else None

    def put(
        self,
        key: str,
        data: bytes,
        *,
        mode: PutMode = "overwrite",
        media_type: str = "",
        cache_control: str = "",
    ) -> str:
        self._count()
        if not self.bucket.matches(key, mode):
            raise Conflict(f"{key}: 412")
        return self.bucket.put(key, data)

    def delete(self, key: str) -> None:
        self._count()
        self.bucket.objects.pop(key, None)

    def list(self, prefix: str = "") -> Iterator[Stat]:
        self._count()
        for key in sorted(key for key in self.bucket.objects if key.startswith(prefix)):
            if there := self.bucket.objects.get(key):
                yield there.stat


def kind_of(bucket: Bucket, key: str) -> str:
    """Return the kind of the object that is, or was, at a key."""
    if key.startswith(paths.PUBLIC):
        return "archive document" if "archive/" in key else "document"
    if not key.startswith(FEEDS):
        return next(kind for start, kind in KINDS.items() if key.startswith(start))
    if key.endswith("/manifest.json"):
        return "manifest"
    is_list = bucket.history[key][0].startswith(b"[[")  # its pages are arrays, entries are objects
    return "list of pages" if is_list else "page"


def ways_to_lose(bucket: Bucket, *, with_indexes: bool) -> dict[tuple[str, str], list[str]]:
    """Return what can be lost now: the keys, by kind and way.

    Without indexes: no manifest, and not the list of all feeds.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for key, versions in sorted(bucket.history.items()):
        kind = kind_of(bucket, key)
        if kind in ("manifest", "list of all feeds") and not with_indexes:
            continue
        if key not in bucket.objects:
            ways = ["brought back"]
        elif len(versions) > 1:
            ways = ["removed", "damaged", "turned back"]
        else:
            ways = ["removed", "damaged"]
        for how in ways:
            found.setdefault((kind, how), []).append(key)
    return found


def lose_object(bucket: Bucket, key: str, how: str, chance: Random, *, foreign: bool) -> None:
    """Lose an object. No worker has done it, so nobody checks what is written.

    `foreign`: a damaged document does not have the mark of this program.
    """
    if how == "removed":
        del bucket.objects[key]
        return
    data = bucket.objects[key].data if key in bucket.objects else b""
    if how == "damaged":
        if not key.startswith(paths.PUBLIC):
            data = chance.choice([data[: len(data) // 2], b"", b"\0" * len(data)])
        elif foreign:
            data = chance.choice([b"<html>", b"", b'{"version": "by hand"}'])
        else:
            data += b" "
    else:
        earlier = [version for version in bucket.history[key] if version != data]
        data = chance.choice(earlier or bucket.history[key])
    on_write, bucket.on_write = bucket.on_write, lambda *_: None
    versions = list(bucket.history[key])
    bucket.put(key, data)
    bucket.on_write, bucket.history[key] = on_write, versions
