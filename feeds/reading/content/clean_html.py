"""Any HTML -> sanitised HTML with absolute URLs.

`sanitize` keeps only the elements, attributes and URL schemes that are listed here. It uses nh3, an
HTML5 parser. Sizes are checked before each step that could multiply them; ContentTooLarge is the
only exception.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import nh3

from feeds.config import Limits
from feeds.paths import resolved
from feeds.reading.content.markdown import ContentTooLarge, check_size
from feeds.reading.content.media.elements import PASSED
from feeds.reading.content.tag_balancer import TooDeep, balance
from feeds.text import without_controls
from feeds.urls import http_url

_TAGS = (nh3.ALLOWED_TAGS | {"audio", "video", "source", "track", "tfoot"}) - {
    "area",
    "center",
    "map",
    "nav",
}
_BALANCED = _TAGS | PASSED
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


Follow: TypeAlias = Callable[[str], str | None]
"""Returns where a link leads; None if nobody knows: then its text stays."""


def balance_tags(source: str, limits: Limits) -> str:
    """The HTML with every element closed. Raises ContentTooLarge if it is nested too deeply."""
    try:
        return balance(source, _BALANCED, limits.html_depth)
    except TooDeep as error:
        raise ContentTooLarge(str(error)) from None


def sanitize(
    source: str,
    base: str,
    limits: Limits,
    follow: Follow = lambda address: address,
    anchors: str = "",
) -> str:
    """Balanced HTML with allowed elements and absolute URLs only. Raises ContentTooLarge.

    Relative links and images are relative to the page at `base`; `follow` is asked about the
    address of each link. Ids that links of the same HTML lead to stay, with `anchors` before them;
    all others go.
    """
    # For each character that it escapes, nh3 searches the rest of the text for the others.
    escaped = source.count("&") + source.count("\u00a0")
    if escaped * len(source) > limits.html_work:
        raise ContentTooLarge(
            f"the HTML has {escaped:,} characters to escape, too many for its length"
        )
    # Each relative link may become as long as the address of the post.
    if source.count("=") * len(base) > MAX_LINK_EXPANSION * limits.content_bytes:
        raise ContentTooLarge("the HTML has too many links for a post with so long an address")
    targets = _targets(source) if anchors else frozenset[str]()

    def clean(_tag: str, name: str, value: str) -> str | None:
        if targets and name == "id":
            return f"{anchors}{value}" if value in targets else None
        if targets and name == "href" and value.startswith("#") and value[1:] in targets:
            return f"{_WITHIN}{anchors}{value[1:]}"
        return _clean_attribute(name, value, base, follow)

    cleaned = nh3.clean(
        _EMPTY_ADDRESS.sub(r"<\1", source),
        tags=_TAGS,
        attributes=_WITH_IDS if targets else _ATTRIBUTES,
        clean_content_tags=_DROPPED,
        attribute_filter=clean,
        link_rel=None,
        url_schemes=_SCHEMES,
        url_relative=("rewrite_with_base", base),
    )
    check_size(cleaned, limits)
    if targets:
        cleaned = cleaned.replace(f' href="{_WITHIN}', ' href="#')
    return without_controls(_WITHOUT_SRC.sub("", cleaned)).strip()


_WITHIN = "https://within.invalid/#"
"""What an address within the entry starts with, while the sanitiser makes the others absolute."""
_WITH_IDS = _ATTRIBUTES | {"*": _ATTRIBUTES["*"] | {"id"}}
_ID = re.compile(r"""\sid\s*+=\s*+(?:"([\w.:-]++)"|'([\w.:-]++)'|([\w.:-]++))""")
_TO_ID = re.compile(r"""\shref\s*+=\s*+["']?#([\w.:-]++)["'\s>]""")


def _targets(source: str) -> frozenset[str]:
    """The ids of elements that links of the same HTML lead to."""
    if "#" not in source or "id=" not in source:
        return frozenset()
    linked = {found[1] for found in _TO_ID.finditer(source)}
    ids = {id_ for found in _ID.finditer(source) for id_ in found.groups() if id_}
    return frozenset(ids & linked)


# Browsers remove line ends and tabs from an address (WHATWG URL, 4.4); other feed readers do not.
_URL_ATTRIBUTES = frozenset({"cite", "href", "poster", "src"})
_BREAKS = str.maketrans("", "", "\t\n\r")


def _clean_attribute(attribute: str, value: str, base: str, follow: Follow) -> str | None:
    """The value of an attribute, an address as a browser would follow it; None to remove it."""
    if attribute not in _URL_ATTRIBUTES:
        return value
    address = value.translate(_BREAKS).strip()
    if attribute == "cite":  # nh3 checks and completes only the addresses that a browser follows
        return http_url(resolved(base, address)) or None
    return follow(address)


MAX_LINK_EXPANSION = 20
# An empty address, as a template may leave it, would become a link to the post itself.
_EMPTY_ADDRESS = re.compile(r'<(a|img)(?: href| src)=""')
_WITHOUT_SRC = re.compile(r'<(?:img|source|track)(?: (?!src=)[a-z]++="[^"]*+")*+>')
