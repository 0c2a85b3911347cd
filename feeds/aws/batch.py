"""Publishes one batch of messages, and logs the result; then queues pings and sets schedules."""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from feeds.aws.environment import shared_config, shared_publisher, shared_queue, shared_schedules
from feeds.aws.metrics import log_counts, store_calls
from feeds.errors import FeedsError
from feeds.log import log_event
from feeds.publishing import websub
from feeds.publishing.batch import PublishResult
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.state.keys import path_of_manifest
from feeds.state.objects import Record, problems

if TYPE_CHECKING:
    from feeds.publishing.due_markers import Schedules

CONFLICTS_TO_LOG = 10
"""Log a `conflicts` line from this many conflicts on one object per batch on: half of
MAX_ATTEMPTS."""

MIN_SCHEDULE_LEAD = timedelta(seconds=10)
"""No schedule is set for a time nearer than this, which might have passed before it is set."""


def publish_batch(messages: Sequence[Message]) -> set[str]:
    """Publish messages and log the result; return the ids of those that must be delivered again."""
    publisher = shared_publisher()
    start = time.monotonic()
    calls_before = store_calls(publisher)
    try:
        result = publisher.publish(messages)
    except Exception as error:
        # Its text may quote a post, and could forge lines where a traceback is printed.
        log_event(
            "error",
            what=f"a batch ended in {type(error).__name__}",
            at=[
                f"{Path(f.filename).name}:{f.lineno}"
                for f in traceback.extract_tb(error.__traceback__)
            ],
            messages=[message.id for message in messages],
        )
        raise FeedsError("the batch ended in an error of this program; see the log") from None
    wrong = problems(result.records.values())
    for problem in wrong:
        log_event(
            "problem",
            key=problem.key,
            line=problem.line,
            column=problem.column,
            field=problem.field,
            severity=problem.severity,
            what=problem.what,
            todo=problem.todo,
            messages=[message.id for message in messages if problem.key in message.keys],
        )
    _log_failures(publisher, result, messages)
    calls, conflicts = store_calls(publisher), sum(result.conflicts.values())
    touched = {path for record in result.records.values() for path in record.feeds}
    log_event(
        "batch",
        messages=[message.id for message in messages],
        keys=[key for message in messages for key in message.keys],
        feeds=[feed_label(path) or "" for path in sorted(touched)],
        posts=len(result.records),
        changed=len(result.changed),
        failed=sorted(result.failed),
        conflicts=conflicts,
        seconds=round(time.monotonic() - start, 3),
        calls={name: count - calls_before.get(name, 0) for name, count in calls.items()},
    )
    done = queue_pings(result, messages) and _scheduled(result)
    failed = result.failed if done else {message.id for message in messages}
    log_counts(
        Posts=len(result.records),
        Problems=sum(problem.severity == "error" for problem in wrong),
        Documents=len(result.changed),
        Conflicts=conflicts,
        Failed=len(failed),
    )
    return set(failed)


def _log_failures(publisher: Publisher, result: PublishResult, messages: Sequence[Message]) -> None:
    """Log what could not be done, and over what functions kept overtaking each other."""
    name = publisher.record_name
    asked = [(message.id, {name(key) for key in message.keys}) for message in messages]
    for failure in result.failures:
        log_event(
            "error",
            what=failure.what,
            key=failure.key,
            feed=feed_label(failure.feed),
            messages=[id_ for id_, names in asked if not names.isdisjoint(failure.records)],
        )
    for object_, count in result.conflicts.items():
        if count >= CONFLICTS_TO_LOG:
            log_event(
                "conflicts",
                object=object_,
                feed=feed_label(path_of_manifest(object_)),
                count=count,
                messages=[message.id for message in messages],
            )


def feed_label(path: str | None) -> str | None:
    """What a feed is called in the log."""
    return "all posts" if path == "" else path


def _scheduled(result: PublishResult) -> bool:
    """Have posts of the future looked at when their time comes; whether that could be done."""
    waiting = {name: one for name, one in result.records.items() if one.due or one.previous_due}
    schedules = shared_schedules() if waiting else None
    if schedules is None:
        if waiting:
            log_event("scheduled", what="SCHEDULER_ROLE_ARN is not set: the audit publishes them")
        return True
    try:
        for name, record in waiting.items():
            _schedule(schedules, name, record)
    except FeedsError as error:
        log_event("error", what=str(error))
        return False
    return True


def _schedule(schedules: Schedules, name: str, record: Record) -> None:
    """Set the time of a post, and look again: a quicker worker may have set a newer one before."""
    publisher = shared_publisher()
    while True:
        if record.due:
            soon = publisher.runtime.now() + MIN_SCHEDULE_LEAD
            schedules.set(name, max(record.due, soon), sorted(record.objects))
        else:
            schedules.clear(name)
        found = publisher.read_record(name)
        if found.due == record.due:
            return
        record = found


# --- hubs ----------------------------------------------------------------------------------------


def queue_pings(result: PublishResult, messages: Sequence[Message]) -> bool:
    """Put on the notify queue what hubs are to be told of; whether that could be done.

    Who published these messages before may have died after the documents were written and before
    this. Nothing changes then when they come again: so all of their feeds are told of.
    """
    settings = shared_config()
    if not settings.feeds.hubs:
        return True
    changed = [*result.changed]
    if any(message.received > 1 for message in messages):
        touched = {path for record in result.records.values() for path in record.feeds}
        changed += [
            key for path in sorted(touched) for key in websub.topics_of_feed(path, settings)
        ]
    now = datetime.now(UTC)
    try:
        shared_queue("NOTIFY_QUEUE_URL").send(
            websub.queue_message(ping, now) for ping in websub.pings_for(changed, settings)
        )
    except FeedsError as error:
        log_event("error", what=str(error))
        return False
    return True
