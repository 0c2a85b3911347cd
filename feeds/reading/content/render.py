"""The body of a post -> the content of its entry, and the part above ``<!--more-->``.

The steps: mask the marks of templates, render the Markdown, fill the marks in, close open tags,
sanitise. Raises ContentTooLarge, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from feeds.config import Limits
from feeds.reading.content.callouts import may_have_callouts, with_block_quotes
from feeds.reading.content.clean_html import Follow, balance_tags, sanitize
from feeds.reading.content.dialect import ANY_DIALECT, Dialect
from feeds.reading.content.html_in_markdown import (
    has_markdown_in_html,
    with_markdown_in_all_html,
    with_markdown_in_html,
    with_short_blocks,
)
from feeds.reading.content.markdown import check_size
from feeds.reading.content.media.elements import has_media
from feeds.reading.content.other_markdown import as_generator, may_be_deep
from feeds.reading.content.templates.fill import fill
from feeds.reading.content.templates.marks import WORD, mask
from feeds.reading.content.templates.shortcodes import Shortcodes

_MORE = f"{WORD}more"
"""What stands for ``<!--more-->``, while the HTML is made."""


class Place(Struct, frozen=True):
    """Where a text is shown: its addresses."""

    base: str
    """What its relative addresses are relative to."""
    page: str = ""
    """The page of the post."""
    site: str = ""
    """The site."""
    anchors: str = ""
    """What the ids in its HTML start with, so that no other entry has them; ``""`` for none."""


class Rendered(Struct, frozen=True):
    """The content of a post."""

    html: str
    """It, sanitised."""
    above: str | None = None
    """The HTML above ``<!--more-->``, cut off there; None if there is no such mark."""
    unknown: dict[str, int] = {}
    """How often each mark shows nothing, by what a message calls it."""


def render(
    body: str,
    place: Place,
    limits: Limits,
    *,
    is_markdown: bool,
    dialect: Dialect = ANY_DIALECT,
    follow: Follow = lambda address: address,
    own: Mapping[str, str] = MappingProxyType({}),
    params: Mapping[str, object] = MappingProxyType({}),
) -> Rendered:
    """The content of an entry. `follow` is asked about the address of each link.

    `own` are the templates of the site's own shortcodes, by name; `params` are the values that
    Hugo's ``{{< param name >}}`` shows. Raises ContentTooLarge.
    """
    kinds = dialect.marks
    if is_markdown and "directives" in dialect.markdown:
        kinds |= {"directive"}
    masked = mask(body, kinds)
    values = Shortcodes(place.page, place.site, _MORE, own, params)
    made = masked.text
    if is_markdown:
        if "<" in made and has_markdown_in_html(made):
            made = with_markdown_in_html(made)
        if "<" in made and "markdown-in-html" in dialect.habits:
            made = with_markdown_in_all_html(made)
        if "<" in made and dialect.short_blocks:
            masked = masked.with_nothing()
            made = with_short_blocks(made, masked.last)
        made = as_generator(made, dialect, limits)
    made = fill(made, masked, values, in_code=dialect.marks_in_code)
    check_size(made, limits)
    # Markdown's own HTML is balanced, but it may be deep.
    if not is_markdown or masked.marks or "<" in body or may_be_deep(body, limits):
        made = balance_tags(made, limits)
        if has_media(made):
            # Few posts need it, and it takes as long to import as 50 posts to read.
            from feeds.reading.content.media.readable import readable_media

            made = readable_media(made, place.base)
        made = made.replace("<p></p>", "")
    if may_have_callouts(made):
        made = with_block_quotes(made)
    made = sanitize(made, place.base, limits, follow, place.anchors)
    above = None
    if _MORE in made:
        above = made[: made.index(_MORE)]
        made = made.replace(_MORE, "")
    return Rendered(made, above, dict(values.unknown))
