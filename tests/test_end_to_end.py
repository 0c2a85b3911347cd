"""From an upload to a reader: the deployed package, with queues and buckets in moto.

The queues, buckets, notifications, event source mappings and environment come from the template
that is deployed. The function is the package under Lambda's runtime client. `Poller` does what
Lambda does: it takes batches from the queue, and returns failed messages. Readers fetch the public
folder over HTTP, as from the CDN.
"""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import boto3
import feedparser
import pytest
from support import yardstick
from support.emitted import Resolved, Template
from support.runtime_api import DiedError, Function, running
from support.servers import ACCESS_KEY, SECRET_KEY, s3_client

from feeds import paths
from feeds.stores.s3.boto3_store import Boto3Store

pytestmark = pytest.mark.slow

TOML = """
[site]
title = "Example News"
url = "https://news.example.com/"
language = "en"
[feeds]
url = "{url}/"
limit = 50
hubs = ["https://hub.example.com/"]
[posts]
id_from = "stem"
"""


class Cloud:
    """The resources of the template, created in moto, with their names."""

    def __init__(self, template: Template, endpoint: str) -> None:
        self.made = Resolved(template)
        self.endpoint = endpoint
        self.s3 = s3_client(endpoint)
        self.sqs = boto3.client(
            "sqs",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )
        resources = self.made.resources()
        self.queues = {}
        for name in ("PublishDeadQueue", "NotifyDeadQueue", "PublishQueue", "NotifyQueue"):
            properties = dict(resources[name])
            queue = properties.pop("QueueName")
            attributes = {
                key: json.dumps(value) if isinstance(value, dict) else str(value).lower()
                for key, value in properties.items()
            }
            if "RedrivePolicy" in properties:
                attributes["RedrivePolicy"] = json.dumps(properties["RedrivePolicy"])
            answer = self.sqs.create_queue(QueueName=queue, Attributes=attributes)
            self.queues[name] = answer["QueueUrl"]
        policy = resources["PublishQueuePolicy"]["PolicyDocument"]
        self.sqs.set_queue_attributes(
            QueueUrl=self.queues["PublishQueue"], Attributes={"Policy": json.dumps(policy)}
        )
        self.posts = resources["PostsBucket"]["BucketName"]
        self.feeds = resources["FeedsBucket"]["BucketName"]
        for bucket in (self.posts, self.feeds):
            self.s3.create_bucket(Bucket=bucket)
        # Without versioning: moto sends no event for a deletion in a bucket with versions.
        told = resources["PostsBucket"]["NotificationConfiguration"]["QueueConfigurations"]
        self.s3.put_bucket_notification_configuration(
            Bucket=self.posts,
            NotificationConfiguration={
                "QueueConfigurations": [
                    {"QueueArn": one["Queue"], "Events": [one["Event"]]} for one in told
                ]
            },
        )
        function = resources["PublishLambdaFunction"]
        self.environment = function["Environment"]["Variables"]
        self.timeout = function["Timeout"]
        arn = self.made.of({"Fn::GetAtt": ["PublishQueue", "Arn"]})
        (self.mapping,) = (
            one
            for one in self.made.resources("AWS::Lambda::EventSourceMapping").values()
            if one["EventSourceArn"] == arn
        )

    def waiting(self, queue: str) -> int:
        """The number of messages in a queue: visible, hidden and delayed."""
        names = ["", "NotVisible", "Delayed"]
        attributes = [f"ApproximateNumberOfMessages{name}" for name in names]
        answer = self.sqs.get_queue_attributes(
            QueueUrl=self.queues[queue], AttributeNames=attributes
        )
        return sum(int(answer["Attributes"][name]) for name in attributes)

    def upload(self, key: str, body: str) -> None:
        self.s3.put_object(Bucket=self.posts, Key=key, Body=body.encode())

    def delete(self, key: str) -> None:
        self.s3.delete_object(Bucket=self.posts, Key=key)


