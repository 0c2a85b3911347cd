"""Runs tasks in worker processes and yields their results in order. Ctrl+C ends the workers."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, TypeVar

_WAIT_SECONDS = 0.2
"""How long Ctrl+C waits at most while this process waits for a worker."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Workers:
    """At most `jobs` worker processes, which call `start(*arguments)` when they start.

    They are forks of this process, which is fast, if `may_fork` and the system allow it.
    """

    def __init__(
        self,
        jobs: int,
        start: Callable[..., None],
        arguments: tuple[Any, ...],
        *,
        may_fork: bool,
    ) -> None:
        self._jobs, self._start, self._arguments = jobs, start, arguments
        self._may_fork = may_fork
        self._pool: Executor | None = None

    def map(
        self, task: Callable[[Item], Result], items: Iterable[Item], count: int
    ) -> Iterator[Result]:
        """Yield the result of `task` for each of `count` items, in order.

        Few items are taken before they are needed, and few results wait to be taken.
        """
        if self._pool is None:
            self._pool = self._started(min(self._jobs, count))
        futures: deque[Future[Result]] = deque()
        for item in items:
            with _interrupts_blocked():
                futures.append(self._pool.submit(task, item))
            while len(futures) > 2 * self._jobs:
                yield _result(futures.popleft())
        while futures:
            yield _result(futures.popleft())

    def close(self) -> None:
        """End the workers."""
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def _started(self, processes: int) -> Executor:
        # A fork has copies of the locks that other threads hold, without the threads.
        fork = self._may_fork and sys.platform == "linux" and threading.active_count() == 1
        return ProcessPoolExecutor(
            processes,
            mp_context=multiprocessing.get_context("fork" if fork else "spawn"),
            initializer=self._start,
            initargs=self._arguments,
        )


def _result(future: Future[Result]) -> Result:
    """Wait for the result of a future.

    Ctrl+C raises its exception between two waits, never in one: there, it could leave the lock of
    the future held, and the thread that ends the workers would wait for that lock for ever.
    """
    while True:
        with _interrupts_blocked():
            if wait([future], _WAIT_SECONDS).done:
                return future.result()


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Block Ctrl+C, which comes as soon as the block ends.

    Worker processes that start in the block inherit this, so they ignore Ctrl+C. It then stops
    this process only, and this process ends its workers.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    previous_mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous_mask)
