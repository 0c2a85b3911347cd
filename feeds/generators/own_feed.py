"""The feed that a site's generator writes -> the ids of its entries, and how many it has.

Readers know the posts by these ids. A feed with more entries than they have seen would show them
old posts as new ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from feeds.generators.settings import SiteSettings, Unknown
from feeds.generators.site_folder import SiteFolder
from feeds.generators.values import Values, bool_at, texts_at, value_at


class OwnFeed(Struct, frozen=True):
    """The feed that a generator writes for a site."""

    maker: str
    """The program or the file that makes it."""
    limit: int = 0
    """The number of entries that it has at most; 0 if that is not known."""
    ids: str = "generator"
    """The value of `posts.id` that gives the ids in it."""


def with_own_feed(settings: SiteSettings, values: Values, site: SiteFolder) -> SiteSettings:
    """The settings with the ids and the length of the feed that the generator writes, if any."""
    read = _OWN_FEEDS.get(settings.generator)
    feed = read(values, site) if read else None
    if feed is None:
        return settings
    reasons, unknown = dict(settings.reasons), settings.unknown
    if settings.move_folders:
        what = f"the ids in the feed of {feed.maker}: they change when files move"
        todo = "no other id: feeds init --from FEED finds those of the posts in the feed"
        unknown, feed = (*unknown, Unknown(what, todo)), replace(feed, ids="")
    else:
        reasons["id"] = f"Readers know the ids in the feed of {feed.maker}."
    if feed.limit:
        reasons["limit"] = limit_reason(f"The feed of {feed.maker}", feed.limit)
    return replace(settings, ids=feed.ids, feed_limit=feed.limit, reasons=reasons, unknown=unknown)


def limit_reason(feed: str, limit: int) -> str:
    """Why a feed has no more entries than the one that readers know."""
    return f"{feed} has {limit} entries: with more, readers would show older posts as new."


def _text(path: str, site: SiteFolder) -> str:
    """The text of a file; ``""`` if there is none, or if it cannot be read."""
    try:
        return site.read(path) or ""
    except (OSError, ValueError):
        return ""


def _number(values: object, *names: str) -> int:
    """The value of the first of `names` that is a number above 0; else 0."""
    for name in names:
        value = str(value_at(values, name))  # YAML is read as texts
        if value.isdecimal() and int(value[:9]) > 0:
            return int(value[:9])
    return 0


def _limit_in(text: str) -> int:
    """The number in ``limit: 10`` of a template or of a script; 0 if there is none."""
    found = re.search(r"\blimit\s*:\s*(\d{1,4})\b", text)
    return int(found[1]) if found else 0


# --- generators -----------------------------------------------------------------------------------

_TEMPLATES = ("feed.xml", "atom.xml", "rss.xml", "index.xml")
_ID = re.compile(r"<(?:id|guid)\b[^<>]*>(?P<id>[^<]*)</(?:id|guid)>")


def _jekyll(values: Values, site: SiteFolder) -> OwnFeed | None:
    """The feed of jekyll-feed; else that of a template, which has `post.id` or `post.url`."""
    named = (*texts_at(values, "plugins"), *texts_at(values, "gems"))
    gem = re.search(r"^\s*gem\s+[\"']jekyll-feed[\"']", _text("Gemfile", site), re.MULTILINE)
    if "jekyll-feed" in named or gem:
        return OwnFeed("jekyll-feed", _number(values, "feed.posts_limit") or 10)
    for name in _TEMPLATES:
        text = _text(name, site)
        ids = [part["id"] for part in _ID.finditer(text)]
        for word, rule in (("post.id", "generator"), ("post.url", "permalink")):
            if any(word in id_ for id_ in ids):
                return OwnFeed(name, _limit_in(text), rule)
    return None


def _hugo(values: Values, site: SiteFolder) -> OwnFeed | None:
    """Hugo's feed; none if the site has a template with ids of its own, or no feeds."""
    if "rss" in (kind.lower() for kind in texts_at(values, "disableKinds")):
        return None
    own = (_text(f"layouts/{name}", site) for name in _HUGO_TEMPLATES)
    ids = [part["id"] for text in own for part in _ID.finditer(text)]
    if ids and not any(".Permalink" in id_ for id_ in ids):
        return None
    return OwnFeed("Hugo", _number(values, "services.rss.limit", "rssLimit"))


_HUGO_TEMPLATES = (
    "index.rss.xml", "home.rss.xml", "rss.xml", "index.xml", "_default/rss.xml",
    "_default/index.rss.xml", "_default/home.rss.xml", "_default/list.rss.xml",
)  # fmt: skip


def _pelican(values: Values, _site: SiteFolder) -> OwnFeed:
    return OwnFeed("Pelican", _number(values, "FEED_MAX_ITEMS"))


def _zola(values: Values, _site: SiteFolder) -> OwnFeed | None:
    is_on = bool_at(values, "generate_feeds") or bool_at(values, "generate_feed")
    return OwnFeed("Zola", _number(values, "feed_limit")) if is_on else None


def _docusaurus(values: Values, _site: SiteFolder) -> OwnFeed | None:
    """The feed of the blog, with 20 entries if the configuration does not say another number."""
    options = value_at(values, "presets.blog.feedOptions")
    if isinstance(options, Mapping) and "type" in options and options["type"] is None:
        return None
    return OwnFeed("Docusaurus", _number(options, "limit") or 20)


def _of_package(package: str, files: Iterable[str] = ()) -> Callable[..., OwnFeed | None]:
    """The feed of an npm package; its length is in one of `files`."""

    def read(_values: Values, site: SiteFolder) -> OwnFeed | None:
        if f'"{package}"' not in _text("package.json", site):
            return None
        texts = (_text(file, site) for file in files)
        return OwnFeed(package, next(filter(None, map(_limit_in, texts)), 0))

    return read


_ELEVENTY_FILES = (
    ".eleventy.js", "eleventy.config.js", "eleventy.config.mjs", "eleventy.config.cjs",
)  # fmt: skip

_OWN_FEEDS: Mapping[str, Callable[[Values, SiteFolder], OwnFeed | None]] = {
    "Jekyll": _jekyll,
    "Hugo": _hugo,
    "Pelican": _pelican,
    "Zola": _zola,
    "Docusaurus": _docusaurus,
    "Eleventy": _of_package("@11ty/eleventy-plugin-rss", _ELEVENTY_FILES),
    "Astro": _of_package("@astrojs/rss"),
}
