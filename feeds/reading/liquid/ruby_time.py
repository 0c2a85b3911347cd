"""Formats a time as Ruby's `strftime` does, in English whatever the machine's locale.

https://docs.ruby-lang.org/en/3.3/strftime_formatting_rdoc.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DIRECTIVE = re.compile(r"%(?P<flags>[-0^#_:]{0,5})(?P<width>\d{0,2})(?P<name>[A-Za-z%])")


def strftime(time: datetime, format_: str) -> str:
    """The time in Ruby's format; a directive that Ruby does not know stays."""
    return _DIRECTIVE.sub(lambda found: _formatted(time, found), format_)


def _formatted(time: datetime, found: re.Match[str]) -> str:
    name, flags = found["name"], found["flags"]
    if name in _COMBINED:
        text, width, pad = strftime(time, _COMBINED[name]), 0, " "
    elif name in _NUMBERS:
        number, width, pad = _NUMBERS[name]
        text = str(number(time))
    elif name in _TEXTS:
        text, width, pad = _TEXTS[name](time), 0, " "
    elif name == "z":
        text, width, pad = _offset(time, flags.count(":")), 0, " "
    else:
        return found[0]
    pad = "0" if "0" in flags else " " if "_" in flags else pad
    if "^" in flags:
        text = text.upper()
    elif "#" in flags:
        text = text.lower() if name == "p" else text.upper()
    width = 0 if "-" in flags else int(found["width"] or width)
    return text.rjust(width, pad)


def _offset(time: datetime, colons: int) -> str:
    seconds = int((time.utcoffset() or time - time).total_seconds())
    sign, seconds = "-" if seconds < 0 else "+", abs(seconds)
    parts = [f"{seconds // 3600:02}", f"{seconds // 60 % 60:02}"]
    if colons == 2:
        parts.append(f"{seconds % 60:02}")
    return sign + (":" if colons else "").join(parts)


def _hour12(time: datetime) -> int:
    return time.hour % 12 or 12


_NUMBERS: dict[str, tuple[Callable[[datetime], int], int, str]] = {
    "Y": (lambda time: time.year, 4, "0"),
    "C": (lambda time: time.year // 100, 2, "0"),
    "y": (lambda time: time.year % 100, 2, "0"),
    "m": (lambda time: time.month, 2, "0"),
    "d": (lambda time: time.day, 2, "0"),
    "e": (lambda time: time.day, 2, " "),
    "j": (lambda time: time.timetuple().tm_yday, 3, "0"),
    "H": (lambda time: time.hour, 2, "0"),
    "k": (lambda time: time.hour, 2, " "),
    "I": (_hour12, 2, "0"),
    "l": (_hour12, 2, " "),
    "M": (lambda time: time.minute, 2, "0"),
    "S": (lambda time: time.second, 2, "0"),
    "L": (lambda time: time.microsecond // 1000, 3, "0"),
    "N": (lambda time: time.microsecond * 1000, 9, "0"),
    "u": (lambda time: time.isoweekday(), 1, "0"),
    "w": (lambda time: time.isoweekday() % 7, 1, "0"),
    "G": (lambda time: time.isocalendar().year, 4, "0"),
    "g": (lambda time: time.isocalendar().year % 100, 2, "0"),
    "V": (lambda time: time.isocalendar().week, 2, "0"),
    "U": (lambda time: (time.timetuple().tm_yday + 6 - time.isoweekday() % 7) // 7, 2, "0"),
    "W": (lambda time: (time.timetuple().tm_yday + 6 - time.weekday()) // 7, 2, "0"),
    "s": (lambda time: int(time.timestamp()), 1, "0"),
}
_TEXTS: dict[str, Callable[[datetime], str]] = {
    "B": lambda time: _MONTHS[time.month - 1],
    "b": lambda time: _MONTHS[time.month - 1][:3],
    "h": lambda time: _MONTHS[time.month - 1][:3],
    "A": lambda time: _DAYS[time.weekday()],
    "a": lambda time: _DAYS[time.weekday()][:3],
    "p": lambda time: "PM" if time.hour >= 12 else "AM",
    "P": lambda time: "pm" if time.hour >= 12 else "am",
    "Z": lambda time: time.tzname() or "",
    "n": lambda _: "\n",
    "t": lambda _: "\t",
    "%": lambda _: "%",
}
_COMBINED = {
    "c": "%a %b %e %H:%M:%S %Y",
    "D": "%m/%d/%y",
    "F": "%Y-%m-%d",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "T": "%H:%M:%S",
    "v": "%e-%^b-%Y",
    "x": "%m/%d/%y",
    "X": "%H:%M:%S",
}
