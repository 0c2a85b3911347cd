"""The documents of a feed: its entries -> a document in each enabled format.

The full build and the incremental publisher both use it, so that the same entries give the same
bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pkgutil import resolve_name

from feeds import paths
from feeds.config import Config
from feeds.documents import pagination
from feeds.documents.view import View
from feeds.formats import FORMATS, Format
from feeds.model import EPOCH, Document, Entry, Feed, Term
from feeds.taxonomies import TAXONOMIES
from feeds.text import language_tag

_renderer: Callable[[str], Callable[[View, Config], bytes]] = cache(resolve_name)


def load_renderers(config: Config) -> None:
    """Import the renderers of the enabled formats now, instead of with the first document."""
    for format_ in enabled_formats(config):
        _renderer(format_.renderer)


def enabled_formats(config: Config) -> list[Format]:
    """The formats that a site's feeds are published in: those of `feeds.formats`, then pages."""
    names = [*config.feeds.formats, *(["html"] if config.feeds.pages else [])]
    return [FORMATS[name] for name in names]


def describe_feed(path: str, entries: Sequence[Entry], config: Config) -> Feed:
    """The feed at `path`, described by its newest entries (newest first) and the configuration.

    The title of a category is the first of: its title in `categories.titles`; its title in the
    newest entry that has one (`categories.title_from`); its name in the newest entry; its slug, if
    the feed has no entries.
    """
    site = config.site
    updated = max((entry.updated for entry in entries), default=EPOCH)
    if not path:
        return Feed("", site.title, site.description or site.title, updated, site.language)
    terms = [term for entry in entries for term in entry.terms if term.path == path]
    title = (
        config.title_of_path.get(path)
        or next((term.title for term in terms if term.title), "")
        or (terms[0].name if terms else path.partition("/")[2])
    )
    description = config.description_of_path.get(path) or f"{title} – {site.title}"
    return Feed(path, title, description, updated, _language(path, terms, config))


def _language(path: str, terms: Sequence[Term], config: Config) -> str:
    """The language tag of a term's feed. `terms` are those of its entries, newest first."""
    taxonomy, _, slug = path.partition("/")
    if not TAXONOMIES[taxonomy].is_language:
        return config.site.language
    # The slug is the tag in lower case, except in the rare case that it ends in a hash.
    return terms[0].name if terms else language_tag(slug) or config.site.language


def current_documents(
    path: str, entries: Sequence[Entry], older: str, config: Config
) -> Iterator[Document]:
    """The documents that readers subscribe to, and the HTML page, of a feed.

    `entries` are its window, newest first. `older` is the name of the newest archive page; ``""``
    if there is none.
    """
    feed, layout = describe_feed(path, entries, config), config.layout
    for format_ in enabled_formats(config):
        key = layout.document(path, format_)
        has_archive = older and format_.archive_ending
        view = View(
            feed=feed,
            entries=tuple(entries),
            url=config.url(key),
            older=config.url(layout.archive_document(path, older, format_)) if has_archive else "",
        )
        yield _render(key, view, format_, config)


def current_keys(path: str, config: Config) -> list[str]:
    """The keys of the documents with the newest entries of a feed."""
    return [config.layout.document(path, format_) for format_ in enabled_formats(config)]


def archive_documents(
    path: str, page: str, entries: Sequence[Entry], older: str, config: Config
) -> Iterator[Document]:
    """The documents of one archive page (RFC 5005, 4), from its entries, oldest first.

    `page` is the name of this page, `older` that of the next older one; ``""`` if there is none.
    """
    newest_first = tuple(pagination.newest_first(entries, len(entries)))
    feed, layout = describe_feed(path, newest_first, config), config.layout
    for format_ in enabled_formats(config):
        if not format_.archive_ending:
            continue
        key = layout.archive_document(path, page, format_)
        view = View(
            feed=feed,
            entries=newest_first,
            url=config.url(key),
            current=config.url(layout.document(path, format_)),
            older=config.url(layout.archive_document(path, older, format_)) if older else "",
        )
        yield _render(key, view, format_, config)


def _render(key: str, view: View, format_: Format, config: Config) -> Document:
    return Document(key, _renderer(format_.renderer)(view, config), format_.content_type)


def archive_page_names(entries: Sequence[pagination.Sortable], config: Config) -> list[str]:
    """The names of a feed's archive pages, oldest first."""
    if not config.feeds.archives:
        return []
    return [
        pagination.page_name(page) for page in pagination.archive_pages(entries, config.feeds.limit)
    ]


def archive_keys(path: str, page: str, config: Config, *, every_format: bool = False) -> list[str]:
    """The keys of an archive page in each enabled format, or in every format."""
    formats = list(FORMATS.values()) if every_format else enabled_formats(config)
    with_archive = (format_ for format_ in formats if format_.archive_ending)
    return [config.layout.archive_document(path, page, format_) for format_ in with_archive]


def archive_pages_by_key(path: str, names: Iterable[str], config: Config) -> dict[str, str]:
    """The archive page of each stored document that a feed with these archive pages must have."""
    if not config.feeds.archives:
        return {}
    return {paths.PUBLIC + key: name for name in names for key in archive_keys(path, name, config)}
