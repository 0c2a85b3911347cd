"""The keys of the private objects under `state/`: the functions that build and parse them.

    state/feed_list.json                  the list of all feeds
    state/posts/<2>/<62>.json             the record of a post; the digits are a hash
    state/attachments/<64>.json           the posts that depend on a file; a hash of its key
    state/feeds/<path>/manifest.json      the manifest of a feed; the path is `all` for all posts
    state/feeds/<path>/pages/<name>.json  a page of its index, or a list of pages

feeds/maintenance/journal.py has `state/journal/`, feeds/publishing/due_markers.py `state/due/`.
"""

from __future__ import annotations

import re

from feeds import paths

FEED_LIST = paths.STATE + "feed_list.json"
PROGRESS = paths.STATE + "audit.json"
"""What the last audit did (feeds/maintenance/audit.py)."""
RECORDS = paths.STATE + "posts/"
ATTACHMENTS = paths.STATE + "attachments/"
FEEDS = paths.STATE + "feeds/"
_MANIFEST = "/manifest.json"
_PAGES = "/pages/"
_RECORD = re.compile(re.escape(RECORDS) + r"[0-9a-f]{2}/[0-9a-f]{62}\.json")


def record_key(identity: str) -> str:
    """Return the key of a post's record. It has a hash: the identity can be as long as a key."""
    name = paths.digest(identity, 64)
    return f"{RECORDS}{name[:2]}/{name[2:]}.json"


def is_record_key(key: str) -> bool:
    """Return whether a key is that of a record, and not that of something that a person put there.

    The S3 console, for example, writes an empty object for each folder that is made in it.
    """
    return _RECORD.fullmatch(key) is not None


def record_hash(key: str) -> int:
    """Return the first 64 bits of the hash in a record's key."""
    return int(key.removeprefix(RECORDS).replace("/", "")[:16], 16)


def attachment_key(key: str) -> str:
    """Return the key of the object that names the posts to which the file at `key` may belong."""
    return f"{ATTACHMENTS}{paths.digest(key, 64)}.json"


def manifest_key(path: str) -> str:
    """Return the key of a feed's manifest."""
    return f"{FEEDS}{path or 'all'}{_MANIFEST}"


def page_key(path: str, name: str) -> str:
    """Return the key of a page, or of a list of pages, of a feed's index."""
    return f"{FEEDS}{path or 'all'}{_PAGES}{name}.json"


def path_of_manifest(key: str) -> str | None:
    """Return the path of the feed whose manifest is at `key`; None for any other object."""
    if not key.startswith(FEEDS) or not key.endswith(_MANIFEST):
        return None
    path = key[len(FEEDS) : -len(_MANIFEST)]
    return "" if path == "all" else path


def feed_of_key(key: str) -> str:
    """Return the path of the feed that a key below `FEEDS` belongs to."""
    path = key[len(FEEDS) :].removesuffix(_MANIFEST).partition(_PAGES)[0]
    return "" if path == "all" else path
