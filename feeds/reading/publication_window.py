"""The publication window: a post's fields -> its date, when it becomes public, when it expires.

Pure: the caller knows the time. Hugo documents both dates: before its publish date a page is not
published (https://gohugo.io/methods/page/publishdate/), after its expiry date it is not published
any more (https://gohugo.io/methods/page/expirydate/).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple, Protocol

from feeds.config import Config
from feeds.model import Severity
from feeds.reading import field_values
from feeds.reading.dates import YearTooLarge, date_in_path, parse_datetime
from feeds.reading.field_lookup import Fields, flat_fields, spelling
from feeds.reading.front_matter.formats import Value
from feeds.reading.generators.base import generator_rules, path_of

_NO_DATE = ("", "null", "~", "none", "never")
_ADVICE = "dates look like 2026-11-30 14:51:02 +0800"
_NEVER_PUBLIC = datetime(9998, 12, 31, tzinfo=UTC)


class Timed(Protocol):
    """Something that is public from one moment until another: a post, or its entry."""

    @property
    def published(self) -> datetime: ...  # noqa: D102
    @property
    def expires(self) -> datetime | None: ...  # noqa: D102


class Window(NamedTuple):
    """When a post is public."""

    published: datetime
    """The first moment: the later of the post's date and its publish date. It is also the date of
    the entry, as Hugo's feeds have it."""
    expires: datetime | None
    """The first moment at which the post is not public any more; None if it does not expire."""


def own_date(fields: Fields, config: Config) -> datetime | None:
    """When the post was published: by a field, its file name or a path; None if none has a date."""
    rules, zone = generator_rules(config), config.zone
    names = (*config.posts.date_keys, *rules.date_fallbacks)
    return (
        date_field(fields, names, config, "error")
        or rules.date_in_key(path_of(fields.key, config), zone)
        or date_in_path(f"/{rules.path_in_fields(fields)}/", zone)
    )


def date_field(
    fields: Fields, names: tuple[str, ...], config: Config, severity: Severity
) -> datetime | None:
    """The date in the first of these fields that has a value. Reports a value that is not one."""
    name, value = fields.first(names)
    if not value:
        return None
    try:
        return _parsed(field_values.to_text(value), config)
    except ValueError as error:
        fields.report(name, f"{name}: {error}", _ADVICE, severity)
        return None


def _parsed(text: str, config: Config) -> datetime | None:
    """A date as the site's generator reads it; None if a post cannot know it. Raises ValueError."""
    written = generator_rules(config).written_date(text)
    if not written:
        return None
    if config.date_zone:
        return parse_datetime(text, config.date_zone)
    return parse_datetime(written, config.zone)


def publication_window(fields: Fields, date: datetime, config: Config) -> Window:
    """When a post with this `date` is public. Reports values that are not dates, as errors.

    Of several publish dates the latest counts, of several expiry dates the earliest. A year that is
    too large (`YearTooLarge`) is an error in a publish date; as an expiry date it means *never*.
    """
    publish_dates = _dates(fields, config.posts.publish_keys, config, never=_NEVER_PUBLIC)
    expiry_dates = _dates(fields, config.posts.expiry_keys, config)
    return Window(max([date, *publish_dates]), min(expiry_dates, default=None))


def window_as_written(texts: Iterable[tuple[str, str]], config: Config) -> Window:
    """When a post that cannot be read is public, by the dates among its fields and their texts.

    Reports nothing. Without a date, the post has been public since the year 1.
    """
    posts = config.posts
    dates = _spellings((*posts.date_keys, *posts.publish_keys))
    expiry_dates = _spellings(posts.expiry_keys)
    window = Window(datetime.min.replace(tzinfo=UTC), None)
    for name, text in texts:
        if (same := spelling(name)) not in dates and same not in expiry_dates:
            continue
        try:
            date = _parsed(text, config)
        except YearTooLarge:
            date = _NEVER_PUBLIC
        except ValueError:
            continue
        if date is None:
            continue
        if same in dates:
            window = window._replace(published=max(window.published, date))
        elif date != _NEVER_PUBLIC:
            window = window._replace(expires=min(window.expires or date, date))
    return window


def is_public(item: Timed, now: datetime) -> bool:
    """Return whether an item is public at a time."""
    return item.published <= now and (item.expires is None or now < item.expires)


def next_change(item: Timed, now: datetime) -> datetime | None:
    """The next time after `now` at which an item becomes public or expires; None: never."""
    if item.expires is not None and item.expires <= max(now, item.published):
        return None
    return item.published if item.published > now else item.expires


def _dates(
    fields: Fields, names: tuple[str, ...], config: Config, never: datetime | None = None
) -> Iterator[datetime]:
    """The dates in these fields, in any spelling of their names.

    A date with too large a year counts as `never`, and is reported; without `never` it is left out.
    """
    wanted = _spellings(names)
    for name, value in flat_fields(fields.metadata):
        if spelling(name) not in wanted or not _is_date_field(name, value):
            continue
        try:
            if date := _parsed(field_values.to_text(value), config):
                yield date
        except ValueError as error:
            if isinstance(error, YearTooLarge):
                if never is None:
                    continue
                yield never
            if not _is_reported(name, fields):
                fields.report(name, f"{name}: {error}", _ADVICE)


def _is_reported(name: str, fields: Fields) -> bool:
    """Return whether the field is in error already: it may also be the date of the post."""
    errors = (problem for problem in fields.problems if problem.severity == "error")
    return any(problem.field.lower() == name.lower() for problem in errors)


@cache
def _spellings(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(spelling, names))


def _is_date_field(name: str, value: Value) -> bool:
    """Return whether a field is meant to have a date: it does not say *no* or *never*."""
    if spelling(name) in _OTHER_MEANINGS:
        return isinstance(value, str) and bool(_LIKE_A_DATE.match(value.strip()))
    text = field_values.to_text(value).strip().lower()
    return text not in _NO_DATE and field_values.parse_bool(text) is not False


_OTHER_MEANINGS = frozenset(("published", "publish", "unpublish"))
"""Fields that have a date in some posts and something else in others. `published` has a date in
Hugo, yes or no in Jekyll, and a publisher in some posts."""
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_LIKE_A_DATE = re.compile(
    rf"""
    \+?\d{{4,6}}[-/.]\d            # 2026-11-30, 2026-11, 2026-31-12
    | \d{{4}}年 | \d{{8}}(?!\d)
    | \d{{1,2}}[-/.]\d{{1,2}}[-/.]\d
    | (?:mon|tue|wed|thu|fri|sat|sun)[a-z]{{0,6}}[.,\s]{{1,3}}[\da-z]{{1,9}}[.\s]{{1,2}}[\da-z]
    | \d{{1,4}}(?:st|nd|rd|th|\.)?,?[\s-]{{1,3}}(?:of\s)?{_MONTH}
    | {_MONTH}[a-z]{{0,6}}\.?[\s-]{{1,3}}\d
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
"""A text that starts as a date does. If it is not a valid one, it is an error: a guess could
publish too early. A year alone is a publisher's."""
