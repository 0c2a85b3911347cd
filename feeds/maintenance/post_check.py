"""Compares posts with records: finds posts that are new, changed or gone.

It lists both, and reads no post. It reads a record if the post may have changed after a worker read
it, and a part of the others, so that all have been read after some nights.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from enum import Enum, auto
from itertools import islice
from typing import NamedTuple, TypeVar

from feeds.errors import StoreError, TooManyRemovals
from feeds.maintenance.findings import CLOCK_MARGIN, Findings
from feeds.publishing.due_markers import marker_key
from feeds.state.keys import record_hash
from feeds.state.objects import ObjectSnapshot, Record
from feeds.stores.base import Stat
from feeds.stores.own_files import has_document_name, is_own_at
from feeds.stores.removals import check_removals

RECORD_TTL = timedelta(days=30)
"""How long the record of a deleted post is kept: longer than a message can stay in a queue."""

CHUNK = 1_000
"""Posts whose records are read at once."""

T = TypeVar("T")


class Part(NamedTuple):
    """One of several equal parts of all records."""

    number: int
    """Its number, from 0."""
    of: int
    """The number of parts."""

    def has(self, name: int) -> bool:
        """Return whether a record is in this part; `name` is from `record_hash`."""
        return name % self.of == self.number


ALL = Part(0, 1)
NONE = Part(-1, 1)


class _Result(Enum):
    """What the comparison of a post with its record has shown."""

    OWN = auto()
    SAME = auto()
    NEWER = auto()
    COMPARED = auto()
    UNFINISHED = auto()


class PostCheck:
    """The comparison of posts with records, in one audit.

    It keeps eight bytes of each record's name, and the time of the record, in memory: about 100 MB
    for a million posts; and the keys of the posts to send, another 100 MB for a million.
    """

    def __init__(
        self,
        findings: Findings,
        *,
        listed: Collection[int],
        markers: Collection[str],
        part: Part,
        since: datetime | None,
    ) -> None:
        """`listed`: the records with an entry in the index of all posts, by `record_hash`.

        `markers` are the keys of the markers of posts that wait for a time. The records in `part`
        are read. An audit that started at `since` has looked at all posts before.
        """
        self.findings, self.publisher = findings, findings.publisher
        self.listed, self.markers, self.part, self.since = listed, markers, part, since
        self.report, self.now = findings.report, findings.now
        self._to_send: list[str] = []
        self._unfinished: list[str] = []
        self._gone: set[str] = set()
        """Objects that do not exist any more, of posts that still have another one."""
        self._records_with_posts: set[int] = set()
        self._known = 0
        """The number of records to which a post belongs."""
        self._has_other_records = False

    def check_posts(self) -> None:
        """Find the posts that are new, or different from their record."""
        records = {record_hash(stat.key): stat.modified for stat in self.publisher.record_stats()}
        for stats in in_chunks(self.publisher.post_stats()):
            self.report.posts += len(stats)
            names = [record_hash(self.publisher.record_name(stat.key)) for stat in stats]
            self._records_with_posts.update(names)
            doubtful: list[tuple[Stat, int]] = []
            for stat, name in zip(stats, names, strict=True):
                if (recorded := records.get(name)) is None:
                    self._note_new(stat.key)
                elif (
                    self.part.has(name)
                    or self._may_be_newer(stat, recorded)
                    or has_document_name(stat.key, self.publisher.config.layout)
                ):
                    doubtful.append((stat, name))
            results = self.publisher.runtime.map(self._compared, doubtful)
            for (stat, _), result in zip(doubtful, results, strict=True):
                self._count(stat.key, result)
        self._known = len(self._records_with_posts & records.keys())
        self._has_other_records = self._known < len(records)

    def _note_new(self, key: str) -> None:
        """Note a post without a record, unless it is a document of this program."""
        with self.findings.errors_of():
            layout = self.publisher.config.layout
            if has_document_name(key, layout) and is_own_at(key, self.publisher.posts, layout):
                self.report.posts -= 1
            else:
                self.report.new += 1
                self._to_send.append(key)

    def _may_be_newer(self, stat: Stat, recorded: datetime) -> bool:
        """Return whether a worker may have written the record of an older version at `recorded`.

        If it did, and the record is older than the last audit, that audit has seen it.
        """
        if stat.modified >= recorded:
            return True
        is_new = self.since is None or recorded > self.since - CLOCK_MARGIN
        return is_new and stat.modified > recorded - CLOCK_MARGIN

    def _compared(self, post: tuple[Stat, int]) -> _Result:
        """Compare a post with its record."""
        stat, short = post
        with self.findings.errors_of():
            name = self.publisher.record_name(stat.key)
            record = self._read_record(name)
            self._note_gone(record, stat.key)
            snapshot = record.objects.get(stat.key)
            if snapshot is None or snapshot.version != stat.version:
                return _Result.NEWER
            if snapshot == ObjectSnapshot(snapshot.version):  # neither a post nor a draft
                return _Result.OWN
            if not self.part.has(short):
                return _Result.SAME
            is_unfinished = self._is_unfinished(name, record, snapshot, stat.key)
            return _Result.UNFINISHED if is_unfinished else _Result.COMPARED
        return _Result.SAME

    def _note_gone(self, record: Record, key: str) -> None:
        """Note the other objects of a post that do not exist any more (``posts.id_from``)."""
        others = record.objects.keys() - {key}
        self._gone.update(other for other in others if self.publisher.posts.head(other) is None)

    def _count(self, key: str, result: _Result) -> None:
        if result == _Result.NEWER:
            self.report.newer += 1
            self._to_send.append(key)
        elif result == _Result.OWN:
            self.report.posts -= 1
        elif result != _Result.SAME:
            self.report.compared += 1
            if result == _Result.UNFINISHED:
                self._unfinished.append(key)

    def _read_record(self, name: str) -> Record:
        """Read a record; replace a damaged one, so that its post is published again."""
        publisher = self.publisher
        return (publisher if self.findings.dry else publisher.repairs).read_record(name)

    def _is_unfinished(self, name: str, record: Record, post: ObjectSnapshot, key: str) -> bool:
        """Return whether a step that follows the write of this record has not been done."""
        now = self.now()
        if record.entry(now) and record_hash(name) not in self.listed:
            return True
        if record.due and (record.due <= now or marker_key(name, record.due) not in self.markers):
            return True
        return not self.publisher.repairs.has_attachments(post, key)

    def check_records(self, *, allow_removals: bool) -> None:
        """Find the posts that do not exist any more; delete old records without posts.

        Raises TooManyRemovals as soon as they are too many, unless this is a dry audit.
        """
        if not self._has_other_records:
            return
        published, empty = 0, list[Stat]()
        for stat in self.publisher.record_stats():
            if record_hash(stat.key) not in self._records_with_posts:
                with self.findings.errors_of():
                    record = self._read_record(stat.key)
                    published += record.entry(self.now()) is not None and not self._is_found(record)
                    self.report.gone += len(record.objects)
                    self._to_send += record.objects
                    empty += [] if record.objects else [stat]
                if published > self._known and not (self.findings.dry or allow_removals):
                    self._check_removals(published)  # the others do not matter
        if published and not allow_removals:
            self._check_removals(published)
        self.findings.sweep(empty, RECORD_TTL)

    def _check_removals(self, gone: int) -> None:
        """Raise TooManyRemovals if too many published posts are gone; a dry audit reports it."""
        stay = (
            stat
            for stat in self.publisher.record_stats()
            if record_hash(stat.key) in self._records_with_posts and self._is_in_feeds(stat)
        )
        try:
            check_removals(self.findings.store.url, gone, stay, self.report.posts)
        except TooManyRemovals as error:
            if not self.findings.dry:
                raise
            self.report.errors.append(str(error))

    def _is_found(self, record: Record) -> bool:
        """Return whether an object of a record was found, and so belongs to another record now."""
        names = map(self.publisher.record_name, record.objects)
        return any(record_hash(name) in self._records_with_posts for name in names)

    def _is_in_feeds(self, stat: Stat) -> bool:
        """Return whether the post of a record is in feeds now; an unreadable record counts."""
        try:
            return self.publisher.read_record(stat.key).entry(self.now()) is not None
        except StoreError:
            return True

    def send(self) -> None:
        """Send the posts that differ from their records."""
        self.report.gone += len(self._gone)
        for key in (*self._to_send, *sorted(self._gone)):
            self.findings.send(key)
        for key in self._unfinished:
            self.findings.send_misplaced(key)


def in_chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """Yield the items in lists of at most `CHUNK`."""
    iterator = iter(items)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
