"""The table of document formats: file name, media type and renderer of each.

`FORMATS` holds the formats of a feed. A new format is a row here and a function that renders a
`View` (feeds/documents/view.py). `SITE_FILES` holds the documents about all feeds.
"""

from __future__ import annotations

from msgspec import Struct

from feeds.model import GENERATOR


class FileType(Struct, frozen=True, kw_only=True):
    """Properties of a published file."""

    file: str
    """File name of the document in its feed's folder."""
    media_type: str
    """Media type, without parameters. All documents are UTF-8."""
    stored_type: str = ""
    """Media type of the stored object if CDNs do not compress `media_type`; else ``""``."""
    generator_mark: str
    """Text that the renderer writes before the first entry. A build removes only files with it."""
    entry_mark: str = ""
    """Text that starts each entry; ``""`` if entries cannot contain `generator_mark`."""

    @property
    def content_type(self) -> str:
        """The Content-Type header of the document."""
        return f"{self.media_type}; charset=utf-8"

    @property
    def is_xml(self) -> bool:
        """Whether the document is XML (RFC 7303, 4.2)."""
        return self.media_type.endswith("+xml")


class Format(FileType, frozen=True, kw_only=True):
    """A format in which a feed is published."""

    name: str
    """Name in `feeds.formats`."""
    label: str
    """Name for people, on pages."""
    archive_ending: str = ""
    """File name ending of archive pages, different for each format; ``""`` if there are none."""
    renderer: str
    """Function (View, Config) -> bytes, as ``module:function``; imported at its first use."""
    subscribed: bool = True
    """Whether readers subscribe to it: `feeds.formats` may name it, and hubs get pings for it."""


_XML_MARK = f">{GENERATOR}</generator>"

_FORMATS = (
    Format(
        name="atom",
        label="Atom",
        file="atom.xml",
        media_type="application/atom+xml",
        stored_type="application/xml",
        archive_ending=".xml",
        generator_mark=_XML_MARK,
        entry_mark="<entry",
        renderer="feeds.documents.rss_atom:render_atom",
    ),
    Format(
        name="rss",
        label="RSS",
        file="rss.xml",
        media_type="application/rss+xml",
        generator_mark=_XML_MARK,
        entry_mark="<item",
        renderer="feeds.documents.rss_atom:render_rss",
    ),
    Format(
        name="json",
        label="JSON Feed",
        file="feed.json",
        media_type="application/feed+json",
        stored_type="application/json",
        archive_ending=".json",
        generator_mark=f'"_{GENERATOR}"',
        entry_mark='"items"',
        renderer="feeds.documents.json_feed:render_json_feed",
    ),
    Format(
        name="html",
        label="HTML",
        file="index.html",
        media_type="text/html",
        archive_ending=".html",
        generator_mark=f'<meta name="generator" content="{GENERATOR}">',
        renderer="feeds.documents.html_page:render_page",
        subscribed=False,
    ),
)

FORMATS = {format_.name: format_ for format_ in _FORMATS}
"""The formats of a feed by name. Pages and OPML prefer them in this order."""

FEED_LIST_PAGE = FileType(
    file="feeds.html",
    media_type="text/html",
    generator_mark=FORMATS["html"].generator_mark,
)
FEED_LIST_OPML = FileType(
    file="feeds.opml",
    media_type="text/x-opml",
    stored_type="application/xml",
    generator_mark=f'generator="{GENERATOR}"',
)
FEED_STYLE = FileType(file="feed.css", media_type="text/css", generator_mark=GENERATOR)

SITE_FILES = {type_.file: type_ for type_ in (FEED_LIST_PAGE, FEED_LIST_OPML, FEED_STYLE)}
"""The documents about all feeds, by their keys under the public root."""


XML_ENDINGS = (".xml", ".atom", ".rss", ".rdf")
"""The endings that the file of a feed in XML may have."""


def feed_formats() -> list[str]:
    """The names that `feeds.formats` may hold."""
    return [format_.name for format_ in FORMATS.values() if format_.subscribed]


def file_types() -> list[FileType]:
    """Every row: the formats of a feed, then the documents about all feeds."""
    return [*FORMATS.values(), *SITE_FILES.values()]
