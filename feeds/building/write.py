"""Writes the documents of a full build to a store: only those that changed. Removes old ones."""

from __future__ import annotations

from collections.abc import Iterable

from feeds import paths
from feeds.documents.http_headers import CACHE_CONTROL, stored_type
from feeds.errors import FeedsError
from feeds.model import Document
from feeds.stores.base import Stat, Store, md5_version


class WriteCounts:
    """How many documents a build has written, left unchanged and removed."""

    def __init__(self) -> None:
        self.written = self.unchanged = self.removed = 0


def write_documents(documents: Iterable[Document], out: Store) -> WriteCounts:
    """Write the documents that differ from the stored ones, and remove those of former feeds.

    Removes a file only if its name is that of a document and its bytes say that this program made
    it: a build into the wrong folder deletes nothing. Raises FeedsError where the page of all posts
    would replace a home page that this program did not make.
    """
    counts = WriteCounts()
    former = {stat.key: stat for stat in out.list()}
    for document in documents:
        stat = former.pop(document.path, None)
        if _is_unchanged(stat, document.data, out):
            counts.unchanged += 1
            continue
        if document.path == paths.PAGE_FILE and stat and not _is_generated(document.path, out):
            raise FeedsError(
                f"{out.url.rstrip('/')}/{document.path} is a page that this program did not make; "
                "build into another folder, or write pages = false under [feeds] in feeds.toml"
            )
        media_type = stored_type(document.type)
        out.put(document.path, document.data, media_type=media_type, cache_control=CACHE_CONTROL)
        counts.written += 1
    for key in former:
        if _is_generated(key, out):
            out.delete(key)
            counts.removed += 1
    return counts


def _is_unchanged(stat: Stat | None, data: bytes, out: Store) -> bool:
    """Return whether the store has these bytes. It reads nothing if versions are MD5 hashes."""
    if stat is None or stat.size != len(data):
        return False
    if stat.version == md5_version(data):
        return True
    stored = out.get(stat.key)
    return stored is not None and stored.data == data


def _is_generated(key: str, out: Store) -> bool:
    """Return whether a stored document says, before its first entry, that this program made it.

    Its entries do not count: a feed of another program may republish entries of ours.
    """
    type_ = paths.file_type(key)
    stored = out.get(key) if type_ else None
    if type_ is None or stored is None:
        return False
    head = stored.data[:20_000]
    if type_.entry_mark:
        head = head.partition(type_.entry_mark.encode())[0]
    return type_.generator_mark.encode() in head
