"""An embedded page, film or sound -> a link to it, with its picture if its address is known.

Feed readers remove ``iframe``, ``object`` and ``embed``. Most show ``video`` and ``audio``, so
these stay, with a link in them for the readers that do not.
"""

from __future__ import annotations

import re
from html import escape, unescape
from typing import NamedTuple

from feeds.paths import resolved
from feeds.reading.content.media.images import (
    address_in,
    image_tag,
    is_hidden,
    is_image,
    is_placeholder,
)
from feeds.reading.content.media.tree import Element
from feeds.urls import http_url

_YOUTUBE = re.compile(
    r"https?://(?:(?:www\.|m\.)?youtube(?:-nocookie)?\.com/"
    r"(?:embed/|v/|e/|shorts/|live/|watch\?(?:[^#]*&)?v=)|youtu\.be/)"
    r"(?!videoseries|live_stream)([\w-]{11})(?![\w-])",
    re.IGNORECASE | re.ASCII,
)
_STILL = '<img src="https://img.youtube.com/vi/{}/hqdefault.jpg" alt="" width="480" height="360">'
_VIDEO_ID = re.compile(r"[\w-]{1,64}", re.ASCII)
_FLASH = re.compile(r"\.swf(?:[?#]|$)", re.IGNORECASE)
_SRCDOC_LINK = re.compile(
    r"<(?:a|iframe)\s[^<>]*?\b(?:href|src)\s*+=\s*+[\"']?(https?:[^\s\"'<>]++)", re.IGNORECASE
)
# YouTube refuses its embedded pages outside of another page: "Error 153".
_FILM_PAGE = "https://www.youtube.com/watch?v="
_START = re.compile(r"[?&](?:start|t)=(\d{1,6})")
_FILM_PARAMETERS = ("movie", "src", "url", "filename", "flashvars-src")


class Embed(NamedTuple):
    """What an element embeds."""

    address: str
    """An absolute http(s) address, or ``""``."""
    title: str
    still: str = ""
    """The tag of an image; ``""`` if its address is not known."""

    def html(self, place: Element) -> str:
        """The link that stands in place of `place`.

        It is only its text if there is no address, or if `place` is in a link already.
        """
        text = escape(self.title or self.address, quote=False)
        label = f"{self.still}<br>{text}" if self.still else text
        if not label:
            return ""
        if self.address and not place.is_in_link:
            label = f'<a href="{escape(self.address)}">{label}</a>'
        return label if place.is_in_paragraph or place.is_in_link else f"<p>{label}</p>"


NOTHING = Embed("", "")


def embed_of(element: Element, base: str) -> Embed:
    """What an ``iframe``, ``object``, ``embed`` or the element of a player embeds."""
    if "youtube" in element.name or "vimeo" in element.name:
        return _player(element, base)
    address = _absolute(_address(element), base)
    if is_hidden(element) and not _waiting(element):
        return NOTHING
    if element.name == "iframe" and not address and (srcdoc := element.attributes.get("srcdoc")):
        link = _SRCDOC_LINK.search(srcdoc)
        address = http_url(unescape(link[1])) if link else ""
    film = _YOUTUBE.match(address)
    if _FLASH.search(address) and not film:  # no reader and no browser plays it
        return NOTHING
    if film:
        return _film(film[1], _title(element), address)
    return Embed(address, _title(element), _poster(element, base))


