"""Formats of front matter: TOML or JSON source -> its fields; and the base class of all formats.

Each format is a handler of python-frontmatter. YAML's is in yaml_format.py. Values are texts, lists
and tables, as they are written; field_values.py knows what they mean.
"""

from __future__ import annotations

import json
import re
import tomllib
from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import TypeAlias

from frontmatter.default_handlers import BaseHandler

from feeds.errors import PostError
from feeds.model import Problem, Severity
from feeds.text import without_controls

Value: TypeAlias = "str | list[Value] | dict[str, Value]"
MAX_DEPTH = 20
MAX_QUOTED = 120
"""Characters of a parser's message that our message quotes."""


def is_html(key: str) -> bool:
    """Return whether the post at `key` is a page in HTML; all others are Markdown."""
    return key.lower().endswith((".html", ".htm"))


class FrontMatterFormat(BaseHandler):
    """The front matter of one file; python-frontmatter calls `split` and `load`.

    `source` starts at `line` of the file (from 1), and the body at the offset `end`; it goes up to
    the offset `body_end` (None: the end of the file). `load` fills
    `metadata`, `places` (the line and column of each field's value) and `problems`.
    """

    FM_BOUNDARY = re.compile(r"^$")
    START_DELIMITER = END_DELIMITER = ""

    def __init__(self, key: str, source: str, line: int, end: int) -> None:
        super().__init__()
        self.key, self.source, self.line, self.end = key, source, line, end
        self.body_end: int | None = None
        self.problems: list[Problem] = []
        self.places: dict[str, tuple[int, int]] = {}
        self.metadata: dict[str, Value] = {}

    def split(self, text: str) -> tuple[str, str]:
        """The source and the body."""
        return self.source, text[self.end :]

    def load(self, fm: str, **_: object) -> dict[str, Value]:
        """Parse the source, and keep its fields as `metadata`. Raises PostError."""
        self.metadata = self.parse_fields(fm)
        return self.metadata

    @abstractmethod
    def parse_fields(self, source: str) -> dict[str, Value]:
        """The fields of the source; of a repeated field, the last. Raises PostError."""

    def problem(
        self,
        line: int,
        what: str,
        todo: str,
        severity: Severity = "error",
        column: int = 0,
        field: str = "",
    ) -> Problem:
        """A problem at a line of the source (from 0)."""
        return Problem(self.key, self.line + line, what, todo, field, column, severity)

    def report_repeated(self, name: str, line: int, column: int = 0, used: str = "last") -> None:
        """Warn of a field that appears twice, at a line of the source (from 0)."""
        what = f"the field {name!r} appears twice"
        todo = f"keep one; the {used} one is used"
        self.problems.append(self.problem(line, what, todo, "warning", column, name))


# --- TOML ----------------------------------------------------------------------------------------

_TOML_FIELD = re.compile(r"\s*[\"']?([\w-]+)[\"']?\s*=[ \t]*")
# The memory that tomllib takes grows with the square of the parts of a key.
_TOML_DEEP_KEY = re.compile(rf"(?<![\w\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){{{MAX_DEPTH}}}")


class TomlFormat(FrontMatterFormat):
    """TOML 1.0."""

    def parse_fields(self, source: str) -> dict[str, Value]:
        """The fields; of a repeated field, the last. Raises PostError."""
        if deep := _TOML_DEEP_KEY.search(source):
            line = source.count("\n", 0, deep.start())
            what = f"a name has more than {MAX_DEPTH} parts"
            raise PostError(self.problem(line, what, "use a name with fewer dots"))
        lines = source.split("\n")
        line_of: dict[str, int] = {}
        for name, at, column in _toml_fields(lines):
            earlier = line_of.get(name.lower())
            # TOML forbids repeated names. The rest of the front matter may still be valid.
            if earlier is not None and _is_toml(lines[earlier]) and _is_toml(lines[at]):
                lines[earlier] = ""
                self.report_repeated(name, at, 1)
            line_of[name.lower()] = at
            self.places[name] = self.line + at, column
        try:
            return to_texts(tomllib.loads("\n".join(lines), parse_float=str))
        except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
            place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
            line, column = (int(place[1]) - 1, int(place[2])) if place else (len(lines) - 1, 0)
            why = (str(error).rpartition(" (at ")[0] or str(error))[:MAX_QUOTED]
            what = f"the front matter is not valid TOML ({why})"
            todo = 'write name = "text" on each line'
            raise PostError(self.problem(line, what, todo, column=column)) from None


def _toml_fields(lines: list[str]) -> Iterator[tuple[str, int, int]]:
    """The fields before the first table, with the line and column of each value."""
    for at, line in enumerate(lines):
        if line.lstrip().startswith("["):
            return
        if field := _TOML_FIELD.match(line):
            yield field[1], at, field.end() + 1


def _is_toml(line: str) -> bool:
    """Return whether the line alone is valid TOML."""
    try:
        tomllib.loads(line)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return False
    return True


# --- JSON ----------------------------------------------------------------------------------------


class JsonFormat(FrontMatterFormat):
    """A JSON object (RFC 8259)."""

    def parse_fields(self, source: str) -> dict[str, Value]:
        """The fields; of a repeated field, the last. Raises ValueError."""
        for field in re.finditer(r'"([\w -]+)"\s*:\s*', source):
            line = source.count("\n", 0, field.end())
            column = field.end() - source.rfind("\n", 0, field.end())
            self.places.setdefault(field[1], (self.line + line, column))
        return parse_json_object(source, self.report_repeated)[0]


def parse_json_object(
    source: str, report_repeated: Callable[[str, int], None] | None = None
) -> tuple[dict[str, Value], int]:
    """The JSON object that `source` starts with, and the offset of its end.

    Calls `report_repeated` with the name and the line (from 0) of a repeated field. Raises
    ValueError: json.JSONDecodeError, with the place, where the place is known.
    """

    def to_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names: set[str] = set()
        for name, _ in pairs:
            if report_repeated and name.lower() in names:
                report_repeated(name, source.count("\n", 0, max(source.rfind(f'"{name}"'), 0)))
            names.add(name.lower())
        return dict(pairs)

    decoder = json.JSONDecoder(
        object_pairs_hook=to_object, parse_int=str, parse_float=str, parse_constant=str
    )
    try:
        data, end = decoder.raw_decode(source)
    except RecursionError:
        raise ValueError(f"lists and tables are nested deeper than {MAX_DEPTH}") from None
    return to_texts(data), end


def to_texts(data: dict[str, object], depth: int = 0) -> dict[str, Value]:
    """A table with every value as text, as it would be written; ``""`` below `MAX_DEPTH`."""
    return {without_controls(str(name)): _to_value(value, depth) for name, value in data.items()}


def _to_value(value: object, depth: int) -> Value:
    if depth > MAX_DEPTH or value is None:
        return ""
    if isinstance(value, dict):
        return to_texts(value, depth + 1)
    if isinstance(value, list):
        return [_to_value(item, depth + 1) for item in value]
    return str(value).lower() if isinstance(value, bool) else without_controls(str(value))
