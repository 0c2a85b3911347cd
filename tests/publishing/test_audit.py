"""The audit: what events could not do, and what crashes left behind."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from support.published import Later, filled
from support.yardstick import full_build, public_tree

from feeds import paths
from feeds.aws import environment, functions
from feeds.config_file import parse_config
from feeds.publishing.audit import audit
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.publishing.rebuild import rebuild
from feeds.state.keys import manifest_key, page_key, record_key
from feeds.stores.counted import Counted
from feeds.stores.local import LocalStore
from feeds.stores.memory import MemoryStore

TOML = '[site]\ntitle = "S"\nurl = "https://s.example/"\n[feeds]\nlimit = 3\n'
SETTINGS = parse_config(TOML)


class Site:
    """Posts, feeds and a publisher, with a clock."""

    def __init__(self) -> None:
        self.world = Later()
        self.posts = MemoryStore(clock=self.world.now)
        self.feeds = MemoryStore(clock=self.world.now)
        for stat in (source := filled(12)).list():
            found = source.get(stat.key)
            assert found is not None
            self.posts.put(stat.key, found.data)
        self.counted = Counted(self.posts)
        self.publisher = Publisher(self.counted, self.feeds, SETTINGS, self.world)

    def look(self, *keys: str) -> None:
        self.publisher.publish([Message(id=key, keys=(key,), received=1, notes=()) for key in keys])

    def audit(self):
        sent: list[str] = []
        found = audit(self.publisher, sent.append)
        self.look(*sent)
        return sorted(sent), found

    def is_right(self) -> bool:
        return public_tree(self.feeds) == full_build(self.posts, self.feeds, SETTINGS)


def test_a_bucket_that_had_posts_before_is_sent_whole():
    site = Site()
    sent, found = site.audit()
    assert len(sent) == 12 == found.new
    assert site.is_right()


def test_nothing_is_sent_and_no_post_is_read_where_all_is_well():
    site = Site()
    rebuild(site.publisher)
    site.world.time += timedelta(days=1)
    before = public_tree(site.feeds)
    site.counted.calls.clear()
    sent, found = site.audit()
    assert (sent, found.new, found.newer, found.gone, found.swept) == ([], 0, 0, 0, 0)
    assert site.counted.calls == {"list": 1}
    assert public_tree(site.feeds) == before


def test_lost_events_are_healed_edits_deletions_and_new_posts():
    site = Site()
    rebuild(site.publisher)
    site.world.time += timedelta(days=1)
    site.posts.put("new.md", b"---\ntitle: New\ndate: 2026-01-01\n---\nx\n")
    site.posts.put("3.md", b"---\ntitle: Edited\ndate: 2026-01-02\n---\nx\n")
    site.posts.delete("5.md")
    sent, found = site.audit()
    assert sent == ["3.md", "5.md", "new.md"]
    assert (found.new, found.newer, found.gone) == (1, 1, 1)
    assert site.is_right()
    assert site.audit()[0] == []


def test_an_edit_that_came_while_its_record_was_written_is_seen():
    """The record is younger than the post it was made from, and the edit's event got lost."""
    site = Site()
    rebuild(site.publisher)
    site.posts.put("3.md", b"---\ntitle: Edited\ndate: 2026-01-02\n---\nx\n")
    assert site.audit()[0] == ["3.md"]


def test_a_dry_audit_changes_nothing():
    site = Site()
    sent: list[str] = []
    found = audit(site.publisher, sent.append, dry=True)
    assert len(sent) == found.new == 12
    assert list(site.feeds.list()) == []


def test_the_record_of_a_deleted_post_goes_when_no_message_can_come_any_more():
    site = Site()
    rebuild(site.publisher)
    site.posts.delete("5.md")
    site.look("5.md")
    name = record_key("5.md")
    site.world.time += timedelta(days=29)
    site.audit()
    assert site.feeds.head(name)
    site.world.time += timedelta(days=2)
    site.audit()
    assert site.feeds.head(name) is None


