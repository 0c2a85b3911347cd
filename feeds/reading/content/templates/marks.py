"""The marks of templates in a text: masked before Markdown is rendered, filled in the HTML.

A mark is Liquid's ``{{ page.url }}`` or ``{% include a.html %}``, Hugo's ``{{< figure >}}``,
kramdown's ``{: .wide}``, or a ``<!--more-->``. A word stands for each while the Markdown is
rendered. So the parser says what is code: a mark there is shown as it is written. No mark can
change what is code, and no sign in a mark is taken for Markdown.
"""

from __future__ import annotations

import re
import textwrap
from bisect import bisect
from collections.abc import Collection, Iterator
from functools import cache, cached_property
from typing import Literal, TypeAlias

from msgspec import Struct

from feeds.reading.content.markdown import ContentTooLarge

Kind: TypeAlias = Literal[
    "shortcode", "tag", "value", "hidden", "escaped", "raw", "verbatim", "code", "formula", "more",
    "directive",
]  # fmt: skip


class Mark(Struct, frozen=True):
    """One mark of a text."""

    kind: Kind
    """``hidden`` shows nothing; ``escaped`` is shown without the sign that escapes it; ``raw`` is
    Liquid's `raw` and its end; ``verbatim`` stands between those; ``code`` is a whole block."""
    text: str
    """It, as written."""
    inner: str = ""
    """What is between its braces, or the code of a block, or what an escaped mark shows."""
    language: str = ""
    """The language of a block of code."""


# Each expression stops at the next brace but for a pair of its own, so that no part of a text is
# read twice.
_INNER = r"(?:[^{}]|\{[^{}]*+\})*+"
_MARK = re.compile(
    rf"\{{\{{(?P<sign>[<%])(?P<shortcode>{_INNER})\}}\}}"
    rf"|\{{%(?P<tag>{_INNER})%?\}}"
    rf"|\{{\{{-?(?P<value>{_INNER})\}}\}}"
    r"|(?P<directive>(?<=:::)[ \t]*+[\w{\[.])"
    r"|(?P<attributes>\{\#[^{}]*+(?<=\#)\}"
    r"|^(?:[*+-]|1\.)[ ][^\n{]*+\n\{:[ ]*+toc\b[^{}\n]*+\}"
    r"|^\[(?:toc|\[_?toc_?\])\][ \t]*+$"
    r"|\{:[^{}\n]*+\}"
    r"|(?<=[)\]])\{[.#][^{}\n]*+\}"
    r"|(?<![ \t])[ \t]*+\{[.#][A-Za-z][^{}\n]*+\}(?=[ \t]*+$))"
    r"|(?P<more><!--\s*+more\s*+-->)"
    r"|(?P<formula>^[ ]{0,3}\$\$[ ]*+\n(?:(?![ ]*+\$\$|[ ]{0,3}[`~]{3}).*+\n){1,200}?"
    r"[ ]{0,3}\$\$[ ]*+$)",
    re.MULTILINE | re.IGNORECASE,
)
# Every mark has one of these, on its first line or on the next. The search for them is fast: each
# starts with a sign of its own.
_SIGN = re.compile(r"\{[{%:#.]|<!--\s*+more|\$\$|:::|\[\[?_?toc", re.IGNORECASE)
_ESCAPED = re.compile(r"\s*+/\*(?P<shown>.*)\*/", re.DOTALL)
_NAME = re.compile(r"[-~/\s]*+(?P<name>\w[\w./-]*+)")
_CODE_NAMES = frozenset({"highlight", "codeblock", "code", "sourcecode", "mermaid", "plantuml"})
_FENCE = re.compile(r"^[ \t>]*(?:```|~~~)", re.MULTILINE)
_LANGUAGE = re.compile(r"(?:[^\n]*\blang[:=][\"']?)?(?P<language>[A-Za-z][\w+#-]*)")
_RAW = re.compile(r"\{%-?\s*(?:end)?raw\s*-?%\}")
_UNDERLINE = re.compile(r"[ \t]*\n[ ]{0,3}(?:-{2,}|=+)[ \t]*(?:\n|\Z)")
_LONGEST_INDENT = 200
_BEFORE_DIRECTIVE = " \t>:-*+.0123456789"


WORD = "markofatemplate7c41e09b"
"""What the word for a mark starts with; a text that has it loses it."""
ONE_WORD = re.compile(rf"(?:\n[ \t]*+)?{WORD}(\d+)y|{WORD}(\d+)z")
"""The word for a mark, and what `mask` adds before it."""


class MaskedText(Struct, frozen=True):
    """A text with a word in place of each mark."""

    text: str
    """It."""
    marks: tuple[Mark, ...]
    """The marks, in order."""

    @property
    def last(self) -> str:
        """The word for the last mark."""
        return f"{WORD}{len(self.marks) - 1}z"

    def with_nothing(self) -> MaskedText:
        """The same text with one more mark, which shows nothing and is not in the text yet."""
        return MaskedText(self.text, (*self.marks, Mark("hidden", "")))

    def restored(self, text: str) -> str:
        """A part of the text, with its marks as they are written."""
        return ONE_WORD.sub(lambda word: self.marks[int(word[1] or word[2])].text, text)


MOST_MARKS = 20_000


def mask(body: str, kinds: Collection[str]) -> MaskedText:
    """The text with its marks of these kinds masked. Raises ContentTooLarge."""
    body = body.replace(WORD, "")
    marks: list[Mark] = []
    parts: list[str] = []
    at = 0
    for start, mark in _Marks(body, kinds).found():
        end = start + len(mark.text)
        parts += (body[at:start], _word(body, start, end, f"{WORD}{len(marks)}"))
        marks.append(mark)
        at = end
        if len(marks) > MOST_MARKS:
            raise ContentTooLarge(f"the text has more than {MOST_MARKS:,} marks of templates")
    return MaskedText("".join([*parts, body[at:]]), tuple(marks))


