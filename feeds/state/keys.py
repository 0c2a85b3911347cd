"""The keys of all private objects under `state/`: built and parsed here and nowhere else."""

from __future__ import annotations

from feeds import paths

FEED_LIST = paths.STATE + "catalog.json"
RECORDS = paths.STATE + "posts/"
FEEDS = paths.STATE + "feeds/"
_MANIFEST = "/index.json"
_PARTS = "/parts/"


def record_key(group: str) -> str:
    """Where the record of a post is: by a hash, since a key may be as long as a key can be."""
    name = paths.digest(group, 64)
    return f"{RECORDS}{name[:2]}/{name[2:]}.json"


def manifest_key(path: str) -> str:
    """Where the manifest of a feed is."""
    return f"{FEEDS}{path or 'all'}{_MANIFEST}"


def page_key(path: str, name: str) -> str:
    """Where a page or a volume of a feed's index is."""
    return f"{FEEDS}{path or 'all'}{_PARTS}{name}.json"


def path_of_manifest(key: str) -> str | None:
    """The feed whose manifest is at a key; None: it is no manifest."""
    if not key.startswith(FEEDS) or not key.endswith(_MANIFEST):
        return None
    path = key[len(FEEDS) : -len(_MANIFEST)]
    return "" if path == "all" else path


def feed_of_key(key: str) -> str:
    """The path of the feed that a key below `FEEDS` belongs to."""
    path = key[len(FEEDS) :].removesuffix(_MANIFEST).partition(_PARTS)[0]
    return "" if path == "all" else path
