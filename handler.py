"""The entry points of the cloud functions. Wiring only: what is done is done in feeds/.

publish   S3 events, through a queue or not  ->  feeds
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

from feeds import config, events, log
from feeds.errors import ConfigError, FeedsError
from feeds.publish import Published, Publisher
from feeds.store import open_store
from feeds.world import Counted, RealWorld

WARY = 3
"""From this delivery on a message is handled alone: its post may be what kills the process."""

_STORM = 50


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
    posts_url = _variable("POSTS_URL")
    messages = events.messages(event, posts_url)
    for note in (note for message in messages for note in message.notes):
        log.line("passed over", what=note)
    calm = [message for message in messages if message.received < WARY]
    wary = [message for message in messages if message.received >= WARY]
    failed = set(_publish(calm).failed) if calm else set()
    for message in wary:
        if not _alone(message, context):
            failed.add(message.id)
    if "" in failed:
        raise FeedsError("the event could not be published whole; see the log")
    return {"batchItemFailures": [{"itemIdentifier": name} for name in sorted(failed)]}


def _publish(messages: list[events.Message]) -> Published:
    publisher = _publisher()
    start = time.monotonic()
    before = _calls(publisher)
    result = publisher.publish(messages)
    calls = {name: count - before.get(name, 0) for name, count in _calls(publisher).items()}
    for record in result.looked.values():
        for problem in (problem for seen in record.posts.values() for problem in seen.problems):
            log.line(
                "problem",
                key=problem.key,
                line=problem.line,
                field=problem.field,
                severity=problem.severity,
                what=problem.what,
                todo=problem.todo,
            )
    for error in result.errors:
        log.line("error", what=error)
    if result.conflicts >= _STORM:
        log.line("conflicts", count=result.conflicts)
    log.line(
        "batch",
        messages=[message.id for message in messages],
        keys=sum(len(message.keys) for message in messages),
        posts=len(result.looked),
        changed=len(result.changed),
        failed=sorted(result.failed),
        conflicts=result.conflicts,
        seconds=round(time.monotonic() - start, 3),
        calls=calls,
    )
    return result


def _calls(publisher: Publisher) -> dict[str, int]:
    posts, feeds = publisher.posts, publisher.feeds
    assert isinstance(posts, Counted)
    assert isinstance(feeds, Counted)
    return dict(posts.calls + feeds.calls)


# --- messages that killed a process before -------------------------------------------------------


def _alone(message: events.Message, context: object) -> bool:
    """Publish one message in a process of its own; whether that came to an end."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    seconds = max(remaining() / 1000 - 2, 1) if callable(remaining) else 60
    given = json.dumps({"id": message.id, "keys": message.keys, "received": message.received})
    try:
        done = subprocess.run(
            [sys.executable, "-c", "import handler; handler.alone()"],
            input=given,
            text=True,
            timeout=seconds,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )
    except subprocess.TimeoutExpired:
        log.line("error", what="a message that is handled alone took too long", message=message.id)
        return False
    if done.returncode < 0:
        log.line(
            "error",
            what=f"a message that is handled alone killed its process (signal {-done.returncode})",
            message=message.id,
            keys=list(message.keys),
        )
    return done.returncode == 0


def alone() -> None:
    """Publish the message on standard input; the exit status says whether it was published."""
    given = json.load(sys.stdin)
    message = events.Message(given["id"], tuple(given["keys"]), given["received"], ())
    sys.exit(1 if _publish([message]).failed else 0)
