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
    ``tag`` Liquid's ``{% x %}``, ``value`` its ``{{ x }}``, ``call`` Zola's ``{{ x() }}`` and
    ``{% x() %}``, ``attributes`` kramdown's ``{: .x}``, ``dollars`` its ``$$x$$``, ``component``
    a component of MDX."""
    short_blocks: bool = False
    """Whether HTML in Markdown ends with its element, rather than at a blank line."""
    marks_in_code: bool = False
    """Whether the generator fills marks in code too."""
    habits: frozenset[str] = frozenset()
    """What the generator reads otherwise than GitHub's Markdown: ``one-tilde`` strikes nothing out;
    no ``bar-in-code`` ends a cell; ``joined-stars`` are strong (``**Note:**text``);
    ``abbreviations`` have definitions, which are not shown; ``headless-tables``;
    ``code-languages`` are its first line (``:::python``); ``markdown-in-html``, also without a
    blank line."""


_LIKE_KRAMDOWN = frozenset({"one-tilde", "bar-in-code", "joined-stars", "abbreviations"})

ANY_DIALECT = Dialect(habits=frozenset({"one-tilde"}))
JEKYLL = Dialect(  # Liquid is rendered before
    markdown=_COMMON | {"smart"}, marks=frozenset({"attributes", "dollars"}), short_blocks=True,
    habits=_LIKE_KRAMDOWN | {"headless-tables"},
)  # fmt: skip
HUGO = Dialect(
    markdown=_COMMON | {"autolinks", "smart"},
    marks=frozenset({"shortcode", "attributes"}),
    marks_in_code=True,
    habits=frozenset({"one-tilde"}),
)
PELICAN = Dialect(
    marks=frozenset({"tag", "attributes"}),
    markdown=_COMMON,
    short_blocks=True,
    habits=_LIKE_KRAMDOWN | {"code-languages"},
)
ZOLA = Dialect(
    markdown=frozenset({"footnotes", "alerts"}),
    marks=frozenset({"call"}),
    marks_in_code=True,
)
ELEVENTY = Dialect(
    markdown=_COMMON, marks=frozenset({"attributes"}), habits=frozenset({"one-tilde"})
)
DOCUSAURUS = Dialect(
    markdown=frozenset({"footnotes", "alerts", "directives", "autolinks", "emoji"}),
    habits=frozenset({"markdown-in-html"}),
    marks=frozenset({"attributes", "component"}),
)
ASTRO = Dialect(
    markdown=frozenset({"footnotes", "alerts", "directives", "autolinks", "smart"}),
    marks=frozenset({"attributes", "component"}),
)
