"""The stores in S3: headers, error replies, limits and lost replies; with each client."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from msgspec.structs import replace
from support.servers import S3_CLIENTS, answering, cutting, free_port, lossy, s3_client, s3_store
from support.stores import data, keys

from feeds.errors import (
    AlreadyExists,
    Conflict,
    Denied,
    StoreError,
    TooLarge,
    Unavailable,
    VersionMismatch,
)
from feeds.stores.base import Stat, Store, Update, if_unchanged
from feeds.stores.prefixed import Prefixed
from feeds.stores.s3.boto3_store import Boto3Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

only = pytest.mark.parametrize
number = itertools.count()


@pytest.fixture(params=S3_CLIENTS)
def s3(request: pytest.FixtureRequest) -> str:
    """The client of the store."""
    return request.param


def test_media_type_and_cache_control_are_stored(
    s3: str, moto_server: str, moto_client: S3Client, bucket: str
) -> None:
    store = s3_store(s3, moto_server, bucket, "public")
    store.put("atom.xml", b"", media_type="application/atom+xml", cache_control="max-age=300")
    sent = moto_client.head_object(Bucket=bucket, Key="public/atom.xml")
    assert (sent["ContentType"], sent["CacheControl"]) == ("application/atom+xml", "max-age=300")


def test_compressed_bytes_are_not_decompressed(
    s3: str, moto_server: str, moto_client: S3Client, bucket: str
) -> None:
    packed = bytes.fromhex("1f8b0800000000000003") + b"anything"
    moto_client.put_object(Bucket=bucket, Key="a", Body=packed, ContentEncoding="gzip")
    assert data(s3_store(s3, moto_server, bucket), "a") == packed


@only("prefix", ["site/feeds", "site/feeds/", "/site/feeds/"])
def test_a_prefix_may_have_slashes_around_it(
    s3: str, moto_server: str, bucket: str, prefix: str
) -> None:
    store = s3_store(s3, moto_server, bucket, prefix)
    store.put("a", b"one")
    assert store.url == f"s3://{bucket}/site/feeds"
    assert keys(s3_store(s3, moto_server, bucket)) == ["site/feeds/a"]


def test_a_folder_object_of_the_s3_console_is_not_listed(
    s3: str, moto_server: str, moto_client: S3Client, bucket: str
) -> None:
    moto_client.put_object(Bucket=bucket, Key="public/", Body=b"")
    assert keys(s3_store(s3, moto_server, bucket, "public")) == []
    assert keys(Prefixed(s3_store(s3, moto_server, bucket), "public/")) == []


def test_a_missing_bucket_is_an_error_with_its_name(s3: str, moto_server: str) -> None:
    store = s3_store(s3, moto_server, "no-such-bucket")
    for operation in operations(store, "get", "overwrite", "create", "update", "delete", "list"):
        with pytest.raises(StoreError, match=r"no-such-bucket.*create the bucket") as caught:
            operation()
        assert caught.type is StoreError


def operations(store: Store, *names: str) -> list[Callable[[], object]]:
    all_operations: dict[str, Callable[[], object]] = {
        "get": lambda: store.get("a/b"),
        "head": lambda: store.head("a/b"),
        "overwrite": lambda: store.put("a/b", b""),
        "create": lambda: store.put("a/b", b"", mode="create"),
        "update": lambda: store.put("a/b", b"", mode=Update("one")),
        "delete": lambda: store.delete("a/b"),
        "list": lambda: list(store.list("a/b")),
    }
    return [all_operations[name] for name in names or all_operations]


@only(
    ("status", "code", "expected"),
    [
        (403, "AccessDenied", Denied),
        (403, "InvalidAccessKeyId", Denied),
        (401, "Unauthorized", Denied),
        (500, "InternalError", Unavailable),
        (502, "", Unavailable),
        (503, "SlowDown", Unavailable),
        (520, "", Unavailable),
        (429, "TooManyRequests", Unavailable),
        (400, "InvalidRequest", StoreError),
    ],
)
def test_an_s3_error_reply_becomes_the_same_error_in_every_operation(
    s3: str, status: int, code: str, expected: type[StoreError]
) -> None:
    with answering(status, code=code) as url:
        for operation in operations(s3_store(s3, url, "bucket", "posts")):
            with pytest.raises(StoreError, match=f"s3://bucket/posts/a/b: .*{status}") as caught:
                operation()
            assert caught.type is expected


@only(
    ("status", "code", "expected"),
    [
        (412, "PreconditionFailed", VersionMismatch),
        (409, "ConditionalRequestConflict", Conflict),
        (404, "NoSuchKey", VersionMismatch),
        (404, "NoSuchBucket", StoreError),
        (400, "RequestTimeout", Unavailable),
        (400, "ExpiredToken", Denied),
        (501, "NotImplemented", StoreError),
        (501, "", StoreError),
    ],
)
def test_an_s3_reply_to_an_update_becomes_an_error(
    s3: str, status: int, code: str, expected: type[StoreError]
) -> None:
    with answering(status, code=code) as url:
        [update] = operations(s3_store(s3, url, "bucket"), "update")
        with pytest.raises(StoreError, match="s3://bucket/a/b") as caught:
            update()
    assert caught.type is expected


@only(
    ("status", "code", "expected"),
    [
        (412, "PreconditionFailed", AlreadyExists),
        (409, "ConditionalRequestConflict", Conflict),
        (501, "NotImplemented", StoreError),
    ],
)
def test_an_s3_reply_to_a_create_becomes_an_error(
    s3: str, status: int, code: str, expected: type[StoreError]
) -> None:
    with answering(status, code=code) as url:
        [create] = operations(s3_store(s3, url, "bucket"), "create")
        with pytest.raises(StoreError, match="s3://bucket/a/b") as caught:
            create()
    assert caught.type is expected


@pytest.mark.slow
def test_an_s3_timeout_is_unavailable(s3: str) -> None:
    with answering(0) as url:
        store = s3_store(s3, url, "bucket", read_timeout=0.2)
        for operation in operations(store, "get", "overwrite", "list"):
            with pytest.raises(Unavailable, match="s3://bucket/a/b"):
                operation()


def test_a_refused_connection_to_s3_is_unavailable(s3: str) -> None:
    for operation in operations(s3_store(s3, f"http://127.0.0.1:{free_port()}", "bucket")):
        with pytest.raises(Unavailable, match="s3://bucket/a/b"):
            operation()


OBJECT = {"ETag": '"one"', "Last-Modified": "Sun, 22 Nov 2026 09:00:00 GMT"}


@only("limit", [None, 9, 10, 100])
def test_a_truncated_s3_reply_is_unavailable(s3: str, limit: int | None) -> None:
    with answering(200, headers={**OBJECT, "Content-Length": "10"}, body=b"12345") as url:
        store = s3_store(s3, url, "bucket")
        with pytest.raises((Unavailable, TooLarge)) as caught:
            store.get("a", limit)
    assert caught.type is (TooLarge if limit == 9 else Unavailable)


def test_milliseconds_in_an_s3_listing_are_dropped(s3: str) -> None:
    body = b"""<ListBucketResult><Contents><Key>a</Key><ETag>"one"</ETag><Size>1</Size>
    <LastModified>2026-11-22T09:00:00.999Z</LastModified></Contents>
    <IsTruncated>false</IsTruncated></ListBucketResult>"""
    with answering(200, body=body) as url:
        store = s3_store(s3, url, "bucket")
        assert list(store.list()) == [Stat("a", "one", 1, datetime(2026, 11, 22, 9, tzinfo=UTC))]


def test_s3_does_not_read_an_object_over_the_limit(s3: str) -> None:
    with answering(200, headers={**OBJECT, "Content-Length": str(10**12)}) as url:
        store = s3_store(s3, url, "bucket")
        with pytest.raises(TooLarge, match="1,000,000,000,000 bytes"):
            store.get("a", 1000)


def test_the_sdk_retries_a_busy_server(s3: str) -> None:
    headers = {**OBJECT, "Content-Length": "1"}
    with answering(503, 200, headers=headers, body=b"1") as url:
        store = s3_store(s3, url, "bucket", attempts=2)
        assert data(store, "a") == b"1"


@only("server", ["moto_server", "seaweedfs"])
@only("exists", [False, True])
def test_a_conditional_write_with_a_lost_reply_raises_a_conflict(
    s3: str, request: pytest.FixtureRequest, server: str, exists: bool
) -> None:
    endpoint = request.getfixturevalue(server)
    name = f"lost-{next(number)}"
    s3_client(endpoint).create_bucket(Bucket=name)
    direct = s3_store(s3, endpoint, name)
    old = direct.put("state", b"before") if exists else ""
    with lossy(endpoint, "PUT") as url:
        store = s3_store(s3, url, name, attempts=5)
        with pytest.raises(VersionMismatch if exists else AlreadyExists):
            store.put("state", b"after, and my token", mode=if_unchanged(old))
    assert data(direct, "state") == b"after, and my token"


# --- replies that break off ----------------------------------------------------------------------


@pytest.mark.slow
@only("operation", ["get", "head", "overwrite", "create", "update", "delete", "list"])
@only("key", ["a/b", "missing"])
def test_a_reply_that_breaks_off_anywhere_is_an_error_of_the_store_or_the_whole_answer(
    s3: str, moto_server: str, bucket: str, operation: str, key: str
) -> None:
    direct = s3_store(s3, moto_server, bucket)
    call: dict[str, Callable[[Store], object]] = {
        "get": lambda store: store.get(key),
        "head": lambda store: store.head(key),
        "overwrite": lambda store: store.put(key, b"text"),
        "create": lambda store: store.put(key, b"text", mode="create"),
        "update": lambda store: store.put(key, b"text", mode=Update("not the version")),
        "delete": lambda store: store.delete(key),
        "list": lambda store: list(store.list(key)),
    }

    def prepared() -> None:
        direct.put("a/b", b"text")
        direct.delete("missing")

    def outcome(store: Store) -> object:
        if operation not in ("get", "head", "list"):
            prepared()
        try:
            return call[operation](store)
        except StoreError as error:
            return type(error)

    prepared()
    wanted, length, at = outcome(direct), 1_000, 0

    def cut(_: str, reply: bytes) -> bytes:
        nonlocal length
        length = len(reply)
        return reply[:at]

    seen = set()
    with cutting(moto_server, cut) as url:
        store = s3_store(s3, url, bucket)
        while at < length:
            result = outcome(store)
            seen.add(result if isinstance(result, type) else "the answer")
            if not (isinstance(result, type) and issubclass(result, StoreError)):
                # `size` is in a header of its own, which a cut can shorten.
                assert _without_size(result) == _without_size(wanted), at
            at += 5
    assert Unavailable in seen


def _without_size(result: object) -> object:
    return replace(result, size=0) if isinstance(result, Stat) else result


@only(
    ("last", "cut", "what"),
    [
        ("ETag", b"\r\nETag", "KeyError: 'ETag'"),
        ("ETag", b'"\r\n', "the ETag is"),
        ("Last-Modified", b"\r\nLast-Modified", "KeyError: 'LastModified'"),
        ("Last-Modified", b":00 GMT\r\n", "has no zone"),
    ],
)
def test_headers_that_are_cut_are_unavailable(s3: str, last: str, cut: bytes, what: str) -> None:
    headers = {"Content-Length": "1", **OBJECT}
    headers[last] = headers.pop(last)
    with answering(200, headers=headers, body=b"1") as endpoint:

        def cut_off(_: str, reply: bytes) -> bytes:
            return reply[: reply.index(cut)]

        with cutting(endpoint, cut_off) as url:
            store = s3_store(s3, url, "bucket")
            with pytest.raises(Unavailable, match="s3://bucket/a/b: "):
                store.get("a/b")
            if s3 == "obstore":
                what = "closed the connection"
            with pytest.raises(Unavailable, match=f"s3://bucket/a/b: the reply broke off .*{what}"):
                store.head("a/b")


@pytest.mark.slow
@only("status", [404, 403, 412, 500])
def test_an_s3_error_whose_body_stalls_is_unavailable(s3: str, status: int) -> None:
    with (
        answering(status, code="Anything") as endpoint,
        cutting(endpoint, lambda _, reply: reply[:-20], stall=1.5) as url,
    ):
        store = s3_store(s3, url, "bucket", read_timeout=0.3)
        for operation in operations(store, "get", "overwrite", "list"):
            with pytest.raises(Unavailable, match="s3://bucket/a/b: "):
                operation()


def test_missing_s3_credentials_are_an_error_that_says_what_to_set(
    moto_server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    client = boto3.session.Session().client("s3", endpoint_url=moto_server)
    for operation in operations(Boto3Store("bucket", client=client)):
        with pytest.raises(StoreError, match="set AWS_ACCESS_KEY_ID") as caught:
            operation()
        assert caught.type is StoreError
