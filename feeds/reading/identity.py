"""Decides which objects are one post, and which posts are one entry: keys and fields -> ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol
from urllib.parse import quote

from feeds import paths
from feeds.config import Config
from feeds.model import Problem
from feeds.reading.field_lookup import Fields
from feeds.reading.generators.base import generator_rules, path_of
from feeds.reading.selection import is_post
from feeds.text import one_line
from feeds.urls import ID_FIELD, is_uri

_MAX_GUID_CHARS = 500
_UNENCODED = "/~!$&'()*+,;=:@-._?"


def post_identity(key: str, config: Config) -> str:
    """The identity of the post at `key`: the key, or its stem for sites that move their files."""
    if config.posts.id_from == "key":
        return key
    path = path_of(key, config)
    if path.is_bundle:  # index.md, or index.de.md: the folder has the name
        return path.name + paths.stem(key)[len("index") :]
    return paths.stem(key)


def keys_after_move(key: str, config: Config) -> Iterator[str]:
    """The keys that the object at `key` may have now, if it was moved.

    They have its path below one of the folders `posts.move_folders`, or only its file name (of a
    folder with ``index.md``, also the folder's), in the other folders.
    """
    folders = ["" if folder == "." else f"{folder}/" for folder in config.posts.move_folders]
    below = {key.removeprefix(folder) for folder in folders if key.startswith(folder)}
    steps = key.split("/")[-2 if path_of(key, config).is_bundle else -1 :]
    names = dict.fromkeys([*sorted(below, key=len), "/".join(steps)])
    for folder in folders:
        for name in names:
            moved = folder + name
            if moved != key and is_post(moved, config):
                yield moved


def entry_id(fields: Fields, page: str, published: datetime, config: Config) -> tuple[str, str]:
    """The id of the entry, and its guid if the post has one that is not a URI.

    The id is the first that the post has of: its id in `posts.ids`; with ``posts.id = "generator"``
    the one in the feed of the site's generator; the front matter's `id`, if it is a URI (many sites
    use the field for names of their own); its `guid`, if it is a URI, else a tag URI (RFC 4151)
    that ends in it; what else `posts.id` says, of which the tag URI is that of the post's key, or
    of the key's stem if `posts.id_from` is ``"stem"``.

    `page` is the address of the post's page, `published` the date that it has by itself.
    """
    posts = config.posts
    identity = post_identity(fields.key, config)
    if given := posts.ids.get(identity, ""):
        return _id_and_guid(given, config, is_exact=True)
    if posts.id == "generator" and (
        made := one_line(generator_rules(config).feed_id(fields, page, published, config))
    ):
        return made, ""
    if posts.id != "generator":
        if is_uri(given := fields.text(("id",))):
            return given, ""
        if guid := one_line(fields.text(("guid",))):
            return _id_and_guid(guid, config)
    made = page if posts.id == "permalink" else _by_pattern(fields, posts.id)
    return made or paths.tag_uri(posts.id_authority, identity), ""


_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S")


def _id_and_guid(text: str, config: Config, *, is_exact: bool = False) -> tuple[str, str]:
    """The id for a guid, and the guid if it is not a URI.

    With `is_exact`, a text that starts as a URI is the id as it is: an old feed has it so.
    """
    if is_uri(text) or (is_exact and _SCHEME.match(text)):
        return text, ""
    # No key gives a colon in a tag URI, so that a guid cannot be the id of another post.
    name = text if len(text) <= _MAX_GUID_CHARS else paths.digest(text, 64)
    return f"{paths.tag_uri(config.posts.id_authority, 'guid')}:{quote(name, safe='/')}", text


def _by_pattern(fields: Fields, pattern: str) -> str:
    """The pattern with the values of the fields in it; ``""`` if the post does not have all."""
    parts = ID_FIELD.split(pattern)
    values = [fields.text((part,)) if at % 2 else part for at, part in enumerate(parts)]
    made = "".join(
        quote(value, safe=_UNENCODED, errors="replace") if at % 2 else value
        for at, value in enumerate(values)
    )
    return made if len(parts) > 1 and all(values[1::2]) and is_uri(made) else ""


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