class Poller:
    """Sends batches from the queue to functions, and returns failed messages, as Lambda does."""

    def __init__(self, cloud: Cloud, functions: list[Function]) -> None:
        self.cloud, self.functions = cloud, functions
        self.url = cloud.queues["PublishQueue"]
        self.batches = self.crashes = self.returned = 0

    def drain(self) -> None:
        """Send batches until the queue is empty."""
        with ThreadPoolExecutor(len(self.functions)) as pool:
            list(pool.map(self._work, self.functions))
        assert self.cloud.waiting("PublishQueue") == 0

    def _work(self, function: Function) -> None:
        while True:
            batch = self._batch()
            if batch:
                self._invoke(function, batch)
            elif self.cloud.waiting("PublishQueue") == 0:
                return

    def _batch(self) -> list[dict[str, Any]]:
        """Receive a batch: its maximum, or as many as come within the batching window."""
        size = self.cloud.mapping["BatchSize"]
        end = time.monotonic() + self.cloud.mapping["MaximumBatchingWindowInSeconds"]
        batch: list[dict[str, Any]] = []
        while len(batch) < size:
            found = self.cloud.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=min(10, size - len(batch)),
                WaitTimeSeconds=0,
                AttributeNames=["All"],
            ).get("Messages", [])
            batch += found
            if not found:
                if batch or time.monotonic() > end:
                    break
                time.sleep(0.02)
        return batch

    def _invoke(self, function: Function, batch: list[dict[str, Any]]) -> None:
        event = {
            "Records": [
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": message["Attributes"],
                    "eventSource": "aws:sqs",
                    "eventSourceARN": self.cloud.mapping["EventSourceArn"],
                }
                for message in batch
            ]
        }
        self.batches += 1
        try:
            answer = function.ask(event)
        except DiedError:
            self.crashes += 1
            function.start()
            failed = {message["MessageId"] for message in batch}
        else:
            assert "error" not in answer, (answer, function.log[-2000:])
            failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
        assert failed <= {message["MessageId"] for message in batch}
        for message in batch:
            handle = {"QueueUrl": self.url, "ReceiptHandle": message["ReceiptHandle"]}
            if message["MessageId"] in failed:
                self.returned += 1
                # Make the message visible at once: the visibility timeout is six minutes.
                self.cloud.sqs.change_message_visibility(**handle, VisibilityTimeout=0)
            else:
                self.cloud.sqs.delete_message(**handle)


@pytest.fixture
def cloud(template: Template, moto_server: str) -> Cloud:
    return Cloud(template, moto_server)


