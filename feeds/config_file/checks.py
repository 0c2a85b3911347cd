"""Checks a configuration beyond the types of its fields: a Config -> the problems of feeds.toml.

Each problem is ``path: expected …, found …``, where `path` names the key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from feeds.config import Config, Feeds, Limits, Posts, Site
from feeds.config_file.addresses import check_addresses
from feeds.config_file.show import show
from feeds.reading.content.templates.own import template_problems
from feeds.site_generators import SITE_GENERATORS
from feeds.urls import ID_FIELD, http_url, id_authority, is_uri

ID_YEAR = 2026
"""The year in ids if `posts.id_authority` is not set. It never changes, so that ids never change;
`feeds init` writes the authority with the current year."""


# Characters that XML 1.0 (2.2) forbids, and the C1 controls; TOML can write them as \u0000.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


def _texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Each text in `value` with its path; also the keys of tables."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _texts(item, f"{path}[{i}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            key_path = f"{path}.{key}".lstrip(".")
            yield key_path, key
            yield from _texts(item, key_path)


def _repeats(path: str, values: Sequence[str]) -> Iterator[str]:
    """A problem for each value that the list has already."""
    for i, value in enumerate(values):
        if value in values[:i]:
            yield f"{path}[{i}]: expected each only once, found {show(value)} again"


def check_config(config: Config) -> Iterator[str]:
    """The problems of a configuration that the types of its fields cannot express."""
    for path, text in _texts(msgspec.to_builtins(config), ""):
        if _CONTROLS.search(text):
            yield f"{path}: expected text without control characters, found {show(text)}"
    yield from _check_site(config.site)
    yield from _check_feeds(config.feeds)
    yield from check_addresses(config)
    yield from _check_posts(config.posts, config.site)
    for name, template in config.content.shortcodes.items():
        if name != name.lower():
            yield f"content.shortcodes.{name}: expected a name in lower case"
        for problem in template_problems(template):
            yield f"content.shortcodes.{name}: {problem}"
    for limit in msgspec.structs.fields(Limits):
        number = getattr(config.limits, limit.name)
        if number < 1:
            yield f"limits.{limit.name}: expected a number of at least 1, found {number}"


def _check_site(site: Site) -> Iterator[str]:
    if not site.title.strip():
        yield "site.title: expected a title, found an empty text"
    yield from _check_folder_url("site.url", site.url)
    author_uri = site.author.uri if site.author else ""
    urls = (("site.icon", site.icon), ("site.logo", site.logo), ("site.author.uri", author_uri))
    for path, url in urls:
        if url and not http_url(url):
            yield f"{path}: expected an http(s) address, found {show(url)}"
    if site.author and not site.author.name.strip():
        yield "site.author.name: expected a name, found an empty text"
    if site.author and site.author.email and not _EMAIL.fullmatch(site.author.email):
        yield f"site.author.email: expected an e-mail address, found {show(site.author.email)}"
    yield from _check_zone("site.timezone", site.timezone)
    if not _LANGUAGE.fullmatch(site.language):
        yield f"site.language: {_expected_language(site.language)}"


def _check_zone(path: str, name: str) -> Iterator[str]:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        yield (
            f'{path}: expected the name of a time zone such as "Europe/Berlin", found {show(name)}'
        )


def _check_feeds(feeds: Feeds) -> Iterator[str]:
    if feeds.url:
        yield from _check_folder_url("feeds.url", feeds.url)
    if not feeds.formats:
        yield "feeds.formats: expected at least one format, found none"
    if not 1 <= feeds.limit <= 1000:
        yield f"feeds.limit: expected a number from 1 to 1000, found {feeds.limit}"
    if feeds.templates and not _is_beside(feeds.templates):
        yield (
            f"feeds.templates: expected a folder beside this file, found {show(feeds.templates)}"
        )
    yield from _repeats("feeds.formats", feeds.formats)
    yield from _repeats("feeds.taxonomies", feeds.taxonomies)
    yield from _repeats("feeds.hubs", [http_url(hub) or hub for hub in feeds.hubs])
    for i, hub in enumerate(feeds.hubs):
        if not http_url(hub).startswith("https:"):
            yield f"feeds.hubs[{i}]: expected an https address, found {show(hub)}"


_AUTHORITY = re.compile(
    r"[A-Za-z0-9@._-]+,\d{4}(-\d\d(-\d\d)?)?(:([A-Za-z0-9/._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)?"
)


def _check_posts(posts: Posts, site: Site) -> Iterator[str]:
    if not posts.id_authority and http_url(site.url) and not id_authority(site.url, ID_YEAR):
        yield (
            'posts.id_authority: expected a name and a date such as "example.com,2026", because '
            "site.url has no domain name; found nothing"
        )
    elif posts.id_authority and not _AUTHORITY.fullmatch(posts.id_authority):
        yield (
            'posts.id_authority: expected a name and a date such as "example.com,2026", '
            f"found {show(posts.id_authority)}"
        )
    yield from _check_ids(posts)
    if posts.folder not in ("", ".") and not _is_beside(posts.folder):
        yield (
            'posts.folder: expected "." or a folder beside this file, such as "_posts", '
            f"found {show(posts.folder)}"
        )
    for i, folder in enumerate(posts.move_folders):
        if folder != "." and not _is_beside(folder):
            yield (
                f'posts.move_folders[{i}]: expected a folder of posts, such as "_posts", or ".", '
                f"found {show(folder)}"
            )
    if posts.move_folders and posts.id_from == "key":
        yield (
            'posts.move_folders: expected posts.id_from = "stem" with it, because a post that is '
            "identified by its path cannot move"
        )
    if posts.date_zone:
        yield from _check_zone("posts.date_zone", posts.date_zone)
    for field in posts.visibility:
        if not field.partition(":")[0].strip():
            yield f"posts.visibility: expected the name of a field, found {show(field)}"
    yield from _check_permalink("posts.permalink", posts.permalink, posts)
    for i, rule in enumerate(posts.rules):
        if not rule.match:
            yield f"posts.rules[{i}].match: expected at least one pattern, found none"
        yield from _check_permalink(f"posts.rules[{i}].permalink", rule.permalink or "", posts)
        if rule.language and not _LANGUAGE.fullmatch(rule.language):
            yield f"posts.rules[{i}].language: {_expected_language(rule.language)}"
    for i, language in enumerate(posts.languages):
        if not _LANGUAGE.fullmatch(language):
            yield f"posts.languages[{i}]: {_expected_language(language)}"


def _check_ids(posts: Posts) -> Iterator[str]:
    """Check what the ids of entries are made from."""
    if posts.id == "generator" and not posts.generator:
        yield (
            'posts.id: expected posts.generator with "generator", because its feed has the ids; '
            "found none"
        )
    is_pattern = ID_FIELD.search(posts.id) and is_uri(ID_FIELD.sub("x", posts.id))
    if posts.id not in ("tag", "permalink", "generator") and not is_pattern:
        yield (
            'posts.id: expected "tag", "permalink", "generator", or an address with fields '
            f'of posts such as "https://example.com/?p={{wordpress_id}}", found {show(posts.id)}'
        )
    owners: dict[str, str] = {}
    for name, id_ in posts.ids.items():
        if not id_.strip():
            yield f"posts.ids.{name}: expected the id of the post, found an empty text"
        elif owners.setdefault(id_, name) != name:
            yield f"posts.ids.{name}: expected each id only once, found that of {owners[id_]}"


def _check_permalink(path: str, permalink: str, posts: Posts) -> Iterator[str]:
    """Check a pattern: a path, or the name of one of its generator's styles; `""` is not set."""
    styles = SITE_GENERATORS[posts.generator].styles
    if permalink and not permalink.startswith("/") and permalink not in styles:
        names = "".join(f', or "{name}"' for name in styles)
        yield f"{path}: expected a path that starts with /{names}, found {show(permalink)}"


_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def _expected_language(language: str) -> str:
    return f'expected a language tag such as "zh-CN", found {show(language)}'


_EMAIL = re.compile(r"[^\s<>()@]+@[^\s<>()@]+")


def _is_beside(folder: str) -> bool:
    """Return whether a folder is relative and below feeds.toml, as `make package` needs it."""
    steps = folder.removesuffix("/").split("/")
    return not re.search(r"[\\:]", folder) and not {"", ".", ".."}.intersection(steps)


def _check_folder_url(path: str, url: str) -> Iterator[str]:
    """Check a URL that document names are appended to: it has no query and no fragment."""
    parts = urlsplit(http_url(url))
    if not parts.hostname or parts.query or parts.fragment:
        yield f'{path}: expected an address such as "https://example.com/", found {show(url)}'
