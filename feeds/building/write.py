"""Writes the documents of a full build to a store: only those that changed. Removes old ones.

A build looks before it writes: it first renders and compares all documents, then checks that it
replaces only files of this program, and that not most of what is published would go. Only then it
writes.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from feeds.building.removals import check_removals
from feeds.documents.http_headers import CACHE_CONTROL, stored_type
from feeds.layout.layout import Layout, usual_layout
from feeds.model import Document
from feeds.stores.addresses import folder_of
from feeds.stores.base import Stat, Store, md5_version
from feeds.stores.obstacles import is_empty_folder, obstacles
from feeds.stores.own_files import foreign_files, known_type, split_by_maker

_PARALLEL_REQUESTS = 16
"""How many documents are written at the same time to a store behind a network."""
_SPOOL_BYTES = 32_000_000
"""The size up to which the documents to write stay in memory; larger ones are in a file."""

_ADVICE = "nothing was written; use another folder, or --replace to overwrite"
_MOVE_ADVICE = "nothing was written; use another folder, or move it away"


class WriteCounts:
    """How many documents a build has written, left unchanged and removed."""

    def __init__(self) -> None:
        self.written = self.unchanged = self.removed = 0


def write_documents(
    documents: Iterable[Document],
    out: Store,
    *,
    replace: bool = False,
    ids: Collection[str] | None = None,
    layout: Layout | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> WriteCounts:
    """Write the documents that differ from the stored ones, and remove those of former feeds.

    Removes a file only if its name is that of a document and its bytes say that this program made
    it: a build into the wrong folder deletes nothing. Raises FeedsError, and writes nothing, if a
    document would replace a file that this program did not make, or a link, unless `replace` is
    set; and if a folder, or a file in place of a folder, is in the way.

    `ids` are the ids of all posts that were found. With them, it raises FeedsError, and writes
    nothing, if most of what is published would go (removals.py). `layout` is where the documents of
    the site are; documents in the usual layout are known too, and removed if they are not in it.
    `progress(done, total)` is called with numbers of documents that are written after all are
    compared.
    """
    layout = layout or usual_layout()
    former = {stat.key: stat for stat in out.list()}
    published = {key: stat for key, stat in former.items() if known_type(key, layout)}
    if not published and (folder_of(out.url) is None or is_empty_folder(out)):
        # Nothing can be replaced, removed or in the way.
        counts = WriteCounts()
        counts.written = _write(documents, out)
        return counts
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spool:
        changes: list[_Change] = []
        unchanged: list[str] = []
        for document in documents:
            stat = published.pop(document.path, None)
            if _is_unchanged(stat, document.data, out):
                unchanged.append(document.path)
                continue
            size = spool.write(document.data)
            changes.append(_Change(document.path, document.type, size, is_new=stat is None))
        replaced = [change.path for change in changes if not change.is_new]
        own, foreign = split_by_maker(replaced, out, layout)
        _refuse_foreign([change.path for change in changes], foreign, out, replace=replace)
        removed, _ = split_by_maker(list(published), out, layout)
        if ids is not None:
            check_removals(
                out,
                ids,
                layout,
                unchanged=unchanged,
                changed=[*own, *foreign],
                removed=removed,
            )
        spool.seek(0)
        written = (
            Document(change.path, spool.read(change.size), change.type) for change in changes
        )
        _write(written, out, progress, len(changes))
    for key in removed:
        out.delete(key)
    counts = WriteCounts()
    counts.written, counts.unchanged, counts.removed = len(changes), len(unchanged), len(removed)
    return counts


def _refuse_foreign(
    keys: Iterable[str], foreign: Collection[str], out: Store, *, replace: bool
) -> None:
    """Raise ForeignFiles if something of others is where a document must be written."""
    in_the_way = obstacles(keys, out)
    blocking = [obstacle for obstacle in in_the_way if not obstacle.can_replace]
    if replace:
        in_the_way, foreign = blocking, ()
    if in_the_way or foreign:
        raise foreign_files(foreign, in_the_way, out.url, _MOVE_ADVICE if blocking else _ADVICE)


class _Change(NamedTuple):
    """A document that must be written; its bytes are in the spool, in this order."""

    path: str
    type: str
    size: int
    is_new: bool
    """Whether there is no file at its path."""


def _write(
    documents: Iterable[Document],
    out: Store,
    progress: Callable[[int, int], None] | None = None,
    total: int = 0,
) -> int:
    """Write documents, several at a time to a store behind a network; return their number."""
    written = 0
    waiting: deque[Future[None]] = deque()
    with ThreadPoolExecutor(_PARALLEL_REQUESTS) as threads:
        for written, document in enumerate(documents, 1):
            if out.is_remote:
                waiting.append(threads.submit(_put, document, out))
            else:
                _put(document, out)
            if len(waiting) > 2 * _PARALLEL_REQUESTS:
                waiting.popleft().result()
            if progress:
                progress(written, total)
        for future in waiting:
            future.result()
    return written


def _put(document: Document, out: Store) -> None:
    media_type = stored_type(document.type)
    out.put(document.path, document.data, media_type=media_type, cache_control=CACHE_CONTROL)


def _is_unchanged(stat: Stat | None, data: bytes, out: Store) -> bool:
    """Return whether the store has these bytes. It reads nothing if versions are MD5 hashes."""
    if stat is None or stat.size != len(data):
        return False
    if stat.version == md5_version(data):
        return True
    stored = out.get(stat.key)
    return stored is not None and stored.data == data
