"""Publishes most or all posts of a site at once: each record, index and document is written once.

Uploads go on meanwhile. The phases:

1. Read the version of each feed's manifest. Then write the records of all posts that need it, in
   worker processes, and keep their heads in a file (heads.py). The heads are read after the
   versions (rule 1 of the protocol).
2. Write the index of each feed from the heads, over the version that was read, and then its
   documents. If the manifest has another version, merge the records into it, as after an upload.
3. Write the list of all feeds.

A record that is current says that all indexes have it. Between phases 1 and 2 that is not true. So
the journal has an entry from before the first record until the end: if the rebuild is stopped, the
next one takes the heads of all records, also of those that it need not write, and fills all feeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby

from feeds.maintenance import bulk_worker
from feeds.maintenance.bulk_worker import (
    BulkWorker,
    FeedToFill,
    FilledFeed,
    FillTask,
    PostsOfRecord,
    ReadChunk,
    WorkerSettings,
)
from feeds.maintenance.heads import Heads, HeadsWriter, temporary_heads
from feeds.maintenance.journal import Journal, JournalWork, Remaining
from feeds.maintenance.rebuild_report import RebuildReport
from feeds.publishing.batch import PublishResult
from feeds.publishing.publisher import Publisher
from feeds.runtime import cores
from feeds.stores.base import Stat
from feeds.worker_process import ProcessPool

CHUNK_RECORDS = 250
"""The number of records that a worker writes before it returns their heads."""

SERIAL_BELOW = 400
"""Below this number of posts, this process does all: starting workers takes longer."""

TASK_POSITIONS = 2000
"""Small feeds are filled together, until they have as many positions."""


class BulkRebuild:
    """One rebuild in bulk."""

    progress: Callable[[int, int], None] | None = None
    on_phase: Callable[[str], None] = staticmethod(lambda _: None)
    batch = CHUNK_RECORDS

    def __init__(
        self,
        publisher: Publisher,
        journal: Journal,
        report: RebuildReport,
        on_batch: Callable[[PublishResult], None],
        jobs: int,
    ) -> None:
        self.publisher, self.journal, self.report = publisher, journal, report
        self.on_batch, self.jobs = on_batch, jobs or cores()
        self._gone: set[str] = set()

    def run(self, stats: Sequence[Stat], begun: JournalWork) -> set[str]:
        """Publish posts; return the keys in their records that were not listed.

        `begun` is the work of a rebuild that was stopped.
        """
        with ExitStack() as stack:
            remaining = stack.enter_context(self.journal.filling())
            versions = self._manifest_versions()
            writer = stack.enter_context(temporary_heads())
            workers = stack.enter_context(self._workers(begun, len(stats)))
            self._write_records(stats, begun, workers, writer, remaining)
            feeds = [
                FeedToFill(path, versions.get(path, ""), begun.all_records)
                for path in sorted(writer.paths)
            ]
            self._write_feeds(feeds, writer.finish(), workers, remaining)
        return self._gone

    def _manifest_versions(self) -> dict[str, str]:
        """Return the version of the manifest of each feed, before any record is read."""
        return self.publisher.repairs.manifest_versions()

    # --- phase 1 ---------------------------------------------------------------------------------

    def _write_records(
        self,
        stats: Sequence[Stat],
        begun: JournalWork,
        workers: _Workers,
        writer: HeadsWriter,
        remaining: Remaining,
    ) -> None:
        self.on_phase("reading")
        done = 0
        for chunk in workers.read(self._chunks(stats, begun)):
            writer.add(chunk.heads)
            self.report.add_posts(chunk.report)
            remaining.posts += chunk.failed
            self._gone.update(chunk.gone)
            self._report_problems(chunk)
            done = min(done + min(self.batch, CHUNK_RECORDS), len(stats))
            if self.progress:
                self.progress(done, len(stats))

    def _report_problems(self, chunk: ReadChunk) -> None:
        result = PublishResult(
            failed=frozenset(chunk.failed),
            changed=(),
            records={},
            failures=(),
            conflicts={},
            identity_problems=tuple(chunk.problems),
        )
        self.on_batch(result)

    def _chunks(self, stats: Sequence[Stat], begun: JournalWork) -> Iterator[list[PostsOfRecord]]:
        """Yield the posts in chunks; the posts of one record are together."""

        def name(stat: Stat) -> str:
            return self.publisher.record_name(stat.key)

        if self.publisher.config.posts.id_from != "key":
            stats = sorted(stats, key=name)
        chunk: list[PostsOfRecord] = []
        for _, group in groupby(stats, name):
            of_record = list(group)
            is_begun = any(stat.key in begun.posts for stat in of_record)
            chunk.append(PostsOfRecord(of_record, is_begun))
            if len(chunk) == min(self.batch, CHUNK_RECORDS):
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    # --- phases 2 and 3 --------------------------------------------------------------------------

    def _write_feeds(
        self,
        feeds: Sequence[FeedToFill],
        heads: Heads,
        workers: _Workers,
        remaining: Remaining,
    ) -> None:
        self.on_phase("writing feeds")
        if self.progress:
            self.progress(0, len(feeds))
        shared = heads.shared_ids()
        if shared:
            self.report.problems += len(shared)
            self._report_problems(ReadChunk([], RebuildReport(), problems=shared))
        unlisted: list[str] = []
        done = 0
        for filled in workers.fill(_tasks(feeds, heads), heads):
            for feed in filled:
                self._note(feed, unlisted, remaining)
            done += len(filled)
            if self.progress:
                self.progress(done, len(feeds))
        self._list_feeds(unlisted)

    def _list_feeds(self, paths: Sequence[str]) -> None:
        """Write the list of all feeds if it does not have these feeds."""
        if paths:
            self.report.documents += len(self.publisher.update_feed_list(sorted(paths)))

    def _note(self, feed: FilledFeed, unlisted: list[str], remaining: Remaining) -> None:
        """Note the result of one feed."""
        self.report.documents += len(feed.changed)
        if feed.error:
            self.report.errors.append(feed.error)
            remaining.all_records = True
        elif not feed.is_listed:
            unlisted.append(feed.path)

    def _workers(self, begun: JournalWork, posts: int) -> _Workers:
        return _Workers(self.publisher, begun, 1 if posts < SERIAL_BELOW else self.jobs)


def _tasks(feeds: Sequence[FeedToFill], heads: Heads) -> Iterator[list[FeedToFill]]:
    """Yield the feeds to fill together, the largest feeds first."""
    sizes = heads.sizes()
    task: list[FeedToFill] = []
    total = 0
    for feed in sorted(feeds, key=lambda feed: (-sizes.get(feed.path, 0), feed.path)):
        task.append(feed)
        total += sizes.get(feed.path, 0)
        if total >= TASK_POSITIONS:
            yield task
            task, total = [], 0
    if task:
        yield task


class _Workers:
    """Worker processes, or this process if it must do all. Use it as a context."""

    def __init__(self, publisher: Publisher, begun: JournalWork, jobs: int) -> None:
        posts, feeds = publisher.posts, publisher.feeds
        self._pool: ProcessPool | None = None
        self._alone = BulkWorker(
            publisher, all_posts=begun.all_posts, take_current=begun.all_records
        )
        if jobs > 1 and posts.is_shared and feeds.is_shared:
            settings = WorkerSettings(
                posts.url,
                feeds.url,
                publisher.config,
                begun.all_posts,
                begun.all_records,
                publisher.repairs.replaces_foreign,
            )
            may_fork = not (posts.is_remote or feeds.is_remote)  # their clients have threads
            self._pool = ProcessPool(jobs, bulk_worker.start_worker, (settings,), may_fork=may_fork)

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._pool:
            # The protocol holds wherever a process ends, and a large feed can take minutes.
            if kind is not None:
                self._pool.kill()
            self._pool.close()

    def read(self, chunks: Iterator[list[PostsOfRecord]]) -> Iterator[ReadChunk]:
        """Yield the results of reading these posts (`BulkWorker.read`)."""
        if self._pool is None:
            yield from map(self._alone.read, chunks)
        else:
            yield from self._pool.map(bulk_worker.read_task, chunks, 2 * self._pool.processes + 1)

    def fill(self, tasks: Iterator[list[FeedToFill]], heads: Heads) -> Iterator[list[FilledFeed]]:
        """Yield the results of filling these feeds (`BulkWorker.fill`)."""
        if self._pool is None:
            yield from (self._alone.fill(task, heads) for task in tasks)
        else:
            given = (FillTask(task, str(heads.file)) for task in tasks)
            yield from self._pool.map(bulk_worker.fill_task, given)
