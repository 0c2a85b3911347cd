"""Parses dates: a date as posts write it -> an aware datetime of whole seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime

_DATE = re.compile(
    r"""(?P<year>\d{4})(?P<sep>[-/.])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})
        (?:(?:\s*T|[Tt\s]|\s+)\s*
           (?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?
           (?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?)?
        (?:\s*(?P<zone>Z|z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?))?""",
    re.VERBOSE,
)
_FILE_NAME = re.compile(r"-?(\d{4})-(\d{1,2})-(\d{1,2})(?=[-_. ]|$)")
_PATH = re.compile(r"(?:^|/)(\d{4})/(\d{1,2})/(\d{1,2})(?=/)")
_MAX_OFFSET = timedelta(hours=14)
_MAX_CHARS = 80


def parse_datetime(text: str, zone: tzinfo) -> datetime:
    """Parse a date as people write it in front matter; one without a zone is in `zone`.

    The offset stays as written if clocks can have it (at most 14 hours, whole minutes: RFC 3339,
    5.6); otherwise the result is the same moment in UTC. Raises ValueError with a message for the
    author of the post.
    """
    text = text.strip()
    if len(text) > _MAX_CHARS:
        raise ValueError(f"{text[:60]!r}… is not a date")
    match = _DATE.fullmatch(text)
    if not match:
        try:
            return _normalized(parsedate_to_datetime(text), zone)
        except (TypeError, ValueError, IndexError, OverflowError):
            raise ValueError(f"{text!r} is not a date") from None
    hour, second = int(match["hour"] or 0), int(match["second"] or 0)
    second = 59 if second == 60 else second  # a leap second (RFC 3339, 5.7)
    if match["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(f"{text!r} is not a date")
        hour = hour % 12 + (12 if match["half"] in "Pp" else 0)
    day = (int(match["year"]), int(match["month"]), int(match["day"]))
    try:
        local = datetime(*day, hour, int(match["minute"] or 0), second)
        return _normalized(local.replace(tzinfo=_offset(match["zone"])), zone)
    except (ValueError, OverflowError):
        raise ValueError(f"there is no such date: {text}") from None


def _offset(text: str | None) -> tzinfo | None:
    """A zone as it is written after a date: ``Z``, ``+08:00``, ``-4``; None for None."""
    if text is None:
        return None
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    size = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-size if text[0] == "-" else size)


def _normalized(date: datetime, zone: tzinfo) -> datetime:
    """`date` in whole seconds, with an offset that feeds can show.

    Raises ValueError unless the year has four digits in every zone.
    """
    date = date.replace(microsecond=0)
    if not 1000 <= date.year <= 9998:
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
