"""A post that was read -> its entry: sanitised content and a summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from feeds.config import Config, Limits
from feeds.errors import PostError
from feeds.model import Entry, Problem
from feeds.reading.content.markdown import ContentTooLarge
from feeds.reading.content.media.lead_image import with_lead_image
from feeds.reading.content.plain_text import html_to_text, markdown_to_text
from feeds.reading.content.post_links import PostLinks, may_link
from feeds.reading.post import Post, ReadResult, read_post
from feeds.reading.post_content import PostContent, post_content, source_text
from feeds.stores.base import Object
from feeds.stores.own_files import is_own
from feeds.text import truncate

_SUMMARY_CHARS = 280
_ENOUGH_HTML = (1_500, 8_000)
"""Characters of HTML that are mostly enough for a summary."""


NO_PAGES: Mapping[str, str] = MappingProxyType({})


def linked_posts(result: ReadResult, config: Config) -> tuple[str, ...]:
    """The keys of the posts whose files a post may link to: their pages are asked for."""
    post = result.post
    if post is None:
        return ()
    source = source_text(post, config)
    if not may_link(source[0]):
        return ()
    links = PostLinks(post, config, NO_PAGES)
    try:
        post_content(post, config, links, source)
    except ContentTooLarge:
        return ()
    return tuple(links.unknown)


def page_of(stored: Object | None, config: Config) -> str:
    """The address of the page of a stored post, for links to its file; ``""`` if it has none."""
    if stored is None or is_own(stored.stat.key, stored.data, config.layout):
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
        made = post_content(post, config, PostLinks(post, config, pages))
        content = made.html
        summary = _summary(post, made, limits)
        if config.content.lead_image:
            content = with_lead_image(content, post.image)
    except ContentTooLarge as error:
        todo = "shorten or simplify the post, or raise the limit in feeds.toml"
        raise PostError(Problem(post.key, post.body_line, str(error), todo)) from None
    too_long = tuple(_too_long(post, len(content.encode()), config))
    if too_long:
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
    return entry, (*too_long, *made.problems)


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


def _summary(post: Post, made: PostContent, limits: Limits) -> str:
    """The front matter's summary; else the text above ``<!--more-->``, or the first sentences."""
    if post.summary_source:
        return markdown_to_text(post.summary_source, limits)
    if made.above is not None:
        return html_to_text(made.above)
    return truncate(_first_text(made.html), _SUMMARY_CHARS)


def _first_text(made: str) -> str:
    """The text that HTML starts with, long enough for a summary."""
    for size in _ENOUGH_HTML:
        if len(made) > size:
            text = html_to_text(made[: made.rfind("<", 0, size)])
            if len(text) > 2 * _SUMMARY_CHARS:
                return text
    return html_to_text(made)
