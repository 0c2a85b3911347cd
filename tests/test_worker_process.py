"""A worker process answers requests, and its crashes become errors."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from feeds.worker_process import WorkerDied, WorkerProcess

ROOT = Path(__file__).parent.parent


def run_worker(code: str) -> WorkerProcess:
    return WorkerProcess([sys.executable, "-c", code], {**os.environ, "PYTHONPATH": str(ROOT)})


ECHO = """
import os, sys
from feeds.worker_process import serve_requests
def respond(request):
    print("a note, not a response")
    if request.startswith("die"): os.kill(os.getpid(), int(request.split()[1]))
    if request.startswith("exit"): os._exit(3)
    return f"{os.getpid()} {len(request)}"
serve_requests(respond)
"""


def test_after_a_crash_the_next_request_starts_a_new_process(capfd):
    with run_worker(ECHO) as process:
        first_pid, length = process.request("x" * 200_000, 20).split()
        assert length == "200001"  # the line and its end
        assert process.request("a", 20).split()[0] == first_pid
        with pytest.raises(WorkerDied, match="signal 9 killed it"):
            process.request("die 9", 20)
        assert process.request("a", 20).split()[0] != first_pid
        with pytest.raises(WorkerDied, match="it exited with status 3"):
            process.request("exit", 20)
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("a note, not a response") == 5


def test_a_process_that_does_not_respond_is_killed_after_the_timeout():
    with (
        run_worker("import time; time.sleep(60)") as process,
        pytest.raises(WorkerDied, match=r"longer than 0\.2 s"),
    ):
        process.request("a", 0.2)


def test_a_process_that_exits_at_once_raises_worker_died():
    with run_worker("raise SystemExit(4)") as process:
        with pytest.raises(WorkerDied, match="status 4"):
            process.request("a", 20)
        with pytest.raises(WorkerDied, match="status 4"):
            process.request("x" * 1_000_000, 20)
