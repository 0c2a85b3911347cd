"""Says why posts are not in feeds, or not wholly: records -> a sentence for each object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from feeds.reading.publication_window import is_public
from feeds.state.objects import ObjectSnapshot, Record


def closed_posts(records: Iterable[Record], now: datetime) -> list[tuple[str, str]]:
    """The key of each object that is closed at a time, and why, in the order of the keys.

    It is left out or locked by fields, or it is not public yet or any more.
    """
    return sorted(
        (key, why)
        for record in records
        for key, snapshot in record.objects.items()
        for why in _reasons(snapshot, now)
    )


def _reasons(snapshot: ObjectSnapshot, now: datetime) -> Iterator[str]:
    entry = snapshot.entry
    if snapshot.closed_by:
        yield f"{'locked' if entry else 'left out'}: {snapshot.closed_by}"
    if entry and not is_public(entry, now):
        is_early = entry.published > now
        yield f"public from {entry.published}" if is_early else f"expired at {entry.expires}"
