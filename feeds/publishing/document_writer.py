"""Writes the documents of a state object: an index, or the list of feeds -> files under public/.

It keeps rule 4 of publisher.py: after publishing, read the source's version again, and if it
changed, publish again. A document has no token, because nothing random may reach a published byte.
So each write replaces only the version that the document had before the source was read.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, TypeVar

from msgspec import Struct

from feeds import paths
from feeds.documents.http_headers import CACHE_CONTROL, stored_type
from feeds.errors import Conflict, StoreError
from feeds.layout.layout import Layout
from feeds.model import Document
from feeds.state.objects import StateObject
from feeds.state.state_store import MAX_ATTEMPTS, S, StateStore, Versioned
from feeds.stores.base import if_unchanged, md5_version
from feeds.stores.obstacles import obstacles
from feeds.stores.own_files import foreign_files, known_layouts, split_by_maker

S_contra = TypeVar("S_contra", bound=StateObject, contravariant=True)

_MOVE_ADVICE = "move them away"
_FOREIGN_ADVICE = "move them away, or run feeds rebuild --replace to overwrite them"


class WriteLog(Struct):
    """The writes of one worker to the documents of one state object."""

    changed: dict[str, None]
    """The paths of the documents that the worker may have changed, as an ordered set."""
    versions: dict[str, tuple[str, int]]
    """For each document of the last batch: its version, and Python's hash of its bytes."""
    keep_equal: bool = False
    """Whether documents that have the right bytes already are read and not written again. For the
    audit, which only repairs: if a worker has outdated documents, another one is still at work."""


class DocumentSource(Protocol[S_contra]):
    """Makes the documents of a state object."""

    def batches(self, value: S_contra) -> Iterable[Sequence[Document]]:
        """Yield the documents in batches; each batch is written before the next one."""

    def delete_retired(self, value: S_contra, changed: Collection[str]) -> None:
        """Delete the documents that must not exist any more.

        `changed` are the paths of the documents that this worker may have written.
        """


