"""Balanced HTML -> the elements that the other modules replace, and the text between them.

Everything else stays text. So the cost of a post is that of its images and embeds, and not that of
all its tags.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import TypeAlias

from feeds.reading.content.media.elements import PASSED
from feeds.reading.content.tag_balancer import TAG, attributes

_ELEMENTS = PASSED | {"audio", "img", "source", "track", "video"}
_VOID = frozenset({"embed", "img", "param", "source", "track"})
_FORMULAS = frozenset(
    {
        "katex",
        "katex-display",
        "mathjax",
        "mathjax_chtml",
        "mathjax_display",
        "mathjax_preview",
        "mathjax_svg",
        "mjx-chtml",
        "mwe-math-element",
    }
)
_MATH_CLASS = r"span(?=[^>]*(?:katex|mathjax|mjx-|mwe-math))"
_NAMES = "|".join(sorted(_ELEMENTS - {"img"}))
# Text, and tags of other elements. Links and paragraphs are read because a link must not be in one.
_PLAIN = re.compile(
    rf"(?:[^<]++|(?!</?(?:a|p|img|{_NAMES})[\s/>]|<{_MATH_CLASS}){TAG.pattern})*+", re.IGNORECASE
)
_MOST_NESTED = 40


class Element:
    """An element with its content. `name` and the names of its attributes are in lower case."""

    def __init__(self, tag: re.Match[str], is_in_link: bool, is_in_paragraph: bool) -> None:
        self.name = tag["name"].lower()
        self.start = tag[0]
        self.is_in_link, self.is_in_paragraph = is_in_link, is_in_paragraph
        self.attributes: dict[str, str] = {}
        """The values, with their character references decoded."""
        for attribute in attributes(tag["attributes"]):
            value = attribute["value"] or ""
            if value[:1] in ('"', "'"):
                value = value[1:-1]
            self.attributes.setdefault(attribute["name"].lower(), html.unescape(value).strip())
        self.content: list[Node] = []

    def text_of(self, *names: str) -> str:
        """The first of these attributes that is not empty."""
        return next(filter(None, (self.attributes.get(name, "") for name in names)), "")

    def elements(self, *names: str) -> Iterator[Element]:
        """The elements of these names in the content."""
        for node in self.content:
            if isinstance(node, Element) and node.name in names:
                yield node

    @property
    def text(self) -> str:
        """The text in the content, without its tags; with its character references."""
        return TAG.sub("", "".join(node for node in self.content if isinstance(node, str)))

    @property
    def source(self) -> str:
        """The source in an element whose content is not HTML."""
        return html.unescape(self.text)

    @property
    def is_formula(self) -> bool:
        """Whether it is what a program has drawn in place of a formula."""
        return self.name == "span" or self.name == "mjx-container"


Node: TypeAlias = Element | str


def parse_media(source: str) -> list[Node]:
    """The elements to replace, and the HTML between them, in order."""
    return _Parser(source).nodes()


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.links = self.paragraphs = 0
        self.top: list[Node] = []
        self.open: list[tuple[str, list[Node]]] = []

    def nodes(self) -> list[Node]:
        """Read the text as a whole."""
        source, start, at = self.source, 0, 0
        while at < len(source):
            plain = _PLAIN.match(source, at)
            tag = TAG.match(source, plain.end() if plain else at)
            if tag is None:  # not in balanced HTML
                break
            at = tag.end()
            name = tag["name"].lower()
            if name == "a":
                self.links += -1 if tag["end"] else 1
                continue
            if name == "p":
                self.paragraphs += -1 if tag["end"] else 1
                continue
            if name == "span" and not self._is_formula(tag):
                continue
            self._add(source[start : tag.start()])
            start = at = self._read(name, tag)
        self._add(source[start:])
        return self.top

    def _add(self, node: Node) -> None:
        if node:
            (self.open[-1][1] if self.open else self.top).append(node)

    def _read(self, name: str, tag: re.Match[str]) -> int:
        """Read a start or end tag; returns the offset to go on from."""
        if tag["end"]:
            if self.open and self.open[-1][0] == name:
                self.open.pop()
            return tag.end()
        if len(self.open) >= _MOST_NESTED:  # its content is that of the element around it
            if name not in _VOID:
                self.open.append((name, self.open[-1][1]))
            return tag.end()
        element = Element(tag, self.links > 0, self.paragraphs > 0)
        self._add(element)
        if name == "span":
            end = self._end_of_span(tag.end())
            element.content.append(self.source[tag.end() : end])
            return end
        if name not in _VOID:
            self.open.append((name, element.content))
        return tag.end()

    def _is_formula(self, tag: re.Match[str]) -> bool:
        for attribute in attributes(tag["attributes"]):
            if attribute["name"].lower() == "class":
                value = (attribute["value"] or "").strip("\"'")
                return not _FORMULAS.isdisjoint(value.lower().split())
        return False

    def _end_of_span(self, start: int) -> int:
        """The offset behind the end tag of a span whose content starts at `start`."""
        depth = 1
        for tag in TAG.finditer(self.source, start):
            if tag["name"].lower() == "span":
                depth += -1 if tag["end"] else 1
            if not depth:
                return tag.end()
        return len(self.source)
