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
_INFO = re.compile(r"(?P<brace>\{)?\.?(?P<kind>[\w-]+)?(?(brace)[^}]*\})\s*(?P<rest>.*)")
_BRACKETS = re.compile(r"\[(?P<title>.*)\]\s*(?:\{[^}]*\})?\s*")
_ATTRIBUTES = re.compile(r"\s*\{[^}]*\}\s*$")
_TITLE_ATTRIBUTE = re.compile(r"\btitle=\"([^\"]*)\"")
_START = '<div data-callout="">'
_DIV = re.compile(
    rf'(?P<start>{_START}|<div class="markdown-alert[^"]*+">)|<(?P<end>/?)div(?=[\s>])[^>]*+>'
)
_ALERT_TITLE = re.compile(r'<p class="markdown-alert-title">(.*?)</p>')


def directive(info: str) -> str:
    """The start of the ``<div>`` of a directive, with its title; `info` is what is behind ``:::``.

    A container without a title that only has a class stays a ``<div>``.
    """
    found = _INFO.match(info.strip())
    kind, rest = (found["kind"] or "", found["rest"]) if found else ("", "")
    brackets = _BRACKETS.fullmatch(rest)
    title = brackets["title"] if brackets else _ATTRIBUTES.sub("", rest)
    if not title and (named := _TITLE_ATTRIBUTE.search(info)):
        title = named[1]
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
