"""`feeds doctor` names each requirement that a store does not meet."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote_plus

import pytest
from msgspec.structs import replace
from support.servers import s3_client, s3_store
from typer.testing import CliRunner

from feeds.cli import main, options
from feeds.errors import Conflict, Denied, FeedsError, StoreError, Unavailable, VersionMismatch
from feeds.runtime import ThreadedRuntime
from feeds.stores.base import Object, Stat, Store, Update, check_mode
from feeds.stores.conformance import CheckResult, check_store
from feeds.stores.counted import Counted
from feeds.stores.local import LocalStore
from feeds.stores.memory import MemoryStore

pytestmark = pytest.mark.slow

number = itertools.count()


def results(store: Store) -> list[CheckResult]:
    return list(check_store(store, ThreadedRuntime()))


def failures(store: Store) -> set[str]:
    return {result.need for result in results(store) if result.seen}


# --- stores that meet all requirements -----------------------------------------------------------


def on_s3(endpoint: str, prefix: str, client: str = "obstore") -> Store:
    bucket = f"doctor-{next(number)}"
    s3_client(endpoint).create_bucket(Bucket=bucket)
    return s3_store(client, endpoint, bucket, prefix)


STORES: dict[str, Callable[[pytest.FixtureRequest], Store]] = {
    "memory": lambda _: MemoryStore(),
    "folder": lambda request: LocalStore(request.getfixturevalue("tmp_path")),
    "moto": lambda request: on_s3(request.getfixturevalue("moto_server"), ""),
    "moto, a prefix": lambda request: on_s3(request.getfixturevalue("moto_server"), "a b/能"),
    "seaweedfs": lambda request: on_s3(request.getfixturevalue("seaweedfs"), "feeds"),
    "boto3": lambda request: on_s3(request.getfixturevalue("seaweedfs"), "feeds", "boto3"),
}


@pytest.mark.parametrize("kind", STORES)
def test_a_good_store_meets_all_requirements_and_keeps_no_object_of_the_check(kind, request):
    store = STORES[kind](request)
    store.put("public/atom.xml", b"an object of the site")
    checked = results(store)
    for _ in range(3):  # moto's server rarely lets two of several concurrent writers succeed
        if kind.startswith("moto") and any("concurrent" in result.seen for result in checked):
            checked = results(store)
    assert [result.seen for result in checked] == [""] * 13
    assert all(str(result) == f"ok     {result.need}" for result in checked)
    assert [stat.key for stat in store.list()] == ["public/atom.xml"]


def test_each_check_writes_under_a_prefix_of_its_own():
    keys: set[str] = set()

    class Watched(Counted):
        def put(self, key, data, **how):
            keys.add(key)
            return super().put(key, data, **how)

    store = Watched(MemoryStore())
    results(store)
    results(store)
    folders = {tuple(key.split("/")[:2]) for key in keys}
    assert len(folders) == 2
    assert all(top == "state" and name.startswith("doctor-") for top, name in folders)


# --- stores that fail a requirement --------------------------------------------------------------


class Broken(Counted):
    """A store in memory; its subclasses break a requirement."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())


class IgnoresEveryCondition(Broken):
    def put(self, key, data, *, mode="overwrite", **how):
        return super().put(key, data, **how)


class IgnoresIfNoneMatch(Broken):
    def put(self, key, data, *, mode="overwrite", **how):
        return super().put(key, data, mode="overwrite" if mode == "create" else mode, **how)


class IgnoresIfMatch(Broken):
    def put(self, key, data, *, mode="overwrite", **how):
        return super().put(key, data, mode="create" if mode == "create" else "overwrite", **how)


class UpdatesMissingObjects(Broken):
    """Ignores If-Match if the object does not exist."""

    def put(self, key, data, *, mode="overwrite", **how):
        missing = isinstance(mode, Update) and self.head(key) is None
        return super().put(key, data, mode="overwrite" if missing else mode, **how)


class RefusesEveryIfMatch(Broken):
    def put(self, key, data, *, mode="overwrite", **how):
        if isinstance(mode, Update):
            raise VersionMismatch(key)
        return super().put(key, data, mode=mode, **how)


class ChecksBeforeItWrites(Broken):
    """Checks the condition, then writes: two writers can do so at once."""

    def put(self, key, data, *, mode="overwrite", **how):
        check_mode(mode, self.head(key), key)
        if mode != "overwrite":
            time.sleep(0.05)
        return super().put(key, data, **how)


class ReplacesConcurrently(ChecksBeforeItWrites):
    def put(self, key, data, *, mode="overwrite", **how):
        if mode == "create":
            return Broken.put(self, key, data, mode=mode, **how)
        return super().put(key, data, mode=mode, **how)