class DocumentWriter:
    """Writes published documents, in the store that also has the state."""

    def __init__(
        self, state: StateStore, layout: Layout, *, replaces_foreign: bool = False
    ) -> None:
        self.state, self.store, self.runtime = state, state.store, state.runtime
        self.layout, self.replaces_foreign = layout, replaces_foreign

    def refuse_foreign(self, documents: Sequence[str]) -> None:
        """Raise StoreError if another program made one of these documents (paths).

        Call it before the state object is created that the documents are made of: from then on,
        they are ours, whatever is in them. So an ordinary upload makes no request for this.
        """
        keys = [paths.PUBLIC + path for path in documents]
        in_the_way = obstacles(keys, self.store)
        blocking = [obstacle for obstacle in in_the_way if not obstacle.can_replace]
        foreign: list[str] = []
        if self.replaces_foreign:
            in_the_way = blocking
        else:
            existing = [path for path in documents if self.version(path)]
            _, foreign = split_by_maker(existing, self.store, self.layout, paths.PUBLIC)
        if foreign or in_the_way:
            names = [paths.PUBLIC + path for path in foreign]
            advice = _MOVE_ADVICE if blocking else _FOREIGN_ADVICE
            raise StoreError(str(foreign_files(names, in_the_way, self.store.url, advice)))

    def publish(
        self, key: str, stored: Versioned[S], source: DocumentSource[S], log: WriteLog
    ) -> S:
        """Publish the documents of the state object at `key`, from its newest version.

        `stored` is the object as the caller has read or written it. Adds the writes to `log`.
        Returns the object that the documents were made of. Raises Conflict after `MAX_ATTEMPTS`.
        """
        for attempt in range(MAX_ATTEMPTS):
            try:
                if self._publish_version(key, stored, source, log):
                    return stored.value
            except Conflict:
                self.state.record_conflict(key, attempt)
            stored = self.state.read(key, type(stored.value))
        raise Conflict(f"{key}: gave up after {MAX_ATTEMPTS} conflicting writes")

    def _publish_version(
        self, key: str, stored: Versioned[S], source: DocumentSource[S], log: WriteLog
    ) -> bool:
        """Publish the documents of one version; return whether it is still the newest one."""
        batches = iter(source.batches(stored.value))
        # Two batches at a time: the newest documents often fit beside the archive's.
        while pair := list(itertools.islice(batches, 2)):
            versions = self._expected_versions(key, stored.version, pair)
            if versions is None:
                return False
            while pair:
                self._write_batch(pair.pop(0), versions, log)  # pop: frees the bytes
        source.delete_retired(stored.value, log.changed)
        return self.state.version(key) == stored.version

    def _expected_versions(
        self, key: str, version: str, batches: Sequence[Sequence[Document]]
    ) -> dict[str, str] | None:
        """Return the versions that the documents had while `version` of the source was the newest.

        None if it is not the newest any more: then the documents may be those of a newer version.
        """
        documents = [document.path for batch in batches for document in batch]
        versions = dict(zip(documents, self.runtime.map(self.version, documents), strict=True))
        return versions if self.state.version(key) == version else None

    def _write_batch(
        self, batch: Sequence[Document], versions: dict[str, str], log: WriteLog
    ) -> None:
        """Write the documents of a batch that are missing or different; missing ones first."""
        log.versions = {
            document.path: (versions[document.path], hash(document.data)) for document in batch
        }
        writes = [(document, versions[document.path]) for document in batch]
        self.write([write for write in writes if not write[1]], log)
        others = [write for write in writes if write[1] and not _is_published(*write)]
        if log.keep_equal:
            others = [write for write in others if not self.are_published([write[0]])]
        self.write(others, log)

    def write(self, writes: Sequence[tuple[Document, str]], log: WriteLog) -> None:
        """Write each document over its version. Raises Conflict.

        A document counts as changed before it is written. If two workers write the same documents,
        each gets conflicts on some of them, and on the next attempt finds them written already; a
        lost reply looks the same. If a worker counted only successful writes, no worker would
        report such a change.
        """
        log.changed.update({document.path: None for document, _ in writes})
        versions = self.runtime.map(self._put, writes)
        for (document, _), version in zip(writes, versions, strict=True):
            log.versions[document.path] = version, hash(document.data)

    def _put(self, write: tuple[Document, str]) -> str:
        document, version = write
        return self.store.put(
            paths.PUBLIC + document.path,
            document.data,
            mode=if_unchanged(version),
            media_type=stored_type(document.type),
            cache_control=CACHE_CONTROL,
        )

    def delete(self, path: str) -> None:
        """Delete a document."""
        self.store.delete(paths.PUBLIC + path)

    def delete_former(self) -> list[str]:
        """Delete the documents in the usual layout, if the site has another; return their paths."""
        listed = (
            stat.key.removeprefix(paths.PUBLIC)
            for known in known_layouts(self.layout)[1:]
            for stat in self.store.list(paths.PUBLIC)
            if known.is_document(stat.key.removeprefix(paths.PUBLIC))
        )
        former = [path for path in listed if not self.layout.is_document(path)]
        own, _ = split_by_maker(former, self.store, self.layout, paths.PUBLIC)
        for path in own:
            self.delete(path)
        return own

    def version(self, path: str) -> str:
        """Return the version of a document; ``""`` if it does not exist."""
        return self.state.version(paths.PUBLIC + path)

    def are_published(self, documents: Iterable[Document]) -> bool:
        """Read the published documents; return whether all of them have these bytes."""

        def is_published(document: Document) -> bool:
            stored = self.store.get(paths.PUBLIC + document.path)
            return stored is not None and stored.data == document.data

        return all(self.runtime.map(is_published, list(documents)))


def _is_published(document: Document, version: str) -> bool:
    """Return whether a version is the hash of a document's bytes, as an S3 ETag is.

    Then the write is skipped: it would give the same version, so no other writer would conflict.
    """
    return version == md5_version(document.data)
