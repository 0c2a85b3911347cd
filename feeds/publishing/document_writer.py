"""Writes the published documents: an index, or the list of feeds -> the files under public/.

It keeps rule 4 of publisher.py: after publishing, look at the source again, and if it moved,
publish again. A document has no token, because nothing random may reach a published byte. It is
written over the version that it had before the source was read.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from msgspec import Struct

from feeds import paths
from feeds.config import Config
from feeds.documents import formats, pagination
from feeds.documents.http_headers import CACHE_CONTROL, stored_type
from feeds.errors import Conflict
from feeds.model import Document
from feeds.state.index_pages import IndexPages, StoredIndex
from feeds.state.keys import manifest_key
from feeds.state.manifest import Manifest, pending_in_order
from feeds.state.state_store import MAX_ATTEMPTS, S, StateStore
from feeds.stores.base import if_unchanged, md5_version

BATCH_BYTES = 1_000_000
"""Bytes of archive documents that are written at once, and the page that goes over them."""

MAX_REMEMBERED = 5_000


class WriteLog(Struct):
    """What one worker does to documents: which it may have `changed`, and how the last `stand`.

    That is, by their keys: the versions that they were seen to have, and Python's hashes of them.
    """

    changed: dict[str, None]
    stand: dict[str, tuple[str, int]]


class LastWrite(Struct, frozen=True):
    """How this worker left the documents of a feed, of the index with this token."""

    token: str
    stand: dict[str, tuple[str, int]]


class DocumentWriter:
    """The published documents in the store of the state."""

    def __init__(self, state_: StateStore, config: Config) -> None:
        self.state, self.store, self.config = state_, state_.store, config
        self.each = state_.world.each
        self._left: OrderedDict[str, LastWrite] = OrderedDict()
        self._rendering = threading.Lock()  # threads that only compute hinder each other

    def show(
        self,
        key: str,
        version: str,
        one: S,
        made: Callable[[S], Iterable[Sequence[Document]]],
        dropped: Callable[[S, Collection[str]], None] = lambda _one, _written: None,
        work: WriteLog | None = None,
    ) -> tuple[list[str], S]:
        """Publish what is `made` of the state object at `key`, as of its newest version.

        `made` are batches, one to be there before the next is written, and in each what is new
        before what is not; `dropped` deletes what is no more, and is told what this worker may have
        written, which goes into `work`. Returns the documents that changed, and the object that
        they were made of.
        """
        work = work or WriteLog({}, {})
        for attempt in range(MAX_ATTEMPTS):
            try:
                batches = iter(made(one))
                while some := list(itertools.islice(batches, 2)):
                    at = [document.path for batch in some for document in batch]
                    there = dict(zip(at, self.each(self._version, at), strict=True))
                    if self.state.version(key) != version:
                        break
                    while some:
                        self._replace(some.pop(0), there, work)  # and let go of it
                else:
                    dropped(one, work.changed)
                    if self.state.version(key) == version:
                        return list(work.changed), one
            except Conflict:
                self.state.lost(key, attempt)
            version, one = self.state.read(key, type(one))
        raise Conflict(f"{key}: gave up after {MAX_ATTEMPTS} conflicting writes")

    def _version(self, path: str) -> str:
        return self.state.version(paths.PUBLIC + path)

    def _replace(self, batch: Sequence[Document], there: dict[str, str], work: WriteLog) -> None:
        """Write those of a batch that are not as they should be, over the versions `there`."""
        work.stand = {made.path: (there[made.path], hash(made.data)) for made in batch}
        over = [(made, there[made.path]) for made in batch]
        self._write([one for one in over if not one[1]], work)
        self._write([one for one in over if one[1] and not _is(*one)], work)

    def _write(self, over: Sequence[tuple[Document, str]], work: WriteLog) -> None:
        """Write documents over versions, and note that they are others now.

        That is noted before: of two workers who write the same, each loses the documents that the
        other one wrote, and a lost reply looks like that too. Then both find everything written.
        """
        work.changed.update({document.path: None for document, _ in over})
        versions = self.each(self._put, over)
        for (document, _), version in zip(over, versions, strict=True):
            work.stand[document.path] = version, hash(document.data)

    def _put(self, over: tuple[Document, str]) -> str:
        document, version = over
        return self.store.put(
            paths.PUBLIC + document.path,
            document.data,
            mode=if_unchanged(version),
            media_type=stored_type(document.type),
            cache_control=CACHE_CONTROL,
        )

    def holds(self, made: Iterable[Document]) -> bool:
        """Whether every document is published as it was made."""

        def held(document: Document) -> bool:
            found = self.store.get(paths.PUBLIC + document.path)
            return found is not None and found.data == document.data

        return all(self.each(held, list(made)))

    # --- a feed ----------------------------------------------------------------------------------

    def feed(self, written: StoredIndex) -> tuple[list[str], Manifest]:
        """Publish a feed, as of the newest version of its index.

        Returns the keys of the documents that changed, and the index that they were made of.
        """
        path, one = written.path, written.index
        work = WriteLog({}, {})
        left = self._left.pop(path, None)
        if not (left and left.token == written.before and self._is_alone(written, left, work)):
            _, one = self.show(
                manifest_key(path),
                written.version,
                one,
                lambda now: self._batches(now, written.parts),
                lambda now, keys: self._delete_retired(path, now, keys),
                work,
            )
        self._left[path] = LastWrite(one.token, work.stand)
        if len(self._left) > MAX_REMEMBERED:
            self._left.popitem(last=False)
        return list(work.changed), one

    def _is_alone(self, written: StoredIndex, left: LastWrite, work: WriteLog) -> bool:
        """Publish a feed that nobody else has touched since this worker did; whether it was so.

        Then its documents need not be asked for their versions, and the write of its index was the
        look at the source. Where somebody has been there, nothing is overwritten. What would stay
        as it is must be looked at: for that, and for archives, there is `show`.
        """
        path, one = written.path, written.index
        made = [] if one.pending or one.tombstones else self._current(path, one)
        over = [(document, *left.stand.get(document.path, ("", 0))) for document in made]
        if not over or any(hash(document.data) == there for document, _, there in over):
            return False
        try:
            self._write([(document, seen) for document, seen, _ in over], work)
        except Conflict:
            return False
        return self.state.version(manifest_key(path)) == written.version

    def _batches(self, one: Manifest, parts: IndexPages) -> Iterator[Sequence[Document]]:
        """The documents to write: archive pages first, so that nothing links to what is not."""
        made: list[Document] = []
        for name in pending_in_order(one.pending):
            made += self._archive(one, parts, name)
            if sum(len(document.data) for document in made) > BATCH_BYTES:
                yield made
                made = []
        if made:
            yield made
        del made
        yield self._current(parts.path, one)

    def _current(self, path: str, one: Manifest) -> list[Document]:
        window = pagination.newest_first(one.entries, self.config.feeds.limit)
        older = one.newest_archive if self.config.feeds.archives else ""
        with self._rendering:
            return list(formats.current_documents(path, window, older, self.config))

    def _archive(self, one: Manifest, parts: IndexPages, name: str) -> list[Document]:
        due = one.pending[name]
        entries = parts.page(due.object) if due.object else one.first_page
        with self._rendering:
            return list(
                formats.archive_documents(parts.path, name, entries, due.older, self.config)
            )

    def _delete_retired(self, path: str, one: Manifest, written: Collection[str]) -> None:
        """Delete archive pages that are no more; also those that this worker wrote too late."""
        for name, since in one.tombstones.items():
            for key in formats.archive_keys(path, name):
                if since > 0 or key in written:
                    self.store.delete(paths.PUBLIC + key)

    # --- what can be seen of an archive ----------------------------------------------------------

    def holds_archive(self, one: Manifest, parts: IndexPages, name: str) -> bool:
        """Whether an archive page is published as it is due."""
        return self.holds(self._archive(one, parts, name))

    def has_archive(self, path: str, name: str) -> bool:
        """Whether anything of an archive page is published, in any format."""
        keys = formats.archive_keys(path, name)
        return any(self.each(self._version, keys))

    def archive_names(self, path: str) -> set[str]:
        """The names of the archive pages that are published; a listing, so not for every upload."""
        prefix = paths.PUBLIC + paths.document(path, "archive/")
        return {paths.stem(stat.key) for stat in self.store.list(prefix)}


def _is(document: Document, version: str) -> bool:
    """Whether a version is the hash of a document's bytes, as an S3 ETag is.

    Then it would be the same after a write, and protect from nobody: the write is left out.
    """
    return version == md5_version(document.data)
