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
_TOKEN = re.compile(
    rf"""(?P<fence>^[ ]{{0,3}}(?:`{{3,}}|~{{3,}}))
    |(?P<code>(?<!`)`++[^`\n]++`++)
    |(?P<below><!--\s*+(?:{_READERS}[\s_-]*(?:members?[\s_-]*)?only|(?:wp:[\w-]+/)?paywall)\b[^>]{{0,200}}+>)
    |<!--\s*+kg-gated-block:begin\b(?P<gate_options>[^>]{{0,500}}+)>
    |\{{\{{[<%][ \t]*+(?P<shortcode>{_LOCKS})(?![\w/-])[^{{}}]*+\}}\}}
    |\{{%-?[ \t]*+(?P<tag>(?!end){_LOCKS})(?![\w/-])[^{{}}]*+\}}""",
    re.MULTILINE | re.VERBOSE | re.IGNORECASE,
)
_GATE_END = re.compile(r"<!--\s*+kg-gated-block:end\b[^>]{0,200}+>", re.IGNORECASE)


class PublicText(Struct, frozen=True):
    """The part of a body that everybody may read."""

    text: str
    """It."""
    marker: str = ""
    """The first marker or the first start of a locked block, on one line; ``""``: all is public."""
    is_preview: bool = False
    """Whether a marker ends the public part. Then the text above it is public on purpose, also if
    the front matter says that the post is for members (https://ghost.org/help/public-previews/)."""


def public_text(body: str, *, is_markdown: bool) -> PublicText:
    """The part of a body that everybody may read."""
    if "<!--" not in body and "{" not in body:
        return PublicText(body)
    parts: list[str] = []
    at, fence, marker = 0, "", ""
    while token := _TOKEN.search(body, at):
        end = token.end()
        if token["fence"] or token["code"]:
            mark = (token["fence"] or "").strip()
            if is_markdown and mark and not fence:
                fence = mark
            elif mark.startswith(fence):
                fence = ""
        elif not fence and "nonmember:true" not in (token["gate_options"] or "").lower():
            marker = marker or " ".join(token[0].split())[:40]
            if token["below"]:
                return PublicText("".join([*parts, body[at : token.start()]]), marker, True)
            parts.append(body[at : token.start()])
            close = _end_of_block(token).search(body, end)
            end = close.end() if close else len(body)
            at = end
            continue
        parts.append(body[at:end])
        at = end
    return PublicText("".join([*parts, body[at:]]), marker)


def _end_of_block(token: re.Match[str]) -> re.Pattern[str]:
    """The end of a locked block that starts with `token`."""
    if token["shortcode"]:
        name = re.escape(token["shortcode"])
        return re.compile(rf"\{{\{{[<%][ \t]*/[ \t]*{name}[^{{}}]*\}}\}}", re.IGNORECASE)
    if token["tag"]:
        return re.compile(rf"\{{%-?[ \t]*end{re.escape(token['tag'])}[^{{}}]*%\}}", re.IGNORECASE)
    return _GATE_END
