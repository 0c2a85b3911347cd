"""The entry points as AWS Lambda calls them: events in, batch responses and feeds out.

The stores are real: folders, and buckets of an S3 server. If reading a post must be denied, hang,
or kill the process, a proxy in front of the bucket does that.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote_plus, unquote

import boto3
import pytest
from support import yardstick
from support.servers import ACCESS_KEY, SECRET_KEY, guarded, s3_client

from feeds.aws import environment, functions, isolation
from feeds.aws.environment import shared_publisher
from feeds.config import Config
from feeds.config_file.parse import parse_config
from feeds.errors import ConfigError, Conflict, FeedsError
from feeds.state.keys import manifest_key
from feeds.stores.base import Store
from feeds.stores.local import LocalStore
from feeds.stores.s3.boto3_store import Boto3Store
from feeds.stores.s3.replies import CONNECT_SECONDS, READ_SECONDS

ROOT = Path(__file__).parent.parent.parent
TOML = """
[site]
title = "Example News"
url = "https://news.example.com/"
[feeds]
url = "https://feeds.example.com/"
formats = ["atom", "json"]
limit = 2
"""
SECRET = "nobody-may-read-this-in-a-log"

number = itertools.count()


class Site(NamedTuple):
    """The posts, feeds and configuration of a function."""

    posts: Store
    feeds: Store
    config: Config

    def upload(self, key: str, title: str = "Title", category: str = "markets", day: int = 1):
        self.posts.put(key, post(title, category, day))

    def is_right(self) -> bool:
        assert yardstick.differences(self.posts, self.feeds, self.config) == []
        return bool(yardstick.public_tree(self.feeds))

    def titles(self) -> list[str]:
        feed = self.feeds.get("public/feed.json")
        return [item["title"] for item in json.loads(feed.data)["items"]] if feed else []


def post(title: str = "Title", category: str = "markets", day: int = 1) -> bytes:
    return (
        f"---\ntitle: {title}\ndate: 2026-11-{day:02} 09:00:00 +0000\ncategories: {category}\n---\n"
        f"{SECRET}\n"
    ).encode()


def configure(
    monkeypatch: pytest.MonkeyPatch, folder: Path, posts_url: str, feeds_url: str
) -> None:
    (folder / "feeds.toml").write_text(TOML)
    monkeypatch.setenv("POSTS_URL", posts_url)
    monkeypatch.setenv("FEEDS_URL", feeds_url)
    monkeypatch.setenv("FEEDS_CONFIG", str(folder / "feeds.toml"))
    environment.reset()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Posts and feeds in folders."""
    posts, feeds = tmp_path / "posts", tmp_path / "feeds"
    configure(monkeypatch, tmp_path, str(posts), str(feeds))
    return Site(LocalStore(posts), LocalStore(feeds), parse_config(TOML))


Guard = Callable[[str, str], int]


@pytest.fixture
def guarded_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moto_server: str
) -> Iterator[Callable[[Guard], Site]]:
    """A function from a guard to a `Site` in S3; the guard sees each request to the posts.

    It gets the method and path, and returns the status to answer with; 0 lets the request pass.
    """
    client = s3_client(moto_server)
    posts, feeds = f"posts-{next(number)}", f"feeds-{next(number)}"
    client.create_bucket(Bucket=posts)
    client.create_bucket(Bucket=feeds)
    with contextlib.ExitStack() as stack:

        def make_site(guard: Guard) -> Site:
            def guard_posts(method: str, path: str) -> int:
                return guard(method, unquote(path)) if path.startswith(f"/{posts}/") else 0

            url = stack.enter_context(guarded(moto_server, guard_posts))
            configure(monkeypatch, tmp_path, f"s3://{posts}/blog", f"s3://{feeds}")
            monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
            monkeypatch.setenv("AWS_ENDPOINT_URL", url)
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
            return Site(
                Boto3Store(posts, "blog", client), Boto3Store(feeds, "", client), parse_config(TOML)
            )

        yield make_site


# --- events --------------------------------------------------------------------------------------


def record(key: str, bucket: str = "posts", name: str = "ObjectCreated:Put") -> dict[str, object]:
    return {
        "eventSource": "aws:s3",
        "eventName": name,
        "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/")}},
    }


def queued(identifier: str, *records: object, received: int = 1) -> dict[str, object]:
    return {
        "messageId": identifier,
        "eventSource": "aws:sqs",
        "body": json.dumps({"Records": records}),
        "attributes": {"ApproximateReceiveCount": str(received)},
    }


