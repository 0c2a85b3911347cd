"""A journal of work that was begun: an entry is written before the work, and removed after it.

So the work of a killed process can be resumed. The next rebuild, or the audit, does the work of the
remaining entries. `rebuild` and `serve` write one for each batch, as no queue delivers their work
again. The cloud function writes one for a message that is isolated (feeds/aws/isolation.py): the
queue may give such a message up.
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
from feeds.stores.base import Stat, Store

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
    all_records: bool = False
    """Whether to make all indexes again of the records: some records may be in no index yet."""

    def __or__(self, other: JournalWork) -> JournalWork:
        return JournalWork(
            self.posts | other.posts,
            self.records | other.records,
            self.feeds | other.feeds,
            self.all_posts or other.all_posts,
            self.all_records or other.all_records,
        )


class Remaining(Struct):
    """What a rebuild in bulk could not do."""

    posts: list[str] = []
    """The keys of posts whose records could not be written."""
    all_records: bool = False
    """Whether a feed failed."""


class JournalEntry(Struct, frozen=True):
    """An entry of the journal: work that was begun and is not finished."""

    key: str
    """The key of the entry in the store."""
    modified: datetime
    """The time when the entry was written."""
    work: JournalWork
    """The work."""
    error: str = ""
    """Why the entry could not be read; ``""`` if it was. Then `work` is empty."""


class Journal:
    """The journal of a publisher, in the store of its state."""

    def __init__(self, publisher: Publisher) -> None:
        self.publisher, self.store = publisher, publisher.feeds

    def entries(self) -> list[JournalEntry]:
        """List and read all entries. One that is damaged has an `error`."""
        stored = [(stat, self.store.get(stat.key)) for stat in self.store.list(JOURNAL)]
        return [_entry(stat, object_.data) for stat, object_ in stored if object_]

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

    @contextmanager
    def filling(self) -> Iterator[Remaining]:
        """Keep an entry for all records until the block ends without an error.

        Yields what stays in the journal then.
        """
        entry_key = self._begin(JournalWork(all_records=True))
        remaining = Remaining()
        yield remaining
        posts = frozenset(remaining.posts)
        self._finish(entry_key, JournalWork(posts, all_records=remaining.all_records))

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


def _entry(stat: Stat, data: bytes) -> JournalEntry:
    try:
        work = msgspec.json.decode(data, type=JournalWork)
    except msgspec.DecodeError as error:
        what = f"{stat.key}: damaged ({error}); the nightly audits compare the posts that it named"
        return JournalEntry(stat.key, stat.modified, JournalWork(), what)
    return JournalEntry(stat.key, stat.modified, work)


def note(store: Store, name: str, keys: Sequence[str]) -> None:
    """Write an entry for these posts into the store of the state; `strike_off` removes it.

    A second entry with the same name replaces the first.
    """
    work = JournalWork(posts=frozenset(keys))
    store.put(_note_key(name), msgspec.json.encode(work), media_type=JSON)


def strike_off(store: Store, name: str) -> None:
    """Remove the entry with this name."""
    store.delete(_note_key(name))


def _note_key(name: str) -> str:
    return f"{JOURNAL}{paths.digest(name, 32)}.json"
