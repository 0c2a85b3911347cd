"""What `feeds init` knows of a site: its generator's settings, the rules for its posts, reasons."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from msgspec import Struct

from feeds.config import Addresses, PostRule, Visibility


class SiteRule(Struct, frozen=True):
    """A rule for some posts, and the reason for it."""

    rule: PostRule
    """The rule, as in ``[[posts.rules]]``."""
    reason: str
    """Where the site says so."""


class Unknown(Struct, frozen=True):
    """A thing that the site's files do not say."""

    what: str
    """What is not known."""
    todo: str
    """What a person should write instead."""


class Shortcode(Struct, frozen=True):
    """A shortcode that posts use, and its template for ``[content.shortcodes]``."""

    name: str
    """Its name."""
    file: str
    """The site's own template; ``""`` if there is none."""
    template: str
    """The template in Jinja: the site's own, or a proposal."""
    is_own: bool = False
    """Whether it is the site's own."""
    times: int = 0
    """How often it shows nothing."""
    posts: int = 0
    """In how many posts it shows nothing."""


class SiteSettings(Struct, frozen=True):
    """The settings of a site; ``""`` for each that its generator's configuration does not have."""

    generator: str = ""
    """The name of the generator."""
    file: str = ""
    """The configuration file that the settings are from."""
    posts: str = ""
    """The folder of the posts; ``.`` is the site's own."""
    include: tuple[str, ...] = ()
    """The patterns of the posts in that folder; empty for the usual ones."""
    exclude: tuple[str, ...] = ()
    """The patterns of files among those that are not posts; empty for the usual ones."""
    title: str = ""
    """The title of the site."""
    url: str = ""
    """The address of the site."""
    description: str = ""
    """The description of the site."""
    language: str = ""
    """The language, as the generator writes it."""
    timezone: str = ""
    """The time zone as written; it may be invalid."""
    author: str = ""
    """The name of the author."""
    email: str = ""
    """The email address of the author as written; it may be invalid."""
    permalink: str = ""
    """The pattern of addresses, as in `posts.permalink`."""
    rules: tuple[SiteRule, ...] = ()
    """What holds for some posts; patterns are relative to `posts`."""
    languages: tuple[str, ...] = ()
    """The languages that paths can name."""
    language_folders: str = ""
    """As in `posts.language_folders`."""
    date_keys: tuple[str, ...] = ()
    """The fields with the date; empty for the usual ones."""
    date_zone: str = ""
    """The zone of the posts' dates that name none, if the generator takes another."""
    move_folders: tuple[str, ...] = ()
    """The folders that files are moved through; empty if files stay where they are."""
    taxonomies: tuple[str, ...] = ("category",)
    """The taxonomies that get feeds."""
    title_from: str = ""
    """The field with the titles of categories."""
    keep_whole: bool = False
    """Whether a category with spaces is one, although the generator splits it."""
    post_count: int = 0
    """The number of posts that could be read."""
    hidden_posts: int = 0
    """The number of posts that only ``hidden: true`` keeps out of feeds."""
    link_in_body: bool | None = None
    """Whether posts end with the link to their source; None if there are no posts."""
    reasons: dict[str, str] = {}
    """Why a key of feeds.toml has its value, by the name of the key."""
    unknown: tuple[Unknown, ...] = ()
    """What the files do not say."""
    hidden: Visibility = "leave-out"
    """What the generator itself does with a post that has ``hidden: true``. A generator that does
    not know the field publishes the post; a theme may hide it from its lists."""
    built: str = ""
    """The folder that the generator writes the site to."""
    feed: str = ""
    """The path of the feed that the generator itself writes."""
    ids: str = ""
    """The ids of entries, as in `posts.id`; ``""`` if readers do not know the posts yet."""
    ids_of_posts: dict[str, str] = {}
    """The ids of single posts, as in `posts.ids`."""
    feed_limit: int = 0
    """The number of entries in the feed that readers know; 0 if that is not known."""
    addresses: Addresses = Addresses()
    """Where the feeds are that readers know, as in `addresses`."""
    configuration: dict[str, object] = {}
    """The values of the generator's configuration, which posts may name."""
    data: str = ""
    """The folder of the data files that posts use."""
    includes: str = ""
    """The folder of the includes that posts use."""
    site_values: dict[str, object] = {}
    """The values of the configuration that posts use."""
    shortcodes: tuple[Shortcode, ...] = ()
    """The shortcodes that posts use and that the program does not know."""
    unreadable: str = ""
    """A configuration file that could not be read."""


def is_time_zone(name: str) -> bool:
    """Return whether `name` is a zone of the IANA time zone database."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
