"""Follows a folder of posts: each change -> the documents that it touches, at once.

It runs the cloud's publisher over a local store. A timer publishes posts with a future date when
they due, and removes those that expire.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from feeds.config import Config
from feeds.errors import StoreError
from feeds.layout.layout import Layout, usual_layout
from feeds.maintenance.journal import Journal
from feeds.maintenance.rebuild import rebuild
from feeds.model import Entry, Problem
from feeds.publishing.batch import PublishResult
from feeds.publishing.publisher import Publisher
from feeds.reading.enclosure import is_attachment
from feeds.reading.post import read_post
from feeds.runtime import ThreadedRuntime
from feeds.stores.base import Store
from feeds.stores.local import LocalStore

_MAX_WAIT = 3600.0
"""Seconds after which the timer looks at the clock again, which may have been set."""

_LINKS = 3
"""How many links of posts are shown after each publication."""

Report = Callable[[str, list[Problem], list[str]], None]
"""Called with a summary, the problems of posts, and the errors of publishing."""


class FolderFollower:
    """Keeps the feeds in a folder (``public/`` and ``state/``) up to date with a store of posts.

    `read_config` reads the configuration; `report` is called after each publication.
    `allow_removals` is as for `rebuild`.
    """

    def __init__(
        self,
        posts: Store,
        folder: Path,
        read_config: Callable[[], Config],
        report: Report,
        *,
        allow_removals: bool = True,
    ) -> None:
        self.posts, self.read_config, self.report = posts, read_config, report
        self.feeds, self.runtime = LocalStore(folder), ThreadedRuntime(threads=8)
        self.allow_removals = allow_removals
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._due: dict[str, datetime] = {}
        self._publisher: Publisher | None = None

    def follow(self, keys: Iterable[str] | None) -> None:
        """Publish the posts at `keys`; None: read the configuration, and publish all posts."""
        if keys is None:
            self.start()
        else:
            self.publish(keys)

    def layout(self) -> Layout:
        """Where the documents are, by the configuration that was read last."""
        return self._publisher.config.layout if self._publisher else usual_layout()

    def start(self) -> None:
        """Read the configuration, and publish every post that is not published yet."""
        with self._lock:
            self._publisher = Publisher(self.posts, self.feeds, self.read_config(), self.runtime)
            self._due.clear()
            all_problems: list[Problem] = []
            entries: list[Entry] = []

            def on_batch(result: PublishResult) -> None:
                all_problems.extend(result.problems)
                self._track_due(result)
                now = self.runtime.now()
                found = (record.entry(now) for record in result.records.values())
                entries[:] = _newest([*entries, *filter(None, found)])

            report = rebuild(self._publisher, on_batch=on_batch, allow_removals=self.allow_removals)
            parts = [f"{_number(report.read, 'post')} read", _number(report.feeds, "feed")]
            parts += [f"{_number(report.skipped, 'post')} unchanged"] if report.skipped else []
            parts += [f"{_number(report.documents, 'document')} written"]
            parts += [_number(len(all_problems), "problem")]
            summary = "\n".join(
                [
                    ", ".join(parts),
                    *report.closed.lines(),
                    *self._links(entry.key for entry in entries),
                ]
            )
            self.report(summary, sorted(all_problems), report.errors)
            self._set_timer()

    def publish(self, keys: Iterable[str]) -> None:
        """Publish posts that were written, changed or deleted; other keys are ignored."""
        publisher = self._publisher
        assert publisher is not None, "call start first"
        post_keys = sorted({key for key in keys if publisher.is_post(key) or is_attachment(key)})
        if not post_keys:
            return
        with self._lock:
            result = Journal(publisher).publish(post_keys)
            self._track_due(result)
            names, more = ", ".join(post_keys[:3]), len(post_keys) - 3
            names += f" and {more:,} more" if more > 0 else ""
            self.report(
                "\n".join(
                    (
                        f"{names}: {_number(len(result.changed), 'document')} written",
                        *self._links(post_keys[:_LINKS]),
                    )
                ),
                result.problems,
                list(result.errors),
            )
            self._set_timer()

    def _links(self, keys: Iterable[str]) -> Iterator[str]:
        """Where the entries of these posts lead, and what gave the addresses."""
        assert self._publisher is not None
        config = self._publisher.config
        for key in keys:
            try:
                stored = self.posts.get(key, config.limits.post_bytes)
            except StoreError:  # it is among the errors already
                continue
            if stored is None:
                continue
            read = read_post(key, stored.data, stored.stat.modified, config)
            if read.post:
                yield f"{key} → {read.post.link} ({read.link_rule})"

    def stop(self) -> None:
        """Stop the timer of the posts that will appear or expire."""
        if self._timer:
            self._timer.cancel()

    def _track_due(self, result: PublishResult) -> None:
        """Remember when each post of a publication appears or expires next."""
        for record in result.records.values():
            for key in record.objects:
                if record.due is None:
                    self._due.pop(key, None)
                else:
                    self._due[key] = record.due

    def _set_timer(self) -> None:
        """Set the timer for the next post that is due."""
        self.stop()
        if self._due:
            wait = (min(self._due.values()) - self.runtime.now()).total_seconds()
            self._timer = threading.Timer(min(max(wait, 0.0) + 0.1, _MAX_WAIT), self._on_timer)
            self._timer.daemon = True
            self._timer.start()

    def _on_timer(self) -> None:
        """Publish the posts that are due; if there are none, set the timer again."""
        now = self.runtime.now()
        due_keys = [key for key, time in self._due.items() if time <= now]
        if due_keys:
            self.publish(due_keys)
        else:
            self._set_timer()


def _newest(entries: list[Entry]) -> list[Entry]:
    """The newest of these entries, of which the links are shown."""
    return sorted(entries, key=lambda entry: entry.published, reverse=True)[:_LINKS]


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun if count == 1 else noun + 's'}"
