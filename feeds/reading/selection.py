"""Decides which objects are posts, by their keys."""

from __future__ import annotations

import re

from feeds import paths
from feeds.config import Config
from feeds.reading.generators.base import generator_rules, path_of

_NEVER_A_POST = re.compile(
    r"(?:^|/)(?:[.~#][^/]*(?:/|$)|_drafts/|_index\.[^/]*$|readme[^/]*$)", re.I
)


def is_post(key: str, config: Config) -> bool:
    """Return whether the object at `key` is a post, by `posts.include` and `posts.exclude`.

    Hidden files, folders of drafts, ``_index.*`` (a section's own page in Hugo and Zola) and
    READMEs never are, nor what the site's generator does not take for posts. Objects that are not
    posts are skipped without a message.
    """
    return (
        not _NEVER_A_POST.search(key)
        and bool(paths.glob_pattern(config.posts.include).fullmatch(key))
        and not paths.glob_pattern(config.posts.exclude).fullmatch(key)
        and generator_rules(config).is_post(path_of(key, config))
    )
