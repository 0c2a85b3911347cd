"""A site whose generator is not known: every name of a page's address that generators have."""

from __future__ import annotations

import re
from datetime import datetime

from feeds.config import Config
from feeds.reading.field_lookup import Fields
from feeds.reading.field_values import parse_bool, to_names
from feeds.reading.generators.base import GeneratorRules, path_of, permalink_of
from feeds.reading.generators.pattern import expand


def path_in_fields(fields: Fields) -> str:
    """The path of the page where the front matter has it (Jekyll, Hugo, Zola); else ``""``."""
    path = fields.text(("permalink", "url", "path"))
    if parse_bool(path) is False:  # the post has no page; "false" is not its path
        return ""
    if "://" in path or path.startswith(("//", "\\")) or ":" in path.split("/")[0] or "{" in path:
        return ""
    return path.lstrip("/")


def page_path(fields: Fields, published: datetime, config: Config) -> str:
    """The path in the fields, or the one that the pattern of the site gives the post."""
    if given := path_in_fields(fields):
        return given
    path, date = path_of(fields.key, config), published.astimezone(config.zone)

    def title() -> str:
        return fields.text(("slug",)).strip("/") or path.undated_name

    expanded = expand(
        permalink_of(fields.key, config),
        {
            "year": lambda: f"{date.year:04}",
            "month": lambda: f"{date.month:02}",
            "day": lambda: f"{date.day:02}",
            "title": title,
            "slug": title,
            "name": lambda: path.name,
            "path": lambda: "/".join((*path.folders, path.name)),
            "categories": lambda: "/".join(
                to_names(fields.value(config.posts.category_keys))
            ).lower(),
        },
    )
    return re.sub("/{2,}", "/", expanded).lstrip("/")


RULES = GeneratorRules(
    permalink="/:year/:month/:day/:title.html",
    page_path=page_path,
    path_in_fields=path_in_fields,
)
