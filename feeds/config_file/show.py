"""Shows a value of feeds.toml in a message."""

from __future__ import annotations

import msgspec


def show(value: object) -> str:
    """A value as JSON, cut to 60 characters, for a message."""
    text = msgspec.json.encode(value, enc_hook=str).decode()
    return text if len(text) <= 60 else text[:57] + "…"