class ReportsLostWritesAsDone(Broken):
    """Tells the last of the writers that it succeeded, but does not write."""

    def put(self, key, data, *, mode="overwrite", **how):
        try:
            return super().put(key, data, mode=mode, **how)
        except Conflict:
            if "race" in key and data.endswith(b"5"):
                return "lie"
            raise


class Stale(Broken):
    """Returns objects as they were before the last write or delete."""

    stale_methods = ("get", "head", "list")

    def __init__(self) -> None:
        super().__init__()
        self.before: dict[str, Object | None] = {}

    def put(self, key, data, **how):
        self.before[key] = self.store.get(key)
        return super().put(key, data, **how)

    def delete(self, key):
        self.before[key] = self.store.get(key)
        super().delete(key)

    def get(self, key, limit=None):
        if "get" in self.stale_methods and key in self.before:
            return self.before.pop(key)
        return super().get(key, limit)

    def head(self, key):
        if "head" in self.stale_methods and key in self.before:
            object_ = self.before.pop(key)
            return object_.stat if object_ else None
        return super().head(key)

    def list(self, prefix=""):
        if "list" not in self.stale_methods:
            return super().list(prefix)
        listed = {stat.key: stat for stat in super().list(prefix)}
        for key, object_ in self.before.items():
            if key.startswith(prefix):
                listed.pop(key, None)
                listed |= {key: object_.stat} if object_ else {}
        self.before.clear()
        return iter(listed.values())


class StaleReads(Stale):
    stale_methods = ("get",)


class StaleHeads(Stale):
    stale_methods = ("head",)


class StaleListings(Stale):
    stale_methods = ("list",)


class KeepsDeletedObjects(Broken):
    def delete(self, key):
        return


class UsesSizesAsVersions(Broken):
    """Uses the sizes of objects as their versions."""

    def put(self, key, data, *, mode="overwrite", **how):
        check_mode(mode, self.head(key), key)
        super().put(key, data, **how)
        return f"{len(data)}"

    def get(self, key, limit=None):
        object_ = super().get(key, limit)
        return replace(object_, stat=self.sized(object_.stat)) if object_ else None

    def head(self, key):
        stat = super().head(key)
        return self.sized(stat) if stat else None

    def list(self, prefix=""):
        return map(self.sized, super().list(prefix))

    @staticmethod
    def sized(stat: Stat) -> Stat:
        return replace(stat, version=f"{stat.size}")


class ReturnsOtherVersionInHead(Broken):
    def head(self, key):
        stat = super().head(key)
        return replace(stat, version=stat.version + "-gzip") if stat else None


class DecodesKeys(Broken):
    def get(self, key, limit=None):
        return super().get(unquote_plus(key), limit)

    def put(self, key, data, **how):
        return super().put(unquote_plus(key), data, **how)


class ListsKeysEncoded(Broken):
    def list(self, prefix=""):
        for stat in super().list(prefix):
            yield replace(stat, key=stat.key.replace(" ", "+"))


class IgnoresReadLimit(Broken):
    def get(self, key, limit=None):
        return super().get(key)


class DeniesMissingObjects(Broken):
    """Answers as S3 does if ListBucket is not granted."""

    def get(self, key, limit=None):
        if (object_ := super().get(key, limit)) is None:
            raise Denied(f"{key}: the store answered 403 AccessDenied")
        return object_


class DeniesListing(Broken):
    def list(self, prefix="") -> Iterator[Stat]:
        raise Denied(f"{prefix}: the store answered 403 AccessDenied")


class RejectsConditions(Broken):
    def put(self, key, data, *, mode="overwrite", **how):
        if mode != "overwrite":
            raise StoreError(f"{key}: the store answered 501 NotImplemented")
        return super().put(key, data, **how)


MISSING = "a missing object is reported as missing"
READ = "a read returns the last write"
VERSIONS = "different bytes have different versions"
ONCE = "an object can be created only once"
RIGHT = "the version that was read can be replaced"
STALE = "an old version cannot be replaced"
GONE = "a version of a deleted object cannot be replaced"
CREATE = "exactly one concurrent writer creates an object"
REPLACE = "exactly one concurrent writer replaces a version"
LIST = "a listing shows the last write"
DELETED = "a deleted object is gone at once"
ODD = "keys with special characters are kept as they are"
BOUND = "a read can be limited in size"


