"""A site's own shortcodes: a template of `[content.shortcodes]` and arguments -> HTML.

A named argument is a variable. ``args`` has the positional ones, and ``_0`` is the first; ``named``
has the named ones, also those whose name is not a variable's (``named["data-src"]``). ``inner`` (in
Zola: ``body``) is the HTML between the tags of a pair. A name that is not given is empty. The
values are escaped; the result must be sanitised like everything else in a post.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from feeds.templating.jinja import Environment, Value

_FUEL = 100_000
"""The work that one use may take: some milliseconds."""
_MAX_CHARS = 200_000
"""Length of the HTML of one use; of its arguments together; and of a template."""
_NAME = "shortcode"


class Rendered(NamedTuple):
    """What one use of a shortcode shows."""

    html: str
    """HTML, not sanitised yet; empty if there is a problem."""
    problem: str
    """What is wrong, with the line of the template; else empty."""


def render(
    template: str, named: Mapping[str, str], positional: Sequence[str], inner: str
) -> Rendered:
    """One use of a shortcode."""
    from feeds.templating import jinja

    values = _values(named, positional, inner)
    texts = (*named.values(), *positional)
    if sum(map(len, texts)) + len(inner) > _MAX_CHARS:
        return Rendered("", f"its arguments have more than {_MAX_CHARS:,} characters")
    try:
        html = jinja.render(_environment(template), _NAME, values)
    except jinja.TemplateError as error:
        return Rendered("", f"line {error.line}: {error}")
    if len(html) > _MAX_CHARS:
        return Rendered("", f"it writes more than {_MAX_CHARS:,} characters")
    return Rendered(html, "")


def template_problems(template: str) -> Iterator[str]:
    """The mistakes of a template that do not depend on the arguments: ``line N: problem``."""
    from feeds.templating import jinja, jinja_syntax

    if len(template) > _MAX_CHARS:
        yield f"line 1: it has more than {_MAX_CHARS:,} characters"
        return
    try:
        jinja_syntax.parse(template, _NAME)
        names = {name.partition(".")[0] for name in jinja_syntax.undeclared_names(template)}
        # A name that is called must stay unknown, so that the call is found.
        called = set(re.findall(r"(?<!\w)(\w++)\s*+\(", template))
        given = dict.fromkeys(names - called - {"args", "named"}, "1")
        for values in (_values(given, ["1"] * 10, "1"), _values({}, [], "")):
            jinja.render(_environment(template), _NAME, values)
    except jinja.TemplateError as error:
        # Another mistake, such as a division by zero, may be one of the invented arguments only.
        if error.kind.startswith("Unknown") or error.kind in _MISTAKES:
            yield f"line {error.line}: {error}"


_MISTAKES = frozenset(
    {"SyntaxError", "TemplateNotFound", "OutOfFuel", "TooManyArguments", "MissingArgument"}
)


def _values(named: Mapping[str, str], positional: Sequence[str], inner: str) -> dict[str, Value]:
    from feeds.templating.jinja import Markup

    return {
        **{f"_{i}": text for i, text in enumerate(positional)},
        **named,
        "named": dict(named),
        "args": list(positional),
        "inner": Markup(inner),
        "body": Markup(inner),
    }


@lru_cache(maxsize=500)
def _environment(template: str) -> Environment:
    from feeds.templating import jinja

    return jinja.make_environment({_NAME: template}, _FUEL, safe=True)
