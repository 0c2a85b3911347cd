"""Owns the pages for people: a View -> the HTML page of a feed, or of an archive page of it.

Every link between documents is relative, so that the tree can be served from anywhere. A page is
one file: its style and script are in it, and its policy names them, so that nothing else runs or
loads. templates/ says what goes where; here is only what there is to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from feeds import paths
from feeds.config import Config
from feeds.documents import mustache, translations
from feeds.documents.mustache import Html, Value
from feeds.documents.theme import theme_of
from feeds.documents.translations import PageTexts
from feeds.documents.view import View, feed_id
from feeds.model import GENERATOR_URL, Entry, Person

NAMES = {"atom": "Atom", "rss": "RSS", "json": "JSON Feed"}
TYPES = {
    "atom": "application/atom+xml",
    "rss": "application/rss+xml",
    "json": "application/feed+json",
}

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" '
    'rx="3" fill="#c25100"/><g fill="none" stroke="#fff" stroke-width="1.8"><path d="M3.5 7.5a5 5 '
    '0 0 1 5 5M3.5 4a8.500 8.500 0 0 1 9 8.500"/></g><circle cx="4.500" cy="11.500" r="1.300" '
    'fill="#fff"/></svg>'
)
ICON = "data:image/svg+xml," + quote(_ICON, safe=" /:=")


def render_page(view: View, config: Config) -> bytes:
    """The page of a feed, or of one page of its archive (where the view has a `current`)."""
    feed, site = view.feed, config.site
    here = view.url.removeprefix(config.feeds.url)
    said = translations.texts_for(site.language)
    parts = [feed.title, said.older] if view.current else [feed.title]
    if feed.path:
        parts.append(site.title)
    about = feed.description if _is_described(feed.path, config) else ""
    values: dict[str, Value] = {
        **common("page.html", here, config),
        "url": view.url if view.current else feed_id(view, config),
        "full_title": " – ".join(parts),
        "title": feed.title,
        "description": feed.description,
        "about": about,
        "is_root": not feed.path and not view.current,
        "formats": formats(feed.path, here, config),
        "current": _relative(here, view.current, config),
        "older": _relative(here, view.older, config),
        "entries": [_entry(entry, view, here, config) for entry in view.entries],
    }
    return mustache.render_template(theme_of(config).pages["page.html"], values).encode()


def _is_described(path: str, config: Config) -> bool:
    """Whether a feed's description is somebody's words, and not made from its title."""
    return bool(config.description_of_path.get(path) if path else config.site.description)


def common(name: str, here: str, config: Config) -> dict[str, Value]:
    """What every page has; `here` is its key, percent-encoded."""
    site, dress = config.site, theme_of(config)
    said = translations.texts_for(site.language)
    own_words = said.language.partition("-")[0] == site.language.lower().partition("-")[0]
    return {
        "language": site.language,
        "direction": translations.direction(site.language),
        "words": {field: getattr(said, field) for field in PageTexts.__struct_fields__},
        "words_lang": "" if own_words else said.language,
        "policy": dress.policy(name, config.feeds.page_images),
        "style": Html(dress.style),
        "script": Html(dress.scripts[name]),
        "icon": ICON,
        "site_title": site.title,
        "site_url": site.url,
        "rights": site.rights,
        "root": paths.relative(here, paths.PAGE_FILE),
        "all_feeds": paths.relative(here, "feeds.html"),
        "opml": paths.relative(here, "feeds.opml"),
        "made_url": GENERATOR_URL,
    }


def formats(path: str, here: str, config: Config) -> list[Value]:
    """What a feed can be subscribed to as, with links from the page at `here`."""
    found: list[Value] = []
    for format_ in config.feeds.formats:
        at = quote(paths.document(path, paths.FEED_FILES[format_]))
        href = paths.relative(here, at)
        found.append({"name": NAMES[format_], "type": TYPES[format_], "href": href})
    return found


def _relative(here: str, url: str, config: Config) -> str:
    """A document's address as seen from the page at `here`; ``""`` for none."""
    return paths.relative(here, url.removeprefix(config.feeds.url)) if url else ""


def _entry(entry: Entry, view: View, here: str, config: Config) -> dict[str, Value]:
    language = config.site.language
    own = entry.language if entry.language.lower() != language.lower() else ""
    changed = entry.updated.date() > entry.published.date()
    terms = list(_terms(entry, view, here, config))
    file = entry.enclosure
    return {
        "title": entry.title,
        "link": entry.link,
        "published": entry.published.isoformat(),
        "date": translations.format_date(entry.published, language),
        "updated": entry.updated.isoformat() if changed else "",
        "updated_date": translations.format_date(entry.updated, language) if changed else "",
        "authors": [_author(person, here, config) for person in entry.authors],
        "summary": entry.summary,
        "image": entry.image if config.feeds.page_images else "",
        "file": {"url": file.url, "type": file.type} if file else "",
        "has_terms": bool(terms),
        "terms": terms,
        "entry_language": own,
        "entry_direction": translations.direction(own) if own else "auto",
    }


def _author(person: Person, here: str, config: Config) -> Value:
    """An author, with the feed of what they wrote where there is one, else their own page."""
    path = paths.term_path("author", person.name)
    feeds = "author" in config.feeds.taxonomies
    return {"name": person.name, "url": link(path, here) if feeds else person.uri}


def _terms(entry: Entry, view: View, here: str, config: Config) -> Iterator[Value]:
    """An entry's categories and tags, with their feeds' pages; without the one that this is."""
    for term in (*entry.of("category"), *entry.of("tag")):
        if term.path != view.feed.path:
            name = config.title_of_path.get(term.path) or term.title or term.name
            linked = term.taxonomy in config.feeds.taxonomies
            yield {"name": name, "url": link(term.path, here) if linked else ""}


def link(path: str, here: str) -> str:
    """A feed's page as seen from the page at `here`."""
    return paths.relative(here, quote(paths.document(path, paths.PAGE_FILE)))
