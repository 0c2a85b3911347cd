"""The head of a page in HTML, where Pelican has the fields of a post -> the fields.

``<title>`` is the title, and ``<meta name="date" content="…">`` a field
(https://docs.getpelican.com/en/latest/content.html).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

from feeds.reading.content.tag_balancer import COMMENT, TAG, attributes
from feeds.reading.front_matter.formats import FrontMatterFormat, Value
from feeds.reading.front_matter.plain_fields import TEXTS, value_of

_START = re.compile(r"\s*+<(?:!doctype[\s]++html|html|head)[\s>]", re.IGNORECASE)
_BODY_END = re.compile(r"</body\s*+>", re.IGNORECASE)
_TEXT_ONLY = frozenset(("title", "script", "style", "noscript", "template"))
"""Elements whose text holds no fields."""
_TEXT_END = re.compile(r"</(?P<name>title|script|style|noscript|template)[\s/>]", re.IGNORECASE)


class HeadField(NamedTuple):
    """A field in the head, or the start of the body: then its name is ``""``."""

    name: str
    """The name as it is written."""
    value: str
    """The title as HTML, or the value of ``content``."""
    at: int
    """The offset of the value in the text; of the body, its start."""


def head_fields(text: str) -> Iterator[HeadField]:
    """The fields of the head that `text` starts with, and then the body, if there are any."""
    at = 0 if _START.match(text) else len(text)
    while (start := text.find("<", at)) >= 0:
        tag = TAG.match(text, start)
        if tag is None:
            if text[start + 1 : start + 2].isalpha():
                return  # the tag has no end
            comment = COMMENT.match(text, start)
            at = comment.end() if comment else start + 1
            continue
        at, name = tag.end(), "" if tag["end"] else tag["name"].lower()
        if name == "body":
            yield HeadField("", "", at)
            return
        if name == "meta":
            yield from _meta(tag)
        elif name in _TEXT_ONLY:
            ends = _TEXT_END.finditer(text, at)
            end = next((end for end in ends if end["name"].lower() == name), None)
            if end is None:
                return
            if name == "title":
                yield HeadField(name, text[at : end.start()].strip(), at)
            at = end.start()


def _meta(tag: re.Match[str]) -> Iterator[HeadField]:
    """The field in a tag ``<meta name="…" content="…">``."""
    start = tag.start("attributes")
    found = {one["name"].lower(): one for one in attributes(tag["attributes"])}
    name, content = found.get("name"), found.get("content")
    if name and content and (text := _text(name)):
        yield HeadField(text, _text(content), start + max(content.start("value"), 0))


def _text(attribute: re.Match[str]) -> str:
    """The value of an attribute as text."""
    value: str = attribute["value"] or ""
    return html.unescape(value[1:-1] if value[:1] in ("'", '"') else value).strip()


def find_body(text: str) -> tuple[int, int] | None:
    """The start and the end of the body of a post in HTML.

    None unless its head has a title and a date: many pages with a head are not posts.
    """
    fields = list(head_fields(text))
    names = {field.name.lower() for field in fields}
    if not {"title", "date", ""} <= names:
        return None
    start = fields[-1].at
    ends = [end.start() for end in _BODY_END.finditer(text, start)]
    return start, ends[-1] if ends else len(text)


class HtmlFormat(FrontMatterFormat):
    """The head of a page; the source is all above the body."""

    def parse_fields(self, source: str) -> dict[str, Value]:
        """The fields. One that appears several times is a list, or the first text. Never raises."""
        texts: dict[str, list[str]] = {}
        for field in head_fields(source):
            name = field.name.lower()
            if name and name not in texts:
                column = field.at - source.rfind("\n", 0, field.at)
                self.places[name] = self.line + source.count("\n", 0, field.at), column
                texts[name] = [field.value]
            elif name and name not in TEXTS:
                texts[name].append(field.value)
        return {name: value_of(name, values) for name, values in texts.items()}
