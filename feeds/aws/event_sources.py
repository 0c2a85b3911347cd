"""The sources of events about posts: an event of S3, EventBridge or this program -> keys to read.

A new source is a row in EVENT_SOURCES. A reader keeps two rules:

1. An event only says that a key must be read. Created, removed, expired and restored objects are
   treated alike. The other fields (size, ETag, sequencer) are late or wrong too often to be used.
2. A reader does not raise, and text of an event reaches a note only through `quote_for_log`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote_plus

from msgspec import Struct

from feeds.log import quote_for_log
from feeds.stores.base import key_error

# The prefixes of the event types after which an object may have other bytes, exist again, or be
# gone. All other types (ObjectTagging, ObjectAcl, Replication, LifecycleTransition …) leave its
# bytes as they were.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
_S3_EVENT_TYPES = ("ObjectCreated:", "ObjectRemoved:", "LifecycleExpiration:", "ObjectRestore:")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
_EVENTBRIDGE_TYPES = ("Object Created", "Object Deleted", "Object Restore ")


class KeyFound(Struct, frozen=True):
    """A key that an event names."""

    key: str
    """The key under POSTS_URL."""


class Skipped(Struct, frozen=True):
    """A part of an event that names no key to read."""

    why: str
    """A sentence on one line."""


Finding = KeyFound | Skipped


class PostsLocation(Struct, frozen=True):
    """The place of the posts, by which keys of other objects are skipped."""

    bucket: str | None
    """The bucket; None if objects of every bucket are posts."""
    prefix: str
    """The prefix of the posts' keys in the bucket: empty, or it ends in ``/``."""

    @classmethod
    def from_url(cls, posts_url: str) -> PostsLocation:
        """Return the location at ``s3://bucket/prefix``; every bucket for any other address."""
        if not posts_url.startswith("s3://"):
            return cls(None, "")
        bucket, _, prefix = posts_url.removeprefix("s3://").partition("/")
        return cls(bucket, prefix if prefix.endswith("/") or not prefix else prefix + "/")

    def find(self, bucket: object, key: object) -> Iterator[Finding]:
        """Yield the key of an object under POSTS_URL, or why the object is skipped.

        Yields nothing for a folder: consoles create an object with the name of each folder.
        """
        if self.bucket in (None, bucket):
            yield from self._find_in_bucket(key)
        else:
            yield Skipped(
                f"Skipped the key {_quoted(key)}: its bucket is {_quoted(bucket)}, "
                f"and POSTS_URL names {_quoted(self.bucket)}."
            )

    def find_relative(self, name: object) -> Iterator[Finding]:
        """Yield the key `name`, which is relative to POSTS_URL already, or why it is skipped."""
        whole = self.prefix + name if isinstance(name, str) and name else name
        yield from self._find_in_bucket(whole)

    def _find_in_bucket(self, key: object) -> Iterator[Finding]:
        if not isinstance(key, str):
            yield Skipped("Skipped a key: it is not text.")
        elif problem := key_error(key) or ("the key holds U+0000" if "\0" in key else ""):
            yield Skipped(f"Skipped the key {quote_for_log(key)}: {problem}.")
        elif key.endswith("/"):
            return
        elif not key.startswith(self.prefix):
            yield Skipped(
                f"Skipped the key {quote_for_log(key)}: "
                f"it is not under {quote_for_log(self.prefix)}."
            )
        else:
            yield KeyFound(key.removeprefix(self.prefix))


Event = Mapping[str, object]


class EventSource(NamedTuple):
    """One source of events: how to recognise its events, and how to read them."""

    matches: Callable[[Event], bool]
    """Whether an event (a JSON object) is of this source."""
    read: Callable[[Event, PostsLocation], Iterator[Finding]]
    """Yields the keys in such an event, in order, and why other parts are skipped."""


