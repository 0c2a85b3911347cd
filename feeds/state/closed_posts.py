"""Says why posts are not in feeds, or not wholly: records or results of reading -> sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, tzinfo

from feeds.config import Config
from feeds.model import printable
from feeds.reading.post import ReadResult
from feeds.reading.publication_window import is_public, next_change
from feeds.reading.selection import ending_not_included, is_post
from feeds.state.objects import ObjectSnapshot, Record
from feeds.stores.base import Stat

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


class Tally:
    """How many files there are for each reason, and the first of them by its key."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[int, str]] = {}

    def add(self, reason: str, key: str, count: int = 1) -> None:
        """Count files; `key` is the first of them."""
        known, first = self._files.get(reason, (0, key))
        self._files[reason] = (known + count, min(first, key))

    def update(self, other: Tally) -> None:
        """Add the counts of other files."""
        for reason, (count, first) in other._files.items():
            self.add(reason, first, count)

    def rows(self) -> list[tuple[str, int, str]]:
        """Each reason with its count and an example, the most frequent first.

        Rare ones are together.
        """
        rows = [(reason, count, key) for reason, (count, key) in self._files.items()]
        rows.sort(key=lambda row: (-row[1], row[0]))
        rest = Tally()
        for _, count, key in rows[_MOST_REASONS:]:
            rest.add("other fields", key, count)
        return rows[:_MOST_REASONS] + (rest.rows() if rest._files else [])


class ClosedPosts:
    """The posts that are left out, locked or expired at a time, and the time of the next change."""

    def __init__(self) -> None:
        self.left_out = Tally()
        """The posts that are in no feed, by the fields that say so: ``draft: true``."""
        self.locked = Tally()
        """The posts that are in feeds without their text or a part of it, by the fields."""
        self.expired = Tally()
        """The posts that were public earlier."""
        self.expired_ids: set[str] = set()
        """The ids of these posts in feeds."""
        self.not_included = Tally()
        """The files that look like posts, by their ending, which `posts.include` does not have."""
        self.next_change: datetime | None = None
        """The next time at which a post becomes public or expires; None if none does."""

    def posts_among(
        self, stats: Iterable[Stat], config: Config, is_own: Callable[[str], bool] = lambda _: False
    ) -> Iterator[Stat]:
        """Yield the objects that are posts, and no files of this program; count others like posts.

        `is_own(key)` is whether a file was made by this program.
        """
        for stat in stats:
            if is_post(stat.key, config):
                if not is_own(stat.key):
                    yield stat
            elif ending := ending_not_included(stat.key, config):
                self.not_included.add(ending, stat.key)

    def count(self, key: str, read: ReadResult, now: datetime) -> None:
        """Count the post at `key`, which was read."""
        reason = read.decision.reason
        if read.post is None:
            if not read.failed:
                self.left_out.add(reason, key)
            return
        change = next_change(read.post, now)
        if is_public(read.post, now):
            if read.decision.is_locked:
                self.locked.add(reason, key)
        elif change is None:
            self.expired.add("expired", key)
            self.expired_ids.update([read.post.id, read.post.guid])
        self._set_next(change)

    def count_snapshot(self, key: str, snapshot: ObjectSnapshot, now: datetime) -> None:
        """Count the object of a record at `key`, which is not in feeds, or is locked."""
        reason, entry = snapshot.closed_by, snapshot.entry
        if entry is None:
            if reason:
                self.left_out.add(reason, key)
            return
        if is_public(entry, now):
            if reason:
                self.locked.add(reason, key)
        elif entry.published <= now:
            self.expired.add("expired", key)
        self._set_next(next_change(entry, now))

    def add(self, other: ClosedPosts) -> None:
        """Add the counts of other posts."""
        self.left_out.update(other.left_out)
        self.locked.update(other.locked)
        self.expired.update(other.expired)
        self.not_included.update(other.not_included)
        self.expired_ids |= other.expired_ids
        self._set_next(other.next_change)

    def _set_next(self, change: datetime | None) -> None:
        if change and (self.next_change is None or change < self.next_change):
            self.next_change = change

    def lines(self, zone: tzinfo | None = None) -> list[str]:
        """A line for each reason; with the time zone of the site, also one about the next build.

        They are printable text.
        """
        lines = []
        for words, tally in (
            ("left out", self.left_out),
            ("locked", self.locked),
            ("left out", self.expired),
        ):
            for reason, count, key in tally.rows():
                posts = "1 post" if count == 1 else f"{count:,} posts"
                lines.append(f"{posts} {words}: {reason} ({_example(key, count)})")
        lines += self.lines_of_files()
        if self.next_change and zone:
            when = f"{self.next_change.astimezone(zone):%Y-%m-%d %H:%M %z}"
            lines.append(f"build again at {when}: then the next post appears or expires")
        return [printable(line) for line in lines]

    def lines_of_files(self) -> list[str]:
        """A line for each ending of files that look like posts and are not in `posts.include`."""
        return [
            printable(
                f"{count:,} {ending} {'file is' if count == 1 else 'files are'} "
                f"not in posts.include ({_example(key, count)})"
            )
            for ending, count, key in self.not_included.rows()
        ]


def _example(key: str, count: int) -> str:
    return key if count == 1 else f"{key}, …"
