"""Reads all posts of a store for a full build: on every core, in bounded memory.

Worker processes open the store by its URL and read the posts in chunks. They return summaries,
problems and the entries that are asked for. Entries are kept in a temporary file, which stays in
memory while it is small.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import NamedTuple, TypeVar

import msgspec

from feeds.building.site import PostSummary, identity_problems, summarize
from feeds.config import Config
from feeds.errors import Denied, TooLarge
from feeds.model import Entry, Problem
from feeds.reading.entry import fill_entry, linked_posts, page_of
from feeds.reading.post import ReadResult, read_post, too_large
from feeds.reading.publication_window import is_public
from feeds.runtime import cores
from feeds.state.closed_posts import ClosedPosts
from feeds.stores.addresses import folder_of, open_store
from feeds.stores.base import Object, Store
from feeds.stores.own_files import is_own
from feeds.worker_process import ProcessPool

CHUNK_SIZE = 250
"""How many posts a worker reads before it returns its results."""
SERIAL_BELOW = 400
"""Below this number of posts, this process reads them itself: starting workers takes longer."""
_PARALLEL_REQUESTS = 16
"""How many requests a worker process has open at the same time to a store behind a network."""
_SPOOL_BYTES = 32_000_000
"""The size up to which the file of entries stays in memory."""

T = TypeVar("T")


class ChunkResult(NamedTuple):
    """The result of reading one chunk of posts; the fields are those of `PostScanner`."""

    summaries: list[PostSummary]
    scheduled: list[PostSummary]
    problems: list[Problem]
    closed: ClosedPosts
    undated: list[str]


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
        done = 0
        for result in self._map_chunks(_read_chunk, keys):
            self.summaries += result.summaries
            self.scheduled += result.scheduled
            self.problems += result.problems
            self.closed.add(result.closed)
            self.undated += result.undated
            done += CHUNK_SIZE
            if progress:
                progress(min(done, len(keys)), len(keys))
        self.problems += identity_problems(self.summaries, self.config)

    def load(self, keys: Sequence[str]) -> Collection[str]:
        """Load the entries of these posts (`EntrySource.load`)."""
        done = 0
        for entries, problems in self._map_chunks(_load_chunk, keys):
            for key, data in entries:
                self._spans[key] = (self._spool.seek(0, 2), self._spool.write(data))
            self.problems += problems
            done += CHUNK_SIZE
            if self.on_load:
                self.on_load(min(done, len(keys)), len(keys))
        return [key for key in keys if key not in self._spans]

    def entry(self, key: str) -> Entry:
        """Return an entry that was loaded (`EntrySource.entry`)."""
        start, size = self._spans[key]
        self._spool.seek(start)
        return _ENTRY_DECODER.decode(self._spool.read(size))

    def _map_chunks(self, task: Callable[..., T], keys: Sequence[str]) -> Iterator[T]:
        """Yield the result of `task` for each chunk of keys, in order."""
        chunks = [keys[at : at + CHUNK_SIZE] for at in range(0, len(keys), CHUNK_SIZE)]
        if not self.store.is_shared or self.jobs == 1 or len(keys) < SERIAL_BELOW:
            worker = _Worker(self.store, self.config, self.now)
            for chunk in chunks:
                yield task(chunk, worker)
            return
        if self._pool is None:
            self._pool = ProcessPool(
                min(self.jobs, len(chunks)), _start_worker, (self.store.url, self.config, self.now)
            )
        yield from self._pool.map(task, chunks)


# --- in a worker ---------------------------------------------------------------------------------

_ENTRY_DECODER = msgspec.json.Decoder(Entry)


class _Worker(NamedTuple):
    store: Store
    config: Config
    now: datetime


_worker: _Worker | None = None
"""In a worker process: the store and the configuration that its tasks use."""


def _start_worker(url: str, config: Config, now: datetime) -> None:
    global _worker
    _worker = _Worker(open_store(url), config, now)


def _read_chunk(keys: Sequence[str], worker: _Worker | None = None) -> ChunkResult:
    worker = worker or _worker
    assert worker is not None
    result = ChunkResult([], [], [], ClosedPosts(), [])
    for key, read in _read_posts(worker, keys):
        result.problems.extend(read.problems)
        result.closed.count(key, read, worker.now)
        if read.post is None:
            continue
        if read.undated:
            result.undated.append(key)
        if is_public(read.post, worker.now):
            result.summaries.append(summarize(read.post, worker.config))
        elif read.post.published > worker.now:
            result.scheduled.append(summarize(read.post, worker.config))
    return result


def _load_chunk(
    keys: Sequence[str], worker: _Worker | None = None
) -> tuple[list[tuple[str, bytes]], list[Problem]]:
    """Return the entries of these posts, encoded, and the problems of all of them.

    Each post was read before, for its summary, and is read again here for its content.
    """
    worker = worker or _worker
    assert worker is not None
    entries: list[tuple[str, bytes]] = []
    problems: list[Problem] = []
    for _, read in _read_posts(worker, keys):
        pages = _pages(worker, linked_posts(read, worker.config))
        entry, post_problems = fill_entry(read, worker.config, pages)
        problems += post_problems
        if entry is not None:
            entries.append((entry.key, msgspec.json.encode(entry)))
    return entries, problems


def _read_posts(worker: _Worker, keys: Iterable[str]) -> Iterator[tuple[str, ReadResult]]:
    """Yield the key of each post, and the result of reading it."""
    for fetched in _fetch(worker, keys):
        if isinstance(fetched, Problem):
            yield fetched.key, ReadResult(None, (fetched,))
        elif not is_own(fetched.stat.key, fetched.data):
            stat = fetched.stat
            read = read_post(stat.key, fetched.data, stat.modified, worker.config)
            read = read.with_attachment(_attachment_size(read, worker.store))
            yield stat.key, read.as_of(worker.now)


def _pages(worker: _Worker, keys: Sequence[str]) -> dict[str, str]:
    """The addresses of the pages of these posts, by key; ``""`` for one that has none."""
    posts = (found for found in _fetch(worker, keys) if not isinstance(found, Problem))
    found = {post.stat.key: page_of(post, worker.config) for post in posts}
    return dict.fromkeys(keys, "") | found


def _attachment_size(read: ReadResult, store: Store) -> int:
    """The size in bytes of the file that may be the post's enclosure; 0 if there is none."""
    key = read.post.attachment if read.post else ""
    try:
        stat = store.head(key) if key else None
    except Denied:
        return 0
    return stat.size if stat else 0


def _fetch(worker: _Worker, keys: Iterable[str]) -> Iterator[Object | Problem]:
    """Yield the objects at these keys, in order; nothing for one that was deleted meanwhile."""
    limit = worker.config.limits.post_bytes

    def get(key: str) -> Object | Problem | None:
        try:
            return worker.store.get(key, limit)
        except TooLarge:
            return too_large(key, worker.config)
        except Denied as error:
            if folder_of(worker.store.url):
                return Problem(key, 0, "no permission to read this file", "")
            return Problem(key, 0, f"no permission to read it ({error})", "grant s3:GetObject")

    if not worker.store.is_remote:
        yield from (fetched for fetched in map(get, keys) if fetched is not None)
        return
    with ThreadPoolExecutor(_PARALLEL_REQUESTS) as threads:
        yield from (fetched for fetched in threads.map(get, keys) if fetched is not None)
