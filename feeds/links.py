"""Owns web addresses in posts: which are fit to publish, and the link to the source article.

Nothing named here is ever fetched.
"""

from __future__ import annotations

import re
import string
from urllib.parse import quote, urlsplit, urlunsplit

from msgspec import Struct

LONGEST = 4096
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
    if len(text) > LONGEST or text[:5].lower() not in ("http:", "https"):
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


class Found(Struct, frozen=True):
    """A link that a body ends with, and the body without it and its footer.

    `line` is the link's line in the body, from 0; `url` is empty where there is nothing between its
    ``<`` and ``>``.
    """

    url: str
    body: str
    line: int


_AUTOLINK = re.compile(r"<(https?://[^<>]++)>", re.IGNORECASE)
_BARE = re.compile(r"https?://[^\s<>\"'()\[\]]++", re.IGNORECASE)
_ANCHOR = re.compile(
    r"(?:<p[^<>]*+>\s*+)?<a\s(?:[^<>h]|h(?!ref\s*+=))*+href\s*+=\s*+[\"']?(https?://[^\s\"'<>]++)"
    r"[^<>]*+>\s*+(https?://[^\s<>]++)\s*+</a>(?:\s*+</p>)?",
    re.IGNORECASE,
)
_NAVIGATION = re.compile(
    r"(?:[\s|｜·•/\\,、—–«»←→-]|&#?\w{1,10};|\[[^\[\]]{1,80}+\]\([^()\s]{0,2000}+\)"
    r"|<a\s[^<>]{0,2000}+>[^<>]{0,80}+</a>"
    r"|</?(?:br|div|em|li|nav|p|small|span|ul)(?:\s[^<>]{0,200}+)?/?>|[<>])++",
    re.IGNORECASE,
)
_LINK = re.compile(r"\]\(|<a\s", re.IGNORECASE)


def source_in_body(body: str) -> Found | None:
    """The lone autolink that a body ends with, or that only navigation links follow.

    It is lone when it has its line to itself, a blank line (or the start, or the end of HTML)
    before it, and nothing before it announces a list or a reference: other lone links, a heading, a
    line that ends in a colon.
    """
    lines = body.rstrip().split("\n")
    at = len(lines) - 1
    footers = 0
    while at >= 0 and not (url := _alone(lines[at])):
        if lines[at].strip() and not _navigates(lines[at]):
            break
        footers += bool(lines[at].strip())
        if footers > 3:
            return None
        at -= 1
    if at < 0 or (not url and lines[at].strip() != "<>"):
        return None
    before = at - 1
    if before >= 0 and lines[before].strip() and not lines[before].rstrip().endswith(">"):
        return None
    while before >= 0 and not lines[before].strip():
        before -= 1
    if before >= 0:
        last = lines[before].strip()
        if last.endswith((":", "：")) or re.match(r"#{1,6}\s|[-*_=]{3,}$", last):
            return None
    if any(_alone(line) for line in lines[:at]):
        return None
    return Found(url, "\n".join(lines[:at]).rstrip(), at)


def _alone(line: str) -> str:
    """The address that has a line to itself, or ``""``."""
    line = line.strip()
    if line[:1] not in ("<", "h", "H"):
        return ""
    if found := _AUTOLINK.fullmatch(line):
        return http_url(found[1])
    if _BARE.fullmatch(line):
        return http_url(line)
    if (found := _ANCHOR.fullmatch(line)) and http_url(found[1]) == http_url(found[2]):
        return http_url(found[1])
    return ""


def _navigates(line: str) -> bool:
    return len(line) < 4000 and bool(_LINK.search(line)) and bool(_NAVIGATION.fullmatch(line))
