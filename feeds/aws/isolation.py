"""Publishes batches of messages in a worker process. A crash fails only the batch that caused it.

A message that was delivered several times before is a batch of its own (feeds/aws/functions.py).
The queue will soon give it up, so its posts are in the journal while it is published; if it is
lost, the audit publishes them again.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from feeds.aws import environment
from feeds.aws.batch import publish_batch
from feeds.errors import FeedsError, StoreError
from feeds.log import log_event
from feeds.maintenance.journal import note, strike_off
from feeds.publishing.message import Message
from feeds.stores.addresses import open_store
from feeds.stores.base import Store
from feeds.worker_process import WorkerDied, WorkerProcess, serve_requests

MIN_SECONDS_PER_BATCH = 20.0
"""Each batch gets an equal share of the time that is left, but at least this many seconds. They are
more than one attempt of an S3 read takes (CONNECT_SECONDS and READ_SECONDS of
feeds/stores/s3/replies.py), so that a lost reply alone does not end a batch."""


RESPONSE_SECONDS = 2.0
"""The time that is kept to return the response."""

MAX_SECONDS = 60.0
"""The time for all batches, if the invocation has no end."""


class Request(Struct, frozen=True):
    """One batch for the worker process."""

    messages: list[Message]
    """The messages to publish."""
    seconds: float
    """The time until the process is killed."""


def publish_isolated(
    together: Sequence[Message], isolated: Sequence[Message], seconds: float
) -> set[str]:
    """Publish one batch, and then each isolated message, in a worker process that may crash.

    Returns the ids of the messages that must be delivered again, among them all messages of a batch
    in which the worker crashed, and of batches for which no time was left. This process survives
    a crash and can acknowledge the other messages. `seconds` is the time until it ends.
    """
    failed: set[str] = set()
    command = [sys.executable, "-c", "from feeds.aws.isolation import worker_main; worker_main()"]
    path = [str(environment.ROOT), *filter(None, sys.path)]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    deadline = time.monotonic() + min(seconds - RESPONSE_SECONDS, MAX_SECONDS)
    batches = [list(together)] if together else []
    batches += [[message] for message in isolated]
    state = open_store(environment.required_variable("FEEDS_URL"))
    _note(state, isolated)
    with WorkerProcess(command, variables) as process:
        for number, batch in enumerate(batches):
            ids = [message.id for message in batch]
            seconds_left = deadline - time.monotonic()
            equal_share = seconds_left / (len(batches) - number)
            timeout = min(seconds_left, max(equal_share, MIN_SECONDS_PER_BATCH))
            try:
                request = msgspec.json.encode(Request(batch, timeout)).decode()
                response = process.request(request, timeout)
            except WorkerDied as error:
                failed.update(ids)
                log_event(
                    "error",
                    what=f"the worker process did not publish the messages: {error}",
                    messages=ids,
                    keys=[key for message in batch for key in message.keys],
                )
            else:
                failed.update(msgspec.json.decode(response, type=list[str]))
    _strike_off(state, [message for message in isolated if message.id not in failed])
    return failed


def _note(state: Store, messages: Sequence[Message]) -> None:
    """Write the posts of these messages into the journal.

    An error of the store is logged, and no more: the queue still has the messages.
    """
    for message in messages:
        try:
            note(state, message.id, message.keys)
        except StoreError as error:
            log_event("error", what=f"the journal was not written: {error}", messages=[message.id])


def _strike_off(state: Store, messages: Sequence[Message]) -> None:
    """Remove the posts of published messages from the journal; one that stays does no harm."""
    for message in messages:
        with contextlib.suppress(StoreError):
            strike_off(state, message.id)


def worker_main() -> None:
    """Publish the batches on standard input, one `Request` as JSON in a line.

    Writes the ids of the messages that must be delivered again to standard output, one JSON array
    for each batch.
    """
    serve_requests(_publish_request)


def _publish_request(request: str) -> str:
    batch = msgspec.json.decode(request, type=Request)
    try:
        failed = publish_batch(batch.messages, batch.seconds)
    except FeedsError as error:
        log_event("error", what=str(error))
        failed = {message.id for message in batch.messages}
    return msgspec.json.encode(sorted(failed)).decode()
