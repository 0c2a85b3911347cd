"""The audit: compares everything that is stored, and publishes again what is missing or wrong.

Each night it compares all posts with their records, and the documents of all feeds with their
indexes. It finds posts whose events were lost, posts that are older than the deployment, and work
that a crash has interrupted. A part of all records and of all indexes is compared in depth
(`ROUND_NIGHTS`). The keys of posts to publish go to the publish queue, as after an event. It also
sets lost schedules again, and deletes objects that nothing refers to (garbage collection).

The checks are in post_check.py, feed_check.py and index_check.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from feeds.documents.pagination import SortKey
from feeds.maintenance.feed_check import FeedCheck
from feeds.maintenance.findings import CLOCK_MARGIN, ORPHAN_AGE, AuditReport, Findings
from feeds.maintenance.index_check import IndexCheck
from feeds.maintenance.journal import Journal, JournalEntry, JournalWork
from feeds.maintenance.post_check import ALL, NONE, Part, PostCheck
from feeds.publishing.due_markers import DueMarker, Schedules
from feeds.publishing.publisher import Publisher
from feeds.state.keys import PROGRESS
from feeds.state.state_store import JSON

ROUND_NIGHTS = 30
"""After as many audits, each record and each entry of an index has been compared in depth."""


class AuditProgress(Struct, frozen=True, omit_defaults=True):
    """What the last audit did, and where the next one goes on (the object `PROGRESS`).

    If it is lost, the next audit starts a new round, and looks at more records.
    """

    part: int = 0
    """The part of the records that is next, less than `ROUND_NIGHTS`."""
    after: SortKey | None = None
    """All indexes were compared up to this position; None: a new round starts."""
    started: datetime | None = None
    """When the last audit started that looked at every post."""


def audit(
    publisher: Publisher,
    send: Callable[[str], None],
    schedules: Schedules | None = None,
    *,
    dry: bool = False,
    deep: bool = False,
    allow_removals: bool = False,
    until: datetime | None = None,
) -> AuditReport:
    """Compare posts with records, records with indexes, and indexes with documents.

    `send` is called with each key of a post that must be published. The schedules of posts that
    will appear or expire are set again. `dry`: call `send`, but change nothing. `deep`: compare all
    records and indexes in depth, and not a part of them. At `until` the comparison of indexes
    stops, and the next audit goes on there.

    Raises TooManyRemovals, before it sends or changes anything, if most of the posts that are
    published were not found (feeds/stores/removals.py), unless `allow_removals` is set. A dry audit
    reports it as an error, and goes on.
    """
    findings = Findings(publisher, send, dry=dry)
    return _Audit(findings, schedules, deep=deep, allow_removals=allow_removals, until=until).run()


class _Audit:
    """One run of the audit."""

    def __init__(
        self,
        findings: Findings,
        schedules: Schedules | None,
        *,
        deep: bool,
        allow_removals: bool,
        until: datetime | None,
    ) -> None:
        self.findings, self.publisher = findings, findings.publisher
        self.schedules, self.deep, self.until = schedules, deep, until
        self.allow_removals = allow_removals
        self.now = self.publisher.runtime.now
        self.progress = self._read_progress()
        self.started = self.now()

    def run(self) -> AuditReport:
        """Compare everything."""
        findings, indexes = self.findings, IndexCheck(self.findings)
        entries = Journal(self.publisher).entries()
        is_settled = not any(_is_of_rebuild(entry.work) for entry in entries)
        markers = list(self.publisher.due_markers.all())
        posts = PostCheck(
            findings,
            listed=indexes.listed_records(),
            markers={marker.key for marker in markers if not marker.error},
            part=self._part() if is_settled else NONE,
            since=self.progress.started,
        )
        posts.check_posts()
        posts.check_records(allow_removals=self.allow_removals)
        posts.send()
        self._check_due_markers(markers)
        self._check_journal(entries)
        if not findings.dry:
            indexes.send_posts_of(FeedCheck(findings).repair_feeds())
        if is_settled:
            self._check_indexes(indexes)
        if not findings.dry:
            indexes.replace_damaged()
        return findings.report

    def _part(self) -> Part:
        """The part of the records that is read."""
        return ALL if self.deep else Part(self.progress.part, ROUND_NIGHTS)

    # --- posts that wait for a time, and work that was begun -------------------------------------

    def _check_due_markers(self, all_markers: Sequence[DueMarker]) -> None:
        """Send the posts whose time has come; set the schedules of the others again.

        A crash may have left a second marker of a post. Use the earlier one: a check that is too
        early sets the right schedule; a check that is too late publishes late.
        """
        findings, markers = self.findings, self.publisher.due_markers
        scheduled: set[str] = set()
        for marker in all_markers:
            if marker.error:
                findings.report.errors.append(marker.error)
            elif marker.when <= self.now():
                findings.report.late += len(marker.post_keys)
                for key in marker.post_keys:
                    findings.send(key)
            elif marker.post_keys and self.schedules and not findings.dry:
                name = self.publisher.record_name(marker.post_keys[0])
                if name not in scheduled:
                    scheduled.add(name)
                    with findings.errors_of():
                        self.schedules.set(name, marker.when, marker.post_keys)
            if self.now() - marker.when > ORPHAN_AGE and not findings.dry:
                with findings.errors_of():
                    markers.remove(marker)

    def _check_journal(self, entries: Sequence[JournalEntry]) -> None:
        """Send the posts of the journal: their work was begun, and not finished."""
        findings, journal = self.findings, Journal(self.publisher)
        for entry in entries:
            age = self.now() - entry.modified
            if entry.error:
                findings.report.errors.append(entry.error)
            if age <= CLOCK_MARGIN:
                continue
            findings.report.unfinished += len(entry.work.posts)
            for key in sorted(entry.work.posts):
                findings.send(key)
            # Nobody knows what a damaged entry says; after two rounds, everything was compared.
            limit = timedelta(days=2 * ROUND_NIGHTS) if entry.error else ORPHAN_AGE
            if age <= limit:
                continue
            if _is_of_rebuild(entry.work):
                findings.report.errors.append(_STOPPED_REBUILD)
            elif not findings.dry:
                journal.remove(entry)

    # --- the comparison in depth -----------------------------------------------------------------

    def _check_indexes(self, indexes: IndexCheck) -> None:
        """Compare a part of all indexes with the records, and note where the next audit goes on."""
        after = None if self.deep else self.progress.after
        while True:
            span = indexes.span_after(after, 1 if self.deep else ROUND_NIGHTS)
            indexes.check(span)
            after = span.end
            out_of_time = self.until is not None and self.now() >= self.until
            if after is None or out_of_time or not self.deep:
                break
        if not self.findings.dry:
            self._write_progress(after)

    def _read_progress(self) -> AuditProgress:
        stored = self.publisher.feeds.get(PROGRESS)
        try:
            return msgspec.json.decode(stored.data if stored else b"{}", type=AuditProgress)
        except msgspec.DecodeError:
            return AuditProgress()

    def _write_progress(self, after: SortKey | None) -> None:
        part = self.progress.part if self.deep else (self.progress.part + 1) % ROUND_NIGHTS
        progress = AuditProgress(part, after, self.started)
        with self.findings.errors_of():
            self.publisher.feeds.put(PROGRESS, msgspec.json.encode(progress), media_type=JSON)


def _is_of_rebuild(work: JournalWork) -> bool:
    """Return whether only a rebuild can do this work: to clear records, or to rewrite feeds.

    Until it is done, some records and indexes are those of another configuration.
    """
    return bool(work.records or work.feeds or work.all_posts or work.all_records)


_STOPPED_REBUILD = (
    "feeds rebuild was stopped before it was done; run it again. Until then, records and indexes "
    "are not compared"
)
