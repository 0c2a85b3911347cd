"""Checks ``[addresses]``: patterns of keys that are paths, name their feed, and do not collide."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from feeds.config import Config
from feeds.config_file.show import show
from feeds.formats import FORMATS, XML_ENDINGS, feed_formats
from feeds.layout.layout import ALL, collisions
from feeds.layout.patterns import SLUG
from feeds.paths import RESERVED
from feeds.taxonomies import TAXONOMIES
from feeds.urls import http_url

_STEP = re.compile(r"(?!\.)[\w.~+@#:-]+")


def check_addresses(config: Config) -> Iterator[str]:
    """The problems of the table, each ``path: expected …, found …``.

    Collisions are only looked for if all patterns are right.
    """
    problems = [
        *_check_files(config.addresses.files),
        *_check_feeds(config),
        *_check_pages(config.addresses.pages),
        *_check_slugs(config),
    ]
    yield from problems or _check_collisions(config)


def _check_files(files: dict[str, str]) -> Iterator[str]:
    for name, file in files.items():
        path = f"addresses.files.{name}"
        if name not in feed_formats():
            yield f"{path}: expected one of {_listed(feed_formats())}, found {show(name)}"
        elif not _is_file(file, name) or ":" in file:
            example = show(FORMATS[name].file)
            yield f"{path}: expected the name of a file such as {example}, found {show(file)}"


def _check_feeds(config: Config) -> Iterator[str]:
    main = next(iter(config.feeds.formats), "")
    for name, place in config.addresses.feeds.items():
        path = f"addresses.feeds.{name}"
        if name != ALL and name not in TAXONOMIES:
            yield f"{path}: expected one of {_listed([ALL, *TAXONOMIES])}, found {show(name)}"
            continue
        steps = place.removesuffix("/").split("/") if place else []
        slugs = place.count(SLUG)
        if (
            not all(map(_STEP.fullmatch, steps))
            or slugs != (name != ALL)
            or place.count(":") != slugs
        ):
            example = '"blog/"' if name == ALL else f'"{name}/:slug/"'
            yield f"{path}: expected a folder such as {example}, found {show(place)}"
        elif steps and not place.endswith("/") and main and not _is_file(steps[-1], main):
            ending = _ending(main)
            example = f'"feeds/all.{ending}"' if name == ALL else f'"{name}/{SLUG}.{ending}"'
            yield (
                f"{path}: expected a folder that ends in /, or a file such as {example}, "
                f"found {show(place)}"
            )


def _check_pages(pages: dict[str, str]) -> Iterator[str]:
    for name, page in pages.items():
        path = f"addresses.pages.{name}"
        if name != ALL and name not in TAXONOMIES:
            yield f"{path}: expected one of {_listed([ALL, *TAXONOMIES])}, found {show(name)}"
        elif page.count(SLUG) > (name != ALL) or not (page.startswith("/") or http_url(page)):
            yield f'{path}: expected a path of the site such as "/{name}/", found {show(page)}'


def _check_slugs(config: Config) -> Iterator[str]:
    places = [config.addresses.feeds.get(name, f"{SLUG}/") for name in config.feeds.taxonomies]
    may_have_dot = all(place.endswith("/") and f"{SLUG}/" in place for place in places)
    for name, slug in config.addresses.slugs.items():
        path = f"addresses.slugs.{name}"
        if not _STEP.fullmatch(slug) or ":" in slug or slug.casefold() in RESERVED:
            yield f'{path}: expected the name of a folder such as "c-sharp", found {show(slug)}'
        elif "." in slug and not may_have_dot:
            yield f"{path}: expected no dot, because it is part of a file name; found {show(slug)}"


def _check_collisions(config: Config) -> Iterator[str]:
    found: dict[str, str] = {}
    for one, other, key in collisions(config.layout, config.feeds.taxonomies):
        problem = f"addresses.{one}: expected other addresses than {other}, found {show(key)}"
        found.setdefault(one, problem)
    yield from found.values()


def _is_file(name: str, format_: str) -> bool:
    """Return whether a name is one for a file of a format."""
    endings = XML_ENDINGS if FORMATS[format_].is_xml else (f".{_ending(format_)}",)
    return bool(_STEP.fullmatch(name)) and name.endswith(endings)


def _ending(format_: str) -> str:
    return FORMATS[format_].file.rpartition(".")[2]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(show, names))