@pytest.fixture
def public(cloud: Cloud) -> Iterator[str]:
    """Serve the public folder over HTTP; its address."""

    class Cdn(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            key = "public" + unquote(self.path)
            try:
                found = cloud.s3.get_object(Bucket=cloud.feeds, Key=key)
            except cloud.s3.exceptions.NoSuchKey:
                self.send_error(404)
                return
            body = found["Body"].read()
            self.send_response(200)
            self.send_header("Content-Type", found["ContentType"])
            self.send_header("Cache-Control", found["CacheControl"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Cdn)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def poller(
    cloud: Cloud,
    public: str,
    task: Path,
    runtime_client: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Poller]:
    """A poller with two functions, each in a process."""
    file = tmp_path_factory.mktemp("config") / "feeds.toml"
    file.write_text(TOML.format(url=public))
    where = {
        **cloud.environment,
        "FEEDS_CONFIG": str(file),
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with contextlib.ExitStack() as stack:
        functions = [
            stack.enter_context(running("handler.publish", task, runtime_client, **where))
            for _ in range(2)
        ]
        for function in functions:
            function.timeout = cloud.timeout
        yield Poller(cloud, functions)


def post(title: str, day: int = 1, category: str = "markets", minute: int = 0) -> str:
    return (
        f"---\ntitle: {title}\ndate: 2026-10-{day:02} 09:{minute:02}:00 +0000\n"
        f"categories: {category}\n---\nText of {title}.\n\n"
        f"<https://source.example.org/{title.replace(' ', '-')}>\n"
    )


def titles(address: str) -> list[str]:
    """The titles that feedparser reads at an address, newest first."""
    found = feedparser.parse(address)
    assert not found.bozo, (address, found.bozo_exception)
    return [entry.title for entry in found.entries]


def test_readers_see_uploads_edits_moves_and_deletions(
    cloud: Cloud, poller: Poller, public: str, tmp_path: Path
) -> None:
    """One long story: each step builds on those before it."""
    a_post_becomes_feeds_that_readers_can_read(cloud, poller, public, tmp_path)
    hubs_will_be_told_later(cloud)
    an_edit_a_move_and_a_deletion_are_seen(cloud, poller, public)
    a_poison_post_is_a_problem_and_no_dead_letter(cloud, poller, public)
    a_crash_is_made_up_for(cloud, poller, public)
    a_burst_of_uploads_is_few_batches(cloud, poller, public)
    afterwards_the_tree_is_what_a_build_makes(cloud, poller, tmp_path)
    hubs_will_be_told_of_every_feed(cloud)


def a_post_becomes_feeds_that_readers_can_read(
    cloud: Cloud, poller: Poller, public: str, tmp_path: Path
) -> None:
    cloud.upload("_posts/2026-10-01-first.md", post("First", 1))
    cloud.upload("_posts/2026-10-02-second one.md", post("Second & more", 2, "日本"))
    cloud.upload("images/a.png", "no post")
    poller.drain()

    for file in ("atom.xml", "rss.xml"):
        assert titles(f"{public}/{file}") == ["Second & more", "First"]
        assert titles(f"{public}/category/markets/{file}") == ["First"]
    assert titles(f"{public}/category/%E6%97%A5%E6%9C%AC/atom.xml") == ["Second & more"]
    (first, *_) = feedparser.parse(f"{public}/category/markets/atom.xml").entries
    assert first.link == "https://source.example.org/First"
    if newsboat := shutil.which("newsboat"):
        both = {"First", "Second & more"}
        assert read_by_newsboat(newsboat, f"{public}/atom.xml", tmp_path) == both
        address = f"{public}/category/markets/rss.xml"
        assert read_by_newsboat(newsboat, address, tmp_path) == {"First"}


def read_by_newsboat(newsboat: str, address: str, folder: Path) -> set[str]:
    folder = folder / address.replace("/", "_")
    folder.mkdir()
    (folder / "urls").write_text(address + "\n")
    words = ["-u", folder / "urls", "-c", folder / "cache.db", "-C", "/dev/null", "-x", "reload"]
    subprocess.run(
        [newsboat, *words],
        check=True,
        capture_output=True,
        timeout=60,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )
    with contextlib.closing(sqlite3.connect(folder / "cache.db")) as cache:
        return {title for (title,) in cache.execute("select title from rss_item")}


def an_edit_a_move_and_a_deletion_are_seen(cloud: Cloud, poller: Poller, public: str) -> None:
    for number in range(3, 7):
        cloud.upload(f"_posts/2026-10-{number:02}-post.md", post(f"Post {number}", number))
    poller.drain()
    before = {entry.title: entry.id for entry in feedparser.parse(f"{public}/atom.xml").entries}

    cloud.upload("_posts/2026-10-03-post.md", post("Post 3 again", 3))
    cloud.upload("_posts/2026-10-04-post.md", post("Post 4", 4, "energy"))
    cloud.upload("old_post/2026-10-05-post.md", post("Post 5", 5))
    cloud.delete("_posts/2026-10-05-post.md")
    cloud.delete("_posts/2026-10-06-post.md")
    poller.drain()

    after = {entry.title: entry.id for entry in feedparser.parse(f"{public}/atom.xml").entries}
    assert set(after) == {"First", "Second & more", "Post 3 again", "Post 4", "Post 5"}
    assert after["Post 3 again"] == before["Post 3"]
    assert after["Post 5"] == before["Post 5"], "a move is no new post"
    assert titles(f"{public}/category/energy/atom.xml") == ["Post 4"]
    assert "Post 4" not in titles(f"{public}/category/markets/atom.xml")


def a_poison_post_is_a_problem_and_no_dead_letter(
    cloud: Cloud, poller: Poller, public: str
) -> None:
    cloud.upload("_posts/2026-10-07-new.md", "---\ntitle: New\ndate: 2026-13-07\n---\n")
    cloud.upload("_posts/2026-10-03-post.md", "---\ntitle: Post 3\ndate: 2026-11-31\n---\nText.\n")
    cloud.upload("_posts/2026-10-08-good.md", post("Good", 8))
    poller.drain()

    found = titles(f"{public}/atom.xml")
    assert found[0] == "Good"
    assert "Post 3 again" in found, "the last good entry stays"
    lines = [
        json.loads(line)
        for function in poller.functions
        for line in function.log.splitlines()
        if line.startswith("{")
    ]
    problems = {line["key"]: line for line in lines if line["event"] == "problem"}
    assert set(problems) == {"_posts/2026-10-07-new.md", "_posts/2026-10-03-post.md"}
    assert "2026-11-31" in problems["_posts/2026-10-03-post.md"]["what"]
    counted = [line for line in lines if line["event"] == "metrics"]
    assert sum(line["Problems"] for line in counted) == 2
    assert cloud.waiting("PublishDeadQueue") == 0

    cloud.upload("_posts/2026-10-03-post.md", post("Post 3, repaired", 3))
    cloud.delete("_posts/2026-10-07-new.md")
    poller.drain()
    assert "Post 3, repaired" in titles(f"{public}/atom.xml")


def a_crash_is_made_up_for(cloud: Cloud, poller: Poller, public: str) -> None:
    """Kill the process at random moments of its work, several times."""
    crashes = poller.crashes
    moments = random.Random(20261122)
    stop = threading.Event()

    def kill() -> None:
        while not stop.wait(moments.uniform(0.05, 0.4)) and poller.crashes < crashes + 3:
            moments.choice(poller.functions).process.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    for number in range(10, 30):
        key = f"_posts/2026-10-{number:02}-survivor.md"
        cloud.upload(
            key, post(f"Survivor {number}", number, "crashes" if number % 2 else "markets")
        )
    try:
        poller.drain()
    finally:
        stop.set()
        killer.join()

    assert poller.crashes > crashes
    assert poller.returned > 0
    assert titles(f"{public}/category/crashes/atom.xml") == [
        f"Survivor {number}" for number in range(29, 10, -2)
    ]
    assert cloud.waiting("PublishDeadQueue") == 0


def a_burst_of_uploads_is_few_batches(cloud: Cloud, poller: Poller, public: str) -> None:
    batches = poller.batches

    def upload(number: int) -> None:
        day, minute = divmod(number, 50)
        text = post(f"Burst {number}", 10 + day, f"topic {number % 3}", minute)
        cloud.upload(f"burst/{number:03}.md", text)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(upload, range(500)))
    poller.drain()

    assert poller.batches - batches < 20
    feed = f"{public}/category/{paths.slug('topic 1')}"
    posts = [f"Burst {number}" for number in range(499, -1, -1) if number % 3 == 1]
    assert titles(f"{feed}/rss.xml") == posts[:50]
    assert len(archive(f"{feed}/atom.xml")) == len(posts)


def archive(address: str) -> set[str]:
    """All entries that a reader finds by following the archive links (RFC 5005)."""
    found: set[str] = set()
    while address:
        page = feedparser.parse(address)
        found |= {entry.id for entry in page.entries}
        older = [link.href for link in page.feed.links if link.rel == "prev-archive"]
        address = older[0] if older else ""
    return found


def afterwards_the_tree_is_what_a_build_makes(cloud: Cloud, poller: Poller, tmp_path: Path) -> None:
    environment = poller.functions[0].environment
    command = [str(Path(sys.executable).with_name("feeds")), "build", f"s3://{cloud.posts}"]
    subprocess.run(
        [*command, str(tmp_path / "out"), "--config", environment["FEEDS_CONFIG"]],
        env=environment,
        check=True,
        capture_output=True,
    )
    built = {
        file.relative_to(tmp_path / "out").as_posix(): file.read_bytes()
        for file in (tmp_path / "out").rglob("*")
        if file.is_file()
    }
    tree = yardstick.public_tree(Boto3Store(cloud.feeds, client=cloud.s3))
    assert sorted(tree) == sorted(built)
    assert tree == built
    assert any("/archive/" in key for key in built)


def hubs_will_be_told_later(cloud: Cloud) -> None:
    url = cloud.queues["NotifyQueue"]
    answer = cloud.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert answer["DelaySeconds"] == str(cloud.made.resources()["NotifyQueue"]["DelaySeconds"])
    assert "Messages" not in cloud.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0)


def hubs_will_be_told_of_every_feed(cloud: Cloud) -> None:
    url = cloud.queues["NotifyQueue"]
    answer = cloud.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    waiting = ("ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessages")
    assert sum(int(answer[name]) for name in waiting) >= 3 * 8
    assert cloud.waiting("NotifyDeadQueue") == 0
