"""Splits a post: its bytes -> fields of the front matter, the body, and problems.

This module decodes the file and finds where the front matter starts and ends. python-frontmatter
reads it, through the handlers of formats.py, yaml_format.py, plain_fields.py and html_head.py.
Obvious mistakes are repaired (a delimiter here, a line of YAML in yaml_repair.py) and reported as a
warning with the text to paste.
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
    is_html,
    parse_json_object,
)
from feeds.reading.front_matter.html_head import HtmlFormat, find_body
from feeds.reading.front_matter.plain_fields import PlainBlock, PlainFormat, find_plain_block
from feeds.reading.front_matter.yaml_format import YamlFormat
from feeds.text import same_line_ends

_BOM = b"\xef\xbb\xbf"
_DASHES = re.compile(r"\s*[-\u2010-\u2015\u2212]{2,}\s*$")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*:(\s|$)")
_FIELD_OR_PART = re.compile(r"[A-Za-z_][\w-]*\s*[:=]|\s|[-#\]}]|$")
_CONFLICT_MARKER = re.compile(r"(<{7} .*|={7}|>{7} .*)$")


class FrontMatter(Struct, frozen=True):
    """The two parts of a post, and their problems."""

    metadata: dict[str, Value]
    """The fields, by the names that the author wrote."""
    body: str
    """The text below the front matter."""
    body_line: int
    """The line of the file that the body starts on, from 1."""
    places: dict[str, tuple[int, int]]
    """The line and the column of each field's value, from 1."""
    problems: tuple[Problem, ...] = ()
    """Warnings; also an error if the body has a merge conflict."""


def parse_front_matter(key: str, data: bytes, limit: int) -> FrontMatter:
    """Split a post into its front matter, of at most `limit` bytes, and its body.

    Raises PostError if there is no front matter, or if it cannot be read.
    """
    text = _decode(key, data)
    handler = _find_front_matter(key, text)
    if len(handler.source.encode()) > limit:
        what = f"the front matter is larger than {limit:,} bytes"
        ends = {PlainFormat: "an empty line", HtmlFormat: "<body>"}
        end = ends.get(type(handler), "---")
        todo = f"move long texts into the body, or check that {end} is below the last field"
        raise PostError(Problem(key, handler.line, what, todo))
    frontmatter.parse(text, handler=handler)
    body = text[handler.end : handler.body_end]
    body_line = text.count("\n", 0, handler.end) + 1
    return FrontMatter(
        metadata=handler.metadata,
        body=body,
        body_line=body_line,
        places=handler.places,
        problems=(*handler.problems, *_merge_conflicts(key, body, body_line)),
    )


