"""The permalink: a post's fields, date and key -> the address of its own page on the site."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from urllib.parse import quote, unquote

from feeds import paths
from feeds.config import Config
from feeds.reading.field_lookup import Fields
from feeds.reading.field_values import parse_bool, to_names
from feeds.urls import MAX_URL_LENGTH


def page_path(fields: Fields) -> str:
    """The path of the page where the front matter has it (Jekyll, Hugo, Zola); else ``""``."""
    path = fields.text(("permalink", "url", "path"))
    if parse_bool(path) is False:  # the post has no page; "false" is not its path
        return ""
    if "://" in path or path.startswith(("//", "\\")) or ":" in path.split("/")[0] or "{" in path:
        return ""
    return path.lstrip("/")


def page_url(fields: Fields, published: datetime, config: Config) -> str:
    """The address of the post's own page. Reports one that is too long."""
    path = page_path(fields) or _expand_permalink(fields, published, config)
    url = _url_on_site(config.site.url, path)
    if len(url) > MAX_URL_LENGTH:
        what = "the address of the post's page is too long"
        fields.report("permalink", what, "shorten its permalink, slug or file name")
    return url


def _expand_permalink(fields: Fields, published: datetime, config: Config) -> str:
    """The path that the site's `posts.permalink` gives the post."""
    date = published.astimezone(config.zone)
    expanded = "".join(
        _token_value(part, fields, date, config) if part[0] == ":" else part
        for part in _split_tokens(config.posts.permalink)
    )
    return re.sub("/{2,}", "/", expanded).lstrip("/")


def _token_value(token: str, fields: Fields, date: datetime, config: Config) -> str:
    """The value of a token of a permalink (Jekyll's names); an unknown token stays as it is."""
    match token:
        case ":year":
            return f"{date.year:04}"
        case ":month":
            return f"{date.month:02}"
        case ":day":
            return f"{date.day:02}"
        case ":title" | ":slug":
            return fields.text(("slug",)).strip("/") or paths.title_part(fields.key)
        case ":name":
            return paths.stem(fields.key)
        case ":path":
            return f"{fields.key.rpartition('/')[0]}/{paths.stem(fields.key)}".lstrip("/")
        case ":categories":
            return "/".join(to_names(fields.value(config.posts.category_keys))).lower()
    return token


@cache
def _split_tokens(permalink: str) -> list[str]:
    """A permalink's tokens, such as ``:year``, and the texts between them."""
    return [part for part in re.split(r"(:\w+)", permalink) if part]


def _url_on_site(site: str, path: str) -> str:
    """The address of a path below the site's address, percent-encoded; it cannot leave the site."""
    steps = [step for step in path.split("/") if not _is_dots(step)]
    encoded = quote("/".join(steps), safe="/~!$&'()*+,;=:@%-._", errors="replace")
    return site + re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", encoded).lstrip("/")


def _is_dots(step: str) -> bool:
    """Return whether a step of a path is ``.`` or ``..``, or holds one, also percent-encoded.

    A browser takes ``%2e%2e`` for ``..`` (WHATWG URL, 4.1); some servers also decode a slash.
    """
    parts = unquote(step).replace("\\", "/").split("/")
    return "." in parts or ".." in parts
