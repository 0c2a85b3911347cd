"""Owns WebSub hubs: which of them to tell what, and telling them. Of a feed it knows its address.

A hub that is told of a change fetches the feed at once, from the CDN, which may still show the copy
from before. So nobody is told before every copy is too old to be shown: `DELAY` seconds later, by
a message that a queue keeps so long.

Several changes make one ping without any state of ours: a message is named by its hub, its topic
and the minute it was sent in (`WINDOW`), and a FIFO queue takes a name once in five minutes. What
changes in the rest of that minute is told with it: the delay is a minute longer for that.

Nothing that a hub says is used but its status. It may be slow, send for ever, or send us elsewhere:
it gets `DEADLINE` seconds, what it sends stays unread, and no redirect is followed.
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

from feeds import paths
from feeds.config import Config
from feeds.documents.http_headers import CACHE_CONTROL
from feeds.formats import FORMATS
from feeds.publishing.message import OutgoingMessage

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

WINDOW = 60
"""Seconds within which the changes of a document are told as one."""

_MARGIN = 30

_FRESHNESS = sum(
    int(t) for t in re.findall(r"(?:s-maxage|stale-while-revalidate)=(\d+)", CACHE_CONTROL)
)

DELAY = WINDOW + _FRESHNESS + _MARGIN
"""Seconds from the first change in a window to the ping (infra/queues.yml: DelaySeconds)."""

DEADLINE = 10.0
"""Seconds that all pings of a batch may take together; they are sent at once."""

_CONNECT, _READ = 3.05, 5.0


class Ping(Struct, frozen=True):
    """A document that changed (WebSub calls it a topic), and a hub to tell: their addresses."""

    hub: str
    topic: str


def topics_of_feed(path: str, config: Config) -> list[str]:
    """The documents of a feed that subscribers follow: not its page, nor its archive."""
    return [paths.document(path, FORMATS[name].file) for name in config.feeds.formats]


def pings_for(changed: Iterable[str], config: Config) -> list[Ping]:
    """Say who is to be told that documents (keys under the public root) have changed."""
    topics: dict[str, None] = {}
    for key in changed:
        path = paths.feed_of_document(key)
        if path is not None and key in topics_of_feed(path, config):
            topics[config.url(key)] = None
    return [Ping(hub, topic) for topic in topics for hub in config.feeds.hubs]


def queue_message(ping: Ping, now: datetime) -> OutgoingMessage:
    """The message that brings a ping about: the same for all that are sent within a window."""
    window = int(now.timestamp()) // WINDOW
    name = hashlib.sha256(f"{ping.hub}\n{ping.topic}\n{window}".encode()).hexdigest()
    return OutgoingMessage(msgspec.json.encode(ping).decode(), once=name)


# --- telling -------------------------------------------------------------------------------------


def send_pings(
    pings: Sequence[Ping], transport: BaseAdapter | None = None, deadline: float = DEADLINE
) -> dict[Ping, str]:
    """Send pings, all at once; return why those that failed did.

    `transport` carries the requests; tests have one that goes to a hub of their own.
    """
    from requests.adapters import HTTPAdapter  # 0.1 s, and only who tells hubs needs it

    transport = transport or HTTPAdapter()
    outcomes: dict[Ping, str] = {}

    def send(ping: Ping) -> None:
        outcomes[ping] = _send(ping, transport)

    # A read timeout is for each read: a hub that drips its headers is kept off by the deadline
    # alone. Its thread is left behind, and does not keep the process alive.
    threads = [threading.Thread(target=send, args=(ping,), daemon=True) for ping in pings]
    end = time.monotonic() + deadline
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0, end - time.monotonic()))
    known = dict(outcomes)
    late = f"did not answer within {deadline:g} s"
    return {ping: why for ping in pings if (why := known.get(ping, late))}


def _send(ping: Ping, transport: BaseAdapter) -> str:
    """Send one ping; why it failed, or ``""``.

    "The publisher MAY notify the hub": WebSub leaves the form open; all hubs take
    `hub.mode=publish` and `hub.url`. Not by a requests.Session: even where it follows no redirect
    it reads all of its body, and it takes proxies and passwords from the environment.
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
        answer = transport.send(request.prepare(), stream=True, timeout=(_CONNECT, _READ))
    except (requests.RequestException, ValueError, OSError) as error:
        return f"could not be told: {type(error).__name__}: {error}"
    answer.close()
    return "" if 200 <= answer.status_code < 300 else f"answered {answer.status_code}"
