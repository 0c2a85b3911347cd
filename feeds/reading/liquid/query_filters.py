"""Filters of Jekyll that look for items of a list: `where`, `find`, `group_by` and their kin.

https://jekyllrb.com/docs/liquid/filters/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from liquid.builtin.expressions import BooleanExpression, FilteredExpression, tokenize
from liquid.stream import TokenStream
from liquid.token import TOKEN_EXPRESSION, Token

from feeds.reading.liquid.text_filters import to_text

if TYPE_CHECKING:
    from feeds.reading.liquid.environment import Context


def _items(value: Any) -> list[Any] | None:
    """The items of a list or the values of a table; None for anything else."""
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else None


def item_property(item: Any, name: Any) -> Any:
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
    return [item for item in items if _matches(item_property(item, name), target, context)]


def _find(left: Any, name: Any, target: Any = None, *, context: Context) -> Any:
    items = _items(left)
    if not name or isinstance(target, (list, Mapping)) or items is None:
        return left
    found = (item for item in items if _matches(item_property(item, name), target, context))
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
        groups.setdefault(to_text(item_property(item, name), context.state), []).append(item)
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


QUERY_FILTERS: dict[str, Callable[..., Any]] = {
    "find": _find,
    "find_exp": _find_exp,
    "group_by": _group_by,
    "group_by_exp": _group_by_exp,
    "where": _where,
    "where_exp": _where_exp,
}
"""Filters that get the state of the rendering."""
