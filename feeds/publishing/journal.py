"""A journal for callers without a queue (`rebuild`, `serve`).

An entry is written before the work and removed after it, so that the work of a killed process can
be resumed. In the cloud the queue delivers the message again; these callers have no messages. The
next rebuild, or the audit, does what the journal still names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
from msgspec import Struct

from feeds import paths
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher, PublishResult
from feeds.stores.base import Stat

JOURNAL = paths.STATE + "unfinished/"


class JournalEntry(Struct, frozen=True, omit_defaults=True):
    """Posts to look at, by key; records to bury; feeds to write anew, by path."""

    posts: frozenset[str] = frozenset()
    records: frozenset[str] = frozenset()
    feeds: frozenset[str] = frozenset()

    def __or__(self, other: JournalEntry) -> JournalEntry:
        return JournalEntry(
            self.posts | other.posts, self.records | other.records, self.feeds | other.feeds
        )


def pending(publisher: Publisher) -> list[tuple[Stat, JournalEntry]]:
    """What was begun and is not finished, with the notes that say so."""
    stats = list(publisher.feeds.list(JOURNAL))
    found = [(stat, publisher.feeds.get(stat.key)) for stat in stats]
    return [(stat, msgspec.json.decode(one.data, type=JournalEntry)) for stat, one in found if one]


def publish_journaled(publisher: Publisher, keys: Sequence[str]) -> PublishResult:
    """Publish posts; those that failed stay noted."""
    messages = [Message(id=key, keys=(key,), received=1, notes=()) for key in keys]
    key = _note(publisher, JournalEntry(posts=frozenset(keys)))
    done = publisher.publish(messages)
    _finish(publisher, key, JournalEntry(posts=done.failed))
    return done


def clear_journaled(publisher: Publisher, names: Sequence[str]) -> PublishResult:
    """Bury records; those that failed stay noted."""
    key = _note(publisher, JournalEntry(records=frozenset(names)))
    done = publisher.bury(names)
    _finish(publisher, key, JournalEntry(records=done.failed))
    return done


@contextmanager
def renewal(publisher: Publisher, feeds: Sequence[str]) -> Iterator[None]:
    """Note feeds until the block is through."""
    key = _note(publisher, JournalEntry(feeds=frozenset(feeds)))
    yield
    _finish(publisher, key, JournalEntry())


def _note(publisher: Publisher, work: JournalEntry) -> str:
    key = f"{JOURNAL}{publisher.world.token()}.json"
    publisher.feeds.put(key, msgspec.json.encode(work), media_type="application/json")
    return key


def _finish(publisher: Publisher, key: str, rest: JournalEntry) -> None:
    if rest == JournalEntry():
        publisher.feeds.delete(key)
    else:
        publisher.feeds.put(key, msgspec.json.encode(rest), media_type="application/json")
