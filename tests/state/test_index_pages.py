"""The stored pages of an index: what stays in memory after a write, and a page that is gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from feeds.errors import Conflict
from feeds.model import Entry
from feeds.runtime import ThreadedRuntime
from feeds.state import index_pages
from feeds.state.index_pages import IndexPages
from feeds.stores.counted import Counted
from feeds.stores.memory import MemoryStore


def page(number: int) -> tuple[Entry, ...]:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)
    return (Entry(f"{number}.md", f"tag:x,2026:{number}", "https://a.example/", "T", at, at),)


def written(pages: dict[str, tuple[Entry, ...]]) -> tuple[Counted, IndexPages]:
    """Return a store with these pages, and the object that has written them."""
    store = Counted(MemoryStore())
    index = IndexPages(store, "category/tea", ThreadedRuntime(threads=1))
    index.write(pages, {})
    return store, index


def test_written_page_is_read_from_memory_once_and_then_from_the_store() -> None:
    store, index = written({"a": page(1), "b": page(2)})
    assert (index.page("a"), index.page("b")) == (page(1), page(2))
    assert store.calls["get"] == 0
    assert index.page("a") == page(1)
    assert store.calls["get"] == 1


def test_pages_beyond_the_limit_of_the_memory_are_read_from_the_store(monkeypatch) -> None:
    size = len(index_pages.encode(page(1)))
    monkeypatch.setattr(index_pages, "CACHE_BYTES", 2 * size)
    store, index = written({str(number): page(number) for number in range(1, 5)})
    assert [index.page(str(number)) for number in range(1, 5)] == list(map(page, range(1, 5)))
    assert store.calls["get"] == 2


@pytest.mark.parametrize("read", [IndexPages.page, IndexPages.page_list])
def test_page_or_page_list_that_was_deleted_is_a_conflict(read) -> None:
    _store, index = written({"a": page(1)})
    index.page("a")
    index.remove(["a"])
    with pytest.raises(Conflict, match=r"pages/a\.json was deleted"):
        read(index, "a")