def batch(*messages: object) -> dict[str, object]:
    return {"Records": [*messages]}


class Context:
    """The context of a Lambda invocation, which has some seconds left."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self.end - time.monotonic()) * 1000)


def failed_ids(response: dict[str, list[dict[str, str]]]) -> list[str]:
    assert list(response) == ["batchItemFailures"]
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


def log_lines(capfd: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """The lines of the log without the metrics; each is a JSON object of printable ASCII."""
    out, err = capfd.readouterr()
    text = out + err
    assert text.isascii()
    assert all(char == "\n" or char.isprintable() for char in text)
    lines = [json.loads(line) for line in text.split("\n")[:-1]]
    assert all(isinstance(line, dict) and "event" in line for line in lines)
    assert SECRET not in text
    return [line for line in lines if line["event"] != "metrics"]


# --- uploads -------------------------------------------------------------------------------------


def test_uploads_through_the_queue_are_published(site: Site, capfd):
    site.upload("a.md", "One", "markets", 1)
    site.upload("b b+能.md", "Two", "[markets, tea]", 2)
    site.upload("2026/c.md", "Three", "tea", 3)
    response = functions.publish(
        batch(
            queued("m1", record("a.md")),
            queued("m2", record("b b+能.md"), record("2026/c.md")),
        ),
        Context(30),
    )
    assert failed_ids(response) == []
    assert site.is_right()
    assert site.titles() == ["Three", "Two"]
    (line,) = log_lines(capfd)
    assert line["event"] == "batch"
    assert (line["messages"], line["posts"], line["failed"]) == (["m1", "m2"], 3, [])
    assert line["keys"] == ["a.md", "b b+能.md", "2026/c.md"]
    assert line["feeds"] == ["all posts", "category/markets", "category/tea"]
    assert line["seconds"] > 0
    assert line["calls"]["put"] > 6
    assert "list" not in line["calls"]


def test_an_edit_a_move_and_a_deletion_are_published(site: Site):
    for day in range(1, 6):
        site.upload(f"{day}.md", f"T{day}", "markets", day)
        functions.publish(batch(queued("m", record(f"{day}.md"))), Context(30))
    site.upload("5.md", "Five", "tea", 5)
    site.posts.delete("4.md")
    response = functions.publish(
        batch(
            queued("m1", record("5.md")),
            queued("m2", record("4.md", name="ObjectRemoved:Delete")),
        ),
        Context(30),
    )
    assert failed_ids(response) == []
    assert site.is_right()
    assert site.titles() == ["Five", "T3"]


@pytest.mark.slow
def test_posts_and_feeds_can_be_in_s3_buckets(guarded_site):
    site = guarded_site(lambda *_: 0)
    bucket = os.environ["POSTS_URL"].split("/")[2]
    for day in range(1, 5):
        site.upload(f"{day}.md", f"T{day}", "markets", day)
    site.posts.delete("2.md")
    messages = [queued(f"m{day}", record(f"blog/{day}.md", bucket)) for day in range(1, 5)]
    assert failed_ids(functions.publish(batch(*messages), Context(30))) == []
    assert site.is_right()
    assert site.titles() == ["T4", "T3"]


def test_the_log_counts_the_store_calls_of_one_batch(site: Site, capfd):
    for number in range(5):
        site.upload("a.md", f"T{number}")
        functions.publish(batch(queued(f"m{number}", record("a.md"))), Context(30))
    *_, before, last = (line["calls"] for line in log_lines(capfd))
    assert before == last
    assert last["put"] == 1 + 2 * (1 + 3)


# --- failed messages -----------------------------------------------------------------------------


@pytest.mark.slow
def test_only_the_messages_of_a_denied_post_are_delivered_again(guarded_site, capfd):
    denied = ["denied.md"]
    site = guarded_site(lambda _, path: 403 if path.endswith(tuple(denied)) else 0)
    bucket = os.environ["POSTS_URL"].split("/")[2]
    site.upload("good.md", "Good", "markets", 1)
    site.upload("denied.md", "Denied", "markets", 2)
    messages = [
        queued("m1", record("blog/good.md", bucket)),
        queued("m2", record("blog/denied.md", bucket)),
        queued("m3", record("blog/good.md", bucket), record("blog/denied.md", bucket)),
    ]
    assert failed_ids(functions.publish(batch(*messages), Context(30))) == ["m2", "m3"]
    assert site.titles() == ["Good"]
    lines = log_lines(capfd)
    assert [line["event"] for line in lines] == ["error", "batch"]
    assert "denied.md" in lines[0]["what"]
    assert "403" in lines[0]["what"]
    assert (lines[0]["key"], lines[0]["messages"]) == ("denied.md", ["m2", "m3"])
    denied.clear()
    denied.append("nothing")
    assert failed_ids(functions.publish(batch(*messages[1:]), Context(30))) == []
    assert site.is_right()


@pytest.mark.slow
def test_a_failed_event_without_a_queue_raises(guarded_site):
    site = guarded_site(lambda *_: 403)
    bucket = os.environ["POSTS_URL"].split("/")[2]
    site.upload("a.md")
    with pytest.raises(FeedsError, match="could not be published completely; see the log"):
        functions.publish({"Records": [record("blog/a.md", bucket)]}, Context(30))


def test_an_event_without_a_queue_returns_no_failures(site: Site):
    site.upload("a.md", "One")
    event = {"Records": [record("a.md")]}
    assert functions.publish(event, Context(30)) == {"batchItemFailures": []}
    site.upload("b.md", "Two", day=2)
    assert functions.publish({"keys": ["b.md"]}, None) == {"batchItemFailures": []}
    assert site.is_right()


@pytest.mark.parametrize(
    "event",
    [
        {},
        None,
        [],
        {"Records": []},
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "posts"},
        {"source": "aws.ec2", "detail-type": "Something"},
        batch({"messageId": "m1", "eventSource": "aws:sqs", "body": "no JSON"}),
        batch(queued("m1", record("a.md", name="ObjectTagging:Put"))),
    ],
)
def test_an_unknown_event_is_logged_and_acknowledged(event, site: Site, capfd):
    assert functions.publish(event, Context(30)) == {"batchItemFailures": []}
    lines = log_lines(capfd)
    assert lines[0]["event"] == "skipped"
    assert str(lines[0]["what"]).startswith("Skipped")
    assert yardstick.public_tree(site.feeds) == {}


def test_events_of_another_bucket_are_skipped(guarded_site, capfd):
    site = guarded_site(lambda *_: 0)
    site.upload("a.md")
    response = functions.publish(batch(queued("m1", record("blog/a.md", "other"))), Context(30))
    assert failed_ids(response) == []
    assert "its bucket is" in str(log_lines(capfd)[0]["what"])
    assert yardstick.public_tree(site.feeds) == {}


def test_a_post_with_a_problem_is_logged_and_acknowledged(site: Site, capfd):
    site.upload("a.md", "Good", day=1)
    site.posts.put("b.md", post("Bad", day=2).replace(b"2026-11-02", b"2026-110-02"))
    messages = [queued("m1", record("a.md")), queued("m2", record("b.md"))]
    assert failed_ids(functions.publish(batch(*messages), Context(30))) == []
    problem = log_lines(capfd)[0]
    assert problem["event"] == "problem"
    assert (problem["key"], problem["line"], problem["field"]) == ("b.md", 3, "date")
    assert problem["what"]
    assert problem["todo"]
    assert problem["messages"] == ["m2"]
    assert site.titles() == ["Good"]


# --- messages that are delivered for the third time ----------------------------------------------


@pytest.mark.slow
def test_a_message_is_published_in_a_worker_process_from_its_third_delivery_on(site: Site, capfd):
    for day in (1, 2, 3):
        site.upload(f"{day}.md", f"T{day}", day=day)
    response = functions.publish(
        batch(
            queued("m1", record("1.md"), received=3),
            queued("m2", record("2.md"), received=2),
            queued("m3", record("3.md"), received=7),
        ),
        Context(60),
    )
    assert failed_ids(response) == []
    assert site.is_right()
    assert shared_publisher.cache_info().currsize == 0  # this process did nothing itself
    assert [line["messages"] for line in log_lines(capfd)] == [["m2"], ["m1"], ["m3"]]


def kill_the_youngest(process: int) -> None:
    """Kill a process, or if it has children, the last descendant."""
    with contextlib.suppress(OSError):
        tasks = Path(f"/proc/{process}/task").glob("*/children")
        children = [int(child) for task in tasks for child in task.read_text().split()]
        if children:
            kill_the_youngest(children[0])
        else:
            os.kill(process, signal.SIGKILL)


needs_proc = pytest.mark.skipif(
    not Path(f"/proc/self/task/{os.getpid()}/children").exists(), reason="there is no /proc here"
)


@pytest.mark.slow
@needs_proc
def test_a_post_that_kills_its_process_does_not_stop_other_posts(guarded_site, capfd):
    """The message of such a post ends in the dead-letter queue; all others are published."""
    running: list[int] = []

    def guard(_: str, path: str) -> int:
        if path.endswith("/deadly.md"):
            kill_the_youngest(running[0])
            time.sleep(1)
        return 0

    site = guarded_site(guard)
    bucket = os.environ["POSTS_URL"].split("/")[2]
    for day, key in enumerate(["1.md", "2.md", "deadly.md", "3.md"], start=1):
        site.upload(key, key, "markets", day)
    received = dict.fromkeys(["1.md", "2.md", "deadly.md", "3.md"], 0)
    dead: list[str] = []
    errors: list[dict[str, object]] = []
    crashes = 0
    while received:
        for key in received:
            received[key] += 1
        event = batch(
            *(
                queued(key, record(f"blog/{key}", bucket), received=count)
                for key, count in received.items()
            )
        )
        with subprocess.Popen(
            [sys.executable, "-c", CALL], cwd=ROOT, stdin=-1, stdout=-1, text=True
        ) as process:
            running[:] = [process.pid]
            out, _ = process.communicate(json.dumps(event), timeout=60)
        if process.returncode:
            crashes += 1  # the queue delivers all of them again
        else:
            *lines, response = map(json.loads, out.splitlines())
            errors += [line for line in lines if line["event"] == "error"]
            again = failed_ids(response)
            received = {key: count for key, count in received.items() if key in again}
        dead += [key for key, count in received.items() if count == 5]
        received = {key: count for key, count in received.items() if count < 5}
    assert (crashes, dead) == (2, ["deadly.md"])
    assert site.titles() == ["3.md", "2.md"]
    site.posts.delete("deadly.md")
    assert site.is_right()
    log_lines(capfd)
    assert [line["messages"] for line in errors] == [["deadly.md"]] * 3
    assert errors[0]["keys"] == ["deadly.md"]
    assert "signal 9 killed it" in str(errors[0]["what"])


CALL = """
import json, sys, handler
class Context:
    def get_remaining_time_in_millis(self): return 60000
