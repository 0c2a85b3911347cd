"""Losses, and the audits that make up for them: promise 3 of docs/architecture.md.

Users upload posts while the queue gives messages up, and while somebody loses objects of the state.
Then no worker runs any more, and more objects are lost. After that, one audit runs each night.
"""

from __future__ import annotations

import contextlib
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from random import Random
from typing import Any
from unittest import mock

from simulation.losses import PlainStore, kind_of, lose_object, ways_to_lose
from simulation.simulated_store import Crash, Queue, SimulatedRuntime
from simulation.story import KEYS, PublisherFactory, Story, Worker, post_text, random_story

from feeds import paths
from feeds.errors import StoreError
from feeds.maintenance import audit as audit_module
from feeds.maintenance import journal
from feeds.publishing.publisher import Publisher

ROUND = 2
"""`ROUND_NIGHTS` in a story."""

ISOLATED_FROM = 2
"""The delivery from which on the keys of a message are in the journal; in the cloud it is the third
(feeds/aws/functions.py)."""


def lossy_story(seed: int, publisher: PublisherFactory = Publisher) -> LossyStory:
    """Run a story with losses and audits. It is checked after each time of audits."""
    most = Random(f"deliveries {seed}").choice([1, 2, 3, 5])
    with mock.patch.object(audit_module, "ROUND_NIGHTS", ROUND):
        story = random_story(seed, publisher, 40, most, LossyStory)
    assert isinstance(story, LossyStory)
    return story


class LossyWorker(Worker):
    """A worker that notes isolated messages in the journal, as feeds/aws/isolation.py does."""

    def _run(self) -> None:
        isolated = [message for message in self.batch if message.received >= ISOLATED_FROM]
        for message in isolated:
            with contextlib.suppress(StoreError):
                journal.note(self.feeds, message.id, message.keys)
        super()._run()
        assert self.result is not None
        for message in isolated:
            if message.id not in self.result.failed:
                with contextlib.suppress(StoreError):
                    journal.strike_off(self.feeds, message.id)


