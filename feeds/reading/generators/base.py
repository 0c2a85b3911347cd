"""What a site generator decides about a post: its page's path, its terms, and what names say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from functools import cache
from pkgutil import resolve_name

from msgspec import Struct
from msgspec.structs import replace

from feeds.config import Config
from feeds.reading.content.dialect import ANY_DIALECT, Dialect
from feeds.reading.dates import date_in_file_name, date_in_path
from feeds.reading.field_lookup import Fields
from feeds.reading.field_values import split_commas, split_words, to_names
from feeds.reading.front_matter.formats import Value
from feeds.reading.generators.post_path import PostPath, post_path
from feeds.reading.generators.post_rules import post_rule
from feeds.site_generators import SITE_GENERATORS


def any_date_in_key(path: PostPath, zone: tzinfo) -> datetime | None:
    """The day that the name of a post starts with, or that its folders have."""
    names = (path.name, *reversed(path.folders))
    dated = (date_in_file_name(name, zone) for name in names)
    return next(filter(None, dated), None) or date_in_path(path.key, zone)


def fields_categories(fields: Fields, config: Config) -> list[str]:
    """The names of the categories in the first field that has some."""
    field, value = fields.first(config.posts.category_keys)
    if config.categories.split and isinstance(value, str) and field != "category":
        return split_words(value)
    return to_names(value or fields.value(config.posts.category_keys))


def fields_tags(fields: Fields, config: Config) -> list[str]:
    """The names of the tags in the first field that has some: a list, or a text with commas."""
    return split_commas(fields.value(config.posts.tag_keys))


def as_written(date: str) -> str:
    """The date as its author wrote it."""
    return date


_WITHOUT_ZONE = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?", re.ASCII
)


def in_utc(date: str) -> str:
    """A date that is in UTC if it has no zone, as generators in JavaScript read it."""
    return f"{date.strip()}Z" if _WITHOUT_ZONE.fullmatch(date.strip()) else date


def no_title(_path: PostPath) -> str:
    """No title: it is not taken from the name of a file."""
    return ""


def every_key(_path: PostPath) -> bool:
    """Each file that `posts.include` names is a post."""
    return True


def no_root(_folder: str) -> bool:
    """The folder of the posts may say something about them."""
    return False


def page_as_id(_fields: Fields, page: str, _published: datetime, _config: Config) -> str:
    """The address of the post's page."""
    return page


class GeneratorRules(Struct, frozen=True, kw_only=True):
    """How a site generator reads a post. The defaults are those of a site that has none."""

    permalink: str
    """The pattern of a page's path on a site that sets none, in the generator's own tokens."""
    page_path: Callable[[Fields, datetime, Config], str]
    """Returns the path of a post's own page by its fields and its date; not percent-encoded.
    Reports an address that cannot be known."""
    path_in_fields: Callable[[Fields], str]
    """Returns the page's path where the front matter has it; ``""`` if there is none. A day in it
    is the day of a post that has no other."""
    roots: tuple[str, ...] = ()
    """The folder of a site that all content is in, such as Hugo's ``content``."""
    is_root: Callable[[str], bool] = no_root
    """Returns whether `posts.folder` is what the generator reads as the site, so that the names of
    its folders say nothing."""
    categories: Callable[[Fields, Config], list[str]] = fields_categories
    """Returns the names of the post's categories, perhaps with repeats."""
    tags: Callable[[Fields, Config], list[str]] = fields_tags
    """Returns the names of the post's tags, perhaps with repeats."""
    date_in_key: Callable[[PostPath, tzinfo], datetime | None] = any_date_in_key
    """Returns midnight of the day that the path says; None if it says none."""
    date_fallbacks: tuple[str, ...] = ()
    """Fields with the date of a post that has none of `posts.date_keys`."""
    written_date: Callable[[str], str] = as_written
    """Returns a date as the generator reads it: without what it does not read, or with the zone
    that it takes it for; ``""`` if it stands for a date that a post cannot know."""
    title_in_key: Callable[[PostPath], str] = no_title
    """Returns the title of a post that has none in its fields; ``""`` if names give none."""
    heading_before_name: bool = False
    """Whether the heading that a text starts with is its title, rather than `title_in_key`."""
    dialect: Dialect = ANY_DIALECT
    """The dialect of the posts' text."""
    mdx_endings: tuple[str, ...] = ()
    """The endings of files that are MDX."""
    is_post: Callable[[PostPath], bool] = every_key
    """Returns whether the generator takes a file among `posts.include` for a post."""
    feed_id: Callable[[Fields, str, datetime, Config], str] = page_as_id
    """Returns the id that the generator's own feed gives a post, by its fields, the address of its
    page and its date; both as Atom's id and as RSS's guid."""


_rules: Callable[[str], GeneratorRules] = cache(resolve_name)


def generator_rules(config: Config) -> GeneratorRules:
    """The rules of `posts.generator`."""
    return _rules(SITE_GENERATORS[config.posts.generator].rules)


def dialect_of(config: Config) -> Dialect:
    """The dialect of the posts' text: the generator's, with the extensions of feeds.toml."""
    dialect, chosen = generator_rules(config).dialect, config.content.markdown
    return dialect if chosen is None else replace(dialect, markdown=frozenset(chosen))


def path_of(key: str, config: Config) -> PostPath:
    """The path of the post at `key`, as the site's generator takes it apart."""
    posts, rules = config.posts, generator_rules(config)
    folder = "" if rules.is_root(posts.folder) else posts.folder
    return post_path(key, folder, rules.roots, posts.languages)


def permalink_of(key: str, config: Config) -> str:
    """The pattern for the address of the post at `key`: its rule's, the site's, or the usual."""
    rule = post_rule(key, config)
    return rule.permalink or config.posts.permalink or generator_rules(config).permalink


def field_defaults(key: str, config: Config) -> Mapping[tuple[str, ...], Value]:
    """The values of fields that the post at `key` has if it does not say others, by their names.

    They are from its rule; the language may also be in its path.
    """
    posts, rule = config.posts, post_rule(key, config)
    values: dict[tuple[str, ...], Value] = {}
    for names, terms in (
        (posts.category_keys, rule.categories),
        (posts.tag_keys, rule.tags),
        (posts.author_keys, rule.authors),
    ):
        if terms:
            values[names] = list(terms)
    if language := rule.language or path_of(key, config).language:
        values[posts.language_keys] = language
    return values
