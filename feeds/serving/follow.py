"""Owns the feeds of a folder that somebody is working in: every change is published as it happens.

It is the cloud's publisher over a local store: only what a change touches is written. Posts with a
future date are published by a timer when their time has come.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from feeds.config import Config
from feeds.model import Problem
from feeds.publishing.batch import PublishResult
from feeds.publishing.journal import Journal
from feeds.publishing.publisher import Publisher
from feeds.publishing.rebuild import rebuild
from feeds.reading.selection import is_post
from feeds.runtime import ThreadedRuntime
from feeds.state.objects import problems
from feeds.stores.base import Store
from feeds.stores.local import LocalStore

_LONGEST_WAIT = 3600.0

Report = Callable[[str, list[Problem], list[str]], None]


class FolderFollower:
    """Feeds in a folder (``public/`` and ``state/``) that follow the posts of a store.

    `settings` reads the configuration; `report` is told what happened, the problems of posts, and
    what could not be done.
    """

    def __init__(
        self, posts: Store, folder: Path, settings: Callable[[], Config], report: Report
    ) -> None:
        self.posts, self.settings, self.report = posts, settings, report
        self.feeds, self.runtime = LocalStore(folder), ThreadedRuntime(threads=8)
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._due: dict[str, datetime] = {}
        self._publisher: Publisher | None = None

    def start(self) -> None:
        """Publish everything that is not published yet, by the configuration as it is now."""
        with self._lock:
            self._publisher = Publisher(self.posts, self.feeds, self.settings(), self.runtime)
            self._due.clear()
            found: list[Problem] = []

            def note(published: PublishResult) -> None:
                found.extend(problems(published.records.values()))
                self._note(published)

            done = rebuild(self._publisher, on_batch=note)
            parts = [f"{_number(done.posts, 'post')} read", _number(done.feeds, "feed")]
            parts += [f"{_number(done.skipped, 'post')} as before"] if done.skipped else []
            parts += [f"{_number(done.documents, 'document')} written"]
            parts += [_number(len(found), "problem")]
            self.report(", ".join(parts), sorted(found), done.errors)
            self._wind()

    def changed(self, keys: Iterable[str]) -> None:
        """Publish posts that changed, came or went."""
        publisher = self._publisher
        assert publisher is not None, "start comes first"
        wanted = sorted({key for key in keys if is_post(key, publisher.config)})
        if not wanted:
            return
        with self._lock:
            published = Journal(publisher).publish(wanted)
            self._note(published)
            names = ", ".join(wanted[:3]) + (f" and {len(wanted) - 3:,} more" if wanted[3:] else "")
            self.report(
                f"{names}: {_number(len(published.changed), 'document')} written",
                problems(published.records.values()),
                list(published.errors),
            )
            self._wind()

    def stop(self) -> None:
        """Forget the posts that are waiting for their time."""
        if self._timer:
            self._timer.cancel()

    def _note(self, published: PublishResult) -> None:
        for record in published.records.values():
            for key in record.objects:
                if record.due is None:
                    self._due.pop(key, None)
                else:
                    self._due[key] = record.due

    def _wind(self) -> None:
        """Set the timer for the next post that is due."""
        self.stop()
        if self._due:
            wait = (min(self._due.values()) - self.runtime.now()).total_seconds()
            self._timer = threading.Timer(min(max(wait, 0.0) + 0.1, _LONGEST_WAIT), self._ring)
            self._timer.daemon = True
            self._timer.start()

    def _ring(self) -> None:
        now = self.runtime.now()
        due = [key for key, when in self._due.items() if when <= now]
        if due:
            self.changed(due)
        else:
            self._wind()


def _number(count: int, one: str) -> str:
    return f"{count:,} {one if count == 1 else one + 's'}"
