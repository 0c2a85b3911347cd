"""What can be said of a template without its values: its syntax, its names, its lines.

minijinja tells the names of a template, but not their lines, and nothing about what the variable of
a loop is asked for. Patterns find these; a text that only looks like a tag does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from minijinja import Environment
from minijinja import TemplateError as EngineError

from feeds.templating.jinja import TemplateError, translate_error

GLOBAL_NAMES = frozenset({"cycler", "dict", "joiner", "loop", "namespace", "range"})
"""The names that the language itself gives a meaning."""


def parse(text: str, file: str = "") -> None:
    """Check the syntax of a template. Raises TemplateError."""
    for tag in tags(text):
        if tag.kind == "{{" and text[tag.start + 2 : tag.end].lstrip()[:1] in _MUSTACHE:
            mark = "{{" + "".join(tag.words[:1])
            raise TemplateError(
                file,
                line_of(text, tag.start),
                f"{mark} is Mustache, the language of earlier versions; "
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


_MUSTACHE = frozenset("#^/>&!{")
"""What a tag of Mustache has after its braces, and one of Jinja has not; `{` is a table in Jinja,
too, but such a value is not for a page."""


class Tag(NamedTuple):
    """A tag of a template, a comment, or a text in ``{% raw %}`` with its tags."""

    kind: str
    """``{{``, ``{%``, ``{#`` or ``raw``."""
    words: list[str]
    """The words in the tag."""
    start: int
    """Where the tag starts in the template."""
    end: int
    """Where it ends."""


_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}


def tags(text: str) -> Iterator[Tag]:
    """Yield the tags of a template in order, in time that grows with its length."""
    raw, unclosed, start = -1, set[str](), 0
    while (start := text.find("{", start)) >= 0:
        kind = text[start : start + 2]
        found = kind in _CLOSING and kind not in unclosed and (raw < 0 or kind == "{%")
        end = text.find(_CLOSING[kind], start + 2) + 2 if found else 1
        if end == 1:  # not a tag, or one that is not closed
            unclosed.update([kind] if found else [])
            start += 1
            continue
        words = text[start + 2 : end - 2].strip("-+").split()
        if kind == "{%" and words == ["raw"] and raw < 0:
            raw = start
        elif raw >= 0 and words == ["endraw"]:
            yield Tag("raw", [], raw, end)
            raw = -1
        elif raw < 0:
            yield Tag(kind, words, start, end)
        else:  # in raw, only its end is a tag
            end = start + 2
        start = end


def blank_raw(text: str) -> str:
    """The template with blanks in the place of comments and of what stands in ``{% raw %}``."""
    parts, position = [], 0
    for tag in tags(text):
        if tag.kind in ("{#", "raw"):
            blank = re.sub(r"\S", " ", text[tag.start : tag.end])
            parts += [text[position : tag.start], blank]
            position = tag.end
    return "".join([*parts, text[position:]])


def line_of(text: str, position: int) -> int:
    """The line of a position in a text, from 1."""
    return text.count("\n", 0, position) + 1


def line_of_name(text: str, name: str) -> int:
    """The line of the first tag that has a name such as ``words.latest``; 1 if none has."""
    pattern = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
    for tag in tags(text):
        if tag.kind in ("{{", "{%") and (found := pattern.search(text, tag.start, tag.end)):
            return line_of(text, found.start())
    return 1


def loops(text: str) -> Iterator[tuple[list[str], str]]:
    """Yield each loop of a template: its variables, and the expression that it goes through."""
    for tag in tags(text):
        if _is_loop(tag):
            names, _, expression = " ".join(tag.words[1:]).partition(" in ")
            yield names.replace(",", " ").replace("(", " ").replace(")", " ").split(), expression


def _is_loop(tag: Tag) -> bool:
    return tag.kind == "{%" and tag.words[:1] == ["for"] and "in" in tag.words


def without_loops(text: str) -> str:
    """The template with conditions in place of loops, so that loop variables are undeclared."""
    parts, position = [], 0
    for tag in tags(text):
        is_end = tag.kind == "{%" and tag.words == ["endfor"]
        if is_end or _is_loop(tag):
            parts += [text[position : tag.start], "{% endif %}" if is_end else "{% if true %}"]
            position = tag.end
    return "".join([*parts, text[position:]])