def media_tag(element: Element, base: str) -> tuple[str, str]:
    """A ``video`` or ``audio`` with a link in it, and its address; ``""`` if it has none."""
    sources = [(_absolute(_address(one), base), one) for one in element.elements("source")]
    sources = [(address, one) for address, one in sources if address]
    own = _absolute(_address(element), base)
    if not own and not sources:
        return "", ""
    name = element.name.removeprefix("amp-")
    embed = Embed(own or sources[0][0], _title(element), _poster(element, base))
    values = {"src": own, "poster": _absolute(_poster_address(element), base)}
    values |= {name: element.attributes.get(name, "") for name in ("width", "height")}
    if name == "audio":
        del values["poster"], values["width"], values["height"]
    parts = [f"<{name} controls", *map(_written, values.items()), ">"]
    for address, one in [] if own else sources:
        kind = one.attributes.get("type", "")
        parts += ["<source", _written(("src", address)), _written(("type", kind)), ">"]
    parts += [one.start for one in element.elements("track")]
    text = escape(embed.title or embed.address, quote=False)
    label = f"{embed.still}<br>{text}" if embed.still else text
    if not element.is_in_link:
        label = f'<a href="{escape(embed.address)}">{label}</a>'
    return "".join((*parts, label, f"</{name}>")), embed.address


def _written(attribute: tuple[str, str]) -> str:
    return f' {attribute[0]}="{escape(attribute[1])}"' if attribute[1] else ""


def is_embedded_image(element: Element) -> bool:
    """Whether an ``object`` or ``embed`` shows an image."""
    kind = element.attributes.get("type", "").lower()
    return kind.startswith("image/") or (not kind and is_image(_address(element)))


def embedded_image(element: Element) -> str:
    """The tag of the image that an ``object`` or ``embed`` shows."""
    address = _address(element)
    if "alt" not in element.attributes:
        element.attributes["alt"] = _title(element) or unescape(element.text).strip()
    return image_tag(element, address) if address else ""


def _absolute(address: str, base: str) -> str:
    if address.startswith("//"):
        address = "https:" + address
    return http_url(resolved(base, address)) if address else ""


def _waiting(element: Element) -> tuple[str, ...]:
    """The addresses that a script puts into ``src``, as for consent or when it is scrolled to."""
    names = ("data-original", "data-url", "data-lazy", "data-iframe")
    return tuple(
        address
        for name, value in element.attributes.items()
        if name in names or ("src" in name and name != "src" and name[-3:] not in ("set", "doc"))
        if (address := address_in(value))
    )


def _address(element: Element) -> str:
    if waiting := _waiting(element):
        return waiting[0]
    if address := address_in(element.text_of("src", "data", "value")):
        return address
    for parameter in element.elements("param"):
        if parameter.attributes.get("name", "").lower() in _FILM_PARAMETERS:
            return address_in(parameter.attributes.get("value", ""))
    if element.name == "object":
        for inner in element.elements("embed", "iframe", "object"):
            return _address(inner)
    return ""


def _title(element: Element) -> str:
    title = element.text_of(
        "title", "aria-label", "data-title", "videotitle", "playlabel", "video-title", "videotitle"
    )
    return " ".join(title.split())


def _poster_address(element: Element) -> str:
    address = address_in(element.text_of("data-poster", "data-lazy-poster", "poster"))
    return "" if is_placeholder(address) else address


def _poster(element: Element, base: str) -> str:
    poster = _absolute(_poster_address(element), base)
    return f'<img src="{escape(poster)}" alt="">' if poster else ""


def _player(element: Element, base: str) -> Embed:
    """What the element of a player embeds, which names a film by its number."""
    number = element.text_of("videoid", "data-videoid", "video-id", "data-id", "youtubeid")
    title = _title(element).removeprefix("Play: ")
    if not number:
        address = _absolute(_address(element), base)
        film = _YOUTUBE.match(address)
        return _film(film[1], title, address) if film else Embed(address, title)
    if not _VIDEO_ID.fullmatch(number):
        return Embed("", title)
    if "vimeo" in element.name:
        return Embed(f"https://vimeo.com/{number}", title, _poster(element, base))
    return _film(number, title, "?" + element.attributes.get("params", ""))


def _film(number: str, title: str, address: str) -> Embed:
    """A film of YouTube; `address` may say where it starts."""
    start = _START.search(address)
    page = f"{_FILM_PAGE}{number}" + (f"&t={start[1]}" if start else "")
    return Embed(page, title, _STILL.format(number))
