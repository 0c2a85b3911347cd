"""The protocol: keys of posts -> records -> indexes -> documents -> list of feeds.

An event only names a key to read again; it carries no data. Each level is a function of the one
before: record = f(post), index = f(records), documents = f(index), list of feeds = f(indexes). Any
number of workers do this at once, in any order, more than once, and may crash anywhere. Four rules
keep the levels correct:

1. Read your own version first, then your source, then write only over that version.
2. Write even when nothing changed: a write that is skipped lets a slower, older writer win.
3. Each state object carries a fresh token, so that equal content never has an equal ETag.
4. After publishing, read the version of the source again; if it has changed, publish again.

This module runs the levels in order, and decides which messages must be retried. Each level has a
writer: record_writer.py, index_writer.py, feed_writer.py, feed_list_writer.py. state_store.py keeps
rules 1 to 3 for all, document_writer.py rule 4. docs/protocol.md says what fails without each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from feeds.config import Config
from feeds.errors import OutOfTime, StoreError
from feeds.publishing.attachments import Attachments
from feeds.publishing.batch import ENDLESS, Batch, Failure, PublishResult, Time
from feeds.publishing.document_writer import DocumentWriter
from feeds.publishing.due_markers import DueMarkers
from feeds.publishing.feed_list_writer import FeedListWriter
from feeds.publishing.feed_writer import FeedWriter, PublishedFeed
from feeds.publishing.index_writer import IndexWriter
from feeds.publishing.message import Message
from feeds.publishing.record_writer import RecordWriter
from feeds.publishing.repairs import Repairs, feed_paths
from feeds.publishing.turns import Turns
from feeds.reading.selection import is_post
from feeds.runtime import Runtime
from feeds.state.closed_posts import ClosedPosts
from feeds.state.index_pages import StoredIndex, text_size
from feeds.state.keys import RECORDS, is_record_key
from feeds.state.manifest import Manifest
from feeds.state.objects import Record
from feeds.state.state_store import StateStore
from feeds.stores.base import Stat, Store
from feeds.stores.own_files import own_file_filter


class Publisher:
    """Publishes the posts of one store as feeds in another."""

    def __init__(
        self,
        posts: Store,
        feeds: Store,
        config: Config,
        runtime: Runtime,
        *,
        replace: bool = False,
    ) -> None:
        """`replace`: overwrite files of other programs at the places of new feeds."""
        self.posts, self.feeds, self.config, self.runtime = posts, feeds, config, runtime
        self._is_own_file = own_file_filter(posts, feeds, config.layout)
        self._state = StateStore(feeds, runtime)
        self._attachments = Attachments(posts, self._state, config)
        self._records = RecordWriter(posts, self._state, self._attachments, config)
        self.due_markers = DueMarkers(self._state)
        self._documents = DocumentWriter(self._state, config.layout, replaces_foreign=replace)
        self._feed_writer = FeedWriter(self._documents, config)
        self._indexes = IndexWriter(self._state, self._records, self._feed_writer, config)
        self._feed_list = FeedListWriter(self._state, self._documents, config)
        self._turns = Turns()
        writers = self._indexes, self._feed_writer, self._feed_list
        self.repairs = Repairs(self._state, self._records, self._attachments, *writers, self._turns)

    # --- the protocol ----------------------------------------------------------------------------

    def publish(self, messages: Sequence[Message], time: Time = ENDLESS) -> PublishResult:
        """Read the posts at the messages' keys, and update everything that depends on them.

        When half of the time is over, no more posts are read; at its end, no more feeds are
        updated. The messages that are not done then must be delivered again. The feeds that are
        done are noted in the record, and are not updated again.
        """
        self._state.conflicts.clear()
        redelivered = any(message.received > 1 for message in messages)
        batch = Batch(self._feed_list.check(), redelivered=redelivered, time=time)
        keys = self._keys_to_read(batch, messages)
        batch.new_names = {
            self.record_name(key)
            for message in messages
            if message.received <= 1
            for key in keys[message.id]
        }
        self._write_records(
            batch,
            self._keys_by_record(keys),
            lambda name, keys: self._refresh(batch, name, keys),
        )
        self._update_dependents(batch)
        failed = frozenset(
            message.id
            for message in messages
            if any(self.record_name(key) in batch.failed_records for key in keys[message.id])
        )
        return self._result(batch, failed)

    def clear(self, names: Sequence[str]) -> PublishResult:
        """Empty these records, and remove their entries from all feeds.

        They are records of posts that no longer exist. `failed` of the result has names of records.
        """
        self._state.conflicts.clear()
        batch = Batch(self._feed_list.check())
        self._write_records(
            batch, dict.fromkeys(names, ()), lambda name, _: self._records.clear(name)
        )
        self._update_dependents(batch)
        return self._result(batch, batch.failed_records)

    def _keys_to_read(self, batch: Batch, messages: Sequence[Message]) -> dict[str, list[str]]:
        """Return the keys in the messages, by message id, and the posts that depend on these."""

        def with_its_posts(key: str) -> tuple[str, ...]:
            try:
                return (key, *self._records.dependents(key, seen_before=key in again))
            except StoreError as error:
                name = self.record_name(key)
                batch.failures.append(Failure(f"{key}: {error}", (name,), key=key))
                return (key,)

        again = {key for message in messages if message.received > 1 for key in message.keys}
        named = list(dict.fromkeys(key for message in messages for key in message.keys))
        found = dict(zip(named, self.runtime.map(with_its_posts, named), strict=True))
        keys: dict[str, list[str]] = {}
        for message in messages:
            keys.setdefault(message.id, []).extend(key for k in message.keys for key in found[k])
        return keys

    def _keys_by_record(self, keys: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
        """Return the keys of posts among these, without repeats, by the name of the record."""
        by_record: dict[str, dict[str, None]] = {}
        for named in keys.values():
            for key in named:
                if self.is_post(key):
                    by_record.setdefault(self.record_name(key), {})[key] = None
        return {name: list(keys) for name, keys in by_record.items()}

    def _refresh(self, batch: Batch, name: str, keys: Sequence[str]) -> Record:
        is_new = name in batch.new_names
        record = self._records.refresh(name, keys, keep_confirmed=not is_new, time=batch.time)
        self.due_markers.update(name, record)
        return record

    def _write_records(
        self,
        batch: Batch,
        keys_by_record: Mapping[str, Sequence[str]],
        write: Callable[[str, Sequence[str]], Record],
    ) -> None:
        """Level 1: record = f(post)."""

        unread: list[str] = []

        def write_one(name: str) -> Record | None:
            keys = keys_by_record[name]
            try:
                return write(name, keys)
            except OutOfTime:
                unread.append(name)
                return None
            except StoreError as error:
                key = keys[0] if keys else None
                batch.failures.append(Failure(f"{key or name}: {error}", (name,), key=key))
                return None

        names = list(keys_by_record)
        written = self.runtime.map(write_one, names)
        batch.records = {
            name: record for name, record in zip(names, written, strict=True) if record
        }
        batch.note_left("posts", unread, unread)
        for record in batch.records.values():
            batch.identity_problems.update(record.hidden_objects(self.runtime.now()))

    def _update_dependents(self, batch: Batch) -> None:
        """Levels 2 to 4; then note in the records what is done."""
        feeds = self._update_feeds(batch)
        unlisted = self._update_feed_list(batch, feeds)
        confirmed = feeds.keys() - unlisted
        for name, record in batch.records.items():
            if name in batch.failed_records:
                self._records.confirm(name, record, confirmed)
            else:
                self._records.finish(name, record)

    def _update_feeds(self, batch: Batch) -> dict[str, PublishedFeed]:
        """Levels 2 and 3: index = f(records), documents = f(index), for every affected feed."""
        by_feed = batch.records_by_feed()

        left: list[str] = []
        changed: dict[str, dict[str, None]] = {path: {} for path in by_feed}

        def update_feed(path: str) -> PublishedFeed | None:
            try:
                with self._turns.turn(path) as turn:
                    if batch.time.is_over():
                        left.append(path)
                        return None
                    index = self._indexes.update(
                        path, by_feed[path], batch.feed_list, redelivered=batch.redelivered
                    )
                    turn.size = text_size(index)
                    batch.identity_problems.update(index.shared_ids)
                    return self._feed_writer.publish(index, changed=changed[path])
            except StoreError as error:
                what = f"{path or 'all posts'}: {error}"
                batch.failures.append(Failure(what, tuple(by_feed[path]), feed=path))
                return None

        published = self.runtime.map(update_feed, list(by_feed))
        feeds = {path: feed for path, feed in zip(by_feed, published, strict=True) if feed}
        # Also of feeds that have failed: by the next delivery, the record may not name them.
        batch.changed += [key for documents in changed.values() for key in documents]
        batch.note_left("feeds", left, [name for path in left for name in by_feed[path]])
        return feeds

    def _update_feed_list(self, batch: Batch, feeds: dict[str, PublishedFeed]) -> list[str]:
        """Level 4: list of feeds = f(indexes), for the feeds whose title the list may not have.

        Returns the paths of the feeds that could not be listed.
        """
        unlisted = [path for path, feed in feeds.items() if not feed.listed]
        if not unlisted:
            return []
        try:
            batch.changed += self._feed_list.update(unlisted)
            return []
        except StoreError as error:
            by_feed = batch.records_by_feed()
            names = dict.fromkeys(name for path in unlisted for name in by_feed[path])
            batch.failures.append(Failure(f"list of feeds: {error}", tuple(names)))
            return unlisted

    def _result(self, batch: Batch, failed: frozenset[str]) -> PublishResult:
        return PublishResult(
            failed=failed,
            changed=tuple(batch.changed),
            records=batch.records,
            failures=tuple(batch.failures),
            conflicts=dict(Counter(self._state.conflicts)),
            identity_problems=tuple(sorted(batch.identity_problems)),
        )

    # --- operations for rebuild, audit and schedules ---------------------------------------------

    def is_post(self, key: str) -> bool:
        """Return whether the object at a key is a post, and not a file that this program made."""
        return is_post(key, self.config) and not self._is_own_file(key)

    def post_stats(self, closed: ClosedPosts | None = None) -> Iterator[Stat]:
        """Yield the stats of all objects that are posts; `closed` counts others like posts."""
        closed = closed or ClosedPosts()
        return closed.posts_among(self.posts.list(), self.config, self._is_own_file)

    def record_name(self, key: str) -> str:
        """Return the name of the record that the object at `key` belongs to."""
        return self._records.name(key)

    def never_existed(self, key: str) -> bool:
        """Return whether no post is at a key, none from there is published, and none was lately."""
        return self.posts.head(key) is None and not self._records.has_known(key)

    def record_stats(self) -> Iterator[Stat]:
        """Yield the stats of all records; their keys are their names."""
        return (stat for stat in self.feeds.list(RECORDS) if is_record_key(stat.key))

    def read_record(self, name: str) -> Record:
        """Read a record; return an empty one if it does not exist."""
        return self._records.read(name)

    def feed_paths(self) -> list[str]:
        """Return the paths of the feeds that have an index."""
        return feed_paths(self.feeds)

    def read_index(self, path: str) -> StoredIndex:
        """Read the index of a feed."""
        return self._indexes.read(path)

    def is_current(self, state: Record | Manifest) -> bool:
        """Return whether this version and configuration of the program has written `state`."""
        return state.config_fingerprint == self._records.config_fingerprint

    def refuse_foreign(self) -> None:
        """Raise StoreError if something of others is where a new site has its first documents."""
        self._feed_list.refuse_foreign()

    def update_feed_list(self, feed_paths: Sequence[str]) -> tuple[str, ...]:
        """Update these feeds in the list of all feeds; return the paths of changed documents."""
        return self._feed_list.update(feed_paths)
