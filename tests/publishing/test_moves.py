"""A file that moves to another folder: its entry is in every published version of the feeds."""

from __future__ import annotations

import json
from itertools import permutations

import pytest
from support.published import Later
from support.sites import post, settings
from support.yardstick import build_documents, public_tree

from feeds.config_file.parse import parse_config
from feeds.errors import ConfigError
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.stores.memory import MemoryStore

GOOD = post("A post", "2026-01-01")
BROKEN = GOOD.replace(b"2026-01-01", b"2026-99-01")
DRAFT = GOOD.replace(b"title:", b"draft: true\ntitle:")


class Site:
    """Posts that are moved, and every version of their feed."""

    def __init__(self, *folders: str) -> None:
        names = ", ".join(f'"{folder}"' for folder in folders)
        more = f'[posts]\nid_from = "stem"\nmove_folders = [{names}]'
        self.config, self.runtime = settings(more=more), Later()
        self.posts, self.feeds = MemoryStore(), MemoryStore()
        self.versions: list[int] = []
        self.upload("other.md", post("Another one", "2026-01-02"))

    def publish(self, *keys: str) -> None:
        publisher = Publisher(self.posts, self.feeds, self.config, self.runtime)
        messages = [Message(id=key, keys=(key,), received=1, notes=()) for key in keys]
        assert not publisher.publish(messages).failures
        items = json.loads(public_tree(self.feeds)["feed.json"])["items"]
        self.versions.append([item["title"] for item in items].count("A post"))

    def upload(self, key: str, data: bytes) -> None:
        self.posts.put(key, data)
        self.publish(key)

    def move(self, key: str, to: str) -> None:
        """Move a file as every tool does it: copy it, then delete it. Its events come later."""
        there = self.posts.get(key)
        assert there is not None
        self.posts.put(to, there.data)
        self.posts.delete(key)

    def is_right(self) -> bool:
        """Return whether the public tree is that of a full build."""
        built = build_documents(self.posts, self.config, self.runtime.now(), [])
        return built.items() <= public_tree(self.feeds).items()


MOVES = [
    (("_posts", "old"), "_posts/a.md", "old/a.md"),
    ((".", "archive/2026"), "a.md", "archive/2026/a.md"),
    (("new", "."), "new/第 1 篇.md", "第 1 篇.md"),
    (("in", "out", "done"), "in/a.b.md", "done/a.b.md"),
    (("_posts/", "old/"), "old/a.md", "_posts/a.md"),
    (("_posts", "old_post"), "_posts/2026/a.md", "old_post/2026/a.md"),
    (("_posts", "old"), "_posts/2026/08/a.md", "old/a.md"),
    ((".", "old"), "2026/a.md", "old/2026/a.md"),
]


@pytest.mark.parametrize("first", ["deletion", "copy", "both, copy first", "both, deletion first"])
@pytest.mark.parametrize(("folders", "before", "after"), MOVES)
def test_a_moved_post_is_always_in_the_feed(
    folders: tuple[str, ...], before: str, after: str, first: str
) -> None:
    site = Site(*folders)
    site.upload(before, GOOD)
    site.move(before, after)
    deliver(site, before, after, first)
    assert site.versions[1:] == [1] * len(site.versions[1:])
    assert site.is_right()
    site.posts.delete(after)
    site.publish(after)
    assert site.versions[-1] == 0
    assert site.is_right()


@pytest.mark.parametrize("first", ["deletion", "copy", "both, copy first", "both, deletion first"])
@pytest.mark.parametrize("broken", [BROKEN, GOOD + b"x" * 1_000_000])
def test_a_broken_file_that_moves_keeps_the_last_good_entry(first: str, broken: bytes) -> None:
    site = Site("_posts", "old")
    site.upload("_posts/a.md", GOOD)
    site.upload("_posts/a.md", broken)
    site.move("_posts/a.md", "old/a.md")
    deliver(site, "_posts/a.md", "old/a.md", first)
    assert site.versions[1:] == [1] * len(site.versions[1:])
    site.upload("old/a.md", GOOD)
    assert site.versions[-1] == 1
    assert site.is_right()


def deliver(site: Site, before: str, after: str, first: str) -> None:
    """Publish the two events of a move."""
    match first:
        case "deletion":
            site.publish(before)
            site.publish(after)
        case "copy":
            site.publish(after)
            site.publish(before)
        case "both, copy first":
            site.publish(after, before)
        case _:
            site.publish(before, after)


@pytest.mark.parametrize("order", list(permutations(["in/a.md", "out/a.md", "done/a.md"])))
def test_a_post_that_moves_twice_is_found_in_the_last_folder(order: tuple[str, ...]) -> None:
    site = Site("in", "out", "done")
    site.upload("in/a.md", GOOD)
    site.move("in/a.md", "out/a.md")
    site.move("out/a.md", "done/a.md")
    for key in order:
        site.publish(key)
    assert site.versions[1:] == [1] * 4
    assert site.is_right()


def test_a_broken_file_gets_no_entry_while_another_file_of_the_post_has_one() -> None:
    site = Site("_posts", "old")
    site.upload("_posts/a.md", GOOD)
    site.upload("other/a.md", GOOD.replace(b"A post", b"Its twin"))
    site.upload("old/a.md", BROKEN)
    site.posts.delete("_posts/a.md")
    site.publish("_posts/a.md")
    assert site.is_right()
    assert b"Its twin" in public_tree(site.feeds)["feed.json"]


def test_a_post_that_is_closed_in_its_new_folder_leaves_the_feed() -> None:
    site = Site("_posts", "old")
    site.upload("_posts/a.md", GOOD)
    site.posts.put("old/a.md", DRAFT)
    site.posts.delete("_posts/a.md")
    site.publish("_posts/a.md")
    assert site.versions[-1] == 0
    assert site.is_right()


def test_a_file_that_is_no_post_is_not_taken_for_the_moved_one() -> None:
    site = Site("_posts", "_drafts")
    site.upload("_posts/a.md", GOOD)
    site.move("_posts/a.md", "_drafts/a.md")
    site.publish("_posts/a.md")
    assert site.versions[-1] == 0
    assert site.is_right()


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('move_folders = ["_posts", "old"]', 'posts.id_from = "stem"'),
        ('id_from = "stem"\nmove_folders = ["../old"]', "posts.move_folders[0]: expected a folder"),
        ('id_from = "stem"\nmove_folders = ["a", "/old"]', "posts.move_folders[1]"),
        ('id_from = "stem"\nmove_folders = [""]', "posts.move_folders[0]"),
        ('id_from = "stem"\nmove_folders = "old"', "posts.move_folders"),
    ],
)
def test_wrong_folders_get_a_sentence(lines: str, says: str) -> None:
    toml = f'[site]\ntitle = "S"\nurl = "https://s.example/"\n[posts]\n{lines}\n'
    with pytest.raises(ConfigError) as caught:
        parse_config(toml)
    assert says in str(caught.value)
