"""Hubs: who is told what and when, and that nothing a hub does harms anybody.

The hubs are servers here. The program tells https addresses only: a transport takes the requests
to the servers, and there is no other way to send one anywhere else.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest
from requests.adapters import HTTPAdapter
from support.servers import ACCESS_KEY, SECRET_KEY, free_port
from support.sites import post

from feeds.aws import environment, functions
from feeds.aws.environment import shared_queue
from feeds.aws.metrics import NAMESPACE
from feeds.aws.sqs import Queue
from feeds.config_file import parse_config
from feeds.errors import FeedsError
from feeds.publishing import websub
from feeds.publishing.message import OutgoingMessage
from feeds.publishing.websub import Ping

HUB = "https://hub.example.com/publish"
OTHER = "https://other.example.net/"
TOML = f"""
[site]
title = "Example News"
url = "https://news.example.com/"
[feeds]
url = "https://feeds.example.com/"
formats = ["atom", "json"]
hubs = ["{HUB}", "{OTHER}"]
"""
CONFIG = parse_config(TOML)
NOW = datetime(2026, 11, 22, 12, 0, 10, tzinfo=UTC)
TOPIC = "https://feeds.example.com/atom.xml"


Upload = Callable[[str, bytes], None]

number = itertools.count()


class Hub:
    """A hub on this machine: it keeps what it is told, and answers as `behave` does."""

    def __init__(self, behave: Callable[[socket.socket], None]) -> None:
        self.told: list[dict[str, str]] = []
        self.heads: list[bytes] = []
        self.behave = behave
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.closed = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            read = b""
            while b"\r\n\r\n" not in read:
                read += connection.recv(65536)
            head, _, body = read.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            while len(body) < length:
                body += connection.recv(65536)
            self.heads.append(head)
            self.told.append(dict(parse_qsl(body.decode())))
            self.behave(connection)
        self.closed.set()


def answers(status: str, *headers: str) -> Callable[[socket.socket], None]:
    def behave(connection: socket.socket) -> None:
        lines = [f"HTTP/1.1 {status}", *headers, "Content-Length: 0", "Connection: close", "", ""]
        connection.sendall("\r\n".join(lines).encode())

    return behave


def streams_for_ever(status: str, *headers: str) -> Callable[[socket.socket], None]:
    def behave(connection: socket.socket) -> None:
        lines = [f"HTTP/1.1 {status}", *headers, "Content-Type: text/plain", "", ""]
        connection.sendall("\r\n".join(lines).encode())
        while True:
            connection.sendall(b"x" * 65536)

    return behave


def drips(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 204 No Content\r\nX-Slow: ")
    while True:
        time.sleep(0.05)
        connection.sendall(b"x")


def is_silent(_: socket.socket) -> None:
    time.sleep(30)


class ToThisMachine(HTTPAdapter):
    """Takes requests for https hubs to servers here, by host; any other host is none of ours."""

    def __init__(self, **ports: int) -> None:
        super().__init__()
        self.ports = {name.replace("_", "."): port for name, port in ports.items()}

    def send(self, request: Any, *words: Any, **options: Any) -> Any:
        parts = urlsplit(request.url)
        assert parts.scheme == "https"
        request.url = f"http://127.0.0.1:{self.ports[parts.hostname]}{parts.path}"
        return super().send(request, *words, **options)


@pytest.fixture
def hub() -> Iterator[Callable[[Callable[[socket.socket], None]], Hub]]:
    started: list[Hub] = []

    def start(behave: Callable[[socket.socket], None]) -> Hub:
        started.append(Hub(behave))
        return started[-1]

    yield start
    for one in started:
        one.listener.close()


# --- who is told ---------------------------------------------------------------------------------


def test_every_hub_is_told_of_every_feed_document_that_changed_and_of_nothing_else() -> None:
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


def test_without_hubs_nobody_is_told() -> None:
    assert websub.pings_for(["atom.xml"], parse_config(TOML.partition("hubs")[0])) == []


def test_changes_within_a_minute_are_one_message_and_later_ones_another() -> None:
    ping = Ping(HUB, TOPIC)
    first = websub.queue_message(ping, NOW)

    assert websub.queue_message(ping, NOW + timedelta(seconds=49)) == first
    assert websub.queue_message(ping, NOW + timedelta(seconds=50)).once != first.once
    assert websub.queue_message(Ping(OTHER, TOPIC), NOW).once != first.once
    assert websub.queue_message(Ping(HUB, TOPIC + "?"), NOW).once != first.once
    assert len(first.once) <= 128, "what SQS takes"


def test_the_last_change_of_a_minute_is_told_after_the_cdn_has_forgotten_the_copy_before() -> None:
    """A message is as old as the first change in its window; the last may be a minute younger."""
    youngest = websub.DELAY - websub.WINDOW

    assert youngest > 60 + 60, (
        "s-maxage and stale-while-revalidate of feeds/documents/http_headers.py"
    )


# --- telling -------------------------------------------------------------------------------------


def test_a_hub_gets_one_form_for_each_document(hub: Callable[..., Hub]) -> None:
    live = hub(answers("202 Accepted"))
    pings = [
        Ping(HUB, TOPIC),
        Ping(HUB, TOPIC + "?a=b&c"),
        Ping(HUB, "https://feeds.example.com/é"),
    ]

    failed = websub.send_pings(pings, ToThisMachine(**{"hub_example_com": live.port}))

    assert failed == {}
    assert sorted(live.told, key=str) == sorted(
        ({"hub.mode": "publish", "hub.url": ping.topic} for ping in pings), key=str
    )
    assert live.heads[0].startswith(b"POST /publish HTTP/1.1\r\n")
    assert b"content-type: application/x-www-form-urlencoded" in live.heads[0].lower()


def test_a_dead_hub_is_a_failure_of_its_own_pings(hub: Callable[..., Hub]) -> None:
    live = hub(answers("204 No Content"))
    pings = [Ping(HUB, TOPIC), Ping(OTHER, TOPIC)]
    transport = ToThisMachine(hub_example_com=live.port, other_example_net=free_port())

    failed = websub.send_pings(pings, transport)

    assert set(failed) == {Ping(OTHER, TOPIC)}
    assert "ConnectionError" in failed[Ping(OTHER, TOPIC)]
    assert len(live.told) == 1


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "500 Oops", "199 Odd"])
def test_a_hub_that_refuses_is_a_failure(hub: Callable[..., Hub], status: str) -> None:
    refusing = hub(answers(status))

    failed = websub.send_pings(
        [Ping(HUB, TOPIC)], ToThisMachine(hub_example_com=refusing.port), 1.0
    )

    assert list(failed) == [Ping(HUB, TOPIC)]


def test_a_redirect_is_not_followed(hub: Callable[..., Hub]) -> None:
    elsewhere = hub(answers("204 No Content"))
    redirecting = hub(answers("307 Temporary Redirect", "Location: https://other.example.net/"))
    transport = ToThisMachine(hub_example_com=redirecting.port, other_example_net=elsewhere.port)

    failed = websub.send_pings([Ping(HUB, TOPIC)], transport)

    assert failed == {Ping(HUB, TOPIC): "answered 307"}
    assert elsewhere.told == []


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (streams_for_ever("200 OK"), {}),
        (
            streams_for_ever("302 Found", "Location: https://other.example.net/"),
            {Ping(HUB, TOPIC): "answered 302"},
        ),
        (
            streams_for_ever("500 Oops", "Transfer-Encoding: chunked"),
            {Ping(HUB, TOPIC): "answered 500"},
        ),
    ],
)
def test_what_a_hub_sends_is_not_read(
    hub: Callable[..., Hub], behaviour: Callable[[socket.socket], None], outcome: dict[Ping, str]
) -> None:
    streaming = hub(behaviour)
    start = time.monotonic()

    failed = websub.send_pings([Ping(HUB, TOPIC)], ToThisMachine(hub_example_com=streaming.port))

    assert failed == outcome
    assert time.monotonic() - start < 3
    assert streaming.closed.wait(5), "the connection is left open"


@pytest.mark.parametrize("behaviour", [is_silent, drips])
def test_a_slow_hub_keeps_nobody_waiting(
    hub: Callable[..., Hub], behaviour: Callable[[socket.socket], None]
) -> None:
    slow, live = hub(behaviour), hub(answers("204 No Content"))
    transport = ToThisMachine(hub_example_com=slow.port, other_example_net=live.port)
    start = time.monotonic()

    failed = websub.send_pings([Ping(HUB, TOPIC), Ping(OTHER, TOPIC)], transport, deadline=0.5)

    assert failed == {Ping(HUB, TOPIC): "did not answer within 0.5 s"}
    assert time.monotonic() - start < 2
    assert len(live.told) == 1


@pytest.mark.parametrize(
    "hub", ["http://hub.example.com/", "ftp://hub.example.com/", "file:///etc"]
)
def test_nothing_but_https_is_told(hub: str) -> None:
    assert websub.send_pings([Ping(hub, TOPIC)]) == {Ping(hub, TOPIC): "is not an https address"}


def test_no_password_and_no_proxy_is_taken_from_the_environment(
    hub: Callable[..., Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine hub.example.com login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    live = hub(answers("204 No Content"))

    assert websub.send_pings([Ping(HUB, TOPIC)], ToThisMachine(hub_example_com=live.port)) == {}
    assert b"authorization" not in live.heads[0].lower()


# --- the queue between ---------------------------------------------------------------------------


@pytest.fixture
def sqs(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return boto3.client("sqs")


@pytest.fixture
def queue(sqs: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    """A queue as infra/queues.yml has it, but for the delay."""
    url = sqs.create_queue(
        QueueName="notify.fifo", Attributes={"FifoQueue": "true", "VisibilityTimeout": "1"}
    )["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


def received(sqs: Any, url: str) -> list[Any]:
    found: list[Any] = []
    while more := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += more
        for message in more:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def test_more_messages_than_fit_in_a_request_are_sent(sqs: Any, queue: str) -> None:
    bodies = [f"{number}" for number in range(25)]

    assert Queue(queue).send(OutgoingMessage(body, once=body) for body in bodies) == 25
    assert sorted(message["Body"] for message in received(sqs, queue)) == sorted(bodies)


def test_long_messages_are_sent_a_few_at_a_time() -> None:
    sent: list[int] = []

    class Client:
        def send_message_batch(self, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803
            sent.append(sum(len(entry["MessageBody"]) for entry in Entries))
            assert all("MessageGroupId" not in entry for entry in Entries)
            return {}

    messages = [OutgoingMessage("x" * 90_000)] * 5

    assert Queue("https://queue", client=Client()).send(messages) == 5  # type: ignore[arg-type]
    assert sorted(sent) == [90_000, 180_000, 180_000]


def test_requests_are_sent_at_once() -> None:
    meeting = threading.Barrier(4, timeout=10)

    class Client:
        def send_message_batch(self, **_: Any) -> dict[str, Any]:
            meeting.wait()
            return {}

    messages = [OutgoingMessage(str(number)) for number in range(40)]

    assert Queue("https://queue", client=Client()).send(messages) == 40  # type: ignore[arg-type]


def test_a_queue_that_is_not_there_is_an_error_with_its_address(sqs: Any) -> None:
    with pytest.raises(FeedsError, match=r"^https?://\S+/none\.fifo: "):
        Queue(sqs.meta.endpoint_url + "/123456789012/none.fifo").send(
            [OutgoingMessage("x", once="x")]
        )


def test_a_message_that_is_not_taken_is_an_error() -> None:
    class Client:
        def send_message_batch(self, **_: Any) -> dict[str, Any]:
            return {"Failed": [{"Id": "0", "Code": "TooLong", "SenderFault": True}]}

    with pytest.raises(FeedsError, match="SQS refused a message: TooLong"):
        Queue("https://queue", client=Client()).send([OutgoingMessage("x")])  # type: ignore[arg-type]


# --- the entry points ----------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, queue: str, sqs: Any) -> Iterator[Upload]:
    """A configured function, with posts and feeds in buckets, and the queue; it takes uploads."""
    s3 = boto3.client("s3")
    posts, feeds = f"hubs-posts-{next(number)}", f"hubs-feeds-{next(number)}"
    s3.create_bucket(Bucket=posts)
    s3.create_bucket(Bucket=feeds)
    (tmp_path / "feeds.toml").write_text(TOML)
    monkeypatch.setenv("POSTS_URL", f"s3://{posts}")
    monkeypatch.setenv("FEEDS_URL", f"s3://{feeds}")
    monkeypatch.setenv("FEEDS_CONFIG", str(tmp_path / "feeds.toml"))
    monkeypatch.setenv("NOTIFY_QUEUE_URL", queue)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "bucketfeed-test")
    forget()
    yield lambda key, body: s3.put_object(Bucket=posts, Key=key, Body=body)
    forget()


def forget() -> None:
    environment.reset()


def event(*keys: str, received: int = 1) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "eventSource": "aws:sqs",
                "attributes": {"ApproximateReceiveCount": str(received)},
                "body": json.dumps({"keys": [key]}),
            }
            for number, key in enumerate(keys)
        ]
    }


def topics(messages: list[Any]) -> set[tuple[str, str]]:
    pings = [json.loads(message["Body"]) for message in messages]
    return {
        (ping["hub"], ping["topic"].removeprefix("https://feeds.example.com/")) for ping in pings
    }


ALL = {
    (hub, folder + file)
    for hub in (HUB, OTHER)
    for folder in ("", "category/markets/")
    for file in ("atom.xml", "feed.json")
}


def test_what_changed_goes_to_the_queue_once(site: Upload, sqs: Any, queue: str) -> None:
    for number in range(3):
        site(f"{number}.md", post(f"Post {number}", more="category: markets"))
        assert functions.publish(event(f"{number}.md"), None) == {"batchItemFailures": []}

    messages = received(sqs, queue)
    minutes = 1 if len(messages) == len(ALL) else 2  # the clock may turn a minute meanwhile
    assert len(messages) <= len(ALL) * minutes
    assert topics(messages) == ALL


def test_what_did_not_change_is_told_to_nobody(site: Upload, sqs: Any, queue: str) -> None:
    site("a.md", post(more="category: markets"))
    functions.publish(event("a.md"), None)
    received(sqs, queue)

    functions.publish(event("a.md"), None)

    assert received(sqs, queue) == []


def test_a_message_that_comes_again_tells_of_all_its_feeds(
    site: Upload,
    sqs: Any,
    queue: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who died between the documents and the queue left documents that change no more."""
    site("a.md", post(more="category: markets"))
    with monkeypatch.context() as broken:
        broken.setenv("NOTIFY_QUEUE_URL", queue.replace("notify", "none"))
        answer = functions.publish(event("a.md"), None)
        shared_queue.cache_clear()
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert received(sqs, queue) == []

    assert functions.publish(event("a.md", received=2), None) == {"batchItemFailures": []}

    assert topics(received(sqs, queue)) == ALL


