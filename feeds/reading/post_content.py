"""The body of a post -> its content, by the rules of the site's generator, and what is not shown.

Liquid is rendered first, where the generator does so (liquid/render.py); then the text becomes HTML
(content/render.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TypeAlias

from msgspec import Struct

from feeds.config import Config
from feeds.model import Problem
from feeds.reading.content.locked_text import public_text
from feeds.reading.content.post_links import PostLinks
from feeds.reading.content.render import Place, render
from feeds.reading.content.templates.mdx import without_mdx
from feeds.reading.front_matter.formats import is_html
from feeds.reading.generators.base import dialect_of, generator_rules
from feeds.reading.liquid.render import rendered
from feeds.reading.liquid.state import LiquidProblem, has_liquid
from feeds.reading.post import Post


class PostContent(Struct, frozen=True):
    """The content of a post."""

    html: str
    """It, sanitised."""
    above: str | None
    """The HTML above ``<!--more-->``, cut off there; None if there is no such mark."""
    problems: tuple[Problem, ...]
    """The warnings about what the entry does not show."""


SourceText: TypeAlias = tuple[str, tuple[LiquidProblem, ...]]
"""A text of Markdown or HTML, and what is not known of its Liquid."""


def source_text(post: Post, config: Config) -> SourceText:
    """The body of a post with its Liquid rendered, or without MDX."""
    if post.key.lower().endswith(generator_rules(config).mdx_endings):
        return without_mdx(post.body), ()
    is_rendered = post.values.get("render_with_liquid") != "false"  # a field of Jekyll 4
    if not has_liquid(post.body, config) or not is_rendered:
        return post.body, ()
    text, unknown = rendered(post, config)
    # An include or a value may have the marker of a part that not everybody may read.
    is_markdown = not is_html(post.key)
    return public_text(
        text, dialect_of(config), config.limits, is_markdown=is_markdown
    ).text, unknown


def post_content(
    post: Post, config: Config, links: PostLinks, source: SourceText | None = None
) -> PostContent:
    """The content of a post; `links` knows where its links lead.

    `source` is the post's `source_text`, if the caller has it. Raises ContentTooLarge.
    """
    text, unknown = source or source_text(post, config)
    made = render(
        text,
        Place(post.base, post.page, config.site.url, _anchors(post)),
        config.limits,
        is_markdown=not is_html(post.key),
        dialect=dialect_of(config),
        follow=links.resolved,
        own=config.content.shortcodes,
        params={**config.content.site, **post.values},
    )
    problems = [*_not_rendered(post, unknown), *_not_shown(post, made.unknown)]
    above = None if made.above is None else links.in_text(made.above)
    return PostContent(links.in_text(made.html), above, tuple(problems))


def _anchors(post: Post) -> str:
    """What the ids in the HTML of a post start with: no other entry has it."""
    return f"e{hashlib.sha256(post.id.encode()).hexdigest()[:8]}-"


_IN_LIQUID = {
    "value": (
        "{{{{{}}}}} is not known here",
        "add it to [content.site] or content.data in feeds.toml",
    ),
    "include": ("the include {} is not there", "name its folder in content.includes"),
    "tag": ("the tag {} shows nothing", "write what it shows into the post"),
    "filter": ("the filter {} is not known", "write its result into the post"),
    "data": ("the data file {} cannot be read", "correct it"),
    "syntax": ("{}", "correct the tags; until then the entry is without them"),
    "limit": ("the Liquid is over {}", "simplify it, or raise the limit in feeds.toml"),
}


def _not_rendered(post: Post, unknown: tuple[LiquidProblem, ...]) -> Iterator[Problem]:
    """The warnings about the things in the Liquid of a post that the entry cannot show."""
    for problem in unknown:
        what, todo = _IN_LIQUID[problem.kind]
        text = f"Liquid: {what.format(problem.name)}"
        yield Problem(post.key, post.body_line, text, todo, severity="warning")


def _not_shown(post: Post, unknown: dict[str, int]) -> Iterator[Problem]:
    """The warnings about the marks of templates that show nothing in the entry."""
    for name, times in unknown.items():
        what, todo = f"{name} shows nothing", "write what it shows into the post"
        if name.startswith("the shortcode "):
            key = name.removeprefix("the shortcode ").partition(" ")[0]
            todo = f"add content.shortcodes.{key} to feeds.toml"
        elif name.startswith("the parameter "):
            todo = "add it to the front matter, or to [content.site] in feeds.toml"
        yield Problem(post.key, post.body_line, what, todo, severity="warning", times=times)
