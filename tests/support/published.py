"""A store with posts, and a runtime with a clock that the test moves."""

from __future__ import annotations

from datetime import UTC, datetime

from feeds.runtime import ThreadedRuntime
from feeds.stores.memory import MemoryStore


def filled(count: int = 30) -> MemoryStore:
    """A store with posts in four categories and two tags."""
    posts = MemoryStore()
    for number in range(count):
        text = (
            f"---\ntitle: T{number}\ndate: 2025-{number % 12 + 1:02}-{number % 28 + 1:02}\n"
            f"category: c{number % 4}\ntags: [t{number % 2}]\n---\nHello {number}.\n"
        )
        posts.put(f"{number}.md", text.encode())
    return posts


class Later(ThreadedRuntime):
    """A runtime with a clock that the test moves."""

    def __init__(self) -> None:
        super().__init__(threads=4)
        self.time = datetime(2026, 6, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def back_off(self, attempt: int) -> None:
        """Do not wait: no other worker is running."""
