"""The messages that come to the publisher from a queue, and those that go out to one."""

from __future__ import annotations

from msgspec import Struct


class Message(Struct, frozen=True):
    """A message that asks for some posts. It is acknowledged, or delivered again, as a whole."""

    id: str
    """The `itemIdentifier` for the answer to SQS; ``""`` if the message is not from a queue (an
    empty identifier in an answer fails the whole batch)."""
    keys: tuple[str, ...]
    """The keys of the posts, below POSTS_URL, decoded, in order, without repeats."""
    received: int
    """How often the message was delivered, with this delivery; 1 if unknown."""
    notes: tuple[str, ...]
    """A sentence for each part of the message that was skipped."""


class OutgoingMessage(Struct, frozen=True):
    """A message to send."""

    body: str
    once: str = ""
    """For a FIFO queue, which takes one of the messages with the same text here in five minutes.
    It is the message's group too, so that no message waits for another one."""