def _word(body: str, start: int, end: int, word: str) -> str:
    """The word for a mark; alone on a line, it must not end a table's row, nor be a heading."""
    line = body.rfind("\n", max(0, start - _LONGEST_INDENT), start) + 1
    before = after = ""
    if not body[line:start].strip(" \t>"):
        if line and "|" in body[body.rfind("\n", max(0, line - 1_000), line - 1) + 1 : line]:
            before = "\n" + body[line:start]
        if _UNDERLINE.match(body, end):
            after = "\n"
    return f"{before}{word}{'y' if before else 'z'}{after}"


class _Marks:
    """Finds the marks of a text."""

    def __init__(self, body: str, kinds: Collection[str]) -> None:
        self.body, self.kinds = body, kinds
        self.ends: dict[str, re.Match[str] | None] = {}
        self.is_raw = False

    def found(self) -> Iterator[tuple[int, Mark]]:
        """Yield the marks, each with its start."""
        at = 0
        while found := self._next(at):
            at = found.end()
            mark = self._mark(found)
            if mark is not None:
                yield found.start(), mark
                at = found.start() + len(mark.text)
            elif found["directive"]:
                at = found.start() + 1

    def _next(self, at: int) -> re.Match[str] | None:
        """The first mark of any kind from `at` on."""
        sign = _SIGN.search(self.body, at)
        if sign is None:
            return None
        line = self.body.rfind("\n", at, sign.start())
        before = self.body.rfind("\n", at, line) if line > 0 else -1
        return _MARK.search(self.body, before + 1 if before >= 0 else at)

    def _mark(self, found: re.Match[str]) -> Mark | None:
        """The mark that is at this place; None if it is none of the kinds that are looked for."""
        kind = found.lastgroup or ""
        if kind in ("more", "formula"):
            return Mark(_KINDS[kind], found[0])
        if kind not in self.kinds:
            return None
        if kind == "directive":
            return self._directive(found.start())
        if kind == "attributes":
            is_comment = found[0].startswith("{::comment")
            end = self._end("{:/", found.end()) if is_comment else None
            return Mark("hidden", self.body[found.start() : end.end()] if end else found[0])
        inner = found[kind].removesuffix("%") if kind == "tag" else found[kind]
        name = _name(inner)
        if kind == "tag" and name in ("raw", "endraw"):
            self.is_raw = name == "raw"
            return Mark("raw", found[0])
        if self.is_raw:
            return Mark("verbatim", found[0])
        inner = inner[:-1] if kind == "shortcode" else inner
        if escaped := _ESCAPED.match(inner):
            return Mark("escaped", found[0], found[0].replace(escaped[0], escaped["shown"], 1))
        if name == "comment" and (end := self._end(name, found.end())):
            return Mark("hidden", self.body[found.start() : end.end()])
        is_start = not inner.lstrip().startswith("/")
        if is_start and name in _CODE_NAMES and (block := self._code_block(found, inner, name)):
            return block
        return Mark(_KINDS[kind], found[0], inner)

    def _directive(self, start: int) -> Mark | None:
        """What is behind the colons that end at `start`; None if text is before them."""
        indent = max(0, start - _LONGEST_INDENT)
        line = self.body.rfind("\n", indent, start) + 1
        if (indent and not line) or self.body[line:start].strip(_BEFORE_DIRECTIVE):
            return None
        end = self.body.find("\n", start)
        return Mark("directive", self.body[start : end if end >= 0 else None])

    def _end(self, name: str, at: int) -> re.Match[str] | None:
        """The end of a block that starts before `at`: ``{{< /name >}}`` or ``{% endname %}``."""
        if name not in self.ends or ((end := self.ends[name]) and end.start() < at):
            self.ends[name] = _end(name).search(self.body, at)
        return self.ends[name]

    def _code_block(self, opening: re.Match[str], inner: str, name: str) -> Mark | None:
        """The block of code that starts with a mark; None if it has no end."""
        end = self._end(name, opening.end())
        if end is None or self._fences(opening.end(), end.start()) % 2:
            return None  # in the second case, one of both is in a block of code already
        code = self.body[opening.end() : end.start()]
        if opening["tag"]:
            code = _RAW.sub("", code)
        language = _LANGUAGE.match(inner.strip("-%/ \t\n")[len(name) :].strip(" ,\"'"))
        return Mark(
            "code",
            self.body[opening.start() : end.end()],
            textwrap.dedent(code.strip("\n").rstrip()) + "\n",
            language["language"].lower() if language else "",
        )

    def _fences(self, start: int, end: int) -> int:
        """The number of lines between two places that start or end a block of code."""
        return bisect(self.fences, end) - bisect(self.fences, start)

    @cached_property
    def fences(self) -> list[int]:
        """Where the lines are that start or end a fenced block of code."""
        return [fence.start() for fence in _FENCE.finditer(self.body)]


@cache
def _end(name: str) -> re.Pattern[str]:
    if name == "{:/":
        return re.compile(r"\{:/[^{}\n]*+\}")
    name = re.escape(name)
    return re.compile(
        rf"\{{\{{[<%]\s*/\s*{name}\s*[>%]\}}\}}|\{{%-?\s*end(?:{name})?\s*-?%\}}", re.IGNORECASE
    )


def _name(inner: str) -> str:
    found = _NAME.match(inner)
    return found["name"].rstrip("./-").lower() if found else ""


_KINDS: dict[str, Kind] = {
    "shortcode": "shortcode",
    "tag": "tag",
    "value": "value",
    "more": "more",
    "formula": "formula",
}
