"""Owns SQS: the only module that sends to a queue. What a message means is not known here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from feeds.errors import FeedsError
from feeds.publishing.message import OutgoingMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_BATCH = 10  # messages a request
_AT_ONCE = 8  # requests: an audit may have a million messages, and fifteen minutes
_BYTES = 200_000  # of text a request; SQS takes 256 KiB, and counts more than the text


class Queue:
    """A queue that messages are sent to, by its URL."""

    def __init__(self, url: str, client: SQSClient | None = None) -> None:
        self.url = url
        self._client = client or _sqs_client()

    def send(self, messages: Iterable[OutgoingMessage]) -> int:
        """Send messages, ten a request and some requests at once; return how many.

        Raises FeedsError when the queue did not take one. Others are sent then.
        """
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return sum(pool.map(self._sent, _batches(messages)))

    def _sent(self, batch: list[OutgoingMessage]) -> int:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client.send_message_batch(
                QueueUrl=self.url, Entries=[_entry(i, one) for i, one in enumerate(batch)]
            )
        except (BotoCoreError, ClientError) as error:
            raise FeedsError(f"{self.url}: {error}") from error
        for failure in answer.get("Failed", []):
            what = failure.get("Message") or failure["Code"]
            raise FeedsError(f"{self.url}: a message was not taken: {what}")
        return len(batch)


def _sqs_client() -> SQSClient:
    import boto3  # 0.3 s, and who only reads what Lambda hands over needs none of it
    from botocore.config import Config

    config = Config(
        retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=3, read_timeout=10
    )
    return boto3.client("sqs", config=config)


def _entry(number: int, message: OutgoingMessage) -> SendMessageBatchRequestEntryTypeDef:
    entry: SendMessageBatchRequestEntryTypeDef = {"Id": str(number), "MessageBody": message.body}
    if message.once:
        entry["MessageDeduplicationId"] = entry["MessageGroupId"] = message.once
    return entry


def _batches(messages: Iterable[OutgoingMessage]) -> Iterator[list[OutgoingMessage]]:
    batch: list[OutgoingMessage] = []
    size = 0
    for message in messages:
        length = len(message.body.encode())
        if batch and (len(batch) == _BATCH or size + length > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += length
    if batch:
        yield batch
