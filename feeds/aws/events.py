"""Parses Lambda events: uploads -> messages with keys to look at; the notify queue -> WebSub pings.

It knows nothing of posts or stores. The forms of an upload event:

    SQS batch            Records[].body: the JSON text of any of the others; a Message for each
    SNS notification     Message: likewise, once, in a body
    S3 notification      Records[].s3.object.key, form-encoded
    EventBridge          detail.object.key, as it is
    {"keys": […]}        names under POSTS_URL: what this program and its schedules send
    S3 test event        what S3 sends when a notification is set up: nothing to look at

The rules that it keeps:

1. An event only says *look at this key*. Created, removed, expired and restored are one to us;
   what else stands in an event (size, ETag, sequencer) is late or wrong often enough to be unused.
2. Nothing raises, whatever the JSON. What is not understood would not be understood the next time
   either: it becomes a note, for the caller to log and acknowledge, and never hides its neighbours.
3. Nothing that came with an event reaches a note, except through `quote_for_log`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from urllib.parse import unquote_plus

import msgspec
from msgspec import Struct

from feeds.errors import FeedsError
from feeds.publishing.message import Message
from feeds.publishing.websub import Ping

# How the event types begin after which a post may be another, or there again, or gone. All the rest
# (ObjectTagging, ObjectAcl, Replication, LifecycleTransition …) leave its bytes as they were.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
_NOTIFIED = ("ObjectCreated:", "ObjectRemoved:", "LifecycleExpiration:", "ObjectRestore:")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
_BRIDGED = ("Object Created", "Object Deleted", "Object Restore ")

_KEY_BYTES = 1024  # of UTF-8: what S3 allows
_SHOWN = 200


class KeyFound(Struct, frozen=True):
    """A key to look at, under POSTS_URL."""

    key: str


class Skipped(Struct, frozen=True):
    """Something passed over; `why` is a sentence on one line."""

    why: str


class _Source(Struct, frozen=True):
    """Where posts are: in any bucket where `bucket` is None; `prefix` is empty or ends in ``/``."""

    bucket: str | None
    prefix: str


def parse_messages(event: object, posts_url: str) -> tuple[Message, ...]:
    """Read an event as the messages in it, at least one, those of a queue first.

    `posts_url` is ``s3://bucket/prefix``; any other place takes the events of every bucket, and
    their keys whole. Takes any JSON value and does not raise.
    """
    place = _source(posts_url)
    records = _at(event, "Records")
    if not isinstance(records, list):
        return (_message("", 1, _read(event, place)),)
    queued = [record for record in records if _is_queued(record)]
    direct = [record for record in records if not _is_queued(record)]
    found = [_from_queue(record, place) for record in queued]
    if direct or not queued:
        found.append(_message("", 1, _from_records(direct, place)))
    return tuple(found)


def quote_for_log(text: str) -> str:
    """`text` in quotes for a log: printable, on one line, at most 200 characters.

    Escaped as in JSON, and so is all that does not print: line ends, controls, bidi marks.
    """
    out = '"'
    for char in text:
        plain = char.isprintable() and char not in '"\\'
        piece = char if plain else json.dumps(char)[1:-1]
        if len(out) + len(piece) > _SHOWN - 2:
            return out + '…"'
        out += piece
    return out + '"'


def _source(posts_url: str) -> _Source:
    if not posts_url.startswith("s3://"):
        return _Source(None, "")
    bucket, _, prefix = posts_url.removeprefix("s3://").partition("/")
    return _Source(bucket, prefix if prefix.endswith("/") or not prefix else prefix + "/")


def _message(identifier: str, received: int, found: Iterable[KeyFound | Skipped]) -> Message:
    keys: dict[str, None] = {}
    notes: list[str] = []
    for one in found:
        match one:
            case KeyFound(key):
                keys[key] = None
            case Skipped(why):
                notes.append(why)
    return Message(identifier, tuple(keys), received, tuple(notes))


# From here on a reader yields what it finds, in order: a Look, a Passed, or nothing.


def _is_queued(record: object) -> bool:
    return _at(record, "eventSource") == "aws:sqs"


def _from_queue(record: object, place: _Source) -> Message:
    identifier = _at(record, "messageId")
    return _message(
        identifier if isinstance(identifier, str) else "",
        _received(_at(record, "attributes", "ApproximateReceiveCount")),
        _from_text(_at(record, "body"), place),
    )


def _received(count: object) -> int:
    """SQS counts in text; 1 where that is no count."""
    if isinstance(count, str) and count.isascii() and count.isdigit() and len(count) < 10:
        return max(1, int(count))
    return 1


def _from_text(
    text: object, place: _Source, unwrapped: bool = False
) -> Iterator[KeyFound | Skipped]:
    if not isinstance(text, str):
        yield Skipped("Passed over a message: its body is no text.")
        return
    # json rather than msgspec: it bears lone surrogates, so that a broken name costs only its own
    # record. ValueError is also what an integer of 5,000 digits raises.
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        yield Skipped("Passed over a message: its body is no JSON that can be read.")
        return
    if _at(value, "Type") == "Notification" and not unwrapped:
        yield from _from_text(_at(value, "Message"), place, unwrapped=True)
    else:
        yield from _read(value, place)


def _read(value: object, place: _Source) -> Iterator[KeyFound | Skipped]:
    if not isinstance(value, dict):
        yield Skipped("Passed over an event: it is no JSON object.")
    elif "Records" in value:
        yield from _from_records(value["Records"], place)
    elif value.get("source") == "aws.s3":
        yield from _from_bridge(value, place)
    elif "keys" in value:
        yield from _from_names(value["keys"], place)
    elif value.get("Event") == "s3:TestEvent":
        yield Skipped("Passed over a test event of S3: it is sent when a notification is set up.")
    else:
        fields = quote_for_log(", ".join(str(name) for name in value))
        yield Skipped(f"Passed over an event of no known form: its fields are {fields}.")


def _from_records(records: object, place: _Source) -> Iterator[KeyFound | Skipped]:
    if not isinstance(records, list):
        yield Skipped("Passed over an event: its Records are no list.")
    elif not records:
        yield Skipped("Passed over an event: it has no Records.")
    else:
        for record in records:
            yield from _from_notification(record, place)


def _from_notification(record: object, place: _Source) -> Iterator[KeyFound | Skipped]:
    source = _at(record, "eventSource")
    name = _at(record, "eventName")
    bucket = _at(record, "s3", "bucket", "name")
    encoded = _at(record, "s3", "object", "key")
    if source != "aws:s3":
        yield Skipped(f'Passed over a record: its eventSource is {_said(source)}, not "aws:s3".')
    elif not isinstance(name, str) or not name.removeprefix("s3:").startswith(_NOTIFIED):
        yield Skipped(
            f"Passed over a record: its eventName is {_said(name)}, which changes no post."
        )
    elif not isinstance(encoded, str):
        yield from _from_bucket(bucket, encoded, place)
    else:
        # "The object key name value is URL encoded. For example, 'red flower.jpg' becomes
        # 'red+flower.jpg'": as in a form, and once.
        try:
            key = unquote_plus(encoded, errors="strict")
        except UnicodeDecodeError:
            yield Skipped(
                f"Passed over the key {quote_for_log(encoded)}: it does not decode to UTF-8."
            )
        else:
            yield from _from_bucket(bucket, key, place)


def _from_bridge(event: object, place: _Source) -> Iterator[KeyFound | Skipped]:
    name = _at(event, "detail-type")
    if isinstance(name, str) and name.startswith(_BRIDGED):
        bucket = _at(event, "detail", "bucket", "name")
        yield from _from_bucket(bucket, _at(event, "detail", "object", "key"), place)
    else:
        yield Skipped(
            f"Passed over an event: its detail-type is {_said(name)}, which changes no post."
        )


def _from_names(names: object, place: _Source) -> Iterator[KeyFound | Skipped]:
    if not isinstance(names, list):
        yield Skipped("Passed over an event: its keys are no list.")
        return
    for name in names:
        whole = place.prefix + name if isinstance(name, str) and name else name
        yield from _from_key(whole, place)


def _from_bucket(bucket: object, key: object, place: _Source) -> Iterator[KeyFound | Skipped]:
    if place.bucket in (None, bucket):
        yield from _from_key(key, place)
    else:
        yield Skipped(
            f"Passed over the key {_said(key)}: its bucket is {_said(bucket)}, "
            f"and POSTS_URL names {_said(place.bucket)}."
        )


def _from_key(key: object, place: _Source) -> Iterator[KeyFound | Skipped]:
    if not isinstance(key, str):
        yield Skipped("Passed over a key: it is no text.")
    elif fault := _fault(key):
        yield Skipped(f"Passed over the key {quote_for_log(key)}: {fault}.")
    elif key.endswith("/"):
        return  # A folder, as consoles make them: no post, and nothing to wonder about.
    elif not key.startswith(place.prefix):
        yield Skipped(
            f"Passed over the key {quote_for_log(key)}: "
            f"it is not under {quote_for_log(place.prefix)}."
        )
    else:
        yield KeyFound(key.removeprefix(place.prefix))


def _fault(key: str) -> str:
    """Why no object can have this key; empty where one can."""
    if not key:
        return "it is empty"
    if "\0" in key:
        return "it holds U+0000"
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "it holds half a surrogate pair"
    return f"it is longer than {_KEY_BYTES:,} bytes" if size > _KEY_BYTES else ""


def _at(value: object, *path: str) -> object:
    """What lies under these names, one in the other; None where there is nothing."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _said(value: object) -> str:
    return quote_for_log(value) if isinstance(value, str) else "no text"


# --- what comes back from the queue --------------------------------------------------------------


class _Record(Struct):
    messageId: str  # noqa: N815
    body: str


class _Event(Struct):
    Records: list[_Record]


def parse_pings(event: object) -> dict[str, Ping | None]:
    """Read a batch of the queue: its messages' ids, and the pings in them.

    None: the message is not a ping, and would not be one if it were delivered again.
    """
    try:
        records = msgspec.convert(event, _Event).Records
    except msgspec.ValidationError as error:
        raise FeedsError(f"the event is no batch of a queue: {error}") from error
    found: dict[str, Ping | None] = {}
    for record in records:
        try:
            found[record.messageId] = msgspec.json.decode(record.body, type=Ping)
        except msgspec.DecodeError:
            found[record.messageId] = None
    return found
