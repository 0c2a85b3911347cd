"""Writes the documents of one feed: its index -> Atom, RSS, JSON Feed, HTML, and their archive."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct

from feeds import paths
from feeds.config import Config
from feeds.documents import feed_documents, pagination
from feeds.errors import Conflict
from feeds.model import Document
from feeds.publishing.document_writer import DocumentWriter, WriteLog
from feeds.state.index_pages import IndexPages, StoredIndex
from feeds.state.keys import manifest_key
from feeds.state.manifest import Manifest, pending_in_order
from feeds.state.objects import fingerprint
from feeds.state.state_store import Versioned

BATCH_BYTES = 1_000_000
"""Bytes of archive documents that are written at once; the last page of a batch may exceed it."""

MAX_REMEMBERED = 5_000
"""The number of feeds whose last write a process remembers."""


class PublishedFeed(Struct, frozen=True):
    """Result of publishing one feed."""

    changed: tuple[str, ...]
    """The paths of the documents that changed."""
    title: str
    """The title of the feed, in the manifest that the documents were made of."""
    title_generation: int
    """The generation of the manifest that got this title first."""
    listed: bool
    """Whether the list of all feeds has the title."""


class LastWrite(Struct, frozen=True):
    """The documents of a feed, as this process last wrote them."""

    token: str
    """The token of the manifest that they were made of."""
    versions: dict[str, tuple[str, int]]
    """As in `WriteLog`."""


class FeedWriter:
    """Writes the documents of all feeds."""

    def __init__(self, documents: DocumentWriter, config: Config) -> None:
        self.documents, self.config = documents, config
        self._fingerprint = fingerprint(config)
        self._last_writes: OrderedDict[str, LastWrite] = OrderedDict()
        self._rendering = threading.Lock()  # threads that only compute slow each other down

    def publish(
        self,
        index: StoredIndex,
        *,
        keep_equal: bool = False,
        changed: dict[str, None] | None = None,
    ) -> PublishedFeed:
        """Publish the documents of a feed from the newest version of its index.

        `keep_equal`: see `WriteLog`. `changed` gets the paths of the documents that this call may
        have changed, also if it fails.
        """
        log = WriteLog({} if changed is None else changed, {}, keep_equal)
        last = self._last_writes.pop(index.path, None)
        manifest = index.manifest
        if not (
            last
            and last.token == index.previous_token
            and self._publish_if_unchanged(index, last, log)
        ):
            manifest = self.documents.publish(
                manifest_key(index.path),
                Versioned(index.version, manifest),
                _FeedDocuments(index.path, index.pages, self),
                log,
            )
        self._last_writes[index.path] = LastWrite(manifest.token, log.versions)
        if len(self._last_writes) > MAX_REMEMBERED:
            self._last_writes.popitem(last=False)
        return PublishedFeed(
            tuple(log.changed), manifest.title, manifest.title_generation, manifest.listed
        )

    def _publish_if_unchanged(self, index: StoredIndex, last: LastWrite, log: WriteLog) -> bool:
        """Try the fast path: only this process has written the feed since `last`.

        Returns whether it succeeded. It needs no request for the versions of the documents, because
        they are those of the last write. The successful write of the manifest has already shown
        that the source is current. If another worker has written a document since, the write of
        that document conflicts. A document that stays the same, and archive documents, need the
        slow path.
        """
        manifest = index.manifest
        if manifest.pending or manifest.tombstones:
            return False
        writes: list[tuple[Document, str]] = []
        for document in self.current_documents(index.path, manifest):
            version, hash_ = last.versions.get(document.path, ("", 0))
            if hash(document.data) == hash_:
                return False
            writes.append((document, version))
        try:
            self.documents.write(writes, log)
        except Conflict:
            return False
        return self._is_newest(index)

    def _is_newest(self, index: StoredIndex) -> bool:
        """Return whether the manifest still has the version of `index` (rule 4)."""
        return self.documents.state.version(manifest_key(index.path)) == index.version

    def current_documents(self, path: str, manifest: Manifest) -> list[Document]:
        """Return the documents with the newest entries of a feed."""
        entries = pagination.newest_first(manifest.entries, self.config.feeds.limit)
        older = manifest.newest_archive if self.config.feeds.archives else ""
        with self._rendering:
            return list(feed_documents.current_documents(path, entries, older, self.config))

    def has_moved(self, manifest: Manifest) -> bool:
        """Return whether a feed may not have been at its addresses before.

        With addresses of its own, a site may have had others until its last rebuild.
        """
        is_known = not manifest.token or self.config.layout.is_usual
        return not is_known and manifest.config_fingerprint != self._fingerprint

    def refuse_foreign(self, path: str) -> None:
        """Raise StoreError if another program made a document at the address of a new feed."""
        self.documents.refuse_foreign(feed_documents.current_keys(path, self.config))

    # --- the archive -----------------------------------------------------------------------------

    def archive_documents(self, manifest: Manifest, pages: IndexPages, name: str) -> list[Document]:
        """Return the documents of a pending archive page."""
        pending = manifest.pending[name]
        entries = pages.page(pending.object) if pending.object else manifest.first_page
        with self._rendering:
            return list(
                feed_documents.archive_documents(
                    pages.path, name, entries, pending.older, self.config
                )
            )

    def delete_retired(self, path: str, manifest: Manifest, changed: Collection[str]) -> None:
        """Delete the documents of retired archive pages.

        Also those that were seen to be gone, if this worker has written one of them (`changed`):
        it worked with an older manifest.
        """
        for name, retired_at in manifest.tombstones.items():
            for key in self._all_archive_keys(path, name):
                if retired_at > 0 or key in changed:
                    self.documents.delete(key)

    def is_archive_published(self, manifest: Manifest, pages: IndexPages, name: str) -> bool:
        """Return whether the documents of a pending archive page are published and current."""
        return self.documents.are_published(self.archive_documents(manifest, pages, name))

    def has_archive(self, path: str, name: str) -> bool:
        """Return whether any document of an archive page is published, in any format."""
        keys = self._all_archive_keys(path, name)
        return any(self.documents.runtime.map(self.documents.version, keys))

    def _all_archive_keys(self, path: str, name: str) -> list[str]:
        return feed_documents.archive_keys(path, name, self.config, every_format=True)

    def archive_names(self, path: str) -> set[str]:
        """Return the names of the published archive pages. This lists a folder of the store."""
        prefix = paths.PUBLIC + self.config.layout.archive_folder(path)
        return {paths.stem(stat.key) for stat in self.documents.store.list(prefix)}


class _FeedDocuments:
    """Makes the documents of one feed (a `DocumentSource`)."""

    def __init__(self, path: str, pages: IndexPages, writer: FeedWriter) -> None:
        self.path, self.pages, self.writer = path, pages, writer

    def batches(self, value: Manifest) -> Iterator[Sequence[Document]]:
        """Yield archive pages first, so that no document links to one that does not exist yet."""
        batch: list[Document] = []
        for name in pending_in_order(value.pending):
            batch += self.writer.archive_documents(value, self.pages, name)
            if sum(len(document.data) for document in batch) > BATCH_BYTES:
                yield batch
                batch = []
        if batch:
            yield batch
        del batch
        yield self.writer.current_documents(self.path, value)

    def delete_retired(self, value: Manifest, changed: Collection[str]) -> None:
        """Delete the documents of retired archive pages."""
        self.writer.delete_retired(self.path, value, changed)
