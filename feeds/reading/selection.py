"""Decides which objects are posts, and which keys are one and the same post."""

from __future__ import annotations

import re
from functools import cache

from feeds import paths
from feeds.config import Config

# --- which objects are posts ---------------------------------------------------------------------

_QUIET = re.compile(r"(?:^|/)(?:[.~#][^/]*(?:/|$)|_drafts/|_index\.[^/]*$|readme[^/]*$)", re.I)


@cache
def _pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    """Globs as one expression: ``*`` within a folder, ``**/`` any folders, ``?`` one character."""
    table = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = (
        "".join(
            table.get(piece) or re.escape(piece) for piece in re.split(r"(\*\*/|\*\*|\*|\?)", g)
        )
        for g in globs
    )
    return re.compile("|".join(f"(?:{part})" for part in parts) or r"(?!)", re.DOTALL)


def is_post(key: str, config: Config) -> bool:
    """Whether the object at `key` is meant to be a post; what is not is passed over quietly.

    Besides `posts.include` and `posts.exclude`: hidden files, drafts' folders, ``_index.*`` (a
    section's own page in Hugo and Zola) and READMEs never are.
    """
    return (
        not _QUIET.search(key)
        and bool(_pattern(config.posts.include).fullmatch(key))
        and not _pattern(config.posts.exclude).fullmatch(key)
    )


def post_identity(key: str, config: Config) -> str:
    """What makes two keys one post: the key, or its stem for sites that move their files."""
    return paths.stem(key) if config.posts.id_from == "stem" else key
