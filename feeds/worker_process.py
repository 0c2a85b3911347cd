"""A child process for risky work.

Send it one line, get one line back; if it crashes, the next request starts a new one. It knows
nothing of what is asked.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

EXIT_TIMEOUT = 5.0


class WorkerDiedError(Exception):
    """There is no answer; the message says how the process ended."""


class WorkerProcess:
    """A process that answers questions one by one, started when it is needed. Use it as a context.

    What it writes on its standard error goes to that of this process.
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

    def ask(self, question: str, seconds: float) -> str:
        """Return the answer to a question (a line). Raises DiedError where none came in time."""
        if seconds <= 0:
            raise WorkerDiedError("no time was left for it")
        process = self._process or self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(question.encode() + b"\n")
            process.stdin.flush()
            answer = _line(process.stdout.fileno(), time.monotonic() + seconds)
        except BrokenPipeError:
            answer = b""
        except TimeoutError:
            self._end(process, 0)
            raise WorkerDiedError(f"it took longer than {seconds:.1f} s, and was ended") from None
        if answer.endswith(b"\n"):
            return answer.decode().rstrip("\n")
        status = self._end(process, EXIT_TIMEOUT)
        how = f"signal {-status} killed it" if status < 0 else f"it ended with status {status}"
        raise WorkerDiedError(how)

    def _started(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(self._environment),
        )
        return self._process

    def _end(self, process: subprocess.Popen[bytes], patience: float) -> int:
        """Let the process end by itself, or end it when that takes too long; its exit status."""
        self._process = None
        with contextlib.suppress(BrokenPipeError):
            if process.stdin:
                process.stdin.close()
        try:
            status = process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        if process.stdout:
            process.stdout.close()
        return status


def _line(descriptor: int, end: float) -> bytes:
    """Read up to a line's end, or what there is when nothing more can come."""
    read = b""
    while not read.endswith(b"\n"):
        if not select.select([descriptor], [], [], max(end - time.monotonic(), 0))[0]:
            raise TimeoutError
        more = os.read(descriptor, 65536)
        if not more:
            break
        read += more
    return read


def answer_requests(answer: Callable[[str], str]) -> None:
    """Answer the questions on standard input, until there are no more.

    Whatever else the process prints goes to standard error meanwhile.
    """
    answers, sys.stdout = sys.stdout, sys.stderr
    for question in sys.stdin:
        said = answer(question)
        try:
            answers.write(said + "\n")
            answers.flush()
        except BrokenPipeError:  # who asked has died; its messages come again
            os._exit(1)
