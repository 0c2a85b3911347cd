"""Runs the packaged function on this machine as Lambda does, with AWS's own runtime client.

The client (awslambdaric) gets events from a server and posts its answers there, as in the cloud:
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. Only the package and the client are
on its import path.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import itertools
import json
import os
import queue
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.shared import once

from feeds.errors import FeedsError
from infra.package import MACHINES, RUNTIME, make_zip, runtime_python, uv

ROOT = Path(__file__).parent.parent.parent
MACHINE = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}.get(os.uname().machine, "")
_CLIENT = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")


class DiedError(Exception):
    """The function's process ended before it answered."""


class Function:
    """A function of a package in a process of its own. It starts with the first event."""

    def __init__(self, name: str, task: Path, client: Path, environment: Mapping[str, str]) -> None:
        self._answers: queue.Queue[Any] = queue.Queue()
        self._numbers = itertools.count()
        self.timeout = 60.0
        self.ready = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self._name, self._task = name, task
        self.environment = {
            "PATH": os.environ["PATH"],
            "LANG": "en_US.UTF-8",
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": name.partition(".")[2],
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "LAMBDA_TASK_ROOT": str(task),
            "_HANDLER": name,
            "PYTHONPATH": str(client),
            "PYTHONDONTWRITEBYTECODE": "1",  # as in Lambda, where the package is read-only
            **environment,
        }
        self.log = ""
        self.start()

    def start(self) -> None:
        """Start the process, and the measurement of the time until it asks for an event."""
        self.ready.clear()
        # A request of the last process may still wait in the old queue, and must not take events.
        self._events: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            [interpreter()[0], "-s", "-m", "awslambdaric", self._name],
            cwd=self._task,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.log += line.decode(errors="replace")

    def ask(self, event: Any) -> Any:
        """Return the function's answer to an event. Raises DiedError if the process ends first."""
        self._events.put((f"request-{next(self._numbers)}", json.dumps(event).encode()))
        while True:
            try:
                return self._answers.get(timeout=0.1)
            except queue.Empty:
                if self.process.poll() is not None:
                    self._reader.join(5)
                    raise DiedError(self.log[-2000:]) from None

    def measured(self) -> float:
        """End the process when it asks for an event; return the seconds from its start to then."""
        try:
            while not self.ready.wait(0.001):
                if self.process.poll() is not None:
                    raise DiedError(self.log)
            return time.perf_counter() - self.began
        finally:
            self.close()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._server.shutdown()
        self._server.server_close()

    def _handler(function: Function) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Api(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_GET(self) -> None:
                function.ready.set()
                number, body = function._events.get()
                deadline = int((time.time() + function.timeout) * 1000)
                headers = {
                    "Lambda-Runtime-Aws-Request-Id": number,
                    "Lambda-Runtime-Deadline-Ms": str(deadline),
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:::function",
                    "Content-Type": "application/json",
                    "Content-Length": str(len(body)),
                }
                self.send_response_only(200)
                for name, value in headers.items():
                    self.send_header(name, value)
                with contextlib.suppress(OSError):  # the process may have died just now
                    self.end_headers()
                    self.wfile.write(body)
                    self.wfile.flush()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response_only(202)
                self.send_header("Content-Length", "0")
                self.end_headers()
                answer = json.loads(body) if body else None
                if not self.path.endswith("/response"):
                    answer = {"error": answer}
                function._answers.put(answer)

            def log_message(self, *_: object) -> None:
                pass

        return Api


@cache
def interpreter() -> tuple[str, tuple[int, int]]:
    """The Python to run functions on, and its version: the runtime's, or else this one.

    It is not one of a virtual environment, which has other packages.
    """
    here = getattr(sys, "_base_executable", "") or sys.executable
    try:
        python = str(runtime_python())
    except FeedsError:
        return here, sys.version_info[:2]
    return (here if python == sys.executable else python), RUNTIME


@pytest.fixture(scope="session")
def function_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The function's zip for this machine and the Python of `interpreter`."""
    if sys.platform != "linux" or MACHINE not in MACHINES:
        pytest.skip("the package is for Linux on x86-64 or arm64")
    config = ROOT / "examples" / "news" / "feeds.toml"

    def make(target: Path) -> None:
        try:
            make_zip(target, config, MACHINE, interpreter()[1])
        except FeedsError as error:
            pytest.skip(f"no package could be made here: {error}")

    return once(tmp_path_factory, "function.zip", make)


@pytest.fixture(scope="session")
def task(function_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the unpacked package."""
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(function_zip) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def runtime_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Lambda's runtime client and its dependencies, and no other package."""
    folder = tmp_path_factory.mktemp("client")
    if not put_client(folder):
        pytest.skip("there is no awslambdaric here: pip install awslambdaric")
    return folder


def put_client(folder: Path) -> bool:
    """Put the runtime client into a folder. Returns whether that was possible."""
    if interpreter()[1] != sys.version_info[:2]:
        return _fetch_client(folder)
    for name in _CLIENT:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            return False
        origin = Path(spec.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        (folder / source.name).symlink_to(source)
    return True


def _fetch_client(folder: Path) -> bool:
    """Fetch the same version of the client as this Python has, for another Python."""
    version = ".".join(map(str, interpreter()[1]))
    options = ["--python-platform", MACHINES[MACHINE], "--python-version", version]
    options += ["--only-binary", ":all:", "--target", str(folder)]
    try:
        client = importlib.metadata.version("awslambdaric")
        uv("pip", "install", "--quiet", *options, f"awslambdaric=={client}")
    except (FeedsError, importlib.metadata.PackageNotFoundError):
        return False
    return True


@contextlib.contextmanager
def running(name: str, task: Path, client: Path, **environment: str) -> Iterator[Function]:
    """Run a function (``handler.publish``) until the end of the context."""
    function = Function(name, task, client, environment)
    try:
        yield function
    finally:
        function.close()
