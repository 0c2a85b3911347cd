"""Changed documents become pings in a queue, and the notify function sends them; metrics."""

from __future__ import annotations

import functools
import itertools
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
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
    queue,
    received,
    sqs,
    start_hub,
)
from support.servers import free_port
from support.sites import post

from feeds.aws import environment, functions
from feeds.aws.environment import shared_queue
from feeds.aws.metrics import NAMESPACE
from feeds.errors import FeedsError
from feeds.publishing import websub
from feeds.publishing.websub import Ping

__all__ = ["queue", "sqs", "start_hub"]

NOW = datetime(2026, 11, 22, 12, 0, 10, tzinfo=UTC)

StartHub = Callable[[Response], Hub]
Upload = Callable[[str, bytes], None]

number = itertools.count()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, queue: str, sqs: Any) -> Iterator[Upload]:
    """A configured function with a queue, and posts and feeds in buckets; returns an upload."""
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
    environment.reset()
    yield lambda key, body: s3.put_object(Bucket=posts, Key=key, Body=body)
    environment.reset()


def event(*keys: str, received: int = 1) -> dict[str, Any]:
    """Return an event with a message for each key."""
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
    """Return the hub and the document's path of each ping."""
    pings = [json.loads(message["Body"]) for message in messages]
    return {
        (ping["hub"], ping["topic"].removeprefix("https://feeds.example.com/")) for ping in pings
    }


ALL_TOPICS = {
    (hub, folder + file)
    for hub in (HUB, OTHER)
    for folder in ("", "category/markets/")
    for file in ("atom.xml", "feed.json")
}


@pytest.mark.slow
def test_changed_documents_are_queued_once_in_a_minute(site: Upload, sqs: Any, queue: str) -> None:
    for number in range(3):
        site(f"{number}.md", post(f"Post {number}", more="category: markets"))
        assert functions.publish(event(f"{number}.md"), None) == {"batchItemFailures": []}

    messages = received(sqs, queue)
    minutes = 1 if len(messages) == len(ALL_TOPICS) else 2  # a new minute may begin during the test
    assert len(messages) <= len(ALL_TOPICS) * minutes
    assert topics(messages) == ALL_TOPICS


@pytest.mark.slow
def test_unchanged_documents_queue_no_ping(site: Upload, sqs: Any, queue: str) -> None:
    site("a.md", post(more="category: markets"))
    functions.publish(event("a.md"), None)
    received(sqs, queue)

    functions.publish(event("a.md"), None)

    assert received(sqs, queue) == []


