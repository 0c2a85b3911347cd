"""Parses the event of the notify function: a batch of the notify queue -> WebSub pings."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from feeds.errors import FeedsError
from feeds.publishing.websub import Ping


class _Record(Struct):
    messageId: str  # noqa: N815
    body: str


class _Batch(Struct):
    Records: list[_Record]


def parse_pings(event: object) -> dict[str, Ping | None]:
    """Return the ping in each message of a batch, by the message's id.

    None stands for a message that is not a ping, and would not be one at its next delivery either.
    Raises FeedsError if the event is not a batch of a queue.
    """
    try:
        records = msgspec.convert(event, _Batch).Records
    except msgspec.ValidationError as error:
        raise FeedsError(f"the event is not a batch of a queue: {error}") from error
    pings: dict[str, Ping | None] = {}
    for record in records:
        try:
            pings[record.messageId] = msgspec.json.decode(record.body, type=Ping)
        except msgspec.DecodeError:
            pings[record.messageId] = None
    return pings
