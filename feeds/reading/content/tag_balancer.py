"""Balances the tags of HTML: any text -> the same HTML with every element closed in order.

The time of an HTML parser grows with the square of the elements that are left open. So before the
sanitiser's parser sees a body, this module reads each tag as the HTML standard's tokenizer does
(13.2.5), and writes it only if it opens or closes an element: its output is balanced by
construction, and not deeper than allowed. It does not decide which elements are safe.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator

_SPACE = r"\t\n\f\r "
# 13.2.5.32 to 13.2.5.39: a name may start with "=", and may hold quotes; a value in quotes goes on
# up to the next quote. No step reads a character twice.
_ATTRIBUTE = (
    rf"[{_SPACE}/]*+(?P<name>[^{_SPACE}/>][^{_SPACE}/>=]*+)"
    rf"(?:[{_SPACE}]*+=[{_SPACE}]*+(?P<value>\"[^\"]*+\"|'[^']*+'|[^{_SPACE}>\"'][^{_SPACE}>]*+|(?=>))"
    rf"|(?![{_SPACE}]*+=))"
)
_ONE_ATTRIBUTE = re.compile(_ATTRIBUTE)
_unnamed = re.sub(r"\?P<\w+>", "?:", _ATTRIBUTE)
TAG = re.compile(
    rf"<(?P<end>/?)(?P<name>[A-Za-z][^{_SPACE}/>]*+)"
    rf"(?P<attributes>(?:{_unnamed})*+)(?P<close>[{_SPACE}/]*+)>"
)
# 13.2.5.43 to 13.2.5.51: "<!-->" and "<!--->" are comments; "--!>" ends a comment too; anything
# else that starts with "<!", "<?" or "</" ends at the next ">".
COMMENT = re.compile(r"<!--(?:-?>|.*?(?:--!?>|\Z))|<(?:[!?]|/(?=.))[^>]*+(?:>|\Z)", re.DOTALL)
_SHORT_TAG = 2_000
_MAX_ATTRIBUTES = 200

# fmt: off
_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
})
# Elements whose text is not for readers. Those of _TEXT_ONLY hold text up to their end tag, even if
# it looks like tags. Of the others, the tag alone is removed if there is no end tag.
_TEXT_ONLY = frozenset({
    "script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript",
    "plaintext",
})
_HIDDEN = _TEXT_ONLY | {"math", "object", "select", "svg", "template"}
# 13.2.6.4.7: the start tags that close a paragraph.
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "center", "dd", "details", "dialog", "dir", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5",
    "h6", "header", "hgroup", "hr", "li", "main", "menu", "nav", "ol", "p", "pre", "search",
    "section", "summary", "table", "ul",
})
_CELLS = frozenset({"table", "caption", "td", "th"})
_ROWS = _CELLS | {"colgroup", "tbody", "tfoot", "thead", "tr"}
# By start tag: the open elements that it closes, and the elements that end the search (13.1.2.4).
_PARAGRAPH = (frozenset({"p"}), _CELLS)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_PART = frozenset({"caption", "colgroup", "tbody", "tfoot", "thead", "tr"})
_CLOSES = {
    **dict.fromkeys(_BLOCKS, (_PARAGRAPH,)),
    "a": ((frozenset({"a"}), _CELLS),),
    "li": (_PARAGRAPH, (frozenset({"li"}), _CELLS | {"ol", "ul"})),
    **dict.fromkeys(("dd", "dt"), (_PARAGRAPH, (frozenset({"dd", "dt"}), _CELLS | {"dl"}))),
    **dict.fromkeys(("rp", "rt"), ((frozenset({"rp", "rt"}), _CELLS | {"ruby"}),)),
    **dict.fromkeys(
        ("td", "th"),
        ((frozenset({"caption", "colgroup", "td", "th"}), frozenset({"table", "tr"})),),
    ),
    "tr": ((frozenset({"caption", "colgroup", "tr"}), frozenset({"table"})),),
    **dict.fromkeys(_PART - {"tr"}, ((_PART, frozenset({"table"})),)),
}
# fmt: on


class TooDeep(Exception):  # noqa: N818  (it is what it says)
    """Elements are nested too deeply, or an element has too many attributes."""


def balance(source: str, allowed: Collection[str], depth: int) -> str:
    """`source` with its elements closed in order, without comments and hidden elements.

    An element that is not in `allowed` is replaced by its text. An ``iframe`` becomes a link to its
    page. Raises TooDeep if more than `depth` elements would be open at once.
    """
    if "<" not in source:
        return source
    return "".join(_TagBalancer(source, allowed, depth).pieces())


def attributes(text: str) -> Iterator[re.Match[str]]:
    """The attributes of a tag, from the text between its name and its end."""
    at = 0
    while attribute := _ONE_ATTRIBUTE.match(text, at):
        yield attribute
        at = attribute.end()


class _TagBalancer:
    """Balances one text; `open` are the elements that are open, the innermost last."""

    def __init__(self, source: str, allowed: Collection[str], depth: int) -> None:
        self.source, self.allowed, self.depth = source, allowed, depth
        self.open: list[str] = []
        self.unterminated: set[str] = set()

    def pieces(self) -> list[str]:
        """The balanced text, in pieces."""
        source, at = self.source, 0
        out: list[str] = []
        while (start := source.find("<", at)) >= 0:
            out.append(source[at:start])
            tag = TAG.match(source, start)
            if tag is None:
                at = self._untagged(start, out)
                continue
            at = tag.end()
            name = tag["name"].lower()
            if tag["end"]:
                out.append(self._end(name))
            elif name in _HIDDEN:
                at = self._skip_hidden(name, tag)
                if name == "iframe":
                    out.append(self._link(tag))
            else:
                self._start(name, tag, out)
        out.append(source[at:])
        out.append(self._closed(0))
        return out

    def _untagged(self, start: int, out: list[str]) -> int:
        """The offset to go on from after a ``<`` that does not start a tag."""
        following = self.source[start + 1 : start + 3].removeprefix("/")[:1]
        if following.isascii() and following.isalpha():
            return len(self.source)  # the tag has no end
        if comment := COMMENT.match(self.source, start):
            return comment.end()
        out.append("&lt;")
        return start + 1

    def _start(self, name: str, tag: re.Match[str], out: list[str]) -> None:
        """Write a start tag, and before it the end tags of the elements that it closes."""
        if self.open:
            for names, barrier in _CLOSES.get(name, ()):
                out.append(self._until(names, barrier))
            if self.open and name in _HEADINGS and self.open[-1] in _HEADINGS:
                out.append(self._closed(len(self.open) - 1))
        if name not in self.allowed:
            return
        if name in _ROWS and name != "table" and "table" not in self.open:
            return
        if tag.end() - tag.start() > _SHORT_TAG:
            count = sum(1 for _ in attributes(tag["attributes"]))
            if count > _MAX_ATTRIBUTES:
                raise TooDeep(f"an element has {count:,} attributes")
        if name not in _VOID:
            self.open.append(name)
            if len(self.open) > self.depth:
                raise TooDeep(f"the HTML is nested more than {self.depth} elements deep")
        out.append(tag[0])

    def _end(self, name: str) -> str:
        """The end tags in place of an end tag; ``""`` if there is no such element to close."""
        if self.open and self.open[-1] == name:
            self.open.pop()
            return f"</{name}>"
        if name in _HEADINGS:
            return self._until(_HEADINGS, _CELLS)
        if name in _ROWS:
            return self._until((name,), ("table",))
        return "<br>" if name == "br" else self._until((name,), _CELLS)

    def _until(self, names: Collection[str], barrier: Collection[str]) -> str:
        """Close the innermost element of `names`, unless one of `barrier` is further in."""
        for at in range(len(self.open) - 1, -1, -1):
            if self.open[at] in names:
                return self._closed(at)
            if self.open[at] in barrier:
                break
        return ""

    def _closed(self, at: int) -> str:
        """Close the open elements from the index `at` on."""
        closing = "".join(f"</{name}>" for name in reversed(self.open[at:]))
        del self.open[at:]
        return closing

    def _skip_hidden(self, name: str, tag: re.Match[str]) -> int:
        """The offset of the end of a hidden element."""
        if tag["close"].endswith("/") and name in ("math", "svg"):
            return tag.end()
        if name in self.unterminated:
            return len(self.source) if name in _TEXT_ONLY else tag.end()
        depth = 1
        marks = re.compile(rf"<(/?){name}(?=[{_SPACE}/>])[^>]*+>?", re.IGNORECASE)
        for mark in marks.finditer(self.source, tag.end()):
            if mark[1]:
                depth -= 1
            elif name not in _TEXT_ONLY:
                depth += 1
            if not depth:
                return mark.end()
        self.unterminated.add(name)
        return len(self.source) if name in _TEXT_ONLY else tag.end()

    def _link(self, tag: re.Match[str]) -> str:
        """A link in place of an ``iframe``: a video, a map."""
        for attribute in attributes(tag["attributes"]):
            if attribute["name"].lower() == "src" and attribute["value"]:
                url = html.unescape(attribute["value"].strip("\"'")).strip()
                if url.startswith("//"):
                    url = "https:" + url
                if not url.lower().startswith(("https://", "http://")) or "a" in self.open:
                    return ""
                url = html.escape(url)
                link = f'<a href="{url}">{url}</a>'
                return link if "p" in self.open else f"<p>{link}</p>"
        return ""
