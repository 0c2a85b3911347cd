"""Publishes messages that failed several times each in a worker process, so that a post that
kills the process takes no other message with it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

import msgspec

from feeds.aws import environment
from feeds.aws.batch import publish_batch
from feeds.errors import FeedsError
from feeds.log import log_event
from feeds.publishing.message import Message
from feeds.worker_process import WorkerDiedError, WorkerProcess, answer_requests

ISOLATE_FROM_DELIVERY = 3
"""From this delivery on, a message is processed in a process of its own: its post may be what
kills the process."""

MIN_SECONDS_PER_BATCH = 10.0


# --- messages that killed a process before -------------------------------------------------------


def publish_isolated(batches: Sequence[Sequence[Message]], context: object) -> set[str]:
    """Publish batches one after the other in a process that may die over any of them.

    Returns the ids of messages that must come again: also all of a batch that was its death, and of
    those for which no time was left. This process outlives them all, so that the queue is told of
    the others.
    """
    failed: set[str] = set()
    seconds = _seconds(context)
    command = [sys.executable, "-c", "from feeds.aws.isolation import worker_main; worker_main()"]
    path = [str(environment.ROOT), *filter(None, sys.path)]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    end = time.monotonic() + seconds
    with WorkerProcess(command, variables) as process:
        for number, batch in enumerate(batches):
            names = [message.id for message in batch]
            left = end - time.monotonic()
            share = min(left, max(left / (len(batches) - number), MIN_SECONDS_PER_BATCH))
            try:
                answer = process.ask(msgspec.json.encode(batch).decode(), share)
            except WorkerDiedError as death:
                failed.update(names)
                log_event(
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


def worker_main() -> None:
    """Publish the batches on standard input, one a line, and say what of them must come again."""
    answer_requests(_publish_request)


def _publish_request(question: str) -> str:
    batch = msgspec.json.decode(question, type=list[Message])
    try:
        failed = publish_batch(batch)
    except FeedsError as error:
        log_event("error", what=str(error))
        failed = {message.id for message in batch}
    return msgspec.json.encode(sorted(failed)).decode()
