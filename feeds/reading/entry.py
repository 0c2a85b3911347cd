"""A post that was read -> its entry: sanitised content and a summary."""

from __future__ import annotations

import re

from feeds.config import Config
from feeds.errors import PostError
from feeds.model import Entry, Problem
from feeds.reading.content.clean_html import Markup, clean_html
from feeds.reading.content.markdown import ContentTooLarge
from feeds.reading.content.plain_text import html_to_text, markdown_to_text
from feeds.reading.content.site_generator_tags import without_generator_tags
from feeds.reading.post import Post, ReadResult
from feeds.text import truncate

# --- content -------------------------------------------------------------------------------------

_MORE = re.compile(r"<!--\s*more\s*-->", re.IGNORECASE)
_SUMMARY = 280
_ABOVE = 20_000  # characters of a body that its summary is looked for in


def fill_entry(reading: ReadResult, config: Config) -> tuple[Entry | None, tuple[Problem, ...]]:
    """The entry of a post that was read, and everything wrong with it.

    None where there is nothing to publish: with an error among the problems, or without (a draft).
    """
    if reading.post is None:
        return None, reading.problems
    try:
        made, warnings = _entry(reading.post, config)
    except PostError as error:
        return None, (*reading.problems, error.problem)
    return made, (*reading.problems, *warnings)


def entry_of(post: Post, config: Config) -> Entry:
    """A post's entry, with its content and summary. Raises PostError."""
    return _entry(post, config)[0]


def _entry(post: Post, config: Config) -> tuple[Entry, tuple[Problem, ...]]:
    """A post's entry, and a warning where its content is too long for a feed, and left out."""
    markup: Markup = "html" if post.key.lower().endswith((".html", ".htm")) else "markdown"
    limits = config.limits
    try:
        body = without_generator_tags(post.body)
        full = clean_html(body, markup, post.base, limits)
        if post.about:
            summary = markdown_to_text(post.about, limits)
        elif more := _MORE.search(body):
            above = body[: min(more.start(), _ABOVE)]
            start = clean_html(above, markup, post.base, limits)
            summary = html_to_text(start)
        else:
            summary = truncate(html_to_text(full), _SUMMARY)
    except ContentTooLarge as error:
        todo = "shorten or simplify the post, or raise the limit in feeds.toml"
        raise PostError(Problem(post.key, post.body_line, str(error), todo)) from None
    warnings: tuple[Problem, ...] = ()
    if (size := len(full.encode())) > limits.entry_bytes:
        what = f"the text has {size:,} bytes as HTML, too many for a feed, which has its summary"
        todo = "shorten it, or raise limits.entry_bytes"
        warnings = (Problem(post.key, post.body_line, what, todo, severity="warning"),)
        full = ""
    made = Entry(
        key=post.key,
        id=post.id,
        link=post.link,
        title=post.title,
        published=post.published,
        updated=post.updated,
        authors=post.authors,
        terms=post.terms,
        summary=truncate(summary, limits.summary_chars),
        content=full,
        image=post.image,
        enclosure=post.enclosure,
        language=post.language,
    )
    return made, warnings
