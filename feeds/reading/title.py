"""The title of a post: its field, else the first heading of its body, else what its name says."""

from __future__ import annotations

import re

from feeds.config import Config
from feeds.reading.content.plain_text import markdown_to_text
from feeds.reading.field_lookup import Fields
from feeds.reading.field_values import to_text
from feeds.reading.generators.base import generator_rules, path_of
from feeds.text import has_visible_text, plain_text

_HEADING = re.compile(
    r"\s*(?:\#[ \t]+(\S[^\n]*)"  # CommonMark 4.2
    r"|([^\s\#>`~*+<\d-][^\n]*)\n=+[ \t]*(?:\n|$))",  # 4.3
)


def post_title(fields: Fields, body: str, config: Config) -> str:
    """The title, within `limits.title_chars`. Reports a post that has none."""
    title = plain_text(to_text(fields.get("title") or ""))
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
    heading = _HEADING.match(body[:2000])
    text = heading[1] or heading[2] if heading else ""
    return markdown_to_text(f"# {text}", config.limits).removeprefix("# ") if text else ""
