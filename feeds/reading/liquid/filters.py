"""All filters of Liquid and Jekyll, each with a guard.

The guard takes from the budget by the size of what a
filter reads and makes, and keeps a value that nobody knows unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from liquid.environment import Environment
from liquid.exceptions import LiquidError, ResourceLimitError
from liquid.undefined import Undefined

from feeds.reading.liquid.list_filters import CONTEXT_FILTERS, LIST_FILTERS
from feeds.reading.liquid.query_filters import QUERY_FILTERS
from feeds.reading.liquid.state import TooMuchWork
from feeds.reading.liquid.text_filters import SITE_FILTERS, TEXT_FILTERS, string
from feeds.reading.liquid.values import CONFIG, Unknown

if TYPE_CHECKING:
    from feeds.reading.liquid.environment import Context

_MAX_BITS = 4_000


def register(environment: Environment) -> None:
    """Add Jekyll's filters, and put the guard around all."""
    for name in ("safe", "escapejs", "has", "find_index", "reject", "squish"):
        del environment.filters[name]  # Ruby's Liquid does not have them
    own: dict[str, Callable[..., Any]] = {
        **{name: _of_text(function) for name, function in TEXT_FILTERS.items()},
        **{name: _of_site(function) for name, function in SITE_FILTERS.items()},
        **{name: _of_value(function) for name, function in LIST_FILTERS.items()},
        **CONTEXT_FILTERS,
        **QUERY_FILTERS,
    }
    for name, function in environment.filters.items():
        if name not in own:
            own[name] = _of_library(name, function, environment)
    for name, function in own.items():
        environment.add_filter(name, _guarded(name, function))
    environment.filters = _Filters(environment.filters)


class _Filters(dict[str, Callable[..., Any]]):
    """All filters; one of a plug-in returns its value as it is."""

    def __missing__(self, name: str) -> Callable[..., Any]:
        def unchanged(value: object, *_: object, context: Context, **__: object) -> object:
            context.state.report("filter", name)
            return value

        unchanged.with_context = True  # type: ignore[attr-defined]
        return unchanged


_BY_LENGTH = frozenset(
    (
        *("compact", "concat", "default", "first", "last", "map", "pop", "reverse", "sample"),
        *("shift", "size", "slice", "sort", "sort_natural", "sum", "uniq", *QUERY_FILTERS),
    )
)
"""Filters that read the items of a list, but not everything in them."""


def _guarded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(left: Any, *values: Any, context: Context, **named: Any) -> Any:
        state = context.state
        if name == "default" and isinstance(left, Unknown):
            left = None
        for value in (left, *values, *named.values()):
            if isinstance(value, Unknown):
                return value
            if name in _BY_LENGTH and isinstance(value, (list, range)):
                state.spend(1 + len(value))
            else:
                state.read_all(value)
        left = list(left) if isinstance(left, range) else _or_none(left)
        values = tuple(map(_or_none, values))
        try:
            _check_growth(name, left, values, context)
            result = function(left, *values, context=context, **named)
        except ResourceLimitError:
            raise
        except (LiquidError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            state.report("filter", name)
            return left
        if isinstance(result, int) and result.bit_length() > _MAX_BITS:
            raise TooMuchWork("limits.liquid_work")
        state.read(result)
        return result

    guarded.with_context = True  # type: ignore[attr-defined]
    return guarded


def _or_none(value: Any) -> Any:
    return None if isinstance(value, Undefined) else value


def _check_growth(name: str, left: Any, values: tuple[Any, ...], context: Context) -> None:
    """Take the steps for a result that is longer than what a filter reads."""
    if name in ("replace", "join") and values:
        if name == "replace":
            copies = str(left).count(str(values[0])) if len(values) > 1 else 0
        else:
            copies = len(left) if isinstance(left, list) else 0
        context.state.spend(copies * len(str(values[-1])) // 100)


def _of_value(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda left, *values, context: function(left, *values)  # noqa: ARG005


def _of_text(function: Callable[..., Any]) -> Callable[..., Any]:
    def of_text(left: Any, *values: Any, context: Context) -> Any:
        return None if left is None else function(string(left, context.state), *values)

    return of_text


def _of_site(function: Callable[..., Any]) -> Callable[..., Any]:
    def of_site(left: Any, *values: Any, context: Context) -> Any:
        if left in ("now", "today"):
            context.state.report("value", str(left))
            return Unknown(str(left))
        return function(left, *values, config=context.globals[CONFIG])

    return of_site


def _of_library(
    name: str, function: Callable[..., Any], environment: Environment
) -> Callable[..., Any]:
    """A filter of python-liquid, with what it wants to know."""
    wants_context = getattr(function, "with_context", False)
    wants_environment = getattr(function, "with_environment", False)

    def of_library(left: Any, *values: Any, context: Context, **named: Any) -> Any:
        if wants_context:
            named["context"] = context
        if wants_environment:
            named["environment"] = environment
        if function.__module__.endswith(".string") and left is not None and name != "slice":
            left = string(left, context.state)
            values = tuple(
                ""
                if value is None
                else value
                if isinstance(value, int)
                else string(value, context.state)
                for value in values
            )
        return function(left, *values, **named)

    return of_library
