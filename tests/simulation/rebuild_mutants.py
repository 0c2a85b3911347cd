"""Rebuilds that are broken on purpose: each mutant leaves out one guard of a rebuild in bulk.

The simulator must catch each of them. docs/protocol.md has the guards.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

from msgspec.structs import replace
from simulation.mutants import base_of

from feeds.maintenance import bulk, heads, rebuild
from feeds.maintenance.bulk import BulkRebuild
from feeds.maintenance.bulk_worker import BulkWorker
from feeds.maintenance.heads import HeadsWriter
from feeds.maintenance.journal import Journal, Remaining
from feeds.publishing import publisher, repairs
from feeds.publishing.index_filler import IndexFiller
from feeds.publishing.repairs import Repairs
from feeds.state.keys import manifest_key
from feeds.state.manifest import Manifest
from feeds.state.objects import encode
from feeds.state.state_store import Versioned


@contextmanager
def in_place(mutant: type) -> Iterator[None]:
    """In this block, rebuilds have the mutant in place of its base class.

    Fails at once if it breaks nothing of them (`base_of`).
    """
    base = base_of(mutant)
    modules = [
        module
        for module in (rebuild, bulk, heads, repairs, publisher)
        if vars(module).get(base.__name__) is base
    ]
    assert modules, f"no part of a rebuild is {base.__name__}"
    with ExitStack() as patches:
        for module in modules:
            patches.enter_context(mock.patch.object(module, base.__name__, mutant))
        yield


class FillsNewerManifests(IndexFiller):
    """Writes an index only over the version that was read before the records."""

    def _is_unchanged(self, filling, old):
        return True


class OverwritesManifests(IndexFiller):
    """Writes a manifest only over the version that was read."""

    def _replace(self, path, old, new):
        signed = self.state.signed(new)
        return Versioned(self.state.store.put(manifest_key(path), encode(signed)), signed)


class ForgetsSkippedPosts(IndexFiller):
    """Keeps the entries of the posts that were not read."""

    def _old_entries(self, old, old_pages, pages):
        return iter(())


class SettlesNewerManifests(IndexFiller):
    """Only the manifest that the documents were made of has no documents to write any more."""

    def settle(self, index):
        stored = self.state.read(manifest_key(index.path), Manifest)
        super().settle(replace(index, version=stored.version, manifest=stored.value))


class ReadsVersionsAfterRecords(BulkRebuild):
    """Reads the versions of all manifests before the first record."""

    def _write_feeds(self, feeds, heads, workers, remaining):
        versions = self._manifest_versions()
        feeds = [replace(feed, version=versions.get(feed.path, "")) for feed in feeds]
        super()._write_feeds(feeds, heads, workers, remaining)


class ForgetsFailedFeeds(BulkRebuild):
    """Keeps the journal's entry if a feed has failed."""

    def _note(self, feed, unlisted, remaining):
        super()._note(feed, unlisted, Remaining())


class ForgetsFailedPosts(BulkRebuild):
    """Keeps the posts in the journal whose records could not be written."""

    def _write_records(self, stats, begun, workers, writer, remaining):
        super()._write_records(stats, begun, workers, writer, Remaining())


class RewritesNothing(BulkWorker):
    """After a stop, writes all documents again."""

    def _fill_one(self, feed, heads):
        return super()._fill_one(replace(feed, rewrite=False), heads)


class RemovesPagesOfLostWrites(IndexFiller):
    """After a lost reply, keeps the pages of that write: others may have built on it."""

    def _is_lost(self, path, draft):
        return True


class SettlesForZombies(IndexFiller):
    """Keeps an archive page pending that was retired within the last hour."""

    def _is_settled(self, document):
        return True


class ForgetsTheList(BulkRebuild):
    """Writes the list of all feeds before the journal's entry goes."""

    def _list_feeds(self, paths):
        return


class MergesNothing(Repairs):
    """If a manifest has moved, merges the records into it."""

    def _merge(self, path, record_names, *, redelivered):
        return super()._merge(path, (), redelivered=redelivered)


class SkipsRecordsInNoIndex(BulkWorker):
    """After a stop, takes the heads of all records: a current one may be in no index."""

    def _is_taken(self):
        return False


class WritesNoJournal(Journal):
    """Notes in the journal that it writes records, before it does."""

    @contextmanager
    def filling(self):
        yield Remaining()


class ForgetsOldPositions(HeadsWriter):
    """Removes the entries of a post at its old positions, and in the feeds that it has left."""

    def add(self, records):
        records = list(records)
        super().add(
            [
                replace(
                    record,
                    feeds=record.entry_feeds,
                    sort_keys=(record.sort_key,) if record.sort_key else (),
                )
                for record in records
            ]
        )
