"""Promise 3: audits alone restore the bytes of a full build after any loss."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest
from simulation import audit_mutants
from support.audited import TOML, Site, everything
from support.published import filled
from support.yardstick import public_tree

from feeds import paths
from feeds.config_file.parse import parse_config
from feeds.errors import Unavailable
from feeds.maintenance.audit import ROUND_NIGHTS, audit
from feeds.maintenance.journal import note
from feeds.maintenance.rebuild import rebuild
from feeds.publishing.due_markers import DUE_MARKERS
from feeds.publishing.message import Message
from feeds.state.keys import ATTACHMENTS, FEED_LIST, FEEDS, PROGRESS, RECORDS, manifest_key

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
            elif how == "emptied":
                site.feeds.put(key, b"[]" if "/pages/" in key else b"{}")
            else:
                site.feeds.put(key, data[: len(data) // 2])


@pytest.mark.parametrize(
    ("kind", "how"),
    [(kind, how) for kind in KINDS for how in ("removed", "damaged", "emptied")][:-1],
)
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


PAGE_CHANGES = {
    "a title": lambda pages: {
        name: [*page[:-1], {**page[-1], "title": "SPAM"}] for name, page in pages.items()
    },
    "an entry less": lambda pages: {name: page[1:] for name, page in pages.items()},
    "another page": lambda pages: dict(zip(pages, [*pages.values()][::-1], strict=True)),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", PAGE_CHANGES)
@pytest.mark.parametrize("path", ["", "category/c1"])
def test_audits_make_up_for_stored_pages_that_were_changed(path: str, change: str) -> None:
    site = Site()
    for number in range(20):
        post = f"---\ntitle: P{number}\ndate: 2025-01-01\ncategory: c1\n---\nx\n"
        site.posts.put(f"more-{number}.md", post.encode())
    site.publish(*(stat.key for stat in site.posts.list()))
    folder = manifest_key(path).replace("manifest.json", "pages/")
    pages = {
        key: json.loads(data)
        for key, data in everything(site.feeds).items()
        if key.startswith(folder)
    }
    pages = {key: page for key, page in pages.items() if "title" in page[0]}
    assert len(pages) > 3
    changed = PAGE_CHANGES[change](pages)
    for key, page in changed.items():
        site.feeds.put(key, json.dumps(page).encode())
    assert changed != pages
    for _ in range(NIGHTS):
        site.runtime.time += timedelta(days=1)
        site.audit()
        assert b"SPAM" not in b"".join(public_tree(site.feeds).values())
    assert site.is_right()
    for number in range(0, 20, 5):  # so that pages are read
        text = f"---\ntitle: New {number}\ndate: 2025-01-01\ncategory: c1\n---\nx\n"
        site.posts.put(f"more-{number}.md", text.encode())
        site.publish(f"more-{number}.md")
    assert site.is_right()


def test_a_feed_with_an_empty_manifest_is_right_after_one_night() -> None:
    site = published()
    site.feeds.put(manifest_key("category/c1"), b"{}")
    site.runtime.time += timedelta(days=1)
    site.audit()
    assert site.is_right()


@pytest.mark.parametrize("key", ["zz.txt", ".DS_Store", "ab/x", "ab/cd.json"])
def test_objects_of_others_among_the_records_do_no_harm(key: str) -> None:
    site = published()
    site.feeds.put(RECORDS + key, b"")
    site.posts.put("new.md", b"---\ntitle: New\ndate: 2026-01-01\n---\nx\n")
    sent, report = site.audit()
    assert (sent, report.errors) == (["new.md"], [])
    assert site.is_right()


def test_the_audit_removes_the_notes_about_feeds_that_have_a_record() -> None:
    site = published()
    key = next(stat.key for stat in site.posts.list() if stat.key.endswith(".md"))
    name = site.publisher.record_name(key)
    record = site.publisher.read_record(name)
    noted = msgspec.structs.replace(record, confirmed=record.feeds)
    site.feeds.put(name, msgspec.json.encode(noted))
    lost = next(path for path in record.feeds if path)
    site.feeds.delete(manifest_key(lost))
    sent: list[str] = []
    audit(site.publisher, sent.append)
    assert key in sent
    assert site.publisher.read_record(name).confirmed == ()
    # The first delivery never came to the record: the second one updates the lost feed, too.
    site.publisher.publish([Message(key, (key,), 2, ()) for key in sent])
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


# --- a site of which little is left --------------------------------------------------------------


def is_a_manifest_of_a_category(key: str) -> bool:
    return key == manifest_key("category/c1")


def is_a_record(key: str) -> bool:
    return key.startswith(RECORDS)


def is_the_overview(key: str) -> bool:
    return key == paths.PUBLIC + "feeds.opml"


def nothing(key: str) -> bool:
    return False


def emptied(is_left: Callable[[str], bool]) -> Site:
    """A site whose posts were all deleted; then everything was lost but what `is_left` says."""
    site = published()
    site.posts.put("note.txt", b"not a post")
    keys = [stat.key for stat in site.posts.list() if stat.key.endswith(".md")]
    for key in keys:
        site.posts.delete(key)
    site.publish(*keys)
    assert site.is_right()
    for key in everything(site.feeds):
        if not is_left(key):
            site.feeds.delete(key)
    return site


@pytest.mark.parametrize("is_left", [is_a_manifest_of_a_category, is_a_record, is_the_overview])
def test_the_empty_feed_of_all_posts_is_made_again_after_a_loss(
    is_left: Callable[[str], bool],
) -> None:
    site = emptied(is_left)
    assert not site.is_right()
    assert nights_until_right(site) == 1
    assert "feed.json" in public_tree(site.feeds)
    assert site.audit()[1].documents == 0


def test_a_bucket_without_posts_and_without_a_site_stays_empty() -> None:
    site = emptied(nothing)
    site.audit()
    assert public_tree(site.feeds) == {}


def test_the_empty_feed_of_all_posts_does_not_replace_a_document_of_others() -> None:
    site = emptied(is_a_record)
    site.feeds.put("public/feed.json", b"{}")
    (error,) = site.audit()[1].errors
    assert "public/feed.json" in error
    assert public_tree(site.feeds) == {"feed.json": b"{}"}


# --- an event of one of several files of a post --------------------------------------------------


@pytest.mark.parametrize("deleted", ["old/3.md", "3.md", "new/3.md"])
def test_a_lost_deletion_of_one_of_several_files_of_a_post_is_made_up_for(deleted: str) -> None:
    site = Site(parse_config(TOML + '[posts]\nid_from = "stem"\n'))
    for number, key in enumerate(("old/3.md", "3.md", "new/3.md"), start=1):
        site.posts.put(key, b"---\ntitle: T\ndate: 2025-06-0%d\n---\n%d\n" % (number, number))
    rebuild(site.publisher)
    site.runtime.time += timedelta(days=1)
    site.posts.delete(deleted)
    right_already = site.is_right()
    assert right_already == (deleted != "new/3.md")  # the file with the latest date is the entry
    reports = []
    for _ in range(ROUND_NIGHTS):
        site.runtime.time += timedelta(days=1)
        reports.append(site.audit()[1])
    assert sum(report.gone for report in reports) == 1
    assert site.is_right()


# --- what is made up for in the next night -------------------------------------------------------


def test_posts_in_the_journal_are_published_in_the_next_night() -> None:
    site = published()
    note(site.feeds, "a message", ["3.md", "soon.md"])
    site.runtime.time += timedelta(days=1)
    sent, report = site.audit()
    assert sent == ["3.md", "soon.md"]
    assert report.unfinished == 2


def test_missing_archive_documents_are_written_in_the_next_night() -> None:
    site = published(30)
    for _ in range(2):  # so that no page is pending any more
        site.runtime.time += timedelta(hours=2)
        site.publish(*(f"{number}.md" for number in range(30)))
    archives = [key for key in public_tree(site.feeds) if "archive/" in key]
    for key in archives:
        site.feeds.delete(paths.PUBLIC + key)
    assert not site.is_right()
    assert nights_until_right(site) == 1


@pytest.mark.parametrize("path", ["", "category/c1", "category/c2"])
def test_a_feed_that_has_lost_its_index_is_right_after_one_night(path: str) -> None:
    site = published(30)
    site.feeds.delete(manifest_key(path))
    site.feeds.delete(f"{paths.PUBLIC}{path}/feed.json" if path else f"{paths.PUBLIC}feed.json")
    assert nights_until_right(site) == 1


def test_an_index_that_is_written_during_an_audit_is_not_replaced() -> None:
    site = published(30)
    list_ = site.feeds.list

    def list_and_publish(prefix: str = ""):
        stats = list(list_(prefix))
        if prefix == FEEDS:  # a worker publishes now, and writes new pages
            site.feeds.list = list_
            for key in ("1.md", "2.md", "3.md"):
                site.posts.put(key, b"---\ntitle: New\ndate: 2024-03-03\ncategory: c1\n---\nx\n")
            site.publish("1.md", "2.md", "3.md")
        return iter(stats)

    site.feeds.list = list_and_publish
    sent: list[str] = []
    report = audit(site.publisher, sent.append)
    assert (sent, report.misplaced, report.errors) == ([], 0, [])
    assert site.is_right()


def test_a_feed_that_is_only_listed_is_made_again_as_an_empty_one() -> None:
    site = published()
    earlier = everything(site.feeds)[FEED_LIST]
    posts = [f"{number}.md" for number in (1, 5, 9)]  # all posts of the category
    for key in posts:
        site.posts.delete(key)
    site.publish(*posts)
    assert site.is_right()
    site.feeds.put(FEED_LIST, earlier)
    for key in everything(site.feeds):
        if "category/c1/" in key:
            site.feeds.delete(key)
    assert nights_until_right(site) == 0
    site.audit()
    assert "category/c1/feed.json" in public_tree(site.feeds)
    assert site.is_right()


@pytest.mark.parametrize("left", ["marker", "note", "list of feeds", "document"])
def test_a_site_without_posts_is_made_again_as_long_as_anything_of_it_is_left(left: str) -> None:
    starts = {
        "marker": DUE_MARKERS,
        "note": ATTACHMENTS,
        "list of feeds": FEED_LIST,
        "document": f"{paths.PUBLIC}index.html",
    }
    site = published()
    for stat in list(site.posts.list()):
        site.posts.delete(stat.key)
    for key in everything(site.feeds):
        if not key.startswith(starts[left]):
            site.feeds.delete(key)
    assert everything(site.feeds)
    site.audit()
    assert "feed.json" in public_tree(site.feeds)
    nights_until_right(site)


def test_a_site_that_was_never_used_stays_empty() -> None:
    site = Site()
    for stat in list(site.posts.list()):
        site.posts.delete(stat.key)
    for _ in range(3):
        site.audit()
    assert list(everything(site.feeds)) == [PROGRESS]


# --- audits that leave a repair out --------------------------------------------------------------

CAUGHT = [
    (
        audit_mutants.MissesTheFeedOfAllPosts,
        lambda: test_the_empty_feed_of_all_posts_is_made_again_after_a_loss(is_a_record),
    ),
    (
        audit_mutants.MissesOneOfSeveralFiles,
        lambda: test_a_lost_deletion_of_one_of_several_files_of_a_post_is_made_up_for("new/3.md"),
    ),
    pytest.param(
        audit_mutants.TrustsStoredPages,
        lambda: test_audits_make_up_for_stored_pages_that_were_changed("category/c1", "a title"),
        marks=pytest.mark.slow,
    ),
    (
        audit_mutants.TrustsEmptyManifests,
        test_a_feed_with_an_empty_manifest_is_right_after_one_night,
    ),
    (
        audit_mutants.KeepsNotesOfFeeds,
        test_the_audit_removes_the_notes_about_feeds_that_have_a_record,
    ),
    (audit_mutants.ForgetsTheJournal, test_posts_in_the_journal_are_published_in_the_next_night),
    (
        audit_mutants.MissesLostArchives,
        test_missing_archive_documents_are_written_in_the_next_night,
    ),
    (
        audit_mutants.SendsNoPostsOfLostFeeds,
        lambda: test_a_feed_that_has_lost_its_index_is_right_after_one_night("category/c1"),
    ),
    (
        audit_mutants.BelievesTheListing,
        test_an_index_that_is_written_during_an_audit_is_not_replaced,
    ),
    (
        audit_mutants.MissesListedFeeds,
        test_a_feed_that_is_only_listed_is_made_again_as_an_empty_one,
    ),
]


@pytest.mark.parametrize(("mutant", "test"), CAUGHT, ids=lambda value: value.__name__)
def test_directed_loss_catches_the_mutant(mutant: type, test: Callable[[], None]) -> None:
    with audit_mutants.in_place(mutant), pytest.raises(AssertionError):
        test()
