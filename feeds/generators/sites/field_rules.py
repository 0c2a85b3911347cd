"""Fields that a generator gives to many posts -> a rule of feeds.toml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from feeds.config import Config, PostRule
from feeds.generators.settings import SiteRule
from feeds.generators.site_folder import below
from feeds.reading.field_values import parse_people, split_commas, to_names
from feeds.reading.front_matter.formats import Value
from feeds.reading.visibility.decision import decide_visibility
from feeds.text import language_tag


def rule_of_fields(
    match: tuple[str, ...], fields: Mapping[str, Value], config: Config, permalink: str = ""
) -> PostRule:
    """The rule for posts that have these fields, unless they say something else."""
    by_name = {name.lower(): value for name, value in fields.items()}

    def first(names: Iterable[str]) -> Value:
        return next((by_name[name] for name in names if by_name.get(name)), "")

    language = _language(first(config.posts.language_keys))
    people = parse_people(first(config.posts.author_keys))
    is_closed = decide_visibility(fields, config).effect == "leave-out"
    return PostRule(
        match,
        permalink=permalink or None,
        categories=tuple(_categories(by_name, config)) or None,
        tags=tuple(split_commas(first(config.posts.tag_keys))) or None,
        authors=tuple(person.name for person in people) or None,
        language=language or None,
        published=False if is_closed else None,
    )


def relative_rules(rules: Iterable[SiteRule], folder: str) -> tuple[SiteRule, ...]:
    """The rules with patterns below the folder of the posts; without those for no post in it."""
    return tuple(
        replace(item, rule=replace(item.rule, match=match))
        for item in rules
        if (match := below(item.rule.match, folder))
    )


def _language(value: Value) -> str:
    """A language as a tag: ``de-AT`` for ``de_AT.UTF-8``; ``""`` if it is not one."""
    return language_tag(value.partition(".")[0]) if isinstance(value, str) else ""


def _categories(fields: Mapping[str, Value], config: Config) -> list[str]:
    """The categories, as the site's generator reads them: in Jekyll, a text has several words."""
    if config.posts.generator != "jekyll":
        names = (name for name in config.posts.category_keys if fields.get(name))
        return to_names(fields.get(next(names, ""), ""))
    value = fields.get("categories", "")
    words: Value = [*value.split()] if isinstance(value, str) else value
    return to_names([words, fields.get("category", "")])
