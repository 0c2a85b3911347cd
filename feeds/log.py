"""The log: an event and its fields -> one line of JSON, whatever the fields hold.

Keys and other texts of strangers are escaped and cut, so that none can start a line of its own.
The bodies of posts are never logged.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

import msgspec

_MAX_CHARACTERS = 1024  # of a text in a field
_MAX_ITEMS = 100  # of a list in a field
_MAX_QUOTED = 200  # characters of a quoted text

Value = str | int | float | bool | None | Sequence[str] | Mapping[str, int]


def log_event(event: str, **fields: Value) -> None:
    """Write one line: the name of the event, and its fields."""
    line = {"event": event, **{name: _truncate(value) for name, value in fields.items()}}
    sys.stdout.write(ascii_json(line) + "\n")
    sys.stdout.flush()


def ascii_json(value: object) -> str:
    """The JSON of a value, in printable ASCII only."""
    text = msgspec.json.encode(value).decode()
    return "".join(
        c if " " <= c <= "~" else "".join(f"\\u{u:04x}" for u in _utf16(c)) for c in text
    )


def quote_for_log(text: str) -> str:
    """`text` in quotes for a message: printable, on one line, at most 200 characters.

    Escaped as in JSON, and so are all characters that do not print: line ends, controls, marks of
    direction.
    """
    quoted = '"'
    for char in text:
        is_plain = char.isprintable() and char not in '"\\'
        escaped = char if is_plain else json.dumps(char)[1:-1]
        if len(quoted) + len(escaped) > _MAX_QUOTED - 2:
            return quoted + '…"'
        quoted += escaped
    return quoted + '"'


def _utf16(char: str) -> list[int]:
    data = char.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def _truncate(value: Value) -> Value:
    if isinstance(value, str):
        valid = value.encode("utf-8", "replace").decode()
        return valid if len(valid) <= _MAX_CHARACTERS else valid[:_MAX_CHARACTERS] + "…"
    if isinstance(value, Sequence):
        return [str(_truncate(item)) for item in value[:_MAX_ITEMS]]
    return value
