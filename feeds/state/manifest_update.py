"""Computes how the index of a feed changes: a manifest, removals and additions -> a new manifest.

The newest entries are in the manifest itself. Older ones are in stored pages, and the list of the
oldest pages is in stored page lists, so that the manifest stays small however many entries the
feed has. Pages and page lists never change: a change writes new ones under new names and makes the
old ones obsolete. Where pages end depends only on the set of entries (content-defined chunking,
feeds/documents/pagination.py). So the same entries give the same pages, whatever their history.

Pure: stored pages are read through a `PageReader`; new ones are returned in a `ManifestUpdate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from feeds.documents import pagination
from feeds.documents.pagination import SortKey
from feeds.model import Entry
from feeds.state.manifest import (
    Manifest,
    ManifestUpdate,
    Page,
    PageReader,
    PendingDocument,
    all_pages,
)
from feeds.state.page_edit import PageEdit, Slot, page_digest


def apply_changes(
    old: Manifest,
    removals: Iterable[SortKey],
    additions: Iterable[Entry],
    *,
    limit: int,
    archives: bool,
    reader: PageReader,
    new_name: Callable[[], str],
    now: int,
) -> ManifestUpdate:
    """Return the index without the entries at `removals` and with `additions`.

    To remove an absent entry, or to add a present one, changes nothing. `new_name` returns object
    names that were never used; `now` is in seconds since the epoch. The new manifest still has the
    old title, and no token.
    """
    changes: dict[SortKey, Entry | None] = dict.fromkeys(removals)
    changes |= {pagination.sort_key(entry): entry for entry in additions}
    edit = PageEdit(old, limit, reader, new_name)
    if old.limit in (0, limit):
        edit.apply(changes)
    else:
        edit.split_all(changes)
    page_lists, pages = edit.grouped()
    new = Manifest(
        config_fingerprint=old.config_fingerprint,
        generation=old.generation + 1,
        limit=limit,
        page_lists=page_lists,
        pages=pages,
        entries=tuple(edit.tail),
        title=old.title,
        title_generation=old.title_generation,
        listed=old.listed,
        recent_writers=old.recent_writers,
        obsolete_parts=(*old.obsolete_parts, *edit.obsolete_objects(page_lists)),
    )
    if archives:
        new = with_archive_work(new, old, edit.slots, edit.old_slots(), now)
    else:
        new = replace(new, pending=dict(old.pending), tombstones=dict(old.tombstones))
    return ManifestUpdate(new, edit.new_pages, edit.new_page_lists)


def with_archive_work(
    new: Manifest, old: Manifest, slots: Sequence[Slot], old_slots: Sequence[Slot], now: int
) -> Manifest:
    """Return `new` with the archive documents to write and to delete, as it replaces `old`.

    The slots are the stored pages of both, oldest first; a page list that has not changed may stand
    for its pages. `now` is in seconds since the epoch.
    """
    before, after = _archive_pages(old, old_slots), _archive_pages(new, slots)
    return _with_archive_work(new, old, before, after, now)


def _with_archive_work(
    new: Manifest,
    old: Manifest,
    before: dict[str, _ArchivePage],
    after: dict[str, _ArchivePage],
    now: int,
) -> Manifest:
    """Return `new` with its `pending` archive documents and its `tombstones`."""
    pending, tombstones = dict(old.pending), dict(old.tombstones)
    for name in sorted(before.keys() - after.keys()):
        pending.pop(name, None)
        tombstones[name] = now
    for name, page in after.items():
        if name in pending or name not in before or not _same_document(before[name], page):
            retired_at = pending[name].retired_at if name in pending else 0
            retired_at = abs(tombstones.pop(name, retired_at))
            pending[name] = PendingDocument(page.object, page.older, retired_at)
    return replace(new, pending=pending, tombstones=tombstones)


def mark_all_pending(
    manifest: Manifest,
    reader: PageReader,
    *,
    config_fingerprint: str,
    archives: bool,
    published: Iterable[str],
    now: int,
) -> Manifest:
    """Return the manifest with every archive document to be written again.

    `published` are the names of the archive pages that have documents; those that the index does
    not have become tombstones.
    """
    pages: list[tuple[str, str]] = []
    if archives:
        pages = [(page.name, page.object) for page in all_pages(manifest, reader)]
        if (newest := manifest.newest_archive) and (not pages or newest != pages[-1][0]):
            pages.append((newest, ""))
    names = [name for name, _ in pages]
    pending: dict[str, PendingDocument] = {}
    tombstones = dict(manifest.tombstones)
    for (name, object_), older in zip(pages, ["", *names], strict=False):
        old_pending = manifest.pending.get(name)
        retired_at = abs(tombstones.pop(name, old_pending.retired_at if old_pending else 0))
        pending[name] = PendingDocument(object_, older, retired_at)
    tombstones |= {name: now for name in published if name not in pending}
    return replace(
        manifest,
        pending=pending,
        tombstones=tombstones,
        config_fingerprint=config_fingerprint,
        generation=manifest.generation + 1,
        listed=False,
    )


class _ArchivePage(Struct, frozen=True):
    """An archive page, as far as its documents depend on it."""

    object: str
    """The stored page; ``""``: `Manifest.first_page`."""
    older: str
    """The name of the next older archive page; ``""`` for the oldest."""
    content: _Content
    """Its entries, or their digest."""


_Content: TypeAlias = str | Sequence[Entry]
"""The digest of a stored page, or the entries of a page whose digest nobody has computed yet."""


def _archive_pages(manifest: Manifest, slots: Sequence[Slot]) -> dict[str, _ArchivePage]:
    """Return the archive pages by name.

    Pages in a page list that the change did not open are left out, because they did not change.
    """
    archive: dict[str, _ArchivePage] = {}
    older = ""
    for slot in slots:
        if isinstance(slot, Page):
            archive[slot.name] = _ArchivePage(slot.object, older, slot.digest)
        older = slot.name
    if len(manifest.entries) > manifest.limit > 0:
        first = manifest.first_page
        archive[pagination.page_name(first)] = _ArchivePage("", older, first)
    return archive


def _same_document(before: _ArchivePage, after: _ArchivePage) -> bool:
    """Return whether the documents of an archive page stay the same."""
    if before.older != after.older:
        return False
    old, new = before.content, after.content
    if isinstance(old, str) or isinstance(new, str):
        return _digest(old) == _digest(new)
    return len(old) == len(new) and all(map(_same_text, old, new))


def _digest(content: _Content) -> str:
    return content if isinstance(content, str) else page_digest(content)


def _same_text(old: Entry, new: Entry) -> bool:
    """Return whether two entries are encoded alike: equal times can have different offsets."""
    return old is new or msgspec.json.encode(old) == msgspec.json.encode(new)
