"""The HTTP headers that published documents are stored with: media type and Cache-Control."""

from __future__ import annotations

from feeds.formats import FileType, file_types

CACHE_CONTROL = "public, max-age=300, s-maxage=60, stale-while-revalidate=60"
"""How long readers (300 s) and the CDN (60 s) may use a copy (RFC 9111, RFC 5861)."""

XML = "application/xml"
"""The media type of XML of any kind (RFC 7303, 9.1)."""


def stored_type(content_type: str) -> str:
    """The Content-Type that a stored document has: one that CDNs compress.

    CloudFront compresses a fixed list of media types, without those of Atom, JSON Feed and OPML. At
    the edge, infra/cdn.js sets each document's own type again; readers accept the stored ones too.
    """
    name, _, rest = content_type.partition(";")
    stored = next((t.stored_type for t in file_types() if t.media_type == name), "")
    return (stored or name) + (f";{rest}" if rest else "")


def browser_type(type_: FileType, accept: str) -> str:
    """The Content-Type that a client gets that sends this Accept header (RFC 9110, 12.5.1).

    Browsers show XML with its style sheet if its type is that of XML, and the types of Atom and RSS
    as text. So a client that asks for ``text/html`` gets the type of XML; infra/cdn.js does the
    same. A response with such a document needs ``Vary: Accept``.
    """
    shown = type_.is_xml and "text/html" in accept
    return f"{XML}; charset=utf-8" if shown else type_.content_type
