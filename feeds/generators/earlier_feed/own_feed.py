"""The feeds that a site's generator writes -> their addresses, the ids and the number of entries.

Readers know the posts by these ids. A feed with more entries than they have seen would show them
old posts as new ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from feeds.config import Addresses
from feeds.formats import FORMATS
from feeds.generators.settings import SiteSettings, Unknown
from feeds.generators.site_folder import SiteFolder
from feeds.generators.values import (
    Values,
    bool_at,
    clean_path,
    first_text,
    texts_at,
    value_at,
)
from feeds.layout.layout import ALL
from feeds.paths import plain_slug
from feeds.reading.generators import hugo, pelican
from feeds.reading.generators.ascii_text import ascii_text


class OwnFeed(Struct, frozen=True):
    """The feed that a generator writes for a site."""

    maker: str
    """The program or the file that makes it."""
    limit: int = 0
    """The number of entries that it has at most; 0 if that is not known."""
    ids: str = "generator"
    """The value of `posts.id` that gives the ids in it."""
    files: Mapping[str, str] = {}
    """Its path in the site by format, as far as it is known."""
    feeds: Mapping[str, str] = {}
    """The patterns of feeds of taxonomies, as in `addresses.feeds`."""
    pages: Mapping[str, str] = {}
    """The patterns of the site's pages of taxonomies, as in `addresses.pages`."""


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
    addresses = with_feed_at(Addresses(), feed.files)
    if feed.feeds:
        feeds = {**addresses.feeds, **feed.feeds}
        addresses = replace(addresses, feeds=feeds, pages=dict(feed.pages), slug="plain")
    if addresses != Addresses():
        reasons["addresses"] = f"The feeds of {feed.maker} are there."
    return replace(
        settings,
        ids=feed.ids,
        feed_limit=feed.limit,
        addresses=addresses,
        reasons=reasons,
        unknown=unknown,
    )


def with_feed_at(addresses: Addresses, files: Mapping[str, str]) -> Addresses:
    """The addresses with the feed of all posts at paths of the site, by format.

    All formats have one folder, so paths in other folders than the first one are left out, and
    those that cannot be that of a document.
    """
    steps = {name: path.lstrip("/").rpartition("/") for name, path in files.items()}
    named = {name: step for name, step in steps.items() if "." in step[2]}
    if not named:
        return addresses
    folder, slash, _ = next(iter(named.values()))
    own = {name: step[2] for name, step in named.items() if step[0] == folder}
    changed = {name: file for name, file in own.items() if file != FORMATS[name].file}
    feeds = {ALL: folder + slash} if folder else {}
    return replace(addresses, files=changed, feeds={**addresses.feeds, **feeds})


def with_slugs(settings: SiteSettings, names: Iterable[str]) -> SiteSettings:
    """The settings with the generator's own slugs of categories and tags, where ours differ."""
    slug_of = _SLUGS.get(settings.generator)
    if settings.addresses.slug != "plain" or slug_of is None:
        return settings
    slugs: dict[str, str] = {}
    for name in sorted(names):
        slug = slug_of(name)
        if slug and slug != plain_slug(name) and len(slugs) < _MOST_SLUGS:
            slugs[name] = slug
    return replace(settings, addresses=replace(settings.addresses, slugs=slugs))


_MOST_SLUGS = 200
_SLUGS: Mapping[str, Callable[[str], str]] = {
    "Hugo": hugo.urlize,
    # jekyll-feed makes feeds only of tags with these characters, which stay as they are.
    "Jekyll": lambda name: name if re.fullmatch("[A-Za-z0-9_]+", name) else "",
    "Pelican": lambda name: pelican.slugify(ascii_text(name)),
}
"""How a generator makes the name of a term's feed."""


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
        path = clean_path(first_text(values, "feed.path")) or "feed.xml"
        feeds = {}
        if value_at(values, "feed.categories"):
            feeds["category"] = "feed/:slug.xml"
        if value_at(values, "feed.tags"):
            folder = clean_path(first_text(values, "feed.tags.path")) or "feed/by_tag"
            feeds["tag"] = f"{folder}/:slug.xml"
        limit = _number(values, "feed.posts_limit") or 10
        return OwnFeed("jekyll-feed", limit, files={"atom": path}, feeds=feeds)
    for name in _TEMPLATES:
        text = _text(name, site)
        ids = [part["id"] for part in _ID.finditer(text)]
        for word, rule in (("post.id", "generator"), ("post.url", "permalink")):
            if any(word in id_ for id_ in ids):
                format_ = "rss" if "<rss" in text else "atom"
                return OwnFeed(name, _limit_in(text), rule, {format_: name})
    return None


