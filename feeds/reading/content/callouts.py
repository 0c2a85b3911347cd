"""Callouts -> block quotes that start with their title.

They are ``:::note Title`` (Docusaurus, VuePress, Pandoc, MyST) and GitHub's ``> [!NOTE]``; comrak
makes a ``<div>`` of each.
"""

from __future__ import annotations

import html
import re

_WORDS = """
abstract attention bug caution danger error example failure hint important info note question quote
seealso success summary tip todo warning
"""
_KINDS = frozenset(_WORDS.split())
_KIND = re.compile(r"[\w-]*+")
_START = '<div data-callout="">'
_DIV = re.compile(
    rf'(?P<start>{_START}|<div class="markdown-alert[^"]*+">)|<(?P<end>/?)div(?=[\s>])[^>]*+>'
)
_ALERT_TITLE = re.compile(r'<p class="markdown-alert-title">([^<]*+)</p>')


def directive(info: str) -> str:
    """The start of the ``<div>`` of a directive, with its title; `info` is what is behind ``:::``.

    A container without a title that only has a class stays a ``<div>``.
    """
    if info.lstrip().startswith("{"):
        head, _, rest = info.partition("}")
    else:
        head, rest = "", info
    kind = _KIND.match((head or rest).strip(" \t{."))[0]  # type: ignore[index]  # it always matches
    rest = rest.strip() if head else rest.strip().removeprefix(kind).strip()
    is_in_brackets = rest.startswith("[") and "]" in rest
    title = rest[1:].rpartition("]")[0] if is_in_brackets else rest.partition("{")[0]
    if not title and 'title="' in info:
        title = info.partition('title="')[2].partition('"')[0]
    if not title and kind.lower() in _KINDS:
        title = kind.capitalize()
    if not title:
        return "<div>"
    return f"{_START}<p><strong>{html.escape(title.strip(), quote=False)}</strong></p>"


def may_have_callouts(made: str) -> bool:
    """Return whether HTML may have a callout."""
    return _START in made or "markdown-alert" in made


def with_block_quotes(made: str) -> str:
    """Balanced HTML with block quotes in place of callouts."""
    open_: list[bool] = []

    def tag(found: re.Match[str]) -> str:
        if found["start"]:
            open_.append(True)
            return "<blockquote>"
        if not found["end"]:
            open_.append(False)
            return found[0]
        return "</blockquote>" if open_ and open_.pop() else found[0]

    return _DIV.sub(tag, _ALERT_TITLE.sub(r"<p><strong>\1</strong></p>", made))
