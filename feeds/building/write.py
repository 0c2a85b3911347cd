"""Writes a full build: only documents that changed; removes only what this program made."""

from __future__ import annotations

from collections.abc import Iterable

from feeds import paths
from feeds.documents.http_headers import CACHE_CONTROL, stored_type
from feeds.errors import FeedsError
from feeds.model import Document
from feeds.stores.base import Stat, Store, md5_version


class WriteCounts:
    """What a build did to the tree."""

    def __init__(self) -> None:
        self.written = self.unchanged = self.removed = 0


def write_documents(documents: Iterable[Document], out: Store) -> WriteCounts:
    """Write the documents that differ from what is there, and remove those of feeds that are gone.

    A file is removed only where its name is a document's and its bytes say that this program made
    it; a build never empties a folder that it was pointed at by mistake. Raises FeedsError where
    the page of all posts would take the place of a site's own home page.
    """
    counts = WriteCounts()
    there = {stat.key: stat for stat in out.list()}
    for document in documents:
        before = there.pop(document.path, None)
        if _same(before, document.data, out):
            counts.unchanged += 1
            continue
        if document.path == paths.PAGE_FILE and before:
            _must_be_own(document.path, out)
        media_type = stored_type(document.type)
        out.put(document.path, document.data, media_type=media_type, cache_control=CACHE_CONTROL)
        counts.written += 1
    for key in there:
        if _made_here(key, out):
            out.delete(key)
            counts.removed += 1
    return counts


def _must_be_own(key: str, out: Store) -> None:
    if not _made_here(key, out):
        raise FeedsError(
            f"{out.url.rstrip('/')}/{key} is a page that this program did not make; build into "
            "another folder, or write pages = false under [feeds] in feeds.toml"
        )


def _same(stat: Stat | None, data: bytes, out: Store) -> bool:
    if stat is None or stat.size != len(data):
        return False
    if stat.version == md5_version(data):
        return True
    there = out.get(stat.key)
    return there is not None and there.data == data


def _made_here(key: str, out: Store) -> bool:
    """Whether the object is a document with the mark of this program before its first entry.

    A mark in an entry does not count: another program's feed may contain entries of ours.
    """
    type_ = paths.file_type(key)
    document = out.get(key) if type_ else None
    if type_ is None or document is None:
        return False
    head = document.data[:20_000]
    if type_.entry_mark:
        head = head.partition(type_.entry_mark.encode())[0]
    return type_.generator_mark.encode() in head
