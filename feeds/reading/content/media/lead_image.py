"""Puts the image of a post's front matter before its content."""

from __future__ import annotations

import re
from html import escape, unescape

_SRC = re.compile(r' src="([^"]*+)"')
_QUERY = re.compile(r"[?#].*", re.DOTALL)
_SIZE = re.compile(r"-(?:\d{1,5}x\d{1,5}|scaled)(?=\.\w+$)")


def with_lead_image(clean: str, image: str) -> str:
    """Sanitised HTML with `image` in front, unless it shows it already, in any size."""
    if not image or _file(image) in {_file(unescape(src)) for src in _SRC.findall(clean)}:
        return clean
    return f'<p><img src="{escape(image)}" alt=""></p>{clean}'


def _file(address: str) -> str:
    """An address without its scheme, its query and the size that WordPress adds to names."""
    return _SIZE.sub("", _QUERY.sub("", address)).partition(":")[2]
