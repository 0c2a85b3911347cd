"""Visits the articles that posts link to: addresses -> the dead ones, and why each is dead.

Only `feeds check --links` uses it, for a person at their own machine. Nothing that is published
depends on it, and no cloud function does it.

- Polite: it has a User-Agent of its own, visits the pages of a host one by one with a pause, and
  asks for headers only (HEAD) where the server supports that.
- Safe: posts may be written by strangers. So it visits public addresses only, follows few
  redirects, sends no credentials, and reads no body.
- Bounded: each visit has a time limit, and so has the whole check.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from urllib.parse import urljoin, urlsplit

import requests
from msgspec import Struct

from feeds import __version__
from feeds.model import GENERATOR, GENERATOR_URL
from feeds.urls import http_url

USER_AGENT = f"{GENERATOR}/{__version__} (+{GENERATOR_URL}; checks the links of a site's posts)"
HOSTS = 4
PAUSE = 1.0
TIMEOUT = (5.0, 10.0)
"""Seconds to connect, and between two bytes of a response's headers."""

_MAX_REDIRECTS = 5
# Statuses that sites send to programs even if browsers can read the page.
_BLOCKED = frozenset({401, 402, 403, 405, 406, 407, 429, 999})


class LinkCheckResult(Struct, frozen=True):
    """Result of visiting addresses."""

    dead: dict[str, str]
    """The dead addresses, and why each is dead."""
    not_visited: int
    """The number of addresses that there was no time for."""


Progress = Callable[[int, int], None]


def is_public_host(host: str, port: int) -> bool:
    """Return whether all addresses of a host are public. Raises OSError if it has no address."""
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = {str(info[4][0]).partition("%")[0] for info in infos}
    return all(ipaddress.ip_address(address).is_global for address in addresses)


def visit_links(
    urls: Iterable[str],
    *,
    seconds: float = 600,
    pause: float = PAUSE,
    timeout: tuple[float, float] = TIMEOUT,
    allowed: Callable[[str, int], bool] = is_public_host,
    progress: Progress | None = None,
) -> LinkCheckResult:
    """Visit each address once, `HOSTS` hosts at a time, for about `seconds` at most.

    `allowed(host, port)` decides whether a host may be visited; `progress` is called with the
    number of addresses that were visited, and of all.
    """
    by_host: dict[str, list[str]] = {}
    for url in dict.fromkeys(urls):
        if http_url(url):
            by_host.setdefault(urlsplit(url).netloc.lower(), []).append(url)
    total = sum(map(len, by_host.values()))
    visitor = _Visitor(time.monotonic() + seconds, pause, timeout, allowed)
    # The hosts with most addresses first, because they take longest.
    for group in sorted(by_host.values(), key=len, reverse=True):
        visitor.groups.put(group)
    # The threads are not joined: a server that sends a byte now and then keeps its thread busy.
    for _ in range(min(HOSTS, len(by_host))):
        threading.Thread(target=visitor.run, daemon=True).start()
    faults: dict[str, str] = {}
    with contextlib.suppress(Empty):
        while len(faults) < total:
            url, fault = visitor.results.get(timeout=max(visitor.end - time.monotonic(), 0.01))
            faults[url] = fault
            if progress:
                progress(len(faults), total)
    dead = {url: fault for url, fault in sorted(faults.items()) if fault}
    return LinkCheckResult(dead, total - len(faults))


class _Visitor:
    """Visits groups of addresses, each group of one host; several threads may `run` it."""

    def __init__(
        self,
        end: float,
        pause: float,
        timeout: tuple[float, float],
        allowed: Callable[[str, int], bool],
    ) -> None:
        self.end, self.pause, self.timeout, self.allowed = end, pause, timeout, allowed
        self.groups = SimpleQueue[list[str]]()
        self.results = SimpleQueue[tuple[str, str]]()

    def run(self) -> None:
        """Visit groups until none is left; puts each address and its fault into `results`."""
        while True:
            try:
                urls = self.groups.get_nowait()
            except Empty:
                return
            for result in self._visit_host(urls):
                self.results.put(result)

    def _visit_host(self, urls: list[str]) -> Iterator[tuple[str, str]]:
        """Visit the addresses of one host, one after another, until the time is over."""
        with requests.Session() as session:
            session.headers["User-Agent"] = USER_AGENT
            session.auth = _no_auth  # without it, requests would look for a password in ~/.netrc
            for index, url in enumerate(urls):
                if time.monotonic() + (self.pause if index else 0) > self.end:
                    return
                if index:
                    time.sleep(self.pause)
                yield url, self._fault(session, url)

    def _fault(self, session: requests.Session, url: str) -> str:
        """Why an address is dead; ``""`` if it is not, or if only a person can find out."""
        status = 0
        for method in ("HEAD", "GET"):  # many servers do not support HEAD well
            try:
                status = self._status(session, method, url)
            except _BadTarget as error:
                return str(error)
            except requests.exceptions.SSLError:
                return "its certificate is not valid"
            except requests.exceptions.Timeout:
                return "the server does not respond"
            except requests.exceptions.ConnectionError:
                if method == "GET":
                    return "cannot connect to the server"
            except requests.exceptions.RequestException as error:
                return f"the request failed ({type(error).__name__})"
            if 0 < status < 400 or status in _BLOCKED:
                return ""
        return f"the server responds with {status}"

    def _status(self, session: requests.Session, method: str, url: str) -> int:
        """The status of the last response, after redirects. Raises _BadTarget."""
        for _ in range(_MAX_REDIRECTS + 1):
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            try:
                if not self.allowed(parts.hostname or "", port):
                    raise _BadTarget(f"{parts.hostname} is not on the public Internet")
            except (OSError, UnicodeError):
                raise _BadTarget(f"there is no host {parts.hostname}") from None
            with session.request(
                method, url, timeout=self.timeout, allow_redirects=False, stream=True
            ) as response:
                target = response.headers.get("Location", "")
                if not (300 <= response.status_code < 400 and target):
                    return response.status_code
            url = http_url(urljoin(url, target))
            if not url:
                raise _BadTarget("it redirects to an address that is not a web address")
        raise _BadTarget(f"it redirects more than {_MAX_REDIRECTS} times")


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class _BadTarget(Exception):  # noqa: N818
    """An address, or the target of a redirect, must not be visited."""
