"""Removes the tags of site generators (Liquid, Hugo shortcodes, Kramdown) from Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from feeds.reading.content import template_values
from feeds.reading.content.post_links import joined_to_marks

# Each expression stops at the next brace or backtick, so that no part of a text is read twice.
_INLINE_CODE = re.compile(r"(?<!`)(`++[^`\n]++`++)")
_TEMPLATE = re.compile(
    r"\{\{[<%](?P<shortcode>[^{}]*+)\}\}"  # Hugo's
    r"|\{%(?P<tag>[^{}]*+)%?\}"  # Liquid's
    r"|\{\{-?(?P<value>[^{}]*+)\}\}"  # Liquid's values
    r"|\{#[^{}]*+(?<=#)\}"  # Nunjucks' comments
    r"|\{:[^{}\n]*+\}|(?<=[)\]])\{[.#][^{}\n]*+\}"  # Kramdown's attributes
    r"|(?<![ \t])[ \t]*+\{[.#][A-Za-z][^{}\n]*+\}(?=[ \t]*+$)",
    re.MULTILINE,
)
_CONTENTS = re.compile(r"^(?:[*+-]|1\.) [^\n{]*+\n\{:[ ]*+toc\b[^{}\n]*+\}", re.MULTILINE)
_CODE_BLOCK = re.compile(
    r"\{%-?\s*+(highlight\s++(?P<lang>[\w+-]++)[^%]{0,200}+|endhighlight\s*+)-?%\}"
)
_COMMENT = re.compile(r"\{%-?\s*(end)?comment\s*-?%\}")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)


def without_generator_tags(body: str, page: str = "", site: str = "") -> str:
    """`body` without the tags of site generators (Liquid, Hugo, Kramdown); those in code stay.

    Tags that lead somewhere get their value on the page at `page` of the site at `site`.
    """
    if "{" not in body:
        return body
    if "{:" in body:
        body = _CONTENTS.sub("", body)
    if "{%" in body:
        body = _without_comments(body)
        body = _CODE_BLOCK.sub(lambda tag: f"\n```{tag['lang'] or ''}\n", body)
    return map_text(body, partial(_stripped, page=page, site=site))


def map_text(body: str, change: Callable[[str], str]) -> str:
    """Markdown with `change` made to its text, and not to blocks and spans of code."""

    def change_outside_spans(text: str) -> str:
        pieces = _INLINE_CODE.split(text)
        pieces[::2] = map(change, pieces[::2])
        return "".join(pieces)

    return map_text_and_code_spans(body, change_outside_spans)


def map_text_and_code_spans(body: str, change: Callable[[str], str]) -> str:
    """Markdown with `change` made to its text, and not to blocks of code."""
    parts: list[str] = []
    at, fence = 0, ""
    for mark in _FENCE.finditer(body):
        if not fence:
            parts.append(change(body[at : mark.start()]))
            at, fence = mark.start(), mark[1]
        elif mark[1].startswith(fence):
            parts.append(body[at : mark.end()])
            at, fence = mark.end(), ""
    rest = body[at:]
    parts.append(rest if fence else change(rest))
    return "".join(parts)


def _without_comments(body: str) -> str:
    """`body` without the text between ``{% comment %}`` and ``{% endcomment %}``."""
    kept: list[str] = []
    at: int | None = 0
    for tag in _COMMENT.finditer(body):
        if not tag[1] and at is not None:
            kept.append(body[at : tag.start()])
            at = None
        elif tag[1] and at is None:
            at = tag.end()
    if at is not None:
        kept.append(body[at:])
    return "".join(kept)


def _stripped(text: str, page: str, site: str) -> str:
    """Text outside code, without tags."""
    return joined_to_marks(_TEMPLATE.sub(lambda found: _value(found, page, site), text))


def _value(found: re.Match[str], page: str, site: str) -> str:
    """What a tag puts in its place: an address, or nothing."""
    if found["value"] is not None:
        return template_values.value(found["value"], page, site)
    if not site:
        return ""
    if found["tag"] is not None:
        return template_values.tag(found["tag"])
    return template_values.shortcode(found["shortcode"] or "")
