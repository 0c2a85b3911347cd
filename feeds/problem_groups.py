"""Groups problems by rule: many problems that differ only in what they quote -> one line."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache

from msgspec import Struct

from feeds.model import Problem, Severity, printable

MOST_LINES = 3
"""How many problems of one rule have a line each; more are a group."""
_EXAMPLES = 3
"""How many places a group names."""

_TOKEN = re.compile(r"""(?<!\w)'[^']*'|(?<!\w)"[^"]*"|\s+|[^\s'"]+|['"]""")
_VALUE = re.compile(r"""(?!\{\{)(?:['"].|.*\d|.*\w[./:]\w)""", re.DOTALL)
"""A word that may be of one post: in quotes, with a digit, or like an address or a file. A value in
a template, ``{{page.author}}``, is in many."""


class ProblemGroup(Struct, frozen=True):
    """Problems of one rule in several places."""

    severity: Severity
    """The severity of each of them."""
    posts: int
    """The number of posts that have one."""
    problems: int
    """The number of problems."""
    text: str
    """What is wrong and what to do, with ``…`` where the problems differ."""
    places: tuple[str, ...]
    """The first places, each ``key:line``, of different posts."""

    @property
    def count(self) -> str:
        """The start of the line: ``14 posts``, or ``14 posts, 20 times``."""
        posts = f"{self.posts:,} post" if self.posts == 1 else f"{self.posts:,} posts"
        return posts if self.posts == self.problems else f"{posts}, {self.problems:,} times"

    def __str__(self) -> str:
        """One line of printable text."""
        label = "warning: " if self.severity == "warning" else ""
        more = ", …" if self.posts > len(self.places) else ""
        return printable(f"{label}{self.count}: {self.text} ({', '.join(self.places)}{more})")


def group_problems(problems: Iterable[Problem]) -> tuple[list[ProblemGroup], list[Problem]]:
    """The groups, those of most posts first; and the problems that stay alone, in order."""
    by_rule: defaultdict[tuple[str, ...], list[Problem]] = defaultdict(list)
    rule_of = cache(_rule)  # most texts are those of many posts
    for problem in sorted(problems):
        by_rule[problem.severity, *rule_of(problem.what)].append(problem)
    groups = [_group(same) for same in by_rule.values() if len(same) > MOST_LINES]
    alone = [p for same in by_rule.values() if len(same) <= MOST_LINES for p in same]
    return sorted(groups, key=lambda group: (-group.posts, group.text)), sorted(alone)


def _group(problems: Sequence[Problem]) -> ProblemGroup:
    first_of_posts = {problem.key: problem for problem in reversed(problems)}
    places = [f"{p.key}:{p.line or 1}" for p in reversed(first_of_posts.values())]
    what = _common_text({problem.what for problem in problems})
    todos = {problem.todo for problem in problems}
    todo = _common_text(todos) if len({_rule(text) for text in todos}) == 1 else ""
    return ProblemGroup(
        problems[0].severity,
        len(places),
        sum(problem.times for problem in problems),
        f"{what}; {todo}" if todo else what,
        tuple(places[:_EXAMPLES]),
    )


def _rule(text: str) -> tuple[str, ...]:
    """The words of a text, with ``…`` for each that may be of one post."""
    return tuple("…" if _VALUE.match(token) else token for token in _TOKEN.findall(text))


def _common_text(texts: Iterable[str]) -> str:
    """The text that these of one rule have in common, with ``…`` for words in which they differ."""
    columns = zip(*map(_TOKEN.findall, texts), strict=True)
    return "".join(words[0] if len(set(words)) == 1 else "…" for words in columns)
