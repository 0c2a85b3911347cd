"""The link of an entry: a post's fields and body -> the source article, or the post's own page.

No address is ever fetched.
"""

from __future__ import annotations

import re

from msgspec import Struct

from feeds.config import Config
from feeds.reading.field_lookup import Fields
from feeds.reading.front_matter.parse import FrontMatter
from feeds.urls import http_url


class EntryLink(Struct, frozen=True):
    """The link of an entry."""

    url: str
    """An absolute http(s) address."""
    rule: str
    """What it is from: a front matter field or ``body``; ``""`` for the post's own page."""
    body: str
    """The post's body, without the link if it ends with this one."""


def entry_link(fields: Fields, front_matter: FrontMatter, page: str, config: Config) -> EntryLink:
    """The source article that a field names, else the body's link, else the post's `page`.

    Reports a field that is not a full web address, and a link without an address (``<>``).
    """
    body = front_matter.body
    source = find_source_link(body) if config.posts.link_in_body else None
    for name, value in fields.filled(config.posts.link_keys):
        if not isinstance(value, str):
            continue
        if url := http_url(value):
            return EntryLink(url, name, source.body if source and source.url == url else body)
        what = f"{name}: {value[:60]!r} is not a full web address"
        fields.report(name, what, "write it like https://example.com/article", "warning")
    if source is None:
        return EntryLink(page, "", body)
    if source.url:
        return EntryLink(source.url, "body", source.body)
    line = front_matter.body_line + source.line
    what = "the link to the source article is empty"
    fields.warn_at_line(line, what, "write its address between < and >")
    return EntryLink(page, "", source.body)


# --- the link in the body ------------------------------------------------------------------------


class SourceLink(Struct, frozen=True):
    """The link that a body ends with."""

    url: str
    """``""`` if there is nothing between its ``<`` and ``>``."""
    body: str
    """The body without the link and the navigation links below it."""
    line: int
    """The line of the link in the body, from 0."""


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
    """The lone link that a body ends with; at most three lines of navigation links may follow it.

    A link is lone when it has its line to itself, and a blank line (or the start of the body, or
    the end of HTML) before it. It is not the source if the text before it announces a list or a
    reference: other lone links, a heading, a rule, a line that ends in a colon.
    """
    lines = body.rstrip().split("\n")
    at = _last_link_line(lines)
    if at is None or _follows_text(lines, at) or _is_announced(lines[:at]):
        return None
    if any(_lone_url(line) for line in lines[:at]):
        return None
    return SourceLink(_lone_url(lines[at]), "\n".join(lines[:at]).rstrip(), at)


def _last_link_line(lines: list[str]) -> int | None:
    """The line of the last lone link (or ``<>``), if only navigation links are below it."""
    footers = 0
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at].strip()
        if line == "<>" or _lone_url(line):
            return at
        if line and not _is_navigation(lines[at]):
            return None
        footers += bool(line)
        if footers > 3:
            return None
    return None


def _follows_text(lines: list[str], at: int) -> bool:
    """Return whether the line above is text of the same paragraph, and not the end of HTML."""
    above = lines[at - 1].rstrip() if at else ""
    return bool(above) and not above.endswith(">")


def _is_announced(lines: list[str]) -> bool:
    """Return whether the last line with text introduces the next: a colon, a heading, a rule."""
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return last.endswith((":", "：")) or bool(re.match(r"#{1,6}\s|[-*_=]{3,}$", last))


def _lone_url(line: str) -> str:
    """The address of a link that has the line to itself; else ``""``."""
    line = line.strip()
    if line[:1] not in ("<", "h", "H"):
        return ""
    if autolink := _AUTOLINK.fullmatch(line):
        return http_url(autolink[1])
    if _BARE.fullmatch(line):
        return http_url(line)
    if (anchor := _ANCHOR.fullmatch(line)) and http_url(anchor[1]) == http_url(anchor[2]):
        return http_url(anchor[1])
    return ""


def _is_navigation(line: str) -> bool:
    """Return whether a line has links and their separators only, as a footer has."""
    return len(line) < 4000 and bool(_LINK.search(line)) and bool(_NAVIGATION.fullmatch(line))
