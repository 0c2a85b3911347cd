"""Reads all posts of a store for a full build: on every core, in bounded memory.

Worker processes open the store by its URL, read the posts in chunks, and render the pages
(tasks.py). Entries are kept in a temporary file, which stays in memory while it is small.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from feeds.building import tasks
from feeds.building.site import Page, PostSummary, RenderedPage, identity_problems
from feeds.building.tasks import Worker
from feeds.config import Config
from feeds.model import Problem
from feeds.runtime import cores
from feeds.state.closed_posts import ClosedPosts
from feeds.stores.base import Store
from feeds.worker_process import ProcessPool

CHUNK_SIZE = 250
"""How many posts a worker reads before it returns its results."""
SERIAL_BELOW = 400
"""Below this number of posts, this process reads them itself: starting workers takes longer."""
READ_WHOLE_BELOW = 2_000
"""Up to this number of posts, each is read once, with its content. Of more posts, most are in no
document, so those that are in one are read again, unless archives have them all."""
_SPOOL_BYTES = 32_000_000
"""The size up to which the file of entries stays in memory."""

T = TypeVar("T")
Item = TypeVar("Item")


class PostScanner:
    """All posts of a store, read for a full build. It is an `EntrySource`; use it as a context.

    `jobs` is the number of worker processes; 0 means one for each core. Documents of an earlier
    build among the posts, as after ``feeds build . public``, are skipped.
    """

    summaries: list[PostSummary]
    """The posts to publish at `now`."""
    scheduled: list[PostSummary]
    """The posts whose date is after `now`."""
    problems: list[Problem]
    """The problems of all posts read so far. A post that was read twice has its problems twice."""
    closed: ClosedPosts
    """What is left out, locked or expired, by reason."""
    undated: list[str]
    """The keys of the posts that have no date of their own, and so the time of their files."""
    on_load: Callable[[int, int], None] | None
    """Reports the progress of `load`: how many entries are loaded, of how many. On a large site a
    build spends most of its time there."""

    def __init__(
        self,
        store: Store,
        config: Config,
        now: datetime,
        jobs: int = 0,
    ) -> None:
        self.store, self.config, self.now = store, config, now
        self.jobs = jobs or cores()
        self.summaries, self.scheduled, self.problems, self.closed = [], [], [], ClosedPosts()
        self.undated = []
        self.on_load = None
        self._reads_whole = False
        self._spans: dict[str, tuple[int, int]] = {}
        self._spool = tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115
        self._pool: ProcessPool | None = None

    def __enter__(self) -> PostScanner:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.close()
        self._spool.close()

    def read(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Read every post: its summary, or its problems.

        `progress(done, total)` is called with numbers of posts.
        """
        keys = [stat.key for stat in self.closed.posts_among(self.store.list(), self.config)]
        self._reads_whole = self.config.feeds.archives or len(keys) < READ_WHOLE_BELOW
        task = tasks.read_whole if self._reads_whole else tasks.read_chunk
        done = 0
        for result in self._map_chunks(task, keys):
            self.summaries += result.summaries
            self.scheduled += result.scheduled
            self.problems += result.problems
            self.closed.add(result.closed)
            self.undated += result.undated
            self._keep(result.entries)
            done += CHUNK_SIZE
            if progress:
                progress(min(done, len(keys)), len(keys))
        self.problems += identity_problems(self.summaries, self.config)

    def load(self, keys: Sequence[str]) -> Collection[str]:
        """Load the entries of these posts (`EntrySource.load`)."""
        done = 0
        results = () if self._reads_whole else self._map_chunks(tasks.load_chunk, keys)
        for entries, problems in results:
            self._keep(entries)
            self.problems += problems
            done += CHUNK_SIZE
            if self.on_load:
                self.on_load(min(done, len(keys)), len(keys))
        return [key for key in keys if key not in self._spans]

    def _keep(self, entries: Iterable[tuple[str, bytes]]) -> None:
        for key, data in entries:
            self._spans[key] = (self._spool.seek(0, 2), self._spool.write(data))

    def rendered(self, pages: Sequence[Page]) -> Iterator[RenderedPage]:
        """Render pages of the entries that were loaded (`EntrySource.rendered`)."""
        with_entries = ((page, [self._data(key) for key in page.keys]) for page in pages)
        if self._is_serial(len(self._spans)):
            return (tasks.render_encoded(task, self._worker()) for task in with_entries)
        return self._map(tasks.render_encoded, with_entries, len(pages))

    def _data(self, key: str) -> bytes:
        """An entry that was loaded, encoded."""
        start, size = self._spans[key]
        self._spool.seek(start)
        return self._spool.read(size)

    def _map_chunks(self, task: Callable[..., T], keys: Sequence[str]) -> Iterator[T]:
        """Yield the result of `task` for each chunk of keys, in order."""
        chunks = [keys[at : at + CHUNK_SIZE] for at in range(0, len(keys), CHUNK_SIZE)]
        if self._is_serial(len(keys)):
            return (task(chunk, self._worker()) for chunk in chunks)
        return self._map(task, chunks, len(chunks))

    def _map(self, task: Callable[[Item], T], items: Iterable[Item], count: int) -> Iterator[T]:
        """Yield the result of `task` for each of `count` items, in order, by worker processes."""
        if self._pool is None:
            self._pool = ProcessPool(
                min(self.jobs, count),
                tasks.start_worker,
                (self.store.url, self.config, self.now),
                may_fork=not self.store.is_remote,  # its client has threads of its own
            )
        return self._pool.map(task, items, 2 * self.jobs)

    def _is_serial(self, posts: int) -> bool:
        """Return whether this process does the work for so many posts itself."""
        return not self.store.is_shared or self.jobs == 1 or posts < SERIAL_BELOW

    def _worker(self) -> Worker:
        return Worker(self.store, self.config, self.now)
