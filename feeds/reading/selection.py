"""Decides which objects are posts, and which keys belong to the same post."""

from __future__ import annotations

import re
from functools import cache

from feeds import paths
from feeds.config import Config
from feeds.reading.generators.base import generator_rules

_NEVER_A_POST = re.compile(
    r"(?:^|/)(?:[.~#][^/]*(?:/|$)|_drafts/|_index\.[^/]*$|readme[^/]*$)", re.I
)


@cache
def _pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    """Globs as one expression: ``*`` within a folder, ``**/`` any folders, ``?`` one character."""
    wildcards = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = (
        "".join(
            wildcards.get(piece) or re.escape(piece)
            for piece in re.split(r"(\*\*/|\*\*|\*|\?)", glob)
        )
        for glob in globs
    )
    return re.compile("|".join(f"(?:{part})" for part in parts) or r"(?!)", re.DOTALL)


def is_post(key: str, config: Config) -> bool:
    """Return whether the object at `key` is a post, by the configuration.

    Hidden files, folders of drafts, ``_index.*`` (a section's own page in Hugo and Zola) and
    READMEs never are. Objects that are not posts are skipped without a message.
    """
    return (
        not _NEVER_A_POST.search(key)
        and bool(_pattern(config.posts.include).fullmatch(key))
        and not _pattern(config.posts.exclude).fullmatch(key)
        and generator_rules(config).is_post(key)
    )


def post_identity(key: str, config: Config) -> str:
    """The identity of the post at `key`: the key, or its stem for sites that move their files."""
    return paths.stem(key) if config.posts.id_from == "stem" else key
