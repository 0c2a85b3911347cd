"""One simulated run (a story): users upload posts, workers publish them, invariants are checked."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any
from unittest import mock

import greenlet
import msgspec
from lxml import etree
from simulation.simulated_store import START, Bucket, Crash, Queue, SimulatedRuntime, SteppedStore
from support.yardstick import build_documents

from feeds import paths
from feeds.building import site, tasks
from feeds.config import Config
from feeds.config_file.parse import parse_config
from feeds.documents import feed_documents
from feeds.documents.feed_documents import archive_documents, current_documents
from feeds.documents.feed_list import feed_list_documents
from feeds.publishing import feed_list_writer, feed_writer, record_writer, websub
from feeds.publishing.batch import PublishResult, Time
from feeds.publishing.due_markers import DUE_MARKERS, marker_time
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.reading.entry import fill_entry
from feeds.reading.post import ReadResult, read_post
from feeds.state import page_edit
from feeds.state.keys import RECORDS, path_of_manifest
from feeds.stores.memory import MemoryStore

PublisherFactory = Callable[..., Publisher]
"""Makes a publisher: the class itself, or a function that puts a mutant into it."""

FUTURE_DAY = 40
"""A day in the future, for `post_text`."""

FUTURE_CHANGE = datetime(2026, 1, 11, tzinfo=UTC)
"""A date of the last change that is in the future when a story starts, and past when it ends."""

KEYS = ("a.md", "b.md", "c.md", "old/a.md", "d.md")


@lru_cache
def settings(formats: str = "json", limit: int = 2, id_from: str = "key") -> Config:
    """Return a configuration; the formats are names with spaces between them."""
    names = ", ".join(f'"{name}"' for name in formats.split())
    moves = 'move_folders = [".", "old", "older"]' if id_from == "stem" else ""
    posts = f'[posts]\nid_from = "{id_from}"\n{moves}'
    return parse_config(
        f'[site]\ntitle = "S"\nurl = "https://s.example/"\n[feeds]\nformats = [{names}]\n'
        f'limit = {limit}\n{posts}\n[categories]\ntitle_from = "tags"\n'
    )


def post_text(title: str, category: str, day: int, tag: str = "", expires: int = 0) -> bytes:
    """Return a post of a day of December 2025; days from 32 on are in January 2026 and later.

    A story starts on 2026-01-01, so a post of `FUTURE_DAY` is not public yet. `expires` is the day
    on which the post expires; 0: never. Its text says so, for `Story.check`.
    """
    date = datetime(2025, 12, 1, 10, tzinfo=UTC) + timedelta(days=day - 1)
    # Posts with the tag X share one guid; those with Y were changed on a day in the future.
    more = {"X": "guid: shared\n", "Y": f"lastmod: {FUTURE_CHANGE:%Y-%m-%d}\n"}.get(tag, "")
    more = f"tags: {tag}\n{more}" if tag else ""
    text = title
    if expires:
        end = datetime(2025, 12, 1, 10, tzinfo=UTC) + timedelta(days=expires - 1)
        more += f"expiryDate: {end:%Y-%m-%d %H:%M:%S} +0000\n"
        text += f" GONE-BY-{end:%Y%m%d%H}"
    return (
        f"---\ntitle: {title}\ndate: {date:%Y-%m-%d %H:%M:%S} +0000\n"
        f"categories: {category}\n{more}---\n{text}\n"
    ).encode()


class Worker:
    """A publisher at work on a batch; each step runs it up to its next storage call.

    With a `predecessor` it runs in the process of that worker, whose publisher remembers its last
    writes.
    """

    def __init__(
        self, name: str, story: Story, batch: list[Message], predecessor: Worker | None = None
    ) -> None:
        self.name, self.story, self.batch = name, story, batch
        self.is_zombie = False
        """The queue has presumed it dead and has delivered its messages again."""
        self.sleep_steps = 0
        """For so many steps of other workers it stays asleep."""
        self.posts = predecessor.posts if predecessor else SteppedStore(story.posts, self._fault)
        self.feeds = predecessor.feeds if predecessor else SteppedStore(story.feeds, self._fault)
        self.posts.fault = self.feeds.fault = self._fault
        self.feeds.aba_writes = {}
        self.result: PublishResult | None = None
        runtime = SimulatedRuntime(name, lambda: story.now)
        self.publisher = (
            predecessor.publisher
            if predecessor
            else story.publisher(self.posts, self.feeds, story.config, runtime)
        )
        self.greenlet = greenlet.greenlet(self._run)

    def _fault(self, call: str, key: str) -> str:
        return self.story.fault(self, call, key)

    def _run(self) -> None:
        time = RandomTime(self.story.random, self.story.haste)
        self.result = self.publisher.publish(self.batch, time)

    def step(self) -> None:
        """Make one storage call, and stop before the next one. Raises Crash if the process ends."""
        self.greenlet.switch()

    @property
    def finished(self) -> bool:
        """Whether the batch is done."""
        return self.greenlet.dead


class RandomTime(Time):
    """The time of a batch: it may be over at any moment."""

    def __init__(self, random: Random, haste: float) -> None:
        self.random, self.haste, self.over = random, haste, False

    def is_half_over(self) -> bool:
        """Return whether half of the time is over: then posts are not read any more."""
        return self.haste > 0 and self.random.random() < self.haste

    def is_over(self) -> bool:
        """Return whether the time is over."""
        self.over = self.over or self.is_half_over()
        return self.over


class Story:
    """Two buckets, a queue, workers, and the history of what happened."""

    worker_type = Worker

    def __init__(
        self,
        seed: int,
        settings_: Config,
        publisher: PublisherFactory = Publisher,
        fault: Callable[[Worker, str, str], str] | None = None,
        most_deliveries: int | None = None,
    ) -> None:
        self.random = Random(seed)
        self.config, self.publisher = settings_, publisher
        self.posts, self.feeds = Bucket(), Bucket()
        self.queue = Queue(self.random, most_deliveries)
        self.feeds.on_write = self._check_document
        self.workers: list[Worker] = []
        self.workers_started = 0
        self.now = START
        self.faults_left = 0
        self.sleepiness = 0.0
        self.haste = 0.0
        """How likely a worker's time is over whenever it looks."""
        self.idle: list[Worker] = []
        """Workers that have finished, and whose processes can take another batch."""
        self.fault = fault or self._random_fault
        self.history: list[str] = []
        """One line for each event."""
        self.unreported: dict[str, Worker | None] = {}
        """Documents whose last change no worker has reported for hubs, and the last writer."""
        self.writer: Worker | None = None
        """The worker whose step it is."""
        self.excused_writes: dict[str, int] = {}
        """For each document that may stay wrong: the number of the excused write."""
        self.redelivered: set[str] = set()
        """The ids of messages that were delivered again while their first worker was running."""

    # --- what users do -------------------------------------------------------------------------

    def upload(self, key: str, data: bytes) -> None:
        """Write a post, and send its event."""
        self.history.append(f"upload {key}")
        self.posts.put(key, data)
        self.queue.send(key)

    def remove(self, key: str) -> None:
        """Delete a post, and send its event."""
        self.history.append(f"remove {key}")
        self.posts.objects.pop(key, None)
        self.queue.send(key)

    # --- what the cloud does -------------------------------------------------------------------

    def _random_fault(self, worker: Worker, call: str, key: str) -> str:
        if not self.faults_left or self.random.random() > 0.02:
            return ""
        self.faults_left -= 1
        kinds = ["before", "after", "500", "lost", "409"]
        kinds += ["403"] if call == "get" and not key.startswith("state/") else []
        fault = self.random.choice(kinds)
        self.history.append(f"{worker.name} {call} {key}: {fault}")
        return fault

    def start(self, most: int = 3, lives_on: bool | None = None) -> Worker | None:
        """Start a worker for visible messages, in the process of an earlier worker or in a new one.

        `lives_on` decides which; None: at random. Returns None if no message is visible.
        """
        batch = self.queue.receive(self.random.randint(1, most))
        if not batch:
            return None
        self.workers_started += 1
        if lives_on is None:
            lives_on = self.random.randrange(len(self.idle) + 1) > 0
        predecessor = self.idle.pop(self.random.randrange(len(self.idle))) if lives_on else None
        worker = self.worker_type(f"w{self.workers_started}", self, batch, predecessor)
        process = f" in the process of {predecessor.name}" if predecessor else ""
        messages = [message.id + str(message.keys) for message in batch]
        self.history.append(f"{worker.name} starts{process} on {messages}")
        self.workers.append(worker)
        return worker

    def step(self, worker: Worker) -> None:
        """Let a worker make one storage call; handle its crash or its end."""
        self.writer = worker
        try:
            worker.step()
        except Crash:
            self.history.append(f"{worker.name} crashes")
            self.workers.remove(worker)
            self._excuse_crash(worker)
            if not worker.is_zombie:
                self.queue.release(worker.batch)
            return
        if worker.finished:
            assert worker.result is not None
            self.workers.remove(worker)
            self.idle.append(worker)
            for name in self._reported_documents(worker.result, worker.batch):
                self.unreported.pop(name, None)
            failed = worker.result.failed
            self.history.append(f"{worker.name} ends, failed: {sorted(failed)}")
            self.queue.delete([m for m in worker.batch if m.id not in failed])
            if not worker.is_zombie:
                self.queue.release([m for m in worker.batch if m.id in failed])

    def _reported_documents(self, result: PublishResult, batch: list[Message]) -> set[str]:
        """Return the documents that hubs are pinged for after a batch (feeds/aws/batch.py)."""
        reported = set(result.changed)
        if any(message.received > 1 for message in batch):
            touched = {path for record in result.records.values() for path in record.feeds}
            reported.update(
                key for path in touched for key in websub.topics_of_feed(path, self.config)
            )
        return reported

    def _excuse_crash(self, worker: Worker) -> None:
        """Excuse what no worker will repair or report after this crash.

        This is the race that docs/protocol.md leaves open: two workers have the same message, one a
        zombie; one of them crashes, and the other acknowledges the message. A write is excused only
        if it replaced a version that had gone and come back (A -> B -> A).
        """
        if worker.is_zombie or any(message.id in self.redelivered for message in worker.batch):
            self.excused_writes |= worker.feeds.aba_writes
            self.unreported = {name: by for name, by in self.unreported.items() if by is not worker}

    def _excuse_compaction(self, data: bytes, before: bytes) -> None:
        """Excuse changes that a crashed worker made to feeds which a record does not name any more.

        This is another race that docs/protocol.md leaves open: the message that comes again finds
        the record without these feeds, and does not report them.
        """
        dropped = {*json.loads(before)["feeds"]} - {*json.loads(data)["feeds"]}
        for name, by in list(self.unreported.items()):
            has_crashed = by is not None and by not in self.workers and by.result is None
            if has_crashed and self.config.layout.feed_of_document(name) in dropped:
                del self.unreported[name]

    def pass_time(self, duration: timedelta) -> None:
        """Let time pass, and send a message for each post whose marker is due, as the audit does.

        All schedules are lost: only the markers know of posts that appear or expire.
        """
        self._move_clock(duration)
        for key, object_ in sorted(self.feeds.objects.items()):
            due = marker_time(key) if key.startswith(DUE_MARKERS) else None
            if due is not None and due <= self.now:
                for post_key in json.loads(object_.data)["keys"]:
                    self.history.append(f"{post_key} is due")
                    self.queue.send(post_key)

    def pass_days(self, days: int) -> None:
        """Let time pass. Nobody looks at the markers."""
        self._move_clock(timedelta(days=days))

    def _move_clock(self, duration: timedelta) -> None:
        self.now += duration
        self.posts.time = self.feeds.time = self.now

    def _next_worker(self) -> Worker:
        """Choose the next worker. Sometimes it falls asleep, so that others overtake it by far."""
        for worker in self.workers:
            worker.sleep_steps = max(worker.sleep_steps - 1, 0)
        awake = [worker for worker in self.workers if not worker.sleep_steps] or self.workers
        worker = self.random.choice(awake)
        if self.random.random() < self.sleepiness:
            worker.sleep_steps = self.random.choice([20, 60, 200])
        return worker

    def run(
        self, actions: Iterable[Callable[[], None]], workers: int = 3, zombies: int = 2
    ) -> None:
        """Run actions while workers work; then let the workers empty the queue.

        At most `workers` run at once; `zombies` is how many may become zombies.
        """
        todo = list(actions)[::-1]
        for _ in range(100_000):
            if todo and self.random.random() < 0.05:
                todo.pop()()
            elif len(self.workers) < workers and self.queue.visible and self.random.random() < 0.3:
                self.start()
            elif self.workers:
                worker = self._next_worker()
                if zombies and not worker.is_zombie and self.random.random() < 0.01:
                    zombies -= 1
                    worker.is_zombie = True
                    self.history.append(f"{worker.name} becomes a zombie")
                    self.queue.release(worker.batch)
                    self.redelivered.update(message.id for message in worker.batch)
                    if self.random.random() < 0.5:
                        self.queue.visible.extend(worker.batch[:1])  # delivered a third time
                self.step(worker)
            elif todo:
                todo.pop()()
            elif not self.queue.visible:
                assert not self.queue.unfinished, "a message was lost"
                return
        raise AssertionError("the workers did not finish within 100,000 steps")

    # --- what must be true ---------------------------------------------------------------------

    def _check_document(self, key: str, data: bytes, before: bytes) -> None:
        """Check that a written document is well-formed, and note that its change is unreported."""
        if key.startswith(RECORDS) and data and before:
            self._excuse_compaction(data, before)
        if not key.startswith(paths.PUBLIC) or not data:
            return
        name = key.removeprefix(paths.PUBLIC)
        feed = self.config.layout.feed_of_document(name)
        if data != before and feed is not None and name in websub.topics_of_feed(feed, self.config):
            self.unreported[name] = self.writer
        if key.endswith(".json"):
            assert json.loads(data)["version"]
        elif key.endswith(".xml"):
            etree.fromstring(data)

    def tree(self) -> dict[str, bytes]:
        """Return the published documents by path."""
        return {
            key.removeprefix(paths.PUBLIC): object_.data
            for key, object_ in sorted(self.feeds.objects.items())
            if key.startswith(paths.PUBLIC)
        }

    def yardstick(self) -> dict[str, bytes]:
        """Return the documents of a full build, also those of feeds that are empty now."""
        store = MemoryStore()
        for key, object_ in self.posts.objects.items():
            store.put(key, object_.data)
        known = {path for key in self.feeds.objects if (path := path_of_manifest(key))}
        return build_documents(store, self.config, self.now, sorted(known))

    def check(self) -> None:
        """Check that the public tree equals a full build, and that each change was reported."""
        tree, yardstick = self.tree(), self.yardstick()
        wrong = [f"missing: {key}" for key in sorted(yardstick.keys() - tree.keys())]
        wrong += [f"left over: {key}" for key in sorted(tree.keys() - yardstick.keys())]
        excused = {
            key.removeprefix(paths.PUBLIC)
            for key, write in self.excused_writes.items()
            if self.feeds.writes[key] == write
        }
        both = sorted((tree.keys() & yardstick.keys()) - excused)
        wrong += [f"differs: {key}" for key in both if tree[key] != yardstick[key]]
        wrong += [f"no worker has reported: {name}" for name in sorted(self.unreported)]
        expired = [key for key in sorted(tree) if self._has_expired(tree[key])]
        wrong += [f"has an expired post: {key}" for key in expired]
        assert not wrong, "\n".join([*self.history, *wrong])

    def _has_expired(self, document: bytes) -> bool:
        """Return whether a document has the text of a post that says that it has expired.

        The full build shares the code that reads dates; this does not.
        """
        times = re.findall(rb"GONE-BY-(\d{10})", document)
        return any(time.decode() <= f"{self.now:%Y%m%d%H}" for time in times)


