"""Owns writing a full build: only what changed, and nothing that somebody else wrote."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from feeds import paths
from feeds.model import Document
from feeds.store import Stat, Store
from feeds.view import GENERATOR

FRESH = "public, max-age=300, s-maxage=60, stale-while-revalidate=60"
"""How long a copy may be shown (RFC 9111, RFC 5861): readers ask often, the CDN answers."""


class Counts:
    """What a build did to the tree."""

    def __init__(self) -> None:
        self.written = self.unchanged = self.removed = 0


def write(documents: Iterable[Document], out: Store) -> Counts:
    """Write the documents that differ from what is there, and remove those of feeds that are gone.

    A file is removed only where its name is a document's and its bytes say that this program made
    it; a build never empties a folder that it was pointed at by mistake.
    """
    counts = Counts()
    there = {stat.key: stat for stat in out.list()}
    for document in documents:
        if _same(there.pop(document.path, None), document.data, out):
            counts.unchanged += 1
            continue
        out.put(document.path, document.data, media_type=document.type, cache_control=FRESH)
        counts.written += 1
    for key in there:
        if _made_here(key, out):
            out.delete(key)
            counts.removed += 1
    return counts


def _same(stat: Stat | None, data: bytes, out: Store) -> bool:
    if stat is None or stat.size != len(data):
        return False
    if stat.version.strip('"') == hashlib.md5(data, usedforsecurity=False).hexdigest():
        return True  # an S3 ETag, in the common case
    there = out.get(stat.key)
    return there is not None and there.data == data


_ENTRIES = re.compile(rb"<entry\b|<item\b|\"items\"")
_MARKS = {
    "xml": f">{GENERATOR}</generator>",
    "json": f'"_{GENERATOR}"',
    "html": f'<meta name="generator" content="{GENERATOR}">',
    "opml": GENERATOR,
}


def _made_here(key: str, out: Store) -> bool:
    """Whether a document says in its head, as each of ours does, that this program made it.

    Its entries do not count: somebody else's feed may have them from one of ours.
    """
    if not paths.is_document(key):
        return False
    there = out.get(key)
    mark = _MARKS[key.rpartition(".")[2]].encode()
    return there is not None and mark in _ENTRIES.split(there.data[:20_000], maxsplit=1)[0]
