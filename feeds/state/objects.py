"""The stored objects: the record of a post and the list of all feeds. A post -> its record.

The third kind of object, the manifest of a feed, is in manifest.py. Each object carries a token
that is new with every write. An S3 ETag is a hash of the content, so without a token two writes of
equal content would have equal ETags. And if the reply to a write is lost, the writer finds its own
token in the object, and knows that the write succeeded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec
from msgspec import Struct

from feeds.config import Config
from feeds.documents import pagination
from feeds.documents.pagination import SortKey
from feeds.model import Entry, Problem
from feeds.reading.identity import same_file_name
from feeds.reading.publication_window import is_public, next_change


class StateObject(Struct, frozen=True, forbid_unknown_fields=True):
    """A private object that is replaced by compare-and-swap (state_store.py)."""

    token: str = ""
    """A text that is new with each write."""


class ObjectSnapshot(Struct, frozen=True, omit_defaults=True):
    """An object in the store of posts, as a worker last read it."""

    version: str
    """The store's version of the object."""
    entry: Entry | None = None
    """Its last valid entry; None: it is left out of feeds, or no version of it was valid."""
    problems: tuple[Problem, ...] = ()
    """The problems of this version."""
    closed_by: str = ""
    """The fields that leave the post out or lock its text, such as ``draft: true``."""
    attachment: str = ""
    """The key of the file whose size is the length of the enclosure, if the post has none."""
    attachment_size: int = 0
    """The size of that file in bytes; 0 if it did not exist."""
    pages: dict[str, str] = {}
    """The addresses of the pages of the posts that it links to, by their keys; ``""`` for a post
    that did not exist, or has no page."""


class Record(StateObject, frozen=True, omit_defaults=True):
    """The state of one post: its current objects, and every feed and position it may be in."""

    config_fingerprint: str = ""
    """The configuration and version that read the post (`fingerprint`)."""
    objects: dict[str, ObjectSnapshot] = {}
    """The post's objects by key. With ``posts.id_from = "stem"``, one post may have several."""
    feeds: tuple[str, ...] = ()
    """The paths of the feeds that the post is in, and of those that it was in, until every index
    has confirmed the removal."""
    sort_keys: tuple[SortKey, ...] = ()
    """The positions that the post has in an index, and those that it had, likewise."""
    confirmed: tuple[str, ...] = ()
    """The paths of the feeds that have this version of the record, while others have failed. The
    next delivery of the same messages does not update them again."""
    due: datetime | None = None
    """The earliest future time at which one of the objects becomes public or expires, or at which a
    change of a public one counts (`Entry.as_of`); None if there is none."""
    previous_due: datetime | None = None
    """`due` of the record that this one replaced: its marker and schedule must be deleted."""

    def entry(self, now: datetime) -> Entry | None:
        """Return the post's entry at a time; of several objects, the one updated last."""
        entries = [
            snapshot.entry.as_of(now)
            for snapshot in self.objects.values()
            if snapshot.entry is not None and is_public(snapshot.entry, now)
        ]
        return max(entries, key=lambda entry: (entry.updated, entry.key), default=None)

    def hidden_objects(self, now: datetime) -> Iterator[Problem]:
        """Yield a warning for each public object of the post that is not its entry."""
        entry = self.entry(now)
        for key, snapshot in sorted(self.objects.items()):
            other = snapshot.entry
            if entry and other and other.published <= now and other.key != entry.key:
                yield same_file_name(entry.key, key)


class Attachment(StateObject, frozen=True):
    """The posts that depend on a file: it is their enclosure, or they link to it.

    A post stays in it when it changes.
    """

    posts: tuple[str, ...] = ()
    """The keys of the posts."""


class FeedListItem(Struct, frozen=True, array_like=True):
    """A feed in the list of all feeds. In JSON it is an array of these fields, in this order."""

    title: str
    """The feed's title; ``""``: the feed is empty."""
    generation: int
    """The generation of the manifest that had this title."""


class FeedList(StateObject, frozen=True):
    """The list of all feeds."""

    feeds: dict[str, FeedListItem] = {}
    """The feeds by path."""


def build_record(
    config_fingerprint: str,
    old: Record,
    objects: dict[str, ObjectSnapshot],
    config: Config,
    now: datetime,
) -> Record:
    """Return the record of a post with these objects.

    It keeps every feed and sort key of the old record.
    """
    entries = [snapshot.entry for snapshot in objects.values() if snapshot.entry is not None]
    feeds = {"", *(path for entry in entries for path in config.feed_paths(entry.terms))}
    sort_keys = {pagination.sort_key(entry) for entry in entries}
    return Record(
        config_fingerprint=config_fingerprint,
        objects=objects,
        feeds=tuple(sorted({*old.feeds, *feeds})),
        sort_keys=tuple(sorted({*old.sort_keys, *sort_keys})),
        due=min((time for entry in entries for time in _changes(entry, now)), default=None),
        previous_due=old.due,
    )


def _changes(entry: Entry, now: datetime) -> Iterator[datetime]:
    """The times after `now` at which a feed with this entry may change."""
    change = next_change(entry, now)
    if change is not None:
        yield change
    if now < entry.updated and is_public(entry, entry.updated):
        yield entry.updated


def fingerprint(config: Config) -> str:
    """Return a hash of the configuration, the program's version and its templates.

    A record with another fingerprint was made by another configuration or version. Documents with
    other templates are other documents, also between two versions.
    """
    from feeds import __version__
    from feeds.documents.theme import BUILT_IN

    settings = msgspec.json.encode([__version__, BUILT_IN, config], order="sorted")
    return hashlib.sha256(settings).hexdigest()[:16]


def problems(records: Iterable[Record]) -> list[Problem]:
    """Return the problems of the posts of these records, in order."""
    return sorted(
        problem
        for record in records
        for snapshot in record.objects.values()
        for problem in snapshot.problems
    )


def encode(value: Struct | tuple[Struct, ...]) -> bytes:
    """Return the stored form: JSON, which people can read and which keeps the offsets of dates."""
    return msgspec.json.encode(value)
