"""Owns the audit: what the records and the feeds should be, held against what is there.

It heals what events could not: an event that never came, posts that were there before the program
was, work that a crash left behind. It reads listings, not posts; what differs goes to the publish
queue, and is looked at as after any event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import groupby
from operator import itemgetter

import msgspec
from msgspec import Struct

from feeds import paths
from feeds.documents import feed_documents
from feeds.errors import StoreError
from feeds.publishing import journal
from feeds.publishing.due_markers import DUE_MARKERS, Schedules, marker_time
from feeds.publishing.publisher import Publisher
from feeds.reading.selection import is_post, post_identity
from feeds.state.keys import FEEDS, RECORDS, feed_of_key, path_of_manifest, record_key
from feeds.state.manifest import all_pages
from feeds.stores.base import Stat

CLOCK_MARGIN = timedelta(minutes=15)
"""A record may be written this long after its post was read."""

RECORD_TTL = timedelta(days=30)
"""How long the record of a deleted post is kept: longer than any message can lie in a queue."""

ORPHAN_AGE = timedelta(days=1)
"""How old something must be that nothing names, before it counts as left behind."""


class AuditReport(Struct):
    """What an audit found, and did about it."""

    posts: int = 0
    new: int = 0
    newer: int = 0
    gone: int = 0
    late: int = 0
    unfinished: int = 0
    feeds: int = 0
    documents: int = 0
    swept: int = 0
    errors: list[str] = []


def audit(
    publisher: Publisher,
    send: Callable[[str], None],
    schedules: Schedules | None = None,
    *,
    dry: bool = False,
) -> AuditReport:
    """Compare posts with records, and feeds with their indexes.

    `send` is given each key that must be looked at. Posts of the future get their schedules again.
    `dry` changes nothing but what `send` does.
    """
    found = AuditReport()
    for key in _differing(publisher, found, dry):
        send(key)
    for key in _due(publisher, schedules if not dry else None, found):
        send(key)
    for key in _unfinished(publisher, found, dry):
        send(key)
    if not dry:
        _feeds(publisher, found)
    return found


def _due(publisher: Publisher, schedules: Schedules | None, found: AuditReport) -> Iterator[str]:
    """The keys of posts whose time came without anybody looking; the others are scheduled.

    A crash may have left a second marker of a post. The earlier one counts: who looks too early
    sets the time again, and who looks too late is late.
    """
    now = publisher.world.now()
    scheduled: set[str] = set()
    for stat in publisher.feeds.list(DUE_MARKERS):
        when, there = marker_time(stat.key), publisher.feeds.get(stat.key)
        if when is None or there is None:
            continue
        keys = msgspec.json.decode(there.data, type=_Marker).keys
        if when <= now:
            found.late += len(keys)
            yield from keys
            if now - when > ORPHAN_AGE:
                publisher.feeds.delete(stat.key)
        elif schedules:
            name = record_key(post_identity(keys[0], publisher.config))
            if name in scheduled:
                continue
            scheduled.add(name)
            try:
                schedules.set(name, when, keys)
            except StoreError as error:
                found.errors.append(str(error))


class _Marker(Struct):
    keys: list[str]


def _unfinished(publisher: Publisher, found: AuditReport, dry: bool) -> Iterator[str]:
    """The keys of posts that a rebuild began with and left, because it was stopped."""
    now = publisher.world.now()
    for stat, work in journal.pending(publisher):
        if now - stat.modified > CLOCK_MARGIN:
            found.unfinished += len(work.posts)
            yield from sorted(work.posts)
            if now - stat.modified > ORPHAN_AGE and not dry and not (work.records or work.feeds):
                publisher.feeds.delete(stat.key)


# --- posts and records ---------------------------------------------------------------------------


def _differing(publisher: Publisher, found: AuditReport, dry: bool) -> Iterator[str]:
    """The keys of posts that are new, newer than their record, or gone.

    In memory are eight bytes of each record's name and its time: some 100 MB for a million posts.
    """
    records = {_key64(stat.key): stat.modified for stat in publisher.feeds.list(RECORDS)}
    seen: set[int] = set()
    for stat in publisher.posts.list():
        if not is_post(stat.key, publisher.config):
            continue
        found.posts += 1
        name = _key64(record_key(post_identity(stat.key, publisher.config)))
        seen.add(name)
        made = records.get(name)
        if made is None:
            found.new += 1
            yield stat.key
        elif stat.modified > made - CLOCK_MARGIN and not _is_recorded(publisher, stat):
            found.newer += 1
            yield stat.key
    if seen >= records.keys():
        return
    for stat in publisher.feeds.list(RECORDS):
        if _key64(stat.key) not in seen:
            yield from _gone(publisher, stat, found, dry)


def _key64(key: str) -> int:
    return int(key.removeprefix(RECORDS).replace("/", "")[:16], 16)


def _is_recorded(publisher: Publisher, stat: Stat) -> bool:
    """Whether the record is of this very version, written or rewritten a moment ago."""
    name = record_key(post_identity(stat.key, publisher.config))
    seen = publisher.records.read(name).objects.get(stat.key)
    return seen is not None and seen.version == stat.version


def _gone(publisher: Publisher, stat: Stat, found: AuditReport, dry: bool) -> Iterator[str]:
    record = publisher.records.read(stat.key)
    for key in record.objects:
        found.gone += 1
        yield key
    if not record.objects and not dry and publisher.world.now() - stat.modified > RECORD_TTL:
        publisher.feeds.delete(stat.key)
        found.swept += 1


# --- feeds ---------------------------------------------------------------------------------------


def _feeds(publisher: Publisher, found: AuditReport) -> None:
    """Write documents that are not as their index says, and sweep what nothing names."""
    unsettled: list[str] = []
    for path, parts in _parts(publisher):
        try:
            found.feeds += 1
            unsettled += [path] if _repair_feed(publisher, path, parts, found) else []
        except StoreError as error:
            found.errors.append(f"{path or 'all posts'}: {error}")
    if found.feeds:  # the documents about all feeds are looked at even where all agree
        found.documents += len(publisher.listing.update(unsettled))


def _parts(publisher: Publisher) -> Iterator[tuple[str, list[Stat]]]:
    """Each feed that has an index, with the stored parts beside it; one feed after the other."""
    listing = ((feed_of_key(stat.key), stat) for stat in publisher.feeds.list(FEEDS))
    for path, group in groupby(listing, key=itemgetter(0)):
        stats = [stat for _, stat in group]
        parts = [stat for stat in stats if path_of_manifest(stat.key) is None]
        if len(parts) < len(stats):
            yield path, parts


def _repair_feed(publisher: Publisher, path: str, parts: list[Stat], found: AuditReport) -> bool:
    """Make one feed right; whether the catalog has to be told."""
    written = publisher.indexes.read(path)
    one = written.index
    pages = list(all_pages(one, written.parts))
    used = {page.object for page in pages} | {volume.object for volume in one.page_lists}
    _sweep(publisher, [stat for stat in parts if paths.stem(stat.key) not in used], found)
    wanted: dict[str, str] = {}
    if publisher.config.feeds.archives:
        for name in {*(page.name for page in pages), one.newest_archive} - {""}:
            keys = feed_documents.archive_keys(path, name, publisher.config)
            wanted |= dict.fromkeys((paths.PUBLIC + key for key in keys), name)
    stats = list(publisher.feeds.list(paths.PUBLIC + paths.document(path, "archive/")))
    _sweep(publisher, [stat for stat in stats if stat.key not in wanted], found)
    missing = {wanted[key] for key in wanted.keys() - {stat.key for stat in stats}}
    if missing:
        written = publisher.indexes.due(path, missing)
    changed, one = publisher.public.feed(written)
    found.documents += len(changed)
    return not one.listed


def _sweep(publisher: Publisher, unused: list[Stat], found: AuditReport) -> None:
    """Delete what nothing names, unless it is so young that something may be about to."""
    now = publisher.world.now()
    for stat in unused:
        if now - stat.modified > ORPHAN_AGE:
            publisher.feeds.delete(stat.key)
            found.swept += 1