class LossyStory(Story):
    """A story in which objects and messages are lost; audits are all that makes up for them."""

    worker_type = LossyWorker

    def __init__(self, seed: int, *args: Any, **options: Any) -> None:
        super().__init__(seed, *args, **options)
        self.chance = Random(f"losses {seed}")
        self.losses: Counter[tuple[str, str]] = Counter()
        """How often an object of a kind was lost in a way."""
        self.has_foreign = self.chance.random() < 0.3
        """Whether documents are replaced by those of others. Then no index is lost: without one, a
        document of others is not overwritten (docs/protocol.md, Files of other programs)."""
        self.nights = 0

    # --- what users do ---------------------------------------------------------------------------

    def upload(self, key: str, data: bytes) -> None:
        """Write a post, and send its event. Some posts have an enclosure."""
        if key.endswith(".md") and zlib.crc32(data) % 3 == 0:
            data = data.replace(b"\ndate:", b"\nenclosure: talk.mp3\ndate:", 1)
        super().upload(key, data)

    def _upload_enclosures(self) -> None:
        size = self.chance.choice([1, 20, 300])
        for key in ("talk.mp3", "old/talk.mp3"):
            self.upload(key, bytes(size))

    def _edit(self) -> None:
        """Upload, delete and restore some posts."""
        for key in self.chance.sample(KEYS, 2):
            if self.chance.random() < 0.3:
                self.remove(key)
            else:
                day, category = self.chance.randint(1, 9), self.chance.choice("xyz")
                self.upload(key, post_text(self.chance.choice("TUV"), category, day))

    # --- what is lost ----------------------------------------------------------------------------

    def run(
        self, actions: Iterable[Callable[[], None]], workers: int = 3, zombies: int = 2
    ) -> None:
        """Run actions while workers work; between the actions of users, something is lost."""
        todo = list(actions)
        if todo:
            more = [self._upload_enclosures, self._expire_messages, self._resend_dead_letters]
            more += [self.lose_objects] * 2
            for action in self.chance.sample(more, self.chance.randint(0, len(more))):
                todo.insert(self.chance.randint(1, len(todo)), action)
        super().run(todo, workers, zombies)

    def _expire_messages(self) -> None:
        """All messages are too old now, and the queue drops them."""
        self.losses["message", "expired"] += len(self.queue.unfinished)
        self.history.append(f"the queue drops {sorted(self.queue.unfinished)}")
        self.queue.visible.clear()
        self.queue.unfinished.clear()

    def _resend_dead_letters(self) -> None:
        """Somebody puts the messages back that the queue has given up."""
        for message in self.queue.dead_letters:
            for key in message.keys:
                self.queue.send(key)
        self.queue.dead_letters.clear()

    def _lose_events(self) -> None:
        """Change posts and enclosures while S3 sends no event."""
        queue, self.queue = self.queue, Queue(self.chance)
        for change in (self._edit, self._upload_enclosures):
            if self.chance.random() < 0.2:
                change()
        self.losses["event", "lost"] += self.queue.sent
        self.queue = queue

    def _purge_dead_letters(self) -> None:
        self.losses["message", "purged"] += len(self.queue.dead_letters)
        self.queue.dead_letters.clear()

    def lose_objects(self) -> None:
        """Remove, damage, turn back or bring back some objects of the state, and documents."""
        for _ in range(self.chance.choice([0, 1, 1, 2, 3, 10, 40])):
            ways = ways_to_lose(self.feeds, with_indexes=not self.has_foreign)
            if not ways:
                return
            kind, how = self.chance.choice(sorted(ways))
            key = self.chance.choice(ways[kind, how])
            self.history.append(f"{key} is {how}")
            self.losses[kind, how] += 1
            lose_object(self.feeds, key, how, self.chance, foreign=self.has_foreign)

    # --- audits ----------------------------------------------------------------------------------

    def pass_time(self, duration: timedelta) -> None:
        """Lose objects, and let audits make up for it; then go on as if nothing had happened."""
        end = self.now + duration
        self.faults_left, self.haste = 0, 0.0
        if self.chance.random() < 0.5:  # the progress of audits is lost, too
            for _ in range(self.chance.randint(1, ROUND)):
                self.night()
        self._purge_dead_letters()
        self._lose_events()
        self.lose_objects()
        if self.chance.random() < 0.2:
            self.night(calls=self.chance.randint(1, 100))
        for _ in range(2 * ROUND + 1):
            self.night()
        self.check()
        if self.chance.random() < 0.5:
            self._check_quiet_night()
        if self.chance.random() < 0.5:
            self._edit()
            self._upload_enclosures()
            super().run([], workers=2, zombies=0)
            self.check()
        self.has_foreign = self.chance.random() < 0.3
        self.pass_days(max((end - self.now).days, 0))
        self.night()
        self.check()

    def night(self, calls: int | None = None) -> audit_module.AuditReport | None:
        """Let a day pass, and run an audit; then let workers publish what it sends.

        After so many `calls` of the store, the process of the audit is killed. Then it returns
        None.
        """
        self.pass_days(1)
        self.nights += 1
        runtime = SimulatedRuntime(f"night-{self.nights}", lambda: self.now)
        stores = PlainStore(self.posts), PlainStore(self.feeds)
        stores[1].calls_left = calls
        publisher = self.publisher(*stores, self.config, runtime)
        report = None
        try:
            report = audit_module.audit(publisher, self.queue.send, allow_removals=True)
        except Crash:
            self.history.append(f"audit {self.nights} is killed")
        else:
            self.history.append(f"audit {self.nights}: {report}")
        super().run([], workers=1, zombies=0)
        return report

    # --- what must be true -----------------------------------------------------------------------

    def _check_quiet_night(self) -> None:
        """Check that the next audit finds nothing to repair: the state is whole, too.

        If a post is due, its entries and documents are about to change.
        """
        report = self.night()
        assert report is not None
        found = report.new + report.newer + report.gone + report.misplaced + report.documents
        assert report.late or not found, "\n".join([*self.history, "the state is not whole"])

    def _check_document(self, key: str, data: bytes, before: bytes) -> None:
        if key.startswith(paths.PUBLIC):
            super()._check_document(key, data, before)

    def check(self) -> None:
        """Check that the public tree equals a full build. No write is excused."""
        self.excused_writes.clear()
        self.unreported.clear()  # nobody knows which changes the lost objects were about
        if self._is_blank():
            return
        super().check()

    def _is_blank(self) -> bool:
        """Return whether nothing says that there ever was a site: no post, document or state."""
        kinds = {kind_of(self.feeds, key) for key in self.feeds.objects}
        has_posts = any(key.endswith(".md") for key in self.posts.objects)
        return not has_posts and kinds <= {"progress of the audit"}