def read_event(event: object, posts: PostsLocation) -> Iterator[Finding]:
    """Yield the keys in an event, by the first source in EVENT_SOURCES that it matches."""
    if not isinstance(event, dict):
        yield Skipped("Skipped an event: it is not a JSON object.")
        return
    for source in EVENT_SOURCES.values():
        if source.matches(event):
            yield from source.read(event, posts)
            return
    fields = quote_for_log(", ".join(str(name) for name in event))
    yield Skipped(f"Skipped an event of unknown type: its fields are {fields}.")


def value_at(value: object, *path: str) -> object:
    """The value under these names, each inside the one before; None if there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _quoted(value: object) -> str:
    return quote_for_log(value) if isinstance(value, str) else "not text"


# --- the readers ---------------------------------------------------------------------------------


def _read_s3_notification(event: Event, posts: PostsLocation) -> Iterator[Finding]:
    records = event["Records"]
    if not isinstance(records, list):
        yield Skipped("Skipped an event: its Records are not a list.")
    elif not records:
        yield Skipped("Skipped an event: it has no Records.")
    else:
        for record in records:
            yield from _read_s3_record(record, posts)


def _read_s3_record(record: object, posts: PostsLocation) -> Iterator[Finding]:
    source = value_at(record, "eventSource")
    type_ = value_at(record, "eventName")
    bucket = value_at(record, "s3", "bucket", "name")
    encoded = value_at(record, "s3", "object", "key")
    if source != "aws:s3":
        yield Skipped(f'Skipped a record: its eventSource is {_quoted(source)}, not "aws:s3".')
    elif not isinstance(type_, str) or not type_.removeprefix("s3:").startswith(_S3_EVENT_TYPES):
        yield Skipped(
            f"Skipped a record: its eventName is {_quoted(type_)}; such events change no post."
        )
    elif not isinstance(encoded, str):
        yield from posts.find(bucket, encoded)
    else:
        # "The object key name value is URL encoded. For example, 'red flower.jpg' becomes
        # 'red+flower.jpg'": as in a form, and once.
        try:
            key = unquote_plus(encoded, errors="strict")
        except UnicodeDecodeError:
            yield Skipped(f"Skipped the key {quote_for_log(encoded)}: it does not decode to UTF-8.")
        else:
            yield from posts.find(bucket, key)


def _read_eventbridge(event: Event, posts: PostsLocation) -> Iterator[Finding]:
    type_ = event.get("detail-type")
    if isinstance(type_, str) and type_.startswith(_EVENTBRIDGE_TYPES):
        bucket = value_at(event, "detail", "bucket", "name")
        yield from posts.find(bucket, value_at(event, "detail", "object", "key"))
    else:
        yield Skipped(
            f"Skipped an event: its detail-type is {_quoted(type_)}; such events change no post."
        )


def _read_keys(event: Event, posts: PostsLocation) -> Iterator[Finding]:
    names = event["keys"]
    if not isinstance(names, list):
        yield Skipped("Skipped an event: its keys are not a list.")
        return
    for name in names:
        yield from posts.find_relative(name)


def _read_s3_test_event(_event: Event, _posts: PostsLocation) -> Iterator[Finding]:
    yield Skipped("Skipped an S3 test event: S3 sends one when a notification is set up.")


EVENT_SOURCES: dict[str, EventSource] = {
    # Records[].s3.object.key, form-encoded
    "S3 notification": EventSource(lambda event: "Records" in event, _read_s3_notification),
    # detail.object.key, not encoded
    "EventBridge": EventSource(lambda event: event.get("source") == "aws.s3", _read_eventbridge),
    # {"keys": […]}, relative to POSTS_URL: what this program and its schedules send
    "keys": EventSource(lambda event: "keys" in event, _read_keys),
    "S3 test event": EventSource(
        lambda event: event.get("Event") == "s3:TestEvent", _read_s3_test_event
    ),
}
"""All sources by their names. An event is read by the first source that it matches."""
