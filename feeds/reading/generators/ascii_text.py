"""Writes text in ASCII as site generators do for addresses: ``Über`` -> ``Uber``.

Pelican (Unidecode) and Zola (deunicode) have tables for all of Unicode. Here are only the Latin
letters and the usual signs, which are the same in both. Other characters stay, so that the caller
can say that the address is not known.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LATIN = (range(0xC0, 0x1BC), range(0x1C4, 0x234), range(0x1E00, 0x1EFA))
"""Letters of the languages of Europe, of Vietnam and of transcriptions."""
_NAME = re.compile(r"LATIN (SMALL|CAPITAL) LETTER ([A-Z]|AE|IJ|LJ|NJ|DZ)(?: WITH .*)?")
"""Unicode's name of a letter that is another one with a mark: ``Ø`` is an O with a stroke."""
_OTHERS = str.maketrans({
    "Ð": "D", "ð": "d", "Þ": "Th", "þ": "th", "ß": "ss", "ẞ": "SS", "ı": "i", "ĸ": "k",
    "ŉ": "'n", "Ŋ": "NG", "ŋ": "ng", "Œ": "OE", "œ": "oe", "ǝ": "@", "Ə": "@", "µ": "m",
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
    "‹": "'", "›": "'", "′": "'", "″": '"', "¡": "!", "¿": "?", "•": "*", "·": "*", "…": "...",
    "⁄": "/", "‐": "-", "‑": "-", "–": "-", "—": "--", "―": "--", "−": "-", "→": "-", "←": "-",
    "\xa0": " ", "×": "x", "°": "deg", "©": "(c)", "®": "(r)", "€": "EUR",
})  # fmt: skip


def ascii_text(text: str) -> str:
    """The text with its Latin letters and usual signs in ASCII; other characters stay."""
    if text.isascii():
        return text
    composed = unicodedata.normalize("NFC", text)
    return "".join(map(_ascii_letter, composed)).translate(_OTHERS)


@lru_cache(1024)
def _ascii_letter(char: str) -> str:
    """A Latin letter without its marks; another character as it is."""
    if not any(ord(char) in letters for letters in _LATIN):
        return char
    base = unicodedata.normalize("NFKD", char)[0]
    if base.isascii():
        return base
    letter = _NAME.fullmatch(unicodedata.name(base, ""))
    if not letter:
        return char
    return letter[2] if letter[1] == "CAPITAL" else letter[2].lower()
