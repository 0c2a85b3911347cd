"""What a store holds, and concurrent writers to it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from feeds.errors import Conflict
from feeds.stores.base import Store, if_unchanged

T = TypeVar("T")


def keys(store: Store, prefix: str = "") -> list[str]:
    """The keys that a store lists."""
    return [stat.key for stat in store.list(prefix)]


def data(store: Store, key: str) -> bytes | None:
    """The bytes of an object; None if it does not exist."""
    object_ = store.get(key)
    return object_.data if object_ else None


def version(store: Store, key: str) -> str:
    """The version of an object; ``""`` if it does not exist."""
    stat = store.head(key)
    return stat.version if stat else ""


def run_at_once(count: int, work: Callable[[int], T]) -> list[T]:
    """Call `work` with 0, 1, … in threads that start at the same moment; return the results."""
    start = threading.Barrier(count)

    def wait_and_work(i: int) -> T:
        start.wait()
        return work(i)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(wait_and_work, range(count)))


def count_up(store: Store, times: int) -> None:
    """Add 1 to the number in the object `count`, some times; retry after each conflict."""
    for _ in range(times):
        while True:
            object_ = store.get("count")
            value, version = (int(object_.data), object_.stat.version) if object_ else (0, "")
            try:
                store.put("count", b"%d" % (value + 1), mode=if_unchanged(version))
            except Conflict:
                continue
            break