@pytest.mark.parametrize(
    ("store", "failed"),
    [
        (IgnoresEveryCondition, {ONCE, STALE, GONE, CREATE, REPLACE}),
        (IgnoresIfNoneMatch, {ONCE, CREATE}),
        (IgnoresIfMatch, {STALE, GONE, REPLACE}),
        (UpdatesMissingObjects, {GONE}),
        (RefusesEveryIfMatch, {RIGHT, REPLACE}),
        (ChecksBeforeItWrites, {CREATE, REPLACE}),
        (ReplacesConcurrently, {REPLACE}),
        (ReportsLostWritesAsDone, {CREATE, REPLACE}),
        (StaleReads, {READ, RIGHT, DELETED, ODD, BOUND}),
        (StaleHeads, {READ, RIGHT, DELETED}),
        (StaleListings, {LIST, DELETED, ODD}),
        (UsesSizesAsVersions, {VERSIONS, STALE}),
        (ReturnsOtherVersionInHead, {READ, RIGHT}),
        (DecodesKeys, {ODD}),
        (ListsKeysEncoded, {ODD}),
        (IgnoresReadLimit, {BOUND}),
        (DeniesMissingObjects, {MISSING, DELETED}),
        (DeniesListing, {LIST, DELETED, ODD}),
        (RejectsConditions, {ONCE, RIGHT, STALE, GONE, CREATE, REPLACE}),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_a_broken_store_fails_the_requirements_that_it_breaks(
    store: Callable[[], Store], failed: set[str]
):
    assert failures(store()) == failed


def test_a_store_that_keeps_deleted_objects_fails():
    assert DELETED in failures(KeepsDeletedObjects())


def test_a_failure_is_one_line_with_problem_consequence_and_remedy():
    lines = [str(result) for result in results(UpdatesMissingObjects()) if result.seen]
    assert lines == [
        "FAIL   a version of a deleted object cannot be replaced: an update of a deleted object "
        "succeeded (If-Match); deleted objects would come back; "
        "use another store, or a newer version of this server"
    ]


def test_a_failure_quotes_the_reply_of_the_store():
    (failure,) = [result for result in results(RejectsConditions()) if result.need == ONCE]
    assert "501 NotImplemented" in failure.seen


# --- stores that cannot be checked ---------------------------------------------------------------


def test_a_read_only_store_is_an_error_that_says_what_to_grant():
    class ReadOnly(Broken):
        def put(self, key, data, **how):
            raise Denied(f"s3://feeds/{key}: the store answered 403 AccessDenied")

    with pytest.raises(Denied) as caught:
        results(ReadOnly())
    assert "403 AccessDenied; the check must write objects: grant s3:GetObject" in str(caught.value)


def test_objects_that_cannot_be_removed_are_an_error_that_names_their_prefix():
    class NeverDeletes(Broken):
        def delete(self, key):
            raise Denied(f"{key}: the store answered 403 AccessDenied")

    seen = []
    with pytest.raises(StoreError) as caught:
        seen += check_store(NeverDeletes(), ThreadedRuntime())
    assert "remove the objects of the check: memory:/state/doctor-" in str(caught.value)


def test_an_interrupted_check_removes_its_objects():
    store = MemoryStore()
    check = check_store(store, ThreadedRuntime())
    next(check)
    assert list(store.list())
    check.close()
    assert list(store.list()) == []


def test_a_store_that_stops_answering_fails():
    class Down(Broken):
        def put(self, key, data, **how):
            if self.calls["put"] >= 5:
                raise Unavailable(f"{key}: the store answered 503 SlowDown")
            return super().put(key, data, **how)

    assert len(failures(Down())) >= 10


# --- the command ---------------------------------------------------------------------------------


def run_doctor(*arguments: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(main.app, ["doctor", *arguments])
    if isinstance(result.exception, Exception):
        raise result.exception
    return result.exit_code, result.output.splitlines()


def test_doctor_prints_a_line_for_each_requirement_and_exits_with_0(tmp_path: Path):
    code, lines = run_doctor(str(tmp_path))
    assert code == 0
    assert len(lines) == 13
    assert all(line.startswith("ok     ") for line in lines)
    assert list(tmp_path.iterdir()) == []


def test_doctor_exits_with_1_if_a_requirement_fails(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(options, "open_store", lambda _: IgnoresIfMatch())
    code, lines = run_doctor("s3://feeds")
    assert code == 1
    assert [line.split(":")[0] for line in lines if line.startswith("FAIL")] == [
        f"FAIL   {need}" for need in (STALE, GONE, REPLACE)
    ]


def test_doctor_checks_an_s3_bucket(s3_environment: None, moto_server: str):
    s3_client(moto_server).create_bucket(Bucket="doctor-command")
    code, lines = run_doctor("s3://doctor-command/site")
    assert (code, len(lines)) == (0, 13)


def test_doctor_of_a_missing_bucket_says_what_to_do(s3_environment: None):
    with pytest.raises(StoreError) as caught:
        run_doctor("s3://doctor-nowhere")
    assert "404 NoSuchBucket" in str(caught.value)
    assert str(caught.value).endswith("create the bucket, or check its name and AWS_ENDPOINT_URL")


def test_doctor_does_not_create_a_missing_folder(tmp_path: Path):
    with pytest.raises(FeedsError, match="there is no such folder"):
        run_doctor(str(tmp_path / "feeds"))
    assert list(tmp_path.iterdir()) == []
