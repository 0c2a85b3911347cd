"""Serves a built site over HTTP, as `feeds serve` does, and records the requests."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import uvicorn
from starlette.types import Message, Receive, Scope, Send
from support.sites import Built, built

from feeds.building.write import write_documents
from feeds.config_file.parse import parse_config
from feeds.serving.web_server import application
from feeds.stores.local import LocalStore


class Site:
    """A served site. `requests` has the method, path and status of each request."""

    def __init__(self, folder: Path, url: str, text: str) -> None:
        self.folder, self.url, self.text = folder, url, text
        self.requests: list[tuple[str, str, int]] = []

    def publish(self, posts: Mapping[str, bytes]) -> Built:
        """Build a site of these posts, in place of the last one."""
        settings = parse_config(self.text.replace("FEEDS", self.url))
        documents = built(posts, settings)
        write_documents(documents.values(), LocalStore(self.folder))
        return documents

    def etag(self, path: str) -> str:
        """The ETag of a document."""
        tag: str = httpx.head(self.url + path).headers["etag"]
        return tag

    def statuses(self, path: str) -> list[int]:
        """The statuses of the answers to a document's GET requests."""
        return [
            status
            for method, requested, status in self.requests
            if method == "GET" and requested == f"/{path}"
        ]


@contextlib.contextmanager
def serving(folder: Path, text: str) -> Iterator[Site]:
    """Serve `folder`. FEEDS in the configuration `text` stands for the address of the server."""
    listener = socket.create_server(("127.0.0.1", 0))
    site = Site(folder, f"http://127.0.0.1:{listener.getsockname()[1]}/", text)
    app = application(folder)

    async def recording(scope: Scope, receive: Receive, send: Send) -> None:
        async def recorded_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                site.requests.append((scope["method"], scope["path"], message["status"]))
            await send(message)

        await app(scope, receive, recorded_send)

    server = uvicorn.Server(uvicorn.Config(recording, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield site
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
