"""The entry points of the Lambda functions: an event -> work, log lines and a response.

publish   events about posts, usually through a queue -> feeds, and queued pings of their changes
notify    those pings, after the CDN's copies have expired -> requests to WebSub hubs
audit     once a day -> posts that differ from their records go to the publish queue; feeds repaired
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec.structs import asdict

from feeds.aws.batch import publish_batch
from feeds.aws.environment import (
    required_variable,
    shared_config,
    shared_publisher,
    shared_queue,
    shared_schedules,
)
from feeds.aws.events import parse_messages
from feeds.aws.metrics import log_counts
from feeds.aws.pings import parse_pings
from feeds.documents.feed_documents import load_renderers
from feeds.errors import FeedsError, TooManyRemovals
from feeds.log import log_event
from feeds.publishing import websub

ISOLATE_FROM_DELIVERY = 3
"""From this delivery on, a message is published by itself in a worker process: its post may have
killed the process that published it before."""

SEND_BATCH = 500
"""An audit sends its messages to the publish queue in batches of this many."""

BatchResponse = dict[str, list[dict[str, str]]]
"""SQS's partial batch response: the ids of the messages that must be delivered again."""


def publish(event: object, context: object) -> BatchResponse:
    """Publish the posts that an event names.

    Raises FeedsError if an event that did not come through a queue failed: its sender does not read
    the response, but retries after an error.
    """
    messages = parse_messages(event, required_variable("POSTS_URL"))
    for message in messages:
        for note in message.notes:
            log_event("skipped", what=note, message=message.id)
    together = [message for message in messages if message.received < ISOLATE_FROM_DELIVERY]
    isolated = [message for message in messages if message.received >= ISOLATE_FROM_DELIVERY]
    if isolated:
        from feeds.aws.isolation import publish_isolated  # rare: not part of each cold start

        failed = publish_isolated(together, isolated, seconds_left(context))
    else:
        failed = publish_batch(together, seconds_left(context))
    if "" in failed:
        raise FeedsError("the event could not be published completely; see the log")
    return _batch_response(failed)


def audit(event: object, context: object) -> dict[str, object]:
    """Send posts that differ from their records to the publish queue, and repair the feeds.

    With ``{"dry": true}`` as the event, it only counts what it would send and repair; with
    ``{"deep": true}`` it compares all records and feeds, as far as its time allows. Raises
    TooManyRemovals, which sets off an alarm, if most of the posts are gone; with
    ``{"allow_removals": true}`` it goes on.
    """
    from feeds.maintenance.audit import audit as run_audit
    from feeds.publishing.message import OutgoingMessage

    wishes = event if isinstance(event, dict) else {}
    dry = wishes.get("dry") is True
    start, queue = time.monotonic(), None if dry else shared_queue("PUBLISH_QUEUE_URL")
    unsent: list[OutgoingMessage] = []

    def send(key: str) -> None:
        unsent.append(OutgoingMessage(json.dumps({"keys": [key]})))
        if queue and len(unsent) == SEND_BATCH:
            queue.send(unsent)
            unsent.clear()

    try:
        report = run_audit(
            shared_publisher(),
            send,
            shared_schedules(),
            dry=dry,
            deep=wishes.get("deep") is True,
            allow_removals=wishes.get("allow_removals") is True,
            until=_end_of_time(context),
        )
    except TooManyRemovals as refusal:
        log_event("error", what=str(refusal))
        raise
    if queue:
        queue.send(unsent)
    for error in report.errors:
        log_event("error", what=error)
    counts = {name: count for name, count in asdict(report).items() if name != "errors"}
    log_event("audit", dry=dry, seconds=round(time.monotonic() - start, 3), counts=counts)
    return {**counts, "errors": report.errors}


def _end_of_time(context: object) -> datetime | None:
    """When an audit must come to its end: a minute before this invocation ends."""
    seconds = seconds_left(context)
    if seconds == math.inf:
        return None
    return datetime.now(UTC) + timedelta(seconds=seconds) - timedelta(minutes=1)


def seconds_left(context: object) -> float:
    """The seconds until this invocation ends; infinite if `context` does not say."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return remaining() / 1000 if callable(remaining) else math.inf


def notify(event: object, context: object) -> BatchResponse:  # noqa: ARG001
    """Send the WebSub pings in a batch of the notify queue.

    SQS delivers the messages of failed pings again, as often as infra/queues.yml says.
    """
    hubs = shared_config().feeds.hubs
    pings: dict[websub.Ping, list[str]] = {}
    for id_, ping in parse_pings(event).items():
        if ping is None:
            log_event("skipped", what="Skipped a message: it is not a ping.", message=id_)
        elif ping.hub not in hubs:
            what = f"Skipped a ping: the hub {ping.hub} is no longer configured."
            log_event("skipped", what=what, message=id_)
        else:
            pings.setdefault(ping, []).append(id_)
    failed: list[str] = []
    for ping, why in websub.send_pings(list(pings)).items():
        log_event("error", what=f"the hub {why}", hub=ping.hub, topic=ping.topic)
        failed += pings[ping]
    log_event("hubs", topics=[ping.topic for ping in pings], failed=sorted(failed))
    log_counts(Pings=len(pings), Failed=len(failed))
    return _batch_response(failed)


def _batch_response(failed: Iterable[str]) -> BatchResponse:
    return {"batchItemFailures": [{"itemIdentifier": id_} for id_ in sorted(failed)]}


# During initialisation a function has a whole processor, and ten seconds. Configuration errors are
# suppressed here: the first invocation raises them again, where Lambda logs them.
if os.environ.get("_HANDLER") == "handler.publish":
    with contextlib.suppress(FeedsError):
        load_renderers(shared_publisher().config)
