"""Writes the index of each feed: the records of posts -> a manifest and its stored pages.

A manifest lists the work that must follow its write, so that a crash cannot lose it: archive
documents to write, archive documents to delete, stored pages to delete. A later write of the
manifest removes an item after a check has shown that it is done.
feeds/state/manifest_update.py computes how an index changes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain
from typing import Protocol

from msgspec.structs import replace

from feeds.config import Config
from feeds.documents import feed_documents, pagination
from feeds.model import Problem
from feeds.reading.identity import shared_ids
from feeds.state import manifest_update
from feeds.state.index_pages import IndexPages, StoredIndex
from feeds.state.keys import manifest_key
from feeds.state.manifest import (
    MAX_RECENT_WRITERS,
    ZOMBIE_SECONDS,
    Manifest,
    ManifestUpdate,
)
from feeds.state.objects import Record
from feeds.state.state_store import StateStore


class Records(Protocol):
    """Reads the records that the indexes are made of (record_writer.py)."""

    def read(self, name: str) -> Record:
        """Read the record at `name`."""


class Archive(Protocol):
    """Says which archive documents are published (feed_writer.py)."""

    def is_archive_published(self, manifest: Manifest, pages: IndexPages, name: str) -> bool:
        """Return whether the documents of a pending archive page are published and current."""

    def has_moved(self, manifest: Manifest) -> bool:
        """Return whether a feed may not have been at its addresses before."""

    def has_archive(self, path: str, name: str) -> bool:
        """Return whether any document of an archive page is published."""

    def archive_names(self, path: str) -> set[str]:
        """Return the names of the archive pages that are published."""

    def refuse_foreign(self, path: str) -> None:
        """Raise StoreError if another program made a document at the address of a new feed."""


class ListCheck(Protocol):
    """Checks whether the list of all feeds is current (feed_list_writer.py)."""

    def has(self, path: str) -> bool:
        """Return whether the list has this feed: then this program has made its documents."""

    def is_listed(self, path: str, title: str, generation: int) -> bool:
        """Return whether the list has this title, from `generation` or a later one."""


class Draft:
    """The manifest of one attempt, and the pages that the attempt has stored before it."""

    def __init__(self, update: ManifestUpdate | None = None) -> None:
        self.parts = [*update.pages, *update.page_lists] if update else []
        self.manifest: Manifest | None = None


class IndexWriter:
    """Reads and writes the indexes of all feeds."""

    def __init__(
        self, state: StateStore, records: Records, archive: Archive, config: Config
    ) -> None:
        self.state, self.records, self.archive, self.config = state, records, archive, config
        self.runtime = state.runtime

    def read(self, path: str) -> StoredIndex:
        """Read the index of a feed."""
        version, manifest = self.state.read(manifest_key(path), Manifest)
        return StoredIndex(path, version, manifest, self._pages(path))

    def _pages(self, path: str) -> IndexPages:
        return IndexPages(self.state.store, path, self.runtime)

    def update(
        self,
        path: str,
        record_names: Sequence[str],
        feed_list: ListCheck,
        *,
        redelivered: bool = False,
    ) -> StoredIndex:
        """Update the index of a feed from the records at `record_names`.

        `redelivered`: another worker may have crashed over the same messages. Then tombstones are
        checked again.
        """
        pages = self._pages(path)
        draft = Draft()
        previous_token = ""
        shared: tuple[Problem, ...] = ()
        for attempt in self.state.attempts(manifest_key(path), Manifest):
            with attempt:
                if self.is_lost(draft, attempt.old):
                    pages.remove(draft.parts)
                previous_token = attempt.old.token
                if self.archive.has_moved(attempt.old) or (
                    not previous_token and not feed_list.has(path)
                ):
                    self.archive.refuse_foreign(path)
                old, records = self._read_sources(attempt.old, pages, record_names, redelivered)
                update = self._apply(path, old, records, pages)
                shared = _shared_ids(update, records)
                draft = Draft(update)
                pages.write(update.pages, update.page_lists)
                manifest = self.with_title(path, update.manifest, feed_list)
                draft.manifest = self.signed(manifest)
                attempt.write(draft.manifest)
        version, written = attempt.written
        pages.remove(written.obsolete_parts)
        return StoredIndex(path, version, written, pages, previous_token, shared)

    def _read_sources(
        self, old: Manifest, pages: IndexPages, record_names: Sequence[str], redelivered: bool
    ) -> tuple[Manifest, list[Record]]:
        """Read the records, and at the same time remove work that is done from the manifest."""

        def read_records() -> list[Record]:
            return self.runtime.map(self.records.read, record_names)

        return self.runtime.run_pair(
            lambda: self._without_done(old, pages, redelivered), read_records
        )

    def _apply(
        self, path: str, old: Manifest, records: Sequence[Record], pages: IndexPages
    ) -> ManifestUpdate:
        now = self.runtime.now()
        entries = [entry for record in records if (entry := record.entry(now))]
        return manifest_update.apply_changes(
            old,
            [sort_key for record in records for sort_key in record.sort_keys],
            [entry for entry in entries if path in self.config.feed_paths(entry.terms)],
            limit=self.config.feeds.limit,
            archives=self.config.feeds.archives,
            reader=pages,
            new_name=self.runtime.token,
            now=int(now.timestamp()),
        )

    def _without_done(self, old: Manifest, pages: IndexPages, redelivered: bool) -> Manifest:
        """Return the manifest without the work that a check has shown to be done.

        After a redelivery, check again that deleted archive pages are gone: the crashed worker may
        have written one of them after the check.
        """
        pages.remove(old.obsolete_parts)
        pending, tombstones = list(old.pending), list(old.tombstones)
        are_pending = self.runtime.map(lambda name: self._is_pending(old, pages, name), pending)
        times = self.runtime.map(
            lambda name: self._check_tombstone(old, pages, name, redelivered), tombstones
        )
        return replace(
            old,
            pending={
                name: old.pending[name]
                for name, is_pending in zip(pending, are_pending, strict=True)
                if is_pending
            },
            tombstones={
                name: time
                for name, time in zip(tombstones, times, strict=True)
                if time > 0 or self.may_zombie_write(-time)
            },
            obsolete_parts=(),
        )

    def _is_pending(self, old: Manifest, pages: IndexPages, name: str) -> bool:
        """Return whether the documents of a pending archive page are, or may become, wrong."""
        if self.may_zombie_write(old.pending[name].retired_at):
            return True
        return not self.archive.is_archive_published(old, pages, name)

    def _check_tombstone(
        self, old: Manifest, pages: IndexPages, name: str, redelivered: bool
    ) -> int:
        """Return the time of retirement, negative if the documents do not exist."""
        retired_at = old.tombstones[name]
        if retired_at < 0 and not redelivered:
            return retired_at
        exists = self.archive.has_archive(pages.path, name)
        return abs(retired_at) if exists else -abs(retired_at)

    def may_zombie_write(self, retired_at: int) -> bool:
        """Return whether a zombie worker may still write or delete what was retired then."""
        return int(self.runtime.now().timestamp()) - retired_at < ZOMBIE_SECONDS

    def with_title(self, path: str, new: Manifest, feed_list: ListCheck) -> Manifest:
        """Return the manifest with `title`, `title_generation` and `listed` brought up to date."""
        newest = pagination.newest_first(new.entries, self.config.feeds.limit)
        has_title = newest or not path  # the feed of all posts is listed even while it is empty
        title = feed_documents.describe_feed(path, newest, self.config).title if has_title else ""
        if title != new.title:
            return replace(new, title=title, title_generation=new.generation, listed=False)
        if new.listed:
            return new
        return replace(new, listed=feed_list.is_listed(path, title, new.title_generation))

    @staticmethod
    def is_lost(draft: Draft, current: Manifest) -> bool:
        """Return whether the draft was certainly not written, so that no manifest names its pages.

        It may have been written if its reply was lost, and other workers wrote the manifest again
        before this worker looked for its token. Then the recent writers include this worker.
        """
        if draft.manifest is None:
            return True
        if current.generation - draft.manifest.generation >= MAX_RECENT_WRITERS:
            return False
        return draft.manifest.recent_writers[-1] not in current.recent_writers

    def signed(self, new: Manifest) -> Manifest:
        """Return the manifest with a token of this worker among its recent writers."""
        writers = (*new.recent_writers, self.runtime.token())
        return replace(new, recent_writers=writers[-MAX_RECENT_WRITERS:])

    # --- archive pages to be written again -------------------------------------------------------

    def wrong_archives(self, index: StoredIndex, names: Collection[str]) -> list[str]:
        """Return the archive pages among these whose documents are missing or wrong."""
        marked = _mark(index.manifest, index.pages, names)
        return [
            name
            for name in marked.pending
            if name in names and not self.archive.is_archive_published(marked, index.pages, name)
        ]

    def mark_pending(self, path: str, names: Collection[str]) -> StoredIndex:
        """Mark archive pages whose documents must be written again."""
        pages = self._pages(path)
        for attempt in self.state.attempts(manifest_key(path), Manifest):
            with attempt:
                attempt.write(_mark(attempt.old, pages, names))
        return StoredIndex(path, *attempt.written, pages)

    def mark_all_pending(self, path: str, config_fingerprint: str) -> StoredIndex:
        """Mark all archive pages of a feed for a new configuration, to be written or deleted."""
        pages = self._pages(path)
        for attempt in self.state.attempts(manifest_key(path), Manifest):
            with attempt:
                attempt.write(
                    manifest_update.mark_all_pending(
                        attempt.old,
                        pages,
                        config_fingerprint=config_fingerprint,
                        archives=self.config.feeds.archives,
                        published=self.archive.archive_names(path),
                        now=int(self.runtime.now().timestamp()),
                    )
                )
        return StoredIndex(path, *attempt.written, pages)


def _mark(old: Manifest, pages: IndexPages, names: Collection[str]) -> Manifest:
    """Return the manifest with the documents of these archive pages to be written again."""
    marked = manifest_update.mark_all_pending(
        old,
        pages,
        config_fingerprint=old.config_fingerprint,
        archives=True,
        published=(),
        now=0,
    )
    wanted = {*names, *old.pending}
    pending = {name: page for name, page in marked.pending.items() if name in wanted}
    return replace(marked, pending=pending)


def _shared_ids(update: ManifestUpdate, records: Sequence[Record]) -> tuple[Problem, ...]:
    """The warnings about the posts of `records` that share their id with another post.

    It looks at the entries that the update has at hand: those in the manifest and in new pages. A
    document with a post of `records` has no other entries.
    """
    ids = {entry[1] for record in records for entry in record.sort_keys}
    at_hand = chain(update.manifest.entries, *update.pages.values())
    same = [entry for entry in at_hand if entry.id in ids]
    return tuple(shared_ids(reversed(pagination.in_order(same))))
