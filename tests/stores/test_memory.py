"""The store in memory."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from support.stores import count_up, data, run_at_once

from feeds.stores.memory import MemoryStore

if TYPE_CHECKING:
    pass


def test_concurrent_writers_to_memory_lose_no_update() -> None:
    def slow() -> datetime:
        time.sleep(0.01)
        return datetime.now(UTC)

    store = MemoryStore(clock=slow)
    run_at_once(4, lambda _: count_up(store, 5))
    assert data(store, "count") == b"20"
