"""Publishers that are broken on purpose: each mutant breaks one rule or guard of the protocol.

The simulator must catch each of them: a test that passes with a broken publisher proves nothing.
docs/protocol.md has the rules and guards.
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
from feeds.publishing.attachments import Attachments
from feeds.publishing.batch import Time
from feeds.publishing.document_writer import DocumentWriter, WriteLog
from feeds.publishing.due_markers import DueMarkers, marker_key
from feeds.publishing.feed_list_writer import FeedListCheck, FeedListWriter
from feeds.publishing.feed_writer import FeedWriter, LastWrite
from feeds.publishing.index_writer import IndexWriter
from feeds.publishing.publisher import Publisher
from feeds.publishing.record_writer import RecordWriter
from feeds.reading.enclosure import is_attachment
from feeds.runtime import ThreadedRuntime
from feeds.state.index_pages import StoredIndex
from feeds.state.manifest import Manifest
from feeds.state.objects import ObjectSnapshot, Record, encode
from feeds.state.state_store import JSON, StateStore, Versioned
from feeds.stores.memory import MemoryStore


def base_of(mutant: type) -> type:
    """Return the class that a mutant breaks.

    Fails at once if that class does not have the methods that the mutant overrides, so that a
    renamed method cannot make a mutant harmless.
    """
    (base,) = mutant.__bases__
    function_types = FunctionType | staticmethod
    own = {name for name, value in vars(mutant).items() if isinstance(value, function_types)}
    assert own, f"{mutant.__name__} breaks nothing"
    assert own <= vars(base).keys(), f"{base.__name__} has no {own - vars(base).keys()} to break"
    return base


def publisher(mutant: type) -> Callable[..., Publisher]:
    """Return a function that makes publishers with the mutant in place of its base class.

    Fails at once if it breaks nothing of a publisher (`base_of`).
    """
    base = base_of(mutant)
    if base is Publisher:
        return mutant

    def broken(*args: Any) -> Publisher:
        publisher = Publisher(*args)
        parts = [part for part in vars(publisher).values() if type(part) is base]
        assert parts, f"no part of a publisher is {base.__name__}"
        for part in parts:
            part.__class__ = mutant
        return publisher

    broken(MemoryStore(), MemoryStore(), settings(), ThreadedRuntime())
    return broken


class SourceFirst(StateStore):
    """Breaks rule 1: reads its own version only after its source."""

    def replace(self, key, old, new):
        version, now = self.read(key, type(new))
        # An index would lose entries in any schedule; a record is only older.
        if not isinstance(new, Record) and now.token != old.value.token:
            raise Conflict(key)
        return super().replace(key, Versioned(version, old.value), new)


class Unconditional(StateStore):
    """Breaks rule 1: writes a state object without a condition on its version."""

    def replace(self, key, old, new):
        signed = self.signed(new)
        return Versioned(self.store.put(key, encode(signed)), signed)


class SkipsEqualWrites(StateStore):
    """Breaks rule 2: does not write a record that would stay the same."""

    def replace(self, key, old, new):
        before = old.value
        if isinstance(new, Record) and before.token and replace(new, token=before.token) == before:
            return old
        return super().replace(key, old, new)


class StaleTokens(StateStore):
    """Breaks rule 3: writes no fresh token, so that equal content has an equal ETag."""

    def signed(self, new):
        if isinstance(new, Manifest):
            return replace(new, generation=0, recent_writers=("",), title_generation=0)
        return new


class NeverLooksAgain(DocumentWriter):
    """Breaks rule 4: does not check after publishing whether the source has changed."""

    def _publish_version(self, key, stored, source, log):
        super()._publish_version(key, stored, source, log)
        return True


class LooksBeforeItNotes(Attachments):
    """Breaks the guard of attachments: looks at the file, and only then notes who depends on it."""

    def size(self, key, post):
        stat = self.posts.head(key)
        self._note(key, post)
        return stat.size if stat else 0


class ReadsBeforeItNotes(Attachments):
    """Breaks the guard of links: reads the post that another links to, and only then notes that."""

    def linked(self, key, post):
        found = self.read(key)
        self._note(key, post)
        return found


class ForgetsLinks(RecordWriter):
    """Breaks the guard of links: an event of a post changes no post that links to it."""

    def dependents(self, key, *, seen_before):
        return super().dependents(key, seen_before=seen_before) if is_attachment(key) else ()


class BelievesKnownLinks(RecordWriter):
    """Breaks the guard of links: trusts a record whose worker has crashed before it was done."""

    def dependents(self, key, *, seen_before):
        return super().dependents(key, seen_before=False)


class ForgetsTheLastGood(RecordWriter):
    """Breaks the guard of unreadable posts: removes the last good entry of such a post."""

    def _snapshot(self, key, before, time):
        return super()._snapshot(key, None, time)


class KeepsTheTextOfLockedPosts(RecordWriter):
    """Breaks the guard of locked posts: keeps the last good entry of one that cannot be read."""

    def _snapshot(self, key, before, time):
        snapshot = super()._snapshot(key, before, time)
        if before and snapshot and snapshot.entry is None and snapshot.problems:
            return replace(snapshot, entry=before.entry)
        return snapshot


class NeverFollowsMoves(RecordWriter):
    """Breaks the guard of moved files: a deletion does not look for the file in other folders."""

    def _follow_moves(self, known, objects, time):
        pass


class ForgetsTheLastGoodOfMovedPosts(RecordWriter):
    """Breaks the guard of moved files that cannot be read: their last good entry is removed."""

    def _read_into(self, objects, key, before, time):
        super()._read_into(objects, key, before if key in objects else None, time)


class ForgetsExpiry(RecordWriter):
    """Breaks the guard of expiry: a record waits only for the time at which its post appears."""

    def _build(self, old, objects):
        now = self.state.runtime.now()
        entries = [snapshot.entry for snapshot in objects.values() if snapshot.entry]
        due = min((entry.published for entry in entries if entry.published > now), default=None)
        return replace(super()._build(old, objects), due=due)


class WaitsOnlyOnce(DueMarkers):
    """Breaks the guard of expiry: a post that has just appeared gets no marker of its expiry."""

    def update(self, name, record):
        super().update(name, replace(record, due=None) if record.previous_due else record)


class DeniedIsDeleted(RecordWriter):
    """Breaks the guard of denied posts: takes 403 for a deletion."""

    def _snapshot(
        self, key: str, before: ObjectSnapshot | None, time: Time
    ) -> ObjectSnapshot | None:
        try:
            return super()._snapshot(key, before, time)
        except Denied:
            return None


class ForgetsOldFeeds(RecordWriter):
    """Breaks the superset of feeds: the record names only the feeds that the post is in now."""

    def _build(self, old, objects):
        entries = [snapshot.entry for snapshot in objects.values() if snapshot.entry]
        now = {path for entry in entries for path in self.config.feed_paths(entry.terms)}
        return replace(super()._build(old, objects), feeds=tuple(sorted({"", *now})))


class ForgetsOldSortKeys(RecordWriter):
    """Breaks the superset of sort keys: the record names only the key that the post has now."""

    def _build(self, old, objects):
        return super()._build(replace(old, sort_keys=()), objects)


class LeavesMarkersUnseen(DueMarkers):
    """Breaks the guard of due markers: after deleting one, does not read the record again."""

    def _delete(self, name, due):
        self.state.store.delete(marker_key(name, due))


class ForgetsPendingDocuments(IndexWriter):
    """Breaks the manifest's memory: drops pending archive documents and tombstones unchecked."""

    def _without_done(self, old, pages, redelivered):
        return super()._without_done(replace(old, pending={}, tombstones={}), pages, redelivered)


