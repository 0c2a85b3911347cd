"""Counts the posts that a build does not publish, or not wholly: results of reading -> lines."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, tzinfo

from feeds.reading.post import ReadResult
from feeds.reading.publication_window import is_public, next_change

_MOST_REASONS = 20


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

    def lines(self, zone: tzinfo) -> list[str]:
        """A line for each reason, and one about the next change, in the time zone of the site."""
        lines = [f"{_posts(count)} left out: {reason}" for reason, count in _sorted(self.left_out)]
        lines += [f"{_posts(count)} locked: {reason}" for reason, count in _sorted(self.locked)]
        if self.expired:
            lines.append(f"{_posts(self.expired)} left out: expired")
        if self.next_change:
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
