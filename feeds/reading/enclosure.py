"""The enclosure: a post's fields -> the file that goes with it, such as a podcast episode.

Reading never looks at the file: `attachment_key` says which object it would be, and the callers
that have the store ask for its size (feeds/building/scan.py, feeds/publishing/record_writer.py).
"""

from __future__ import annotations

import posixpath
import re
from urllib.parse import unquote, urlsplit

from feeds import paths
from feeds.config import Config
from feeds.model import Enclosure, Problem
from feeds.reading import field_values
from feeds.reading.field_lookup import Fields
from feeds.reading.front_matter.formats import Value
from feeds.urls import http_url

_ATTACHMENT = re.compile(
    r"\.(?:aac|epub|flac|m4a|m4v|mov|mp3|mp4|oga|ogg|opus|pdf|wav|webm|zip)", re.I
)
"""The endings of files whose size is looked up. Pictures are not among them. Most pictures in a
bucket do not belong to an enclosure, and each upload of a file with such an ending costs a call."""

_SCHEME = re.compile(r"https?:(?=//)", re.I)
_LENGTH_FIELDS = ("length", "size", "size_in_bytes", "bytes")
# 12345678; in groups of three: 12,345,678 or 12 345 678 or 12_345_678 or 12.345.678 or 12'345'678.
# One group after a dot may be a fraction: 12.345.
_LENGTH = re.compile(
    r"(?:(?P<plain>\d{1,15})|\d{1,3}(?P<mark>[,_'\u2019\u00a0\u202f ])\d{3}(?:(?P=mark)\d{3}){0,3}"
    r"|\d{1,3}(?:\.\d{3}){2,4})(?:\s*(?:bytes?|B))?",
    re.ASCII,
)


def file_url(fields: Fields, names: tuple[str, ...], page: str) -> str:
    """The absolute http(s) address in an image or enclosure field; ``""`` if there is none."""
    address = field_values.first_address(fields.value(names))
    return http_url(paths.resolved(page, address)) if address else ""


def read_enclosure(fields: Fields, page: str, config: Config) -> Enclosure | None:
    """The enclosure; without a type in the front matter, the type of the address's ending.

    Reports a length that is not a number of bytes.
    """
    name, value = fields.first(config.posts.enclosure_keys)
    url = file_url(fields, config.posts.enclosure_keys, page)
    if not url:
        return None
    if isinstance(value, list):
        value = value[0]
    table = value if isinstance(value, dict) else {}
    media_type = str(table.get("type", "")).lower()
    if not re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", media_type):
        media_type = field_values.media_type(url)
    return Enclosure(url=url, type=media_type, length=_length(fields, name, table))


def _length(fields: Fields, name: str, table: dict[str, Value]) -> int:
    """The length in bytes; 0 if it is unknown. Reports one that is not a number."""
    written = next((table[field] for field in _LENGTH_FIELDS if table.get(field)), "")
    if not written:
        return 0
    if isinstance(written, str) and (match := _LENGTH.fullmatch(written.strip())):
        return int(re.sub(r"\D", "", match[0]))
    what = f"{name}: {field_values.to_text(written)[:60]!r} is not a number of bytes"
    fields.report(name, what, "write the length like 12345678", "warning")
    return 0


def is_attachment(key: str) -> bool:
    """Return whether the object at `key` may be the enclosure of a post, by its ending."""
    return bool(_ATTACHMENT.fullmatch(posixpath.splitext(key)[1]))


def attachment_key(fields: Fields, enclosure: Enclosure | None, config: Config) -> str:
    """The key that the file of an enclosure without a length has if it is among the posts.

    ``episode.mp3`` is beside the post; ``/audio/episode.mp3``, or the same with the site's address,
    is below the folder of the posts. Returns ``""`` for a file on another site.
    """
    if enclosure is None or enclosure.length:
        return ""
    address = field_values.first_address(fields.value(config.posts.enclosure_keys))
    address, site = (_SCHEME.sub("", url) for url in (address, config.site.url))
    if address.startswith(site):
        address = "/" + address.removeprefix(site)
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not parts.path:
        return ""
    path = unquote(parts.path)
    folder = "" if path.startswith("/") else posixpath.dirname(fields.key)
    key = posixpath.normpath(posixpath.join(folder, path.lstrip("/")))
    return key if is_attachment(key) and not key.startswith("../") else ""


def unknown_length_problem(fields: Fields, attachment: str, config: Config) -> Problem:
    """The warning about an enclosure whose length nobody knows."""
    name = fields.first(config.posts.enclosure_keys)[0]
    what = f"{name}: the length of the file is not known, so RSS says 0"
    todo = f"write {name}: {{url: …, length: 12345678}}"
    if attachment:
        todo += f", or put the file at {attachment} among the posts"
    return fields.problem(name, what, todo, "warning")
