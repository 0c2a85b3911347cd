"""What can be said of a template without its values: its syntax, its names, its lines.

minijinja tells the names of a template, but not their lines, and nothing about what the variable of
a loop is asked for. Patterns find these; a text that only looks like a tag does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from minijinja import Environment
from minijinja import TemplateError as EngineError

from feeds.templating.jinja import TemplateError, translate_error

GLOBAL_NAMES = frozenset({"cycler", "dict", "joiner", "loop", "namespace", "range"})
"""The names that the language itself gives a meaning."""


def parse(text: str, file: str = "") -> None:
    """Check the syntax of a template. Raises TemplateError."""
    if mark := re.search(_MUSTACHE, blank_raw(text)):
        raise TemplateError(
            file,
            line_of(text, mark.start()),
            f"{mark[0]} is Mustache, the language of earlier versions; "
            "docs/pages.md has the same in Jinja",
        )
    try:
        Environment().add_template(file, text)
    except EngineError as error:
        raise translate_error(error, file) from None


def undeclared_names(text: str) -> set[str]:
    """The names that a template takes from its values, such as ``title`` and ``words.latest``."""
    names = Environment().undeclared_variables_in_str(text, nested=True)
    return {name for name in names if name.partition(".")[0] not in GLOBAL_NAMES}


# Only checks need these patterns, so they are not compiled when the module is imported.
_MUSTACHE = r"\{\{\s*[#^/>&!]\s*[\w.]*|\{\{\{"
_RAW = r"(?s)\{%[-+]?\s*raw\s*[-+]?%\}.*?\{%[-+]?\s*endraw\s*[-+]?%\}|\{#.*?#\}"
_TAG = r"(?s)\{\{.*?\}\}|\{%.*?%\}"
_LOOP = r"(?s)\{%[-+]?\s*for\s+([\w\s,()]+?)\s+in\s+(.*?)[-+]?%\}"
_LOOP_END = r"\{%[-+]?\s*endfor\s*[-+]?%\}"


def blank_raw(text: str) -> str:
    """The template with blanks in the place of comments and of what stands in ``{% raw %}``."""
    return re.sub(_RAW, lambda match: re.sub(r"\S", " ", match[0]), text)


def line_of(text: str, position: int) -> int:
    """The line of a position in a text, from 1."""
    return text.count("\n", 0, position) + 1


def line_of_name(text: str, name: str) -> int:
    """The line of the first tag that has a name such as ``words.latest``; 1 if none has."""
    pattern = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
    for tag in re.finditer(_TAG, blank_raw(text)):
        if found := pattern.search(tag[0]):
            return line_of(text, tag.start() + found.start())
    return 1


def loops(text: str) -> Iterator[tuple[list[str], str]]:
    """Yield each loop of a template: its variables, and the expression that it goes through."""
    for loop in re.finditer(_LOOP, blank_raw(text)):
        yield re.findall(r"\w+", loop[1]), loop[2].strip()


def without_loops(text: str) -> str:
    """The template with conditions in place of loops, so that loop variables are undeclared."""
    text = re.sub(_LOOP, lambda tag: "{% if true %}" + "\n" * tag[0].count("\n"), text)
    return re.sub(_LOOP_END, "{% endif %}", text)
