"""Owns the formats of front matter: YAML, TOML or JSON source -> its fields, as text.

These are python-frontmatter's handlers. Values are texts, lists and tables, as they are written:
what a `date` or a `title` means is not known here, nor where in the file the source was found.
"""

from __future__ import annotations

import json
import re
import tomllib
from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import TypeAlias

import yaml
from frontmatter.default_handlers import BaseHandler

from feeds import mend
from feeds.errors import PostError
from feeds.model import Problem, Severity

Value: TypeAlias = "str | list[Value] | dict[str, Value]"

_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_DEPTH = 20
_MENDS = 12
_SHOWN = 120

# What XML 1.0 (2.2) cannot hold, and the C1 controls, which YAML cannot; tab and newline stay.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_HARMLESS = b"\t\n" + bytes(range(0x20, 0x7F))


def without_controls(text: str) -> str:
    """`text` without the characters that no feed can carry."""
    if text.isascii() and (text.isprintable() or not text.encode().translate(None, _HARMLESS)):
        return text  # in a tenth of the time
    return _CONTROLS.sub("", text)


class Handler(BaseHandler):
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


# --- YAML ----------------------------------------------------------------------------------------

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})

# What YAML says; what is wrong, and what to do about it, for somebody who has never read its
# specification. The first that fits.
_FAULTS = (
    (
        "found unexpected end of stream",
        "the quotation mark that starts a text here has no partner",
        "put one at the end of the text",
    ),
    (
        "expected ':'",
        "this line is neither a field nor part of one",
        "write it as name: text, or move it below the front matter",
    ),
    (
        "did not find expected",
        "this does not fit with the lines before it",
        'check the quotes and the indentation here and above; put a text with quotes in "quotes"',
    ),
    ("found character", "a text may not start like this", 'put it in "quotes"'),
)
# What YAML notices only further down; it began at the place that it calls the context.
_LATE = ("end of stream", "expected ':'")
_OTHERWISE = 'put a text that has a colon or quotes in it in "quotes"'


class YAML(Handler):
    """YAML, as far as front matter needs it: anything in it is a text, a list or a table."""

    def table(self, fm: str) -> dict[str, Value]:
        """The fields; what is plainly meant is mended, and reported as a warning."""
        try:
            return self._read(fm)
        except yaml.MarkedYAMLError as error:
            return self._mended(fm, error)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise PostError(self._unreadable(str(error), 0, 0)) from None

    def _read(self, source: str) -> dict[str, Value]:
        """Compose YAML's parse events into text, lists and tables, refusing what could grow.

        Anchors, aliases and merge keys make a small text a large value; tags make it an object;
        depth makes it a crash of the C library. None of them is front matter.
        """
        top: Value = ""
        open_: list[list[Value] | dict[str, Value]] = []
        names: list[tuple[str, int, int] | None] = []
        places: dict[str, tuple[int, int]] = {}
        seen: set[str] = set()
        repeats: list[tuple[str, int, int]] = []
        documents = 0
        for event in yaml.parse(source, Loader=_Loader):
            value: Value
            if isinstance(event, yaml.NodeEvent):
                if event.anchor is not None:
                    raise self._refused(event, "anchors and aliases (& and *) are not read")
                if getattr(event, "tag", None) not in (None, "!"):
                    raise self._refused(event, "tags (!) are not read")
                if len(open_) == 1 and (name := names[-1]):
                    line, column = _place(event)
                    if line == name[1]:
                        places[name[0]] = self.line + line, column
            if isinstance(event, yaml.ScalarEvent):
                value = "" if not event.style and event.value in _NULLS else event.value
            elif isinstance(event, yaml.CollectionStartEvent):
                if len(open_) == _DEPTH:
                    what = f"lists and tables are nested deeper than {_DEPTH}"
                    raise self._refused(event, what, "write it flatter")
                if open_ and isinstance(open_[-1], dict) and names[-1] is None:
                    raise yaml.MarkedYAMLError(
                        problem="found a table as a key",
                        problem_mark=event.start_mark,  # type: ignore[arg-type]  # the C parser's
                    )
                open_.append({} if isinstance(event, yaml.MappingStartEvent) else [])
                names.append(None)
                continue
            elif isinstance(event, yaml.CollectionEndEvent):
                value = open_.pop()
                names.pop()
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                continue
            else:
                continue
            if documents > 1:
                break
            if not open_:
                top = value
            elif isinstance(inside := open_[-1], list):
                inside.append(value)
            elif (name := names[-1]) is None:
                line, column = _place(event)
                names[-1] = name = (value if isinstance(value, str) else "", line, column)
                if len(open_) == 1:
                    places[name[0]] = self.line + line, column
                    if (same := name[0].lower()) in seen:
                        repeats.append(name)
                    seen.add(same)
            else:
                inside[name[0]] = value
                names[-1] = None
        for name in repeats:
            self.repeated(*name)
        self.places = places
        if top == "":
            return {}
        if not isinstance(top, dict):
            what = "the front matter is a text or a list, not a table"
            raise PostError(self.problem(0, what, "write a line for each field, such as title: …"))
        return top

    def _refused(
        self, event: yaml.Event, what: str, todo: str = 'put the text in "quotes"'
    ) -> PostError:
        line, column = _place(event)
        return PostError(self.problem(line, what, todo, column=column))

    def _unreadable(self, why: str, line: int, column: int) -> Problem:
        why = " ".join(without_controls(why).split())[:_SHOWN]
        for said, what, todo in _FAULTS:
            if said in why:
                return self.problem(line, what, todo, column=column)
        what = f"the front matter is not valid YAML ({why})"
        return self.problem(line, what, _OTHERWISE, column=column)

    def _mended(self, source: str, error: yaml.MarkedYAMLError) -> dict[str, Value]:
        """Repair the lines that YAML stumbles over, as long as it is plain what was meant."""
        first, lines = error, source.split("\n")
        done: dict[int, mend.Mend] = {}
        for _ in range(_MENDS):
            found = mend.mended(lines, error, done)
            if found is None:
                break
            lines[found.at : found.at + found.count] = [found.text, *[""] * (found.count - 1)]
            done[found.at] = found
            try:
                metadata = self._read("\n".join(lines))
            except yaml.MarkedYAMLError as next_:
                error = next_
                continue
            except (yaml.YAMLError, ValueError, RecursionError):
                break
            self.problems += [
                self.problem(at, found.what, found.todo, "warning", found.column, found.field)
                for at, found in sorted(done.items())
            ]
            return metadata
        mark = first.problem_mark
        why = first.problem or "no reason given"
        if first.context_mark and (mark is None or any(said in why for said in _LATE)):
            mark = first.context_mark
        raise PostError(
            self._unreadable(
                why,
                min(mark.line, max(len(lines) - 1, 0)) if mark else 0,
                mark.column + 1 if mark else 0,
            )
        ) from None


