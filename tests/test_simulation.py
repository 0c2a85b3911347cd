"""Many publishers at work at once: random stories, a fault at every storage call, fixed schedules.

When the queue is empty, the public tree must be what one full build of the posts writes, byte for
byte (`Story.check`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest
from simulation import mutants
from simulation.confirmed import (
    a_feed_fails_at_first,
    lost_after_all_confirmed,
    lost_after_it_confirmed,
)
from simulation.moves import a_broken_file_moves, moving_story, the_deletion_comes_first
from simulation.story import (
    FUTURE_DAY,
    PublisherFactory,
    Story,
    Worker,
    cached_pure_functions,
    post_text,
    random_story,
    settings,
)

from feeds.publishing.publisher import Publisher
from feeds.state.index_pages import IndexPages
from feeds.state.manifest import MAX_RECENT_WRITERS
from feeds.state.state_store import StateStore

SEEDS = 2400
CHUNK = 100
SLOW = pytest.mark.slow


@pytest.fixture(autouse=True, scope="module")
def _cached_pure_functions():
    with cached_pure_functions():
        yield


@pytest.mark.parametrize(
    "start", [0, *(pytest.param(start, marks=SLOW) for start in range(CHUNK, SEEDS, CHUNK))]
)
def test_random_schedule_ends_with_the_documents_of_a_full_build(start):
    for seed in range(start, start + CHUNK):
        try:
            random_story(seed).check()
        except Exception as error:
            error.add_note(f"replay with: make simulate FROM={seed} N=1")
            raise


@pytest.mark.parametrize(
    "start", [0, *(pytest.param(start, marks=SLOW) for start in range(CHUNK, SEEDS, CHUNK))]
)
def test_no_version_of_a_feed_lacks_a_post_that_moves(start):
    for seed in range(start, start + CHUNK):
        moving_story(seed).check()


def test_moves_in_directed_schedules_keep_the_entry():
    the_deletion_comes_first().check()
    a_broken_file_moves().check()


# --- a fault at every storage call ---------------------------------------------------------------


def archive(story: Story) -> None:
    """Publish seven posts in one category: enough for archive pages."""
    for day in range(1, 8):
        story.upload(f"{day}.md", post_text("T", "x", day))
    story.run([], workers=1, zombies=0)


def a_move(story: Story) -> None:
    archive(story)
    story.upload("3.md", post_text("T", "y", 3, tag="Why"))


def a_deletion(story: Story) -> None:
    archive(story)
    story.remove("2.md")


def a_back_dated_post_in_a_new_category(story: Story) -> None:
    archive(story)
    story.upload("new.md", post_text("N", "[x, z]", 2, tag="Z"))


def a_file_that_moves_to_another_folder(story: Story) -> None:
    archive(story)
    data = story.posts.objects["4.md"].data
    story.upload("old/4.md", data)
    story.remove("4.md")


SCENARIOS = [a_move, a_deletion, a_back_dated_post_in_a_new_category]
SCENARIOS += [a_file_that_moves_to_another_folder]


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after", "lost", "409"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.__name__)
def test_redelivery_repairs_a_crash_lost_reply_or_conflict_at_any_storage_call(scenario, when):
    id_from = "stem" if scenario is a_file_that_moves_to_another_folder else "key"
    for at in count(1):
        story = Story(at, settings("atom json", 3, id_from), fault=lambda *_: "")
        scenario(story)
        fault = FaultAt(at, when)
        story.fault = fault
        story.run([], workers=1, zombies=0)
        story.check()
        if fault.calls < at:
            break
    assert at > 20


class FaultAt:
    """Causes one fault, at the call with this number."""

    def __init__(self, at: int, when: str) -> None:
        self.at, self.when, self.calls = at, when, 0

    def __call__(self, *_: object) -> str:
        self.calls += 1
        return self.when if self.calls == self.at else ""


# --- directed schedules, and the mutants that they catch -----------------------------------------


def until(story: Story, worker: Worker, call: str, key: str) -> None:
    """Run a worker until its next call would be `call` of a key that contains `key`."""
    for _ in range(1000):
        story.step(worker)
        calls = [*worker.posts.calls[-1:], *worker.feeds.calls[-1:]]
        if any(name == call and key in where for name, where in calls):
            return
    raise AssertionError(f"{worker.name} did not reach {call} {key}")


def finish(story: Story, worker: Worker) -> None:
    """Run a worker until it ends."""
    while worker in story.workers:
        story.step(worker)


def finish_all(story: Story) -> None:
    """Run new workers, one after another, until no message is visible."""
    for _ in range(20):
        if not story.queue.visible:
            return
        finish(story, start_worker(story))
    raise AssertionError("the queue does not become empty")


def start_worker(story: Story, lives_on: bool = False) -> Worker:
    """Start a worker for one message; `lives_on`: in the process of an earlier worker."""
    worker = story.start(most=1, lives_on=lives_on)
    assert worker is not None
    return worker


def there_and_back(factory: PublisherFactory, call: str, key: str, lives_on: bool = False) -> Story:
    """A post is A, then B, then A again, while the worker that read B is about to write."""
    story = Story(1, settings(), factory, fault=lambda *_: "")
    story.upload("a.md", post_text("A", "x", 1))
    story.run([], workers=1, zombies=0)
    story.upload("a.md", post_text("B", "x", 1))
    slow = start_worker(story, lives_on)
    until(story, slow, call, key)
    story.upload("a.md", post_text("A", "x", 1))
    finish(story, start_worker(story))
    finish(story, slow)
    story.run([], workers=1, zombies=0)
    return story


def slow_record(factory: PublisherFactory) -> Story:
    return there_and_back(factory, "put", "state/posts/")


def slow_index(factory: PublisherFactory) -> Story:
    return there_and_back(factory, "put", "state/feeds/all/manifest.json")


def slow_document(factory: PublisherFactory) -> Story:
    return there_and_back(factory, "put", "public/feed.json")


def slow_document_of_a_process_that_was_alone(factory: PublisherFactory) -> Story:
    return there_and_back(factory, "put", "public/feed.json", lives_on=True)


def lost_reply_that_others_built_on(factory: PublisherFactory) -> Story:
    """An index is written, the reply is lost, and another worker at once builds on the index."""
    story = Story(1, settings(limit=2), factory, fault=lambda *_: "")
    archive(story)
    story.upload("8.md", post_text("T", "x", 8))
    story.upload("9.md", post_text("T", "x", 9))
    first, second = start_worker(story), start_worker(story)

    def fault(worker: Worker, call: str, key: str) -> str:
        return "lost" if worker is first and call == "put" and "all/manifest" in key else ""

    story.fault = fault
    until(story, first, "put again", "all/manifest")
    finish(story, second)
    finish(story, first)
    story.fault = lambda *_: ""
    for day in range(1, 10):  # so that every page is read
        story.upload(f"{day}.md", post_text("U", "x", day))
        finish(story, start_worker(story))
    return story


def dead_over_a_document(factory: PublisherFactory, call: str = "put") -> Story:
    """A zombie worker stops before a call, writes an old document later, and crashes at once."""
    story = Story(1, settings(), factory, fault=lambda *_: "")
    story.upload("a.md", post_text("A", "x", 1))
    slow = start_worker(story)
    until(story, slow, "put", "all/manifest")  # before it, the worker looks for files of others
    until(story, slow, call, "public/feed.json")
    slow.is_zombie = True
    story.queue.release(slow.batch)
    story.upload("b.md", post_text("B", "x", 2))
    finish_all(story)
    story.fault = lambda _worker, call, _key: "after" if call == "put" else ""
    finish(story, slow)
    return story


def dead_over_a_newer_document(factory: PublisherFactory) -> Story:
    """The same, but the zombie has not yet read the document's version: it gets a newer one."""
    return dead_over_a_document(factory, "head")


