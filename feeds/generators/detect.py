"""Detects a site generator: a folder -> the settings in its configuration file, if it has one.

The configurations of Jekyll, Hugo and Pelican are read as data and never run. A file that cannot
be read counts as missing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import yaml
from msgspec.structs import replace

from feeds.generators.hugo import hugo_settings
from feeds.generators.jekyll import jekyll_settings
from feeds.generators.pelican import pelican_settings
from feeds.generators.settings import SiteSettings, Values, parse_python, parse_toml, parse_yaml

_LARGEST = 1_000_000


# --- what is there --------------------------------------------------------------------------------


def detect_generator(folder: Path) -> SiteSettings:
    """What a site's own configuration in a folder says; nothing where there is none."""
    unread = ""
    for kind, files, read, understood in GENERATORS:
        for file in files:
            path = folder / file
            try:
                if not path.is_file() or path.stat().st_size > _LARGEST:
                    continue
                values = read(path.read_text(encoding="utf-8-sig"))
            except (OSError, ValueError, yaml.YAMLError, SyntaxError, RecursionError):
                unread = unread or file
                continue
            found = understood(values)
            if found.title or found.url:
                posts = next((p for p in _POSTS[kind] if (folder / p).is_dir()), "")
                return replace(found, kind=kind, file=file, posts=posts)
    return SiteSettings(unread=unread)


GENERATORS: tuple[
    tuple[str, tuple[str, ...], Callable[[str], Values], Callable[[Values], SiteSettings]], ...
] = (
    ("Hugo", ("hugo.toml", "config/_default/hugo.toml"), parse_toml, hugo_settings),
    ("Hugo", ("hugo.yaml", "hugo.yml", "config/_default/hugo.yaml"), parse_yaml, hugo_settings),
    ("Hugo", ("config.toml", "config/_default/config.toml"), parse_toml, hugo_settings),
    ("Jekyll", ("_config.yml", "_config.yaml"), parse_yaml, jekyll_settings),
    ("Pelican", ("pelicanconf.py",), parse_python, pelican_settings),
)
_POSTS = {
    "Jekyll": ("_posts",),
    "Hugo": ("content/posts", "content/post", "content/blog", "content"),
    "Pelican": ("content",),
}