class RemovesPagesInUse(IndexWriter):
    """Breaks the guard of lost replies: takes each for a lost write, and deletes its pages."""

    def is_lost(self, draft, current):
        return True


class BelievesTheListUnseen(FeedListWriter):
    """Breaks the check of the list of feeds: takes every title for listed, unseen."""

    def check(self):
        return _AlwaysListed()


class _AlwaysListed:
    def is_listed(self, path, title, generation):
        return True


class OverwritesDocuments(DocumentWriter):
    """Breaks the guard of documents: writes them without a condition on their version."""

    def _put(self, write):
        document, _ = write
        self.store.put(paths.PUBLIC + document.path, document.data, media_type=JSON)


class ReportsOnlyWhatItSawWritten(DocumentWriter):
    """Breaks the report of changes: leaves out documents whose write met a conflict."""

    def write(self, writes, log):
        before = dict(log.changed)
        try:
            super().write(writes, log)
        except Conflict:
            log.changed.clear()
            log.changed.update(before)
            raise


class TakesConflictsForDone(DocumentWriter):
    """Breaks the retry of documents: takes a conflict for a write by a newer worker."""

    def write(self, writes, log):
        with contextlib.suppress(Conflict):
            super().write(writes, log)


class TrustsTheFastPath(FeedWriter):
    """Breaks rule 4 on the fast path: does not check the manifest after writing."""

    def _is_newest(self, index):
        return True


