"""Owns what a publisher has around it: clock, names, patience, threads; and counts its calls."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from feeds.store import Object, Stat, Store

A = TypeVar("A")
B = TypeVar("B")

_LONGEST_PAUSE = 2.0


class World(Protocol):
    """What a publisher needs besides the stores; tests give it another one."""

    def now(self) -> datetime:
        """The time, aware."""

    def token(self) -> str:
        """A text that was never used before, fit for a file name."""

    def pause(self, attempt: int) -> None:
        """Wait a little, longer with each attempt, so that rivals do not meet again."""

    def each(self, work: Callable[[A], B], items: Sequence[A]) -> list[B]:
        """Do `work` for all items, at once or one after another; results in their order."""

    def both(self, one: Callable[[], A], other: Callable[[], B]) -> tuple[A, B]:
        """Do two things, at once or one after the other."""


class RealWorld:
    """The world of a publisher in a process of its own.

    `threads` is how much is done at once; work inside work gets threads of its own, so that no
    level waits for the one that waits for it.
    """

    def __init__(self, threads: int = 32) -> None:
        self.threads = threads
        self._pools: dict[int, ThreadPoolExecutor] = {}
        self._lock = threading.Lock()
        self._level = threading.local()

    def now(self) -> datetime:
        """The time in UTC."""
        return datetime.now(UTC)

    def token(self) -> str:
        """32 hexadecimal digits that nobody had before."""
        return uuid.uuid4().hex

    def pause(self, attempt: int) -> None:
        """Sleep for a random time, on average twice as long with each attempt, at most 2 s."""
        time.sleep(random.uniform(0, min(0.05 * 2**attempt, _LONGEST_PAUSE)))

    def each(self, work: Callable[[A], B], items: Sequence[A]) -> list[B]:
        """Do the work in threads; the first error is raised when all are done."""
        if len(items) < 2 or self.threads < 2:
            return [work(item) for item in items]
        level = getattr(self._level, "number", 0)

        def inside(item: A) -> B:
            self._level.number = level + 1
            return work(item)

        with self._lock:
            pool = self._pools.setdefault(level, ThreadPoolExecutor(self.threads))
        futures = [pool.submit(inside, item) for item in items]
        wait(futures)  # work that still ran would go on beside the next attempt
        return [future.result() for future in futures]

    def both(self, one: Callable[[], A], other: Callable[[], B]) -> tuple[A, B]:
        """Do them in threads; an error is raised when both are done."""
        first: list[A] = []
        second: list[B] = []
        works: list[Callable[[], None]] = [
            lambda: first.append(one()),
            lambda: second.append(other()),
        ]
        self.each(lambda work: work(), works)
        return first[0], second[0]


class Counted:
    """A store that counts its calls by name, in `calls`."""

    def __init__(self, store: Store) -> None:
        self.store, self.url = store, store.url
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def _count(self, call: str) -> None:
        with self._lock:
            self.calls[call] += 1

    def get(self, key: str, limit: int | None = None) -> Object | None:
        """Read an object (Store.get)."""
        self._count("get")
        return self.store.get(key, limit)

    def head(self, key: str) -> Stat | None:
        """Say what an object is (Store.head)."""
        self._count("head")
        return self.store.head(key)

    def put(
        self,
        key: str,
        data: bytes,
        *,
        version: str | None = None,
        media_type: str = "application/octet-stream",
        cache_control: str = "",
    ) -> str:
        """Write an object (Store.put)."""
        self._count("put")
        return self.store.put(
            key, data, version=version, media_type=media_type, cache_control=cache_control
        )

    def delete(self, key: str) -> None:
        """Remove an object (Store.delete)."""
        self._count("delete")
        self.store.delete(key)

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Yield objects (Store.list)."""
        self._count("list")
        return self.store.list(prefix)
