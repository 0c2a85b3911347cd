"""The table of taxonomies: the groupings of posts that can have feeds.

A new taxonomy is a row here and a function that reads its terms from a post
(feeds/reading/terms.py). Its heading can be translated in feeds/documents/languages/.
"""

from __future__ import annotations

from msgspec import Struct


class Taxonomy(Struct, frozen=True, kw_only=True):
    """A grouping of posts, such as categories: one feed for each of its terms."""

    name: str
    """Name in `feeds.taxonomies`, and first part of the paths of its feeds."""
    label: str
    """English heading of its feeds in lists; the language files have the translations."""
    term_reader: str
    """Function (TermSource) -> names and titles of a post's terms, as ``module:function``."""
    always_read: bool = False
    """Whether entries have its terms even if `feeds.taxonomies` does not name it."""
    on_pages: bool = True
    """Whether pages list its terms below each entry, and JSON Feed among its tags."""
    is_language: bool = False
    """Whether the name of a term is the language tag of its feed."""


_TAXONOMIES = (
    Taxonomy(
        name="category",
        label="Categories",
        term_reader="feeds.reading.terms:read_categories",
        always_read=True,
    ),
    Taxonomy(name="tag", label="Tags", term_reader="feeds.reading.terms:read_tags"),
    Taxonomy(
        name="author",
        label="Authors",
        term_reader="feeds.reading.terms:read_authors",
        on_pages=False,
    ),
    Taxonomy(
        name="lang",
        label="Languages",
        term_reader="feeds.reading.terms:read_languages",
        on_pages=False,
        is_language=True,
    ),
)

TAXONOMIES = {taxonomy.name: taxonomy for taxonomy in _TAXONOMIES}
"""The taxonomies by name, in the order in which lists of feeds and entries have them."""
