"""What kramdown, Python-Markdown and goldmark read otherwise than comrak: changes before and after.

Text in code must stay as it is, so a change that could meet code is undone afterwards, or made to
the HTML.

Sources: https://kramdown.gettalong.org/syntax.html,
https://python-markdown.github.io/extensions/code_hilite/, https://github.github.com/gfm/.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from feeds.config import Limits
from feeds.reading.content.dialect import Dialect
from feeds.reading.content.markdown import render_markdown

_TILDE = "\ue07e"
_TILDE_IN_ADDRESS = quote(_TILDE)
_ONE_TILDE = re.compile(r"(?<![~\\])~(?!~)")

_DELIMITERS = r"[ ]{0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*+\|?[ \t]*"
_TABLE = re.compile(rf"^[^\n]*\|[^\n]*\n{_DELIMITERS}$(?:\n[^\n]*\|[^\n]*)*", re.MULTILINE)
_CODE_IN_ROW = re.compile(r"(?<![`\\])(?P<marks>`+)(?!`)(?P<code>[^`\n]+)(?P=marks)(?!`)")
_ROWS = re.compile(r"(?<![^\n]\n)(?:^[ ]{0,3}\|[^\n]*\|[ \t]*$\n?)++", re.MULTILINE)
_EMPTY_HEAD = re.compile(r"<thead>\s*<tr>\s*(?:<th[^<>]*></th>\s*)+</tr>\s*</thead>\s*")

_ABBREVIATION = re.compile(r"^[ ]{0,3}\*\[[^\]\n]+\]:[^\n]*(?:\n|\Z)", re.MULTILINE)
_LANGUAGE = re.compile(r"<pre><code>(?::::[ \t]*|#!(?=\w+\n))(?P<name>[\w#+.-]+)[^\n]*\n(?=[^\n])")

_LABEL = re.compile(r"^[ ]{0,3}\[\^(?P<label>[^\]\n]+)\]:", re.MULTILINE)
_PLAIN_LABEL = re.compile(r"[!-~]+")


_SIGNS_OF_DEPTH = re.compile(r"^(?:[ \t]*+(?:[>*+-]|\d{1,9}[.)]))++", re.MULTILINE)


def may_be_deep(body: str, limits: Limits) -> bool:
    """Return whether the quotations and lists of a text may be deeper than `limits.html_depth`."""
    signs = (len(found[0]) for found in _SIGNS_OF_DEPTH.finditer(body))
    return max(signs, default=0) > limits.html_depth // 2


def as_generator(body: str, dialect: Dialect, limits: Limits) -> str:
    """The HTML of a text, as the dialect's generator reads it. Raises ContentTooLarge."""
    habits = dialect.habits
    if "[^" in body:
        body = with_plain_labels(body)
    if "*[" in body and "abbreviations" in habits:
        body = _ABBREVIATION.sub("", body)
    if "|" in body and "bar-in-code" in habits:
        body = with_kramdown_tables(body, headless="headless-tables" in habits)
    has_tilde = "~" in body and "one-tilde" in habits
    if has_tilde:
        body = without_single_tildes(body)
    has_stars = "**" in body and "joined-stars" in habits
    if has_stars:
        body = with_joined_stars(body)
    made = render_markdown(body, dialect.markdown, limits)
    if has_tilde:
        made = with_tildes(made)
    if has_stars:
        made = without_joints(made)
    if "<thead>" in made and "headless-tables" in habits:
        made = _EMPTY_HEAD.sub("", made)
    if "<pre><code>" in made and "code-languages" in habits:
        made = _LANGUAGE.sub(r'<pre><code class="language-\g<name>">', made)
    return made


def without_single_tildes(body: str) -> str:
    """The text in which one tilde strikes nothing out; `with_tildes` brings them back."""
    return _ONE_TILDE.sub(_TILDE, body.replace(_TILDE, ""))


def with_tildes(made: str) -> str:
    """The HTML of a text, with its tildes."""
    return made.replace(_TILDE, "~").replace(_TILDE_IN_ADDRESS, "~")


def with_plain_labels(body: str) -> str:
    """The text with a number for each label of a footnote that comrak does not know or encodes."""
    labels = dict.fromkeys(found["label"] for found in _LABEL.finditer(body))
    for number, label in enumerate(labels, 1):
        if not _PLAIN_LABEL.fullmatch(label):
            body = body.replace(f"[^{label}]", f"[^n-{number}]")
    return body


def with_kramdown_tables(body: str, *, headless: bool) -> str:
    """The text with tables as comrak reads them: no bar in code ends a cell.

    With `headless`, a table without a header has an empty one.
    """
    if "`" in body:
        body = _TABLE.sub(lambda table: _CODE_IN_ROW.sub(_escaped_bars, table[0]), body)
    return _ROWS.sub(_with_head, body) if headless else body


def _escaped_bars(found: re.Match[str]) -> str:
    code = re.sub(r"(?<!\\)\|", r"\\|", found["code"])
    return f"{found['marks']}{code}{found['marks']}"


def _with_head(found: re.Match[str]) -> str:
    rows = found[0].split("\n")
    if any(re.fullmatch(_DELIMITERS, row) for row in rows[:2]):
        return found[0]
    columns = max(1, len(re.findall(r"(?<!\\)\|", rows[0])) - 1)
    return f"|{' |' * columns}\n|{'---|' * columns}\n{found[0]}"


_JOINT = "\ue07f"
_CLOSES = re.compile(r"(?<=[^\w\s*])\*\*(?=\w)")
_OPENS = re.compile(r"(?<=\w)\*\*(?=[^\w\s*])")


def with_joined_stars(body: str) -> str:
    """The text in which ``**Note:**text`` is strong; `without_joints` takes the signs away."""
    body = _CLOSES.sub(f"{_JOINT}**", body.replace(_JOINT, ""))
    return _OPENS.sub(f"**{_JOINT}", body)


def without_joints(made: str) -> str:
    """The HTML without what `with_joined_stars` has added."""
    return made.replace(_JOINT, "").replace(quote(_JOINT), "")
