"""The title of a post: its field, else the first heading of its body, else what its name says."""

from __future__ import annotations

import re

from feeds.config import Config
from feeds.reading.content.plain_text import markdown_to_text
from feeds.reading.field_lookup import Fields
from feeds.reading.field_values import to_text
from feeds.reading.generators.base import generator_rules, path_of
from feeds.text import has_visible_text, plain_text, without_markdown

_HEADING = re.compile(
    r"\s*(?:\#[ \t]+(\S[^\n]*)"  # CommonMark 4.2
    r"|([^\s\#>`~*+<\d-][^\n]*)\n=+[ \t]*(?:\n|$))",  # 4.3
)

_IMPORTS = re.compile(r"\s*(?:import\s(?:[^\n]|\n(?!\n))*\n\n\s*)*")
"""The parts that only MDX reads, each up to an empty line (https://mdxjs.com/docs/using-mdx/)."""


def post_title(fields: Fields, body: str, config: Config) -> str:
    """The title, within `limits.title_chars`. Reports a post that has none."""
    title = plain_text(without_markdown(to_text(fields.get("title") or "")))
    if not title and "title" not in fields:
        rules = generator_rules(config)
        named = rules.title_in_key(path_of(fields.key, config))
        title = "" if named and not rules.heading_before_name else _heading(body, config)
        title = title or named
    if not has_visible_text(title):
        what = "the title is empty" if "title" in fields else "there is no title"
        fields.report("title", what, 'write title: "…" in the front matter')
    limit = config.limits.title_chars
    return title if len(title) <= limit else title[: limit - 1] + "…"


def _heading(body: str, config: Config) -> str:
    """The text of the heading that a body starts with; ``""`` if it starts with none."""
    start = 0
    if generator_rules(config).heading_before_name and (imports := _IMPORTS.match(body)):
        start = imports.end()
    heading = _HEADING.match(body[start : start + 2000])
    text = _unclosed(heading[1]) if heading and heading[1] else heading[2] if heading else ""
    return markdown_to_text(f"# {text}", config.limits).removeprefix("# ") if text else ""


def _unclosed(heading: str) -> str:
    """The text of a heading without the signs that close it: ``A heading ##`` (CommonMark 4.2)."""
    text = heading.rstrip()
    start = text.rstrip("#")
    return start if start[-1:].isspace() or not start else text
