"""One run of the small world: what users do, what workers do, and what must be true at the end."""

from __future__ import annotations

import json
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
from simulation.world import START, Bucket, Clockwork, Crash, Queue, Turns
from support.yardstick import build_documents

from feeds import paths
from feeds.building import scan
from feeds.config import Config
from feeds.config_file import parse_config
from feeds.documents import feed_documents
from feeds.documents.feed_documents import archive_documents, current_documents
from feeds.publishing import document_writer, record_writer, websub
from feeds.publishing.due_markers import DUE_MARKERS
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher, PublishResult
from feeds.reading.entry import fill_entry
from feeds.reading.post import ReadResult, read_post
from feeds.state import page_edit
from feeds.state.keys import path_of_manifest
from feeds.stores.memory import MemoryStore

Kind = Callable[..., Publisher]
"""What makes a publisher: the class, or what puts a mutant into it."""

SOON = 40
"""A day of the future, for `text`."""

KEYS = ("a.md", "b.md", "c.md", "old/a.md", "d.md")


@lru_cache
def settings(names: str = "json", limit: int = 2, id_from: str = "key") -> Config:
    listed = ", ".join(f'"{name}"' for name in names.split())
    return parse_config(
        f'[site]\ntitle = "S"\nurl = "https://s.example/"\n[feeds]\nformats = [{listed}]\n'
        f'limit = {limit}\n[posts]\nid_from = "{id_from}"\n[categories]\ntitle_from = "tags"\n'
    )


def text(title: str, category: str, day: int, tag: str = "") -> bytes:
    """A post of a day of December 2025; days go on in January, from `SOON` on after the start."""
    date = datetime(2025, 12, 1, 10, tzinfo=UTC) + timedelta(days=day - 1)
    tags = f"tags: {tag}\n" if tag else ""
    return (
        f"---\ntitle: {title}\ndate: {date:%Y-%m-%d %H:%M:%S} +0000\n"
        f"categories: {category}\n{tags}---\n{title}\n"
    ).encode()


class Worker:
    """A publisher at work on a batch; it goes one storage call further with each step.

    Its publisher may be that of a worker before it: a process remembers.
    """

    def __init__(
        self, name: str, story: Story, batch: list[Message], before: Worker | None = None
    ) -> None:
        self.name, self.story, self.batch = name, story, batch
        self.alone = False  # the queue has given its messages out again
        self.asleep = 0  # steps of others that it will not see
        self.posts = before.posts if before else Turns(story.posts, self._fault)
        self.feeds = before.feeds if before else Turns(story.feeds, self._fault)
        self.posts.fault = self.feeds.fault = self._fault
        self.feeds.fooled = {}
        self.result: PublishResult | None = None
        world = Clockwork(name, lambda: story.now)
        self.publisher = (
            before.publisher
            if before
            else story.publisher(self.posts, self.feeds, story.config, world)
        )
        self.line = greenlet.greenlet(self._run)

    def _fault(self, call: str, key: str) -> str:
        return self.story.fault(self, call, key)

    def _run(self) -> None:
        self.result = self.publisher.publish(self.batch)

    def step(self) -> None:
        """One storage call. Raises Crash where the process ends."""
        self.line.switch()

    @property
    def finished(self) -> bool:
        return self.line.dead


