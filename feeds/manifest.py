"""Owns the index of a feed as it is stored: a set of entries in order, cut into pages.

The newest entries stand in the manifest itself; older ones in pages, and the list of the older
pages in volumes, so that the manifest stays small whatever the feed holds. Pages and volumes never
change: a change writes new ones under new names and gives the old up. Where the cuts are depends on
the set alone (index.py), so that any history of adds and drops ends in the same pages.

Pure: stored pages come through a `Shelf`, new ones go out in a `Change`. Storage is indexes.py's.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeAlias

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from feeds import index
from feeds.index import Place
from feeds.model import Entry

VOLUME = 64
"""How many pages a volume holds on average; at most twice as many."""


class Page(Struct, frozen=True, array_like=True):
    """A stored page: where it ends, the object that holds it, its public name, its hash."""

    end: Place
    object: str
    name: str
    digest: str


class Volume(Struct, frozen=True, array_like=True):
    """A stored list of pages: where it ends, the object that holds it, its last page's name."""

    end: Place
    object: str
    name: str


class Due(Struct, frozen=True, array_like=True):
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
    volumes: tuple[Volume, ...] = ()
    pages: tuple[Page, ...] = ()
    entries: tuple[Entry, ...] = ()
    title: str = ""
    named: int = 0
    settled: bool = True
    due: dict[str, Due] = {}
    gone: tuple[str, ...] = ()
    retired: dict[str, int] = {}
    lineage: tuple[str, ...] = ()

    @property
    def first_page(self) -> Sequence[Entry]:
        """The oldest page of those in the manifest."""
        return index.pages(self.entries, self.limit)[0] if self.entries else ()

    @property
    def newest_archive(self) -> str:
        """The name of the newest archive page; ``""`` where there is none.

        Stored pages are archive pages; so is the first one here, where the window has no room for
        all of it (index.archived).
        """
        if len(self.entries) > self.limit:
            return index.page_name(self.entries)
        return (self.pages or self.volumes)[-1].name if self.pages or self.volumes else ""


class Shelf(Protocol):
    """Where stored pages and volumes are read from. Raises Conflict where one is gone."""

    def page(self, name: str) -> tuple[Entry, ...]:
        """The entries of a page, oldest first."""

    def volume(self, name: str) -> tuple[Page, ...]:
        """The pages of a volume, oldest first."""


class Change(Struct, frozen=True):
    """A manifest to be written, and the new objects that must be there before it is."""

    manifest: Manifest
    pages: dict[str, tuple[Entry, ...]]
    volumes: dict[str, tuple[Page, ...]]


DANGER = 3600
"""Seconds in which a worker that has looked at a manifest is surely at its end."""

LINEAGE = 16
"""How many writers a manifest remembers."""


def changed(
    old: Manifest,
    drops: Iterable[Place],
    adds: Iterable[Entry],
    *,
    limit: int,
    archives: bool,
    shelf: Shelf,
    fresh: Callable[[], str],
    now: int,
) -> Change:
    """The index without what is at `drops` and with `adds`; either may be so already.

    `fresh` makes a name that was never used; `now` is in seconds since the epoch. The manifest has
    no token and no new title yet.
    """
    changes: dict[Place, Entry | None] = dict.fromkeys(drops)
    changes |= {index.place(entry): entry for entry in adds}
    edit = _Edit(old, limit, shelf, fresh)
    if old.limit in (0, limit):
        edit.apply(changes)
    else:
        edit.recut(changes)
    volumes, pages = edit.shelved()
    before = _archive(old, edit.old_slots()) if archives else {}
    new = Manifest(
        made=old.made,
        generation=old.generation + 1,
        limit=limit,
        volumes=volumes,
        pages=pages,
        entries=tuple(edit.tail),
        title=old.title,
        named=old.named,
        settled=old.settled,
        lineage=old.lineage,
        gone=(*old.gone, *edit.gone(volumes)),
    )
    after = _archive(new, edit.slots) if archives else {}
    due, retired = dict(old.due), dict(old.retired)
    for name in before.keys() - after.keys():
        due.pop(name, None)
        retired[name] = now
    for name, (object_, older, told) in after.items():
        if name in due or name not in before or not _is_as_before(before[name], (older, told)):
            since = abs(retired.pop(name, due[name].since if name in due else 0))
            due[name] = Due(object_, older, since)
    new = replace(new, due=due, retired=retired)
    return Change(new, edit.created, edit.bound)


def all_pages(one: Manifest, shelf: Shelf) -> Iterator[Page]:
    """Every stored page, oldest first."""
    for volume in one.volumes:
        yield from shelf.volume(volume.object)
    yield from one.pages


