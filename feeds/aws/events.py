"""Parses the event of the publish function: an event -> messages, each with the keys to read.

An event is one of a source in EVENT_SOURCES (feeds/aws/event_sources.py), or a batch of an SQS
queue whose messages hold such events as JSON text, also inside an SNS notification:

    SQS batch            Records[].body: the JSON text of an event; a Message for each record
    SNS notification     Message: the JSON text of an event, only inside a body

No event raises an error, whatever its JSON. An event that cannot be read now could not be read at
its next delivery either: it becomes a note, which the caller logs before it acknowledges the
message, and does not hide the other records of its batch.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from feeds.aws.event_sources import (
    Finding,
    KeyFound,
    PostsLocation,
    Skipped,
    read_event,
    value_at,
)
from feeds.publishing.message import Message


def parse_messages(event: object, posts_url: str) -> tuple[Message, ...]:
    """Return the messages in an event, at least one; those of a queue come first.

    `event` may be any JSON value. `posts_url` is ``s3://bucket/prefix``; with any other address,
    the events of every bucket are read, and their keys have no prefix to remove.
    """
    posts = PostsLocation.from_url(posts_url)
    records = value_at(event, "Records")
    if not isinstance(records, list):
        return (_message("", 1, read_event(event, posts)),)
    queued = [record for record in records if _is_queued(record)]
    direct = [record for record in records if not _is_queued(record)]
    messages = [_queued_message(record, posts) for record in queued]
    if direct or not queued:
        messages.append(_message("", 1, read_event({"Records": direct}, posts)))
    return tuple(messages)


def _is_queued(record: object) -> bool:
    return value_at(record, "eventSource") == "aws:sqs"


def _queued_message(record: object, posts: PostsLocation) -> Message:
    identifier = value_at(record, "messageId")
    return _message(
        identifier if isinstance(identifier, str) else "",
        _delivery_count(value_at(record, "attributes", "ApproximateReceiveCount")),
        _read_body(value_at(record, "body"), posts),
    )


def _message(identifier: str, received: int, findings: Iterable[Finding]) -> Message:
    keys: dict[str, None] = {}
    notes: list[str] = []
    for finding in findings:
        match finding:
            case KeyFound(key):
                keys[key] = None
            case Skipped(why):
                notes.append(why)
    return Message(identifier, tuple(keys), received, tuple(notes))


def _delivery_count(count: object) -> int:
    """Return the number in `count`, which SQS sends as text; 1 if it is not a valid number."""
    if isinstance(count, str) and count.isascii() and count.isdigit() and len(count) < 10:
        return max(1, int(count))
    return 1


def _read_body(
    text: object, posts: PostsLocation, *, in_notification: bool = False
) -> Iterator[Finding]:
    """Yield what `read_event` finds in the JSON text of a message."""
    if not isinstance(text, str):
        yield Skipped("Skipped a message: its body is not text.")
        return
    # json, not msgspec: it accepts lone surrogates, so that a broken name costs only its own
    # record. An integer of 5,000 digits raises ValueError too.
    try:
        event: object = json.loads(text)
    except (ValueError, RecursionError):
        yield Skipped("Skipped a message: its body is not JSON, or is too large to parse.")
        return
    if value_at(event, "Type") == "Notification" and not in_notification:
        yield from _read_body(value_at(event, "Message"), posts, in_notification=True)
    else:
        yield from read_event(event, posts)
