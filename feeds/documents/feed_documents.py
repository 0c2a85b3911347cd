"""The table of formats, and a feed's documents: its entries -> a document in each format.

Both the full build and the incremental publisher use it, so that the same entries are the same
bytes. `FORMATS` names the function that renders a `View` in each format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from feeds import paths
from feeds.config import Config
from feeds.documents import html_page, pagination
from feeds.documents.feed_list import CSS_TYPE, OPML_TYPE
from feeds.documents.json_feed import render_json_feed
from feeds.documents.rss_atom import render_atom, render_rss
from feeds.documents.view import View
from feeds.model import EPOCH, Document, Entry, Feed


class Format(NamedTuple):
    """A format: its file, its media type, the ending of its archive pages, how it is made."""

    file: str
    media_type: str
    archive: str
    render: Callable[[View, Config], bytes]


FORMATS = {
    "atom": Format(
        paths.FEED_FILES["atom"], "application/atom+xml; charset=utf-8", ".xml", render_atom
    ),
    "rss": Format(paths.FEED_FILES["rss"], "application/rss+xml; charset=utf-8", "", render_rss),
    "json": Format(
        paths.FEED_FILES["json"],
        "application/feed+json; charset=utf-8",
        ".json",
        render_json_feed,
    ),
    "html": Format(paths.PAGE_FILE, "text/html; charset=utf-8", ".html", html_page.render_page),
}


def enabled_formats(config: Config) -> list[Format]:
    """The formats that a site's feeds are published in; the page is the last."""
    names = [*config.feeds.formats, *(["html"] if config.feeds.pages else [])]
    return [FORMATS[name] for name in names]


def describe_feed(path: str, entries: Sequence[Entry], config: Config) -> Feed:
    """Say what a feed is, from its newest entries (newest first) and the configuration.

    A category is called what the configuration says; else what `title_from` says in the newest
    entry that has it; else what the newest entry calls it; a feed without entries, its slug.
    """
    site = config.site
    updated = max((entry.updated for entry in entries), default=EPOCH)
    if not path:
        return Feed("", site.title, site.description or site.title, updated)
    terms = [term for entry in entries for term in entry.terms if term.path == path]
    title = (
        config.title_of_path.get(path)
        or next((term.title for term in terms if term.title), "")
        or (terms[0].name if terms else path.partition("/")[2])
    )
    description = config.description_of_path.get(path) or f"{title} – {site.title}"
    return Feed(path, title, description, updated)


def _archive_path(path: str, page: str, format_: Format) -> str:
    return paths.document(path, f"archive/{page}{format_.archive}")


def current_documents(
    path: str, entries: Sequence[Entry], older: str, config: Config
) -> Iterator[Document]:
    """The documents that a reader subscribes to, from the window (newest first).

    `older` is the name of the newest archive page; ``""``: there is none.
    """
    feed = describe_feed(path, entries, config)
    for format_ in enabled_formats(config):
        at = paths.document(path, format_.file)
        view = View(
            feed=feed,
            entries=tuple(entries),
            url=config.url(at),
            older=config.url(_archive_path(path, older, format_))
            if older and format_.archive
            else "",
        )
        yield Document(at, format_.render(view, config), format_.media_type)


def archive_documents(
    path: str, page: str, entries: Sequence[Entry], older: str, config: Config
) -> Iterator[Document]:
    """The documents of one archive page (RFC 5005, 4), from its entries, oldest first."""
    newest_first = tuple(pagination.newest_first(entries, len(entries)))
    feed = describe_feed(path, newest_first, config)
    for format_ in enabled_formats(config):
        if not format_.archive:
            continue
        at = _archive_path(path, page, format_)
        view = View(
            feed=feed,
            entries=newest_first,
            url=config.url(at),
            current=config.url(paths.document(path, format_.file)),
            older=config.url(_archive_path(path, older, format_)) if older else "",
        )
        yield Document(at, format_.render(view, config), format_.media_type)


def archive_page_names(entries: Sequence[pagination.Sortable], config: Config) -> list[str]:
    """The names of a feed's archive pages, oldest first."""
    if not config.feeds.archives:
        return []
    return [
        pagination.page_name(page) for page in pagination.archive_pages(entries, config.feeds.limit)
    ]


def media_type_of(file: str) -> str:
    """The media type that a document's file name goes with; ``""`` for other files."""
    for format_ in FORMATS.values():
        if file == format_.file:
            return format_.media_type
    endings = {format_.archive: format_.media_type for format_ in FORMATS.values()}
    endings |= {".opml": OPML_TYPE, ".css": CSS_TYPE}
    return endings.get(file[file.rfind(".") :], "")


def archive_keys(path: str, page: str, config: Config | None = None) -> list[str]:
    """Every key that an archive page is published under; without `config`, that it might be."""
    formats = enabled_formats(config) if config else list(FORMATS.values())
    return [_archive_path(path, page, format_) for format_ in formats if format_.archive]
