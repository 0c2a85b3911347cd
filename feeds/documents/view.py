"""The value that every renderer gets: a feed, its entries, and the addresses of the document."""

from __future__ import annotations

from urllib.parse import quote

from msgspec import Struct

from feeds import paths
from feeds.config import Config
from feeds.layout.layout import ALL
from feeds.layout.patterns import SLUG
from feeds.model import Entry, Feed


class View(Struct, frozen=True):
    """One document of a feed, to be rendered."""

    feed: Feed
    """The feed."""
    entries: tuple[Entry, ...]
    """The entries of the document, newest first."""
    url: str
    """URL of the document itself."""
    current: str = ""
    """URL of the feed, if the document is an archive page; else ``""``."""
    older: str = ""
    """URL of the archive page with the next older entries; ``""`` if there is none."""


def page_url(path: str, config: Config) -> str:
    """The HTML page that a feed is about: the site's own, if `addresses.pages` names it.

    Else the feed's own page if the site has pages, else the home page of the site.
    """
    taxonomy, _, slug = path.partition("/")
    if page := config.addresses.pages.get(taxonomy or ALL):
        return paths.resolved(config.site.url, page.replace(SLUG, quote(slug)).lstrip("/"))
    return folder_url(path, config) if config.feeds.pages else config.site.url


def folder_url(path: str, config: Config) -> str:
    """The URL of the folder of a feed's documents; of its page, if they have no folder."""
    return config.url(config.layout.page(path))


def home(view: View, config: Config) -> str:
    """The HTML page of a document's feed."""
    return page_url(view.feed.path, config)


def shows_content(view: View, config: Config) -> bool:
    """Return whether entries have their content in this feed; else only their summary."""
    return config.content_of_path.get(view.feed.path, config.feeds.content) == "full"


def feed_id(view: View, config: Config) -> str:
    """The Atom id of the feed: the URL of its folder."""
    return folder_url(view.feed.path, config)
