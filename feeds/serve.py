"""Owns the local server: a folder of documents over HTTP, as a CDN would serve them.

For one person on one machine: it listens on 127.0.0.1 only.
"""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from watchfiles import watch

from feeds.documents import media_type_of


@contextmanager
def folder(kept: Path | None) -> Iterator[Path]:
    """The folder that the feeds are kept in: the one named, or one that goes at the end."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="feeds-") as made:
        yield Path(made)


class _Documents(StaticFiles):
    """Files with the media types that the documents have in the bucket."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            name = path if not path.endswith(("/", ".")) else "index.html"
            if media_type := media_type_of(name.rpartition("/")[2]):
                response.headers["content-type"] = media_type
        response.headers["cache-control"] = "no-cache"
        return response


def application(root: Path) -> Starlette:
    """The folder as a web application: ETag, Last-Modified, 304, and the right media types."""
    root.mkdir(parents=True, exist_ok=True)
    return Starlette(routes=[Mount("/", _Documents(directory=root, html=True))])


def run(
    root: Path,
    posts: Path,
    config: Path,
    port: int,
    rebuild: Callable[[], None],
    say: Callable[[str], None],
) -> None:
    """Serve `root` and call `rebuild` after every change below `posts` or of `config`; until ^C."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        from feeds.errors import FeedsError

        raise FeedsError(f"port {port} is taken; choose another with --port, or --port 0") from None
    say(f"Serving http://127.0.0.1:{listener.getsockname()[1]}/feeds.html (stop with Ctrl+C)")
    stop = threading.Event()
    watcher = threading.Thread(
        target=_follow, args=(posts, config, rebuild, stop, say), daemon=True
    )
    watcher.start()
    settings = uvicorn.Config(application(root), log_level="warning", lifespan="off")
    try:
        uvicorn.Server(settings).run(sockets=[listener])
    finally:
        stop.set()
        watcher.join(timeout=10)


def _follow(
    posts: Path,
    config: Path,
    rebuild: Callable[[], None],
    stop: threading.Event,
    say: Callable[[str], None],
) -> None:
    for _ in watch(
        posts, config, stop_event=stop, step=100, rust_timeout=500, yield_on_timeout=False
    ):
        try:
            rebuild()
        except Exception as error:
            say(f"not rebuilt: {error}")
