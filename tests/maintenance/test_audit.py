"""The audit: it finds lost events, repairs feeds, and deletes what crashes left behind."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from unittest import mock

import boto3
import pytest
from support.audited import SETTINGS, TOML, Site, everything
from support.published import filled
from support.yardstick import full_build, public_tree

from feeds import paths
from feeds.aws import environment, functions
from feeds.config_file.parse import parse_config
from feeds.errors import TooManyRemovals
from feeds.maintenance import rebuild as rebuild_module
from feeds.maintenance.audit import audit
from feeds.maintenance.findings import Findings
from feeds.maintenance.journal import JOURNAL
from feeds.maintenance.post_check import NONE, Part, PostCheck
from feeds.maintenance.rebuild import rebuild
from feeds.publishing.publisher import Publisher
from feeds.state.keys import PROGRESS, RECORDS, manifest_key, page_key, record_key
from feeds.stores.local import LocalStore


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


def test_audit_reads_only_the_records_that_are_not_much_younger_than_their_posts():
    site = Site()
    site.runtime.time += timedelta(minutes=15)
    rebuild(site.publisher)
    site.posts.put("new.md", b"---\ntitle: New\ndate: 2026-01-01\n---\nx\n")
    site.runtime.time += timedelta(minutes=1)
    site.publish("new.md")
    assert records_read(site) == [record_key("new.md")]
    assert records_read(site, since=site.runtime.now() + timedelta(hours=1)) == []


def records_read(site: Site, part: Part = NONE, since: datetime | None = None) -> list[str]:
    """Return the records that the comparison of posts with records reads."""
    get, list_ = site.feeds.get, site.feeds.list
    reads = recorded_reads(site)
    findings = Findings(site.publisher, print, dry=False)
    check = PostCheck(findings, listed=(), markers=(), part=part, since=since)
    check.check_posts()
    site.feeds.get, site.feeds.list = get, list_
    return [key for key in reads if key.startswith(RECORDS) and key != RECORDS]


def test_the_parts_of_a_round_are_all_records():
    site = Site()
    site.runtime.time += timedelta(minutes=1)
    rebuild(site.publisher)
    later = site.runtime.now() + timedelta(hours=1)
    parts = [records_read(site, Part(number, 5), later) for number in range(5)]
    assert sorted(name for part in parts for name in part) == sorted(
        record_key(f"{number}.md") for number in range(12)
    )
    assert max(map(len, parts)) < 8


def recorded_reads(site: Site) -> list[str]:
    """Return a list that gets each key that is read, and each prefix that is listed."""
    reads: list[str] = []

    def recorded_get(key: str, limit: int | None = None):
        reads.append(key)
        return get(key, limit)

    def recorded_list(prefix: str = ""):
        reads.append(prefix)
        return list_(prefix)

    site.feeds.get, get = recorded_get, site.feeds.get
    site.feeds.list, list_ = recorded_list, site.feeds.list
    return reads


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


def test_dry_audit_of_a_site_with_something_of_everything_changes_nothing():
    site = Site()
    kill_a_rebuild(site)
    rebuild_without_the_journal(site)
    site.posts.delete("5.md")
    site.posts.put("soon.md", SOON)
    site.posts.put("later.md", SOON.replace(b"2026-06", b"2026-12"))
    site.publish("5.md", "soon.md", "later.md")
    site.feeds.put(page_key("", "orphan"), b"[]")
    site.feeds.put(paths.PUBLIC + "feed.json", b"{}")
    site.runtime.time += timedelta(days=31)
    before = everything(site.feeds)
    schedules, sent = MemorySchedules(), []
    report = audit(site.publisher, sent.append, schedules, dry=True)
    assert (report.late, report.unfinished, report.gone) == (1, 5, 0)
    assert everything(site.feeds) == before
    assert schedules.times == {}
    report = audit(site.publisher, sent.append, schedules)
    assert (report.late, report.unfinished, report.swept) == (1, 5, 2)
    left = everything(site.feeds)
    assert {key.split("/")[1] for key in before.keys() - left.keys()} == {
        *("due", "feeds", "journal", "posts")
    }
    assert left["public/feed.json"] != b"{}"
    assert list(schedules.times) == [record_key("later.md")]


def kill_a_rebuild(site: Site, *, in_bulk: bool = False) -> None:
    """Stop a rebuild at the index of all posts, with five posts or all records in the journal."""

    def killed_at_a_manifest(key: str, limit: int | None = None):
        if key == manifest_key(""):
            raise KeyboardInterrupt
        return get(key, limit)

    share = 10 if in_bulk else 1  # of 12 posts, 12 are few
    site.feeds.get, get = killed_at_a_manifest, site.feeds.get
    with pytest.raises(KeyboardInterrupt), mock.patch.object(rebuild_module, "BULK_SHARE", share):
        rebuild(site.publisher, batch=5)
    site.feeds.get = get


def rebuild_without_the_journal(site: Site) -> None:
    """Rebuild, and put back the journal as it was before."""
    journal = {k: data for k, data in everything(site.feeds).items() if k.startswith(JOURNAL)}
    assert journal
    rebuild(site.publisher)
    for key, data in journal.items():
        site.feeds.put(key, data)


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
    assert {stat.key for stat in site.feeds.list()} == before | {PROGRESS}
    site.runtime.time += timedelta(days=2)
    report = site.audit()[1]
    assert report.swept == 3
    assert {stat.key for stat in site.feeds.list()} == before - set(orphans) | {PROGRESS}
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
    kill_a_rebuild(site)
    stopped = {"0.md", "1.md", "10.md", "11.md", "2.md"}
    site.runtime.time += timedelta(hours=1)
    sent, report = site.audit()
    assert (len(sent), report.new, report.unfinished) == (12, 7, 5)
    assert stopped < {*sent}
    assert site.is_right()
    site.runtime.time += timedelta(days=1)
    assert {*site.audit()[0]} == stopped
    assert site.audit()[0] == []


def test_audit_sends_the_posts_of_a_killed_rebuild_in_bulk_and_says_that_it_must_go_on():
    """All records are current, and no index has them."""
    site = Site()
    kill_a_rebuild(site, in_bulk=True)
    site.runtime.time += timedelta(hours=1)
    sent, report = site.audit()
    assert (len(sent), report.new) == (12, 0)
    assert site.is_right()
    site.runtime.time += timedelta(days=8)
    _, report = site.audit()
    (error,) = report.errors
    assert "feeds rebuild was stopped" in error
    rebuild(site.publisher)
    assert site.is_right()
    assert site.audit() == ([], site.audit()[1])
    assert site.audit()[1].errors == []


@pytest.mark.parametrize(("minutes", "unfinished"), [(0, 0), (15, 0), (16, 5)])
def test_audit_leaves_a_young_journal_entry_to_the_rebuild_that_may_still_be_running(
    minutes, unfinished
):
    site = Site()
    kill_a_rebuild(site)
    site.runtime.time += timedelta(minutes=minutes)
    assert site.audit()[1].unfinished == unfinished


OTHER = {
    "other documents": TOML.replace("[feeds]", 'language = "de"\n[feeds]'),
    "other ids": TOML + '[posts]\nid_from = "stem"\n',
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("other", "work"), [("other documents", "feeds"), ("other ids", "records")], ids=[*OTHER]
)
def test_audit_keeps_the_journal_entry_of_work_that_only_a_rebuild_can_do(other, work):
    """A rebuild for a new configuration was killed; the audit still has the old configuration."""
    site, config = Site(), parse_config(OTHER[other])
    rebuild(site.publisher)
    new = Publisher(site.posts, site.feeds, config, site.runtime)

    def killed_while_there_is_work(key: str, data: bytes, **options):
        if key == paths.PUBLIC + "feed.json" and work in "".join(map(str, journal_of(site))):
            raise KeyboardInterrupt
        return put(key, data, **options)

    site.feeds.put, put = killed_while_there_is_work, site.feeds.put
    with pytest.raises(KeyboardInterrupt):
        rebuild(new)
    site.feeds.put = put
    site.runtime.time += timedelta(days=2)
    site.audit()
    assert journal_of(site) != []
    rebuild(new)
    assert public_tree(site.feeds) == full_build(site.posts, site.feeds, config)
    assert journal_of(site) == []


def journal_of(site: Site) -> list[bytes]:
    """Return the entries of the journal."""
    return [data for key, data in everything(site.feeds).items() if key.startswith(JOURNAL)]


def test_audit_reports_a_record_and_a_manifest_of_another_version_and_goes_on():
    site = Site()
    rebuild(site.publisher)
    post = site.posts.get("5.md")
    assert post is not None
    site.posts.put("5.md", post.data.replace(b"Hello", b"Good day"))
    other = b'{"token":"t","of_another_version":1}'
    site.feeds.put(record_key("5.md"), other)
    site.feeds.put(manifest_key("category/c1"), other)
    site.posts.put("new.md", b"---\ntitle: New\ndate: 2026-01-01\n---\nx\n")
    sent, report = site.audit()
    assert "new.md" in sent
    assert "5.md" not in sent
    assert len(report.errors) >= 2
    assert all("run feeds rebuild" in error for error in report.errors)
    stored = everything(site.feeds)
    assert stored[record_key("5.md")] == stored[manifest_key("category/c1")] == other
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


def test_audit_sends_an_overdue_post_for_a_day_and_then_deletes_its_marker():
    """The marker of a crash: its record does not know it, so no worker deletes it."""
    site = Site()
    rebuild(site.publisher)
    site.posts.put("soon.md", SOON)
    site.publish("soon.md")
    stored = everything(site.feeds)
    site.posts.put("soon.md", SOON.replace(b"Soon", b"Later").replace(b"00:10", b"05:00"))
    site.publish("soon.md")
    (left_over,) = [key for key in stored if key.startswith("state/due/")]
    site.feeds.put(left_over, stored[left_over])
    site.runtime.time += timedelta(hours=23)
    for _ in range(2):
        sent: list[str] = []
        assert audit(site.publisher, sent.append).late == 2
        assert sent == ["soon.md"]
    site.audit()
    assert [stat.key for stat in site.feeds.list("state/due/")] == [left_over]
    site.runtime.time += timedelta(hours=2)
    assert site.audit()[0] == ["soon.md"]
    assert list(site.feeds.list("state/due/")) == []


SALE = b"---\ntitle: Sale\ndate: 2026-05-01\nexpires: 2026-06-01 00:10:00\ncategory: c1\n---\nx\n"


def test_audit_sets_the_lost_schedule_of_an_expiry_date_and_sends_a_post_that_has_expired():
    site = Site()
    rebuild(site.publisher)
    site.posts.put("sale.md", SALE)
    site.publish("sale.md")
    assert b"Sale" in public_tree(site.feeds)["category/c1/feed.json"]
    schedules = MemorySchedules()
    audit(site.publisher, print, schedules)
    (when, keys) = schedules.times[record_key("sale.md")]
    assert (when, keys) == (datetime(2026, 6, 1, 0, 10, tzinfo=UTC), ["sale.md"])
    site.runtime.time += timedelta(minutes=20)
    sent, report = site.audit()
    assert (sent, report.late) == (["sale.md"], 1)
    assert all(b"Sale" not in data for data in public_tree(site.feeds).values())
    assert list(site.feeds.list("state/due/")) == []


def test_rebuild_publishes_posts_whose_time_came_while_nothing_was_running():
    site = Site()
    site.posts.put("sale.md", SALE)
    site.posts.put("soon.md", SOON)
    rebuild(site.publisher)
    assert b"Sale" in public_tree(site.feeds)["feed.json"]
    site.runtime.time += timedelta(minutes=20)
    assert rebuild(site.publisher).read == 2
    feed = public_tree(site.feeds)["feed.json"]
    assert b"Sale" not in feed and b"Soon" in feed
    assert rebuild(site.publisher).posts == 0


@pytest.mark.parametrize("line", ["unlisted: true", "permalink: false", "expires: 2026-05-02"])
def test_a_published_post_that_is_closed_leaves_its_feeds_and_its_archive(line):
    """The post with the oldest date is in the archive."""
    site = Site()
    rebuild(site.publisher)
    assert any(
        b">T0<" in data for key, data in public_tree(site.feeds).items() if "archive/" in key
    )
    post = site.posts.get("0.md")
    assert post is not None
    site.posts.put("0.md", post.data.replace(b"title:", line.encode() + b"\ntitle:"))
    site.publish("0.md")
    assert all(b">T0<" not in data for data in public_tree(site.feeds).values())
    assert site.is_right()


@pytest.mark.parametrize("line", ["password: x", "visibility: paid", "members_only: true"])
def test_a_published_post_that_is_locked_loses_its_text_in_all_documents(line):
    site = Site()
    rebuild(site.publisher)
    post = site.posts.get("0.md")
    assert post is not None
    site.posts.put("0.md", post.data.replace(b"title:", line.encode() + b"\ntitle:"))
    site.publish("0.md")
    tree = public_tree(site.feeds)
    assert any(b">T0<" in data for data in tree.values())
    assert all(b"Hello 0." not in data for data in tree.values())
    assert site.is_right()


@pytest.mark.parametrize("data", [b"", b"{", b'{"keys": 1}', b"\xff"])
def test_audit_reports_a_damaged_due_marker_and_goes_on(data: bytes):
    site = Site()
    rebuild(site.publisher)
    for key in ("soon.md", "later.md"):
        site.posts.put(key, SOON)
        site.publish(key)
    markers = list(site.feeds.list("state/due/"))
    site.feeds.put(markers[0].key, data)
    site.feeds.put(markers[0].key[:-45] + "-" + "0" * 40 + ".json", b'{"keys": []}')
    schedules = MemorySchedules()
    report = audit(site.publisher, print, schedules)
    assert len(schedules.times) == 1
    assert len(report.errors) == 1
    assert report.errors[0].startswith(f"{markers[0].key}: ")
    site.runtime.time += timedelta(minutes=20)
    sent: list[str] = []
    assert audit(site.publisher, sent.append).feeds == report.feeds > 0
    assert len(sent) == 1


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


@pytest.mark.slow
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


@pytest.mark.slow
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
    assert line["what"].startswith("2 or more posts that are in ")
    assert bucket() == []
    assert functions.audit({"dry": True}, None)["errors"][0].startswith("11 or more posts ")
    assert public_tree(LocalStore(tmp_path / "feeds")) == before
    assert functions.audit({"allow_removals": True}, None)["gone"] == 11
    assert len(bucket()) == 12
