"""Measures the CPU time, memory and cost of an upload, each beside its lower bound.

CPU time: the bound is the same S3 calls, with the same bytes, with boto3 alone. Cost: the bound is
one GET of the post and one PUT of each document. Memory is that of a batch of the largest posts
that are allowed, in a process of its own. S3 is moto, in another process.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from feeds.config_file.parse import parse_config
from feeds.documents import feed_documents
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.runtime import ThreadedRuntime
from feeds.stores.counted import Counted
from feeds.stores.local import LocalStore
from feeds.stores.memory import MemoryStore
from feeds.stores.s3.boto3_store import CONFIG as S3_CONFIG
from feeds.stores.s3.boto3_store import Boto3Store
from tests.bench import large

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NOW = datetime(2100, 1, 1, tzinfo=UTC)
POSTS = 1_000
POST_BYTES = 25_000
UPLOADS = 100
BATCH = 100

# Dollars in us-east-1, from the price lists of 2026; see docs/deploy.md.
PUT, GET = 5 / 1e6, 0.4 / 1e6

CONFIG = parse_config(
    '[site]\ntitle = "Benchmark"\nurl = "https://news.example.com/"\n'
    '[feeds]\nurl = "https://feeds.example.com/"\n'
)


@contextmanager
def s3() -> Iterator[S3Client]:
    """Start moto in another process; a client of it, with the buckets ``posts`` and ``feeds``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = f"import moto.server as s; s.main(['-H', '127.0.0.1', '-p', '{port}'])"
    server = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="testsecret",
        config=S3_CONFIG,
    )
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        for bucket in ("posts", "feeds"):
            client.create_bucket(Bucket=bucket)
        yield client
    finally:
        server.kill()
        server.wait()
        client.close()


def uploads(client: S3Client) -> tuple[float, list[tuple[str, dict[str, Any]]], Counter[str]]:
    """The CPU seconds of an upload through the publisher, its requests and its calls."""
    filled = MemoryStore()
    large.fill(filled, list(large.entries(POSTS, POST_BYTES, CONFIG)), CONFIG)
    posts, feeds = Boto3Store("posts", client=client), Boto3Store("feeds", client=client)
    for stat in filled.list():
        if found := filled.get(stat.key):
            feeds.put(stat.key, found.data)
    counted = Counted(posts), Counted(feeds)
    publisher = Publisher(*counted, CONFIG, ThreadedRuntime())
    numbers = [-1 - number for number in range(UPLOADS + 4)]
    for number in numbers:
        posts.put(large.key(number), large.text(number, POST_BYTES))
    requests: list[tuple[str, dict[str, Any]]] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        requests.append((model.name, dict(params)))

    def publish(number: int) -> None:
        done = publisher.publish([Message("m", (large.key(number),), 1, ())])
        assert not done.errors, done.errors
        assert done.changed

    for number in numbers[:4]:
        publish(number)
    for one in counted:
        one.calls.clear()
    client.meta.events.register("provide-client-params.s3.*", note)
    start = time.process_time()
    for number in numbers[4:]:
        publish(number)
    seconds = (time.process_time() - start) / UPLOADS
    client.meta.events.unregister("provide-client-params.s3.*", note)
    assert f"Title {numbers[-1]}".encode() in feeds_body(client, "public/atom.xml")
    return seconds, requests, counted[0].calls + counted[1].calls


def feeds_body(client: S3Client, key: str) -> bytes:
    """The stored bytes of a document."""
    return client.get_object(Bucket="feeds", Key=key)["Body"].read()


def bare(client: S3Client, requests: list[tuple[str, dict[str, Any]]]) -> float:
    """The CPU seconds of the same requests with boto3 alone, as many at once."""
    methods: dict[str, Callable[..., Any]] = {
        "GetObject": lambda **words: client.get_object(**words)["Body"].read(),
        "HeadObject": client.head_object,
        "PutObject": client.put_object,
        "DeleteObject": client.delete_object,
    }
    world = ThreadedRuntime()

    def make(request: tuple[str, dict[str, Any]]) -> None:
        name, words = request
        plain = {key: value for key, value in words.items() if not key.startswith("If")}
        try:
            methods[name](**plain)
        except client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
                raise

    start = time.process_time()
    world.map(make, requests)
    return (time.process_time() - start) / UPLOADS


def memory(size: int) -> int:
    """The peak memory in bytes of a process that publishes a batch of posts of this size."""
    code = f"from tests.bench import function; function.publish_batch({size})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


def publish_batch(size: int) -> None:
    """Publish a batch in this process, which has an S3 client too; print its peak in bytes."""
    client = boto3.client("s3", region_name="us-east-1", config=S3_CONFIG)
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    posts, feeds = LocalStore(folder / "posts"), LocalStore(folder / "feeds")
    keys = [large.key(number) for number in range(BATCH)]
    data = large.text(0, size)
    for number, name in enumerate(keys):
        old, new = (f"{large.published(n):%Y-%m-%d %H:%M:%S}".encode() for n in (0, number))
        posts.put(name, data.replace(old, new, 1))
    publisher = Publisher(posts, feeds, CONFIG, ThreadedRuntime())
    done = publisher.publish([Message(name, (name,), 1, ()) for name in keys])
    assert not done.errors
    assert not done.failed
    assert sum(record.entry(NOW) is not None for record in done.records.values()) == BATCH
    client.close()
    shutil.rmtree(folder)
    # Not ru_maxrss: a process inherits it from its parent.
    status = Path("/proc/self/status").read_text()
    print(int(status.partition("VmHWM:")[2].split()[0]) * 1024)


def main() -> None:
    """Measure, and print the results."""
    with s3() as client:
        ours, requests, calls = uploads(client)
        theirs = bare(client, requests)
    each = {name: count / UPLOADS for name, count in sorted(calls.items())}
    shown = ", ".join(f"{count:.1f} {name.upper()}" for name, count in each.items())
    print(f"an upload of {POST_BYTES:,} bytes in one category, the mean of {UPLOADS}: {shown}")
    print(f"processor time: {ours * 1000:.1f} ms; the same requests with boto3 alone ", end="")
    print(f"{theirs * 1000:.1f} ms; ratio {ours / theirs:.2f}")
    dollars = (each.get("put", 0) * PUT + (each["get"] + each["head"]) * GET) * 1e6
    count = len(large.PATHS) * len(list(feed_documents.current_documents("", [], "", CONFIG)))
    floor = (count * PUT + GET) * 1e6
    print(f"S3 for a million uploads: ${dollars:.2f}; a GET and {count} PUTs are ", end="")
    print(f"${floor:.2f}; ratio {dollars / floor:.2f}")
    limits = CONFIG.limits
    for size in (limits.post_bytes * 99 // 100, limits.entry_bytes * 9 // 10, POST_BYTES):
        print(f"memory: {memory(size) / 1e6:.0f} MB for a batch of {BATCH} posts of {size:,} bytes")


if __name__ == "__main__":
    main()
