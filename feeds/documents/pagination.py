"""Owns the order of a feed: entries as a set, where the window and the archive pages are cut.

Nothing here depends on how the set came to be: the same entries give the same order and the same
cuts, whatever was added or dropped on the way. Works on anything `Sortable`, so that entries
need not be in memory to be put in order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias, TypeVar


class Sortable(Protocol):
    """What the order needs to know of an entry: its key, id and (aware) time of publication."""

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def published(self) -> datetime: ...  # noqa: D102


P = TypeVar("P", bound=Sortable)


SortKey: TypeAlias = tuple[int, str, str]
"""Where an entry stands: the second of its publication since the epoch, its id, its key."""


def sort_key(entry: Sortable) -> SortKey:
    """Where an entry stands; the oldest comes first."""
    return int(entry.published.timestamp()), entry.id, entry.key


def in_order(entries: Iterable[P]) -> list[P]:
    """The entries from the oldest to the newest."""
    return sorted(entries, key=sort_key)


def newest_first(entries: Sequence[P], limit: int) -> list[P]:
    """The newest `limit` of `entries` (oldest first), newest first, no id twice."""
    unique: dict[str, P] = {}
    for entry in reversed(entries[-limit:]):
        unique.setdefault(entry.id, entry)
    return list(unique.values())


def ends_page(id_: str, limit: int) -> bool:
    """Whether a page ends after the entry with this id, wherever it stands."""
    number = int.from_bytes(hashlib.sha256(id_.encode()).digest()[:8], "big")
    return number % max(limit // 2, 1) == 0


def split_pages(entries: Sequence[P], limit: int) -> list[Sequence[P]]:
    """`entries` (oldest first) cut into pages of at most `limit`; the last one may be open.

    A page ends after an entry whose id says so, or when it is full; so a change moves the cuts near
    it and no others.
    """
    found: list[Sequence[P]] = []
    start = 0
    for at, entry in enumerate(entries):
        if at - start + 1 == limit or ends_page(entry.id, limit):
            found.append(entries[start : at + 1])
            start = at + 1
    if start < len(entries):
        found.append(entries[start:])
    return found


def archive_pages(entries: Sequence[P], limit: int) -> list[Sequence[P]]:
    """The pages that are archive documents: those with an entry that the window has no room for."""
    rest, found = len(entries) - limit, []
    for page in split_pages(entries, limit):
        if rest <= 0:
            break
        found.append(page)
        rest -= len(page)
    return found


def page_name(page: Sequence[Sortable]) -> str:
    """The name of an archive page, from the entry that it starts with: day and hash of the id.

    Edits, and changes inside the page, leave its address alone.
    """
    first = page[0]
    digest = hashlib.sha256(f"{first.id}\n{first.key}".encode()).hexdigest()[:12]
    return f"{first.published:%Y-%m-%d}-{digest}"
