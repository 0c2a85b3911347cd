"""The threaded runtime: order of results, errors, nested work, tokens; and counted calls."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from feeds.runtime import ThreadedRuntime
from feeds.stores.counted import Counted
from feeds.stores.memory import MemoryStore


def test_results_are_in_the_order_of_the_items():
    def work(item: int) -> int:
        time.sleep(0.001 * (20 - item))
        return item * 2

    assert ThreadedRuntime(8).each(work, range(20)) == list(range(0, 40, 2))


def test_an_error_is_raised_only_after_all_work_has_ended():
    """Else a write could still run, and land unseen after the next attempt has read its source."""
    done: list[int] = []

    def work(item: int) -> None:
        if item == 0:
            raise ValueError(item)
        time.sleep(0.05)
        done.append(item)

    with pytest.raises(ValueError, match="0"):
        ThreadedRuntime(4).each(work, range(4))
    assert sorted(done) == [1, 2, 3]


def test_nested_work_gets_threads_while_all_outer_threads_wait():
    world = ThreadedRuntime(2)

    def outer(item: int) -> list[list[int]]:
        return world.each(lambda inner: world.each(lambda x: x + item + inner, [1, 2]), [10, 20])

    assert world.each(outer, [100, 200]) == [
        [[111, 112], [121, 122]],
        [[211, 212], [221, 222]],
    ]


def test_no_token_repeats():
    world = ThreadedRuntime()
    assert len({world.token() for _ in range(1000)}) == 1000


def test_calls_of_many_threads_are_all_counted():
    store = Counted(MemoryStore())
    start = threading.Barrier(8)

    def work(_: int) -> None:
        start.wait()
        for _ in range(500):
            store.head("a")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert store.calls == {"head": 4000}
