"""Turns any text into plain text for feeds: no control characters, one line, a limited length."""

from __future__ import annotations

import html
import re
import unicodedata

# XML 1.0 (2.2) forbids these characters; YAML forbids the C1 controls. Tab and newline stay.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_ALLOWED_ASCII = b"\t\n" + bytes(range(0x20, 0x7F))


def without_controls(text: str) -> str:
    """`text` without the characters that a feed cannot contain."""
    if text.isascii() and (text.isprintable() or not text.encode().translate(None, _ALLOWED_ASCII)):
        return text  # the usual case, ten times as fast
    return _FORBIDDEN.sub("", text)


def same_line_ends(text: str) -> str:
    """`text` with ``\\n`` as its only line end, and without control characters."""
    return without_controls(text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n"))


# Bidirectional embeddings, overrides and isolates: an unclosed one reorders the text after it. The
# bidirectional marks are harmless and stay.
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# The tags that are removed from a title or a name. Others are text: Vec<T>.
_INLINE_TAG = re.compile(
    r"</?(?:a|abbr|b|big|cite|code|del|em|font|i|img|ins|kbd|mark|q|s|small|span|strong|sub"
    r"|sup|tt|u|var|wbr)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)

# These end a line, so a space stays in their place.
_LINE_BREAK = re.compile(r"</?(?:br|hr|p)(?:\s[^<>]*)?/?>", re.IGNORECASE)
# Other tags of blocks may be what a title is about ("When to use <table>"). Pairs are markup.
_BLOCK = re.compile(
    r"<(address|article|aside|blockquote|center|dd|div|dl|dt|figcaption|figure|footer|h[1-6]|header"
    r"|li|main|nav|ol|pre|section|table|tbody|td|tfoot|th|thead|tr|ul)(?:\s[^<>]*)?>"
    r"(?P<inner>(?:(?!<\1[\s>]).)*?)</\1\s*>",
    re.IGNORECASE | re.DOTALL,
)
_MAX_NESTED_BLOCKS = 10


def one_line(text: str) -> str:
    """`text` on one line, without control characters; each run of white space becomes one space."""
    text = without_controls(text)
    return " ".join((text if text.isascii() else _BIDI_CONTROLS.sub("", text)).split())


def plain_text(text: str) -> str:
    """A title or a name as plain text: tags removed, entities decoded, on one line."""
    if "<" in text:
        text = _LINE_BREAK.sub(" ", _INLINE_TAG.sub("", text))
        for _ in range(_MAX_NESTED_BLOCKS):
            text, pairs = _BLOCK.subn(r" \g<inner> ", text)
            if not pairs:
                break
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    return one_line(unicodedata.normalize("NFC", text))


_MARKDOWN = re.compile(
    r"!?\[(?P<link>[^\[\]]*+)\]\((?P<address>[^()\s]*+)(?:\s[^()]*+)?\)"
    r"|(?<!`)`(?P<code>[^`]++)`(?!`)|\*\*(?=[^\s*])(?P<strong>[^*]++)(?<!\s)\*\*"
)


def without_markdown(text: str) -> str:
    """A title or a name without Markdown that cannot mean anything else: links, code, ``**a**``."""
    if not any(sign in text for sign in ("](", "`", "**")):
        return text
    return _MARKDOWN.sub(lambda found: "".join(filter(None, found.group(1, 3, 4))), text)


_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
"""Unicode categories of characters that show nothing."""


def has_visible_text(text: str) -> bool:
    """Return whether `text` has a character that can be seen."""
    return any(unicodedata.category(char) not in _INVISIBLE for char in text)


_SENTENCE_END = re.compile(r"[。！？!?.；;…](?=[\s”’」』）)\"']|$|[^\x00-\x7f])")


def truncate(text: str, length: int) -> str:
    """At most `length` characters of `text`, cut after a sentence or else after a word.

    A cut in the first half is not used, so that the result never gets very short.
    """
    if len(text) <= length:
        return text
    cut = text[:length]
    ends = [match.end() for match in _SENTENCE_END.finditer(cut)]
    if ends and ends[-1] >= length // 2:
        return cut[: ends[-1]]
    space = cut.rfind(" ")
    return (cut[:space] if space >= length // 2 else cut[:-1]).rstrip(" ,;:，、；：") + "…"


def language_tag(value: str) -> str:
    """`value` as a language tag (RFC 5646); ``""`` if it does not have the form of one."""
    tag = value.replace("_", "-")
    return tag if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", tag) else ""


def is_word(char: str) -> bool:
    """Return whether a character is a letter, a mark or a decimal digit, in any script."""
    category = unicodedata.category(char)
    return category[0] in "LM" or category == "Nd"
