"""Filters of Jekyll for lists and for values of any kind.

https://jekyllrb.com/docs/liquid/filters/
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any

from liquid.builtin.expressions import BooleanExpression, FilteredExpression, tokenize
from liquid.stream import TokenStream
from liquid.token import TOKEN_EXPRESSION, Token

from feeds.reading.content.markdown import ContentTooLarge, render_markdown
from feeds.reading.liquid.state import TooMuchWork
from feeds.reading.liquid.text_filters import inspected, plain, to_text, xml_escape
from feeds.reading.liquid.values import _CONFIG

if TYPE_CHECKING:
    from feeds.reading.liquid.environment import Context

_MAX_NESTED = 1_000


def _items(value: Any) -> list[Any] | None:
    """The items of a list or the values of a table; None for anything else."""
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else None


def _flat(value: Any) -> list[Any]:
    """The items of a list and of the lists in it; any other value is one item."""
    if isinstance(value, list):
        return [inner for item in value for inner in (_flat(item) if isinstance(item, list) else [item])]
    return [] if value is None else [value]


def _property(item: Any, name: Any) -> Any:
    """A field of an item; a dot leads into a table. A text that is a number is one."""
    for part in str(name).split("."):
        item = item.get(part) if isinstance(item, Mapping) else None
    if isinstance(item, str) and re.fullmatch(r"\s*-?[0-9]{1,15}\s*", item):
        return int(item)
    if isinstance(item, str) and re.fullmatch(r"\s*-?[0-9]{0,15}\.[0-9]{1,15}\s*", item):
        return float(item)
    return item


def _matches(found: Any, target: Any, context: Context) -> bool:
    if target is None:
        return found is None
    text = to_text(target, context.state)
    if isinstance(found, list):
        return any(to_text(item, context.state) == text for item in found)
    return found is not None and to_text(found, context.state) == text


def _where(left: Any, name: Any, target: Any = None, *, context: Context) -> Any:
    items = _items(left)
    if not name or isinstance(target, (list, Mapping)) or items is None:
        return left
    return [item for item in items if _matches(_property(item, name), target, context)]


def _find(left: Any, name: Any, target: Any = None, *, context: Context) -> Any:
    items = _items(left)
    if not name or isinstance(target, (list, Mapping)) or items is None:
        return left
    found = (item for item in items if _matches(_property(item, name), target, context))
    return next(found, None)


def _expression(parser: Any, text: Any, context: Context) -> Any:
    token = Token(TOKEN_EXPRESSION, str(text), 0, str(text))
    return parser.parse(context.env, TokenStream(tokenize(str(text), token)))


def _where_exp(left: Any, name: Any, text: Any, *, context: Context) -> Any:
    items = _items(left)
    if items is None:
        return left
    condition = _expression(BooleanExpression, text, context)
    kept = []
    for item in items:
        context.state.spend(2)
        with context.extend({str(name): item}):
            if condition.evaluate(context):
                kept.append(item)
    return kept


def _find_exp(left: Any, name: Any, text: Any, *, context: Context) -> Any:
    found = _where_exp(left, name, text, context=context)
    return (found[0] if found else None) if isinstance(found, list) else found


def _grouped(groups: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [{"name": name, "items": items, "size": len(items)} for name, items in groups.items()]


def _group_by(left: Any, name: Any, *, context: Context) -> Any:
    if not isinstance(left, list):
        return left
    groups: dict[str, list[Any]] = {}
    for item in left:
        groups.setdefault(to_text(_property(item, name), context.state), []).append(item)
    return _grouped(groups)


def _group_by_exp(left: Any, name: Any, text: Any, *, context: Context) -> Any:
    if not isinstance(left, list):
        return left
    expression = _expression(FilteredExpression, text, context)
    groups: dict[str, list[Any]] = {}
    for item in left:
        context.state.spend(2)
        with context.extend({str(name): item}):
            group = to_text(expression.evaluate(context), context.state)
        groups.setdefault(group, []).append(item)
    return _grouped(groups)


def _compare(first: Any, second: Any) -> int:
    both = (first, second)
    numbers = all(isinstance(value, (int, float)) for value in both)
    if not numbers and type(first) is not type(second):
        first, second = str(first), str(second)
    return (first > second) - (first < second)


def _sort(left: Any, name: Any = None, nils: Any = "first", *, context: Context) -> Any:
    items = list(left) if isinstance(left, list) else _flat(left)
    if name is None:
        return sorted(items, key=cmp_to_key(_compare))
    keyed = [(_property(item, name), item) for item in items]
    without = [item for value, item in keyed if value is None]
    rest = [pair for pair in keyed if pair[0] is not None]
    rest.sort(key=cmp_to_key(lambda first, second: _compare(first[0], second[0])))
    ordered = [item for _, item in rest]
    return ordered + without if nils == "last" else without + ordered


def _uniq(left: Any, name: Any = None, *, context: Context) -> Any:
    seen: dict[str, Any] = {}
    for item in _flat(left):
        context.state.read_all(item)
        seen.setdefault(inspected(item if name is None else _property(item, name)), item)
    return list(seen.values())


def _pushed(left: Any, item: Any, context: Context) -> Any:
    """Check that lists in lists stay small: two lists that hold the same twice take long to read."""
    pending, count = [item], 0
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending += value
            count += len(value)
            if count > _MAX_NESTED:
                raise TooMuchWork("limits.liquid_work")
    return left


def _push(left: Any, item: Any, *, context: Context) -> Any:
    return [*_pushed(left, item, context), item] if isinstance(left, list) else left


def _unshift(left: Any, item: Any, *, context: Context) -> Any:
    return [item, *_pushed(left, item, context)] if isinstance(left, list) else left


def _pop(left: Any, number: Any = 1, *, context: Context) -> Any:
    return left[: max(0, len(left) - int(number))] if isinstance(left, list) else left


def _shift(left: Any, number: Any = 1, *, context: Context) -> Any:
    return left[int(number) :] if isinstance(left, list) else left


def _sample(left: Any, number: Any = 1, *, context: Context) -> Any:
    """The first items: a post is the same each time that it is read."""
    if not isinstance(left, list):
        return left
    return (left[0] if left else None) if int(number) == 1 else left[: int(number)]


def _join(left: Any, glue: Any = " ", *, context: Context) -> str:
    return to_text(glue, context.state).join(to_text(item, context.state) for item in _flat(left))


def _map(left: Any, name: Any, *, context: Context) -> list[Any]:
    return [item.get(name) if isinstance(item, Mapping) else None for item in _flat(left)]


def _end(at: int) -> Callable[..., Any]:
    def end(left: Any, *, context: Context) -> Any:
        if isinstance(left, Mapping):
            left = [list(pair) for pair in left.items()]
        return left[at] if isinstance(left, list) and left else None

    return end


def _compact(left: Any, name: Any = None, *, context: Context) -> list[Any]:
    return [
        item
        for item in _flat(left)
        if (item if name is None else _property(item, name)) is not None
    ]


def _sum(left: Any, name: Any = None, *, context: Context) -> Any:
    values = [item if name is None else _property(item, name) for item in _flat(left)]
    return sum(value for value in values if isinstance(value, (int, float)))


def _sort_natural(left: Any, name: Any = None, *, context: Context) -> list[Any]:
    def key(item: Any) -> tuple[bool, str]:
        value = item if name is None else _property(item, name)
        return value is None, to_text(value, context.state).lower()

    return sorted(_flat(left), key=key)


def _size(left: Any, *, context: Context) -> int:
    return len(left) if isinstance(left, (str, list, Mapping)) else 8 * isinstance(left, int)


def _to_integer(left: Any, *, context: Context) -> int:
    if isinstance(left, (bool, int, float)):
        return int(left)
    number = re.match(r"\s*[-+]?[0-9]{1,30}", to_text(left, context.state))
    return int(number[0]) if number else 0


def _round(left: Any, digits: Any = 0, *, context: Context) -> Any:
    number = Decimal(str(left if isinstance(left, (int, float)) else _to_integer(left, context=context)))
    places = int(digits or 0)
    rounded = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return int(rounded) if places < 1 else float(rounded)


def _sentence(left: Any, connector: Any = "and", *, context: Context) -> str:
    texts = [to_text(item, context.state) for item in left]
    if len(texts) < 3:
        return f" {connector} ".join(texts)
    return f"{', '.join(texts[:-1])}, {connector} {texts[-1]}"


def _markdownify(left: Any, *, context: Context) -> str:
    limits = context.globals[_CONFIG].limits  # type: ignore[attr-defined]
    text = to_text(left, context.state)
    context.state.spend(len(text))
    try:
        return render_markdown(text, limits)
    except ContentTooLarge:
        raise TooMuchWork("limits.markdown_work") from None


def _jsonify(left: Any, *, context: Context) -> str:
    return json.dumps(plain(left), ensure_ascii=False, separators=(",", ":"))


def _inspect(left: Any, *, context: Context) -> str:
    return xml_escape(inspected(left))


LIST_FILTERS: dict[str, Callable[..., Any]] = {
    "array_to_sentence_string": _sentence,
    "compact": _compact,
    "concat": lambda left, more, *, context: _flat(left) + list(more),
    "find": _find,
    "find_exp": _find_exp,
    "first": _end(0),
    "group_by": _group_by,
    "group_by_exp": _group_by_exp,
    "inspect": _inspect,
    "join": _join,
    "jsonify": _jsonify,
    "json": _jsonify,
    "last": _end(-1),
    "log": lambda left, *_, context: left,
    "map": _map,
    "markdownify": _markdownify,
    "pop": _pop,
    "push": _push,
    "reverse": lambda left, *, context: _flat(left)[::-1],
    "round": _round,
    "sample": _sample,
    "shift": _shift,
    "size": _size,
    "sort": _sort,
    "sort_natural": _sort_natural,
    "sum": _sum,
    "to_integer": _to_integer,
    "uniq": _uniq,
    "unshift": _unshift,
    "where": _where,
    "where_exp": _where_exp,
}
"""Filters of values of any kind."""
