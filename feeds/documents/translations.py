"""Translations of the fixed texts of HTML pages, and date formats, by language.

A language without texts uses the English ones; a language without a date format uses ISO 8601.
The formats are CLDR's long formats of the Gregorian calendar. The machine's locale is never used.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

from msgspec import Struct

from feeds.taxonomies import TAXONOMIES

_SYNONYMS = {"no": "nb", "iw": "he", "in": "id"}
"""Other codes of the same language."""


class PageTexts(Struct, frozen=True):
    """The fixed texts of the pages in one language. In templates they are ``{{words.…}}``."""

    language: str
    """Language tag of these texts."""
    skip: str
    """Link for keyboards and screen readers, from the top of a page to its posts."""
    subscribe: str
    """Heading of the formats of a feed."""
    why: str
    """One sentence that says why to use a feed reader."""
    what: str
    """Link to an explanation of feeds."""
    copy: str
    """Button that copies the address of a feed."""
    copied: str
    """The same button for two seconds after a click."""
    latest: str
    """Heading of the posts of a feed's own page."""
    older: str
    """Heading of the posts of an archive page, and link to the next older page."""
    archive: str
    """Note at the top of an archive page."""
    newest: str
    """Link from an archive page to the feed's own page."""
    empty: str
    """Text in place of posts if the feed has none."""
    updated: str
    """Word before the date of a later change."""
    file: str
    """Link to an enclosure."""
    terms: str
    """Name of the list of an entry's categories and tags, for screen readers."""
    all_posts: str
    """Heading of the feed of all posts in the list of all feeds."""
    all_feeds: str
    """Title of the list of all feeds, and link to it."""
    filter: str
    """Label of the box that filters the list of all feeds."""
    found: str
    """Word before the number of feeds that the filter leaves."""
    opml: str
    """Link to the OPML file."""
    site: str
    """Link to the web site."""
    made: str
    """Words before the link to this program."""
    raw: str
    """Note above an Atom or RSS document that a browser shows as XML."""


_TRADITIONAL = frozenset({"hant", "tw", "hk", "mo"})
# BCP 47: languages that are written from right to left unless their tag names another script.
_RIGHT_TO_LEFT = frozenset(
    ["ar", "arc", "ckb", "dv", "fa", "he", "iw", "nqo", "ps", "sd", "syr", "ug", "ur", "yi"]
)
_SCRIPTS = {"arab": "rtl", "hebr": "rtl", "syrc": "rtl", "thaa": "rtl", "nkoo": "rtl"}


class _DateFormat(Struct, frozen=True):
    """How a language writes a date."""

    format: str
    """Text with ``{day}``, ``{month}`` (a name), ``{number}`` (of the month) and ``{year}``."""
    months: Sequence[str] = ()
    """Names of the twelve months; empty if `format` has no name."""
    first_day: str = "1"
    """The first day of a month, if the language writes it in another way than ``1``."""


class _Language(Struct, frozen=True):
    """The content of one file in languages/."""

    dates: _DateFormat
    """Its date format."""
    texts: PageTexts | None
    """The texts of the pages; None if they are not translated yet."""
    taxonomies: Mapping[str, str]
    """Translated headings of taxonomies, by the name of the taxonomy."""


_FILES = {path.stem: path for path in sorted(Path(__file__).with_name("languages").glob("*.toml"))}


@cache
def _language(code: str) -> _Language | None:
    """The language with this code, read at its first use: most sites need one or two."""
    path = _FILES.get(code)
    if path is None:
        return None
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    # Not msgspec.convert: several threads call this, and msgspec 0.22 crashes the process if two of
    # them convert to a type for the first time (tests/state/test_threads.py).
    texts = PageTexts(**tables["texts"]) if "texts" in tables else None
    return _Language(_DateFormat(**tables["dates"]), texts, tables.get("taxonomies", {}))


@cache
def _language_with_texts(tag: str) -> tuple[PageTexts, Mapping[str, str]]:
    """The texts and the headings of taxonomies for a language tag; English if it has no texts."""
    primary, *subtags = tag.lower().split("-")
    if primary == "zh" and _TRADITIONAL.intersection(subtags) and "hans" not in subtags:
        primary = "zh-hant"
    for code in (primary, "en"):
        language = _language(code)
        if language and language.texts:
            return language.texts, language.taxonomies
    raise AssertionError("languages/en.toml has no texts")


def texts_for(language: str) -> PageTexts:
    """The texts for a language tag (BCP 47); the English ones if there is no translation."""
    return _language_with_texts(language)[0]


def taxonomy_label(taxonomy: str, language: str) -> str:
    """The heading of a taxonomy's feeds; its English label if there is no translation."""
    translated = _language_with_texts(language)[1]
    return translated.get(taxonomy) or TAXONOMIES[taxonomy].label


def template_words(language: str) -> dict[str, str]:
    """The values of ``{{words.…}}`` in templates: page texts and the headings of taxonomies."""
    texts = texts_for(language)
    labels = {taxonomy: taxonomy_label(taxonomy, language) for taxonomy in TAXONOMIES}
    return labels | {field: getattr(texts, field) for field in PageTexts.__struct_fields__}


def direction(language: str) -> str:
    """The direction of writing, `ltr` or `rtl`."""
    primary, *subtags = language.lower().split("-")
    for subtag in subtags:
        if len(subtag) == 4 and subtag.isalpha():
            return _SCRIPTS.get(subtag, "ltr")
    return "rtl" if primary in _RIGHT_TO_LEFT else "ltr"


def format_date(time: datetime, language: str) -> str:
    """The day of a time in its own time zone, as the language writes it."""
    primary = language.lower().partition("-")[0]
    language_file = _language(_SYNONYMS.get(primary, primary))
    if language_file is None:
        return time.date().isoformat()
    dates = language_file.dates
    month = dates.months[time.month - 1] if dates.months else ""
    day = dates.first_day if time.day == 1 else str(time.day)
    return dates.format.format(day=day, month=month, number=time.month, year=time.year)