def as_event(pings: list[Ping], *others: str) -> dict[str, Any]:
    bodies = [websub.queue_message(ping, NOW).body for ping in pings] + list(others)
    return {
        "Records": [
            {"messageId": f"m{number}", "body": body, "attributes": {}}
            for number, body in enumerate(bodies)
        ]
    }


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Ping]:
    """The pings that are sent; those to OTHER fail."""
    sent: list[Ping] = []

    def tell(pings: list[Ping]) -> dict[Ping, str]:
        sent.extend(pings)
        return {ping: "answered 500" for ping in pings if ping.hub == OTHER}

    monkeypatch.setattr(websub, "send_pings", tell)
    return sent


def test_only_what_could_not_be_told_comes_again(
    site: Upload, told: list[Ping], capsys: pytest.CaptureFixture[str]
) -> None:
    pings = [Ping(HUB, TOPIC), Ping(OTHER, TOPIC), Ping(HUB, TOPIC), Ping(OTHER, TOPIC)]

    answer = functions.notify(as_event(pings), None)

    assert told == pings[:2], "one ping for each document, however many messages ask for it"
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m3"}]}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (error,) = (line for line in lines if line["event"] == "error")
    assert (error["hub"], error["topic"], error["what"]) == (OTHER, TOPIC, "the hub answered 500")


