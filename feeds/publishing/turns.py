"""Keeps the memory of a batch bounded: feeds with long texts are published a few at a time.

A feed's index and its documents are in memory while it is published, each with the text of all its
entries. So a batch that changes a hundred feeds with long texts must not work on many at once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

MAX_TEXT = 6_000_000
"""The most characters of text in the feeds that are published at once; one feed may exceed it.
About 15 bytes of memory are used for each."""

FIRST_GUESS = 1_500_000
"""The text that a feed is expected to have before the first one was read."""

MAX_REMEMBERED = 5_000
"""The number of feeds whose size a process remembers."""


class Turn(Struct):
    """The permission to publish one feed."""

    size: int
    """The characters of text that the feed has, or is expected to have."""


class Turns:
    """Lets threads publish feeds at once, as long as their texts fit into memory together."""

    def __init__(self, max_text: int = MAX_TEXT) -> None:
        self.max_text = max_text
        self._changed = threading.Condition()
        self._active: list[Turn] = []
        self._sizes: OrderedDict[str, int] = OrderedDict()

    @contextmanager
    def turn(self, path: str) -> Iterator[Turn]:
        """Wait until there is room for the feed at `path`; set the turn's `size` when it is known.

        The size of a feed that was not published before is expected to be that of the largest one.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._has_room(path))
            turn = Turn(self._expected(path))
            self._active.append(turn)
        try:
            yield turn
        finally:
            with self._changed:
                self._active = [other for other in self._active if other is not turn]
                self._sizes[path] = turn.size
                self._sizes.move_to_end(path)
                if len(self._sizes) > MAX_REMEMBERED:
                    self._sizes.popitem(last=False)
                self._changed.notify_all()

    def _has_room(self, path: str) -> bool:
        used = sum(turn.size for turn in self._active)
        return not self._active or used + self._expected(path) <= self.max_text

    def _expected(self, path: str) -> int:
        return self._sizes.get(path) or max(self._sizes.values(), default=FIRST_GUESS)
