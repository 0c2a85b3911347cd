"""The terms of a post: its fields -> categories, tags, authors and language, as taxonomies.

`TAXONOMIES` (feeds/taxonomies.py) names a function of this module for each taxonomy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pkgutil import resolve_name
from typing import NamedTuple, TypeAlias

from feeds.config import Config
from feeds.model import Person, Term
from feeds.reading.field_lookup import Fields
from feeds.reading.field_values import to_names
from feeds.reading.generators.base import generator_rules
from feeds.taxonomies import TAXONOMIES


class TermSource(NamedTuple):
    """The parts of a post that terms are read from."""

    fields: Fields
    """The front matter."""
    authors: tuple[Person, ...]
    """The authors of the post."""
    language: str
    """The language tag of the post; ``""`` if it has none."""
    config: Config
    """The configuration of the site."""


TermReader: TypeAlias = Callable[[TermSource], Iterable[tuple[str, str]]]
"""Returns the name of each term of a post, and its title (``""`` if it has none)."""

_term_reader: Callable[[str], TermReader] = cache(resolve_name)


def post_terms(
    fields: Fields, authors: tuple[Person, ...], language: str, config: Config
) -> tuple[Term, ...]:
    """The terms of the site's taxonomies, without repeats. Reports too many."""
    unique: dict[str, Term] = {}
    for term in _all_terms(TermSource(fields, authors, language, config)):
        unique.setdefault(term.path, term)
    if len(unique) > config.limits.terms:
        what = f"the post has {len(unique)} categories, tags and authors"
        todo = f"keep at most {config.limits.terms}, or raise limits.terms"
        fields.report(fields.first(config.posts.category_keys)[0], what, todo)
    return tuple(unique.values())


def _all_terms(source: TermSource) -> Iterator[Term]:
    """The terms in the order of `TAXONOMIES`; with repeats if the post repeats some."""
    enabled, slug = source.config.feeds.taxonomies, source.config.layout.slug
    for taxonomy in TAXONOMIES.values():
        if taxonomy.always_read or taxonomy.name in enabled:
            for name, title in _term_reader(taxonomy.term_reader)(source):
                yield Term(taxonomy.name, slug(taxonomy.name, name), name, title)


def read_categories(source: TermSource) -> Iterable[tuple[str, str]]:
    """The post's categories, with a title each if `categories.title_from` has as many."""
    fields, config = source.fields, source.config
    names = generator_rules(config).categories(fields, config)
    if not names and config.categories.default:
        names = [config.categories.default]
    titles = to_names(fields.value((config.categories.title_from,)))
    if len(titles) != len(names):
        titles = titles[:1] if len(names) == 1 else []
    return zip(names, titles or [""] * len(names), strict=True)


def read_tags(source: TermSource) -> Iterable[tuple[str, str]]:
    """The post's tags."""
    tags = generator_rules(source.config).tags(source.fields, source.config)
    return ((name, "") for name in tags)


def read_authors(source: TermSource) -> Iterable[tuple[str, str]]:
    """The names of the post's authors."""
    return ((person.name, "") for person in source.authors)


def read_languages(source: TermSource) -> Iterable[tuple[str, str]]:
    """The post's language, else the site's."""
    return [(source.language or source.config.site.language, "")]
