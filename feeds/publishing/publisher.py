"""The protocol: keys to look at -> records -> indexes -> documents -> list of feeds.

An event only means *look at this key*; it is never data. Each level is a function of the one
before: record = f(post), index = f(records), documents = f(index), list of feeds = f(indexes). Any
number of workers do this at once, in any order, more than once, and crash anywhere. Four rules keep
the levels right:

1. Read your own version first, then your source, then write only over that version.
2. Write even when nothing changed: a write that is skipped lets a slower, older writer win.
3. Each state object carries a fresh token, so that equal content never has an equal ETag.
4. After publishing, look at the source again; if it moved, publish again.

This module runs the levels in order and decides which messages must be retried. Each level has a
writer: record_writer.py, index_writer.py, document_writer.py, feed_list_writer.py.
feeds/state/state_store.py keeps rules 1 to 3 for all of them, document_writer.py rule 4.
docs/protocol.md says what fails without each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from feeds.config import Config
from feeds.errors import StoreError
from feeds.publishing.document_writer import DocumentWriter
from feeds.publishing.feed_list_writer import FeedListWriter
from feeds.publishing.index_writer import IndexWriter
from feeds.publishing.message import Message
from feeds.publishing.record_writer import RecordWriter
from feeds.reading.selection import is_post
from feeds.runtime import Runtime
from feeds.state.objects import Record
from feeds.state.state_store import StateStore
from feeds.stores.base import Store


class Failure(Struct, frozen=True):
    """What could not be done: `what` says it, of the post at `key` or of a `feed` (its path).

    `records` are those that were to be in it: their messages must come again.
    """

    what: str
    records: tuple[str, ...]
    key: str | None = None
    feed: str | None = None


class PublishResult(Struct, frozen=True):
    """What publishing a batch came to.

    `failed` are the ids of messages that must come again, and `failures` why; `changed` the keys of
    documents under the public root that were written, because their bytes changed or because the
    store's versions are no hashes of them; `looked` the records written, by their keys;
    `conflicts` how often somebody else was quicker, by the key of the state object.
    """

    failed: frozenset[str]
    changed: tuple[str, ...]
    looked: dict[str, Record]
    failures: tuple[Failure, ...]
    conflicts: dict[str, int]

    @property
    def errors(self) -> tuple[str, ...]:
        """What could not be done, in sentences."""
        return tuple(failure.what for failure in self.failures)


class Publisher:
    """Publishes posts of one store as feeds in another; the levels are its parts."""

    def __init__(self, posts: Store, feeds: Store, config: Config, world: Runtime) -> None:
        self.posts, self.feeds, self.config, self.world = posts, feeds, config, world
        self.state = StateStore(feeds, world)
        self.public = DocumentWriter(self.state, config)
        self.listing = FeedListWriter(self.state, self.public, config)
        self.records = RecordWriter(posts, self.state, config)
        self.indexes = IndexWriter(self.state, self.records.read, self.public, self.listing, config)
        self.made = self.records.made

    @property
    def conflicts(self) -> int:
        """How often somebody else was quicker, so far."""
        return len(self.state.conflicts)

    def publish(self, messages: Sequence[Message]) -> PublishResult:
        """Look at the messages' keys, and bring everything that depends on them up to date."""
        before = self.conflicts
        failures: list[Failure] = []
        asked: dict[str, list[str]] = {}
        for message in messages:
            for key in message.keys:
                if is_post(key, self.config):
                    keys = asked.setdefault(self.records.name(key), [])
                    keys.extend([key] if key not in keys else [])

        def looked(name: str) -> Record | None:
            try:
                return self.records.look(name, asked[name])
            except StoreError as error:
                key = asked[name][0]
                failures.append(Failure(f"{key}: {error}", (name,), key=key))
                return None

        found = dict(zip(asked, self.world.each(looked, list(asked)), strict=True))
        records = {name: record for name, record in found.items() if record is not None}
        again = any(message.received > 1 for message in messages)
        changed = self._spread(records, failures, again)
        failed = _records(failures)
        return PublishResult(
            failed=frozenset(
                message.id
                for message in messages
                if any(self.records.name(key) in failed for key in message.keys)
            ),
            changed=tuple(changed),
            looked=records,
            failures=tuple(failures),
            conflicts=self._conflicts_since(before),
        )

    def _conflicts_since(self, before: int) -> dict[str, int]:
        return dict(Counter(self.state.conflicts[before:]))

    def bury(self, names: Sequence[str]) -> PublishResult:
        """Empty records that no key leads to any more, and drop what they had from all feeds.

        `failed` are the names of records here: those that a feed which failed depends on.
        """
        before = self.conflicts
        failures: list[Failure] = []
        records = dict(zip(names, self.world.each(self.records.bury, names), strict=True))
        changed = self._spread(records, failures, again=False)
        return PublishResult(
            failed=frozenset(_records(failures)),
            changed=tuple(changed),
            looked=records,
            failures=tuple(failures),
            conflicts=self._conflicts_since(before),
        )

    def renew(self, path: str) -> list[str]:
        """Write all documents of a feed anew; returns those that are others now."""
        self.indexes.merge(path, (), {})
        changed, _ = self.public.feed(self.indexes.all_due(path, self.made))
        return changed

    def _spread(
        self, records: dict[str, Record], failures: list[Failure], again: bool
    ) -> list[str]:
        """Bring every feed up to date that these records touch; the documents that changed.

        `again` tells that another worker may have died over the same messages.
        """
        touched: dict[str, list[str]] = {}
        for name, record in records.items():
            for path in record.feeds:
                touched.setdefault(path, []).append(name)
        shown: dict[str, bool] = {}

        def fed(path: str) -> tuple[list[str], bool] | None:
            try:
                written = self.indexes.merge(path, touched[path], shown, again)
                changed, one = self.public.feed(written)
            except StoreError as error:
                what = f"{path or 'all posts'}: {error}"
                failures.append(Failure(what, tuple(touched[path]), feed=path))
                return None
            return changed, one.listed

        order = sorted(touched)
        results = dict(zip(order, self.world.each(fed, order), strict=True))
        changed = [key for result in results.values() if result for key in result[0]]
        unsettled = [path for path, result in results.items() if result and not result[1]]
        if unsettled:
            try:
                changed += self.listing.update(unsettled)
            except StoreError as error:
                names = dict.fromkeys(name for path in unsettled for name in touched[path])
                failures.append(Failure(f"catalog: {error}", tuple(names)))
        failed = _records(failures)
        for name, record in records.items():
            if name not in failed:
                self.records.shorten(name, record)
        return changed


def _records(failures: Iterable[Failure]) -> set[str]:
    return {name for failure in failures for name in failure.records}
