"""Publishes one batch of messages, logs the result, queues WebSub pings and sets schedules."""

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
from feeds.model import Problem
from feeds.publishing import websub
from feeds.publishing.batch import PublishResult, Time
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.state.closed_posts import closed_posts
from feeds.state.keys import path_of_manifest
from feeds.state.objects import Record

if TYPE_CHECKING:
    from feeds.publishing.due_markers import Schedules

CONFLICTS_TO_LOG = 10
"""Log a `conflicts` line if one object has at least this many conflicts in a batch (half of
MAX_ATTEMPTS)."""

WORK_SHARE = 0.6
"""The share of a batch's time in which work is begun; the rest is for what was begun, and for the
list of feeds, the log, pings and schedules."""

MIN_SCHEDULE_LEAD = timedelta(seconds=10)
"""A schedule is never set for a time nearer than this: the time could pass before it is set."""


def publish_batch(messages: Sequence[Message], seconds: float) -> set[str]:
    """Publish messages and log the result; return the ids of those that must be delivered again.

    After `WORK_SHARE` of `seconds`, no more posts or feeds are begun.
    All messages must be delivered again if their pings cannot be queued. Schedules are not tried
    then: the next delivery sets them. If a schedule cannot be set, only the messages of its post
    must be delivered again.
    """
    publisher = shared_publisher()
    start = time.monotonic()
    calls_before = store_calls(publisher)
    try:
        result = publisher.publish(messages, Time(WORK_SHARE * seconds))
    except Exception as error:
        _log_crash(error, messages)
        raise FeedsError("the batch ended in an error of this program; see the log") from None
    post_problems = result.problems
    _log_problems(post_problems, messages)
    for key, why in closed_posts(result.records.values(), publisher.runtime.now()):
        log_event("closed", key=key, why=why)
    _log_failures(publisher, result, messages)
    _log_conflicts(result, messages)
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
    if queue_pings(result, messages):
        failed = result.failed | _set_schedules(publisher, result, messages)
    else:
        failed = frozenset(message.id for message in messages)
    log_counts(
        Posts=len(result.records),
        Problems=sum(problem.severity == "error" for problem in post_problems),
        Documents=len(result.changed),
        Conflicts=conflicts,
        Failed=len(failed),
    )
    return set(failed)


def _log_crash(error: Exception, messages: Sequence[Message]) -> None:
    """Log an unexpected error by its type and the lines of its traceback.

    Its text is not logged: it may quote a post.
    """
    frames = traceback.extract_tb(error.__traceback__)
    log_event(
        "error",
        what=f"a batch ended in {type(error).__name__}",
        at=[f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames],
        messages=[message.id for message in messages],
    )


def _log_problems(post_problems: Sequence[Problem], messages: Sequence[Message]) -> None:
    """Log the problems of the posts in a batch, each with the messages that name its post."""
    for problem in post_problems:
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


def _log_failures(publisher: Publisher, result: PublishResult, messages: Sequence[Message]) -> None:
    """Log the records and feeds that could not be updated, each with the messages concerned."""
    name = publisher.record_name
    records = [(message.id, {name(key) for key in message.keys}) for message in messages]
    for failure in result.failures:
        log_event(
            "error",
            what=failure.what,
            key=failure.key,
            feed=feed_label(failure.feed),
            messages=[id_ for id_, names in records if not names.isdisjoint(failure.records)],
        )


def _log_conflicts(result: PublishResult, messages: Sequence[Message]) -> None:
    """Log the objects with many conflicts: several functions kept writing them at the same time."""
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
    """The name of a feed in the log; None if `path` is None (no feed is concerned)."""
    return "all posts" if path == "" else path


def _set_schedules(
    publisher: Publisher, result: PublishResult, messages: Sequence[Message]
) -> frozenset[str]:
    """Set or clear the schedules of posts that will appear or expire.

    Returns the ids of the messages with a post whose schedule could not be set or cleared.
    """
    waiting = {
        name: record for name, record in result.records.items() if record.due or record.previous_due
    }
    schedules = shared_schedules() if waiting else None
    if schedules is None:
        if waiting:
            log_event("scheduled", what="SCHEDULER_ROLE_ARN is not set: the audit publishes them")
        return frozenset()
    failed: set[str] = set()
    for name, record in waiting.items():
        try:
            _set_schedule(schedules, name, record)
        except FeedsError as error:
            ids = [
                message.id
                for message in messages
                if name in map(publisher.record_name, message.keys)
            ]
            log_event("error", what=str(error), messages=ids)
            failed.update(ids)
    return frozenset(failed)


def _set_schedule(schedules: Schedules, name: str, record: Record) -> None:
    """Set or clear the schedule of a record, and repeat if the record has changed meanwhile.

    Another worker may have read a newer record and set its schedule before this one did.
    """
    publisher = shared_publisher()
    while True:
        if record.due:
            earliest = publisher.runtime.now() + MIN_SCHEDULE_LEAD
            schedules.set(name, max(record.due, earliest), sorted(record.objects))
        else:
            schedules.clear(name)
        current = publisher.read_record(name)
        if current.due == record.due:
            return
        record = current


def queue_pings(result: PublishResult, messages: Sequence[Message]) -> bool:
    """Queue pings of the changed documents for the notify function; return whether that succeeded.

    A worker may have crashed after it wrote the documents of these messages and before it queued
    their pings. The next delivery then finds nothing changed. So if a message was delivered before,
    pings of all feeds of its posts are queued.
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
