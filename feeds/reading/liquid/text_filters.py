"""How values are written, and filters that make texts: dates, addresses, escapes, words.

https://jekyllrb.com/docs/liquid/filters/
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urljoin, urlsplit

from liquid.undefined import Undefined

from feeds.config import Config
from feeds.reading.dates import parse_datetime
from feeds.reading.generators.eleventy import slugify as eleventy_slug
from feeds.reading.generators.jekyll import slugify as jekyll_slug
from feeds.reading.liquid.ruby_time import strftime
from feeds.reading.liquid.state import State

# --- values as texts ------------------------------------------------------------------------------


def to_text(value: Any, state: State) -> str:
    """A value as Ruby's Liquid writes it."""
    if isinstance(value, (list, tuple)):
        state.read_all(value)
        return "".join(to_text(item, state) for item in value)
    if isinstance(value, dict):
        state.read_all(value)
        return inspected(value)
    return "" if value is None else _scalar(value)


def string(value: Any, state: State) -> str:
    """A value as Ruby's `to_s` writes it: a list has its brackets."""
    return inspected(value) if isinstance(value, (list, tuple)) else to_text(value, state)


def _scalar(value: Any) -> str:
    """A value that is neither a list nor a table; nothing for an object of python-liquid."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, range):
        return f"{value.start}..{value.stop - 1}"
    if isinstance(value, datetime):
        return strftime(value, "%Y-%m-%d %H:%M:%S %z")
    return str(value) if isinstance(value, (int, float, Decimal)) else ""


def inspected(value: Any) -> str:
    """A value as Ruby's `inspect` writes it."""
    if value is None or isinstance(value, Undefined):
        return "nil"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(inspected, value))}]"
    if isinstance(value, dict):
        pairs = (f"{inspected(key)}=>{inspected(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    return _scalar(value)


def plain(value: Any) -> Any:
    """A value with only what JSON has."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return None if isinstance(value, Undefined) else _scalar(value)


# --- dates ----------------------------------------------------------------------------------------


def _time(value: Any, config: Config) -> datetime | None:
    """The moment that a value is, in the zone of the site; None if it is not one."""
    zone = config.zone
    try:
        if isinstance(value, datetime):
            return value
        if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()):
            return datetime.fromtimestamp(int(value), zone)
        return parse_datetime(value, zone).astimezone(zone) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None


def date(value: Any, format_: Any, config: Config) -> Any:
    """A date in Ruby's format."""
    moment = _time(value, config)
    if not str(format_ or "") or moment is None:
        return value
    return strftime(moment, str(format_))


def _day(month: str) -> Callable[..., Any]:
    def day(value: Any, type_: Any = None, style: Any = None, *, config: Config) -> Any:
        moment = _time(value, config)
        if moment is None:
            return value
        if type_ != "ordinal":
            return strftime(moment, f"%d {month} %Y")
        number = moment.day
        ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
        ending = "th" if number in (11, 12, 13) else ending
        us = style == "US"
        return strftime(
            moment, f"{month} {number}{ending}, %Y" if us else f"{number}{ending} {month} %Y"
        )

    return day


def date_to_xmlschema(value: Any, *, config: Config) -> Any:
    """A date as in Atom."""
    moment = _time(value, config)
    return value if moment is None else moment.isoformat(timespec="seconds")


def date_to_rfc822(value: Any, *, config: Config) -> Any:
    """A date as in RSS."""
    moment = _time(value, config)
    return value if moment is None else format_datetime(moment)


# --- addresses ------------------------------------------------------------------------------------


def relative_url(value: Any, *, config: Config) -> Any:
    """An address below the site's base path."""
    if value is None or urlsplit(text := str(value)).scheme:
        return value
    base = urlsplit(config.site.url).path.rstrip("/")
    return quote(f"{base}/{text.removeprefix('/')}" if text else base, safe=_URL_SAFE)


def absolute_url(value: Any, *, config: Config) -> Any:
    """An address with the site's host."""
    if value is None or urlsplit(str(value)).scheme:
        return value
    parts = urlsplit(config.site.url)
    return f"{parts.scheme}://{parts.netloc}{relative_url(value, config=config)}"


def eleventy_url(value: Any, base: Any = None, *, config: Config) -> Any:
    """Eleventy's `url`: an address below the path prefix, if it starts at the root."""
    text = str(value or "")
    if not text.startswith("/") or text.startswith("//"):
        return text
    prefix = str(base) if base else urlsplit(config.site.url).path
    return urljoin(prefix.rstrip("/") + "/", text.lstrip("/"))


_URL_SAFE = "/:?#[]@!$&'()*+,;=%~-._"


def strip_index(value: str) -> str:
    """An address without ``index.html`` at its end."""
    return re.sub(r"/index\.html?$", "/", value)


# --- escapes and words ----------------------------------------------------------------------------


def xml_escape(value: str) -> str:
    """A text for XML."""
    return html.escape(value, quote=False).replace('"', "&quot;")


def cgi_escape(value: str) -> str:
    """A text for the query of an address."""
    return quote_plus(value, safe="*")


def uri_escape(value: str) -> str:
    """A text for an address."""
    return quote(
        unquote(value), safe=_URL_SAFE.replace("%", "").replace("[", "").replace("]", "") + "[]"
    )


def normalize_whitespace(value: str) -> str:
    """A text with single spaces."""
    return " ".join(value.split())


_CJK = re.compile(
    r"[\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)
_NOT_CJK = re.compile(_CJK.pattern.replace("[", r"[^\s", 1) + "+")


def number_of_words(value: str, mode: Any = None) -> int:
    """How many words a text has."""
    signs = len(_CJK.findall(value)) if mode in ("cjk", "auto") else 0
    if mode == "cjk" or signs:
        return signs + len(_NOT_CJK.findall(value))
    return len(value.split())


def slugify(value: Any, mode: Any = None, *, config: Config) -> Any:
    """A text as a name in an address, as the site's generator makes it."""
    if value is None:
        return None
    value = value if isinstance(value, str) else inspected(value)
    if config.posts.generator == "eleventy":
        slug = eleventy_slug(value)
        return slug if slug is not None else value
    if mode == "none":
        return value.lower()
    if mode == "raw":
        return re.sub(r"\s+", "-", value).strip("-").lower()
    if mode == "ascii":
        return re.sub(r"[^A-Za-z0-9]+", "-", value).strip("-").lower()
    return jekyll_slug(value, "pretty" if mode == "pretty" else "default").lower()


def smartify(value: str) -> str:
    """A text with typographic quotes, dashes and dots."""
    for plain_, smart in (("---", "—"), ("--", "–"), ("...", "…")):
        value = value.replace(plain_, smart)
    value = re.sub(r"(^|[\s(\[{—–])\"", r"\1“", value).replace('"', "”")
    return re.sub(r"(^|[\s(\[{—–“])'", r"\1‘", value).replace("'", "’")


def strip_html(value: str) -> str:
    """A text without tags, comments, scripts and styles, in time that is linear."""
    parts: list[str] = []
    at, ends = 0, dict[str, int]()
    for opened in re.finditer(r"<(!--|script|style)?", value):
        if opened.start() < at:
            continue
        for close in (_CLOSE.get(opened[1] or "", ">"), ">"):
            if ends.get(close) != -1:
                ends[close] = value.find(close, opened.end())
            if ends[close] >= 0:
                parts.append(value[at : opened.start()])
                at = ends[close] + len(close)
                break
    return "".join([*parts, value[at:]])


def split(value: str, separator: Any = " ") -> list[str]:
    """The parts of a text; empty ones at the end do not count."""
    text = str(separator or "")
    if text == " ":
        return value.split()
    parts = value.split(text) if text else list(value)
    while parts and not parts[-1]:
        parts.pop()
    return parts


def truncatewords(value: str, words: Any = 15, end: Any = "...") -> str:
    """The first words of a text."""
    number = max(1, int(words))
    parts = value.split(None, number)
    return value if len(parts) <= number else " ".join(parts[:number]) + str(end or "")


_CLOSE = {"!--": "-->", "script": "</script>", "style": "</style>"}

TEXT_FILTERS: dict[str, Callable[..., Any]] = {
    "cgi_escape": cgi_escape,
    "normalize_whitespace": normalize_whitespace,
    "number_of_words": number_of_words,
    "smartify": smartify,
    "split": split,
    "strip_html": strip_html,
    "strip_index": strip_index,
    "truncatewords": truncatewords,
    "uri_escape": uri_escape,
    "xml_escape": xml_escape,
}
"""Filters of a text."""
SITE_FILTERS: dict[str, Callable[..., Any]] = {
    "absolute_url": absolute_url,
    "date": lambda value, format_=None, *, config: date(value, format_, config),
    "date_to_long_string": _day("%B"),
    "date_to_rfc822": date_to_rfc822,
    "date_to_string": _day("%b"),
    "date_to_xmlschema": date_to_xmlschema,
    "relative_url": relative_url,
    "slug": slugify,
    "slugify": slugify,
    "url": eleventy_url,
}
"""Filters that need the configuration."""
