"""A formula in MathML or TeX -> text: its own text form, its TeX between dollars, or one line.

Few readers show MathML, and none runs MathJax.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape

from feeds.reading.content.tag_balancer import COMMENT, TAG, attributes

_MATH = re.compile(r"(<math(?=[\s/>])[^<>]*+>)([^<]*+)</math>", re.IGNORECASE)
_ANNOTATION = re.compile(r"<annotation\b(?=[^<>]*tex)[^<>]*+>([^<]*+)</annotation", re.IGNORECASE)
_UNENDED = re.compile(r"</?[A-Za-z]")
_WRAPPED = re.compile(r"\{\s*\\(?:display|text|script)style\b(.*)\}", re.DOTALL)
_TEX = re.compile(r"\\[A-Za-z,;!{}]|[_^]\{")
_MOST_NESTED = 40
_SPACED = frozenset("=≠<>≤≥≈≡∼≃≅→←↔⇒⇐⇔↦∈∉⊂⊆⊃⊇∪∩∧∨+−-±∓×÷·⋅∗*∣∥∝≪≫")
_INVISIBLE = str.maketrans("", "", "\u2061\u2062\u2063\u2064\u200b")
_LEAVES = frozenset({"mi", "mn", "mo", "ms", "mtext", "mglyph"})
_LEFT_OUT = frozenset({"annotation", "annotation-xml", "mphantom", "mprescripts", "none"})


def formula_text(tag: str, source: str) -> str:
    """The text of a ``math`` element, from its start tag and the source in it; escaped."""
    values = _values(tag)
    is_display = values.get("display", "").lower() == "block"
    if text := " ".join(values.get("alttext", "").split()):
        return marked_tex(text, is_display) if _TEX.search(text) else escape(text, quote=False)
    if (annotation := _ANNOTATION.search(source)) and (tex := unescape(annotation[1]).strip()):
        return marked_tex(tex, is_display)
    text = " ".join(_Row.parse(source).text.split())
    return escape(text, quote=False) or escape(values.get("aria-label", ""), quote=False)


def marked_tex(tex: str, is_display: bool) -> str:
    """TeX between its marks, escaped."""
    tex = re.sub(r"^\s*(?:<!\[CDATA\[|%\s*<!\[CDATA\[)|(?:%\s*)?\]\]>\s*$", "", tex).strip()
    if wrapped := _WRAPPED.fullmatch(tex):
        tex = wrapped[1].strip()
    if not tex:
        return ""
    if not tex.startswith(("$", "\\(", "\\[")):
        tex = f"$${tex}$$" if is_display else f"${tex}$"
    return escape(tex, quote=False)


def mathml_in(text: str, is_source: bool = False) -> str:
    """The text of the first ``math`` element in balanced HTML; ``""`` if there is none.

    With `is_source`, `text` is the element as it was written.
    """
    if is_source:
        tag = TAG.match(text)
        return formula_text(tag[0], text[tag.end() :]) if tag else ""
    math = _MATH.search(text)
    return formula_text(math[1], unescape(math[2])) if math else ""


def _values(tag: str) -> dict[str, str]:
    start = TAG.match(tag)
    found = attributes(start["attributes"]) if start else ()
    return {
        one["name"].lower(): unescape((one["value"] or "").strip("\"'")).strip() for one in found
    }


class _Row:
    """An element of MathML with its parts."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.parts: list[_Row] = []
        self.own = ""
        self.marks: dict[str, str] = {}

    @classmethod
    def parse(cls, source: str) -> _Row:
        """Read MathML. What is nested too deeply belongs to the element around it."""
        top = cls("mrow")
        open_, at = [top], 0
        while (start := source.find("<", at)) >= 0:
            open_[-1].own += unescape(source[at:start])
            tag = TAG.match(source, start)
            if tag is None:
                if _UNENDED.match(source, start):
                    return top  # the tag has no end
                comment = COMMENT.match(source, start)
                at = comment.end() if comment else start + 1
                continue
            at = tag.end()
            name = tag["name"].lower().rpartition(":")[2]
            if tag["end"]:
                if any(row.name == name for row in open_[1:]):
                    while open_.pop().name != name:
                        pass
                continue
            row = cls(name)
            if name == "mfenced":
                row.marks = _values(tag[0])
            open_[-1].parts.append(row)
            if not tag["close"].endswith("/") and len(open_) < _MOST_NESTED:
                open_.append(row)
        open_[-1].own += unescape(source[at:])
        return top

    @property
    def text(self) -> str:
        """The formula on one line."""
        if self.name in _LEFT_OUT:
            return ""
        if self.name in _LEAVES or not self.parts:
            return " ".join(self.own.translate(_INVISIBLE).split())
        if self.name == "semantics":
            return self.parts[0].text
        return _WRITTEN.get(self.name, _Row._in_a_row)(self)

    @property
    def grouped(self) -> str:
        """The same in brackets if it has several parts."""
        text = self.text
        return text if len(text) < 2 or text.isalnum() or _is_bracketed(text) else f"({text})"

    def _part(self, index: int) -> str:
        return self.parts[index].grouped if index < len(self.parts) else ""

    def _in_a_row(self) -> str:
        out = ""
        is_after_operator = True
        for part in self.parts:
            text = part.text
            is_operator = part.name == "mo" and text in _SPACED and len(text) == 1
            if part.name == "mspace":
                text = " "
            elif part.name == "mo" and text in (",", ";"):
                text += " "
            elif is_operator and not is_after_operator:
                text = f" {text} "
            is_after_operator = is_operator or text in ("(", "[", "{", ", ")
            out += text
        return out

    def _fraction(self) -> str:
        return f"{self._part(0)}/{self._part(1)}"

    def _root(self) -> str:
        if self.name == "mroot":
            return f"{self._part(0)}^(1/{self._part(1)})"
        text = " ".join(self._in_a_row().split())
        return f"√{text}" if text.isalnum() else f"√({text})"

    def _scripts(self) -> str:
        """A base with what is below and above it, in the order of MathML's names."""
        base = self._part(0)
        scripts = [self._part(index) for index in range(1, len(self.parts))]
        marks = {"msup": "^", "mover": "^", "msub": "_", "munder": "_"}.get(self.name, "_^")
        if self.name == "mover" and scripts and len(scripts[0]) == 1 and not scripts[0].isalnum():
            return base + scripts[0]
        signs = zip(marks, scripts, strict=False)
        return base + "".join(mark + script for mark, script in signs if script)

    def _fenced(self) -> str:
        marks = self.marks
        inner = ", ".join(part.text for part in self.parts)
        return f"{marks.get('open', '(')}{inner}{marks.get('close', ')')}"

    def _table(self) -> str:
        return "[" + "; ".join(part.text for part in self.parts) + "]"

    def _cells(self) -> str:
        return ", ".join(part.text for part in self.parts)


def _is_bracketed(text: str) -> bool:
    return text[0] in "([{" and text[-1] in ")]}" and not set(text[1:-1]) & set("()[]{}")


_WRITTEN: dict[str, Callable[[_Row], str]] = {
    "mfrac": _Row._fraction,
    "msqrt": _Row._root,
    "mroot": _Row._root,
    **dict.fromkeys(
        ("msup", "msub", "msubsup", "mover", "munder", "munderover", "mmultiscripts"), _Row._scripts
    ),
    "mfenced": _Row._fenced,
    "mtable": _Row._table,
    "mtr": _Row._cells,
}
