"""Publishes all posts, removes those that are gone, and rewrites every feed.

That fills a bucket for the first time, and follows a change of feeds.toml. On request, it also
compares all records with all feeds (audit.py).

It publishes many posts in bulk (bulk.py) and few posts in batches, while uploads continue. It skips
a post if its record is of this configuration and of this version of the post, unless the journal
names the post (journal.py), or the post waits for a time: to appear or to expire. So it can be
stopped and started again at any time.

It replaces state objects that are damaged or of another version of the program. If an index is one
of them, no post is skipped.

An error of the store concerns one post or feed: it is reported, the journal keeps the post or feed,
and the rebuild goes on. Only an error of a listing, or of the list of all feeds, ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import reduce
from operator import or_

import msgspec
from msgspec import Struct

from feeds.errors import StoreError
from feeds.maintenance.audit import audit
from feeds.maintenance.bulk import BulkRebuild
from feeds.maintenance.journal import Journal, JournalWork
from feeds.maintenance.rebuild_report import RebuildReport, is_published
from feeds.publishing.batch import PublishResult
from feeds.publishing.publisher import Publisher
from feeds.state.objects import Record
from feeds.stores.base import Stat
from feeds.stores.removals import check_removals

BATCH_POSTS = 500
"""The number of posts that are published at once, if not all are."""

BULK_SHARE = 10
"""More than one post in so many, and more than a batch, are published in bulk."""


class _Few(Struct):
    """Posts to publish in batches."""

    keys: list[str] = []
    """Their keys."""
    gone: set[str] = msgspec.field(default_factory=set)
    """The keys in the records of all posts that are gone."""


def rebuild(
    publisher: Publisher,
    progress: Callable[[int, int], None] | None = None,
    on_batch: Callable[[PublishResult], None] = lambda _: None,
    batch: int = BATCH_POSTS,
    *,
    allow_removals: bool = False,
    deep: bool = False,
    on_phase: Callable[[str], None] = lambda _: None,
    jobs: int = 0,
) -> RebuildReport:
    """Publish all posts, remove those that do not exist any more, and rewrite every feed.

    `on_phase` is called with the name of each phase when it begins, `progress(done, total)` with
    numbers of posts, or of feeds, in this phase; `on_batch` with the result of each batch of at
    most `batch` posts. `jobs` is the number of worker processes; 0 means one for each core.
    `deep`: afterwards, compare all records and feeds (audit.py).

    Raises StoreError, before anything is published, if something of others is where every site has
    documents; and TooManyRemovals if most of the posts that are published were not found
    (feeds/stores/removals.py), unless `allow_removals` is set.
    """
    run = _Rebuild(publisher, progress, on_batch, batch, allow_removals=allow_removals)
    run.on_phase, run.jobs = on_phase, jobs
    run.publish_everything()
    if deep:
        run.compare_in_depth()
    return run.report


class _Rebuild:
    """One run of the rebuild."""

    def __init__(
        self,
        publisher: Publisher,
        progress: Callable[[int, int], None] | None,
        on_batch: Callable[[PublishResult], None],
        batch: int,
        *,
        allow_removals: bool,
    ) -> None:
        self.publisher, self.journal = publisher, Journal(publisher)
        self.progress, self.on_batch, self.batch = progress, on_batch, batch
        self.allow_removals = allow_removals
        self.on_phase: Callable[[str], None] = lambda _: None
        self.jobs = 0
        self.report = RebuildReport()
        self._all_posts = False
        """Publish every post, also those whose records are current."""
        self._published_gone = 0
        """How many posts that are in feeds do not exist any more."""

    def publish_everything(self) -> None:
        """Publish everything that is not published."""
        with self.publisher.repairs.replacing_unreadable_state() as index_is_unreadable:
            if index_is_unreadable:
                self.journal.begin_all_posts()
            self._publish_everything()

    def compare_in_depth(self) -> None:
        """Compare all records and feeds, and publish the posts that are misplaced."""
        keys: list[str] = []
        found = audit(self.publisher, keys.append, deep=True, allow_removals=self.allow_removals)
        self.report.errors += found.errors
        self.report.documents += found.documents
        for start in range(0, len(keys), self.batch):
            self._publish(keys[start : start + self.batch])
        self.report.posts += len(keys)

    def _publish_everything(self) -> None:
        entries = self.journal.entries()
        begun = reduce(or_, (entry.work for entry in entries), JournalWork())
        self._all_posts = begun.all_posts
        stats = list(self.publisher.post_stats(self.report.closed))
        keys = {stat.key for stat in stats}
        gone, orphans = self._without_posts(keys)
        if not self.allow_removals and self._published_gone:
            self._check_removals(keys)
        self.publisher.refuse_foreign()
        gone |= begun.posts - keys
        gone |= self._publish_posts(stats, begun)
        self._remove(sorted(gone), sorted(begun.records) + orphans)
        self._rewrite_feeds(begun.feeds)
        if not self.report.errors:
            self.report.documents += len(self.publisher.repairs.delete_former_documents())
        for entry in entries:
            self.journal.remove(entry)

    def _check_removals(self, keys: Collection[str]) -> None:
        """Raise TooManyRemovals if too many published posts are gone."""
        names = {self.publisher.record_name(key) for key in keys}
        stay = (
            stat
            for stat in self.publisher.record_stats()
            if stat.key in names and self._is_in_feeds(self._read_record(stat.key, self.report))
        )
        check_removals(self.publisher.feeds.url, self._published_gone, stay, len(keys))

    def _is_in_feeds(self, record: Record) -> bool:
        return record.entry(self.publisher.runtime.now()) is not None

    def _without_posts(self, keys: Collection[str]) -> tuple[set[str], list[str]]:
        """Return the keys of posts that are gone, and the names of orphaned records.

        A record is an orphan if its objects belong to another record now, as the names of records
        change with `posts.id_from`; or if it was unreadable.
        """
        gone: set[str] = set()
        orphans: list[str] = []
        for name, record in self._unknown_records(keys):
            if record.objects and all(
                self.publisher.record_name(key) == name for key in record.objects
            ):
                gone.update(record.objects)
                self._published_gone += self._is_in_feeds(record)
            else:
                orphans.append(name)
        return gone, orphans

    def _unknown_records(self, keys: Collection[str]) -> Iterator[tuple[str, Record]]:
        """Yield the records that belong to none of these keys, except empty ones."""
        names = {self.publisher.record_name(key) for key in keys}
        for stat in self.publisher.record_stats():
            if stat.key not in names:
                try:
                    record = self.publisher.read_record(stat.key)
                except StoreError as error:
                    self.report.errors.append(str(error))
                    continue
                if record.objects or not record.token:  # no token: it was unreadable
                    yield stat.key, record

    def _publish_posts(self, stats: Sequence[Stat], begun: JournalWork) -> set[str]:
        """Publish the posts that need it; return the keys in their records that are gone.

        If many posts need it, that is done in bulk (bulk.py).
        """
        few = None if begun.all_records else self._few_to_publish(stats, begun)
        if few is None:
            bulk = BulkRebuild(self.publisher, self.journal, self.report, self.on_batch, self.jobs)
            bulk.progress, bulk.on_phase, bulk.batch = self.progress, self.on_phase, self.batch
            return bulk.run(stats, begun)
        for start in range(0, len(few.keys), self.batch):
            keys = few.keys[start : start + self.batch]
            written = self._publish(keys)
            now = self.publisher.runtime.now()
            for key in keys:
                record = written.get(self.publisher.record_name(key))
                self.report.count_post(key, record, now, skipped=False)
        return few.gone

    def _few_to_publish(self, stats: Sequence[Stat], begun: JournalWork) -> _Few | None:
        """Return the posts that need to be published; None if they are many.

        Many are more than a batch, and more than one of `BULK_SHARE`.
        """
        few, report = _Few(), RebuildReport()
        runtime, most = self.publisher.runtime, max(self.batch, len(stats) // BULK_SHARE)
        for start in range(0, len(stats), self.batch):
            chunk = stats[start : start + self.batch]
            records = runtime.map(
                lambda stat: self._read_record(self.publisher.record_name(stat.key), report), chunk
            )
            now = runtime.now()
            for stat, record in zip(chunk, records, strict=True):
                few.gone.update(record.objects)
                if (
                    begun.all_posts
                    or stat.key in begun.posts
                    or not self._is_published(stat, record)
                ):
                    few.keys.append(stat.key)
                else:
                    report.count_post(stat.key, record, now, skipped=True)
            if len(few.keys) > most:
                return None
            if self.progress:
                self.progress(start + len(chunk), len(stats))
        self.report.add_posts(report)
        few.gone.difference_update(stat.key for stat in stats)
        return few

    def _is_published(self, stat: Stat, record: Record) -> bool:
        return is_published(self.publisher, stat, record)

    def _read_record(self, name: str, report: RebuildReport) -> Record:
        """Read a record; an empty one if it cannot be read. Then its post is published again."""
        try:
            return self.publisher.read_record(name)
        except StoreError as error:
            report.errors.append(str(error))
            return Record()

    def _remove(self, gone: Sequence[str], orphans: Sequence[str]) -> None:
        """Remove posts that are gone, and clear orphaned records."""
        for start in range(0, len(gone), self.batch):
            self._publish(gone[start : start + self.batch])
        for start in range(0, len(orphans), self.batch):
            self._count(self.journal.clear(orphans[start : start + self.batch]))
        self.report.gone = len(gone)

    def _rewrite_feeds(self, begun: Collection[str]) -> None:
        """Rewrite the feeds whose documents another configuration or version has written."""
        runtime, paths = self.publisher.runtime, self.publisher.feed_paths()
        are_current = runtime.map(self._is_feed_current, paths)
        stale = [
            path
            for path, is_current in zip(paths, are_current, strict=True)
            if not is_current or path in begun
        ]
        if stale or self._all_posts:
            with self.journal.rewriting(stale) as failed:
                changed = runtime.map(self._rewrite_feed, stale)
                failed.update(p for p, keys in zip(stale, changed, strict=True) if keys is None)
                self.report.count_documents(key for keys in changed for key in keys or ())
                listed = [path for path in paths if path not in failed]
                self.report.count_documents(self.publisher.update_feed_list(listed))
        self.report.feeds = len(paths)

    def _rewrite_feed(self, path: str) -> tuple[str, ...] | None:
        """Rewrite a feed; return the paths of the documents that changed, or None if it failed."""
        try:
            return self.publisher.repairs.rewrite_feed(path)
        except StoreError as error:
            self.report.errors.append(f"{path or 'all posts'}: {error}")
            return None

    def _is_feed_current(self, path: str) -> bool:
        try:
            return self.publisher.is_current(self.publisher.read_index(path).manifest)
        except StoreError:
            return False  # rewriting it reports the error

    def _publish(self, keys: Sequence[str]) -> Mapping[str, Record]:
        """Publish these posts, and return the records that were written, by name."""
        if not keys:
            return {}
        result = self.journal.publish(keys)
        self.report.problems += len(result.problems)
        self._count(result)
        return result.records

    def _count(self, result: PublishResult) -> None:
        self.report.count_documents(result.changed)
        self.report.errors.extend(result.errors)
        self.on_batch(result)
