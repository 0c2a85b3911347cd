"""The HTTP headers that published documents are stored with: media type and Cache-Control."""

from __future__ import annotations

CACHE_CONTROL = "public, max-age=300, s-maxage=60, stale-while-revalidate=60"
"""How long a copy may be shown (RFC 9111, RFC 5861): readers ask often, the CDN answers."""

_COMPRESSED = {
    "application/atom+xml": "application/xml",
    "application/feed+json": "application/json",
    "text/x-opml": "application/xml",
}


def stored_type(media_type: str) -> str:
    """The media type that a document has in a bucket: one that CDNs compress.

    CloudFront goes by a list that lacks those of Atom, JSON Feed and OPML. At the edge infra/cdn.js
    gives each document its own again; readers take these too.
    """
    name, _, rest = media_type.partition(";")
    return _COMPRESSED.get(name, name) + (f";{rest}" if rest else "")
