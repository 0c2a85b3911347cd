"""The publisher, broken on purpose: each class lacks one thing that the protocol needs.

If the simulator could not tell one of these from the real publisher, it would prove nothing.
"""

from __future__ import annotations

from msgspec.structs import replace

from feeds import paths, post, state
from feeds.errors import Conflict, Denied
from feeds.manifest import Manifest
from feeds.publish import _JSON, TRIES, Publisher
from feeds.state import Record, Seen


class SourceFirst(Publisher):
    """Rule 1: reads its own version only after its source."""

    def _swap(self, key, kind, change):
        for attempt in range(TRIES):
            _, old = self._read(key, kind)
            new = replace(change(old), token=self.world.token())
            version, now = self._read(key, kind)
            if kind is not Record and now.token != old.token:
                continue  # an index would lose entries at once; a record is simply older
            try:
                return self.feeds.put(key, state.encode(new), version=version), new
            except Conflict:
                self._lost(attempt)
        raise Conflict(key)


class Unconditional(Publisher):
    """Rule 1: writes over whatever is there."""

    def _swap(self, key, kind, change):
        _, old = self._read(key, kind)
        new = replace(change(old), token=self.world.token())
        return self.feeds.put(key, state.encode(new)), new


class SkipsEqualWrites(Publisher):
    """Rule 2: does not write a record that would be as it is."""

    def _swap(self, key, kind, change):
        def unchanged(old):
            new = change(old)
            if kind is Record and replace(new, token=old.token) == old and old.token:
                raise _NothingNewError(old)
            return new

        try:
            return super()._swap(key, kind, unchanged)
        except _NothingNewError as same:
            return "", same.args[0]


class _NothingNewError(Exception):
    pass


class StaleTokens(Publisher):
    """Rule 3: equal content has an equal ETag."""

    def _swap(self, key, kind, change):
        for attempt in range(TRIES):
            version, old = self._read(key, kind)
            try:
                new = change(old)
                if isinstance(new, Manifest):
                    new = replace(new, generation=0, lineage=(), named=0)
                return self.feeds.put(key, state.encode(new), version=version), new
            except Conflict:
                self._lost(attempt)
        raise Conflict(key)


class NeverLooksAgain(Publisher):
    """Rule 4: publishes the index that it wrote, and goes."""

    def documents(self, path, version, one):
        key = state.manifest_key(path)
        for _ in range(TRIES):
            try:
                changed = []
                for batch in self._batches(path, one):
                    versions = [self._version(made.path) for made in batch]
                    if self._version_of(key) != version:
                        break
                    for made, before in zip(batch, versions, strict=True):
                        changed += [made.path] if self._put((made, before)) else []
                else:
                    self._delete_retired(path, one, ())
                    return changed, one.settled
            except Conflict:
                pass
            version, one = self._read(key, Manifest)
        raise Conflict(path)


class ForgetsTheLastGood(Publisher):
    """A post that cannot be read loses its entry."""

    def _seen(self, key, before):
        return super()._seen(key, None)


class DeniedIsDeleted(Publisher):
    """Reads 403 as *there is no such post*."""

    def _seen(self, key: str, before: Seen | None) -> Seen | None:
        try:
            return super()._seen(key, before)
        except Denied:
            return None


class ForgetsOldFeeds(Publisher):
    """The record names only the feeds that the post is in now."""

    def _swap(self, key, kind, change):
        def short(old):
            new = change(old)
            if isinstance(new, Record):
                entries = [seen.entry for seen in new.posts.values() if seen.entry]
                now = {path for entry in entries for path in post.feeds_of(entry, self.config)}
                new = replace(new, feeds=tuple(sorted({"", *now})))
            return new

        return super()._swap(key, kind, short)


class ForgetsOldPlaces(Publisher):
    """The record names only the place that the post has now."""

    def _swap(self, key, kind, change):
        def short(old):
            new = change(old)
            if isinstance(new, Record):
                new = state.of_posts(
                    new.made,
                    replace(Record(), feeds=new.feeds),
                    new.posts,
                    self.config,
                    self.world.now(),
                )
            return new

        return super()._swap(key, kind, short)


class ForgetsWhatIsDue(Publisher):
    """The manifest does not carry on the archive documents that a crash left unwritten."""

    def _tidied(self, path, old, again):
        return super()._tidied(path, replace(old, due={}, retired={}), again)


class RemovesPartsInUse(Publisher):
    """Takes a lost reply for a lost write, and deletes the pages that the write named."""

    @staticmethod
    def _surely_failed(last, now):
        return True


class SettlesTheCatalogUnseen(Publisher):
    """Believes that the catalog has a title because somebody was going to write it."""

    def _titled(self, path, new, checked):
        titled = super()._titled(path, new, checked)
        return replace(titled, settled=titled.settled or titled.title == new.title)


class OverwritesDocuments(Publisher):
    """Writes documents over whatever is there."""

    def _put(self, over):
        document, _ = over
        self.feeds.put(paths.PUBLIC + document.path, document.data, media_type=_JSON)
        return True
