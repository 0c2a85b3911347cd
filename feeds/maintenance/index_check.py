"""Compares records with indexes: each entry must be in every index where its record says, and in
no other.

The index of all posts gives the order: a part of it is a span of time. The records of its entries
say what all indexes must have in this span.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from itertools import islice
from typing import NamedTuple

import msgspec

from feeds.documents.pagination import SortKey, sort_key
from feeds.errors import DamagedState
from feeds.maintenance.findings import Findings
from feeds.maintenance.post_check import in_chunks
from feeds.model import Entry
from feeds.state.index_pages import IndexedPost, StoredIndex
from feeds.state.keys import page_key, record_hash
from feeds.state.manifest import Page, all_pages
from feeds.state.objects import Record
from feeds.state.page_edit import page_digest

PAGES_AT_ONCE = 64
"""Stored pages that are read at once: 16 MB for pages of 50 entries of 5 kB."""

MOST_PAGES = 1_000
"""Pages of the index of all posts in one span, at most: about 50,000 entries."""

_REPLACED = "the damaged index was replaced by an empty one; its posts are published again"

FIRST: SortKey = (-(2**62), "", "")
"""A position before all entries."""


class Span(NamedTuple):
    """A part of all indexes: the positions after `start`, up to `end`."""

    start: SortKey
    end: SortKey | None
    """None: up to the newest entry."""
    pages: Sequence[Page]
    """The stored pages of the index of all posts in this span."""

    def has(self, position: SortKey) -> bool:
        """Return whether a position is in the span."""
        return self.start < position and (self.end is None or position <= self.end)


class Expected(NamedTuple):
    """An entry that an index must have."""

    digest: int
    """Python's hash of its stored form."""
    key: str
    """The key of its post."""


class Differences(NamedTuple):
    """What is wrong with one index in a span."""

    strays: dict[SortKey, str]
    """The entries that no record has there, and the keys of their posts."""
    missing: list[str]
    """The keys of posts whose entries are missing or different."""
    archives: list[str]
    """The names of archive pages whose documents are missing or wrong."""


