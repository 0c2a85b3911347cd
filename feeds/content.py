"""Owns what readers are shown: Markdown or HTML -> clean HTML with absolute URLs; plain text.

Whatever comes in, what goes out holds only the elements, attributes and URL schemes listed here
(nh3, an HTML5 parser), and costs no more than the limits allow: sizes are checked before each step
that could multiply them. Raises TooMuch, never anything else.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache
from typing import Literal

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from feeds import balance
from feeds.config import Limits
from feeds.handlers import without_controls

Markup = Literal["markdown", "html"]


class TooMuch(Exception):  # noqa: N818  (it is what it says)
    """The content is over a limit; the message says which."""


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
        source = _rendered(body, limits)
    if markup == "html" or "<" in body:  # what Markdown makes of its own marks is balanced
        source = _balanced(source, limits)
    return _sanitised(source, base, limits)


def _balanced(source: str, limits: Limits) -> str:
    try:
        return balance.balanced(source, _TAGS, limits.html_depth)
    except balance.TooDeep as error:
        raise TooMuch(str(error)) from None


def _sanitised(source: str, base: str, limits: Limits) -> str:
    # nh3 looks for the next of each character that it escapes, again for each one.
    escaped = source.count("&") + source.count("\u00a0")
    if escaped * len(source) > limits.html_work:
        raise TooMuch(f"the HTML has {escaped:,} characters to escape, which is too much work")
    # Each relative link may become as long as the address of the post.
    if source.count("=") * len(base) > _GROWTH * limits.content_bytes:
        raise TooMuch("the HTML has too many links for so long an address of the post")
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
        raise TooMuch(f"the content is larger than {limits.content_bytes:,} characters as HTML")
    return without_controls(_NO_SOURCE.sub("", cleaned)).strip()


# Browsers take line ends and tabs out of an address (WHATWG URL, 4.4), and other readers do not.
_ADDRESSES = frozenset({"cite", "href", "poster", "src"})
_BREAKS = str.maketrans("", "", "\t\n\r")


def _as_followed(_: str, attribute: str, value: str) -> str:
    """An attribute's value; an address as a browser would follow it."""
    return value.translate(_BREAKS).strip() if attribute in _ADDRESSES else value


_GROWTH = 20
# A link without an address, as a template leaves it, would lead to the post itself.
_EMPTY = re.compile(r'<(a|img)(?: href| src)=""')
_NO_SOURCE = re.compile(r'<(?:img|source|track)(?: (?!src=)[a-z]++="[^"]*+")*+>')


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def _rendered(body: str, limits: Limits) -> str:
    """Markdown as HTML; refused before rendering where it would be too large.

    A link definition that is used often grows with the square of the text, but only when tokens
    become text: until then they share it.
    """
    work = _LINE_WORK * body.count("\n") + sum(map(body.count, _MARKS))
    if work > limits.markdown_work:
        raise TooMuch("the Markdown has too many lines, links, stars, bars and the like")
    parser = _markdown()
    environment: dict[str, object] = {}
    try:
        tokens = parser.parse(body, environment)
    except RecursionError:
        raise TooMuch("the Markdown is nested too deeply") from None
    if _size(tokens) > limits.content_bytes:
        raise TooMuch(f"the content is larger than {limits.content_bytes:,} characters as HTML")
    return str(parser.renderer.render(tokens, parser.options, environment))


# What the parser stops at, and makes most tokens of; each costs at most 20 us and 1 kB.
_MARKS = "[]!*_`<<&\\|~"
_LINE_WORK = 3


def _size(tokens: list[Token]) -> int:
    """About as many characters as the tokens make of HTML, before anything is escaped."""
    size = 0
    for token in tokens:
        size += len(token.tag) + 3 if token.tag else 0
        size += _size(token.children) if token.children else len(token.content)
        for name, value in token.attrs.items():
            size += len(name) + len(str(value)) + 4
    return size


# --- templates -----------------------------------------------------------------------------------

# Each of these stops at the next brace or backtick, so that none looks at a text twice.
_INLINE_CODE = re.compile(r"(?<!`)(`++[^`\n]++`++)")
_TEMPLATE = re.compile(
    r"\{\{[<%][^{}]*+\}\}"  # Hugo's shortcodes
    r"|\{%[^{}]*+%?\}"  # Liquid's tags
    r"|\{\{-?\s*+(?:['\"](?P<text>[^'\"{}]*+)['\"])?[^{}]*+\}\}"  # Liquid's values
    r"|\{#[^{}]*+(?<=#)\}"  # Nunjucks' comments
    r"|\{:[^{}\n]*+\}|(?<=[)\]])\{[.#][^{}\n]*+\}"  # Kramdown's attributes
    r"|[ \t]*+\{[.#][A-Za-z][^{}\n]*+\}(?=[ \t]*+$)",
    re.MULTILINE,
)
_CONTENTS = re.compile(r"^(?:[*+-]|1\.) [^\n{]*+\n\{:[ ]*+toc\b[^{}\n]*+\}", re.MULTILINE)
_CODE_BLOCK = re.compile(r"\{%-?\s*(highlight\s+(?P<lang>[\w+-]+)[^%]{0,200}|endhighlight\s*)-?%\}")
_COMMENT = re.compile(r"\{%-?\s*(end)?comment\s*-?%\}")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)


