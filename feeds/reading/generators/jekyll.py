"""Jekyll's rules (https://jekyllrb.com/docs/permalinks/, checked against Jekyll 4.3.1)."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, tzinfo
from functools import partial
from urllib.parse import quote

from feeds import paths
from feeds.config import Config
from feeds.reading.dates import parse_datetime
from feeds.reading.field_lookup import Fields
from feeds.reading.field_values import to_names
from feeds.reading.front_matter.formats import Value
from feeds.reading.generators.base import GeneratorRules, Tokens

_STYLES = {
    "date": "/:categories/:year/:month/:day/:title:output_ext",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "ordinal": "/:categories/:year/:y_day/:title:output_ext",
    "weekdate": "/:categories/:year/W:week/:short_day/:title:output_ext",
    "none": "/:categories/:title:output_ext",
}
"""The built-in styles: names that `permalink` can have."""
_DATED_NAME = re.compile(r"(\d{2,4}-\d{1,2}-\d{1,2})-(.*)", re.DOTALL)
_COLLECTION = re.compile(r"(?:[^/]+/)*_(?!posts/|drafts/|layouts/|includes/|data/|sass/)[^/]+/")
"""The start of a key in a folder of a collection."""
_YAML_TIMESTAMP = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|\s+)\d{1,2}:\d\d:\d\d(?:\.\d*)?")
"""A timestamp without a zone (https://yaml.org/type/timestamp.html)."""
_PAGE_ENDINGS = ("md", "markdown", "mkdown", "mkdn", "mkd", "html", "htm")
"""File name endings of posts whose page ends in ``.html``."""


class Jekyll(GeneratorRules):
    """How Jekyll reads a post."""

    def is_post(self, key: str) -> bool:
        """A file with a date in its name, or one of a collection.

        A collection is a folder whose name starts with ``_``. Other files are pages
        (https://jekyllrb.com/docs/collections/).
        """
        return bool(_DATED_NAME.fullmatch(paths.stem(key)) or _COLLECTION.match(key))

    def title(self, key: str) -> str:
        """The file name in words: ``welcome-to-jekyll`` is *Welcome To Jekyll*."""
        return " ".join(word.capitalize() for word in _slug(key).split("-"))

    def date_zone(self, date: str, config: Config) -> tzinfo:
        """UTC for a complete timestamp, which is one of YAML 1.1's; else the site's zone.

        So ``2025-03-04 18:00:00`` is in UTC and ``2025-03-04 18:00`` is not. Jekyll reads a
        timestamp in quotes in the site's zone. Whether there are quotes is not known here.
        """
        return UTC if _YAML_TIMESTAMP.fullmatch(date.strip()) else config.zone

    def date_in_key(self, fields: Fields, config: Config) -> datetime | None:
        """The day that the file name starts with; a year of two digits is one of this century."""
        match = _DATED_NAME.fullmatch(paths.stem(fields.key))
        if not match:
            return None
        year, month, day = match[1].split("-")
        if len(year) == 2:
            year = f"{20 if year < '69' else 19}{year}"
        try:
            return parse_datetime(f"{year}-{month}-{day}", config.zone)
        except ValueError:
            return None

    def categories(self, fields: Fields, config: Config) -> list[str]:
        """The folders above ``_posts``, then `categories` (a text is split at spaces), `category`.

        https://jekyllrb.com/docs/posts/#categories. Where none of these has a name, the fields of
        `posts.category_keys` can have some.
        """
        folders = [step for step in fields.key.partition("_posts")[0].split("/") if step]
        plural, single = fields.get("categories"), fields.get("category")
        names = _unique([*folders, *_words(plural), *to_names(single)])
        return names or super().categories(fields, config)

    def tags(self, fields: Fields, config: Config) -> list[str]:
        """`tag` as one name, else `tags`, where a text is split at spaces."""
        names = _unique(to_names(fields.get("tag")) or _words(fields.get("tags")))
        return names or super().tags(fields, config)

    def own_page(self, fields: Fields) -> str:
        """The page that `permalink` names; it can have placeholders."""
        return fields.text(("permalink",))

    def page_path(self, fields: Fields, date: datetime, config: Config) -> str:
        """The path of the page, as Jekyll makes an address of a permalink."""
        permalink = self.own_page(fields)
        if not permalink:
            permalink = _STYLES.get(config.posts.permalink, config.posts.permalink)
        path = _expand(permalink, self.tokens(fields, date, config))
        return re.sub("/{2,}", "/", f"/{path}".replace("..", "/").replace("./", "")).lstrip("/")

    def tokens(self, fields: Fields, date: datetime, config: Config) -> Tokens:
        """Jekyll's placeholders (https://jekyllrb.com/docs/permalinks/#placeholders)."""
        stem, ending = paths.stem(fields.key), fields.key.rpartition(".")[2].lower()
        slug = fields.text(("slug",)) or _slug(fields.key)
        categories = self.categories(fields, config)
        week_year, week, week_day = date.isocalendar()
        values = {
            "title": slugify(slug, pretty=True),
            "slug": slugify(slug).lower(),
            "name": slugify(stem).lower(),
            "path": fields.key.rpartition(".")[0].replace("_posts", "", 1).rstrip("."),
            "collection": "posts",
            "output_ext": ".html" if ending in _PAGE_ENDINGS else f".{ending}",
            "categories": "/".join(_unique([name.lower() for name in categories])),
            "slugified_categories": "/".join(_unique([slugify(n).lower() for n in categories])),
            "year": f"{date.year:04}",
            "month": f"{date.month:02}",
            "day": f"{date.day:02}",
            "hour": f"{date.hour:02}",
            "minute": f"{date.minute:02}",
            "second": f"{date.second:02}",
            "i_day": str(date.day),
            "i_month": str(date.month),
            "short_month": _MONTHS[date.month - 1][:3],
            "long_month": _MONTHS[date.month - 1],
            "short_year": f"{date.year % 100:02}",
            "w_year": str(week_year),
            "week": f"{week:02}",
            "w_day": str(week_day),
            "short_day": _DAYS[week_day - 1][:3],
            "long_day": _DAYS[week_day - 1],
            "y_day": f"{date.timetuple().tm_yday:03}",
        }
        return {name: partial(str, value) for name, value in values.items()}


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def slugify(text: str, *, pretty: bool = False) -> str:
    """Jekyll's filter `slugify` in the mode ``default`` or ``pretty``; letter case stays."""
    kept = "._~!$&'()+,;=@" if pretty else ""
    spaced = "".join(char if char in kept or _is_word(char) else "-" for char in text)
    slug = re.sub("-+", "-", spaced)
    return slug.removeprefix("-").removesuffix("-")


def _is_word(char: str) -> bool:
    category = unicodedata.category(char)
    return category[0] in "LM" or category == "Nd"


def _slug(key: str) -> str:
    """The file name without date and ending."""
    stem = paths.stem(key)
    match = _DATED_NAME.fullmatch(stem)
    return (match[2] if match else stem).rstrip(".")


def _expand(permalink: str, tokens: Tokens) -> str:
    """A permalink with the values of its placeholders: ``:year_`` is the year and ``_``."""

    def value(match: re.Match[str]) -> str:
        for name in (match[1], match[1].removesuffix("_")):
            if name in tokens:
                return _escaped(tokens[name]()) + match[1][len(name) :]
        return match[0]

    return re.sub(":([a-z_]+)", value, permalink)


def _escaped(value: str) -> str:
    """A value as a part of a path, percent-encoded (RFC 3986, 3.3)."""
    return quote(value, safe="/-._~!$&'()*+,;=:@")


def _words(value: Value) -> list[str]:
    """The names in a value, where a text is several names with spaces between them."""
    return to_names([*value.split()] if isinstance(value, str) else value)


def _unique(names: list[str]) -> list[str]:
    return [*dict.fromkeys(names)]
