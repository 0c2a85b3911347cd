"""The table of site generators: how the site that the posts are from reads them.

A new generator is a row here and a module that says how it reads a post
(feeds/reading/generators/). feeds/generators/ reads its configuration for `feeds init`.
"""

from __future__ import annotations

from msgspec import Struct


class SiteGenerator(Struct, frozen=True, kw_only=True):
    """A program that makes a site of files."""

    name: str
    """Name in `posts.generator`; ``""`` for a site whose generator is not known."""
    label: str
    """Its name for people."""
    rules: str
    """How it reads a post, as ``module:object``: a `GeneratorRules`."""
    styles: dict[str, str] = {}
    """The patterns of addresses that have a name, by name."""


_SITE_GENERATORS = (
    SiteGenerator(name="", label="", rules="feeds.reading.generators.any_site:RULES"),
    SiteGenerator(
        name="jekyll",
        label="Jekyll",
        rules="feeds.reading.generators.jekyll:RULES",
        # https://jekyllrb.com/docs/permalinks/#built-in-formats
        styles={
            "date": "/:categories/:year/:month/:day/:title:output_ext",
            "pretty": "/:categories/:year/:month/:day/:title/",
            "ordinal": "/:categories/:year/:y_day/:title:output_ext",
            "weekdate": "/:categories/:year/W:week/:short_day/:title:output_ext",
            "none": "/:categories/:title:output_ext",
        },
    ),
    SiteGenerator(name="hugo", label="Hugo", rules="feeds.reading.generators.hugo:RULES"),
    SiteGenerator(name="pelican", label="Pelican", rules="feeds.reading.generators.pelican:RULES"),
    SiteGenerator(name="zola", label="Zola", rules="feeds.reading.generators.zola:RULES"),
    SiteGenerator(
        name="eleventy", label="Eleventy", rules="feeds.reading.generators.eleventy:RULES"
    ),
    SiteGenerator(
        name="docusaurus", label="Docusaurus", rules="feeds.reading.generators.docusaurus:RULES"
    ),
    SiteGenerator(name="astro", label="Astro", rules="feeds.reading.generators.astro:RULES"),
)

SITE_GENERATORS = {generator.name: generator for generator in _SITE_GENERATORS}
"""The generators by name."""
