"""Owns the comparison that everything is measured by: a public tree beside one full build."""

from __future__ import annotations

from datetime import UTC, datetime

from feeds import build, paths, scan, state
from feeds.config import Config
from feeds.store import MemoryStore, Prefixed, Store


def wrong(posts: Store, feeds: Store, config: Config) -> list[str]:
    """What of the public tree is not, byte for byte, what one full build of the posts writes.

    Feeds that were once there are still there, empty.
    """
    tree = tree_of(feeds)
    known = {path for stat in feeds.list(state.FEEDS) if (path := state.path_of_manifest(stat.key))}
    copy = MemoryStore()
    for stat in posts.list():
        if found := posts.get(stat.key):
            copy.put(stat.key, found.data)
    with scan.Scan(copy, config, datetime.now(UTC), jobs=1) as scanned:
        scanned.read()
        made = build.site(scanned.heads, scanned, config, sorted(known))
        expected = {document.path: document.data for document in made}
    return [
        f"{_fault(key, tree, expected)}: {key}"
        for key in sorted({*tree, *expected})
        if tree.get(key) != expected.get(key)
    ]


def _fault(key: str, tree: dict[str, bytes], expected: dict[str, bytes]) -> str:
    if key not in tree:
        return "missing"
    return "differs" if key in expected else "left over"


def tree_of(feeds: Store) -> dict[str, bytes]:
    """What the public can see: documents by their keys."""
    public = Prefixed(feeds, paths.PUBLIC)
    found = {stat.key: public.get(stat.key) for stat in public.list()}
    return {key: object_.data for key, object_ in found.items() if object_}
