"""The link to the source article: a post's body -> the lone link that it ends with, and the rest.

Nothing named here is ever fetched.
"""

from __future__ import annotations

import re

from msgspec import Struct

from feeds.urls import http_url


class SourceLink(Struct, frozen=True):
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


def find_source_link(body: str) -> SourceLink | None:
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
    return SourceLink(url, "\n".join(lines[:at]).rstrip(), at)


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
