"""The rules for posts of no particular site generator; each generator's class overrides some."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from functools import cache
from pkgutil import resolve_name

from feeds import paths
from feeds.config import Config
from feeds.reading.dates import date_in_file_name, date_in_path
from feeds.reading.field_lookup import Fields
from feeds.reading.field_values import split_commas, split_words, to_names
from feeds.site_generators import SITE_GENERATORS

Tokens = Mapping[str, Callable[[], str]]
"""The placeholders of a permalink, without their colons, and a function for the value of each."""


class GeneratorRules:
    """How the fields and the key of a post are read, where site generators differ."""

    def is_post(self, key: str) -> bool:  # noqa: ARG002
        """Return whether the object at `key` is a post for the generator."""
        return True

    def title(self, key: str) -> str:  # noqa: ARG002
        """The title of a post without a title and without a heading; ``""`` if it needs one."""
        return ""

    def date_zone(self, date: str, config: Config) -> tzinfo:  # noqa: ARG002
        """The time zone of a date that names none."""
        return config.zone

    def date_in_key(self, fields: Fields, config: Config) -> datetime | None:
        """The date of a post without a date: the day that its file name, folders or page name."""
        return (
            date_in_file_name(fields.key.rpartition("/")[2], config.zone)
            or date_in_path(fields.key, config.zone)
            or date_in_path(f"/{self.own_page(fields)}/", config.zone)
        )

    def categories(self, fields: Fields, config: Config) -> list[str]:
        """The names of the post's categories, as the post has them."""
        field, value = fields.first(config.posts.category_keys)
        if config.categories.split and isinstance(value, str) and field != "category":
            return split_words(value)
        return to_names(value)

    def tags(self, fields: Fields, config: Config) -> list[str]:
        """The names of the post's tags: a list, or a text with commas."""
        return split_commas(fields.value(config.posts.tag_keys))

    def own_page(self, fields: Fields) -> str:
        """The path of the page where the front matter has it (Jekyll, Hugo, Zola); else ``""``."""
        path = fields.text(("permalink", "url", "path"))
        head = path.split("/")[0]
        if "://" in path or path.startswith(("//", "\\")) or ":" in head or "{" in path:
            return ""
        return path.lstrip("/")

    def page_path(self, fields: Fields, date: datetime, config: Config) -> str:
        """The path of the post's page below the site; `date` is in the site's time zone."""
        return self.own_page(fields) or expand(
            config.posts.permalink, self.tokens(fields, date, config)
        ).lstrip("/")

    def tokens(self, fields: Fields, date: datetime, config: Config) -> Tokens:
        """The placeholders of `posts.permalink`, which are named after Jekyll's."""
        key = fields.key

        def slug() -> str:
            return fields.text(("slug",)).strip("/") or paths.title_part(key)

        return {
            "year": lambda: f"{date.year:04}",
            "month": lambda: f"{date.month:02}",
            "day": lambda: f"{date.day:02}",
            "title": slug,
            "slug": slug,
            "name": lambda: paths.stem(key),
            "path": lambda: f"{key.rpartition('/')[0]}/{paths.stem(key)}".lstrip("/"),
            "categories": lambda: "/".join(
                to_names(fields.value(config.posts.category_keys))
            ).lower(),
        }


def expand(permalink: str, tokens: Tokens) -> str:
    """A permalink with the values of its placeholders; others stay as they are."""
    expanded = "".join(
        tokens[part[1:]]() if part[0] == ":" and part[1:] in tokens else part
        for part in _split_tokens(permalink)
    )
    return re.sub("/{2,}", "/", expanded)


@cache
def _split_tokens(permalink: str) -> list[str]:
    """A permalink's placeholders, such as ``:year``, and the texts between them."""
    return [part for part in re.split(r"(:\w+)", permalink) if part]


@cache
def _rules(name: str) -> GeneratorRules:
    if not name:
        return GeneratorRules()
    rules: GeneratorRules = resolve_name(SITE_GENERATORS[name].rules)()
    return rules


def generator_rules(config: Config) -> GeneratorRules:
    """The rules of the generator that `posts.generator` names."""
    return _rules(config.posts.generator)
