"""The subscription list: the feeds of a site -> OPML 2.0 bytes (http://opml.org/spec2.opml).

A feed reader that imports it subscribes to every feed, in one folder for each taxonomy.
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from feeds import paths
from feeds.config import Config
from feeds.documents import translations
from feeds.documents.view import page_url
from feeds.formats import FORMATS
from feeds.model import GENERATOR, ListedFeed


def render_opml(feeds: Sequence[ListedFeed], config: Config) -> bytes:
    """The OPML document: the feed of all posts, then a folder for each taxonomy; without dates."""
    root = etree.Element("opml", version="2.0")
    # OPML has no element for the generator.
    root.append(etree.Comment(f' generator="{GENERATOR}" '))
    head, body = etree.SubElement(root, "head"), etree.SubElement(root, "body")
    etree.SubElement(head, "title").text = config.site.title
    folders: dict[str, etree._Element] = {"": body}
    for feed in feeds:
        taxonomy = paths.taxonomy_of(feed.path)
        if taxonomy not in folders:
            label = translations.taxonomy_label(taxonomy, config.site.language)
            folders[taxonomy] = etree.SubElement(body, "outline", text=label, title=label)
        etree.SubElement(folders[taxonomy], "outline", _outline(feed, config))
    data: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return data


def _outline(feed: ListedFeed, config: Config) -> dict[str, str]:
    """The outline of a feed, with its first enabled format of `FORMATS`.

    OPML has ``type="rss"`` for a feed of any format.
    """
    format_ = next(row for name, row in FORMATS.items() if name in config.feeds.formats)
    return {
        "type": "rss",
        "text": feed.title,
        "title": feed.title,
        "xmlUrl": config.url(config.layout.document(feed.path, format_)),
        "htmlUrl": page_url(feed.path, config),
    }