answer = handler.publish(json.load(sys.stdin), Context())
print(json.dumps(answer))
"""


@pytest.mark.slow
def test_a_post_that_hangs_does_not_stop_other_posts(
    guarded_site, capfd, monkeypatch: pytest.MonkeyPatch
):
    def guard(_: str, path: str) -> int:
        time.sleep(60 if path.endswith("/endless.md") else 0)
        return 0

    site = guarded_site(guard)
    bucket = os.environ["POSTS_URL"].split("/")[2]
    monkeypatch.setattr(isolation, "MIN_SECONDS_PER_BATCH", 3.0)
    for day, key in enumerate(["1.md", "endless.md", "2.md"], start=1):
        site.upload(key, key, "markets", day)
    messages = [
        queued("m1", record("blog/endless.md", bucket), received=3),
        queued("m2", record("blog/1.md", bucket), received=3),
        queued("m3", record("blog/2.md", bucket), received=1),
    ]
    start = time.monotonic()
    assert failed_ids(functions.publish(batch(*messages), Context(24))) == ["m1"]
    assert time.monotonic() - start < 40
    assert site.titles() == ["2.md", "1.md"]
    (error,) = [line for line in log_lines(capfd) if line["event"] == "error"]
    assert error["messages"] == ["m1"]
    assert "took longer than" in str(error["what"])


def test_an_isolated_message_has_more_time_than_a_read_of_s3_takes():
    """A lost reply alone must not end it: one attempt and a second one fit into its time."""
    settings = Boto3Store("bucket", client=s3_client("http://127.0.0.1:9"))._client.meta.config
    attempt = settings.connect_timeout + settings.read_timeout
    assert (settings.connect_timeout, settings.read_timeout) == (CONNECT_SECONDS, READ_SECONDS)
    assert attempt + 5 < isolation.MIN_SECONDS_PER_BATCH


def test_messages_for_which_no_time_is_left_are_delivered_again(site: Site, capfd):
    site.upload("a.md")
    messages = [queued(f"m{n}", record("a.md"), received=3) for n in (1, 2)]
    assert failed_ids(functions.publish(batch(*messages), Context(1))) == ["m1", "m2"]
    assert all("no time was left" in str(line["what"]) for line in log_lines(capfd))
    assert yardstick.public_tree(site.feeds) == {}


def test_posts_that_no_time_is_left_to_read_are_delivered_again(site: Site, capfd):
    site.upload("a.md", "One")
    message = queued("m1", record("a.md"))
    assert failed_ids(functions.publish(batch(message), Context(0))) == ["m1"]
    error, line = log_lines(capfd)
    assert error["what"] == "posts for which no time was left: 1; the next delivery has them"
    assert error["messages"] == line["failed"] == ["m1"]
    assert site.titles() == []
    assert failed_ids(functions.publish(batch(message), Context(30))) == []
    assert site.titles() == ["One"]


@pytest.mark.slow
def test_the_worker_process_returns_the_messages_that_failed(guarded_site, capfd):
    site = guarded_site(lambda _, path: 403 if path.endswith("denied.md") else 0)
    bucket = os.environ["POSTS_URL"].split("/")[2]
    site.upload("good.md", "Good")
    site.upload("denied.md", "Denied")
    messages = [
        queued("m1", record("blog/good.md", bucket)),
        queued("m2", record("blog/denied.md", bucket)),
        queued("m3", record("blog/denied.md", bucket), received=3),
    ]
    assert failed_ids(functions.publish(batch(*messages), Context(30))) == ["m2", "m3"]
    assert site.titles() == ["Good"]
    assert [line["event"] for line in log_lines(capfd)] == ["error", "batch"] * 2


def test_an_unreadable_configuration_fails_the_messages_of_the_worker_process(
    site: Site, capfd, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FEEDS_CONFIG", "nowhere.toml")
    response = functions.publish(batch(queued("m1", record("a.md"), received=3)), Context(30))
    assert failed_ids(response) == ["m1"]
    (error,) = log_lines(capfd)
    assert "nowhere.toml: cannot be read (No such file or directory)" in str(error["what"])


# --- the log -------------------------------------------------------------------------------------

HOSTILE = [
    "a%0AINFO: forged.md",
    'a\n{"event": "forged"}.md',
    "a\r\nINFO: forged.md",
    "a\u2028INFO: forged.md",
    "a\u2029\x85\x0b\x0cINFO: forged.md",
    "a\x1b[2J\x1b[31mforged.md",
    "a\u202egnp.md",
    '","event":"forged.md',
    "能 🍵.md",
]


@pytest.mark.slow
@pytest.mark.parametrize("key", HOSTILE)
def test_no_key_can_forge_a_line_of_the_log(key: str, site: Site, capfd):
    broken = post("Bad").replace(b"2026-11-01", b"2026-110-01")
    site.posts.put(key, broken)
    events = [
        batch(queued("m1", record(key))),
        batch(queued("m2", record(key), received=3)),
        batch(queued("m3", record(key, name=f"ObjectTagging:{key}"))),
        batch(queued("m4", record("x" * 2000 + key))),
        {key: key},
    ]
    for event in events:
        functions.publish(event, Context(30))
    lines = log_lines(capfd)
    assert {str(line["event"]) for line in lines} == {"problem", "batch", "skipped"}
    assert [line["key"] for line in lines if line["event"] == "problem"] == [key, key]


@pytest.mark.slow
def test_a_denied_key_cannot_forge_a_line_of_the_log(guarded_site, capfd):
    site = guarded_site(lambda _, path: 403 if "forged" in path else 0)
    bucket = os.environ["POSTS_URL"].split("/")[2]
    site.upload("a%0AINFO: forged.md")
    site.upload("b\u2028INFO: forged.md")
    messages = [
        queued("m1", record("blog/a%0AINFO: forged.md", bucket)),
        queued("m2", record("blog/b\u2028INFO: forged.md", bucket)),
        queued("m3", record("blog/b\u2028INFO: forged.md", bucket), received=4),
    ]
    assert failed_ids(functions.publish(batch(*messages), Context(30))) == ["m1", "m2", "m3"]
    assert [line["event"] for line in log_lines(capfd)] == [
        "error",
        "error",
        "batch",
        "error",
        "batch",
    ]


class ConflictingStore:
    """A store in which writes of one object meet a conflict, `times` times."""

    def __init__(self, store: Store, key: str, times: int) -> None:
        self.store, self.key, self.times = store, key, times
        self.put_ = store.put

    def put(self, key: str, data: bytes, **kinds) -> str:
        if key == self.key and self.times:
            self.times -= 1
            raise Conflict(f"{key}: 412")
        return self.put_(key, data, **kinds)


@pytest.mark.parametrize(
    ("times", "logged", "failed"),
    [(9, [], []), (10, [10], []), (20, [20], ["m1"])],
    ids=["few", "many", "too many"],
)
def test_many_conflicts_on_an_object_are_logged_with_its_feed(
    times: int, logged: list[int], failed: list[str], site: Site, capfd, monkeypatch
):
    site.upload("a.md", category="tea")
    site.upload("b.md", category="milk")
    feeds = shared_publisher().feeds.store
    monkeypatch.setattr(
        feeds, "put", ConflictingStore(feeds, manifest_key("category/tea"), times).put
    )
    monkeypatch.setattr("feeds.runtime.ThreadedRuntime.back_off", lambda *_: None)
    event = batch(queued("m1", record("a.md")), queued("m2", record("b.md")))
    assert failed_ids(functions.publish(event, Context(30))) == failed
    lines = log_lines(capfd)
    conflicts = [line for line in lines if line["event"] == "conflicts"]
    assert [(line["feed"], line["count"]) for line in conflicts] == [
        ("category/tea", n) for n in logged
    ]
    assert all(line["messages"] == ["m1", "m2"] for line in conflicts)
    errors = [line for line in lines if line["event"] == "error"]
    assert [(line["feed"], line["messages"]) for line in errors] == [
        ("category/tea", [name]) for name in failed
    ]
    assert (lines[-1]["event"], lines[-1]["conflicts"]) == ("batch", times)


BROKEN = {
    "date.md": post().replace(b"2026-11-01", b"yesterday"),
    "open.md": b"---\ntitle: T\n" + SECRET.encode(),
    "yaml.md": f"---\ntitle: [T\n---\n{SECRET}\n".encode(),
    "bytes.md": post() + b"\xff\xfe" + SECRET.encode(),
    "nul.md": post() + b"\x00" + SECRET.encode(),
    "deep.md": post() + b"<div>" * 500 + SECRET.encode(),
    "large.md": post() + SECRET.encode() * 60_000,
    "empty.md": b"",
    "none.md": SECRET.encode(),
    "brackets.md": post() + b"[" * 200_000 + SECRET.encode(),
}


@pytest.mark.slow
def test_the_text_of_a_post_with_a_problem_is_not_logged(site: Site, capfd):
    for key, data in BROKEN.items():
        site.posts.put(key, data)
    messages = [queued(key, record(key), received=n) for key in BROKEN for n in (1, 3)]
    assert failed_ids(functions.publish(batch(*messages), Context(60))) == []
    keys = {line["key"] for line in log_lines(capfd) if line["event"] == "problem"}
    assert {"date.md", "open.md", "yaml.md", "large.md", "deep.md"} <= keys


def test_an_unexpected_error_is_logged_in_one_line_without_its_text(
    site: Site, capfd, monkeypatch: pytest.MonkeyPatch
):
    site.upload("a.md")

    def fails(*_: object) -> None:
        raise RuntimeError(f"forged\nline {SECRET}")

    monkeypatch.setattr("feeds.publishing.record_writer.read_post", fails)
    with pytest.raises(FeedsError, match="error of this program; see the log") as caught:
        functions.publish(batch(queued("m1", record("a.md"))), Context(30))
    assert caught.value.__suppress_context__
    (line,) = log_lines(capfd)
    assert line["what"] == "a batch ended in RuntimeError"
    assert line["messages"] == ["m1"]
    assert str(line["at"][-1]).startswith("test_functions.py:")


# --- the environment -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["POSTS_URL", "FEEDS_URL"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_environment_variable_is_a_config_error(
    name: str, value: str | None, site: Site, monkeypatch: pytest.MonkeyPatch
):
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=f"the environment variable {name} is not set; see"):
        functions.publish({"keys": ["a.md"]}, None)


def test_a_missing_configuration_file_is_a_config_error(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FEEDS_CONFIG", "nowhere.toml")
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read .*; set FEEDS_CONFIG"):
        functions.publish({"keys": ["a.md"]}, None)


def test_an_invalid_store_address_is_an_error(site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FEEDS_URL", "http://feeds.example.com/")
    with pytest.raises(FeedsError, match="is not the address of a store"):
        functions.publish({"keys": ["a.md"]}, None)
