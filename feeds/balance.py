"""Owns the tags of HTML: any text -> the same HTML with every element closed in its turn.

An HTML parser takes time that grows with the square of what is left open, and what an author left
open is no better for the reader. So before the parser sees a body, each tag is read here as the
HTML standard's tokenizer reads it (13.2.5), and is written again only where it opens or closes
something: what the sanitiser gets is balanced by construction, and no deeper than allowed. What is
safe to show is not known here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator

_SPACE = r"\t\n\f\r "
# 13.2.5.32 to 13.2.5.39: a name may start with "=", and may hold quotes; a value in quotes holds
# whatever there is up to the next one. No step looks at a character twice.
_ATTRIBUTE = (
    rf"[{_SPACE}/]*+(?P<name>[^{_SPACE}/>][^{_SPACE}/>=]*+)"
    rf"(?:[{_SPACE}]*+=[{_SPACE}]*+(?P<value>\"[^\"]*+\"|'[^']*+'|[^{_SPACE}>\"'][^{_SPACE}>]*+|(?=>))"
    rf"|(?![{_SPACE}]*+=))"
)
_ATTRIBUTES = re.compile(_ATTRIBUTE)
_unnamed = re.sub(r"\?P<\w+>", "?:", _ATTRIBUTE)
_TAG = re.compile(
    rf"<(?P<end>/?)(?P<name>[A-Za-z][^{_SPACE}/>]*+)"
    rf"(?P<attributes>(?:{_unnamed})*+)(?P<close>[{_SPACE}/]*+)>"
)
# 13.2.5.43 to 13.2.5.51: "<!-->" and "<!--->" are comments; "--!>" ends one too; all else that
# starts so ends at the next ">".
_COMMENT = re.compile(r"<!--(?:-?>|.*?(?:--!?>|\Z))|<[!?/][^>]*+(?:>|\Z)", re.DOTALL)
_SHORT = 2_000
_MOST_ATTRIBUTES = 200

# fmt: off
_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
})
# Elements whose text is not for readers. Those in the first line hold text only, whatever it looks
# like, up to their end; where the others have none, the tag alone goes.
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
# What else a start tag closes, when it is open, and where the search for it ends.
_IMPLIED = {
    "a": ({"a"}, _CELLS),
    "li": ({"li"}, _CELLS | {"ol", "ul"}),
    **dict.fromkeys(("dd", "dt"), ({"dd", "dt"}, _CELLS | {"dl"})),
    **dict.fromkeys(("rp", "rt"), ({"rp", "rt"}, _CELLS | {"ruby"})),
    **dict.fromkeys(("td", "th"), ({"caption", "colgroup", "td", "th"}, {"table", "tr"})),
    "tr": ({"caption", "colgroup", "tr"}, {"table"}),
    **dict.fromkeys(
        ("caption", "colgroup", "tbody", "tfoot", "thead"),
        ({"caption", "colgroup", "tbody", "tfoot", "thead", "tr"}, {"table"}),
    ),
}
# fmt: on


class TooDeep(Exception):  # noqa: N818  (it is what it says)
    """More elements are inside each other, or one has more attributes, than anybody would write."""


def balanced(source: str, known: Collection[str], depth: int) -> str:
    """`source` with its tags closed in order, without comments and what is never shown.

    Of other elements than those in `known` the text stays. An embedded page becomes a link to it.
    Raises TooDeep where more than `depth` elements would be open at once.
    """
    if "<" not in source:
        return source
    return "".join(_Balance(source, known, depth).pieces())


class _Balance:
    def __init__(self, source: str, known: Collection[str], depth: int) -> None:
        self.source, self.known, self.depth = source, known, depth
        self.open: list[str] = []
        self.endless: set[str] = set()

    def pieces(self) -> Iterator[str]:
        source, at = self.source, 0
        while (start := source.find("<", at)) >= 0:
            yield source[at:start]
            following = source[start + 1 : start + 3]
            letter = following.lstrip("/")[:1]
            if letter.isascii() and letter.isalpha() and following[:2] != "//":
                tag = _TAG.match(source, start)
                if tag is None:  # the end of the text comes before the tag's
                    at = len(source)
                    break
                at = tag.end()
                name = tag["name"].lower()
                if tag["end"]:
                    yield self._end(name)
                elif name in _HIDDEN:
                    at = self._after(name, tag)
                    if name == "iframe":
                        yield self._link(tag)
                else:
                    yield self._start(name, tag)
            elif following[:1] in ("!", "?", "/") and following != "/":
                comment = _COMMENT.match(source, start)
                assert comment is not None
                at = comment.end()
            else:
                yield "&lt;"
                at = start + 1
        yield source[at:]
        yield self._closed(0)

    def _start(self, name: str, tag: re.Match[str]) -> str:
        if len(tag["attributes"]) > _SHORT:
            found = sum(1 for _ in _ATTRIBUTES.finditer(tag["attributes"]))
            if found > _MOST_ATTRIBUTES:
                raise TooDeep(f"an element has {found:,} attributes")
        before = self._before(name)
        if name not in self.known or (name in _ROWS and name != "table" and not self._in_table()):
            return before
        if name not in _VOID:
            self.open.append(name)
            if len(self.open) > self.depth:
                raise TooDeep(f"the HTML has more than {self.depth} elements inside each other")
        return before + tag[0]

    def _before(self, name: str) -> str:
        """The end tags that a start tag stands for (13.1.2.4)."""
        closed = ""
        if name in _BLOCKS:
            closed = self._until({"p"}, _CELLS)
            if self.open and name in _HEADINGS and self.open[-1] in _HEADINGS:
                closed += self._closed(len(self.open) - 1)
        if implied := _IMPLIED.get(name):
            closed += self._until(*implied)
        return closed

    def _end(self, name: str) -> str:
        if name in _HEADINGS:
            return self._until(_HEADINGS, _CELLS)
        if name in _ROWS:
            return self._until({name}, {"table"})
        return "<br>" if name == "br" else self._until({name}, _CELLS)

    def _until(self, names: Collection[str], barrier: Collection[str]) -> str:
        """Close the innermost of `names`, and what is in it, unless a barrier is closer."""
        for at in range(len(self.open) - 1, -1, -1):
            if self.open[at] in names:
                return self._closed(at)
            if self.open[at] in barrier:
                break
        return ""

    def _closed(self, at: int) -> str:
        closing = "".join(f"</{name}>" for name in reversed(self.open[at:]))
        del self.open[at:]
        return closing

    def _in_table(self) -> bool:
        return "table" in self.open

    def _after(self, name: str, tag: re.Match[str]) -> int:
        """Where a hidden element ends."""
        if tag["close"].endswith("/") and name in ("math", "svg"):
            return tag.end()
        if name in self.endless:
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
        self.endless.add(name)
        return len(self.source) if name in _TEXT_ONLY else tag.end()

    def _link(self, tag: re.Match[str]) -> str:
        """A link in place of a page in the page: a film, a map."""
        for attribute in _ATTRIBUTES.finditer(tag["attributes"]):
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


_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
