"""The list of all feeds follows the titles of the feeds, also after somebody has deleted state."""

from __future__ import annotations

from feeds.config_file.parse import parse_config
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.runtime import ThreadedRuntime
from feeds.state.keys import manifest_key
from feeds.stores.memory import MemoryStore

CONFIG = parse_config(
    '[site]\ntitle = "S"\nurl = "https://s.example/"\n[categories]\ntitle_from = "tags"\n'
)


def test_the_list_of_feeds_follows_a_manifest_that_was_deleted_by_hand() -> None:
    posts, feeds = MemoryStore(), MemoryStore()
    publisher = Publisher(posts, feeds, CONFIG, ThreadedRuntime(threads=1))

    def upload(title: str, times: int = 1) -> None:
        posts.put(
            "a.md",
            f"---\ntitle: A\ndate: 2026-01-01\ncategories: tea\ntags: {title}\n---\n".encode(),
        )
        for _ in range(times):
            assert not publisher.publish([Message("m", ("a.md",), 1, ())]).errors

    upload("Green tea", times=5)
    feeds.delete(manifest_key("category/tea"))
    upload("Black tea", times=2)

    page = feeds.get("public/feeds.html")
    assert page is not None
    assert b"Black tea" in page.data
    assert b"Green tea" not in page.data
