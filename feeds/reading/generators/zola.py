"""Zola: the address of a page and its date, as Zola's documentation says.

https://www.getzola.org/documentation/content/page/ has the fields and the names of files,
https://www.getzola.org/documentation/content/multilingual/ the languages.
"""

from __future__ import annotations

import re
from datetime import datetime, tzinfo

from feeds.config import Config
from feeds.reading.content.dialect import ZOLA
from feeds.reading.dates import parse_datetime
from feeds.reading.field_lookup import Fields
from feeds.reading.generators.ascii_text import ascii_text
from feeds.reading.generators.base import GeneratorRules, path_of, permalink_of
from feeds.reading.generators.pattern import expand
from feeds.reading.generators.post_path import PostPath

_DATED_NAME = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2}))?)"
    r"(?:\s?[-_](?P<slug>.+))?",
    re.ASCII,
)
_NOT_IN_NAMES = str.maketrans("", "", '<>:"/\\|?*')
"""What Windows does not have in names of files; Zola's *safe* slugs are without it."""


def path_in_fields(fields: Fields) -> str:
    """The path in the field `path`; ``""`` if there is none."""
    path = fields.text(("path",))
    return "" if "://" in path else path.strip("/")


def page_path(fields: Fields, _published: datetime, config: Config) -> str:
    """The path that Zola gives a page: the folders, and the slug.

    Warns of an address that Zola makes of letters in a way that is not known here.
    """
    if own := path_in_fields(fields):
        return f"{own}/"
    path = path_of(fields.key, config)
    pattern = permalink_of(fields.key, config)
    text = _name(fields, path, with_day="_with_day" in pattern)
    slug = slugify(text)
    if not slug.isascii() and ":slug" in pattern:
        what = f"Zola writes {text!r} in ASCII letters in the address of the page"
        todo = "write a slug: then the address is known; docs/generators.md has other ways"
        fields.report("slug", what, todo, "warning")
    tokens = {
        "folders": lambda: "/".join(path.folders),
        "slug": lambda: slug,
        "raw_slug": lambda: text,
        "safe_slug": lambda: text.rstrip(" .").translate(_NOT_IN_NAMES),
    }
    with_day = {f"{name}_with_day": value for name, value in tokens.items()}
    expanded = expand(pattern, {**tokens, **with_day})
    steps = [step for step in expanded.split("/") if step]
    if path.language and path.language.lower() != config.site.language.lower():
        steps.insert(0, path.language)
    return "".join(f"{step}/" for step in steps)


def _name(fields: Fields, path: PostPath, *, with_day: bool) -> str:
    """The name of a page in its address: the field `slug`, or what files say.

    The day before it goes, if there is more than a day.
    """
    if path.name == "index" and not path.is_bundle:
        return ""  # the page of the root
    named = _DATED_NAME.fullmatch(path.name)
    behind_day = named["slug"] if named and not with_day else ""
    return fields.text(("slug",)) or behind_day or path.name


def slugify(text: str) -> str:
    """Zola's slug of a text: ASCII letters and digits in lower case, between single hyphens.

    Characters that have no known form in ASCII stay.
    """
    kept = (char if char.isalnum() or not char.isascii() else " " for char in ascii_text(text))
    return "-".join("".join(kept).lower().split())


def date_in_key(path: PostPath, zone: tzinfo) -> datetime | None:
    """The date that the name of the file or of the page's folder starts with."""
    named = _DATED_NAME.fullmatch(path.name)
    try:
        return parse_datetime(named["date"], zone) if named else None
    except ValueError:
        return None


def is_post(path: PostPath) -> bool:
    """Return whether Zola takes a file for a page: by its ending."""
    return path.ending == ".md"


RULES = GeneratorRules(
    dialect=ZOLA,
    permalink="/:folders/:slug/",
    page_path=page_path,
    path_in_fields=path_in_fields,
    roots=("content",),
    date_in_key=date_in_key,
    is_post=is_post,
)
