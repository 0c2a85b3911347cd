"""Visits the articles that posts link to: addresses -> the dead ones, and why each is dead.

Only `feeds check --links` uses it, for a person at their own machine. Nothing that is published
depends on it, and no cloud function does it.

- Polite: it has a User-Agent of its own, visits the pages of a host one by one with a pause, and
  asks for headers only (HEAD) where the server supports that.
- Safe: posts may be written by strangers. So it visits public addresses only, follows few
  redirects, sends no credentials, and reads no body. It looks up each host once, and connects to
  the addresses that it has checked: the next answer for the same name may be another one (DNS
  rebinding). A proxy would look up the name by itself, so it uses none.
- Bounded: each visit has a time limit, and so has the whole check.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from msgspec import Struct
from requests.adapters import HTTPAdapter

from feeds import __version__
from feeds.model import GENERATOR, HOME_URL
from feeds.urls import http_url

_HOME = f"+{HOME_URL}; " if HOME_URL else ""
USER_AGENT = f"{GENERATOR}/{__version__} ({_HOME}checks the links of a site's posts)"
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


# Addresses that ipaddress calls global, and that lead to other machines than a page of the web:
# Azure's own service in each of its networks; IPv6 addresses that hold an IPv4 address (RFC 4291,
# 2.5.5.1; RFC 3056; RFC 4380; RFC 8215); site-local addresses (RFC 3879).
_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        ("168.63.129.16/32", "::/96", "2002::/16", "2001::/32", "64:ff9b:1::/48", "fec0::/10"),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last four bytes are an IPv4 address
_MAX_ADDRESSES = 3


def is_public(address: str) -> bool:
    """Return whether an IP address belongs to a machine of the public Internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and (ip in _NAT64 or ip.ipv4_mapped):
        ip = ipaddress.IPv4Address(ip.packed[-4:])
    in_none = not any(ip in network for network in _NOT_PUBLIC)
    return ip.is_global and not ip.is_multicast and in_none


def public_addresses(host: str, port: int) -> Sequence[str]:
    """The addresses of a host; none if one of them is not public.

    Raises OSError if the host has no address.
    """
    found = [*dict.fromkeys(look_up(host, port))]
    return found if all(map(is_public, found)) else ()


def look_up(host: str, port: int) -> Sequence[str]:
    """The addresses of a host. Raises OSError if it has none."""
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in infos]


def visit_links(
    urls: Iterable[str],
    *,
    seconds: float = 600,
    pause: float = PAUSE,
    timeout: tuple[float, float] = TIMEOUT,
    addresses: Callable[[str, int], Sequence[str]] = public_addresses,
    progress: Progress | None = None,
) -> LinkCheckResult:
    """Visit each address once, `HOSTS` hosts at a time, for about `seconds` at most.

    `addresses(host, port)` returns the IP addresses to visit a host at; none: it must not be
    visited. `progress` is called with the number of addresses that were visited, and of all.
    """
    by_host: dict[str, list[str]] = {}
    for url in dict.fromkeys(urls):
        if http_url(url):
            by_host.setdefault(urlsplit(url).netloc.lower(), []).append(url)
    total = sum(map(len, by_host.values()))
    visitor = _Visitor(time.monotonic() + seconds, pause, timeout, addresses)
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
        addresses: Callable[[str, int], Sequence[str]],
    ) -> None:
        self.end, self.pause, self.timeout, self.addresses = end, pause, timeout, addresses
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
            session.trust_env = False  # no proxy, and no password from ~/.netrc
            session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
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
                addresses = self.addresses(parts.hostname or "", port)
            except (OSError, UnicodeError):
                raise _BadTarget(f"there is no host {parts.hostname}") from None
            if not addresses:
                raise _BadTarget(f"{parts.hostname} is not on the public Internet")
            with self._response(session, method, url, addresses) as response:
                target = response.headers.get("Location", "")
                if not (300 <= response.status_code < 400 and target):
                    return response.status_code
            url = http_url(urljoin(url, target))
            if not url:
                raise _BadTarget("it redirects to an address that is not a web address")
        raise _BadTarget(f"it redirects more than {_MAX_REDIRECTS} times")

    def _response(
        self, session: requests.Session, method: str, url: str, addresses: Sequence[str]
    ) -> requests.Response:
        """The response of the first address that can be reached. Raises as `requests` does."""
        parts = urlsplit(url)
        for address in addresses[:_MAX_ADDRESSES]:
            session.mount(f"{parts.scheme}://", _AtAddress(address))
            try:
                return session.request(
                    method,
                    url,
                    headers={"Host": parts.netloc},
                    timeout=self.timeout,
                    allow_redirects=False,
                    stream=True,
                )
            except requests.exceptions.SSLError:
                raise
            except requests.exceptions.ConnectionError as error:
                last_error = error
        raise last_error


class _AtAddress(HTTPAdapter):
    """Sends requests to an IP address; the host of the URL is for the header and for TLS."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: bool | str, cert: Any = None
    ) -> tuple[Any, Any]:
        """The place to connect to, and the settings of TLS (a hook of requests 2.32)."""
        place, settings = super().build_connection_pool_key_attributes(request, verify, cert)
        names = {"server_hostname": place["host"], "assert_hostname": place["host"]}
        is_https = place["scheme"] == "https"
        return {**place, "host": self.address}, {**settings, **(names if is_https else {})}


class _BadTarget(Exception):  # noqa: N818
    """An address, or the target of a redirect, must not be visited."""
