"""Repairs YAML front matter: a line that is not valid YAML -> the line that its author meant.

It repairs what a person would correct without asking: an unquoted colon, a stray or missing quote
or bracket, a missing space, an ``@`` or a ``{{`` at the start. It leaves ambiguous lines to the
author.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator

import yaml
from msgspec import Struct
from msgspec.structs import replace

from feeds.reading.front_matter.formats import MAX_DEPTH

_KEY = re.compile(r"(?P<indent>\s*(?:- )?)(?P<key>[A-Za-z_][\w-]*):(?P<space>\s*)(?P<value>\S.*)$")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*:(\s|$)")
_ITEM = re.compile(r"(?P<indent>\s*)-(?P<space>\s*)(?P<value>[^\s-].*)$")
_BLOCK = re.compile(r"\s*(?:- )?[A-Za-z_][\w-]*:\s*[|>][+-]?\s*$")
# A bracket or a quote alone, or a tag of a site generator.
_STRAY = re.compile(r"\s*(?:[\]\[}{,;\"'-]+|\{\{[<%].*[>%]\}\}|\{%.*%\})\s*$")
_CLOSED = {
    '"': re.compile(r'"(?:[^"\\]|\\.)*+"\s*(?:#.*)?$', re.DOTALL),
    "'": re.compile(r"'(?:[^']|'')*+'\s*(?:#.*)?$", re.DOTALL),
}
_CLOSERS = {"[": "]", "{": "}"}
_KINDS = {"]": "list", "}": "table"}
_TEXTS = frozenset({"title", "subtitle", "summary", "description", "excerpt"})
_MAX_SHOWN = 200


class Repair(Struct, frozen=True):
    """A line of text in place of one or more lines, and the warning about it."""

    at: int
    """The first line to replace, from 0."""
    count: int
    """The number of lines to replace."""
    text: str
    """The valid line."""
    what: str
    """What is wrong."""
    todo: str
    """What the author should write."""
    field: str = ""
    """The field, if the repair is about one."""
    column: int = 0
    """The column of the mistake, from 1; 0: the start of the line's text."""


def first_repair(
    lines: list[str], error: yaml.MarkedYAMLError, repaired: Collection[int]
) -> Repair | None:
    """The first repair that fits near the error, at a line that is not in `repaired`."""
    for at in _suspects(lines, error):
        if at in repaired or not 0 <= at < len(lines):
            continue
        for find_repair in _REPAIRS:
            if repair := find_repair(lines, at):
                start = len(lines[at]) - len(lines[at].lstrip()) + 1
                return replace(repair, column=repair.column or start)
    return None


def _suspects(lines: list[str], error: yaml.MarkedYAMLError) -> Iterator[int]:
    """Lines that may hold the mistake: those in the error, those above them, unclosed quotes."""
    marks = [mark.line for mark in (error.problem_mark, error.context_mark) if mark]
    yield from dict.fromkeys(at for mark in marks for at in (mark, mark - 1))
    for at in range(min([*marks, len(lines) - 1]), -1, -1):
        if (field := _KEY.match(lines[at])) and field["value"][0] in _CLOSED:
            value, _ = _join_lines(lines, at, field["value"])
            if not _CLOSED[field["value"][0]].match(value):
                yield at


def _repair(at: int, count: int, text: str, field: str = "", column: int = 0) -> Repair:
    """A repair of invalid YAML, with the line to write if it is short enough to show."""
    line = text.strip()
    todo = f"write it as {line}"
    if len(line) > _MAX_SHOWN:
        todo = f"write it as {line[: _MAX_SHOWN - 1]}…"
        if line[-1] in _CLOSED:
            todo = f"put its text between two {line[-1]}"
            todo += " and write each ' in it twice" if "''" in line else ""
    return Repair(at, count, text, "this line is not valid YAML", todo, field, column)


