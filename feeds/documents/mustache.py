"""The template language: a template and values -> HTML, with every value escaped.

It is a subset of Mustache (https://mustache.github.io/mustache.5.html). A template can not run
code, read a file or write a value unescaped:

    {{name}} {{a.b}} {{.}}       a value, escaped; an empty text if there is no such value
    {{#name}}…{{/name}}          once for each value of a list; once if the value is not empty
    {{^name}}…{{/name}}          once if the value is empty
    {{> file}}                   another template
    {{! comment}}                nothing

Only the program can pass a value that is HTML already (`Html`). A line that contains only a tag
which writes no value is removed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

Value: TypeAlias = str | bool | dict[str, "Value"] | list["Value"]
"""The values of a template. Concrete types, because isinstance is slow for abstract ones."""


class Html(str):
    """HTML text, which is written without escaping."""

    __slots__ = ()


class TemplateError(ValueError):
    """A mistake in a template. `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class Name(NamedTuple):
    """A tag that names a value."""

    names: tuple[str, ...]
    """The parts of a dotted name; empty for the current value (``{{.}}``)."""
    line: int
    """Line of the tag, from 1."""


class Section(NamedTuple):
    """A part of a template that depends on a value."""

    name: Name
    """The value."""
    inverted: bool
    """Whether the section is written if the value is empty (``{{^name}}``)."""
    parts: tuple[Part, ...]
    """The content of the section."""


Part: TypeAlias = str | Name | Section
Template: TypeAlias = tuple[Part, ...]

_KINDS = ("#", "^", "/", ">", "!")
_NAME = re.compile(r"\.|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_MAX_DEPTH = 5


def parse_template(text: str, load: Callable[[str], str] | None = None, depth: int = 0) -> Template:
    """Parse a template. `load` returns the text of an included template, or raises KeyError.

    Raises TemplateError.
    """
    # The open sections, the outermost first: the kind of the tag, its name, the parts so far.
    sections: list[tuple[str, Name | None, list[Part]]] = [("", None, [])]
    position = 0
    for kind, content, start, end in _tags(text):
        line = text.count("\n", 0, start) + 1
        if kind:
            start, end = _whole_line(text, start, end)
        if text[position:start]:
            sections[-1][2].append(text[position:start])
        position = end
        if kind == "!":
            continue
        if kind == ">":
            sections[-1][2].extend(_parse_included(content, line, load, depth))
            continue
        if not _NAME.fullmatch(content):
            raise TemplateError(line, f"{content!r} is not a name")
        name = Name(() if content == "." else tuple(content.split(".")), line)
        if not kind:
            sections[-1][2].append(name)
        elif kind in "#^":
            sections.append((kind, name, []))
        else:
            open_kind, open_name, parts = sections.pop()
            if open_name is None or open_name.names != name.names:
                raise TemplateError(line, f"{{{{/{content}}}}} does not close an open section")
            sections[-1][2].append(Section(open_name, open_kind == "^", tuple(parts)))
    _, open_name, parts = sections[-1]
    if open_name is not None:
        raise TemplateError(open_name.line, f"{'.'.join(open_name.names)} is never closed")
    return (*parts, text[position:])


def _tags(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Yield each tag: its kind, such as ``#``, or ``""``; its content; and its span."""
    end = 0
    while (start := text.find("{{", end)) >= 0 and (close := text.find("}}", start + 2)) >= 0:
        content, end = text[start + 2 : close].strip(), close + 2
        kind = content[:1] if content[:1] in _KINDS else ""
        yield kind, content.removeprefix(kind).strip(), start, end


def _whole_line(text: str, start: int, end: int) -> tuple[int, int]:
    """The span of a tag; of its whole line if the line contains nothing else."""
    before = text.rfind("\n", 0, start) + 1
    after = text.find("\n", end)
    after = len(text) if after < 0 else after + 1
    is_alone = not text[before:start].strip() and not text[end:after].strip()
    return (before, after) if is_alone else (start, end)


def _parse_included(
    name: str, line: int, load: Callable[[str], str] | None, depth: int
) -> Template:
    if depth == _MAX_DEPTH:
        raise TemplateError(line, f"{name} includes itself")
    try:
        text = load(name) if load else ""
    except KeyError:
        raise TemplateError(line, f"there is no template {name!r}") from None
    return parse_template(text, load, depth + 1)


def names(template: Template) -> Iterator[Name]:
    """All names in a template, in order."""
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
            value = _lookup(part.name.names, stack)
            if part.inverted:
                if not value:
                    _render(part.parts, stack, out)
            elif value:
                for item in value if isinstance(value, list) else (value,):
                    stack.append(item)
                    _render(part.parts, stack, out)
                    stack.pop()
        else:
            value = _lookup(part.names, stack)
            if isinstance(value, str) and value:
                out.append(value if isinstance(value, Html) else html.escape(value))


def _lookup(names: tuple[str, ...], stack: list[Value]) -> Value:
    """The value of a name, from the innermost section that has it; ``""`` if none has."""
    if not names:
        return stack[-1]
    first = names[0]
    for context in reversed(stack):
        if isinstance(context, dict) and first in context:
            value = context[first]
            for name in names[1:]:
                value = value.get(name, "") if isinstance(value, dict) else ""
            return value
    return ""
