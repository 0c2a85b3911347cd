"""The messages that come to the publisher from a queue, and those that go out to one."""

from __future__ import annotations

from msgspec import Struct


class Message(Struct, frozen=True):
    """What one message asks for, to be acknowledged or sent back as a whole.

    `id` is the `itemIdentifier` to answer SQS with, ``""`` where no queue is behind it (an empty
    identifier in an answer fails the whole batch). `keys` are under POSTS_URL, decoded, in order,
    without repeats; `notes` have a sentence for each thing passed over. `received` counts the
    deliveries so far, this one too; 1 when unknown.
    """

    id: str
    keys: tuple[str, ...]
    received: int
    notes: tuple[str, ...]


class OutgoingMessage(Struct, frozen=True):
    """A message to send.

    `once`, for a FIFO queue: of all messages with the same text here, the queue takes one in five
    minutes. Each is a group of its own, so that none waits for another.
    """

    body: str
    once: str = ""
