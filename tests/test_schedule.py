"""Posts with a future date, against moto's EventBridge Scheduler."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import boto3
import pytest

from feeds.errors import Unavailable
from feeds.schedule import EventBridge, marker_key, marker_time, queue_arn

WHEN = datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=8)))
QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/publish"
GROUP = "publish"
ROLE = "arn:aws:iam::123456789012:role/scheduler"


@pytest.fixture
def client(moto_server):
    client = boto3.client(
        "scheduler",
        endpoint_url=moto_server,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_schedule_group(Name=GROUP)
    yield client
    client.delete_schedule_group(Name=GROUP)


def names(client) -> list[str]:
    return [schedule["Name"] for schedule in client.list_schedules(GroupName=GROUP)["Schedules"]]


def test_a_schedule_puts_the_key_on_the_queue_once_and_is_gone_afterwards(client):
    schedules = EventBridge(QUEUE, ROLE, client)
    schedules.set("state/posts/ab/cd.json", WHEN, ["能/a b.md"])
    (name,) = names(client)
    made = client.get_schedule(Name=name, GroupName=GROUP)
    assert made["ScheduleExpression"] == "at(2030-01-01T19:04:05)"
    assert made["ScheduleExpressionTimezone"] == "UTC"
    assert made["ActionAfterCompletion"] == "DELETE"
    assert made["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert made["Target"]["Arn"] == "arn:aws:sqs:eu-central-1:123456789012:publish"
    assert made["Target"]["RoleArn"] == ROLE
    assert json.loads(made["Target"]["Input"]) == {"keys": ["能/a b.md"]}
    schedules.clear("state/posts/ab/cd.json")
    assert names(client) == []


def test_an_edit_moves_the_schedule_instead_of_adding_one(client):
    schedules = EventBridge(QUEUE, ROLE, client)
    schedules.set("one", WHEN, ["a.md"])
    schedules.set("one", WHEN + timedelta(days=1), ["a.md"])
    (name,) = names(client)
    assert (
        client.get_schedule(Name=name, GroupName=GROUP)["ScheduleExpression"]
        == "at(2030-01-02T19:04:05)"
    )
    schedules.clear("one")


def test_clearing_what_is_not_there_is_no_error(client):
    EventBridge(QUEUE, ROLE, client).clear("nothing")


def test_a_service_that_does_not_answer_is_unavailable():
    client = boto3.client(
        "scheduler",
        endpoint_url="http://127.0.0.1:9",
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    with pytest.raises(Unavailable, match=r"a\.md"):
        EventBridge(QUEUE, ROLE, client).set("one", WHEN, ["a.md"])


def test_the_queue_s_arn_is_read_from_its_url():
    assert queue_arn(QUEUE, "us-east-1") == "arn:aws:sqs:eu-central-1:123456789012:publish"
    local = "http://127.0.0.1:5000/123456789012/publish"
    assert queue_arn(local, "us-east-1") == "arn:aws:sqs:us-east-1:123456789012:publish"


def test_a_marker_says_when_its_post_is_due():
    key = marker_key("state/posts/ab/cd.json", WHEN)
    assert marker_time(key) == WHEN.astimezone(UTC)
    assert marker_time("state/due/nonsense.json") is None
