"""Schedules of posts with a future date, in moto's EventBridge Scheduler."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from support.published import Later
from support.servers import cutting, guarded
from support.sites import post

from feeds.aws import batch, environment, functions
from feeds.aws.scheduler import EventBridgeSchedules, _name, queue_arn
from feeds.errors import Unavailable
from feeds.publishing.due_markers import marker_key, marker_time
from feeds.state.keys import record_key
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


def test_a_schedule_sends_the_key_once_and_deletes_itself(client):
    schedules = EventBridgeSchedules(QUEUE, ROLE, client)
    schedules.set("state/posts/ab/cd.json", WHEN, ["能/a b.md"])
    (name,) = names(client)
    schedule = client.get_schedule(Name=name, GroupName=GROUP)
    assert schedule["ScheduleExpression"] == "at(2030-01-01T19:04:05)"
    assert schedule["ScheduleExpressionTimezone"] == "UTC"
    assert schedule["ActionAfterCompletion"] == "DELETE"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedule["Target"]["Arn"] == "arn:aws:sqs:eu-central-1:123456789012:publish"
    assert schedule["Target"]["RoleArn"] == ROLE
    assert json.loads(schedule["Target"]["Input"]) == {"keys": ["能/a b.md"]}
    schedules.clear("state/posts/ab/cd.json")
    assert names(client) == []


def test_setting_a_schedule_again_replaces_it(client):
    schedules = EventBridgeSchedules(QUEUE, ROLE, client)
    schedules.set("one", WHEN, ["a.md"])
    schedules.set("one", WHEN + timedelta(days=1), ["a.md"])
    (name,) = names(client)
    assert (
        client.get_schedule(Name=name, GroupName=GROUP)["ScheduleExpression"]
        == "at(2030-01-02T19:04:05)"
    )
    schedules.clear("one")


def test_clearing_a_missing_schedule_does_nothing(client):
    EventBridgeSchedules(QUEUE, ROLE, client).clear("nothing")


def test_a_scheduler_that_does_not_answer_is_unavailable():
    client = boto3.client(
        "scheduler",
        endpoint_url="http://127.0.0.1:9",
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    with pytest.raises(Unavailable, match=r"a\.md"):
        EventBridgeSchedules(QUEUE, ROLE, client).set("one", WHEN, ["a.md"])


def test_the_arn_of_a_queue_is_derived_from_its_url():
    assert queue_arn(QUEUE, "us-east-1") == "arn:aws:sqs:eu-central-1:123456789012:publish"
    local = "http://127.0.0.1:5000/123456789012/publish"
    assert queue_arn(local, "us-east-1") == "arn:aws:sqs:us-east-1:123456789012:publish"


def test_the_key_of_a_due_marker_holds_the_time():
    key = marker_key("state/posts/ab/cd.json", WHEN)
    assert marker_time(key) == WHEN.astimezone(UTC)
    assert marker_time("state/due/nonsense.json") is None


# --- through the entry point ---------------------------------------------------------------------


class Site:
    """A function whose clock the test moves, with posts and feeds in folders."""

    def __init__(self, folder: Path, client, world: Later) -> None:
        self.posts, self.feeds = LocalStore(folder / "posts"), LocalStore(folder / "feeds")
        self.client, self.world = client, world

    def upload(self, minutes: float, title: str = "Soon", key: str = "soon.md") -> None:
        """Upload a post that is dated some minutes ahead, and publish it."""
        date = f"{self.world.time + timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S} +0000"
        self.posts.put(key, post(title, date=date))
        self.publish(json.dumps({"keys": [key]}))

    def upload_expiring(self, minutes: float, title: str = "Sale", key: str = "sale.md") -> None:
        """Upload a post that expires some minutes ahead, and publish it."""
        time = f"{self.world.time + timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S} +0000"
        self.posts.put(key, post(title, "2026-05-01", f"expiryDate: {time}"))
        self.publish(json.dumps({"keys": [key]}))

    def publish(self, body: str) -> None:
        attributes = {"ApproximateReceiveCount": "1"}
        message = {"messageId": "m", "eventSource": "aws:sqs", "attributes": attributes}
        event = {"Records": [{**message, "body": body}]}
        assert functions.publish(event, None) == {"batchItemFailures": []}

    def schedules(self) -> dict[str, datetime]:
        """The times of the schedules, by the bodies of their messages."""
        schedules = [self.client.get_schedule(Name=n, GroupName=GROUP) for n in names(self.client)]
        return {
            schedule["Target"]["Input"]: datetime.fromisoformat(
                re.fullmatch(r"at\((.+)\)", schedule["ScheduleExpression"])[1]
            ).replace(tzinfo=UTC)
            for schedule in schedules
        }

    def wait(self, **time: float) -> None:
        """Move the clock. Schedules that are due send their messages and are deleted."""
        self.world.time += timedelta(**time)
        due = {text for text, when in self.schedules().items() if when <= self.world.time}
        for name in names(self.client):
            text = self.client.get_schedule(Name=name, GroupName=GROUP)["Target"]["Input"]
            if text in due:
                self.client.delete_schedule(Name=name, GroupName=GROUP)
                self.publish(text)

    def titles(self) -> list[str]:
        feed = self.feeds.get("public/feed.json")
        return [item["title"] for item in json.loads(feed.data)["items"]] if feed else []


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


@pytest.mark.slow
def test_a_future_post_is_published_at_its_date_and_not_before(site: Site):
    site.upload(-60, "Now", key="now.md")
    site.upload(2)
    assert site.titles() == ["Now"]
    assert list(site.schedules().values()) == [site.world.time + timedelta(minutes=2)]
    site.wait(seconds=100)
    site.publish(json.dumps({"keys": ["soon.md"]}))  # an event before the time
    assert site.titles() == ["Now"]
    site.wait(seconds=20)
    assert site.titles() == ["Soon", "Now"]
    assert site.schedules() == {}


def test_an_edit_moves_the_schedule_of_a_post_and_a_deletion_removes_it(site: Site):
    site.upload(2)
    site.upload(10)
    assert list(site.schedules().values()) == [site.world.time + timedelta(minutes=10)]
    site.wait(minutes=5)
    assert site.titles() == []
    site.posts.delete("soon.md")
    site.publish(json.dumps({"keys": ["soon.md"]}))
    assert site.schedules() == {}
    site.wait(minutes=10)
    assert site.titles() == []


def test_a_post_leaves_all_feeds_at_its_expiry_date_and_not_before(site: Site):
    site.upload(-60, "Now", key="now.md")
    site.upload_expiring(2)
    assert list(site.schedules().values()) == [site.world.time + timedelta(minutes=2)]
    site.wait(seconds=100)
    site.publish(json.dumps({"keys": ["sale.md"]}))  # an event before the time
    assert site.titles() == ["Now", "Sale"]
    site.wait(seconds=20)
    assert site.titles() == ["Now"]
    assert site.schedules() == {}
    assert list(site.feeds.list("state/due/")) == []


@pytest.mark.slow
def test_a_post_appears_and_then_expires_with_one_schedule_at_a_time(site: Site):
    start, end = (site.world.time + timedelta(minutes=minutes) for minutes in (5, 9))
    dates = [f"{time:%Y-%m-%d %H:%M:%S} +0000" for time in (start, end)]
    site.posts.put("soon.md", post("Soon", dates[0], f"expires: {dates[1]}"))
    site.publish(json.dumps({"keys": ["soon.md"]}))
    assert list(site.schedules().values()) == [start]
    site.wait(minutes=5)
    assert (site.titles(), list(site.schedules().values())) == (["Soon"], [end])
    site.wait(minutes=4)
    assert (site.titles(), site.schedules()) == ([], {})


@pytest.mark.slow
def test_an_edit_moves_or_removes_the_schedule_of_an_expiry_date(site: Site):
    site.upload_expiring(2)
    site.upload_expiring(10)
    assert list(site.schedules().values()) == [site.world.time + timedelta(minutes=10)]
    site.upload(-1, "Sale", key="sale.md")
    assert (site.titles(), site.schedules()) == (["Sale"], {})
    site.wait(minutes=20)
    assert site.titles() == ["Sale"]


def test_the_log_says_why_a_post_is_closed(site: Site, capfd: pytest.CaptureFixture[str]):
    site.upload(2)
    site.upload_expiring(-1)
    for key, more in {"a.md": "unlisted: true", "b.md": "password: tidewater"}.items():
        site.posts.put(key, post("Closed", "2026-05-01", more))
        site.publish(json.dumps({"keys": [key]}))
    text = capfd.readouterr().out
    lines = [line for line in map(json.loads, text.splitlines()) if line["event"] == "closed"]
    assert [(line["key"], line["why"]) for line in lines] == [
        ("soon.md", "public from 2026-06-01 00:02:00+00:00"),
        ("sale.md", "expired at 2026-05-31 23:59:00+00:00"),
        ("a.md", "left out: unlisted: true"),
        ("b.md", "locked: password"),
    ]
    assert "tidewater" not in text


def test_a_schedule_is_removed_if_an_edit_publishes_the_post_at_once(site: Site):
    site.upload(10)
    site.upload(-1)
    assert site.titles() == ["Soon"]
    assert site.schedules() == {}


@pytest.mark.slow
def test_a_schedule_is_never_set_less_than_ten_seconds_ahead(site: Site):
    """It is not documented whether the service accepts a time in the past."""
    site.upload(1 / 60)
    (when,) = site.schedules().values()
    assert when >= site.world.time + timedelta(seconds=5)
    site.wait(seconds=30)
    assert site.titles() == ["Soon"]


class SlowSchedules:
    """Schedules of a slow worker: another worker runs `meanwhile` before the first change."""

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


@pytest.mark.parametrize(("minutes", "count"), [(20, 1), (-1, 0)])
def test_a_slow_worker_does_not_overwrite_the_schedule_of_a_newer_version(
    site: Site, monkeypatch: pytest.MonkeyPatch, minutes: float, count: int
):
    """The slow worker sets the schedule of the version before after the other one set its own."""
    schedules = SlowSchedules(lambda: site.upload(minutes))
    monkeypatch.setattr(batch, "shared_schedules", lambda: schedules)
    site.upload(10)
    assert list(schedules.times.values()) == [site.world.time + timedelta(minutes=minutes)] * count


def test_a_slow_worker_does_not_clear_the_schedule_of_a_newer_version(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    site.upload(10)
    schedules = SlowSchedules(lambda: site.upload(20))
    monkeypatch.setattr(batch, "shared_schedules", lambda: schedules)
    site.upload(-1)
    assert list(schedules.times.values()) == [site.world.time + timedelta(minutes=20)]


def test_a_schedule_that_is_refused_fails_only_the_message_of_its_post(
    site: Site, moto_server: str, monkeypatch: pytest.MonkeyPatch, capfd
):
    date = f"{site.world.time + timedelta(minutes=9):%Y-%m-%d %H:%M:%S} +0000"
    for key in ("a.md", "refused.md", "c.md"):
        site.posts.put(key, post(key, date=date))
    site.posts.put("now.md", post("Now", date="2026-01-01 09:00:00 +0000"))
    refused = _name(record_key("refused.md"))

    def guard(_: str, path: str) -> int:
        return 400 if path.endswith(f"/{refused}") else 0

    attributes = {"ApproximateReceiveCount": "1"}
    event = {
        "Records": [
            {
                "messageId": key,
                "eventSource": "aws:sqs",
                "attributes": attributes,
                "body": json.dumps({"keys": [key]}),
            }
            for key in ("a.md", "refused.md", "c.md", "now.md")
        ]
    }
    with guarded(moto_server, guard) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        environment.reset()
        response = functions.publish(event, None)
    assert response == {"batchItemFailures": [{"itemIdentifier": "refused.md"}]}
    assert sorted(site.schedules()) == ['{"keys": ["a.md"]}', '{"keys": ["c.md"]}']
    assert site.titles() == ["Now"]
    errors = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    (error,) = [line for line in errors if line["event"] == "error"]
    assert error["messages"] == ["refused.md"]
    assert "cannot set the schedule of 'refused.md'" in error["what"]


@pytest.mark.parametrize("kept", [12, 40, 90, 130])
def test_a_reply_of_the_scheduler_that_breaks_off_is_unavailable_or_understood(
    client, moto_server: str, kept: int
):
    with cutting(moto_server, lambda _, reply: reply[:kept]) as url:
        broken = boto3.client(
            "scheduler",
            endpoint_url=url,
            region_name="eu-central-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
        schedules = EventBridgeSchedules(QUEUE, ROLE, broken)
        for _ in range(2):  # the second one meets the first
            with contextlib.suppress(Unavailable):
                schedules.set("one", WHEN, ["a.md"])
        with contextlib.suppress(Unavailable):
            schedules.clear("one")
    EventBridgeSchedules(QUEUE, ROLE, client).clear("one")
