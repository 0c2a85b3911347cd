"""Writes problems, counts and progress: with colours on a terminal, as plain lines in a pipe."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias

from rich.console import Console
from rich.text import Text

from feeds.model import Problem, Severity
from feeds.problem_groups import group_problems

# Text of posts is printed as it is: [b] and :fire: in a title are neither markup nor emoji.
out = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)

Progress: TypeAlias = Callable[[int, int], None]
"""A function that gets the number of items done, and the number of all items."""


@contextmanager
def progress(what: str, *, in_a_pipe: bool = True) -> Iterator[Progress]:
    """Show progress on standard error: a bar on a terminal; in a pipe one line, or nothing."""
    if err.is_terminal:
        from feeds.cli.progress_bar import progress_bar

        with progress_bar(what, err) as bar:
            yield partial(bar.update, what)
    else:
        yield _OneLineProgress(what if in_a_pipe else "")


@contextmanager
def phases(*whats: str) -> Iterator[list[Progress]]:
    """Show the progress of phases, one after the other; in a pipe nothing."""
    if err.is_terminal:
        from feeds.cli.progress_bar import progress_bar

        with progress_bar(whats[0], err) as bar:
            yield [partial(bar.update, what) for what in whats]
    else:
        yield [_OneLineProgress("") for _ in whats]


@contextmanager
def progress_in_phases(what: str) -> Iterator[tuple[Progress, Callable[[str], None]]]:
    """Show progress as `progress` does; also yields a function that begins a phase, by its name.

    On a terminal each phase has a bar of its own; in a pipe the phases are not shown.
    """
    if err.is_terminal:
        from feeds.cli.progress_bar import progress_bar

        with progress_bar(what, err) as bar:
            yield lambda done, total: bar.update(bar.what, done, total), bar.start
    else:
        yield _OneLineProgress(what), lambda _: None


class _OneLineProgress:
    """Progress in a pipe: prints one line at the first call; nothing if the text is empty."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __call__(self, _done: int, total: int) -> None:
        if self._what:
            err.print(f"{self._what} {number(total, 'post')}")
        self._what = ""


def print_errors(errors: Iterable[str]) -> None:
    """Print errors to standard error, one per line."""
    for error in errors:
        err.print(without_control_characters(error))


NOT_IN_FEEDS = "not in the feeds"
"""What an error means for its post, if the feeds are made from nothing."""
NOT_PUBLISHED = "not published; earlier versions stay in the feeds"
"""What an error means for its post, if feeds are there already."""


def print_problems(problems: Collection[Problem], root: str, fate: str, see_all: str = "") -> None:
    """Print problems to standard error, first those that cost a post; their keys are below `root`.

    `fate` is what has become of these posts. With `see_all`, a sentence about a way to see all
    problems, those of one rule are one line if they are many.
    """
    errors = [problem for problem in problems if problem.severity == "error"]
    others = [problem for problem in problems if problem.severity == "warning"]
    has_groups = False
    if errors:
        posts = len({problem.key for problem in errors})
        err.print(f"{number(posts, 'post')} {'is' if posts == 1 else 'are'} {fate}:")
        has_groups = _print_lines(errors, root, grouped=bool(see_all))
    if others:
        if errors:
            err.print(f"{number(len(others), 'other problem')}:")
        has_groups |= _print_lines(others, root, grouped=bool(see_all))
    if has_groups:
        err.print(see_all)


def lists_problems(feeds: str) -> str:
    """The sentence about a way to see all problems of feeds that are updated."""
    return f"feeds problems {without_control_characters(feeds)} lists each problem"


def print_each_problem(problems: Collection[Problem]) -> None:
    """Print problems to standard error, one per line, first those that cost a post."""
    for severity in ("error", "warning"):
        _print_lines([p for p in problems if p.severity == severity], "", grouped=False)


def _print_lines(problems: Collection[Problem], root: str, *, grouped: bool) -> bool:
    """Print problems; return whether some of them are one line."""
    prefix = root if root.endswith("/") or not root else root + "/"
    groups, alone = group_problems(problems) if grouped else ([], sorted(problems))
    for group in groups:
        line = without_control_characters(str(group))
        err.print(_with_colour(line, group.severity, line.find(group.count) + len(group.count) + 1))
    for problem in alone:
        err.print(problem_line(problem, prefix))
    return bool(groups)


def print_undated(keys: Sequence[str]) -> None:
    """Print one warning about all posts without a date."""
    if not keys:
        return
    first = without_control_characters(", ".join(sorted(keys)[:3]))
    names = first + (", …" if len(keys) > 3 else "")
    have = "has" if len(keys) == 1 else "have"
    err.print(
        Text(
            f"warning: {number(len(keys), 'post')} {have} no date ({names}); "
            "feeds show the time of the file, which changes with each checkout; "
            'write a date, or undated = "skip" under [posts]',
        )
    )


def problem_line(problem: Problem, prefix: str = "") -> Text:
    """The line of a problem; key and line number are red for an error, yellow for a warning."""
    line = without_control_characters(prefix + str(problem))
    return _with_colour(line, problem.severity, line.find(": ") + 1)


def _with_colour(line: str, severity: Severity, end: int) -> Text:
    text = Text(line)
    text.stylize("yellow" if severity == "warning" else "red", 0, end)
    return text


# A file name can contain line ends and terminal escape sequences, which could fake an output line.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def without_control_characters(text: str) -> str:
    """`text` with each control character written as Python would, such as ``\\x1b``."""
    return _CONTROL.sub(lambda char: ascii(char[0])[1:-1], text)


def number(count: int, noun: str) -> str:
    """A count and its noun: ``1 post``, ``1,204 posts``."""
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def problems_as_json(problems: Iterable[Problem]) -> str:
    """Problems as a JSON array in ASCII; each is an object with all its fields."""
    names = ("key", "line", "column", "field", "severity", "what", "todo")
    rows = [{name: getattr(problem, name) for name in names} for problem in sorted(problems)]
    return json.dumps(rows, indent=1)
