"""HTML with a word for each mark of a template -> the HTML with what the marks become."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Protocol

from feeds.reading.content.callouts import directive
from feeds.reading.content.post_links import joined_to_marks
from feeds.reading.content.templates.marks import ONE_WORD, WORD, Mark, MaskedText


class Values(Protocol):
    """What marks become."""

    def text(self, mark: Mark) -> str | None:
        """The text of a mark, for an address or for code; None if nobody knows it."""

    def html(self, mark: Mark, inner: str) -> str:
        """The HTML of a mark; `inner` is the HTML between its start and its end."""

    def is_end(self, mark: Mark) -> str:
        """The name of what a mark ends; ``""`` if it is not an end."""

    def name(self, mark: Mark) -> str:
        """The name of what a mark starts."""


def fill(made: str, masked: MaskedText, values: Values, *, in_code: bool) -> str:
    """The HTML with its marks filled in.

    `in_code` says that the site's generator fills marks in code too; otherwise they are shown there
    as they are written.
    """
    if not masked.marks:
        return made
    return _Filling(masked, values, in_code).filled(made)


_PIECE = re.compile(
    r"<(?P<end>/?)(?P<code>pre|code|xmp|textarea)\b[^<>]*+>|(?P<tag><[a-zA-Z/!][^<>]*+>)"
    rf"|(?P<mark>(?:\n[ \t]*+)?{WORD}\d+y|{WORD}\d+z)",
    re.IGNORECASE,
)
_DIRECTIVE = re.compile(rf'<div class="{WORD}(\d+)z">')
_ALONE = re.compile(rf"<p>\s*+((?:{WORD}\d+[yz]\s*+)+)</p>")


class _Filling:
    """Fills the marks of one text."""

    def __init__(self, masked: MaskedText, values: Values, in_code: bool) -> None:
        self.marks, self.values, self.in_code = masked.marks, values, in_code
        self.pairs = _pairs(masked.marks, values)
        self.starts = frozenset(self.pairs.values())

    def filled(self, made: str) -> str:
        """The HTML of the whole text."""
        made = _ALONE.sub(r"\1", made)
        open_: list[tuple[int, list[str]]] = [(-1, [])]
        for piece in self._pieces(made):
            if isinstance(piece, str):
                open_[-1][1].append(piece)
            elif (start := self.pairs.get(piece, -1)) >= 0:
                self._close(open_, start)
            elif piece in self.starts and len(open_) <= _DEEPEST:
                open_.append((piece, []))
            else:
                open_[-1][1].append(self.values.html(self.marks[piece], ""))
        self._close(open_, -1)
        return "".join(open_[0][1])

    def _close(self, open_: list[tuple[int, list[str]]], start: int) -> None:
        """Fill the open pairs down to the one that starts with this mark."""
        if all(number != start for number, _ in open_):
            return
        while open_[-1][0] != start or start >= 0:
            number, inner = open_.pop()
            open_[-1][1].append(self.values.html(self.marks[number], "".join(inner)))
            if number == start:
                return

    def _pieces(self, made: str) -> Iterator[str | int]:
        """Yield the parts of the HTML: marks to be filled by their number, the rest as it is."""
        at = depth = 0
        for piece in _PIECE.finditer(made):
            if piece["code"]:
                depth = max(0, depth + (-1 if piece["end"] else 1))
            elif piece["tag"]:
                if ONE_WORD.search(piece[0]):
                    yield made[at : piece.start()]
                    yield self._tag(piece[0])
                    at = piece.end()
            else:
                yield made[at : piece.start()]
                at = piece.end()
                if depth:
                    yield html.escape(self._code(self._number(piece[0])), quote=False)
                else:
                    yield self._number(piece[0])
        yield made[at:]

    def _number(self, word: str) -> int:
        found = ONE_WORD.fullmatch(word)
        return int(found[1] or found[2]) if found else 0

    def _code(self, number: int) -> str:
        """What code shows of a mark."""
        mark = self.marks[number]
        if mark.kind in ("raw", "escaped"):
            return mark.inner
        is_filled = self.in_code and mark.kind in ("shortcode", "tag", "value")
        return (self.values.text(mark) or "") if is_filled else mark.text

    def _tag(self, tag: str) -> str:
        """A tag with its marks filled in; without an attribute whose address nobody knows."""
        if (is_directive := _DIRECTIVE.fullmatch(tag)) and (
            mark := self.marks[int(is_directive[1])]
        ).kind == "directive":
            return directive(mark.text)
        return _ATTRIBUTE.sub(self._attribute, tag) if _ATTRIBUTE.search(tag) else tag

    def _attribute(self, found: re.Match[str]) -> str:
        if not ONE_WORD.search(found["value"]):
            return found[0]
        is_known = True

        def text(word: re.Match[str]) -> str:
            nonlocal is_known
            value = self.values.text(self.marks[int(word[1] or word[2])])
            is_known = is_known and value is not None
            return value or ""

        value = joined_to_marks(ONE_WORD.sub(text, html.unescape(found["value"])))
        if not is_known and found["name"].lower() in ("href", "src", "poster", "cite"):
            return ""
        return f'{found["space"]}{found["name"]}="{html.escape(value)}"'


_DEEPEST = 30
"""How many pairs may be open at once; those in deeper ones are filled without what is in them."""
_ATTRIBUTE = re.compile(
    r"(?P<space>\s)(?P<name>[^\s=<>\"'/]++)\s*+=\s*+[\"']?(?P<value>(?<=\")[^\"]*+|(?<=')[^']*+|[^\s\"'<>]++)[\"']?"
)


def _pairs(marks: tuple[Mark, ...], values: Values) -> dict[int, int]:
    """The start of each pair by its end, as numbers of marks. Zola's ``{% end %}`` has no name."""
    open_: dict[str, list[int]] = {}
    starts: list[int] = []
    pairs: dict[int, int] = {}
    closed: set[int] = set()
    for number, mark in enumerate(marks):
        if mark.kind not in ("shortcode", "component", "tag"):
            continue
        name = values.is_end(mark)
        if not name:
            open_.setdefault(values.name(mark), []).append(number)
            starts.append(number)
            continue
        same = starts if name == "end" else open_.get(name, [])
        while same and same[-1] in closed:
            same.pop()
        if same:
            pairs[number] = same.pop()
            closed.add(pairs[number])
    return pairs
