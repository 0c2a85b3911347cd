"""A journal for callers without a queue (`rebuild`, `serve`).

An entry is written before the work and removed after it, so that the work of a killed process can
be resumed. In the cloud the queue delivers a message again; these callers have no queue. The next
rebuild, or the audit, does the work of the remaining entries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import msgspec
from msgspec import Struct

from feeds import paths
from feeds.publishing.batch import PublishResult
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.state.state_store import JSON

JOURNAL = paths.STATE + "journal/"


class JournalWork(Struct, frozen=True, omit_defaults=True):
    """Work to do. Parts of it may be done already."""

    posts: frozenset[str] = frozenset()
    """The keys of posts to publish."""
    records: frozenset[str] = frozenset()
    """The names of records to clear."""
    feeds: frozenset[str] = frozenset()
    """The paths of feeds to rewrite."""
    all_posts: bool = False
    """Whether to publish every post, also those whose records are current."""

    def __or__(self, other: JournalWork) -> JournalWork:
        return JournalWork(
            self.posts | other.posts,
            self.records | other.records,
            self.feeds | other.feeds,
            self.all_posts or other.all_posts,
        )


class JournalEntry(Struct, frozen=True):
    """An entry of the journal: work that was begun and is not finished."""

    key: str
    """The key of the entry in the store."""
    modified: datetime
    """The time when the entry was written."""
    work: JournalWork
    """The work."""


class Journal:
    """The journal of a publisher, in the store of its state."""

    def __init__(self, publisher: Publisher) -> None:
        self.publisher, self.store = publisher, publisher.feeds

    def entries(self) -> list[JournalEntry]:
        """List and read all entries."""
        stored = [(stat, self.store.get(stat.key)) for stat in self.store.list(JOURNAL)]
        return [
            JournalEntry(
                stat.key, stat.modified, msgspec.json.decode(object_.data, type=JournalWork)
            )
            for stat, object_ in stored
            if object_
        ]

    def remove(self, entry: JournalEntry) -> None:
        """Remove an entry whose work is done."""
        self.store.delete(entry.key)

    def publish(self, keys: Sequence[str]) -> PublishResult:
        """Publish posts; those that failed stay in the journal."""
        messages = [Message(id=key, keys=(key,), received=1, notes=()) for key in keys]
        entry_key = self._begin(JournalWork(posts=frozenset(keys)))
        result = self.publisher.publish(messages)
        self._finish(entry_key, JournalWork(posts=result.failed))
        return result

    def clear(self, names: Sequence[str]) -> PublishResult:
        """Clear records; those that failed stay in the journal."""
        entry_key = self._begin(JournalWork(records=frozenset(names)))
        result = self.publisher.clear(names)
        self._finish(entry_key, JournalWork(records=result.failed))
        return result

    @contextmanager
    def rewriting(self, feed_paths: Sequence[str]) -> Iterator[set[str]]:
        """Keep an entry for these feeds until the block ends without an error.

        Yields a set; the feeds that the block adds to it stay in the journal.
        """
        entry_key = self._begin(JournalWork(feeds=frozenset(feed_paths)))
        failed: set[str] = set()
        yield failed
        self._finish(entry_key, JournalWork(feeds=frozenset(failed)))

    def begin_all_posts(self) -> None:
        """Write an entry for every post; `remove` removes it with the other entries."""
        self._begin(JournalWork(all_posts=True))

    def _begin(self, work: JournalWork) -> str:
        key = f"{JOURNAL}{self.publisher.runtime.token()}.json"
        self._write(key, work)
        return key

    def _finish(self, key: str, remaining: JournalWork) -> None:
        if remaining == JournalWork():
            self.store.delete(key)
        else:
            self._write(key, remaining)

    def _write(self, key: str, work: JournalWork) -> None:
        self.store.put(key, msgspec.json.encode(work), media_type=JSON)
