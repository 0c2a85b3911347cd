"""Counts of a rebuild, and whether a post must be published again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec import Struct

from feeds.publishing.publisher import Publisher
from feeds.state.closed_posts import ClosedPosts
from feeds.state.objects import ObjectSnapshot, Record
from feeds.stores.base import Stat


class RebuildReport(Struct):
    """Counts of a rebuild so far."""

    read: int = 0
    """Posts that were read, without documents of this program."""
    posts: int = 0
    """Posts that were read, and are in feeds now."""
    skipped: int = 0
    """Posts that were published already, and are in feeds now."""
    scheduled: int = 0
    """Posts that will be in feeds later."""
    gone: int = 0
    """Objects that do not exist any more."""
    feeds: int = 0
    """Feeds that have an index."""
    documents: int = 0
    """Documents that changed; each counts once, also if it is written for a post and then again."""
    problems: int = 0
    errors: list[str] = []
    """Sentences."""
    closed: ClosedPosts = msgspec.field(default_factory=ClosedPosts)
    """The posts that are left out of feeds, locked or expired."""

    _counted: set[str] = msgspec.field(default_factory=set)
    """The documents that are counted already."""

    def count_documents(self, keys: Iterable[str]) -> None:
        """Count the documents at these keys that were written."""
        before = len(self._counted)
        self._counted.update(keys)
        self.documents += len(self._counted) - before

    def count_post(self, key: str, record: Record | None, now: datetime, *, skipped: bool) -> None:
        """Count one post by what its record says at a time; None: it could not be written."""
        if record is None or (snapshot := record.objects.get(key)) is None:
            return
        if snapshot == ObjectSnapshot(snapshot.version):
            return  # a document of this program
        self.read += not skipped
        shown = record.entry(now)
        if shown is not None and shown.key == key:
            self.skipped += skipped
            self.posts += not skipped
        if snapshot.entry is not None and snapshot.entry.published > now:
            self.scheduled += 1
        self.closed.count_snapshot(key, snapshot, now)

    def add_posts(self, other: RebuildReport) -> None:
        """Add the counts of other posts."""
        self.read += other.read
        self.posts += other.posts
        self.skipped += other.skipped
        self.scheduled += other.scheduled
        self.problems += other.problems
        self.errors += other.errors
        self.closed.add(other.closed)


def is_published(publisher: Publisher, stat: Stat, record: Record) -> bool:
    """Return whether a post need not be read again: its record is that of this version of it."""
    snapshot = record.objects.get(stat.key)
    return (
        snapshot is not None
        and snapshot.version == stat.version
        and publisher.is_current(record)
        and record.due is None  # the time may have come while nothing was running
        and publisher.repairs.has_attachments(snapshot, stat.key)
    )
