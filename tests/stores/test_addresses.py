"""Addresses of stores; a new store is added in one place outside of its module."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.stores import keys

from feeds.cli import main
from feeds.errors import (
    StoreError,
)
from feeds.stores import addresses
from feeds.stores.addresses import folder_of, open_store
from feeds.stores.memory import MemoryStore
from feeds.stores.s3.boto3_store import Boto3Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).parent.parent.parent
CONFIG = '[site]\ntitle = "S"\nurl = "https://s.example/"\n'
POST = b"---\ntitle: Tea\ndate: 2026-11-01\ncategories: tea\n---\nGreen.\n"


@pytest.fixture
def shelves(monkeypatch: pytest.MonkeyPatch) -> dict[str, MemoryStore]:
    """The stores at `shelf://NAME`, a scheme that is added as CONTRIBUTING.md says."""
    stores: dict[str, MemoryStore] = {}

    def open_shelf(url: str) -> MemoryStore | None:
        name = url.removeprefix("shelf://")
        store = stores.setdefault(name, MemoryStore())
        store.url = url
        return store if name else None

    monkeypatch.setitem(addresses.OPENERS, "shelf", ("shelf://name", open_shelf))
    return stores


def test_every_command_works_on_a_store_that_was_added_to_the_table(
    shelves: dict[str, MemoryStore],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "feeds.toml").write_text(CONFIG)
    monkeypatch.setenv("FEEDS_CONFIG", str(tmp_path / "feeds.toml"))
    open_store("shelf://posts").put("tea.md", POST)

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["feeds", *arguments])
        status: object = 0
        try:
            main.main()
        except SystemExit as exit_:
            status = exit_.code or 0
        output = capsys.readouterr()
        assert status == 0, (arguments, output.out, output.err)
        return output.out

    assert "1 post, 2 feeds" in run("build", "shelf://posts", "shelf://built")
    assert "1 post published" in run("rebuild", "shelf://posts", "shelf://feeds")
    assert "1 post" in run("publish", "shelf://posts", "shelf://feeds", "tea.md")
    assert "1 post, 0 new" in run("audit", "shelf://posts", "shelf://feeds")
    assert run("problems", "shelf://feeds") == ""
    assert run("doctor", "shelf://checked").count("ok ") == 13
    built, published = (
        {
            stat.key.removeprefix(prefix): store.get(stat.key).data  # type: ignore[union-attr]
            for stat in store.list(prefix)
        }
        for store, prefix in ((shelves["built"], ""), (shelves["feeds"], "public/"))
    )
    assert "category/tea/atom.xml" in built
    assert built == published


@pytest.mark.parametrize("url", ["shelf://", "other://x", "s3:bucket", "s3://", "", "a\0b"])
def test_the_error_for_an_invalid_address_lists_an_added_store(
    shelves: dict[str, MemoryStore], url: str
) -> None:
    with pytest.raises(StoreError, match=r"expected s3://bucket/prefix, memory:, shelf://name, or"):
        open_store(url)


def test_only_an_address_without_a_scheme_is_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    folders = {"posts": "/posts", "/a/b": "/a/b", "c:posts": "/c:posts", ".": "/"}
    assert {url: str(folder_of(url)) for url in folders} == folders
    assert [folder_of(url) for url in ("s3://b/p", "memory:", "gs://b", "")] == [None] * 4


def test_each_memory_address_opens_a_new_store() -> None:
    first, second = open_store("memory:"), open_store("memory:")
    first.put("a", b"")
    assert isinstance(first, MemoryStore)
    assert keys(second) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "key"), [("", "a"), ("/", "a"), ("/feeds", "feeds/a"), ("/x/feeds/", "x/feeds/a")]
)
def test_an_s3_address_is_a_bucket_and_a_folder(
    s3_environment: None, moto_client: S3Client, bucket: str, path: str, key: str
) -> None:
    store = open_store(f"s3://{bucket}{path}")
    store.put("a", b"one")
    assert keys(Boto3Store(bucket, client=moto_client)) == [key]
    assert store.url == f"s3://{bucket}{path}".rstrip("/")
    assert keys(open_store(store.url)) == ["a"]


def test_the_s3_client_tries_five_times(s3_environment: None) -> None:
    with closing(Boto3Store("bucket")._client) as client:
        assert client.meta.config.retries == {"mode": "standard", "total_max_attempts": 5}


@pytest.mark.slow
def test_an_invalid_s3_endpoint_is_an_error(
    s3_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nowhere")
    with pytest.raises(StoreError, match="boto3 is not set up"):
        open_store("s3://bucket")


@pytest.mark.parametrize("name", ["folder", "a:b", "fol der", "能"])
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


@pytest.mark.parametrize(
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
def test_an_invalid_address_is_an_error_that_lists_valid_ones(address: str) -> None:
    with pytest.raises(StoreError, match="s3://bucket/prefix, memory:, or a folder"):
        open_store(address)


def test_the_clients_of_s3_are_imported_only_for_s3() -> None:
    code = "import sys; from feeds.stores.addresses import open_store; open_store('x'); "
    code += "sys.exit(not {'botocore', 'obstore'}.isdisjoint(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