def zombie_deletes_an_archive_document_in_use(factory: PublisherFactory) -> Story:
    """An archive page is retired and used again; the worker that retired it deletes it late."""
    story = Story(1, settings(limit=2), factory, fault=lambda *_: "")
    archive(story)
    post = story.posts.objects["2.md"].data
    story.remove("2.md")
    slow = start_worker(story)
    until(story, slow, "delete", "public/archive/")
    slow.is_zombie = True
    story.queue.release(slow.batch)
    finish_all(story)
    story.upload("2.md", post)
    finish_all(story)
    for _ in range(2):  # the page is checked, and no longer pending
        story.queue.send("7.md")
        finish_all(story)
    finish(story, slow)
    return story


def retired_while_a_worker_writes_it(factory: PublisherFactory, fault: str = "") -> Story:
    """An archive page is retired and seen to be gone; then a slow worker writes it."""
    story = Story(1, settings(limit=2), factory, fault=lambda *_: "")
    archive(story)
    story.upload("8.md", post_text("T", "x", 8))
    slow = start_worker(story)
    until(story, slow, "put", "public/archive/")
    story.remove("6.md")
    finish_all(story)
    for _ in range(2):
        story.queue.send("7.md")
        finish_all(story)

    def after_the_write(worker: Worker, call: str, key: str) -> str:
        return fault if worker is slow and call == "put" and "archive/" in key else ""

    story.fault = after_the_write
    finish(story, slow)
    story.run([], workers=1, zombies=0)
    return story


