"""The publisher's environment: clock, unique tokens, back-off after a conflict, threads."""

from __future__ import annotations

import os
import random
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, TypeVar

A = TypeVar("A")
B = TypeVar("B")

_FIRST_BACK_OFF = 0.05
_LONGEST_BACK_OFF = 2.0


class Runtime(Protocol):
    """The operations that a publisher needs besides stores. The simulator also implements them."""

    def now(self) -> datetime:
        """Return the current time, with its time zone."""

    def token(self) -> str:
        """Return a text that was never returned before and can be part of a file name."""

    def back_off(self, attempt: int) -> None:
        """Wait before the next attempt, longer each time; `attempt` counts from 0."""

    def map(self, work: Callable[[A], B], items: Sequence[A]) -> list[B]:
        """Call `work` for each item, possibly at once; return the results in the items' order."""

    def run_pair(self, first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
        """Call both functions, possibly at once; return both results."""


class ThreadedRuntime:
    """The runtime of a publisher in a process of its own.

    `threads` is the number of calls at once. A `map` inside a `map` uses another pool of threads,
    so that the outer threads never wait for the threads that they hold.
    """

    def __init__(self, threads: int = 32) -> None:
        self.threads = threads
        self._pools: dict[int, ThreadPoolExecutor] = {}
        self._lock = threading.Lock()
        self._depth = threading.local()

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC)

    def token(self) -> str:
        """Return 32 random hexadecimal digits."""
        return uuid.uuid4().hex

    def back_off(self, attempt: int) -> None:
        """Sleep for a random time; its mean doubles with each attempt, and it is at most 2 s.

        The time is random so that two workers in conflict do not meet again (full jitter).
        """
        time.sleep(random.uniform(0, min(_FIRST_BACK_OFF * 2**attempt, _LONGEST_BACK_OFF)))

    def map(self, work: Callable[[A], B], items: Sequence[A]) -> list[B]:
        """Call `work` in threads. After all calls have ended, raise the first error, if any."""
        if len(items) < 2 or self.threads < 2:
            return [work(item) for item in items]
        futures = [self._submit(partial(work, item)) for item in items]
        wait(futures)  # a call that still ran would go on beside the next attempt
        return [future.result() for future in futures]

    def run_pair(self, first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
        """Call both functions in threads. After both have ended, raise the first error, if any."""
        if self.threads < 2:
            return first(), second()
        first_future, second_future = self._submit(first), self._submit(second)
        wait((first_future,))
        wait((second_future,))
        return first_future.result(), second_future.result()

    def _submit(self, work: Callable[[], B]) -> Future[B]:
        depth = getattr(self._depth, "number", 0)
        with self._lock:
            if depth not in self._pools:
                self._pools[depth] = ThreadPoolExecutor(self.threads)
        return self._pools[depth].submit(self._run_at, depth + 1, work)

    def _run_at(self, depth: int, work: Callable[[], B]) -> B:
        self._depth.number = depth
        return work()


def cores() -> int:
    """The number of cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
