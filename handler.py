"""The entry points of the cloud functions: what they are given, what they log and answer.

What is done is done in feeds/.

publish   S3 events, through a queue or not  ->  feeds, and notes of what changed in them
notify    those notes, when their time has come  ->  WebSub hubs
audit     once a day  ->  posts that differ from their records, to publish; feeds put right
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import asdict

from feeds import apart, config, events, hubs, log, state, theme
from feeds.config import Config
from feeds.errors import ConfigError, FeedsError
from feeds.events import Message
from feeds.publish import Published, Publisher
from feeds.queue import Queue
from feeds.state import problems
from feeds.stores import open_store
from feeds.world import Counted, RealWorld

if TYPE_CHECKING:
    from feeds.schedule import Schedules

WARY = 3
"""From this delivery on a message is handled alone: its post may be what kills the process."""

_STORM = 10
"""So many conflicts over one object in one batch are said: half of those that end it (TRIES)."""

_SHARE = 10.0
_SENT = 500

_SOON = timedelta(seconds=10)
"""No schedule is set for a time nearer than this, which might have passed before it is set."""


@cache
def _settings() -> Config:
    path = Path(os.environ.get("FEEDS_CONFIG", Path(__file__).with_name("feeds.toml")))
    try:
        settings = config.parse(path.read_text(encoding="utf-8-sig"), str(path))
        return theme.read(settings, path.parent)
    except OSError as error:
        raise ConfigError(
            [f"{path}: cannot be read ({error.strerror}); set FEEDS_CONFIG"]
        ) from None


@cache
def _publisher() -> Publisher:
    """The publisher of this process, made from its environment."""
    posts, feeds = open_store(_variable("POSTS_URL")), open_store(_variable("FEEDS_URL"))
    return Publisher(Counted(posts), Counted(feeds), _settings(), RealWorld())


@cache
def _queue(name: str) -> Queue:
    """The queue whose URL a variable holds."""
    return Queue(_variable(name))


def _variable(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ConfigError([f"the environment variable {name} is not set; see docs/deploy.md"])
    return value


def publish(event: object, context: object) -> dict[str, list[dict[str, str]]]:
    """Publish the posts that an event names; the messages that must come again are returned.

    The answer is SQS's partial batch response. An event that did not come through a queue has
    nobody to take that answer: then a failure is raised, so that the caller tries again.
    """
    messages = events.messages(event, _variable("POSTS_URL"))
    for message in messages:
        for note in message.notes:
            log.line("passed over", what=note, message=message.id)
    calm = [message for message in messages if message.received < WARY]
    wary = [[message] for message in messages if message.received >= WARY]
    failed = _apart([calm, *wary] if calm else wary, context) if wary else _publish(calm)
    if "" in failed:
        raise FeedsError("the event could not be published whole; see the log")
    return {"batchItemFailures": [{"itemIdentifier": name} for name in sorted(failed)]}


def _publish(messages: Sequence[Message]) -> set[str]:
    """Publish messages, and log what came of it; the ids of those that must come again."""
    publisher = _publisher()
    start = time.monotonic()
    calls_before = _calls(publisher)
    try:
        result = publisher.publish(messages)
    except Exception as error:
        # Its text may quote a post, and could forge lines where a traceback is printed.
        log.line(
            "error",
            what=f"a batch ended in {type(error).__name__}",
            at=[
                f"{Path(f.filename).name}:{f.lineno}"
                for f in traceback.extract_tb(error.__traceback__)
            ],
            messages=[message.id for message in messages],
        )
        raise FeedsError("the batch ended in an error of this program; see the log") from None
    wrong = problems(result.looked.values())
    for problem in wrong:
        log.line(
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
    calls, conflicts = _calls(publisher), sum(result.conflicts.values())
    touched = {path for record in result.looked.values() for path in record.feeds}
    log.line(
        "batch",
        messages=[message.id for message in messages],
        keys=[key for message in messages for key in message.keys],
        feeds=[_called(path) or "" for path in sorted(touched)],
        posts=len(result.looked),
        changed=len(result.changed),
        failed=sorted(result.failed),
        conflicts=conflicts,
        seconds=round(time.monotonic() - start, 3),
        calls={name: count - calls_before.get(name, 0) for name, count in calls.items()},
    )
    done = _noted(result, messages) and _scheduled(result)
    failed = result.failed if done else {message.id for message in messages}
    _count(
        Posts=len(result.looked),
        Problems=sum(problem.severity == "error" for problem in wrong),
        Documents=len(result.changed),
        Conflicts=conflicts,
        Failed=len(failed),
    )
    return set(failed)


def _log_failures(publisher: Publisher, result: Published, messages: Sequence[Message]) -> None:
    """Log what could not be done, and over what functions kept overtaking each other."""
    name = publisher.records.name
    asked = [(message.id, {name(key) for key in message.keys}) for message in messages]
    for failure in result.failures:
        log.line(
            "error",
            what=failure.what,
            key=failure.key,
            feed=_called(failure.feed),
            messages=[id_ for id_, names in asked if not names.isdisjoint(failure.records)],
        )
    for object_, count in result.conflicts.items():
        if count >= _STORM:
            log.line(
                "conflicts",
                object=object_,
                feed=_called(state.path_of_manifest(object_)),
                count=count,
                messages=[message.id for message in messages],
            )


def _called(path: str | None) -> str | None:
    """What a feed is called in the log."""
    return "all posts" if path == "" else path


def _count(**counts: int) -> None:
    name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local")
    log.metrics(datetime.now(UTC), name, **counts)


def _calls(publisher: Publisher) -> dict[str, int]:
    posts, feeds = publisher.posts, publisher.feeds
    assert isinstance(posts, Counted)
    assert isinstance(feeds, Counted)
    return dict(posts.calls + feeds.calls)


# --- posts of the future, and the audit ----------------------------------------------------------


@cache
def _schedules() -> Schedules | None:
    role = os.environ.get("SCHEDULER_ROLE_ARN", "")
    if not role:
        return None
    from feeds.schedule import EventBridge

    return EventBridge(_variable("PUBLISH_QUEUE_URL"), role)


def _scheduled(result: Published) -> bool:
    """Have posts of the future looked at when their time comes; whether that could be done."""
    waiting = {name: one for name, one in result.looked.items() if one.due or one.was_due}
    schedules = _schedules() if waiting else None
    if schedules is None:
        if waiting:
            log.line("scheduled", what="SCHEDULER_ROLE_ARN is not set: the audit publishes them")
        return True
    try:
        for name, record in waiting.items():
            _schedule(schedules, name, record)
    except FeedsError as error:
        log.line("error", what=str(error))
        return False
    return True


def _schedule(schedules: Schedules, name: str, record: state.Record) -> None:
    """Set the time of a post, and look again: a quicker worker may have set a newer one before."""
    publisher = _publisher()
    while True:
        if record.due:
            soon = publisher.world.now() + _SOON
            schedules.set(name, max(record.due, soon), sorted(record.posts))
        else:
            schedules.clear(name)
        found = publisher.records.read(name)
        if found.due == record.due:
            return
        record = found


def audit(event: object, context: object) -> dict[str, object]:  # noqa: ARG001
    """Send what differs from its record to the publish queue, and put the feeds right.

    With ``{"dry": true}`` as the event it only says what it would send.
    """
    from feeds.audit import audit as audited
    from feeds.queue import Outgoing

    dry = isinstance(event, dict) and event.get("dry") is True
    start, queue = time.monotonic(), None if dry else _queue("PUBLISH_QUEUE_URL")
    waiting: list[Outgoing] = []

    def send(key: str) -> None:
        waiting.append(Outgoing(json.dumps({"keys": [key]})))
        if queue and len(waiting) == _SENT:
            queue.send(waiting)
            waiting.clear()

    found = audited(_publisher(), send, _schedules(), dry=dry)
    if queue:
        queue.send(waiting)
    for error in found.errors:
        log.line("error", what=error)
    counts = {name: count for name, count in asdict(found).items() if name != "errors"}
    log.line("audit", dry=dry, seconds=round(time.monotonic() - start, 3), counts=counts)
    return {**counts, "errors": found.errors}


# --- hubs ----------------------------------------------------------------------------------------


def _noted(result: Published, messages: Sequence[Message]) -> bool:
    """Put on the notify queue what hubs are to be told of; whether that could be done.

    Who published these messages before may have died after the documents were written and before
    this. Nothing changes then when they come again: so all of their feeds are told of.
    """
    settings = _settings()
    if not settings.feeds.hubs:
        return True
    changed = [*result.changed]
    if any(message.received > 1 for message in messages):
        touched = {path for record in result.looked.values() for path in record.feeds}
        changed += [key for path in sorted(touched) for key in hubs.followed(path, settings)]
    now = datetime.now(UTC)
    try:
        _queue("NOTIFY_QUEUE_URL").send(
            hubs.note(ping, now) for ping in hubs.due(changed, settings)
        )
    except FeedsError as error:
        log.line("error", what=str(error))
        return False
    return True


def notify(event: object, context: object) -> dict[str, list[dict[str, str]]]:  # noqa: ARG001
    """Tell hubs of the changes that a batch of the notify queue names.

    The answer is SQS's partial batch response: who could not be told is told again, some times.
    """
    known = _settings().feeds.hubs
    pings: dict[hubs.Ping, list[str]] = {}
    for name, ping in hubs.pings(event).items():
        if ping is None or ping.hub not in known:
            what = f"there is no hub {ping.hub} any more" if ping else "the message is no ping"
            log.line("passed over", what=what, message=name)
        else:
            pings.setdefault(ping, []).append(name)
    failed: list[str] = []
    for ping, why in hubs.tell(list(pings)).items():
        log.line("error", what=f"the hub {why}", hub=ping.hub, topic=ping.topic)
        failed += pings[ping]
    log.line("hubs", told=[ping.topic for ping in pings], failed=sorted(failed))
    _count(Pings=len(pings), Failed=len(failed))
    return {"batchItemFailures": [{"itemIdentifier": name} for name in sorted(failed)]}


# --- messages that killed a process before -------------------------------------------------------


def _apart(batches: Sequence[Sequence[Message]], context: object) -> set[str]:
    """Publish batches one after the other in a process that may die over any of them.

    Returns the ids of messages that must come again: also all of a batch that was its death, and of
    those for which no time was left. This process outlives them all, so that the queue is told of
    the others.
    """
    failed: set[str] = set()
    seconds = _seconds(context)
    command = [sys.executable, "-c", "import handler; handler.alone()"]
    path = [str(Path(__file__).parent), *filter(None, sys.path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    end = time.monotonic() + seconds
    with apart.Apart(command, environment) as process:
        for number, batch in enumerate(batches):
            names = [message.id for message in batch]
            left = end - time.monotonic()
            share = min(left, max(left / (len(batches) - number), _SHARE))
            try:
                answer = process.ask(msgspec.json.encode(batch).decode(), share)
            except apart.DiedError as death:
                failed.update(names)
                log.line(
                    "error",
                    what=f"a message that is handled apart was not published: {death}",
                    messages=names,
                    keys=[key for message in batch for key in message.keys],
                )
            else:
                failed.update(msgspec.json.decode(answer, type=list[str]))
    return failed


def _seconds(context: object) -> float:
    """How long this call may still take, with something left to answer in."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return remaining() / 1000 - 2 if callable(remaining) else 60.0


def alone() -> None:
    """Publish the batches on standard input, one a line, and say what of them must come again."""
    apart.serve(_answer)


def _answer(question: str) -> str:
    batch = msgspec.json.decode(question, type=list[Message])
    try:
        failed = _publish(batch)
    except FeedsError as error:
        log.line("error", what=str(error))
        failed = {message.id for message in batch}
    return msgspec.json.encode(sorted(failed)).decode()


# Before its first event a function has a whole processor, and ten seconds. What is wrong is said
# when somebody is there to hear it: with the first event.
if os.environ.get("_HANDLER") == "handler.publish":
    with contextlib.suppress(FeedsError):
        _publisher()
