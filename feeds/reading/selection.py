"""Decides which objects are posts, and which of them are the same post or the same entry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Protocol

from feeds import paths
from feeds.config import Config
from feeds.model import Problem

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
    """Return whether the object at `key` is a post, by `posts.include` and `posts.exclude`.

    Hidden files, folders of drafts, ``_index.*`` (a section's own page in Hugo and Zola) and
    READMEs never are. Objects that are not posts are skipped without a message.
    """
    return (
        not _NEVER_A_POST.search(key)
        and bool(_pattern(config.posts.include).fullmatch(key))
        and not _pattern(config.posts.exclude).fullmatch(key)
    )


def post_identity(key: str, config: Config) -> str:
    """The identity of the post at `key`: the key, or its stem for sites that move their files."""
    return paths.stem(key) if config.posts.id_from == "stem" else key


class Identified(Protocol):
    """The parts of a post that identify it: its key, and the id of its entry."""

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def id(self) -> str: ...  # noqa: D102


def shared_ids(posts: Iterable[Identified]) -> Iterator[Problem]:
    """A warning for each post that has the id of a newer one; `posts` are newest first.

    Entries with one id are one entry (RFC 4287, 4.1.1 and 4.2.6), so a document has the newest.
    """
    newest: dict[str, str] = {}
    for post in posts:
        shown = newest.setdefault(post.id, post.key)
        if shown != post.key:
            what = f"feeds show {shown} in place of this post, which has the same id: {post.id}"
            todo = "write another id or guid in one of them"
            yield Problem(post.key, 0, what, todo, severity="warning")


def same_file_name(shown: str, hidden: str) -> Problem:
    """The warning for two objects that are one post because of `posts.id_from`, by their keys."""
    what = f"feeds show {shown} in place of this file, which has the same name"
    todo = 'delete or rename one of them (posts.id_from = "stem" makes them one post)'
    return Problem(hidden, 0, what, todo, severity="warning")
