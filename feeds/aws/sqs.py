"""Sends messages to SQS queues, in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

from feeds.errors import FeedsError
from feeds.publishing.message import OutgoingMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_MESSAGES_PER_REQUEST = 10
_CONCURRENT_REQUESTS = 8  # an audit may send a million messages in fifteen minutes
_BYTES_PER_REQUEST = 200_000  # of text; SQS allows 256 KiB, and counts more than the text


class Queue:
    """An SQS queue, by its URL."""

    def __init__(self, url: str, client: SQSClient | None = None) -> None:
        self.url = url
        self._client = client or _sqs_client()

    def send(self, messages: Iterable[OutgoingMessage]) -> int:
        """Send messages, ten in a request and several requests at once; return their number.

        Raises FeedsError if SQS refuses a message; other messages may still have been sent.
        """
        with ThreadPoolExecutor(_CONCURRENT_REQUESTS) as pool:
            return sum(pool.map(self._send_batch, _batches(messages)))

    def _send_batch(self, batch: list[OutgoingMessage]) -> int:
        from botocore.exceptions import BotoCoreError, ClientError

        from feeds.stores.s3.boto3_store import BROKEN_REPLY

        try:
            response = self._client.send_message_batch(
                QueueUrl=self.url,
                Entries=[_request_entry(number, message) for number, message in enumerate(batch)],
            )
        except (BotoCoreError, ClientError, *BROKEN_REPLY) as error:
            raise FeedsError(f"{self.url}: {error}") from error
        for failure in response.get("Failed", []):
            reason = failure.get("Message") or failure["Code"]
            raise FeedsError(f"{self.url}: SQS refused a message: {reason}")
        return len(batch)


def _sqs_client() -> SQSClient:
    # botocore takes 0.2 s; a function that sends no message does not need it.
    from botocore.config import Config
    from botocore.session import get_session

    config = Config(
        retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=3, read_timeout=10
    )
    return cast("SQSClient", get_session().create_client("sqs", config=config))


def _request_entry(number: int, message: OutgoingMessage) -> SendMessageBatchRequestEntryTypeDef:
    entry: SendMessageBatchRequestEntryTypeDef = {"Id": str(number), "MessageBody": message.body}
    if message.deduplication_id:
        entry["MessageDeduplicationId"] = entry["MessageGroupId"] = message.deduplication_id
    return entry


def _batches(messages: Iterable[OutgoingMessage]) -> Iterator[list[OutgoingMessage]]:
    """Yield the messages in lists that each fit into one request."""
    batch: list[OutgoingMessage] = []
    size = 0
    for message in messages:
        length = len(message.body.encode())
        if batch and (len(batch) == _MESSAGES_PER_REQUEST or size + length > _BYTES_PER_REQUEST):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += length
    if batch:
        yield batch
