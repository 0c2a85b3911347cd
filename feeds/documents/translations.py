"""Translations of the fixed texts of HTML pages, and date formats, by language.

A language without texts gets the English ones; a language without a date format gets ISO 8601.
The formats are CLDR's long ones, of the Gregorian calendar. The machine's locale is never used.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

from msgspec import Struct

_SAME = {"no": "nb", "iw": "he", "in": "id"}
"""Other codes of the same language."""


class PageTexts(Struct, frozen=True):
    """The fixed texts of the pages in one language."""

    language: str
    skip: str
    subscribe: str
    why: str
    what: str
    copy: str
    copied: str
    latest: str
    older: str
    archive: str
    newest: str
    empty: str
    updated: str
    file: str
    terms: str
    all_posts: str
    all_feeds: str
    category: str
    tag: str
    author: str
    lang: str
    filter: str
    found: str
    opml: str
    site: str
    made: str
    raw: str


_TRADITIONAL = frozenset({"hant", "tw", "hk", "mo"})
# BCP 47: languages that are written from right to left unless they name another script.
_RIGHT_TO_LEFT = frozenset(
    ["ar", "arc", "ckb", "dv", "fa", "he", "iw", "nqo", "ps", "sd", "syr", "ug", "ur", "yi"]
)
_SCRIPTS = {"arab": "rtl", "hebr": "rtl", "syrc": "rtl", "thaa": "rtl", "nkoo": "rtl"}


class _Dates(Struct, frozen=True):
    """How a language writes a date.

    `format` has ``{day}``, ``{month}`` (a name), ``{number}`` (of the month) and ``{year}``;
    `months` is empty where no name is needed; `first_day` is the first of a month, where that is
    written in another way.
    """

    format: str
    months: Sequence[str] = ()
    first_day: str = "1"


class _Language(Struct, frozen=True):
    """A file of languages/: its dates, and the texts where they are translated."""

    dates: _Dates
    texts: PageTexts | None = None


_FILES = {path.stem: path for path in sorted(Path(__file__).with_name("languages").glob("*.toml"))}


@cache
def _language(code: str) -> _Language | None:
    """The language of a file, which is read at its first use: most sites need one or two."""
    path = _FILES.get(code)
    if path is None:
        return None
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    # Not msgspec.convert: threads come here, and msgspec 0.22 crashes the process where two of them
    # convert to a type for the first time (tests/state/test_threads.py).
    texts = PageTexts(**found["texts"]) if "texts" in found else None
    return _Language(_Dates(**found["dates"]), texts)


def _texts(code: str) -> PageTexts | None:
    language = _language(code)
    return language.texts if language else None


def texts_for(language: str) -> PageTexts:
    """The texts for a language tag (BCP 47); the English ones if there is no translation."""
    primary, *others = language.lower().split("-")
    if primary == "zh" and _TRADITIONAL.intersection(others) and "hans" not in others:
        primary = "zh-hant"
    texts = _texts(primary) or _texts("en")
    assert texts is not None
    return texts


def direction(language: str) -> str:
    """The direction of writing, `ltr` or `rtl`."""
    primary, *others = language.lower().split("-")
    for script in others:
        if len(script) == 4 and script.isalpha():
            return _SCRIPTS.get(script, "ltr")
    return "rtl" if primary in _RIGHT_TO_LEFT else "ltr"


def format_date(moment: datetime, language: str) -> str:
    """The day of a moment, as its author's clock had it."""
    primary = language.lower().partition("-")[0]
    primary = _SAME.get(primary, primary)
    found = _language(primary)
    if found is None:
        return moment.date().isoformat()
    dates = found.dates
    name = dates.months[moment.month - 1] if dates.months else ""
    day = dates.first_day if moment.day == 1 else str(moment.day)
    return dates.format.format(day=day, month=name, number=moment.month, year=moment.year)
