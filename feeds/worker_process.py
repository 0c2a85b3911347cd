"""A child process for risky work: send it one line, get one line back.

If the process crashes, the next request starts a new one. The requests can be any text.
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
"""Seconds that the process may take to exit after its standard input is closed."""


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
