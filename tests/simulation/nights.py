"""Losses, and the audits that make up for them: promise 3 of docs/architecture.md.

A story is run with a queue that gives messages up. Then state objects are removed, damaged or
replaced by earlier versions, and documents are changed. After that, only audits run, one a night.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from unittest import mock

from simulation.simulated_store import Bucket, SimulatedRuntime
from simulation.story import PublisherFactory, Story, random_story

from feeds import paths
from feeds.errors import Conflict
from feeds.maintenance import audit as audit_module
from feeds.publishing.publisher import Publisher
from feeds.stores.base import Object, PutMode, Stat

ROUND = 3
"""`ROUND_NIGHTS` in a story."""

Audit = Callable[..., audit_module.AuditReport]


class PlainStore:
    """A bucket as the audit sees it, while no worker is running."""

    url = "sim:"
    is_remote = is_shared = False

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket

    def get(self, key: str, limit: int | None = None) -> Object | None:
        return self.bucket.objects.get(key)

    def get_start(self, key: str, size: int) -> bytes | None:
        there = self.bucket.objects.get(key)
        return there.data[:size] if there else None

    def head(self, key: str) -> Stat | None:
        there = self.bucket.objects.get(key)
        return there.stat if there else None

    def put(
        self,
        key: str,
        data: bytes,
        *,
        mode: PutMode = "overwrite",
        media_type: str = "",
        cache_control: str = "",
    ) -> str:
        if not self.bucket.matches(key, mode):
            raise Conflict(f"{key}: 412")
        return self.bucket.put(key, data)

    def delete(self, key: str) -> None:
        self.bucket.objects.pop(key, None)

    def list(self, prefix: str = "") -> Iterator[Stat]:
        for key in sorted(key for key in self.bucket.objects if key.startswith(prefix)):
            yield self.bucket.objects[key].stat


def lossy_story(seed: int, publisher: PublisherFactory = Publisher) -> Story:
    """Run a story with losses, and then audits until all is right; `Story.check` says if it is."""
    random = Random(seed)
    story = random_story(seed, publisher, faults=40, most_deliveries=random.choice([1, 2, 5]))
    story.faults_left = 0
    lose_objects(story, random)
    with mock.patch.object(audit_module, "ROUND_NIGHTS", ROUND):
        for _ in range(2 * ROUND + 1):
            night(story)
    story.unreported.clear()  # nobody knows which changes the lost objects were about
    return story


def lose_objects(story: Story, random: Random) -> None:
    """Remove, damage or turn back some objects of the state, and some documents."""
    story.feeds.on_write = lambda *_: None  # nobody checks what these writes write
    objects = story.feeds.objects
    for key in random.sample(sorted(objects), min(len(objects), random.choice([0, 1, 3, 10, 100]))):
        earlier = story.feeds.history[key]
        how = random.choice(["removed", "damaged", "turned back"])
        story.history.append(f"{key} is {how}")
        if how == "removed":
            del objects[key]
        elif how == "damaged" and key.startswith(paths.PUBLIC):
            # With the mark of this program: a document without it, and without state, is not ours.
            story.feeds.put(key, objects[key].data + b" ")
        elif how == "damaged":
            story.feeds.put(key, objects[key].data[: len(objects[key].data) // 2])
        else:
            story.feeds.put(key, random.choice(earlier))


def night(story: Story) -> None:
    """Let a day pass, and run an audit; then let workers publish what it sends."""
    story.pass_days(1)
    runtime = SimulatedRuntime(f"night-{story.now:%m%d}", lambda: story.now)
    publisher = story.publisher(
        PlainStore(story.posts), PlainStore(story.feeds), story.config, runtime
    )
    report = audit_module.audit(publisher, story.queue.send, allow_removals=True)
    story.history.append(f"audit: {report}")
    story.run([], workers=1, zombies=0)
