"""Posts with a future date, against moto's EventBridge Scheduler."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import boto3
import pytest
from support.published import Later
from support.sites import post

from feeds.aws import batch, environment, functions
from feeds.aws.scheduler import EventBridgeSchedules, queue_arn
from feeds.errors import Unavailable
from feeds.publishing.due_markers import marker_key, marker_time
from feeds.stores.local import LocalStore

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
    schedules = EventBridgeSchedules(QUEUE, ROLE, client)
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
    schedules = EventBridgeSchedules(QUEUE, ROLE, client)
    schedules.set("one", WHEN, ["a.md"])
    schedules.set("one", WHEN + timedelta(days=1), ["a.md"])
    (name,) = names(client)
    assert (
        client.get_schedule(Name=name, GroupName=GROUP)["ScheduleExpression"]
        == "at(2030-01-02T19:04:05)"
    )
    schedules.clear("one")


def test_clearing_what_is_not_there_is_no_error(client):
    EventBridgeSchedules(QUEUE, ROLE, client).clear("nothing")


def test_a_service_that_does_not_answer_is_unavailable():
    client = boto3.client(
        "scheduler",
        endpoint_url="http://127.0.0.1:9",
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    with pytest.raises(Unavailable, match=r"a\.md"):
        EventBridgeSchedules(QUEUE, ROLE, client).set("one", WHEN, ["a.md"])


def test_the_queue_s_arn_is_read_from_its_url():
    assert queue_arn(QUEUE, "us-east-1") == "arn:aws:sqs:eu-central-1:123456789012:publish"
    local = "http://127.0.0.1:5000/123456789012/publish"
    assert queue_arn(local, "us-east-1") == "arn:aws:sqs:us-east-1:123456789012:publish"


def test_a_marker_says_when_its_post_is_due():
    key = marker_key("state/posts/ab/cd.json", WHEN)
    assert marker_time(key) == WHEN.astimezone(UTC)
    assert marker_time("state/due/nonsense.json") is None


# --- through the entry point ---------------------------------------------------------------------


class Site:
    """A configured function whose clock the test moves; posts and feeds are in folders."""

    def __init__(self, folder: Path, client, world: Later) -> None:
        self.posts, self.feeds = LocalStore(folder / "posts"), LocalStore(folder / "feeds")
        self.client, self.world = client, world

    def upload(self, minutes: float, title: str = "Soon", key: str = "soon.md") -> None:
        """Upload a post that is dated so many minutes ahead, and have the function look at it."""
        date = f"{self.world.time + timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S} +0000"
        self.posts.put(key, post(title, date=date))
        self.look(json.dumps({"keys": [key]}))

    def look(self, body: str) -> None:
        attributes = {"ApproximateReceiveCount": "1"}
        message = {"messageId": "m", "eventSource": "aws:sqs", "attributes": attributes}
        event = {"Records": [{**message, "body": body}]}
        assert functions.publish(event, None) == {"batchItemFailures": []}

    def schedules(self) -> dict[str, datetime]:
        """When what will be looked at: the times of the schedules, by what they send."""
        made = [self.client.get_schedule(Name=n, GroupName=GROUP) for n in names(self.client)]
        return {
            one["Target"]["Input"]: datetime.fromisoformat(
                re.fullmatch(r"at\((.+)\)", one["ScheduleExpression"])[1]
            ).replace(tzinfo=UTC)
            for one in made
        }

    def wait(self, **time: float) -> None:
        """Let time pass. A schedule whose time has come is deleted, and the queue has its text."""
        self.world.time += timedelta(**time)
        due = {text for text, when in self.schedules().items() if when <= self.world.time}
        for name in names(self.client):
            text = self.client.get_schedule(Name=name, GroupName=GROUP)["Target"]["Input"]
            if text in due:
                self.client.delete_schedule(Name=name, GroupName=GROUP)
                self.look(text)

    def titles(self) -> list[str]:
        found = self.feeds.get("public/feed.json")
        return [item["title"] for item in json.loads(found.data)["items"]] if found else []


@pytest.fixture
def site(client, tmp_path: Path, moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Site:
    world = Later()
    (tmp_path / "feeds.toml").write_text(
        '[site]\ntitle = "S"\nurl = "https://s.example/"\n[feeds]\nformats = ["json"]\n'
    )
    variables = {
        "POSTS_URL": str(tmp_path / "posts"),
        "FEEDS_URL": str(tmp_path / "feeds"),
        "FEEDS_CONFIG": str(tmp_path / "feeds.toml"),
        "PUBLISH_QUEUE_URL": QUEUE,
        "SCHEDULER_ROLE_ARN": ROLE,
        "AWS_ENDPOINT_URL": moto_server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setattr(environment, "ThreadedRuntime", lambda: world)
    environment.reset()
    return Site(tmp_path, client, world)


def test_a_post_two_minutes_ahead_appears_when_its_time_has_come_and_not_before(site: Site):
    site.upload(-60, "Now", key="now.md")
    site.upload(2)
    assert site.titles() == ["Now"]
    assert list(site.schedules().values()) == [site.world.time + timedelta(minutes=2)]
    site.wait(seconds=100)
    site.look(json.dumps({"keys": ["soon.md"]}))  # somebody looks too early
    assert site.titles() == ["Now"]
    site.wait(seconds=20)
    assert site.titles() == ["Soon", "Now"]
    assert site.schedules() == {}


def test_an_edit_moves_the_time_of_a_post_and_a_deletion_forgets_it(site: Site):
    site.upload(2)
    site.upload(10)
    assert list(site.schedules().values()) == [site.world.time + timedelta(minutes=10)]
    site.wait(minutes=5)
    assert site.titles() == []
    site.posts.delete("soon.md")
    site.look(json.dumps({"keys": ["soon.md"]}))
    assert site.schedules() == {}
    site.wait(minutes=10)
    assert site.titles() == []


def test_a_post_that_is_published_at_once_after_all_has_no_schedule_left(site: Site):
    site.upload(10)
    site.upload(-1)
    assert site.titles() == ["Soon"]
    assert site.schedules() == {}


def test_a_time_that_has_all_but_come_is_set_a_moment_later(site: Site):
    """Whether the service takes a time that has passed when it is asked is not known."""
    site.upload(1 / 60)
    (when,) = site.schedules().values()
    assert when >= site.world.time + timedelta(seconds=5)
    site.wait(seconds=30)
    assert site.titles() == ["Soon"]


class Overtaken:
    """Schedules of a worker that somebody overtakes just before it sets or clears one."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self.meanwhile: list[Callable[[], None]] = [meanwhile]
        self.times: dict[str, datetime] = {}

    def set(self, record: str, when: datetime, keys: list[str]) -> None:
        while self.meanwhile:
            self.meanwhile.pop()()
        self.times[record] = when

    def clear(self, record: str) -> None:
        while self.meanwhile:
            self.meanwhile.pop()()
        self.times.pop(record, None)


@pytest.mark.parametrize(("then", "left"), [(20, 1), (-1, 0)])
def test_the_last_version_of_a_post_has_the_last_word_about_its_time(
    site: Site, monkeypatch: pytest.MonkeyPatch, then: float, left: int
):
    """A slow worker sets the time of the version before, after the quick one set its own."""
    schedules = Overtaken(lambda: site.upload(then))
    monkeypatch.setattr(batch, "shared_schedules", lambda: schedules)
    site.upload(10)
    assert list(schedules.times.values()) == [site.world.time + timedelta(minutes=then)] * left


def test_a_slow_worker_takes_no_time_away_that_a_later_version_set(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    site.upload(10)
    schedules = Overtaken(lambda: site.upload(20))
    monkeypatch.setattr(batch, "shared_schedules", lambda: schedules)
    site.upload(-1)
    assert list(schedules.times.values()) == [site.world.time + timedelta(minutes=20)]
