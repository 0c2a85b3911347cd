"""Patterns of addresses: ``/:year/:title/`` and the values of its tokens -> a path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeAlias

Tokens: TypeAlias = Mapping[str, Callable[[], str]]
"""The tokens of a pattern, without the colon, and a function that returns the value of each."""


def expand(
    pattern: str, tokens: Tokens, others: Callable[[str], str | None] = lambda _: None
) -> str:
    """The pattern with the values of its tokens; an unknown token stays as it is.

    `others` returns the value of a token that is not in the table; None if there is no such token.
    """
    return "".join(_value(part, tokens, others) for part in _parts(pattern))


def _value(part: str, tokens: Tokens, others: Callable[[str], str | None]) -> str:
    if part[0] != ":":
        return part
    name = part[1:]
    value = tokens[name]() if name in tokens else others(name)
    return part if value is None else value


@cache
def _parts(pattern: str) -> list[str]:
    """A pattern's tokens, such as ``:year``, and the texts between them."""
    return [part for part in re.split(r"(:\w+(?:\[[\w:]*\])?)", pattern) if part]
