"""Eleventy: the address of a page and its date, as Eleventy 3 gives them.

https://www.11ty.dev/docs/permalinks/ has the addresses,
https://www.11ty.dev/docs/data-eleventy-supplied/ what a permalink may have in it.
"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo

from feeds.config import Config
from feeds.reading.content.dialect import ELEVENTY
from feeds.reading.dates import date_in_file_name
from feeds.reading.field_lookup import Fields
from feeds.reading.field_values import parse_bool
from feeds.reading.generators.base import GeneratorRules, in_utc, path_of, permalink_of
from feeds.reading.generators.post_path import PostPath

_INPUTS = ("src", "content")
_NOT_PAGES = ("_includes", "_data", "_site", "node_modules")


def path_in_fields(fields: Fields) -> str:
    """The post's own permalink, which may be a template; ``""`` if there is none."""
    permalink = fields.text(("permalink", "permalink.build"))
    return permalink if parse_bool(permalink) is None else ""


def page_path(fields: Fields, published: datetime, config: Config) -> str:
    """The path of the post's page. Reports a permalink that only Eleventy itself can read.

    The pattern of a site is a template too, such as ``/blog/{{ page.fileSlug }}/``; Eleventy has
    it in the data of a folder, or in a layout.
    """
    page = _Page(fields, path_of(fields.key, config), published.astimezone(config.zone))
    template = path_in_fields(fields) or permalink_of(fields.key, config)
    expanded = page.expand(template) if template else None
    if template and expanded is None:
        what = f"only Eleventy can read the permalink {template[:60]!r}"
        todo = "write the address itself, or use page.fileSlug, page.filePathStem, title | slugify"
        fields.report("permalink", what, f"{todo}; until then, it is that of the file", "warning")
    return _address(expanded or page.default_link())


def _address(link: str) -> str:
    """The path in the address of the file `link`: without ``index.html``."""
    file = f"{link}index.html" if link.endswith("/") else link
    path = posixpath.normpath(file.lstrip("/"))
    for name in ("index.html", "index"):
        if path == name or path.endswith(f"/{name}"):
            return path.removesuffix(name)
    return path


class _Page:
    """What a template can say of a page (`page` in Eleventy), and its fields."""

    def __init__(self, fields: Fields, path: PostPath, date: datetime) -> None:
        self.fields, self.date = fields, date
        steps = _steps(path)
        self.folders, self.name = steps[:-1], steps[-1].removesuffix(path.ending)

    def default_link(self) -> str:
        """The permalink of a page that has none: its folders and its name, also with a day."""
        is_folder = self.name == "index" or self.folders[-1:] == [self.name]
        return "/".join(("", *self.folders, *(() if is_folder else (self.name,)), ""))

    def expand(self, template: str) -> str | None:
        """The text of a template; None if its parts are not known here."""
        if "{%" in template or "{#" in template:
            return None
        parts = _OUTPUT.split(template)
        values = [self._value(part) if at % 2 else part for at, part in enumerate(parts)]
        return None if None in values else "".join(filter(None, values))

    def _value(self, expression: str) -> str | None:
        name, *filters = (part.strip() for part in expression.strip("- ").split("|"))
        value = self._variable(name, filters)
        for filter_ in filters:
            value = _FILTERS[filter_](value) if value and filter_ in _FILTERS else None
        return value

    def _variable(self, name: str, filters: list[str]) -> str | None:
        """The value of a variable; that of a date takes its first filter with it."""
        # In these two, Eleventy drops a first folder whose name is one character.
        folders = self.folders[1 if self.folders and len(self.folders[0]) == 1 else 0 :]
        if name == "page.fileSlug":
            parent = folders[-1] if folders else ""
            return _undated(self.name) if _undated(self.name) != "index" else _undated(parent)
        if name == "page.filePathStem":
            return "/" + "/".join((*folders, _undated(self.name)))
        if name in ("page.date", "date"):
            return _formatted(self.date, filters.pop(0)) if filters else None
        return self.fields.text((name,)) or None


_OUTPUT = re.compile(r"\{\{([^{}]*)\}\}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?=-)", re.ASCII)
_FIRST_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _steps(path: PostPath) -> list[str]:
    """The folders and the file below the folder that Eleventy reads."""
    first, _, below = path.key.partition("/")
    return (below if first in _INPUTS and below else path.key).split("/")


