"""The entry points of the Lambda functions: an event -> what is done, logged and answered.

publish   S3 events, through a queue or not  ->  feeds, and notes of what changed in them
notify    those notes, when their time has come  ->  WebSub hubs
audit     once a day  ->  posts that differ from their records, to publish; feeds put right
"""

from __future__ import annotations

import contextlib
import json
import os
import time

from msgspec.structs import asdict

from feeds.aws.batch import publish_batch
from feeds.aws.environment import (
    required_variable,
    shared_config,
    shared_publisher,
    shared_queue,
    shared_schedules,
)
from feeds.aws.events import parse_messages, parse_pings
from feeds.aws.isolation import ISOLATE_FROM_DELIVERY, publish_isolated
from feeds.aws.metrics import log_counts
from feeds.documents.feed_documents import load_renderers
from feeds.errors import FeedsError
from feeds.log import log_event
from feeds.publishing import websub

SEND_BATCH = 500


def publish(event: object, context: object) -> dict[str, list[dict[str, str]]]:
    """Publish the posts that an event names; the messages that must come again are returned.

    The answer is SQS's partial batch response. An event that did not come through a queue has
    nobody to take that answer: then a failure is raised, so that the caller tries again.
    """
    messages = parse_messages(event, required_variable("POSTS_URL"))
    for message in messages:
        for note in message.notes:
            log_event("passed over", what=note, message=message.id)
    calm = [message for message in messages if message.received < ISOLATE_FROM_DELIVERY]
    wary = [[message] for message in messages if message.received >= ISOLATE_FROM_DELIVERY]
    failed = (
        publish_isolated([calm, *wary] if calm else wary, context) if wary else publish_batch(calm)
    )
    if "" in failed:
        raise FeedsError("the event could not be published whole; see the log")
    return {"batchItemFailures": [{"itemIdentifier": name} for name in sorted(failed)]}


def audit(event: object, context: object) -> dict[str, object]:  # noqa: ARG001
    """Send what differs from its record to the publish queue, and put the feeds right.

    With ``{"dry": true}`` as the event it only says what it would send.
    """
    from feeds.publishing.audit import audit as audited
    from feeds.publishing.message import OutgoingMessage

    dry = isinstance(event, dict) and event.get("dry") is True
    start, queue = time.monotonic(), None if dry else shared_queue("PUBLISH_QUEUE_URL")
    waiting: list[OutgoingMessage] = []

    def send(key: str) -> None:
        waiting.append(OutgoingMessage(json.dumps({"keys": [key]})))
        if queue and len(waiting) == SEND_BATCH:
            queue.send(waiting)
            waiting.clear()

    found = audited(shared_publisher(), send, shared_schedules(), dry=dry)
    if queue:
        queue.send(waiting)
    for error in found.errors:
        log_event("error", what=error)
    counts = {name: count for name, count in asdict(found).items() if name != "errors"}
    log_event("audit", dry=dry, seconds=round(time.monotonic() - start, 3), counts=counts)
    return {**counts, "errors": found.errors}


def notify(event: object, context: object) -> dict[str, list[dict[str, str]]]:  # noqa: ARG001
    """Tell hubs of the changes that a batch of the notify queue names.

    The answer is SQS's partial batch response: who could not be told is told again, some times.
    """
    known = shared_config().feeds.hubs
    pings: dict[websub.Ping, list[str]] = {}
    for name, ping in parse_pings(event).items():
        if ping is None or ping.hub not in known:
            what = f"there is no hub {ping.hub} any more" if ping else "the message is no ping"
            log_event("passed over", what=what, message=name)
        else:
            pings.setdefault(ping, []).append(name)
    failed: list[str] = []
    for ping, why in websub.send_pings(list(pings)).items():
        log_event("error", what=f"the hub {why}", hub=ping.hub, topic=ping.topic)
        failed += pings[ping]
    log_event("hubs", told=[ping.topic for ping in pings], failed=sorted(failed))
    log_counts(Pings=len(pings), Failed=len(failed))
    return {"batchItemFailures": [{"itemIdentifier": name} for name in sorted(failed)]}


# Before its first event a function has a whole processor, and ten seconds. What is wrong is said
# when somebody is there to hear it: with the first event.
if os.environ.get("_HANDLER") == "handler.publish":
    with contextlib.suppress(FeedsError):
        load_renderers(shared_publisher().config)