def _decode(key: str, data: bytes) -> str:
    """The file as text: no byte order mark, ``\\n`` as line end, no control characters.

    Raises PostError unless the file is UTF-8.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise PostError(Problem(key, 1, "the file is UTF-16", "save it as UTF-8"))
    start = 0
    while data.startswith(_BOM, start):
        start += len(_BOM)
    data = data[start:]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        above = same_line_ends(data[: error.start].decode("utf-8")).split("\n")
        line, column = len(above), len(above[-1]) + 1
        what = f"byte {error.start:,} (0x{data[error.start]:02x}) is not UTF-8"
        todo = "save the file as UTF-8"
        raise PostError(Problem(key, line, what, todo, column=column)) from None
    return same_line_ends(text)


# --- where the front matter is -------------------------------------------------------------------


class _Top(Struct, frozen=True):
    """A file, split after its first line that is not blank."""

    key: str
    """The key of the post."""
    first: str
    """The first line that is not blank."""
    rest: str
    """The text below that line."""
    at: int
    """The number of that line, from 0."""
    after: int
    """The offset of `rest` in the file."""


def _find_front_matter(key: str, text: str) -> FrontMatterFormat:
    """The front matter of the file, in its format. Raises PostError if there is none."""
    lead = len(text) - len(text.lstrip())
    start = text.rfind("\n", 0, lead) + 1 if lead else 0
    first, _, rest = text[start:].partition("\n")
    top = _Top(key, first, rest, text.count("\n", 0, start), start + len(first) + 1)
    delimiter = first.strip()
    if delimiter == "+++":
        end = _find_end(rest, lambda line: line.strip() == "+++")
        return _delimited(TomlFormat, top, end, "+++")
    if delimiter.startswith("{") and not delimiter.startswith(("{%", "{{", "{:")):
        return _json(top, text, lead)
    if _DASHES.match(first):
        exact = _find_end(rest, lambda line: line.rstrip() in ("---", "..."))
        end = exact or _find_end(rest, lambda line: bool(_DASHES.match(line)))
        handler = _below_comments(top, end) or _delimited(YamlFormat, top, end, "---")
        if first.rstrip() != "---":
            what = f"the first line is {delimiter[:60]!r} instead of ---"
            handler.problems.append(
                Problem(key, top.at + 1, what, "write ---", column=1, severity="warning")
            )
        return handler
    if is_html(key) and (body := find_body(text)):
        page = HtmlFormat(key, text[: body[0]], 1, body[0])
        page.body_end = body[1]
        return page
    block = find_plain_block(key, text)
    if block and block.stray is None:
        source = text[block.start : block.stop]
        return PlainFormat(key, source, 1 + text.count("\n", 0, block.start), block.end)
    raise PostError(_no_front_matter(top, text, block))


def _no_front_matter(top: _Top, text: str, block: PlainBlock | None) -> Problem:
    """The problem of a file that does not start with front matter, by what it starts with."""
    if block and block.stray is not None:
        if text[block.stop :].startswith("\n<<<<<<< "):
            return Problem(top.key, block.stray + 1, *_CONFLICTED, column=1)
        todo = "write it as Name: text, or leave the line above it empty"
        return Problem(top.key, block.stray + 1, "this line is not a field", todo)
    if top.at and find_plain_block(top.key, text[top.after - len(top.first) - 1 :]):
        return Problem(top.key, 1, "there is an empty line above the fields", "remove it")
    if _FIELD.match(top.first):
        what = "the fields at the top are not between two lines ---"
        return Problem(top.key, top.at + 1, what, "write --- on a line above and below them")
    lines = text.split("\n", 21)
    for number, (line, following) in enumerate(pairwise(lines), 1):
        if line.rstrip() == "---" and _FIELD.match(following):
            what = "there is text before the front matter"
            return Problem(top.key, top.at + 1, what, f"make line {number} (---) the first line")
    empty = not top.first.strip()
    what, at = ("the file is empty", 1) if empty else ("there is no front matter", top.at + 1)
    return Problem(top.key, at, what, "start it with ---, title: …, date: …, ---")


def _find_end(rest: str, is_end: Callable[[str], bool]) -> tuple[int, int] | None:
    """Offsets of the first line that ends the front matter, and of the line below it."""
    offset = 0
    for line in rest.split("\n"):
        if is_end(line):
            return offset, offset + len(line) + 1
        offset += len(line) + 1
    return None


def _delimited(
    kind: type[FrontMatterFormat], top: _Top, end: tuple[int, int] | None, delimiter: str
) -> FrontMatterFormat:
    """The front matter up to `end`. Raises PostError if it is not closed or has a conflict."""
    if end is None:
        raise PostError(_unclosed(top, delimiter))
    source = top.rest[: end[0]]
    for number, line in enumerate(source.split("\n")):
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            raise PostError(Problem(top.key, top.at + 2 + number, *_CONFLICTED, column=1))
    return kind(top.key, source, top.at + 2, min(top.after + end[1], top.after + len(top.rest)))


def _unclosed(top: _Top, delimiter: str) -> Problem:
    """The problem of front matter that is not closed. It should end below its last field."""
    last = 0
    for number, line in enumerate(top.rest.split("\n", 500)[:500], 1):
        if not _FIELD_OR_PART.match(line):
            break
        if line.strip():
            last = number
    what = "the front matter that starts here is not closed"
    todo = f"write {delimiter} on a line of its own below line {top.at + 1 + last}"
    return Problem(top.key, top.at + 1, what, todo, column=1)


def _below_comments(top: _Top, end: tuple[int, int] | None) -> FrontMatterFormat | None:
    """Front matter with a third line ``---``, because only comments are above the second one."""
    if end is None or not all(_is_comment(line) for line in top.rest[: end[0]].split("\n")):
        return None
    below = top.rest[end[1] :]
    start = next((line for line in below.split("\n") if not _is_comment(line)), "")
    closing = _find_end(below, lambda line: line.rstrip() == "---")
    if not _FIELD.match(start) or closing is None:
        return None
    both = top.rest[: end[0]] + "\n" + below[: closing[0]]
    line = top.at + 2 + top.rest.count("\n", 0, end[0])
    handler = YamlFormat(top.key, both, top.at + 2, top.after + end[1] + closing[1])
    what = "the front matter ends before it has a field"
    handler.problems.append(
        Problem(top.key, line, what, "remove this line ---", column=1, severity="warning")
    )
    return handler


def _is_comment(line: str) -> bool:
    """Return whether the line is a comment or blank."""
    return not line.strip() or line.lstrip().startswith("#")


def _json(top: _Top, text: str, lead: int) -> FrontMatterFormat:
    """The JSON object at the offset `lead` of the text. Raises PostError if it is not valid."""
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

_CONFLICTED = (
    "there is a merge conflict",
    "keep one side, and remove the lines <<<<<<<, ======= and >>>>>>>",
)


def _merge_conflicts(key: str, body: str, start: int) -> Iterator[Problem]:
    """The first merge conflict in the body that is not in a block of code.

    `start` is the line of the file that the body starts on.
    """
    if "\n<<<<<<< " not in f"\n{body}":
        return
    fence = ""
    conflict_line = 0
    for number, line in enumerate(body.split("\n")):
        mark = line.lstrip()[:3]
        if mark in ("```", "~~~") and fence in ("", mark):
            fence = "" if fence else mark
        if fence or not _CONFLICT_MARKER.match(line):
            continue
        if line[0] == "<":
            conflict_line = start + number
        elif line[0] == ">" and conflict_line:
            yield Problem(key, conflict_line, *_CONFLICTED, column=1)
            return
