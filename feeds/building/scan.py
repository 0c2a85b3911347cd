"""Owns reading all posts of a store for a full build: on every core, in bounded memory.

Workers open the store by its URL and read for themselves; what comes back is small. Entries wait in
a temporary file that stays in memory while it is small.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import NamedTuple, TypeVar

import msgspec

from feeds.building.site import PostSummary, summarize
from feeds.config import Config
from feeds.errors import Denied, TooLarge
from feeds.model import Entry, Problem
from feeds.reading.entry import fill_entry
from feeds.reading.post import ReadResult, read_post, too_large
from feeds.reading.selection import is_post
from feeds.stores.addresses import folder_of, open_store
from feeds.stores.base import Object, Store

_CHUNK = 250
SERIAL_BELOW = 400
_FETCHES = 16
_IN_MEMORY = 32_000_000

T = TypeVar("T")


class ChunkResult(NamedTuple):
    """What became of one chunk of posts."""

    heads: list[PostSummary]
    waiting: list[PostSummary]
    problems: list[Problem]
    passed: int


class PostScanner:
    """All posts of a store, read: a build's `EntrySource`. Use it as a context.

    `heads` are the posts to publish at `now`; `waiting` those whose time has not come; `problems`
    everything wrong with any post that was read so far; `drafts` counts those that are not meant to
    be published. Keys that `skip` is true of are no posts, whatever their names. `loading` hears
    how many entries are ready, of how many: on a large site that takes most of the time.
    """

    def __init__(
        self,
        store: Store,
        config: Config,
        now: datetime,
        jobs: int = 0,
        skip: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.store, self.config, self.now, self.skip = store, config, now, skip
        self.jobs = jobs or _cores()
        self.heads: list[PostSummary] = []
        self.waiting: list[PostSummary] = []
        self.problems: list[Problem] = []
        self.drafts = 0
        self.loading: Callable[[int, int], None] | None = None
        self._places: dict[str, tuple[int, int]] = {}
        self._spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self._pool: Executor | None = None

    def __enter__(self) -> PostScanner:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
        self._spool.close()

    def read(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Read every post: its place, or what is wrong with it. `progress` gets done and total."""
        keys = [
            stat.key
            for stat in self.store.list()
            if is_post(stat.key, self.config) and not self.skip(stat.key)
        ]
        done = 0
        for read in self._each(_read, keys):
            self.heads += read.heads
            self.waiting += read.waiting
            self.problems += read.problems
            self.drafts += read.passed
            done += _CHUNK
            if progress:
                progress(min(done, len(keys)), len(keys))

    def load(self, keys: Sequence[str]) -> Collection[str]:
        """Make entries ready (`site.EntrySource`)."""
        done = 0
        for entries, problems in self._each(_fill, keys):
            for key, data in entries:
                self._places[key] = (self._spool.seek(0, 2), self._spool.write(data))
            self.problems += problems
            done += _CHUNK
            if self.loading:
                self.loading(min(done, len(keys)), len(keys))
        return [key for key in keys if key not in self._places]

    def entry(self, key: str) -> Entry:
        """An entry that was loaded (`site.EntrySource`)."""
        start, size = self._places[key]
        self._spool.seek(start)
        return _entries.decode(self._spool.read(size))

    def _each(self, work: Callable[..., T], keys: Sequence[str]) -> Iterator[T]:
        chunks = [keys[at : at + _CHUNK] for at in range(0, len(keys), _CHUNK)]
        if not self.store.is_shared or self.jobs == 1 or len(keys) < SERIAL_BELOW:
            worker = _Worker(self.store, self.config, self.now)
            for chunk in chunks:
                yield work(chunk, worker)
            return
        if self._pool is None:
            # A fork copies one thread and the locks that the others hold; it is quick where it can.
            fork = sys.platform == "linux" and threading.active_count() == 1
            self._pool = ProcessPoolExecutor(
                min(self.jobs, len(chunks)),
                mp_context=multiprocessing.get_context("fork" if fork else "spawn"),
                initializer=_start,
                initargs=(self.store.url, self.config, self.now),
            )
        with _unstopped():
            waiting: list[Future[T]] = [self._pool.submit(work, chunk) for chunk in chunks]
        for future in waiting:
            yield future.result()


@contextmanager
def _unstopped() -> Iterator[None]:
    """Ctrl+C stops this process, which ends those that it starts in here; they do not hear it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _cores() -> int:
    """How many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_entries = msgspec.json.Decoder(Entry)


class _Worker(NamedTuple):
    store: Store
    config: Config
    now: datetime


_worker: _Worker | None = None


def _start(url: str, config: Config, now: datetime) -> None:
    global _worker
    _worker = _Worker(open_store(url), config, now)


def _objects(worker: _Worker, chunk: Iterable[str]) -> Iterator[Object | Problem]:
    limit = worker.config.limits.post_bytes

    def get(key: str) -> Object | Problem | None:
        try:
            return worker.store.get(key, limit)
        except TooLarge:
            return too_large(key, worker.config)
        except Denied as error:
            local = folder_of(worker.store.url)
            todo = "check its permissions" if local else "grant permission to read it"
            return Problem(key, 0, f"the post may not be read ({error})", todo)

    if not worker.store.is_remote:
        yield from (found for found in map(get, chunk) if found is not None)
        return
    with ThreadPoolExecutor(_FETCHES) as threads:
        yield from (found for found in threads.map(get, chunk) if found is not None)


def _readings(worker: _Worker, chunk: Iterable[str]) -> Iterator[ReadResult]:
    for found in _objects(worker, chunk):
        if isinstance(found, Problem):
            yield ReadResult(None, (found,))
        else:
            yield read_post(found.stat.key, found.data, found.stat.modified, worker.config)


def _read(chunk: Sequence[str], worker: _Worker | None = None) -> ChunkResult:
    worker = worker or _worker
    assert worker is not None
    result = ChunkResult([], [], [], 0)
    passed = 0
    for reading in _readings(worker, chunk):
        result.problems.extend(reading.problems)
        if reading.post is None:
            passed += not reading.failed
            continue
        due = reading.post.published <= worker.now
        (result.heads if due else result.waiting).append(summarize(reading.post, worker.config))
    return result._replace(passed=passed)


def _fill(
    chunk: Sequence[str], worker: _Worker | None = None
) -> tuple[list[tuple[str, bytes]], list[Problem]]:
    worker = worker or _worker
    assert worker is not None
    entries: list[tuple[str, bytes]] = []
    problems: list[Problem] = []
    for reading in _readings(worker, chunk):
        # It was read a moment ago. What was told then is told once (`Scan.problems` is a set).
        entry, found = fill_entry(reading, worker.config)
        problems += found
        if entry is not None:
            entries.append((entry.key, msgspec.json.encode(entry)))
    return entries, problems
