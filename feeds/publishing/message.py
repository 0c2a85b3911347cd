"""Messages: those that the publisher receives from a queue, and those that it sends to one."""

from __future__ import annotations

from msgspec import Struct


class Message(Struct, frozen=True):
    """A received message. It succeeds or is retried as a whole."""

    id: str
    """SQS's id of the message, for the `itemIdentifier` of a failure. ``""`` if the message is not
    from a queue: it must not be in the response then, because SQS repeats the whole batch if a
    response has an empty identifier."""
    keys: tuple[str, ...]
    """The keys of the objects to read, under POSTS_URL, in order and without repeats."""
    received: int
    """The number of deliveries, this one included; 1 if unknown."""
    notes: tuple[str, ...]
    """A sentence about each skipped part of the message."""


class OutgoingMessage(Struct, frozen=True):
    """A message to send."""

    body: str
    """The text of the message."""
    deduplication_id: str = ""
    """For a FIFO queue, the deduplication id: within five minutes the queue accepts only one
    message with this id. It is also the message group, so that no message waits for another."""
