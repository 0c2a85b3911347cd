"""Counts the posts of a folder that have ``hidden: true``, a field that not all themes know."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from feeds.config import Config, Limits, Site
from feeds.errors import PostError
from feeds.reading.front_matter.parse import parse_front_matter
from feeds.reading.selection import is_post
from feeds.reading.visibility import decide_visibility

_MOST_POSTS = 10_000
_MAX_BYTES = 1_000_000


class HiddenPosts(NamedTuple):
    """Numbers of posts."""

    hidden: int
    """Posts that only ``hidden: true`` keeps out of feeds."""
    posts: int
    """All posts that were read."""


def count_hidden_posts(folder: Path) -> HiddenPosts:
    """Count the posts in `folder`. Files that cannot be read do not count."""
    config = Config(Site("", ""))
    limit = Limits().front_matter_bytes
    hidden = posts = 0
    for path in _posts(folder, config):
        try:
            if path.stat().st_size > _MAX_BYTES:
                continue
            front_matter = parse_front_matter(path.name, path.read_bytes(), limit)
        except (OSError, PostError):
            continue
        posts += 1
        hidden += decide_visibility(front_matter.metadata, config).reason.startswith("hidden")
        if posts == _MOST_POSTS:
            break
    return HiddenPosts(hidden, posts)


def _posts(folder: Path, config: Config) -> Iterator[Path]:
    """The files in `folder` that are posts, by their names."""
    for parent, _, names in os.walk(folder):
        for path in sorted(Path(parent, name) for name in names):
            if is_post(path.relative_to(folder).as_posix(), config):
                yield path
