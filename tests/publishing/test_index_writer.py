"""The work that a manifest names, and how it leaves the manifest when it is done."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from support.published import Later, filled
from support.yardstick import full_build, public_tree

from feeds import paths
from feeds.config_file import parse_config
from feeds.publishing.audit import audit
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.publishing.rebuild import rebuild
from feeds.state.keys import FEEDS, manifest_key
from feeds.state.manifest import Manifest, all_pages
from feeds.stores.counted import Counted
from feeds.stores.memory import MemoryStore

CONFIG = parse_config(
    '[site]\ntitle = "S"\nurl = "https://s.example/"\n[feeds]\nlimit = 3\nformats = ["json"]\n'
)


class Site:
    """Twelve published posts."""

    def __init__(self) -> None:
        self.runtime = Later()
        self.posts = MemoryStore(clock=self.runtime.now)
        source = filled(12)
        for stat in source.list():
            stored = source.get(stat.key)
            assert stored is not None
            self.posts.put(stat.key, stored.data)
        self.feeds = Counted(MemoryStore(clock=self.runtime.now))
        self.publisher = Publisher(self.posts, self.feeds, CONFIG, self.runtime)
        rebuild(self.publisher)

    def publish(self, *keys: str) -> None:
        """Publish posts."""
        assert not self.publisher.publish([Message(key, (key,), 1, ()) for key in keys]).errors

    def manifest(self, path: str = "") -> Manifest:
        """Return the stored manifest of a feed."""
        stored = self.feeds.get(manifest_key(path))
        assert stored is not None
        return msgspec.json.decode(stored.data, type=Manifest)

    def stored_pages(self) -> set[str]:
        """Return the names of the stored pages of the feed of all posts."""
        prefix = f"{FEEDS}all/pages/"
        return {paths.stem(stat.key) for stat in self.feeds.list(prefix)}

    def named_pages(self) -> set[str]:
        """Return the names of the pages that the manifest of all posts needs."""
        index = self.publisher.read_index("")
        lists = {page_list.object for page_list in index.manifest.page_lists}
        return lists | {page.object for page in all_pages(index.manifest, index.pages)}


def test_tombstone_leaves_the_manifest_an_hour_after_the_deletion():
    site = Site()
    site.posts.delete("0.md")
    site.publish("0.md")
    assert site.manifest().tombstones
    site.publish("11.md")
    assert site.manifest().tombstones
    site.runtime.time += timedelta(hours=2)
    site.publish("11.md")
    assert site.manifest().tombstones == {}


def test_obsolete_pages_are_deleted_after_the_manifest_was_written():
    site = Site()
    site.posts.delete("0.md")
    site.publish("0.md")
    assert site.stored_pages() == site.named_pages()


class CrashAfter(Counted):
    """A store whose process ends after the write of a key."""

    key = manifest_key("")

    def put(self, key, data, **options):
        version = super().put(key, data, **options)
        if key == self.key:
            raise KeyboardInterrupt
        return version


def test_obsolete_pages_of_a_crashed_worker_are_deleted_by_the_next_one():
    site = Site()
    site.posts.delete("0.md")
    crashing = Publisher(site.posts, CrashAfter(site.feeds), CONFIG, site.runtime)
    with pytest.raises(KeyboardInterrupt):
        crashing.publish([Message("m", ("0.md",), 1, ())])
    assert site.stored_pages() > site.named_pages()
    site.publish("11.md")
    assert site.stored_pages() == site.named_pages()


class ConflictOnce(Counted):
    """A store in which another publisher is quicker with the manifest of all posts, once."""

    def __init__(self, store, rival) -> None:
        super().__init__(store)
        self.rivals = [rival]

    def put(self, key, data, **options):
        if key == manifest_key("") and self.rivals:
            self.rivals.pop()()
        return super().put(key, data, **options)


def test_pages_of_a_refused_manifest_are_deleted():
    site = Site()
    site.posts.delete("0.md")
    store = ConflictOnce(site.feeds, lambda: site.publish("11.md"))
    slow = Publisher(site.posts, store, CONFIG, site.runtime)
    assert slow.publish([Message("m", ("0.md",), 1, ())]).conflicts == {manifest_key(""): 1}
    assert site.stored_pages() == site.named_pages()


def test_audit_keeps_pending_archive_documents_when_it_adds_missing_ones():
    """A crash has left one archive document outdated, and somebody has deleted another one."""
    site = Site()
    site.posts.put("0.md", b"---\ntitle: Edited\ndate: 2025-01-01\ncategory: c0\ntags: [t0]\n---\n")
    crashing = Publisher(site.posts, CrashAfter(site.feeds), CONFIG, site.runtime)
    with pytest.raises(KeyboardInterrupt):
        crashing.publish([Message("m", ("0.md",), 1, ())])
    pending = site.manifest().pending
    assert pending
    (deleted, *_) = [
        stat.key
        for stat in site.feeds.list("public/archive/")
        if paths.stem(stat.key) not in pending
    ]
    site.feeds.delete(deleted)
    keys: list[str] = []
    audit(site.publisher, keys.append)
    site.publish("0.md", *keys)
    assert public_tree(site.feeds) == full_build(site.posts, site.feeds, CONFIG)


def test_edit_that_keeps_a_future_date_does_not_delete_its_due_marker():
    site = Site()
    for title in ("Soon", "Later"):
        site.posts.put("soon.md", f"---\ntitle: {title}\ndate: 2026-07-01\n---\n".encode())
        site.feeds.calls.clear()
        site.publish("soon.md")
    assert site.feeds.calls["delete"] == 0
    assert len(list(site.feeds.list("state/due/"))) == 1
