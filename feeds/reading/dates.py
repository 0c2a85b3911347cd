"""Owns dates: every way in which a post writes one -> an aware datetime of whole seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime

_WRITTEN = re.compile(
    r"""(?P<year>\d{4})(?P<sep>[-/.])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})
        (?:(?:\s*T|[Tt\s]|\s+)\s*
           (?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?
           (?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?)?
        (?:\s*(?P<zone>Z|z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?))?""",
    re.VERBOSE,
)
_FILE_NAME = re.compile(r"-?(\d{4})-(\d{1,2})-(\d{1,2})(?=[-_. ]|$)")
_PATH = re.compile(r"(?:^|/)(\d{4})/(\d{1,2})/(\d{1,2})(?=/)")
_FARTHEST = timedelta(hours=14)
_LONGEST = 80


def parse_datetime(text: str, zone: tzinfo) -> datetime:
    """Read a date as people write it in front matter; without a zone it is in `zone`.

    The offset stays as written where it is one that a clock on earth can show (at most 14 hours,
    whole minutes: RFC 3339, 5.6); else the same moment in UTC. Raises ValueError.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        raise ValueError(f"{text[:60]!r}… is not a date")
    found = _WRITTEN.fullmatch(text)
    if not found:
        try:
            return _legal(parsedate_to_datetime(text), zone)
        except (TypeError, ValueError, IndexError, OverflowError):
            raise ValueError(f"{text!r} is not a date") from None
    hour, second = int(found["hour"] or 0), int(found["second"] or 0)
    second = 59 if second == 60 else second  # a leap second (RFC 3339, 5.7)
    if found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(f"{text!r} is not a date")
        hour = hour % 12 + (12 if found["half"] in "Pp" else 0)
    day = (int(found["year"]), int(found["month"]), int(found["day"]))
    try:
        local = datetime(*day, hour, int(found["minute"] or 0), second)
        return _legal(local.replace(tzinfo=_offset(found["zone"])), zone)
    except (ValueError, OverflowError):
        raise ValueError(f"there is no such date: {text}") from None


def _offset(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    size = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-size if text[0] == "-" else size)


def _legal(when: datetime, zone: tzinfo) -> datetime:
    """Whole seconds, four digits of year in every zone, an offset of whole minutes up to 14 h."""
    when = when.replace(microsecond=0)
    if not 1000 <= when.year <= 9998:
        raise ValueError("out of range")
    if when.tzinfo is None:
        when = when.replace(tzinfo=zone)
    offset = when.utcoffset() or timedelta()
    if abs(offset) > _FARTHEST or offset.seconds % 60:
        return when.astimezone(UTC)
    return when.replace(tzinfo=UTC if not offset else timezone(offset))


def date_in_file_name(name: str, zone: tzinfo) -> datetime | None:
    """The day that a file name starts with (Jekyll's ``2021-12-24-title.md``)."""
    return _day(_FILE_NAME.match(name), zone)


def date_in_path(path: str, zone: tzinfo) -> datetime | None:
    """The day that a path has as folders (``2025/05/05/``)."""
    return _day(_PATH.search(path), zone)


def _day(found: re.Match[str] | None, zone: tzinfo) -> datetime | None:
    if not found:
        return None
    try:
        year, month, day = (int(part) for part in found.groups())
        return _legal(datetime(year, month, day), zone)
    except ValueError:
        return None
