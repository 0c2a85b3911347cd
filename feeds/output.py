"""Owns writing a full build: only what changed, and nothing that somebody else wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable

from feeds import paths
from feeds.errors import FeedsError
from feeds.model import Document
from feeds.store import Stat, Store, digest
from feeds.view import GENERATOR

FRESH = "public, max-age=300, s-maxage=60, stale-while-revalidate=60"
"""How long a copy may be shown (RFC 9111, RFC 5861): readers ask often, the CDN answers."""

_COMPRESSED = {
    "application/atom+xml": "application/xml",
    "application/feed+json": "application/json",
    "text/x-opml": "application/xml",
}


def stored_type(media_type: str) -> str:
    """The media type that a document has in a bucket: one that CDNs compress.

    CloudFront goes by a list that lacks those of Atom, JSON Feed and OPML. At the edge infra/cdn.js
    gives each document its own again; readers take these too.
    """
    name, _, rest = media_type.partition(";")
    return _COMPRESSED.get(name, name) + (f";{rest}" if rest else "")


class Counts:
    """What a build did to the tree."""

    def __init__(self) -> None:
        self.written = self.unchanged = self.removed = 0


def write(documents: Iterable[Document], out: Store) -> Counts:
    """Write the documents that differ from what is there, and remove those of feeds that are gone.

    A file is removed only where its name is a document's and its bytes say that this program made
    it; a build never empties a folder that it was pointed at by mistake. Raises FeedsError where
    the page of all posts would take the place of a site's own home page.
    """
    counts = Counts()
    there = {stat.key: stat for stat in out.list()}
    for document in documents:
        before = there.pop(document.path, None)
        if _same(before, document.data, out):
            counts.unchanged += 1
            continue
        if document.path == paths.PAGE_FILE and before:
            _must_be_own(document.path, out)
        media_type = stored_type(document.type)
        out.put(document.path, document.data, media_type=media_type, cache_control=FRESH)
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
    if stat.version == digest(data):
        return True
    there = out.get(stat.key)
    return there is not None and there.data == data


_ENTRIES = re.compile(rb"<entry\b|<item\b|\"items\"")
_MARKS = {
    "xml": f">{GENERATOR}</generator>",
    "json": f'"_{GENERATOR}"',
    "html": f'<meta name="generator" content="{GENERATOR}">',
    "opml": f'generator="{GENERATOR}"',
    "css": GENERATOR,
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