def retired_while_a_worker_writes_it_and_crashes(factory: PublisherFactory) -> Story:
    return retired_while_a_worker_writes_it(factory, "after")


def lost_reply_that_many_built_on(factory: PublisherFactory) -> Story:
    """As `lost_reply_that_others_built_on`, but more workers than the manifest remembers."""
    story = Story(1, settings(limit=2), factory, fault=lambda *_: "")
    archive(story)
    story.upload("8.md", post_text("T", "x", 8))
    first = start_worker(story)

    def fault(worker: Worker, call: str, key: str) -> str:
        return "lost" if worker is first and call == "put" and "all/manifest" in key else ""

    story.fault = fault
    until(story, first, "put again", "all/manifest")
    for _ in range(MAX_RECENT_WRITERS + 1):
        story.queue.send("7.md")
        finish_all(story)
    finish(story, first)
    story.fault = lambda *_: ""
    for day in range(1, 9):  # so that every page is read
        story.upload(f"{day}.md", post_text("U", "x", day))
        finish_all(story)
    return story


def slow_list_of_feeds(factory: PublisherFactory) -> Story:
    """A feed has title X, then Y, then X again; the worker that lists Y is slow.

    The worker of the last title crashes before it writes the list. The next one finds X in the
    list: the first X.
    """
    story = Story(1, settings(), factory, fault=lambda *_: "")
    story.upload("a.md", post_text("A", "x", 1, tag="X"))
    finish_all(story)
    story.upload("a.md", post_text("A", "x", 1, tag="Y"))
    slow = start_worker(story)
    until(story, slow, "put", "state/feed_list.json")
    story.upload("a.md", post_text("A", "x", 1, tag="X"))
    crashing = start_worker(story)
    until(story, crashing, "put", "category/x/manifest")
    until(story, crashing, "get", "state/feed_list.json")
    story.fault = lambda worker, *_: "before" if worker is crashing else ""
    finish(story, crashing)
    finish_all(story)
    finish(story, slow)
    return story


def a_reply_lost_over_a_document(factory: PublisherFactory) -> Story:
    """A document is written, the reply is lost, and the SDK's second request gets a conflict."""
    story = Story(1, settings(), factory, fault=lambda *_: "")
    to_lose = ["public/feed.json"]

    def fault(_worker: Worker, call: str, key: str) -> str:
        return "lost" if call == "put" and key in to_lose and not to_lose.clear() else ""

    story.fault = fault
    story.upload("a.md", post_text("A", "x", 1))
    story.run([], workers=1, zombies=0)
    return story


