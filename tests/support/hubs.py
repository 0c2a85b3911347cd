"""WebSub hubs on this machine, a site that has hubs, and a queue for its pings.

The program pings https addresses only: a transport sends the requests to the local servers.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest
from requests.adapters import HTTPAdapter
from support.servers import ACCESS_KEY, SECRET_KEY

from feeds.config_file.parse import parse_config

HUB = "https://hub.example.com/publish"
OTHER = "https://other.example.net/"
TOML = f"""
[site]
title = "Example News"
url = "https://news.example.com/"
[feeds]
url = "https://feeds.example.com/"
formats = ["atom", "json"]
hubs = ["{HUB}", "{OTHER}"]
"""
CONFIG = parse_config(TOML)
TOPIC = "https://feeds.example.com/atom.xml"

Response = Callable[[socket.socket], None]
"""Responds to a request on a connection."""


class Hub:
    """A hub on this machine: it keeps the requests, and responds as `respond` does."""

    def __init__(self, respond: Response) -> None:
        self.forms: list[dict[str, str]] = []
        """The forms of the requests."""
        self.heads: list[bytes] = []
        """The request lines and headers."""
        self.respond = respond
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.closed = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(65536)
            head, _, body = request.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            while len(body) < length:
                body += connection.recv(65536)
            self.heads.append(head)
            self.forms.append(dict(parse_qsl(body.decode())))
            self.respond(connection)
        self.closed.set()


def answers(status: str, *headers: str) -> Response:
    """Respond with a status and no body."""

    def respond(connection: socket.socket) -> None:
        lines = [f"HTTP/1.1 {status}", *headers, "Content-Length: 0", "Connection: close", "", ""]
        connection.sendall("\r\n".join(lines).encode())

    return respond


def streams_without_end(status: str, *headers: str) -> Response:
    """Respond with a body that does not end."""

    def respond(connection: socket.socket) -> None:
        lines = [f"HTTP/1.1 {status}", *headers, "Content-Type: text/plain", "", ""]
        connection.sendall("\r\n".join(lines).encode())
        while True:
            connection.sendall(b"x" * 65536)

    return respond


def drips(connection: socket.socket) -> None:
    """Send a header byte by byte, without end."""
    connection.sendall(b"HTTP/1.1 204 No Content\r\nX-Slow: ")
    while True:
        time.sleep(0.05)
        connection.sendall(b"x")


def is_silent(_: socket.socket) -> None:
    """Send nothing."""
    time.sleep(30)


class LocalTransport(HTTPAdapter):
    """Sends requests for https hubs to local servers, by host; another host is an error."""

    def __init__(self, **ports: int) -> None:
        super().__init__()
        self.ports = {name.replace("_", "."): port for name, port in ports.items()}

    def send(self, request: Any, *arguments: Any, **options: Any) -> Any:
        parts = urlsplit(request.url)
        assert parts.scheme == "https"
        request.url = f"http://127.0.0.1:{self.ports[parts.hostname]}{parts.path}"
        return super().send(request, *arguments, **options)


@pytest.fixture
def start_hub() -> Iterator[Callable[[Response], Hub]]:
    """Starts hubs, and stops them after the test."""
    started: list[Hub] = []

    def start(respond: Response) -> Hub:
        started.append(Hub(respond))
        return started[-1]

    yield start
    for hub in started:
        hub.listener.close()


@pytest.fixture
def sqs(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of the SQS server."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return boto3.client("sqs")


@pytest.fixture
def queue(sqs: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    """A queue as in infra/queues.yml, without the delay."""
    url = sqs.create_queue(
        QueueName="notify.fifo", Attributes={"FifoQueue": "true", "VisibilityTimeout": "1"}
    )["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


def received(sqs: Any, url: str) -> list[Any]:
    """Receive and delete all messages of a queue."""
    messages: list[Any] = []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        messages += batch
        for message in batch:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return messages
