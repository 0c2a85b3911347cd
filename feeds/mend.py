"""Owns the repair of YAML front matter: a line that YAML stumbles over -> what was plainly meant.

An unquoted colon, a stray or forgotten quote, a missing space, an ``@`` or a ``{{``: what a person
would put right without asking. Whatever is not plain is left for the author.
"""

from __future__ import annotations

import re

import yaml

_KEY = re.compile(r"(?P<indent>\s*(?:- )?)(?P<key>[A-Za-z_][\w-]*):(?P<space>\s*)(?P<value>\S.*)$")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*:(\s|$)")
_ITEM = re.compile(r"(?P<indent>\s*)-(?P<value>[^\s-].*)$")


def mended(
    lines: list[str], error: yaml.MarkedYAMLError, done: set[int]
) -> tuple[int, int, str] | None:
    """The line to replace, how many lines its text covers, and the text; None: no idea."""
    marks = [mark.line for mark in (error.problem_mark, error.context_mark) if mark]
    nearby = [at for mark in marks for at in (mark, mark - 1)]
    for at in dict.fromkeys(nearby):
        if not 0 <= at < len(lines) or at in done:
            continue
        if (item := _ITEM.match(lines[at])) and at and "-" in lines[at - 1][:8]:
            return at, 1, f"{item['indent']}- {item['value']}"
        if not (found := _KEY.match(lines[at])):
            continue
        value, indent = found["value"], found["indent"]
        if indent and not found["space"]:
            continue
        if indent and not value.startswith("{{") and _reads(found["key"] + ": " + value):
            if lines[at - 1].strip():
                continue
            return at, 1, f"{found['key']}: {value}"  # pushed in by mistake, after a blank line
        if value[0] in "|>" and len(value) <= 3:
            continue
        count = 1
        while (
            value[0] in "\"'"
            and at + count < len(lines)
            and (more := lines[at + count])
            and not _KEY.match(more)
            and not _FIELD.match(more)
            and not more.lstrip().startswith(("- ", "#"))
        ):
            value, count = f"{value} {more.strip()}", count + 1
        if count == 1 and found["space"] and _reads(f"{found['key']}: {value}"):
            continue
        return at, count, f"{indent}{found['key']}: {_quoted(value.strip())}"
    return None


def _reads(line: str) -> bool:
    if ": {{" in line:
        return False
    try:
        for event in yaml.parse(line, Loader=yaml.BaseLoader):
            if getattr(event, "anchor", None):
                return False
    except (yaml.YAMLError, ValueError):
        return False
    return True


def _quoted(value: str) -> str:
    """A YAML text in quotes, without the quotes that somebody had put around it already."""
    if value[0] in "\"'":
        mark, value = value[0], value[1:]
        if value.endswith(('"', "'")):
            value = value[:-1]
        value = value.replace('\\"', '"') if mark == '"' else value.replace("''", "'")
    if '"' in value or "\\" in value:
        return "'" + value.replace("'", "''") + "'"
    return f'"{value}"'
