"""Owns visiting the articles that posts link to: addresses -> which of them are dead, and why.

Only ever for a person at their own machine (`feeds check --links`): nothing that is published
depends on it, and no function in a cloud does it. It is polite: it says who it is, asks a host for
one thing at a time with a pause between, and for the head alone where that is enough. It is wary:
posts may be by strangers, so it goes to public addresses only, follows few redirects, sends no
credentials, and reads no body. It is bounded: each visit, and the whole.
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
"""Seconds to connect, and between two bytes of an answer's head."""

_REDIRECTS = 5
# What sites answer to programs, though people get in.
_SHUT = frozenset({401, 402, 403, 405, 406, 407, 429, 999})


class LinkCheckResult(Struct, frozen=True):
    """What came of it: the dead addresses and why, and how many there was no time for."""

    dead: dict[str, str]
    left: int


Progress = Callable[[int, int], None]


def is_public_host(host: str, port: int) -> bool:
    """Whether every address of a host is one of the public Internet. Raises OSError: no address."""
    found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    return all(ipaddress.ip_address(address.partition("%")[0]).is_global for address in found)


def visit_links(
    urls: Iterable[str],
    *,
    seconds: float = 600,
    pause: float = PAUSE,
    timeout: tuple[float, float] = TIMEOUT,
    allowed: Callable[[str, int], bool] = is_public_host,
    progress: Progress | None = None,
) -> LinkCheckResult:
    """Visit each address once, `HOSTS` hosts at a time, for at most about `seconds`.

    `allowed` says whether a host may be visited; `progress` gets how many are done, of how many.
    """
    by_host: dict[str, list[str]] = {}
    for url in dict.fromkeys(urls):
        if http_url(url):
            by_host.setdefault(urlsplit(url).netloc.lower(), []).append(url)
    total = sum(map(len, by_host.values()))
    end = time.monotonic() + seconds
    # The longest first, so that none of them is what all wait for in the end.
    waiting = SimpleQueue[list[str]]()
    for group in sorted(by_host.values(), key=len, reverse=True):
        waiting.put(group)
    seen = SimpleQueue[tuple[str, str]]()

    def worker() -> None:
        with contextlib.suppress(Empty):
            while True:
                for visit in _host(waiting.get_nowait(), end, pause, timeout, allowed):
                    seen.put(visit)

    # Nobody waits for them: a server that sends a byte now and then holds its thread for ever.
    for _ in range(min(HOSTS, len(by_host))):
        threading.Thread(target=worker, daemon=True).start()
    found: dict[str, str] = {}
    with contextlib.suppress(Empty):
        while len(found) < total:
            url, what = seen.get(timeout=max(end - time.monotonic(), 0.01))
            found[url] = what
            if progress:
                progress(len(found), total)
    dead = {url: what for url, what in sorted(found.items()) if what}
    return LinkCheckResult(dead, total - len(found))


def _host(
    urls: list[str],
    end: float,
    pause: float,
    timeout: tuple[float, float],
    allowed: Callable[[str, int], bool],
) -> Iterator[tuple[str, str]]:
    """Visit the addresses of one host, one after another; what is wrong with each, or ``""``."""
    with requests.Session() as session:
        session.headers["User-Agent"] = USER_AGENT
        session.auth = _nobody  # without it, requests would look for a password in ~/.netrc
        for at, url in enumerate(urls):
            if time.monotonic() + (pause if at else 0) > end:
                return
            if at:
                time.sleep(pause)
            yield url, _visit(session, url, timeout, allowed)


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _visit(
    session: requests.Session,
    url: str,
    timeout: tuple[float, float],
    allowed: Callable[[str, int], bool],
) -> str:
    """Why an address is dead; ``""``: it is not, or nobody but a person can tell."""
    status = 0
    for method in ("HEAD", "GET"):  # many servers know HEAD badly
        try:
            status = _status(session, method, url, timeout, allowed)
        except _Elsewhere as error:
            return str(error)
        except requests.exceptions.SSLError:
            return "its certificate is not valid"
        except requests.exceptions.Timeout:
            return "it does not answer"
        except requests.exceptions.ConnectionError:
            if method == "GET":
                return "there is no connection to it"
        except requests.exceptions.RequestException as error:
            return f"it cannot be asked for ({type(error).__name__})"
        if 0 < status < 400 or status in _SHUT:
            return ""
    return f"it answers {status}"


class _Elsewhere(Exception):  # noqa: N818
    """A visit would go, or go on, where none should."""


def _status(
    session: requests.Session,
    method: str,
    url: str,
    timeout: tuple[float, float],
    allowed: Callable[[str, int], bool],
) -> int:
    """The status of the last answer, after redirects."""
    for _ in range(_REDIRECTS + 1):
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            if not allowed(parts.hostname or "", port):
                raise _Elsewhere(f"{parts.hostname} is not on the public Internet")
        except (OSError, UnicodeError):
            raise _Elsewhere(f"there is no host {parts.hostname}") from None
        with session.request(
            method, url, timeout=timeout, allow_redirects=False, stream=True
        ) as answer:
            target = answer.headers.get("Location", "")
            if not (300 <= answer.status_code < 400 and target):
                return answer.status_code
        url = http_url(urljoin(url, target))
        if not url:
            raise _Elsewhere("it leads to what is no web address")
    raise _Elsewhere(f"it leads on more than {_REDIRECTS} times")
