"""The contract of feeds/stores/base.py, run on every store."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.servers import s3_client, s3_store
from support.stores import count_up, data, keys, run_at_once, version

from feeds.errors import (
    AlreadyExists,
    Conflict,
    StoreError,
    TooLarge,
    VersionMismatch,
)
from feeds.stores.base import PutMode, Store, Update, if_unchanged
from feeds.stores.counted import Counted
from feeds.stores.local import LocalStore
from feeds.stores.memory import MemoryStore
from feeds.stores.prefixed import Prefixed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

number = itertools.count()


def prefixed() -> Store:
    """A prefixed store, with objects whose keys sort before and after its own."""
    whole = MemoryStore()
    for neighbour in ("p", "public", "public.", "public0", "publi/x", "state/x"):
        whole.put(neighbour, b"a neighbour")
    return Prefixed(whole, "public/")


def on_moto(client: S3Client, s3: str) -> Store:
    """A store in a bucket of its own, by one of the clients of S3."""
    bucket = f"contract-{next(number)}"
    client.create_bucket(Bucket=bucket)
    return s3_store(s3, client.meta.endpoint_url, bucket)


@pytest.fixture(scope="session")
def weed_client(seaweedfs: str) -> S3Client:
    client = s3_client(seaweedfs)
    client.create_bucket(Bucket="contract")  # one for all tests: a new bucket takes a second
    return client


def on_seaweedfs(client: S3Client, s3: str) -> Store:
    """A store under a prefix of its own, beside an object with a similar key."""
    prefix = f"run {next(number)}"
    client.put_object(Bucket="contract", Key=prefix + "0", Body=b"a neighbour")
    return s3_store(s3, client.meta.endpoint_url, "contract", prefix)


STORES: dict[str, Callable[[pytest.FixtureRequest], Store]] = {
    "memory": lambda _: MemoryStore(),
    "folder": lambda request: LocalStore(request.getfixturevalue("tmp_path") / "folder"),
    "prefixed": lambda _: prefixed(),
    "counted": lambda _: Counted(MemoryStore()),
    "moto": lambda request: on_moto(request.getfixturevalue("moto_client"), "boto3"),
    "moto, obstore": lambda request: on_moto(request.getfixturevalue("moto_client"), "obstore"),
    "seaweedfs": lambda request: on_seaweedfs(request.getfixturevalue("weed_client"), "boto3"),
    "seaweedfs, obstore": lambda request: on_seaweedfs(
        request.getfixturevalue("weed_client"), "obstore"
    ),
}


@pytest.fixture(params=STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def store(request: pytest.FixtureRequest, kind: str) -> Store:
    return STORES[kind](request)


only = pytest.mark.parametrize
NEVER_REPEATS = ["memory", "folder", "prefixed", "counted"]
MOTO = ["moto", "moto, obstore"]
SEAWEEDFS = ["seaweedfs", "seaweedfs, obstore"]
S3 = MOTO + SEAWEEDFS


# Reads and writes


def test_get_returns_what_was_put(store: Store) -> None:
    new = store.put("2026/a.md", b"\x00\xff\r\n text", media_type="text/plain")
    object_ = store.get("2026/a.md")
    assert object_ is not None
    assert object_.data == b"\x00\xff\r\n text"
    assert (object_.stat.key, object_.stat.size) == ("2026/a.md", 9)
    assert object_.stat.version == new != ""


def test_get_head_and_list_return_the_same_stat(store: Store) -> None:
    store.put("2026/a.md", b"one")
    object_ = store.get("2026/a.md")
    assert object_ is not None
    assert store.head("2026/a.md") == object_.stat
    assert list(store.list()) == [object_.stat]


def test_modified_is_the_time_of_the_write_in_whole_seconds_of_utc(store: Store) -> None:
    store.put("a", b"")
    stat = store.head("a")
    assert stat is not None
    assert stat.modified.tzinfo is UTC
    assert stat.modified.microsecond == 0
    assert abs(datetime.now(UTC) - stat.modified) < timedelta(seconds=10)


def test_an_empty_object_is_an_object(store: Store) -> None:
    new = store.put("a", b"")
    assert data(store, "a") == b""
    assert version(store, "a") == new


def test_an_object_of_megabytes_is_read_completely(store: Store) -> None:
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


def test_overwrite_replaces_any_version(store: Store) -> None:
    first = store.put("a", b"one")
    second = store.put("a", b"two")
    assert data(store, "a") == b"two"
    assert version(store, "a") == second != first


# Conditional writes


def test_a_conditional_create_succeeds_once(store: Store) -> None:
    first = store.put("a", b"one", mode="create")
    with pytest.raises(AlreadyExists):
        store.put("a", b"two", mode="create")
    assert data(store, "a") == b"one"
    assert version(store, "a") == first


def test_a_conditional_update_of_a_version_succeeds_once(store: Store) -> None:
    first = store.put("a", b"one")
    second = store.put("a", b"two", mode=Update(first))
    assert version(store, "a") == second
    with pytest.raises(VersionMismatch):
        store.put("a", b"three", mode=Update(first))
    assert data(store, "a") == b"two"


@only("read", [Store.get, Store.head, Store.list])
def test_the_version_of_every_read_can_be_updated(store: Store, read: Callable) -> None:
    store.put("a", b"one")
    result = getattr(store, read.__name__)("a")
    stat = {"get": lambda: result.stat, "head": lambda: result, "list": lambda: next(result)}
    store.put("a", b"two", mode=Update(stat[read.__name__]().version))
    assert data(store, "a") == b"two"


def test_a_conditional_update_of_a_missing_object_fails(store: Store) -> None:
    old = store.put("a", b"one")
    with pytest.raises(VersionMismatch):
        store.put("b", b"two", mode=Update(old))
    assert store.get("b") is None


def test_a_version_from_before_a_delete_cannot_be_updated(store: Store) -> None:
    old = store.put("a", b"one")
    store.delete("a")
    with pytest.raises(VersionMismatch):
        store.put("a", b"two", mode=Update(old))
    store.put("a", b"three", mode="create")
    with pytest.raises(VersionMismatch):
        store.put("a", b"four", mode=Update(old))
    assert data(store, "a") == b"three"


@only("kind", NEVER_REPEATS)
def test_every_write_of_equal_bytes_has_a_new_version(store: Store) -> None:
    versions = {store.put("a", b"one") for _ in range(100)}
    for _ in range(100):
        store.delete("a")
        versions.add(store.put("a", b"one", mode="create"))
    assert len(versions) == 200


@only("kind", S3)
def test_on_s3_equal_bytes_have_equal_versions(
    store: Store,
) -> None:
    old = store.put("a", b"one")
    store.put("a", b"two")
    assert store.put("a", b"one") == old
    store.put("a", b"three", mode=Update(old))


# Races


def writers(kind: str) -> int:
    return 4 if kind in SEAWEEDFS else 16  # its writers of one key wait for each other


@pytest.mark.slow
@only("exists", [False, True])
def test_exactly_one_of_concurrent_conditional_writers_succeeds(
    store: Store, kind: str, exists: bool
) -> None:
    for turn in range(2 if kind in SEAWEEDFS else 5):
        key = f"race {turn}"
        old = store.put(key, b"first") if exists else ""

        def write(i: int, key: str = key, old: str = old) -> str:
            try:
                return store.put(key, b"writer %d" % i, mode=if_unchanged(old))
            except Conflict:
                return ""

        versions = run_at_once(writers(kind), write)
        winners = [i for i, new in enumerate(versions) if new]
        assert len(winners) == 1
        assert data(store, key) == b"writer %d" % winners[0]
        assert version(store, key) == versions[winners[0]]


@pytest.mark.slow
def test_compare_and_swap_loses_no_update(store: Store, kind: str) -> None:
    times = 2 if kind in SEAWEEDFS else 5
    run_at_once(4, lambda _: count_up(store, times))
    assert data(store, "count") == b"%d" % (4 * times)


def test_a_concurrent_reader_sees_only_complete_objects(store: Store, kind: str) -> None:
    sizes = (1, 300_000)
    store.put("a", b"0")

    def work(i: int) -> None:
        for turn in range(5 if kind in S3 else 50):
            if i:
                object_ = store.get("a")
                assert object_ is not None
                assert object_.stat.size == len(object_.data) in sizes
                assert len(set(object_.data)) == 1
            else:
                store.put("a", (b"%d" % (turn % 10)) * sizes[turn % 2])

    run_at_once(3, work)


# Keys

LONG = "/".join(["k" * 199] * 5)
SPECIAL_KEYS = [
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


@only("key", SPECIAL_KEYS, ids=lambda key: ascii(key[:20]))
def test_a_key_with_special_characters_is_kept(store: Store, key: str) -> None:
    store.put(key, b"one", mode="create")
    object_ = store.get(key)
    assert object_ is not None
    assert (object_.data, object_.stat.key) == (b"one", key)
    assert list(store.list()) == list(store.list(key)) == [object_.stat] == [store.head(key)]
    store.delete(key)
    assert store.get(key) is None
    assert keys(store) == []


@pytest.mark.slow
def test_similar_keys_are_different_objects(store: Store) -> None:
    for key in SPECIAL_KEYS:
        store.put(key, key.encode())
    assert sorted(keys(store)) == sorted(SPECIAL_KEYS)
    assert [data(store, key) for key in SPECIAL_KEYS] == [key.encode() for key in SPECIAL_KEYS]


@only("kind", [*NEVER_REPEATS, *MOTO])  # SeaweedFS turns it into a slash
def test_a_backslash_is_not_a_slash(store: Store) -> None:
    store.put("a\\b", b"one")
    assert store.get("a/b") is None
    assert keys(store) == ["a\\b"]


@only("key", ["", "k" * 1025, "能" * 342, "\ud800"], ids=["empty", "long", "wide", "surrogate"])
def test_an_invalid_key_is_missing_and_cannot_be_written(store: Store, key: str) -> None:
    store.put("a", b"")
    with pytest.raises(StoreError, match="key"):
        store.put(key, b"")
    assert store.get(key) is None
    assert store.head(key) is None
    store.delete(key)
    assert keys(store) == ["a"]


# Bounded reads


def test_a_read_of_exactly_the_limit_succeeds(store: Store) -> None:
    store.put("a", b"12345")
    store.put("empty", b"")
    assert store.get("a", limit=5) == store.get("a")
    assert store.get("empty", limit=0) == store.get("empty")
    assert store.get("missing", limit=0) is None


@only("limit", [0, 4])
def test_a_read_over_the_limit_raises_too_large(store: Store, limit: int) -> None:
    store.put("folder/a", b"12345")
    with pytest.raises(TooLarge, match="folder/a"):
        store.get("folder/a", limit=limit)


@only("size", [1, 4, 5, 6, 100_000])
def test_the_start_of_an_object_is_read_up_to_a_size(store: Store, size: int) -> None:
    store.put("folder/a", b"12345")
    store.put("empty", b"")
    assert store.get_start("folder/a", size) == b"12345"[:size]
    assert store.get_start("empty", size) == b""
    assert store.get_start("folder/missing", size) is None
    assert store.get_start("folder", size) is None


# Listings


def test_a_listing_is_sorted_by_the_bytes_of_the_keys(store: Store, kind: str) -> None:
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
    listed = keys(store)
    if kind in SEAWEEDFS:  # lists folder by folder (feeds/stores/s3/boto3_store.py)
        assert listed == sorted(given, key=lambda key: key.split("/"))
    else:
        assert listed == sorted(given, key=str.encode)


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


@pytest.mark.slow
def test_a_listing_continues_after_a_thousand_objects(store: Store) -> None:
    names = [f"n/{i:04}" for i in range(1005)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: store.put(key, b""), names))
    assert keys(store) == keys(store, "n/") == names


def test_an_empty_store_lists_nothing(store: Store) -> None:
    assert keys(store) == []


def test_objects_may_be_deleted_during_a_listing(store: Store) -> None:
    for i in range(6):
        store.put(f"{i}/a", b"")
    listed = []
    for stat in store.list():
        if not listed:
            for i in range(1, 5):
                store.delete(f"{i}/a")
        listed.append(stat.key)
    assert listed[0] == "0/a"
    assert listed[-1] == "5/a"


# Local stores, compared with each other

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


def observations(store: Store, steps: list[tuple[str, str, bytes]]) -> Iterator[object]:
    """What a store returns for some steps, without the text of its versions."""
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
        yield [(stat.key, stat.size, data(store, stat.key)) for stat in store.list()]
        yield len(set(versions)) == len(versions)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(operations)
def test_all_local_stores_behave_alike(steps: list) -> None:
    with tempfile.TemporaryDirectory() as folder:
        expected = list(observations(MemoryStore(), steps))
        assert list(observations(LocalStore(folder), steps)) == expected
        assert list(observations(Prefixed(MemoryStore(), "p/"), steps)) == expected


# Prefixed stores


@only("kind", ["memory", "folder", *S3])
def test_a_prefixed_store_sees_only_objects_under_its_prefix(store: Store) -> None:
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


def test_a_prefixed_store_can_be_prefixed() -> None:
    whole = MemoryStore()
    Prefixed(Prefixed(whole, "a/"), "b/").put("c", b"one")
    assert keys(whole) == ["a/b/c"]
