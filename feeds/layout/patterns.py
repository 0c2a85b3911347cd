"""Patterns of keys, such as ``category/:slug/atom.xml``: what they match, and whether two collide.

A pattern has at most one ``:slug`` and one ``:page``, each in a step of its own; other text may be
before and after it in the step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

SLUG, PAGE = ":slug", ":page"

_PARTS = {
    # The slug of a feed. "archive" is the folder of a feed's archive pages.
    SLUG: r"(?!archive(?:/|$))[^/]+",
    PAGE: r"[^/]+",
}
_TOKEN = re.compile(r":slug|:page")


def expression(pattern: str) -> str:
    """A regular expression for the keys of a pattern, with one group: the slug, perhaps empty.

    A slug that has an ending in its step has no dot: ``x.rss.xml`` is not the slug ``x.rss``.
    """
    made, at = [], 0
    for token in _TOKEN.finditer(pattern):
        made.append(re.escape(pattern[at : token.start()]))
        part = _PARTS[token[0]]
        if token[0] == SLUG:
            is_whole = pattern[token.end() : token.end() + 1] in ("/", "")
            part = f"({part if is_whole else part.replace('[^/]', '[^/.]')})"
        made.append(part)
        at = token.end()
    text = "".join((*made, re.escape(pattern[at:])))
    return text if SLUG in pattern else f"(){text}"


def match(parts: tuple[str, ...], key: str) -> re.Match[str] | None:
    """Match a key with expressions of `expression`.

    The name of the last group is ``p0`` for the first of them, and so on; the group behind that is
    the slug.
    """
    return _matcher(parts).fullmatch(key)


@cache
def _matcher(parts: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<p{at}>{part})" for at, part in enumerate(parts)))


def may_collide(one: str, other: str, is_reserved: Callable[[str], bool]) -> bool:
    """Return whether a key may match both patterns, whatever the slugs and the pages are.

    `is_reserved` returns whether no feed has a slug.
    """
    steps, other_steps = one.split("/"), other.split("/")
    return len(steps) == len(other_steps) and _may_start(steps, other_steps, is_reserved)


def may_contain(folder: str, key: str, is_reserved: Callable[[str], bool]) -> bool:
    """Return whether a key that matches a pattern may be below a folder that matches `folder`."""
    steps, key_steps = folder.split("/"), key.split("/")
    return len(steps) < len(key_steps) and _may_start(steps, key_steps, is_reserved)


def _may_start(
    steps: Sequence[str], others: Sequence[str], is_reserved: Callable[[str], bool]
) -> bool:
    """Return whether the first steps of two patterns may be equal."""
    pairs = zip(steps, others, strict=False)
    return all(_may_be_equal(one, other, is_reserved) for one, other in pairs)


def _may_be_equal(one: str, other: str, is_reserved: Callable[[str], bool]) -> bool:
    """Return whether a step of a key may match both steps of patterns."""
    token, other_token = _TOKEN.search(one), _TOKEN.search(other)
    if token is None and other_token is None:
        return one == other
    if token is None or other_token is None:
        pattern, text = (other, one) if token is None else (one, other)
        found = match((expression(pattern),), text)
        return found is not None and not is_reserved(found[2])
    starts = one[: token.start()], other[: other_token.start()]
    ends = one[token.end() :][::-1], other[other_token.end() :][::-1]
    return all(a.startswith(b) or b.startswith(a) for a, b in (starts, ends))