@pytest.mark.parametrize("hurt", ["gone", "other"])
def test_documents_that_are_not_as_the_index_says_are_written_again(hurt):
    site = Site()
    rebuild(site.publisher)
    for key in public_tree(site.feeds):
        if "feed.json" in key or "/archive/" in key or key.startswith("archive/"):
            if hurt == "gone":
                site.feeds.delete(paths.PUBLIC + key)
            elif "archive" not in key:
                site.feeds.put(paths.PUBLIC + key, b"{}")
    assert not site.is_right()
    site.audit()
    assert site.is_right()


def test_what_crashes_left_behind_is_swept_when_it_is_old_and_only_that():
    site = Site()
    rebuild(site.publisher)
    strays = [
        page_key("", "stray"),
        page_key("category/c1", "stray"),
        paths.PUBLIC + "archive/2020-01-01-0123456789ab.xml",
    ]
    for key in strays:
        site.feeds.put(key, b"[]")
    before = {stat.key for stat in site.feeds.list()}
    site.audit()
    assert {stat.key for stat in site.feeds.list()} == before
    site.world.time += timedelta(days=2)
    found = site.audit()[1]
    assert found.swept == 3
    assert {stat.key for stat in site.feeds.list()} == before - set(strays)
    assert site.is_right()


def test_the_documents_about_all_feeds_are_looked_at_though_nothing_is_said_to_be_missing():
    site = Site()
    rebuild(site.publisher)
    site.feeds.delete(paths.PUBLIC + paths.LIST_FILE)
    site.feeds.put(paths.PUBLIC + paths.LIST_PAGE, b"<html>")
    assert not site.is_right()
    site.audit()
    assert site.is_right()


def test_posts_that_a_rebuild_began_with_and_left_are_sent():
    """Their records say that they were looked at; their feeds never were written."""
    site = Site()

    def killed_at_a_manifest(key: str, limit: int | None = None):
        if key == manifest_key(""):
            raise KeyboardInterrupt
        return get(key, limit)

    site.feeds.get, get = killed_at_a_manifest, site.feeds.get
    with pytest.raises(KeyboardInterrupt):
        rebuild(site.publisher, batch=5)
    site.feeds.get = get
    stopped = {"0.md", "1.md", "10.md", "11.md", "2.md"}
    site.world.time += timedelta(hours=1)
    sent, found = site.audit()
    assert (len(sent), found.new, found.unfinished) == (12, 7, 5)
    assert stopped < {*sent}
    assert site.is_right()
    site.world.time += timedelta(days=1)
    assert {*site.audit()[0]} == stopped
    assert site.audit()[0] == []


def test_an_unreadable_record_or_manifest_is_reported_and_the_audit_goes_on():
    site = Site()
    rebuild(site.publisher)
    post = site.posts.get("5.md")
    assert post is not None
    site.posts.put("5.md", post.data.replace(b"Hello", b"Good day"))
    site.feeds.put(record_key("5.md"), b"{")
    site.feeds.put(manifest_key("category/c1"), b"{")
    site.posts.put("new.md", b"---\ntitle: New\ndate: 2026-01-01\n---\nx\n")
    sent, report = site.audit()
    assert sent == ["new.md"]
    assert len(report.errors) == 2
    assert all("run feeds rebuild" in error for error in report.errors)
    rebuild(site.publisher)
    assert site.is_right()


SOON = b"---\ntitle: Soon\ndate: 2026-06-01 00:10:00\n---\nx\n"


class Noted:
    """Schedules that only note what they are told (schedule.Schedules)."""

    def __init__(self) -> None:
        self.set_: dict[str, tuple[datetime, list[str]]] = {}

    def set(self, record, when, keys) -> None:
        self.set_[record] = (when, list(keys))

    def clear(self, record) -> None:
        self.set_.pop(record, None)


