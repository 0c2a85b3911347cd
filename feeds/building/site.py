"""The full build: every post -> every document, from nothing.

The public tree of the incremental publisher must equal this one byte for byte, after any order of
uploads, edits and crashes. Pure: the caller reads posts and writes documents. Posts are ordered
first (`PostSummary`), because most of a large site's posts are in no document, and only the others
need their content (`EntrySource.load`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from feeds.config import Config
from feeds.documents import feed_documents, pagination
from feeds.documents.feed_list import feed_list_documents
from feeds.model import Document, Entry, ListedFeed
from feeds.reading.post import Post
from feeds.reading.selection import post_identity


class PostSummary(Struct, frozen=True, array_like=True, gc=False):
    """What the build keeps of every post: where it stands, and in which feeds."""

    key: str
    id: str
    published: datetime
    updated: datetime
    paths: tuple[str, ...]


class EntrySource(Protocol):
    """Where the entries are."""

    def load(self, keys: Sequence[str]) -> Collection[str]:
        """Make these entries ready; return the keys of those whose content cannot be used."""

    def entry(self, key: str) -> Entry:
        """An entry that was loaded."""


def summarize(post: Post, config: Config) -> PostSummary:
    """The head of a post."""
    return PostSummary(
        post.key, post.id, post.published, post.updated, config.feed_paths(post.terms)
    )


def newest_per_post(heads: Iterable[PostSummary], config: Config) -> list[PostSummary]:
    """One head for each post: of keys with one stem, the last updated (`posts.id_from`)."""
    if config.posts.id_from == "key":
        return list(heads)
    best: dict[str, PostSummary] = {}
    for head in heads:
        name = post_identity(head.key, config)
        other = best.get(name)
        if other is None or (head.updated, head.key) > (other.updated, other.key):
            best[name] = head
    return list(best.values())


def site_documents(
    heads: Iterable[PostSummary], library: EntrySource, config: Config, known: Iterable[str] = ()
) -> Iterator[Document]:
    """Every document of the site, feed by feed; also of `known` feeds that have no entries now."""
    limit = config.feeds.limit
    heads = list(heads)
    asked: set[str] = set()
    while True:
        feeds = _by_feed(newest_per_post(heads, config), known)
        wanted = {
            head.key
            for path, members in feeds.items()
            for head in (members if _has_archive(members, config) else members[-limit:])
        }
        if not wanted - asked:
            break
        failed = set(library.load(sorted(wanted - asked)))
        asked |= wanted
        heads = [head for head in heads if head.key not in failed]
    listed: list[ListedFeed] = []
    for path, members in feeds.items():
        window = [library.entry(head.key) for head in pagination.newest_first(members, limit)]
        if window:
            feed = feed_documents.describe_feed(path, window, config)
            listed.append(ListedFeed(path, feed.title))
        names = feed_documents.archive_page_names(members, config)
        newest = names[-1] if names else ""
        yield from feed_documents.current_documents(path, window, newest, config)
        if names:
            pages = pagination.archive_pages(members, limit)
            for older, name, page in zip(["", *names], names, pages, strict=False):
                entries = [library.entry(head.key) for head in page]
                yield from feed_documents.archive_documents(path, name, entries, older, config)
    yield from feed_list_documents(listed, config)


def _has_archive(members: Sequence[PostSummary], config: Config) -> bool:
    return config.feeds.archives and len(members) > config.feeds.limit


def _by_feed(heads: Iterable[PostSummary], known: Iterable[str]) -> dict[str, list[PostSummary]]:
    """The members of each feed, oldest first; all posts always has its feed."""
    feeds: dict[str, list[PostSummary]] = {path: [] for path in ("", *known)}
    for head in pagination.in_order(heads):
        for path in head.paths:
            feeds.setdefault(path, []).append(head)
    return dict(sorted(feeds.items()))
