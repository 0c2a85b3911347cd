"""The body of a post -> the part that everybody may read; what it locks is cut out.

A body locks text with a marker, below which the text is for members, or with the start and the end
of a locked block. Markers in code are text.
"""

from __future__ import annotations

import re

from msgspec import Struct

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
_CODE = r"(?P<fence>^[ ]{0,3}(?:`{3,}|~{3,}))|(?P<code>(?<!`)`++[^`\n]++`++)"
_FLAGS = re.MULTILINE | re.VERBOSE | re.IGNORECASE
_LOCK_STARTS = (
    re.compile(_COMMENT, _FLAGS),
    re.compile(_SHORTCODE, _FLAGS),
    re.compile(_TAG, _FLAGS),
)
"""One for each kind: the search is fast for an expression that starts with literal characters."""
_IN_HTML = re.compile("|".join((_COMMENT, _SHORTCODE, _TAG)), _FLAGS)
_IN_MARKDOWN = re.compile("|".join((_CODE, _COMMENT, _SHORTCODE, _TAG)), _FLAGS)
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


def public_text(body: str, *, is_markdown: bool) -> PublicText:
    """The part of a body that everybody may read."""
    if not any(start.search(body) for start in _LOCK_STARTS):
        return PublicText(body)
    parts: list[str] = []
    at, fence, marker = 0, "", ""
    pattern = _IN_MARKDOWN if is_markdown else _IN_HTML
    next_search = 0
    while token := pattern.search(body, next_search):
        groups, next_search = token.groupdict(), token.end()
        if mark := groups.get("fence"):
            mark = mark.strip()
            if not fence:
                fence = mark
            elif mark.startswith(fence):
                fence = ""
        elif not (fence or groups.get("code") or _is_for_visitors(groups["gate_options"])):
            marker = marker or _label(token)
            parts.append(body[at : token.start()])
            if groups["below"]:
                return PublicText("".join(parts), marker, is_preview=True)
            close = _end_of_block(token).search(body, token.end())
            at = next_search = close.end() if close else len(body)
    return PublicText("".join([*parts, body[at:]]), marker)


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
