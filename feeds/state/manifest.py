"""The manifest: the stored index of one feed, and its parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct, field

from feeds.documents import pagination
from feeds.documents.pagination import SortKey
from feeds.model import Entry
from feeds.state.objects import StateObject

PAGES_PER_LIST = 64
"""How many pages a page list holds on average; it holds at most twice as many."""

ZOMBIE_SECONDS = 3600
"""A worker presumed dead may still write for this long after it has read a manifest."""

MAX_RECENT_WRITERS = 16
"""How many writers a manifest remembers."""


class Page(Struct, frozen=True, array_like=True):
    """A stored page of entries. In JSON it is an array of these fields, in this order."""

    end: SortKey
    """The sort key of its newest entry."""
    object: str
    """The name of the stored object (`keys.page_key`)."""
    name: str
    """The name of its archive documents."""
    digest: str
    """A hash of its entries (`page_edit.page_digest`)."""


class PageList(Struct, frozen=True, array_like=True):
    """A stored list of pages. In JSON it is an array of these fields, in this order."""

    end: SortKey
    """The sort key of the newest entry of its last page."""
    object: str
    """The name of the stored object (`keys.page_key`)."""
    name: str
    """The name of the archive documents of its last page."""


class PendingDocument(Struct, frozen=True, array_like=True):
    """What the documents of an archive page must hold, until a worker has seen that they do."""

    object: str
    """The stored page with the entries; ``""``: the oldest page in the manifest."""
    older: str
    """The name of the next older archive page; ``""`` for the oldest."""
    retired_at: int = 0
    """Set if this name was retired and is now used again: the second of the retirement. For
    `ZOMBIE_SECONDS` a slow worker may still delete the documents, so they stay pending."""


class Manifest(StateObject, frozen=True, omit_defaults=True):
    """The stored index of one feed: its newest entries; the others are in pages that it names."""

    config_fingerprint: str = ""
    """The configuration and version that last wrote all documents of the feed (`fingerprint`)."""
    generation: int = 0
    """Counts the writes of this manifest."""
    limit: int = 0
    """`feeds.limit` when the pages were split; another limit splits all of them anew."""
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
    pending: dict[str, PendingDocument] = field(default_factory=dict)
    """Archive pages whose documents must be written, by name, until they were seen to be right."""
    obsolete_parts: tuple[str, ...] = ()
    """Stored pages and page lists to delete: no manifest needs them any more."""
    tombstones: dict[str, int] = field(default_factory=dict)
    """Archive pages whose documents must be deleted, by name, with the second of their retirement;
    negative once the documents were seen to be gone."""
    recent_writers: tuple[str, ...] = ()
    """Tokens of the last writes, oldest first: a writer whose reply was lost finds its own here."""

    @property
    def first_page(self) -> Sequence[Entry]:
        """The entries of the oldest page that is in the manifest itself."""
        return pagination.split_pages(self.entries, self.limit)[0] if self.entries else ()

    @property
    def newest_archive(self) -> str:
        """The name of the newest archive page; ``""`` if there is none.

        Stored pages are archive pages. The first page in the manifest is one too if the newest
        documents have no room for all of it (pagination.archive_pages).
        """
        if len(self.entries) > self.limit:
            return pagination.page_name(self.entries)
        return (self.pages or self.page_lists)[-1].name if self.pages or self.page_lists else ""


class PageReader(Protocol):
    """Reads stored pages and page lists. Raises Conflict if one was deleted."""

    def page(self, name: str) -> tuple[Entry, ...]:
        """Read the entries of a page, oldest first."""

    def page_list(self, name: str) -> tuple[Page, ...]:
        """Read the pages of a page list, oldest first."""


class ManifestUpdate(Struct, frozen=True):
    """A new manifest, and the new objects that must be stored before it."""

    manifest: Manifest
    pages: dict[str, tuple[Entry, ...]]
    """New pages by object name."""
    page_lists: dict[str, tuple[Page, ...]]
    """New page lists by object name."""


def all_pages(manifest: Manifest, reader: PageReader) -> Iterator[Page]:
    """Yield every stored page, oldest first."""
    for page_list in manifest.page_lists:
        yield from reader.page_list(page_list.object)
    yield from manifest.pages


def pending_in_order(pending: dict[str, PendingDocument]) -> Iterator[str]:
    """Yield the names of pending archive pages, each after the page that it links to."""
    done: set[str] = set()
    for name in pending:
        chain: list[str] = []
        while name in pending and name not in done:
            done.add(name)
            chain.append(name)
            name = pending[name].older
        yield from reversed(chain)
