"""The terms of a post: its fields -> categories, tags, authors and language, as taxonomies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from feeds import paths
from feeds.config import Config
from feeds.model import Person, Term
from feeds.reading.field_lookup import Fields
from feeds.reading.field_values import split_commas, split_words, to_names


def post_terms(
    fields: Fields, authors: tuple[Person, ...], language: str, config: Config
) -> tuple[Term, ...]:
    """The terms of every taxonomy that the site has, without repeats. Reports too many."""
    enabled = config.feeds.taxonomies
    terms = list(_category_terms(fields, config))
    if "tag" in enabled:
        terms += _terms("tag", split_commas(fields.value(config.posts.tag_keys)))
    if "author" in enabled:
        terms += _terms("author", [person.name for person in authors])
    if "lang" in enabled:
        terms += _terms("lang", [language or config.site.language])
    unique = {term.path: term for term in reversed(terms)}
    if len(unique) > config.limits.terms:
        what = f"the post has {len(unique)} categories, tags and authors"
        todo = f"keep at most {config.limits.terms}, or raise limits.terms"
        fields.report(fields.first(config.posts.category_keys)[0], what, todo)
    return tuple(reversed(unique.values()))


def _category_terms(fields: Fields, config: Config) -> Iterator[Term]:
    """The post's categories, with a title each where `categories.title_from` has as many."""
    field, value = fields.first(config.posts.category_keys)
    names = to_names(value)
    if config.categories.split and isinstance(value, str) and field != "category":
        names = split_words(value)
    names = names or [config.categories.default]
    titles = to_names(fields.value((config.categories.title_from,)))
    if len(titles) != len(names):
        titles = titles[:1] if len(names) == 1 else []
    return _terms("category", names, titles)


def _terms(taxonomy: str, names: Iterable[str], titles: Iterable[str] = ()) -> Iterator[Term]:
    remaining = iter(titles)
    for name in names:
        yield Term(taxonomy, paths.slug(name), name, next(remaining, ""))
