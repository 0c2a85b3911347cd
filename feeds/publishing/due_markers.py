"""Writes a marker for each post that will appear or expire. So the audit finds lost schedules.

The key of a marker starts with the time, so that a listing of the markers is in order of time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol

import msgspec
from msgspec import Struct

from feeds import paths
from feeds.errors import StoreError
from feeds.state.objects import Record
from feeds.state.state_store import JSON, StateStore

DUE_MARKERS = paths.STATE + "due/"
_TIME_FORMAT = "%Y%m%dT%H%M%SZ"


class Schedules(Protocol):
    """Schedules that publish a post again at its time. In AWS: feeds/aws/scheduler.py."""

    def set(self, record: str, when: datetime, keys: Sequence[str]) -> None:
        """Publish the posts at `keys` again at `when`; replace the record's other schedule."""

    def clear(self, record: str) -> None:
        """Remove the record's schedule."""


class DueMarker(Struct, frozen=True):
    """A stored marker."""

    key: str
    """The key of the marker itself."""
    when: datetime
    """The time when the post becomes public or expires."""
    post_keys: tuple[str, ...]
    """The keys of the post's objects."""
    error: str = ""
    """Why the marker could not be read; ``""`` if it was."""


class _Content(Struct):
    keys: tuple[str, ...]


class DueMarkers:
    """Reads and writes the markers, in the store that also has the state."""

    def __init__(self, state: StateStore) -> None:
        self.state = state

    def update(self, name: str, record: Record) -> None:
        """Write the marker of a record that was just written, and delete its previous marker."""
        if record.due:
            self._write(name, record, record.due)
        if record.previous_due and record.previous_due != record.due:
            self._delete(name, record.previous_due)

    def _write(self, name: str, record: Record, due: datetime) -> None:
        data = msgspec.json.encode(_Content(tuple(sorted(record.objects))))
        self.state.store.put(marker_key(name, due), data, media_type=JSON)

    def _delete(self, name: str, due: datetime) -> None:
        """Delete a marker, unless the record has this time again when it is read afterwards."""
        self.state.store.delete(marker_key(name, due))
        record = self.state.read(name, Record).value
        if record.due == due:
            self._write(name, record, due)

    def all(self) -> Iterator[DueMarker]:
        """List and read all markers, the earliest first.

        A marker that cannot be read has no `post_keys`, and an `error`.
        """
        for stat in self.state.store.list(DUE_MARKERS):
            if (when := marker_time(stat.key)) is None:
                continue
            try:
                if stored := self.state.store.get(stat.key):
                    content = msgspec.json.decode(stored.data, type=_Content)
                    yield DueMarker(stat.key, when, content.keys)
            except (StoreError, msgspec.DecodeError) as error:
                yield DueMarker(stat.key, when, (), error=f"{stat.key}: {error}")

    def remove(self, marker: DueMarker) -> None:
        """Delete a marker."""
        self.state.store.delete(marker.key)


def marker_key(record: str, when: datetime) -> str:
    """Return the key of the marker of a record that is due at a time."""
    return f"{DUE_MARKERS}{when.astimezone(UTC):{_TIME_FORMAT}}-{paths.digest(record, 40)}.json"


def marker_time(key: str) -> datetime | None:
    """Return the time in the key of a marker; None if it is not the key of a marker."""
    try:
        return datetime.strptime(key[len(DUE_MARKERS) :][:16], _TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
