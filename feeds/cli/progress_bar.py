"""The progress bar of a terminal; in a module of its own because rich.progress imports slowly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
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


@contextmanager
def progress_bar(
    what: str, console: Console
) -> Iterator[tuple[Callable[[int, int], None], Callable[[str], None]]]:
    """Show a progress bar, and remove it at the end.

    Yields a function (done, total), and one that begins a phase with another name.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    # auto_refresh would start a thread, and a fork of this process could not go on without it.
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task(what, total=None)

        def begin(phase: str) -> None:
            bar.reset(task, description=phase, total=None)
            bar.refresh()

        yield lambda done, total: bar.update(task, completed=done, total=total, refresh=True), begin
