"""The template language of pages and shortcodes: a template and values -> HTML.

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
from minijinja import pass_state as pass_state

Value: TypeAlias = str | bool | Mapping[str, "Value"] | list["Value"]
"""The values of a template. A `Markup` is a str."""


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


def render(environment: Environment, file: str, values: Mapping[str, object]) -> str:
    """A template of the environment with `values` filled in. Raises TemplateError."""
    try:
        return environment.render_template(file, **values)
    except EngineError as error:
        raise translate_error(error, file) from None


def translate_error(error: EngineError, file: str) -> TemplateError:
    """The sentence for an error, with the file and the line where it is."""
    file, line = error.name or file, error.line or 1
    detail = (error.detail or error.message).partition(" (in ")[0]
    # An error in an included template is known only as a text: its last cause.
    for cause in str(error).splitlines():
        text, _, place = cause.removesuffix(")").rpartition(" (in ")
        if cause.startswith("caused by: ") and place:
            text = text.removeprefix("caused by: ")
            detail = text.partition(": ")[2] or text
            file, _, number = place.rpartition(":")
            line = int(number)
    if error.kind == "OutOfFuel" or "ran out of fuel" in detail:
        detail = "it does too much work: is a loop too long?"
    elif "non-existing template" in detail:
        name = re.search("'(.*)'", detail)
        detail = f"there is no template {name[0] if name else ''}"
    elif detail == "filter safe is unknown":
        detail = "there is no filter safe: every value is escaped"
    elif "recursion limit" in detail:
        detail = "it includes or calls itself without end"
    return TemplateError(file, line, detail, error.kind)
