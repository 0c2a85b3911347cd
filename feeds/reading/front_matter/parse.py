"""Splits a post: its bytes -> fields of the front matter, the body, and problems.

It decodes the file and finds where the front matter starts and ends. python-frontmatter reads it,
through the handlers of formats.py and yaml_format.py. Plain mistakes are repaired (a delimiter
here, a line of YAML in yaml_repair.py) and reported as a warning with the text to paste.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

import frontmatter
from msgspec import Struct

from feeds.errors import PostError
from feeds.model import Problem
from feeds.reading.front_matter.formats import (
    FrontMatterFormat,
    JsonFormat,
    TomlFormat,
    Value,
    parse_json_object,
)
from feeds.reading.front_matter.yaml_format import YamlFormat
from feeds.text import without_controls

_BOM = b"\xef\xbb\xbf"
_DASHES = re.compile(r"\s*[-\u2010-\u2015\u2212]{2,}\s*$")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9_-]*:(\s|$)")
_PART = re.compile(r"[A-Za-z_][\w-]*\s*[:=]|\s|[-#\]}]|$")
_CONFLICT = re.compile(r"(<{7} .*|={7}|>{7} .*)$")


class FrontMatter(Struct, frozen=True):
    """The two parts of a post, and what is wrong with them.

    `body_line` is the line of the file that the body starts on; `places` has the line and the
    column of each field's value.
    """

    metadata: dict[str, Value]
    body: str
    body_line: int
    places: dict[str, tuple[int, int]]
    problems: tuple[Problem, ...] = ()


def parse_front_matter(key: str, data: bytes, limit: int) -> FrontMatter:
    """Split a post into its front matter, of at most `limit` bytes, and its body.

    Raises PostError where there is no front matter that can be understood.
    """
    text = _text(key, data)
    handler = _handler(key, text)
    if len(handler.source.encode()) > limit:
        what = f"the front matter is larger than {limit:,} bytes"
        todo = "move long texts into the body, or check that its end is marked"
        raise PostError(Problem(key, handler.line, what, todo))
    frontmatter.parse(text, handler=handler)
    body = text[handler.end :]
    body_line = text.count("\n", 0, handler.end) + 1
    return FrontMatter(
        metadata=handler.metadata,
        body=body,
        body_line=body_line,
        places=handler.places,
        problems=(*handler.problems, *_conflicts(key, body, body_line)),
    )


def _text(key: str, data: bytes) -> str:
    """Decode once: UTF-8, no byte order mark, one kind of line end, no control characters."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise PostError(Problem(key, 1, "the file is UTF-16", "save it as UTF-8"))
    while data.startswith(_BOM):
        data = data.removeprefix(_BOM)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        before = data[data.rfind(b"\n", 0, error.start) + 1 : error.start]
        column = len(before.decode("utf-8", "replace")) + 1
        what = f"byte {error.start:,} (0x{data[error.start]:02x}) is not UTF-8"
        todo = "save the file as UTF-8"
        raise PostError(Problem(key, line, what, todo, column=column)) from None
    return without_controls(text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n"))


# --- where the front matter is -------------------------------------------------------------------


class _Top(Struct, frozen=True):
    """The start of a file: its first line that is not blank (`at`, from 0), and what follows it.

    `after` is the offset of `rest` in the text.
    """

    key: str
    first: str
    rest: str
    at: int
    after: int


def _handler(key: str, text: str) -> FrontMatterFormat:
    """Find the front matter: which format, where it starts, where the body starts."""
    lead = len(text) - len(text.lstrip())
    start = text.rfind("\n", 0, lead) + 1 if lead else 0
    first, _, rest = text[start:].partition("\n")
    top = _Top(key, first, rest, text.count("\n", 0, start), start + len(first) + 1)
    bare = first.strip()
    if bare == "+++":
        end = _closing(rest, lambda line: line.strip() == "+++")
        return _delimited(TomlFormat, top, end, "+++")
    if bare.startswith("{") and not bare.startswith(("{%", "{{", "{:")):
        return _json(top, text, lead)
    if _DASHES.match(first):
        exact = _closing(rest, lambda line: line.rstrip() in ("---", "..."))
        end = exact or _closing(rest, lambda line: bool(_DASHES.match(line)))
        handler = _again(top, end) or _delimited(YamlFormat, top, end, "---")
        if first.rstrip() != "---":
            what = f"the first line is {bare[:60]!r} instead of ---"
            handler.problems.append(
                Problem(key, top.at + 1, what, "write ---", column=1, severity="warning")
            )
        return handler
    raise PostError(_missing(top, text))


def _missing(top: _Top, text: str) -> Problem:
    """What stands where the front matter should be."""
    if _HEADER.match(top.first):
        what = "the fields at the top stand without --- around them"
        return Problem(top.key, top.at + 1, what, "put a line --- before and after them")
    lines = text.split("\n", 21)
    for number, (line, following) in enumerate(pairwise(lines), 1):
        if line.rstrip() == "---" and _HEADER.match(following):
            what = "there is text before the front matter"
            return Problem(top.key, top.at + 1, what, f"make line {number} (---) the first line")
    empty = not top.first.strip()
    what, at = ("the file is empty", 1) if empty else ("there is no front matter", top.at + 1)
    return Problem(top.key, at, what, "start it with ---, title: …, date: …, ---")


def _closing(rest: str, is_end: Callable[[str], bool]) -> tuple[int, int] | None:
    """Offsets of the end of the front matter and of the start of the body."""
    offset = 0
    for line in rest.split("\n"):
        if is_end(line):
            return offset, offset + len(line) + 1
        offset += len(line) + 1
    return None


def _delimited(
    kind: type[FrontMatterFormat], top: _Top, end: tuple[int, int] | None, mark: str
) -> FrontMatterFormat:
    if end is None:
        raise PostError(_endless(top, mark))
    source = top.rest[: end[0]]
    for number, line in enumerate(source.split("\n")):
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            raise PostError(Problem(top.key, top.at + 2 + number, *_CONFLICTED, column=1))
    return kind(top.key, source, top.at + 2, min(top.after + end[1], top.after + len(top.rest)))


def _endless(top: _Top, mark: str) -> Problem:
    """A front matter without an end; where it would be, if what follows the fields is the body."""
    last = 0
    for number, line in enumerate(top.rest.split("\n", 500)[:500], 1):
        if not _PART.match(line):
            break
        if line.strip():
            last = number
    what = "the front matter that starts here has no end"
    todo = f"put a line {mark} below line {top.at + 1 + last}"
    return Problem(top.key, top.at + 1, what, todo, column=1)


def _again(top: _Top, end: tuple[int, int] | None) -> FrontMatterFormat | None:
    """The front matter that starts again: comments alone between its first two lines ``---``."""
    if end is None or not all(_says_nothing(line) for line in top.rest[: end[0]].split("\n")):
        return None
    below = top.rest[end[1] :]
    start = next((line for line in below.split("\n") if not _says_nothing(line)), "")
    closing = _closing(below, lambda line: line.rstrip() == "---")
    if not _HEADER.match(start) or closing is None:
        return None
    both = top.rest[: end[0]] + "\n" + below[: closing[0]]
    line = top.at + 2 + top.rest.count("\n", 0, end[0])
    handler = YamlFormat(top.key, both, top.at + 2, top.after + end[1] + closing[1])
    what = "the front matter ends before it has a field"
    handler.problems.append(
        Problem(top.key, line, what, "remove this line ---", column=1, severity="warning")
    )
    return handler


def _says_nothing(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _json(top: _Top, text: str, lead: int) -> FrontMatterFormat:
    try:
        _, length = parse_json_object(text[lead:])
    except ValueError as error:
        line = getattr(error, "lineno", 1) + top.at
        column = getattr(error, "colno", 0)
        what = f"the front matter is not valid JSON ({getattr(error, 'msg', error)})"
        todo = 'write {"title": "…"} with a comma between fields'
        raise PostError(Problem(top.key, line, what, todo, column=column)) from None
    return JsonFormat(top.key, text[lead : lead + length], top.at + 1, lead + length)


# --- the body ------------------------------------------------------------------------------------

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
            yield Problem(key, opened, *_CONFLICTED, column=1)
            return
