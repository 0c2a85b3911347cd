"""WebSub: which hubs to ping for which changed feed, and sending the pings.

A hub fetches the feed as soon as it gets a ping. It fetches it from the CDN, which may still have
the old copy. So a ping is sent `DELAY` seconds after the change, when no cache may serve the old
copy any more: its message waits in a queue with this delay.

Several changes of a feed make one ping, and need no stored state. The name of a message is a hash
of its hub, its topic and the minute of the change (`WINDOW`); a FIFO queue takes a name once in
five minutes. The ping reports later changes of the same minute too, so the delay is a minute
longer.

Of a hub's response only the status is used. A hub may be slow, send without end, or redirect: all
pings together get `DEADLINE` seconds, no body is read, and no redirect is followed.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from feeds.config import Config
from feeds.documents.http_headers import CACHE_CONTROL
from feeds.formats import FORMATS
from feeds.publishing.message import OutgoingMessage

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

WINDOW = 60
"""Changes of a document within the same window of this many seconds make one ping."""

_MARGIN = 30
"""Seconds added for safety."""

_CDN_SECONDS = sum(
    int(seconds)
    for seconds in re.findall(r"(?:s-maxage|stale-while-revalidate)=(\d+)", CACHE_CONTROL)
)
"""The CDN may serve an old copy for this many seconds."""

DELAY = WINDOW + _CDN_SECONDS + _MARGIN
"""Seconds from the first change in a window to the ping (infra/queues.yml: DelaySeconds)."""

DEADLINE = 10.0
"""Seconds that all pings of a batch may take together; they are sent at once."""

_TIMEOUTS = 3.05, 5.0
"""Seconds to connect, and to wait for each read."""


class Ping(Struct, frozen=True):
    """A request to a hub to fetch a document that changed."""

    hub: str
    """The address of the hub."""
    topic: str
    """The address of the document (WebSub calls it a topic)."""


def topics_of_feed(path: str, config: Config) -> list[str]:
    """Return the documents of a feed that people subscribe to: not its page, not its archive."""
    return [config.layout.document(path, FORMATS[name]) for name in config.feeds.formats]


def pings_for(changed: Iterable[str], config: Config) -> list[Ping]:
    """Return the pings for changed documents (paths below the public root), without repeats."""
    topics: dict[str, None] = {}
    for document in changed:
        feed = config.layout.feed_of_document(document)
        if feed is not None and document in topics_of_feed(feed, config):
            topics[config.url(document)] = None
    return [Ping(hub, topic) for topic in topics for hub in config.feeds.hubs]


def queue_message(ping: Ping, now: datetime) -> OutgoingMessage:
    """Return the message for a ping; it is the same for all changes within one window."""
    window = int(now.timestamp()) // WINDOW
    name = hashlib.sha256(f"{ping.hub}\n{ping.topic}\n{window}".encode()).hexdigest()
    return OutgoingMessage(msgspec.json.encode(ping).decode(), deduplication_id=name)


# --- sending -------------------------------------------------------------------------------------


def send_pings(
    pings: Sequence[Ping], transport: BaseAdapter | None = None, deadline: float = DEADLINE
) -> dict[Ping, str]:
    """Send pings, all at once; return a reason for each ping that failed.

    `transport` sends the requests; tests pass one that connects to their own servers. `deadline`
    is in seconds.
    """
    from requests.adapters import HTTPAdapter  # takes 0.1 s to import; not every function needs it

    transport = transport or HTTPAdapter()
    outcomes: dict[Ping, str] = {}  # why a ping failed; "": it was sent

    def send(ping: Ping) -> None:
        outcomes[ping] = _send(ping, transport)

    # A read timeout is for each read: only the deadline ends a response whose headers come byte by
    # byte. The thread goes on after the deadline, and as a daemon does not keep the process alive.
    threads = [threading.Thread(target=send, args=(ping,), daemon=True) for ping in pings]
    end = time.monotonic() + deadline
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0, end - time.monotonic()))
    outcomes_in_time = dict(outcomes)
    late = f"did not answer within {deadline:g} s"
    return {ping: why for ping in pings if (why := outcomes_in_time.get(ping, late))}


def _send(ping: Ping, transport: BaseAdapter) -> str:
    """Send one ping; return why it failed, or ``""``.

    WebSub leaves the form of a ping open ("The publisher MAY notify the hub"); all hubs accept
    `hub.mode=publish` and `hub.url`. A requests.Session is not used: it reads the whole body of a
    redirect even if it does not follow it, and it takes proxies and passwords from the environment.
    """
    import requests

    if not ping.hub.startswith("https://"):
        return "is not an https address"
    request = requests.Request(
        "POST",
        ping.hub,
        data={"hub.mode": "publish", "hub.url": ping.topic},
        headers={"User-Agent": "bucketfeed", "Accept-Encoding": "identity"},
    )
    try:
        response = transport.send(request.prepare(), stream=True, timeout=_TIMEOUTS)
    except (requests.RequestException, ValueError, OSError) as error:
        return f"cannot be reached: {type(error).__name__}: {error}"
    response.close()
    return "" if 200 <= response.status_code < 300 else f"answered {response.status_code}"
