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
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
})
# Elements whose text is not for readers. Those of _TEXT_ONLY hold text up to their end tag, even if
# it looks like tags. Of the others, the tag alone is removed if there is no end tag.
_TEXT_ONLY = frozenset({
    "script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript",
    "plaintext",
})
_HIDDEN = _TEXT_ONLY | {"math", "object", "select", "svg", "template"}
# If they are allowed: one element, whose text is the source between its tags.
_OPAQUE = frozenset({"iframe", "math", "script", "svg"})
# What follows them if they are never closed is not their content, but the post's.
_EMPTY_IF_OPEN = frozenset({"audio", "object", "picture", "video"})
_PARTS = ("<source", "<track", "<param")
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

    An element that is not in `allowed` is replaced by its text. If ``iframe``, ``math``, ``script``
    or ``svg`` is allowed, its content is its source as text; so only TeX passes in a ``script``.
    Raises TooDeep if more than `depth` elements would be open at once.
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
        self.starts: list[int] = []
        """For each open element: which piece of `out` is its start tag."""
        self.out: list[str] = []
        self.unterminated: set[str] = set()

    def pieces(self) -> list[str]:
        """The balanced text, in pieces."""
        source, at, out = self.source, 0, self.out
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
            elif name in _HIDDEN and not (name == "object" and name in self.allowed):
                inner, at = self._skip_hidden(name, tag)
                if name in self.allowed and inner is not None:
                    out.append(self._with_content(name, tag, inner))
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
        _check_attributes(tag)
        if name not in _VOID:
            self.open.append(name)
            self.starts.append(len(out))
            if len(self.open) > self.depth:
                raise TooDeep(f"the HTML is nested more than {self.depth} elements deep")
        out.append(tag[0])

    def _end(self, name: str) -> str:
        """The end tags in place of an end tag; ``""`` if there is no such element to close."""
        if self.open and self.open[-1] == name:
            self.open.pop()
            self.starts.pop()
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
                closing = self._closed(at + 1)
                self.starts.pop()
                return f"{closing}</{self.open.pop()}>"
            if self.open[at] in barrier:
                break
        return ""

    def _closed(self, at: int) -> str:
        """Close the open elements from the index `at` on."""
        closing = ""
        for index in range(len(self.open) - 1, at - 1, -1):
            name = self.open[index]
            if name in _EMPTY_IF_OPEN or "-" in name:
                self._end_early(name, self.starts[index])
            else:
                closing += f"</{name}>"
        del self.open[at:], self.starts[at:]
        return closing

    def _end_early(self, name: str, start: int) -> None:
        """End an element right after its start tag, and the sources and parameters that follow."""
        last = start
        for at in range(start + 1, len(self.out)):
            if self.out[at].startswith(_PARTS):
                last = at
            elif self.out[at].strip():
                break
        self.out[last] += f"</{name}>"

    def _skip_hidden(self, name: str, tag: re.Match[str]) -> tuple[str | None, int]:
        """The source in a hidden element, and the offset of its end; None: it has no end."""
        source, start = self.source, tag.end()
        if tag["close"].endswith("/") and name in ("iframe", "math", "svg"):
            return "", start  # HTML does not close an iframe so; JSX does, and its authors
        if name not in self.unterminated:
            depth = 1
            marks = re.compile(rf"<(/?){name}(?=[{_SPACE}/>])[^>]*+>?", re.IGNORECASE)
            for mark in marks.finditer(source, start):
                if mark[1]:
                    depth -= 1
                elif name not in _TEXT_ONLY:
                    depth += 1
                if not depth:
                    return source[start : mark.start()], mark.end()
            self.unterminated.add(name)
        if name == "iframe":
            return source[start:], len(source)
        return None, len(source) if name in _TEXT_ONLY else start

    def _with_content(self, name: str, tag: re.Match[str], inner: str) -> str:
        """A hidden element that is allowed."""
        if name == "script" and "math/tex" not in tag["attributes"].lower():
            return ""
        _check_attributes(tag)
        if name in _OPAQUE:
            inner = "" if name == "iframe" else html.escape(inner, quote=False)
        else:
            inner = balance(inner, self.allowed, self.depth - len(self.open) - 1)
        return f"{tag[0]}{inner}</{name}>"


def _check_attributes(tag: re.Match[str]) -> None:
    if tag.end() - tag.start() > _SHORT_TAG:
        count = sum(1 for _ in attributes(tag["attributes"]))
        if count > _MAX_ATTRIBUTES:
            raise TooDeep(f"an element has {count:,} attributes")
