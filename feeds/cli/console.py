"""Owns what is written to the terminal: colours and progress there, plain lines in a pipe."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from feeds.model import Problem

# Posts are shown as they are: [b] and :fire: in a title are text.
out = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


@contextmanager
def progress(what: str, *, in_a_pipe: bool = True) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal; one line otherwise, or none."""
    if not err.is_terminal:
        told = not in_a_pipe

        def tell(_done: int, total: int) -> None:
            nonlocal told
            if not told:
                err.print(f"{what} {number(total, 'post')}")
            told = True

        yield tell
        return
    from feeds.cli.progress_bar import progress_bar

    with progress_bar(what, err) as filled:
        yield filled


def print_problems(problems: list[Problem], root: str) -> None:
    """Print problems to standard error, a line each; `root` is where their keys are."""
    prefix = root if root.endswith("/") or not root else root + "/"
    for problem in sorted(problems):
        err.print(shown(problem, prefix))


def shown(problem: Problem, prefix: str = "") -> Text:
    """A problem's line; its place is coloured on a terminal, by how bad it is."""
    line = _CONTROL.sub(lambda c: f"\\x{ord(c[0]):02x}", prefix + str(problem))
    text = Text(line)
    text.stylize("yellow" if problem.severity == "warning" else "red", 0, line.find(": ") + 1)
    return text


# A file's name can hold a line end or a terminal's commands: shown, they would forge a line.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def number(count: int, one: str, many: str = "") -> str:
    """A count and what it counts: ``1 post``, ``1,204 posts``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def as_json(problems: list[Problem]) -> str:
    """Problems as a JSON array of ASCII, each with all its fields."""
    names = ("key", "line", "column", "field", "severity", "what", "todo")
    shown = [{name: getattr(problem, name) for name in names} for problem in sorted(problems)]
    return json.dumps(shown, indent=1)
