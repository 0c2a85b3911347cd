"""A site's own shortcodes: a template of `[content.shortcodes]` and arguments -> HTML.

A named argument is a variable. ``args`` has the positional ones, and ``_0`` is the first; ``named``
has the named ones, also those whose name is not a variable's (``named["data-src"]``). ``inner`` (in
Zola: ``body``) is the HTML between the tags of a pair. A name that is not given is empty. The
filter `markdown` renders a text; with ``inline=true``, a single paragraph loses its tags, as in
Zola (https://www.getzola.org/documentation/templates/overview/). The values are escaped; the result
must be sanitised like everything else in a post.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from feeds.config import Limits
from feeds.reading.content.markdown import ContentTooLarge, render_inline, render_markdown

if TYPE_CHECKING:
    from feeds.templating.jinja import Environment

_FUEL = 100_000
"""The work that one use may take: some milliseconds."""
_MAX_CHARS = 200_000
"""Length of the HTML of one use; of its arguments together; and of a template."""
_NAME = "shortcode"
_WORK = "markdown work"
"""The name of the value that counts the Markdown of one use; no template can write it."""


class Rendered(NamedTuple):
    """What one use of a shortcode shows."""

    html: str
    """HTML, not sanitised yet; empty if there is a problem."""
    problem: str
    """What is wrong, with the line of the template; else empty."""


def render(
    template: str, named: Mapping[str, object], positional: Sequence[str], inner: str
) -> Rendered:
    """One use of a shortcode."""
    from feeds.templating import jinja

    values = _values(named, positional, inner)
    texts = (*map(str, named.values()), *positional)
    if sum(map(len, texts)) + len(inner) > _MAX_CHARS:
        return Rendered("", f"its arguments have more than {_MAX_CHARS:,} characters")
    try:
        html = _filled(template, values)
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
            _filled(template, values)
    except jinja.TemplateError as error:
        # Another mistake, such as a division by zero, may be one of the invented arguments only.
        if error.kind.startswith("Unknown") or error.kind in _MISTAKES:
            yield f"line {error.line}: {error}"


_MISTAKES = frozenset(
    {"SyntaxError", "TemplateNotFound", "OutOfFuel", "TooManyArguments", "MissingArgument"}
)


def _values(
    named: Mapping[str, object], positional: Sequence[str], inner: str
) -> dict[str, object]:
    from feeds.templating.jinja import Markup

    return {
        _WORK: _Work(),
        **{f"_{i}": text for i, text in enumerate(positional)},
        **named,
        "named": dict(named),
        "args": list(positional),
        "inner": Markup(inner),
        "body": Markup(inner),
    }


def _filled(template: str, values: Mapping[str, object]) -> str:
    """The HTML of a template. Raises TemplateError."""
    from feeds.templating import jinja

    try:
        return jinja.render(_environment(template), _NAME, values)
    except ContentTooLarge as error:
        raise jinja.TemplateError(_NAME, 1, f"filter markdown: {error}", "TooLarge") from None
    except TypeError:  # minijinja calls the filter as the template says
        message = "filter markdown has one argument, inline=true"
        raise jinja.TemplateError(_NAME, 1, message, "TooManyArguments") from None


@lru_cache(maxsize=500)
def _environment(template: str) -> Environment:
    from feeds.templating import jinja

    environment = jinja.make_environment({_NAME: template}, _FUEL, safe=True)
    environment.add_filter("markdown", jinja.pass_state(_markdown))
    return environment


class _Work:
    """How much Markdown one use has rendered."""

    chars = 0


class _State(Protocol):
    """What minijinja tells a filter."""

    def lookup(self, name: str, /) -> _Work:
        """A value of the template."""


def _markdown(state: _State, text: object, *, inline: bool = False) -> str:
    """The filter `markdown`."""
    from feeds.templating.jinja import Markup

    body = "" if text is None else str(text)
    work = state.lookup(_WORK)
    work.chars += len(body) + 100
    if work.chars > _MAX_CHARS:
        raise ContentTooLarge(f"more than {_MAX_CHARS:,} characters")
    return Markup(render_inline(body) if inline else render_markdown(body, frozenset(), Limits()))
