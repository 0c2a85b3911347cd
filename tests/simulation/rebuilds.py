"""Stories with a rebuild in bulk beside uploads: it is stopped, meets errors, and starts again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from random import Random
from typing import Any
from unittest import mock

from msgspec.structs import replace
from simulation.simulated_store import SimulatedRuntime, SteppedStore
from simulation.story import (
    FUTURE_DAY,
    KEYS,
    PublisherFactory,
    Story,
    Worker,
    post_text,
    settings,
)

from feeds.config import Config
from feeds.errors import StoreError
from feeds.maintenance import rebuild as rebuild_module
from feeds.maintenance.journal import JOURNAL
from feeds.publishing import index_filler, repairs
from feeds.publishing.batch import PublishResult
from feeds.publishing.publisher import Publisher
from feeds.state import page_edit
from feeds.state.keys import path_of_manifest
from feeds.stores.base import Stat


class ListingStore(SteppedStore):
    """A bucket that can be listed; a listing is one call."""

    def list(self, prefix: str = "") -> Iterator[Stat]:
        self._crash_after(self._wait_for_turn("list", prefix))
        objects = [o.stat for key, o in sorted(self.bucket.objects.items())]
        return iter([stat for stat in objects if stat.key.startswith(prefix)])


class Rebuild(Worker):
    """The process of a rebuild."""

    def __init__(self, name: str, story: RebuildStory) -> None:
        super().__init__(name, story, [])
        self.story = story
        self.posts = ListingStore(story.posts, self._fault)
        self.feeds = ListingStore(story.feeds, self._fault)
        runtime = SimulatedRuntime(name, lambda: story.now)
        self.publisher = story.publisher(self.posts, self.feeds, story.config, runtime)
        self.is_done = False
        """Whether it has ended without an error."""

    def _run(self) -> None:
        try:
            report = rebuild_module.rebuild(
                self.publisher, batch=self.story.batch, allow_removals=True
            )
            self.is_done = not report.errors
        except StoreError:
            pass
        self.result = PublishResult(frozenset(), (), {}, (), {})


class RebuildStory(Story):
    """A story in which each rebuild is started again until it ends without an error.

    Nobody tells the hubs what a rebuild has changed.
    """

    batch = 1
    rebuilds = 0

    def start_rebuild(self) -> Rebuild:
        """Start the process of a rebuild."""
        self.rebuilds += 1
        rebuild = Rebuild(f"r{self.rebuilds}", self)
        self.history.append(f"{rebuild.name} starts")
        self.workers.append(rebuild)
        return rebuild

    def step(self, worker: Worker) -> None:
        super().step(worker)
        if isinstance(worker, Rebuild) and worker not in self.workers:
            if worker in self.idle:
                self.idle.remove(worker)
            if not worker.is_done:
                self.start_rebuild().sleep_steps = self.random.choice([0, 0, 20, 60])

    def check(self) -> None:
        self.unreported.clear()
        if any(path_of_manifest(key) is not None for key in self.feeds.objects):
            super().check()  # else there never was a post, and nothing is published
        left = [key for key in self.feeds.objects if key.startswith(JOURNAL)]
        assert not left, "\n".join([*self.history, f"left in the journal: {left}"])


def rebuild_story(seed: int, publisher: PublisherFactory = Publisher) -> RebuildStory:
    """Run a story from a seed: workers publish some posts, or none; then a rebuild and uploads."""
    random = Random(f"rebuild {seed}")
    large = random.random() < 0.3
    lists = random.choice([1, 2, 64]) if large else 64
    with (
        mock.patch.object(page_edit, "PAGES_PER_LIST", lists),
        mock.patch.object(index_filler, "PAGES_PER_LIST", lists),
        mock.patch.object(repairs, "MERGED_AT_ONCE", random.choice([1, 2, 500])),
        mock.patch.object(rebuild_module, "BULK_SHARE", 100),
    ):
        return _run(random, seed, publisher, large)


@lru_cache
def _deployed(formats: str, limit: int, id_from: str) -> Config:
    """Return a configuration with another title: all records and documents are outdated."""
    config = settings(formats, limit, id_from)
    return replace(config, site=replace(config.site, title="Deployed"))


def _run(random: Random, seed: int, publisher: PublisherFactory, large: bool) -> RebuildStory:
    formats = random.choice(["json", "json", "atom json"])
    id_from = random.choice(["key", "key", "stem"])
    limits = random.choice([(2, 2), (2, 3), (3, 2)])
    story = RebuildStory(seed, settings(formats, limits[0], id_from), publisher)
    story.batch = random.choice([1, 1, 2])
    keys = [*KEYS, *(f"{number}.md" for number in range(10 if large else 1))]

    def data() -> bytes:
        kind = random.random()
        if kind < 0.05:
            return b"---\ntitle: broken\ndate: 2018-110-15\n---\n"
        day = random.choice([*range(1, 12), FUTURE_DAY])
        expires = random.choice([0, 0, 0, 12, FUTURE_DAY + 5])
        tag = random.choice(["", "", "X"])
        category = random.choice(["x", "y", "[x, y]", "z"])
        return post_text(random.choice("TUV"), category, day, tag, expires)

    def change(*, sends_event: bool = True) -> None:
        key = random.choice(keys)
        if random.random() < 0.25:
            story.remove(key)
        else:
            story.upload(key, data())
        if not sends_event:
            message = story.queue.visible.pop()
            del story.queue.unfinished[message.id]

    for _ in range(random.choice([0, 5, 12])):  # before the deployment
        change()
    story.run([], workers=1, zombies=0)
    for _ in range(random.choice([0, 3, 20 if large else 8])):
        change(sends_event=False)
    story.idle.clear()
    if limits[1] != limits[0] or random.random() < 0.5:
        story.config = _deployed(formats, limits[1], id_from)
    story.faults_left = random.choice([0, 1, 2, 4])
    story.sleepiness = random.choice([0, 0.02, 0.1])
    actions: list[Callable[[], Any]] = [change] * random.randint(0, 8)
    for _ in range(random.choice([1, 1, 1, 2])):
        actions.insert(random.randint(0, len(actions) // 2), story.start_rebuild)
    story.run(actions, workers=random.randint(1, 3), zombies=random.choice([0, 1]))

    def repair_broken_posts() -> None:
        for key, object_ in list(story.posts.objects.items()):
            if b"broken" in object_.data:
                story.upload(key, post_text("T", "y", 3))

    story.faults_left = 0
    story.run([repair_broken_posts])
    return story
