"""The documents about all feeds of a site: the list of feeds -> HTML page, OPML and style sheet.

They contain no dates and no counts, so that an ordinary upload does not change them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from feeds import paths
from feeds.config import Config
from feeds.documents import html_page, translations
from feeds.documents.opml import render_opml
from feeds.documents.theme import theme_of
from feeds.formats import FEED_LIST_OPML, FEED_LIST_PAGE, FEED_STYLE, FORMATS, FileType
from feeds.model import Document, ListedFeed
from feeds.taxonomies import TAXONOMIES
from feeds.templating.jinja import Value

FILTER_ABOVE = 12
"""The page has a box to filter the feeds if the site has more feeds than this."""


def feed_list_documents(listed: Iterable[ListedFeed], config: Config) -> Iterator[Document]:
    """The documents about all feeds. `listed` are the feeds that have entries.

    The feed of all posts always comes first, whether or not `listed` has it.
    """
    others = sorted((feed for feed in listed if feed.path), key=_sort_key)
    feeds = [ListedFeed("", config.site.title), *others]
    if config.feeds.pages:
        yield _document(FEED_LIST_PAGE, _render_page(feeds, config))
    yield _document(FEED_LIST_OPML, render_opml(feeds, config))
    if any(FORMATS[name].is_xml for name in config.feeds.formats):
        yield _document(FEED_STYLE, _render_style(config))


def _document(type_: FileType, data: bytes) -> Document:
    return Document(type_.file, data, type_.content_type)


def _sort_key(feed: ListedFeed) -> tuple[int, tuple[str | int, ...], str, str]:
    """A key that sorts feeds by taxonomy, then by title: without regard to letter case, numbers by
    their value."""
    taxonomy = list(TAXONOMIES).index(paths.taxonomy_of(feed.path))
    # Texts are at even places and numbers at odd ones, so that a text never meets a number.
    parts = re.split(r"([0-9]+)", feed.title.casefold())
    natural = tuple(int(part) if at % 2 else part for at, part in enumerate(parts))
    return taxonomy, natural, feed.title, feed.path


def _render_page(feeds: Sequence[ListedFeed], config: Config) -> bytes:
    """The page that lists all feeds, with one group for each taxonomy."""
    language, here = config.site.language, FEED_LIST_PAGE.file
    texts = translations.texts_for(language)
    groups: dict[str, list[Value]] = {}
    for feed in feeds:
        row: Value = {
            "title": feed.title,
            "page": html_page.page_link(feed.path, here, config.layout),
            "formats": html_page.format_links(feed.path, here, config),
        }
        groups.setdefault(paths.taxonomy_of(feed.path), []).append(row)

    def heading(taxonomy: str) -> str:
        return translations.taxonomy_label(taxonomy, language) if taxonomy else texts.all_posts

    values: dict[str, Value] = {
        **html_page.page_values(here, here, language, config),
        "url": config.url(here),
        "full_title": f"{texts.all_feeds} – {config.site.title}",
        "description": config.site.description or config.site.title,
        "formats": html_page.format_links("", here, config),
        "many": len(feeds) > FILTER_ABOVE,
        "groups": [
            {"heading": heading(taxonomy), "feeds": rows} for taxonomy, rows in groups.items()
        ],
    }
    return theme_of(config).render(here, values)


def _render_style(config: Config) -> bytes:
    """The style sheet of Atom and RSS documents, with a note in the site's language.

    A browser applies it if the server sends these documents as XML.
    """
    texts = translations.texts_for(config.site.language)
    quoted = "".join(c if c not in '"\\' and c.isprintable() else " " for c in texts.raw)
    note = f'feed::before, rss::before {{ content: "{quoted}"; }}\n'
    return (theme_of(config).feed_css + note).encode()
