"""Measures the CPU time, memory and cost of an upload, each beside its lower bound.

CPU time: with each client of S3, beside the same requests, with the same bytes, with that client
alone. The four take turns, so that other load on this machine affects all. Cost: the bound is one
GET of the post and one PUT of each document. Memory is that of a batch of the largest posts
that are allowed, in a process of its own. S3 is moto, in another process.
"""

from __future__ import annotations

import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import obstore
import obstore.store
from botocore.exceptions import ClientError

from feeds.config_file.parse import parse_config
from feeds.documents import feed_documents
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.runtime import ThreadedRuntime
from feeds.stores.base import Object, Stat, Store
from feeds.stores.counted import Counted
from feeds.stores.local import LocalStore
from feeds.stores.memory import MemoryStore
from feeds.stores.s3.boto3_store import CONFIG as S3_CONFIG
from feeds.stores.s3.boto3_store import Boto3Store
from feeds.stores.s3.connection import Connection, Credentials
from feeds.stores.s3.obstore_store import ObstoreStore
from tests.bench import large

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NOW = datetime(2100, 1, 1, tzinfo=UTC)
POSTS = 1_000
POST_BYTES = 25_000
UPLOADS = 50
TURNS = 3
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


Request = tuple[str, dict[str, Any]]
"""The name of an operation of S3, and its parameters."""


class Noted(Counted):
    """A store that also notes the requests to a bucket."""

    def __init__(self, store: Store, bucket: str, requests: list[Request]) -> None:
        super().__init__(store)
        self.bucket, self.requests = bucket, requests

    def get(self, key: str, limit: int | None = None) -> Object | None:
        """Note and read an object."""
        self.requests.append(("GetObject", {"Bucket": self.bucket, "Key": key}))
        return super().get(key, limit)

    def head(self, key: str) -> Stat | None:
        """Note and look at an object."""
        self.requests.append(("HeadObject", {"Bucket": self.bucket, "Key": key}))
        return super().head(key)

    def put(self, key: str, data: bytes, **words: Any) -> str:
        """Note and write an object."""
        self.requests.append(("PutObject", {"Bucket": self.bucket, "Key": key, "Body": data}))
        return super().put(key, data, **words)

    def delete(self, key: str) -> None:
        """Note and delete an object."""
        self.requests.append(("DeleteObject", {"Bucket": self.bucket, "Key": key}))
        super().delete(key)


class Uploads:
    """Uploads through a publisher whose stores use one client of S3."""

    def __init__(self, client: S3Client, open_store: Callable[[str], Store]) -> None:
        self.client, self.requests = client, list[Request]()
        filled = MemoryStore()
        large.fill(filled, list(large.entries(POSTS, POST_BYTES, CONFIG)), CONFIG)
        self.posts, feeds = open_store("posts"), open_store("feeds")
        for stat in [*feeds.list()]:
            feeds.delete(stat.key)
        for stat in filled.list():
            if found := filled.get(stat.key):
                feeds.put(stat.key, found.data)
        self.stores = [
            Noted(store, name, self.requests)
            for name, store in (("posts", self.posts), ("feeds", feeds))
        ]
        self.publisher = Publisher(*self.stores, CONFIG, ThreadedRuntime())
        self.last = 0
        self.run(4)  # the first one opens connections
        self.requests.clear()
        for store in self.stores:
            store.calls.clear()

    def run(self, count: int) -> float:
        """Publish new posts; return the CPU seconds of one."""
        numbers = [self.last - 1 - number for number in range(count)]
        for number in numbers:
            self.posts.put(large.key(number), large.text(number, POST_BYTES))
        start = time.process_time()
        for number in numbers:
            done = self.publisher.publish([Message("m", (large.key(number),), 1, ())])
            assert not done.errors, done.errors
            assert done.changed
        seconds = (time.process_time() - start) / count
        self.last = numbers[-1]
        assert f"Title {self.last}".encode() in feeds_body(self.client, "public/atom.xml")
        return seconds


def feeds_body(client: S3Client, key: str) -> bytes:
    """The stored bytes of a document."""
    return client.get_object(Bucket="feeds", Key=key)["Body"].read()


def with_boto3(client: S3Client) -> dict[str, Callable[..., Any]]:
    """How boto3 alone sends each kind of request."""
    return {
        "GetObject": lambda **words: client.get_object(**words)["Body"].read(),
        "HeadObject": client.head_object,
        "PutObject": client.put_object,
        "DeleteObject": client.delete_object,
    }


def with_obstore(endpoint: str) -> dict[str, Callable[..., Any]]:
    """How obstore alone sends each kind of request."""
    buckets = {
        name: obstore.store.S3Store(
            name,
            endpoint=endpoint,
            region="us-east-1",
            access_key_id="test",
            secret_access_key="testsecret",
            disable_bulk_delete=True,
            client_options={"allow_http": True},
        )
        for name in ("posts", "feeds")
    }
    return {
        "GetObject": lambda **at: bytes(obstore.get(buckets[at["Bucket"]], at["Key"]).bytes()),
        "HeadObject": lambda **at: obstore.head(buckets[at["Bucket"]], at["Key"]),
        "PutObject": lambda **at: obstore.put(
            buckets[at["Bucket"]], at["Key"], at["Body"], use_multipart=False
        ),
        "DeleteObject": lambda **at: obstore.delete(buckets[at["Bucket"]], at["Key"]),
    }


def bare(methods: dict[str, Callable[..., Any]], requests: list[Request]) -> float:
    """The CPU seconds of requests with a client alone, as many at once as the publisher sends."""
    world = ThreadedRuntime()

    def make(request: Request) -> None:
        name, words = request
        try:
            methods[name](**words)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
                raise
        except FileNotFoundError:
            pass

    start = time.process_time()
    world.map(make, requests)
    return time.process_time() - start


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
        endpoint = client.meta.endpoint_url
        credentials = Credentials("test", "testsecret", "")

        def by_obstore(bucket: str) -> Store:
            connection = Connection(f"{endpoint}/{bucket}", "us-east-1", lambda: credentials)
            return ObstoreStore(bucket, "", connection, lambda: Boto3Store(bucket, client=client))

        alone = {"obstore": with_obstore(endpoint), "boto3": with_boto3(client)}
        openers: dict[str, Callable[[str], Store]] = {
            "obstore": by_obstore,
            "boto3": lambda bucket: Boto3Store(bucket, client=client),
        }
        seconds: dict[str, list[float]] = {}
        for _ in range(TURNS):
            for name, opener in openers.items():
                uploads = Uploads(client, opener)
                seconds.setdefault(name, []).append(uploads.run(UPLOADS))
                for one, methods in alone.items():
                    spent = bare(methods, uploads.requests) / UPLOADS
                    seconds.setdefault(f"{one} alone", []).append(spent)
    calls = uploads.stores[0].calls + uploads.stores[1].calls
    each = {name: count / UPLOADS for name, count in sorted(calls.items())}
    shown = ", ".join(f"{count:.1f} {name.upper()}" for name, count in each.items())
    print(f"an upload of {POST_BYTES:,} bytes in one category, the mean of {UPLOADS}: {shown}")
    bound = statistics.median(seconds["boto3 alone"])
    for name, times in sorted(seconds.items()):
        median = statistics.median(times)
        print(f"processor time, {name:14}{median * 1000:6.1f} ms", end="")
        print(f"{median / bound:6.2f} × boto3 alone ({min(times) * 1000:.1f} at best)")
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
