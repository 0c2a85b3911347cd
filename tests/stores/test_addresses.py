"""Addresses of stores, and the promise that a new store touches one place outside its module."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from feeds.cli import main
from feeds.errors import StoreError
from feeds.stores import addresses
from feeds.stores.addresses import folder_of, open_store
from feeds.stores.memory import MemoryStore

CONFIG = '[site]\ntitle = "S"\nurl = "https://s.example/"\n'
POST = b"---\ntitle: Tea\ndate: 2026-11-01\ncategories: tea\n---\nGreen.\n"


@pytest.fixture
def shelves(monkeypatch: pytest.MonkeyPatch) -> dict[str, MemoryStore]:
    """A store of another kind, `shelf://NAME`, added as CONTRIBUTING.md says."""
    there: dict[str, MemoryStore] = {}

    def open_shelf(url: str) -> MemoryStore | None:
        name = url.removeprefix("shelf://")
        store = there.setdefault(name, MemoryStore())
        store.url = url
        return store if name else None

    monkeypatch.setitem(addresses.OPENERS, "shelf", ("shelf://name", open_shelf))
    return there


def test_every_command_works_on_a_store_that_was_added_to_the_table(
    shelves: dict[str, MemoryStore],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "feeds.toml").write_text(CONFIG)
    monkeypatch.setenv("FEEDS_CONFIG", str(tmp_path / "feeds.toml"))
    open_store("shelf://posts").put("tea.md", POST)

    def run(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["feeds", *words])
        status: object = 0
        try:
            main.main()
        except SystemExit as left:
            status = left.code or 0
        said = capsys.readouterr()
        assert status == 0, (words, said.out, said.err)
        return said.out

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
def test_what_is_no_address_is_refused_with_the_addresses_that_are(
    shelves: dict[str, MemoryStore], url: str
) -> None:
    with pytest.raises(StoreError, match=r"expected s3://bucket/prefix, memory:, shelf://name, or"):
        open_store(url)


def test_only_an_address_without_a_scheme_is_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    folders = {"posts": "/posts", "/a/b": "/a/b", "c:posts": "/c:posts", ".": "/"}
    assert {url: str(folder_of(url)) for url in folders} == folders
    assert [folder_of(url) for url in ("s3://b/p", "memory:", "gs://b", "")] == [None] * 4
