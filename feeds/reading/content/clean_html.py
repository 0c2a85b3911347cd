"""The content of an entry: Markdown or HTML -> sanitised HTML with absolute URLs.

The result holds only the elements, attributes and URL schemes listed here (nh3, an HTML5 parser).
Sizes are checked before each step that could multiply them. Raises ContentTooLarge, never anything
else.
"""

from __future__ import annotations

import re
from typing import Literal

import nh3

from feeds.config import Limits
from feeds.reading.content.markdown import ContentTooLarge, render_markdown
from feeds.reading.content.tag_balancer import TooDeep, balance
from feeds.text import without_controls

Markup = Literal["markdown", "html"]


_TAGS = (nh3.ALLOWED_TAGS | {"audio", "video", "source", "track", "tfoot"}) - {
    "area",
    "center",
    "map",
    "nav",
}
_ATTRIBUTES = {
    "*": {"lang", "dir", "title"},
    "a": {"href", "hreflang"},
    "abbr": {"title"},
    "audio": {"src", "controls"},
    "blockquote": {"cite"},
    "col": {"span"},
    "colgroup": {"span"},
    "data": {"value"},
    "del": {"cite", "datetime"},
    "details": {"open"},
    "img": {"src", "alt", "width", "height"},
    "ins": {"cite", "datetime"},
    "li": {"value"},
    "ol": {"start", "reversed"},
    "q": {"cite"},
    "source": {"src", "type"},
    "td": {"colspan", "rowspan", "headers"},
    "th": {"colspan", "rowspan", "headers", "scope"},
    "time": {"datetime"},
    "track": {"src", "kind", "srclang", "label"},
    "video": {"src", "controls", "width", "height", "poster"},
}
# Elements whose text is not for readers.
_DROPPED = {"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "select"}
_SCHEMES = {"http", "https", "mailto"}


def clean_html(body: str, markup: Markup, base: str, limits: Limits) -> str:
    """The body as sanitised HTML, every link and image seen from the page at `base`.

    Raises TooMuch.
    """
    source = body
    if markup == "markdown":
        source = render_markdown(body, limits)
    if markup == "html" or "<" in body:  # what Markdown makes of its own marks is balanced
        source = balance_tags(source, limits)
    return sanitize(source, base, limits)


def balance_tags(source: str, limits: Limits) -> str:
    """The HTML with every element closed. Raises ContentTooLarge if it is nested too deeply."""
    try:
        return balance(source, _TAGS, limits.html_depth)
    except TooDeep as error:
        raise ContentTooLarge(str(error)) from None


def sanitize(source: str, base: str, limits: Limits) -> str:
    """Balanced HTML with allowed elements and absolute URLs only. Raises ContentTooLarge."""
    # nh3 looks for the next of each character that it escapes, again for each one.
    escaped = source.count("&") + source.count("\u00a0")
    if escaped * len(source) > limits.html_work:
        raise ContentTooLarge(
            f"the HTML has {escaped:,} characters to escape, which is too much work"
        )
    # Each relative link may become as long as the address of the post.
    if source.count("=") * len(base) > MAX_LINK_EXPANSION * limits.content_bytes:
        raise ContentTooLarge("the HTML has too many links for so long an address of the post")
    cleaned = nh3.clean(
        _EMPTY.sub(r"<\1", source),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        clean_content_tags=_DROPPED,
        attribute_filter=_as_followed,
        link_rel=None,
        url_schemes=_SCHEMES,
        url_relative=("rewrite_with_base", base),
    )
    if len(cleaned) > limits.content_bytes:
        raise ContentTooLarge(
            f"the content is larger than {limits.content_bytes:,} characters as HTML"
        )
    return without_controls(_NO_SOURCE.sub("", cleaned)).strip()


# Browsers take line ends and tabs out of an address (WHATWG URL, 4.4), and other readers do not.
_ADDRESSES = frozenset({"cite", "href", "poster", "src"})
_BREAKS = str.maketrans("", "", "\t\n\r")


def _as_followed(_: str, attribute: str, value: str) -> str:
    """An attribute's value; an address as a browser would follow it."""
    return value.translate(_BREAKS).strip() if attribute in _ADDRESSES else value


MAX_LINK_EXPANSION = 20
# A link without an address, as a template leaves it, would lead to the post itself.
_EMPTY = re.compile(r'<(a|img)(?: href| src)=""')
_NO_SOURCE = re.compile(r'<(?:img|source|track)(?: (?!src=)[a-z]++="[^"]*+")*+>')
