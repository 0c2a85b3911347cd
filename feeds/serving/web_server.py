"""Owns the local server: a folder of documents over HTTP, as a CDN would serve them.

For one person on one machine: it listens on 127.0.0.1 only.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from email.utils import formatdate
from mimetypes import guess_type
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope
from watchfiles import watch

from feeds import paths
from feeds.errors import FeedsError


@contextmanager
def output_folder(kept: Path | None) -> Iterator[Path]:
    """The folder that the feeds are kept in: the one named, or one that goes at the end."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="feeds-") as made:
        yield Path(made)


class _Documents(StaticFiles):
    """Files with the media types of their formats, each answered from one reading of it."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Answer with the file as it is now: between a look and a reading it may be replaced."""
        try:
            with Path(full_path).open("rb") as file:
                data, stat_result = file.read(), os.fstat(file.fileno())
        except FileNotFoundError:
            raise HTTPException(404) from None
        headers = {
            "etag": f'"{hashlib.sha256(data).hexdigest()[:32]}"',
            "last-modified": formatdate(stat_result.st_mtime, usegmt=True),
        }
        kind, _ = guess_type(full_path)
        response = Response(data, status_code, headers, kind or "application/octet-stream")
        if self.is_not_modified(response.headers, Headers(scope=scope)):
            return NotModifiedResponse(response.headers)
        return response

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            key = path if not path.endswith(("/", ".")) else paths.PAGE_FILE
            if type_ := paths.file_type(key):
                response.headers["content-type"] = type_.content_type
        response.headers["cache-control"] = "no-cache"
        return response


def application(root: Path) -> Starlette:
    """The folder as a web application: ETag, Last-Modified, 304, and the right media types."""
    root.mkdir(parents=True, exist_ok=True)
    return Starlette(routes=[Mount("/", _Documents(directory=root, html=True))])


def run_server(
    root: Path,
    posts: Path | None,
    sources: Sequence[Path],
    port: int,
    follow: Callable[[set[str] | None], None],
    say: Callable[[str], None],
) -> None:
    """Serve `root`, and `follow` every change: of keys below `posts`, or (None) of everything.

    Everything may change with one of `sources`, the configuration and its templates. Ends with ^C.
    What changes while the first build runs is seen after it.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError:
        raise FeedsError(f"port {port} is taken; choose another with --port, or --port 0") from None
    stop, first = threading.Event(), threading.Lock()
    watcher = threading.Thread(
        target=_follow, args=(posts, sources, follow, stop, first, say), daemon=True
    )
    settings = uvicorn.Config(
        application(root), log_level="warning", lifespan="off", timeout_graceful_shutdown=2
    )
    try:
        with first:
            watcher.start()
            follow(None)
        settings.load()  # its imports now: a ^C among them may get lost in one
        settings.get_loop_factory()
        say(f"Serving http://127.0.0.1:{listener.getsockname()[1]}/feeds.html (stop with Ctrl+C)")
        uvicorn.Server(settings).run(sockets=[listener])
    except (KeyboardInterrupt, asyncio.CancelledError):
        pass  # that is how it is meant to end; the second, where the server had not begun yet
    finally:
        stop.set()
        if watcher.is_alive():
            watcher.join(timeout=10)


def _follow(
    posts: Path | None,
    sources: Sequence[Path],
    follow: Callable[[set[str] | None], None],
    stop: threading.Event,
    first: threading.Lock,
    say: Callable[[str], None],
) -> None:
    seen = [_stamp(path) for path in sources]
    for changed in _looks(posts, stop):
        now = [_stamp(path) for path in sources]
        if not changed and now == seen:
            continue
        try:
            with first:
                follow(None if now != seen or "" in changed else changed)
        except Exception as error:
            say(f"not published: {error}")
        seen = now


def _looks(posts: Path | None, stop: threading.Event) -> Iterator[set[str]]:
    """Say twice a second, and after a change below `posts`, which keys changed (``""``: any)."""
    if posts is None:
        while not stop.wait(0.5):
            yield set()
        return
    root = posts.resolve()
    folders = _folders(root)
    for changes in watch(root, stop_event=stop, step=20, rust_timeout=500, yield_on_timeout=True):
        changed = {Path(path) for _, path in changes}
        if any(path.is_dir() or path in folders for path in changed):
            folders = _folders(root)
            yield {""}  # a folder came or went, and what was in it is not told
        else:
            below = (path for path in changed if path.is_relative_to(root))
            yield {path.relative_to(root).as_posix() for path in below}


def _folders(root: Path) -> set[Path]:
    """The folder and all below it: a name does not say what it was that went."""
    return {Path(at) for at, _, _ in os.walk(root)}


def _stamp(path: Path) -> tuple[int, int]:
    """What tells one version of a file from the next; editors put a new file in its place."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_ino
