"""Owns the template language: text with names in double braces -> HTML, escaped by itself.

It is a part of Mustache (https://mustache.github.io/mustache.5.html), without anything that could
run, read a file or write a value unescaped:

    {{name}} {{a.b}} {{.}}       a value, escaped; an empty one where there is none
    {{#name}}…{{/name}}          once for each value of a list; once if the value is not empty
    {{^name}}…{{/name}}          if it is empty
    {{> file}}                   another template
    {{! words}}                  nothing

What is HTML already comes in as `Html`; no template can declare a value to be so. A line with
nothing on it but a tag that writes no value leaves nothing behind.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

Value: TypeAlias = str | bool | dict[str, "Value"] | list["Value"]
"""What a template can be given; just these types, since asking for abstract ones takes long."""


class Html(str):
    """Text that is HTML already, and is written as it is."""

    __slots__ = ()


class TemplateError(ValueError):
    """A template cannot be read; `line` counts from 1."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


class Name(NamedTuple):
    """A value to be written: the names on the way to it (none: the current one), and its line."""

    names: tuple[str, ...]
    line: int


class Section(NamedTuple):
    """A part that depends on a value; `inverted`: it is there where the value is empty."""

    name: Name
    inverted: bool
    parts: tuple[Part, ...]


Part: TypeAlias = str | Name | Section
Template: TypeAlias = tuple[Part, ...]

_TAG = re.compile(r"\{\{\s*([#^/>!]?)\s*(.*?)\s*\}\}", re.DOTALL)
_NAME = re.compile(r"\.|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_DEPTH = 5


def parse_template(
    text: str, included: Callable[[str], str] | None = None, depth: int = 0
) -> Template:
    """Read a template. `included` gives the text of another one; KeyError: there is none.

    Raises TemplateError.
    """
    # Each open section, the outermost first: its tag, and the parts found in it so far.
    open_: list[tuple[str, Name | None, list[Part]]] = [("", None, [])]
    at = 0
    for tag in _TAG.finditer(text):
        kind, content = tag.groups()
        start, end = tag.span()
        line = text.count("\n", 0, start) + 1
        if kind:
            start, end = _whole_line(text, start, end)
        if text[at:start]:
            open_[-1][2].append(text[at:start])
        at = end
        if kind == "!":
            continue
        if kind == ">":
            open_[-1][2].extend(_included(content, line, included, depth))
            continue
        if not _NAME.fullmatch(content):
            raise TemplateError(line, f"{content!r} is not a name")
        name = Name(() if content == "." else tuple(content.split(".")), line)
        if not kind:
            open_[-1][2].append(name)
        elif kind in "#^":
            open_.append((kind, name, []))
        else:
            opened, begun, parts = open_.pop()
            if begun is None or begun.names != name.names:
                raise TemplateError(line, f"{{{{/{content}}}}} closes nothing that is open")
            open_[-1][2].append(Section(begun, opened == "^", tuple(parts)))
    _, begun, parts = open_[-1]
    if begun is not None:
        raise TemplateError(begun.line, f"{'.'.join(begun.names)} is never closed")
    return (*parts, text[at:])


def _whole_line(text: str, start: int, end: int) -> tuple[int, int]:
    """The span of a tag, with its line where nothing else is on that."""
    before = text.rfind("\n", 0, start) + 1
    after = text.find("\n", end)
    after = len(text) if after < 0 else after + 1
    alone = not text[before:start].strip() and not text[end:after].strip()
    return (before, after) if alone else (start, end)


def _included(name: str, line: int, included: Callable[[str], str] | None, depth: int) -> Template:
    if depth == _DEPTH:
        raise TemplateError(line, f"{name} is inside itself")
    try:
        text = included(name) if included else ""
    except KeyError:
        raise TemplateError(line, f"there is no template {name!r}") from None
    return parse_template(text, included, depth + 1)


def names(template: Template) -> Iterator[Name]:
    """Every name in a template, in order."""
    for part in template:
        if isinstance(part, Name):
            yield part
        elif isinstance(part, Section):
            yield part.name
            yield from names(part.parts)


def render_template(template: Template, values: dict[str, Value]) -> str:
    """The template with `values` filled in."""
    out: list[str] = []
    _render(template, [values], out)
    return "".join(out)


def _render(template: Template, stack: list[Value], out: list[str]) -> None:
    for part in template:
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, Section):
            value = _found(part.name.names, stack)
            if part.inverted:
                if not value:
                    _render(part.parts, stack, out)
            elif isinstance(value, list):
                for item in value:
                    _render(part.parts, [*stack, item], out)
            elif value:
                _render(part.parts, [*stack, value], out)
        else:
            value = _found(part.names, stack)
            if isinstance(value, str):
                out.append(value if isinstance(value, Html) else html.escape(value))


def _found(names: tuple[str, ...], stack: list[Value]) -> Value:
    """The value of a name: in the innermost of the values around it that has one."""
    if not names:
        return stack[-1]
    for around in reversed(stack):
        if isinstance(around, dict) and names[0] in around:
            value = around[names[0]]
            for name in names[1:]:
                value = value.get(name, "") if isinstance(value, dict) else ""
            return value
    return ""
