"""Hugo's configuration -> the settings of a site."""

from __future__ import annotations

from feeds.generators.settings import SiteSettings, Values, first_text, translate_permalink


def hugo_settings(values: Values) -> SiteSettings:
    """The settings in a Hugo configuration (https://gohugo.io/configuration/all/).

    The permalink is that of the first section that usually has posts.
    """
    sections = ("posts", "post", "blog", "articles")
    permalinks = [f"permalinks.{kind}{name}" for kind in ("page.", "") for name in sections]
    tokens = {
        ":title": ":slug",
        ":filename": ":name",
        ":contentbasename": ":name",
        ":slugorfilename": ":slug",
        ":slugorcontentbasename": ":slug",
        ":section": "posts",
    }
    return SiteSettings(
        title=first_text(values, "title"),
        url=first_text(values, "baseURL"),
        description=first_text(values, "params.description", "params.subtitle"),
        language=first_text(values, "locale", "languageCode", "defaultContentLanguage"),
        timezone=first_text(values, "timeZone"),
        author=first_text(values, "params.author.name", "params.author", "author.name"),
        email=first_text(values, "params.author.email", "params.email", "author.email"),
        permalink=translate_permalink(first_text(values, *permalinks), tokens) or "/posts/:slug/",
        hidden="publish",
    )
