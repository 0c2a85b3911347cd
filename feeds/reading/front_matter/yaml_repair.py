"""Owns the repair of YAML front matter: a line that YAML stumbles over -> what was plainly meant.

An unquoted colon, a stray or forgotten quote, a missing space, an ``@`` or a ``{{``: what a person
would put right without asking. Whatever is not plain is left for the author.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator

import yaml
from msgspec import Struct
from msgspec.structs import replace

_KEY = re.compile(r"(?P<indent>\s*(?:- )?)(?P<key>[A-Za-z_][\w-]*):(?P<space>\s*)(?P<value>\S.*)$")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*:(\s|$)")
_ITEM = re.compile(r"(?P<indent>\s*)-(?P<space>\s*)(?P<value>[^\s-].*)$")
_BLOCK = re.compile(r"\s*(?:- )?[A-Za-z_][\w-]*:\s*[|>][+-]?\s*$")
# What closes nothing, names nothing, or is for a site generator and not for the front matter.
_STRAY = re.compile(r"\s*(?:[\]\[}{,;\"'-]+|\{\{[<%].*[>%]\}\}|\{%.*%\})\s*$")
_CLOSED = {
    '"': re.compile(r'"(?:[^"\\]|\\.)*+"\s*(?:#.*)?$', re.DOTALL),
    "'": re.compile(r"'(?:[^']|'')*+'\s*(?:#.*)?$", re.DOTALL),
}
_LONGEST = 200


class Repair(Struct, frozen=True):
    """A line to write instead: at which (from 0), how many lines its text covers, the text.

    `what` and `todo` tell the author; `field` and `column` say where.
    """

    at: int
    count: int
    text: str
    what: str
    todo: str
    field: str = ""
    column: int = 0


def first_repair(
    lines: list[str], error: yaml.MarkedYAMLError, done: Collection[int]
) -> Repair | None:
    """The first repair that fits near the error, at a line that was not repaired before."""
    for at in _suspects(lines, error):
        if at in done or not 0 <= at < len(lines):
            continue
        for repair in _REPAIRS:
            if found := repair(lines, at):
                start = len(lines[at]) - len(lines[at].lstrip()) + 1
                return replace(found, column=found.column or start)
    return None


def _suspects(lines: list[str], error: yaml.MarkedYAMLError) -> Iterator[int]:
    """Lines to look at: those that YAML names, those before them, and where a quote was opened."""
    marks = [mark.line for mark in (error.problem_mark, error.context_mark) if mark]
    yield from dict.fromkeys(at for mark in marks for at in (mark, mark - 1))
    for at in range(min([*marks, len(lines) - 1]), -1, -1):
        if (found := _KEY.match(lines[at])) and found["value"][0] in _CLOSED:
            value, _ = _quoted_text(lines, at, found["value"])
            if not _CLOSED[found["value"][0]].match(value):
                yield at


def _repair(at: int, count: int, text: str, field: str = "", column: int = 0) -> Repair:
    shown = text.strip()
    todo = f"write it as {shown}"
    if len(shown) > _LONGEST:
        todo = f"write it as {shown[: _LONGEST - 1]}…"
        if shown[-1] in _CLOSED:
            todo = f"put its text between two {shown[-1]}"
            todo += " and write each ' in it twice" if "''" in shown else ""
    return Repair(at, count, text, "this line is not valid YAML", todo, field, column)


def _spaced_item(lines: list[str], at: int) -> Repair | None:
    """``-item`` below ``- item``."""
    item = _ITEM.match(lines[at])
    if item and not item["space"] and at and "-" in lines[at - 1][:8]:
        return _repair(at, 1, f"{item['indent']}- {item['value']}")
    return None


def _untabbed(lines: list[str], at: int) -> Repair | None:
    """A line that is indented with tabs."""
    rest = lines[at].lstrip()
    indent = lines[at][: len(lines[at]) - len(rest)]
    if "\t" not in indent:
        return None
    text = indent.replace("\t", "  ") + rest
    return Repair(at, 1, text, "this line is indented with a tab", "indent it with two spaces")


def _indented(lines: list[str], at: int) -> Repair | None:
    """The text of ``key: >`` that starts at the margin."""
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


def _put_back(lines: list[str], at: int) -> Repair | None:
    """A field that was pushed in by mistake, after a blank line."""
    found = _KEY.match(lines[at])
    if not found or not found["indent"] or not found["space"] or found["value"].startswith("{{"):
        return None
    if not _reads(f"{found['key']}: {found['value']}") or lines[at - 1].strip():
        return None
    return _repair(at, 1, f"{found['key']}: {found['value']}", found["key"])


def _quoted_field(lines: list[str], at: int) -> Repair | None:
    """A value that has to stand in quotes, or is in broken ones."""
    found = _KEY.match(lines[at])
    if not found or (found["indent"] and not found["space"]):
        return None
    value, key = found["value"], found["key"]
    if value[0] in "|>" and len(value) <= 3:
        return None
    if "，" in value and _reads(f"{key}: {(commas := value.replace('，', ', '))}"):
        return _repair(at, 1, f"{found['indent']}{key}: {commas}", key, found.start("value") + 1)
    value, count = _quoted_text(lines, at, value)
    if count == 1 and found["space"] and _reads(f"{key}: {value}"):
        return None
    text = f"{found['indent']}{key}: {_quoted(value.strip())}"
    return _repair(at, count, text, key, found.start("value") + 1)


def _quoted_item(lines: list[str], at: int) -> Repair | None:
    """A list's item that has to stand in quotes."""
    item = _ITEM.match(lines[at])
    if not item or not item["space"] or _reads(f"- {item['value']}"):
        return None
    return _repair(at, 1, f"{item['indent']}- {_quoted(item['value'].strip())}")


def _removed(lines: list[str], at: int) -> Repair | None:
    """A line that says nothing."""
    if not _STRAY.match(lines[at]):
        return None
    return Repair(
        at, 1, "", "this line is no field", "remove it, or move it below the front matter"
    )


_REPAIRS: tuple[Callable[[list[str], int], Repair | None], ...] = (
    _spaced_item,
    _untabbed,
    _removed,
    _indented,
    _put_back,
    _quoted_field,
    _quoted_item,
)


def _quoted_text(lines: list[str], at: int, value: str) -> tuple[str, int]:
    """A value in quotes with the lines that it goes on over, up to the next field; how many."""
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


def _reads(line: str) -> bool:
    if ": {{" in line:
        return False
    try:
        for event in yaml.parse(line, Loader=yaml.BaseLoader):
            if getattr(event, "anchor", None) or getattr(event, "tag", None) not in (None, "!"):
                return False
    except (yaml.YAMLError, ValueError, RecursionError):
        return False
    return True


def _quoted(value: str) -> str:
    """A YAML text in quotes, without the quotes that somebody had put around it already."""
    if value[0] in "\"'":
        mark, value = value[0], value[1:]
        if value.endswith(('"', "'")):
            value = value[:-1]
        if value.endswith(mark) and value.count(mark) == 1:
            value = value[:-1]  # it was closed twice
        value = value.replace('\\"', '"') if mark == '"' else value.replace("''", "'")
    if '"' in value or "\\" in value:
        return "'" + value.replace("'", "''") + "'"
    return f'"{value}"'