def _undated(name: str) -> str:
    """A name without its day and what is before that."""
    day = _DAY.search(name)
    return name[day.end() + 1 :] if day else name


# --- filters -------------------------------------------------------------------------------------


def _formatted(date: datetime, filter_: str) -> str | None:
    """The date as Liquid's filter ``date: "%Y/%m"`` shows it; None for another filter."""
    call = _DATE_FILTER.fullmatch(filter_)
    if not call or not _KNOWN_FORMAT.fullmatch(call[1]):
        return None
    text = re.sub("%-([dm])", lambda part: str(getattr(date, _PARTS[part[1]])), call[1])
    return re.sub("%[YmdyjHMS]", lambda part: date.strftime(part[0]), text)


_DATE_FILTER = re.compile(r"""date\s*:\s*["']([^"']*)["']""")
_KNOWN_FORMAT = re.compile(r"(?:[^%]|%-?[dm]|%[YyjHMS])*")
_PARTS = {"d": "day", "m": "month"}

_LETTERS = str.maketrans({
    "ß": "ss", "ẞ": "SS", "ä": "ae", "Ä": "Ae", "ö": "oe", "Ö": "Oe", "ü": "ue", "Ü": "Ue",
    "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ð": "d", "Ð": "D", "đ": "d", "Đ": "D",
    "þ": "th", "Þ": "TH", "ł": "l", "Ł": "L", "ı": "i", "&": " and ",
})  # fmt: skip
_POSSESSIVE = re.compile(r"(?<=[a-z\d])'([ts])(?=\s|$)", re.ASCII)
_CJK = range(0x2E80, 0xD7FC)


def slugify(text: str) -> str | None:
    """The slug of a text, in ASCII, as the filter `slugify` gives it; None if it is not known.

    That filter spells the letters of many scripts in Latin ones; here, only Latin letters are
    known, and those of Chinese, Japanese and Korean, which it leaves out.
    """
    spelled = unicodedata.normalize("NFC", text).translate(_LETTERS)
    plain = "".join(
        char for char in unicodedata.normalize("NFD", spelled) if unicodedata.category(char) != "Mn"
    )
    if any(
        unicodedata.category(char)[0] in "LNS" and ord(char) not in _CJK
        for char in plain
        if not char.isascii()
    ):
        return None
    words = _POSSESSIVE.sub(r"\1", plain.lower())
    return re.sub("[^a-z0-9]+", "-", words).strip("-")


def _slug(text: str) -> str | None:
    """The slug that the older filter `slug` gives words of plain letters; None for others."""
    is_plain = re.fullmatch("[A-Za-z0-9]+(?:[ -][A-Za-z0-9]+)*", text)
    return text.replace(" ", "-").lower() if is_plain else None


_FILTERS: Mapping[str, Callable[[str], str | None]] = {
    "slugify": slugify,
    "slug": _slug,
    "downcase": str.lower,
    "lower": str.lower,
    "upcase": str.upper,
    "upper": str.upper,
    "strip": str.strip,
    "trim": str.strip,
}


# --- dates and files ------------------------------------------------------------------------------


def written_date(date: str) -> str:
    """A date, in UTC if it has no zone; ``""`` for the date of a file or of its history."""
    is_of_file = date.strip().lower().removeprefix("git ") in ("last modified", "created")
    return "" if is_of_file else in_utc(date)


def date_in_key(path: PostPath, _zone: tzinfo) -> datetime | None:
    """Midnight in UTC of the first day in the path."""
    day = _FIRST_DAY.search(path.key)
    return date_in_file_name(day[0], UTC) if day else None


def is_post(path: PostPath) -> bool:
    """Return whether a file is a page: not a part of one, not data, not what Eleventy wrote."""
    return _steps(path)[0] not in _NOT_PAGES


RULES = GeneratorRules(
    dialect=ELEVENTY,
    permalink="",
    page_path=page_path,
    path_in_fields=path_in_fields,
    date_in_key=date_in_key,
    written_date=written_date,
    is_post=is_post,
)
