"""Says why posts are not in feeds, or not wholly: records or results of reading -> sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo

from feeds.reading.post import ReadResult
from feeds.reading.publication_window import is_public, next_change
from feeds.state.objects import ObjectSnapshot, Record

_MOST_REASONS = 20


def closed_posts(records: Iterable[Record], now: datetime) -> list[tuple[str, str]]:
    """The key of each object that is closed at a time, and why, in the order of the keys.

    It is left out or locked by fields, or it is not public yet or any more.
    """
    return sorted(
        (key, why)
        for record in records
        for key, snapshot in record.objects.items()
        for why in _reasons(snapshot, now)
    )


def _reasons(snapshot: ObjectSnapshot, now: datetime) -> Iterator[str]:
    entry = snapshot.entry
    if snapshot.closed_by:
        yield f"{'locked' if entry else 'left out'}: {snapshot.closed_by}"
    if entry and not is_public(entry, now):
        is_early = entry.published > now
        yield f"public from {entry.published}" if is_early else f"expired at {entry.expires}"


class ClosedPosts:
    """The posts that are left out, locked or expired at a time, and the time of the next change."""

    def __init__(self) -> None:
        self.left_out: Counter[str] = Counter()
        """How many posts are in no feed, by the fields that say so: ``draft: true``."""
        self.locked: Counter[str] = Counter()
        """How many posts are in feeds without their text or a part of it, by the fields."""
        self.expired = 0
        """How many posts were public earlier."""
        self.expired_ids: set[str] = set()
        """The ids of these posts in feeds."""
        self.next_change: datetime | None = None
        """The next time at which a post becomes public or expires; None if none does."""

    def count(self, read: ReadResult, now: datetime) -> None:
        """Count one post that was read."""
        reason = read.decision.reason
        if read.post is None:
            self.left_out.update([] if read.failed else [reason])
            return
        change = next_change(read.post, now)
        if is_public(read.post, now):
            self.locked.update([reason] if read.decision.is_locked else [])
        elif change is None:
            self.expired += 1
            self.expired_ids.update([read.post.id, read.post.guid])
        self._set_next(change)

    def count_snapshot(self, snapshot: ObjectSnapshot, now: datetime) -> None:
        """Count one object of a record, which is not in feeds, or is locked."""
        reason, entry = snapshot.closed_by, snapshot.entry
        if entry is None:
            self.left_out.update([reason] if reason else [])
            return
        if is_public(entry, now):
            self.locked.update([reason] if reason else [])
        elif entry.published <= now:
            self.expired += 1
        self._set_next(next_change(entry, now))

    def add(self, other: ClosedPosts) -> None:
        """Add the counts of other posts."""
        self.left_out += other.left_out
        self.locked += other.locked
        self.expired += other.expired
        self.expired_ids |= other.expired_ids
        self._set_next(other.next_change)

    def _set_next(self, change: datetime | None) -> None:
        if change and (self.next_change is None or change < self.next_change):
            self.next_change = change

    def lines(self, zone: tzinfo | None = None) -> list[str]:
        """A line for each reason; with the time zone of the site, also one about the next build."""
        lines = [f"{_posts(count)} left out: {reason}" for reason, count in _sorted(self.left_out)]
        lines += [f"{_posts(count)} locked: {reason}" for reason, count in _sorted(self.locked)]
        if self.expired:
            lines.append(f"{_posts(self.expired)} left out: expired")
        if self.next_change and zone:
            when = f"{self.next_change.astimezone(zone):%Y-%m-%d %H:%M %z}"
            lines.append(f"build again at {when}: then the next post appears or expires")
        return lines


def _sorted(counts: Counter[str]) -> list[tuple[str, int]]:
    """The reasons with their counts, the most frequent first; rare ones together."""
    pairs = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    rest = sum(count for _, count in pairs[_MOST_REASONS:])
    return pairs[:_MOST_REASONS] + ([("other fields", rest)] if rest else [])


def _posts(count: int) -> str:
    return f"{count:,} post" if count == 1 else f"{count:,} posts"
