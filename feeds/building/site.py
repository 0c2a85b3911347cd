"""The full build: summaries of all posts -> every document of the site, from nothing.

The incremental publisher must end with the same bytes, after any order of uploads, edits and
crashes. Pure: the caller reads the posts and writes the documents. The build first sorts summaries
(`PostSummary`), because most posts of a large site are in no document, and then loads the content
of the others (`EntrySource.load`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from feeds.config import Config
from feeds.documents import feed_documents, pagination
from feeds.documents.feed_list import feed_list_documents
from feeds.model import Document, Entry, ListedFeed, Problem
from feeds.reading.identity import post_identity, same_file_name, shared_ids
from feeds.reading.post import Post


class PostSummary(Struct, frozen=True, array_like=True, gc=False):
    """What the build keeps of every post in memory: its position in a feed, and its feeds."""

    key: str
    """The key of the post's object."""
    id: str
    """The id of its entry."""
    published: datetime
    """Its date: the first part of its position."""
    updated: datetime
    """Its last change: of two files that are one post, the build takes the later."""
    paths: tuple[str, ...]
    """The paths of the feeds that it is in."""
    guid: str = ""
    """The id that RSS and JSON Feed show in place of `id`, if it is another one."""


class Page(Struct, frozen=True, array_like=True):
    """The documents of a feed that show the same entries: its newest, or one archive page."""

    feed: str
    """The path of the feed."""
    keys: tuple[str, ...]
    """The keys of the posts that it shows, in order."""
    archive: str = ""
    """The name of the archive page; ``""`` for the newest entries."""
    older: str = ""
    """The name of the archive page with the entries before; ``""`` if there is none."""


class RenderedPage(Struct, frozen=True, array_like=True):
    """A page, rendered."""

    documents: list[Document]
    """One document for each format."""
    title: str | None
    """The title of the feed, if these are its newest entries, and there are some."""


class EntrySource(Protocol):
    """Loads the entries that the documents need, and renders pages of them."""

    def load(self, keys: Sequence[str]) -> Collection[str]:
        """Load these entries; return the keys of those whose content cannot be used."""

    def rendered(self, pages: Sequence[Page]) -> Iterator[RenderedPage]:
        """Yield `render_page` of each page, whose entries were loaded."""


def summarize(post: Post, config: Config) -> PostSummary:
    """The summary of a post."""
    paths = config.feed_paths(post.terms)
    return PostSummary(post.key, post.id, post.published, post.updated, paths, post.guid)


def newest_per_post(summaries: Iterable[PostSummary], config: Config) -> list[PostSummary]:
    """One summary for each post: of several files with one name, the last updated.

    That is for `posts.id_from = "stem"`; else each file is a post.
    """
    if config.posts.id_from == "key":
        return list(summaries)
    newest: dict[str, PostSummary] = {}
    for summary in summaries:
        identity = post_identity(summary.key, config)
        other = newest.get(identity)
        if other is None or (summary.updated, summary.key) > (other.updated, other.key):
            newest[identity] = summary
    return list(newest.values())


def identity_problems(summaries: Sequence[PostSummary], config: Config) -> Iterator[Problem]:
    """A warning for each file that feeds do not show, because another one is the same entry."""
    published = newest_per_post(summaries, config)
    shown = {post_identity(summary.key, config): summary.key for summary in published}
    for summary in summaries:
        if (key := shown[post_identity(summary.key, config)]) != summary.key:
            yield same_file_name(key, summary.key)
    yield from shared_ids(reversed(pagination.in_order(published)))


def site_documents(
    summaries: Iterable[PostSummary],
    source: EntrySource,
    config: Config,
    required_paths: Iterable[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Document]:
    """Every document of the site, feed by feed.

    `required_paths` are feeds that get documents even if they have no entries now.
    `progress(done, total)` is called with numbers of pages: the newest entries of a feed, or an
    archive page, in all formats.
    """
    limit = config.feeds.limit
    summaries = list(summaries)
    requested: set[str] = set()
    while True:
        feeds = _members_of_feeds(newest_per_post(summaries, config), required_paths)
        needed = {
            summary.key
            for members in feeds.values()
            for summary in (members if _has_archive(members, config) else members[-limit:])
        }
        if not needed - requested:
            break
        # A post whose content cannot be used makes room in the window for an older one.
        failed = set(source.load(sorted(needed - requested)))
        requested |= needed
        summaries = [summary for summary in summaries if summary.key not in failed]
    pages = [page for path, members in feeds.items() for page in _pages(path, members, config)]
    listed: list[ListedFeed] = []
    for done, (page, rendered) in enumerate(zip(pages, source.rendered(pages), strict=True), 1):
        yield from rendered.documents
        if progress:
            progress(done, len(pages))
        if rendered.title is not None:
            listed.append(ListedFeed(page.feed, rendered.title))
    yield from feed_list_documents(listed, config)


def _pages(path: str, members: Sequence[PostSummary], config: Config) -> Iterator[Page]:
    """The pages of a feed: its newest entries, then its archive."""
    limit = config.feeds.limit
    names = feed_documents.archive_page_names(members, config)
    newest = pagination.newest_first(members, limit)
    yield Page(path, _keys(newest), older=names[-1] if names else "")
    if names:
        archive = pagination.archive_pages(members, limit)
        for older, name, page in zip(["", *names], names, archive, strict=False):
            yield Page(path, _keys(page), name, older)


def _keys(summaries: Iterable[PostSummary]) -> tuple[str, ...]:
    return tuple(summary.key for summary in summaries)


def render_page(page: Page, entries: Sequence[Entry], config: Config) -> RenderedPage:
    """The documents of a page; `entries` are those of its keys."""
    if page.archive:
        made = feed_documents.archive_documents(
            page.feed, page.archive, entries, page.older, config
        )
        return RenderedPage(list(made), None)
    made = feed_documents.current_documents(page.feed, entries, page.older, config)
    title = feed_documents.describe_feed(page.feed, entries, config).title if entries else None
    return RenderedPage(list(made), title)


def _has_archive(members: Sequence[PostSummary], config: Config) -> bool:
    return config.feeds.archives and len(members) > config.feeds.limit


def _members_of_feeds(
    summaries: Iterable[PostSummary], required_paths: Iterable[str]
) -> dict[str, list[PostSummary]]:
    """The posts of each feed by its path, oldest first. The feed of all posts is always there."""
    feeds: dict[str, list[PostSummary]] = {path: [] for path in ("", *required_paths)}
    for summary in pagination.in_order(summaries):
        for path in summary.paths:
            feeds.setdefault(path, []).append(summary)
    return dict(sorted(feeds.items()))
