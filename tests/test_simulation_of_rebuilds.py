"""Rebuilds in bulk beside uploads: random stories, a stop at every call, fixed schedules, mutants.

docs/rebuild.md has the guards. At the end, the public tree must be that of a full build, and the
journal must be empty.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from simulation import rebuild_mutants
from simulation.rebuilds import Rebuild, RebuildStory, rebuild_story
from simulation.story import Worker, cached_pure_functions, post_text, settings

from feeds.maintenance.journal import JOURNAL
from feeds.state.keys import manifest_key, record_key

SEEDS = 800
CHUNK = 100


@pytest.fixture(autouse=True, scope="module")
def _cached_pure_functions():
    with cached_pure_functions():
        yield


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, SEEDS, CHUNK))
def test_random_rebuild_beside_uploads_ends_with_the_documents_of_a_full_build(start):
    for seed in range(start, start + CHUNK):
        try:
            rebuild_story(seed).check()
        except Exception as error:
            error.add_note(f"replay with: make simulate REBUILDS=1 FROM={seed} N=1")
            raise


# --- a fault at every storage call ---------------------------------------------------------------


def site(days: int = 6) -> RebuildStory:
    """Return a site with posts in a bucket, of which nothing is published."""
    story = RebuildStory(0, settings("json", 2), fault=lambda *_: "")
    for day in range(1, days + 1):
        story.posts.put(f"{day}.md", post_text("T", "[x, y]" if day == 3 else "x", day))
    return story


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after", "lost", "409", "500"])
@pytest.mark.parametrize("is_filled", [False, True], ids=["first time", "other titles"])
def test_next_rebuild_finishes_one_with_a_fault_at_any_storage_call(when, is_filled):
    for at in count(1):
        story = site()
        if is_filled:
            to_the_end(story, story.start_rebuild())
            story.config = settings("json", 3)
            story.upload("new.md", post_text("N", "x", 2))
        calls = 0

        def fault(worker: Worker, call: str, key: str, at: int = at) -> str:
            nonlocal calls
            calls += isinstance(worker, Rebuild)
            return when if isinstance(worker, Rebuild) and calls == at else ""

        story.fault = fault
        story.start_rebuild()
        story.run([], workers=1, zombies=0)
        story.check()
        if calls < at:
            break
    assert at > 50


# --- fixed schedules -----------------------------------------------------------------------------


def to_the_end(story: RebuildStory, worker: Worker) -> None:
    until(story, worker, lambda: worker not in story.workers)


def until(story: RebuildStory, worker: Worker, is_there: Callable[[], bool]) -> None:
    """Let a worker go on until a condition holds."""
    for _ in range(10_000):
        if is_there():
            return
        story.step(worker)
    raise AssertionError("it never comes there")


def last_call(worker: Worker) -> tuple[str, str]:
    return worker.feeds.calls[-1] if worker.feeds.calls else ("", "")


def an_upload_of_a_post_that_was_read() -> RebuildStory:
    """A post is edited and published after the rebuild has read it, and before its feeds."""
    story = site()
    to_the_end(story, story.start_rebuild())
    story.config = settings("json", 3)
    rebuild = story.start_rebuild()
    until(story, rebuild, lambda: ("put", record_key("1.md")) in rebuild.feeds.calls[:-1])
    story.upload("1.md", post_text("Edited", "x", 1))
    worker = story.start()
    assert worker
    to_the_end(story, worker)
    to_the_end(story, rebuild)
    story.run([], workers=1, zombies=0)
    return story


def an_upload_before_the_feed_is_settled() -> RebuildStory:
    """A worker has written the manifest, but not its documents, when the rebuild settles it."""
    story = site()
    key = manifest_key("")
    rebuild = story.start_rebuild()
    until(
        story,
        rebuild,
        lambda: (
            ("put", "public/feed.json") in rebuild.feeds.calls
            and rebuild.feeds.calls[-2] == ("head", key)
            and last_call(rebuild)[1] == key
        ),
    )
    story.upload("7.md", post_text("T", "x", 7))
    worker = story.start()
    assert worker
    until(story, worker, lambda: ("put", key) in worker.feeds.calls)
    story.step(worker)
    to_the_end(story, rebuild)
    story.run([], workers=1, zombies=0)
    return story


def a_lost_reply_that_others_built_on() -> RebuildStory:
    """The rebuild does not learn that it has written a manifest, and others write it again."""
    story = site()
    key = manifest_key("")
    lost: list[str] = []

    def fault(worker: Worker, call: str, key_: str) -> str:
        if isinstance(worker, Rebuild) and (call, key_) == ("put", key) and not lost:
            lost.append(key)
            return "lost"
        return ""

    story.fault = fault
    rebuild = story.start_rebuild()
    until(story, rebuild, lambda: last_call(rebuild) == ("put again", key))
    story.upload("7.md", post_text("T", "x", 7))
    worker = story.start()
    assert worker
    to_the_end(story, worker)
    to_the_end(story, rebuild)
    story.run([], workers=1, zombies=0)
    return story


def a_zombie_deletes_an_archive_document_in_use() -> RebuildStory:
    """An archive page is retired and used again, a rebuild writes it, a zombie deletes it."""
    story = site(0)
    for day in range(1, 8):
        story.upload(f"{day}.md", post_text("T", "x", day))
    story.run([], workers=1, zombies=0)
    post = story.posts.objects["2.md"].data
    story.remove("2.md")
    zombie = story.start(lives_on=False)
    assert zombie
    until(story, zombie, lambda: "".join(last_call(zombie)).startswith("deletepublic/archive/"))
    zombie.is_zombie = True
    story.queue.release(zombie.batch)
    publish_all(story)
    story.upload("2.md", post)
    publish_all(story)
    for name in ("6.md", "7.md"):  # their events are lost
        story.posts.put(name, story.posts.objects[name].data.replace(b"title: T", b"title: U"))
    to_the_end(story, story.start_rebuild())
    to_the_end(story, zombie)
    story.run([], workers=1, zombies=0)
    return story


def retired_while_a_rebuild_writes_it() -> RebuildStory:
    """An archive page is retired and seen to be gone; then a rebuild writes it, and crashes."""
    story = site(8)
    rebuild = story.start_rebuild()
    until(story, rebuild, lambda: "".join(last_call(rebuild)).startswith("putpublic/archive/"))
    key = last_call(rebuild)[1]
    first_post = f"{int(key.removeprefix('public/archive/2025-12-')[:2])}.md"
    story.remove(first_post)
    publish_all(story)
    for _ in range(2):
        story.queue.send("8.md")
        publish_all(story)
    story.fault = lambda worker, _, key_: "after" if (worker, key_) == (rebuild, key) else ""
    to_the_end(story, rebuild)
    story.run([], workers=1, zombies=0)
    return story


def a_post_of_the_journal_fails() -> RebuildStory:
    """A worker was killed after the record, and the rebuild that makes up for it meets an error."""
    story = site()
    to_the_end(story, story.start_rebuild())
    story.upload("1.md", post_text("Edited", "x", 1))
    worker = story.start()
    assert worker
    until(story, worker, lambda: ("put", record_key("1.md")) in worker.feeds.calls[:-1])
    story.workers.remove(worker)
    story.queue.delete(worker.batch)
    story.feeds.put(f"{JOURNAL}message.json", b'{"posts":["1.md"]}')
    for name in ("2.md", "4.md"):  # their events are lost
        story.posts.put(name, story.posts.objects[name].data.replace(b"title: T", b"title: U"))
    failed: list[str] = []

    def fault(_: Worker, call: str, key: str) -> str:
        if (call, key) == ("put", record_key("1.md")) and not failed:
            failed.append(key)
            return "500"
        return ""

    story.fault = fault
    story.start_rebuild()
    story.run([], workers=1, zombies=0)
    assert failed
    return story


def publish_all(story: RebuildStory) -> None:
    """Publish all visible messages; workers that have begun stay where they are."""
    while worker := story.start(lives_on=False):
        to_the_end(story, worker)


SCHEDULES = [an_upload_of_a_post_that_was_read, an_upload_before_the_feed_is_settled]
SCHEDULES += [retired_while_a_rebuild_writes_it, a_post_of_the_journal_fails]
SCHEDULES += [a_lost_reply_that_others_built_on, a_zombie_deletes_an_archive_document_in_use]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: s.__name__)
def test_rebuild_in_a_fixed_schedule_ends_with_the_documents_of_a_full_build(schedule):
    schedule().check()


# --- mutants -------------------------------------------------------------------------------------

CAUGHT_BY_SCHEDULE = [
    (rebuild_mutants.FillsNewerManifests, an_upload_of_a_post_that_was_read),
    (rebuild_mutants.ReadsVersionsAfterRecords, an_upload_of_a_post_that_was_read),
    (rebuild_mutants.RemovesPagesOfLostWrites, a_lost_reply_that_others_built_on),
    (rebuild_mutants.SettlesForZombies, a_zombie_deletes_an_archive_document_in_use),
    (rebuild_mutants.RewritesNothing, retired_while_a_rebuild_writes_it),
    (rebuild_mutants.ForgetsFailedPosts, a_post_of_the_journal_fails),
    (rebuild_mutants.SettlesNewerManifests, an_upload_before_the_feed_is_settled),
]


@pytest.mark.parametrize(("mutant", "schedule"), CAUGHT_BY_SCHEDULE)
def test_fixed_schedule_catches_the_mutant_of_a_rebuild(mutant, schedule):
    with rebuild_mutants.in_place(mutant):
        assert is_caught(lambda: schedule().check())


CAUGHT_BY_SEEDS = [
    rebuild_mutants.OverwritesManifests,
    rebuild_mutants.ForgetsSkippedPosts,
    rebuild_mutants.ForgetsFailedFeeds,
    rebuild_mutants.ForgetsTheList,
    rebuild_mutants.MergesNothing,
    rebuild_mutants.SkipsRecordsInNoIndex,
    rebuild_mutants.WritesNoJournal,
    rebuild_mutants.ForgetsOldPositions,
]


@pytest.mark.slow
@pytest.mark.parametrize("mutant", CAUGHT_BY_SEEDS)
def test_random_stories_catch_the_mutant_of_a_rebuild(mutant):
    with rebuild_mutants.in_place(mutant):
        assert any(is_caught(lambda s=seed: rebuild_story(s).check()) for seed in range(SEEDS))


def is_caught(story: Callable[[], object]) -> bool:
    """Return whether a story fails."""
    try:
        story()
    except Exception:
        return True
    return False
