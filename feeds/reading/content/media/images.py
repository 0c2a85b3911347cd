"""The address and the text of an image: ``img``, ``picture``, ``svg``.

Scripts that load images when they are scrolled to keep the address in another attribute, and a
placeholder in ``src``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape

from feeds.reading.content.media.tree import Element

_SENSIBLE_WIDTH = 1600
"""The pixels that a reader can show; a larger image only takes longer to load."""
_THUMBNAIL_WIDTH = 300

# What scripts show in place of `src`, of the most widely used first.
# fmt: off
_LAZY = (
    "data-src", "data-lazy-src", "data-original", "data-lazy", "data-actualsrc", "data-orig-src",
    "data-lazy-original",
    "data-original-src", "data-cfsrc", "data-ezsrc", "data-opt-src", "data-pagespeed-lazy-src",
    "data-wpfc-original-src", "nitro-lazy-src", "data-breeze", "data-echo", "data-layzr",
    "data-ll-src", "data-flickity-lazyload", "data-flickity-lazyload-src", "data-litespeed-src",
    "data-croporisrc", "data-real-src", "data-srcx", "lazy-src", "lazysrc", "loadsrc", "_src",
    "original",
)
# fmt: on
_IMAGE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif|svg|bmp)(?:[?#]|$)", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"(?:^|[-_.])(?:placeholder|spacer|blank|loading|loader|lazy|lazyload|pixel|transparent|1x1"
    r"|dummy|empty|preload(?:er)?|lqip|gr[ae]y|clear|trans|none|spinner|space|white|nothing)"
    r"(?:$|[-_.\d])",
    re.IGNORECASE,
)
_CANDIDATE = re.compile(r"[\s,]*+(\S++)\s*+([^,(]*+(?:\([^)]*+\)?[^,(]*+)*+)")
_MOST_CANDIDATES = 100
_FORMATS = ("image/jpeg", "image/png", "image/gif", "", "image/webp", "image/svg+xml", "image/avif")


def address_in(value: str) -> str:
    """A value of an attribute, if it can be the address of a file or a page; else ``""``."""
    value = re.sub(r"[\t\n\r]", "", value).strip()
    if _SCHEME.match(value):
        return value if value.lower().startswith(("http://", "https://")) else ""
    return value if ("/" in value or "." in value) and not value.startswith(("#", "{", "[")) else ""


def is_image(address: str) -> bool:
    """Whether an address ends as those of images do."""
    return _IMAGE.search(address) is not None


def is_placeholder(address: str) -> bool:
    """Whether an address looks like that of a picture that a script replaces."""
    path = re.split(r"[?#]", address, maxsplit=1)[0]
    return _PLACEHOLDER.search(path.rstrip("/").rpartition("/")[2]) is not None


def address_of_image(image: Element, sources: Iterable[Element] = ()) -> str:
    """The address of the image that a browser would show in the end; ``""`` if there is none."""
    addresses = [address for address in _addresses(image, sources) if address]
    real = (address for address in addresses if not is_placeholder(address))
    return next(real, addresses[0] if addresses else "")


def image_tag(image: Element, address: str) -> str:
    """The tag of an image that is at `address`."""
    if image.name == "img" and address == image.attributes.get("src"):
        return image.start
    kept = {"src": address}
    for name in ("alt", "width", "height", "title"):
        value = image.attributes.get(name)
        if value is not None and not (name in ("width", "height") and _is_a_pixel(value)):
            kept[name] = value
    return "<img " + " ".join(f'{name}="{escape(value)}"' for name, value in kept.items()) + ">"


def picture_tag(picture: Element) -> tuple[str, str]:
    """The tag of the image of a ``picture``, and its address."""
    image = next(picture.elements("img", "amp-img"), picture)
    address = address_of_image(image, picture.elements("source"))
    return image_tag(image, address) if address else "", address


def is_hidden(element: Element) -> bool:
    """Whether an element is one that counts visitors, or is not shown."""
    style = re.sub(r"\s", "", element.attributes.get("style", "")).lower()
    return (
        _is_a_pixel(element.attributes.get("width", ""))
        or _is_a_pixel(element.attributes.get("height", ""))
        or "display:none" in style
        or "visibility:hidden" in style
    )


def svg_text(svg: Element) -> str:
    """The text in place of a drawing: its title or its label, escaped."""
    if svg.attributes.get("aria-hidden", "").lower() == "true":
        return ""
    title = _SVG_TITLE.match(svg.source)
    text = " ".join((title[2] if title else "").split())
    return text or escape(svg.text_of("aria-label"), quote=False)


# The first child that is drawn ends the search: titles further in are those of parts.
_SVG_TITLE = re.compile(
    r"(?:\s++|<!--(?:[^-]++|-(?!->))*+-->|<(desc|metadata|defs|style)\b[^>]*+>(?:[^<]++|<(?!/\1\b))*+</\1\s*+>)*+"
    r"<title\b[^>]*+>([^<]*+)</title",
    re.IGNORECASE,
)


def _is_a_pixel(value: str) -> bool:
    return re.fullmatch(r"0*[01](?:px)?", value.strip()) is not None


def _addresses(image: Element, sources: Iterable[Element]) -> Iterator[str]:
    """All addresses that an image may have, the best first."""
    attributes = image.attributes
    for name in _LAZY:
        if "{" not in attributes.get(name, "{"):  # Shopify's script fills in {width}
            yield address_in(attributes[name])
    for name in ("data-srcset", "data-lazy-srcset"):
        yield _best(_candidates(attributes.get(name, "")))
    src = address_in(attributes.get("src", ""))
    candidates = _candidates(attributes.get("srcset", ""))
    if any(
        address == src and kind == "w" and size < _THUMBNAIL_WIDTH
        for address, size, kind in candidates
    ):
        yield _best(candidates)
    yield src
    yield _best(candidates)
    for name, value in attributes.items():
        if name not in ("src", "alt", "title", "style") and is_image(value) and " " not in value:
            yield address_in(value)
    for source in sorted(sources, key=_rank_of_format):
        for name in ("srcset", "data-srcset", "data-lazy-srcset", "src", "data-src"):
            yield _best(_candidates(source.attributes.get(name, "")))


def _rank_of_format(source: Element) -> tuple[int, bool]:
    """How well readers know the format of a source; those for some screens only come last."""
    kind = source.attributes.get("type", "").lower()
    rank = _FORMATS.index(kind) if kind in _FORMATS else len(_FORMATS)
    return rank, "media" in source.attributes


def _candidates(srcset: str) -> list[tuple[str, float, str]]:
    """The addresses of a ``srcset`` with their size and its unit (HTML, 4.8.4.3.8)."""
    found: list[tuple[str, float, str]] = []
    at = 0
    while len(found) < _MOST_CANDIDATES and (part := _CANDIDATE.match(srcset, at)):
        address, descriptor = part[1], part[2].strip()
        at = part.end()
        if address.endswith(","):
            address, descriptor = address.rstrip(","), ""
            at = part.end(1)
        if address := address_in(address):
            size = re.match(r"(\d{1,9}(?:\.\d{1,9})?)([wxh])", descriptor)
            found.append((address, float(size[1]), size[2]) if size else (address, 1.0, "x"))
    return found


def _best(candidates: list[tuple[str, float, str]]) -> str:
    """The largest address that is sensible."""
    best, best_size = "", 0.0
    for address, size, unit in candidates:
        pixels = size * _SENSIBLE_WIDTH / 2 if unit == "x" else size
        is_sensible, was_sensible = pixels <= _SENSIBLE_WIDTH, best_size <= _SENSIBLE_WIDTH
        is_better = pixels > best_size if is_sensible and was_sensible else pixels < best_size
        if not best or is_better:
            best, best_size = address, pixels
    return best
