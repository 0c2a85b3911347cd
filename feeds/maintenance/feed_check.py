"""Compares the documents of each feed with its index, and deletes what nothing refers to.

An index that cannot be read any more is replaced by an empty one, and its posts are published
again.
"""

from __future__ import annotations

from itertools import islice

from feeds import paths
from feeds.documents import feed_documents
from feeds.maintenance.findings import Findings
from feeds.state.index_pages import StoredIndex, feeds_with_pages, text_size
from feeds.state.keys import PROGRESS
from feeds.state.manifest import all_pages
from feeds.state.objects import FeedListItem
from feeds.stores.base import Stat
from feeds.stores.own_files import is_own_at

FEEDS_AT_ONCE = 64
"""Feeds that are checked at once, if there are as many threads and their texts are short."""


class FeedCheck:
    """The comparison of documents with indexes, in one audit."""

    def __init__(self, findings: Findings) -> None:
        self.findings, self.publisher = findings, findings.publisher
        self._repairs = self.publisher.repairs
        self.store, self.report = findings.store, findings.report
        self._layout = self.publisher.config.layout
        self._titles: dict[str, FeedListItem] = {}
        """What the list of all feeds must have of each feed, by its path."""
        self._seen: set[str] = set()
        self._lost: set[str] = set()

    def repair_feeds(self) -> set[str]:
        """Write the documents that do not match their index; delete unreferenced objects.

        Returns the paths of the feeds that have lost their index.
        """
        feeds = feeds_with_pages(self.store)
        while chunk := list(islice(feeds, FEEDS_AT_ONCE)):
            self.report.feeds += len(chunk)
            self._seen.update(path for path, _ in chunk)
            for repaired in self.publisher.runtime.map(self._repair_feed, chunk):
                self.report.documents += repaired
        self._find_documents_without_index()
        self._repair_feed_list()
        self._find_the_feed_of_all_posts()
        return self._lost

    def _find_documents_without_index(self) -> None:
        """Find the feeds that have documents of this program, and no index."""
        with self.findings.errors_of():
            for stat in self.store.list(paths.PUBLIC):
                path = self._layout.feed_of_document(stat.key.removeprefix(paths.PUBLIC))
                if path is None or path in self._seen or path in self._lost:
                    continue
                if is_own_at(stat.key, self.store, self._layout):
                    self._lost.add(path)

    def _find_the_feed_of_all_posts(self) -> None:
        """Note the feed of all posts if nothing of it is left, but something of its site is."""
        if "" not in self._seen | self._lost and self._is_anything_left():
            with self.findings.errors_of("all posts: "):
                self.publisher.refuse_foreign()
                self._lost.add("")

    def _is_anything_left(self) -> bool:
        """Return whether there is a feed, anything else of the state, or a document."""
        if self._seen or self._lost or any(s.key != PROGRESS for s in self.store.list(paths.STATE)):
            return True
        return any(
            is_own_at(stat.key, self.store, self._layout) for stat in self.store.list(paths.PUBLIC)
        )

    def _repair_feed_list(self) -> None:
        """Repair the list of all feeds and its documents; find the feeds that are only there."""
        with self.findings.errors_of():
            listed = self._repairs.listed_feeds()
            self._lost |= {p for p, item in listed.items() if item.title and p not in self._seen}
            unlisted = [
                path
                for path, wanted in self._titles.items()
                if (item := listed.get(path)) is None
                or item.title != wanted.title
                or item.generation < wanted.generation
            ]
            if self.report.feeds or self._lost:
                self.report.documents += len(self._repairs.repair_feed_list(unlisted))

    def _repair_feed(self, feed: tuple[str, list[Stat]]) -> int:
        """Repair one feed, or note that it has lost its index; return how many documents changed.

        `feed` is its path, with its stored pages and page lists.
        """
        path, pages = feed
        with self.findings.errors_of(f"{path or 'all posts'}: "), self._repairs.turn(path) as turn:
            if not self._repairs.replace_damaged_index(path, {paths.stem(p.key) for p in pages}):
                index = self.publisher.read_index(path)
                turn.size = text_size(index)
                return self._repair_documents(index, pages)
            self._lost.add(path)
        return 0

    def _repair_documents(self, index: StoredIndex, stored: list[Stat]) -> int:
        """Write the documents of one feed that are wrong, and delete what it does not use."""
        path = index.path
        pages = list(all_pages(index.manifest, index.pages))
        page_lists = index.manifest.page_lists
        used = {page.object for page in pages} | {page_list.object for page_list in page_lists}
        self.findings.sweep([stat for stat in stored if paths.stem(stat.key) not in used])
        names = {*(page.name for page in pages), index.manifest.newest_archive} - {""}
        archive = feed_documents.archive_pages_by_key(path, names, self.publisher.config)
        published = list(self.store.list(paths.PUBLIC + self._layout.archive_folder(path)))
        self.findings.sweep([stat for stat in published if stat.key not in archive])
        missing = {archive[key] for key in archive.keys() - {stat.key for stat in published}}
        if missing:
            index = self._repairs.mark_pending(path, missing)
        feed = self._repairs.repair_feed(index)
        title, generation = feed.title, feed.title_generation
        self._titles[path] = FeedListItem(title, generation)
        return len(feed.changed)