def slow_marker(factory: PublisherFactory) -> Story:
    """A post is due later, then a draft, then due later again; the worker of the draft is slow."""
    story = Story(1, settings(), factory, fault=lambda *_: "")
    due_later = post_text("A", "x", FUTURE_DAY)
    story.upload("a.md", due_later)
    story.run([], workers=1, zombies=0)
    story.upload("a.md", due_later.replace(b"title: A", b"title: A\ndraft: true"))
    slow = start_worker(story)
    until(story, slow, "delete", "state/due/")
    story.upload("a.md", due_later)
    finish(story, start_worker(story))
    finish(story, slow)
    story.run([], workers=1, zombies=0)
    assert "feed.json" in story.tree()
    story.pass_time(timedelta(days=30))
    story.run([], workers=1, zombies=0)
    return story


def settled_archive(story: Story) -> None:
    """Publish twelve posts and wait two hours: no archive document is pending any more."""
    for number in range(1, 13):
        story.upload(f"{number}.md", post_text("T", "x", number))
    story.run([], workers=1, zombies=0)
    story.now += timedelta(hours=2)
    for _ in range(2):
        story.queue.send("12.md")
        finish(story, start_worker(story, lives_on=True))


def another_offset_in_the_archive(factory: PublisherFactory) -> Story:
    """The same moment with another offset: an equal datetime, and different text in documents."""
    story = Story(1, settings(limit=4), factory, fault=lambda *_: "")
    settled_archive(story)
    for day in range(1, 13):
        other = post_text("T", "x", day).replace(b"10:00:00 +0000", b"12:00:00 +0200")
        story.upload(f"{day}.md", other)
        finish(story, start_worker(story, lives_on=True))
        story.now += timedelta(hours=2)
    return story


def deleted_from_the_archive_by_a_process_that_is_alone(factory: PublisherFactory) -> Story:
    """Archive pages are retired by the process that wrote them, with no other worker between."""
    story = Story(1, settings(limit=4), factory, fault=lambda *_: "")
    settled_archive(story)
    for day in range(12, 4, -1):
        story.remove(f"{day}.md")
        finish(story, start_worker(story, lives_on=True))
    return story


def changed_by_hand(factory: PublisherFactory) -> Story:
    """A document is overwritten by hand; then a message is delivered that changes nothing."""
    story = Story(1, settings(), factory, fault=lambda *_: "")
    story.upload("a.md", post_text("A", "x", 1))
    story.run([], workers=1, zombies=0)
    story.feeds.put("public/feed.json", b'{"version": "by hand"}')
    story.queue.send("a.md")
    finish(story, start_worker(story, lives_on=True))
    return story


def expires_while_its_schedule_is_lost(factory: PublisherFactory) -> Story:
    """A post expires, and no schedule says so: the audit finds its marker."""
    story = Story(1, settings("atom json rss", 3), factory, fault=lambda *_: "")
    archive(story)
    for day in (2, 7):  # one in the archive, one in the window
        story.upload(f"{day}.md", post_text("T", "x", day, expires=FUTURE_DAY))
    story.run([], workers=1, zombies=0)
    assert b"GONE-BY" in story.tree()["atom.xml"], "it expired before its time"
    story.pass_time(timedelta(days=10))
    story.run([], workers=1, zombies=0)
    return story


def appears_and_expires_later(factory: PublisherFactory) -> Story:
    """A post appears in ten days and expires in fifteen: two markers, one after the other."""
    story = Story(1, settings(), factory, fault=lambda *_: "")
    story.upload("a.md", post_text("A", "x", FUTURE_DAY, expires=FUTURE_DAY + 5))
    story.run([], workers=1, zombies=0)
    assert b"GONE-BY" not in story.tree()["feed.json"]
    story.pass_time(timedelta(days=10))
    story.run([], workers=1, zombies=0)
    assert b"GONE-BY" in story.tree()["feed.json"]
    story.pass_time(timedelta(days=10))
    story.run([], workers=1, zombies=0)
    return story


def locked_while_unreadable(factory: PublisherFactory) -> Story:
    """A post is locked by the same edit that makes it unreadable."""
    story = Story(1, settings(), factory, fault=lambda *_: "")
    story.upload("a.md", post_text("A", "x", 1))
    story.run([], workers=1, zombies=0)
    story.upload("a.md", b"---\ntitle: A\ndate: 2018-110-15\npassword: tide\n---\nSecret\n")
    story.run([], workers=1, zombies=0)
    return story


