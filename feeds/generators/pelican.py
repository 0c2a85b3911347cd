"""Pelican's pelicanconf.py -> the settings of a site."""

from __future__ import annotations

from feeds.generators.settings import SiteSettings, Values, first_text, translate_permalink


def pelican_settings(values: Values) -> SiteSettings:
    """The settings in a Pelican configuration (docs.getpelican.com/en/latest/settings.html)."""
    tokens = {
        "{slug}": ":slug",
        "{category}": ":categories",
        "{date:%Y}": ":year",
        "{date:%m}": ":month",
        "{date:%d}": ":day",
    }
    return SiteSettings(
        title=first_text(values, "SITENAME"),
        url=first_text(values, "SITEURL"),
        description=first_text(values, "SITESUBTITLE"),
        language=first_text(values, "DEFAULT_LANG"),
        timezone=first_text(values, "TIMEZONE"),
        author=first_text(values, "AUTHOR"),
        permalink=translate_permalink(first_text(values, "ARTICLE_URL") or "{slug}.html", tokens),
        hidden="publish",
    )
