"""WebSub: which pings a change makes, and how hubs are pinged; slow and hostile hubs do no harm."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.hubs import (
    CONFIG,
    HUB,
    OTHER,
    TOML,
    TOPIC,
    Hub,
    LocalTransport,
    Response,
    answers,
    drips,
    is_silent,
    start_hub,
    streams_without_end,
)
from support.servers import free_port

from feeds.config_file.parse import parse_config
from feeds.publishing import websub
from feeds.publishing.websub import Ping

__all__ = ["start_hub"]

NOW = datetime(2026, 11, 22, 12, 0, 10, tzinfo=UTC)

StartHub = Callable[[Response], Hub]


# --- which pings -------------------------------------------------------------------------------


def test_every_hub_gets_a_ping_for_every_changed_feed_document_only() -> None:
    changed = [
        "category/markets/archive/2026-11-01-0123456789.xml",
        "category/markets/atom.xml",
        "category/markets/feed.json",
        "category/markets/index.html",
        "category/日本/atom.xml",
        "category/markets/rss.xml",  # not one of the formats of this site
        "atom.xml",
        "archive/2026-11-01-0123456789.xml",
        "feeds.opml",
        "feeds.html",
        "feed.css",
        "atom.xml",
    ]

    topics = [
        "https://feeds.example.com/category/markets/atom.xml",
        "https://feeds.example.com/category/markets/feed.json",
        "https://feeds.example.com/category/%E6%97%A5%E6%9C%AC/atom.xml",
        "https://feeds.example.com/atom.xml",
    ]
    assert websub.pings_for(changed, CONFIG) == [
        Ping(hub, topic) for topic in topics for hub in (HUB, OTHER)
    ]


def test_site_without_hubs_sends_no_ping() -> None:
    assert websub.pings_for(["atom.xml"], parse_config(TOML.partition("hubs")[0])) == []


def test_changes_within_a_minute_make_one_queue_message() -> None:
    ping = Ping(HUB, TOPIC)
    first = websub.queue_message(ping, NOW)

    assert websub.queue_message(ping, NOW + timedelta(seconds=49)) == first
    assert (
        websub.queue_message(ping, NOW + timedelta(seconds=50)).deduplication_id
        != first.deduplication_id
    )
    assert websub.queue_message(Ping(OTHER, TOPIC), NOW).deduplication_id != first.deduplication_id
    assert (
        websub.queue_message(Ping(HUB, TOPIC + "?"), NOW).deduplication_id != first.deduplication_id
    )
    assert len(first.deduplication_id) <= 128, "the limit of SQS"


def test_ping_is_delayed_until_no_cdn_serves_the_old_copy() -> None:
    """The delay counts from the first change in a window; the last may be a minute later."""
    shortest_delay = websub.DELAY - websub.WINDOW

    assert shortest_delay > 60 + 60, (
        "s-maxage and stale-while-revalidate of feeds/documents/http_headers.py"
    )


# --- sending -----------------------------------------------------------------------------------


def test_hub_gets_one_form_for_each_document(start_hub: StartHub) -> None:
    hub = start_hub(answers("202 Accepted"))
    pings = [
        Ping(HUB, TOPIC),
        Ping(HUB, TOPIC + "?a=b&c"),
        Ping(HUB, "https://feeds.example.com/é"),
    ]

    failed = websub.send_pings(pings, LocalTransport(**{"hub_example_com": hub.port}))

    assert failed == {}
    assert sorted(hub.forms, key=str) == sorted(
        ({"hub.mode": "publish", "hub.url": ping.topic} for ping in pings), key=str
    )
    assert hub.heads[0].startswith(b"POST /publish HTTP/1.1\r\n")
    assert b"content-type: application/x-www-form-urlencoded" in hub.heads[0].lower()


def test_unreachable_hub_fails_only_its_own_pings(start_hub: StartHub) -> None:
    hub = start_hub(answers("204 No Content"))
    pings = [Ping(HUB, TOPIC), Ping(OTHER, TOPIC)]
    transport = LocalTransport(hub_example_com=hub.port, other_example_net=free_port())

    failed = websub.send_pings(pings, transport)

    assert set(failed) == {Ping(OTHER, TOPIC)}
    assert "ConnectionError" in failed[Ping(OTHER, TOPIC)]
    assert len(hub.forms) == 1


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "500 Oops", "199 Odd"])
def test_hub_that_answers_with_an_error_fails_the_ping(start_hub: StartHub, status: str) -> None:
    refusing = start_hub(answers(status))

    failed = websub.send_pings(
        [Ping(HUB, TOPIC)], LocalTransport(hub_example_com=refusing.port), 1.0
    )

    assert list(failed) == [Ping(HUB, TOPIC)]


def test_redirect_of_a_hub_is_not_followed(start_hub: StartHub) -> None:
    target = start_hub(answers("204 No Content"))
    redirecting = start_hub(
        answers("307 Temporary Redirect", "Location: https://other.example.net/")
    )
    transport = LocalTransport(hub_example_com=redirecting.port, other_example_net=target.port)

    failed = websub.send_pings([Ping(HUB, TOPIC)], transport)

    assert failed == {Ping(HUB, TOPIC): "answered 307"}
    assert target.forms == []


@pytest.mark.parametrize(
    ("respond", "failures"),
    [
        (streams_without_end("200 OK"), {}),
        (
            streams_without_end("302 Found", "Location: https://other.example.net/"),
            {Ping(HUB, TOPIC): "answered 302"},
        ),
        (
            streams_without_end("500 Oops", "Transfer-Encoding: chunked"),
            {Ping(HUB, TOPIC): "answered 500"},
        ),
    ],
)
def test_body_of_a_hub_s_response_is_not_read(
    start_hub: StartHub, respond: Response, failures: dict[Ping, str]
) -> None:
    streaming = start_hub(respond)
    start = time.monotonic()

    failed = websub.send_pings([Ping(HUB, TOPIC)], LocalTransport(hub_example_com=streaming.port))

    assert failed == failures
    assert time.monotonic() - start < 3
    assert streaming.closed.wait(5), "the connection was not closed"


@pytest.mark.slow
@pytest.mark.parametrize("respond", [is_silent, drips])
def test_slow_hub_does_not_delay_the_other_pings(start_hub: StartHub, respond: Response) -> None:
    slow, hub = start_hub(respond), start_hub(answers("204 No Content"))
    transport = LocalTransport(hub_example_com=slow.port, other_example_net=hub.port)
    start = time.monotonic()

    failed = websub.send_pings([Ping(HUB, TOPIC), Ping(OTHER, TOPIC)], transport, deadline=0.5)

    assert failed == {Ping(HUB, TOPIC): "did not answer within 0.5 s"}
    assert time.monotonic() - start < 2
    assert len(hub.forms) == 1


@pytest.mark.parametrize(
    "address", ["http://hub.example.com/", "ftp://hub.example.com/", "file:///etc"]
)
def test_hub_without_https_gets_no_ping(address: str) -> None:
    assert websub.send_pings([Ping(address, TOPIC)]) == {
        Ping(address, TOPIC): "is not an https address"
    }


def test_ping_uses_no_password_or_proxy_of_the_environment(
    start_hub: StartHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine hub.example.com login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    hub = start_hub(answers("204 No Content"))

    assert websub.send_pings([Ping(HUB, TOPIC)], LocalTransport(hub_example_com=hub.port)) == {}
    assert b"authorization" not in hub.heads[0].lower()
