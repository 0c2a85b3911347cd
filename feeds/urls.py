"""Web addresses in posts: absolute, percent-encoded http(s) URLs, and URIs fit to be an id."""

from __future__ import annotations

import re
import string
from urllib.parse import quote, urlsplit, urlunsplit

MAX_URL_LENGTH = 4096
# RFC 3986: what may stand in a path, a query or a fragment, and % for what is encoded already.
_LEGAL = "!$&'()*+,/:;=?@~-._%"
_URI = frozenset(_LEGAL + "#" + string.ascii_letters + string.digits)
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_ADDRESS = re.compile(r"\[[0-9A-Fa-f:.]+\]")
_STRAY = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SPACE = re.compile(r"[\t\n\r]")


def http_url(text: str) -> str:
    """`text` as an absolute, percent-encoded http(s) URL; ``""`` if it is not one."""
    text = _SPACE.sub("", text.strip())
    if len(text) > MAX_URL_LENGTH or text[:5].lower() not in ("http:", "https"):
        return ""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
        if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
            return ""
        if ":" in host:
            host = f"[{host}]"
        elif not host.isascii():
            host = host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return ""
    if not _ADDRESS.fullmatch(host) and not all(
        _LABEL.fullmatch(label) for label in host.removesuffix(".").split(".")
    ):
        return ""
    netloc = host if port is None else f"{host}:{port}"
    rest = (_encoded(part) for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, netloc, *rest))


def _encoded(part: str) -> str:
    return quote(_STRAY.sub("%25", part), safe=_LEGAL, errors="replace")


def is_uri(text: str) -> bool:
    """Whether `text` is an absolute URI with something after its scheme, fit to be an id."""
    found = re.fullmatch(r"([A-Za-z][A-Za-z0-9+.-]*):.+", text)
    if not found or len(text) > 1000 or _STRAY.search(text) or not set(text) <= _URI:
        return False
    if text.count("#") > 1:
        return False
    if found[1].lower() == "tag":
        return bool(re.match(r"(?i:tag):[A-Za-z0-9@._-]+,\d{4}(-\d\d(-\d\d)?)?:.", text))
    if found[1].lower() == "urn":
        return bool(re.match(r"(?i:urn):[A-Za-z0-9][A-Za-z0-9-]{1,31}:.", text))
    return found[1].lower() not in ("http", "https") or http_url(text) == text
