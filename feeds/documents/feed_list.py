"""Owns the list of all feeds of a site, and the documents that show it or belong to none of them.

They say nothing that an ordinary upload would change: no dates, no counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from feeds import paths
from feeds.config import Config
from feeds.documents import html_page, mustache, translations
from feeds.documents.mustache import Value
from feeds.documents.opml import render_opml
from feeds.documents.theme import theme_of
from feeds.model import Document
from feeds.model import ListedFeed as Listed  # what this is made from

OPML_TYPE = "text/x-opml; charset=utf-8"
CSS_TYPE = "text/css; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"

FILTER_FROM = 12
"""With more feeds than this, the page has a box to filter them."""


def feed_list_documents(listed: Iterable[Listed], config: Config) -> Iterator[Document]:
    """The documents about all feeds: all posts first, and every other one that has entries."""
    feeds = [Listed("", config.site.title), *sorted((f for f in listed if f.path), key=_place)]
    if config.feeds.pages:
        yield Document(paths.LIST_PAGE, _page(feeds, config), HTML_TYPE)
    yield Document(paths.LIST_FILE, render_opml(feeds, config), OPML_TYPE)
    if {"atom", "rss"}.intersection(config.feeds.formats):
        yield Document(paths.STYLE_FILE, _style(config), CSS_TYPE)


def _place(feed: Listed) -> tuple[int, str, str, str]:
    """Where a feed stands: its taxonomy, then as a person looks for its title."""
    taxonomy = paths.TAXONOMIES.index(paths.taxonomy_of(feed.path))
    return taxonomy, feed.title.casefold(), feed.title, feed.path


def _page(feeds: Sequence[Listed], config: Config) -> bytes:
    """The page of all feeds, in groups."""
    said = translations.texts_for(config.site.language)
    groups: dict[str, list[Value]] = {}
    for feed in feeds:
        row: Value = {
            "title": feed.title,
            "page": html_page.link(feed.path, paths.LIST_PAGE),
            "formats": html_page.formats(feed.path, paths.LIST_PAGE, config),
        }
        groups.setdefault(paths.taxonomy_of(feed.path), []).append(row)
    values: dict[str, Value] = {
        **html_page.common(paths.LIST_PAGE, paths.LIST_PAGE, config),
        "url": config.url(paths.LIST_PAGE),
        "full_title": f"{said.all_feeds} – {config.site.title}",
        "description": config.site.description or config.site.title,
        "formats": html_page.formats("", paths.LIST_PAGE, config),
        "many": len(feeds) > FILTER_FROM,
        "groups": [
            {"heading": getattr(said, taxonomy or "all_posts"), "feeds": rows}
            for taxonomy, rows in groups.items()
        ],
    }
    return mustache.render_template(theme_of(config).pages[paths.LIST_PAGE], values).encode()


def _style(config: Config) -> bytes:
    """The style sheet of feeds that a browser is given as XML, with a word of what they are."""
    said = translations.texts_for(config.site.language)
    quoted = "".join(c if c not in '"\\' and c.isprintable() else " " for c in said.raw)
    note = f'feed::before, rss::before {{ content: "{quoted}"; }}\n'
    return (theme_of(config).feed_css + note).encode()
