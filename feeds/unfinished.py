"""Owns notes of work that no queue would give out again, for who is at it may be stopped.

A record says that its post was looked at, not that the feeds have it. In the cloud the message
comes again; a rebuild, or a folder that is followed, has no messages. So what they are about to do
is written down before, and crossed out when it is done; the next rebuild does the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
from msgspec import Struct

from feeds import paths
from feeds.events import Message
from feeds.publish import Published, Publisher
from feeds.store import Stat

NOTES = paths.STATE + "unfinished/"


class Work(Struct, frozen=True, omit_defaults=True):
    """Posts to look at, by key; records to bury; feeds to write anew, by path."""

    posts: frozenset[str] = frozenset()
    records: frozenset[str] = frozenset()
    feeds: frozenset[str] = frozenset()

    def __or__(self, other: Work) -> Work:
        return Work(
            self.posts | other.posts, self.records | other.records, self.feeds | other.feeds
        )


def left(publisher: Publisher) -> list[tuple[Stat, Work]]:
    """What was begun and is not finished, with the notes that say so."""
    stats = list(publisher.feeds.list(NOTES))
    found = [(stat, publisher.feeds.get(stat.key)) for stat in stats]
    return [(stat, msgspec.json.decode(one.data, type=Work)) for stat, one in found if one]


def published(publisher: Publisher, keys: Sequence[str]) -> Published:
    """Publish posts; those that failed stay noted."""
    messages = [Message(id=key, keys=(key,), received=1, notes=()) for key in keys]
    key = _note(publisher, Work(posts=frozenset(keys)))
    done = publisher.publish(messages)
    _finish(publisher, key, Work(posts=done.failed))
    return done


def buried(publisher: Publisher, names: Sequence[str]) -> Published:
    """Bury records; those that failed stay noted."""
    key = _note(publisher, Work(records=frozenset(names)))
    done = publisher.bury(names)
    _finish(publisher, key, Work(records=done.failed))
    return done


@contextmanager
def renewing(publisher: Publisher, feeds: Sequence[str]) -> Iterator[None]:
    """Note feeds until the block is through."""
    key = _note(publisher, Work(feeds=frozenset(feeds)))
    yield
    _finish(publisher, key, Work())


def _note(publisher: Publisher, work: Work) -> str:
    key = f"{NOTES}{publisher.world.token()}.json"
    publisher.feeds.put(key, msgspec.json.encode(work), media_type="application/json")
    return key


def _finish(publisher: Publisher, key: str, rest: Work) -> None:
    if rest == Work():
        publisher.feeds.delete(key)
    else:
        publisher.feeds.put(key, msgspec.json.encode(rest), media_type="application/json")
