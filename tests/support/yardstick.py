"""Compares a published tree, byte for byte, with a full build of the same posts."""

from __future__ import annotations

from collections.abc import Sequence
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
    """The documents that differ between the public tree and a full build; each with its fault.

    Feeds that no post is in any more still have documents, without entries.
    """
    tree, expected = public_tree(feeds), full_build(posts, feeds, config)
    return [
        f"{_fault(key, tree, expected)}: {key}"
        for key in sorted({*tree, *expected})
        if tree.get(key) != expected.get(key)
    ]


def full_build(
    posts: Store, feeds: Store, config: Config, now: datetime | None = None
) -> dict[str, bytes]:
    """The documents of a full build by path, also those of feeds that are empty now."""
    known = {path for stat in feeds.list(FEEDS) if (path := path_of_manifest(stat.key))}
    copy = MemoryStore()
    for stat in posts.list():
        if post := posts.get(stat.key):
            copy.put(stat.key, post.data)
    return build_documents(copy, config, now or datetime.now(UTC), sorted(known))


def build_documents(
    posts: Store, config: Config, now: datetime, known_paths: Sequence[str] = ()
) -> dict[str, bytes]:
    """The documents of a full build by path, also those of the feeds at `known_paths`."""
    with PostScanner(posts, config, now, jobs=1) as scanned:
        scanned.read()
        documents = site_documents(scanned.summaries, scanned, config, known_paths)
        return {document.path: document.data for document in documents}


def _fault(key: str, tree: dict[str, bytes], expected: dict[str, bytes]) -> str:
    if key not in tree:
        return "missing"
    return "differs" if key in expected else "left over"


def public_tree(feeds: Store) -> dict[str, bytes]:
    """The published documents by path."""
    public = Prefixed(feeds, paths.PUBLIC)
    objects = {stat.key: public.get(stat.key) for stat in public.list()}
    return {key: object_.data for key, object_ in objects.items() if object_}
