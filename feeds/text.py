"""Plain text for feeds: without control characters, on one line, cut at a sentence."""

from __future__ import annotations

import html
import re
import unicodedata

# What XML 1.0 (2.2) cannot hold, and the C1 controls, which YAML cannot; tab and newline stay.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_HARMLESS = b"\t\n" + bytes(range(0x20, 0x7F))


def without_controls(text: str) -> str:
    """`text` without the characters that no feed can carry."""
    if text.isascii() and (text.isprintable() or not text.encode().translate(None, _HARMLESS)):
        return text  # in a tenth of the time
    return _CONTROLS.sub("", text)


# Embeddings, overrides and isolates would turn the text of others around; marks may stay.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# In a title or a name only these are markup: Vec<T> is text.
_TITLE_TAG = re.compile(
    r"</?(?:a|abbr|b|big|br|cite|code|del|em|font|i|img|ins|kbd|mark|p|q|s|small|span|strong|sub"
    r"|sup|tt|u|var|wbr)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)


def one_line(text: str) -> str:
    """`text` as one line: no controls, no bidi tricks, one space where there was any."""
    text = without_controls(text)
    return " ".join((text if text.isascii() else _BIDI.sub("", text)).split())


def plain_text(text: str) -> str:
    """A title or a name as a person reads it: no tags, entities decoded, one line."""
    if "<" in text:
        text = _TITLE_TAG.sub("", text)
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    return one_line(unicodedata.normalize("NFC", text))


_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})


def has_visible_text(text: str) -> bool:
    """Whether there is anything to see in `text`."""
    return any(unicodedata.category(char) not in _UNSEEN for char in text)


_END = re.compile(r"[。！？!?.；;…](?=[\s”’」』）)\"']|$|[^\x00-\x7f])")


def truncate(text: str, length: int) -> str:
    """At most `length` characters of `text`, cut after a sentence or a word where there is one."""
    if len(text) <= length:
        return text
    cut = text[:length]
    ends = [end.end() for end in _END.finditer(cut)]
    if ends and ends[-1] >= length // 2:
        return cut[: ends[-1]]
    space = cut.rfind(" ")
    return (cut[:space] if space >= length // 2 else cut[:-1]).rstrip(" ,;:，、；：") + "…"
