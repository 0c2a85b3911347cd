"""Writes the state of a site with very many posts directly, without publishing them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from feeds.config import Config
from feeds.model import Entry
from feeds.reading.entry import entry_of
from feeds.reading.post import read_post
from feeds.state import manifest_update
from feeds.state.keys import manifest_key, page_key
from feeds.state.manifest import Manifest, Page
from feeds.state.objects import encode
from feeds.stores.base import Store
from tests.bench import corpus

NEWEST = datetime(2026, 11, 1, tzinfo=UTC)
PATHS = ("", "category/markets")
"""The feeds that every post is in."""


def key(number: int) -> str:
    """The key of a post. Number 0 is the newest of the site; uploads have negative numbers."""
    return f"_posts/{published(number):%Y-%m-%d}-post-{number:+08}.md"


def published(number: int) -> datetime:
    """The date of a post: `number` minutes before `NEWEST`."""
    return NEWEST - timedelta(minutes=number)


def text(number: int, size: int) -> bytes:
    """A post of about `size` bytes in one category."""
    from random import Random

    top = (
        f"---\ntitle: Title {number}\ndate: {published(number):%Y-%m-%d %H:%M:%S} +0000\n"
        f"categories: markets\n---\n"
    )
    return (top + corpus.body(Random(number), size - len(top)) + "\n").encode()


def entries(count: int, size: int, config: Config) -> Iterator[Entry]:
    """The entries of `count` posts, oldest first: one is read, the others are copies of it."""
    reading = read_post(key(0), text(0, size), NEWEST, config)
    assert reading.post is not None
    one = entry_of(reading.post, config)
    for number in reversed(range(count)):
        when = published(number)
        name = key(number)
        yield replace(
            one,
            key=name,
            id=one.id.replace(key(0), name),
            link=f"https://news.example.com/{when:%Y/%m/%d}/post-{number:+08}.html",
            published=when,
            updated=when,
        )


def fill(feeds: Store, every: Sequence[Entry], config: Config) -> None:
    """Write the indexes of `PATHS` with these entries, but no records and no documents."""
    names = map(str, itertools.count())
    change = manifest_update.apply_changes(
        Manifest(),
        (),
        every,
        limit=config.feeds.limit,
        archives=True,
        reader=_NoPages(),
        new_name=lambda: next(names),
        now=0,
    )
    settled = replace(change.manifest, pending={}, token="first")
    for path in PATHS:
        for name, part in {**change.pages, **change.page_lists}.items():
            feeds.put(page_key(path, name), encode(part))
        feeds.put(manifest_key(path), encode(settled))


class _NoPages:
    """The stored pages of a new feed: none."""

    def page(self, name: str) -> tuple[Entry, ...]:
        raise AssertionError(name)

    def page_list(self, name: str) -> tuple[Page, ...]:
        raise AssertionError(name)
