"""One batch of messages: the results so far, the failures, and the final result."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from msgspec import Struct

from feeds.model import Problem
from feeds.publishing.feed_list_writer import FeedListCheck
from feeds.state.objects import Record, problems


class Failure(Struct, frozen=True):
    """One record, feed or list that could not be updated."""

    what: str
    """The key, feed or list, and the error, as a text for the log."""
    records: tuple[str, ...]
    """The names of the records that depend on it: their messages must be delivered again."""
    key: str | None = None
    """The post's key, if the failure is about one post."""
    feed: str | None = None
    """The feed's path, if the failure is about one feed."""


class PublishResult(Struct, frozen=True):
    """Result of publishing a batch."""

    failed: frozenset[str]
    """The ids of the messages that must be delivered again."""
    changed: tuple[str, ...]
    """The paths of the documents that were written: their bytes changed, or the store's versions
    are not hashes of bytes."""
    records: dict[str, Record]
    """The records that were written, by name."""
    failures: tuple[Failure, ...]
    """The records, feeds and lists that could not be updated."""
    conflicts: dict[str, int]
    """How many conflicts there were, by the key of the state object."""

    identity_problems: tuple[Problem, ...] = ()
    """Warnings about posts that feeds do not show, because another post is the same entry."""

    @property
    def problems(self) -> list[Problem]:
        """The problems of the posts, in order."""
        return sorted({*problems(self.records.values()), *self.identity_problems})

    @property
    def errors(self) -> tuple[str, ...]:
        """The texts of the failures."""
        return tuple(failure.what for failure in self.failures)


class Time:
    """The time that a batch has."""

    def __init__(self, seconds: float) -> None:
        """It starts now."""
        self._seconds, self._start = seconds, time.monotonic()

    def is_half_over(self) -> bool:
        """Return whether half of the time is over."""
        return time.monotonic() - self._start >= self._seconds / 2

    def is_over(self) -> bool:
        """Return whether the time is over."""
        return time.monotonic() - self._start >= self._seconds


ENDLESS = Time(math.inf)


class Batch:
    """One batch in progress: the records written, the documents changed, the failures."""

    def __init__(
        self, feed_list: FeedListCheck, *, redelivered: bool = False, time: Time = ENDLESS
    ) -> None:
        self.feed_list, self.time, self.redelivered = feed_list, time, redelivered
        self.new_names: set[str] = set()
        """The names of records with a message that is delivered for the first time."""
        self.records: dict[str, Record] = {}
        self.changed: list[str] = []
        self.failures: list[Failure] = []
        self.identity_problems: set[Problem] = set()

    @property
    def failed_records(self) -> frozenset[str]:
        """The names of the records whose messages must be delivered again."""
        return frozenset(name for failure in self.failures for name in failure.records)

    def note_left(self, what: str, left: Sequence[str], names: Sequence[str]) -> None:
        """Note that no time was left for some posts or feeds, and the records concerned."""
        if left:
            text = f"{what} for which no time was left: {len(left):,}; the next delivery has them"
            self.failures.append(Failure(text, tuple(dict.fromkeys(names))))

    def records_by_feed(self) -> dict[str, list[str]]:
        """The names of the records that each feed depends on, by the feed's path, in order.

        Without the feeds that have confirmed a record.
        """
        by_feed: dict[str, list[str]] = {}
        for name, record in self.records.items():
            for path in sorted({*record.feeds} - {*record.confirmed}):
                by_feed.setdefault(path, []).append(name)
        return dict(sorted(by_feed.items()))
