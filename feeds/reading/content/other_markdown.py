"""What kramdown, Python-Markdown and goldmark read otherwise than comrak: changes before and after.

Text in code must stay as it is, so a change that could meet code is undone afterwards, or made to
the HTML.

Sources: https://kramdown.gettalong.org/syntax.html,
https://python-markdown.github.io/extensions/code_hilite/, https://github.github.com/gfm/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from feeds.config import Limits
from feeds.reading.content.dialect import Dialect
from feeds.reading.content.markdown import render_markdown

_TILDE, _JOINT, _HEAD, _BAR = "\ue07e", "\ue07f", "\ue080", "\ue081"
"""Characters for private use, which stand for a sign while the Markdown is rendered."""
_PRIVATE = str.maketrans(dict.fromkeys((_TILDE, _JOINT, _HEAD, _BAR), ""))
_ONE_TILDE = re.compile(r"(?<![~\\])~(?!~)")

_DELIMITER_ROW = re.compile(
    r"[ ]{0,3}+\|?[ \t]*+:?-++:?[ \t]*+(?:\|[ \t]*+:?-++:?[ \t]*+)*+\|?[ \t]*+"
)
_CODE = re.compile(r"(?<![`\\])(?P<marks>`++)(?P<code>[^`\n]++)(?P=marks)(?!`)")
_BAR_ENDS = re.compile(r"(?<!\\)\|")
_EMPTY_HEAD = re.compile(
    rf"<thead>\n<tr>\n(?:<th[^<>]*+>{_HEAD}</th>\n)++</tr>\n</thead>\n"
    rf"|(?<!{_HEAD})\|(?:{_HEAD}\|)++\n\|(?:---\|)++\n"
)

_ABBREVIATION = re.compile(r"^[ ]{0,3}\*\[[^\]\n]++\]:[^\n]*+(?:\n|\Z)", re.MULTILINE)
_LANGUAGE = re.compile(
    r"<pre><code>(?::::[ \t]*+|#!(?=\w++\n))(?P<name>[\w#+.-]++)[^\n]*+\n(?=[^\n])"
)

_LABEL = re.compile(r"^[ ]{0,3}\[\^(?P<label>[^\[\]\n]++)\]:", re.MULTILINE)
_REFERENCE = re.compile(r"\[\^(?P<label>[^\[\]\n]++)\]")
_PLAIN_LABEL = re.compile(r"[!-~]++")


_SIGNS_OF_DEPTH = re.compile(r"^(?:[ \t]*+(?:[>*+-]|\d{1,9}[.)]))++", re.MULTILINE)


def may_be_deep(body: str, limits: Limits) -> bool:
    """Return whether the quotations and lists of a text may be deeper than `limits.html_depth`."""
    signs = (len(found[0]) for found in _SIGNS_OF_DEPTH.finditer(body))
    return max(signs, default=0) > limits.html_depth // 2


def as_generator(body: str, dialect: Dialect, limits: Limits) -> str:
    """The HTML of a text, as the dialect's generator reads it. Raises ContentTooLarge."""
    habits = dialect.habits
    if "[^" in body:
        body = _with_plain_labels(body)
    if not habits or not any(sign in body for sign in ("~", "**", "|", "*[", "    ")):
        return render_markdown(body, dialect.markdown, limits)
    body = body.translate(_PRIVATE)
    if "abbreviations" in habits:
        body = _ABBREVIATION.sub("", body)
    if "bar-in-code" in habits and "|" in body:
        body = "\n".join(_table_lines(body.split("\n"), headless="headless-tables" in habits))
    if "one-tilde" in habits:
        body = _ONE_TILDE.sub(_TILDE, body)
    if "joined-stars" in habits:
        body = _OPENS.sub(f"**{_JOINT}", _CLOSES.sub(f"{_JOINT}**", body))
    made = render_markdown(body, dialect.markdown, limits)
    if "code-languages" in habits:
        made = _LANGUAGE.sub(r'<pre><code class="language-\g<name>">', made)
    return _without_private(made)


def _without_private(made: str) -> str:
    """The HTML with the signs that the characters for private use stand for."""
    if _HEAD in made:
        made = _EMPTY_HEAD.sub("", made)
    for wrong, right in (("”", "“"), ("’", "‘")):  # a joint in front of a quotation mark
        made = made.replace(f"{_JOINT}{wrong}", right)
    for char, sign in ((_TILDE, "~"), (_BAR, "|"), (_JOINT, ""), (_HEAD, "")):
        made = made.replace(char, sign).replace(quote(char), sign)
    return made


def _with_plain_labels(body: str) -> str:
    """The text with a number for each label of a footnote that comrak does not know or encodes."""
    labels = dict.fromkeys(found["label"] for found in _LABEL.finditer(body))
    plain = {
        label: f"[^n-{number}]"
        for number, label in enumerate(labels, 1)
        if not _PLAIN_LABEL.fullmatch(label)
    }
    if not plain:
        return body
    return _REFERENCE.sub(lambda found: plain.get(found["label"], found[0]), body)


def _table_lines(lines: list[str], *, headless: bool) -> Iterator[str]:
    """Yield lines so that no bar in code ends a cell of a table.

    With `headless`, a block of rows without a header gets one.
    """
    is_table, is_start = False, True
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        is_row = "|" in line
        if is_row and not is_table:
            is_table = _DELIMITER_ROW.fullmatch(following) is not None
            if headless and is_start and not is_table and _is_row(line):
                is_table = True
                columns = max(1, len(_BAR_ENDS.findall(line)) - 1)
                yield f"|{f'{_HEAD}|' * columns}\n|{'---|' * columns}"
        is_table = is_table and is_row
        is_start = not line.strip()
        yield _CODE.sub(_without_bars, line) if is_table and "`" in line else line


def _is_row(line: str) -> bool:
    """Return whether a line is a row of a table by itself: it starts and ends with a bar."""
    text = line.strip()
    if line.startswith(("    ", "\t")):  # code
        return False
    return len(text) > 1 and text[0] == text[-1] == "|" and not _DELIMITER_ROW.fullmatch(line)


def _without_bars(found: re.Match[str]) -> str:
    return found[0].replace("\\|", _BAR).replace("|", _BAR)


_CLOSES = re.compile(r"(?<=[^\w\s*])\*\*(?=\w)")
"""The end of strong text that ends in a sign, in front of a letter."""
_OPENS = re.compile(r"(?<=\w)\*\*(?=[^\w\s*])")
"""The start of strong text that starts with a sign, behind a letter."""
