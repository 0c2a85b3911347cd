"""The contract of feeds/stores/base.py, for every store; then what is particular to each."""

from __future__ import annotations

import inspect
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.servers import ACCESS_KEY, SECRET_KEY, answering, free_port, lossy, s3_client

from feeds.errors import (
    AlreadyExists,
    Conflict,
    Denied,
    StoreError,
    TooLarge,
    Unavailable,
    VersionMismatch,
)
from feeds.stores import local
from feeds.stores.addresses import open_store
from feeds.stores.base import PutMode, Stat, Store, Update, if_unchanged
from feeds.stores.counted import Counted
from feeds.stores.local import LocalStore
from feeds.stores.memory import MemoryStore
from feeds.stores.prefixed import Prefixed
from feeds.stores.s3 import S3Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")

ROOT = Path(__file__).parent.parent.parent

number = itertools.count()


def prefixed() -> Store:
    """A part of a store that has neighbours on every side."""
    whole = MemoryStore()
    for neighbour in ("p", "public", "public.", "public0", "publi/x", "state/x"):
        whole.put(neighbour, b"a neighbour")
    return Prefixed(whole, "public/")


@pytest.fixture(scope="session")
def moto_client(moto_server: str) -> S3Client:
    return s3_client(moto_server)


def on_moto(client: S3Client) -> Store:
    """A bucket of its own."""
    bucket = f"contract-{next(number)}"
    client.create_bucket(Bucket=bucket)
    return S3Store(bucket, client=client)


@pytest.fixture(scope="session")
def weed_client(seaweedfs: str) -> S3Client:
    client = s3_client(seaweedfs)
    client.create_bucket(Bucket="contract")  # one for all: each new bucket takes it a second
    return client


def on_seaweedfs(client: S3Client) -> Store:
    """A folder of its own, beside another one's object."""
    prefix = f"run {next(number)}"
    client.put_object(Bucket="contract", Key=prefix + "0", Body=b"a neighbour")
    return S3Store("contract", prefix, client)


STORES: dict[str, Callable[[pytest.FixtureRequest], Store]] = {
    "memory": lambda _: MemoryStore(),
    "folder": lambda request: LocalStore(request.getfixturevalue("tmp_path") / "folder"),
    "prefixed": lambda _: prefixed(),
    "counted": lambda _: Counted(MemoryStore()),
    "moto": lambda request: on_moto(request.getfixturevalue("moto_client")),
    "seaweedfs": lambda request: on_seaweedfs(request.getfixturevalue("weed_client")),
}


@pytest.fixture(params=STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def store(request: pytest.FixtureRequest, kind: str) -> Store:
    return STORES[kind](request)


only = pytest.mark.parametrize
NEVER_REPEATS = ["memory", "folder", "prefixed", "counted"]
S3 = ["moto", "seaweedfs"]


def keys(store: Store, prefix: str = "") -> list[str]:
    return [found.key for found in store.list(prefix)]


def data(store: Store, key: str) -> bytes | None:
    found = store.get(key)
    return found.data if found else None


def version(store: Store, key: str) -> str:
    found = store.head(key)
    return found.version if found else ""


def at_once(count: int, work: Callable[[int], T]) -> list[T]:
    """What `work` returns for 0, 1, …, all started at one moment."""
    start = threading.Barrier(count)

    def wait_and_work(i: int) -> T:
        start.wait()
        return work(i)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(wait_and_work, range(count)))


# Reads and writes


def test_what_was_put_is_what_is_read(store: Store) -> None:
    new = store.put("2026/a.md", b"\x00\xff\r\n text", media_type="text/plain")
    found = store.get("2026/a.md")
    assert found is not None
    assert found.data == b"\x00\xff\r\n text"
    assert (found.stat.key, found.stat.size) == ("2026/a.md", 9)
    assert found.stat.version == new != ""


def test_get_head_and_list_say_the_same_of_an_object(store: Store) -> None:
    store.put("2026/a.md", b"one")
    found = store.get("2026/a.md")
    assert found is not None
    assert store.head("2026/a.md") == found.stat
    assert list(store.list()) == [found.stat]


def test_an_object_was_modified_when_it_was_written_in_whole_seconds_of_utc(store: Store) -> None:
    store.put("a", b"")
    found = store.head("a")
    assert found is not None
    assert found.modified.tzinfo is UTC
    assert found.modified.microsecond == 0
    assert abs(datetime.now(UTC) - found.modified) < timedelta(seconds=10)


def test_an_empty_object_is_an_object(store: Store) -> None:
    new = store.put("a", b"")
    assert data(store, "a") == b""
    assert version(store, "a") == new


def test_an_object_of_some_megabytes_comes_back_whole(store: Store) -> None:
    large = bytes(range(256)) * 20_000
    store.put("a", large)
    assert data(store, "a") == large