def _hugo(values: Values, site: SiteFolder) -> OwnFeed | None:
    """Hugo's feed; none if the site has a template with ids of its own, or no feeds."""
    if "rss" in (kind.lower() for kind in texts_at(values, "disableKinds")):
        return None
    own = (_text(f"layouts/{name}", site) for name in _HUGO_TEMPLATES)
    ids = [part["id"] for text in own for part in _ID.finditer(text)]
    if ids and not any(".Permalink" in id_ for id_ in ids):
        return None
    file = f"{clean_path(first_text(values, 'outputFormats.RSS.baseName')) or 'index'}.xml"
    folders = {
        taxonomy: f"{clean_path(first_text(values, f'taxonomies.{taxonomy}')) or usual}/:slug/"
        for taxonomy, usual in (("category", "categories"), ("tag", "tags"))
    }
    return OwnFeed(
        "Hugo",
        _number(values, "services.rss.limit", "rssLimit"),
        files={"rss": file},
        feeds=folders,
        pages={taxonomy: f"/{folder}" for taxonomy, folder in folders.items()},
    )


_HUGO_TEMPLATES = (
    "index.rss.xml", "home.rss.xml", "rss.xml", "index.xml", "_default/rss.xml",
    "_default/index.rss.xml", "_default/home.rss.xml", "_default/list.rss.xml",
)  # fmt: skip


def _pelican(values: Values, _site: SiteFolder) -> OwnFeed:
    feeds, pages = {}, {}
    for taxonomy, name, usual in (
        ("category", "CATEGORY", "feeds/{slug}.atom.xml"),
        ("tag", "TAG", ""),
    ):
        feed = first_text(values, f"{name}_FEED_ATOM") or usual
        page = first_text(values, f"{name}_URL") or f"{taxonomy}/{{slug}}.html"
        if clean_path(feed).count("{") == 1 and "{slug}" in feed:
            feeds[taxonomy] = clean_path(feed).replace("{slug}", ":slug")
        if clean_path(page).count("{") == 1 and "{slug}" in page:
            pages[taxonomy] = "/" + clean_path(page).replace("{slug}", ":slug")
    files = {"atom": clean_path(first_text(values, "FEED_ALL_ATOM")) or "feeds/all.atom.xml"}
    if rss := clean_path(first_text(values, "FEED_ALL_RSS")):
        files["rss"] = rss
    return OwnFeed(
        "Pelican", _number(values, "FEED_MAX_ITEMS"), files=files, feeds=feeds, pages=pages
    )


def _zola(values: Values, _site: SiteFolder) -> OwnFeed | None:
    is_on = bool_at(values, "generate_feeds") or bool_at(values, "generate_feed")
    file = next(iter(texts_at(values, "feed_filenames")), "")
    file = file or first_text(values, "feed_filename") or "atom.xml"
    format_ = "rss" if "rss" in file else "atom"
    limit = _number(values, "feed_limit")
    return OwnFeed("Zola", limit, files={format_: file}) if is_on else None


def _docusaurus(values: Values, _site: SiteFolder) -> OwnFeed | None:
    """The feed of the blog, with 20 entries if the configuration does not say another number."""
    options = value_at(values, "presets.blog.feedOptions")
    if isinstance(options, Mapping) and "type" in options and options["type"] is None:
        return None
    route = value_at(values, "presets.blog.routeBasePath")
    folder = clean_path(route) if isinstance(route, str) else "blog"
    path = f"{folder}/atom.xml".lstrip("/")
    return OwnFeed("Docusaurus", _number(options, "limit") or 20, files={"atom": path})


def _of_package(package: str, files: Iterable[str] = ()) -> Callable[..., OwnFeed | None]:
    """The feed of an npm package; its length is in one of `files`."""

    def read(_values: Values, site: SiteFolder) -> OwnFeed | None:
        if f'"{package}"' not in _text("package.json", site):
            return None
        text = next(filter(None, (_text(file, site) for file in files)), "")
        path = re.search(r"\boutputPath\s*:\s*[\"']([^\"'{}]+)[\"']", text)
        kind = re.search(r"\btype\s*:\s*[\"'](atom|rss|json)[\"']", text)
        return OwnFeed(
            package,
            _limit_in(text),
            files={kind[1] if kind else "atom": clean_path(path[1])} if path else {},
        )

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