def random_story(
    seed: int,
    publisher: PublisherFactory = Publisher,
    faults: int = 4,
    most_deliveries: int | None = None,
    story_type: type[Story] = Story,
) -> Story:
    """Run a whole story from a seed: some posts, what happens to them, and which worker does it.

    Most stories have a few posts, each of which ends a page of the index. One in five has many
    posts, in longer pages, short page lists, and documents that do not fit into one batch.
    """
    random = Random(seed)
    large = random.random() < 0.2
    page_list, batch = page_edit.PAGES_PER_LIST, feed_writer.BATCH_BYTES
    compact = record_writer.COMPACT_ABOVE
    record_writer.COMPACT_ABOVE = random.choice([0, 1, compact])
    if large:
        page_edit.PAGES_PER_LIST = random.choice([1, 2, page_list])
        feed_writer.BATCH_BYTES = random.choice([1, 5_000, batch])
    try:
        story = story_type(seed, _random_settings(random, large), publisher, None, most_deliveries)
        return _run_story(random, story, faults, large)
    finally:
        page_edit.PAGES_PER_LIST, feed_writer.BATCH_BYTES = page_list, batch
        record_writer.COMPACT_ABOVE = compact


def _random_settings(random: Random, large: bool) -> Config:
    return settings(
        random.choice(["json", "json", "json", "atom json rss"]),
        random.choice([4, 4, 5, 6] if large else [2, 2, 3]),
        random.choice(["key", "key", "stem"]),
    )


