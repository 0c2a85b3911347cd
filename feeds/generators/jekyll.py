"""Jekyll's _config.yml -> the settings of a site."""

from __future__ import annotations

from feeds.generators.settings import SiteSettings, Values, first_text, translate_permalink


def jekyll_settings(values: Values) -> SiteSettings:
    """The settings in a Jekyll configuration.

    https://jekyllrb.com/docs/configuration/options/; `styles` are Jekyll's named permalinks.
    """
    url = first_text(values, "url")
    style = first_text(values, "permalink") or "date"
    styles = {
        "date": "/:categories/:year/:month/:day/:title.html",
        "pretty": "/:categories/:year/:month/:day/:title/",
        "none": "/:categories/:title.html",
    }
    return SiteSettings(
        title=first_text(values, "title", "name"),
        url=url.rstrip("/") + "/" + first_text(values, "baseurl").strip("/") if url else "",
        description=first_text(values, "description", "tagline"),
        language=first_text(values, "lang", "language", "locale"),
        timezone=first_text(values, "timezone"),
        author=first_text(values, "author.name", "author"),
        email=first_text(values, "author.email", "email"),
        permalink=translate_permalink(styles.get(style, style), {}),
        split=True,
        hidden="publish",
    )
