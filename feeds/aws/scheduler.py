"""EventBridge Scheduler: a one-off schedule that puts a post's key on the publish queue in time.

The time is when the post appears or expires.

A schedule is deleted after it ran. It only makes the function read a post: a late, repeated or
obsolete schedule does no harm, and the audit finds a lost one by the marker in the state
(feeds/publishing/due_markers.py).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from feeds import paths
from feeds.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_scheduler import EventBridgeSchedulerClient


class EventBridgeSchedules:
    """Schedules in EventBridge Scheduler, which send messages to the publish queue.

    They are in a group with the name of the queue (infra/schedule.yml): two stages in one account
    have schedules of the same names. The methods raise Unavailable if the service fails, or refuses
    a schedule.
    """

    def __init__(
        self, queue_url: str, role: str, client: EventBridgeSchedulerClient | None = None
    ) -> None:
        if client is None:
            from botocore.config import Config
            from botocore.session import get_session

            config = Config(
                retries={"mode": "standard", "total_max_attempts": 3},
                connect_timeout=3,
                read_timeout=5,
            )
            made = get_session().create_client("scheduler", config=config)
            client = cast("EventBridgeSchedulerClient", made)
        self.client, self.role = client, role
        self.queue = queue_arn(queue_url, client.meta.region_name, client.meta.partition)
        self.group = self.queue.rpartition(":")[2]

    def set(self, record: str, when: datetime, keys: Sequence[str]) -> None:
        """Create the schedule of a record, or replace it."""
        from botocore.exceptions import BotoCoreError, ClientError

        from feeds.stores.s3.boto3_store import BROKEN_REPLY

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
        except (BotoCoreError, ClientError, *BROKEN_REPLY) as error:
            raise Unavailable(f"cannot set the schedule of {keys[0]!r}: {error}") from None

    def clear(self, record: str) -> None:
        """Delete the schedule of a record, if there is one."""
        from botocore.exceptions import BotoCoreError, ClientError

        from feeds.stores.s3.boto3_store import BROKEN_REPLY

        try:
            self.client.delete_schedule(Name=_name(record), GroupName=self.group)
        except self.client.exceptions.ResourceNotFoundException:
            return
        except (BotoCoreError, ClientError, *BROKEN_REPLY) as error:
            raise Unavailable(f"cannot delete a schedule: {error}") from None


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
