"""The names in the Liquid of a text, without rendering it: what `feeds init` looks for."""

from __future__ import annotations

import re

_TAG = re.compile(r"\{[{%](?P<inside>[^{}]*+)\}")
_TEXT = re.compile(r"\"[^\"]*+\"|'[^']*+'")
_NAME = re.compile(r"[A-Za-z_][\w-]*+(?:\.[\w-]++)*+")
_INCLUDE = re.compile(r"\{%-?\s*+(?:include|include_cached|render)\s++['\"]?([\w./-]++)")
_MAX_NAMES = 200


def liquid_names(body: str) -> tuple[str, ...]:
    """The names in the tags of a body, as ``site.data.team``; includes as ``include: file``."""
    if "{{" not in body and "{%" not in body:
        return ()
    found = [f"include: {name}" for name in _INCLUDE.findall(body)]
    for tag in _TAG.finditer(body):
        found += _NAME.findall(_TEXT.sub("", tag["inside"]))
    return tuple(dict.fromkeys(found))[:_MAX_NAMES]
