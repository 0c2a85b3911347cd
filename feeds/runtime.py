"""The publisher's environment: clock, unique tokens, back-off after a conflict, threads."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from typing import Protocol, TypeVar

A = TypeVar("A")
B = TypeVar("B")

_LONGEST_PAUSE = 2.0


class Runtime(Protocol):
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


class ThreadedRuntime:
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
