"""Writes the record of each post: record = f(post).

A record keeps the last good entry of a post that cannot be read. It names every feed and position
that the post may be in, until all indexes have been seen without it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec.structs import replace

from feeds.config import Config
from feeds.errors import StoreError, TooLarge
from feeds.publishing.due_markers import marker_key
from feeds.reading.entry import fill_entry
from feeds.reading.post import read_post, too_large
from feeds.reading.selection import post_identity
from feeds.state.keys import record_key
from feeds.state.objects import ObjectSnapshot, Record, build_record, fingerprint
from feeds.state.state_store import JSON, StateStore
from feeds.stores.base import Store

_MANY_PLACES = 8


class RecordWriter:
    """The records of the posts in a store. `made` tells who wrote them (`fingerprint`)."""

    def __init__(self, posts: Store, state_: StateStore, config: Config) -> None:
        self.posts, self.state, self.config = posts, state_, config
        self.made = fingerprint(config)
        self._reading = (
            threading.Lock()
        )  # one at a time: two need twice the memory, and no less time

    def name(self, key: str) -> str:
        """The key of the record that the object at `key` belongs to."""
        return record_key(post_identity(key, self.config))

    def read(self, name: str) -> Record:
        """The record at `name`; an empty one where there is none."""
        return self.state.read(name, Record)[1]

    def look(self, name: str, keys: Iterable[str]) -> Record:
        """Write down in the record at `name` what the objects at `keys` are now."""

        def record(old: Record) -> Record:
            posts = dict(old.objects)
            for key in keys:
                seen = self._seen(key, posts.get(key))
                if seen is None:
                    posts.pop(key, None)
                else:
                    posts[key] = seen
            return self._of(old, posts)

        written = self.state.swap(name, Record, record)[1]
        self._mark(name, written)
        return written

    def bury(self, name: str) -> Record:
        """Empty a record that no key leads to any more; it still names where the post may be."""
        return self.state.swap(name, Record, lambda old: self._of(old, {}))[1]

    def _of(self, old: Record, posts: dict[str, ObjectSnapshot]) -> Record:
        return build_record(self.made, old, posts, self.config, self.state.world.now())

    def _mark(self, name: str, record: Record) -> None:
        """Leave a marker for the audit where a post waits for its time; take away the last one."""
        if record.due:
            self._leave_marker(name, record, record.due)
        if record.previous_due and record.previous_due != record.due:
            self._take_marker(name, record.previous_due)

    def _leave_marker(self, name: str, record: Record, due: datetime) -> None:
        data = msgspec.json.encode({"keys": sorted(record.objects)})
        self.state.store.put(marker_key(name, due), data, media_type=JSON)

    def _take_marker(self, name: str, due: datetime) -> None:
        """Delete a marker, and look again: by now the post may wait for that very time again."""
        self.state.store.delete(marker_key(name, due))
        if (now := self.read(name)).due == due:
            self._leave_marker(name, now, due)

    def _seen(self, key: str, before: ObjectSnapshot | None) -> ObjectSnapshot | None:
        """What the object at a key is; the last good entry stays where it cannot be read."""
        last = before.entry if before else None
        try:
            found = self.posts.get(key, self.config.limits.post_bytes)
        except TooLarge:
            stat = self.posts.head(key)
            version = stat.version if stat else ""
            return ObjectSnapshot(version, last, (too_large(key, self.config),))
        if found is None:
            return None
        version = found.stat.version
        with self._reading:
            reading = read_post(key, found.data, found.stat.modified, self.config)
            entry, problems = fill_entry(reading, self.config)
        if entry is None and any(problem.severity == "error" for problem in problems):
            entry = last
        return ObjectSnapshot(version, entry, problems)

    def shorten(self, name: str, record: Record) -> None:
        """Have a record with many places forget those that every index has been seen without."""
        if len(record.sort_keys) > _MANY_PLACES:
            self._forget(name, record)

    def _forget(self, name: str, record: Record) -> None:
        """Drop the feeds and places that every index has been seen without, if nobody minds."""
        now = self.state.world.now()
        shorter = build_record(
            record.config_fingerprint, Record(), record.objects, self.config, now
        )
        try:
            version, there = self.state.read(name, Record)
            if version and there.token == record.token:
                new = replace(shorter, token=self.state.world.token())
                self.state.write(name, new, version)
        except StoreError:
            return