def _spaced_item(lines: list[str], at: int) -> Repair | None:
    """``-item`` below ``- item``, with a space."""
    item = _ITEM.match(lines[at])
    if item and not item["space"] and at and "-" in lines[at - 1][:8]:
        return _repair(at, 1, f"{item['indent']}- {item['value']}")
    return None


def _untabbed(lines: list[str], at: int) -> Repair | None:
    """A line that is indented with tabs, with spaces."""
    rest = lines[at].lstrip()
    indent = lines[at][: len(lines[at]) - len(rest)]
    if "\t" not in indent:
        return None
    text = indent.replace("\t", "  ") + rest
    return Repair(at, 1, text, "this line is indented with a tab", "indent it with two spaces")


def _indented(lines: list[str], at: int) -> Repair | None:
    """A text below ``key: >`` that starts at the margin, indented."""
    above = at - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    line = lines[at]
    if above < 0 or not line.strip() or line[0] in " #" or _FIELD.match(line):
        return None
    if not _BLOCK.match(lines[above]) and not lines[above].startswith("  "):
        return None
    what = "the text of a field is not indented"
    return Repair(at, 1, f"  {line}", what, "put two spaces before each line of it")


def _unindented(lines: list[str], at: int) -> Repair | None:
    """A field below a blank line that is indented by mistake, at the margin."""
    field = _KEY.match(lines[at])
    if not field or not field["indent"] or not field["space"] or field["value"].startswith("{{"):
        return None
    line = f"{field['key']}: {field['value']}"
    if not _is_yaml(line) or lines[at - 1].strip():
        return None
    return _repair(at, 1, line, field["key"])


def _paired_brackets(lines: list[str], at: int) -> Repair | None:
    """A list or table on one line, with its brackets in pairs. A title may start with ``[``."""
    field = _KEY.match(lines[at])
    if not field or not field["space"] or field["key"].lower() in _TEXTS:
        return None
    value, start = field["value"].rstrip(), field.start("value")
    has_more = at + 1 < len(lines) and lines[at + 1].strip() and not _FIELD.match(lines[at + 1])
    if value[0] not in _CLOSERS or value.startswith("{{") or has_more:
        return None
    fixed, mistakes = _pair_brackets(value)
    line = lines[at][:start] + fixed
    if not mistakes or not _is_yaml(line.strip()):
        return None
    column, what, todo = mistakes[0]
    if len(mistakes) > 1:
        what, todo = "the brackets are not in pairs", f"write it as {line.strip()[:_MAX_SHOWN]}"
    return Repair(at, 1, line, what, todo, field["key"], start + column + 1)


def _pair_brackets(value: str) -> tuple[str, list[tuple[int, str, str]]]:
    """`value` with its brackets in pairs, and each mistake: its place, what is wrong, what to do.

    Brackets in quotes are text. If a quote is not closed, or brackets are nested deeper than front
    matter may be, nothing is changed and no mistake is returned.
    """
    fixed: list[str] = []
    mistakes: list[tuple[int, str, str]] = []
    expected: list[str] = []
    counts = dict.fromkeys(_KINDS, 0)
    quote, before, end = "", "", len(value)
    for place, char in enumerate(value):
        if quote:
            quote = "" if char == quote and before != "\\" else quote
        elif char in _CLOSED and before in "[{,:":
            quote = char
        elif char == "#" and value[place - 1].isspace():
            end = place
            break
        elif char in _CLOSERS:
            expected.append(_CLOSERS[char])
            counts[_CLOSERS[char]] += 1
        elif char in _KINDS and not expected:
            mistakes.append((place, f"there is one {char} too many", "remove it"))
            continue
        elif char in _KINDS:
            while counts[char] and expected[-1] != char:  # a bracket is missing before this one
                fixed.append(closer := expected.pop())
                counts[closer] -= 1
                mistakes.append((place, f"the {_KINDS[closer]} is not closed", f"add {closer}"))
            closer = expected.pop()
            counts[closer] -= 1
            if closer != char:
                what = f"the {_KINDS[closer]} ends with {char}"
                mistakes.append((place, what, f"write {closer} in its place"))
            fixed.append(closer)
            before = closer
            continue
        fixed.append(char)
        if not char.isspace():
            before = "" if before == char == "\\" else char
    if quote or len(expected) > MAX_DEPTH:
        return value, []
    text, comment = "".join(fixed).rstrip(), value[end:]
    if expected:
        missing = "".join(reversed(expected))
        what = f"the {_KINDS[expected[-1]]} is not closed"
        mistakes.append((len(value[:end].rstrip()), what, f"add {missing}"))
        text += missing
    return f"{text} {comment}".rstrip(), mistakes


