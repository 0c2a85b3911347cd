"""Directed schedules: some feeds of a post fail, and the others have confirmed its record."""

from __future__ import annotations

from simulation.story import PublisherFactory, Story, Worker, post_text, settings

from feeds import paths

X, Y = "state/feeds/category/x/manifest.json", "state/feeds/category/y/manifest.json"


def a_feed_fails_at_first(factory: PublisherFactory) -> Story:
    """The index of one of two feeds cannot be written at the first delivery."""
    story = Story(1, settings(), factory)
    story.fault = FailsOnce(X)
    story.upload("a.md", post_text("A", "[x, y]", 1))
    story.run([], workers=1, zombies=0)
    assert story.fault.failed
    return story


def lost_after_it_confirmed(factory: PublisherFactory) -> Story:
    """A feed fails until its message is lost; the index of another feed is lost, too."""
    story = Story(1, settings(), factory, most_deliveries=2)
    story.fault = lambda _worker, call, key: "500" if call == "put" and key == X else ""
    story.upload("a.md", post_text("A", "[x, y]", 1))
    story.run([], workers=1, zombies=0)
    story.fault = lambda *_: ""
    lose_feed(story)
    story.queue.send("a.md")
    story.run([], workers=1, zombies=0)
    return story


def lost_after_all_confirmed(factory: PublisherFactory) -> Story:
    """An index is lost when all is done; the next worker crashes before it reads the record."""
    story = a_feed_fails_at_first(factory)
    lose_feed(story)
    story.fault = FailsOnce("", "before")
    story.queue.send("a.md")
    story.run([], workers=1, zombies=0)
    return story


def lose_feed(story: Story) -> None:
    """Remove the index of the feed Y, and its documents."""
    for key in list(story.feeds.objects):
        if key == Y or key.startswith(paths.PUBLIC + "category/y/"):
            del story.feeds.objects[key]


class FailsOnce:
    """Causes one fault: at the first write of a key, or with ``""`` at the first call."""

    def __init__(self, key: str, fault: str = "500") -> None:
        self.key, self.kind, self.failed = key, fault, False

    def __call__(self, _worker: Worker, call: str, key: str) -> str:
        if self.failed or (self.key and (call, key) != ("put", self.key)):
            return ""
        self.failed = True
        return self.kind
