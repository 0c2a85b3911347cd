"""The work that a manifest names, and how it leaves the manifest when it is done."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from support.published import Later, filled
from support.yardstick import full_build, public_tree

from feeds import paths
from feeds.config_file.parse import parse_config
from feeds.maintenance.audit import audit
from feeds.maintenance.rebuild import rebuild
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.runtime import ThreadedRuntime
from feeds.state.keys import FEEDS, manifest_key
from feeds.state.manifest import Manifest, all_pages
from feeds.stores.counted import Counted
from feeds.stores.memory import MemoryStore

SETTINGS = (
    '[site]\ntitle = "S"\nurl = "https://s.example/"\n[feeds]\nlimit = 3\nformats = ["json"]\n'
)
CONFIG = parse_config(SETTINGS)
WITHOUT_ARCHIVES = parse_config(SETTINGS + "archives = false\n")
WITH_OTHER_LANGUAGE = parse_config(SETTINGS.replace("[feeds]", 'language = "de"\n[feeds]'))


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


class ChecksLinks(Counted):
    """A store that lists the links between archive documents that are dead after some call."""

    def __init__(self, store) -> None:
        super().__init__(store)
        self.dead: set[str] = set()
        self.written = 0

    def put(self, key, data, **options):
        version = super().put(key, data, **options)
        self._check(key)
        return version

    def delete(self, key):
        super().delete(key)
        self._check(key)

    def _check(self, key: str) -> None:
        if "/archive/" not in key:
            return
        self.written += 1
        tree = public_tree(self.store)
        links = re.compile(rb"https://s\.example/((?:[\w/-]+/)?archive/[\w-]+\.json)")
        linked = {link.decode() for data in tree.values() for link in links.findall(data)}
        assert linked
        self.dead |= linked - tree.keys()


EARLIER = b"---\ntitle: E\ndate: 2024-01-01\ncategory: c0\n---\nx\n"
CHANGES = {
    "a deletion": lambda site: site.posts.delete("0.md"),
    "an edit": lambda site: site.posts.put("0.md", EARLIER.replace(b"2024", b"2025")),
    "an earlier date": lambda site: site.posts.put("0.md", EARLIER),
    "a later date": lambda site: site.posts.put("0.md", EARLIER.replace(b"2024", b"2026")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=[*CHANGES])
def test_no_document_ever_links_to_an_archive_document_that_does_not_exist(change):
    """New archive documents are written first, and retired ones are deleted last."""
    site = Site()
    store = ChecksLinks(site.feeds)
    publisher = Publisher(site.posts, store, CONFIG, ThreadedRuntime(threads=1))
    change(site)
    assert not publisher.publish([Message("m", ("0.md",), 1, ())]).errors
    assert store.written
    assert store.dead == set()
    assert public_tree(site.feeds) == full_build(site.posts, site.feeds, CONFIG)


# --- archive pages that were retired -------------------------------------------------------------


class Recorded(Counted):
    """A store that also lists the calls that ask for or delete archive documents."""

    def __init__(self, store) -> None:
        super().__init__(store)
        self.archive_calls: list[tuple[str, str]] = []

    def head(self, key):
        self._record("head", key)
        return super().head(key)

    def delete(self, key):
        self._record("delete", key)
        super().delete(key)

    def _record(self, method: str, key: str) -> None:
        if "/archive/" in key:
            self.archive_calls.append((method, key))


def test_retired_archive_page_that_was_seen_to_be_gone_costs_no_more_calls():
    site = Site()
    store = Recorded(site.feeds)
    publisher = Publisher(site.posts, store, CONFIG, site.runtime)
    site.posts.delete("0.md")
    methods = []
    for _ in range(3):
        store.archive_calls.clear()
        assert not publisher.publish([Message("m", ("0.md",), 1, ())]).errors
        methods.append({method for method, _ in store.archive_calls})
    assert site.manifest().tombstones
    assert "delete" in methods[0]
    assert methods[1:] == [{"head"}, set()]


class DeletesLate(Counted):
    """The store as a zombie worker sees it: its deletions of archive documents come late."""

    def __init__(self, store) -> None:
        super().__init__(store)
        self.late: list[str] = []

    def delete(self, key):
        if key.startswith("public/archive/"):
            self.late.append(key)
        else:
            super().delete(key)

    def catch_up(self) -> None:
        """Do the deletions."""
        for key in self.late:
            super().delete(key)


def publish_twice(site: Site, config=CONFIG) -> None:
    """Publish a post twice: the second time, what the first one did is checked."""
    publisher = Publisher(site.posts, site.feeds, config, site.runtime)
    for _ in range(2):
        assert not publisher.publish([Message("m", ("11.md",), 1, ())]).errors


def assert_that_late_deletions_are_repaired(site: Site, zombie: DeletesLate, config) -> None:
    """Let a zombie delete what is in use again, within an hour; then publish an hour later."""
    in_use = {key for key in zombie.late if site.feeds.head(key)}
    assert in_use
    zombie.catch_up()
    site.runtime.time += timedelta(hours=2)
    publish_twice(site, config)
    assert all(site.feeds.head(key) for key in in_use)
    assert public_tree(site.feeds) == full_build(site.posts, site.feeds, config)


@pytest.mark.slow
def test_archives_that_are_turned_on_again_survive_a_zombie_that_deletes_them():
    site = Site()
    zombie = DeletesLate(site.feeds)
    rebuild(Publisher(site.posts, zombie, WITHOUT_ARCHIVES, site.runtime))
    publish_twice(site, WITHOUT_ARCHIVES)
    assert list(site.feeds.list("public/archive/")) == []
    rebuild(site.publisher)
    publish_twice(site)
    assert_that_late_deletions_are_repaired(site, zombie, CONFIG)


@pytest.mark.parametrize("by", ["rebuild", "audit"])
def test_archive_page_in_use_again_survives_a_zombie_after_a_rebuild_or_an_audit(by):
    """The page is retired and used again; then all archive pages are marked to be written."""
    site, config = Site(), CONFIG
    zombie = DeletesLate(site.feeds)
    post = site.posts.get("0.md")
    site.posts.delete("0.md")
    slow = Publisher(site.posts, zombie, CONFIG, site.runtime)
    slow.publish([Message("m", ("0.md",), 1, ())])
    site.publish("0.md")
    site.posts.put("0.md", post.data)
    site.publish("0.md")
    if by == "rebuild":
        config = WITH_OTHER_LANGUAGE
        rebuild(Publisher(site.posts, site.feeds, config, site.runtime))
    else:
        others = {stat.key for stat in site.feeds.list("public/archive/")} - {*zombie.late}
        site.feeds.delete(min(others))
        audit(site.publisher, print)
    publish_twice(site, config)
    assert_that_late_deletions_are_repaired(site, zombie, config)


def test_generation_is_the_number_of_writes_of_the_manifest():
    site = Site()
    first = site.manifest().generation
    writes: list[str] = []
    put = site.feeds.put

    def counted_put(key, data, **options):
        writes.append(key)
        return put(key, data, **options)

    site.feeds.put = counted_put
    site.publish("11.md")
    rebuild(Publisher(site.posts, site.feeds, WITH_OTHER_LANGUAGE, site.runtime))
    site.feeds.delete(min(stat.key for stat in site.feeds.list("public/archive/")))
    audit(site.publisher, print)
    assert writes.count(manifest_key("")) >= 4
    assert site.manifest().generation == first + writes.count(manifest_key(""))


# --- time ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "is_public"), [(-1, False), (0, True), (1, True)])
def test_post_is_public_from_exactly_its_date_on(seconds, is_public):
    """Its schedule is for this very second, and nothing publishes the post later."""
    site = Site()
    site.posts.put("soon.md", b"---\ntitle: Soon\ndate: 2026-06-01 00:10:00\n---\nx\n")
    site.runtime.time = datetime(2026, 6, 1, 0, 10, tzinfo=UTC) + timedelta(seconds=seconds)
    site.publish("soon.md")
    assert (b"Soon" in public_tree(site.feeds)["feed.json"]) is is_public
    assert len(list(site.feeds.list("state/due/"))) == (not is_public)