class Story:
    """Two buckets, a queue, and workers."""

    def __init__(
        self,
        seed: int,
        settings_: Config,
        publisher: Kind = Publisher,
        fault: Callable[[Worker, str, str], str] | None = None,
    ) -> None:
        self.random = Random(seed)
        self.config, self.publisher = settings_, publisher
        self.posts, self.feeds, self.queue = Bucket(), Bucket(), Queue(self.random)
        self.feeds.watch = self._check_document
        self.workers: list[Worker] = []
        self.names = 0
        self.now = START
        self.faults_left = 0
        self.sleepiness = 0.0
        self.idle: list[Worker] = []  # whose processes live on
        self.fault = fault or self._random_fault
        self.told: list[str] = []
        # Documents that changed since subscribers were told of them, and who wrote them last.
        self.untold: dict[str, Worker | None] = {}
        self.writer: Worker | None = None
        self.left: dict[str, int] = {}  # documents that are wrong for want of anybody to mend them
        self.twice: set[str] = set()  # messages given out again while their first worker ran

    # --- what users do -------------------------------------------------------------------------

    def upload(self, key: str, data: bytes) -> None:
        self.told.append(f"upload {key}")
        self.posts.put(key, data)
        self.queue.send(key)

    def remove(self, key: str) -> None:
        self.told.append(f"remove {key}")
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
        self.told.append(f"{worker.name} {call} {key}: {fault}")
        return fault

    def start(self, most: int = 3, lives_on: bool | None = None) -> Worker | None:
        """A worker for messages that wait, in the process of one before it or in a new one."""
        batch = self.queue.take(self.random.randint(1, most))
        if not batch:
            return None
        self.names += 1
        if lives_on is None:
            lives_on = self.random.randrange(len(self.idle) + 1) > 0
        before = self.idle.pop(self.random.randrange(len(self.idle))) if lives_on else None
        worker = Worker(f"w{self.names}", self, batch, before)
        as_ = f" in the process of {before.name}" if before else ""
        self.told.append(f"{worker.name} starts{as_} on {[m.id + str(m.keys) for m in batch]}")
        self.workers.append(worker)
        return worker

    def step(self, worker: Worker) -> None:
        """Let one worker go one call further, and see to its end."""
        self.writer = worker
        try:
            worker.step()
        except Crash:
            self.told.append(f"{worker.name} crashes")
            self.workers.remove(worker)
            self._excuse(worker)
            if not worker.alone:
                self.queue.back(worker.batch)
            return
        if worker.finished:
            assert worker.result is not None
            self.workers.remove(worker)
            self.idle.append(worker)
            for name in self._noted(worker.result, worker.batch):
                self.untold.pop(name, None)
            failed = worker.result.failed
            self.told.append(f"{worker.name} ends, failed: {sorted(failed)}")
            self.queue.done([m for m in worker.batch if m.id not in failed])
            if not worker.alone:
                self.queue.back([m for m in worker.batch if m.id in failed])

    def _noted(self, result: PublishResult, batch: list[Message]) -> set[str]:
        """The documents that hubs are told of when a worker is done (feeds/aws/batch.py)."""
        noted = set(result.changed)
        if any(message.received > 1 for message in batch):
            touched = {path for record in result.looked.values() for path in record.feeds}
            noted.update(
                key for path in touched for key in websub.topics_of_feed(path, self.config)
            )
        return noted

    def _excuse(self, worker: Worker) -> None:
        """What nobody mends or tells of: who wrote it died, and another acknowledges its message.

        The window that docs/protocol.md leaves open, of workers that were taken for dead. What they
        wrote is left only if it went over a version that was there again.
        """
        if worker.alone or any(message.id in self.twice for message in worker.batch):
            self.left |= worker.feeds.fooled
            self.untold = {name: by for name, by in self.untold.items() if by is not worker}

    def wake(self, later: timedelta) -> None:
        """Let time pass, and have the posts looked at that the audit would find to be due."""
        self.now += later
        for key, object_ in sorted(self.feeds.objects.items()):
            if key.startswith(DUE_MARKERS):
                for post_key in json.loads(object_.data)["keys"]:
                    self.told.append(f"the time of {post_key} has come")
                    self.queue.send(post_key)

    def _next(self) -> Worker:
        """Whose turn it is. Now and then one falls asleep, so that others overtake it by far."""
        for worker in self.workers:
            worker.asleep = max(worker.asleep - 1, 0)
        awake = [worker for worker in self.workers if not worker.asleep] or self.workers
        worker = self.random.choice(awake)
        if self.random.random() < self.sleepiness:
            worker.asleep = self.random.choice([20, 60, 200])
        return worker

    def run(
        self, actions: Iterable[Callable[[], None]], workers: int = 3, zombies: int = 2
    ) -> None:
        """Do the actions while workers work; then let the workers empty the queue."""
        todo = list(actions)[::-1]
        for _ in range(100_000):
            if todo and self.random.random() < 0.05:
                todo.pop()()
            elif len(self.workers) < workers and self.queue.waiting and self.random.random() < 0.3:
                self.start()
            elif self.workers:
                worker = self._next()
                if zombies and not worker.alone and self.random.random() < 0.01:
                    zombies -= 1
                    worker.alone = True
                    self.told.append(f"{worker.name} is taken for dead")
                    self.queue.back(worker.batch)
                    self.twice.update(message.id for message in worker.batch)
                    if self.random.random() < 0.5:
                        self.queue.waiting.extend(worker.batch[:1])  # and twice over
                self.step(worker)
            elif todo:
                todo.pop()()
            elif not self.queue.waiting:
                assert not self.queue.open, "a message was lost"
                return
        raise AssertionError("the workers never came to an end")

    # --- what must be true ---------------------------------------------------------------------

    def _check_document(self, key: str, data: bytes, before: bytes) -> None:
        if not key.startswith(paths.PUBLIC) or not data:
            return
        name = key.removeprefix(paths.PUBLIC)
        feed = paths.feed_of_document(name)
        if data != before and feed is not None and name in websub.topics_of_feed(feed, self.config):
            self.untold[name] = self.writer
        if key.endswith(".json"):
            assert json.loads(data)["version"]
        elif key.endswith(".xml"):
            etree.fromstring(data)

    def tree(self) -> dict[str, bytes]:
        """What the public can see."""
        return {
            key.removeprefix(paths.PUBLIC): object_.data
            for key, object_ in sorted(self.feeds.objects.items())
            if key.startswith(paths.PUBLIC)
        }

    def yardstick(self) -> dict[str, bytes]:
        """What one full build of the posts would write; feeds that were once there are empty."""
        store = MemoryStore()
        for key, object_ in self.posts.objects.items():
            store.put(key, object_.data)
        known = {path for key in self.feeds.objects if (path := path_of_manifest(key))}
        return build_documents(store, self.config, self.now, sorted(known))

    def check(self) -> None:
        """The public tree is the full build's, byte for byte, and subscribers know of it."""
        tree, yardstick = self.tree(), self.yardstick()
        wrong = [f"missing: {key}" for key in sorted(yardstick.keys() - tree.keys())]
        wrong += [f"left over: {key}" for key in sorted(tree.keys() - yardstick.keys())]
        left = {
            key.removeprefix(paths.PUBLIC)
            for key, write in self.left.items()
            if self.feeds.writes[key] == write
        }
        both = sorted((tree.keys() & yardstick.keys()) - left)
        wrong += [f"differs: {key}" for key in both if tree[key] != yardstick[key]]
        wrong += [f"nobody is told of: {name}" for name in sorted(self.untold)]
        assert not wrong, "\n".join([*self.told, *wrong])