def test_a_missing_object_is_none(store: Store) -> None:
    store.put("a/b", b"")
    for key in ("missing", "a", "a/b/", "a/b/c", "a/bc", "A/b"):
        assert store.get(key) is None
        assert store.head(key) is None


def test_a_deleted_object_is_gone(store: Store) -> None:
    store.put("a", b"")
    store.put("b", b"")
    store.delete("a")
    assert store.get("a") is None
    assert store.head("a") is None
    assert keys(store) == ["b"]


def test_deleting_a_missing_object_does_nothing(store: Store) -> None:
    store.put("a/b", b"")
    for key in ("missing", "a", "a/b/c", ""):
        store.delete(key)
    assert keys(store) == ["a/b"]


def test_a_write_without_a_condition_replaces_whatever_is_there(store: Store) -> None:
    first = store.put("a", b"one")
    second = store.put("a", b"two")
    assert data(store, "a") == b"two"
    assert version(store, "a") == second != first


# Conditional writes


def test_an_object_is_created_once(store: Store) -> None:
    first = store.put("a", b"one", mode="create")
    with pytest.raises(AlreadyExists):
        store.put("a", b"two", mode="create")
    assert data(store, "a") == b"one"
    assert version(store, "a") == first


def test_a_version_can_be_written_over_once(store: Store) -> None:
    first = store.put("a", b"one")
    second = store.put("a", b"two", mode=Update(first))
    assert version(store, "a") == second
    with pytest.raises(VersionMismatch):
        store.put("a", b"three", mode=Update(first))
    assert data(store, "a") == b"two"


@only("read", [Store.get, Store.head, Store.list])
def test_the_version_of_every_read_can_be_written_over(store: Store, read: Callable) -> None:
    store.put("a", b"one")
    found = getattr(store, read.__name__)("a")
    was = {"get": lambda: found.stat, "head": lambda: found, "list": lambda: next(found)}
    store.put("a", b"two", mode=Update(was[read.__name__]().version))
    assert data(store, "a") == b"two"


def test_no_version_of_a_missing_object_can_be_written_over(store: Store) -> None:
    was = store.put("a", b"one")
    with pytest.raises(VersionMismatch):
        store.put("b", b"two", mode=Update(was))
    assert store.get("b") is None


def test_a_version_from_before_a_delete_cannot_be_written_over(store: Store) -> None:
    was = store.put("a", b"one")
    store.delete("a")
    with pytest.raises(VersionMismatch):
        store.put("a", b"two", mode=Update(was))
    store.put("a", b"three", mode="create")
    with pytest.raises(VersionMismatch):
        store.put("a", b"four", mode=Update(was))
    assert data(store, "a") == b"three"


@only("kind", NEVER_REPEATS)
def test_equal_bytes_get_a_new_version_with_every_write(store: Store) -> None:
    versions = {store.put("a", b"one") for _ in range(100)}
    for _ in range(100):
        store.delete("a")
        versions.add(store.put("a", b"one", mode="create"))
    assert len(versions) == 200


@only("kind", S3)
def test_on_s3_equal_bytes_have_equal_versions_so_who_must_tell_them_apart_adds_a_token(
    store: Store,
) -> None:
    was = store.put("a", b"one")
    store.put("a", b"two")
    assert store.put("a", b"one") == was
    store.put("a", b"three", mode=Update(was))


# Races


def writers(kind: str) -> int:
    return 4 if kind == "seaweedfs" else 16  # it makes the losers of one key wait for each other


@only("there_already", [False, True])
def test_of_writers_with_one_version_exactly_one_wins(
    store: Store, kind: str, there_already: bool
) -> None:
    for turn in range(2 if kind == "seaweedfs" else 5):
        key = f"race {turn}"
        was = store.put(key, b"first") if there_already else ""

        def write(i: int, key: str = key, was: str = was) -> str:
            try:
                return store.put(key, b"writer %d" % i, mode=if_unchanged(was))
            except Conflict:
                return ""

        new = at_once(writers(kind), write)
        won = [i for i, v in enumerate(new) if v]
        assert len(won) == 1
        assert data(store, key) == b"writer %d" % won[0]
        assert version(store, key) == new[won[0]]


def count_up(store: Store, times: int) -> None:
    """Add one to the number in `count`, as the publisher changes its state: Conflict, once more."""
    for _ in range(times):
        while True:
            found = store.get("count")
            value, was = (int(found.data), found.stat.version) if found else (0, "")
            try:
                store.put("count", b"%d" % (value + 1), mode=if_unchanged(was))
            except Conflict:
                continue
            break


def test_no_change_of_many_writers_is_lost(store: Store, kind: str) -> None:
    times = 2 if kind == "seaweedfs" else 5
    at_once(4, lambda _: count_up(store, times))
    assert data(store, "count") == b"%d" % (4 * times)


