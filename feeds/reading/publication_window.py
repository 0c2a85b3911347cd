"""The publication window: a post's fields -> when it becomes public, and when it expires.

Pure: the caller knows the time. Hugo documents both dates: before its publish date a page is not
published (https://gohugo.io/methods/page/publishdate/), after its expiry date it is not published
any more (https://gohugo.io/methods/page/expirydate/).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import NamedTuple, Protocol

from feeds.config import Config
from feeds.reading import field_values
from feeds.reading.dates import parse_datetime
from feeds.reading.field_lookup import Fields, flat_fields, spelling
from feeds.reading.front_matter.formats import Value

_NO_DATE = ("", "null", "~", "none", "never")


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


def publication_window(fields: Fields, date: datetime, config: Config) -> Window:
    """When a post with this `date` is public. Reports values that are not dates, as errors.

    Of several publish dates the latest counts, of several expiry dates the earliest.
    """
    publish_dates = _dates(fields, config.posts.publish_keys, config)
    expiry_dates = _dates(fields, config.posts.expiry_keys, config)
    return Window(max([date, *publish_dates]), min(expiry_dates, default=None))


def is_public(item: Timed, now: datetime) -> bool:
    """Return whether an item is public at a time."""
    return item.published <= now and (item.expires is None or now < item.expires)


def next_change(item: Timed, now: datetime) -> datetime | None:
    """The next time after `now` at which an item becomes public or expires; None: never."""
    if item.expires is not None and item.expires <= max(now, item.published):
        return None
    return item.published if item.published > now else item.expires


def _dates(fields: Fields, names: tuple[str, ...], config: Config) -> Iterator[datetime]:
    """The dates in these fields, in any spelling of their names."""
    wanted = _spellings(names)
    for name, value in flat_fields(fields.metadata):
        if spelling(name) not in wanted or not _is_date_field(name, value):
            continue
        try:
            yield parse_datetime(field_values.to_text(value), config.zone)
        except ValueError as error:
            if not _is_reported(name, fields):
                todo = "dates look like 2026-11-30 14:51:02 +0800"
                fields.report(name, f"{name}: {error}", todo)


def _is_reported(name: str, fields: Fields) -> bool:
    """Return whether the field is in error already: it may also be the date of the post."""
    errors = (problem for problem in fields.problems if problem.severity == "error")
    return any(problem.field.lower() == name.lower() for problem in errors)


@cache
def _spellings(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(spelling, names))


def _is_date_field(name: str, value: Value) -> bool:
    """Return whether a field is meant to have a date: it does not say *no* or *never*.

    `published` has a date in Hugo, but yes or no in Jekyll, and a publisher in some posts.
    """
    if spelling(name) == "published":
        is_text = isinstance(value, str) and any(char.isdigit() for char in value)
        return is_text and field_values.parse_bool(value) is None
    text = field_values.to_text(value).strip().lower()
    return text not in _NO_DATE and field_values.parse_bool(text) is not False
