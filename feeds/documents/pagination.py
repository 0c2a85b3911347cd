"""The order of a feed and its division: a set of entries -> the window and the archive pages.

The result depends only on the set, not on the order of additions and deletions. The functions take
anything `Sortable`, so that content need not be in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias, TypeVar


class Sortable(Protocol):
    """The parts of an entry that order it: key, id and (aware) time of publication."""

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def published(self) -> datetime: ...  # noqa: D102


P = TypeVar("P", bound=Sortable)


SortKey: TypeAlias = tuple[int, str, str]
"""Position of an entry: seconds from the epoch to its publication, its id, its key."""


def sort_key(entry: Sortable) -> SortKey:
    """The position of an entry in its feed; the oldest comes first."""
    return int(entry.published.timestamp()), entry.id, entry.key


def in_order(entries: Iterable[P]) -> list[P]:
    """The entries from the oldest to the newest."""
    return sorted(entries, key=sort_key)


def newest_first(entries: Sequence[P], limit: int) -> list[P]:
    """The newest `limit` of `entries` (oldest first), newest first; each id only once."""
    unique: dict[str, P] = {}
    for entry in reversed(entries[-limit:]):
        unique.setdefault(entry.id, entry)
    return list(unique.values())


def ends_page(id_: str, limit: int) -> bool:
    """Return whether a page ends after the entry with this id (content-defined chunking)."""
    number = int.from_bytes(hashlib.sha256(id_.encode()).digest()[:8], "big")
    return number % max(limit // 2, 1) == 0


def split_pages(entries: Sequence[P], limit: int) -> list[Sequence[P]]:
    """`entries` (oldest first), cut into pages of at most `limit` entries.

    A page ends after an entry for which `ends_page` is true, or when it is full. So an added or
    deleted entry moves only the page ends near it. The last page may still grow.
    """
    pages: list[Sequence[P]] = []
    start = 0
    for index, entry in enumerate(entries):
        if index - start + 1 == limit or ends_page(entry.id, limit):
            pages.append(entries[start : index + 1])
            start = index + 1
    if start < len(entries):
        pages.append(entries[start:])
    return pages


def archive_pages(entries: Sequence[P], limit: int) -> list[Sequence[P]]:
    """The pages that become archive documents: those with an entry that is not in the window."""
    outside_window, pages = len(entries) - limit, []
    for page in split_pages(entries, limit):
        if outside_window <= 0:
            break
        pages.append(page)
        outside_window -= len(page)
    return pages


def page_name(page: Sequence[Sortable]) -> str:
    """The name of an archive page: the day of its first entry, and a hash of that entry's id.

    The name changes only if another entry becomes the first one, or gets another day.
    """
    first = page[0]
    digest = hashlib.sha256(f"{first.id}\n{first.key}".encode()).hexdigest()[:12]
    return f"{first.published:%Y-%m-%d}-{digest}"
