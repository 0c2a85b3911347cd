"""Parses values of front matter: a value of any shape -> a bool, names, people, an address.

A value that does not have the meaning asked for is empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from feeds.model import Person
from feeds.reading.front_matter.formats import Value
from feeds.text import plain_text, without_markdown
from feeds.urls import http_url

_MAX_NAME_CHARS = 500
_YES_NO = {
    **dict.fromkeys(("true", "yes", "on", "y", "1"), True),
    **dict.fromkeys(("false", "no", "off", "n", "0"), False),
}


def parse_bool(value: Value | None) -> bool | None:
    """True or False for any spelling that YAML, TOML or Hugo knows; None for anything else."""
    return _YES_NO.get(value.strip().lower()) if isinstance(value, str) else None


def to_text(value: Value) -> str:
    """A value as the text that its author wrote: ``[a, b]`` and ``x: y`` too."""
    if isinstance(value, list):
        return f"[{', '.join(map(to_text, value))}]"
    if isinstance(value, dict):
        pairs = [f"{name}: {to_text(inner)}" if inner else name for name, inner in value.items()]
        text = ", ".join(pairs)
        return text if len(pairs) == 1 and ": " in text else f"{{{text}}}"
    return value


def to_names(value: Value) -> list[str]:
    """The names in a value, each on one line: a text is one name, a list has several."""
    if isinstance(value, list):
        return [name for item in value for name in to_names(item)]
    if isinstance(value, dict):  # - C: the language
        return [name for pair in value.items() for name in to_names(to_text(dict([pair])))]
    name = plain_text(value)
    return [name[:_MAX_NAME_CHARS]] if name else []


def split_words(value: str) -> list[str]:
    """The names in a text, separated by commas; if it has none, by spaces."""
    return to_names([*value.split("," if "," in value else None)])


def split_commas(value: Value) -> list[str]:
    """The names in a value, where a text is a list with commas."""
    return to_names([*value.split(",")] if isinstance(value, str) else value)


def first_address(value: Value) -> str:
    """The address in an image or enclosure field: a text, a table with an address, or a list."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, dict):
        value = next(
            (value[k] for k in ("url", "src", "path", "feature", "href") if k in value), ""
        )
    return value.strip() if isinstance(value, str) and "{" not in value else ""


_EMAIL = re.compile(r"[^\s<>()@]+@[^\s<>()@]+")
_NAME_AND_EMAIL = re.compile(rf"(?P<name>.*\S)\s*[(<](?P<email>{_EMAIL.pattern})[)>]")


_LINK = re.compile(r"\]\((https?://[^()\s]++)\)")


def parse_people(value: Value) -> Iterator[Person]:
    """The authors in a value: a name, a name with an email address, a table, or a list of these."""
    if isinstance(value, list):
        for item in value:
            yield from parse_people(item)
    elif isinstance(value, dict):
        texts = {name.lower(): text for name, text in value.items() if isinstance(text, str)}
        name = plain_text(without_markdown(texts.get("name", "")))
        email = texts.get("email", "")
        if name:
            yield Person(
                name[:_MAX_NAME_CHARS],
                email if _EMAIL.fullmatch(email[:_MAX_NAME_CHARS]) else "",
                http_url(texts.get("uri") or texts.get("url", "")),
            )
    elif named := _NAME_AND_EMAIL.fullmatch(value[:_MAX_NAME_CHARS]):
        if name := plain_text(named["name"]):
            yield Person(name, named["email"])
    elif name := plain_text(without_markdown(value)):
        link = _LINK.search(value)
        yield Person(name[:_MAX_NAME_CHARS], uri=http_url(link[1]) if link else "")


# Not mimetypes: its table differs between machines, and the same posts must be the same bytes.
_MEDIA_TYPES = {
    "mp3": "audio/mpeg", "m4a": "audio/mp4", "aac": "audio/aac", "ogg": "audio/ogg",
    "oga": "audio/ogg", "opus": "audio/opus", "wav": "audio/wav", "flac": "audio/flac",
    "mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime", "webm": "video/webm",
    "pdf": "application/pdf", "epub": "application/epub+zip", "zip": "application/zip",
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif",
    "webp": "image/webp", "avif": "image/avif", "svg": "image/svg+xml",
}  # fmt: skip


def media_type(url: str) -> str:
    """The media type by the ending of a URL's path."""
    ending = urlsplit(url).path.rpartition(".")[2].lower()
    return _MEDIA_TYPES.get(ending, "application/octet-stream")
