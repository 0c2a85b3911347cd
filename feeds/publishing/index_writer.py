"""Writes the index of each feed: the records of posts -> a manifest and its stored pages.

A manifest names what a crash could leave undone, before it can happen: archive documents to write,
archive documents to delete, stored parts to delete. A later write removes each from the manifest
once it was seen to be done. feeds/state/manifest_update.py computes how an index changes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from msgspec.structs import replace

from feeds.config import Config
from feeds.documents import feed_documents, pagination
from feeds.publishing.document_writer import DocumentWriter
from feeds.publishing.feed_list_writer import FeedListWriter
from feeds.state import manifest_update
from feeds.state.index_pages import IndexPages, StoredIndex
from feeds.state.keys import manifest_key
from feeds.state.manifest import MAX_RECENT_WRITERS, ZOMBIE_SECONDS, Manifest
from feeds.state.objects import Record
from feeds.state.state_store import StateStore


class IndexWriter:
    """The indexes of all feeds. `record` reads the records that they are made of."""

    def __init__(
        self,
        state_: StateStore,
        record: Callable[[str], Record],
        public: DocumentWriter,
        listing: FeedListWriter,
        config: Config,
    ) -> None:
        self.state, self.record, self.config = state_, record, config
        self.public, self.listing = public, listing
        self.world = state_.world

    def read(self, path: str) -> StoredIndex:
        """The index of a feed."""
        version, one = self.state.read(manifest_key(path), Manifest)
        return StoredIndex(path, version, one, self._parts(path))

    def _parts(self, path: str) -> IndexPages:
        return IndexPages(self.state.store, path, self.world)

    def merge(
        self, path: str, names: Sequence[str], shown: dict[str, bool], again: bool = False
    ) -> StoredIndex:
        """Bring the index of a feed up to date with the records at `names`.

        `shown` is that of FeedListWriter.agrees; `again` tells that another worker may have died
        over the same messages.
        """
        last: Manifest | None = None
        before = ""
        written: list[str] = []
        parts = self._parts(path)

        def merged(old: Manifest) -> Manifest:
            nonlocal last, before
            if last and self._surely_failed(last, old):
                parts.remove(written)
            written.clear()
            before = old.token
            if old.pending or old.tombstones or old.obsolete_parts:
                old, records = self.world.both(
                    lambda: self._tidied(old, parts, again),
                    lambda: self.world.each(self.record, names),
                )
            else:
                records = self.world.each(self.record, names)
            now = self.world.now()
            entries = [record.entry(now) for record in records]
            change = manifest_update.apply_changes(
                old,
                [place for record in records for place in record.sort_keys],
                [
                    entry
                    for entry in entries
                    if entry and path in self.config.feed_paths(entry.terms)
                ],
                limit=self.config.feeds.limit,
                archives=self.config.feeds.archives,
                shelf=parts,
                fresh=self.world.token,
                now=int(now.timestamp()),
            )
            written.extend([*change.pages, *change.page_lists])
            parts.keep(change.pages, change.page_lists)
            last = self._titled(path, change.manifest, shown)
            writers = (*last.recent_writers, self.world.token())
            last = replace(last, recent_writers=writers[-MAX_RECENT_WRITERS:])
            return last

        version, new = self.state.swap(manifest_key(path), Manifest, merged)
        parts.remove(new.obsolete_parts)
        return StoredIndex(path, version, new, parts, before)

    @staticmethod
    def _surely_failed(last: Manifest, now: Manifest) -> bool:
        """Whether a manifest that met a conflict never was written, so that its parts are nobody's.

        It may have been: the reply was lost, and others built on it before it was looked for.
        """
        recent = now.generation - last.generation < MAX_RECENT_WRITERS
        return recent and last.recent_writers[-1] not in now.recent_writers

    def _tidied(self, old: Manifest, parts: IndexPages, again: bool) -> Manifest:
        """The manifest without what it asked for and is seen to be done.

        An archive page that was seen to be gone is looked for once more after a crash: who died may
        have written it after that.
        """
        parts.remove(old.obsolete_parts)
        now = int(self.world.now().timestamp())

        def is_due(name: str) -> bool:
            what = old.pending[name]
            young = now - what.retired_at < ZOMBIE_SECONDS
            return young or not self.public.holds_archive(old, parts, name)

        def looked_for(name: str) -> int:
            since = old.tombstones[name]
            if since < 0 and not again:
                return since
            return abs(since) if self.public.has_archive(parts.path, name) else -abs(since)

        names = list(old.pending)
        still = dict(zip(names, self.world.each(is_due, names), strict=True))
        due = {name: what for name, what in old.pending.items() if still[name]}
        names = list(old.tombstones)
        seen = dict(zip(names, self.world.each(looked_for, names), strict=True))
        retired = {name: at for name, at in seen.items() if at > 0 or now + at < ZOMBIE_SECONDS}
        return replace(old, pending=due, tombstones=retired, obsolete_parts=())

    def _titled(self, path: str, new: Manifest, shown: dict[str, bool]) -> Manifest:
        """The manifest with its title, and whether the catalog is known to agree."""
        window = pagination.newest_first(new.entries, self.config.feeds.limit)
        listed = window or not path  # the feed of all posts is listed even while it is empty
        title = feed_documents.describe_feed(path, window, self.config).title if listed else ""
        if title != new.title:
            return replace(new, title=title, title_generation=new.generation, listed=False)
        if new.listed:
            return new
        return replace(new, listed=self.listing.agrees(path, title, new.title_generation, shown))

    # --- archive pages to be written again -------------------------------------------------------

    def due(self, path: str, names: Collection[str]) -> StoredIndex:
        """Note archive pages that must be written again."""
        parts = self._parts(path)

        def noted(old: Manifest) -> Manifest:
            every = manifest_update.mark_all_pending(
                old, parts, made=old.config_fingerprint, archives=True, there=(), now=0
            )
            due = {
                name: what for name, what in every.pending.items() if name in {*names, *old.pending}
            }
            return replace(every, pending=due, listed=old.listed)

        version, one = self.state.swap(manifest_key(path), Manifest, noted)
        return StoredIndex(path, version, one, parts)

    def all_due(self, path: str, made: str) -> StoredIndex:
        """Note that every archive page must be written again by `made`, and no other be there."""
        parts = self._parts(path)

        def noted(old: Manifest) -> Manifest:
            return manifest_update.mark_all_pending(
                old,
                parts,
                made=made,
                archives=self.config.feeds.archives,
                there=self.public.archive_names(path),
                now=int(self.world.now().timestamp()),
            )

        version, one = self.state.swap(manifest_key(path), Manifest, noted)
        return StoredIndex(path, version, one, parts)
