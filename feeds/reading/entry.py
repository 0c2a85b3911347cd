"""A post that was read -> its entry: sanitised content and a summary."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from feeds.config import Config, Limits
from feeds.errors import PostError
from feeds.model import Entry, Problem
from feeds.reading.content.clean_html import Markup, clean_html
from feeds.reading.content.markdown import ContentTooLarge
from feeds.reading.content.mdx import without_mdx
from feeds.reading.content.plain_text import html_to_text, markdown_to_text
from feeds.reading.content.post_links import PostLinks, may_link, without_marks
from feeds.reading.content.site_generator_tags import without_generator_tags
from feeds.reading.generators.base import generator_rules
from feeds.reading.post import Post, ReadResult, read_post
from feeds.stores.base import Object
from feeds.stores.own_files import is_own
from feeds.text import truncate

_MORE = re.compile(r"<!--\s*more\s*-->", re.IGNORECASE)
_SUMMARY_CHARS = 280
_MAX_ABOVE_MORE = 20_000
"""Characters above a ``<!--more-->`` that a summary is made from."""


NO_PAGES: Mapping[str, str] = MappingProxyType({})


def linked_posts(result: ReadResult, config: Config) -> tuple[str, ...]:
    """The keys of the posts whose files a post may link to: their pages are asked for."""
    post = result.post
    if post is None:
        return ()
    body = _markdown(post, config)
    if not may_link(body):
        return ()
    links = PostLinks(post, config, NO_PAGES)
    try:
        clean_html(body, _markup(post), post.base, config.limits, links.resolved)
    except ContentTooLarge:
        return ()
    return tuple(links.unknown)


def page_of(stored: Object | None, config: Config) -> str:
    """The address of the page of a stored post, for links to its file; ``""`` if it has none."""
    if stored is None or is_own(stored.stat.key, stored.data):
        return ""
    result = read_post(stored.stat.key, stored.data, stored.stat.modified, config)
    return result.post.page if result.post else ""


def fill_entry(
    result: ReadResult, config: Config, pages: Mapping[str, str] = NO_PAGES
) -> tuple[Entry | None, tuple[Problem, ...]]:
    """The entry of a post that was read, and everything wrong with it.

    None if there is nothing to publish: a post with an error, or a draft. `pages` are the addresses
    of the posts that it links to, by their keys (`linked_posts`).
    """
    if result.post is None:
        return None, result.problems
    try:
        entry, warnings = _entry(result.post, config, pages)
    except PostError as error:
        return None, (*result.problems, error.problem)
    return entry, (*result.problems, *warnings)


def entry_of(post: Post, config: Config) -> Entry:
    """A post's entry, with its content and summary. Raises PostError."""
    return _entry(post, config, NO_PAGES)[0]


def _entry(
    post: Post, config: Config, pages: Mapping[str, str]
) -> tuple[Entry, tuple[Problem, ...]]:
    """A post's entry; without content, and with a warning, if the content is too long for a feed.

    Raises PostError if the content is over a limit.
    """
    limits = config.limits
    try:
        body = _markdown(post, config)
        links = PostLinks(post, config, pages)
        content = without_marks(clean_html(body, _markup(post), post.base, limits, links.resolved))
        summary = _summary(post, body, content, limits)
    except ContentTooLarge as error:
        todo = "shorten or simplify the post, or raise the limit in feeds.toml"
        raise PostError(Problem(post.key, post.body_line, str(error), todo)) from None
    warnings = tuple(_too_long(post, len(content.encode()), config))
    if warnings:
        content = ""
    entry = Entry(
        key=post.key,
        id=post.id,
        link=post.link,
        title=post.title,
        published=post.published,
        updated=post.updated,
        authors=post.authors,
        terms=post.terms,
        summary=truncate(summary, limits.summary_chars),
        content=content,
        image=post.image,
        enclosure=post.enclosure,
        language=post.language,
        expires=post.expires,
        guid=post.guid,
    )
    return entry, warnings


def _too_long(post: Post, size: int, config: Config) -> Iterator[Problem]:
    """The warning about a post whose content of `size` bytes is too long for its feeds."""
    limits, feeds = config.limits, len(config.feed_paths(post.terms))
    what = f"the content has {size:,} bytes of HTML"
    if size > limits.entry_bytes:
        what += ": the feed has only its summary"
        todo = "shorten it, or raise limits.entry_bytes"
    elif size * feeds > limits.copied_bytes:
        what += f", {size * feeds:,} in its {feeds} feeds together: they have only its summary"
        todo = "shorten it, keep fewer terms, or raise limits.copied_bytes"
    else:
        return
    yield Problem(post.key, post.body_line, what, todo, severity="warning")


def _markdown(post: Post, config: Config) -> str:
    """The body without what only the site's generator understands."""
    is_mdx = post.key.lower().endswith(generator_rules(config).mdx_endings)
    body = without_mdx(post.body) if is_mdx else post.body
    return without_generator_tags(body, post.page, config.site.url)


def _markup(post: Post) -> Markup:
    return "html" if post.key.lower().endswith((".html", ".htm")) else "markdown"


def _summary(post: Post, body: str, content: str, limits: Limits) -> str:
    """The front matter's summary; else the text above ``<!--more-->``, or the first sentences."""
    if post.summary_source:
        return markdown_to_text(post.summary_source, limits)
    if more := _MORE.search(body):
        above = body[: min(more.start(), _MAX_ABOVE_MORE)]
        return html_to_text(without_marks(clean_html(above, _markup(post), post.base, limits)))
    return truncate(html_to_text(content), _SUMMARY_CHARS)