def random_story(seed: int, publisher: Kind = Publisher, faults: int = 4) -> Story:
    """A whole story from a seed: some posts, what happens to them, and who handles it.

    Most are of a few posts, each of which ends a page of the index; some of many, in longer pages,
    short volumes of them, and documents that do not go into one batch.
    """
    random = Random(seed)
    large = random.random() < 0.2
    volume, batch = page_edit.PAGES_PER_LIST, document_writer.BATCH_BYTES
    if large:
        page_edit.PAGES_PER_LIST = random.choice([1, 2, volume])
        document_writer.BATCH_BYTES = random.choice([1, 5_000, batch])
    try:
        return _told(random, seed, publisher, faults, large)
    finally:
        page_edit.PAGES_PER_LIST, document_writer.BATCH_BYTES = volume, batch


def _told(random: Random, seed: int, publisher: Kind, faults: int, large: bool) -> Story:
    settings_ = settings(
        random.choice(["json", "json", "json", "atom json rss"]),
        random.choice([4, 4, 5, 6] if large else [2, 2, 3]),
        random.choice(["key", "key", "stem"]),
    )
    story = Story(seed, settings_, publisher)

    def post_text() -> bytes:
        kind = random.random()
        if kind < 0.08:
            return b"---\ntitle: broken\ndate: 2018-110-15\n---\n"
        if kind < 0.13:
            return text("T", "x", 1).replace(b"title: T", b"title: T\ndraft: true")
        tag = random.choice(["", "", "X", "Y"])
        day = random.choice([*range(1, 15 if large else 9), SOON, SOON + 1])
        made = text(random.choice("TUV"), random.choice(["x", "y", "[x, y]"]), day, tag)
        if random.random() < 0.1:  # the same moment, written otherwise
            return made.replace(b"10:00:00 +0000", b"12:00:00 +0200")
        return made

    keys = random.sample(KEYS, random.choice([1, 2, 3, 5]))
    keys += [f"{number}.md" for number in range(random.choice([8, 12]) if large else 0)]
    before: dict[str, list[bytes]] = {}

    def data_of(key: str) -> bytes:
        said = before.setdefault(key, [])
        # Back to what it was is what fools a version that is a hash of the content.
        data = random.choice(said) if said and random.random() < 0.5 else post_text()
        said.append(data)
        return data

    def action() -> Callable[[], None]:
        key = random.choice(keys)
        if random.random() < 0.25:
            return lambda: story.remove(key)
        data = data_of(key)
        return lambda: story.upload(key, data)

    def mend() -> None:
        for key, object_ in list(story.posts.objects.items()):
            if b"broken" in object_.data:
                story.upload(key, text("T", "y", 3))

    if large:
        for key in keys:
            story.upload(key, data_of(key))
        story.run([], workers=1, zombies=0)
        story.now += timedelta(hours=random.choice([0, 2]))  # then no name is in danger any more
    story.faults_left = random.randint(0, faults)
    story.sleepiness = random.choice([0, 0.02, 0.05, 0.1])
    actions = [action() for _ in range(random.randint(3, 12))]
    story.run([*actions, mend], workers=random.randint(1, 4), zombies=random.choice([0, 0, 1, 2]))
    story.wake(timedelta(days=30))
    story.run([])
    return story