def test_a_reader_sees_whole_objects_only(store: Store, kind: str) -> None:
    sizes = (1, 300_000)
    store.put("a", b"0")

    def work(i: int) -> None:
        for turn in range(5 if kind in S3 else 50):
            if i:
                found = store.get("a")
                assert found is not None
                assert found.stat.size == len(found.data) in sizes
                assert len(set(found.data)) == 1
            else:
                store.put("a", (b"%d" % (turn % 10)) * sizes[turn % 2])

    at_once(3, work)


# Keys

LONG = "/".join(["k" * 199] * 5)
ODD = [
    "%0A",
    "a b",
    "a+b",
    "a%20b",
    "a%2Bb",
    "a&b=c;d,e@f:g$h!i",
    "a?b#c",
    "\"double\" 'single' <angle> `tick`",
    "~tilde",
    ".hidden",
    "...",
    "tab\there",
    "能/源.md",
    "e\u0301",
    "é",
    "😀",
    "a" * 255,
    LONG,
]


@only("key", ODD, ids=lambda key: ascii(key[:20]))
def test_an_odd_key_is_a_key(store: Store, key: str) -> None:
    store.put(key, b"one", mode="create")
    found = store.get(key)
    assert found is not None
    assert (found.data, found.stat.key) == (b"one", key)
    assert list(store.list()) == list(store.list(key)) == [found.stat] == [store.head(key)]
    store.delete(key)
    assert store.get(key) is None
    assert keys(store) == []


def test_keys_that_look_alike_are_different_objects(store: Store) -> None:
    for key in ODD:
        store.put(key, key.encode())
    assert sorted(keys(store)) == sorted(ODD)
    assert [data(store, key) for key in ODD] == [key.encode() for key in ODD]


@only("kind", [*NEVER_REPEATS, "moto"])  # SeaweedFS makes it a slash
def test_a_backslash_is_no_slash(store: Store) -> None:
    store.put("a\\b", b"one")
    assert store.get("a/b") is None
    assert keys(store) == ["a\\b"]


@only("key", ["", "k" * 1025, "能" * 342, "\ud800"], ids=["empty", "long", "wide", "surrogate"])
def test_what_is_not_a_key_can_be_read_as_missing_but_not_written(store: Store, key: str) -> None:
    store.put("a", b"")
    with pytest.raises(StoreError, match="key"):
        store.put(key, b"")
    assert store.get(key) is None
    assert store.head(key) is None
    store.delete(key)
    assert keys(store) == ["a"]


# Bounded reads


def test_a_read_of_exactly_the_limit_passes(store: Store) -> None:
    store.put("a", b"12345")
    store.put("empty", b"")
    assert store.get("a", limit=5) == store.get("a")
    assert store.get("empty", limit=0) == store.get("empty")
    assert store.get("missing", limit=0) is None


@only("limit", [0, 4])
def test_a_read_of_more_than_the_limit_says_so(store: Store, limit: int) -> None:
    store.put("folder/a", b"12345")
    with pytest.raises(TooLarge, match="folder/a"):
        store.get("folder/a", limit=limit)


# Listings


def test_a_listing_is_in_the_order_of_the_keys_bytes(store: Store, kind: str) -> None:
    given = [
        "a-b",
        "a/b",
        "a/c/d",
        "a/c-d",
        "a.b",
        "a0",
        "B",
        "b/é",
        "b/z",
        "b/\uffff",
        "b/😀",
        "能",
    ]
    for key in given:
        store.put(key, b"")
    found = keys(store)
    if kind == "seaweedfs":  # goes folder by folder; feeds/stores/s3.py says so
        assert found == sorted(given, key=lambda key: key.split("/"))
    else:
        assert found == sorted(given, key=str.encode)


@only(
    ("prefix", "expected"),
    [
        ("", ["2026-a", "2026/01/a", "2026/01/b", "2026/11", "x+y/a", "x/y"]),
        ("2", ["2026-a", "2026/01/a", "2026/01/b", "2026/11"]),
        ("2026/", ["2026/01/a", "2026/01/b", "2026/11"]),
        ("2026/0", ["2026/01/a", "2026/01/b"]),
        ("2026/01/", ["2026/01/a", "2026/01/b"]),
        ("2026/01/a", ["2026/01/a"]),
        ("2026/01/a/", []),
        ("2026/01/ab", []),
        ("x+", ["x+y/a"]),
        ("x y", []),
        ("..", []),
        ("missing/", []),
    ],
)
def test_a_prefix_is_text_not_a_folder(store: Store, prefix: str, expected: list[str]) -> None:
    for key in ("2026/01/b", "2026/01/a", "2026/11", "2026-a", "x+y/a", "x/y"):
        store.put(key, b"")
    assert sorted(keys(store, prefix)) == expected


