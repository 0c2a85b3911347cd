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
    """What an archive document is to hold, while nobody has seen yet that it does.

    `object` is the page with its entries (``""``: the oldest page in the manifest), `older` the
    name of the page before it. `since` is the second in which its name was given up before it was
    taken again, 0 for most: until `DANGER` has passed, a slow worker may still delete it.
    """

    object: str
    older: str
    since: int = 0


class Manifest(Struct, frozen=True, omit_defaults=True):
    """The index of one feed. `entries` are the newest, oldest first; a page starts with them.

    `token` is new with each write, `generation` counts the writes, `limit` is the one that the
    pages were cut by, `made` tells which configuration last wrote all its documents. `title` is
    what the catalog is to call the feed, ``""`` while it is empty; `named` the generation that
    changed it last; `settled` whether the catalog was seen to agree. `due` are archive documents
    to be written, `gone` stored objects to be deleted, `retired` archive documents to be deleted,
    with the second in which they were given up; negative once they were seen to be gone. `lineage`
    are the last writers' own tokens, oldest first.
    """

    token: str = ""
    made: str = ""
    generation: int = 0
    limit: int = 0
    volumes: tuple[PageList, ...] = ()
    pages: tuple[Page, ...] = ()
    entries: tuple[Entry, ...] = ()
    title: str = ""
    named: int = 0
    settled: bool = True
    due: dict[str, PendingDocument] = {}
    gone: tuple[str, ...] = ()
    retired: dict[str, int] = {}
    lineage: tuple[str, ...] = ()

    @property
    def first_page(self) -> Sequence[Entry]:
        """The oldest page of those in the manifest."""
        return pagination.split_pages(self.entries, self.limit)[0] if self.entries else ()

    @property
    def newest_archive(self) -> str:
        """The name of the newest archive page; ``""`` where there is none.

        Stored pages are archive pages; so is the first one here, where the window has no room for
        all of it (index.archived).
        """
        if len(self.entries) > self.limit:
            return pagination.page_name(self.entries)
        return (self.pages or self.volumes)[-1].name if self.pages or self.volumes else ""


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
    volumes: dict[str, tuple[Page, ...]]


ZOMBIE_SECONDS = 3600
"""Seconds in which a worker that has looked at a manifest is surely at its end."""

MAX_RECENT_WRITERS = 16
"""How many writers a manifest remembers."""


def all_pages(one: Manifest, shelf: PageReader) -> Iterator[Page]:
    """Every stored page, oldest first."""
    for volume in one.volumes:
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
