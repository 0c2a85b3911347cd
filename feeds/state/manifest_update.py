"""Computes how the index of a feed changes: a manifest, removals and additions -> a new manifest.

The newest entries are in the manifest itself. Older ones are in stored pages, and the list of the
oldest pages is in stored page lists, so that the manifest stays small however many entries the
feed has. Pages and page lists never change: a change writes new ones under new names and makes the
old ones obsolete. Where pages end depends only on the set of entries
(feeds/documents/pagination.py), so that any history of changes ends with the same pages.

Pure: stored pages are read through a `PageReader`; new ones are returned in a `ManifestUpdate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import msgspec
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
    drops: Iterable[SortKey],
    adds: Iterable[Entry],
    *,
    limit: int,
    archives: bool,
    shelf: PageReader,
    fresh: Callable[[], str],
    now: int,
) -> ManifestUpdate:
    """The index without what is at `drops` and with `adds`; either may be so already.

    `fresh` makes a name that was never used; `now` is in seconds since the epoch. The manifest has
    no token and no new title yet.
    """
    changes: dict[SortKey, Entry | None] = dict.fromkeys(drops)
    changes |= {pagination.sort_key(entry): entry for entry in adds}
    edit = PageEdit(old, limit, shelf, fresh)
    if old.limit in (0, limit):
        edit.apply(changes)
    else:
        edit.recut(changes)
    volumes, pages = edit.shelved()
    before = _archive(old, edit.old_slots()) if archives else {}
    new = Manifest(
        config_fingerprint=old.config_fingerprint,
        generation=old.generation + 1,
        limit=limit,
        page_lists=volumes,
        pages=pages,
        entries=tuple(edit.tail),
        title=old.title,
        title_generation=old.title_generation,
        listed=old.listed,
        recent_writers=old.recent_writers,
        obsolete_parts=(*old.obsolete_parts, *edit.gone(volumes)),
    )
    after = _archive(new, edit.slots) if archives else {}
    due, retired = dict(old.pending), dict(old.tombstones)
    for name in before.keys() - after.keys():
        due.pop(name, None)
        retired[name] = now
    for name, (object_, older, told) in after.items():
        if name in due or name not in before or not _same_document(before[name], (older, told)):
            since = abs(retired.pop(name, due[name].retired_at if name in due else 0))
            due[name] = PendingDocument(object_, older, since)
    new = replace(new, pending=due, tombstones=retired)
    return ManifestUpdate(new, edit.created, edit.bound)


def mark_all_pending(
    one: Manifest, shelf: PageReader, *, made: str, archives: bool, there: Iterable[str], now: int
) -> Manifest:
    """The manifest with every archive document to be written anew by `made`.

    `there` are the names of the archive pages that are published; what should not be is retired.
    """
    order: list[tuple[str, str]] = []
    if archives:
        order = [(page.name, page.object) for page in all_pages(one, shelf)]
        if (newest := one.newest_archive) and (not order or newest != order[-1][0]):
            order.append((newest, ""))
    names = [name for name, _ in order]
    retired = dict(one.tombstones)
    due = {
        name: PendingDocument(object_, older, abs(retired.pop(name, _since(one, name))))
        for (name, object_), older in zip(order, ["", *names], strict=False)
    }
    retired |= {name: now for name in there if name not in due}
    generation = one.generation + 1
    return replace(
        one,
        pending=due,
        tombstones=retired,
        config_fingerprint=made,
        generation=generation,
        listed=False,
    )


def _since(one: Manifest, name: str) -> int:
    return one.pending[name].retired_at if name in one.pending else 0


_Fingerprint: TypeAlias = str | Sequence[Entry]
"""What tells the content of a page: its digest, or its entries, where that takes long to make."""


def _archive(manifest: Manifest, slots: Sequence[Slot]) -> dict[str, tuple[str, str, _Fingerprint]]:
    """Archive pages by name: the object, the older page's name, what tells its content.

    Pages inside volumes that nobody looked into are as they were, and are left out.
    """
    found: dict[str, tuple[str, str, _Fingerprint]] = {}
    older = ""
    for slot in slots:
        if isinstance(slot, Page):
            found[slot.name] = (slot.object, older, slot.digest)
        older = slot.name
    if len(manifest.entries) > manifest.limit > 0:
        first = manifest.first_page
        found[pagination.page_name(first)] = ("", older, first)
    return found


def _same_document(before: tuple[str, str, _Fingerprint], now: tuple[str, _Fingerprint]) -> bool:
    """Whether the document of an archive page would be as it was."""
    (_, older_before, told_before), (older, told) = before, now
    if older_before != older:
        return False
    if isinstance(told_before, str) or isinstance(told, str):
        one, other = (t if isinstance(t, str) else page_digest(t) for t in (told_before, told))
        return one == other
    return len(told_before) == len(told) and all(map(_is_same, told_before, told))


def _is_same(one: Entry, other: Entry) -> bool:
    """Whether two entries are written the same; equal times may have other offsets."""
    return one is other or msgspec.json.encode(one) == msgspec.json.encode(other)
