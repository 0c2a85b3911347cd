"""A small world in which publishers meet: a store that hands out turns, a queue, faults.

Every storage call is a step: the worker that makes it waits until the scheduler lets it go on, so a
seed decides who writes first, who crashes, whose reply is lost. The store answers as S3 does: an
ETag is the hash of the content, so the same bytes have the same version again.
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
    """The worker's process ends here; nothing may catch it."""


class Bucket:
    """Objects as S3 keeps them; `watch` sees every write: the key, its bytes, those before."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.watch: Callable[[str, bytes, bytes], None] = lambda _key, _data, _before: None
        self.clock = 0
        self.writes: Counter[str] = Counter()

    def put(self, key: str, data: bytes) -> str:
        self.clock += 1
        self.writes[key] += 1
        version = hashlib.md5(data).hexdigest()
        modified = START + timedelta(milliseconds=self.clock)
        before = self.objects.get(key)
        self.objects[key] = Object(data, Stat(key, version, len(data), modified))
        self.watch(key, data, before.data if before else b"")
        return version

    def matches(self, key: str, mode: PutMode) -> bool:
        there = self.objects.get(key)
        if isinstance(mode, Update):
            return there is not None and there.stat.version == mode.version
        return mode == "overwrite" or there is None


class Turns:
    """The store as one worker sees it: each call waits for its turn, and may meet a fault.

    `fault` says what becomes of a call: ``""``, ``before`` or ``after`` (the process ends there),
    ``500`` (nothing was done), ``lost`` (it was done, and then the SDK tried it again), ``409``,
    ``403``.
    """

    url = "sim:"
    is_remote = is_shared = False

    def __init__(self, bucket: Bucket, fault: Callable[[str, str], str]) -> None:
        self.bucket, self.fault = bucket, fault
        self.calls: list[tuple[str, str]] = []
        self.seen: dict[str, int] = {}
        # Objects written over a version that had been gone and come back, and which write that was.
        self.fooled: dict[str, int] = {}

    def _turn(self, call: str, key: str) -> str:
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
        self._end(self._turn("get", key))
        return self.bucket.objects.get(key)

    def head(self, key: str) -> Stat | None:
        self._end(self._turn("head", key))
        self.seen[key] = self.bucket.writes[key]
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
        fault = self._turn("put", key)
        if fault == "409" and mode != "overwrite":
            raise Conflict(f"{key}: 409")
        if not self.bucket.matches(key, mode):
            raise Conflict(f"{key}: 412")
        if mode != "overwrite" and self.seen.get(key, 0) != self.bucket.writes[key]:
            self.fooled[key] = self.bucket.writes[key] + 1
        new = self.bucket.put(key, data)
        self.seen[key] = self.bucket.writes[key]
        self._end(fault)
        if fault == "lost":
            # The SDK tries again: by now the condition may fail over what it wrote itself.
            self._end(self._turn("put again", key))
            if not self.bucket.matches(key, mode):
                raise Conflict(f"{key}: 412 after a lost reply")
            self.bucket.put(key, data)
        return new

    def delete(self, key: str) -> None:
        fault = self._turn("delete", key)
        if before := self.bucket.objects.pop(key, None):
            self.bucket.watch(key, b"", before.data)
        self._end(fault)

    def list(self, prefix: str = "") -> Iterator[Stat]:
        raise AssertionError("nothing on the path of an upload lists a bucket")

    @staticmethod
    def _end(fault: str) -> None:
        if fault == "after":
            raise Crash


class Clockwork:
    """A publisher's runtime: tokens in order, no waiting, one call at a time."""

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
    """Messages that are given out at least once, in any order, until somebody is done with them."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.waiting: deque[Message] = deque()
        self.open: dict[str, Message] = {}
        self.sent = 0

    def send(self, key: str) -> None:
        self.sent += 1
        message = Message(f"m{self.sent}", (key,), 0, ())
        self.open[message.id] = message
        self.waiting.append(message)

    def take(self, most: int) -> list[Message]:
        taken: list[Message] = []
        while self.waiting and len(taken) < most:
            at = self.random.randrange(len(self.waiting))
            message = self.waiting[at]
            del self.waiting[at]
            if message.id in self.open and all(message.id != other.id for other in taken):
                again = Message(message.id, message.keys, message.received + 1, ())
                taken.append(again)
        return taken

    def back(self, messages: Sequence[Message]) -> None:
        """They become visible again, unless somebody was done with them."""
        self.waiting.extend(m for m in messages if m.id in self.open)

    def done(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.open.pop(message.id, None)
