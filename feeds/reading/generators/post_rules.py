"""Finds the rule of a post: `[[posts.rules]]` and a key -> what they say of it, joined."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from feeds import paths
from feeds.config import Config, PostRule
from feeds.reading.front_matter.formats import Value

_NO_RULE = PostRule(())


def post_rule(key: str, config: Config) -> PostRule:
    """What the site's rules say of the post at `key`: of several, the last one that says it."""
    rules = config.posts.rules
    return _joined(key, rules) if rules else _NO_RULE


def is_withheld(key: str, metadata: Mapping[str, Value], config: Config) -> bool:
    """Return whether the rule of a post says that it is not published, and it says nothing."""
    return post_rule(key, config).published is False and "published" not in map(str.lower, metadata)


@lru_cache(512)
def _joined(key: str, rules: tuple[PostRule, ...]) -> PostRule:
    joined = _NO_RULE
    for rule in rules:
        if paths.matches(key, rule.match):
            said = {
                name: value
                for name in msgspec.structs.asdict(rule)
                if name != "match" and (value := getattr(rule, name)) is not None
            }
            joined = replace(joined, match=(*joined.match, *rule.match), **said)
    return joined
