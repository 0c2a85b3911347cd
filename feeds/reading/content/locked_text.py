"""The body of a post -> the part that everybody may read; what it locks is cut out.

A body locks text with a marker, below which the text is for members, or with the start and the end
of a locked block. Markers in code are text. The parser that renders the Markdown finds the code, so
that nothing is code here and text in the feed. Where the two could differ, the marker locks.
"""

from __future__ import annotations

import hashlib
import re

from msgspec import Struct

from feeds.config import Limits
from feeds.reading.content.dialect import Dialect
from feeds.reading.content.markdown import ContentTooLarge, code_in_markdown
from feeds.reading.content.templates.marks import mask

_READERS = r"(?:members?|subscribers?|patrons?|supporters?|sponsors?|paid|paying|premium)"
_LOCKS = (
    rf"(?:[\w-]{{1,40}}-)?(?:encrypt(?:or|ed)?|password|protect(?:ed)?|locked|paywall|{_READERS}[_-]?only)"
    r"(?:-(?:content|text|block|area))?"
)
_COMMENT = rf"""<!--\s*+(?:
    (?P<below>(?:{_READERS}[\s_-]*(?:members?[\s_-]*)?only|(?:wp:[\w-]+/)?paywall)\b[^>]{{0,200}}+>)
    |kg-gated-block:begin\b(?P<gate_options>[^>]{{0,500}}+)>)"""
_SHORTCODE = rf"\{{\{{[<%][ \t]*+(?P<shortcode>{_LOCKS})(?![\w/-])[^{{}}]*+\}}\}}"
_TAG = rf"\{{%-?[ \t]*+(?P<tag>(?!end){_LOCKS})(?![\w/-])[^{{}}]*+\}}"
_FLAGS = re.VERBOSE | re.IGNORECASE
_LOCK_STARTS = (
    re.compile(_COMMENT, _FLAGS),
    re.compile(_SHORTCODE, _FLAGS),
    re.compile(_TAG, _FLAGS),
)
"""One for each kind: the search is fast for an expression that starts with literal characters."""
_MARKER = re.compile("|".join((_COMMENT, _SHORTCODE, _TAG)), _FLAGS)
_GATE_END = re.compile(r"<!--\s*+kg-gated-block:end\b[^>]{0,200}+>", re.IGNORECASE)


class PublicText(Struct, frozen=True):
    """The part of a body that everybody may read."""

    text: str
    """It."""
    marker: str = ""
    """The first marker or the name of the first locked block; ``""``: all is public. It never has a
    password."""
    is_preview: bool = False
    """Whether a marker ends the public part. Then the text above it is public on purpose, also if
    the front matter says that the post is for members (https://ghost.org/help/public-previews/)."""


def public_text(body: str, dialect: Dialect, limits: Limits, *, is_markdown: bool) -> PublicText:
    """The part of a body that everybody may read."""
    if not any(start.search(body) for start in _LOCK_STARTS):
        return PublicText(body)
    in_code = _markers_in_code(body, dialect, limits) if is_markdown else frozenset()
    parts: list[str] = []
    at = next_search = 0
    marker = ""
    while token := _MARKER.search(body, next_search):
        next_search = token.end()
        if token.start() in in_code or _is_for_visitors(token["gate_options"]):
            continue
        marker = marker or _label(token)
        parts.append(body[at : token.start()])
        if token["below"]:
            return PublicText("".join(parts), marker, is_preview=True)
        close = _end_of_block(token).search(body, token.end())
        at = next_search = close.end() if close else len(body)
    return PublicText("".join([*parts, body[at:]]), marker)


def _markers_in_code(body: str, dialect: Dialect, limits: Limits) -> frozenset[int]:
    """The offsets of the markers that are in fenced code blocks and code spans of Markdown.

    The tokens of the parser have no offsets. So each marker gets a word of its own, behind the
    characters that it starts with; the words that are in code then tell which markers are.
    """
    word = f"marker{hashlib.sha256(body.encode()).hexdigest()}n"  # no text has its own hash
    offsets = [token.start() for token in _MARKER.finditer(body)]
    parts: list[str] = []
    at = 0
    for number, offset in enumerate(offsets):
        start = offset + (4 if body[offset] == "<" else 3 if body[offset + 1] == "{" else 2)
        parts += [body[at:start], f"{word}{number}-"]
        at = start
    marked = "".join([*parts, body[at:]])
    # The feed has the text with the marks of templates masked. Code may start elsewhere in it.
    try:
        masked = mask(marked, dialect.marks)
        texts = [
            "\n".join(code_in_markdown(marked, dialect.markdown, limits)),
            masked.restored("\n".join(code_in_markdown(masked.text, dialect.markdown, limits))),
        ]
    except ContentTooLarge:
        return frozenset()
    found = [{int(rest.partition("-")[0]) for rest in text.split(word)[1:]} for text in texts]
    in_code = (offsets[number] for number in set.intersection(*found))
    # Where the generator reads its marks in code too, only a comment there does nothing.
    return frozenset(at for at in in_code if body[at] == "<" or not dialect.marks_in_code)


def _is_for_visitors(gate_options: str | None) -> bool:
    """Return whether the start of a gated block says that visitors may read it."""
    return "nonmember:true" in (gate_options or "").lower()


def _label(token: re.Match[str]) -> str:
    """A marker or the start of a block, without its options: they may be a password."""
    if token["shortcode"]:
        return "{{< " + token["shortcode"] + " >}}"
    if token["tag"]:
        return "{% " + token["tag"] + " %}"
    return " ".join(token[0].split())[:40] if token["below"] else "kg-gated-block"


def _end_of_block(token: re.Match[str]) -> re.Pattern[str]:
    """The end of a locked block that starts with `token`."""
    if token["shortcode"]:
        name = re.escape(token["shortcode"])
        return re.compile(rf"\{{\{{[<%][ \t]*/[ \t]*{name}[^{{}}]*\}}\}}", re.IGNORECASE)
    if token["tag"]:
        name = re.escape(token["tag"])
        return re.compile(rf"\{{%-?[ \t]*end{name}[^{{}}]*%\}}", re.IGNORECASE)
    return _GATE_END
