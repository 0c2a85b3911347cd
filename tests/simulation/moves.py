"""Files that move to other folders while workers publish: no version of a feed loses their entries.

An entry of a post that exists all the time, since it was first published, is in every version of
the feed of all posts (docs/protocol.md, Records).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

from simulation.story import PublisherFactory, Story, post_text, settings

from feeds import paths
from feeds.publishing.publisher import Publisher

FOLDERS = ("", "old/", "older/")
"""A post moves through these folders, in this order."""

FEED = paths.PUBLIC + "feed.json"


class MovingStory(Story):
    """A story that watches each version of the feed of all posts."""

    def __init__(self, seed: int, publisher: PublisherFactory = Publisher) -> None:
        super().__init__(seed, settings("json", 50, "stem"), publisher)
        self.published: set[str] = set()
        """The names of the posts that the feed had once, and that have existed ever since."""
        self.deleted: set[str] = set()

    def move(self, key: str, to: str) -> None:
        """Copy a file and delete it; the two events come in any order."""
        self.history.append(f"move {key} to {to}")
        self.posts.put(to, self.posts.objects[key].data)
        del self.posts.objects[key]
        for changed in self.random.sample([key, to], 2):
            self.queue.send(changed)

    def remove(self, key: str) -> None:
        """Delete a post for good."""
        self.deleted.add(paths.stem(key))
        self.published.discard(paths.stem(key))
        super().remove(key)

    def _check_document(self, key: str, data: bytes, before: bytes) -> None:
        super()._check_document(key, data, before)
        if key == FEED:
            has = {item["id"].rpartition(":")[2].strip("/") for item in json.loads(data)["items"]}
            lost = self.published - has
            assert not lost, "\n".join([*self.history, f"a version of the feed has no {lost}"])
            self.published |= has - self.deleted


def moving_story(seed: int, publisher: PublisherFactory = Publisher) -> MovingStory:
    """Run a story in which posts are moved, broken, edited and deleted."""
    random = Random(seed)
    story = MovingStory(seed, publisher)
    names = ["a.md", "b.md", "c.md"][: random.choice([1, 2, 3])]
    places = dict.fromkeys(names, 0)

    def next_action() -> Callable[[], None]:
        name = random.choice(names)
        day = random.randint(1, 8)
        kind = random.choice(["move", "move", "move", "edit", "break", "delete"])

        def action() -> None:
            key = FOLDERS[places[name]] + name
            if kind == "move" and places[name] + 1 < len(FOLDERS) and key in story.posts.objects:
                places[name] += 1
                story.move(key, FOLDERS[places[name]] + name)
            elif kind == "break" and key in story.posts.objects:
                story.upload(key, b"---\ntitle: broken\ndate: 2018-110-15\n---\n")
            elif kind == "delete" and random.random() < 0.3:
                story.remove(key)
            else:
                story.upload(key, post_text(random.choice("TUV"), "x", day))

        return action

    def repair() -> None:
        for key, stored in list(story.posts.objects.items()):
            if b"broken" in stored.data:
                story.upload(key, post_text("T", "x", 3))

    for name in names:
        story.upload(name, post_text("T", random.choice("xy"), random.randint(1, 8)))
    story.run([], workers=1, zombies=0)
    story.faults_left, story.sleepiness = random.randint(0, 4), random.choice([0, 0.05])
    actions = [next_action() for _ in range(random.randint(3, 9))]
    story.run([*actions, repair], workers=random.randint(1, 4), zombies=random.choice([0, 1]))
    return story


def the_deletion_comes_first(publisher: PublisherFactory = Publisher) -> MovingStory:
    """A file is moved; the event of its deletion is processed before that of its copy."""
    return _moved(post_text("A", "x", 1), publisher)


def a_broken_file_moves(publisher: PublisherFactory = Publisher) -> MovingStory:
    """A file that cannot be read is moved: its last good entry stays."""
    story = _moved(b"---\ntitle: broken\ndate: 2018-110-15\n---\n", publisher)
    # The full build is compared with the last version that could be read.
    story.posts.put("old/a.md", post_text("A", "x", 1))
    return story


def _moved(data: bytes, publisher: PublisherFactory) -> MovingStory:
    story = MovingStory(1, publisher)
    for version in (post_text("A", "x", 1), data):
        story.upload("a.md", version)
        story.run([], workers=1, zombies=0)
    story.move("a.md", "old/a.md")
    story.queue.visible.clear()
    story.queue.unfinished.clear()
    for key in ("a.md", "old/a.md"):
        story.queue.send(key)
        story.run([], workers=1, zombies=0)
    return story
