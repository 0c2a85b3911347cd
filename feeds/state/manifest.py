"""The manifest: the stored index of one feed, and what it is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from feeds.documents import pagination
from feeds.documents.pagination import SortKey
from feeds.model import Entry

PAGES_PER_LIST = 64
"""How many pages a volume holds on average; at most twice as many."""


class Page(Struct, frozen=True, array_like=True):
    """A stored page: where it ends, the object that holds it, its public name, its hash."""

    end: SortKey
    object: str
    name: str
    digest: str


class PageList(Struct, frozen=True, array_like=True):
    """A stored list of pages: where it ends, the object that holds it, its last page's name."""

    end: SortKey
    object: str
    name: str


class PendingDocument(Struct, frozen=True, array_like=True):
    """What the documents of an archive page must hold, until they were seen to hold it."""

    object: str
    """The stored page with the entries; ``""``: the oldest page in the manifest."""
    older: str
    """The name of the next older archive page; ``""`` for the oldest."""
    retired_at: int = 0
    """Set if this name was retired and is now used again: the second of the retirement. For
    `ZOMBIE_SECONDS` a slow worker may still delete the documents, so they stay pending."""


class Manifest(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The stored index of one feed: its newest entries; the others are in pages that it names."""

    token: str = ""
    """New with each write, so that equal content never has an equal ETag."""
    config_fingerprint: str = ""
    """The configuration and version that last wrote all documents of the feed (`fingerprint`)."""
    generation: int = 0
    """Counts the writes of this manifest."""
    limit: int = 0
    """`feeds.limit` when the pages were cut; another limit cuts all of them anew."""
    page_lists: tuple[PageList, ...] = ()
    """Stored lists of the oldest pages, oldest first."""
    pages: tuple[Page, ...] = ()
    """The stored pages after those of the lists, oldest first."""
    entries: tuple[Entry, ...] = ()
    """The newest entries, oldest first; a page starts with them."""
    title: str = ""
    """What the list of all feeds is to call the feed; ``""`` while the feed is empty."""
    title_generation: int = 0
    """The generation that changed `title` last."""
    listed: bool = True
    """Whether the list of all feeds was seen to have `title`."""
    pending: dict[str, PendingDocument] = {}
    """Archive pages whose documents must be written, by name, until they were seen to be right."""
    obsolete_parts: tuple[str, ...] = ()
    """Stored pages and page lists to delete: no manifest needs them any more."""
    tombstones: dict[str, int] = {}
    """Archive pages whose documents must be deleted, by name, with the second of their retirement;
    negative once the documents were seen to be gone."""
    recent_writers: tuple[str, ...] = ()
    """Tokens of the last writes, oldest first: a writer whose reply was lost finds its own here."""

    @property
    def first_page(self) -> Sequence[Entry]:
        """The oldest page of those in the manifest."""
        return pagination.split_pages(self.entries, self.limit)[0] if self.entries else ()

    @property
    def newest_archive(self) -> str:
        """The name of the newest archive page; ``""`` where there is none.

        Stored pages are archive pages; so is the first one here, where the window has no room for
        all of it (pagination.archive_pages).
        """
        if len(self.entries) > self.limit:
            return pagination.page_name(self.entries)
        return (self.pages or self.page_lists)[-1].name if self.pages or self.page_lists else ""


class PageReader(Protocol):
    """Where stored pages and volumes are read from. Raises Conflict where one is gone."""

    def page(self, name: str) -> tuple[Entry, ...]:
        """The entries of a page, oldest first."""

    def volume(self, name: str) -> tuple[Page, ...]:
        """The pages of a volume, oldest first."""


class ManifestUpdate(Struct, frozen=True):
    """A manifest to be written, and the new objects that must be there before it is."""

    manifest: Manifest
    pages: dict[str, tuple[Entry, ...]]
    page_lists: dict[str, tuple[Page, ...]]


ZOMBIE_SECONDS = 3600
"""Seconds in which a worker that has looked at a manifest is surely at its end."""

MAX_RECENT_WRITERS = 16
"""How many writers a manifest remembers."""


def all_pages(one: Manifest, shelf: PageReader) -> Iterator[Page]:
    """Every stored page, oldest first."""
    for volume in one.page_lists:
        yield from shelf.volume(volume.object)
    yield from one.pages


def pending_in_order(due: dict[str, PendingDocument]) -> Iterator[str]:
    """The names of archive documents that are due, each after the one that it links to."""
    done: set[str] = set()
    for name in due:
        chain: list[str] = []
        while name in due and name not in done:
            done.add(name)
            chain.append(name)
            name = due[name].older
        yield from reversed(chain)
