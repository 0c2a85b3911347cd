"""The template language of a site's own shortcodes: a template and values -> HTML.

It is Jinja's, by minijinja (https://docs.rs/minijinja). A template cannot run Python or read a
file, and its work is limited (*fuel*). Every value is escaped when it is written, whatever filter
or block it stands in; only the program can pass a value that is HTML already (`Markup`).
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import TypeAlias

from minijinja import Environment as Environment
from minijinja import Markup as Markup
from minijinja import TemplateError as EngineError

Value: TypeAlias = str | bool | Mapping[str, "Value"] | list["Value"]
"""The values of a template. A `Markup` is a str."""

GLOBAL_NAMES = frozenset({"cycler", "dict", "joiner", "loop", "namespace", "range"})
"""The names that the language itself gives a meaning."""


class TemplateError(ValueError):
    """A mistake in a template.

    `file` is the template with the mistake; `line` counts from 1. `kind` is minijinja's word for
    the mistake, such as ``SyntaxError`` and ``UnknownFilter``.
    """

    def __init__(self, file: str, line: int, message: str, kind: str = "SyntaxError") -> None:
        super().__init__(message)
        self.file = file
        self.line = line
        self.kind = kind


def make_environment(
    templates: Mapping[str, str], fuel: int, strict: bool = False, safe: bool = False
) -> Environment:
    """An environment of templates, which can include each other; they are parsed when needed.

    `fuel` limits the work of one rendering. A value that is not there is an empty text; if `strict`
    is true, it is an error. The filter `safe` writes a value as it is; it exists only if `safe` is
    true, for templates whose result is sanitised.
    """
    environment = Environment(
        templates=templates,
        fuel=fuel,
        undefined_behavior="strict" if strict else "chainable",
        auto_escape_callback=lambda _: True,
        finalizer=_escaped,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # tojson leaves quotes as they are, so a value could end an attribute.
    for name in ("tojson",) if safe else ("tojson", "safe"):
        environment.remove_filter(name)
    environment.remove_global("debug")
    return environment


def _escaped(value: object) -> object:
    """A value as it is written. Nothing but a `Markup` and a number is written unescaped."""
    if isinstance(value, Markup | bool | int | float):
        return value
    return "" if value is None else Markup(html.escape(str(value)))


def render(environment: Environment, file: str, values: Mapping[str, Value]) -> str:
    """A template of the environment with `values` filled in. Raises TemplateError."""
    try:
        return environment.render_template(file, **values)
    except EngineError as error:
        raise _translated(error, file) from None


def parse(text: str, file: str = "") -> None:
    """Check the syntax of a template. Raises TemplateError."""
    try:
        Environment().add_template(file, text)
    except EngineError as error:
        raise _translated(error, file) from None


def undeclared_names(text: str) -> set[str]:
    """The names that a template takes from its values, such as ``title`` and ``words.latest``."""
    names = Environment().undeclared_variables_in_str(text, nested=True)
    return {name for name in names if name.partition(".")[0] not in GLOBAL_NAMES}


def _translated(error: EngineError, file: str) -> TemplateError:
    detail = (error.detail or error.message).partition(" (in ")[0]
    if error.kind == "OutOfFuel":
        detail = "it does too much work: is a loop too long?"
    elif error.kind == "TemplateNotFound":
        name = re.search("'(.*)'", detail)
        detail = f"there is no template {name[0] if name else ''}"
    elif error.kind == "UnknownFilter" and re.search(r"\bsafe\b", detail):
        detail = "there is no filter safe: every value is escaped"
    elif "recursion limit" in detail:
        detail = "it includes or calls itself without end"
    return TemplateError(error.name or file, error.line or 1, detail, error.kind)
