"""Checks that a build does not remove most of what is published, by a mistake.

It compares the ids in the published feed of all posts, and in those pages of its archive that would
go, with the ids of the posts that were found. It also counts the files of feeds that would go.
feeds/stores/removals.py has the rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from feeds import paths
from feeds.documents.entry_ids import entry_ids
from feeds.formats import FORMATS, Format
from feeds.stores.base import Store
from feeds.stores.removals import is_mass_removal, mass_removal, too_many_removals

MIN_POSTS = 10
"""With fewer posts than this in the feed, the number of documents says nothing: one post with ten
tags has most of them."""


def check_removals(
    out: Store,
    ids: Collection[str],
    *,
    unchanged: Collection[str],
    changed: Collection[str],
    removed: Collection[str],
) -> None:
    """Raise TooManyRemovals if a build would remove most of what is published in `out`.

    `ids` are the ids of the posts that were found. The others are keys of documents of this program
    in `out`: those that stay as they are, get other bytes, or would be deleted.
    """
    found = set(ids)
    kept_files, removed_files = _feed_files([*unchanged, *changed]), _feed_files(removed)
    most_files_go = len(removed_files) > len(kept_files)
    feeds = [format_ for format_ in FORMATS.values() if format_.subscribed]
    feeds.sort(key=lambda format_: not format_.archive_ending)
    format_ = next((f for f in feeds if f.file in {*unchanged, *changed, *removed}), None)
    if format_ is None:
        return
    pages = _archive_pages(removed, format_)
    if format_.file in unchanged and not pages and not most_files_go:
        return  # all posts in the published feed were found
    where = out.url.rstrip("/")
    newest = _ids_in(format_.file, format_, out)
    gone = newest - found
    if is_mass_removal(len(gone), len(newest), len(found)):
        raise mass_removal(where, len(gone), len(newest), len(found))
    for key in pages:
        gone |= _ids_in(key, format_, out) - found
        known = len(gone) + len(found)
        if is_mass_removal(len(gone), known, len(found)):
            raise mass_removal(where, len(gone), known, len(found))
    if most_files_go and len(newest) >= MIN_POSTS:
        count = f"{len(removed_files):,} of {len(kept_files) + len(removed_files):,}"
        raise too_many_removals(f"{count} files of feeds in {where} would be removed")


def _feed_files(keys: Iterable[str]) -> list[str]:
    """The documents among these that are no archive pages, whose posts are looked at instead."""
    return [key for key in keys if "archive" not in key.split("/")]


def _archive_pages(keys: Collection[str], format_: Format) -> list[str]:
    """The archive pages of the feed of all posts in one format, among these documents."""
    folder = paths.archive_document("", "", format_).removesuffix(format_.archive_ending)
    return sorted(key for key in keys if key.startswith(folder) and paths.file_type(key) == format_)


def _ids_in(key: str, format_: Format, out: Store) -> set[str]:
    """The ids of the entries of a published document."""
    stored = out.get(key)
    return set(entry_ids(stored.data, format_)) if stored else set()
