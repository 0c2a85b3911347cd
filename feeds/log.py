"""Owns the log: one JSON object a line, whatever is in it.

Keys and texts of strangers are escaped and cut, so that none can start a line of its own; bodies of
posts are never logged.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import msgspec

_LONGEST = 1024

Value = str | int | float | bool | None | Sequence[str] | Mapping[str, int]


def log_event(event: str, **fields: Value) -> None:
    """Write one line: what happened, and its fields."""
    shown = {"event": event, **{name: _cut(value) for name, value in fields.items()}}
    sys.stdout.write(ascii_json(shown) + "\n")
    sys.stdout.flush()


def ascii_json(value: object) -> str:
    """JSON of printable ASCII alone."""
    text = msgspec.json.encode(value).decode()
    return "".join(
        c if " " <= c <= "~" else "".join(f"\\u{u:04x}" for u in _utf16(c)) for c in text
    )


def _utf16(char: str) -> list[int]:
    data = char.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def _cut(value: Value) -> Value:
    if isinstance(value, str):
        clean = value.encode("utf-8", "replace").decode()
        return clean if len(clean) <= _LONGEST else clean[:_LONGEST] + "…"
    if isinstance(value, Sequence):
        return [str(_cut(item)) for item in value[:100]]
    return value
