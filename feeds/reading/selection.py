"""Decides which objects are posts, by their keys."""

from __future__ import annotations

import re

from feeds import paths
from feeds.config import Config
from feeds.reading.generators.base import generator_rules, path_of

_NEVER_A_POST = re.compile(
    r"(?:^|/)(?:[.~#][^/]*(?:/|$)|_drafts/|_index\.[^/]*$|readme[^/]*$)", re.I
)

_LIKE_A_POST = re.compile(
    r"\.(?:md|markdown|mdx|mkd|mkdn|mdown|mdwn|qmd|rmd|html?|rst|adoc|asciidoc|org|textile|ipynb)\Z",
    re.I,
)
"""Endings of files that site generators make pages of."""


def is_post(key: str, config: Config) -> bool:
    """Return whether the object at `key` is a post, by `posts.include` and `posts.exclude`.

    Hidden files, folders of drafts, ``_index.*`` (a section's own page in Hugo and Zola) and
    READMEs never are, nor what the site's generator does not take for posts. Objects that are not
    posts are skipped without a message.
    """
    return (
        not _NEVER_A_POST.search(key)
        and paths.matches(key, config.posts.include)
        and not paths.matches(key, config.posts.exclude)
        and generator_rules(config).is_post(path_of(key, config))
    )


def ending_not_included(key: str, config: Config) -> str:
    """The ending of a file that looks like a post, if `posts.include` does not have it; or ``""``.

    A file that `posts.exclude` names, or that is never a post, is left out on purpose. So is one
    with an ending that `posts.include` has for other folders.
    """
    ending = _LIKE_A_POST.search(key)
    if (
        ending is None
        or ending[0] in (".html", ".md", ".markdown")  # included, unless the site says otherwise
        or any(glob.endswith((ending[0], "*")) for glob in config.posts.include)
        or _NEVER_A_POST.search(key)
        or paths.matches(key, config.posts.exclude)
    ):
        return ""
    return ending[0]
