"""The audit: compares posts with records and indexes with documents, and repairs what differs.

It finds posts whose events were lost, posts that are older than the deployment, and work that a
crash has interrupted. It reads listings, and no post. It reads the record of each post that was
published within `CLOCK_MARGIN` of its upload, which is most of them, or that has the name of a
document. If such a file has no record, it reads the start of the file. The keys of posts that
differ from their records go to the publish queue, as after an event. It also sets lost schedules
again, and deletes objects that nothing refers to (garbage collection). It stops if most posts are
gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from msgspec import Struct

from feeds import paths
from feeds.documents import feed_documents
from feeds.errors import StoreError, TooManyRemovals
from feeds.publishing.due_markers import DueMarker, Schedules
from feeds.publishing.journal import Journal
from feeds.publishing.publisher import Publisher
from feeds.state.index_pages import feeds_with_pages
from feeds.state.keys import record_hash
from feeds.state.manifest import all_pages
from feeds.state.objects import ObjectSnapshot, Record
from feeds.stores.base import Stat
from feeds.stores.own_files import has_document_name, is_own_at
from feeds.stores.removals import check_removals

CLOCK_MARGIN = timedelta(minutes=15)
"""Time that a worker may need between the reading of a post and the end of its work."""

RECORD_TTL = timedelta(days=30)
"""How long the record of a deleted post is kept: longer than a message can stay in a queue."""

ORPHAN_AGE = timedelta(days=1)
"""Minimum age of an unreferenced object before the audit deletes it (garbage collection)."""


class AuditReport(Struct):
    """Counts of an audit: differences and repairs."""

    posts: int = 0
    """Posts in the store, without the documents of this program."""
    new: int = 0
    """Posts without a record."""
    newer: int = 0
    """Posts that are newer than their record."""
    gone: int = 0
    """Objects in records that do not exist any more."""
    late: int = 0
    """Posts with a marker whose time has come."""
    unfinished: int = 0
    """Posts in the journal."""
    feeds: int = 0
    """Feeds that were checked."""
    documents: int = 0
    """Documents that changed."""
    swept: int = 0
    """Unreferenced objects that were deleted."""
    errors: list[str] = []
    """Texts of the errors."""


def audit(
    publisher: Publisher,
    send: Callable[[str], None],
    schedules: Schedules | None = None,
    *,
    dry: bool = False,
    allow_removals: bool = False,
) -> AuditReport:
    """Compare posts with records, and feeds with their indexes.

    `send` is called with each key of a post that must be published. The schedules of posts that
    will appear or expire are set again. `dry`: call `send`, but change nothing.

    Raises TooManyRemovals, before it sends or changes anything, if most of the posts that are
    published were not found (feeds/stores/removals.py), unless `allow_removals` is set. A dry audit
    reports it as an error, and goes on.
    """
    run = _Audit(publisher, send, schedules, dry=dry, allow_removals=allow_removals)
    run.check_posts()
    run.check_records()
    run.send_posts()
    run.check_due_markers()
    run.check_journal()
    if not dry:
        run.repair_feeds()
    return run.report


class _Audit:
    """One run of the audit."""

    def __init__(
        self,
        publisher: Publisher,
        send: Callable[[str], None],
        schedules: Schedules | None,
        *,
        dry: bool,
        allow_removals: bool,
    ) -> None:
        self.publisher, self.send, self.schedules, self.dry = publisher, send, schedules, dry
        self.store, self.now = publisher.feeds, publisher.runtime.now
        self.allow_removals = allow_removals
        self.report = AuditReport()
        self._to_send: list[str] = []
        self._records_with_posts: set[int] = set()
        self._known = 0
        """The number of records to which a post belongs."""
        self._has_other_records = False

    @contextmanager
    def _errors_of(self, what: str = "") -> Iterator[None]:
        """Report an error of the store, and go on: one object never stops the audit."""
        try:
            yield
        except StoreError as error:
            self.report.errors.append(f"{what}{error}")

    # --- posts and records -----------------------------------------------------------------------

    def check_posts(self) -> None:
        """Find the posts that are new, or newer than their record.

        It keeps eight bytes of each record's name, and the time of the record, in memory: about
        100 MB for a million posts; and the keys of the posts to send, another 100 MB for a million.
        """
        records = {record_hash(stat.key): stat.modified for stat in self.publisher.record_stats()}
        for stat in self.publisher.post_stats():
            name = record_hash(self.publisher.record_name(stat.key))
            self._records_with_posts.add(name)
            self.report.posts += 1
            with self._errors_of():
                self._check_post(stat, records.get(name))
        self._known = len(self._records_with_posts & records.keys())
        self._has_other_records = self._known < len(records)

    def _check_post(self, stat: Stat, recorded: datetime | None) -> None:
        """Note a post without a record, or newer than its record, but no document of ours."""
        has_name = has_document_name(stat.key)
        if recorded is None:
            if has_name and is_own_at(stat.key, self.publisher.posts):
                self.report.posts -= 1
            else:
                self.report.new += 1
                self._to_send.append(stat.key)
            return
        if not (is_recent := stat.modified > recorded - CLOCK_MARGIN) and not has_name:
            return
        record = self.publisher.read_record(self.publisher.record_name(stat.key))
        snapshot = record.objects.get(stat.key)
        if is_recent and (snapshot is None or snapshot.version != stat.version):
            self.report.newer += 1
            self._to_send.append(stat.key)
        elif snapshot and snapshot == ObjectSnapshot(snapshot.version):  # neither post nor draft
            self.report.posts -= 1

    def check_records(self) -> None:
        """Find the posts that do not exist any more; delete old records without posts.

        Raises TooManyRemovals as soon as they are too many, unless this is a dry audit.
        """
        if not self._has_other_records:
            return
        published, empty = 0, list[Stat]()
        for stat in self.publisher.record_stats():
            if record_hash(stat.key) not in self._records_with_posts:
                with self._errors_of():
                    record = self.publisher.read_record(stat.key)
                    published += record.entry(self.now()) is not None and not self._is_found(record)
                    self.report.gone += len(record.objects)
                    self._to_send += record.objects
                    empty += [] if record.objects else [stat]
                if published > self._known and not self.dry:  # the others do not matter
                    self._check_removals(published)
        self._check_removals(published)
        self._sweep(empty, RECORD_TTL)

    def _check_removals(self, gone: int) -> None:
        """Raise TooManyRemovals if too many published posts are gone; a dry audit reports it."""
        if self.allow_removals or not gone:
            return
        stay = (
            stat
            for stat in self.publisher.record_stats()
            if record_hash(stat.key) in self._records_with_posts and self._is_in_feeds(stat)
        )
        try:
            check_removals(self.store.url, gone, stay, self.report.posts)
        except TooManyRemovals as error:
            if not self.dry:
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

    def send_posts(self) -> None:
        """Send the posts that differ from their records."""
        for key in self._to_send:
            self.send(key)

    # --- posts that wait for a time, and work that was begun -------------------------------------

    def check_due_markers(self) -> None:
        """Send the posts whose time has come; set the schedules of the others again.

        A crash may have left a second marker of a post. Use the earlier one: a check that is too
        early sets the right schedule; a check that is too late publishes late.
        """
        markers = self.publisher.due_markers()
        scheduled: set[str] = set()
        for marker in markers.all():
            if marker.error:
                self.report.errors.append(marker.error)
            elif marker.when <= self.now():
                self.report.late += len(marker.post_keys)
                for key in marker.post_keys:
                    self.send(key)
                if self.now() - marker.when > ORPHAN_AGE and not self.dry:
                    with self._errors_of():
                        markers.remove(marker)
            elif marker.post_keys and self.schedules and not self.dry:
                name = self.publisher.record_name(marker.post_keys[0])
                if name not in scheduled:
                    scheduled.add(name)
                    self._schedule(self.schedules, name, marker)

    def _schedule(self, schedules: Schedules, name: str, marker: DueMarker) -> None:
        with self._errors_of():
            schedules.set(name, marker.when, marker.post_keys)

    def check_journal(self) -> None:
        """Send the posts of the journal: a rebuild or `serve` was stopped before it was done."""
        journal = Journal(self.publisher)
        for entry in journal.entries():
            age = self.now() - entry.modified
            if age <= CLOCK_MARGIN:
                continue
            self.report.unfinished += len(entry.work.posts)
            for key in sorted(entry.work.posts):
                self.send(key)
            # Only a rebuild can clear records and rewrite feeds.
            only_posts = not (entry.work.records or entry.work.feeds)
            if age > ORPHAN_AGE and only_posts and not self.dry:
                journal.remove(entry)

    # --- feeds -----------------------------------------------------------------------------------

    def repair_feeds(self) -> None:
        """Write the documents that do not match their index; delete unreferenced objects."""
        unlisted: list[str] = []
        for path, pages in feeds_with_pages(self.store):
            self.report.feeds += 1
            with self._errors_of(f"{path or 'all posts'}: "):
                if not self._repair_feed(path, pages):
                    unlisted.append(path)
        if self.report.feeds:  # the documents about all feeds are checked even if all are listed
            self.report.documents += len(self.publisher.repair_feed_list(unlisted))

    def _repair_feed(self, path: str, stored: list[Stat]) -> bool:
        """Repair one feed; return whether the list of all feeds has its title."""
        index = self.publisher.read_index(path)
        pages = list(all_pages(index.manifest, index.pages))
        page_lists = index.manifest.page_lists
        used = {page.object for page in pages} | {page_list.object for page_list in page_lists}
        self._sweep([stat for stat in stored if paths.stem(stat.key) not in used])
        names = {*(page.name for page in pages), index.manifest.newest_archive} - {""}
        archive = feed_documents.archive_pages_by_key(path, names, self.publisher.config)
        published = list(self.store.list(paths.PUBLIC + paths.document(path, "archive/")))
        self._sweep([stat for stat in published if stat.key not in archive])
        missing = {archive[key] for key in archive.keys() - {stat.key for stat in published}}
        if missing:
            index = self.publisher.mark_pending(path, missing)
        feed = self.publisher.repair_feed(index)
        self.report.documents += len(feed.changed)
        return feed.manifest.listed

    def _sweep(self, unused: Sequence[Stat], age: timedelta = ORPHAN_AGE) -> None:
        """Delete unreferenced objects older than `age`: a worker may soon refer to a new one."""
        for stat in unused:
            if not self.dry and self.now() - stat.modified > age:
                self.store.delete(stat.key)
                self.report.swept += 1
