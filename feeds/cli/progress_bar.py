"""The progress bar of a terminal; in a module of its own because rich.progress imports slowly."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        """The recent rate; empty before there is one."""
        rate = task.finished_speed or task.speed
        return Text(f"{rate:,.0f}/s" if rate else "", style="progress.data.speed")


class ProgressBar:
    """One bar for the phases of a command, one after the other."""

    def __init__(self, bar: Progress) -> None:
        self._bar, self.what = bar, ""
        self._task = TaskID(0)
        self._shown = 0.0

    def start(self, what: str) -> None:
        """Show a phase in place of the last; its rate is counted from now on."""
        if self.what:
            self._bar.remove_task(self._task)
        self.what, self._task, self._shown = what, self._bar.add_task(what, total=None), 0.0

    def update(self, what: str, done: int, total: int) -> None:
        """Show how far a phase is; another phase than the last replaces it.

        A bar is drawn ten times a second at most: a phase may have a hundred thousand items.
        """
        if what != self.what:
            self.start(what)
        now = time.monotonic()
        refresh = done >= total or now - self._shown >= 0.1
        self._shown = now if refresh else self._shown
        self._bar.update(self._task, completed=done, total=total, refresh=refresh)


@contextmanager
def progress_bar(what: str, console: Console) -> Iterator[ProgressBar]:
    """Show a progress bar of the phase `what`, and remove it at the end."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    # auto_refresh would start a thread, and a fork of this process could not go on without it.
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        progress = ProgressBar(bar)
        progress.start(what)
        yield progress
