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
"""How long a worker that is presumed dead may still write, after it has read a manifest."""

MAX_RECENT_WRITERS = 16
"""The number of tokens in `Manifest.recent_writers`."""


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
    """The content that the documents of an archive page must have, until a check has shown it."""

    object: str
    """The stored page with the entries; ``""``: `Manifest.first_page`."""
    older: str
    """The name of the next older archive page; ``""`` for the oldest."""
    retired_at: int = 0
    """The time of retirement, in seconds since the epoch, if the page was retired and is now used
    again; else 0. For `ZOMBIE_SECONDS` a slow worker may still delete the documents, so they stay
    pending."""


class Manifest(StateObject, frozen=True, omit_defaults=True):
    """The stored index of one feed: its newest entries, and the names of pages with the others."""

    config_fingerprint: str = ""
    """The configuration and version that last wrote all documents of the feed (`fingerprint`)."""
    generation: int = 0
    """The number of writes of this manifest."""
    limit: int = 0
    """`feeds.limit` when the pages were split; another limit splits all of them anew."""
    page_lists: tuple[PageList, ...] = ()
    """Stored lists of the oldest pages, oldest first."""
    pages: tuple[Page, ...] = ()
    """The stored pages after those of the lists, oldest first."""
    entries: tuple[Entry, ...] = ()
    """The newest entries, oldest first. The first of them starts a page."""
    title: str = ""
    """The title that the list of all feeds must have; ``""`` while the feed is empty."""
    title_generation: int = 0
    """The generation that changed `title` last."""
    listed: bool = True
    """Whether a check has shown that the list of all feeds has `title`."""
    pending: dict[str, PendingDocument] = field(default_factory=dict)
    """Archive pages whose documents must be written: by name, until a check finds them current."""
    obsolete_parts: tuple[str, ...] = ()
    """Stored pages and page lists to delete: this manifest does not name them any more."""
    tombstones: dict[str, int] = field(default_factory=dict)
    """Archive pages whose documents must be deleted: name -> time of retirement, in seconds since
    the epoch. The number is negative once a check has shown that the documents do not exist."""
    recent_writers: tuple[str, ...] = ()
    """Tokens of the last writes, oldest first. A writer whose reply was lost looks for its own."""

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
