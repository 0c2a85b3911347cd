"""The audit: it finds lost events, repairs feeds, and deletes what crashes left behind."""

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
from feeds.errors import TooManyRemovals
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
        self.runtime = Later()
        self.posts = MemoryStore(clock=self.runtime.now)
        self.feeds = MemoryStore(clock=self.runtime.now)
        for stat in (source := filled(12)).list():
            post = source.get(stat.key)
            assert post is not None
            self.posts.put(stat.key, post.data)
        self.counted = Counted(self.posts)
        self.publisher = Publisher(self.counted, self.feeds, SETTINGS, self.runtime)

    def publish(self, *keys: str) -> None:
        """Publish posts as if their events had been delivered."""
        self.publisher.publish([Message(id=key, keys=(key,), received=1, notes=()) for key in keys])

    def audit(self):
        """Audit, and publish the posts that the audit sends; return their keys and the report."""
        sent: list[str] = []
        report = audit(self.publisher, sent.append)
        self.publish(*sent)
        return sorted(sent), report

    def is_right(self) -> bool:
        """Return whether the public tree is what a full build writes."""
        return public_tree(self.feeds) == full_build(self.posts, self.feeds, SETTINGS)


def test_audit_sends_all_posts_of_a_bucket_without_records():
    site = Site()
    sent, report = site.audit()
    assert len(sent) == 12 == report.new
    assert site.is_right()


def test_audit_of_a_correct_site_sends_nothing_and_reads_no_post():
    site = Site()
    rebuild(site.publisher)
    site.runtime.time += timedelta(days=1)
    before = public_tree(site.feeds)
    site.counted.calls.clear()
    sent, report = site.audit()
    assert (sent, report.new, report.newer, report.gone, report.swept) == ([], 0, 0, 0, 0)
    assert site.counted.calls == {"list": 1}
    assert public_tree(site.feeds) == before


def test_audit_repairs_lost_events_of_edits_deletions_and_new_posts():
    site = Site()
    rebuild(site.publisher)
    site.runtime.time += timedelta(days=1)
    site.posts.put("new.md", b"---\ntitle: New\ndate: 2026-01-01\n---\nx\n")
    site.posts.put("3.md", b"---\ntitle: Edited\ndate: 2026-01-02\n---\nx\n")
    site.posts.delete("5.md")
    sent, report = site.audit()
    assert sent == ["3.md", "5.md", "new.md"]
    assert (report.new, report.newer, report.gone) == (1, 1, 1)
    assert site.is_right()
    assert site.audit()[0] == []


def test_audit_sends_an_edit_that_came_while_its_record_was_written():
    """The edit came before the record of the older version was written; its event was lost."""
    site = Site()
    rebuild(site.publisher)
    site.posts.put("3.md", b"---\ntitle: Edited\ndate: 2026-01-02\n---\nx\n")
    assert site.audit()[0] == ["3.md"]


def test_dry_audit_changes_nothing():
    site = Site()
    sent: list[str] = []
    report = audit(site.publisher, sent.append, dry=True)
    assert len(sent) == report.new == 12
    assert list(site.feeds.list()) == []


def test_record_of_a_deleted_post_is_removed_after_a_month():
    site = Site()
    rebuild(site.publisher)
    site.posts.delete("5.md")
    site.publish("5.md")
    name = record_key("5.md")
    site.runtime.time += timedelta(days=29)
    site.audit()
    assert site.feeds.head(name)
    site.runtime.time += timedelta(days=2)
    site.audit()
    assert site.feeds.head(name) is None


@pytest.mark.parametrize("damage", ["deleted", "overwritten"])
def test_audit_repairs_deleted_and_overwritten_documents(damage):
    site = Site()
    rebuild(site.publisher)
    for key in public_tree(site.feeds):
        if "feed.json" in key or "/archive/" in key or key.startswith("archive/"):
            if damage == "deleted":
                site.feeds.delete(paths.PUBLIC + key)
            elif "archive" not in key:
                site.feeds.put(paths.PUBLIC + key, b"{}")
    assert not site.is_right()
    site.audit()
    assert site.is_right()


def test_audit_deletes_old_orphans_and_nothing_else():
    site = Site()
    rebuild(site.publisher)
    orphans = [
        page_key("", "orphan"),
        page_key("category/c1", "orphan"),
        paths.PUBLIC + "archive/2020-01-01-0123456789ab.xml",
    ]
    for key in orphans:
        site.feeds.put(key, b"[]")
    before = {stat.key for stat in site.feeds.list()}
    site.audit()
    assert {stat.key for stat in site.feeds.list()} == before
    site.runtime.time += timedelta(days=2)
    report = site.audit()[1]
    assert report.swept == 3
    assert {stat.key for stat in site.feeds.list()} == before - set(orphans)
    assert site.is_right()


def test_audit_repairs_the_list_of_all_feeds():
    site = Site()
    rebuild(site.publisher)
    site.feeds.delete(paths.PUBLIC + paths.LIST_FILE)
    site.feeds.put(paths.PUBLIC + paths.LIST_PAGE, b"<html>")
    assert not site.is_right()
    site.audit()
    assert site.is_right()