def _quoted_field(lines: list[str], at: int) -> Repair | None:
    """A value that needs quotes, or has broken ones, in quotes."""
    field = _KEY.match(lines[at])
    if not field or (field["indent"] and not field["space"]):
        return None
    value, key = field["value"], field["key"]
    if value[0] in "|>" and len(value) <= 3:
        return None
    if "，" in value and _is_yaml(f"{key}: {(commas := value.replace('，', ', '))}"):
        return _repair(at, 1, f"{field['indent']}{key}: {commas}", key, field.start("value") + 1)
    value, count = _join_lines(lines, at, value)
    if count == 1 and field["space"] and _is_yaml(f"{key}: {value}"):
        return None
    text = f"{field['indent']}{key}: {_quoted(value.strip())}"
    return _repair(at, count, text, key, field.start("value") + 1)


def _quoted_item(lines: list[str], at: int) -> Repair | None:
    """An item of a list that needs quotes, in quotes."""
    item = _ITEM.match(lines[at])
    if not item or not item["space"] or _is_yaml(f"- {item['value']}"):
        return None
    return _repair(at, 1, f"{item['indent']}- {_quoted(item['value'].strip())}")


def _removed(lines: list[str], at: int) -> Repair | None:
    """A stray bracket, quote or tag of a site generator, removed."""
    if not _STRAY.match(lines[at]):
        return None
    return Repair(
        at, 1, "", "this line is not a field", "remove it, or move it below the front matter"
    )


_REPAIRS: tuple[Callable[[list[str], int], Repair | None], ...] = (
    _spaced_item,
    _untabbed,
    _removed,
    _indented,
    _unindented,
    _paired_brackets,
    _quoted_field,
    _quoted_item,
)


def _join_lines(lines: list[str], at: int, value: str) -> tuple[str, int]:
    """A quoted value with the lines that continue it, and the number of its lines."""
    count = 1
    while (
        value[0] in _CLOSED
        and at + count < len(lines)
        and (more := lines[at + count])
        and not _KEY.match(more)
        and not _FIELD.match(more)
        and not more.lstrip().startswith(("- ", "#"))
    ):
        value, count = f"{value} {more.strip()}", count + 1
    return value, count


def _is_yaml(line: str) -> bool:
    """Return whether the line alone is valid YAML, without anchors, tags, templates and depth.

    The parser takes squared time for depth.
    """
    if ": {{" in line:
        return False
    depth = 0
    try:
        for event in yaml.parse(line, Loader=yaml.BaseLoader):
            if getattr(event, "anchor", None) or getattr(event, "tag", None) not in (None, "!"):
                return False
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH + 1:  # and the table of the line itself
                return False
    except (yaml.YAMLError, ValueError, RecursionError):
        return False
    return True


def _quoted(value: str) -> str:
    """`value` as a YAML text in quotes; quotes that are already around it are removed first."""
    if value[0] in "\"'":
        mark, value = value[0], value[1:]
        if value.endswith(('"', "'")):
            value = value[:-1]
        if value.endswith(mark) and value.count(mark) == 1:
            value = value[:-1]  # it has two closing quotes
        value = value.replace('\\"', '"') if mark == '"' else value.replace("''", "'")
    if '"' in value or "\\" in value:
        return "'" + value.replace("'", "''") + "'"
    return f'"{value}"'
