"""Hugo: the address of a page and its date, as Hugo gives them.

https://gohugo.io/configuration/permalinks/ has the tokens,
https://gohugo.io/content-management/urls/ the front matter and the addresses.
"""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import quote, unquote, unquote_plus

from feeds.config import Config
from feeds.reading.content.dialect import HUGO
from feeds.reading.field_lookup import Fields
from feeds.reading.generators.base import GeneratorRules, path_of, permalink_of
from feeds.reading.generators.pattern import Tokens, expand
from feeds.reading.generators.post_path import PostPath
from feeds.text import is_word, plain_text


def path_in_fields(fields: Fields) -> str:
    """The path in the field `url`; ``""`` if there is none."""
    path = fields.text(("url",))
    return "" if "://" in path else path


def page_path(fields: Fields, published: datetime, config: Config) -> str:
    """The path that Hugo gives a page; a pattern that ends in ``.html`` is for *ugly* addresses.

    The day is that of the date's own zone. A pattern knows sections as the folders are; Hugo
    counts only folders with an ``_index.md`` for ``:sections``, beside the first.
    """
    path = path_of(fields.key, config)
    names = _Names(fields, path)
    tokens = {**names.tokens(), **_date_tokens(published)}

    def expanded(pattern: str) -> str:
        return expand(pattern, tokens, lambda name: _others(name, names, published))

    pattern = permalink_of(fields.key, config)
    own = path_in_fields(fields)
    page = expanded(own or pattern)
    if not own and ":folders" not in pattern:
        # Hugo decodes a path that a pattern gives, and cleans it once more: "c++" becomes "c".
        page = urlize(unquote_plus(page))
    page = _joined(page)
    is_file = "." in own.rpartition("/")[2] if own else pattern.endswith(".html")
    folder = "" if own.startswith("/") else _language_folder(path, config)
    page = _joined(f"{folder}/{page}")
    return page if is_file or not page else f"{page}/"


def _joined(path: str) -> str:
    """A path without empty steps."""
    return "/".join(step for step in path.split("/") if step)


def _language_folder(path: PostPath, config: Config) -> str:
    """The folder of the pages in a language; ``""`` if they are in the root."""
    posts, main = config.posts, config.site.language.lower()
    language = (path.language or main).lower()
    if not posts.languages or posts.language_folders == "none":
        return ""
    return "" if language == main and posts.language_folders == "others" else language


class _Names:
    """The names that the address of a page can have in it."""

    def __init__(self, fields: Fields, path: PostPath) -> None:
        self.fields, self.path = fields, path

    def tokens(self) -> Tokens:
        folders = self.path.folders
        return {
            "section": lambda: urlize(folders[0]) if folders else "",
            "sections": self.folders,
            "folders": self.folders,
            "title": self.title,
            "slug": lambda: self.slug() or self.title(),
            "slugorfilename": lambda: self.slug() or self.file_name(),
            "slugorcontentbasename": lambda: self.slug() or self.file_name(),
            "filename": self.file_name,
            "contentbasename": self.file_name,
        }

    def title(self) -> str:
        """The title, as a part of a path."""
        return urlize(plain_text(self.fields.text(("title",)))) or self.file_name()

    def slug(self) -> str:
        """The field `slug`, as a part of a path."""
        return urlize(unquote(self.fields.text(("slug",))))

    def file_name(self) -> str:
        """The name of the file or the bundle, as a part of a path."""
        return urlize(self.path.name)

    def folders(self, part: str = "") -> str:
        """The folders; `part` is a slice of them: ``[1:]``, ``[:2]`` or ``[last]``."""
        folders = self.path.folders
        if part:
            start, colon, end = part[1:-1].partition(":")
            first = _position(start, len(folders)) or 0
            folders = folders[first : _position(end, len(folders)) if colon else first + 1]
        return "/".join(map(urlize, folders))


def _position(text: str, count: int) -> int | None:
    if text == "last":
        return count - 1
    return int(text) if text.isdecimal() else None


def _date_tokens(date: datetime) -> Tokens:
    return {
        "year": lambda: f"{date.year}",
        "month": lambda: f"{date.month:02}",
        "monthname": lambda: f"{date:%B}",
        "day": lambda: f"{date.day:02}",
        "weekday": lambda: f"{date.isoweekday() % 7}",
        "weekdayname": lambda: f"{date:%A}",
        "yearday": lambda: f"{date.timetuple().tm_yday}",
    }


_GO_LAYOUTS = {
    "2006": "%Y", "06": "%y", "January": "%B", "Jan": "%b", "01": "%m", "02": "%d", "002": "%j",
    "Monday": "%A", "Mon": "%a", "15": "%H", "03": "%I", "04": "%M", "05": "%S", "PM": "%p",
}  # fmt: skip
"""Parts of a date as Go writes them (https://pkg.go.dev/time#pkg-constants)."""


def _others(name: str, names: _Names, date: datetime) -> str | None:
    """The value of a slice of the sections, or of a part of the date in Go's own words."""
    if name.startswith("sections["):
        return names.folders(name.removeprefix("sections"))
    if name in ("1", "2", "3"):
        return {"1": str(date.month), "2": str(date.day), "3": str(date.hour % 12 or 12)}[name]
    return date.strftime(_GO_LAYOUTS[name]) if name in _GO_LAYOUTS else None


def urlize(text: str) -> str:
    """Hugo's form of a text in a path: lower case, with a hyphen for spaces.

    Letters, marks, digits and some signs stay, and escapes such as ``%20``; nothing else does.
    """
    kept: list[str] = []
    is_space = False
    for at, char in enumerate(text):
        if char in "./\\_#+~-@" or is_word(char) or _ESCAPE.match(text, at):
            if is_space and char != "-":
                kept.append("-")
            kept.append(char)
            is_space = False
        elif char.isspace() and kept and kept[-1] != "-":
            is_space = True
    return "".join(kept).lower()


_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")


_SIGNS = str.maketrans({sign: quote(sign, safe="") for sign in "!'()*"})


def feed_id(_fields: Fields, page: str, _published: datetime, _config: Config) -> str:
    """The guid of a page in Hugo's RSS feed: its address, where Go percent-encodes more signs."""
    return page.translate(_SIGNS)


RULES = GeneratorRules(
    dialect=HUGO,
    permalink="/:folders/:slugorfilename/",
    page_path=page_path,
    path_in_fields=path_in_fields,
    roots=("content",),
    date_fallbacks=("lastmod", "modified"),
    feed_id=feed_id,
)
