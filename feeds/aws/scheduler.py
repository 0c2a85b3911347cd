"""EventBridge Scheduler: a one-off schedule that puts a future post's key on the publish queue.

A schedule is deleted after it ran. It is only ever a reason to look: one that is late, doubled or
left over does no harm, and the audit finds one that was lost, by the marker in the state
(feeds/publishing/due_markers.py).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from feeds import paths
from feeds.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_scheduler import EventBridgeSchedulerClient


class EventBridgeSchedules:
    """Schedules in EventBridge Scheduler, which send to the publish queue.

    They are in a group called as the queue (infra/schedule.yml): two stages of one account have
    schedules of the same names. Raises Unavailable where the service does not do what it is told.
    """

    def __init__(
        self, queue_url: str, role: str, client: EventBridgeSchedulerClient | None = None
    ) -> None:
        if client is None:
            import boto3

            client = boto3.client("scheduler")
        self.client, self.role = client, role
        self.queue = queue_arn(queue_url, client.meta.region_name, client.meta.partition)
        self.group = self.queue.rpartition(":")[2]

    def set(self, record: str, when: datetime, keys: Sequence[str]) -> None:
        """Create the schedule, or replace the one that is there."""
        from botocore.exceptions import BotoCoreError, ClientError

        settings = {
            "Name": _name(record),
            "GroupName": self.group,
            "ScheduleExpression": f"at({when.astimezone(UTC):%Y-%m-%dT%H:%M:%S})",
            "ScheduleExpressionTimezone": "UTC",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "Target": {
                "Arn": self.queue,
                "RoleArn": self.role,
                "Input": json.dumps({"keys": list(keys)}),
            },
        }
        try:
            try:
                self.client.create_schedule(**settings)  # type: ignore[arg-type]
            except self.client.exceptions.ConflictException:
                self.client.update_schedule(**settings)  # type: ignore[arg-type]
        except (BotoCoreError, ClientError) as error:
            raise Unavailable(f"the schedule of {keys[0]!r} could not be set: {error}") from None

    def clear(self, record: str) -> None:
        """Delete the schedule, if there is one."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self.client.delete_schedule(Name=_name(record), GroupName=self.group)
        except self.client.exceptions.ResourceNotFoundException:
            return
        except (BotoCoreError, ClientError) as error:
            raise Unavailable(f"a schedule could not be deleted: {error}") from None


def _name(record: str) -> str:
    return f"feeds-{paths.digest(record, 40)}"


def queue_arn(url: str, region: str, partition: str = "aws") -> str:
    """The ARN of the SQS queue at a URL (``https://sqs.REGION.amazonaws.com/ACCOUNT/NAME``)."""
    parts = urlsplit(url)
    account, name = parts.path.strip("/").split("/")[-2:]
    host = (parts.hostname or "").split(".")
    if len(host) > 2 and host[0] == "sqs":
        region = host[1]
    return f"arn:{partition}:sqs:{region}:{account}:{name}"
