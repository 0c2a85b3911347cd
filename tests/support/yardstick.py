"""Owns the comparison that everything is measured by: a public tree beside one full build."""

from __future__ import annotations

from datetime import UTC, datetime

from feeds import paths
from feeds.building.scan import PostScanner
from feeds.building.site import site_documents
from feeds.config import Config
from feeds.state.keys import FEEDS, path_of_manifest
from feeds.stores.base import Store
from feeds.stores.memory import MemoryStore
from feeds.stores.prefixed import Prefixed


def differences(posts: Store, feeds: Store, config: Config) -> list[str]:
    """What of the public tree is not, byte for byte, what one full build of the posts writes.

    Feeds that were once there are still there, empty.
    """
    tree, expected = public_tree(feeds), full_build(posts, feeds, config)
    return [
        f"{_fault(key, tree, expected)}: {key}"
        for key in sorted({*tree, *expected})
        if tree.get(key) != expected.get(key)
    ]


def full_build(posts: Store, feeds: Store, config: Config) -> dict[str, bytes]:
    """The documents of one full build of the posts, also of feeds that are empty by now."""
    known = {path for stat in feeds.list(FEEDS) if (path := path_of_manifest(stat.key))}
    copy = MemoryStore()
    for stat in posts.list():
        if found := posts.get(stat.key):
            copy.put(stat.key, found.data)
    with PostScanner(copy, config, datetime.now(UTC), jobs=1) as scanned:
        scanned.read()
        made = site_documents(scanned.summaries, scanned, config, sorted(known))
        return {document.path: document.data for document in made}


def _fault(key: str, tree: dict[str, bytes], expected: dict[str, bytes]) -> str:
    if key not in tree:
        return "missing"
    return "differs" if key in expected else "left over"


def public_tree(feeds: Store) -> dict[str, bytes]:
    """What the public can see: documents by their keys."""
    public = Prefixed(feeds, paths.PUBLIC)
    found = {stat.key: public.get(stat.key) for stat in public.list()}
    return {key: object_.data for key, object_ in found.items() if object_}
