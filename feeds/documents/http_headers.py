"""The HTTP headers that published documents are stored with: media type and Cache-Control."""

from __future__ import annotations

from feeds.formats import file_types

CACHE_CONTROL = "public, max-age=300, s-maxage=60, stale-while-revalidate=60"
"""How long readers (300 s) and the CDN (60 s) may use a copy (RFC 9111, RFC 5861)."""


def stored_type(content_type: str) -> str:
    """The Content-Type that a stored document has: one that CDNs compress.

    CloudFront compresses a fixed list of media types, without those of Atom, JSON Feed and OPML. At
    the edge, infra/cdn.js sets each document's own type again; readers accept the stored ones too.
    """
    name, _, rest = content_type.partition(";")
    stored = next((t.stored_type for t in file_types() if t.media_type == name), "")
    return (stored or name) + (f";{rest}" if rest else "")