class ForgetsArchivesOnTheFastPath(FeedWriter):
    """Breaks a condition of the fast path: takes it although archive documents are pending."""

    def _publish_if_unchanged(self, index: StoredIndex, last: LastWrite, log: WriteLog) -> bool:
        bare = replace(index.manifest, pending={}, tombstones={})
        return super()._publish_if_unchanged(replace(index, manifest=bare), last, log)


class BelievesItsLastWrite(FeedWriter):
    """Breaks a condition of the fast path: takes unchanged documents for still published."""

    def _publish_if_unchanged(self, index, last, log):
        documents = self.current_documents(index.path, index.manifest)
        same = [d for d in documents if hash(d.data) == last.versions.get(d.path, ("", 0))[1]]
        if len(same) < len(documents):
            return super()._publish_if_unchanged(index, last, log)
        return True


class IgnoresZombies(IndexWriter):
    """Pending pages and tombstones stay for an hour: a zombie may still delete or write them."""

    def may_zombie_write(self, retired_at):
        return False


class ChecksTombstonesOnce(IndexWriter):
    """After a redelivery, tombstones are checked again: the crashed worker may have been late."""

    def _check_tombstone(self, old, pages, name, redelivered):
        return super()._check_tombstone(old, pages, name, False)


class ForgetsOldWriters(IndexWriter):
    """After many generations, the recent writers cannot say that a draft was never written."""

    def is_lost(self, draft, current):
        if draft.manifest is None:
            return True
        return draft.manifest.recent_writers[-1] not in current.recent_writers


class LeavesLateArchives(FeedWriter):
    """A worker that has written a retired page deletes it, also if it was seen to be gone."""

    def delete_retired(self, path, manifest, changed):
        super().delete_retired(path, manifest, ())


class WritesOverNewerDocuments(DocumentWriter):
    """The source is checked after the versions are read: they may be of newer documents."""

    def _expected_versions(self, key, version, batches):
        documents = [document.path for batch in batches for document in batch]
        return {path: self.version(path) for path in documents}


class WritesOldArchivesFirst(DocumentWriter):
    """New archive documents are written before the old ones, which may link to them."""

    def _write_batch(self, batch, versions, log):
        for is_old in (True, False):
            part = [document for document in batch if bool(versions[document.path]) is is_old]
            super()._write_batch(part, versions, log)


class IgnoresTitleGenerations(FeedListWriter):
    """The list must have the title of this generation: a slow worker may write another one."""

    def check(self):
        return _AnyGeneration(self)


class _AnyGeneration(FeedListCheck):
    def is_listed(self, path, title, generation):
        return super().is_listed(path, title, 0)


class CompactsNewerRecords(RecordWriter):
    """A record is compacted only if nobody has written it since."""

    def finish(self, name, record):
        super().finish(name, replace(record, token=self.read(name).token))


class CompactsUnconfirmedRecords(RecordWriter):
    """A record is compacted only if all its feeds have confirmed it."""

    def confirm(self, name, record, feeds):
        self.finish(name, record)


class ConfirmsOtherVersions(RecordWriter):
    """A feed has confirmed one version of a record, and no other."""

    def _build(self, old, objects):
        return replace(super()._build(old, objects), confirmed=old.confirmed)


class BelievesOldConfirmations(RecordWriter):
    """A message that comes for the first time updates all feeds again."""

    def refresh(self, name, keys, *, keep_confirmed=False):
        return super().refresh(name, keys, keep_confirmed=True)


class KeepsConfirmations(RecordWriter):
    """A record that all feeds have names no confirmations."""

    def finish(self, name, record):
        super().finish(name, replace(record, confirmed=()))


class ConfirmsUnlistedFeeds(Publisher):
    """A feed that could not be listed has not confirmed a record."""

    def _update_feed_list(self, batch, feeds):
        super()._update_feed_list(batch, feeds)
        return []
