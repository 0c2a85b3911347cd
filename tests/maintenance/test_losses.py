"""Promise 3: audits alone restore the bytes of a full build after any loss."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from support.audited import Site, everything
from support.published import filled
from support.yardstick import public_tree

from feeds import paths
from feeds.errors import Unavailable
from feeds.maintenance.audit import PROGRESS, ROUND_NIGHTS
from feeds.maintenance.rebuild import rebuild
from feeds.publishing.due_markers import DUE_MARKERS
from feeds.state.keys import ATTACHMENTS, FEED_LIST, FEEDS, RECORDS, manifest_key

NIGHTS = 2 * ROUND_NIGHTS + 1
"""The number of nights that docs/operations.md promises."""


def nights_until_right(site: Site) -> int:
    """Audit once a day until the site is right; return the number of audits."""
    for night in range(NIGHTS + 1):
        if site.is_right():
            return night
        site.runtime.time += timedelta(days=1)
        site.audit()
    raise AssertionError(f"not right after {NIGHTS} audits")


def published(count: int = 12) -> Site:
    """A site with posts of every kind, published by a worker."""
    site = Site()
    for stat in (source := filled(count)).list():
        post = source.get(stat.key)
        assert post is not None
        site.posts.put(stat.key, post.data)
    site.posts.put("soon.md", b"---\ntitle: Soon\ndate: 2026-06-20\ncategory: c1\n---\nx\n")
    site.posts.put("sale.md", b"---\ntitle: Sale\ndate: 2025-05-01\nexpires: 2026-06-20\n---\nx\n")
    site.posts.put("talk.md", b"---\ntitle: Talk\ndate: 2025-05-02\nenclosure: a.mp3\n---\nx\n")
    rebuild(site.publisher)
    assert site.is_right()
    return site


# --- a message that is lost after its record was written -----------------------------------------


def publish_only_the_record(site: Site, key: str) -> None:
    """Deliver a message five times while no index can be written; then it is thrown away."""

    def refuse_indexes(name: str, data: bytes, **options: object) -> str:
        if name.startswith(FEEDS):
            raise Unavailable(f"{name}: 503")
        return put(name, data, **options)

    site.feeds.put, put = refuse_indexes, site.feeds.put
    for _ in range(5):
        site.publish(key)
    site.feeds.put = put


def a_new_post(site: Site) -> str:
    site.posts.put("new.md", b"---\ntitle: New\ndate: 2026-01-01\ncategory: c9\n---\nx\n")
    return "new.md"


def an_edit(site: Site) -> str:
    site.posts.put("3.md", b"---\ntitle: Edited\ndate: 2025-04-04\ncategory: c3\n---\nx\n")
    return "3.md"


def a_move(site: Site) -> str:
    site.posts.put("4.md", b"---\ntitle: T4\ndate: 2025-11-11\ncategory: c2\n---\nx\n")
    return "4.md"


def a_deletion(site: Site) -> str:
    site.posts.delete("5.md")
    return "5.md"


@pytest.mark.parametrize("change", [a_new_post, an_edit, a_move, a_deletion])
def test_a_message_that_is_lost_after_its_record_was_written_is_made_up_for(
    change: Callable[[Site], str],
) -> None:
    site = published()
    publish_only_the_record(site, change(site))
    assert not site.is_right()
    assert nights_until_right(site) >= 1


def test_a_deletion_is_made_up_for_after_its_record_was_removed() -> None:
    site = published()
    publish_only_the_record(site, a_deletion(site))
    for key in list(everything(site.feeds)):
        if key.startswith(RECORDS) and b'"objects"' not in everything(site.feeds)[key]:
            site.feeds.delete(key)
    assert not site.is_right()
    assert nights_until_right(site) >= 1


# --- state objects that are removed, damaged or old ----------------------------------------------

KINDS = {
    "records": lambda key: key.startswith(RECORDS),
    "the index of all posts": lambda key: key == manifest_key(""),
    "the index of a category": lambda key: key == manifest_key("category/c1"),
    "all indexes": lambda key: key.endswith("/manifest.json"),
    "stored pages": lambda key: key.startswith(FEEDS) and "/pages/" in key,
    "the list of feeds": lambda key: key == FEED_LIST,
    "notes of attachments": lambda key: key.startswith(ATTACHMENTS),
    "markers": lambda key: key.startswith(DUE_MARKERS),
    "the progress of the audit": lambda key: key == PROGRESS,
    "everything": lambda key: key.startswith(paths.STATE),
    "documents": lambda key: key.startswith(paths.PUBLIC),
}


def lose(site: Site, kind: str, how: str) -> None:
    """Remove all objects of a kind, or half of their bytes."""
    for key, data in everything(site.feeds).items():
        if KINDS[kind](key):
            if how == "removed":
                site.feeds.delete(key)
            else:
                site.feeds.put(key, data[: len(data) // 2])


@pytest.mark.parametrize("how", ["removed", "damaged"])
@pytest.mark.parametrize("kind", KINDS)
def test_audits_make_up_for_lost_objects(kind: str, how: str) -> None:
    site = published()
    site.audit()
    lose(site, kind, how)
    site.runtime.time += timedelta(days=25)  # a post has appeared, and another one has expired
    site.posts.put("a.mp3", bytes(1234))
    site.publish("a.mp3")
    site.posts.delete("7.md")
    site.publish("7.md")
    nights_until_right(site)
    for _ in range(NIGHTS):
        site.runtime.time += timedelta(days=1)
        assert site.audit()[1].misplaced == 0
    assert site.is_right()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "everything"])
def test_audits_make_up_for_objects_of_an_earlier_time(kind: str) -> None:
    site = published()
    before = everything(site.feeds)
    for change in (a_new_post, an_edit, a_move, a_deletion):
        site.publish(change(site))
    assert site.is_right()
    for key in everything(site.feeds):
        if KINDS[kind](key):
            site.feeds.delete(key)
    for key, data in before.items():
        if KINDS[kind](key):
            site.feeds.put(key, data)
    nights_until_right(site)


def test_audits_write_archive_documents_again_that_were_changed_by_hand() -> None:
    site = published(30)
    archives = [key for key in public_tree(site.feeds) if "archive/" in key]
    assert len(archives) > 20
    for key in archives:
        site.feeds.put(paths.PUBLIC + key, b"<html>")
    assert 1 <= nights_until_right(site) <= ROUND_NIGHTS
