"""HTML in Markdown, where a dialect reads it otherwise than CommonMark does.

In CommonMark (0.31.2, 4.6), a line of HTML goes on up to the next blank line. In kramdown and
Python-Markdown it ends with its element, tags such as ``<img>`` and ``<a>`` are part of a
paragraph, and ``markdown="1"`` says that the text in an element is Markdown.
"""

from __future__ import annotations

import re

_BLOCK = "address|article|aside|blockquote|center|dd|details|div|dl|dt|fieldset|figcaption|figure"
_BLOCK += "|footer|h[1-6]|header|li|main|nav|ol|p|pre|section|summary|table|ul"
_ONE_LINE = re.compile(
    rf"^(?P<line>[ ]{{0,3}}<(?P<name>{_BLOCK})\b[^<>\n]*+>.*</(?P=name)>[ \t]*)\n"
    r"(?=[ ]{0,3}[^\s<])",
    re.MULTILINE | re.IGNORECASE,
)
_END_OF_MEDIA = re.compile(
    r"^(?P<line>[^\n]*(?:</(?:audio|blockquote|iframe|object|script|video)>|<(?:embed|hr)\b[^<>]*+>)"
    r"[ \t]*)\n(?=[ ]{0,3}[^\s<])",
    re.MULTILINE | re.IGNORECASE,
)
_SPAN = re.compile(
    r"^([ ]{0,3})(?=</?(?:a|abbr|b|br|code|em|font|i|img|small|span|strong|sub|sup|u)\b[^<>]*+>"
    r"[ \t]*+$)",
    re.MULTILINE | re.IGNORECASE,
)
_OF_MARKDOWN = re.compile(
    r"^(?P<tag>[ ]{0,3}<[a-z][a-z0-9]*+\b[^<>]*?\smarkdown\s*=\s*[\"']?(?:1|block|span|true)\b"
    r"[^<>]*+>)[ \t]*+\n?(?!\n)",
    re.MULTILINE | re.IGNORECASE,
)


_TAG_ALONE = re.compile(
    r"^(?P<tag>[ ]{0,3}<[a-z][\w-]*+[^<>]*+>)[ \t]*+\n(?=[ ]{0,3}[^\s<])",
    re.MULTILINE | re.IGNORECASE,
)


def with_markdown_in_all_html(text: str) -> str:
    """The text with a blank line behind each tag that has a line to itself, as in MDX."""
    return _TAG_ALONE.sub(r"\g<tag>\n\n", text)


def has_markdown_in_html(text: str) -> bool:
    """Return whether an element says that the text in it is Markdown."""
    return "markdown=" in text


def with_markdown_in_html(text: str) -> str:
    """The text with a blank line behind each tag that says ``markdown="1"``."""
    return _ONE_LINE.sub(r"\g<line>\n\n", _OF_MARKDOWN.sub(r"\g<tag>\n\n", text))


def with_short_blocks(text: str, nothing: str) -> str:
    """The text so that HTML ends with its element; `nothing` is a word that shows nothing."""
    text = _END_OF_MEDIA.sub(r"\g<line>\n\n", _ONE_LINE.sub(r"\g<line>\n\n", text))
    return _SPAN.sub(rf"\1{nothing}", text)
