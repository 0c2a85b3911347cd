"""Owns the list of subscriptions: the feeds of a site -> OPML 2.0 bytes (http://opml.org/spec2.opml).

A reader that imports it subscribes to every feed, in a folder for each taxonomy.
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from feeds import paths
from feeds.config import Config
from feeds.documents import translations
from feeds.documents.view import page_url
from feeds.model import GENERATOR, ListedFeed


def render_opml(feeds: Sequence[ListedFeed], config: Config) -> bytes:
    """The list of `feeds`, all posts first, then a folder for each taxonomy; it has no date."""
    said = translations.texts_for(config.site.language)
    root = etree.Element("opml", version="2.0")
    # OPML has no element for what made it.
    root.append(etree.Comment(f' generator="{GENERATOR}" '))
    head, body = etree.SubElement(root, "head"), etree.SubElement(root, "body")
    etree.SubElement(head, "title").text = config.site.title
    folders: dict[str, etree._Element] = {"": body}
    for feed in feeds:
        taxonomy = paths.taxonomy_of(feed.path)
        if taxonomy not in folders:
            name = getattr(said, taxonomy)
            folders[taxonomy] = etree.SubElement(body, "outline", text=name, title=name)
        etree.SubElement(folders[taxonomy], "outline", _outline(feed, config))
    data: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return data


def _outline(feed: ListedFeed, config: Config) -> dict[str, str]:
    """A feed in the one format that most readers know of those there are (type="rss" in any)."""
    best = min(config.feeds.formats, key=("atom", "rss", "json").index)
    return {
        "type": "rss",
        "text": feed.title,
        "title": feed.title,
        "xmlUrl": config.url(paths.document(feed.path, paths.FEED_FILES[best])),
        "htmlUrl": page_url(feed.path, config),
    }
