"""Writes the record of each post: record = f(post).

A record keeps the last valid entry of a post that cannot be read, unless the post is closed now. It
names every feed and sort key that the post has or had, until all indexes have confirmed the
removal.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from msgspec.structs import replace

from feeds.config import Config
from feeds.documents.pagination import SortKey
from feeds.errors import Denied, OutOfTime, StoreError, TooLarge
from feeds.model import EPOCH, Entry
from feeds.publishing.attachments import Attachments
from feeds.publishing.batch import ENDLESS, Time
from feeds.reading.enclosure import is_attachment
from feeds.reading.entry import fill_entry, linked_posts, page_of
from feeds.reading.identity import keys_after_move, post_identity
from feeds.reading.post import ReadResult, read_large_post, read_post, start_bytes
from feeds.state.keys import record_key
from feeds.state.objects import ObjectSnapshot, Record, build_record, encode, fingerprint
from feeds.state.state_store import StateStore
from feeds.stores.addresses import folder_of
from feeds.stores.base import Store
from feeds.stores.own_files import is_own

COMPACT_ABOVE = 8
"""A record with more sort keys is compacted."""


class RecordWriter:
    """Reads and writes the records of the posts in a store."""

    def __init__(
        self, posts: Store, state: StateStore, attachments: Attachments, config: Config
    ) -> None:
        self.posts, self.state, self.config = posts, state, config
        self._attachments = attachments
        self.config_fingerprint = fingerprint(config)
        # Parse one post at a time: two at once need twice the memory and are not faster.
        self._reading = threading.Lock()

    def name(self, key: str) -> str:
        """Return the key of the record that the object at `key` belongs to."""
        return record_key(post_identity(key, self.config))

    def read(self, name: str) -> Record:
        """Read the record at `name`; return an empty one if it does not exist."""
        return self.state.read(name, Record).value

    def has_known(self, key: str) -> bool:
        """Return whether the record of the post at `key` has it, or has lately lost its objects.

        A record stays empty for a month after the deletion of its post.
        """
        record = self.read(self.name(key))
        return key in record.objects or bool(record.token and not record.objects)

    def page(self, key: str) -> str:
        """Return the address of the page of the post at `key`; ``""`` if it has none."""
        stored = self._attachments.read(key)
        with self._reading:
            return page_of(stored, self.config)

    def _linked_page(self, key: str, post: str) -> str:
        """Return the address of the page of the post at `key`, which another links to."""
        stored = self._attachments.linked(key, post)
        with self._reading:
            return page_of(stored, self.config)

    def dependents(self, key: str, *, seen_before: bool) -> Sequence[str]:
        """Return the keys of the posts whose entries the object at `key` changes, as it is now.

        A post that links to it needs its address only, and is not read again if it has that; but if
        the event was `seen_before`, a worker may have read it and crashed before its feeds had it.
        """
        posts = self._attachments.posts_with(key)
        if not posts or is_attachment(key) or seen_before:
            return posts
        page = self.page(key)
        known = self.state.runtime.map(lambda post: self._known_page(post, key), posts)
        return [post for post, address in zip(posts, known, strict=True) if address != page]

    def _known_page(self, post: str, key: str) -> str | None:
        """The address that a post has of the one at `key`, which it links to."""
        snapshot = self.read(self.name(post)).objects.get(post)
        return snapshot.pages.get(key) if snapshot else None

    def refresh(
        self,
        name: str,
        keys: Sequence[str],
        *,
        keep_confirmed: bool = False,
        time: Time = ENDLESS,
    ) -> Record:
        """Read the objects at `keys` again, and write the record at `name` with them.

        `keep_confirmed`: if they are the same as before, keep the feeds that have confirmed it.
        Raises OutOfTime if no post may be read any more.
        An error about the first key does not name it: the caller does.
        """
        for attempt in self.state.attempts(name, Record):
            with attempt:
                known = attempt.old.objects
                objects = dict(known)
                for key in keys:
                    try:
                        self._read_into(objects, key, known.get(key), time)
                    except Denied:
                        if key == keys[0] and folder_of(self.posts.url):
                            raise Denied("no permission to read this file") from None
                        raise
                self._follow_moves(known, objects, time)
                new = self._build(attempt.old, objects)
                if keep_confirmed and _have_equal_entries(attempt.old, new):
                    new = replace(new, confirmed=attempt.old.confirmed)
                attempt.write(new)
        return attempt.written.value

    def _read_into(
        self,
        objects: dict[str, ObjectSnapshot],
        key: str,
        before: ObjectSnapshot | None,
        time: Time,
    ) -> None:
        """Put the snapshot of the object at `key` into `objects`, or remove it."""
        snapshot = self._snapshot(key, before, time)
        if snapshot is None:
            objects.pop(key, None)
        else:
            objects[key] = snapshot

    def _follow_moves(
        self, known: Mapping[str, ObjectSnapshot], objects: dict[str, ObjectSnapshot], time: Time
    ) -> None:
        """Look for the objects that are gone from `objects` in the folders that posts move to.

        The event of a deletion may come before that of the copy. If the file in the new folder
        cannot be read, it keeps the last valid entry of the one that is gone.
        """
        gone = {key: known[key] for key in known if key not in objects}
        if not gone:
            return
        has_entry = any(snapshot.entry for snapshot in objects.values())
        last = None if has_entry else max(gone.values(), key=_time_of_entry)
        moved = [place for key in gone for place in keys_after_move(key, self.config)]
        for key in dict.fromkeys([*moved, *objects]):
            there = objects.get(key)
            if key not in gone and (there is None or there.entry is None):
                self._read_into(objects, key, last, time)

    def clear(self, name: str) -> Record:
        """Empty the record of a post that no longer exists. It keeps the feeds and sort keys."""
        for attempt in self.state.attempts(name, Record):
            with attempt:
                attempt.write(self._build(attempt.old, {}))
        return attempt.written.value

    def adopt(self, name: str, feeds: Iterable[str], sort_keys: Iterable[SortKey]) -> None:
        """Add feeds and sort keys to a record, whose post an index has there unknown to the record.

        After that, publishing the post removes the entries that do not belong there.
        """
        for attempt in self.state.attempts(name, Record):
            with attempt:
                old = attempt.old
                attempt.write(
                    replace(
                        old,
                        feeds=tuple(sorted({*old.feeds, *feeds})),
                        confirmed=(),
                        sort_keys=tuple(sorted({*old.sort_keys, *sort_keys})),
                    )
                )

    def confirm(self, name: str, record: Record, feeds: Collection[str]) -> None:
        """Note that these feeds have the record, of which other feeds have failed."""
        confirmed = tuple(path for path in record.feeds if path in {*record.confirmed, *feeds})
        if confirmed != record.confirmed:
            self._replace(name, record, replace(record, confirmed=confirmed))

    def finish(self, name: str, record: Record) -> None:
        """Remove what is no longer needed from a record that all its feeds have confirmed.

        From a large record, these are the feeds and sort keys that the post has left.
        """
        if len(record.sort_keys) > COMPACT_ABOVE:
            now, objects = self.state.runtime.now(), record.objects
            compacted = build_record(record.config_fingerprint, Record(), objects, self.config, now)
            self._replace(name, record, compacted)
        elif record.confirmed:
            self._replace(name, record, replace(record, confirmed=()))

    def _replace(self, name: str, record: Record, new: Record) -> None:
        """Replace a record if no other worker has written it since. It may fail: it saves work."""
        try:
            stored = self.state.read(name, Record)
            if stored.value.token == record.token:
                self.state.replace(name, stored, new)
        except StoreError:
            return

    def _build(self, old: Record, objects: dict[str, ObjectSnapshot]) -> Record:
        now = self.state.runtime.now()
        return build_record(self.config_fingerprint, old, objects, self.config, now)

    def _snapshot(
        self, key: str, before: ObjectSnapshot | None, time: Time
    ) -> ObjectSnapshot | None:
        """Read the object at a key; return None if it does not exist.

        If it cannot become an entry, the snapshot keeps the last valid entry of `before`, unless
        the post is closed now (`_still_valid`).
        """
        last_valid = before.entry if before else None
        try:
            stored = self.posts.get(key, self.config.limits.post_bytes)
        except TooLarge:
            stat = self.posts.head(key)
            version = stat.version if stat else ""
            start = self.posts.get_start(key, start_bytes(self.config)) or b""
            with self._turn_to_read(time):
                result = read_large_post(key, start, self.config)
            entry = self._still_valid(last_valid, result)
            return ObjectSnapshot(version, entry, result.problems, result.decision.reason)
        if stored is None:
            return None
        if is_own(key, stored.data, self.config.layout):
            return ObjectSnapshot(stored.stat.version)
        with self._turn_to_read(time):
            result = read_post(key, stored.data, stored.stat.modified, self.config)
            linked = linked_posts(result, self.config)
        attachment = result.post.attachment if result.post else ""
        size = self._attachments.size(attachment, key) if attachment else 0
        addresses = self.state.runtime.map(lambda name: self._linked_page(name, key), linked)
        pages = dict(zip(linked, addresses, strict=True))
        with self._reading:
            result = result.with_attachment(size)
            entry, problems = fill_entry(result, self.config, pages)
        if any(problem.severity == "error" for problem in problems):
            entry = self._still_valid(last_valid, result)
        problems += result.warnings(self.state.runtime.now())
        return ObjectSnapshot(
            stored.stat.version, entry, problems, result.decision.reason, attachment, size, pages
        )

    @contextmanager
    def _turn_to_read(self, time: Time) -> Iterator[None]:
        """Wait until no other thread reads a post. Raises OutOfTime if the time is over by then."""
        with self._reading:
            if time.is_half_over():
                raise OutOfTime("no time was left to read this post")
            yield

    def _still_valid(self, last_valid: Entry | None, result: ReadResult) -> Entry | None:
        """The last valid entry of a post with an error; None if the post is closed now.

        The last valid entry of a locked post may have the text that is locked. It expires when the
        post does.
        """
        times = result.post or result.window
        if last_valid is None or result.decision.effect != "publish":
            return None
        if times is None:
            return last_valid
        if times.published > self.state.runtime.now():
            return None
        ends = [time for time in (last_valid.expires, times.expires) if time is not None]
        return replace(last_valid, expires=min(ends, default=None))


def _have_equal_entries(old: Record, new: Record) -> bool:
    """Return whether every feed is the same function of both records, now and at any later time."""
    # Encoded, because equal times may have different offsets.
    first, second = (
        encode(replace(record, token="", confirmed=(), previous_due=None)) for record in (old, new)
    )
    return first == second


def _time_of_entry(snapshot: ObjectSnapshot) -> datetime:
    """When the entry of a snapshot was updated; `EPOCH` if it has none."""
    return snapshot.entry.updated if snapshot.entry else EPOCH
