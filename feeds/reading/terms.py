"""The terms of a post: its front matter -> the names of its categories, tags, authors, language.

`TAXONOMIES` (feeds/taxonomies.py) names one function of this module for each taxonomy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pkgutil import resolve_name
from typing import NamedTuple, TypeAlias

from feeds import paths
from feeds.config import Config
from feeds.model import Person, Term
from feeds.reading import field_values
from feeds.reading.front_matter.formats import Value
from feeds.taxonomies import TAXONOMIES


class PostFields(NamedTuple):
    """What a term reader can use of a post."""

    first: Callable[[tuple[str, ...]], tuple[str, Value]]
    """Returns name and value of the first of these front matter fields that is not empty, or empty
    texts."""
    authors: tuple[Person, ...]
    """The authors of the post."""
    language: str
    """The language tag of the post; ``""`` if it has none."""
    config: Config
    """The configuration of the site."""


TermReader: TypeAlias = Callable[[PostFields], Iterable[tuple[str, str]]]
"""Returns the name of each term, with its title for people or ``""``."""

_term_reader: Callable[[str], TermReader] = cache(resolve_name)


def read_terms(fields: PostFields) -> Iterator[Term]:
    """The terms of a post, in the order of `TAXONOMIES`; with repeats if the post repeats some."""
    for taxonomy in TAXONOMIES.values():
        if taxonomy.always_read or taxonomy.name in fields.config.feeds.taxonomies:
            for name, title in _term_reader(taxonomy.term_reader)(fields):
                yield Term(taxonomy.name, paths.slug(name), name, title)


def read_categories(fields: PostFields) -> Iterable[tuple[str, str]]:
    """The categories, or the default one; titles from the field that `title_from` names."""
    config = fields.config
    field, value = fields.first(config.posts.category_keys)
    names = field_values.to_names(value)
    if config.categories.split and isinstance(value, str) and field != "category":
        names = field_values.split_words(value)
    names = names or [config.categories.default]
    titles = field_values.to_names(fields.first((config.categories.title_from,))[1])
    if len(titles) != len(names):
        titles = titles[:1] if len(names) == 1 else []
    return zip(names, titles or [""] * len(names), strict=True)


def read_tags(fields: PostFields) -> Iterable[tuple[str, str]]:
    """The tags: a list, or a text with commas."""
    _, value = fields.first(fields.config.posts.tag_keys)
    return ((name, "") for name in field_values.split_commas(value))


def read_authors(fields: PostFields) -> Iterable[tuple[str, str]]:
    """The names of the authors."""
    return ((person.name, "") for person in fields.authors)


def read_languages(fields: PostFields) -> Iterable[tuple[str, str]]:
    """The language of the post, else that of the site."""
    return [(fields.language or fields.config.site.language, "")]
