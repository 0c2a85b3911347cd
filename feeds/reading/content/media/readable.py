"""Balanced HTML -> the same with images, links and text in place of what only browsers show.

It decides what is shown of elements that stand for one another: the image that waits and its
``<noscript>``, a formula and its drawing. Nothing is fetched.
"""

from __future__ import annotations

import re
from html import escape, unescape

from feeds.reading.content.media.embeds import (
    embed_of,
    embedded_image,
    is_embedded_image,
    media_tag,
)
from feeds.reading.content.media.formulas import formula_text, marked_tex, mathml_in
from feeds.reading.content.media.images import (
    address_of_image,
    image_tag,
    is_hidden,
    is_placeholder,
    picture_tag,
    svg_text,
)
from feeds.reading.content.media.tree import Element, Node, parse_media

_NO_TEXT = re.compile(r"(?:\s++|</?[A-Za-z](?:\"[^\"]*+\"|'[^']*+'|[^<>\"'])*+>)*+")
_MOST_BETWEEN = 500
"""Characters of tags that may be between an image and its ``<noscript>``."""
_IMAGES = frozenset({"amp-anim", "amp-img", "img", "picture"})
_PLAYED = frozenset({"amp-audio", "amp-video", "audio", "video"})


def readable_media(source: str, base: str) -> str:
    """Balanced HTML for feed readers. Relative addresses of embeds are relative to `base`."""
    return _Media(base).html_of(parse_media(source))


class _Media:
    """Replaces the elements of one text."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.shown: set[str] = set()
        """The addresses of the images and embeds outside of ``<noscript>``."""

    def html_of(self, nodes: list[Node]) -> str:
        """The HTML in place of the nodes of one element."""
        out: list[str] = []
        addresses: list[str | None] = []
        """The address of each image or embed, ``""`` if it has none; None for other nodes."""
        for node in nodes:
            html, address = (node, None) if isinstance(node, str) else self._replaced(node)
            out.append(html)
            addresses.append(address)
            if address:
                self.shown.add(address)
        for at, node in enumerate(nodes):
            if isinstance(node, str):
                continue
            if node.name == "noscript":
                self._show_noscript(at, nodes, out, addresses)
            elif node.name == "script":
                for other in self._beside(at, -1, nodes):
                    if not _is_formula(nodes[other]):
                        break
                    out[other] = ""
        return "".join(out)

    def _replaced(self, element: Element) -> tuple[str, str | None]:
        """The HTML in place of an element, and its address if it is an image or an embed."""
        name = element.name
        if name in _IMAGES:
            return self._image(element)
        if name in _PLAYED:
            html, address = media_tag(element, self.base)
            return html or self.html_of(_without(element, "source", "track")), address
        if name == "svg":
            return svg_text(element), None
        if name == "math":
            return _paragraph(formula_text(element.start, element.source), element), None
        if name == "script":
            is_display = "display" in element.attributes.get("type", "").lower()
            return _paragraph(marked_tex(element.source, is_display), element), None
        if element.is_formula:
            return self._drawn_formula(element), None
        if name in ("noscript", "param", "source", "track"):
            return "" if name in ("noscript", "param") else element.start, None
        return self._embed(element)

    def _image(self, element: Element) -> tuple[str, str]:
        if element.name == "picture":
            html, address = picture_tag(element)
        else:
            address = address_of_image(element)
            html = image_tag(element, address) if address else ""
        if is_placeholder(address):
            address = ""
        if not address and element.content:
            html = self.html_of(list(element.elements("noscript"))) or html
        return html, address

    def _embed(self, element: Element) -> tuple[str, str | None]:
        if element.name in ("embed", "object") and is_embedded_image(element):
            inner = "".join(self._image(image)[0] for image in element.elements(*_IMAGES))
            return inner or embedded_image(element), None
        embed = embed_of(element, self.base)
        if element.name == "object":
            if not embed.address:
                return self.html_of(_without(element, "embed", "param")), None
            if not embed.still:
                images = (self._image(image)[0] for image in element.elements(*_IMAGES))
                embed = embed._replace(still=next(images, ""))
        return embed.html(element), embed.address

    def _drawn_formula(self, element: Element) -> str:
        """The text in place of what MathJax or KaTeX has drawn."""
        for math in element.elements("math"):
            return _paragraph(formula_text(math.start, math.source), element)
        formula = mathml_in(element.text if element.name != "span" else str(element.content[0]))
        if not formula and (written := element.attributes.get("data-mathml")):
            formula = mathml_in(written, is_source=True)
        if formula:
            return _paragraph(formula, element)
        if element.name == "span":
            return escape(unescape(element.text), quote=False)
        label = element.text_of("data-latex", "aria-label")
        return escape(label, quote=False) or element.text

    def _show_noscript(
        self, at: int, nodes: list[Node], out: list[str], addresses: list[str | None]
    ) -> None:
        """Show the images and embeds of a ``<noscript>``, if nothing else stands for them."""
        noscript = nodes[at]
        assert isinstance(noscript, Element)
        inside = _Media(self.base)
        pieces: list[str] = []
        for element in noscript.content:
            if isinstance(element, Element) and not is_hidden(element):
                html, address = inside._replaced(element)
                if address and address not in self.shown:
                    pieces.append(html)
                    inside.shown.add(address)
        if not pieces:
            return
        beside = [
            next((other for other in self._beside(at, step, nodes) if _is_media(nodes[other])), -1)
            for step in (-1, 1)
        ]
        known = [other for other in beside if other >= 0 and addresses[other] is not None]
        for other in known:
            if addresses[other] == "":
                out[other] = "".join(pieces)
                addresses[other] = None
                break
        else:
            if known:
                return
            out[at] = "".join(pieces)
        self.shown |= inside.shown

    def _beside(self, at: int, step: int, nodes: list[Node]) -> list[int]:
        """The next elements before or after a node, with no text between them and it."""
        found: list[int] = []
        at += step
        while 0 <= at < len(nodes) and len(found) < 2:
            node = nodes[at]
            if isinstance(node, Element):
                found.append(at)
            elif len(node) > _MOST_BETWEEN or not _NO_TEXT.fullmatch(node):
                break
            at += step
        return found


def _without(element: Element, *names: str) -> list[Node]:
    """The content of an element without the elements of these names."""
    return [node for node in element.content if isinstance(node, str) or node.name not in names]


def _is_formula(node: Node) -> bool:
    return isinstance(node, Element) and node.is_formula


def _is_media(node: Node) -> bool:
    return isinstance(node, Element) and node.name != "noscript"


def _paragraph(formula: str, place: Element) -> str:
    """A formula, which is a paragraph if it is displayed."""
    if formula.startswith("$$") and not place.is_in_paragraph:
        return f"<p>{formula}</p>"
    return formula
