"""No regular expression of the package takes more than linear time, whatever text it meets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import pytest
from support.expressions import Expression, LongText, expressions, long_texts, modules, seconds

SIZE = 4_000
"""Characters of the texts that each expression meets first."""
GROWTH = 4
"""How many times longer the second text is than the first."""
MARGIN = 2.2
"""How much more than `GROWTH` the time may grow, on a busy machine. With squared growth it is 4."""
QUICK = 300e-9
"""Seconds for a character. A text that takes less at `SIZE` is not looked at again: with squared
growth, even the fastest loop of the expression engine (0.5 ns for a step) takes three times as
long, 1,000 ns for each of 4,000 characters."""
LIMIT = 0.2
"""Seconds after which a use of an expression is stopped: it may take for ever."""

ALL = expressions(modules())
pytestmark = pytest.mark.slow


def slow_texts(expression: Expression) -> Iterator[LongText]:
    """The texts whose time grows faster than their length."""
    quick = SIZE * QUICK * len(expression.methods)
    for text in long_texts(expression.pattern):
        if seconds(expression, text.of(SIZE), LIMIT) > quick and grows(expression, text):
            yield text


def grows(expression: Expression, text: LongText) -> bool:
    """Whether the time grows faster than the length, five times in a row."""
    for _ in range(5):
        first = seconds(expression, text.of(SIZE), LIMIT)
        second = seconds(expression, text.of(SIZE * GROWTH), LIMIT) if first < LIMIT else LIMIT
        if second < min(first * GROWTH * MARGIN, LIMIT):
            return False
    return True


@pytest.mark.parametrize("expression", ALL, ids=[expression.place for expression in ALL])
def test_the_time_of_a_regular_expression_grows_with_the_length_of_the_text(
    expression: Expression,
) -> None:
    assert list(islice(slow_texts(expression), 3)) == [], expression.pattern.pattern


def test_every_regular_expression_of_the_modules_is_found() -> None:
    found = {(expression.pattern.pattern, expression.pattern.flags) for expression in ALL}
    compiled = [*_patterns([vars(module) for module in modules()])]
    assert len(compiled) > 40
    assert [p for p in compiled if (p.pattern, p.flags) not in found] == []


def _patterns(value: object) -> Iterator[re.Pattern[str]]:
    """The compiled expressions in a value, in its items, and in the attributes of its classes."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _patterns(item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _patterns(item)
    elif isinstance(value, type) and value.__module__.startswith("feeds."):
        yield from _patterns(dict(vars(value)))


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"[ \t]*\{x\}", "search"),  # each blank is a start
        (r"\{\{\s*(.*?)\s*\}\}", "finditer"),
        (r"<a[^>]*>", "finditer"),  # each <a reads to the end
        (r"\s*\w*\s*$", "match"),
        (r"(?:a|aa)*c", "match"),
        (r"(?:x+)+y", "fullmatch"),
    ],
)
def test_an_expression_that_takes_longer_is_reported(pattern: str, method: str) -> None:
    expression = Expression("here", re.compile(pattern), frozenset({method}))
    assert next(slow_texts(expression), None)


@pytest.mark.parametrize("pattern", [r"(?<![ \t])[ \t]*+\{x\}", r"<a[^<>]*+>", r"<a[^>]*+(?:>|\Z)"])
def test_an_expression_that_takes_linear_time_is_not_reported(pattern: str) -> None:
    assert not [*slow_texts(Expression("here", re.compile(pattern), frozenset({"finditer"})))]