def renewed(
    one: Manifest, shelf: Shelf, *, made: str, archives: bool, there: Iterable[str], now: int
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
    retired = dict(one.retired)
    due = {
        name: Due(object_, older, abs(retired.pop(name, _since(one, name))))
        for (name, object_), older in zip(order, ["", *names], strict=False)
    }
    retired |= {name: now for name in there if name not in due}
    generation = one.generation + 1
    return replace(one, due=due, retired=retired, made=made, generation=generation, settled=False)


def oldest_first(due: dict[str, Due]) -> Iterator[str]:
    """The names of archive documents that are due, each after the one that it links to."""
    done: set[str] = set()
    for name in due:
        chain: list[str] = []
        while name in due and name not in done:
            done.add(name)
            chain.append(name)
            name = due[name].older
        yield from reversed(chain)


def _since(one: Manifest, name: str) -> int:
    return one.due[name].since if name in one.due else 0


_Slot: TypeAlias = Page | Volume


_Told: TypeAlias = str | Sequence[Entry]
"""What tells the content of a page: its digest, or its entries, where that takes long to make."""


def _archive(manifest: Manifest, slots: Sequence[_Slot]) -> dict[str, tuple[str, str, _Told]]:
    """Archive pages by name: the object, the older page's name, what tells its content.

    Pages inside volumes that nobody looked into are as they were, and are left out.
    """
    found: dict[str, tuple[str, str, _Told]] = {}
    older = ""
    for slot in slots:
        if isinstance(slot, Page):
            found[slot.name] = (slot.object, older, slot.digest)
        older = slot.name
    if len(manifest.entries) > manifest.limit > 0:
        first = manifest.first_page
        found[index.page_name(first)] = ("", older, first)
    return found


def _is_as_before(before: tuple[str, str, _Told], now: tuple[str, _Told]) -> bool:
    """Whether the document of an archive page would be as it was."""
    (_, older_before, told_before), (older, told) = before, now
    if older_before != older:
        return False
    if isinstance(told_before, str) or isinstance(told, str):
        one, other = (t if isinstance(t, str) else _digest(t) for t in (told_before, told))
        return one == other
    return len(told_before) == len(told) and all(map(_is_same, told_before, told))


def _is_same(one: Entry, other: Entry) -> bool:
    """Whether two entries are written the same; equal times may have other offsets."""
    return one is other or msgspec.json.encode(one) == msgspec.json.encode(other)


def _merged(entries: Iterable[Entry], changes: dict[Place, Entry | None]) -> list[Entry]:
    merged: dict[Place, Entry | None] = {index.place(entry): entry for entry in entries}
    merged |= changes
    return [entry for _, entry in sorted(merged.items()) if entry is not None]


class _Edit:
    """One change being made: stored pages are looked at only where it reaches.

    `slots` are the stored pages in order, with volumes that nobody looked into standing for theirs.
    """

    def __init__(self, old: Manifest, limit: int, shelf: Shelf, fresh: Callable[[], str]) -> None:
        self.old, self.limit, self.shelf, self.fresh = old, limit, shelf, fresh
        self.slots: list[_Slot] = [*old.volumes, *old.pages]
        self.tail: list[Entry] = list(old.entries)
        self.created: dict[str, tuple[Entry, ...]] = {}
        self.bound: dict[str, tuple[Page, ...]] = {}
        self._opened: dict[str, tuple[Page, ...]] = {}
        self._removed: list[str] = []

    def apply(self, changes: dict[Place, Entry | None]) -> None:
        todo = dict(sorted(changes.items()))
        while todo and self.slots and (first := next(iter(todo))) <= self.slots[-1].end:
            self._run(self._find(first), todo)
        self.tail = _merged(self.tail, todo)
        self._balance()

    def recut(self, changes: dict[Place, Entry | None]) -> None:
        """The same for a new limit: every cut moves, so everything is read and written."""
        entries = [entry for page in self._pages() for entry in self._taken(page)]
        self.slots.clear()
        self.tail = _merged([*entries, *self.tail], changes)
        self._balance()

    def _pages(self) -> Iterator[Page]:
        at = 0
        while at < len(self.slots):
            yield self._page_at(at)
            at += 1

    def _page_at(self, at: int) -> Page:
        """The page in a slot; a volume that is there is opened, and its first page returned."""
        slot = self.slots[at]
        if isinstance(slot, Volume):
            self.slots[at : at + 1] = self._open(slot)
            return self._page_at(at)
        return slot

    def _open(self, volume: Volume) -> tuple[Page, ...]:
        if volume.object not in self._opened:
            self._opened[volume.object] = self.shelf.volume(volume.object)
        return self._opened[volume.object]

    def _find(self, place: Place) -> int:
        """The slot of the page that an entry at `place` is in, or would be."""
        at = bisect_left(self.slots, place, key=lambda slot: slot.end)
        if isinstance(self.slots[at], Volume):
            self._page_at(at)
            at = bisect_left(self.slots, place, key=lambda slot: slot.end)
        return at

    def _run(self, at: int, todo: dict[Place, Entry | None]) -> None:
        """Change the page at a slot and as many after it as it takes until the cuts agree again."""
        carried: list[Entry] = []
        while at < len(self.slots):
            page = self._page_at(at)
            here = {place: todo.pop(place) for place in list(todo) if place <= page.end}
            entries = self._entries(page)
            items = [*carried, *_merged(entries, here)]
            *closed, carried = [*index.pages(items, self.limit), []]
            if closed and not self._is_closed(closed[-1]):
                carried = list(closed.pop())
            if not carried and len(closed) == 1 and _digest(closed[0]) == page.digest:
                return
            self._give_up(page)
            made = [self._made(part) for part in closed]
            self.slots[at : at + 1] = made
            at += len(made)
            if not carried:
                return
        self.tail = [*carried, *self.tail]

    def _is_closed(self, part: Sequence[Entry]) -> bool:
        return len(part) == self.limit or index.cut(part[-1].id, self.limit)

    def _entries(self, page: Page) -> tuple[Entry, ...]:
        return self.created.get(page.object) or self.shelf.page(page.object)

    def _taken(self, page: Page) -> tuple[Entry, ...]:
        """The entries of a page that is given up."""
        entries = self._entries(page)
        self._give_up(page)
        return entries

    def _give_up(self, page: Page) -> None:
        if self.created.pop(page.object, None) is None:
            self._removed.append(page.object)

    def _made(self, part: Sequence[Entry]) -> Page:
        page = Page(index.place(part[-1]), self.fresh(), index.page_name(part), _digest(part))
        self.created[page.object] = tuple(part)
        return page

    def _balance(self) -> None:
        """Keep in the manifest the fewest newest pages that hold at least `limit` entries."""
        while len(self.tail) < self.limit and self.slots:
            last = len(self.slots) - 1
            self._page_at(last)
            page = self.slots.pop()
            assert isinstance(page, Page)
            self.tail = [*self._taken(page), *self.tail]
        rest = len(self.tail)
        for part in index.pages(self.tail, self.limit):
            if rest - len(part) < self.limit:
                break
            self.slots.append(self._made(part))
            rest -= len(part)
        self.tail = self.tail[len(self.tail) - rest :]

    def shelved(self) -> tuple[tuple[Volume, ...], tuple[Page, ...]]:
        """The volumes and the pages after them, bound anew where pages changed."""
        self._open_after_changes()
        volumes: list[Volume] = []
        run: list[Page] = []
        opened = {pages: name for name, pages in self._opened.items()}
        slots, at = self.slots, 0
        while at < len(slots):
            slot = slots[at]
            if isinstance(slot, Volume):
                if not run:
                    volumes.append(slot)
                    at += 1
                else:
                    slots[at : at + 1] = self._open(slot)
                continue
            run.append(slot)
            at += 1
            if len(run) == 2 * VOLUME or self._ends_volume(slot):
                pages = tuple(run)
                name = opened.get(pages)
                if name is None:
                    name = self.fresh()
                    self.bound[name] = pages
                volumes.append(Volume(slot.end, name, slot.name))
                run = []
        return tuple(volumes), tuple(run)

    def _ends_volume(self, page: Page) -> bool:
        return index.cut(page.end[1], self.limit * VOLUME)

    def _open_after_changes(self) -> None:
        """Open volumes whose first page got another one before it: its document links to that."""
        names = [volume.name for volume in self.old.volumes]
        before = dict(zip((v.object for v in self.old.volumes), ["", *names], strict=False))
        at = 1
        while at < len(self.slots):
            slot, previous = self.slots[at], self.slots[at - 1]
            if isinstance(slot, Volume) and before[slot.object] != previous.name:
                self._page_at(at)
            at += 1
        if self.slots and isinstance(slot := self.slots[0], Volume) and before[slot.object]:
            self._page_at(0)

    def old_slots(self) -> list[_Slot]:
        """The stored pages as they were, seen as closely as this change looked at them."""
        found: list[_Slot] = []
        for volume in self.old.volumes:
            found += self._opened.get(volume.object, (volume,))
        return [*found, *self.old.pages]

    def gone(self, volumes: Iterable[Volume]) -> tuple[str, ...]:
        """Stored objects that a manifest with these volumes has no use for."""
        kept = {volume.object for volume in volumes}
        return (*self._removed, *(name for name in self._opened if name not in kept))


def _digest(part: Sequence[Entry]) -> str:
    return hashlib.sha256(msgspec.json.encode(part)).hexdigest()[:16]