ARCHIVE_LINK = re.compile(rb"https://s\.example/((?:[\w/-]+/)?archive/[\w-]+\.json)")


def new_archive_documents_before_old_ones(factory: PublisherFactory) -> Story:
    """The oldest post gets an earlier date: a new archive page, and a link to it. No link is dead.

    It is checked before each storage call.
    """
    story = Story(1, settings(limit=2), factory, fault=lambda *_: "")
    archive(story)

    def no_dead_link(*_: object) -> str:
        tree = story.tree()
        linked = {name.decode() for data in tree.values() for name in ARCHIVE_LINK.findall(data)}
        assert linked
        assert linked <= tree.keys()
        return ""

    story.upload("1.md", post_text("T", "x", 0))
    story.fault = no_dead_link
    story.run([], workers=1, zombies=0)
    return story


def slow_look_at_an_attachment(factory: PublisherFactory) -> Story:
    """A file is uploaded while a worker is between its note about the file and the look at it."""
    story = Story(1, settings(), factory, fault=lambda *_: "")
    post = post_text("A", "x", 1).replace(b"title: A", b"title: A\nenclosure: a.mp3")
    story.upload("a.md", post)
    slow = start_worker(story)
    until(story, slow, "put", "state/attachments/")
    story.upload("a.mp3", bytes(1234))
    finish_all(story)
    finish(story, slow)
    return story


def slow_look_at_a_linked_post(factory: PublisherFactory) -> Story:
    """A post gets another address while a worker is between its note about it and the look."""
    story = Story(1, settings(), factory, fault=lambda *_: "")
    story.upload("b.md", post_text("B", "x", 2))
    story.run([], workers=1, zombies=0)
    story.upload("a.md", post_text("A", "x", 1) + b"[see](b.md)\n")
    slow = start_worker(story)
    until(story, slow, "put", "state/attachments/")
    story.upload("b.md", post_text("B", "x", 3))
    finish_all(story)
    finish(story, slow)
    return story


DIRECTED = [
    slow_look_at_a_linked_post,
    slow_look_at_an_attachment,
    expires_while_its_schedule_is_lost,
    appears_and_expires_later,
    locked_while_unreadable,
    new_archive_documents_before_old_ones,
    another_offset_in_the_archive,
    deleted_from_the_archive_by_a_process_that_is_alone,
    changed_by_hand,
    slow_record,
    slow_index,
    slow_document,
    slow_document_of_a_process_that_was_alone,
    lost_reply_that_others_built_on,
    dead_over_a_document,
    dead_over_a_newer_document,
    zombie_deletes_an_archive_document_in_use,
    retired_while_a_worker_writes_it,
    retired_while_a_worker_writes_it_and_crashes,
    lost_reply_that_many_built_on,
    slow_list_of_feeds,
    a_reply_lost_over_a_document,
    slow_marker,
    a_feed_fails_at_first,
    lost_after_it_confirmed,
    lost_after_all_confirmed,
]


@pytest.mark.parametrize("schedule", DIRECTED, ids=lambda s: s.__name__)
def test_protocol_holds_in_directed_schedule(schedule):
    schedule(Publisher).check()


def stays_while_unreadable(factory: PublisherFactory) -> Story:
    """A post becomes unreadable: its last good entry stays, whatever else happens to the feed."""
    story = Story(1, settings(), factory, fault=lambda *_: "")
    good = post_text("A", "x", 1)
    story.upload("a.md", good)
    story.run([], workers=1, zombies=0)
    story.upload("a.md", b"---\ntitle: broken\ndate: 2018-110-15\n---\n")
    story.upload("b.md", post_text("B", "x", 2))
    story.run([], workers=1, zombies=0)
    # The full build is compared with the last version that could be read.
    story.posts.put("a.md", good)
    return story


def test_last_good_entry_of_an_unreadable_post_stays():
    stays_while_unreadable(Publisher).check()


