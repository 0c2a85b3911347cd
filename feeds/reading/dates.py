"""Parses dates: a date as posts write it -> an aware datetime of whole seconds.

A date is a day, then perhaps a time, then perhaps a zone. Each part has a table of forms below. A
text must match as a whole: a part that no form has is an error and is never left out. So a date is
read as it is written, or not at all.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

_MONTH_NAMES = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?"
    r"(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAY = (
    r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?"
    r"|sat(?:urday)?|sun(?:day)?)\.?"
)
_DAY_OF_MONTH = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?"
_DAYS = (
    # 2026-11-30, 2026/11/30, 2026.11.30; 20261130 (ISO 8601, basic format); 2026年11月30日
    r"(?P<year>\d{4})(?P<sep>[-/.])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})",
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
    r"(?P<year>\d{4})年\s?(?P<month>\d{1,2})月\s?(?P<day>\d{1,2})日",
    # 30 Nov 2026, 30-Nov-2026, 30th of November, 2026 (RFC 5322, 3.3, and what people write)
    rf"{_DAY_OF_MONTH}(?:\s+of)?[-\s]\s*(?P<name>{_MONTH}),?[-\s]\s*(?P<year>\d{{4}})",
    # Nov 30 2026, November 30th, 2026
    rf"(?P<name>{_MONTH})[-\s]\s*{_DAY_OF_MONTH}(?:,\s*|[-\s]\s*)(?P<year>\d{{4}})",
    # 2026 Nov 30, 2026-Nov-30
    rf"(?P<year>\d{{4}}),?[-\s]\s*(?P<name>{_MONTH})[-\s]\s*{_DAY_OF_MONTH}",
)
_TIME = r"""(?P<hour>\d{1,2})
    (?: :(?P<minute>\d{2})(?: :(?P<second>\d{2})(?:[.,]\d+)? | \.0+)?
        (?:\s*(?P<half>[ap])\.?m\b\.?)?
      | \s*(?P<half_of_hour>[ap])\.?m\b\.? )"""
_BASIC_TIME = r"(?P<basic_hour>\d{2})(?P<basic_minute>\d{2})(?P<basic_second>\d{2})?(?:[.,]\d+)?"
# An offset is decisive: what follows it, such as JavaScript's "(Central European Summer Time)", the
# "[Europe/Paris]" of RFC 9557 or Go's "+0200 CEST", only describes it.
_ZONE = r"""(?:(?:Z|UTC|UT|GMT)?(?P<offset>[+-]\d{1,2}(?::?\d{2}(?::?00)?)?)
        (?:\s*\([^()]*\) | \s*\[[^\[\]]*\] | \s+(?P<label>[a-z]{2,5}))?
      | (?P<zone>[a-z]{1,5} | [a-z_]+(?:/[a-z0-9_+-]+)+) | \((?P<zone_in_brackets>[a-z]{2,5})\))"""
_FLAGS = re.VERBOSE | re.IGNORECASE | re.ASCII
_FORMS = (
    *(
        rf"""(?:{_WEEKDAY},?\s+)? {day} (?:,?\s+\(?{_WEEKDAY}\)?)?
            (?: (?:\s*T\s*|,?\s+(?:at\s+)?)(?:{_TIME}) | T{_BASIC_TIME} )?
            (?:\s*{_ZONE})?"""
        for day in _DAYS
    ),
    # Mon Nov 30 14:51:02 CET 2026 (C's asctime, and the command date)
    rf"(?:{_WEEKDAY},?\s+)? (?P<name>{_MONTH})\s+{_DAY_OF_MONTH}\s+(?:{_TIME})"
    rf"(?:\s+{_ZONE})?\s+(?P<year>\d{{4}})",
)
_FIRST_FORM = re.compile(_FORMS[0], _FLAGS)
_MONTH_UNKNOWN = re.compile(
    rf"(?:{_WEEKDAY},?\s+)?(\d{{1,2}})([-/.])(\d{{1,2}})\2\d{{2,4}}\b.*", re.I
)
_SHORT_YEAR = re.compile(
    rf"(?:{_WEEKDAY},?\s+)?(?:\d{{1,2}}[-\s]+{_MONTH}|{_MONTH}\s+\d{{1,2}},?)[-\s]+'?\d\d\b(?!:).*",
    re.IGNORECASE,
)
_ZONE_OFFSETS: dict[str, float] = {
    "Z": 0, "UTC": 0, "UT": 0, "GMT": 0,
    # RFC 5322, 4.3, defines these for dates in mails. CST is one of them, but see below.
    "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "AKST": -9, "AKDT": -8, "HST": -10, "NDT": -2.5,
    "BRT": -3, "ART": -3, "CLT": -4, "CLST": -3, "PET": -5, "COT": -5, "UYT": -3,
    "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3,
    "MSK": 3, "TRT": 3,
    "WAT": 1, "CAT": 2, "SAST": 2, "EAT": 3,
    "PKT": 5, "NPT": 5.75, "WIB": 7, "WITA": 8, "WIT": 9, "HKT": 8, "SGT": 8,
    "JST": 9, "KST": 9,
    "AWST": 8, "ACST": 9.5, "ACDT": 10.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}  # fmt: skip
"""Hours east of UTC, by abbreviation: those that are in use for one zone (IANA time zone database,
https://www.iana.org/time-zones), and those of RFC 5322."""

_AMBIGUOUS_ZONES = frozenset({
    "ADT", "AMT", "AMST", "AST", "BST", "CST", "CT", "ECT", "ET", "GST", "ICT", "IDT", "IRST",
    "IST", "LMT", "MT", "NST", "PT", "PYT", "SST", "WST",
})  # fmt: skip
"""Abbreviations of several zones: CST is a time in America, in China and in Cuba; IST a time in
India, in Ireland and in Israel; BST a time in Britain and in Bangladesh."""

_LARGE_YEAR = re.compile(r"\+?\d{5,6}-\d\d?-\d\d?(?!\d)", re.ASCII)
_MAX_YEAR = 9998
"""The year 9999 is the year 10000 in some zones, which datetime does not know."""
_FILE_NAME = re.compile(r"-?(\d{4})-(\d{1,2})-(\d{1,2})(?=[-_. ]|$)")
_PATH = re.compile(r"(?:^|/)(\d{4})/(\d{1,2})/(\d{1,2})(?=/)")
_MAX_OFFSET = timedelta(hours=14)
_MAX_CHARS = 100


class YearTooLarge(ValueError):  # noqa: N818
    """A date is so late that this program has no number for it; people write it for *never*."""


@cache
def _other_forms() -> tuple[re.Pattern[str], ...]:
    """The forms after the first. Few sites need them, and a cold start should not wait for them."""
    return tuple(re.compile(form, _FLAGS) for form in _FORMS[1:])


def parse_datetime(text: str, zone: tzinfo) -> datetime:
    """Parse a date as people write it in front matter; one without a zone is in `zone`.

    The offset stays as written if clocks can have it (at most 14 hours, whole minutes: RFC 3339,
    5.6); otherwise the result is the same moment in UTC. A weekday is not compared with the day.
    Raises ValueError with a message for the author of the post: YearTooLarge for a date after the
    year 9998.
    """
    text = text.strip()
    if len(text) > _MAX_CHARS:
        raise ValueError(f"{text[:60]!r}… is not a date")
    text = " ".join(text.split())
    match = _FIRST_FORM.fullmatch(text) or next(
        (match for form in _other_forms() if (match := form.fullmatch(text))), None
    )
    if match["year"] > str(_MAX_YEAR) if match else _LARGE_YEAR.match(text):
        raise YearTooLarge(f"the year of {text} is too large (at most {_MAX_YEAR})")
    if match is None:
        raise ValueError(_fault(text))
    parts = match.groupdict()
    hour = int(parts["hour"] or parts.get("basic_hour") or 0)
    minute = int(parts["minute"] or parts.get("basic_minute") or 0)
    second = int(parts["second"] or parts.get("basic_second") or 0)
    second = 59 if second == 60 else second  # a leap second (RFC 3339, 5.7)
    if half := parts["half"] or parts["half_of_hour"]:
        if not 1 <= hour <= 12:
            raise ValueError(f"{text!r} is not a date")
        hour = hour % 12 + (12 if half in "Pp" else 0)
    name = parts.get("name")
    month = _MONTH_NAMES.index(name[:3].lower()) + 1 if name else int(parts["month"])
    written_zone = _written_zone(text, parts)
    try:
        local = datetime(int(parts["year"]), month, int(parts["day"]), hour, minute, second)
        return _normalized(local.replace(tzinfo=written_zone), zone)
    except (ValueError, OverflowError):
        raise ValueError(f"there is no such date: {text}") from None


def _fault(text: str) -> str:
    """What is wrong with a text that has the form of no date."""
    if _MONTH_UNKNOWN.fullmatch(text):
        return f"{text!r} does not say which number is the month"
    if _SHORT_YEAR.fullmatch(text):
        return f"the year in {text!r} has only two digits"
    return f"{text!r} is not a date"


def _written_zone(text: str, parts: dict[str, str | None]) -> tzinfo | None:
    """The zone that a date is written with; None if it has none.

    Raises ValueError for a name that is not known, or that several zones have.
    """
    if offset := parts["offset"]:
        if not parts["hour"] and not parts.get("basic_hour") and _is_glued(text, offset):
            raise ValueError(f"{text!r} is not a date")
        if (label := parts["label"]) and not _is_zone_name(label):
            raise ValueError(f"{text!r} is not a date")
        return _offset(text, offset)
    name = parts["zone"] or parts["zone_in_brackets"]
    if not name:
        return None
    if name.upper() in _AMBIGUOUS_ZONES:
        raise ValueError(f"{name} in {text!r} is the name of several time zones")
    if (hours := _ZONE_OFFSETS.get(name.upper())) is not None:
        return timezone(timedelta(hours=hours)) if hours else UTC
    if "/" in name:
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            pass
    raise ValueError(f"the time zone {name} in {text!r} is not known")


def _is_glued(text: str, offset: str) -> bool:
    """Return whether an offset without a colon follows the day directly: ``2026-11-30-10``."""
    return ":" not in offset and not text[: text.rindex(offset)][-1:].isspace()


def _is_zone_name(label: str) -> bool:
    return label.upper() in _ZONE_OFFSETS or label.upper() in _AMBIGUOUS_ZONES


def _offset(text: str, offset: str) -> tzinfo:
    """An offset as it is written after a date: ``+08:00``, ``+0800``, ``-4``."""
    digits = offset[1:].split(":")
    if len(digits) == 1:
        whole = digits[0][:4]
        digits = [whole[:-2], whole[-2:]] if len(whole) > 2 else [whole, "0"]
    hours, minutes = int(digits[0]), int(digits[1])
    if hours > 23 or minutes > 59:
        raise ValueError(f"there is no such date: {text}")
    size = timedelta(hours=hours, minutes=minutes)
    return UTC if not size else timezone(-size if offset[0] == "-" else size)


def _normalized(date: datetime, zone: tzinfo) -> datetime:
    """`date` in whole seconds, with an offset that feeds can show.

    Raises ValueError unless the year has four digits in every zone.
    """
    date = date.replace(microsecond=0)
    if not 1000 <= date.year <= _MAX_YEAR:
        raise ValueError("out of range")
    if date.tzinfo is None:
        date = date.replace(tzinfo=zone)
    offset = date.utcoffset() or timedelta()
    if abs(offset) > _MAX_OFFSET or offset.seconds % 60:
        return date.astimezone(UTC)
    return date.replace(tzinfo=UTC if not offset else timezone(offset))


def date_in_file_name(name: str, zone: tzinfo) -> datetime | None:
    """Midnight of the day that a file name starts with (Jekyll's ``2021-12-24-title.md``)."""
    return _day(_FILE_NAME.match(name), zone)


def date_in_path(path: str, zone: tzinfo) -> datetime | None:
    """Midnight of the day in the folders of a path (``2025/05/05/``)."""
    return _day(_PATH.search(path), zone)


def _day(match: re.Match[str] | None, zone: tzinfo) -> datetime | None:
    """Midnight of the year, month and day that were matched; None if there is no such day."""
    if not match:
        return None
    try:
        year, month, day = (int(part) for part in match.groups())
        return _normalized(datetime(year, month, day), zone)
    except ValueError:
        return None