def _run_story(random: Random, story: Story, faults: int, large: bool) -> Story:
    def random_post() -> bytes:
        kind = random.random()
        if kind < 0.08:
            return b"---\ntitle: broken\ndate: 2018-110-15\n---\n"
        if kind < 0.13:
            return post_text("T", "x", 1).replace(b"title: T", b"title: T\ndraft: true")
        tag = random.choice(["", "", "X", "Y"])
        day = random.choice([*range(1, 15 if large else 9), FUTURE_DAY, FUTURE_DAY + 1])
        expires = random.choice([0, 0, 0, 0, 12, FUTURE_DAY - 2, FUTURE_DAY + 5])
        title, category = random.choice("TUV"), random.choice(["x", "y", "[x, y]"])
        data = post_text(title, category, day, tag, expires)
        if (number := zlib.crc32(data)) % 3 == 0:
            data += f"[see](/{KEYS[number % len(KEYS)]})\n".encode()
        if random.random() < 0.1:  # the same moment with another offset
            return data.replace(b"10:00:00 +0000", b"12:00:00 +0200")
        return data

    keys = random.sample(KEYS, random.choice([1, 2, 3, 5]))
    keys += [f"{number}.md" for number in range(random.choice([8, 12]) if large else 0)]
    uploaded: dict[str, list[bytes]] = {}

    def next_data(key: str) -> bytes:
        earlier = uploaded.setdefault(key, [])
        # The same content again (A -> B -> A) has the same version, a hash, as before.
        data = random.choice(earlier) if earlier and random.random() < 0.5 else random_post()
        earlier.append(data)
        return data

    def action() -> Callable[[], None]:
        key = random.choice(keys)
        if random.random() < 0.25:
            return lambda: story.remove(key)
        data = next_data(key)
        return lambda: story.upload(key, data)

    def repair_broken_posts() -> None:
        for key, object_ in list(story.posts.objects.items()):
            if b"broken" in object_.data:
                story.upload(key, post_text("T", "y", 3))

    if large:
        for key in keys:
            story.upload(key, next_data(key))
        story.run([], workers=1, zombies=0)
        # After two hours no zombie can delete an archive page.
        story._move_clock(timedelta(hours=random.choice([0, 2])))
    story.faults_left = random.randint(0, faults)
    story.sleepiness = random.choice([0, 0.02, 0.05, 0.1])
    story.haste = random.choice([0, 0, 0.05, 0.2])
    actions = [action() for _ in range(random.randint(3, 12))]
    workers = random.randint(1, 4)
    zombies = random.choice([0, 0, 1, 2])
    story.run([*actions, repair_broken_posts], workers=workers, zombies=zombies)
    for days in (10, 20):  # posts appear in the first days, and some expire in the others
        story.pass_time(timedelta(days=days))
        story.run([])
    return story


