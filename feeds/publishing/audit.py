"""The audit: compares posts with records and indexes with documents, and repairs what differs.

It finds posts whose events were lost, posts that are older than the deployment, and work that a
crash has interrupted. It reads listings, and no post; also the record of each post that was
published within `CLOCK_MARGIN` of its upload, which is most of them. The keys of posts that differ
from their records go to the publish queue, as after an event. It also sets lost schedules again,
and deletes objects that nothing refers to (garbage collection).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

from msgspec import Struct

from feeds import paths
from feeds.documents import feed_documents
from feeds.errors import StoreError
from feeds.publishing.due_markers import DueMarker, Schedules
from feeds.publishing.journal import Journal
from feeds.publishing.publisher import Publisher
from feeds.state.index_pages import StoredIndex
from feeds.state.keys import FEEDS, RECORDS, feed_of_key, path_of_manifest
from feeds.state.manifest import all_pages
from feeds.stores.base import Stat

CLOCK_MARGIN = timedelta(minutes=15)
"""Time that a worker may need between the reading of a post and the end of its work."""

RECORD_TTL = timedelta(days=30)
"""How long the record of a deleted post is kept: longer than a message can stay in a queue."""

ORPHAN_AGE = timedelta(days=1)
"""Minimum age of an unreferenced object before the audit deletes it (garbage collection)."""


class AuditReport(Struct):
    """Counts of an audit: differences and repairs."""

    posts: int = 0
    """Posts in the store."""
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
) -> AuditReport:
    """Compare posts with records, and feeds with their indexes.

    `send` is called with each key of a post that must be published. The schedules of future posts
    are set again. `dry`: call `send`, but change nothing.
    """
    run = _Audit(publisher, send, schedules, dry=dry)
    run.check_posts()
    run.check_records()
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
    ) -> None:
        self.publisher, self.send, self.schedules, self.dry = publisher, send, schedules, dry
        self.store, self.now = publisher.feeds, publisher.runtime.now
        self.report = AuditReport()
        self._records_with_posts: set[int] = set()
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
        """Send the posts that are new, or newer than their record.

        It keeps eight bytes of each record's name, and the time of the record, in memory: about
        100 MB for a million posts.
        """
        records = {_key64(stat.key): stat.modified for stat in self.publisher.record_stats()}
        for stat in self.publisher.post_stats():
            self.report.posts += 1
            name = _key64(self.publisher.record_name(stat.key))
            self._records_with_posts.add(name)
            with self._errors_of():
                self._check_post(stat, records.get(name))
        self._has_other_records = not self._records_with_posts >= records.keys()

    def _check_post(self, stat: Stat, recorded: datetime | None) -> None:
        """Send a post without a record, or newer than its record (written at `recorded`)."""
        if recorded is None:
            self.report.new += 1
            self.send(stat.key)
        elif stat.modified > recorded - CLOCK_MARGIN and not self._is_recorded(stat):
            self.report.newer += 1
            self.send(stat.key)

    def _is_recorded(self, stat: Stat) -> bool:
        """Return whether the record has this version of the post."""
        record = self.publisher.read_record(self.publisher.record_name(stat.key))
        snapshot = record.objects.get(stat.key)
        return snapshot is not None and snapshot.version == stat.version

    def check_records(self) -> None:
        """Send the posts that do not exist any more; delete old records without posts."""
        if not self._has_other_records:
            return
        for stat in self.publisher.record_stats():
            if _key64(stat.key) not in self._records_with_posts:
                with self._errors_of():
                    self._check_record(stat)

    def _check_record(self, stat: Stat) -> None:
        """Send the objects in a record to which no post belongs; delete an old, empty record."""
        record = self.publisher.read_record(stat.key)
        self.report.gone += len(record.objects)
        for key in record.objects:
            self.send(key)
        if not record.objects:
            self._sweep([stat], RECORD_TTL)

    # --- posts with a future date, and work that was begun ---------------------------------------

    def check_due_markers(self) -> None:
        """Send the posts whose time has come; set the schedules of the others again.

        A crash may have left a second marker of a post. Use the earlier one: a check that is too
        early sets the right schedule; a check that is too late publishes late.
        """
        markers = self.publisher.due_markers()
        scheduled: set[str] = set()
        for marker in markers.all():
            if marker.when <= self.now():
                self.report.late += len(marker.post_keys)
                for key in marker.post_keys:
                    self.send(key)
                if self.now() - marker.when > ORPHAN_AGE and not self.dry:
                    markers.remove(marker)
            elif self.schedules and not self.dry:
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
        for path, pages in self._feeds_with_pages():
            self.report.feeds += 1
            with self._errors_of(f"{path or 'all posts'}: "):
                if not self._repair_feed(path, pages):
                    unlisted.append(path)
        if self.report.feeds:  # the documents about all feeds are checked even if all are listed
            self.report.documents += len(self.publisher.update_feed_list(unlisted))

    def _feeds_with_pages(self) -> Iterator[tuple[str, list[Stat]]]:
        """Yield each feed that has an index, with its stored pages and page lists."""
        listing = ((feed_of_key(stat.key), stat) for stat in self.store.list(FEEDS))
        for path, group in groupby(listing, key=itemgetter(0)):
            stats = [stat for _, stat in group]
            pages = [stat for stat in stats if path_of_manifest(stat.key) is None]
            if len(pages) < len(stats):
                yield path, pages

    def _repair_feed(self, path: str, stored: list[Stat]) -> bool:
        """Repair one feed; return whether the list of all feeds has its title."""
        index = self.publisher.read_index(path)
        pages = list(all_pages(index.manifest, index.pages))
        page_lists = index.manifest.page_lists
        used = {page.object for page in pages} | {page_list.object for page_list in page_lists}
        self._sweep([stat for stat in stored if paths.stem(stat.key) not in used])
        archive = self._archive_documents(index, [page.name for page in pages])
        published = list(self.store.list(paths.PUBLIC + paths.document(path, "archive/")))
        self._sweep([stat for stat in published if stat.key not in archive])
        missing = {archive[key] for key in archive.keys() - {stat.key for stat in published}}
        if missing:
            index = self.publisher.mark_pending(path, missing)
        feed = self.publisher.publish_index(index)
        self.report.documents += len(feed.changed)
        return feed.manifest.listed

    def _archive_documents(self, index: StoredIndex, names: list[str]) -> dict[str, str]:
        """Return the name of the archive page for each key that must have a document."""
        config = self.publisher.config
        if not config.feeds.archives:
            return {}
        return {
            paths.PUBLIC + key: name
            for name in {*names, index.manifest.newest_archive} - {""}
            for key in feed_documents.archive_keys(index.path, name, config)
        }

    def _sweep(self, unused: Sequence[Stat], age: timedelta = ORPHAN_AGE) -> None:
        """Delete unreferenced objects older than `age`: a worker may soon refer to a new one."""
        for stat in unused:
            if not self.dry and self.now() - stat.modified > age:
                self.store.delete(stat.key)
                self.report.swept += 1


def _key64(name: str) -> int:
    """Return the first 64 bits of the hash in a record's name."""
    return int(name.removeprefix(RECORDS).replace("/", "")[:16], 16)
