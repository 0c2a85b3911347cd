"""Pelican: the address, the category, the tags and the date of an article, as Pelican 4 gives them.

https://docs.getpelican.com/en/latest/settings.html#url-settings has the patterns,
https://docs.getpelican.com/en/latest/content.html the fields.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

from feeds.config import Config
from feeds.reading.content.dialect import PELICAN
from feeds.reading.dates import date_in_file_name
from feeds.reading.field_lookup import Fields
from feeds.reading.field_values import to_names, to_text
from feeds.reading.front_matter.formats import Value
from feeds.reading.generators.ascii_text import ascii_text
from feeds.reading.generators.base import GeneratorRules, path_of, permalink_of
from feeds.reading.generators.post_path import PostPath
from feeds.reading.generators.post_rules import post_rule

_ENDINGS = (".md", ".markdown", ".mkd", ".mdown", ".html", ".htm")
_PAGES = "pages"
"""The folder of pages that are not articles (`PAGE_PATHS`)."""
_TRANSLATION = "/{slug}-{lang}.html"
"""`ARTICLE_LANG_URL`, which does not follow `ARTICLE_URL`."""
_STATUSES = ("published", "hidden", "draft", "skip")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def path_in_fields(fields: Fields) -> str:
    """The path in the field `url`; ``""`` if there is none."""
    url = fields.text(("url",))
    return "" if "://" in url else url.lstrip("/")


def page_path(fields: Fields, published: datetime, config: Config) -> str:
    """The path that Pelican gives an article. The day is that of the date's own zone.

    Reports a status that Pelican does not know: it skips such a file. Warns of an address that
    Pelican makes of letters in a way that is not known here.
    """
    status = fields.text(("status",))
    if status and status.lower() not in _STATUSES:
        what = f"Pelican skips a file with the status {status}"
        fields.report("status", what, f"write one of: {', '.join(_STATUSES)}")
    if own := path_in_fields(fields):
        return own
    names = _Names(fields, path_of(fields.key, config), config)
    expanded = expand(_pattern(fields, config), names.text_of, published)
    if names.unknown:
        what = f"Pelican writes {names.unknown!r} in ASCII letters in the address of the page"
        todo = "write a slug: then the address is known; docs/generators.md has other ways"
        fields.report("slug", what, todo, "warning")
    return expanded.lstrip("/")


def _pattern(fields: Fields, config: Config) -> str:
    """The pattern of the post's rule; else of the site, or Pelican's own for a translation."""
    language = _language(fields, config)
    is_translation = bool(language) and language != config.site.language.lower()
    own = post_rule(fields.key, config).permalink
    if is_translation and not own and "{lang}" not in config.posts.permalink:
        return _TRANSLATION
    return permalink_of(fields.key, config)


def _language(fields: Fields, config: Config) -> str:
    return fields.text(("lang",)) or to_text(fields.defaults.get(config.posts.language_keys, ""))


_FIELD = re.compile(r"\{\{|\}\}|\{(?P<name>\w+)(?::(?P<format>[^{}]*))?\}")
_DIRECTIVE = re.compile(r"%(-?)([aAbBcdfGHIjmMpSUuVwWxXyYzZ%])")


def expand(pattern: str, text_of: Callable[[str], str | None], date: datetime) -> str:
    """The pattern with its fields, such as ``{slug}`` and ``{date:%Y}``.

    `text_of` returns the text of a field by its name; None if there is no such field. Such a field
    stays as it is. So does everything else of Python's formats: nothing is looked up for
    ``{category.name}``.
    """

    def replaced(field: re.Match[str]) -> str:
        name, format_ = field["name"], field["format"]
        if name is None:
            return field[0][0]
        if name == "date":
            return strftime(date, format_) if format_ else str(date)
        text = text_of(name) if format_ is None else None
        return field[0] if text is None else text

    return _FIELD.sub(replaced, pattern)


def strftime(date: datetime, format_: str) -> str:
    """The date in a format of Pelican: ``%-d`` is the day without a zero before it."""

    def part(directive: re.Match[str]) -> str:
        text = date.strftime(f"%{directive[2]}")
        return text.lstrip("0") or "0" if directive[1] else text

    return _DIRECTIVE.sub(part, format_)


class _Names:
    """The names that the address of an article can have in it."""

    def __init__(self, fields: Fields, path: PostPath, config: Config) -> None:
        self.fields, self.path, self.config = fields, path, config
        self.unknown = ""
        """The first text whose form in ASCII is not known."""

    def text_of(self, name: str) -> str | None:
        """The text of a field of a pattern; None if the article has no such field."""
        file_name = PurePosixPath(self.path.key).name
        stem = PurePosixPath(file_name).stem
        match name:
            case "slug":
                return self.own_slug() or self.ascii_slug(self.title())
            case "unicode_slug":
                return self.own_slug() or slugify(_normalized(self.title()))
            case "basename_slug":
                return self.own_slug() or self.ascii_slug(stem)
            case "undated_name":
                return self.own_slug() or _name_behind_day(stem) or self.text_of("slug")
            case "category":
                return self.ascii_slug(*categories(self.fields, self.config))
            case "author":
                return self.author()
            case "lang":
                return _language(self.fields, self.config) or self.config.site.language
            case "path":
                own = self.fields.text(("path",))
                return own or "/".join((*_folders(self.path), file_name))
        text = self.fields.get(name.lower())
        return text if isinstance(text, str) and text else None

    def title(self) -> str:
        return to_text(self.fields.get("title")) or PurePosixPath(self.path.key).stem

    def own_slug(self) -> str:
        """The field `slug`, which stays as it is."""
        return self.fields.text(("slug",))

    def author(self) -> str:
        names = to_names(self.fields.get("author") or self.fields.get("authors"))
        site = self.config.site.author
        return self.ascii_slug(names[0] if names else site.name if site else "")

    def ascii_slug(self, text: str) -> str:
        """Pelican's slug of a text. A text with characters of unknown form in ASCII is noted."""
        letters = ascii_text(_normalized(text))
        if not letters.isascii() and not all(map(_is_known, letters)):
            self.unknown = self.unknown or text
        return slugify(letters)


