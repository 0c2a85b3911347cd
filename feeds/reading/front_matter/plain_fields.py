"""Fields without delimiters, at the start of a Markdown file -> the fields.

Three programs read them, and differ little: Python-Markdown's extension meta, which Pelican uses
(https://python-markdown.github.io/extensions/meta_data/); MultiMarkdown
(https://fletcher.github.io/MultiMarkdown-6/syntax/metadata.html); and Nikola, whose fields start
with two dots, also in an HTML comment (https://getnikola.com/handbook.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from feeds.reading.front_matter.formats import FrontMatterFormat, Value, is_html

_NAME = r"(?P<name>[^\W\d_][\w-]{0,40}(?:[ ][\w-]{1,40}){0,2})"
"""MultiMarkdown's names have spaces: ``Base Header Level``."""
_FIELD = re.compile(rf"[ ]{{0,3}}{_NAME}:(?!//)[ \t]*+(?P<value>.*)")
_DOTTED = re.compile(r"[ \t]*+\.\.[ \t]++(?P<name>[A-Za-z][\w-]{0,40}):(?!:)[ \t]*+(?P<value>.*)")
_MORE = re.compile(r"[ \t]++(?!- )")
"""The start of a line that continues a field; ``- item`` is YAML that has lost its delimiters."""
_YAML_FIELD = re.compile(r"[A-Za-z][\w-]{0,60}:(?:\s|$)")

_FIRST = frozenset((
    "title", "subtitle", "author", "authors", "affiliation", "date", "modified", "updated",
    "category", "categories", "tags", "keywords", "slug", "summary", "description", "lang",
    "language", "translation", "status", "template", "save_as", "url", "series", "link", "type",
    "copyright", "css", "format", "baseheaderlevel", "quoteslanguage", "htmlheader",
))  # fmt: skip
"""Names that the first field may have; after another name, the line may be prose."""
TEXTS = frozenset((
    "title", "subtitle", "summary", "description", "excerpt", "deck", "abstract", "date",
    "modified", "updated", "slug", "lang", "language",
))  # fmt: skip
"""Fields that are one text, in however many lines. Pelican uses the first of several."""
_LISTS = frozenset(("tags", "keywords", "authors"))
"""Fields that Pelican splits: at semicolons, or else at commas."""


class PlainBlock(Struct, frozen=True):
    """The place of fields without delimiters, as offsets in the text of the file."""

    start: int
    """The start of the first field."""
    stop: int
    """The end of the last field."""
    end: int
    """The start of the body."""
    stray: int | None = None
    """The number of the first line that is not a field, from 0: then all of it is text."""


def find_plain_block(key: str, text: str) -> PlainBlock | None:
    """The fields that the text starts with; None if its first line is not a field that is known.

    The first empty line ends them, or a line ``---`` or ``...``, or the end of the comment.
    """
    if is_html(key):
        return None
    lines = _lines(text, 0)
    start, first = next(lines)
    is_comment = first.rstrip() == "<!--"
    if is_comment:
        start, first = next(lines, (len(text), ""))
    pattern = _DOTTED if _DOTTED.match(first) else _FIELD
    field = pattern.match(first)
    if not field or field["name"].lower().replace(" ", "") not in _FIRST:
        return None
    if is_comment and pattern is _FIELD:
        return None
    stop = start + len(first)
    for number, (offset, line) in enumerate(lines, 1 + is_comment):
        below = min(offset + len(line) + 1, len(text))
        if line.strip() == "-->" if is_comment else line.rstrip() in ("", "---", "..."):
            return None if _has_more_fields(text, offset) else PlainBlock(start, stop, below)
        if not _goes_on(pattern, line) and not (is_comment and not line.strip()):
            return PlainBlock(start, stop, below, number)
        stop = offset + len(line)
    return None if is_comment else PlainBlock(start, stop, stop)


def _lines(text: str, offset: int) -> Iterator[tuple[int, str]]:
    """The lines of the text from an offset on, each with its offset."""
    while (end := text.find("\n", offset)) >= 0:
        yield offset, text[offset:end]
        offset = end + 1
    yield offset, text[offset:]


def _goes_on(pattern: re.Pattern[str], line: str) -> bool:
    """Return whether the line is a field, or continues one. Nikola's fields have one line each."""
    return bool(pattern.match(line) or (pattern is _FIELD and line.strip() and _MORE.match(line)))


def _has_more_fields(text: str, offset: int) -> bool:
    """Return whether front matter with delimiters is below the block that ends at the offset.

    Then the fields above may be a part of it, or a text before it: nobody knows what was meant.
    """
    below = (line for _, line in _lines(text, offset) if line.strip())
    first = next(below, "")
    if first.strip() == "-->":
        first = next(below, "")
    return first.rstrip() in ("---", "+++") and bool(_YAML_FIELD.match(next(below, "")))


class FieldLine(NamedTuple):
    """A line of a field."""

    name: str
    """The name as it is written."""
    value: str
    """The text of the line, without the name and without spaces around it."""
    at: int
    """The number of the line in the source, from 0."""
    column: int
    """The column that the value starts at, from 1."""
    is_first: bool
    """Whether the name is on this line."""


def field_lines(source: str) -> Iterator[FieldLine]:
    """The lines of the fields in the source of a `PlainBlock`."""
    pattern = _DOTTED if _DOTTED.match(source) else _FIELD
    name = ""
    for at, line in enumerate(source.split("\n")):
        if field := pattern.match(line):
            name, column = field["name"], field.start("value") + 1
            yield FieldLine(name, field["value"].strip(), at, column, is_first=True)
        else:
            column = len(line) - len(line.lstrip()) + 1
            yield FieldLine(name, line.strip(), at, column, is_first=False)


class PlainFormat(FrontMatterFormat):
    """Lines ``Name: value``, or Nikola's ``.. name: value``. Values stay as they are written."""

    def parse_fields(self, source: str) -> dict[str, Value]:
        """The fields; a field with several lines is one text, or a list. Never raises."""
        names: dict[str, str] = {}
        values: dict[str, list[str]] = {}
        texts: list[str] = []
        for line in field_lines(source):
            lower = line.name.lower()
            if line.is_first and lower not in names:
                names[lower] = line.name
                self.places[line.name] = self.line + line.at, line.column
                texts = values[line.name] = []
            elif line.is_first and lower in TEXTS:
                self.report_repeated(line.name, line.at, 1, used="first")
                texts = []
            elif line.is_first:
                texts = values[names[lower]]
            if line.value:
                texts.append(line.value)
        return {name: value_of(name.lower(), texts) for name, texts in values.items()}


def value_of(name: str, texts: list[str]) -> Value:
    """The value of a field, by its name in lower case, that has these texts."""
    if name in TEXTS:
        return "\n".join(texts)
    if name in _LISTS:
        texts = [part for text in texts for part in _split(text)]
        return [*texts] or ""
    return [*texts] if len(texts) > 1 else "".join(texts)


def _split(text: str) -> Iterator[str]:
    """The parts of a text between semicolons or, if it has none, commas."""
    parts = text.split(";" if ";" in text else ",")
    return (part.strip() for part in parts if part.strip())
