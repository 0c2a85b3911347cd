"""Sanitised HTML, or a line of Markdown -> plain text on one line."""

from __future__ import annotations

import html
import re

from feeds.config import Limits
from feeds.reading.content.markdown import ContentTooLarge
from feeds.reading.content.render import Place, render
from feeds.text import one_line, plain_text

_ELEMENT = re.compile(r'</?([a-z][a-z0-9]*+)(?:"[^"]*+"|[^"<>]++)*+>')
# fmt: off
_INLINE = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em",
    "i", "ins", "kbd", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small", "span",
    "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
})
# fmt: on


# An embedded video is not text for a summary: a player, or a link alone in a paragraph, with the
# still of a film, an address, or the title that YouTube gives to every film.
_EMBED = re.compile(
    r'<p>\s*+<a href="[^"]*+">(?:<img src="https://img\.youtube\.com/[^<>]*+><br>[^<]*+'
    r"|(?:<img [^<>]*+><br>)?https?:[^<\s]*+|YouTube video player)</a>\s*+</p>"
    r"|<(video|audio)\b[^<>]*+>(?:[^<]++|<(?!/?(?:video|audio)\b))*+</\1>"
)


_FOOTNOTE_MARK = re.compile(r'<sup[^<>]*+>\s*+<a href="#[^<>]*+>[^<]*+</a>\s*+</sup>')
_FOOTNOTES = re.compile(r'<ol>\s*+<li id="[^"]*-fn[-:].*', re.DOTALL)


def html_to_text(clean: str) -> str:
    """The text of sanitised HTML on one line, without its footnotes."""
    if 'href="#' in clean:
        clean = _FOOTNOTES.sub("", _FOOTNOTE_MARK.sub("", clean))
    clean = _EMBED.sub(" ", clean)
    spaced = _ELEMENT.sub(lambda tag: "" if tag[1] in _INLINE else " ", clean)
    return one_line(html.unescape(spaced))


_MARKED_UP = re.compile(r"[*_`<&\[\\{~]")


def markdown_to_text(text: str, limits: Limits) -> str:
    """The text of a line or two of Markdown or HTML, such as a description in front matter."""
    if not _MARKED_UP.search(text):
        return one_line(text)
    try:
        place = Place("https://base.invalid/")
        return html_to_text(render(text, place, limits, is_markdown=True).html)
    except ContentTooLarge:
        return plain_text(text)
