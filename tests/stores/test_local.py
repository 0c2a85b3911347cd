"""The store in a folder: files, links, locks and other processes."""

from __future__ import annotations

import gc
import inspect
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.stores import count_up, data, keys, run_at_once, version

from feeds.errors import (
    Denied,
    StoreError,
    TooLarge,
    VersionMismatch,
)
from feeds.stores import local
from feeds.stores.base import Update
from feeds.stores.file_locks import KeyLocks
from feeds.stores.local import LocalStore

ROOT = Path(__file__).parent.parent.parent
only = pytest.mark.parametrize


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "folder"


def files(folder: Path) -> list[str]:
    """The paths of all files and folders in a folder."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


def test_the_first_write_creates_the_folder_which_holds_only_objects(folder: Path) -> None:
    store = LocalStore(folder)
    assert store.url == str(folder)
    assert not folder.exists()
    store.put("a/b.md", b"one")
    store.put("a/b.md", b"two", mode=Update(version(store, "a/b.md")))
    assert files(folder) == ["a", "a/b.md"]
    assert (folder / "a/b.md").read_bytes() == b"two"


def test_files_of_other_programs_are_objects(folder: Path) -> None:
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/post.md").write_bytes(b"one")
    store = LocalStore(folder)
    first = version(store, "sub/post.md")
    assert keys(store) == ["sub/post.md"]
    (folder / "sub/post.md").write_bytes(b"more")
    with pytest.raises(VersionMismatch):
        store.put("sub/post.md", b"two", mode=Update(first))


def test_every_user_may_read_the_files(folder: Path) -> None:
    old = os.umask(0o022)
    try:
        LocalStore(folder).put("a", b"")
    finally:
        os.umask(old)
    assert (folder / "a").stat().st_mode & 0o777 == 0o644


@only("steps", [[5_000, 5_000, 5_000], [9_000, 5_000, 1_000]], ids=["stands", "goes back"])
def test_versions_differ_if_the_clock_does_not_advance(
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


@pytest.mark.slow
def test_concurrent_processes_lose_no_update(folder: Path) -> None:
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


def test_two_paths_of_a_folder_share_its_locks(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    (tmp_path / "link").symlink_to(folder)
    stores = [LocalStore(folder), LocalStore(tmp_path / "link")]
    run_at_once(4, lambda i: count_up(stores[i % 2], 20))
    assert data(stores[0], "count") == b"80"


@pytest.mark.slow
def test_lock_files_are_outside_of_the_folder_and_may_be_deleted(
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


def test_a_process_that_was_forked_during_a_write_does_not_hold_the_lock(folder: Path) -> None:
    store = LocalStore(folder)
    with KeyLocks(folder.resolve()).hold("a"):
        pid = os.fork()
        if not pid:
            time.sleep(3)
            os._exit(0)
    start = time.monotonic()
    store.put("a", b"")
    assert time.monotonic() - start < 2
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_a_listing_deletes_the_temporary_files_of_killed_processes(folder: Path) -> None:
    script = (
        "import os, sys; from feeds.stores.local import LocalStore\n"
        "os.utime = lambda *_, **__: os.kill(os.getpid(), 9)\n"
        "LocalStore(sys.argv[1]).put('sub/a', b'half')\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(folder)], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = (folder / "sub").iterdir()
    assert left.read_bytes() == b"half"
    others = [folder / "sub" / name for name in (".~lock.a.md#", ".~0123456789abcdef.md", "b")]
    for path in others:
        path.write_bytes(b"")
        os.utime(path, (0, 0))
    store = LocalStore(folder)
    assert keys(store) == ["sub/b"]
    assert left.exists(), "another process may be writing it"
    os.utime(left, (time.time() - 3_700,) * 2)
    assert keys(store) == ["sub/b"]
    assert sorted((folder / "sub").iterdir()) == sorted(others)


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


def test_a_failed_write_leaves_no_file(folder: Path) -> None:
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
def test_a_key_that_cannot_be_a_path_is_an_error(folder: Path, key: str, why: str) -> None:
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
def test_no_key_writes_outside_of_the_folder(key: str) -> None:
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


def test_symbolic_links_out_of_the_folder_are_not_followed(folder: Path, tmp_path: Path) -> None:
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


def test_a_symbolic_link_to_a_file_in_the_folder_is_an_object(
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


def test_deletes_remove_empty_folders_below_the_root(folder: Path) -> None:
    store = LocalStore(folder)
    store.put("a/b/c/1", b"")
    store.put("a/2", b"")
    store.delete("a/b/c/1")
    assert files(folder) == ["a", "a/2"]
    store.delete("a/2")
    assert folder.is_dir()
    assert files(folder) == []


@pytest.mark.slow
def test_a_write_into_a_folder_that_is_being_removed_succeeds(folder: Path) -> None:
    store = LocalStore(folder)

    def work(i: int) -> None:
        for _ in range(150):
            store.put(f"a/b/c/{i}", b"one")
            assert data(store, f"a/b/c/{i}") == b"one"
            store.delete(f"a/b/c/{i}")

    run_at_once(4, work)
    assert files(folder) == []


def test_folders_and_pipes_are_not_objects(folder: Path) -> None:
    (folder / "sub").mkdir(parents=True)
    os.mkfifo(folder / "pipe")
    store = LocalStore(folder)
    assert keys(store) == []
    for key in ("sub", "pipe"):
        assert store.get(key) is None
        assert store.head(key) is None


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc")
def test_the_read_limit_holds_for_a_file_with_a_wrong_size() -> None:
    store = LocalStore("/proc/self")
    stat = store.head("status")
    assert stat is not None
    assert stat.size == 0
    with pytest.raises(TooLarge):
        store.get("status", limit=10)


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS refuses such names")
def test_a_file_name_that_is_not_utf_8_is_not_an_object(folder: Path) -> None:
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.md")).write_bytes(b"")
    assert keys(LocalStore(folder)) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_denied_not_missing(folder: Path) -> None:
    store = LocalStore(folder)
    store.put("a", b"")
    (folder / "a").chmod(0)
    with pytest.raises(Denied):
        store.get("a")
    folder.chmod(0)
    with pytest.raises(Denied):
        keys(store)
    folder.chmod(0o700)


def test_the_path_of_a_file_is_not_a_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="expected a folder, found a file"):
        LocalStore(tmp_path / "file")


# --- lock files ----------------------------------------------------------------------------------

WRITES = """
import sys
from feeds.stores.local import LocalStore
store = LocalStore(sys.argv[1])
for number in range(200):
    store.put(f"{number}.md", b"text")
"""


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["", "raise SystemExit(3)", "raise RuntimeError"])
def test_a_process_leaves_no_lock_files_behind(tmp_path: Path, ending: str) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    command = [sys.executable, "-c", WRITES + ending, str(tmp_path / "store")]
    subprocess.run(command, env=environment, check=False, capture_output=True)
    assert len(list((tmp_path / "store").iterdir())) == 200
    assert list(temporary.iterdir()) == []


@pytest.mark.slow
def test_the_lock_that_another_store_of_the_folder_holds_is_not_deleted(tmp_path: Path) -> None:
    first, second = KeyLocks(tmp_path), KeyLocks(tmp_path)
    with second.hold("a"):
        pass
    with first.hold("a"):
        (held,) = first._lock_files.iterdir()
        del second
        gc.collect()
        assert held.exists()
    folder = first._lock_files
    del first
    gc.collect()
    assert not folder.exists()