def without_templates(body: str) -> str:
    """`body` without the tags of site generators (Liquid, Hugo, Kramdown), except in code."""
    if "{" not in body:
        return body
    if "{:" in body:
        body = _CONTENTS.sub("", body)
    if "{%" in body:
        body = _without_comments(body)
        body = _CODE_BLOCK.sub(lambda tag: f"\n```{tag['lang'] or ''}\n", body)
    parts: list[str] = []
    at, fence = 0, ""
    for mark in _FENCE.finditer(body):
        if not fence:
            parts.append(_stripped(body[at : mark.start()]))
            at, fence = mark.start(), mark[1]
        elif mark[1].startswith(fence):
            parts.append(body[at : mark.end()])
            at, fence = mark.end(), ""
    rest = body[at:]
    parts.append(rest if fence else _stripped(rest))
    return "".join(parts)


def _without_comments(body: str) -> str:
    kept: list[str] = []
    at: int | None = 0
    for tag in _COMMENT.finditer(body):
        if not tag[1] and at is not None:
            kept.append(body[at : tag.start()])
            at = None
        elif tag[1] and at is None:
            at = tag.end()
    if at is not None:
        kept.append(body[at:])
    return "".join(kept)


def _stripped(text: str) -> str:
    if "{" not in text:
        return text
    pieces = _INLINE_CODE.split(text)
    pieces[::2] = [_TEMPLATE.sub(lambda tag: tag["text"] or "", piece) for piece in pieces[::2]]
    return "".join(pieces)


# --- plain text ----------------------------------------------------------------------------------

_ELEMENT = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:"[^"]*"|[^">])*)>')
# fmt: off
_INLINE = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em",
    "i", "ins", "kbd", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small", "span",
    "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
})
# fmt: on
# Embeddings, overrides and isolates would turn the text of others around; marks may stay.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# In a title or a name only these are markup: Vec<T> is text.
_TITLE_TAG = re.compile(
    r"</?(?:a|abbr|b|big|br|cite|code|del|em|font|i|img|ins|kbd|mark|p|q|s|small|span|strong|sub"
    r"|sup|tt|u|var|wbr)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)


def one_line(text: str) -> str:
    """`text` as one line: no controls, no bidi tricks, one space where there was any."""
    text = without_controls(text)
    return " ".join((text if text.isascii() else _BIDI.sub("", text)).split())


def plain_text(text: str) -> str:
    """A title or a name as a person reads it: no tags, entities decoded, one line."""
    if "<" in text:
        text = _TITLE_TAG.sub("", text)
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    return one_line(unicodedata.normalize("NFC", text))


_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})


def shows(text: str) -> bool:
    """Whether there is anything to see in `text`."""
    return any(unicodedata.category(char) not in _UNSEEN for char in text)


# A film or a link alone in a paragraph is nothing to read.
_LINK_ALONE = re.compile(r'<p>\s*+<a href="[^"]*+">https?:[^<\s]*+</a>\s*+</p>')


def text_of_html(clean: str) -> str:
    """The text of sanitised HTML on one line."""
    clean = _LINK_ALONE.sub(" ", clean)
    spaced = _ELEMENT.sub(lambda tag: "" if tag[2] in _INLINE else " ", clean)
    return one_line(html.unescape(spaced))


_MARKED_UP = re.compile(r"[*_`<&\[\\{~]")


def text_of_markdown(text: str, limits: Limits) -> str:
    """The text of a line or two of Markdown or HTML, as in a front matter's description."""
    if not _MARKED_UP.search(text):
        return one_line(text)
    try:
        rendered = _rendered(without_templates(text), limits)
        return text_of_html(
            _sanitised(_balanced(rendered, limits), "https://base.invalid/", limits)
        )
    except TooMuch:
        return plain_text(text)


_END = re.compile(r"[。！？!?.；;…](?=[\s”’」』）)\"']|$|[^\x00-\x7f])")


def shortened(text: str, length: int) -> str:
    """At most `length` characters of `text`, cut after a sentence or a word where there is one."""
    if len(text) <= length:
        return text
    cut = text[:length]
    ends = [end.end() for end in _END.finditer(cut)]
    if ends and ends[-1] >= length // 2:
        return cut[: ends[-1]]
    space = cut.rfind(" ")
    return (cut[:space] if space >= length // 2 else cut[:-1]).rstrip(" ,;:，、；：") + "…"
