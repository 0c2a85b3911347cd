"""Filters of Jekyll for whole lists, and for values of any kind.

https://jekyllrb.com/docs/liquid/filters/
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any, cast

from feeds.config import Config
from feeds.reading.content.markdown import ContentTooLarge, render_markdown
from feeds.reading.generators.base import dialect_of
from feeds.reading.liquid.query_filters import item_property
from feeds.reading.liquid.state import TooMuchWork
from feeds.reading.liquid.text_filters import inspected, plain, to_text, xml_escape
from feeds.reading.liquid.values import CONFIG

if TYPE_CHECKING:
    from feeds.reading.liquid.environment import Context

_MAX_NESTED = 1_000


def _flat(value: Any) -> list[Any]:
    """The items of a list and of the lists in it; any other value is one item."""
    if not isinstance(value, list):
        return [] if value is None else [value]
    parts = (_flat(item) if isinstance(item, list) else [item] for item in value)
    return [inner for part in parts for inner in part]


def _compare(first: Any, second: Any) -> int:
    both = (first, second)
    numbers = all(isinstance(value, (int, float)) for value in both)
    if not numbers and type(first) is not type(second):
        first, second = str(first), str(second)
    return int(first > second) - int(first < second)


def _sort(left: Any, name: Any = None, nils: Any = "first") -> Any:
    items = list(left) if isinstance(left, list) else _flat(left)
    if name is None:
        return sorted(items, key=cmp_to_key(_compare))
    keyed: list[tuple[Any, Any]] = [(item_property(item, name), item) for item in items]
    without = [item for value, item in keyed if value is None]
    rest = [pair for pair in keyed if pair[0] is not None]
    by_property = cmp_to_key(_compare)
    rest.sort(key=lambda pair: by_property(pair[0]))
    ordered = [item for _, item in rest]
    return ordered + without if nils == "last" else without + ordered


def _uniq(left: Any, name: Any = None, *, context: Context) -> Any:
    seen: dict[str, Any] = {}
    for item in _flat(left):
        context.state.read_all(item)
        seen.setdefault(inspected(item if name is None else item_property(item, name)), item)
    return list(seen.values())


def _pushed(left: Any, item: Any) -> Any:
    """Check that lists in lists stay small: those that hold the same twice take long to read."""
    pending, count = [item], 0
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending += value
            count += len(value)
            if count > _MAX_NESTED:
                raise TooMuchWork("limits.liquid_work")
    return left


def _push(left: Any, item: Any) -> Any:
    return [*_pushed(left, item), item] if isinstance(left, list) else left


def _unshift(left: Any, item: Any) -> Any:
    return [item, *_pushed(left, item)] if isinstance(left, list) else left


def _pop(left: Any, number: Any = 1) -> Any:
    return left[: max(0, len(left) - int(number))] if isinstance(left, list) else left


def _shift(left: Any, number: Any = 1) -> Any:
    return left[int(number) :] if isinstance(left, list) else left


def _sample(left: Any, number: Any = 1) -> Any:
    """The first items: a post is the same each time that it is read."""
    if not isinstance(left, list):
        return left
    return (left[0] if left else None) if int(number) == 1 else left[: int(number)]


def _join(left: Any, glue: Any = " ", *, context: Context) -> str:
    return to_text(glue, context.state).join(to_text(item, context.state) for item in _flat(left))


def _map(left: Any, name: Any) -> list[Any]:
    return [item.get(name) if isinstance(item, Mapping) else None for item in _flat(left)]


def _end(at: int) -> Callable[..., Any]:
    def end(left: Any) -> Any:
        if isinstance(left, Mapping):
            left = [list(pair) for pair in left.items()]
        return left[at] if isinstance(left, list) and left else None

    return end


def _compact(left: Any, name: Any = None) -> list[Any]:
    return [
        item
        for item in _flat(left)
        if (item if name is None else item_property(item, name)) is not None
    ]


def _sum(left: Any, name: Any = None) -> Any:
    values = [item if name is None else item_property(item, name) for item in _flat(left)]
    return sum(value for value in values if isinstance(value, (int, float)))


def _sort_natural(left: Any, name: Any = None, *, context: Context) -> list[Any]:
    def key(item: Any) -> tuple[bool, str]:
        value = item if name is None else item_property(item, name)
        return value is None, to_text(value, context.state).lower()

    return sorted(_flat(left), key=key)


def _size(left: Any) -> int:
    return len(left) if isinstance(left, (str, list, Mapping)) else 8 * isinstance(left, int)


def _to_integer(left: Any, *, context: Context) -> int:
    if isinstance(left, (bool, int, float)):
        return int(left)
    number = re.match(r"\s*[-+]?[0-9]{1,30}", to_text(left, context.state))
    return int(number[0]) if number else 0


def _round(left: Any, digits: Any = 0, *, context: Context) -> Any:
    number = Decimal(
        str(left if isinstance(left, (int, float)) else _to_integer(left, context=context))
    )
    places = int(digits or 0)
    rounded = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return int(rounded) if places < 1 else float(rounded)


def _sentence(left: Any, connector: Any = "and", *, context: Context) -> str:
    texts = [to_text(item, context.state) for item in left]
    if len(texts) < 3:
        return f" {connector} ".join(texts)
    return f"{', '.join(texts[:-1])}, {connector} {texts[-1]}"


def _markdownify(left: Any, *, context: Context) -> str:
    config = cast(Config, context.globals[CONFIG])
    text = to_text(left, context.state)
    context.state.spend(len(text))
    try:
        return render_markdown(text, dialect_of(config).markdown, config.limits)
    except ContentTooLarge:
        raise TooMuchWork("limits.markdown_work") from None


def _jsonify(left: Any) -> str:
    return json.dumps(plain(left), ensure_ascii=False, separators=(",", ":"))


def _inspect(left: Any) -> str:
    return xml_escape(inspected(left))


LIST_FILTERS: dict[str, Callable[..., Any]] = {
    "compact": _compact,
    "concat": lambda left, more: _flat(left) + list(more),
    "first": _end(0),
    "inspect": _inspect,
    "jsonify": _jsonify,
    "json": _jsonify,
    "last": _end(-1),
    "log": lambda left, *_: left,
    "map": _map,
    "pop": _pop,
    "push": _push,
    "reverse": lambda left: _flat(left)[::-1],
    "sample": _sample,
    "shift": _shift,
    "size": _size,
    "sort": _sort,
    "sum": _sum,
    "unshift": _unshift,
}
"""Filters of a value alone."""
CONTEXT_FILTERS: dict[str, Callable[..., Any]] = {
    "array_to_sentence_string": _sentence,
    "join": _join,
    "markdownify": _markdownify,
    "round": _round,
    "sort_natural": _sort_natural,
    "to_integer": _to_integer,
    "uniq": _uniq,
}
"""Filters that get the state of the rendering."""