def test_what_is_no_ping_or_for_no_hub_of_the_site_is_put_aside(
    site: Upload, told: list[Ping]
) -> None:
    stranger = Ping("https://evil.example/", TOPIC)

    answer = functions.notify(as_event([stranger, Ping(HUB, TOPIC)], "no json", "{}", "[1]"), None)

    assert answer == {"batchItemFailures": []}
    assert told == [Ping(HUB, TOPIC)]


def test_an_event_of_another_kind_is_an_error(site: Upload) -> None:
    with pytest.raises(FeedsError, match="not a batch of a queue"):
        functions.notify({"detail": {}}, None)


@pytest.mark.slow
def test_the_hub_is_told_once_after_the_delay_and_a_dead_one_fills_the_dead_letters(
    site: Upload, sqs: Any, hub: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The template's queue with two seconds for its delay, and no wait between deliveries."""
    queue, dead = delayed(sqs, seconds=2)
    monkeypatch.setenv("NOTIFY_QUEUE_URL", queue)
    live = hub(answers("202 Accepted"))
    transport = ToThisMachine(hub_example_com=live.port, other_example_net=free_port())
    monkeypatch.setattr(
        websub, "send_pings", functools.partial(websub.send_pings, transport=transport)
    )
    start = time.monotonic()
    for name in ("a", "b"):
        site(f"{name}.md", post(f"Post {name}", more="category: markets"))
        assert functions.publish(event(f"{name}.md"), None) == {"batchItemFailures": []}

    deliveries = 0
    while waiting(sqs, queue) and deliveries < 200:
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        messages = found.get("Messages", [])
        if messages:
            assert time.monotonic() - start >= 2, "told before its time"
            deliveries += len(messages)
            records = [{"messageId": m["MessageId"], "body": m["Body"]} for m in messages]
            answer = functions.notify({"Records": records}, None)
            failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
            settle(sqs, queue, messages, failed)

    told = [form["hub.url"].removeprefix(CONFIG.feeds.url) for form in live.told]
    minutes = len(told) / (len(ALL) / 2)
    assert set(told) == {topic for _, topic in ALL}
    assert minutes in (1, 2), "once in each minute, and the clock may have turned"
    assert waiting(sqs, dead) == len(told), "the dead hub's"
    assert topics(received(sqs, dead)) == {(OTHER, topic) for topic in told}


def delayed(sqs: Any, seconds: int) -> tuple[str, str]:
    """A queue that delays what it is given, and its dead letters."""
    name, fifo = f"notify-{next(number)}", {"FifoQueue": "true"}
    dead = sqs.create_queue(QueueName=f"{name}-dead.fifo", Attributes=fifo)["QueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    policy = {"deadLetterTargetArn": answer["Attributes"]["QueueArn"], "maxReceiveCount": 5}
    attributes = {**fifo, "DelaySeconds": str(seconds), "RedrivePolicy": json.dumps(policy)}
    return sqs.create_queue(QueueName=f"{name}.fifo", Attributes=attributes)["QueueUrl"], dead


def waiting(sqs: Any, url: str) -> int:
    names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(answer[name]) for name in names)


def settle(sqs: Any, url: str, messages: list[Any], failed: set[str]) -> None:
    """Give back what failed, and delete the rest, as Lambda does."""
    for message in messages:
        handle = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
        if message["MessageId"] in failed:
            sqs.change_message_visibility(**handle, VisibilityTimeout=0)
        else:
            sqs.delete_message(**handle)


# --- metrics -------------------------------------------------------------------------------------


def test_a_batch_is_counted_in_a_line_that_cloudwatch_reads(
    site: Upload, capsys: pytest.CaptureFixture[str]
) -> None:
    site("a.md", post())
    site("b.md", b"---\ntitle: B\ndate: 2026-11-31\n---\n")

    functions.publish(event("a.md", "b.md"), None)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = (line for line in lines if "_aws" in line)
    assert line["FunctionName"] == "bucketfeed-test"
    assert (line["Posts"], line["Problems"], line["Failed"], line["Conflicts"]) == (2, 1, 0, 0)
    assert line["Documents"] > 0
    # Embedded metric format: each metric is named in the directive and has a number beside it.
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == NAMESPACE
    assert directive["Dimensions"] == [["FunctionName"]]
    assert all(isinstance(line[metric["Name"]], int) for metric in directive["Metrics"])
    assert abs(line["_aws"]["Timestamp"] / 1000 - time.time()) < 60
