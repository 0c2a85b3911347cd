"""Finds what is in the way of a new file in a folder: a link, a folder, a file as a parent.

The listing of a folder store has none of these, and a write would replace a link, or fail after
other files are written. Stores that are no folders have no such things.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from msgspec import Struct

from feeds.stores.addresses import folder_of
from feeds.stores.base import Store


class Obstacle(Struct, frozen=True, order=True):
    """Something at the place of a file, or of one of its folders."""

    key: str
    """Where it is, relative to the store."""
    kind: str
    """What it is, with an article, such as ``a link``."""
    can_replace: bool
    """Whether a write of the file replaces it."""


def obstacles(keys: Iterable[str], store: Store) -> list[Obstacle]:
    """The obstacles at the places of these files, in order. A regular file is not one.

    It looks at each file, and once at each of their folders. Without permission to look it finds
    nothing; then the write says so.
    """
    root = folder_of(store.url)
    if root is None or not root.is_dir():
        return []
    found: dict[str, Obstacle | None] = {}
    blocked: dict[str, bool] = {"": False}
    """For each folder that was looked at: whether no file can be in it, or none is."""

    def is_blocked(folder: str) -> bool:
        if folder not in blocked:
            above, _, _ = folder.rpartition("/")
            mode = 0 if is_blocked(above) else _mode(f"{root}/{folder}")
            blocked[folder] = not stat.S_ISDIR(mode)
            if mode and blocked[folder]:
                kind = "a link" if stat.S_ISLNK(mode) else "a file"
                found[folder] = Obstacle(folder, f"{kind} in place of a folder", can_replace=False)
        return blocked[folder]

    for key in keys:
        if is_blocked(key.rpartition("/")[0]):
            continue
        mode = _mode(f"{root}/{key}")
        if stat.S_ISDIR(mode):
            found[key] = Obstacle(key, "a folder", can_replace=False)
        elif mode and not stat.S_ISREG(mode):
            kind = "a link" if stat.S_ISLNK(mode) else "a special file"
            found[key] = Obstacle(key, kind, can_replace=True)
    return sorted(obstacle for obstacle in found.values() if obstacle)


def _mode(path: str) -> int:
    """The mode of what is at a path, without following a link; 0 if there is nothing."""
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0


def is_empty_folder(store: Store) -> bool:
    """Return whether the store is a folder without anything in it, or that does not exist."""
    root = folder_of(store.url)
    if root is None:
        return False
    try:
        with os.scandir(root) as entries:
            return next(entries, None) is None
    except OSError:
        return not root.exists()
