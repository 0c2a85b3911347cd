"""Owns the protocol: keys to look at -> records -> indexes -> documents -> catalog -> notices.

An event only means *look at this key*; it is never data. Each level is a function of the one
before: record = f(post), index = f(records), documents = f(index), catalog = f(indexes). Any number
of workers do this at once, in any order, more than once, and crash anywhere. Four rules keep the
levels right:

1. Read your own version first, then your source, then write only over that version (`_swap`).
2. Write even when nothing changed: a write that is skipped lets a slower, older writer win.
3. Each state object carries a fresh token, so that equal content never has an equal ETag.
4. After publishing, look at the source again; if it moved, publish again.

What a crash can leave behind is written down before it can happen: a manifest names the archive
documents that are due, the ones to delete, and the objects it no longer needs, until a later
write has seen them done. docs/design.md says why each rule is there and what fails without it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from feeds import catalog, documents, index, manifest, paths, post, schedule, state
from feeds.config import Config
from feeds.errors import Conflict, PostError, StoreError, TooLarge
from feeds.events import Message
from feeds.manifest import Due, Manifest, Page
from feeds.model import Document, Entry, Problem
from feeds.output import FRESH, stored_type
from feeds.state import Catalog, Record, Seen
from feeds.store import Store

TRIES = 20
_MANY_PLACES = 8

S = TypeVar("S", Record, Manifest, Catalog)
A = TypeVar("A")
B = TypeVar("B")


class World(Protocol):
    """What a publisher needs besides the stores; tests give it another one."""

    def now(self) -> datetime:
        """The time, aware."""

    def token(self) -> str:
        """A text that was never used before, fit for a file name."""

    def pause(self, attempt: int) -> None:
        """Wait a little, longer with each attempt, so that rivals do not meet again."""

    def each(self, work: Callable[[A], B], items: Sequence[A]) -> list[B]:
        """Do `work` for all items, at once or one after another; results in their order."""


class Published(Struct, frozen=True):
    """What publishing a batch came to.

    `failed` are the ids of messages that must come again; `changed` the keys of documents under
    the public root whose bytes changed; `looked` the records written, by their keys; `errors` why.
    """

    failed: frozenset[str]
    changed: tuple[str, ...]
    looked: dict[str, Record]
    errors: tuple[str, ...]
    conflicts: int


class Publisher:
    """Publishes posts of one store as feeds in another."""

    def __init__(self, posts: Store, feeds: Store, config: Config, world: World) -> None:
        self.posts, self.feeds, self.config, self.world = posts, feeds, config, world
        self.made = made_by(config)
        self.conflicts = 0

    def publish(self, messages: Sequence[Message]) -> Published:
        """Look at the messages' keys, and bring everything that depends on them up to date."""
        errors: list[str] = []
        asked: dict[str, list[str]] = {}
        for message in messages:
            for key in message.keys:
                if post.is_post(key, self.config):
                    keys = asked.setdefault(self._record_key(key), [])
                    keys.extend([key] if key not in keys else [])

        def looked(name: str) -> Record | None:
            try:
                return self.look(name, asked[name])
            except StoreError as error:
                errors.append(f"{asked[name][0]}: {error}")
                return None

        found = dict(zip(asked, self.world.each(looked, list(asked)), strict=True))
        records = {name: record for name, record in found.items() if record is not None}
        again = any(message.received > 1 for message in messages)
        changed, failed = self._spread(records, errors, again)
        failed.update(name for name, record in found.items() if record is None)
        return Published(
            failed=frozenset(
                message.id
                for message in messages
                if any(self._record_key(key) in failed for key in message.keys)
            ),
            changed=tuple(changed),
            looked=records,
            errors=tuple(errors),
            conflicts=self.conflicts,
        )

    def _record_key(self, key: str) -> str:
        return state.record_key(post.group(key, self.config))

    def bury(self, names: Sequence[str]) -> Published:
        """Empty records that no key leads to any more, and drop what they had from all feeds."""
        errors: list[str] = []

        def emptied(old: Record) -> Record:
            return state.of_posts(self.made, old, {}, self.config, self.world.now())

        def buried(name: str) -> Record:
            return self._swap(name, Record, emptied)[1]

        records = dict(zip(names, self.world.each(buried, names), strict=True))
        changed, _ = self._spread(records, errors, again=False)
        return Published(frozenset(), tuple(changed), records, tuple(errors), self.conflicts)

    def _spread(
        self, records: dict[str, Record], errors: list[str], again: bool
    ) -> tuple[list[str], set[str]]:
        """Bring every feed up to date that these records touch.

        Returns the documents that changed, and the records that a feed which failed depends on.
        `again` tells that another worker may have died over the same messages.
        """
        touched: dict[str, list[str]] = {}
        for name, record in records.items():
            for path in record.feeds:
                touched.setdefault(path, []).append(name)
        checked: dict[str, bool] = {}

        def fed(path: str) -> tuple[list[str], bool] | None:
            try:
                version, one = self.merge(path, touched[path], checked, again)
                return self.documents(path, version, one)
            except StoreError as error:
                errors.append(f"{path or 'all posts'}: {error}")
                return None

        order = sorted(touched)
        results = dict(zip(order, self.world.each(fed, order), strict=True))
        changed = [key for result in results.values() if result for key in result[0]]
        unsettled = [path for path, result in results.items() if result and not result[1]]
        failed = {
            name for path, result in results.items() if result is None for name in touched[path]
        }
        if unsettled:
            try:
                changed += self.list_feeds(unsettled)
            except StoreError as error:
                errors.append(f"catalog: {error}")
                failed.update(name for path in unsettled for name in touched[path])
        for name, record in records.items():
            if name not in failed and len(record.places) > _MANY_PLACES:
                self._forget(name, record)
        return changed, failed

    # --- records: f(post) ------------------------------------------------------------------------

    def look(self, name: str, keys: Iterable[str]) -> Record:
        """Write down in the record at `name` what the objects at `keys` are now."""

        def record(old: Record) -> Record:
            posts = dict(old.posts)
            for key in keys:
                seen = self._seen(key, posts.get(key))
                if seen is None:
                    posts.pop(key, None)
                else:
                    posts[key] = seen
            return state.of_posts(self.made, old, posts, self.config, self.world.now())

        written = self._swap(name, Record, record)[1]
        self._mark(name, written)
        return written

    def _mark(self, name: str, record: Record) -> None:
        """Leave a marker for the audit where a post waits for its time; take away the last one."""
        if record.due:
            data = msgspec.json.encode({"keys": sorted(record.posts)})
            self.feeds.put(schedule.marker_key(name, record.due), data, media_type=_JSON)
        if record.was_due and record.was_due != record.due:
            self.feeds.delete(schedule.marker_key(name, record.was_due))

    def _seen(self, key: str, before: Seen | None) -> Seen | None:
        """What the object at a key is; the last good entry stays where it cannot be read."""
        last = before.entry if before else None
        try:
            found = self.posts.get(key, self.config.limits.post_bytes)
        except TooLarge:
            stat = self.posts.head(key)
            version = stat.version if stat else ""
            return Seen(version, last, (post.too_large(key, self.config),))
        if found is None:
            return None
        version = found.stat.version
        reading = post.read(key, found.data, found.stat.modified, self.config)
        problems = reading.problems
        if reading.post is not None:
            try:
                return Seen(version, post.entry(reading.post, self.config), problems)
            except PostError as error:
                problems = (*problems, error.problem)
        elif not reading.failed:
            return Seen(version, None, problems)
        return Seen(version, last, problems)

    def _forget(self, name: str, record: Record) -> None:
        """Drop the feeds and places that every index has been seen without, if nobody minds."""
        now = self.world.now()
        shorter = state.of_posts(record.made, Record(), record.posts, self.config, now)
        try:
            found = self.feeds.get(name)
            if found and msgspec.json.decode(found.data, type=Record).token == record.token:
                data = state.encode(replace(shorter, token=self.world.token()))
                self.feeds.put(name, data, version=found.stat.version, media_type=_JSON)
        except StoreError:
            return

    # --- indexes: f(records) ---------------------------------------------------------------------

    def merge(
        self,
        path: str,
        names: Sequence[str],
        checked: dict[str, bool] | None = None,
        again: bool = False,
    ) -> tuple[str, Manifest]:
        """Bring the index of a feed up to date with the records at `names`.

        Returns its new version, and what it is now.
        """
        last: Manifest | None = None
        parts: list[str] = []

        def merged(old: Manifest) -> Manifest:
            nonlocal last
            if last and self._surely_failed(last, old):
                self._remove(path, parts)
            parts.clear()
            old = self._tidied(path, old, again)
            records = self.world.each(self._record, names)
            now = self.world.now()
            entries = [record.entry(now) for record in records]
            change = manifest.changed(
                old,
                [place for record in records for place in record.places],
                [entry for entry in entries if entry and path in post.feeds_of(entry, self.config)],
                limit=self.config.feeds.limit,
                archives=self.config.feeds.archives,
                shelf=_Shelf(self.feeds, path),
                fresh=self.world.token,
                now=int(now.timestamp()),
            )
            made: list[tuple[str, tuple[Entry, ...] | tuple[Page, ...]]] = [
                *change.pages.items(),
                *change.volumes.items(),
            ]
            parts.extend(name for name, _ in made)
            self.world.each(lambda part: self._keep(path, part[0], part[1]), made)
            last = self._titled(path, change.manifest, {} if checked is None else checked)
            last = replace(last, lineage=(*last.lineage, self.world.token())[-manifest.LINEAGE :])
            return last

        version, new = self._swap(state.manifest_key(path), Manifest, merged)
        self._remove(path, new.gone)
        return version, new

    @staticmethod
    def _surely_failed(last: Manifest, now: Manifest) -> bool:
        """Whether a manifest that met a conflict never was written, so that its parts are nobody's.

        It may have been: the reply was lost, and others built on it before it was looked for.
        """
        recent = now.generation - last.generation < manifest.LINEAGE
        return recent and last.lineage[-1] not in now.lineage

    def _keep(self, path: str, name: str, part: tuple[Entry, ...] | tuple[Page, ...]) -> None:
        self.feeds.put(state.part_key(path, name), state.encode(part), media_type=_JSON)

    def renew(self, path: str) -> list[str]:
        """Write all documents of a feed anew, where another configuration wrote them last.

        Returns those that were written; none where it was this configuration.
        """

        def due(old: Manifest) -> Manifest:
            return manifest.renewed(
                old,
                _Shelf(self.feeds, path),
                made=self.made,
                archives=self.config.feeds.archives,
                there=self._archive_there(path),
                now=int(self.world.now().timestamp()),
            )

        _, one = self._read(state.manifest_key(path), Manifest)
        if one.made == self.made:
            return []
        self.merge(path, ())
        version, one = self._swap(state.manifest_key(path), Manifest, due)
        changed, _ = self.documents(path, version, one)
        return changed

    def index(self, path: str) -> tuple[str, Manifest]:
        """The version and the index of a feed."""
        return self._read(state.manifest_key(path), Manifest)

    def shelf(self, path: str) -> manifest.Shelf:
        """The stored pages of a feed."""
        return _Shelf(self.feeds, path)

    def due(self, path: str, names: Collection[str]) -> tuple[str, Manifest]:
        """Note archive pages that must be written again; the new version of the index."""

        def noted(old: Manifest) -> Manifest:
            every = manifest.renewed(
                old, self.shelf(path), made=old.made, archives=True, there=(), now=0
            )
            due = {name: what for name, what in every.due.items() if name in {*names, *old.due}}
            return replace(every, due=due, settled=old.settled)

        return self._swap(state.manifest_key(path), Manifest, noted)

    def _archive_there(self, path: str) -> set[str]:
        """The names of the archive pages that are published; a listing, so not for every upload."""
        prefix = paths.PUBLIC + paths.document(path, "archive/")
        return {paths.stem(stat.key) for stat in self.feeds.list(prefix)}

    def _record(self, name: str) -> Record:
        return self._read(name, Record)[1]

    def _tidied(self, path: str, old: Manifest, again: bool) -> Manifest:
        """The manifest without what it asked for and is seen to be done.

        An archive page that was seen to be gone is looked for once more after a crash: who died may
        have written it after that.
        """
        if not (old.due or old.retired or old.gone):
            return old
        self._remove(path, old.gone)
        now = int(self.world.now().timestamp())
        due = {
            name: what
            for name, what in old.due.items()
            if now - what.since < manifest.DANGER or not self._is_done(path, old, name, what)
        }
        seen = {
            name: since if since < 0 and not again else self._looked_for(path, name, since)
            for name, since in old.retired.items()
        }
        retired = {name: at for name, at in seen.items() if at > 0 or now + at < manifest.DANGER}
        return replace(old, due=due, retired=retired, gone=())

    def _is_done(self, path: str, old: Manifest, name: str, due: Due) -> bool:
        for document in self._archive(path, old, name, due):
            found = self.feeds.get(paths.PUBLIC + document.path)
            if found is None or found.data != document.data:
                return False
        return True

    def _looked_for(self, path: str, name: str, since: int) -> int:
        keys = documents.archive_keys(path, name)
        there = any(self.feeds.head(paths.PUBLIC + key) is not None for key in keys)
        return abs(since) if there else -abs(since)

    def _titled(self, path: str, new: Manifest, checked: dict[str, bool]) -> Manifest:
        """The manifest with its title, and whether the catalog is known to agree."""
        window = index.window(new.entries, self.config.feeds.limit)
        shown = window or not path  # the feed of all posts is listed even while it is empty
        title = documents.feed_of(path, window, self.config).title if shown else ""
        if title != new.title:
            return replace(new, title=title, named=new.generation, settled=False)
        if new.settled:
            return new
        _, known = self._read(state.CATALOG, Catalog)
        listed = known.feeds.get(path)
        agreed = (
            listed is not None and listed.title == title and listed.generation >= new.named
        ) and self._catalog_is_shown(known, checked)
        return replace(new, settled=agreed)

    def _catalog_is_shown(self, known: Catalog, checked: dict[str, bool]) -> bool:
        if known.token not in checked:
            checked[known.token] = all(
                (found := self.feeds.get(paths.PUBLIC + document.path)) is not None
                and found.data == document.data
                for document in catalog.documents(_listed(known), self.config)
            )
        return checked[known.token]

    def _remove(self, path: str, names: Iterable[str]) -> None:
        """Delete parts of an index that nothing names any more, if it can be done."""
        for name in names:
            try:
                self.feeds.delete(state.part_key(path, name))
            except StoreError:
                return

    # --- documents: f(index) ---------------------------------------------------------------------

    def documents(self, path: str, version: str, one: Manifest) -> tuple[list[str], bool]:
        """Publish a feed, as of the newest version of its index.

        Returns the keys of the documents that changed, and whether the catalog agrees already.
        """
        changed: dict[str, None] = {}
        key = state.manifest_key(path)
        for attempt in range(TRIES):
            try:
                for batch in self._batches(path, one):
                    versions = self.world.each(self._version, [made.path for made in batch])
                    if self._version_of(key) != version:
                        break
                    pairs = list(zip(batch, versions, strict=True))
                    for made, new in zip(batch, self.world.each(self._put, pairs), strict=True):
                        if new:
                            changed[made.path] = None
                else:
                    self._delete_retired(path, one, changed)
                    if self._version_of(key) == version:
                        return list(changed), one.settled
            except Conflict:
                self._lost(attempt)
            version, one = self._read(key, Manifest)
        raise Conflict(f"{path or 'all posts'}: others kept publishing it")

    def _batches(self, path: str, one: Manifest) -> Iterator[Sequence[Document]]:
        """The documents to write: archive pages first, so that nothing links to what is not."""
        for name, due in one.due.items():
            yield list(self._archive(path, one, name, due))
        window = index.window(one.entries, self.config.feeds.limit)
        older = one.newest_archive if self.config.feeds.archives else ""
        yield list(documents.current(path, window, older, self.config))

    def _archive(self, path: str, one: Manifest, name: str, due: Due) -> Iterator[Document]:
        entries = _Shelf(self.feeds, path).page(due.object) if due.object else one.first_page
        return documents.archive(path, name, entries, due.older, self.config)

    def _delete_retired(self, path: str, one: Manifest, written: Container[str]) -> None:
        """Delete archive pages that are no more; also those that this worker wrote too late."""
        for name, since in one.retired.items():
            for key in documents.archive_keys(path, name):
                if since > 0 or key in written:
                    self.feeds.delete(paths.PUBLIC + key)

    def _version(self, path: str) -> str:
        return self._version_of(paths.PUBLIC + path)

    def _version_of(self, key: str) -> str:
        stat = self.feeds.head(key)
        return stat.version if stat else ""

    def _put(self, over: tuple[Document, str]) -> bool:
        """Write a document over a version; whether that was another one.

        A version that is the hash of these bytes (an S3 ETag) would be the same after the write:
        then it protects from nobody, and is left out.
        """
        document, version = over
        digest = hashlib.md5(document.data, usedforsecurity=False).hexdigest()
        if version.strip('"') == digest:
            return False
        self.feeds.put(
            paths.PUBLIC + document.path,
            document.data,
            version=version,
            media_type=stored_type(document.type),
            cache_control=FRESH,
        )
        return True

    # --- the catalog: f(indexes) -----------------------------------------------------------------

    def list_feeds(self, changed: Sequence[str]) -> list[str]:
        """Bring the catalog up to date with feeds, and publish it; the documents that changed."""

        def listed(old: Catalog) -> Catalog:
            keys = [state.manifest_key(path) for path in changed]
            found = self.world.each(lambda key: self._read(key, Manifest)[1], keys)
            feeds = dict(old.feeds)
            for path, one in zip(changed, found, strict=True):
                if path not in feeds or feeds[path].generation <= one.generation:
                    feeds[path] = state.Listed(one.title, one.generation)
            return Catalog(feeds=dict(sorted(feeds.items())))

        version, known = self._swap(state.CATALOG, Catalog, listed)
        written: dict[str, None] = {}
        for attempt in range(TRIES):
            shown = list(catalog.documents(_listed(known), self.config))
            versions = self.world.each(self._version, [document.path for document in shown])
            try:
                if self._version_of(state.CATALOG) == version:
                    for document, before in zip(shown, versions, strict=True):
                        if self._put((document, before)):
                            written[document.path] = None
                    if self._version_of(state.CATALOG) == version:
                        return list(written)
            except Conflict:
                self._lost(attempt)
            version, known = self._read(state.CATALOG, Catalog)
        raise Conflict("the catalog: others kept publishing it")

    # --- state objects ---------------------------------------------------------------------------

    def _read(self, key: str, kind: type[S]) -> tuple[str, S]:
        """The version and the value of a state object; ``""`` and an empty one where it is not."""
        found = self.feeds.get(key)
        if found is None:
            return "", kind()
        return found.stat.version, msgspec.json.decode(found.data, type=kind)

    def _swap(self, key: str, kind: type[S], change: Callable[[S], S]) -> tuple[str, S]:
        """Replace a state object by `change` of it, and say its new version and value.

        `change` reads the sources: it is called after the object was read, and again whenever
        somebody else was quicker. Raises Conflict when that goes on.
        """
        for attempt in range(TRIES):
            version, old = self._read(key, kind)
            new = None
            try:
                new = replace(change(old), token=self.world.token())
                return self.feeds.put(
                    key, state.encode(new), version=version, media_type=_JSON
                ), new
            except Conflict:
                # A write whose reply was lost, and which was tried again, fails over itself.
                version, now = self._read(key, kind)
                if new is not None and now.token == new.token:
                    return version, now
                self._lost(attempt)
        raise Conflict(f"{key}: others kept writing it")

    def _lost(self, attempt: int) -> None:
        self.conflicts += 1
        self.world.pause(attempt)