@pytest.mark.slow
def test_redelivery_queues_pings_for_all_feeds_of_the_post(
    site: Upload,
    sqs: Any,
    queue: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker may crash after the documents and before the pings: they do not change again."""
    site("a.md", post(more="category: markets"))
    with monkeypatch.context() as context:
        context.setenv("NOTIFY_QUEUE_URL", queue.replace("notify", "none"))
        answer = functions.publish(event("a.md"), None)
        shared_queue.cache_clear()
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert received(sqs, queue) == []

    assert functions.publish(event("a.md", received=2), None) == {"batchItemFailures": []}

    assert topics(received(sqs, queue)) == ALL_TOPICS


def as_event(pings: list[Ping], *others: str) -> dict[str, Any]:
    """Return an event with messages for pings, and with other bodies."""
    bodies = [websub.queue_message(ping, NOW).body for ping in pings] + list(others)
    return {
        "Records": [
            {"messageId": f"m{number}", "body": body, "attributes": {}}
            for number, body in enumerate(bodies)
        ]
    }


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Ping]:
    """Replaces `send_pings`: the pings that are sent; those to OTHER fail."""
    pings_sent: list[Ping] = []

    def send_pings(pings: list[Ping]) -> dict[Ping, str]:
        pings_sent.extend(pings)
        return {ping: "answered 500" for ping in pings if ping.hub == OTHER}

    monkeypatch.setattr(websub, "send_pings", send_pings)
    return pings_sent


def test_only_failed_pings_are_delivered_again(
    site: Upload, sent: list[Ping], capsys: pytest.CaptureFixture[str]
) -> None:
    pings = [Ping(HUB, TOPIC), Ping(OTHER, TOPIC), Ping(HUB, TOPIC), Ping(OTHER, TOPIC)]

    answer = functions.notify(as_event(pings), None)

    assert sent == pings[:2], "one ping for each document, for any number of messages"
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m3"}]}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (error,) = (line for line in lines if line["event"] == "error")
    assert (error["hub"], error["topic"], error["what"]) == (OTHER, TOPIC, "the hub answered 500")


def test_message_that_is_not_a_ping_to_a_hub_of_the_site_is_skipped(
    site: Upload, sent: list[Ping]
) -> None:
    foreign = Ping("https://evil.example/", TOPIC)

    answer = functions.notify(as_event([foreign, Ping(HUB, TOPIC)], "no json", "{}", "[1]"), None)

    assert answer == {"batchItemFailures": []}
    assert sent == [Ping(HUB, TOPIC)]


def test_event_that_is_not_a_batch_of_a_queue_is_an_error(site: Upload) -> None:
    with pytest.raises(FeedsError, match="not a batch of a queue"):
        functions.notify({"detail": {}}, None)


@pytest.mark.slow
def test_hub_is_pinged_once_after_the_delay_and_failed_pings_are_dead_letters(
    site: Upload, sqs: Any, start_hub: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the queue of the template, but a delay of two seconds and no wait between deliveries."""
    queue, dead = delayed(sqs, seconds=2)
    monkeypatch.setenv("NOTIFY_QUEUE_URL", queue)
    hub = start_hub(answers("202 Accepted"))
    transport = LocalTransport(hub_example_com=hub.port, other_example_net=free_port())
    monkeypatch.setattr(
        websub, "send_pings", functools.partial(websub.send_pings, transport=transport)
    )
    start = time.monotonic()
    for name in ("a", "b"):
        site(f"{name}.md", post(f"Post {name}", more="category: markets"))
        assert functions.publish(event(f"{name}.md"), None) == {"batchItemFailures": []}

    deliveries = 0
    while waiting(sqs, queue) and deliveries < 200:
        response = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        messages = response.get("Messages", [])
        if messages:
            assert time.monotonic() - start >= 2, "pinged before the delay has passed"
            deliveries += len(messages)
            records = [{"messageId": m["MessageId"], "body": m["Body"]} for m in messages]
            answer = functions.notify({"Records": records}, None)
            failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
            acknowledge(sqs, queue, messages, failed)

    pinged = [form["hub.url"].removeprefix(CONFIG.feeds.url) for form in hub.forms]
    minutes = len(pinged) / (len(ALL_TOPICS) / 2)
    assert set(pinged) == {topic for _, topic in ALL_TOPICS}
    assert minutes in (1, 2), "once in each minute; a new minute may have begun"
    assert waiting(sqs, dead) == len(pinged), "the pings to the unreachable hub"
    assert topics(received(sqs, dead)) == {(OTHER, topic) for topic in pinged}


def delayed(sqs: Any, seconds: int) -> tuple[str, str]:
    """Create a queue with a delay, and a queue for its dead letters; return their addresses."""
    name, fifo = f"notify-{next(number)}", {"FifoQueue": "true"}
    dead = sqs.create_queue(QueueName=f"{name}-dead.fifo", Attributes=fifo)["QueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    policy = {"deadLetterTargetArn": answer["Attributes"]["QueueArn"], "maxReceiveCount": 5}
    attributes = {**fifo, "DelaySeconds": str(seconds), "RedrivePolicy": json.dumps(policy)}
    return sqs.create_queue(QueueName=f"{name}.fifo", Attributes=attributes)["QueueUrl"], dead


def waiting(sqs: Any, url: str) -> int:
    """Return the number of messages in a queue."""
    names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(answer[name]) for name in names)


def acknowledge(sqs: Any, url: str, messages: list[Any], failed: set[str]) -> None:
    """Make failed messages visible again and delete the others, as Lambda does."""
    for message in messages:
        handle = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
        if message["MessageId"] in failed:
            sqs.change_message_visibility(**handle, VisibilityTimeout=0)
        else:
            sqs.delete_message(**handle)


# --- metrics -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_metrics_of_a_batch_are_one_line_for_cloudwatch(
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
