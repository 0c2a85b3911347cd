"""Pelican's pelicanconf.py -> the settings of a site."""

from __future__ import annotations

import re

from feeds.generators.settings import SiteSettings
from feeds.generators.site_folder import SiteFolder
from feeds.generators.values import SiteConfig, Values, clean_path, first_text

_TOKENS = {
    "{slug}": ":slug",
    "{category}": ":categories",
    "{date:%Y}": ":year",
    "{date:%m}": ":month",
    "{date:%d}": ":day",
}


def is_pelican(config: SiteConfig) -> bool:
    """Return whether the file has a setting that each site of Pelican has."""
    return bool(first_text(config.values, "SITENAME", "SITEURL"))


def pelican_settings(values: Values, site: SiteFolder) -> SiteSettings:
    """The settings in a Pelican configuration (docs.getpelican.com/en/latest/settings.html)."""
    return SiteSettings(
        title=first_text(values, "SITENAME"),
        url=first_text(values, "SITEURL"),
        description=first_text(values, "SITESUBTITLE"),
        language=first_text(values, "DEFAULT_LANG"),
        timezone=first_text(values, "TIMEZONE"),
        author=first_text(values, "AUTHOR"),
        permalink=_permalink(first_text(values, "ARTICLE_URL") or "{slug}.html"),
        posts="content" if site.has_folder("content") else "",
        hidden="publish",
        built=clean_path(first_text(values, "OUTPUT_PATH")) or "output",
    )


def _permalink(pattern: str) -> str:
    """The pattern in this program's tokens; ``""`` if one has no equivalent."""
    for theirs, ours in _TOKENS.items():
        pattern = pattern.replace(theirs, ours)
    return "" if re.search(r"[{}]", pattern) else "/" + pattern.lstrip("/")