_JSON = "application/json"


class _Shelf:
    """The stored parts of one feed's index (manifest.Shelf)."""

    def __init__(self, store: Store, path: str) -> None:
        self.store, self.path = store, path

    def page(self, name: str) -> tuple[Entry, ...]:
        return msgspec.json.decode(self._part(name), type=tuple[Entry, ...])

    def volume(self, name: str) -> tuple[Page, ...]:
        return msgspec.json.decode(self._part(name), type=tuple[Page, ...])

    def _part(self, name: str) -> bytes:
        key = state.part_key(self.path, name)
        if (found := self.store.get(key)) is None:
            raise Conflict(f"{key} is gone: the index has moved on")
        return found.data


def _listed(known: Catalog) -> list[catalog.Listed]:
    """The feeds that have entries."""
    return [catalog.Listed(path, feed.title) for path, feed in known.feeds.items() if feed.title]


def made_by(config: Config) -> str:
    """What tells records made by one configuration and version from those made by another."""
    from feeds import __version__

    settings = msgspec.json.encode([__version__, config], order="sorted")
    return hashlib.sha256(settings).hexdigest()[:16]


def problems(records: Iterable[Record]) -> list[Problem]:
    """Everything that is wrong with the posts of these records."""
    return sorted(
        problem for record in records for seen in record.posts.values() for problem in seen.problems
    )
