"""Which client of S3 a bucket gets, what it is told, and what obstore leaves to boto3."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import obstore
import obstore.store
import pytest
from botocore.session import get_session
from hypothesis import given, settings
from hypothesis import strategies as st
from support.servers import ACCESS_KEY, SECRET_KEY, answering, free_port, lossy, s3_client, s3_store
from support.stores import data, keys

from feeds.errors import Conflict, Denied, StoreError, Unavailable
from feeds.stores.addresses import open_store
from feeds.stores.base import Store, Update
from feeds.stores.memory import MemoryStore
from feeds.stores.s3 import obstore_store
from feeds.stores.s3.boto3_store import Boto3Store, new_client
from feeds.stores.s3.connection import Connection, Credentials, from_boto3, from_environment
from feeds.stores.s3.obstore_store import LARGE, ObstoreStore, is_plain

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).parent.parent.parent
only = pytest.mark.parametrize
number = itertools.count()
OBJECT = {"ETag": '"one"', "Last-Modified": "Sun, 22 Nov 2026 09:00:00 GMT"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Only credentials and a region in the environment, as in a function, and an empty home."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return tmp_path


def obstore_at(endpoint: str, other: Store | None = None, attempts: int = 1) -> ObstoreStore:
    """A store through obstore; by default, boto3 must not be asked for anything."""

    def by_boto3() -> Store:
        assert other is not None, "boto3 was asked"
        return other

    credentials = Credentials(ACCESS_KEY, SECRET_KEY, "")
    connection = Connection(f"{endpoint}/bucket", "us-east-1", lambda: credentials, 1, 1)
    return ObstoreStore("bucket", "", connection, by_boto3, attempts)


# --- the choice ----------------------------------------------------------------------------------


def test_a_function_reads_and_writes_without_an_import_of_boto3(
    moto_server: str, moto_client: S3Client, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_server)
    code = f"""if True:
        import sys
        from feeds.stores.addresses import open_store
        store = open_store("s3://{bucket}/feeds")
        version = store.put("a", b"one", mode="create")
        assert store.get("a").data == b"one"
        assert store.head("a").version == version
        assert store.get_start("a", 2) == b"on"
        store.delete("a")
        sys.exit("boto3" in sys.modules or "botocore" in sys.modules)
    """
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_variable_chooses_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(open_store("s3://bucket"), ObstoreStore)
    monkeypatch.setenv("FEEDS_S3_CLIENT", "boto3")
    assert isinstance(open_store("s3://bucket"), Boto3Store)
    monkeypatch.setenv("FEEDS_S3_CLIENT", "boto")
    with pytest.raises(StoreError, match="FEEDS_S3_CLIENT is 'boto': set it to boto3, or remove"):
        open_store("s3://bucket")


@only(
    ("address", "variables"),
    [
        ("s3://feeds--use1-az4--x-s3", {}),
        ("s3://feeds-aqfqprnstn7aefdfbarligizwgyfouse1a-s3alias", {}),
        ("s3://bucket", {"AWS_USE_FIPS_ENDPOINT": "true"}),
        ("s3://bucket", {"AWS_USE_DUALSTACK_ENDPOINT": "true"}),
        ("s3://bucket", {"AWS_CA_BUNDLE": "/etc/hosts"}),
    ],
)
def test_buckets_that_only_boto3_can_use_get_it(
    monkeypatch: pytest.MonkeyPatch, address: str, variables: dict[str, str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert isinstance(open_store(address), Boto3Store)


@only("setting", ["addressing_style = path", "use_accelerate_endpoint = true"])
def test_settings_of_s3_in_a_file_need_boto3(environment: Path, setting: str) -> None:
    (environment / ".aws").mkdir()
    (environment / ".aws" / "config").write_text(f"[default]\ns3 =\n  {setting}\n")
    assert isinstance(open_store("s3://bucket"), Boto3Store)


def test_a_system_without_certificates_gets_boto3_which_brings_its_own() -> None:
    code = "from feeds.stores.addresses import open_store; print(open_store('s3://bucket'))"
    variables = {"SSL_CERT_FILE": "/nowhere", "SSL_CERT_DIR": "/nowhere", "PATH": "/usr/bin"}
    variables |= {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "HOME": "/nowhere"}
    variables["AWS_DEFAULT_REGION"] = "us-east-1"
    said = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, env=variables, text=True)
    assert "Boto3Store" in said


def requested_by_boto3(bucket: str, key: str) -> tuple[str, str]:
    """The address of an object to which boto3 would send a request, and the region of it."""
    client: Any = get_session().create_client("s3")
    seen: list[str] = []

    def stop(request: Any, **_: Any) -> None:
        seen.append(request.url)
        raise InterruptedError

    client.meta.events.register("before-send.s3", stop)
    with contextlib.suppress(InterruptedError):
        client.get_object(Bucket=bucket, Key=key)
    return seen[0], client.meta.region_name


@only("bucket", ["bucket", "my.bucket", "My_Bucket"])
@only(
    ("region", "endpoint"),
    [
        ("eu-central-1", ""),
        ("us-gov-west-1", ""),
        ("cn-north-1", ""),
        ("us-east-1", "http://minio:9000"),
        ("us-east-1", "http://localhost:9000/base/"),
        ("auto", "https://account.r2.cloudflarestorage.com"),
        ("eu-central-003", "https://s3.eu-central-003.backblazeb2.com"),
    ],
)
def test_requests_go_where_boto3_would_send_them(
    monkeypatch: pytest.MonkeyPatch, bucket: str, region: str, endpoint: str
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    wanted = requested_by_boto3(bucket, "a/b")
    found = [from_environment(bucket), from_boto3(bucket, *new_client("s3://bucket"))]
    if region == "cn-north-1":
        assert found.pop(0) is None
    for connection in found:
        assert connection is not None
        assert (f"{connection.address}/a/b", connection.region) == wanted


def test_the_endpoint_of_s3_alone_goes_before_that_of_all_services(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://all.example")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://s3.example")
    connection = from_environment("bucket")
    assert connection is not None
    assert requested_by_boto3("bucket", "a")[0] == f"{connection.address}/a"


def test_a_profile_of_boto3_is_used(
    moto_server: str, bucket: str, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_PROFILE", "news")
    (environment / ".aws").mkdir()
    (environment / ".aws" / "config").write_text(
        f"[profile news]\nregion = us-east-1\nendpoint_url = {moto_server}\n"
    )
    (environment / ".aws" / "credentials").write_text(
        "[news]\naws_access_key_id = a\naws_secret_access_key = b\naws_session_token = c\n"
    )
    store = open_store(f"s3://{bucket}")
    assert isinstance(store, ObstoreStore)
    store.put("a", b"one")
    assert keys(store) == ["a"]
    assert store._connection.credentials() == Credentials("a", "b", "c")


def test_credentials_that_change_are_used_from_the_next_request_on() -> None:
    current = [Credentials("first", "secret", ""), Credentials("second", "secret", "token")]
    seen: list[str] = []
    with serving(lambda head: seen.append(head) or reply(b"1")) as endpoint:
        connection = Connection(f"{endpoint}/bucket", "us-east-1", lambda: current[0])
        store = ObstoreStore("bucket", "", connection, MemoryStore)
        store.get("a")
        current.pop(0)
        store.get("a")
    assert "Credential=first/" in seen[0]
    assert "x-amz-security-token" not in seen[0]
    assert "Credential=second/" in seen[1]
    assert "x-amz-security-token: token" in seen[1]


# --- keys ----------------------------------------------------------------------------------------

some_keys = st.text(st.sampled_from("a./ %\\\x00\t\n\x1f\x7f\x80é能?#~*"), min_size=1, max_size=8)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(some_keys)
def test_a_plain_key_is_one_that_obstore_keeps(key: str) -> None:
    memory = obstore.store.MemoryStore()
    try:
        obstore.put(memory, key, b"one")
        kept = [found["path"] for batch in obstore.list(memory) for found in batch] == [key]
    except ValueError:
        kept = False
    assert is_plain(key) == kept


@only("key", ["a//b", "/a", "a/", "./a", "a/../b", "..", "tab\there", "a\x7f"])
def test_a_key_that_obstore_would_change_is_the_same_object_for_boto3(
    moto_server: str, bucket: str, key: str
) -> None:
    by_obstore, by_boto3 = (s3_store(name, moto_server, bucket) for name in ("obstore", "boto3"))
    version = by_obstore.put(key, b"one", mode="create")
    assert by_boto3.head(key) == by_obstore.head(key) == by_obstore.get(key).stat  # type: ignore[union-attr]
    assert keys(by_obstore) == [key]
    assert by_obstore.get_start(key, 2) == b"on"
    with pytest.raises(Conflict):
        by_obstore.put(key, b"two", mode="create")
    by_obstore.put(key, b"two", mode=Update(version))
    by_obstore.delete(key)
    assert keys(by_boto3) == []


# --- replies -------------------------------------------------------------------------------------


def reply(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} Any", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or OBJECT).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@contextlib.contextmanager
def serving(answer: Callable[[str], bytes], delay: float = 0) -> Iterator[str]:
    """Start a server that answers each request, on a connection of its own, by its head.

    It waits `delay` seconds before it reads the body of a request.
    """
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection, contextlib.suppress(OSError):
                    head, _, body = read_until_empty_line(connection)
                    length = head.lower().partition("content-length:")[2].split("\r\n")[0]
                    got = len(body)
                    time.sleep(delay)
                    while got < int(length or 0) and (part := connection.recv(16_384)):
                        got += len(part)
                    connection.sendall(answer(head))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


def read_until_empty_line(connection: socket.socket) -> tuple[str, bytes, bytes]:
    got = b""
    while b"\r\n\r\n" not in got and (part := connection.recv(65_536)):
        got += part
    head, line, body = got.partition(b"\r\n\r\n")
    return head.decode(), line, body


ERROR = "<Error><Code>{}</Code><Message>a {} &amp; &quot;more&quot;\nand more</Message></Error>"


@only(
    "key",
    [
        "x - Server returned non-2xx status code: 404 Not Found: ",
        "status: 404, body: None,",
        'Some("<Code>NoSuchKey</Code>")',
    ],
)
def test_a_key_cannot_look_like_a_status(key: str) -> None:
    body = ERROR.format("AccessDenied", key.replace("<", "&lt;")).encode()
    with (
        serving(lambda _: reply(body, 403)) as endpoint,
        pytest.raises(Denied, match="the store answered 403 AccessDenied: a ") as caught,
    ):
        obstore_at(endpoint).get(key)
    assert '& "more"\nand more' in str(caught.value)


@only("operation", ["get", "head"])
@only("header", ["ETag", "Last-Modified"])
def test_a_reply_without_a_header_is_unavailable(operation: str, header: str) -> None:
    headers = {name: value for name, value in OBJECT.items() if name != header}
    with (
        serving(lambda _: reply(b"1", headers=headers)) as endpoint,
        pytest.raises(Unavailable, match="s3://bucket/a: the reply broke off"),
    ):
        getattr(obstore_at(endpoint), operation)("a")


@only("operation", ["get", "head", "get_start", "put", "delete"])
@only(
    ("status", "code"),
    [(301, "PermanentRedirect"), (307, "Temporary"), (400, "AuthorizationHeaderMalformed")],
)
def test_a_bucket_in_another_region_is_left_to_boto3(
    operation: str, status: int, code: str
) -> None:
    other, requests = MemoryStore(), []
    other.put("a", b"one")
    call: dict[str, Callable[[Store], object]] = {
        "get": lambda store: data(store, "a"),
        "head": lambda store: store.head("a"),
        "get_start": lambda store: store.get_start("a", 2),
        "put": lambda store: store.put("a", b"two", mode="create"),
        "delete": lambda store: store.delete("a"),
    }
    with serving(
        lambda head: (
            requests.append(head)
            or reply(b"" if head.startswith("HEAD") else ERROR.format(code, "").encode(), status)
        )
    ) as endpoint:
        store = obstore_at(endpoint, other)
        if operation == "put":
            with pytest.raises(Conflict):
                call[operation](store)
        else:
            wanted = call[operation](other)
            assert call[operation](store) == wanted
        assert keys(store) == keys(other)
        store.get("a")
    assert len(requests) == 1  # all others went to boto3 at once


def test_a_server_that_ignores_the_range_of_a_read_is_read_by_boto3() -> None:
    other = MemoryStore()
    other.put("a", b"12345")
    with serving(lambda _: reply(b"abcde")) as endpoint:
        store = obstore_at(endpoint, other)
        assert store.get_start("a", 2) == b"12"
        assert data(store, "a") == b"abcde"  # by obstore


# --- attempts ------------------------------------------------------------------------------------


@pytest.fixture
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obstore_store, "WAITS", (0.0,) * 4)


@only(
    ("status", "count"),
    [(403, 1), (404, 1), (409, 1), (412, 1), (501, 1), (429, 5), (500, 5), (503, 5)],
)
@only("mode", ["overwrite", "create", Update("one")], ids=["overwrite", "create", "update"])
def test_a_write_is_repeated_only_if_its_answer_says_so(
    no_waits: None, status: int, count: int, mode: Any
) -> None:
    requests: list[str] = []
    with (
        serving(lambda head: requests.append(head) or reply(b"", status)) as endpoint,
        pytest.raises(StoreError),
    ):
        obstore_at(endpoint, attempts=5).put("a", b"one", mode=mode)
    assert len(requests) == count


@only("server", ["moto_server", "seaweedfs"])
@only("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_a_request_whose_reply_is_lost_is_sent_again(
    request: pytest.FixtureRequest, server: str, method: str
) -> None:
    endpoint, name = request.getfixturevalue(server), f"lost-replies-{next(number)}"
    s3_client(endpoint).create_bucket(Bucket=name)
    direct = s3_store("obstore", endpoint, name)
    stat_of_first = direct.put("a", b"one")
    with lossy(endpoint, method) as url:
        store = s3_store("obstore", url, name, attempts=5)
        if method == "GET":
            assert data(store, "a") == b"one"
        elif method == "HEAD":
            assert store.head("a") == direct.head("a")
        elif method == "PUT":
            assert store.put("a", b"two") != stat_of_first
            assert data(direct, "a") == b"two"
        else:
            store.delete("a")
            assert keys(direct) == []


@pytest.mark.slow
def test_a_large_write_may_take_longer_than_a_server_may_be_silent() -> None:
    """The server reads the body after two seconds; it may be silent for one."""
    with serving(lambda _: reply(b""), delay=2) as endpoint:
        store = obstore_at(endpoint)
        with pytest.raises(Unavailable, match=f"{endpoint} did not answer in time; try again"):
            store.put("a", bytes(LARGE))
        assert store.put("a", bytes(LARGE + 1)) == "one"


def test_a_server_that_refuses_connections_is_named() -> None:
    port = free_port()
    with pytest.raises(Unavailable, match=f"http://127.0.0.1:{port} refused .* AWS_ENDPOINT_URL"):
        obstore_at(f"http://127.0.0.1:{port}").get("a")


def test_a_server_whose_certificate_is_not_trusted_is_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "server.pem"
    with (
        answering(200, headers=OBJECT, body=b"1", certificate=file) as endpoint,
        pytest.raises(Unavailable, match=r"certificate .* is not trusted; set AWS_CA_BUNDLE"),
    ):
        obstore_at(endpoint).get("a")


def test_a_certificate_that_the_system_trusts_is_trusted(tmp_path: Path) -> None:
    file = tmp_path / "server.pem"
    with answering(200, headers=OBJECT, body=b"1", certificate=file) as endpoint:
        code = """if True:
            from feeds.stores.addresses import open_store
            store = open_store("s3://bucket")
            assert store.get("a").data == b"1"
            assert store.put("a", b"2", mode="create") == "one"
            print(store)
        """
        variables = {**os.environ, "AWS_ENDPOINT_URL": endpoint, "SSL_CERT_FILE": str(file)}
        command = [sys.executable, "-c", code]
        said = subprocess.check_output(command, cwd=ROOT, env=variables, text=True)
    assert "ObstoreStore" in said


@only("name", ["HTTP_PROXY", "http_proxy"])
def test_requests_go_through_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    requests: list[str] = []
    with serving(lambda head: requests.append(head) or reply(b"1")) as proxy:
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.setenv(name, proxy)
        store = obstore_at("http://s3.example")
        assert data(store, "a") == b"1"
    assert requests[0].startswith("GET http://s3.example/bucket/a ")


@pytest.mark.slow
def test_processes_of_a_build_read_a_bucket_that_this_process_has_read(
    moto_server: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """obstore does not work in a process that was forked after its first request."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_server)
    code = f"""if True:
        from datetime import UTC, datetime
        from feeds.building import scan
        from feeds.config import Config
        from feeds.config_file.parse import parse_config
        from feeds.stores.addresses import open_store
        if __name__ == "__main__":
            scan.SERIAL_BELOW = scan.CHUNK_SIZE = 2
            store = open_store("s3://{bucket}")
            for n in range(6):
                store.put(f"2026-11-0{{n + 1}}-a.md", b"---\\ntitle: A\\n---\\nText.\\n")
            config = parse_config('[site]\\ntitle = "A"\\nurl = "https://a.example/"')
            with scan.PostScanner(store, config, datetime(2100, 1, 1, tzinfo=UTC), 2) as posts:
                posts.read()
                print(len(posts.summaries), [str(one) for one in posts.problems])
    """
    command = [sys.executable, "-c", code]
    said = subprocess.check_output(command, cwd=ROOT, text=True, timeout=120)
    assert said == "6 []\n"
