"""Shortcodes that many sites use, as HTML: Hugo's, Octopress', Hexo's, and the usual names.

Hugo's own are at https://gohugo.io/shortcodes/, Hexo's tags at https://hexo.io/docs/tag-plugins. Of
a shortcode that nobody knows, an address becomes an image or a link.
"""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Callable
from typing import NamedTuple, TypeAlias
from urllib.parse import quote, urlsplit

from feeds.reading.content.markdown import render_inline

_ARGUMENT = re.compile(
    r"(?:(?P<name>[A-Za-z_][\w.-]*+)\s*+[=:]\s*+)?"
    r"(?:\"(?P<double>[^\"]*+)\"|'(?P<single>[^']*+)'|`(?P<back>[^`]*+)`"
    r"|(?P<bare>[^\s,\"'`()|]++))"
)
HEAD = re.compile(r"[-~\s]*(?P<end>/|end(?=\w)|end(?=\s*-?\Z))?\s*(?P<name>[\w./-]*\w)?")
_IMAGE = re.compile(r"[^\s?#]+\.(?:avif|gif|jpe?g|png|svg|webp)(?:[?#]\S*)?", re.IGNORECASE)
_ID = re.compile(r"[\w.:-]+")
_TAG = re.compile(r"<[^<>]*+>")
_QUOTE = "\ue082"
"""A character for private use, which stands for a quotation mark that a backslash escapes."""


_INCLUDES = frozenset({"include", "include_relative", "include_cached", "render", "partial"})


class Call(NamedTuple):
    """A shortcode or a tag as it is written in a post."""

    name: str
    """Its name; of ``{% include youtube.html %}``, that of the file."""
    positional: list[str]
    """Its arguments without a name, in order."""
    named: dict[str, str]
    """Its arguments with a name."""

    def first(self, *names: str) -> str:
        """The first of the named arguments that is there; ``""`` if none is."""
        return next((self.named[name] for name in names if self.named.get(name)), "")

    def get(self, position: int, *names: str) -> str:
        """One of the named arguments, or else the one in this position."""
        in_position = self.positional[position : position + 1]
        return self.first(*names) or next(iter(in_position), "")


def parse_call(inner: str) -> Call:
    """The name and the arguments that are between the braces of a mark."""
    inner = inner.replace('\\"', _QUOTE)
    head = HEAD.match(inner)
    name = (head["name"] or "") if head else ""
    positional: list[str] = []
    named: dict[str, str] = {}
    for found in _ARGUMENT.finditer(inner, head.end() if head else 0):
        value = next(v for v in found.group("double", "single", "back", "bare") if v is not None)
        value = value.replace(_QUOTE, '"')
        if found["name"]:
            named[found["name"].lower()] = value
        elif value.strip("-%>/|~"):
            positional.append(value)
    if (
        name in ("include", "include_relative", "include_cached", "render", "partial")
        and positional
    ):
        name = posixpath.basename(positional.pop(0)).partition(".")[0]
    return Call(name.lower(), positional, named)


_SCALAR = r"\"[^\"]*+\"|'[^']*+'|`[^`]*+`|true\b|false\b|-?\d++(?:\.\d++)?"
_TYPED = re.compile(rf"(?<!\w)(?P<name>\w++)\s*+=\s*+(?P<value>{_SCALAR}|\[[^\[\]]*+\])")
_SCALARS = re.compile(_SCALAR)


def typed_arguments(inner: str) -> dict[str, object]:
    """The named arguments of a shortcode of Zola with their types: texts, numbers, booleans, lists.

    https://www.getzola.org/documentation/content/shortcodes/
    """
    return {found["name"].lower(): _typed(found["value"]) for found in _TYPED.finditer(inner)}


def _typed(value: str) -> object:
    if value[0] == "[":
        return [_typed(item) for item in _SCALARS.findall(value)]
    if value[0] in "\"'`":
        return value[1:-1]
    if value in ("true", "false"):
        return value == "true"
    return float(value) if "." in value else int(value)


Maker: TypeAlias = Callable[[Call, str], str]
"""Makes the HTML of a call; the text is the HTML between its start and its end."""


def _escaped(text: str) -> str:
    return html.escape(text.strip())


def _link(address: str, text: str, inner: str = "", still: str = "") -> str:
    """A paragraph with a link, and perhaps a picture in it."""
    picture = f'<img src="{_escaped(still)}" alt="{_escaped(text)}"><br>' if still else ""
    shown = _escaped(text) or _escaped(address)
    return f'<p><a href="{_escaped(address)}">{picture}{shown}</a></p>{inner}'


def _image(call: Call, inner: str) -> str:
    """Hugo's `figure`, Octopress' `img`, Hexo's `asset_img`."""
    addresses = [text for text in call.positional if _IMAGE.fullmatch(text)]
    source = call.first("src", "url", "image", "file", "path", "href", "img") or next(
        iter(addresses or call.positional), ""
    )
    if not source:
        return inner
    words = [text for text in call.positional if text != source and not _is_size(text)]
    title, caption, credit = (call.first(name) for name in ("title", "caption", "attr"))
    made = render_inline(caption)
    alt = call.first("alt") or html.unescape(_TAG.sub("", made)) or title or " ".join(words)
    sizes = "".join(
        f' {name}="{call.named[name]}"'
        for name in ("width", "height")
        if call.named.get(name, "").removesuffix("px").isdigit()
    )
    image = f'<img src="{_escaped(source)}" alt="{_escaped(alt)}"{sizes}>'
    if link := call.first("link"):
        image = f'<a href="{_escaped(link)}">{image}</a>'
    if not (title or caption or credit or inner.strip()):
        return f"<p>{image}</p>"
    heading = f"<h4>{_escaped(title)}</h4>" if title else ""
    credit = render_inline(credit)
    if address := call.first("attrlink"):
        credit = f'<a href="{_escaped(address)}">{credit}</a>'
    words_below = f"<p>{' '.join(filter(None, (made, credit)))}</p>" if made or credit else ""
    return f"<figure>{image}<figcaption>{heading}{words_below}{inner}</figcaption></figure>"