def _is_known(char: str) -> bool:
    """Return whether Pelican's form of a character is known; it drops emoji and their joiners."""
    is_emoji = char >= "\U0001f300" and unicodedata.category(char) in ("So", "Sk")
    return char.isascii() or is_emoji or char in "\u200d\ufe0f"


def _name_behind_day(name: str) -> str:
    day = _DAY.match(name)
    return name[day.end() :].lstrip("-_ ") if day else ""


def slugify(text: str) -> str:
    """The words of a text in lower case, with a hyphen between them."""
    words = re.sub(r"[^\w\s-]", "", text).strip()
    return re.sub(r"[-\s]+", "-", words).lower()


def _normalized(text: str) -> str:
    """A title without comments and tags, with its entities decoded, on one line, in NFKC."""
    for start, end in (("<!--", "-->"), ("<", ">")):
        kept, at = [], 0
        while (tag := text.find(start, at)) >= 0 and (stop := text.find(end, tag)) >= 0:
            kept.append(text[at:tag])
            at = stop + len(end)
        text = "".join((*kept, text[at:]))
    return unicodedata.normalize("NFKC", html.unescape(" ".join(text.split())))


def _folders(path: PostPath) -> tuple[str, ...]:
    """The folders of a file. One with ``index.md`` is a folder as any other."""
    return (*path.folders, path.name) if path.is_bundle else path.folders


def categories(fields: Fields, config: Config) -> list[str]:
    """The category: the field, else that of the rule, the folder of the file, or the default."""
    named = to_names(fields.get("category")) or [*(post_rule(fields.key, config).categories or ())]
    path = path_of(fields.key, config)
    return (named or [*_folders(path)[-1:]] or [config.categories.default or "misc"])[:1]


def tags(fields: Fields, config: Config) -> list[str]:
    """The tags: a list, or a text with semicolons or else commas between them."""
    value: Value = fields.get("tags") or fields.defaults.get(config.posts.tag_keys, "")
    if isinstance(value, str):
        value = [*value.split(";" if ";" in value else ",")]
    return list(dict.fromkeys(to_names(value)))


def written_date(date: str) -> str:
    """A date with spaces for underscores, as names of files have them."""
    return date.replace("_", " ")


def date_in_key(path: PostPath, zone: tzinfo) -> datetime | None:
    """Midnight of the day that the name of the file starts with (`FILENAME_METADATA`)."""
    day = _DAY.match(PurePosixPath(path.key).name)
    return date_in_file_name(day[0], zone) if day else None


def is_post(path: PostPath) -> bool:
    """Return whether Pelican takes a file for an article: by its ending, and not among pages."""
    return path.ending in _ENDINGS and _PAGES not in _folders(path)[:1]


def feed_id(fields: Fields, page: str, published: datetime, config: Config) -> str:
    """The id of an article in Pelican's feeds: a tag URI of the host, the day and the path.

    The path is not percent-encoded, and may have spaces. The day is that of the date's own zone.
    """
    site = config.site.url
    path = path_in_fields(fields) or unquote(page.removeprefix(site))
    try:
        link = urlsplit(urljoin(site, path))
    except ValueError:  # not an address
        return ""
    rest = f"/{link.fragment}" if link.fragment else ""
    return f"tag:{link.hostname},{published:%Y-%m-%d}:{link.path}{rest}"


RULES = GeneratorRules(
    dialect=PELICAN,
    permalink="/{slug}.html",
    page_path=page_path,
    path_in_fields=path_in_fields,
    roots=("content",),
    categories=categories,
    tags=tags,
    date_in_key=date_in_key,
    written_date=written_date,
    is_post=is_post,
    feed_id=feed_id,
)
