"""Runs real processes that publish at the same time; some crash, and their messages come again.

The parent plays the author and the queue: it changes posts in a bucket, and sends messages to the
workers over pipes. A worker is a process with the cloud function: it reads events and answers with
partial batch responses. Some workers are killed (SIGKILL) during a batch. Others become zombies:
they are stopped, other workers get their messages, and later they continue.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import IO

from msgspec import Struct, field

from feeds.stores.base import Store

ROOT = Path(__file__).parent.parent.parent
CATEGORIES = ("markets", "tea", "港股", "C++")
FOLDERS = ("", "2025/", "old/")
KINDS = {"edit": 8, "move of the file": 2, "delete": 4, "draft": 1}
"""The kinds of changes of an existing post, by weight. An edit may change the categories."""

WORKER = """
import faulthandler, json, sys
faulthandler.enable()
import handler
from feeds.aws.environment import shared_publisher
answers, sys.stdout = sys.stdout, sys.stderr
shared_publisher()
answers.write("ready\\n")
answers.flush()
for line in sys.stdin:
    try:
        answer = handler.publish(json.loads(line), None)
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    answers.write(json.dumps(answer) + "\\n")
    answers.flush()
"""


class Plan(Struct, frozen=True):
    """How many changes, posts, workers, kills and stops; spread evenly over the operations.

    `kinds` are the kinds of changes, by weight. A worker is killed or stopped at most `pause`
    seconds after it was seen at work. After as many `deliveries`, the queue throws a message away;
    0: never.
    """

    operations: int
    posts: int
    workers: int = 4
    kills: int = 3
    stops: int = 2
    batch: int = 5
    seed: int = 1
    kinds: dict[str, int] = field(default_factory=KINDS.copy)
    pause: float = 0.15
    deliveries: int = 0


class Outcome(Struct):
    """What happened. `calls` are storage calls by kind, without those of killed workers.

    `lost` are the messages that were thrown away.
    """

    seconds: float = 0
    done: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    batches: int = 0
    redelivered: int = 0
    kills: int = 0
    stops: int = 0
    conflicts: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    errors: list[str] = []
    lost: list[str] = []

    def __str__(self) -> str:
        done = ", ".join(f"{count} {kind}" for kind, count in sorted(self.done.items()))
        calls = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.calls.items()))
        return (
            f"{self.done.total():,} operations ({done}) in {self.seconds:.1f} s; "
            f"{self.batches:,} batches, {self.kills} workers killed, {self.stops} stopped, "
            f"{self.redelivered:,} of {self.messages:,} messages delivered again; "
            f"{self.conflicts:,} conflicts, {self.calls.total():,} calls: {calls}"
        )


class Worker:
    """One worker process. `batch` are the messages that it works on, in the order of the queue.

    It has a session of its own, so that its end is also the end of the processes that it started.
    """

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", WORKER],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        self.batch: list[str] = []
        self.busy = True  # until it writes "ready"
        self.stopped = 0.0  # when it continues; by then, others have its messages

    @property
    def out(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout

    def give(self, event: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(event).encode() + b"\n")
        self.process.stdin.flush()
        self.busy = True

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


class Run:
    """The parent: changes posts, delivers messages, kills and stops workers."""

    def __init__(self, plan: Plan, posts: Store, environment: dict[str, str], log: Path) -> None:
        self.plan, self.posts, self.log = plan, posts, log
        self.environment = {**os.environ, **environment}
        self.random = Random(plan.seed)
        self.outcome = Outcome()
        self.where: dict[str, str] = {}  # post -> its current key
        self.texts: dict[str, list[bytes]] = {}  # post -> every text that it has had
        self.waiting: deque[str] = deque()
        self.keys: dict[str, str] = {}  # message -> key
        self.received: Counter[str] = Counter()
        self.open: set[str] = set()
        self.selector = selectors.DefaultSelector()
        self.workers: list[Worker] = []

    def run(self) -> Outcome:
        """Carry out the plan, and wait until the queue is empty and every worker is idle."""
        plan, start = self.plan, time.monotonic()
        faults = [*["kill"] * plan.kills, *["stop"] * plan.stops]
        self.random.shuffle(faults)
        every = max(plan.operations // (len(faults) + 1), 1)
        fault_at = {(number + 1) * every: fault for number, fault in enumerate(faults)}
        try:
            for _ in range(plan.workers):
                self._start()
            for number in range(plan.operations):
                self._change_post()
                while len(self.waiting) > 3 * plan.workers * plan.batch:
                    self._poll(0.05)
                if number in fault_at:
                    self._strike(fault_at[number])
                self._poll(0)
            end = time.monotonic() + 120
            while self.open or any(worker.busy for worker in self.workers):
                assert time.monotonic() < end, f"the queue was never empty: {self.outcome}"
                self._poll(0.05)
        finally:
            for worker in self.workers:
                worker.end()
            self.selector.close()
        self.outcome.seconds = time.monotonic() - start
        self._read_log()
        return self.outcome

    # --- the author ----------------------------------------------------------------------------

    def _change_post(self) -> None:
        """Change one post."""
        name = f"post-{self.random.randrange(self.plan.posts):03}.md"
        key = self.where.get(name)
        kinds = self.plan.kinds
        kind = self.random.choices([*kinds], [*kinds.values()])[0] if key else "upload"
        self.outcome.done[kind] += 1
        if key is None:
            key = self.where[name] = self.random.choice(FOLDERS) + name
        if kind == "delete":
            del self.where[name]
            self._remove(key)
        elif kind == "move of the file":
            post = self.posts.get(key)
            assert post is not None
            other_keys = [folder + name for folder in FOLDERS if folder + name != key]
            self.where[name] = self.random.choice(other_keys)
            self._put(self.where[name], post.data)
            self._remove(key)
        else:
            self._put(key, self._text(name, kind))

    def _text(self, name: str, kind: str) -> bytes:
        texts = self.texts.setdefault(name, [])
        if texts and self.random.random() < 0.3:
            return self.random.choice(texts)  # A, B, A: a hash of the content misses it
        day, hour = self.random.randrange(1, 29), self.random.randrange(24)
        categories = ", ".join(self.random.sample(CATEGORIES, self.random.choice([1, 1, 2])))
        data = (
            f"---\ntitle: Title {self.random.randrange(1000)}\n"
            f"date: 2025-{day % 12 + 1:02}-{day:02} {hour:02}:00:00 +0800\n"
            f"categories: [{categories}]\ndraft: {'true' if kind == 'draft' else 'false'}\n"
            f"---\nText of {name}.\n"
        ).encode()
        texts.append(data)
        return data

    def _put(self, key: str, data: bytes) -> None:
        self.posts.put(key, data)
        self._send(key)

    def _remove(self, key: str) -> None:
        self.posts.delete(key)
        self._send(key)

    # --- the queue -----------------------------------------------------------------------------

    def _send(self, key: str) -> None:
        for _ in range(2 if self.random.random() < 0.05 else 1):  # at least once
            self.outcome.messages += 1
            message = f"m{self.outcome.messages}"
            self.keys[message] = key
            self.open.add(message)
            self.waiting.append(message)

    def _take(self) -> list[str]:
        """Take some messages from the queue, in random order."""
        taken: list[str] = []
        most = self.random.randint(1, self.plan.batch)
        while self.waiting and len(taken) < most:
            at = self.random.randrange(min(len(self.waiting), 20))
            message = self.waiting[at]
            del self.waiting[at]
            if message in self.open and message not in taken:
                self.received[message] += 1
                self.outcome.redelivered += self.received[message] > 1
                taken.append(message)
        return taken

    def _event(self, batch: Sequence[str]) -> dict[str, object]:
        return {
            "Records": [
                {
                    "messageId": message,
                    "eventSource": "aws:sqs",
                    "body": json.dumps({"keys": [self.keys[message]]}),
                    "attributes": {"ApproximateReceiveCount": str(self.received[message])},
                }
                for message in batch
            ]
        }

    def _requeue(self, batch: Sequence[str]) -> None:
        """Put messages back into the queue; throw away those with too many deliveries."""
        for message in batch:
            if message not in self.open:
                continue
            if self.plan.deliveries and self.received[message] >= self.plan.deliveries:
                self.open.remove(message)
                self.outcome.lost.append(message)
            else:
                self.waiting.append(message)

    # --- the workers ---------------------------------------------------------------------------

    def _start(self) -> None:
        worker = Worker(self.environment, self.log)
        self.workers.append(worker)
        self.selector.register(worker.out, selectors.EVENT_READ, worker)

    def _strike(self, fault: str) -> None:
        """Kill a worker during a batch, or stop it; put its messages back into the queue."""
        end = time.monotonic() + 10
        while not (busy := [w for w in self.workers if w.batch and not w.stopped]):
            assert time.monotonic() < end, "no worker has a batch"
            self._poll(0.01)
        time.sleep(self.random.uniform(0, self.plan.pause))
        worker = self.random.choice(busy)
        self._requeue(worker.batch)
        if fault == "stop":
            self.outcome.stops += 1
            worker.process.send_signal(signal.SIGSTOP)
            worker.stopped = time.monotonic() + self.random.uniform(0.3, 2)
        else:
            self.outcome.kills += 1
            self._remove_worker(worker)
            self._start()

    def _remove_worker(self, worker: Worker) -> None:
        self.selector.unregister(worker.out)
        self.workers.remove(worker)
        worker.end()

    def _poll(self, seconds: float) -> None:
        """Read the answers of workers, continue stopped ones, and give batches to idle ones."""
        for worker in self.workers:
            if worker.stopped and time.monotonic() > worker.stopped:
                worker.process.send_signal(signal.SIGCONT)
        for key, _ in self.selector.select(seconds):
            self._read_answer(key.data)
        for worker in self.workers:
            if not worker.busy and (batch := self._take()):
                worker.batch = batch
                worker.give(self._event(batch))

    def _read_answer(self, worker: Worker) -> None:
        line = worker.out.readline()
        if not line:
            self.outcome.errors.append(f"a worker ended with {worker.process.wait()}")
            self._requeue(worker.batch)
            self._remove_worker(worker)
            self._start()
            return
        worker.busy = False
        if worker.stopped:  # it had answered before it was stopped
            worker.process.send_signal(signal.SIGCONT)
        if line != b"ready\n":
            self.outcome.batches += 1
            answer = json.loads(line)
            if "error" in answer:
                self.outcome.errors.append(answer["error"])
                failed = {*worker.batch}
            else:
                failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            self.open.difference_update({*worker.batch} - failed)
            if not worker.stopped:
                self._requeue(sorted(failed))
        worker.batch, worker.stopped = [], 0.0

    def _read_log(self) -> None:
        for text in self.log.read_text().splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                self.outcome.errors.append(text)
                continue
            if line["event"] == "batch":
                self.outcome.conflicts += line["conflicts"]
                self.outcome.calls.update(line["calls"])
            elif line["event"] == "error":
                self.outcome.errors.append(str(line["what"]))