def _is_size(text: str) -> bool:
    return text.isdigit() or text in ("left", "right", "center", "half", "full")


def _page_of(start: str, what: str, *names: str, still: str = "") -> Maker:
    """A maker of a link to the page of what an id names."""

    def make(call: Call, inner: str) -> str:
        ids = [text for text in call.positional if _ID.fullmatch(text)]
        id_ = call.first(*names, "id") or "/".join(ids[: start.count("/{") or 1])
        id_ = id_ or next((text for text in call.positional if urlsplit(text).scheme), "")
        if not id_ or urlsplit(id_).scheme:
            return (_link(id_, call.first("title"), inner)) if id_ else inner
        id_ = quote(id_, safe="/@")
        picture = still.replace("{id}", id_) if still else ""
        return _link(start.replace("{id}", id_), call.first("title") or what, inner, picture)

    return make


def _tweet(call: Call, inner: str) -> str:
    id_ = call.first("id") or "".join(call.positional[-1:])
    user = call.get(0, "user") if len(call.positional) > 1 or "user" in call.named else "i"
    if not id_.isdigit():
        return address(call) + inner
    return _link(f"https://x.com/{quote(user)}/status/{id_}", "Post on X", inner)


def _details(call: Call, inner: str) -> str:
    title = call.get(0, "summary", "title")
    summary = f"<summary>{_escaped(title)}</summary>" if title else ""
    return f"<details>{summary}{_words(call, inner)}</details>"


def _quote(call: Call, inner: str) -> str:
    author = call.first("author", "source", "cite") or ", ".join(call.positional)
    cite = f"<footer>{_escaped(author)}</footer>" if author else ""
    return f"<blockquote>{_words(call, inner)}{cite}</blockquote>"


def _note(call: Call, inner: str) -> str:
    title = call.first("title")
    heading = f"<p><strong>{_escaped(title)}</strong></p>" if title else ""
    inner = _words(call, inner) or "".join(f"<p>{_escaped(text)}</p>" for text in call.positional)
    return f"<blockquote>{heading}{inner}</blockquote>" if inner.strip() else heading


def _tab(call: Call, inner: str) -> str:
    label = call.get(0, "label", "title", "name", "value")
    return f"<p><strong>{_escaped(label)}</strong></p>{inner}" if label else inner


def _words(call: Call, inner: str) -> str:
    """What a shortcode holds: between its start and its end, or in an argument."""
    text = call.first("text", "content", "body", "message")
    return inner if inner.strip() or not text else f"<p>{render_inline(text)}</p>"


def address(call: Call) -> str:
    """An image or a link, if a shortcode that nobody knows has an address."""
    named = [call.named.get(name, "") for name in _ADDRESS_NAMES]
    address = next((text for text in (*named, *call.positional) if _is_address(text)), "")
    if not address:
        return ""
    if _IMAGE.fullmatch(address) or (address == call.named.get("src") and call.name in _IMAGES):
        return _image(call, "")
    return _link(address, call.first("title", "text", "caption", "label", "alt"))


_ADDRESS_NAMES = ("src", "url", "href", "link", "image", "img", "file")
_IMAGES = frozenset({"asset_img", "fig", "image", "img", "photo", "picture"})
_ADDRESS = re.compile(r"(?:https?:/)?/\S+|\.{1,2}/\S+", re.IGNORECASE)


def _is_address(text: str) -> bool:
    """Return whether a text is a whole address, or the name of an image beside the post.

    ``2014/04/map.jpg`` is neither: only the site knows what is before it.
    """
    return bool(_ADDRESS.fullmatch(text)) or ("/" not in text and bool(_IMAGE.fullmatch(text)))


def _gist(call: Call, inner: str) -> str:
    ids = "/".join(text for text in call.positional[:2] if re.fullmatch(r"[\w/-]+", text))
    return _link(f"https://gist.github.com/{ids}", "Gist", inner) if ids else inner


_YOUTUBE = _page_of(
    "https://www.youtube.com/watch?v={id}", "YouTube", "v", "videoid",
    still="https://img.youtube.com/vi/{id}/hqdefault.jpg",
)  # fmt: skip
KNOWN: dict[str, Maker] = {
    "figure": _image,
    "youtube": _YOUTUBE,
    "youtube_id": _YOUTUBE,
    "vimeo": _page_of("https://vimeo.com/{id}", "Vimeo"),
    "bilibili": _page_of("https://www.bilibili.com/video/{id}", "Bilibili", "bvid", "bv"),
    "instagram": _page_of("https://www.instagram.com/p/{id}/", "Instagram"),
    "codepen": _page_of("https://codepen.io/pen/{id}", "CodePen"),
    "asciinema": _page_of("https://asciinema.org/a/{id}", "asciinema", "key"),
    **dict.fromkeys(("tweet", "twitter", "x"), _tweet),
    "gist": _gist,
    "details": _details,
    **dict.fromkeys(("tab", "tabitem"), _tab),
    **dict.fromkeys(("blockquote", "quote", "pullquote"), _quote),
    **dict.fromkeys(
        ("admonition", "alert", "callout", "hint", "info", "note", "notice", "tip", "warning"),
        _note,
    ),
}
"""What is made of each shortcode, by its name."""