def test_a_listing_goes_on_after_a_thousand_objects(store: Store) -> None:
    names = [f"n/{i:04}" for i in range(1005)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: store.put(key, b""), names))
    assert keys(store) == keys(store, "n/") == names


def test_an_empty_store_lists_nothing(store: Store) -> None:
    assert keys(store) == []


def test_objects_may_go_while_a_listing_is_read(store: Store) -> None:
    for i in range(6):
        store.put(f"{i}/a", b"")
    seen = []
    for found in store.list():
        if not seen:
            for i in range(1, 5):
                store.delete(f"{i}/a")
        seen.append(found.key)
    assert seen[0] == "0/a"
    assert seen[-1] == "5/a"


# Memory


def test_memory_lets_writers_in_one_by_one() -> None:
    def slow() -> datetime:
        time.sleep(0.01)
        return datetime.now(UTC)

    store = MemoryStore(clock=slow)
    at_once(4, lambda _: count_up(store, 5))
    assert data(store, "count") == b"20"


# Stores without a service, against each other

some_keys = st.sampled_from(["a", "b/c", "b/d", "b-e", "b0", "f/g/h", "f/g-h"])
some_data = st.sampled_from([b"", b"1", b"22"])
operations = st.lists(
    st.one_of(
        st.tuples(st.just("put"), some_keys, some_data),
        st.tuples(st.just("create"), some_keys, some_data),
        st.tuples(st.just("replace"), some_keys, some_data),
        st.tuples(st.just("replace stale"), some_keys, some_data),
        st.tuples(st.just("delete"), some_keys, some_data),
    ),
    max_size=30,
)


def told(store: Store, steps: list[tuple[str, str, bytes]]) -> Iterator[object]:
    """All that a store says of some steps, but for the text of its versions."""
    seen: dict[str, list[str]] = {}
    for what, key, value in steps:
        current = version(store, key)
        versions = seen.setdefault(key, [""])
        stale = [v for v in versions if v != current]
        modes: dict[str, PutMode] = {
            "create": "create",
            "replace": if_unchanged(current),
            "replace stale": if_unchanged(stale[-1]) if stale else "overwrite",
        }
        try:
            if what == "delete":
                store.delete(key)
            else:
                versions.append(store.put(key, value, mode=modes.get(what, "overwrite")))
        except Conflict:
            yield "conflict"
        yield [(found.key, found.size, data(store, found.key)) for found in store.list()]
        yield len(set(versions)) == len(versions)


@settings(max_examples=60, deadline=None)
@given(operations)
def test_a_folder_and_a_part_of_memory_do_as_memory_does(steps: list) -> None:
    with tempfile.TemporaryDirectory() as folder:
        expected = list(told(MemoryStore(), steps))
        assert list(told(LocalStore(folder), steps)) == expected
        assert list(told(Prefixed(MemoryStore(), "p/"), steps)) == expected


# Parts of a store


@only("kind", ["memory", "folder", *S3])
def test_a_part_of_a_store_does_not_see_what_is_beside_it(store: Store) -> None:
    for key in ("public.txt", "public0", "state/a", "publi"):
        store.put(key, b"beside")
    public, state = Prefixed(store, "public/"), Prefixed(store, "state/")
    public.put("a", b"public", mode="create")
    assert keys(public) == ["a"]
    assert keys(state) == ["a"]
    assert data(state, "a") == b"beside"
    public.delete("a")
    assert keys(store) == ["publi", "public.txt", "public0", "state/a"]
    assert public.url == f"{store.url.rstrip('/')}/public/"


def test_a_part_of_a_part_is_a_part() -> None:
    whole = MemoryStore()
    Prefixed(Prefixed(whole, "a/"), "b/").put("c", b"one")
    assert keys(whole) == ["a/b/c"]


# A folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "folder"


