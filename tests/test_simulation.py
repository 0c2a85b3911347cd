"""Concurrent publishers in the simulator: random stories, every crash point, known schedules.

When the queue is empty, the public tree must equal a full build of the posts, byte for byte
(`Story.check`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest
from simulation import mutants
from simulation.story import SOON, Kind, Story, Worker, random_story, remembering, settings, text

from feeds.publishing.publisher import Publisher
from feeds.state.index_pages import IndexPages
from feeds.state.state_store import StateStore

SCHEDULES = 2400
CHUNK = 100
SLOW = pytest.mark.slow


@pytest.fixture(autouse=True, scope="module")
def _remembering():
    with remembering():
        yield


@pytest.mark.parametrize(
    "start", [0, *(pytest.param(start, marks=SLOW) for start in range(CHUNK, SCHEDULES, CHUNK))]
)
def test_any_schedule_ends_with_what_a_full_build_would_write(start):
    for seed in range(start, start + CHUNK):
        try:
            random_story(seed).check()
        except Exception as error:
            error.add_note(f"replay with: make simulate FROM={seed} N=1")
            raise


# --- every crash point ---------------------------------------------------------------------------


def archive(story: Story) -> None:
    """Publish seven posts in one category: enough for archive pages."""
    for day in range(1, 8):
        story.upload(f"{day}.md", text("T", "x", day))
    story.run([], workers=1, zombies=0)


def a_move(story: Story) -> None:
    archive(story)
    story.upload("3.md", text("T", "y", 3, tag="Why"))


def a_deletion(story: Story) -> None:
    archive(story)
    story.remove("2.md")


def a_back_dated_post_in_a_new_category(story: Story) -> None:
    archive(story)
    story.upload("new.md", text("N", "[x, z]", 2, tag="Z"))


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
def test_a_fault_at_any_storage_call_is_healed_when_the_message_comes_again(scenario, when):
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
    """A fault at the storage call with this number, and only there."""

    def __init__(self, at: int, when: str) -> None:
        self.at, self.when, self.calls = at, when, 0

    def __call__(self, *_: object) -> str:
        self.calls += 1
        return self.when if self.calls == self.at else ""


# --- schedules that once failed, and the mutants that they catch ---------------------------------


def until(story: Story, worker: Worker, call: str, key: str) -> None:
    """Let a worker run until its next storage call would be this one."""
    for _ in range(1000):
        story.step(worker)
        calls = [*worker.posts.calls[-1:], *worker.feeds.calls[-1:]]
        if any(made == call and key in where for made, where in calls):
            return
    raise AssertionError(f"{worker.name} never came to {call} {key}")


def finish(story: Story, worker: Worker) -> None:
    while worker in story.workers:
        story.step(worker)


def started(story: Story, lives_on: bool = False) -> Worker:
    worker = story.start(most=1, lives_on=lives_on)
    assert worker is not None
    return worker


def there_and_back(kind: Kind, call: str, key: str, lives_on: bool = False) -> Story:
    """A post is A, then B, then A again, while the worker that read B is about to write."""
    story = Story(1, settings(), kind, fault=lambda *_: "")
    story.upload("a.md", text("A", "x", 1))
    story.run([], workers=1, zombies=0)
    story.upload("a.md", text("B", "x", 1))
    slow = started(story, lives_on)
    until(story, slow, call, key)
    story.upload("a.md", text("A", "x", 1))
    finish(story, started(story))
    finish(story, slow)
    story.run([], workers=1, zombies=0)
    return story


def slow_record(kind: Kind) -> Story:
    return there_and_back(kind, "put", "state/posts/")


def slow_index(kind: Kind) -> Story:
    return there_and_back(kind, "put", "state/feeds/all/index.json")


def slow_document(kind: Kind) -> Story:
    return there_and_back(kind, "put", "public/feed.json")


def slow_document_of_a_process_that_was_alone(kind: Kind) -> Story:
    return there_and_back(kind, "put", "public/feed.json", lives_on=True)


def lost_reply_that_others_built_on(kind: Kind) -> Story:
    """The reply to the write of an index is lost, and the next worker builds on that index."""
    story = Story(1, settings(limit=2), kind, fault=lambda *_: "")
    archive(story)
    story.upload("8.md", text("T", "x", 8))
    story.upload("9.md", text("T", "x", 9))
    first, second = started(story), started(story)

    def fault(worker: Worker, call: str, key: str) -> str:
        return "lost" if worker is first and call == "put" and "all/index" in key else ""

    story.fault = fault
    until(story, first, "put again", "all/index")
    finish(story, second)
    finish(story, first)
    story.fault = lambda *_: ""
    for day in range(1, 10):  # so that every page is read
        story.upload(f"{day}.md", text("U", "x", day))
        finish(story, started(story))
    return story


def dead_over_a_document(kind: Kind) -> Story:
    """A zombie worker writes an outdated document, and crashes at once."""
    story = Story(1, settings(), kind, fault=lambda *_: "")
    story.upload("a.md", text("A", "x", 1))
    slow = started(story)
    until(story, slow, "put", "public/feed.json")
    slow.alone = True
    story.queue.back(slow.batch)
    story.upload("b.md", text("B", "x", 2))
    while story.queue.waiting:
        finish(story, started(story))
    story.fault = lambda _worker, call, _key: "after" if call == "put" else ""
    finish(story, slow)
    return story


def a_reply_lost_over_a_document(kind: Kind) -> Story:
    """The reply to a write of a document is lost; the SDK retries and gets a conflict."""
    story = Story(1, settings(), kind, fault=lambda *_: "")
    lost = ["public/feed.json"]

    def fault(_worker: Worker, call: str, key: str) -> str:
        return "lost" if call == "put" and key in lost and not lost.clear() else ""

    story.fault = fault
    story.upload("a.md", text("A", "x", 1))
    story.run([], workers=1, zombies=0)
    return story


def slow_marker(kind: Kind) -> Story:
    """A post is scheduled, then a draft, then scheduled again; the worker of the draft is slow."""
    story = Story(1, settings(), kind, fault=lambda *_: "")
    waits = text("A", "x", SOON)
    story.upload("a.md", waits)
    story.run([], workers=1, zombies=0)
    story.upload("a.md", waits.replace(b"title: A", b"title: A\ndraft: true"))
    slow = started(story)
    until(story, slow, "delete", "state/due/")
    story.upload("a.md", waits)
    finish(story, started(story))
    finish(story, slow)
    story.run([], workers=1, zombies=0)
    assert "feed.json" in story.tree()
    story.wake(timedelta(days=30))
    story.run([], workers=1, zombies=0)
    return story


def archived(story: Story) -> None:
    """Publish twelve posts and wait two hours, so that no archive document is pending."""
    for number in range(1, 13):
        story.upload(f"{number}.md", text("T", "x", number))
    story.run([], workers=1, zombies=0)
    story.now += timedelta(hours=2)
    for _ in range(2):
        story.queue.send("12.md")
        finish(story, started(story, lives_on=True))


def another_offset_in_the_archive(kind: Kind) -> Story:
    """The same times with another offset: equal as times, but different in the documents."""
    story = Story(1, settings(limit=4), kind, fault=lambda *_: "")
    archived(story)
    for day in range(1, 13):
        other = text("T", "x", day).replace(b"10:00:00 +0000", b"12:00:00 +0200")
        story.upload(f"{day}.md", other)
        finish(story, started(story, lives_on=True))
        story.now += timedelta(hours=2)
    return story


def deleted_from_the_archive_by_a_process_that_is_alone(kind: Kind) -> Story:
    """An archive page is retired, and the process that wrote it was the last to write the feed."""
    story = Story(1, settings(limit=4), kind, fault=lambda *_: "")
    archived(story)
    for day in range(12, 4, -1):
        story.remove(f"{day}.md")
        finish(story, started(story, lives_on=True))
    return story


def changed_by_hand(kind: Kind) -> Story:
    """A document was overwritten by hand; then a message comes that changes nothing."""
    story = Story(1, settings(), kind, fault=lambda *_: "")
    story.upload("a.md", text("A", "x", 1))
    story.run([], workers=1, zombies=0)
    story.feeds.put("public/feed.json", b'{"version": "somebody\'s"}')
    story.queue.send("a.md")
    finish(story, started(story, lives_on=True))
    return story


DIRECTED = [
    another_offset_in_the_archive,
    deleted_from_the_archive_by_a_process_that_is_alone,
    changed_by_hand,
    slow_record,
    slow_index,
    slow_document,
    slow_document_of_a_process_that_was_alone,
    lost_reply_that_others_built_on,
    dead_over_a_document,
    a_reply_lost_over_a_document,
    slow_marker,
]


@pytest.mark.parametrize("schedule", DIRECTED, ids=lambda s: s.__name__)
def test_the_protocol_holds_in_every_schedule_that_once_broke_it(schedule):
    schedule(Publisher).check()


def stays_while_unreadable(kind: Kind) -> Story:
    """A post becomes unreadable: its last good entry stays in the feed."""
    story = Story(1, settings(), kind, fault=lambda *_: "")
    good = text("A", "x", 1)
    story.upload("a.md", good)
    story.run([], workers=1, zombies=0)
    story.upload("a.md", b"---\ntitle: broken\ndate: 2018-110-15\n---\n")
    story.upload("b.md", text("B", "x", 2))
    story.run([], workers=1, zombies=0)
    # The full build must see the post as it could last be read.
    story.posts.put("a.md", good)
    return story


def test_the_last_good_entry_of_a_post_stays_while_it_cannot_be_read():
    stays_while_unreadable(Publisher).check()


CAUGHT_BY_SCHEDULE = [
    (mutants.SkipsEqualWrites, slow_record),
    (mutants.StaleTokens, slow_record),
    (mutants.NeverLooksAgain, slow_document),
    (mutants.BelievesWhatItLeft, changed_by_hand),
    (mutants.StaysAlone, slow_document_of_a_process_that_was_alone),
    (mutants.RemovesPartsInUse, lost_reply_that_others_built_on),
    (mutants.OverwritesDocuments, dead_over_a_document),
    (mutants.TellsOnlyOfWhatItSawWritten, a_reply_lost_over_a_document),
    (mutants.LeavesMarkersUnseen, slow_marker),
    (mutants.ForgetsTheLastGood, stays_while_unreadable),
]


@pytest.mark.parametrize(("mutant", "schedule"), CAUGHT_BY_SCHEDULE)
def test_a_directed_schedule_catches_the_mutant(mutant, schedule):
    kind = mutants.publisher(mutant)
    assert is_caught(lambda: schedule(kind))


CAUGHT_BY_SEEDS = [
    mutants.SourceFirst,
    mutants.Unconditional,
    mutants.StaleTokens,
    mutants.DeniedIsDeleted,
    mutants.ForgetsOldFeeds,
    mutants.ForgetsOldPlaces,
    mutants.ForgetsWhatIsDue,
    mutants.SettlesTheCatalogUnseen,
    mutants.TakesConflictsForDone,
    mutants.ForgetsArchivesWhenAlone,
]


@pytest.mark.slow
@pytest.mark.parametrize("mutant", CAUGHT_BY_SEEDS)
def test_the_seeds_of_the_suite_catch_the_mutant(mutant):
    kind = mutants.publisher(mutant)
    assert any(is_caught(lambda s=seed: random_story(s, kind)) for seed in range(SCHEDULES))


class BreaksNothing(StateStore):
    """A mutant of a method that does not exist."""

    def _swap(self, key, kind, change):
        raise AssertionError(key)


class BreaksNoPart(IndexPages):
    """A mutant of a class that a publisher has no instance of."""

    def page(self, name):
        raise AssertionError(name)


@pytest.mark.parametrize("mutant", [BreaksNothing, BreaksNoPart])
def test_a_mutant_that_misses_its_target_is_no_mutant(mutant):
    with pytest.raises(AssertionError, match=r"to break|no part of a publisher"):
        mutants.publisher(mutant)


def is_caught(told: Callable[[], Story]) -> bool:
    """Whether a story ends with a wrong tree or an exception, or does not end."""
    try:
        told().check()
    except Exception:
        return True
    return False
