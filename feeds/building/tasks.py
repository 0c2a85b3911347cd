"""What the worker processes of a full build do: read posts in chunks, and render pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import NamedTuple

import msgspec

from feeds.building.site import Page, PostSummary, RenderedPage, render_page, summarize
from feeds.config import Config
from feeds.errors import Denied, TooLarge
from feeds.model import Entry, Problem
from feeds.reading.entry import fill_entry, linked_posts, page_of
from feeds.reading.post import ReadResult, read_post, too_large
from feeds.reading.publication_window import is_public
from feeds.state.closed_posts import ClosedPosts
from feeds.stores.addresses import folder_of, open_store
from feeds.stores.base import Object, Store
from feeds.stores.own_files import is_own

_PARALLEL_REQUESTS = 16
"""How many requests a worker process has open at the same time to a store behind a network."""


class ChunkResult(NamedTuple):
    """The result of reading one chunk of posts; the fields are those of `PostScanner`."""

    summaries: list[PostSummary]
    scheduled: list[PostSummary]
    problems: list[Problem]
    closed: ClosedPosts
    undated: list[str]
    entries: list[tuple[str, bytes]]
    """The entries that were read with their content, encoded, by key."""


_ENTRY_DECODER = msgspec.json.Decoder(Entry)


class Worker(NamedTuple):
    """What the tasks need; a worker process has its own."""

    store: Store
    """The store of the posts."""
    config: Config
    """The configuration of the site."""
    now: datetime
    """The time of the build."""


_worker: Worker | None = None
"""In a worker process: its own."""


def start_worker(url: str, config: Config, now: datetime) -> None:
    """Prepare a worker process for the tasks of this module; `url` is that of the store."""
    global _worker
    _worker = Worker(open_store(url), config, now)


def read_chunk(keys: Sequence[str], worker: Worker | None = None) -> ChunkResult:
    """Read posts without their content."""
    return _chunk_result(keys, worker, whole=False)


def read_whole(keys: Sequence[str], worker: Worker | None = None) -> ChunkResult:
    """Read posts with the content of those that are public now."""
    return _chunk_result(keys, worker, whole=True)


def _chunk_result(keys: Sequence[str], worker: Worker | None, *, whole: bool) -> ChunkResult:
    worker = worker or _worker
    assert worker is not None
    result = ChunkResult([], [], [], ClosedPosts(), [], [])
    for key, read in _read_posts(worker, keys):
        result.closed.count(key, read, worker.now)
        if whole and read.post and is_public(read.post, worker.now):
            _add_entry(read, worker, result.entries, result.problems)
        else:
            result.problems.extend(read.problems)
        if read.post is None:
            continue
        if read.undated:
            result.undated.append(key)
        if is_public(read.post, worker.now):
            result.summaries.append(summarize(read.post, worker.config))
        elif read.post.published > worker.now:
            result.scheduled.append(summarize(read.post, worker.config))
    return result


def load_chunk(
    keys: Sequence[str], worker: Worker | None = None
) -> tuple[list[tuple[str, bytes]], list[Problem]]:
    """Return the entries of these posts, encoded, and the problems of all of them.

    Each post was read before, for its summary, and is read again here for its content.
    """
    worker = worker or _worker
    assert worker is not None
    entries: list[tuple[str, bytes]] = []
    problems: list[Problem] = []
    for _, read in _read_posts(worker, keys):
        _add_entry(read, worker, entries, problems)
    return entries, problems


def _add_entry(
    read: ReadResult,
    worker: Worker,
    entries: list[tuple[str, bytes]],
    problems: list[Problem],
) -> None:
    """Add the entry of a post, unless its content cannot be used, and all problems of the post."""
    pages = _pages(worker, linked_posts(read, worker.config))
    entry, post_problems = fill_entry(read, worker.config, pages)
    problems += post_problems
    if entry is not None:
        entries.append((entry.key, msgspec.json.encode(entry)))


def render_encoded(task: tuple[Page, list[bytes]], worker: Worker | None = None) -> RenderedPage:
    """Render a page of these entries, which are encoded."""
    worker = worker or _worker
    assert worker is not None
    page, entries = task
    return render_page(page, [_ENTRY_DECODER.decode(data) for data in entries], worker.config)


def _read_posts(worker: Worker, keys: Iterable[str]) -> Iterator[tuple[str, ReadResult]]:
    """Yield the key of each post, and the result of reading it."""
    for fetched in _fetch(worker, keys):
        if isinstance(fetched, Problem):
            yield fetched.key, ReadResult(None, (fetched,))
        elif not is_own(fetched.stat.key, fetched.data, worker.config.layout):
            stat = fetched.stat
            read = read_post(stat.key, fetched.data, stat.modified, worker.config)
            read = read.with_attachment(_attachment_size(read, worker.store))
            yield stat.key, read.as_of(worker.now)


def _pages(worker: Worker, keys: Sequence[str]) -> dict[str, str]:
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


def _fetch(worker: Worker, keys: Iterable[str]) -> Iterator[Object | Problem]:
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
