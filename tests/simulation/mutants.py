"""The publisher, broken on purpose: each mutant lacks one thing that the protocol needs.

If the simulator could not tell one of these from the real publisher, it would prove nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from types import FunctionType
from typing import Any

from msgspec.structs import replace
from simulation.story import settings

from feeds import paths
from feeds.errors import Conflict, Denied
from feeds.publishing.document_writer import DocumentWriter, WriteLog
from feeds.publishing.due_markers import DueMarkers, marker_key
from feeds.publishing.feed_list_writer import FeedListWriter
from feeds.publishing.feed_writer import FeedWriter, LastWrite
from feeds.publishing.index_writer import IndexWriter
from feeds.publishing.publisher import Publisher
from feeds.publishing.record_writer import RecordWriter
from feeds.runtime import ThreadedRuntime
from feeds.state.index_pages import StoredIndex
from feeds.state.manifest import Manifest
from feeds.state.objects import ObjectSnapshot, Record, encode
from feeds.state.state_store import JSON, StateStore, Versioned
from feeds.stores.memory import MemoryStore


def publisher(mutant: type) -> Callable[..., Publisher]:
    """Return what makes publishers with the mutant in place of the class that it breaks.

    Fails at once if that class has no method of that name to break.
    """
    (whole,) = mutant.__bases__
    kinds = FunctionType | staticmethod
    own = {name for name, value in vars(mutant).items() if isinstance(value, kinds)}
    assert own, f"{mutant.__name__} breaks nothing"
    assert own <= vars(whole).keys(), f"{whole.__name__} has no {own - vars(whole).keys()} to break"

    def broken(*args: Any) -> Publisher:
        publisher = Publisher(*args)
        parts = [part for part in vars(publisher).values() if type(part) is whole]
        assert parts, f"no part of a publisher is {whole.__name__}"
        for part in parts:
            part.__class__ = mutant
        return publisher

    broken(MemoryStore(), MemoryStore(), settings(), ThreadedRuntime())
    return broken


class SourceFirst(StateStore):
    """Rule 1: reads its own version only after its source."""

    def replace(self, key, old, new):
        version, now = self.read(key, type(new))
        if not isinstance(new, Record) and now.token != old.value.token:
            raise Conflict(key)  # an index would lose entries at once; a record is simply older
        return super().replace(key, Versioned(version, old.value), new)


class Unconditional(StateStore):
    """Rule 1: writes over whatever is there."""

    def replace(self, key, old, new):
        signed = self.signed(new)
        return Versioned(self.store.put(key, encode(signed)), signed)


class SkipsEqualWrites(StateStore):
    """Rule 2: does not write a record that would stay the same."""

    def replace(self, key, old, new):
        before = old.value
        if isinstance(new, Record) and before.token and replace(new, token=before.token) == before:
            return old
        return super().replace(key, old, new)


class StaleTokens(StateStore):
    """Rule 3: equal content has an equal ETag."""

    def signed(self, new):
        if isinstance(new, Manifest):
            return replace(new, generation=0, recent_writers=("",), title_generation=0)
        return new


class NeverLooksAgain(DocumentWriter):
    """Rule 4: publishes the documents of the index that it wrote, and stops."""

    def _publish_version(self, key, stored, source, log):
        super()._publish_version(key, stored, source, log)
        return True


class ForgetsTheLastGood(RecordWriter):
    """A post that cannot be read loses its entry."""

    def _snapshot(self, key, before):
        return super()._snapshot(key, None)


class DeniedIsDeleted(RecordWriter):
    """Reads 403 as *there is no such post*."""

    def _snapshot(self, key: str, before: ObjectSnapshot | None) -> ObjectSnapshot | None:
        try:
            return super()._snapshot(key, before)
        except Denied:
            return None


class ForgetsOldFeeds(RecordWriter):
    """The record names only the feeds that the post is in now."""

    def _build(self, old, objects):
        entries = [snapshot.entry for snapshot in objects.values() if snapshot.entry]
        now = {path for entry in entries for path in self.config.feed_paths(entry.terms)}
        return replace(super()._build(old, objects), feeds=tuple(sorted({"", *now})))


class ForgetsOldSortKeys(RecordWriter):
    """The record names only the sort key that the post has now."""

    def _build(self, old, objects):
        return super()._build(replace(old, sort_keys=()), objects)


class LeavesMarkersUnseen(DueMarkers):
    """Deletes a marker, and does not check whether the post has that time again."""

    def _delete(self, name, due):
        self.state.store.delete(marker_key(name, due))


class ForgetsPendingDocuments(IndexWriter):
    """The manifest does not keep the archive documents that a crash left unwritten."""

    def _without_done(self, old, pages, redelivered):
        return super()._without_done(replace(old, pending={}, tombstones={}), pages, redelivered)


class RemovesPagesInUse(IndexWriter):
    """Takes a lost reply for a lost write, and deletes the pages that the write named."""

    def _is_lost(self, draft, current):
        return True


class BelievesTheListUnseen(FeedListWriter):
    """Believes that the list of feeds has a title because a worker was going to write it."""

    def check(self):
        return _AlwaysListed()


class _AlwaysListed:
    def is_listed(self, path, title, generation):
        return True


class OverwritesDocuments(DocumentWriter):
    """Writes documents over whatever is there."""

    def _put(self, write):
        document, _ = write
        self.store.put(paths.PUBLIC + document.path, document.data, media_type=JSON)


class ReportsOnlyWhatItSawWritten(DocumentWriter):
    """Does not count a document as changed if its write met a conflict."""

    def write(self, writes, log):
        before = dict(log.changed)
        try:
            super().write(writes, log)
        except Conflict:
            log.changed = before
            raise


class TakesConflictsForDone(DocumentWriter):
    """Believes that a document in conflict was written by a newer worker."""

    def write(self, writes, log):
        with contextlib.suppress(Conflict):
            super().write(writes, log)


class TrustsTheFastPath(FeedWriter):
    """Does not check the manifest after the fast path."""

    def _is_newest(self, index):
        return True


class ForgetsArchivesOnTheFastPath(FeedWriter):
    """Takes the fast path even if archive documents must be written or deleted."""

    def _publish_if_unchanged(self, index: StoredIndex, last: LastWrite, log: WriteLog) -> bool:
        bare = replace(index.manifest, pending={}, tombstones={})
        return super()._publish_if_unchanged(replace(index, manifest=bare), last, log)


class BelievesItsLastWrite(FeedWriter):
    """Does not read a document that would stay as this process has left it."""

    def _publish_if_unchanged(self, index, last, log):
        documents = self.current_documents(index.path, index.manifest)
        same = [d for d in documents if hash(d.data) == last.versions.get(d.path, ("", 0))[1]]
        if len(same) < len(documents):
            return super()._publish_if_unchanged(index, last, log)
        return True
