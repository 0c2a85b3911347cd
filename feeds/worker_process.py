"""Child processes. `WorkerProcess`, for risky work: send it one line, get one line back.

If that process crashes, the next request starts a new one. The requests can be any text.
`ProcessPool`, for many equal tasks: each of its processes has values of its own, such as a store.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

EXIT_TIMEOUT = 5.0
"""Seconds that the process may take to exit after its standard input is closed."""


_WAIT_SECONDS = 0.2
"""How long Ctrl+C waits at most while this process waits for a worker."""

T = TypeVar("T")
A = TypeVar("A")


class WorkerDied(Exception):  # noqa: N818
    """There is no response; the message says how the process ended."""


class WorkerProcess:
    """A process that answers requests one by one, started at the first request.

    Use it as a context manager: leaving the context ends the process. Its standard error goes to
    the standard error of this process.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command, self._environment = command, environment
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process:
            self._end(self._process, EXIT_TIMEOUT)

    def request(self, line: str, timeout: float) -> str:
        """Return the response to a request (a line), or raise WorkerDied.

        Kills the process if the response takes longer than `timeout` seconds.
        """
        if timeout <= 0:
            raise WorkerDied("no time was left for it")
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(line.encode() + b"\n")
            process.stdin.flush()
            response = _read_line(process.stdout.fileno(), time.monotonic() + timeout)
        except BrokenPipeError:
            response = b""
        except TimeoutError:
            self._end(process, 0)
            raise WorkerDied(f"it took longer than {timeout:.1f} s and was killed") from None
        if response.endswith(b"\n"):
            return response.decode().rstrip("\n")
        status = self._end(process, EXIT_TIMEOUT)
        reason = f"signal {-status} killed it" if status < 0 else f"it exited with status {status}"
        raise WorkerDied(reason)

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(self._environment),
        )
        return self._process

    def _end(self, process: subprocess.Popen[bytes], timeout: float) -> int:
        """Let the process exit, or kill it after `timeout` seconds; return its exit status."""
        self._process = None
        with contextlib.suppress(BrokenPipeError):
            if process.stdin:
                process.stdin.close()
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        if process.stdout:
            process.stdout.close()
        return status


def _read_line(descriptor: int, deadline: float) -> bytes:
    """Return a line with its end, or what comes before the end of the file.

    Raises TimeoutError if the line is not complete at `deadline` (time.monotonic).
    """
    data = b""
    while not data.endswith(b"\n"):
        if not select.select([descriptor], [], [], max(deadline - time.monotonic(), 0))[0]:
            raise TimeoutError
        chunk = os.read(descriptor, 65536)
        if not chunk:
            break
        data += chunk
    return data


def serve_requests(respond: Callable[[str], str]) -> None:
    """Answer each line on standard input by a line on standard output, until the input ends.

    Everything else that the process prints goes to standard error.
    """
    responses, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        response = respond(line)
        try:
            responses.write(response + "\n")
            responses.flush()
        except BrokenPipeError:  # the parent process died; its messages are delivered again
            os._exit(1)


# --- many equal tasks -----------------------------------------------------------------------------


class ProcessPool:
    """A number of worker processes, started at the first task. Use it as a context.

    `start` is called with `arguments` in each worker before its first task. The workers are forks
    of this process, which is fast, if `may_fork` and the system allow it.
    """

    def __init__(
        self,
        processes: int,
        start: Callable[..., None],
        arguments: tuple[Any, ...],
        *,
        may_fork: bool = True,
    ) -> None:
        import multiprocessing  # for the cold start of the cloud function, which has no pool
        from concurrent.futures import ProcessPoolExecutor

        self.processes = processes
        # A fork has copies of the locks that other threads hold, without the threads.
        fork = may_fork and sys.platform == "linux" and threading.active_count() == 1
        self._pool = ProcessPoolExecutor(
            processes,
            mp_context=multiprocessing.get_context("fork" if fork else "spawn"),
            initializer=start,
            initargs=arguments,
        )

    def __enter__(self) -> ProcessPool:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.kill()
        self.close()

    def kill(self) -> None:
        """End the workers now, in the middle of their tasks."""
        processes: Mapping[int, BaseProcess] = getattr(self._pool, "_processes", None) or {}
        for process in list(processes.values()):
            process.terminate()

    def close(self) -> None:
        """End the workers; tasks that have not begun are dropped."""
        self._pool.shutdown(cancel_futures=True)

    def map(
        self, task: Callable[[A], T], items: Iterable[A], most_waiting: int | None = None
    ) -> Iterator[T]:
        """Yield the result of `task` for each item, in order.

        At most `most_waiting` items wait or have a result that was not taken; None: any number.
        """
        futures: deque[Future[T]] = deque()
        for item in items:
            with interrupts_blocked():
                futures.append(self._pool.submit(task, item))
            while most_waiting is not None and len(futures) >= most_waiting:
                yield _result(futures.popleft())
        while futures:
            yield _result(futures.popleft())


def _result(future: Future[T]) -> T:
    """Wait for the result of a future.

    Ctrl+C raises its exception between two waits, never in one: there, it could leave the lock of
    the future held, and the thread that ends the workers would wait for that lock for ever.
    """
    while True:
        with interrupts_blocked():
            if wait([future], _WAIT_SECONDS).done:
                return future.result()


@contextmanager
def interrupts_blocked() -> Iterator[None]:
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
