"""Astro: the address of an entry in a content collection, or of a page, as Astro gives them.

https://docs.astro.build/en/guides/content-collections/ has the ids of entries,
https://docs.astro.build/en/basics/astro-pages/ the pages.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

from feeds.config import Config
from feeds.reading.content.dialect import ASTRO
from feeds.reading.field_lookup import Fields
from feeds.reading.generators.base import GeneratorRules, in_utc, path_of, permalink_of
from feeds.reading.generators.pattern import expand
from feeds.reading.generators.post_path import PostPath


def path_in_fields(fields: Fields) -> str:
    """The field `slug`, which is the id of the entry as it stands; ``""`` if there is none."""
    return fields.text(("slug",))


def page_path(fields: Fields, _published: datetime, config: Config) -> str:
    """The path of a post's page.

    A file in ``src/pages/`` is a page at its own path. An entry of a collection has a page where a
    page of the site makes one: a pattern with ``:collection`` and ``:slug`` says where.
    """
    path = path_of(fields.key, config)
    if in_pages := _below("src/pages/", path.key):
        name = in_pages.removesuffix(path.ending)
        return "" if name == "index" else f"{name.removesuffix('/index')}/"
    collection, entry = _entry(fields.key, path, config)
    slug = path_in_fields(fields) or _slug(entry.removesuffix(path.ending))
    tokens = {"collection": lambda: collection, "slug": lambda: slug}
    return re.sub("/{2,}", "/", expand(permalink_of(fields.key, config), tokens))


def _below(folder: str, path: str) -> str:
    """The path below a folder of the project; ``""`` if it is not there."""
    return f"/{path}".partition(f"/{folder}")[2]


def _entry(key: str, path: PostPath, config: Config) -> tuple[str, str]:
    """The collection of an entry, and the file's path in it.

    Below ``src/content/``, the first folder is the collection; elsewhere, `posts.folder` is.
    """
    collection, slash, entry = _below("src/content/", path.key).partition("/")
    if slash:
        return collection, entry
    folder = config.posts.folder.rpartition("/")[2]
    return ("" if folder == "." else folder), key


def _slug(path: str) -> str:
    """The id of an entry by its path without the ending."""
    return "/".join(map(slugify, path.split("/"))).removesuffix("/index")


def slugify(text: str) -> str:
    """The slug of a name: in lower case, with hyphens for spaces; only letters, marks, digits,
    ``-`` and ``_`` stay. https://github.com/Flet/github-slugger
    """
    return "".join(char for char in text.lower().replace(" ", "-") if _stays(char))


def _stays(char: str) -> bool:
    category = unicodedata.category(char)
    return char == "-" or category[0] in "LM" or category in ("Nd", "Nl", "Pc")


def is_post(path: PostPath) -> bool:
    """Return whether a file is an entry or a page: no ``_`` is before its name or its folders'."""
    inner = _below("src/content/", path.key) or _below("src/pages/", path.key) or path.key
    return not any(step.startswith("_") for step in inner.split("/"))


RULES = GeneratorRules(
    dialect=ASTRO,
    mdx_endings=(".mdx",),
    permalink="/:collection/:slug/",
    page_path=page_path,
    path_in_fields=path_in_fields,
    written_date=in_utc,
    is_post=is_post,
)
