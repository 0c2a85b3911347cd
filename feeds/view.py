"""Owns the one value that every format is made from: a feed, its entries, and where it stands."""

from __future__ import annotations

from msgspec import Struct

from feeds import paths
from feeds.config import Config
from feeds.model import Entry, Feed

GENERATOR = "bucketfeed"
GENERATOR_URL = "https://pypi.org/project/bucketfeed/"


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


def home(config: Config) -> str:
    """The page for people that a feed is about: the site's."""
    return config.site.url


def shows_content(view: View, config: Config) -> bool:
    """Whether the feed carries whole texts, or summaries only."""
    return config.content_of_path.get(view.feed.path, config.feeds.content) == "full"


def feed_id(view: View, config: Config) -> str:
    """The Atom id of the feed: the address of its folder, one for all its documents."""
    return config.feeds.url if not view.feed.path else config.url(view.feed.path + "/")


def scheme(taxonomy: str, config: Config) -> str:
    """The URI that tells one taxonomy's terms from another's (RFC 4287, 4.2.2.2)."""
    return "" if taxonomy == "category" else paths.url(config.feeds.url, taxonomy + "/")
