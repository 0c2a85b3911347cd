"""Owns what the values of front matter mean: names, people, an address, a yes or no, a language.

A value goes in, whatever its shape; what is no such thing comes out empty. Which field has which
meaning is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from feeds.model import Person
from feeds.reading.front_matter.formats import Value
from feeds.text import plain_text
from feeds.urls import http_url

_LONGEST = 500
_YES_NO = {
    **dict.fromkeys(("true", "yes", "on", "y", "1"), True),
    **dict.fromkeys(("false", "no", "off", "n", "0"), False),
}


def parse_bool(value: Value | None) -> bool | None:
    """Yes or no, in any spelling that YAML, TOML or Hugo knows; None: neither."""
    return _YES_NO.get(value.strip().lower()) if isinstance(value, str) else None


def to_text(value: Value) -> str:
    """A value as somebody wrote it who meant a text: ``[a, b]`` and ``x: y`` too."""
    if isinstance(value, list):
        return f"[{', '.join(map(to_text, value))}]"
    if isinstance(value, dict):
        pairs = [f"{name}: {to_text(inside)}" if inside else name for name, inside in value.items()]
        whole = ", ".join(pairs)
        return whole if len(pairs) == 1 and ": " in whole else f"{{{whole}}}"
    return value


def to_names(value: Value) -> list[str]:
    """Names, each on one line, as written: a text is one name."""
    if isinstance(value, list):
        return [name for item in value for name in to_names(item)]
    if isinstance(value, dict):  # - C: the language
        return [name for one in value.items() for name in to_names(to_text(dict([one])))]
    name = plain_text(value)
    return [name[:_LONGEST]] if name else []


def split_words(value: str) -> list[str]:
    """A text of several names: between commas, else between spaces."""
    return to_names([*value.split("," if "," in value else None)])


def split_commas(value: Value) -> list[str]:
    """Names, where a text is several of them with commas between."""
    return to_names([*value.split(",")] if isinstance(value, str) else value)


def first_address(value: Value) -> str:
    """The address in an image or enclosure field: a text, a table that has one, or a list."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, dict):
        value = next(
            (value[k] for k in ("url", "src", "path", "feature", "href") if k in value), ""
        )
    return value.strip() if isinstance(value, str) and "{" not in value else ""


_EMAIL = re.compile(r"[^\s<>()@]+@[^\s<>()@]+")
_ADDRESS = re.compile(rf"(?P<name>.*\S)\s*[(<](?P<email>{_EMAIL.pattern})[)>]")


def parse_people(value: Value) -> Iterator[Person]:
    """Authors: names, names with an address, tables, or a list of any of them."""
    if isinstance(value, list):
        for item in value:
            yield from parse_people(item)
    elif isinstance(value, dict):
        given = {k.lower(): v for k, v in value.items() if isinstance(v, str)}
        name = plain_text(given.get("name", ""))
        email = given.get("email", "")
        if name:
            yield Person(
                name[:_LONGEST],
                email if _EMAIL.fullmatch(email[:_LONGEST]) else "",
                http_url(given.get("uri") or given.get("url", "")),
            )
    elif found := _ADDRESS.fullmatch(value[:_LONGEST]):
        if name := plain_text(found["name"]):
            yield Person(name, found["email"])
    elif name := plain_text(value):
        yield Person(name[:_LONGEST])


def language_tag(value: str) -> str:
    """A language tag (RFC 5646) in its shape; ``""`` for anything else."""
    tag = value.replace("_", "-")
    return tag if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", tag) else ""


# The machine's own table would make the same posts other bytes on another machine.
_TYPES = {
    "mp3": "audio/mpeg", "m4a": "audio/mp4", "aac": "audio/aac", "ogg": "audio/ogg",
    "oga": "audio/ogg", "opus": "audio/opus", "wav": "audio/wav", "flac": "audio/flac",
    "mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime", "webm": "video/webm",
    "pdf": "application/pdf", "epub": "application/epub+zip", "zip": "application/zip",
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif",
    "webp": "image/webp", "avif": "image/avif", "svg": "image/svg+xml",
}  # fmt: skip


def media_type(url: str) -> str:
    """The media type that a URL's ending promises."""
    ending = urlsplit(url).path.rpartition(".")[2].lower()
    return _TYPES.get(ending, "application/octet-stream")
