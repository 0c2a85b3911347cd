"""The local web server: a folder of documents -> HTTP responses, as a CDN would send them."""

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
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope
from watchfiles import watch

from feeds import paths
from feeds.documents.http_headers import browser_type
from feeds.errors import FeedsError
from feeds.formats import FORMATS
from feeds.layout.layout import Layout, usual_layout
from feeds.serving.listen import LOCALHOST, HostCheck
from feeds.serving.live_page import SCRIPT, SCRIPT_PATH, live_page


@contextmanager
def output_folder(folder: Path | None) -> Iterator[Path]:
    """The folder for the feeds: the given one, or a temporary one that is deleted at the end."""
    if folder is not None:
        _make_folder(folder)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="feeds-") as temporary:
        yield Path(temporary)


def _make_folder(folder: Path) -> None:
    """Make a folder, and those above it, if it does not exist. Raises FeedsError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except PermissionError:
        raise FeedsError(f"cannot write to {folder.parent} (permission denied)") from None
    except (FileExistsError, NotADirectoryError):
        raise FeedsError(f"{folder}: expected a folder, found a file in its place") from None
    except OSError as error:
        why = error.strerror or error
        raise FeedsError(f"cannot make the folder {folder} ({why}); use another --out") from None


class _Documents(StaticFiles):
    """Serves files with the media types of their formats; each response is from one read."""

    def __init__(self, root: Path, layout: Callable[[], Layout], *, reload: bool) -> None:
        super().__init__(directory=root, html=True)
        self.layout, self.reload = layout, reload

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Respond with the file as it is now; it may have been replaced since `stat_result`."""
        try:
            with Path(full_path).open("rb") as file:
                data, stat_result = file.read(), os.fstat(file.fileno())
        except FileNotFoundError:
            raise HTTPException(404) from None
        media_type, _ = guess_type(full_path)
        etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
        if self.reload and media_type == "text/html":
            etag = f'{etag[:-1]}-reload"'
            data = live_page(data, etag)
        headers = {"etag": etag, "last-modified": formatdate(stat_result.st_mtime, usegmt=True)}
        response = Response(data, status_code, headers, media_type or "application/octet-stream")
        if self.is_not_modified(response.headers, Headers(scope=scope)):
            return NotModifiedResponse(response.headers)
        return response

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Respond to a request, with the media type of the document's format."""
        response = await super().get_response(path, scope)
        key = path if not path.endswith(("/", ".")) else FORMATS["html"].file
        type_ = self.layout().file_type(key)
        if type_ and type_.is_xml:
            response.headers["vary"] = "Accept"
        if type_ and response.status_code == 200:
            accepted = Headers(scope=scope).get("accept", "")
            response.headers["content-type"] = browser_type(type_, accepted)
        response.headers["cache-control"] = "no-cache"
        return response


def _reload_script(_: Request) -> Response:
    return Response(SCRIPT, media_type="text/javascript", headers={"cache-control": "no-cache"})


def application(
    root: Path,
    host: str = LOCALHOST,
    layout: Callable[[], Layout] = usual_layout,
    *,
    reload: bool = False,
) -> Starlette:
    """A web application that serves a folder: ETag, Last-Modified, 304, and media types.

    It answers only to names of this machine, by the `host` that it listens on (`HostCheck`). With
    `reload`, pages reload after a change; else every file is sent as it is. `layout` returns where
    the documents are now.
    """
    _make_folder(root)
    routes = [Route(SCRIPT_PATH, _reload_script)] if reload else []
    documents = Mount("/", _Documents(root, layout, reload=reload))
    return Starlette(routes=[*routes, documents], middleware=[Middleware(HostCheck, host)])


def run_server(
    app: Starlette,
    listener: socket.socket,
    url: str,
    watcher: Watcher,
    print_line: Callable[[str], None],
) -> None:
    """Build, then serve `app` at `url`; `watcher` follows the changes.

    Raises KeyboardInterrupt when Ctrl+C has stopped it.
    """
    settings = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=2)
    try:
        watcher.start()
        settings.load()  # imports now: a Ctrl+C during an import may get lost
        settings.get_loop_factory()
        print_line(f"Serving {url}{paths.LIST_PAGE} (stop with Ctrl+C)")
        uvicorn.Server(settings).run(sockets=[listener])
    except asyncio.CancelledError:  # Ctrl+C before the server had started
        raise KeyboardInterrupt from None
    finally:
        watcher.stop()
        listener.close()


class Watcher:
    """Watches a folder of posts and the sources of the configuration, in a thread.

    `on_change` gets the keys below `posts` that changed; or None, at the start and when one of
    `sources` (the configuration and its templates) changed. A change during the first build is
    handled after it.
    """

    def __init__(
        self,
        posts: Path | None,
        sources: Sequence[Path],
        on_change: Callable[[set[str] | None], None],
        print_line: Callable[[str], None],
    ) -> None:
        self.posts, self.sources = posts, sources
        self.on_change, self.print_line = on_change, print_line
        self._stopped, self._lock = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Start to watch, and build once. Errors of the first build are raised."""
        with self._lock:
            self._thread.start()
            self.on_change(None)

    def stop(self) -> None:
        """Stop the thread, and wait until it has stopped."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        versions = [_file_version(path) for path in self.sources]
        for changed in self._changed_keys():
            current = [_file_version(path) for path in self.sources]
            if not changed and current == versions:
                continue
            try:
                with self._lock:
                    self.on_change(None if current != versions or "" in changed else changed)
            except Exception as error:
                self.print_line(f"not published: {error}")
            versions = current

    def _changed_keys(self) -> Iterator[set[str]]:
        """The keys that changed, after each change and twice a second; ``""`` stands for any."""
        if self.posts is None:
            while not self._stopped.wait(0.5):
                yield set()
            return
        root = self.posts.resolve()
        folders = _folders(root)
        for changes in watch(
            root, stop_event=self._stopped, step=20, rust_timeout=500, yield_on_timeout=True
        ):
            changed = {Path(path) for _, path in changes}
            if any(path.is_dir() or path in folders for path in changed):
                folders = _folders(root)
                yield {""}  # a folder came or went: no event names the files in it
            else:
                below = (path for path in changed if path.is_relative_to(root))
                yield {path.relative_to(root).as_posix() for path in below}


def _folders(root: Path) -> set[Path]:
    """`root` and all folders below it. The event of a deletion does not say what was deleted."""
    return {Path(folder) for folder, _, _ in os.walk(root)}


def _file_version(path: Path) -> tuple[int, int]:
    """A value that changes with the file; editors replace a file by a new one."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_ino
