"""Writes the whole index of a feed in one go: the heads of all records -> a manifest and its pages.

A rebuild reads the version of each manifest *before* it reads the first record (rule 1), and writes
the manifest only over that version. So the index cannot lose what another worker has put into it
meanwhile: then the manifest has another version, nothing is written, and the caller merges the
records into the index as after an upload (index_writer.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from feeds.documents.pagination import SortKey
from feeds.errors import Conflict
from feeds.publishing.index_writer import Draft, IndexWriter, ListCheck
from feeds.state import manifest_update
from feeds.state.index_pages import IndexPages, StoredIndex, encoded
from feeds.state.index_stream import EncodedEntry, IndexStream, StoredPart, merged
from feeds.state.keys import manifest_key
from feeds.state.manifest import PAGES_PER_LIST, Manifest, Page, PendingDocument
from feeds.state.state_store import Versioned

_PARTS_AT_ONCE = 32
"""Pages that are in memory, and written at once."""


class Filling(Struct):
    """The changes of all records for the index of one feed."""

    path: str
    """The path of the feed."""
    version: str
    """The version that its manifest had before the first of the records was read; ``""``: none."""
    changes: Iterable[tuple[SortKey, bytes | None]]
    """Each position in order, with the encoded entry there, or None if there must be none."""
    rewrite: bool = False
    """Whether all archive documents are to be written again."""


class IndexFiller:
    """Writes the indexes of a rebuild."""

    def __init__(self, indexes: IndexWriter, config_fingerprint: str) -> None:
        self.indexes, self.state, self.config = indexes, indexes.state, indexes.config
        self.config_fingerprint = config_fingerprint

    def fill(self, filling: Filling, feed_list: ListCheck) -> StoredIndex | None:
        """Write the index of a feed; None if the manifest is not the version that was read before.

        All archive documents are pending in it, unless they are of this configuration and have not
        changed.
        """
        path = filling.path
        old = self.state.read(manifest_key(path), Manifest)
        if not self._is_unchanged(filling, old):
            return None
        if not old.value.token and not feed_list.has(path):
            self.indexes.archive.refuse_foreign(path)
        pages = IndexPages(self.state.store, path, self.state.runtime)
        pages.remove(old.value.obsolete_parts)
        draft = Draft()
        try:
            draft.manifest = self._stored_parts(filling, old.value, pages, draft, feed_list)
            written = self._replace(path, old, draft.manifest)
        except Conflict as conflict:
            self.state.conflicts.append(str(conflict))
            if self._is_lost(path, draft):
                pages.remove(draft.parts)
            return None
        pages.remove(written.value.obsolete_parts)
        return StoredIndex(path, *written, pages, old.value.token)

    def _is_unchanged(self, filling: Filling, old: Versioned[Manifest]) -> bool:
        """Return whether a manifest is the one that was there before the records were read."""
        return old.version == filling.version

    def _replace(self, path: str, old: Versioned[Manifest], new: Manifest) -> Versioned[Manifest]:
        return self.state.replace(manifest_key(path), old, new)

    def _stored_parts(
        self,
        filling: Filling,
        old: Manifest,
        pages: IndexPages,
        draft: Draft,
        feed_list: ListCheck,
    ) -> Manifest:
        """Store the new pages and page lists, and return the manifest that names them."""
        lists = {pages.page_list(part.object): part.object for part in old.page_lists}
        old_pages = [*(page for part in lists for page in part), *old.pages]
        stream = IndexStream(
            self.config.feeds.limit,
            self.state.runtime.token,
            {page.digest: page for page in old_pages},
            lists,
            PAGES_PER_LIST,
        )
        parts = stream.parts(merged(self._old_entries(old, old_pages, pages), filling.changes))
        while some := list(islice(parts, _PARTS_AT_ONCE)):
            draft.parts += [part.name for part in some]
            self._write(pages, some)
        used = {*stream.lists, *(page.object for page in stream.all_pages)}
        stored = [*lists.values(), *(page.object for page in old_pages)]
        now = int(self.state.runtime.now().timestamp())
        new = Manifest(
            config_fingerprint=old.config_fingerprint,
            generation=old.generation + 1,
            limit=self.config.feeds.limit,
            page_lists=stream.page_lists,
            pages=stream.pages,
            entries=stream.entries,
            title=old.title,
            title_generation=old.title_generation,
            listed=old.listed,
            pending=old.pending,
            tombstones=old.tombstones,
            recent_writers=old.recent_writers,
            obsolete_parts=tuple(name for name in stored if name not in used),
        )
        if self.config.feeds.archives:
            new = manifest_update.with_archive_work(new, old, stream.all_pages, old_pages, now)
        if filling.rewrite or old.config_fingerprint != self.config_fingerprint:
            marked = manifest_update.mark_all_pending(
                new,
                stream,
                config_fingerprint=self.config_fingerprint,
                archives=self.config.feeds.archives,
                published=self.indexes.archive.archive_names(filling.path),
                now=now,
            )
            new = replace(marked, generation=new.generation)
        return self.indexes.signed(self.indexes.with_title(filling.path, new, feed_list))

    def _old_entries(
        self, old: Manifest, old_pages: list[Page], pages: IndexPages
    ) -> Iterator[EncodedEntry]:
        """Yield the entries of the old index: those of posts that were not read stay in it."""
        yield from pages.encoded_entries(old_pages)
        yield from encoded(old.entries)

    def _write(self, pages: IndexPages, parts: list[StoredPart]) -> None:
        pages.write_encoded(parts)

    def _is_lost(self, path: str, draft: Draft) -> bool:
        """Return whether no manifest names the pages of a draft, which was refused."""
        return self.indexes.is_lost(draft, self.indexes.read(path).manifest)

    def _is_settled(self, document: PendingDocument) -> bool:
        """Return whether no zombie worker may delete an archive document that was just written."""
        return not self.indexes.may_zombie_write(document.retired_at)

    def settle(self, index: StoredIndex) -> None:
        """Remove the archive documents from the manifest that were pending: they are written.

        So the next upload need not check them. Only if the manifest is still the one that the
        documents were made of; and not those that a zombie worker may still delete.
        """
        old = index.manifest
        pending = {
            name: document
            for name, document in old.pending.items()
            if not self._is_settled(document)
        }
        if pending == old.pending:
            return
        new = replace(old, pending=pending, obsolete_parts=(), generation=old.generation + 1)
        with suppress(Conflict):
            self._replace(index.path, Versioned(index.version, old), self.indexes.signed(new))
