"""Checks that a build does not remove most of what is published, by a mistake.

It compares the ids in the published feed of all posts, and in those pages of its archive that would
go, with the ids of the posts that were found. It reads pages that stay only if most of those ids
would go. It also counts the files of feeds that would go. feeds/stores/removals.py has the rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from feeds.building.entry_ids import entry_ids
from feeds.formats import FORMATS, Format
from feeds.layout.layout import Layout
from feeds.stores import removals
from feeds.stores.base import Store
from feeds.stores.own_files import known_layouts, known_type

MIN_POSTS = 10
"""With fewer posts than this in the feed, the number of documents says nothing: one post with ten
tags has most of them."""


class _Feed(NamedTuple):
    """The published feed of all posts in one format."""

    key: str
    format: Format
    layout: Layout

    def archive_pages(self, keys: Collection[str]) -> list[str]:
        """Its archive pages among these documents."""
        folder = self.layout.archive_folder("")
        in_folder = (key for key in keys if key.startswith(folder))
        return sorted(key for key in in_folder if self.layout.file_type(key) == self.format)


def check_removals(
    out: Store,
    ids: Collection[str],
    layout: Layout,
    *,
    unchanged: Collection[str],
    changed: Collection[str],
    removed: Collection[str],
) -> None:
    """Raise TooManyRemovals if a build would remove most of what is published in `out`.

    `ids` are the ids of the posts that were found. The others are keys of documents of this program
    in `out`, in `layout` or the usual one: those that stay as they are, get other bytes, or would
    be deleted.
    """
    found, kept = set(ids), [*unchanged, *changed]
    where = out.url.rstrip("/")
    kept_files, removed_files = _feed_files(kept), _feed_files(removed)
    most_files_go = len(removed_files) > len(kept_files)
    feeds = [format_ for format_ in FORMATS.values() if format_.subscribed]
    if not found:
        published = _ids_of_feeds([*kept, *removed], feeds, layout, out)
        removals.check_removals(where, int(next(published, None) is not None), (), 0)
        return
    feeds.sort(key=lambda format_: not format_.archive_ending)
    published_keys = {*kept, *removed}
    rows = (_Feed(row.document("", f), f, row) for f in feeds for row in known_layouts(layout))
    feed = next((row for row in rows if row.key in published_keys), None)
    if feed is None:
        return
    pages = feed.archive_pages(removed)
    if feed.key in unchanged and not pages and not most_files_go:
        return  # all posts in the published feed were found
    newest = _ids_in(feed.key, feed.format, out)
    known = set(newest)
    for key in pages:
        known |= _ids_in(key, feed.format, out)
        gone = len(known - found)
        if removals.is_mass_removal(gone, gone + len(found), len(found)):
            raise removals.mass_removal(where, gone, len(known & found), len(found))
    others = _other_ids(known, feed.archive_pages(kept), feed.format, out)
    stay = (id_ for ids in (known & found, others) for id_ in ids if id_ in found)
    removals.check_removals(where, len(known - found), stay, len(found))
    if most_files_go and len(newest) >= MIN_POSTS:
        count = f"{len(removed_files):,} of {len(kept_files) + len(removed_files):,}"
        raise removals.too_many_removals(f"{count} files of feeds in {where} would be removed")


def _other_ids(
    known: Collection[str], pages: Iterable[str], format_: Format, out: Store
) -> Iterator[str]:
    """Yield the ids in these archive pages that are not known, each once; read page after page."""
    seen = set(known)
    for key in pages:
        ids = _ids_in(key, format_, out)
        yield from ids - seen
        seen |= ids


def _ids_of_feeds(
    keys: Iterable[str], feeds: Collection[Format], layout: Layout, out: Store
) -> Iterator[str]:
    """Yield the ids of the entries of all feeds among these documents."""
    for key in keys:
        format_ = known_type(key, layout)
        if isinstance(format_, Format) and format_ in feeds:
            yield from _ids_in(key, format_, out)


def _feed_files(keys: Iterable[str]) -> list[str]:
    """The documents among these, without archive pages: their posts are counted, and not they."""
    return [key for key in keys if "archive" not in key.split("/")]


def _ids_in(key: str, format_: Format, out: Store) -> set[str]:
    """The ids of the entries of a published document."""
    stored = out.get(key)
    return set(entry_ids(stored.data, format_)) if stored else set()
