"""Writes the list of all feeds, and the documents that show it: list of feeds = f(indexes).

An ordinary upload only checks that the list is current. It is written when a feed appears, becomes
empty, or changes its title.
"""

from __future__ import annotations

from collections.abc import Sequence

from feeds.config import Config
from feeds.documents.feed_list import feed_list_documents
from feeds.model import Document, ListedFeed
from feeds.publishing.document_writer import DocumentWriter
from feeds.state.keys import FEED_LIST, manifest_key
from feeds.state.manifest import Manifest
from feeds.state.objects import FeedList, FeedListItem
from feeds.state.state_store import StateStore


class FeedListWriter:
    """The list of all feeds, private and published."""

    def __init__(self, state_: StateStore, public: DocumentWriter, config: Config) -> None:
        self.state, self.public, self.config = state_, public, config

    def update(self, changed: Sequence[str]) -> list[str]:
        """Bring the catalog up to date with feeds, and publish it; the documents that changed."""

        def listed(old: FeedList) -> FeedList:
            keys = [manifest_key(path) for path in changed]
            found = self.state.world.each(lambda key: self.state.read(key, Manifest)[1], keys)
            feeds = dict(old.feeds)
            for path, one in zip(changed, found, strict=True):
                if path not in feeds or feeds[path].generation <= one.generation:
                    feeds[path] = FeedListItem(one.title, one.generation)
            return FeedList(feeds=dict(sorted(feeds.items())))

        version, known = self.state.swap(FEED_LIST, FeedList, listed)
        written, _ = self.public.show(FEED_LIST, version, known, lambda now: [self._documents(now)])
        return written

    def agrees(self, path: str, title: str, named: int, shown: dict[str, bool]) -> bool:
        """Whether the catalog calls a feed `title`, as of generation `named`, and is published so.

        `shown` remembers for a batch which catalogs, by their tokens, were seen to be published.
        """
        _, known = self.state.read(FEED_LIST, FeedList)
        listed = known.feeds.get(path)
        if listed is None or listed.title != title or listed.generation < named:
            return False
        if known.token not in shown:
            shown[known.token] = self.public.holds(self._documents(known))
        return shown[known.token]

    def _documents(self, known: FeedList) -> list[Document]:
        """The documents about the feeds that have entries."""
        feeds = known.feeds.items()
        titled = [ListedFeed(path, feed.title) for path, feed in feeds if feed.title]
        return list(feed_list_documents(titled, self.config))