@contextmanager
def remembering() -> Iterator[None]:
    """Remember what pure functions came to: stories repeat the same few posts and documents.

    By what is written, since values may be equal that are not written the same; and by the id of a
    configuration, which `settings` keeps.
    """
    known: dict[tuple[object, ...], Any] = {}
    encode = msgspec.json.encode

    def remembered(key: tuple[object, ...], make: Callable[[], Any]) -> Any:
        if key not in known:
            if len(known) > 10_000:
                known.clear()
            known[key] = make()
        return known[key]

    def read(key: str, data: bytes, modified: datetime, c: Config) -> ReadResult:
        when = modified.replace(microsecond=0)
        return remembered((key, data, when, id(c)), lambda: read_post(key, data, when, c))

    def fill(result: ReadResult, c: Config):
        return remembered((encode(result), id(c)), lambda: fill_entry(result, c))

    def current(path, entries, older, c):
        key = (path, encode(list(entries)), older, id(c))
        return iter(remembered(key, lambda: tuple(current_documents(path, entries, older, c))))

    def archive(path, page, entries, older, c):
        key = (path, page, encode(list(entries)), older, id(c))
        make = lambda: tuple(archive_documents(path, page, entries, older, c))  # noqa: E731
        return iter(remembered(key, make))

    with ExitStack() as patches:
        for name, function, modules in (
            ("read_post", read, (record_writer, scan)),
            ("fill_entry", fill, (record_writer, scan)),
            ("current_documents", current, (feed_documents,)),
            ("archive_documents", archive, (feed_documents,)),
        ):
            for module in modules:
                patches.enter_context(mock.patch.object(module, name, function))
        yield
