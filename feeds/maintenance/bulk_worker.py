"""One worker of a rebuild in bulk: posts -> records and their heads; heads -> indexes, documents.

A worker is a process with a publisher of its own, or the process of the rebuild itself. Nothing is
shared but the stores and the file of heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from feeds.config import Config
from feeds.errors import StoreError
from feeds.maintenance.heads import Heads, RecordHeads, heads_of
from feeds.maintenance.rebuild_report import RebuildReport, is_published
from feeds.model import Problem
from feeds.publishing.index_filler import Filling
from feeds.publishing.publisher import Publisher
from feeds.runtime import ThreadedRuntime
from feeds.state.objects import Record, problems
from feeds.stores.addresses import open_store
from feeds.stores.base import Stat


class PostsOfRecord(Struct):
    """The posts of one record, as they were listed."""

    stats: list[Stat]
    """Their stats; at least one."""
    begun: bool = False
    """Whether the journal names one of them."""


class ReadChunk(Struct):
    """Result of reading the posts of some records."""

    heads: list[RecordHeads]
    """The heads of the records that were written, or taken as they are."""
    report: RebuildReport
    """Counts, and errors."""
    failed: list[str] = []
    """The keys of posts whose records could not be written."""
    gone: list[str] = []
    """The keys of objects in these records that were not listed."""
    problems: list[Problem] = []
    """The problems of the posts that were read."""


class FeedToFill(Struct):
    """A feed whose index is to be written in one go."""

    path: str
    """The path of the feed."""
    version: str
    """The version of its manifest before the first record was read; ``""``: there was none."""
    rewrite: bool
    """Whether all archive documents are to be written again."""


class FilledFeed(Struct):
    """Result of writing the index and the documents of one feed."""

    path: str
    """The path of the feed."""
    changed: tuple[str, ...] = ()
    """The paths of the documents that changed."""
    is_listed: bool = True
    """Whether the list of all feeds has its title."""
    error: str = ""
    """Why it failed; ``""`` if it did not."""


class BulkWorker:
    """Does the tasks of a rebuild in bulk.

    `all_posts`: read every post, also those whose records are current. `take_current`: take the
    heads of records that are current; else these posts are skipped, as all indexes have them.
    """

    def __init__(self, publisher: Publisher, *, all_posts: bool, take_current: bool) -> None:
        self.publisher, self.runtime = publisher, publisher.runtime
        self.all_posts, self.take_current = all_posts, take_current

    # --- phase 1: records ------------------------------------------------------------------------

    def read(self, posts: Sequence[PostsOfRecord]) -> ReadChunk:
        """Write the records of posts that need it, and return the heads of the records."""
        chunk = ReadChunk([], RebuildReport())
        for one in self.runtime.map(self._read_one, posts):
            chunk.heads += one.heads
            chunk.report.add_posts(one.report)
            chunk.failed += one.failed
            chunk.gone += one.gone
            chunk.problems += one.problems
        return chunk

    def _read_one(self, posts: PostsOfRecord) -> ReadChunk:
        result = ReadChunk([], RebuildReport())
        name = self.publisher.record_name(posts.stats[0].key)
        record: Record | None
        try:
            record = self.publisher.read_record(name)
        except StoreError as error:
            result.report.errors.append(str(error))
            record = Record()
        result.gone += sorted(record.objects.keys() - {stat.key for stat in posts.stats})
        todo = [stat.key for stat in posts.stats if self._must_be_read(posts, stat, record)]
        if todo:
            record = self._write(name, todo, result)
        now = self.runtime.now()
        if record is not None and (todo or self._is_taken()):
            result.heads.append(heads_of(name, record, self.publisher.config, now))
        for stat in posts.stats:
            result.report.count_post(stat.key, record, now, skipped=stat.key not in todo)
        return result

    def _is_taken(self) -> bool:
        """Return whether the indexes may not have a record that is current."""
        return self.take_current

    def _must_be_read(self, posts: PostsOfRecord, stat: Stat, record: Record) -> bool:
        return self.all_posts or posts.begun or not is_published(self.publisher, stat, record)

    def _write(self, name: str, keys: Sequence[str], result: ReadChunk) -> Record | None:
        """Read posts and write their record; None if that failed."""
        try:
            record = self.publisher.repairs.refresh_record(name, keys)
            self.publisher.due_markers.update(name, record)
        except StoreError as error:
            result.report.errors.append(f"{keys[0]}: {error}")
            result.failed += keys
            return None
        result.problems += {*problems([record]), *record.hidden_objects(self.runtime.now())}
        result.report.problems += len(result.problems)
        return record

    # --- phase 2: indexes and documents ----------------------------------------------------------

    def fill(self, feeds: Sequence[FeedToFill], heads: Heads) -> list[FilledFeed]:
        """Write the indexes and the documents of some feeds."""
        return self.runtime.map(lambda feed: self._fill_one(feed, heads), feeds)

    def _fill_one(self, feed: FeedToFill, heads: Heads) -> FilledFeed:
        repairs, path = self.publisher.repairs, feed.path
        filling = Filling(path, feed.version, heads.changes(path), feed.rewrite)
        try:
            with repairs.turn(path):
                published = repairs.fill_feed(filling, lambda: heads.record_names(path))
        except StoreError as error:
            return FilledFeed(path, error=f"{path or 'all posts'}: {error}")
        return FilledFeed(path, published.changed, published.listed)


# --- in a worker process -------------------------------------------------------------------------


class WorkerSettings(Struct):
    """What a worker process needs to make a publisher."""

    posts: str
    """The address of the store of posts."""
    feeds: str
    """The address of the store of feeds."""
    config: Config
    """The configuration."""
    all_posts: bool
    """See `BulkWorker`."""
    take_current: bool
    """See `BulkWorker`."""
    replace: bool
    """Whether files of other programs are overwritten at the places of new feeds."""


class FillTask(Struct):
    """Some feeds to fill."""

    feeds: list[FeedToFill]
    """The feeds."""
    heads: str
    """The path of the file of heads."""


_worker: BulkWorker | None = None
"""The worker of this process."""


def start_worker(given: WorkerSettings) -> None:
    """Make the worker of this process."""
    global _worker
    posts, feeds = open_store(given.posts), open_store(given.feeds)
    # Threads only wait for one another unless the store is behind a network.
    runtime = ThreadedRuntime(threads=32 if posts.is_remote or feeds.is_remote else 1)
    publisher = Publisher(posts, feeds, given.config, runtime, replace=given.replace)
    publisher.repairs.replace_unreadable_state()
    _worker = BulkWorker(publisher, all_posts=given.all_posts, take_current=given.take_current)


def read_task(posts: Sequence[PostsOfRecord]) -> ReadChunk:
    """Do `BulkWorker.read` in a worker process."""
    assert _worker is not None
    return _worker.read(posts)


def fill_task(task: FillTask) -> list[FilledFeed]:
    """Do `BulkWorker.fill` in a worker process."""
    assert _worker is not None
    return _worker.fill(task.feeds, Heads(Path(task.heads)))
