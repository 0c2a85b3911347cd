"""The threaded runtime: parallel calls, errors, nested calls, tokens; and the counted store."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from feeds.runtime import ThreadedRuntime
from feeds.stores.counted import Counted
from feeds.stores.memory import MemoryStore


def test_map_returns_results_in_the_order_of_the_items():
    def work(item: int) -> int:
        time.sleep(0.001 * (20 - item))
        return item * 2

    assert ThreadedRuntime(8).map(work, range(20)) == list(range(0, 40, 2))


def test_map_raises_an_error_only_after_all_calls_have_ended():
    """A write that still ran could end after the next attempt has read the object."""
    ended: list[int] = []

    def work(item: int) -> None:
        if item == 0:
            raise ValueError(item)
        time.sleep(0.05)
        ended.append(item)

    with pytest.raises(ValueError, match="0"):
        ThreadedRuntime(4).map(work, range(4))
    assert sorted(ended) == [1, 2, 3]


def test_nested_map_gets_threads_while_all_outer_threads_wait():
    runtime = ThreadedRuntime(2)

    def outer(item: int) -> list[list[int]]:
        return runtime.map(lambda inner: runtime.map(lambda x: x + item + inner, [1, 2]), [10, 20])

    assert runtime.map(outer, [100, 200]) == [
        [[111, 112], [121, 122]],
        [[211, 212], [221, 222]],
    ]


def test_tokens_are_unique():
    runtime = ThreadedRuntime()
    assert len({runtime.token() for _ in range(1000)}) == 1000


def test_counted_store_counts_the_calls_of_all_threads():
    store = Counted(MemoryStore())
    start = threading.Barrier(8)

    def work(_: int) -> None:
        start.wait()
        for _ in range(500):
            store.head("a")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert store.calls == {"head": 4000}