def test_audit_sends_the_posts_in_the_journal_of_a_killed_rebuild():
    """Their records are current, but their feeds were not written."""
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
    site.runtime.time += timedelta(hours=1)
    sent, report = site.audit()
    assert (len(sent), report.new, report.unfinished) == (12, 7, 5)
    assert stopped < {*sent}
    assert site.is_right()
    site.runtime.time += timedelta(days=1)
    assert {*site.audit()[0]} == stopped
    assert site.audit()[0] == []


def test_audit_reports_an_unreadable_record_or_manifest_and_goes_on():
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


class MemorySchedules:
    """Schedules in memory (`due_markers.Schedules`)."""

    def __init__(self) -> None:
        self.times: dict[str, tuple[datetime, list[str]]] = {}

    def set(self, record, when, keys) -> None:
        self.times[record] = (when, list(keys))

    def clear(self, record) -> None:
        self.times.pop(record, None)


def test_audit_sets_a_lost_schedule_and_sends_a_post_that_is_overdue():
    site = Site()
    rebuild(site.publisher)
    site.posts.put("soon.md", SOON)
    site.publish("soon.md")
    assert b"Soon" not in public_tree(site.feeds)["feed.json"]
    schedules = MemorySchedules()
    audit(site.publisher, print, schedules)
    (when, keys) = schedules.times[record_key("soon.md")]
    assert (when, keys) == (datetime(2026, 6, 1, 0, 10, tzinfo=UTC), ["soon.md"])
    site.runtime.time += timedelta(minutes=20)
    sent, report = site.audit()
    assert (sent, report.late) == (["soon.md"], 1)
    assert b"Soon" in public_tree(site.feeds)["feed.json"]
    assert list(site.feeds.list("state/due/")) == []


def test_due_marker_follows_an_edit_and_a_deletion():
    site = Site()
    site.posts.put("soon.md", SOON)
    site.publish("soon.md")
    site.posts.put("soon.md", SOON.replace(b"00:10", b"00:20"))
    site.publish("soon.md")
    (marker,) = site.feeds.list("state/due/")
    assert "T002000Z" in marker.key
    site.posts.delete("soon.md")
    site.publish("soon.md")
    assert list(site.feeds.list("state/due/")) == []


def test_earlier_of_two_due_markers_is_scheduled():
    """A crash left one of them. A schedule that is too early does no harm; one too late does."""
    site = Site()
    site.posts.put("soon.md", SOON)
    site.publish("soon.md")
    (marker,) = site.feeds.list("state/due/")
    stored = site.feeds.get(marker.key)
    site.feeds.put(marker.key.replace("T001000Z", "T002000Z"), stored.data)
    schedules = MemorySchedules()
    audit(site.publisher, print, schedules)
    (when, _) = schedules.times[record_key("soon.md")]
    assert when == datetime(2026, 6, 1, 0, 10, tzinfo=UTC)


# --- the function --------------------------------------------------------------------------------


@pytest.fixture
def bucket(tmp_path, monkeypatch, moto_server):
    """A configured function with twelve posts without events; returns a receiver of its queue."""
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
    """Receive and delete all messages of a queue, in the form that Lambda gets."""
    messages = []
    while more := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in more:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            record = {"eventSource": "aws:sqs", "attributes": {"ApproximateReceiveCount": "1"}}
            messages.append({**record, "messageId": message["MessageId"], "body": message["Body"]})
    return messages


def test_audit_function_sends_posts_to_the_queue_in_batches(bucket, tmp_path, monkeypatch, capfd):
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


def test_dry_audit_function_sends_nothing(bucket, tmp_path):
    assert functions.audit({"dry": True}, None)["new"] == 12
    assert bucket() == []
    assert not (tmp_path / "feeds").exists()


def test_audit_function_of_an_emptied_bucket_fails_with_an_alarm(bucket, tmp_path, capfd):
    functions.audit({}, None)
    functions.publish({"Records": bucket()}, None)
    posts, before = LocalStore(tmp_path / "posts"), public_tree(LocalStore(tmp_path / "feeds"))
    for stat in list(posts.list())[:11]:
        posts.delete(stat.key)
    posts.put("new.md", b"---\ntitle: New\n---\n")
    capfd.readouterr()

    with pytest.raises(TooManyRemovals):  # the alarm AuditFails counts the errors of the function
        functions.audit({}, None)
    (line,) = (json.loads(line) for line in capfd.readouterr().out.splitlines())
    assert line["event"] == "error"
    assert line["what"].startswith("5 or more posts that are in ")
    assert bucket() == []
    assert functions.audit({"dry": True}, None)["errors"][0].startswith("11 or more posts ")
    assert public_tree(LocalStore(tmp_path / "feeds")) == before
    assert functions.audit({"allow_removals": True}, None)["gone"] == 11
    assert len(bucket()) == 12