def files(folder: Path) -> list[str]:
    """Everything in a folder, as the system sees it."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


def test_a_folder_is_made_by_the_first_write_and_holds_only_its_objects(folder: Path) -> None:
    store = LocalStore(folder)
    assert store.url == str(folder)
    assert not folder.exists()
    store.put("a/b.md", b"one")
    store.put("a/b.md", b"two", mode=Update(version(store, "a/b.md")))
    assert files(folder) == ["a", "a/b.md"]
    assert (folder / "a/b.md").read_bytes() == b"two"


def test_files_from_elsewhere_are_objects(folder: Path) -> None:
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/post.md").write_bytes(b"one")
    store = LocalStore(folder)
    first = version(store, "sub/post.md")
    assert keys(store) == ["sub/post.md"]
    (folder / "sub/post.md").write_bytes(b"more")
    with pytest.raises(VersionMismatch):
        store.put("sub/post.md", b"two", mode=Update(first))


def test_every_user_may_read_what_is_written(folder: Path) -> None:
    old = os.umask(0o022)
    try:
        LocalStore(folder).put("a", b"")
    finally:
        os.umask(old)
    assert (folder / "a").stat().st_mode & 0o777 == 0o644


@only("steps", [[5_000, 5_000, 5_000], [9_000, 5_000, 1_000]], ids=["stands", "goes back"])
def test_a_version_changes_though_the_clock_does_not_go_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, steps: list[int]
) -> None:
    clock = iter(steps)
    monkeypatch.setattr(local.time, "time_ns", lambda: next(clock) * 10**9)
    store = LocalStore(folder)
    versions = [store.put("a", b"same") for _ in steps]
    times = [int(v.partition("-")[0], 16) for v in versions]
    assert times == [steps[0] * 10**9 + i for i in range(3)]
    assert version(store, "a") == versions[-1]


COUNT_UP = f"""
import sys
from feeds.errors import Conflict
from feeds.stores.base import Store, if_unchanged
from feeds.stores.local import LocalStore
{inspect.getsource(count_up)}
print("ready", flush=True)
input()
count_up(LocalStore(sys.argv[1]), 100)
"""


def test_processes_lose_no_change(folder: Path) -> None:
    command = [sys.executable, "-c", COUNT_UP, str(folder)]
    pipe = subprocess.PIPE
    running = [
        subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) for _ in range(3)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in running:
        process.communicate()
    assert [process.returncode for process in running] == [0, 0, 0]
    assert data(LocalStore(folder), "count") == b"300"


def test_two_names_of_a_folder_share_its_locks(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    (tmp_path / "link").symlink_to(folder)
    stores = [LocalStore(folder), LocalStore(tmp_path / "link")]
    at_once(4, lambda i: count_up(stores[i % 2], 20))
    assert data(stores[0], "count") == b"80"


def test_locks_are_outside_of_the_folder_and_made_again_when_cleaned_away(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    store = LocalStore(folder)
    done = threading.Event()

    def clean() -> None:
        while not done.is_set():
            for lock in tmp_path.glob("bucketfeed-*/*"):
                lock.unlink(missing_ok=True)
            for locks in tmp_path.glob("bucketfeed-*"):
                try:
                    locks.rmdir()
                except OSError:
                    continue

    cleaner = threading.Thread(target=clean)
    cleaner.start()
    try:
        for i in range(300):
            store.put("a", b"%d" % i)
    finally:
        done.set()
        cleaner.join()
    assert files(folder) == ["a"]


def test_a_process_forked_during_a_write_does_not_keep_the_lock(folder: Path) -> None:
    store = LocalStore(folder)
    with store._locked("a"):
        pid = os.fork()
        if not pid:
            time.sleep(3)
            os._exit(0)
    start = time.monotonic()
    store.put("a", b"")
    assert time.monotonic() - start < 2
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_a_temporary_file_is_never_an_object(folder: Path) -> None:
    store = LocalStore(folder)
    store.put("sub/a", b"0" * 100_000)
    (folder / "sub/.~left-by-a-crash").write_bytes(b"half")
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            store.put("sub/a", b"1" * 100_000)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(200):
            assert keys(store) == ["sub/a"]
            assert keys(store, "sub/.~") == []
    finally:
        done.set()
        writer.join()
    assert files(folder) == ["sub", "sub/.~left-by-a-crash", "sub/a"]
    assert store.get("sub/.~left-by-a-crash") is None


def test_a_write_that_fails_leaves_nothing_behind(folder: Path) -> None:
    store = LocalStore(folder)
    store.put("a/b", b"one")
    with pytest.raises(StoreError, match="there is a folder of that name"):
        store.put("a", b"two")
    for key in ("a/b/c", "a/b/c/d"):
        with pytest.raises(StoreError, match="one of its folders is a file"):
            store.put(key, b"two")
    assert files(folder) == ["a", "a/b"]


BAD = {
    "..": "'..'",
    "a/../b": "'..'",
    "../folder/a": "'..'",
    ".": "'.'",
    "./a": "'.'",
    "/etc/passwd": "''",
    "a//b": "''",
    "a/": "''",
    "a\0b": "NUL",
    "k" * 256: "255 bytes",
    "能" * 86: "255 bytes",
    ".~a": "temporary",
    ".~a/b": "temporary",
}


@only(("key", "why"), BAD.items(), ids=[ascii(key[:12]) for key in BAD])
def test_a_key_that_cannot_be_a_path_is_refused_and_says_why(
    folder: Path, key: str, why: str
) -> None:
    store = LocalStore(folder)
    store.put("a", b"one")
    with pytest.raises(StoreError, match=why):
        store.put(key, b"two")
    assert store.get(key) is None
    assert store.head(key) is None
    store.delete(key)
    assert list(store.list(key + "/")) == []
    assert files(folder) == ["a"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.sampled_from("./~\\\0 a%能\ud800")))
def test_whatever_the_key_nothing_is_written_outside_of_the_folder(key: str) -> None:
    with tempfile.TemporaryDirectory() as outer:
        store = LocalStore(Path(outer) / "in/folder")
        try:
            store.put(key, b"one")
        except StoreError:
            expected = []
        else:
            expected = [key]
        assert keys(store) == expected
        assert [data(store, k) for k in expected] == [b"one" for _ in expected]
        outside = [p for p in Path(outer).rglob("*") if p.is_file()]
        assert [p.relative_to(f"{outer}/in/folder").as_posix() for p in outside] == expected


def test_a_link_out_of_the_folder_leads_nowhere(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    store = LocalStore(folder)
    store.put("a", b"one")
    (folder / "file").symlink_to(outside / "secret")
    (folder / "relative").symlink_to("../outside/secret")
    (folder / "dir").symlink_to(outside)
    (folder / "up").symlink_to("..")
    (folder / "round").symlink_to("round")
    (folder / "broken").symlink_to("missing")
    for key in (
        "file",
        "relative",
        "dir/secret",
        "up/outside/secret",
        "round",
        "round/a",
        "broken",
    ):
        assert store.get(key) is None
        assert store.head(key) is None
        store.delete(key)
    assert keys(store) == ["a"]
    assert keys(store, "dir/") == keys(store, "up/outside/") == keys(store, "round/") == []
    for key in ("dir/new", "dir/new/new", "up/new", "round/new"):
        with pytest.raises(StoreError, match="symbolic link"):
            store.put(key, b"new")
    assert files(outside) == ["secret"]
    store.put("file", b"mine", mode="create")
    assert data(store, "file") == b"mine"
    assert (outside / "secret").read_bytes() == b"secret"
    assert (folder / "relative").is_symlink()


def test_a_link_to_a_file_of_the_folder_is_an_object_and_one_to_a_folder_is_not(
    folder: Path,
) -> None:
    store = LocalStore(folder)
    store.put("posts/a", b"one")
    (folder / "posts/b").symlink_to("a")
    (folder / "more").symlink_to("posts")
    assert keys(store) == ["posts/a", "posts/b"]
    assert data(store, "posts/b") == b"one"
    assert store.get("more/a") is None
    store.put("posts/b", b"two", mode=Update(version(store, "posts/b")))
    assert data(store, "posts/a") == b"one"
    store.delete("posts/b")
    assert keys(store) == ["posts/a"]


def test_folders_left_empty_go_up_to_the_root(folder: Path) -> None:
    store = LocalStore(folder)
    store.put("a/b/c/1", b"")
    store.put("a/2", b"")
    store.delete("a/b/c/1")
    assert files(folder) == ["a", "a/2"]
    store.delete("a/2")
    assert folder.is_dir()
    assert files(folder) == []


def test_a_write_into_a_folder_that_a_delete_is_taking_away_succeeds(folder: Path) -> None:
    store = LocalStore(folder)

    def work(i: int) -> None:
        for _ in range(150):
            store.put(f"a/b/c/{i}", b"one")
            assert data(store, f"a/b/c/{i}") == b"one"
            store.delete(f"a/b/c/{i}")

    at_once(4, work)
    assert files(folder) == []


def test_what_is_not_a_file_is_not_an_object(folder: Path) -> None:
    (folder / "sub").mkdir(parents=True)
    os.mkfifo(folder / "pipe")
    store = LocalStore(folder)
    assert keys(store) == []
    for key in ("sub", "pipe"):
        assert store.get(key) is None
        assert store.head(key) is None


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc")
def test_a_file_that_is_longer_than_it_says_is_bounded_too() -> None:
    store = LocalStore("/proc/self")
    found = store.head("status")
    assert found is not None
    assert found.size == 0
    with pytest.raises(TooLarge):
        store.get("status", limit=10)


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS refuses such names")
def test_a_file_whose_name_is_not_text_is_not_an_object(folder: Path) -> None:
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.md")).write_bytes(b"")
    assert keys(LocalStore(folder)) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_denied_not_missing(folder: Path) -> None:
    store = LocalStore(folder)
    store.put("a", b"")
    (folder / "a").chmod(0)
    with pytest.raises(Denied):
        store.get("a")
    folder.chmod(0)
    with pytest.raises(Denied):
        keys(store)
    folder.chmod(0o700)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="expected a folder, found a file"):
        LocalStore(tmp_path / "file")


# S3


@pytest.fixture
def bucket(moto_client: S3Client) -> str:
    name = f"bucket-{next(number)}"
    moto_client.create_bucket(Bucket=name)
    return name


def test_headers_reach_the_object(moto_client: S3Client, bucket: str) -> None:
    store = S3Store(bucket, "public", moto_client)
    store.put("atom.xml", b"", media_type="application/atom+xml", cache_control="max-age=300")
    sent = moto_client.head_object(Bucket=bucket, Key="public/atom.xml")
    assert (sent["ContentType"], sent["CacheControl"]) == ("application/atom+xml", "max-age=300")


def test_bytes_that_were_stored_compressed_are_left_alone(
    moto_client: S3Client, bucket: str
) -> None:
    packed = bytes.fromhex("1f8b0800000000000003") + b"anything"
    moto_client.put_object(Bucket=bucket, Key="a", Body=packed, ContentEncoding="gzip")
    assert data(S3Store(bucket, client=moto_client), "a") == packed


@only("prefix", ["site/feeds", "site/feeds/", "/site/feeds/"])
def test_a_prefix_is_a_folder_however_it_is_written(
    moto_client: S3Client, bucket: str, prefix: str
) -> None:
    store = S3Store(bucket, prefix, moto_client)
    store.put("a", b"one")
    assert store.url == f"s3://{bucket}/site/feeds"
    assert keys(S3Store(bucket, client=moto_client)) == ["site/feeds/a"]


def test_the_mark_of_a_folder_made_in_a_console_is_not_an_object_of_it(
    moto_client: S3Client, bucket: str
) -> None:
    moto_client.put_object(Bucket=bucket, Key="public/", Body=b"")
    assert keys(S3Store(bucket, "public", moto_client)) == []
    assert keys(Prefixed(S3Store(bucket, client=moto_client), "public/")) == []


def test_a_missing_bucket_is_an_error_that_names_it(moto_client: S3Client) -> None:
    store = S3Store("no-such-bucket", client=moto_client)
    for ask in asks(store, "get", "put", "create", "replace", "delete", "list"):
        with pytest.raises(StoreError, match=r"no-such-bucket.*create the bucket") as caught:
            ask()
        assert caught.type is StoreError


def asks(store: Store, *names: str) -> list[Callable[[], object]]:
    known: dict[str, Callable[[], object]] = {
        "get": lambda: store.get("a/b"),
        "head": lambda: store.head("a/b"),
        "put": lambda: store.put("a/b", b""),
        "create": lambda: store.put("a/b", b"", mode="create"),
        "replace": lambda: store.put("a/b", b"", mode=Update("one")),
        "delete": lambda: store.delete("a/b"),
        "list": lambda: list(store.list("a/b")),
    }
    return [known[name] for name in names or known]


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
def test_an_answer_becomes_one_error_whatever_was_asked(
    status: int, code: str, expected: type[StoreError]
) -> None:
    with answering(status, code=code) as url:
        for ask in asks(S3Store("bucket", "posts", s3_client(url))):
            with pytest.raises(StoreError, match=f"s3://bucket/posts/a/b: .*{status}") as caught:
                ask()
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
    status: int, code: str, expected: type[StoreError]
) -> None:
    with answering(status, code=code) as url:
        [update] = asks(S3Store("bucket", client=s3_client(url)), "replace")
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
    status: int, code: str, expected: type[StoreError]
) -> None:
    with answering(status, code=code) as url:
        [create] = asks(S3Store("bucket", client=s3_client(url)), "create")
        with pytest.raises(StoreError, match="s3://bucket/a/b") as caught:
            create()
    assert caught.type is expected


def test_a_server_that_does_not_answer_is_unavailable() -> None:
    with answering(0) as url:
        client = s3_client(url, read_timeout=0.2)
        for ask in asks(S3Store("bucket", client=client), "get", "put", "list"):
            with pytest.raises(Unavailable, match="s3://bucket/a/b"):
                ask()


def test_a_server_that_is_not_there_is_unavailable() -> None:
    client = s3_client(f"http://127.0.0.1:{free_port()}")
    for ask in asks(S3Store("bucket", client=client)):
        with pytest.raises(Unavailable, match="s3://bucket/a/b"):
            ask()


OBJECT = {"ETag": '"one"', "Last-Modified": "Sun, 22 Nov 2026 09:00:00 GMT"}


@only("limit", [None, 9, 10, 100])
def test_an_answer_that_breaks_off_is_unavailable_not_a_short_object(limit: int | None) -> None:
    with answering(200, headers={**OBJECT, "Content-Length": "10"}, body=b"12345") as url:
        store = S3Store("bucket", client=s3_client(url))
        with pytest.raises((Unavailable, TooLarge)) as caught:
            store.get("a", limit)
    assert caught.type is (TooLarge if limit == 9 else Unavailable)


def test_a_listing_that_tells_milliseconds_is_cut_to_seconds() -> None:
    body = b"""<ListBucketResult><Contents><Key>a</Key><ETag>"one"</ETag><Size>1</Size>
    <LastModified>2026-11-22T09:00:00.999Z</LastModified></Contents></ListBucketResult>"""
    with answering(200, body=body) as url:
        store = S3Store("bucket", client=s3_client(url))
        assert list(store.list()) == [Stat("a", "one", 1, datetime(2026, 11, 22, 9, tzinfo=UTC))]


def test_an_object_over_the_limit_is_not_read_at_all() -> None:
    with answering(200, headers={**OBJECT, "Content-Length": str(10**12)}) as url:
        store = S3Store("bucket", client=s3_client(url))
        with pytest.raises(TooLarge, match="1,000,000,000,000 bytes"):
            store.get("a", 1000)


def test_the_sdk_asks_again_when_the_server_is_busy() -> None:
    headers = {**OBJECT, "Content-Length": "1"}
    with answering(503, 200, headers=headers, body=b"1") as url:
        store = S3Store("bucket", client=s3_client(url, attempts=2))
        assert data(store, "a") == b"1"


@only("kind", S3)
@only("there_already", [False, True])
def test_a_write_whose_reply_is_lost_is_a_conflict_though_it_succeeded(
    request: pytest.FixtureRequest, kind: str, there_already: bool
) -> None:
    endpoint = request.getfixturevalue({"moto": "moto_server"}.get(kind, kind))
    name = f"lost-{next(number)}"
    s3_client(endpoint).create_bucket(Bucket=name)
    direct = S3Store(name, client=s3_client(endpoint))
    was = direct.put("state", b"before") if there_already else ""
    with lossy(endpoint, "PUT") as url:
        store = S3Store(name, client=s3_client(url, attempts=5))
        with pytest.raises(VersionMismatch if there_already else AlreadyExists):
            store.put("state", b"after, and my token", mode=if_unchanged(was))
    assert data(direct, "state") == b"after, and my token"


def test_without_credentials_the_error_says_how_to_give_them(
    moto_server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    client = boto3.session.Session().client("s3", endpoint_url=moto_server)
    for ask in asks(S3Store("bucket", client=client)):
        with pytest.raises(StoreError, match="set AWS_ACCESS_KEY_ID") as caught:
            ask()
        assert caught.type is StoreError


# Addresses


@pytest.fixture
def environment(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def test_memory_is_new_each_time() -> None:
    one, other = open_store("memory:"), open_store("memory:")
    one.put("a", b"")
    assert isinstance(one, MemoryStore)
    assert keys(other) == []


@only(("path", "key"), [("", "a"), ("/", "a"), ("/feeds", "feeds/a"), ("/x/feeds/", "x/feeds/a")])
def test_an_s3_address_is_a_bucket_and_a_folder(
    environment: None, moto_client: S3Client, bucket: str, path: str, key: str
) -> None:
    store = open_store(f"s3://{bucket}{path}")
    store.put("a", b"one")
    assert keys(S3Store(bucket, client=moto_client)) == [key]
    assert store.url == f"s3://{bucket}{path}".rstrip("/")
    assert keys(open_store(store.url)) == ["a"]


def test_an_s3_store_made_from_its_address_tries_five_times(environment: None) -> None:
    with closing(S3Store("bucket")._client) as client:
        assert client.meta.config.retries == {"mode": "standard", "total_max_attempts": 5}


def test_an_endpoint_that_is_no_address_is_an_error(
    environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nowhere")
    with pytest.raises(StoreError, match="boto3 is not set up"):
        open_store("s3://bucket")


@only("name", ["folder", "a:b", "fol der", "能"])
def test_any_other_address_is_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for address in (name, f"./{name}", str(tmp_path / name)):
        open_store(address).put("a", address.encode())
        assert (tmp_path / name / "a").read_text() == address


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    store = open_store("~/posts")
    store.put("a", b"")
    assert (tmp_path / "posts/a").exists()
    assert store.url == str(tmp_path / "posts")


@only(
    "address",
    [
        "",
        "s3://",
        "s3:///prefix",
        "s3:bucket",
        "s3://user@bucket/x",
        "s3://bucket?x",
        "memory:x",
        "memory://",
        "gs://bucket",
        "http://example.com/",
        "file:///tmp",
        "a\0b",
        "~no such user/x",
    ],
)
def test_a_bad_address_is_refused_with_what_is_accepted(address: str) -> None:
    with pytest.raises(StoreError, match="s3://bucket/prefix, memory:, or a folder"):
        open_store(address)


def test_boto3_is_imported_only_for_s3() -> None:
    code = "import sys; from feeds.stores.addresses import open_store; open_store('x'); "
    code += "sys.exit('boto3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
