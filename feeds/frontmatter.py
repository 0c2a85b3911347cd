"""Owns the top of a post: bytes -> metadata, body, and what was wrong on the way.

python-frontmatter does the reading, with handlers of our own: YAML as plain text only (no anchors,
aliases, tags; see `_yaml`), TOML through the standard library, JSON. Values are text, lists and
tables, as they are written: what a `date` or a `title` means is not known here.

What a person would repair without asking is repaired (mend.py) and reported as a warning
with the text to paste.
"""

from __future__ import annotations

import json
import re
import tomllib
from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import TypeAlias

import frontmatter
import yaml
from frontmatter.default_handlers import BaseHandler
from msgspec import Struct

from feeds import mend
from feeds.errors import PostError
from feeds.model import Problem, Severity

Value: TypeAlias = "str | list[Value] | dict[str, Value]"

_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_DEPTH = 20
_MENDS = 12

# What XML 1.0 cannot hold, and the C1 controls, which YAML cannot; tab and newline stay.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_DASHES = re.compile(r"\s*[-\u2010-\u2015\u2212]{2,}\s*$")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9_-]*:(\s|$)")
_CONFLICT = re.compile(r"(<{7} .*|={7}|>{7} .*)$")


class FrontMatter(Struct, frozen=True):
    """The two parts of a post. `body_line` is the line of the file that the body starts on."""

    metadata: dict[str, Value]
    body: str
    body_line: int
    lines: dict[str, int]
    problems: tuple[Problem, ...] = ()


def without_controls(text: str) -> str:
    """`text` without the characters that no feed can carry."""
    return _CONTROLS.sub("", text)


def read(key: str, data: bytes, limit: int) -> FrontMatter:
    """Split a post into its front matter, of at most `limit` bytes, and its body.

    Raises PostError where there is no front matter that can be understood.
    """
    text = _text(key, data)
    handler = _handler(key, text)
    if len(handler.source.encode()) > limit:
        raise PostError(
            Problem(
                key,
                handler.line,
                f"the front matter is larger than {limit:,} bytes",
                "move long texts into the body, or check that its end is marked",
            )
        )
    frontmatter.parse(text, handler=handler)
    body = text[handler.end :]
    problems = [*handler.problems, *_conflicts(key, body, text.count("\n", 0, handler.end) + 1)]
    for problem in problems:
        if problem.severity == "error":
            raise PostError(problem)
    return FrontMatter(
        metadata=handler.metadata,
        body=body,
        body_line=text.count("\n", 0, handler.end) + 1,
        lines=handler.lines,
        problems=tuple(problems),
    )


def _text(key: str, data: bytes) -> str:
    """Decode once: UTF-8, no byte order mark, one kind of line end, no control characters."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise PostError(Problem(key, 1, "the file is UTF-16", "save it as UTF-8"))
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"byte {error.start:,} (0x{data[error.start]:02x}) is not UTF-8"
        raise PostError(Problem(key, line, what, "save the file as UTF-8")) from None
    return without_controls(text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n"))


class _Handler(BaseHandler):
    """One front matter, found: python-frontmatter asks it to split and to load.

    `line` is where the source starts in the file (from 1), `end` the offset of the body.
    """

    FM_BOUNDARY = re.compile(r"^$")
    START_DELIMITER = END_DELIMITER = ""

    def __init__(self, key: str, source: str, line: int, end: int) -> None:
        super().__init__()
        self.key, self.source, self.line, self.end = key, source, line, end
        self.problems: list[Problem] = []
        self.lines: dict[str, int] = {}
        self.metadata: dict[str, Value] = {}

    def split(self, text: str) -> tuple[str, str]:
        return self.source, text[self.end :]

    def problem(
        self, line: int, what: str, todo: str, severity: Severity = "error", column: int = 0
    ) -> Problem:
        """A problem at a line of the source (from 0)."""
        return Problem(self.key, self.line + line, what, todo, column=column, severity=severity)

    def load(self, fm: str, **_: object) -> dict[str, Value]:
        self.metadata = self.table(fm)
        return self.metadata

    @abstractmethod
    def table(self, fm: str) -> dict[str, Value]:
        """The front matter's fields. Raises PostError."""

    def repeated(self, name: str, line: int) -> None:
        """Report a key that stands twice; the last one wins."""
        what = f"the key {name!r} stands twice"
        self.problems.append(self.problem(line, what, "keep one: the last one counts", "warning"))


