"""Markers in the state for posts with a future date, by which the audit finds missed schedules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from feeds import paths

DUE_MARKERS = paths.STATE + "due/"
_FORM = "%Y%m%dT%H%M%SZ"


def marker_key(record: str, when: datetime) -> str:
    """Where it is noted that the post with this record is due at a time."""
    return f"{DUE_MARKERS}{when.astimezone(UTC):{_FORM}}-{paths.digest(record, 40)}.json"


def marker_time(key: str) -> datetime | None:
    """The time in the key of a marker; None if the key is not a marker's."""
    try:
        return datetime.strptime(key[len(DUE_MARKERS) :][:16], _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None


class Schedules(Protocol):
    """What wakes a post when its time has come."""

    def set(self, record: str, when: datetime, keys: Sequence[str]) -> None:
        """Have `keys` looked at at a time, and not at any other that was set for this record."""

    def clear(self, record: str) -> None:
        """Have nothing looked at for this record."""
