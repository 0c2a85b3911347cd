"""The ids of the entries in a published feed are those of its posts, in every format."""

from __future__ import annotations

import pytest
from support.sites import built, post, settings

from feeds.building.entry_ids import entry_ids
from feeds.formats import FORMATS

POSTS = {
    "a.md": post("A"),
    "b & c.md": post("<id>no</id>", body='<guid>no</guid> "id": "no"'),
    "日本.md": post("C", more="id: https://e.com/?a=1&b=<2>"),
}


@pytest.mark.parametrize("name", ["atom", "rss", "json"])
def test_the_ids_of_a_feed_are_read_back(name: str) -> None:
    site = built(POSTS, settings())
    format_ = FORMATS[name]
    ids = entry_ids(site[format_.file].data, format_)

    assert len(ids) == 3
    assert "tag:news.example.com,2026:a.md" in ids
    assert "tag:news.example.com,2026:b%20%26%20c.md" in ids
    assert sorted(ids) == sorted(entry_ids(site["feed.json"].data, FORMATS["json"]))


@pytest.mark.parametrize("name", ["atom", "rss", "json"])
@pytest.mark.parametrize("data", [b"", b"<feed>", b"{", b"[]", b"\xff"])
def test_a_damaged_feed_has_no_ids(name: str, data: bytes) -> None:
    assert entry_ids(data, FORMATS[name]) == []