class _YAML(_Handler):
    def table(self, fm: str) -> dict[str, Value]:
        try:
            return self._yaml(fm)
        except yaml.MarkedYAMLError as error:
            return self._mended(fm, error)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise PostError(self._unreadable(str(error), 0, 0)) from None

    def _yaml(self, source: str) -> dict[str, Value]:
        """Compose YAML's parse events into text, lists and tables, refusing what could grow.

        Anchors, aliases and merge keys make a small text a large value; tags make it an object;
        depth makes it a crash of the C library. None of them is front matter.
        """
        top: Value = ""
        open_: list[list[Value] | dict[str, Value]] = []
        names: list[tuple[str, int] | None] = []
        lines: dict[str, int] = {}
        repeats: list[tuple[str, int]] = []
        documents = 0
        for event in yaml.parse(source, Loader=_Loader):
            value: Value
            mark = event.start_mark
            line = mark.line if mark else 0
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise PostError(
                    self.problem(
                        line,
                        "anchors and aliases (& and *) are not read",
                        'put the text in "quotes"',
                    )
                )
            if isinstance(event, yaml.ScalarEvent):
                if event.tag not in (None, "!"):
                    raise self._tag(line)
                plain = event.style is None
                value = "" if plain and event.value in _NULLS else event.value
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                if event.tag not in (None, "!"):
                    raise self._tag(line)
                if len(open_) == _DEPTH:
                    raise PostError(
                        self.problem(
                            line, f"lists and tables are nested deeper than {_DEPTH}", _FLAT
                        )
                    )
                if open_ and isinstance(open_[-1], dict) and names[-1] is None:
                    raise yaml.MarkedYAMLError(
                        problem="found a table as a key",
                        problem_mark=mark,  # type: ignore[arg-type]  # the C parser has its own
                    )
                open_.append({} if isinstance(event, yaml.MappingStartEvent) else [])
                names.append(None)
                continue
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
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
                names[-1] = (value if isinstance(value, str) else "", line)
            else:
                if name[0] in inside:
                    repeats.append(name)
                if len(open_) == 1:
                    lines[name[0]] = self.line + name[1]
                inside[name[0]] = value
                names[-1] = None
        for name in repeats:
            self.repeated(*name)
        self.lines = lines
        if top == "":
            return {}
        if not isinstance(top, dict):
            what = "the front matter is a text or a list, not a table"
            raise PostError(self.problem(0, what, "write a line for each field, such as title: …"))
        return top

    def _tag(self, line: int) -> PostError:
        return PostError(self.problem(line, "tags (!) are not read", 'put the text in "quotes"'))

    def _unreadable(self, why: str, line: int, column: int) -> Problem:
        why = " ".join(without_controls(why).split())
        what = f"the front matter is not valid YAML ({why[:120]})"
        return self.problem(
            line, what, 'put a text that has a colon or quotes in it in "quotes"', column=column
        )

    def _mended(self, source: str, error: yaml.MarkedYAMLError) -> dict[str, Value]:
        """Repair the lines that YAML stumbles over, as long as it is plain what was meant."""
        first, lines = error, source.split("\n")
        mended: dict[int, str] = {}
        for _ in range(_MENDS):
            found = mend.mended(lines, error, set(mended))
            if found is None:
                break
            at, count, text = found
            lines[at : at + count] = [text, *[""] * (count - 1)]
            mended[at] = text
            try:
                metadata = self._yaml("\n".join(lines))
            except yaml.MarkedYAMLError as next_:
                error = next_
                continue
            except (yaml.YAMLError, ValueError, RecursionError):
                break
            for at, text in sorted(mended.items()):
                shown = text.strip() if len(text) < 200 else text.strip()[:199] + "…"
                self.problems.append(
                    self.problem(
                        at, "this line is not valid YAML", f"write it as {shown}", "warning"
                    )
                )
            return metadata
        mark = first.problem_mark or first.context_mark
        raise PostError(
            self._unreadable(
                first.problem or "no reason given",
                min(mark.line, max(len(lines) - 1, 0)) if mark else 0,
                mark.column + 1 if mark else 0,
            )
        ) from None


_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_FLAT = "write it flatter"


class _TOML(_Handler):
    def table(self, fm: str) -> dict[str, Value]:
        try:
            data = tomllib.loads(fm)
        except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
            where = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
            line = int(where[1]) - 1 if where else 0
            why = re.sub(r" \(at .*\)$", "", str(error))[:120]
            what = f"the front matter is not valid TOML ({why})"
            todo = 'write key = "value" on each line'
            raise PostError(
                self.problem(line, what, todo, column=int(where[2]) if where else 0)
            ) from None
        self.lines = dict(_toml_lines(fm, self.line))
        return _texts(data)


def _toml_lines(source: str, start: int) -> Iterator[tuple[str, int]]:
    for at, line in enumerate(source.split("\n")):
        if found := re.match(r"\s*[\"']?([\w-]+)[\"']?\s*=", line):
            yield found[1], start + at


class _JSON(_Handler):
    def table(self, fm: str) -> dict[str, Value]:
        for found in re.finditer(r'"([\w -]+)"\s*:', fm):
            self.lines.setdefault(found[1], self.line + fm.count("\n", 0, found.start()))
        data, _ = json_table(fm, self.repeated)
        return data


