"""What an audit has found so far: counts, errors, and the posts to publish again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from msgspec import Struct

from feeds.errors import StoreError
from feeds.publishing.publisher import Publisher
from feeds.stores.base import Stat

CLOCK_MARGIN = timedelta(minutes=15)
"""Time that a worker may need between the reading of a post and the end of its work."""

ORPHAN_AGE = timedelta(days=1)
"""Minimum age of an unreferenced object before the audit deletes it (garbage collection)."""


class AuditReport(Struct):
    """Counts of an audit: differences and repairs."""

    posts: int = 0
    """Posts in the store."""
    new: int = 0
    """Posts without a record."""
    newer: int = 0
    """Posts that are newer than their record."""
    gone: int = 0
    """Objects in records that do not exist any more."""
    late: int = 0
    """Posts with a marker whose time has come."""
    unfinished: int = 0
    """Posts in the journal."""
    misplaced: int = 0
    """Posts whose entries are not in the feeds that their record says, or in others too."""
    compared: int = 0
    """Posts whose record and feeds were compared in depth."""
    feeds: int = 0
    """Feeds that were checked."""
    documents: int = 0
    """Documents that changed."""
    swept: int = 0
    """Unreferenced objects that were deleted."""
    errors: list[str] = []
    """Texts of the errors."""


class Findings:
    """The report of one audit, and what its checks share."""

    def __init__(self, publisher: Publisher, send: Callable[[str], None], *, dry: bool) -> None:
        self.publisher, self.dry = publisher, dry
        self.store, self.now = publisher.feeds, publisher.runtime.now
        self.report = AuditReport()
        self._send = send
        self._sent: set[str] = set()
        self._reported: set[str] = set()
        self._counting = threading.Lock()

    def send(self, key: str) -> bool:
        """Let a post be published again, once; return whether it was not sent before."""
        if key in self._sent:
            return False
        self._sent.add(key)
        self._send(key)
        return True

    def send_misplaced(self, key: str) -> None:
        """Let a post be published again whose feeds differ from its record."""
        if not self.dry:
            with self.errors_of():
                self.publisher.repairs.forget_confirmed(self.publisher.record_name(key))
        self.report.misplaced += self.send(key)

    @contextmanager
    def errors_of(self, what: str = "") -> Iterator[None]:
        """Report an error of the store, and go on: one object never stops the audit."""
        try:
            yield
        except StoreError as error:
            self.report_error(f"{what}{error}")

    def report_error(self, text: str) -> None:
        """Report an error, once."""
        if text not in self._reported:
            self._reported.add(text)
            self.report.errors.append(text)

    def sweep(self, unused: Sequence[Stat], age: timedelta = ORPHAN_AGE) -> None:
        """Delete unreferenced objects older than `age`: a worker may soon refer to a new one."""
        for stat in unused:
            if not self.dry and self.now() - stat.modified > age:
                self.store.delete(stat.key)
                with self._counting:
                    self.report.swept += 1
