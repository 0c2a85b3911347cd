"""The body of a post -> the content of its entry, and the part above ``<!--more-->``.

The steps: mask the marks of templates, render the Markdown, fill the marks in, close open tags,
sanitise. Raises ContentTooLarge, and nothing else.
"""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from feeds.config import Limits
from feeds.reading.content.callouts import may_have_callouts, with_block_quotes
from feeds.reading.content.clean_html import Follow, balance_tags, sanitize
from feeds.reading.content.dialect import ANY_DIALECT, Dialect
from feeds.reading.content.markdown import render_markdown
from feeds.reading.content.shortcodes import Shortcodes
from feeds.reading.content.template_fill import fill
from feeds.reading.content.template_marks import mask


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
) -> Rendered:
    """The content of an entry. `follow` is asked about the address of each link.

    Raises ContentTooLarge.
    """
    kinds = dialect.marks
    if is_markdown and "directives" in dialect.markdown:
        kinds |= {"directive"}
    masked = mask(body, kinds)
    more = f"{masked.word}more"
    values = Shortcodes(place.page, place.site, more)
    made = render_markdown(masked.text, dialect.markdown, limits) if is_markdown else masked.text
    made = fill(made, masked, values, in_code=dialect.marks_in_code)
    if not is_markdown or masked.marks or "<" in body:  # Markdown's own HTML is balanced
        made = balance_tags(made, limits)
    if may_have_callouts(made):
        made = with_block_quotes(made)
    made = sanitize(made, place.base, limits, follow, place.anchors)
    above, mark, below = made.partition(more) if masked.marks else ("", "", "")
    if mark:
        made = (above + below).replace(more, "")
    return Rendered(made, above if mark else None, dict(Counter(values.unknown)))