CAUGHT_BY_SCHEDULE = [
    (mutants.SkipsEqualWrites, slow_record),
    (mutants.StaleTokens, slow_record),
    (mutants.NeverLooksAgain, slow_document),
    (mutants.BelievesItsLastWrite, changed_by_hand),
    (mutants.TrustsTheFastPath, slow_document_of_a_process_that_was_alone),
    (mutants.RemovesPagesInUse, lost_reply_that_others_built_on),
    (mutants.OverwritesDocuments, dead_over_a_document),
    (mutants.WritesOverNewerDocuments, dead_over_a_newer_document),
    (mutants.IgnoresZombies, zombie_deletes_an_archive_document_in_use),
    (mutants.IgnoresZombies, retired_while_a_worker_writes_it),
    (mutants.LeavesLateArchives, retired_while_a_worker_writes_it),
    (mutants.ChecksTombstonesOnce, retired_while_a_worker_writes_it_and_crashes),
    (mutants.ForgetsOldWriters, lost_reply_that_many_built_on),
    (mutants.IgnoresTitleGenerations, slow_list_of_feeds),
    (mutants.ReportsOnlyWhatItSawWritten, a_reply_lost_over_a_document),
    (mutants.LeavesMarkersUnseen, slow_marker),
    (mutants.WritesOldArchivesFirst, new_archive_documents_before_old_ones),
    (mutants.ForgetsTheLastGood, stays_while_unreadable),
    (mutants.ForgetsExpiry, expires_while_its_schedule_is_lost),
    (mutants.WaitsOnlyOnce, appears_and_expires_later),
    (mutants.KeepsTheTextOfLockedPosts, locked_while_unreadable),
    (mutants.LooksBeforeItNotes, slow_look_at_an_attachment),
    (mutants.ReadsBeforeItNotes, slow_look_at_a_linked_post),
    (mutants.BelievesOldConfirmations, lost_after_it_confirmed),
    (mutants.KeepsConfirmations, lost_after_all_confirmed),
    (mutants.NeverFollowsMoves, the_deletion_comes_first),
    (mutants.ForgetsTheLastGoodOfMovedPosts, a_broken_file_moves),
]


@pytest.mark.parametrize(("mutant", "schedule"), CAUGHT_BY_SCHEDULE)
def test_directed_schedule_catches_the_mutant(mutant, schedule):
    factory = mutants.publisher(mutant)
    assert is_caught(lambda: schedule(factory))


CAUGHT_BY_SEEDS = [
    mutants.SourceFirst,
    mutants.Unconditional,
    mutants.StaleTokens,
    mutants.DeniedIsDeleted,
    mutants.ForgetsOldFeeds,
    mutants.ForgetsOldSortKeys,
    mutants.ForgetsPendingDocuments,
    mutants.BelievesTheListUnseen,
    mutants.TakesConflictsForDone,
    mutants.ForgetsArchivesOnTheFastPath,
    mutants.CompactsNewerRecords,
    mutants.CompactsUnconfirmedRecords,
    mutants.ConfirmsOtherVersions,
    mutants.ConfirmsUnlistedFeeds,
    mutants.ForgetsLinks,
    mutants.BelievesKnownLinks,
]


@pytest.mark.slow
@pytest.mark.parametrize("mutant", CAUGHT_BY_SEEDS)
def test_random_stories_catch_the_mutant(mutant):
    factory = mutants.publisher(mutant)
    assert any(is_caught(lambda s=seed: random_story(s, factory)) for seed in range(SEEDS))


class BreaksNothing(StateStore):
    """A mutant that overrides a method which does not exist."""

    def no_such_method(self, key):
        raise AssertionError(key)


class BreaksNoPart(IndexPages):
    """A mutant of a class that no part of a publisher has."""

    def page(self, name):
        raise AssertionError(name)


@pytest.mark.parametrize("mutant", [BreaksNothing, BreaksNoPart])
def test_mutant_that_overrides_nothing_of_a_publisher_is_refused(mutant):
    with pytest.raises(AssertionError, match=r"to break|no part of a publisher"):
        mutants.publisher(mutant)


def is_caught(run: Callable[[], Story]) -> bool:
    """Return whether a story ends with a wrong tree or an exception, or does not end."""
    try:
        run().check()
    except Exception:
        return True
    return False
