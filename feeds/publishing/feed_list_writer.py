"""Writes the list of all feeds, and the documents that show it, from the manifests of the feeds.

An ordinary upload only checks that the list is current. The list is written when a feed appears,
becomes empty, or changes its title.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from feeds.config import Config
from feeds.documents import feed_documents
from feeds.documents.feed_list import feed_list_documents
from feeds.model import Document, ListedFeed
from feeds.publishing.document_writer import DocumentWriter, WriteLog
from feeds.state.keys import FEED_LIST, manifest_key
from feeds.state.manifest import Manifest
from feeds.state.objects import FeedList, FeedListItem
from feeds.state.state_store import StateStore, Versioned


class FeedListWriter:
    """Writes the private list of all feeds and its published documents."""

    def __init__(self, state: StateStore, documents: DocumentWriter, config: Config) -> None:
        self.state, self.documents, self.config = state, documents, config

    def update(self, feed_paths: Sequence[str], *, keep_equal: bool = False) -> tuple[str, ...]:
        """Update these feeds in the list, and publish it; return the documents that changed.

        `keep_equal`: see `WriteLog`.
        """
        keys = [manifest_key(path) for path in feed_paths]
        for attempt in self.state.attempts(FEED_LIST, FeedList):
            with attempt:
                if not attempt.old.token:
                    self.documents.refuse_foreign(self._document_keys())
                items = self.state.runtime.map(self._read_item, keys)
                feeds = {**attempt.old.feeds, **dict(zip(feed_paths, items, strict=True))}
                attempt.write(FeedList(feeds=dict(sorted(feeds.items()))))
        return self._publish(attempt.written, keep_equal=keep_equal)

    def refuse_foreign(self) -> None:
        """Raise StoreError if something of others is where every site has documents.

        They are those of the feed of all posts, and those about all feeds: as long as the state
        object that they are made of does not exist.
        """
        documents: list[str] = []
        if not self.state.version(manifest_key("")):
            documents += feed_documents.current_keys("", self.config)
        if not self.state.version(FEED_LIST):
            documents += self._document_keys()
        self.documents.refuse_foreign(documents)

    def repair(self, feed_paths: Sequence[str]) -> tuple[str, ...]:
        """Update these feeds in the list, and write the documents that differ from it.

        Returns the documents that changed. It does not write the list if it is right.
        """
        stored = self.state.read(FEED_LIST, FeedList)
        missing = [path for path in feed_paths if not self._has(stored.value, path)]
        if missing or not stored.version:
            return self.update(missing, keep_equal=True)
        return self._publish(stored, keep_equal=True)

    def _has(self, feed_list: FeedList, path: str) -> bool:
        """Return whether the list has the title of a feed's manifest, or a later one."""
        manifest, feed = self._read_manifest(manifest_key(path)), feed_list.feeds.get(path)
        return (
            feed is not None
            and feed.title == manifest.title
            and feed.generation >= manifest.title_generation
        )

    def _publish(self, stored: Versioned[FeedList], *, keep_equal: bool) -> tuple[str, ...]:
        log = WriteLog({}, {}, keep_equal)
        self.documents.publish(FEED_LIST, stored, self, log)
        return tuple(log.changed)

    def _document_keys(self) -> list[str]:
        return [document.path for document in feed_list_documents([], self.config)]

    def check(self) -> FeedListCheck:
        """Return a new check, for one batch."""
        return FeedListCheck(self)

    def _read_manifest(self, key: str) -> Manifest:
        return self.state.read(key, Manifest).value

    def _read_item(self, key: str) -> FeedListItem:
        manifest = self._read_manifest(key)  # in memory with all its entries: not for long
        return FeedListItem(manifest.title, manifest.generation)

    def batches(self, value: FeedList) -> Iterable[Sequence[Document]]:
        """Return the documents about the feeds that have entries, as one batch."""
        listed = [ListedFeed(path, feed.title) for path, feed in value.feeds.items() if feed.title]
        return [list(feed_list_documents(listed, self.config))]

    def delete_retired(self, value: FeedList, changed: Collection[str]) -> None:
        """Do nothing: the documents about all feeds are always there."""


class FeedListCheck:
    """Checks whether the published list of all feeds is current, and caches this for one batch."""

    def __init__(self, writer: FeedListWriter) -> None:
        self.writer = writer
        self._published: dict[str, bool] = {}

    def has(self, path: str) -> bool:
        """Return whether the list has this feed: then this program has made its documents."""
        return path in self.writer.state.read(FEED_LIST, FeedList).value.feeds

    def is_listed(self, path: str, title: str, generation: int) -> bool:
        """Return whether the published list has this title, from `generation` or a later one."""
        feed_list = self.writer.state.read(FEED_LIST, FeedList).value
        feed = feed_list.feeds.get(path)
        if feed is None or feed.title != title or feed.generation < generation:
            return False
        if feed_list.token not in self._published:
            (documents,) = self.writer.batches(feed_list)
            self._published[feed_list.token] = self.writer.documents.are_published(documents)
        return self._published[feed_list.token]
