"""Pelican's pelicanconf.py -> the settings of a site."""

from __future__ import annotations

from feeds.config import PostRule
from feeds.generators.settings import SiteRule, SiteSettings
from feeds.generators.site_folder import SiteFolder
from feeds.generators.values import SiteConfig, Values, bool_at, clean_path, first_text


def is_pelican(config: SiteConfig) -> bool:
    """Return whether the file has a setting that each site of Pelican has."""
    return bool(first_text(config.values, "SITENAME", "SITEURL"))


def pelican_settings(values: Values, site: SiteFolder) -> SiteSettings:
    """The settings in a Pelican configuration (docs.getpelican.com/en/latest/settings.html)."""
    folders = (clean_path(first_text(values, "PATH")), "content")
    return SiteSettings(
        title=first_text(values, "SITENAME"),
        url=first_text(values, "SITEURL"),
        description=first_text(values, "SITESUBTITLE"),
        language=first_text(values, "DEFAULT_LANG"),
        timezone=first_text(values, "TIMEZONE"),
        author=first_text(values, "AUTHOR"),
        permalink=_permalink(values),
        posts=next(filter(site.has_folder, folders), ""),
        rules=_rules(values),
        hidden="publish",
        built=clean_path(first_text(values, "OUTPUT_PATH")) or "output",
    )


def _permalink(values: Values) -> str:
    """The pattern of addresses; names in it follow the settings that a pattern cannot show."""
    pattern = "/" + (first_text(values, "ARTICLE_URL") or "{slug}.html").lstrip("/")
    if first_text(values, "SLUGIFY_SOURCE") == "basename":
        return pattern.replace("{slug}", "{basename_slug}")
    if bool_at(values, "SLUGIFY_USE_UNICODE"):
        return pattern.replace("{slug}", "{unicode_slug}")
    return pattern


def _rules(values: Values) -> tuple[SiteRule, ...]:
    """The category of articles that name none, if it is not that of their folder."""
    if bool_at(values, "USE_FOLDER_AS_CATEGORY") is not False:
        return ()
    category = first_text(values, "DEFAULT_CATEGORY") or "misc"
    return (SiteRule(PostRule(("**",), categories=(category,)), "USE_FOLDER_AS_CATEGORY is off."),)
