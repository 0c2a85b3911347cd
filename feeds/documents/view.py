"""Owns the one value that every format is made from: a feed, its entries, and where it stands."""

from __future__ import annotations

from msgspec import Struct

from feeds import paths
from feeds.config import Config
from feeds.model import Entry, Feed


class View(Struct, frozen=True):
    """One document to be written.

    `url` is its own address; `current` the address of the feed that an archive page belongs to
    (``""``: this is that feed); `older` the next page of the archive.
    """

    feed: Feed
    entries: tuple[Entry, ...]
    url: str
    current: str = ""
    older: str = ""


def page_url(path: str, config: Config) -> str:
    """The page for people that a feed is about: its own where there are pages, else the site's."""
    return folder_url(path, config) if config.feeds.pages else config.site.url


def folder_url(path: str, config: Config) -> str:
    """The address of a feed's folder, one for all its documents."""
    return config.url(path + "/") if path else config.feeds.url


def home(view: View, config: Config) -> str:
    """The page for people that a document is about."""
    return page_url(view.feed.path, config)


def shows_content(view: View, config: Config) -> bool:
    """Whether the feed carries whole texts, or summaries only."""
    return config.content_of_path.get(view.feed.path, config.feeds.content) == "full"


def feed_id(view: View, config: Config) -> str:
    """The Atom id of the feed: the address of its folder."""
    return folder_url(view.feed.path, config)


def scheme(taxonomy: str, config: Config) -> str:
    """The URI that tells one taxonomy's terms from another's (RFC 4287, 4.2.2.2)."""
    return "" if taxonomy == "category" else paths.url(config.feeds.url, taxonomy + "/")
