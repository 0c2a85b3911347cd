"""`feeds doctor`: it finds met what a store meets, and names what it lacks."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote_plus

import boto3
import pytest
from msgspec.structs import replace
from support.servers import ACCESS_KEY, SECRET_KEY, s3_client
from typer.testing import CliRunner

from feeds.cli import main, options
from feeds.errors import Conflict, Denied, FeedsError, StoreError, Unavailable, VersionMismatch
from feeds.runtime import ThreadedRuntime
from feeds.stores.base import Object, Stat, Store, Update, check_mode
from feeds.stores.conformance import CheckResult, check_store
from feeds.stores.counted import Counted
from feeds.stores.local import LocalStore
from feeds.stores.memory import MemoryStore
from feeds.stores.s3 import S3Store

number = itertools.count()


def findings(store: Store) -> list[CheckResult]:
    return list(check_store(store, ThreadedRuntime()))


def lacking(store: Store) -> set[str]:
    return {finding.need for finding in findings(store) if finding.seen}


# --- stores that have it all ---------------------------------------------------------------------


def on(endpoint: str, prefix: str) -> Store:
    client = s3_client(endpoint)
    bucket = f"doctor-{next(number)}"
    client.create_bucket(Bucket=bucket)
    return S3Store(bucket, prefix, client)


STORES: dict[str, Callable[[pytest.FixtureRequest], Store]] = {
    "memory": lambda _: MemoryStore(),
    "folder": lambda request: LocalStore(request.getfixturevalue("tmp_path")),
    "moto": lambda request: on(request.getfixturevalue("moto_server"), ""),
    "moto, a prefix": lambda request: on(request.getfixturevalue("moto_server"), "a b/能"),
    "seaweedfs": lambda request: on(request.getfixturevalue("seaweedfs"), "feeds"),
}


@pytest.mark.parametrize("kind", STORES)
def test_a_good_store_has_all_that_is_needed_and_nothing_is_left_in_it(kind, request):
    store = STORES[kind](request)
    store.put("public/atom.xml", b"not the doctor's")
    found = findings(store)
    assert [finding.seen for finding in found] == [""] * 13
    assert all(str(finding) == f"ok     {finding.need}" for finding in found)
    assert [stat.key for stat in store.list()] == ["public/atom.xml"]


def test_an_examination_stays_under_a_prefix_of_its_own():
    keys: set[str] = set()

    class Watched(Counted):
        def put(self, key, data, **how):
            keys.add(key)
            return super().put(key, data, **how)

    store = Watched(MemoryStore())
    findings(store)
    findings(store)
    folders = {tuple(key.split("/")[:2]) for key in keys}
    assert len(folders) == 2
    assert all(top == "state" and name.startswith("doctor-") for top, name in folders)


# --- stores that lack something ------------------------------------------------------------------


class Broken(Counted):
    """A store in memory, to be made worse."""

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


class CreatesWhatIsMissing(Broken):
    """If-Match on a missing object is a plain write."""

    def put(self, key, data, *, mode="overwrite", **how):
        missing = isinstance(mode, Update) and self.head(key) is None
        return super().put(key, data, mode="overwrite" if missing else mode, **how)


class RefusesEveryIfMatch(Broken):
    def put(self, key, data, *, mode="overwrite", **how):
        if isinstance(mode, Update):
            raise VersionMismatch(key)
        return super().put(key, data, mode=mode, **how)


class LooksBeforeItWrites(Broken):
    """Checks the condition, and then writes; two can do so at once."""

    def put(self, key, data, *, mode="overwrite", **how):
        check_mode(mode, self.head(key), key)
        if mode != "overwrite":
            time.sleep(0.05)
        return super().put(key, data, **how)


class LosesTheRaceToReplace(LooksBeforeItWrites):
    def put(self, key, data, *, mode="overwrite", **how):
        if mode == "create":
            return Broken.put(self, key, data, mode=mode, **how)
        return super().put(key, data, mode=mode, **how)


class TellsTheLoserThatItWon(Broken):
    """The last of the writers is refused in silence."""

    def put(self, key, data, *, mode="overwrite", **how):
        try:
            return super().put(key, data, mode=mode, **how)
        except Conflict:
            if "race" in key and data.endswith(b"5"):
                return "lie"
            raise


class Stale(Broken):
    """Shows everything as it was some calls ago."""

    late = ("get", "head", "list")

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
        if "get" in self.late and key in self.before:
            return self.before.pop(key)
        return super().get(key, limit)

    def head(self, key):
        if "head" in self.late and key in self.before:
            found = self.before.pop(key)
            return found.stat if found else None
        return super().head(key)

    def list(self, prefix=""):
        if "list" not in self.late:
            return super().list(prefix)
        there = {stat.key: stat for stat in super().list(prefix)}
        for key, found in self.before.items():
            if key.startswith(prefix):
                there.pop(key, None)
                there |= {key: found.stat} if found else {}
        self.before.clear()
        return iter(there.values())


class StaleReads(Stale):
    late = ("get",)


class StaleHeads(Stale):
    late = ("head",)


class StaleListings(Stale):
    late = ("list",)


class KeepsShowingTheDeleted(Broken):
    def delete(self, key):
        return


class SizesForVersions(Broken):
    """Tells objects apart by their sizes."""

    def put(self, key, data, *, mode="overwrite", **how):
        check_mode(mode, self.head(key), key)
        super().put(key, data, **how)
        return f"{len(data)}"

    def get(self, key, limit=None):
        found = super().get(key, limit)
        return replace(found, stat=self.sized(found.stat)) if found else None

    def head(self, key):
        found = super().head(key)
        return self.sized(found) if found else None

    def list(self, prefix=""):
        return map(self.sized, super().list(prefix))

    @staticmethod
    def sized(stat: Stat) -> Stat:
        return replace(stat, version=f"{stat.size}")


class AnotherVersionInHead(Broken):
    def head(self, key):
        found = super().head(key)
        return replace(found, version=found.version + "-gzip") if found else None


class DecodesKeys(Broken):
    def get(self, key, limit=None):
        return super().get(unquote_plus(key), limit)

    def put(self, key, data, **how):
        return super().put(unquote_plus(key), data, **how)


class ListsKeysEncoded(Broken):
    def list(self, prefix=""):
        for stat in super().list(prefix):
            yield replace(stat, key=stat.key.replace(" ", "+"))


class ReadsWithoutBounds(Broken):
    def get(self, key, limit=None):
        return super().get(key)


class DeniesWhatIsMissing(Broken):
    """As S3 does to who may not list the bucket."""

    def get(self, key, limit=None):
        if (found := super().get(key, limit)) is None:
            raise Denied(f"{key}: the store answered 403 AccessDenied")
        return found


class DeniesListing(Broken):
    def list(self, prefix="") -> Iterator[Stat]:
        raise Denied(f"{prefix}: the store answered 403 AccessDenied")


class KnowsNoConditions(Broken):
    def put(self, key, data, *, mode="overwrite", **how):
        if mode != "overwrite":
            raise StoreError(f"{key}: the store answered 501 NotImplemented")
        return super().put(key, data, **how)


MISSING = "an object that is not there is said to be missing"
READ = "what was written is read at once"
VERSIONS = "different bytes have different versions"
ONCE = "an object is created once"
RIGHT = "the version that was read can be written over"
STALE = "a stale version is refused"
GONE = "a version of a missing object is refused"
CREATE = "of writers at once one creates an object"
REPLACE = "of writers at once one replaces a version"
LIST = "what was written is listed at once"
DELETED = "what was deleted is gone at once"
ODD = "odd keys come back as they were"
BOUND = "a read can be bounded"


@pytest.mark.parametrize(
    ("store", "lacks"),
    [
        (IgnoresEveryCondition, {ONCE, STALE, GONE, CREATE, REPLACE}),
        (IgnoresIfNoneMatch, {ONCE, CREATE}),
        (IgnoresIfMatch, {STALE, GONE, REPLACE}),
        (CreatesWhatIsMissing, {GONE}),
        (RefusesEveryIfMatch, {RIGHT, REPLACE}),
        (LooksBeforeItWrites, {CREATE, REPLACE}),
        (LosesTheRaceToReplace, {REPLACE}),
        (TellsTheLoserThatItWon, {CREATE, REPLACE}),
        (StaleReads, {READ, RIGHT, DELETED, ODD, BOUND}),
        (StaleHeads, {READ, RIGHT, DELETED}),
        (StaleListings, {LIST, DELETED, ODD}),
        (SizesForVersions, {VERSIONS, STALE}),
        (AnotherVersionInHead, {READ, RIGHT}),
        (DecodesKeys, {ODD}),
        (ListsKeysEncoded, {ODD}),
        (ReadsWithoutBounds, {BOUND}),
        (DeniesWhatIsMissing, {MISSING, DELETED}),
        (DeniesListing, {LIST, DELETED, ODD}),
        (KnowsNoConditions, {ONCE, RIGHT, STALE, GONE, CREATE, REPLACE}),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_what_a_store_lacks_is_named(store: Callable[[], Store], lacks: set[str]):
    assert lacking(store()) == lacks


def test_a_store_that_keeps_what_is_deleted_is_named():
    assert DELETED in lacking(KeepsShowingTheDeleted())


def test_a_finding_says_what_was_seen_what_it_means_and_what_to_do_on_one_line():
    lines = [str(finding) for finding in findings(CreatesWhatIsMissing()) if finding.seen]
    assert lines == [
        "LACKS  a version of a missing object is refused: a write over the version of an object "
        "that is gone went through (If-Match); what was deleted would come back; "
        "take another store, or a newer version of this server"
    ]


def test_what_the_store_answered_stands_in_the_finding():
    (one,) = [finding for finding in findings(KnowsNoConditions()) if finding.need == ONCE]
    assert "501 NotImplemented" in one.seen


# --- stores that cannot be examined --------------------------------------------------------------


def test_a_store_that_may_not_be_written_is_told_what_to_grant():
    class ReadOnly(Broken):
        def put(self, key, data, **how):
            raise Denied(f"s3://feeds/{key}: the store answered 403 AccessDenied")

    with pytest.raises(Denied) as caught:
        findings(ReadOnly())
    assert "403 AccessDenied; an examination must write: grant s3:GetObject" in str(caught.value)


def test_when_the_objects_cannot_be_removed_it_is_said_where_they_are():
    class NeverDeletes(Broken):
        def delete(self, key):
            raise Denied(f"{key}: the store answered 403 AccessDenied")

    seen = []
    with pytest.raises(StoreError) as caught:
        seen += check_store(NeverDeletes(), ThreadedRuntime())
    assert "remove what the examination left: memory:/state/doctor-" in str(caught.value)


def test_an_examination_that_breaks_off_clears_away_what_it_wrote():
    store = MemoryStore()
    examination = check_store(store, ThreadedRuntime())
    next(examination)
    assert list(store.list())
    examination.close()
    assert list(store.list()) == []


def test_a_store_that_is_down_in_the_middle_is_not_found_to_be_good():
    class Down(Broken):
        def put(self, key, data, **how):
            if self.calls["put"] >= 5:
                raise Unavailable(f"{key}: the store answered 503 SlowDown")
            return super().put(key, data, **how)

    assert len(lacking(Down())) >= 10


# --- the command ---------------------------------------------------------------------------------


def run(*words: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(main.app, ["doctor", *words])
    if isinstance(result.exception, Exception):
        raise result.exception
    return result.exit_code, result.output.splitlines()


@pytest.fixture
def environment(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def test_the_command_says_a_line_for_each_need_and_exits_with_0(tmp_path: Path):
    code, lines = run(str(tmp_path))
    assert code == 0
    assert len(lines) == 13
    assert all(line.startswith("ok     ") for line in lines)
    assert list(tmp_path.iterdir()) == []


def test_the_command_exits_with_1_when_something_is_lacking(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(options, "open_store", lambda _: IgnoresIfMatch())
    code, lines = run("s3://feeds")
    assert code == 1
    assert [line.split(":")[0] for line in lines if line.startswith("LACKS")] == [
        f"LACKS  {need}" for need in (STALE, GONE, REPLACE)
    ]


def test_the_command_examines_a_bucket(environment: None, moto_server: str):
    s3_client(moto_server).create_bucket(Bucket="doctor-command")
    code, lines = run("s3://doctor-command/site")
    assert (code, len(lines)) == (0, 13)


def test_a_missing_bucket_is_a_sentence(environment: None):
    with pytest.raises(StoreError) as caught:
        run("s3://doctor-nowhere")
    assert "404 NoSuchBucket" in str(caught.value)
    assert str(caught.value).endswith("create the bucket, or check its name and AWS_ENDPOINT_URL")


def test_a_missing_folder_is_a_sentence_and_is_not_made(tmp_path: Path):
    with pytest.raises(FeedsError, match="there is no such folder"):
        run(str(tmp_path / "feeds"))
    assert list(tmp_path.iterdir()) == []
