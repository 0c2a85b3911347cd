"""What the simulator has in place of the cloud: a store that is stepped, a runtime, a queue.

Every storage call is a step: the worker that makes it waits until the scheduler resumes it. So a
seed decides which worker writes first, which one crashes, whose reply is lost. The store answers
as S3 does: an ETag is the hash of the content, so the same bytes have the same version again.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import greenlet

from feeds.errors import Conflict, Denied, Unavailable
from feeds.publishing.message import Message
from feeds.stores.base import Object, PutMode, Stat, Update

START = datetime(2026, 1, 1, tzinfo=UTC)


class Crash(BaseException):
    """The process of the worker ends here; no code may catch this."""


class Bucket:
    """The objects of a bucket, with versions as S3 makes them."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.on_write: Callable[[str, bytes, bytes], None] = lambda _key, _data, _before: None
        """Called for each write and deletion with the key, the new bytes and the old bytes."""
        self.clock = 0
        self.time = START
        self.writes: Counter[str] = Counter()
        """How often each key was written."""
        self.history: dict[str, list[bytes]] = {}
        """All versions of each object, the oldest first."""

    def put(self, key: str, data: bytes) -> str:
        """Write an object; return its version."""
        self.clock += 1
        self.writes[key] += 1
        version = hashlib.md5(data).hexdigest()
        self.history.setdefault(key, []).append(data)
        modified = self.time + timedelta(milliseconds=self.clock)
        before = self.objects.get(key)
        self.objects[key] = Object(data, Stat(key, version, len(data), modified))
        self.on_write(key, data, before.data if before else b"")
        return version

    def matches(self, key: str, mode: PutMode) -> bool:
        """Return whether a write with this mode would succeed."""
        there = self.objects.get(key)
        if isinstance(mode, Update):
            return there is not None and there.stat.version == mode.version
        return mode == "overwrite" or there is None


class SteppedStore:
    """A bucket as one worker sees it: each call waits for its turn, and may meet a fault.

    `fault` says what happens to a call:

    ``""``      nothing
    ``before``  the process ends before the call
    ``after``   the process ends after the call
    ``500``     nothing is done, and the call fails
    ``lost``    the call is done, the reply is lost, and the SDK repeats the call
    ``409``     a conditional write is refused, although the version is right
    ``403``     the object may not be read
    """

    url = "sim:"
    is_remote = is_shared = False

    def __init__(self, bucket: Bucket, fault: Callable[[str, str], str]) -> None:
        self.bucket, self.fault = bucket, fault
        self.calls: list[tuple[str, str]] = []
        self.seen_writes: dict[str, int] = {}
        """For each key: how often it was written when this worker saw its version last."""
        self.aba_writes: dict[str, int] = {}
        """For each key that this worker wrote over a version that had gone and come back
        (A -> B -> A): the number of that write of the key."""

    def _wait_for_turn(self, call: str, key: str) -> str:
        self.calls.append((call, key))
        parent = greenlet.getcurrent().parent
        assert parent is not None
        parent.switch()
        fault = self.fault(call, key)
        if fault == "before":
            raise Crash
        if fault == "500":
            raise Unavailable(f"{call} {key}: 500")
        if fault == "403":
            raise Denied(f"{call} {key}: 403")
        return fault

    def get(self, key: str, limit: int | None = None) -> Object | None:
        self._crash_after(self._wait_for_turn("get", key))
        return self.bucket.objects.get(key)

    def get_start(self, key: str, size: int) -> bytes | None:
        there = self.get(key)
        return there.data[:size] if there else None

    def head(self, key: str) -> Stat | None:
        self._crash_after(self._wait_for_turn("head", key))
        self.seen_writes[key] = self.bucket.writes[key]
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
        fault = self._wait_for_turn("put", key)
        if fault == "409" and mode != "overwrite":
            raise Conflict(f"{key}: 409")
        if not self.bucket.matches(key, mode):
            raise Conflict(f"{key}: 412")
        if mode != "overwrite" and self.seen_writes.get(key, 0) != self.bucket.writes[key]:
            self.aba_writes[key] = self.bucket.writes[key] + 1
        new = self.bucket.put(key, data)
        self.seen_writes[key] = self.bucket.writes[key]
        self._crash_after(fault)
        if fault == "lost":
            # The SDK repeats the call: its condition may fail because of its own first write.
            self._crash_after(self._wait_for_turn("put again", key))
            if not self.bucket.matches(key, mode):
                raise Conflict(f"{key}: 412 after a lost reply")
            self.bucket.put(key, data)
        return new

    def delete(self, key: str) -> None:
        fault = self._wait_for_turn("delete", key)
        if before := self.bucket.objects.pop(key, None):
            self.bucket.on_write(key, b"", before.data)
        self._crash_after(fault)

    def list(self, prefix: str = "") -> Iterator[Stat]:
        raise AssertionError("publishing an upload must not list a bucket")

    @staticmethod
    def _crash_after(fault: str) -> None:
        if fault == "after":
            raise Crash


class SimulatedRuntime:
    """The runtime of a simulated publisher: counted tokens, no waiting, one call at a time."""

    def __init__(self, name: str, now: Callable[[], datetime]) -> None:
        self.name, self.now, self.tokens = name, now, 0

    def token(self) -> str:
        self.tokens += 1
        return f"{self.name}-{self.tokens}"

    def back_off(self, attempt: int) -> None:
        return

    def map(self, work: Callable, items: Sequence) -> list:
        return [work(item) for item in items]

    def run_pair(self, first: Callable, second: Callable) -> tuple:
        return first(), second()


class Queue:
    """A queue that delivers messages at least once, in any order, until they are deleted."""

    def __init__(self, random: Random, most_deliveries: int | None = None) -> None:
        self.random, self.most_deliveries = random, most_deliveries
        self.visible: deque[Message] = deque()
        """The messages to deliver; some may be in it twice."""
        self.unfinished: dict[str, Message] = {}
        """The messages that are not deleted, by id."""
        self.dead_letters: list[Message] = []
        """The messages that were given up."""
        self.sent = 0

    def send(self, key: str) -> None:
        """Add a message for a post."""
        self.sent += 1
        message = Message(f"m{self.sent}", (key,), 0, ())
        self.unfinished[message.id] = message
        self.visible.append(message)

    def receive(self, most: int) -> list[Message]:
        """Deliver at most `most` messages."""
        batch: list[Message] = []
        while self.visible and len(batch) < most:
            at = self.random.randrange(len(self.visible))
            message = self.visible[at]
            del self.visible[at]
            if message.id in self.unfinished and all(message.id != other.id for other in batch):
                batch.append(Message(message.id, message.keys, message.received + 1, ()))
        return batch

    def release(self, messages: Sequence[Message]) -> None:
        """Make messages visible again, except those that are deleted.

        A message that was delivered `most_deliveries` times is given up.
        """
        if self.most_deliveries is not None:
            given_up = [m for m in messages if m.received >= self.most_deliveries]
            self.dead_letters += [m for m in given_up if m.id in self.unfinished]
            self.delete(given_up)
        self.visible.extend(m for m in messages if m.id in self.unfinished)

    def delete(self, messages: Sequence[Message]) -> None:
        """Delete messages: their work is done."""
        for message in messages:
            self.unfinished.pop(message.id, None)
