"""Decides by a post's front matter what feeds may show of it: all, all but its text, or nothing.

The table of the fields that count is in rules.py. A site changes it with
`posts.visibility`. If several rules apply, the strictest decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import get_args

from msgspec import Struct

from feeds.config import Config, Visibility
from feeds.reading.field_lookup import flat_fields, spelling
from feeds.reading.front_matter.formats import Value
from feeds.reading.visibility.rules import (
    RULES,
    Effect,
    Rule,
    Values,
    any_value,
    equal_to,
    is_yes,
    rule,
    texts_in,
)

_MOST_FIELDS = 200
"""Sets of more fields are not kept in memory."""
_STRICTNESS: tuple[Effect, ...] = get_args(Effect)


class Decision(Struct, frozen=True):
    """What feeds may show of a post."""

    effect: Effect = "publish"
    reason: str = ""
    """The fields that decided, such as ``hidden: true``; ``""`` if nothing closes the post. It
    never has the value of a password."""

    @property
    def is_locked(self) -> bool:
        """Whether feeds may show the post, but not its text."""
        return self.effect in ("preview", "lock")

    def stricter(self, other: Decision) -> Decision:
        """The stricter of two decisions; this one if they are equal."""
        ranks = _STRICTNESS.index(self.effect), _STRICTNESS.index(other.effect)
        return other if ranks[1] > ranks[0] else self


class _Table:
    """The rules of a site: `RULES`, as `posts.visibility` changes them."""

    def __init__(self, changes: Iterable[tuple[str, Visibility]]) -> None:
        own: list[Rule] = []
        self.off: set[str] = set()
        """The fields, by their spelling, that `RULES` do not count for."""
        self.off_values: dict[str, list[Values]] = {}
        """The values of a field that `RULES` do not count."""
        for text, effect in changes:
            name, has_value, value = text.partition(":")
            values = equal_to(value) if has_value else any_value
            if has_value:
                self.off_values.setdefault(_bare(name), []).append(values)
            else:
                self.off.add(_bare(name))
            if effect != "publish":
                own.append(rule(effect, values, name))
        self.rules = (*own, *RULES)
        self.own = len(own)
        self.places: dict[str, list[tuple[int, int]]] = {}
        """The conditions that a field is in, as numbers of rules and of their conditions."""
        for number, row in enumerate(self.rules):
            for at, condition in enumerate(row.conditions):
                for name in {_bare(name) for name in condition.names}:
                    if number < self.own or name not in self.off:
                        self.places.setdefault(name, []).append((number, at))
        self.matching = lru_cache(2048)(self._matching)

    def _matching(self, names: tuple[str, ...]) -> list[tuple[str, list[tuple[int, int]]]]:
        """Those of these fields that are in the table; a site's posts have few sets of fields."""
        return [(name, places) for name in names if (places := self._places_of(name))]

    def _places_of(self, name: str) -> list[tuple[int, int]]:
        """The conditions that a field is in, by its own name or by a table that it is in."""
        places = self.places.get(_bare(name), [])
        parts = name.split(".")
        for end in range(1, len(parts)):
            places = places + self.places.get(_bare(".".join(parts[:end])) + "*", [])
        return places

    def decide(self, fields: Mapping[str, Value]) -> Decision:
        """The decision of the strictest rule that applies."""
        met: dict[int, dict[int, str]] = {}
        matching = self.matching if len(fields) <= _MOST_FIELDS else self._matching
        for name, places in matching(tuple(fields)):
            off_values = self.off_values.get(_bare(name), ())
            for text in texts_in(fields[name]):
                is_off = any(is_equal(text) for is_equal in off_values)
                for number, at in places:
                    values = self.rules[number].conditions[at].values
                    if (number < self.own or not is_off) and values(text):
                        met.setdefault(number, {}).setdefault(at, _label(name, text, values))
        decision = Decision()
        for number in sorted(met):
            row = self.rules[number]
            if len(met[number]) == len(row.conditions):
                reason = ", ".join(label for _, label in sorted(met[number].items()))
                decision = decision.stricter(Decision(row.effect, reason))
        return decision


def _bare(name: str) -> str:
    """The spelling of a name without a leading *is*: ``isDraft`` is ``draft``."""
    return spelling(name).removeprefix("is")


def _label(name: str, text: str, values: Values) -> str:
    """A field and its value, for people; without the value if it may be a secret."""
    is_secret = (values is any_value or "pass" in name.lower()) and not is_yes(text)
    return name if is_secret else f"{name}: {text[:60].lower()}"


_table = cache(_Table)


def decide_visibility(metadata: Mapping[str, Value], config: Config) -> Decision:
    """Decide by the front matter of a post what feeds may show of it."""
    return _table(tuple(config.posts.visibility.items())).decide(dict(flat_fields(metadata)))
