"""The entry points of the cloud functions. Wiring only: what is done is done in feeds/.

publish   S3 events, through a queue or not  ->  feeds
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec

from feeds import apart, config, events, log
from feeds.errors import ConfigError, FeedsError
from feeds.events import Message
from feeds.publish import Publisher, problems
from feeds.store import open_store
from feeds.world import Counted, RealWorld

WARY = 3
"""From this delivery on a message is handled alone: its post may be what kills the process."""

_STORM = 50
_SHARE = 10.0


@cache
def _publisher() -> Publisher:
    """The publisher of this process, made from its environment."""
    posts, feeds = _variable("POSTS_URL"), _variable("FEEDS_URL")
    path = Path(os.environ.get("FEEDS_CONFIG", Path(__file__).with_name("feeds.toml")))
    try:
        settings = config.parse(path.read_text(encoding="utf-8-sig"), str(path))
    except OSError as error:
        raise ConfigError(
            [f"{path}: cannot be read ({error.strerror}); set FEEDS_CONFIG"]
        ) from None
    return Publisher(Counted(open_store(posts)), Counted(open_store(feeds)), settings, RealWorld())


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
    calls_before, conflicts_before = _calls(publisher), publisher.conflicts
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
    for problem in problems(result.looked.values()):
        log.line(
            "problem",
            key=problem.key,
            line=problem.line,
            field=problem.field,
            severity=problem.severity,
            what=problem.what,
            todo=problem.todo,
        )
    for text in result.errors:
        log.line("error", what=text)
    conflicts = publisher.conflicts - conflicts_before
    if conflicts >= _STORM:
        log.line("conflicts", count=conflicts)
    calls = _calls(publisher)
    log.line(
        "batch",
        messages=[message.id for message in messages],
        keys=sum(len(message.keys) for message in messages),
        posts=len(result.looked),
        changed=len(result.changed),
        failed=sorted(result.failed),
        conflicts=conflicts,
        seconds=round(time.monotonic() - start, 3),
        calls={name: count - calls_before.get(name, 0) for name, count in calls.items()},
    )
    return set(result.failed)


def _calls(publisher: Publisher) -> dict[str, int]:
    posts, feeds = publisher.posts, publisher.feeds
    assert isinstance(posts, Counted)
    assert isinstance(feeds, Counted)
    return dict(posts.calls + feeds.calls)


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
                if left <= 0:
                    raise apart.DiedError("no time was left for it")
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
