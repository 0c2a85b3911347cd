"""The HTML page of a feed, or of one of its archive pages: a View -> HTML bytes.

All links between documents are relative, so that the tree can be served from any address. A page is
one file: it contains its style and script, and its Content-Security-Policy allows only these. The
templates in templates/ lay the page out; this module computes their values.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote

from feeds import paths
from feeds.config import Config
from feeds.documents import translations
from feeds.documents.theme import theme_of
from feeds.documents.view import View, feed_id
from feeds.formats import FORMATS
from feeds.layout.layout import Layout
from feeds.model import HOME_URL, Entry, Person
from feeds.taxonomies import TAXONOMIES
from feeds.templating.jinja import Value

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" '
    'rx="3" fill="#c25100"/><g fill="none" stroke="#fff" stroke-width="1.8"><path d="M3.5 7.5a5 5 '
    '0 0 1 5 5M3.5 4a8.500 8.500 0 0 1 9 8.500"/></g><circle cx="4.500" cy="11.500" r="1.300" '
    'fill="#fff"/></svg>'
)
ICON = "data:image/svg+xml," + quote(_ICON, safe=" /:=")


def render_page(view: View, config: Config) -> bytes:
    """The page of a feed; of one page of its archive, if the view has a `current`."""
    feed, site = view.feed, config.site
    here = view.url.removeprefix(config.feeds.url)
    texts = translations.texts_for(feed.language)
    titles = [feed.title, texts.older] if view.current else [feed.title]
    if feed.path:
        titles.append(site.title)
    about = feed.description if _is_described(feed.path, config) else ""
    values: dict[str, Value] = {
        **page_values("page.html", here, feed.language, config),
        "url": view.url if view.current else feed_id(view, config),
        "full_title": " – ".join(titles),
        "title": feed.title,
        "description": feed.description,
        "about": about,
        "is_root": not feed.path and not view.current,
        "formats": format_links(feed.path, here, config),
        "current": _relative(here, view.current, config),
        "older": _relative(here, view.older, config),
        "entries": [_entry(entry, view, here, config) for entry in view.entries],
    }
    return theme_of(config).render("page.html", values)


def _is_described(path: str, config: Config) -> bool:
    """Return whether the configuration describes the feed; else its title is its description."""
    return bool(config.description_of_path.get(path) if path else config.site.description)


def page_values(template: str, here: str, language: str, config: Config) -> dict[str, Value]:
    """The values that every page has; `here` is the page's key, percent-encoded."""
    site, theme = config.site, theme_of(config)
    text_language = translations.texts_for(language).language
    is_translated = text_language.partition("-")[0] == language.lower().partition("-")[0]
    words: dict[str, Value] = {**translations.template_words(language)}
    return {
        "language": language,
        "direction": translations.direction(language),
        "words": words,
        "words_lang": "" if is_translated else text_language,
        "policy": theme.policy(template, config.feeds.page_images),
        "icon": ICON,
        "site_title": site.title,
        "site_url": site.url,
        "rights": site.rights,
        "logo": site.logo,
        "root": page_link("", here, config.layout),
        "all_feeds": paths.relative(here, paths.LIST_PAGE),
        "opml": paths.relative(here, paths.LIST_FILE),
        "made_url": HOME_URL,
    }


def format_links(path: str, here: str, config: Config) -> list[Value]:
    """The formats that readers can subscribe to, with links from the page at `here`."""
    links: list[Value] = []
    for name in config.feeds.formats:
        format_ = FORMATS[name]
        href = paths.relative(here, quote(config.layout.document(path, format_)))
        links.append({"name": format_.label, "type": format_.media_type, "href": href})
    return links


def _relative(here: str, url: str, config: Config) -> str:
    """A relative link from the page at `here` to a document's URL; ``""`` if `url` is empty."""
    return paths.relative(here, url.removeprefix(config.feeds.url)) if url else ""


def _entry(entry: Entry, view: View, here: str, config: Config) -> dict[str, Value]:
    language = view.feed.language
    own = entry.language if entry.language.lower() != language.lower() else ""
    is_changed = entry.updated.date() > entry.published.date()
    terms = list(_terms(entry, view, here, config))
    enclosure = entry.enclosure
    return {
        "title": entry.title,
        "link": entry.link,
        "published": entry.published.isoformat(),
        "date": translations.format_date(entry.published, language),
        "updated": entry.updated.isoformat() if is_changed else "",
        "updated_date": translations.format_date(entry.updated, language) if is_changed else "",
        "authors": [_author(person, here, config) for person in entry.authors],
        "summary": entry.summary,
        "image": entry.image if config.feeds.page_images else "",
        "file": {"url": enclosure.url, "type": enclosure.type} if enclosure else "",
        "has_terms": bool(terms),
        "terms": terms,
        "language": own,
        "direction": translations.direction(own) if own else "auto",
    }


def _author(person: Person, here: str, config: Config) -> Value:
    """An author's name, with a link to their feed's page, else to their own page."""
    path = config.layout.term_path("author", person.name)
    has_feed = "author" in config.feeds.taxonomies
    url = page_link(path, here, config.layout) if has_feed else person.uri
    return {"name": person.name, "url": url}


def _terms(entry: Entry, view: View, here: str, config: Config) -> Iterator[Value]:
    """The terms listed below an entry, linked to their feeds' pages; without this feed's term."""
    listed = [taxonomy.name for taxonomy in TAXONOMIES.values() if taxonomy.on_pages]
    for term in entry.terms:
        if term.taxonomy in listed and term.path != view.feed.path:
            name = config.title_of_path.get(term.path) or term.title or term.name
            has_feed = term.taxonomy in config.feeds.taxonomies
            url = page_link(term.path, here, config.layout) if has_feed else ""
            yield {"name": name, "url": url}


@lru_cache(maxsize=1_000)  # the entries of a page often share their terms
def page_link(path: str, here: str, layout: Layout) -> str:
    """A relative link from the page at `here` to a feed's page."""
    return paths.relative(here, quote(layout.document(path, FORMATS["html"])))