def json_table(
    source: str, repeated: Callable[[str, int], None] | None = None
) -> tuple[dict[str, Value], int]:
    """The JSON object that `source` starts with, and where it ends.

    Raises ValueError (json.JSONDecodeError with the place, where it is known).
    """

    def table(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found: dict[str, object] = {}
        for name, value in pairs:
            if name in found and repeated:
                repeated(name, source.count("\n", 0, max(source.rfind(f'"{name}"'), 0)))
            found[name] = value
        return found

    decoder = json.JSONDecoder(
        object_pairs_hook=table, parse_int=str, parse_float=str, parse_constant=str
    )
    try:
        data, end = decoder.raw_decode(source)
    except RecursionError:
        raise ValueError(f"lists and tables are nested deeper than {_DEPTH}") from None
    return _texts(data), end


def _texts(data: dict[str, object], depth: int = 0) -> dict[str, Value]:
    """Values as text, as they would be written; the nested ones too, to a depth."""

    def text(value: object, depth: int) -> Value:
        if depth > _DEPTH:
            return ""
        if isinstance(value, dict):
            return _texts(value, depth + 1)
        if isinstance(value, list):
            return [text(item, depth + 1) for item in value]
        if value is None:
            return ""
        return str(value).lower() if isinstance(value, bool) else without_controls(str(value))

    return {str(name): text(value, depth) for name, value in data.items()}


def _handler(key: str, text: str) -> _Handler:
    """Find the front matter: which format, where it starts, where the body starts."""
    lead = len(text) - len(text.lstrip())
    start = text.rfind("\n", 0, lead) + 1 if lead else 0
    at = text.count("\n", 0, start)
    first, _, rest = text[start:].partition("\n")
    after = start + len(first) + 1
    bare = first.strip()
    if bare == "+++":
        end = _closing(rest, lambda line: line.strip() == "+++")
        return _found(_TOML, key, rest, end, at, after, "+++")
    if bare.startswith("{") and not bare.startswith(("{%", "{{", "{:")):
        try:
            _, length = json_table(text[lead:])
        except ValueError as error:
            line = getattr(error, "lineno", 1) + at
            column = getattr(error, "colno", 0)
            what = f"the front matter is not valid JSON ({getattr(error, 'msg', error)})"
            todo = 'write {"title": "…"} with a comma between fields'
            raise PostError(Problem(key, line, what, todo, column=column)) from None
        return _JSON(key, text[lead : lead + length], at + 1, lead + length)
    if _DASHES.match(first):
        exact = _closing(rest, lambda line: line.rstrip() in ("---", "..."))
        end = exact or _closing(rest, lambda line: bool(_DASHES.match(line)))
        handler = _found(_YAML, key, rest, end, at, after, "---")
        if first.rstrip() != "---":
            what = f"the first line is {bare!r} instead of ---"
            handler.problems.append(Problem(key, at + 1, what, "write ---", severity="warning"))
        return handler
    if _HEADER.match(first):
        what = "the fields at the top stand without --- around them"
        raise PostError(Problem(key, at + 1, what, "put a line --- before and after them"))
    lines = text.split("\n", 20)[:20]
    for number, line in enumerate(lines, 1):
        following = lines[number] if number < len(lines) else ""
        if line.rstrip() == "---" and _HEADER.match(following):
            what = "there is text before the front matter"
            raise PostError(Problem(key, at + 1, what, f"make line {number} (---) the first line"))
    what, line = ("there is no front matter", at + 1) if bare else ("the file is empty", 1)
    raise PostError(Problem(key, line, what, "start it with ---, title: …, date: …, ---"))


def _closing(rest: str, is_end: Callable[[str], bool]) -> tuple[int, int] | None:
    """Offsets of the end of the front matter and of the start of the body."""
    offset = 0
    for line in rest.split("\n"):
        if is_end(line):
            return offset, offset + len(line) + 1
        offset += len(line) + 1
    return None


def _found(
    kind: type[_Handler],
    key: str,
    rest: str,
    end: tuple[int, int] | None,
    at: int,
    after: int,
    mark: str,
) -> _Handler:
    if end is None:
        what = "the front matter that starts here has no end"
        raise PostError(Problem(key, at + 1, what, f"put a line {mark} after the last field"))
    source = rest[: end[0]]
    for number, line in enumerate(source.split("\n")):
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            raise PostError(Problem(key, at + 2 + number, *_CONFLICTED))
    return kind(key, source, at + 2, min(after + end[1], after + len(rest)))


_CONFLICTED = ("here is a merge conflict", "choose one side and remove the <<<<<<< and >>>>>>>")


def _conflicts(key: str, body: str, start: int) -> Iterator[Problem]:
    """A merge conflict in the body, unless it is shown as code."""
    if "\n<<<<<<< " not in f"\n{body}":
        return
    fenced = ""
    opened = 0
    for number, line in enumerate(body.split("\n")):
        mark = line.lstrip()[:3]
        if mark in ("```", "~~~") and fenced in ("", mark):
            fenced = "" if fenced else mark
        if fenced or not _CONFLICT.match(line):
            continue
        if line[0] == "<":
            opened = start + number
        elif line[0] == ">" and opened:
            yield Problem(key, opened, *_CONFLICTED)
            return
