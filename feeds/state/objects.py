"""The stored objects: the record of a post, and the list of all feeds; how a record is built.

The third kind of object, the manifest of a feed, is in manifest.py. Each object carries a token
that is new with every write. An S3 ETag is a hash of the content, so only a token makes equal
content differ, and only a token shows a writer whose reply was lost that the write was its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec import Struct

from feeds.config import Config
from feeds.documents import pagination
from feeds.documents.pagination import SortKey
from feeds.model import Entry, Problem


class ObjectSnapshot(Struct, frozen=True, omit_defaults=True):
    """What one object was when it was last looked at: its version, and the last good entry.

    No entry: it is a draft, or was never one that could be read.
    """

    version: str
    entry: Entry | None = None
    problems: tuple[Problem, ...] = ()


class Record(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The state of one post: what it is now, and every feed and position that it may be in."""

    token: str = ""
    """New with each write, so that equal content never has an equal ETag."""
    config_fingerprint: str = ""
    """The configuration and version that read the post (`fingerprint`)."""
    objects: dict[str, ObjectSnapshot] = {}
    """The post's objects by key: one, or several with the same stem (`posts.id_from`)."""
    feeds: tuple[str, ...] = ()
    """A superset: the paths of the feeds that the post is in, and of those that it has left, until
    every index has confirmed the removal."""
    sort_keys: tuple[SortKey, ...] = ()
    """A superset, likewise: the positions that the post may have in an index."""
    due: datetime | None = None
    """When the post, or another version of it, becomes public; None: nothing is in the future."""
    previous_due: datetime | None = None
    """`due` of the record that this one replaced: its marker and its schedule must go."""

    def entry(self, now: datetime) -> Entry | None:
        """The post's entry at a time: of several objects with one stem, the last updated."""
        due = [
            seen.entry
            for seen in self.objects.values()
            if seen.entry is not None and seen.entry.published <= now
        ]
        return max(due, key=lambda entry: (entry.updated, entry.key), default=None)


class FeedListItem(Struct, frozen=True, array_like=True):
    """A feed in the catalog: its title (``""``: it is empty), and as of which generation."""

    title: str
    generation: int


class FeedList(Struct, frozen=True, forbid_unknown_fields=True):
    """The feeds of the site by path."""

    token: str = ""
    feeds: dict[str, FeedListItem] = {}


def build_record(
    made: str, old: Record, posts: dict[str, ObjectSnapshot], config: Config, now: datetime
) -> Record:
    """The record of a post whose objects are `posts` at `now`; it forgets no feed and no place."""
    entries = [seen.entry for seen in posts.values() if seen.entry is not None]
    feeds = {"", *(path for entry in entries for path in config.feed_paths(entry.terms))}
    places = {pagination.sort_key(entry) for entry in entries}
    return Record(
        config_fingerprint=made,
        objects=posts,
        feeds=tuple(sorted({*old.feeds, *feeds})),
        sort_keys=tuple(sorted({*old.sort_keys, *places})),
        due=min((e.published for e in entries if e.published > now), default=None),
        previous_due=old.due,
    )


def fingerprint(config: Config) -> str:
    """What tells records made by one configuration and version from those made by another."""
    from feeds import __version__

    settings = msgspec.json.encode([__version__, config], order="sorted")
    return hashlib.sha256(settings).hexdigest()[:16]


def problems(records: Iterable[Record]) -> list[Problem]:
    """Everything that is wrong with the posts of these records."""
    return sorted(
        problem
        for record in records
        for seen in record.objects.values()
        for problem in seen.problems
    )


def encode(value: Struct | tuple[Struct, ...]) -> bytes:
    """The stored form: JSON, so that a person can read it and offsets of dates stay."""
    return msgspec.json.encode(value)
