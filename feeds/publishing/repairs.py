"""Repairs of the state: replaces objects that cannot be read, and completes records.

Only the audit and a rebuild do this, since they know which posts to publish again afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

from feeds.documents.pagination import SortKey
from feeds.errors import Conflict, UnreadableState
from feeds.publishing.attachments import Attachments
from feeds.publishing.feed_list_writer import FeedListWriter
from feeds.publishing.feed_writer import FeedWriter, PublishedFeed
from feeds.publishing.index_filler import Filling, IndexFiller
from feeds.publishing.index_writer import IndexWriter
from feeds.publishing.record_writer import RecordWriter
from feeds.publishing.turns import Turns
from feeds.state.index_pages import IndexPages, StoredIndex
from feeds.state.keys import FEED_LIST, FEEDS, attachment_key, manifest_key, path_of_manifest
from feeds.state.manifest import Manifest, all_pages
from feeds.state.objects import Attachment, FeedList, FeedListItem, ObjectSnapshot, Record
from feeds.state.state_store import StateStore, Versioned
from feeds.stores.base import Store

MERGED_AT_ONCE = 500
"""The number of records that are merged into an index at once, which bounds the memory."""


def feed_paths(store: Store) -> list[str]:
    """Return the paths of the feeds that have an index."""
    paths = (path_of_manifest(stat.key) for stat in store.list(FEEDS))
    return [path for path in paths if path is not None]


class Repairs:
    """The repairs of a publisher's state."""

    def __init__(
        self,
        state: StateStore,
        records: RecordWriter,
        attachments: Attachments,
        indexes: IndexWriter,
        feed_writer: FeedWriter,
        feed_list: FeedListWriter,
        turns: Turns,
    ) -> None:
        self.state, self.records, self.attachments = state, records, attachments
        self.indexes, self.feed_writer, self.feed_list = indexes, feed_writer, feed_list
        self.turn = turns.turn
        self._filler = IndexFiller(indexes, records.config_fingerprint)

    @property
    def replaces_foreign(self) -> bool:
        """Whether files of other programs are overwritten at the places of new feeds."""
        return self.feed_writer.documents.replaces_foreign

    @contextmanager
    def replacing_unreadable_state(self) -> Iterator[bool]:
        """In this block, replace state objects that are damaged or of another version.

        Yields whether an index or the list of all feeds is unreadable. Then every post must be
        published again, since a record does not say whether an index has its entry.
        """

        def is_readable(key: str) -> bool:
            return self.state.is_readable(key, FeedList if key == FEED_LIST else Manifest)

        keys = [FEED_LIST, *map(manifest_key, feed_paths(self.state.store))]
        are_readable = self.state.runtime.map(is_readable, keys)
        self.replace_unreadable_state()
        try:
            yield not all(are_readable)
        finally:
            self.state.replaces_unreadable = False

    def replace_unreadable_state(self) -> None:
        """From now on, replace state objects that are damaged or of another version."""
        self.state.replaces_unreadable = True

    # --- records ---------------------------------------------------------------------------------

    def read_record(self, name: str) -> Record:
        """Read a record; a damaged one is replaced by an empty one."""
        return self.state.read_replacing_damaged(name, Record)[0].value

    def adopt(self, name: str, path: str, position: SortKey) -> None:
        """Let a record know that an index has an entry of its post at a position.

        After that, publishing the post removes the entry if it does not belong there.
        """
        record = self.records.read(name)
        if path not in record.feeds or position not in record.sort_keys:
            self.records.adopt(name, (path,), (position,))

    def forget_confirmed(self, name: str) -> None:
        """Let the next delivery of this post's messages update all its feeds."""
        if self.records.read(name).confirmed:
            self.records.adopt(name, (), ())

    def has_attachments(self, post: ObjectSnapshot, key: str) -> bool:
        """Return whether the files that the post at `key` depends on are as it was read with them.

        And whether notes say that it depends on them.
        """
        if post.attachment:
            stat = self.attachments.posts.head(post.attachment)
            if (stat.size if stat else 0) != post.attachment_size:
                return False
        files = [post.attachment] if post.attachment else []
        return all(self._is_noted(file, key) for file in (*files, *post.pages)) and all(
            self.records.page(file) == page for file, page in post.pages.items()
        )

    def _is_noted(self, file: str, key: str) -> bool:
        note, _ = self.state.read_replacing_damaged(attachment_key(file), Attachment)
        return key in note.value.posts

    def refresh_record(self, name: str, keys: Sequence[str]) -> Record:
        """Read the posts at `keys`, and write their record."""
        return self.records.refresh(name, keys)

    # --- indexes ---------------------------------------------------------------------------------

    def replace_damaged_index(self, path: str, stored: Collection[str]) -> bool:
        """Replace an index that is damaged, or that names stored pages that do not exist.

        `stored` are the names of the stored objects of the index, listed before. Returns whether
        the index is empty now, so that all its posts must be published again.
        """
        key = manifest_key(path)
        read, was_damaged = self.state.read_replacing_damaged(key, Manifest)
        if was_damaged:
            return True
        if self._was_written(read) and not self._lacks_pages(path, read.value, stored):
            return False
        self.state.replace(key, read, Manifest())
        return True

    def _was_written(self, read: Versioned[Manifest]) -> bool:
        """Return whether this program has written a manifest that exists: it has a token then."""
        return not read.version or bool(read.value.token)

    def empty_index(self, path: str, version: str) -> None:
        """Replace this version of an index by an empty one. Raises Conflict if it has changed."""
        self.state.replace(manifest_key(path), Versioned(version, Manifest()), Manifest())

    def manifest_versions(self) -> dict[str, str]:
        """Return the version of the manifest of each feed, by the path of the feed."""
        paths = feed_paths(self.state.store)
        versions = self.state.runtime.map(lambda p: self.state.version(manifest_key(p)), paths)
        return dict(zip(paths, versions, strict=True))

    def fill_feed(
        self, filling: Filling, record_names: Callable[[], Sequence[str]]
    ) -> PublishedFeed:
        """Write the whole index of a feed and its documents.

        If another worker has written the manifest since its version was read, merge the records at
        `record_names` into the index.
        """
        feed_list = self.feed_list.check()
        index = self._filler.fill(filling, feed_list)
        if index is None:
            published = self._merge(filling.path, record_names(), redelivered=filling.rewrite)
            if not filling.rewrite:
                return published
            index = self.indexes.mark_all_pending(filling.path, self.records.config_fingerprint)
        published = self.feed_writer.publish(index)
        self._filler.settle(index)
        return published

    def _merge(self, path: str, record_names: Sequence[str], *, redelivered: bool) -> PublishedFeed:
        """Update the index of a feed from these records, and write its documents."""
        changed: dict[str, None] = {}
        feed_list = self.feed_list.check()
        for start in range(0, max(len(record_names), 1), MERGED_AT_ONCE):
            names = record_names[start : start + MERGED_AT_ONCE]
            index = self.indexes.update(path, names, feed_list, redelivered=redelivered)
            published = self.feed_writer.publish(index, changed=changed)
        return published

    def _lacks_pages(self, path: str, manifest: Manifest, stored: Collection[str]) -> bool:
        """Return whether a manifest names an object that does not exist or cannot be read."""
        pages = IndexPages(self.state.store, path, self.state.runtime)
        named = [page_list.object for page_list in manifest.page_lists]
        if all(name in stored for name in named):
            try:
                named += [page.object for page in all_pages(manifest, pages)]
            except (Conflict, UnreadableState):
                return True
        # A page may be younger than the listing: look at it itself.
        return any(name not in stored and not pages.exists(name) for name in named)

    # --- the list of all feeds -------------------------------------------------------------------

    def listed_feeds(self) -> dict[str, FeedListItem]:
        """Return the feeds in the list of all feeds; replace the list if it is damaged."""
        return self.state.read_replacing_damaged(FEED_LIST, FeedList)[0].value.feeds

    # --- documents -------------------------------------------------------------------------------

    def wrong_archives(self, index: StoredIndex, names: Collection[str]) -> list[str]:
        """Return the archive pages among these whose documents are missing or wrong."""
        return self.indexes.wrong_archives(index, names)

    def mark_pending(self, path: str, archive_names: Collection[str]) -> StoredIndex:
        """Mark archive pages of a feed whose documents must be written again."""
        return self.indexes.mark_pending(path, archive_names)

    def repair_feed(self, index: StoredIndex) -> PublishedFeed:
        """Write the documents of a feed that differ from the newest version of its index."""
        return self.feed_writer.publish(index, keep_equal=True)

    def rewrite_feed(self, path: str) -> tuple[str, ...]:
        """Update the index of a feed, and write the documents that differ; return their paths."""
        self.indexes.update(path, (), self.feed_list.check())
        index = self.indexes.mark_all_pending(path, self.records.config_fingerprint)
        return self.feed_writer.publish(index).changed

    def delete_former_documents(self) -> list[str]:
        """Delete the documents at addresses that the site had before; return their paths."""
        return self.feed_writer.documents.delete_former()

    def repair_feed_list(self, feed_paths: Sequence[str]) -> tuple[str, ...]:
        """Update these feeds in the list of all feeds; write the documents that differ from it."""
        return self.feed_list.repair(feed_paths)
