"""The publisher, broken on purpose: each class lacks one thing that the protocol needs.

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
from feeds.publishing.document_writer import DocumentWriter
from feeds.publishing.due_markers import marker_key
from feeds.publishing.feed_list_writer import FeedListWriter
from feeds.publishing.index_writer import IndexWriter
from feeds.publishing.publisher import Publisher
from feeds.publishing.record_writer import RecordWriter
from feeds.runtime import ThreadedRuntime
from feeds.state.keys import manifest_key
from feeds.state.manifest import Manifest
from feeds.state.objects import ObjectSnapshot, Record, encode
from feeds.state.state_store import JSON, MAX_ATTEMPTS, StateStore
from feeds.stores.memory import MemoryStore


def publisher(mutant: type) -> Callable[..., Publisher]:
    """What makes publishers of which one part is the mutant instead of the class that it breaks.

    Fails at once where there is nothing of that name to break.
    """
    (whole,) = mutant.__bases__
    kinds = FunctionType | staticmethod
    own = {name for name, one in vars(mutant).items() if isinstance(one, kinds)}
    assert own, f"{mutant.__name__} breaks nothing"
    assert own <= vars(whole).keys(), f"{whole.__name__} has no {own - vars(whole).keys()} to break"

    def broken(*args: Any) -> Publisher:
        made = Publisher(*args)
        parts = [part for part in vars(made).values() if type(part) is whole]
        assert parts, f"no part of a publisher is {whole.__name__}"
        for part in parts:
            part.__class__ = mutant
        return made

    broken(MemoryStore(), MemoryStore(), settings(), ThreadedRuntime())
    return broken


class SourceFirst(StateStore):
    """Rule 1: reads its own version only after its source."""

    def swap(self, key, kind, change):
        for attempt in range(MAX_ATTEMPTS):
            _, old = self.read(key, kind)
            new = replace(change(old), token=self.world.token())
            version, now = self.read(key, kind)
            if kind is not Record and now.token != old.token:
                continue  # an index would lose entries at once; a record is simply older
            try:
                return self.write(key, new, version), new
            except Conflict:
                self.lost(key, attempt)
        raise Conflict(key)


class Unconditional(StateStore):
    """Rule 1: writes over whatever is there."""

    def swap(self, key, kind, change):
        _, old = self.read(key, kind)
        new = replace(change(old), token=self.world.token())
        return self.store.put(key, encode(new)), new


class SkipsEqualWrites(StateStore):
    """Rule 2: does not write a record that would be as it is."""

    def swap(self, key, kind, change):
        def unchanged(old):
            new = change(old)
            if kind is Record and replace(new, token=old.token) == old and old.token:
                raise _NothingNewError(old)
            return new

        try:
            return super().swap(key, kind, unchanged)
        except _NothingNewError as same:
            return "", same.args[0]


class _NothingNewError(Exception):
    pass


class StaleTokens(StateStore):
    """Rule 3: equal content has an equal ETag."""

    def swap(self, key, kind, change):
        for attempt in range(MAX_ATTEMPTS):
            version, old = self.read(key, kind)
            try:
                new = change(old)
                if isinstance(new, Manifest):
                    new = replace(new, generation=0, recent_writers=(), title_generation=0)
                return self.write(key, new, version), new
            except Conflict:
                self.lost(key, attempt)
        raise Conflict(key)


class NeverLooksAgain(DocumentWriter):
    """Rule 4: publishes the index that it wrote, and goes."""

    def feed(self, written):
        version, one, parts = written.version, written.index, written.parts
        key = manifest_key(written.path)
        for _ in range(MAX_ATTEMPTS):
            try:
                changed = []
                for batch in self._batches(one, parts):
                    versions = [self._version(made.path) for made in batch]
                    if self.state.version(key) != version:
                        break
                    for over in zip(batch, versions, strict=True):
                        self._put(over)
                        changed.append(over[0].path)
                else:
                    self._delete_retired(written.path, one, ())
                    return changed, one
            except Conflict:
                pass
            version, one = self.state.read(key, Manifest)
        raise Conflict(key)


class ForgetsTheLastGood(RecordWriter):
    """A post that cannot be read loses its entry."""

    def _seen(self, key, before):
        return super()._seen(key, None)


class DeniedIsDeleted(RecordWriter):
    """Reads 403 as *there is no such post*."""

    def _seen(self, key: str, before: ObjectSnapshot | None) -> ObjectSnapshot | None:
        try:
            return super()._seen(key, before)
        except Denied:
            return None


class ForgetsOldFeeds(RecordWriter):
    """The record names only the feeds that the post is in now."""

    def _of(self, old, posts):
        entries = [seen.entry for seen in posts.values() if seen.entry]
        now = {path for entry in entries for path in self.config.feed_paths(entry.terms)}
        return replace(super()._of(old, posts), feeds=tuple(sorted({"", *now})))


class ForgetsOldPlaces(RecordWriter):
    """The record names only the place that the post has now."""

    def _of(self, old, posts):
        return super()._of(replace(old, sort_keys=()), posts)


class LeavesMarkersUnseen(RecordWriter):
    """Takes a marker away, and does not look whether the post is waiting again."""

    def _take_marker(self, name, due):
        self.state.store.delete(marker_key(name, due))


class ForgetsWhatIsDue(IndexWriter):
    """The manifest does not carry on the archive documents that a crash left unwritten."""

    def _tidied(self, old, parts, again):
        return super()._tidied(replace(old, pending={}, tombstones={}), parts, again)


class RemovesPartsInUse(IndexWriter):
    """Takes a lost reply for a lost write, and deletes the pages that the write named."""

    @staticmethod
    def _surely_failed(last, now):
        return True


class SettlesTheCatalogUnseen(FeedListWriter):
    """Believes that the catalog has a title because somebody was going to write it."""

    def agrees(self, path, title, named, shown):
        super().agrees(path, title, named, shown)
        return True


class OverwritesDocuments(DocumentWriter):
    """Writes documents over whatever is there."""

    def _put(self, over):
        document, _ = over
        self.store.put(paths.PUBLIC + document.path, document.data, media_type=JSON)


class TellsOnlyOfWhatItSawWritten(DocumentWriter):
    """Does not count a document as changed whose write met a conflict."""

    def _write(self, over, work):
        before = dict(work.changed)
        try:
            super()._write(over, work)
        except Conflict:
            work.changed = before
            raise


class StaysAlone(DocumentWriter):
    """Does not look at the source again where nobody else had touched the feed."""

    def _is_alone(self, written, left, work):
        path, one = written.path, written.index
        made = [] if one.pending or one.tombstones else self._current(path, one)
        over = [(document, *left.stand.get(document.path, ("", 0))) for document in made]
        if not over or any(hash(document.data) == there for document, _, there in over):
            return False
        try:
            self._write([(document, seen) for document, seen, _ in over], work)
        except Conflict:
            return False
        return True


class TakesConflictsForDone(DocumentWriter):
    """Takes a document that is not as it should have been for one that a newer worker wrote."""

    def _write(self, over, work):
        with contextlib.suppress(Conflict):
            super()._write(over, work)


class ForgetsArchivesWhenAlone(DocumentWriter):
    """Goes the short way also where archive pages are to be written or deleted."""

    def _is_alone(self, written, left, work):
        bare = replace(written.index, pending={}, tombstones={})
        return super()._is_alone(replace(written, index=bare), left, work)


class BelievesWhatItLeft(DocumentWriter):
    """Does not look at a document that would stay as this process has left it."""

    def _is_alone(self, written, left, work):
        made = self._current(written.path, written.index)
        same = [one for one in made if hash(one.data) == left.stand.get(one.path, ("", 0))[1]]
        if len(same) < len(made):
            return super()._is_alone(written, left, work)
        return self.state.version(manifest_key(written.path)) == written.version
