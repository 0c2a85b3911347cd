"""The dialect of a site's posts: its Markdown, and the marks of its templates."""

from __future__ import annotations

from msgspec import Struct

_COMMON = frozenset({"footnotes", "definition-lists", "alerts"})


class Dialect(Struct, frozen=True, kw_only=True):
    """How a site's generator reads the text of a post. The defaults are for a site without one."""

    markdown: frozenset[str] = _COMMON | {"directives", "math"}
    """The extensions of Markdown that are on, in the words of `content.markdown`; tables,
    strikethrough, task lists and attribute lists always are."""
    marks: frozenset[str] = frozenset({"shortcode", "tag", "value", "attributes"})
    """The marks of templates that the generator reads: ``shortcode`` is Hugo's ``{{< x >}}``,
    ``tag`` Liquid's ``{% x %}``, ``value`` its ``{{ x }}``, ``attributes`` kramdown's
    ``{: .x}``."""
    short_blocks: bool = False
    """Whether HTML in Markdown ends with its element, rather than at a blank line."""
    marks_in_code: bool = False
    """Whether the generator fills marks in code too."""


ANY_DIALECT = Dialect()
JEKYLL = Dialect(  # Liquid is rendered before
    markdown=_COMMON | {"math", "smart"}, marks=frozenset({"attributes"}), short_blocks=True
)
HUGO = Dialect(
    markdown=_COMMON | {"autolinks", "smart"},
    marks=frozenset({"shortcode", "attributes"}),
    marks_in_code=True,
)
PELICAN = Dialect(marks=frozenset({"tag", "attributes"}), markdown=_COMMON, short_blocks=True)
ZOLA = Dialect(
    markdown=frozenset({"footnotes", "alerts"}),
    marks=frozenset({"tag", "value"}),
    marks_in_code=True,
)
ELEVENTY = Dialect(markdown=_COMMON, marks=frozenset({"attributes"}))
DOCUSAURUS = Dialect(
    markdown=frozenset({"footnotes", "alerts", "directives", "autolinks", "emoji"}),
    marks=frozenset({"attributes"}),
)
ASTRO = Dialect(
    markdown=frozenset({"footnotes", "alerts", "directives", "autolinks", "smart"}),
    marks=frozenset({"attributes"}),
)
