"""Sending messages to an SQS queue."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from support.hubs import queue, received, sqs

from feeds.aws.sqs import Queue
from feeds.errors import FeedsError
from feeds.publishing.message import OutgoingMessage

__all__ = ["queue", "sqs"]


@pytest.mark.slow
def test_more_messages_than_fit_in_one_request_are_sent(sqs: Any, queue: str) -> None:
    bodies = [f"{number}" for number in range(25)]

    assert Queue(queue).send(OutgoingMessage(body, deduplication_id=body) for body in bodies) == 25
    assert sorted(message["Body"] for message in received(sqs, queue)) == sorted(bodies)


def test_requests_of_long_messages_stay_below_the_size_limit() -> None:
    sent: list[int] = []

    class Client:
        def send_message_batch(self, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803
            sent.append(sum(len(entry["MessageBody"]) for entry in Entries))
            assert all("MessageGroupId" not in entry for entry in Entries)
            return {}

    messages = [OutgoingMessage("x" * 90_000)] * 5

    assert Queue("https://queue", client=Client()).send(messages) == 5  # type: ignore[arg-type]
    assert sorted(sent) == [90_000, 180_000, 180_000]


def test_requests_are_sent_in_parallel() -> None:
    barrier = threading.Barrier(4, timeout=10)

    class Client:
        def send_message_batch(self, **_: Any) -> dict[str, Any]:
            barrier.wait()
            return {}

    messages = [OutgoingMessage(str(number)) for number in range(40)]

    assert Queue("https://queue", client=Client()).send(messages) == 40  # type: ignore[arg-type]


def test_missing_queue_is_an_error_with_its_address(sqs: Any) -> None:
    with pytest.raises(FeedsError, match=r"^https?://\S+/none\.fifo: "):
        Queue(sqs.meta.endpoint_url + "/123456789012/none.fifo").send(
            [OutgoingMessage("x", deduplication_id="x")]
        )


def test_refused_message_is_an_error() -> None:
    class Client:
        def send_message_batch(self, **_: Any) -> dict[str, Any]:
            return {"Failed": [{"Id": "0", "Code": "TooLong", "SenderFault": True}]}

    with pytest.raises(FeedsError, match="SQS refused a message: TooLong"):
        Queue("https://queue", client=Client()).send([OutgoingMessage("x")])  # type: ignore[arg-type]
