"""Compares the posts of a site with the feed that readers know: settings -> settings with its ids.

The rule for ids that gives most of those in the feed is `posts.id`. The others are found by the
link or the title of their entry, and are `posts.ids`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from msgspec.structs import replace

from feeds.config import Config
from feeds.generators.earlier_feed.old_feed import OldEntry, OldFeed
from feeds.generators.earlier_feed.own_feed import limit_reason, with_feed_at
from feeds.generators.settings import SiteSettings, Unknown
from feeds.generators.site_folder import ALL_ENDINGS, SiteFolder
from feeds.reading.identity import post_identity
from feeds.reading.post import Post, read_post
from feeds.reading.selection import is_post
from feeds.urls import http_url

_MOST_POSTS = 10_000
_MOST_NAMED = 3
_WORDPRESS = re.compile(r"(?P<start>https?://[^?#]*\?p=)\d+")
_WORDPRESS_FIELDS = ("wordpress_id", "wp_id", "post_id", "id")


def with_old_feed(settings: SiteSettings, feed: OldFeed, source: str) -> SiteSettings:
    """The settings with the title, the address and the language of the feed, if they have none.

    Also with its length and, if it is on the site, its place. `source` is where it was read.
    """
    url = settings.url or feed.site
    addresses, unknown = settings.addresses, settings.unknown
    path = _path_on_site(http_url(source), url) or _path_on_site(feed.url, url)
    if path.endswith("/"):
        what = f"how the feed stays at {path}, which is not the address of a file"
        unknown = (*unknown, Unknown(what, "a redirect (docs/migration.md has examples)"))
    elif path:
        addresses = with_feed_at(addresses, {feed.format: path})
    reasons = {**settings.reasons, "limit": limit_reason("The old feed", len(feed.entries))}
    return replace(
        settings,
        title=settings.title or feed.title,
        url=url,
        language=settings.language or feed.language,
        feed_limit=len(feed.entries),
        addresses=addresses,
        reasons=reasons,
        unknown=unknown,
    )


def _path_on_site(url: str, site: str) -> str:
    """The path of an address below that of the site; ``""`` if it is not below it."""
    parts, base = urlsplit(url), urlsplit(site)
    hosts = {(part.hostname or "").removeprefix("www.") for part in (parts, base)}
    folder = base.path.rstrip("/") + "/"
    if not url or len(hosts) > 1 or not parts.path.startswith(folder) or parts.query:
        return ""
    return unquote(parts.path[len(folder) :])


def with_known_ids(
    settings: SiteSettings, site: SiteFolder, config: Config, feed: OldFeed
) -> SiteSettings:
    """The settings with the rule that gives the ids of the feed, and the ids that it does not give.

    `config` is the configuration that the settings give. Where files move, each id is of its own:
    rules that make ids of addresses would give a post another id when it moves.
    """
    old = {entry.id: entry for entry in feed.entries}
    counts: Counter[str] = Counter()
    posts_of: dict[str, list[Post]] = {}
    for rule in _rules(settings, old):
        ruled = replace(config, posts=replace(config.posts, id=rule, ids={}))
        posts_of[rule] = [*_posts(settings, site, ruled)]
        counts[rule] = len(old.keys() & set(map(_id, posts_of[rule])))
    rule, count = counts.most_common(1)[0]
    rule = rule if count else "tag"
    posts = posts_of.get(rule) or next(iter(posts_of.values()))
    known = set(map(_id, posts)) if count else set()
    named, missing = _by_link_or_title(
        [entry for id_, entry in old.items() if id_ not in known], posts, config
    )
    reasons = {**settings.reasons, "ids": "The old feed has these ids."}
    reasons.pop("id", None)
    if rule != "tag" or count:
        reasons["id"] = f"Of {len(old):,} entries in the old feed, {count:,} have these ids."
    return replace(
        settings,
        ids=rule,
        ids_of_posts=named,
        reasons=reasons if named else {k: v for k, v in reasons.items() if k != "ids"},
        unknown=(*settings.unknown, *_unknown(missing)),
    )


def _rules(settings: SiteSettings, old: Iterable[str]) -> Iterator[str]:
    """The values of `posts.id` that may give the ids of the feed; the likely ones first."""
    if settings.move_folders:
        yield "tag"
        return
    yield from dict.fromkeys((*filter(None, (settings.ids,)), "tag", "permalink"))
    if settings.generator and settings.ids != "generator":
        yield "generator"
    starts = {found["start"] for id_ in old if (found := _WORDPRESS.fullmatch(id_))}
    for start in sorted(starts):
        yield from (f"{start}{{{field}}}" for field in _WORDPRESS_FIELDS)


def _posts(settings: SiteSettings, site: SiteFolder, config: Config) -> Iterator[Post]:
    """The posts that can be read, at most 10,000."""
    now = datetime.now(UTC)
    prefix = f"{settings.posts}/" if settings.posts not in ("", ".") else ""
    keys = (path.removeprefix(prefix) for path in site.files(prefix.rstrip("/"), ALL_ENDINGS))
    for key in [key for key in keys if is_post(key, config)][:_MOST_POSTS]:
        data = site.data(prefix + key, config.limits.post_bytes)
        post = read_post(key, data, now, config).post if data is not None else None
        if post:
            yield post


def _id(post: Post) -> str:
    """What readers know a post by: RSS has the guid as the post has it."""
    return post.guid or post.id


def _by_link_or_title(
    entries: Iterable[OldEntry], posts: Iterable[Post], config: Config
) -> tuple[dict[str, str], list[OldEntry]]:
    """The ids of the entries by the posts that they are of, and the entries of no post."""
    by_link: dict[str, list[Post]] = {}
    by_title: dict[str, list[Post]] = {}
    for post in posts:
        for link in {_path(post.page), _path(post.link)}:
            by_link.setdefault(link, []).append(post)
        by_title.setdefault(post.title, []).append(post)
    named: dict[str, str] = {}
    missing = []
    for entry in entries:
        found = by_link.get(_path(entry.link)) if entry.link else None
        found = found or by_title.get(entry.title, [])
        identities = {post_identity(post.key, config) for post in found}
        if len(identities) == 1 and not identities & named.keys():
            named[identities.pop()] = entry.id
        else:
            missing.append(entry)
    return named, missing


def _path(url: str) -> str:
    """What links to one page have in common, whatever host and ending they have."""
    parts = urlsplit(url)
    path = unquote(parts.path).removesuffix("index.html").removesuffix(".html").rstrip("/")
    return f"{path}?{parts.query}" if parts.query else path


def _unknown(missing: list[OldEntry]) -> Iterator[Unknown]:
    if missing:
        names = ", ".join(entry.title or entry.id for entry in missing[:_MOST_NAMED])
        more = ", …" if len(missing) > _MOST_NAMED else ""
        what = f"the posts of {len(missing):,} entries of the old feed ({names}{more})"
        yield Unknown(what, "their ids below [posts.ids], so that readers do not show them as new")