class IndexCheck:
    """The comparison of records with indexes, in one audit."""

    def __init__(self, findings: Findings) -> None:
        self.findings, self.publisher = findings, findings.publisher
        self.runtime, self.now = self.publisher.runtime, findings.now
        self._versions: dict[str, str] = {}
        """The version at which the index of each feed was read last."""
        self._damaged: dict[str, str] = {}
        """The versions of the indexes with a stored page that cannot be read."""

    def _read_index(self, path: str) -> StoredIndex:
        index = self.publisher.read_index(path)
        self._versions[path] = index.version
        return index

    @contextmanager
    def _reading(self, path: str) -> Iterator[None]:
        """Report an error of the store, and note an index that is damaged."""
        with self.findings.errors_of(f"{path or 'all posts'}: "):
            try:
                yield
            except DamagedState:
                if path in self._versions:
                    self._damaged[path] = self._versions[path]
                raise

    def replace_damaged(self) -> None:
        """Replace each index that has a damaged page by an empty one, and send its posts."""
        for path, version in self._damaged.items():
            label = path or "all posts"
            with self.findings.errors_of(f"{label}: "):
                self.publisher.repairs.empty_index(path, version)
                self.findings.report_error(f"{label}: {_REPLACED}")
        self.send_posts_of(self._damaged.keys())

    # --- the index of all posts ------------------------------------------------------------------

    def listed_records(self) -> set[int]:
        """Return the records with an entry in the index of all posts, by `record_hash`."""
        listed: set[int] = set()
        with self._reading(""):
            for post in self._indexed_posts():
                listed.add(record_hash(self.publisher.record_name(post.key)))
        return listed

    def _indexed_posts(self) -> Iterator[IndexedPost | Entry]:
        """Yield the posts in the index of all posts."""
        index = self._read_index("")
        pages = all_pages(index.manifest, index.pages)
        while chunk := list(islice(pages, PAGES_AT_ONCE)):
            for posts in self.runtime.map(lambda page: index.pages.posts(page.object), chunk):
                yield from posts
        yield from index.manifest.entries

    def send_posts_of(self, lost: Set[str]) -> None:
        """Send the posts of feeds that have lost their index; publish a feed that has none."""
        found: set[str] = set()
        with self.findings.errors_of("all posts: "):
            if "" in lost:
                for stat in self.publisher.post_stats():
                    found |= lost  # any post may be in any of these feeds
                    self.findings.send_misplaced(stat.key)
            elif lost:
                for post in self._indexed_posts():
                    if paths := lost & {*self.publisher.config.feed_paths(post.terms)}:
                        found |= paths
                        self.findings.send_misplaced(post.key)
            if empty := sorted(lost - found):
                for path in empty:
                    self.findings.report.documents += len(self.publisher.repairs.rewrite_feed(path))
                self.publisher.update_feed_list(empty)

    # --- a span of all indexes -------------------------------------------------------------------

    def span_after(self, start: SortKey | None, parts: int) -> Span:
        """Return the next span, which has at least one of `parts` equal parts of all posts."""
        start = start or FIRST
        with self.findings.errors_of("all posts: "):
            index = self.publisher.read_index("")
            pages = list(all_pages(index.manifest, index.pages))
            size = min(-(-len(pages) // parts), MOST_PAGES)
            rest = [page for page in pages if page.end > start]
            if size and len(rest) > size:
                return Span(start, rest[size - 1].end, rest[:size])
            return Span(start, None, rest)
        return Span(start, None, ())

    def check(self, span: Span) -> None:
        """Compare a span of all indexes with the records; send the posts that are misplaced."""
        expected = self._expected(span)
        feed_paths = sorted({*self.publisher.feed_paths(), *expected})
        for start in range(0, len(feed_paths), PAGES_AT_ONCE):
            chunk = feed_paths[start : start + PAGES_AT_ONCE]
            compared = self.runtime.map(
                lambda path: self._compare_feed(path, span, expected.get(path, {})), chunk
            )
            for path, differences in zip(chunk, compared, strict=True):
                with self.findings.errors_of(f"{path or 'all posts'}: "):
                    self._send(path, differences)

    def _expected(self, span: Span) -> dict[str, dict[SortKey, Expected]]:
        """Return what the indexes must have in a span, as the records say, by feed."""
        names: dict[str, None] = {}
        with self._reading(""):
            for entries in self._entries_in(self._read_index(""), span, span.pages):
                names |= dict.fromkeys(map(self.publisher.record_name, (e.key for e in entries)))
        expected: dict[str, dict[SortKey, Expected]] = {}
        for chunk in in_chunks(names):
            for record in self.runtime.map(self._read_record, chunk):
                entry = record.entry(self.now()) if record else None
                if entry is not None and span.has(position := sort_key(entry)):
                    for path in self.publisher.config.feed_paths(entry.terms):
                        wanted = Expected(_digest(entry), entry.key)
                        expected.setdefault(path, {})[position] = wanted
        return expected

    def _read_record(self, name: str) -> Record | None:
        with self.findings.errors_of():
            return self.publisher.read_record(name)
        return None

    def _compare_feed(
        self, path: str, span: Span, expected: dict[SortKey, Expected]
    ) -> Differences:
        """Compare one index in a span with what it must have there."""
        differences = Differences({}, [], [])
        with self._reading(path):
            index = self._read_index(path)
            pages = _pages_in(all_pages(index.manifest, index.pages), span)
            right: set[SortKey] = set()
            for entries in self._entries_in(index, span, pages):
                for entry in entries:
                    position = sort_key(entry)
                    wanted = expected.get(position)
                    if wanted is None:
                        differences.strays[position] = entry.key
                    elif wanted.digest == _digest(entry):
                        right.add(position)
            wrong = sorted(expected.keys() - right)
            differences.missing.extend(expected[position].key for position in wrong)
            if self.publisher.config.feeds.archives and not self.findings.dry:
                names = {*(page.name for page in pages), index.manifest.newest_archive} - {""}
                differences.archives.extend(self.publisher.repairs.wrong_archives(index, names))
        return differences

    def _send(self, path: str, differences: Differences) -> None:
        """Send the posts of these differences. The record of a stray entry must know of it."""
        for position, key in differences.strays.items():
            if not self.findings.dry:
                self.publisher.repairs.adopt(self.publisher.record_name(key), path, position)
            self.findings.send_misplaced(key)
        for key in differences.missing:
            self.findings.send_misplaced(key)
        if differences.archives:
            index = self.publisher.repairs.mark_pending(path, differences.archives)
            self.findings.report.documents += len(self.publisher.repairs.repair_feed(index).changed)

    def _entries_in(
        self, index: StoredIndex, span: Span, pages: Sequence[Page]
    ) -> Iterator[list[Entry]]:
        """Yield the entries of an index in a span, those of some pages at a time."""
        for start in range(0, len(pages), PAGES_AT_ONCE):
            chunk = pages[start : start + PAGES_AT_ONCE]
            stored = self.runtime.map(lambda page: self._read_page(index, page), chunk)
            yield [entry for page in stored for entry in page if span.has(sort_key(entry))]
        yield [entry for entry in index.manifest.entries if span.has(sort_key(entry))]

    def _read_page(self, index: StoredIndex, page: Page) -> tuple[Entry, ...]:
        """Read a stored page. Raises DamagedState if it is not the one that was written."""
        entries = index.pages.page(page.object)
        if page_digest(entries) != page.digest:
            raise DamagedState(f"{page_key(index.path, page.object)}: changed after it was written")
        return entries


def _pages_in(pages: Iterator[Page], span: Span) -> list[Page]:
    """The pages that may have entries in a span."""
    found: list[Page] = []
    for page in pages:
        if page.end > span.start:
            found.append(page)
        if span.end is not None and page.end >= span.end:
            break
    return found


def _digest(entry: Entry) -> int:
    return hash(msgspec.json.encode(entry))
