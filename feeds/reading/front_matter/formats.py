"""Formats of front matter: TOML or JSON source -> its fields, as text; the base class of all.

These are python-frontmatter's handlers; YAML's is in yaml_format.py. Values are texts, lists and
tables, as they are written. What a `date` or a `title` means is not known here, nor where in the
file the source was found.
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
"""Characters of a line that a message quotes."""


class FrontMatterFormat(BaseHandler):
    """One front matter, found: python-frontmatter asks it to split and to load.

    `line` is where the source starts in the file (from 1), `end` the offset of the body. Loading
    fills `metadata`, `places` (the line and column of each field's value) and `problems`.
    """

    FM_BOUNDARY = re.compile(r"^$")
    START_DELIMITER = END_DELIMITER = ""

    def __init__(self, key: str, source: str, line: int, end: int) -> None:
        super().__init__()
        self.key, self.source, self.line, self.end = key, source, line, end
        self.problems: list[Problem] = []
        self.places: dict[str, tuple[int, int]] = {}
        self.metadata: dict[str, Value] = {}

    def split(self, text: str) -> tuple[str, str]:
        """The source and the body (python-frontmatter's)."""
        return self.source, text[self.end :]

    def load(self, fm: str, **_: object) -> dict[str, Value]:
        """The fields of the source (python-frontmatter's). Raises PostError."""
        self.metadata = self.table(fm)
        return self.metadata

    @abstractmethod
    def table(self, fm: str) -> dict[str, Value]:
        """The front matter's fields. Raises PostError."""

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

    def repeated(self, name: str, line: int, column: int = 0) -> None:
        """Report a field that stands twice; the last one wins."""
        what = f"the field {name!r} stands twice"
        todo = "keep one: the last one counts"
        self.problems.append(self.problem(line, what, todo, "warning", column, name))


# --- TOML ----------------------------------------------------------------------------------------

_TOML_FIELD = re.compile(r"\s*[\"']?([\w-]+)[\"']?\s*=[ \t]*")
# tomllib takes memory that grows with the square of the parts of a key.
_TOML_DEEP = re.compile(rf"(?<![\w\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){{{MAX_DEPTH}}}")


class TomlFormat(FrontMatterFormat):
    """TOML 1.0."""

    def table(self, fm: str) -> dict[str, Value]:
        """The fields; of one that stands twice, the last."""
        if deep := _TOML_DEEP.search(fm):
            line = fm.count("\n", 0, deep.start())
            what = f"a name has more than {MAX_DEPTH} parts"
            raise PostError(self.problem(line, what, "write it flatter"))
        lines = fm.split("\n")
        seen: dict[str, int] = {}
        for name, at, column in _toml_fields(lines):
            earlier = seen.get(name.lower())
            # TOML forbids it; nothing else about the front matter need be wrong.
            if earlier is not None and _toml_reads(lines[earlier]) and _toml_reads(lines[at]):
                lines[earlier] = ""
                self.repeated(name, at, 1)
            seen[name.lower()] = at
            self.places[name] = self.line + at, column
        try:
            return to_texts(tomllib.loads("\n".join(lines), parse_float=str))
        except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
            where = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
            line, column = (int(where[1]) - 1, int(where[2])) if where else (len(lines) - 1, 0)
            why = re.sub(r" \(at .*\)$", "", str(error))[:MAX_QUOTED]
            what = f"the front matter is not valid TOML ({why})"
            todo = 'write name = "text" on each line'
            raise PostError(self.problem(line, what, todo, column=column)) from None


def _toml_fields(lines: list[str]) -> Iterator[tuple[str, int, int]]:
    """The fields before the first table, with the line and column of each value."""
    for at, line in enumerate(lines):
        if line.lstrip().startswith("["):
            return
        if found := _TOML_FIELD.match(line):
            yield found[1], at, found.end() + 1


def _toml_reads(line: str) -> bool:
    try:
        tomllib.loads(line)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return False
    return True


# --- JSON ----------------------------------------------------------------------------------------


class JsonFormat(FrontMatterFormat):
    """A JSON object (RFC 8259)."""

    def table(self, fm: str) -> dict[str, Value]:
        """The fields; of one that stands twice, the last."""
        for found in re.finditer(r'"([\w -]+)"\s*:\s*', fm):
            line = fm.count("\n", 0, found.end())
            column = found.end() - fm.rfind("\n", 0, found.end())
            self.places.setdefault(found[1], (self.line + line, column))
        return parse_json_object(fm, self.repeated)[0]


def parse_json_object(
    source: str, repeated: Callable[[str, int], None] | None = None
) -> tuple[dict[str, Value], int]:
    """The JSON object that `source` starts with, and where it ends.

    Raises ValueError (json.JSONDecodeError with the place, where it is known).
    """

    def table(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found: dict[str, object] = {}
        seen: set[str] = set()
        for name, value in pairs:
            if repeated and name.lower() in seen:
                repeated(name, source.count("\n", 0, max(source.rfind(f'"{name}"'), 0)))
            seen.add(name.lower())
            found[name] = value
        return found

    decoder = json.JSONDecoder(
        object_pairs_hook=table, parse_int=str, parse_float=str, parse_constant=str
    )
    try:
        data, end = decoder.raw_decode(source)
    except RecursionError:
        raise ValueError(f"lists and tables are nested deeper than {MAX_DEPTH}") from None
    return to_texts(data), end


def to_texts(data: dict[str, object], depth: int = 0) -> dict[str, Value]:
    """Values as text, as they would be written; the nested ones too, to a depth."""

    def text(value: object, depth: int) -> Value:
        if depth > MAX_DEPTH:
            return ""
        if isinstance(value, dict):
            return to_texts(value, depth + 1)
        if isinstance(value, list):
            return [text(item, depth + 1) for item in value]
        if value is None:
            return ""
        return str(value).lower() if isinstance(value, bool) else without_controls(str(value))

    return {without_controls(str(name)): text(value, depth) for name, value in data.items()}
