"""Counts the posts of a new feeds.toml, and compares their addresses with the built site.

`feeds init` prints the result.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from feeds import paths
from feeds.config import Config
from feeds.generators.questions import Answers, is_example
from feeds.generators.settings import SiteSettings, Unknown
from feeds.generators.site_folder import ALL_ENDINGS, BUILT_FOLDERS, SiteFolder
from feeds.reading.generators.base import permalink_of
from feeds.reading.identity import post_identity
from feeds.reading.post import ReadResult, read_post
from feeds.reading.publication_window import is_public
from feeds.reading.selection import is_post
from feeds.state.closed_posts import ClosedPosts

_MOST_POSTS = 10_000
_MOST_PAGES = 20
_MOST_NAMES = 8
_MAX_LIST_BYTES = 20_000_000
_LISTS = ("sitemap.xml", "feed.xml", "atom.xml", "index.xml", "rss.xml")
_ADDRESS = re.compile(r"<loc>\s*([^<\s]+)\s*</loc>|<link[^<>]*?href=[\"']([^\"']+)|<link>([^<]+)<")


class Page(NamedTuple):
    """The page of a post."""

    key: str
    """The key of the post."""
    url: str
    """The address of the page."""
    pattern: str
    """The pattern that gave the address."""


class SitePosts(NamedTuple):
    """The posts of a site, as its new feeds.toml reads them."""

    keys: tuple[str, ...]
    """The files that are posts."""
    published: int
    """The number of posts that are in feeds."""
    undated: int
    """The number of posts without a date."""
    faulty: int
    """The number of posts with an error."""
    pages: tuple[Page, ...]
    """The newest of those whose entry leads to their own page."""
    closed: ClosedPosts
    """Why other posts are not in feeds."""


def read_site_posts(settings: SiteSettings, site: SiteFolder, config: Config) -> SitePosts:
    """Read the posts, at most 10,000 of them."""
    if not settings.posts:
        return SitePosts((), 0, 0, 0, (), ClosedPosts())
    now = datetime.now(UTC)
    prefix = f"{settings.posts}/" if settings.posts not in ("", ".") else ""
    files = (path.removeprefix(prefix) for path in site.files(prefix.rstrip("/"), ALL_ENDINGS))
    keys = [key for key in files if is_post(key, config)]
    dated: list[tuple[datetime, Page]] = []
    published: set[str] = set()
    undated = faulty = 0
    closed = ClosedPosts()
    for key in keys[:_MOST_POSTS]:
        read = _read(prefix, key, site, config)
        if read is None:
            continue
        undated += read.undated
        faulty += read.failed
        closed.count(key, read, now)
        if read.post is None or not is_public(read.post, now):
            continue
        published.add(post_identity(key, config))
        if not read.has_source:
            page = Page(key, read.post.page, permalink_of(key, config))
            dated.append((read.post.published, page))
    newest = sorted(dated, key=lambda pair: pair[0], reverse=True)[:_MOST_PAGES]
    return SitePosts(
        tuple(keys), len(published), undated, faulty, tuple(page for _, page in newest), closed
    )


def _read(prefix: str, key: str, site: SiteFolder, config: Config) -> ReadResult | None:
    data = site.data(prefix + key, config.limits.post_bytes)
    return read_post(key, data, datetime.now(UTC), config) if data is not None else None


def rule_counts(
    settings: SiteSettings, posts: SitePosts, config: Config
) -> Iterator[tuple[str, int]]:
    """What selects or describes posts in the file, and the number of posts that it is for."""
    for pattern in settings.include:
        yield f"include {pattern}", _count((pattern,), posts)
    pattern = config.posts.permalink
    yield f"permalink {pattern}", sum(permalink_of(key, config) == pattern for key in posts.keys)
    for rule in config.posts.rules:
        said = [name for name in rule.__struct_fields__[1:] if getattr(rule, name) is not None]
        yield f"rule {', '.join(rule.match)}: {', '.join(said)}", _count(rule.match, posts)
    number = "" if len(posts.keys) <= _MOST_POSTS else f", of the first {_MOST_POSTS:,}"
    yield f"in feeds now{number}", posts.published
    if posts.faulty:
        yield "with a problem (feeds check lists them)", posts.faulty


def found_things(settings: SiteSettings) -> Iterator[str]:
    """What the folders and the posts show, with the key of feeds.toml that says so."""
    for key, reason in settings.reasons.items():
        if key != "link_in_body" or settings.link_in_body:
            yield f"{key}: {reason}"


def _count(globs: tuple[str, ...], posts: SitePosts) -> int:
    return sum(paths.matches(key, globs) for key in posts.keys)


def unknown_things(settings: SiteSettings, posts: SitePosts, answers: Answers) -> Iterator[Unknown]:
    """What neither the files of the site nor a person said, and what a person should write."""
    if is_example(answers.url):
        what = f"the address of the site ({answers.url} is only an example)"
        yield Unknown(what, "the real one as site.url and feeds.url, and as posts.id_authority")
    if not answers.is_title_known:
        yield Unknown(
            "the title of the site (it is that of the folder)", "another one as site.title"
        )
    if posts.pages and not settings.generator:
        yield Unknown(
            "the addresses of the posts' pages (a guess, because no configuration was found)",
            "the program that makes the site as posts.generator, or a pattern as posts.permalink",
        )
    if not posts.keys:
        yield Unknown("where the posts are", "their folder as posts.folder")
    if posts.undated and settings.generator:
        what = f"the date of {posts.undated:,} posts, which are left out"
        yield Unknown(what, "a date in each that is not only a page")
    yield from settings.unknown
    if missing := [code for code in settings.shortcodes if not code.is_own]:
        names = ", ".join(code.name for code in missing[:_MOST_NAMES])
        more = ", …" if len(missing) > _MOST_NAMES else ""
        times = sum(code.times for code in missing)
        what = f"what these shortcodes show ({times:,} times nothing): {names}{more}"
        yield Unknown(what, "their templates below [content.shortcodes]; feeds.toml has proposals")


# --- addresses ------------------------------------------------------------------------------------


class AddressCheck(NamedTuple):
    """Result of looking for the addresses of posts."""

    where: str
    """Where they were looked for."""
    checked: int
    """The number of addresses."""
    missing: Page | None
    """The first that is not there."""
    fault: str = ""
    """What the server said about that one."""


def check_addresses(
    settings: SiteSettings, site: SiteFolder, posts: SitePosts, config: Config
) -> AddressCheck | None:
    """Look for the addresses of the newest posts in the built site beside the posts, in its
    sitemap, or in its feed; None if there is none of them, or nothing to look for.
    """
    if not posts.pages:
        return None
    for folder in dict.fromkeys((settings.built, *BUILT_FOLDERS)):
        if folder and _is_built(folder, site):
            missing = [page for page in posts.pages if not _has_page(folder, page, site, config)]
            # A folder that no configuration names may hold other pages.
            if folder == settings.built or len(missing) < len(posts.pages):
                first = missing[0] if missing else None
                return AddressCheck(f"{folder}/", len(posts.pages), first)
    for name in dict.fromkeys(("sitemap.xml", settings.feed, *_LISTS)):
        addresses = _addresses(name, site) if name else frozenset()
        if addresses:
            # A feed has only the newest posts; a sitemap has all.
            pages = posts.pages if "sitemap" in name else posts.pages[: len(addresses)]
            absent = (page for page in pages if _path(page.url) not in addresses)
            return AddressCheck(name, len(pages), next(absent, None))
    return None


def _is_built(folder: str, site: SiteFolder) -> bool:
    """Return whether a folder has a page, and not the feeds of this program."""
    names = site.names(folder)
    return paths.LIST_PAGE not in names and any(
        name.endswith(".html") for _, _, files in os.walk(site.root / folder) for name in files
    )


def _has_page(folder: str, page: Page, site: SiteFolder, config: Config) -> bool:
    path = unquote(page.url.removeprefix(config.site.url)).strip("/")
    file = site.root / folder / path
    endings = ["/index.html"] if page.url.endswith("/") else ["", ".html", "/index.html"]
    return any((file.parent / f"{file.name}{ending}").is_file() for ending in endings)


def _addresses(name: str, site: SiteFolder) -> frozenset[str]:
    """The paths of the addresses in a sitemap or a feed; none if the file is a template."""
    try:
        text = site.read(name, _MAX_LIST_BYTES) or ""
    except (OSError, ValueError):
        return frozenset()
    if "{{" in text or "{%" in text:
        return frozenset()
    start = re.search(r"<(?:entry|item|url)[\s>]", text)
    if not start:  # an index of sitemaps has none
        return frozenset()
    found = _ADDRESS.findall(text, start.start())
    return frozenset(_path(html.unescape("".join(groups)).strip()) for groups in found)


def _path(url: str) -> str:
    return unquote(urlsplit(url).path).rstrip("/")