@contextmanager
def cached_pure_functions() -> Iterator[None]:
    """Cache the results of pure functions: stories repeat the same few posts and documents.

    The cache's keys hold encoded values, since equal values may be written differently, and the id
    of a configuration, which `settings` keeps alive.
    """
    cache: dict[tuple[object, ...], Any] = {}
    encode = msgspec.json.encode

    def cached(key: tuple[object, ...], compute: Callable[[], Any]) -> Any:
        if key not in cache:
            if len(cache) > 10_000:
                cache.clear()
            cache[key] = compute()
        return cache[key]

    def read(key: str, data: bytes, modified: datetime, c: Config) -> ReadResult:
        when = modified.replace(microsecond=0)
        return cached((key, data, when, id(c)), lambda: read_post(key, data, when, c))

    def fill(result: ReadResult, c: Config, pages):
        key = (encode(result), encode(pages), id(c))
        return cached(key, lambda: fill_entry(result, c, pages))

    def current(path, entries, older, c):
        key = (path, encode(list(entries)), older, id(c))
        return iter(cached(key, lambda: tuple(current_documents(path, entries, older, c))))

    def archive(path, page, entries, older, c):
        key = (path, page, encode(list(entries)), older, id(c))
        render = lambda: tuple(archive_documents(path, page, entries, older, c))  # noqa: E731
        return iter(cached(key, render))

    def feed_list(listed, c):
        feeds = list(listed)
        key = ("feeds", encode(feeds), id(c))
        return iter(cached(key, lambda: tuple(feed_list_documents(feeds, c))))

    with ExitStack() as patches:
        for name, function, modules in (
            ("feed_list_documents", feed_list, (feed_list_writer, site)),
            ("read_post", read, (record_writer, tasks)),
            ("fill_entry", fill, (record_writer, tasks)),
            ("current_documents", current, (feed_documents,)),
            ("archive_documents", archive, (feed_documents,)),
        ):
            for module in modules:
                patches.enter_context(mock.patch.object(module, name, function))
        yield
