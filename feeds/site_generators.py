"""The table of site generators: whose posts `posts.generator` can name.

A new generator is a row here and a class that reads its posts. The class overrides the rules of
feeds/reading/generators/base.py that differ.
"""

from __future__ import annotations

from msgspec import Struct


class SiteGenerator(Struct, frozen=True, kw_only=True):
    """A program that makes a web site of posts."""

    name: str
    """Name in `posts.generator`."""
    label: str
    """Name for people."""
    permalink_styles: tuple[str, ...] = ()
    """Names that `posts.permalink` may have instead of a path."""
    rules: str
    """Class of its reading rules, as ``module:class``; imported at its first use."""


_SITE_GENERATORS = (
    SiteGenerator(
        name="jekyll",
        label="Jekyll",
        permalink_styles=("date", "pretty", "ordinal", "weekdate", "none"),
        rules="feeds.reading.generators.jekyll:Jekyll",
    ),
)

SITE_GENERATORS = {generator.name: generator for generator in _SITE_GENERATORS}
"""The generators by name."""
