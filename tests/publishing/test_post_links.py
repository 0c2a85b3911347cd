"""A link to another post's file follows that post, whichever event comes first."""

from __future__ import annotations

import json
import re

import pytest
from support.published import Later
from support.sites import post, settings
from support.yardstick import build_documents, public_tree

from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.stores.memory import MemoryStore

CONFIG = settings(more='[posts]\npermalink = "/:title/"')
LINKING = post("Linking", "2026-01-01", body="See [the other](other.md#why).")
OTHER = post("Other", "2026-01-02")


class Site:
    """Posts and their feeds; each change is published at once."""

    def __init__(self) -> None:
        self.posts, self.feeds, self.runtime = MemoryStore(), MemoryStore(), Later()
        self.read: list[str] = []

    def upload(self, key: str, data: bytes) -> None:
        self.posts.put(key, data)
        self.publish(key)

    def remove(self, key: str) -> None:
        self.posts.delete(key)
        self.publish(key)

    def publish(self, key: str) -> None:
        publisher = Publisher(self.posts, self.feeds, CONFIG, self.runtime)
        result = publisher.publish([Message(id=key, keys=(key,), received=1, notes=())])
        assert not result.failures
        self.read = sorted(key for record in result.records.values() for key in record.objects)
        built = build_documents(self.posts, CONFIG, self.runtime.now())
        tree = public_tree(self.feeds)
        assert {name: tree[name] for name in built} == built

    @property
    def link(self) -> str:
        """Where the link in the entry leads; "" if its text has no link."""
        items = json.loads(public_tree(self.feeds)["feed.json"])["items"]
        (content,) = (item["content_html"] for item in items if item["title"] == "Linking")
        assert "the other" in content
        return "".join(re.findall(r'href="([^"]*)"', content))


PAGE = f"{CONFIG.site.url}other/#why"


@pytest.mark.parametrize("first", ["linking.md", "other.md"])
def test_the_order_of_uploads_does_not_matter(first: str) -> None:
    site, data = Site(), {"linking.md": LINKING, "other.md": OTHER}
    for key in sorted(data, key=lambda key: key != first):
        site.upload(key, data[key])

    assert site.link == PAGE


def test_the_link_follows_the_other_post() -> None:
    site = Site()
    site.upload("linking.md", LINKING)
    assert site.link == ""
    site.upload("other.md", OTHER)
    assert site.link == PAGE
    site.upload("other.md", OTHER.replace(b"title:", b"slug: moved\ntitle:"))
    assert site.link == f"{CONFIG.site.url}moved/#why"
    site.upload("other.md", OTHER.replace(b"title:", b"draft: true\ntitle:"))
    assert site.link == ""
    site.upload("other.md", OTHER)
    site.remove("other.md")
    assert site.link == ""


def test_an_edit_that_keeps_the_address_reads_no_other_post() -> None:
    site = Site()
    site.upload("linking.md", LINKING)
    site.upload("other.md", OTHER)
    assert site.read == ["linking.md", "other.md"]

    site.upload("other.md", OTHER.replace(b"Other", b"Another"))
    assert site.read == ["other.md"]
