"""Takes the key of a post apart: folders, name, language; a folder with index.md is one post."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_DATED = re.compile(r"-?\d{4}-\d{1,2}-\d{1,2}[-_ ](?=.)")


class PostPath(NamedTuple):
    """The parts of the key of a post."""

    key: str
    """The path in the site, as far as it is known: `posts.folder` and the key."""
    folders: tuple[str, ...]
    """The folders below the root of the content, without that of a language."""
    name: str
    """The name of the file without its ending and language. A folder with ``index.md`` is one post
    that is named by the folder, in Hugo, Zola, Docusaurus and others (a *page bundle*)."""
    ending: str
    """The ending of the file, with its dot."""
    language: str
    """The language that the path names; ``""`` if it names none of `posts.languages`."""
    is_bundle: bool
    """Whether the post is a folder."""

    @property
    def undated_name(self) -> str:
        """The name without a day at its start."""
        return _DATED.sub("", self.name, count=1) if _DATED.match(self.name) else self.name


@lru_cache(512)
def post_path(
    key: str, folder: str, roots: tuple[str, ...], languages: tuple[str, ...]
) -> PostPath:
    """The path of the post at `key` in the folder `folder` of its site.

    `roots` are the folders that hold all content; `languages` the languages that a name
    (``name.de.md``) or the first folder (``de/name.md``) may say.
    """
    path = f"{folder}/{key}" if folder not in ("", ".") else key
    steps = path.split("/")
    root = next((at for at, step in enumerate(steps[:-1]) if step in roots), -1)
    folders, name = steps[root + 1 : -1], steps[-1]
    name, dot, ending = name.rpartition(".")
    if not name:
        name, dot, ending = ending, "", ""
    language = ""
    head, _, last = name.rpartition(".")
    if head and last in languages:
        name, language = head, last
    elif folders and folders[0] in languages:
        language = folders.pop(0)
    is_bundle = name.lower() == "index" and bool(folders)
    if is_bundle:
        name = folders.pop()
    return PostPath(path, tuple(folders), name, dot + ending, language, is_bundle)