def test_a_lost_schedule_is_set_again_and_a_post_whose_time_has_passed_is_looked_at():
    site = Site()
    rebuild(site.publisher)
    site.posts.put("soon.md", SOON)
    site.look("soon.md")
    assert b"Soon" not in public_tree(site.feeds)["feed.json"]
    noted = Noted()
    audit(site.publisher, print, noted)
    (when, keys) = noted.set_[record_key("soon.md")]
    assert (when, keys) == (datetime(2026, 6, 1, 0, 10, tzinfo=UTC), ["soon.md"])
    site.world.time += timedelta(minutes=20)
    sent, found = site.audit()
    assert (sent, found.late) == (["soon.md"], 1)
    assert b"Soon" in public_tree(site.feeds)["feed.json"]
    assert list(site.feeds.list("state/due/")) == []


def test_the_marker_of_a_scheduled_post_moves_with_an_edit_and_goes_with_a_deletion():
    site = Site()
    site.posts.put("soon.md", SOON)
    site.look("soon.md")
    site.posts.put("soon.md", SOON.replace(b"00:10", b"00:20"))
    site.look("soon.md")
    (marker,) = site.feeds.list("state/due/")
    assert "T002000Z" in marker.key
    site.posts.delete("soon.md")
    site.look("soon.md")
    assert list(site.feeds.list("state/due/")) == []


def test_of_two_markers_of_one_post_the_earlier_one_is_scheduled():
    """A crash left the one behind; looking too early does no harm, and too late is late."""
    site = Site()
    site.posts.put("soon.md", SOON)
    site.look("soon.md")
    (marker,) = site.feeds.list("state/due/")
    found = site.feeds.get(marker.key)
    site.feeds.put(marker.key.replace("T001000Z", "T002000Z"), found.data)
    noted = Noted()
    audit(site.publisher, print, noted)
    (when, _) = noted.set_[record_key("soon.md")]
    assert when == datetime(2026, 6, 1, 0, 10, tzinfo=UTC)


# --- the function --------------------------------------------------------------------------------


@pytest.fixture
def bucket(tmp_path, monkeypatch, moto_server):
    """A configured function with twelve posts that nobody told it of; it gives a queue's client."""
    posts = LocalStore(tmp_path / "posts")
    for stat in (source := filled(12)).list():
        posts.put(stat.key, source.get(stat.key).data)
    (tmp_path / "feeds.toml").write_text(TOML)
    variables = {
        "POSTS_URL": str(tmp_path / "posts"),
        "FEEDS_URL": str(tmp_path / "feeds"),
        "FEEDS_CONFIG": str(tmp_path / "feeds.toml"),
        "AWS_ENDPOINT_URL": moto_server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="audited")["QueueUrl"]
    monkeypatch.setenv("PUBLISH_QUEUE_URL", url)
    environment.reset()
    yield lambda: received(sqs, url)
    sqs.delete_queue(QueueUrl=url)


def received(sqs, url: str) -> list[dict[str, object]]:
    """All messages of a queue, as Lambda hands them over."""
    found = []
    while more := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in more:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            record = {"eventSource": "aws:sqs", "attributes": {"ApproximateReceiveCount": "1"}}
            found.append({**record, "messageId": message["MessageId"], "body": message["Body"]})
    return found


def test_the_function_fills_the_feeds_of_a_bucket_through_the_queue(
    bucket, tmp_path, monkeypatch, capfd
):
    monkeypatch.setattr(functions, "SEND_BATCH", 5)
    answer = functions.audit({}, None)
    assert (answer["posts"], answer["new"], answer["errors"]) == (12, 12, [])
    (line,) = (json.loads(line) for line in capfd.readouterr().out.splitlines())
    assert (line["event"], line["dry"], line["counts"]["new"]) == ("audit", False, 12)
    messages = bucket()
    assert len(messages) == 12
    assert functions.publish({"Records": messages}, None) == {"batchItemFailures": []}
    posts, feeds = LocalStore(tmp_path / "posts"), LocalStore(tmp_path / "feeds")
    assert public_tree(feeds) == full_build(posts, feeds, SETTINGS)
    functions.audit({}, None)
    assert bucket() == []


def test_the_function_sends_nothing_when_it_is_asked_to_be_dry(bucket, tmp_path):
    assert functions.audit({"dry": True}, None)["new"] == 12
    assert bucket() == []
    assert not (tmp_path / "feeds").exists()
