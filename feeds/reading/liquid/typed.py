"""Values of YAML that were read as texts -> texts, numbers, true and false."""

from __future__ import annotations

import re
from typing import Any

from feeds.reading.front_matter.formats import Value


def typed(value: Value) -> Any:
    """A value whose parts are texts, with the types that YAML gives them.

    A number stays a text if it would be written in another way: ``1.10`` is a version.
    """
    if isinstance(value, list):
        return [typed(item) for item in value]
    if isinstance(value, dict):
        return {name: typed(item) for name, item in value.items()}
    if value in _BOOLS:
        return _BOOLS[value]
    if _NUMBER.fullmatch(value):
        number = float(value) if "." in value else int(value)
        return number if str(number) == value else value
    return value or None


_BOOLS = {
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
}
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
