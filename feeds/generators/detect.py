"""Detects a site generator: a folder -> the settings in its configuration file, if it has one.

Configurations are read as data and never run. A file that cannot be read counts as missing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import yaml
from msgspec.structs import replace

from feeds.generators.hugo import hugo_settings
from feeds.generators.jekyll import jekyll_settings
from feeds.generators.pelican import pelican_settings
from feeds.generators.settings import SiteSettings, Values, parse_python, parse_toml, parse_yaml

_MAX_BYTES = 1_000_000


def detect_generator(folder: Path) -> SiteSettings:
    """The settings of the first configuration file in `folder` that has a title or an address.

    If no file has one, all settings are empty, except `unreadable` and `posts`.
    """
    unreadable = ""
    for generator in GENERATORS:
        for file in generator.files:
            path = folder / file
            try:
                if not path.is_file() or path.stat().st_size > _MAX_BYTES:
                    continue
                values = generator.parse(path.read_text(encoding="utf-8-sig"))
            except (OSError, ValueError, yaml.YAMLError, SyntaxError, RecursionError):
                unreadable = unreadable or file
                continue
            settings = generator.settings(values)
            if settings.title or settings.url:
                posts = next((name for name in generator.posts if (folder / name).is_dir()), "")
                return replace(settings, generator=generator.name, file=file, posts=posts)
    posts = next((name for name in POST_FOLDERS if (folder / name).is_dir()), "")
    return SiteSettings(unreadable=unreadable, posts=posts)


class Generator(NamedTuple):
    """A site generator, and how to read one kind of its configuration files."""

    name: str
    """Its name."""
    posts: tuple[str, ...]
    """The folders where its posts usually are; the first that exists is used."""
    files: tuple[str, ...]
    """The names of the configuration file."""
    parse: Callable[[str], Values]
    """Parses the text of the file."""
    settings: Callable[[Values], SiteSettings]
    """Returns the settings in its values."""


_HUGO_POSTS = ("content/posts", "content/post", "content/blog", "content")
_HUGO_TOML = ("hugo.toml", "config/_default/hugo.toml")
_HUGO_YAML = ("hugo.yaml", "hugo.yml", "config/_default/hugo.yaml")
_HUGO_OLD = ("config.toml", "config/_default/config.toml")
_JEKYLL = ("_config.yml", "_config.yaml")

GENERATORS = (
    Generator("Hugo", _HUGO_POSTS, _HUGO_TOML, parse_toml, hugo_settings),
    Generator("Hugo", _HUGO_POSTS, _HUGO_YAML, parse_yaml, hugo_settings),
    Generator("Hugo", _HUGO_POSTS, _HUGO_OLD, parse_toml, hugo_settings),
    Generator("Jekyll", ("_posts",), _JEKYLL, parse_yaml, jekyll_settings),
    Generator("Pelican", ("content",), ("pelicanconf.py",), parse_python, pelican_settings),
)

POST_FOLDERS = (
    *dict.fromkeys(name for generator in GENERATORS for name in generator.posts),
    "source/_posts",
    "src/content/blog",
    "src/posts",
    "posts",
    "blog",
    "articles",
)
"""The folders of a site where its posts usually are: of the generators above, and of Hexo, Astro,
Eleventy and others."""