def _place(event: yaml.Event) -> tuple[int, int]:
    """The line (from 0) and the column (from 1) of an event."""
    mark = event.start_mark
    return (mark.line, mark.column + 1) if mark else (0, 0)


# --- TOML ----------------------------------------------------------------------------------------

_TOML_FIELD = re.compile(r"\s*[\"']?([\w-]+)[\"']?\s*=[ \t]*")
# tomllib takes memory that grows with the square of the parts of a key.
_TOML_DEEP = re.compile(rf"(?<![\w\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){{{_DEPTH}}}")


class TOML(Handler):
    """TOML 1.0."""

    def table(self, fm: str) -> dict[str, Value]:
        """The fields; of one that stands twice, the last."""
        if deep := _TOML_DEEP.search(fm):
            line = fm.count("\n", 0, deep.start())
            what = f"a name has more than {_DEPTH} parts"
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
            return texts(tomllib.loads("\n".join(lines), parse_float=str))
        except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
            where = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
            line, column = (int(where[1]) - 1, int(where[2])) if where else (len(lines) - 1, 0)
            why = re.sub(r" \(at .*\)$", "", str(error))[:_SHOWN]
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


class JSON(Handler):
    """A JSON object (RFC 8259)."""

    def table(self, fm: str) -> dict[str, Value]:
        """The fields; of one that stands twice, the last."""
        for found in re.finditer(r'"([\w -]+)"\s*:\s*', fm):
            line = fm.count("\n", 0, found.end())
            column = found.end() - fm.rfind("\n", 0, found.end())
            self.places.setdefault(found[1], (self.line + line, column))
        return json_table(fm, self.repeated)[0]


def json_table(
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
        raise ValueError(f"lists and tables are nested deeper than {_DEPTH}") from None
    return texts(data), end


def texts(data: dict[str, object], depth: int = 0) -> dict[str, Value]:
    """Values as text, as they would be written; the nested ones too, to a depth."""

    def text(value: object, depth: int) -> Value:
        if depth > _DEPTH:
            return ""
        if isinstance(value, dict):
            return texts(value, depth + 1)
        if isinstance(value, list):
            return [text(item, depth + 1) for item in value]
        if value is None:
            return ""
        return str(value).lower() if isinstance(value, bool) else without_controls(str(value))

    return {without_controls(str(name)): text(value, depth) for name, value in data.items()}
