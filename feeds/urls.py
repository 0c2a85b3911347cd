"""Checks and normalises addresses: http(s) URLs, URIs that can be an id, the authority of ids."""

from __future__ import annotations

import re
import string
from urllib.parse import quote, urlsplit, urlunsplit

MAX_URL_LENGTH = 4096
_MAX_ID_LENGTH = 1000
# RFC 3986: the characters of a path, a query or a fragment that need no encoding, and %, which
# begins an encoded one.
_UNENCODED = "!$&'()*+,/:;=?@~-._%"
_URI_CHARACTERS = frozenset(_UNENCODED + "#" + string.ascii_letters + string.digits)
_HOST_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_IPV6_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\]")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_USER = re.compile(r"(?<=://)[^/?#@]*@")
_TABS_AND_BREAKS = re.compile(r"[\t\n\r]")


def http_url(text: str) -> str:
    """`text` as an absolute, percent-encoded http(s) URL; ``""`` if it is not one."""
    text = _TABS_AND_BREAKS.sub("", text.strip())
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
    if not _IPV6_HOST.fullmatch(host) and not all(
        _HOST_LABEL.fullmatch(label) for label in host.removesuffix(".").split(".")
    ):
        return ""
    netloc = host if port is None else f"{host}:{port}"
    rest = (_encode(part) for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, netloc, *rest))


def _encode(part: str) -> str:
    """Percent-encode what is not encoded yet."""
    return quote(_STRAY_PERCENT.sub("%25", part), safe=_UNENCODED, errors="replace")


ID_FIELD = re.compile(r"\{([\w.-]+)\}")
"""A field of the front matter in a pattern of `posts.id`."""

_ID_SCHEMES = frozenset(
    "ark at did doi gemini hdl http https info ipfs ni tag urn".split()  # noqa: SIM905
)
"""The schemes of URIs that name something for ever. Other words with a colon are not ids:
``id: fr:welcome`` is the name of a translation."""


def is_uri(text: str) -> bool:
    """Return whether `text` is an absolute URI (RFC 3986, 4.3) or IRI (RFC 3987) that can be an id.

    It has one of `_ID_SCHEMES`. Checks the form of `tag:` (RFC 4151), `urn:` (RFC 8141) and http(s)
    URIs more closely. Capitals and user names stay: ids are compared character by character
    (RFC 4287, 4.2.6.1).
    """
    match = re.fullmatch(r"([A-Za-z][A-Za-z0-9+.-]*):.+", text)
    if not match or len(text) > _MAX_ID_LENGTH or not all(map(_can_be_in_iri, text)):
        return False
    if _STRAY_PERCENT.search(text) or text.count("#") > 1:
        return False
    scheme = match[1].lower()
    if scheme not in _ID_SCHEMES:
        return False
    if scheme == "tag":
        return bool(re.match(r"(?i:tag):[A-Za-z0-9@._-]+,\d{4}(-\d\d(-\d\d)?)?:.", text))
    if scheme == "urn":
        return bool(re.match(r"(?i:urn):[A-Za-z0-9][A-Za-z0-9-]{1,31}:.", text))
    return scheme not in ("http", "https") or bool(http_url(_USER.sub("", text)))


def _can_be_in_iri(char: str) -> bool:
    return char in _URI_CHARACTERS or (char > "\x9f" and char.isprintable() and not char.isspace())


def id_authority(site: str, year: int) -> str:
    """The authority of a site's ids, and the start of their names: ``example.com,2026:blog/``.

    `site` is the site's URL. The host is without ``www.``; the path follows, because sites
    can share a host. Returns ``""`` if the host is not a name, such as ``[::1]``.
    """
    parts = urlsplit(http_url(site))
    host = (parts.hostname or "").removeprefix("www.").removesuffix(".")
    if not re.fullmatch(r"[a-z0-9._-]+", host):
        return ""
    path = parts.path.strip("/")
    return f"{host},{year}:{path}/" if path else f"{host},{year}"
