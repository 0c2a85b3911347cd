"""Detects a site generator: a folder -> the settings of the site, if it has a configuration file.

Configurations are read as data and never run. A file that cannot be read counts as missing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from feeds.generators.earlier_feed.own_feed import with_own_feed
from feeds.generators.proposals import with_proposals
from feeds.generators.settings import SiteSettings
from feeds.generators.site_folder import SiteFolder
from feeds.generators.sites.astro import astro_settings, read_astro
from feeds.generators.sites.docusaurus import docusaurus_settings, read_docusaurus
from feeds.generators.sites.eleventy import eleventy_settings, read_eleventy
from feeds.generators.sites.hugo import hugo_settings, is_hugo, read_hugo
from feeds.generators.sites.hugo_content import USUAL_FOLDERS
from feeds.generators.sites.jekyll import is_jekyll, jekyll_settings
from feeds.generators.sites.pelican import is_pelican, pelican_settings, read_pelican
from feeds.generators.sites.zola import is_zola, zola_settings
from feeds.generators.values import SiteConfig, Values, read_values


def detect_generator(folder: Path) -> SiteSettings:
    """The settings of the first generator in the table whose configuration is in `folder`.

    It has a title or an address, or there are posts where the generator has them. If there is no
    such file, all settings are empty, except `unreadable` and those that posts show.
    """
    site = SiteFolder(folder)
    unreadable = ""
    for generator in GENERATORS:
        config = generator.read(site)
        unreadable = unreadable or config.unreadable
        if not config.file or not generator.is_own(config):
            continue
        settings = generator.settings(config.values, site)
        if settings.title or settings.url or settings.posts:
            settings = replace(
                settings,
                generator=generator.name,
                file=config.file,
                unreadable=config.unreadable,
            )
            return with_proposals(with_own_feed(settings, config.values, site), site)
    posts = next((name for name in POST_FOLDERS if site.has_folder(name)), "")
    settings = SiteSettings(unreadable=unreadable, posts=posts)
    return with_proposals(settings, site) if posts else settings


class Generator(NamedTuple):
    """A site generator, and how to read its configuration."""

    name: str
    """Its name; the one in the table of site generators (feeds/site_generators.py), if it is
    there."""
    posts: tuple[str, ...]
    """The folders where its posts usually are."""
    read: Callable[[SiteFolder], SiteConfig]
    """Reads its configuration files."""
    is_own: Callable[[SiteConfig], bool]
    """Returns whether the file is not that of another generator."""
    settings: Callable[[Values, SiteFolder], SiteSettings]
    """Returns the settings in the values and in the folders."""


def _read(*files: str) -> Callable[[SiteFolder], SiteConfig]:
    return lambda site: read_values(site, *files)


def _always(_config: SiteConfig) -> bool:
    """Return True: no other generator has a file of this name."""
    return True


GENERATORS = (
    Generator("Hugo", USUAL_FOLDERS, read_hugo, is_hugo, hugo_settings),
    Generator(
        "Jekyll",
        ("_posts",),
        _read("_config.yml", "_config.yaml"),
        is_jekyll,
        jekyll_settings,
    ),
    Generator("Pelican", ("content",), read_pelican, is_pelican, pelican_settings),
    Generator("Zola", ("content",), _read("zola.toml", "config.toml"), is_zola, zola_settings),
    Generator("Eleventy", ("src/posts", "posts"), read_eleventy, _always, eleventy_settings),
    Generator("Astro", ("src/content/blog",), read_astro, _always, astro_settings),
    Generator("Docusaurus", ("blog",), read_docusaurus, _always, docusaurus_settings),
)

POST_FOLDERS = (
    *dict.fromkeys(name for generator in GENERATORS for name in generator.posts),
    "source/_posts",
    "articles",
)
"""The folders of a site where its posts usually are: of the generators above, of Hexo and
others."""
