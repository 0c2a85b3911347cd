"""A published site with a clock, and audits of it."""

from __future__ import annotations

from support.published import Later, filled
from support.yardstick import full_build, public_tree

from feeds.config import Config
from feeds.config_file.parse import parse_config
from feeds.maintenance.audit import audit
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.stores.counted import Counted
from feeds.stores.memory import MemoryStore

TOML = '[site]\ntitle = "S"\nurl = "https://s.example/"\n[feeds]\nlimit = 3\n'
SETTINGS = parse_config(TOML)


class Site:
    """Posts, feeds and a publisher, with a clock."""

    def __init__(self, settings: Config = SETTINGS) -> None:
        self.settings = settings
        self.runtime = Later()
        self.posts = MemoryStore(clock=self.runtime.now)
        self.feeds = MemoryStore(clock=self.runtime.now)
        for stat in (source := filled(12)).list():
            post = source.get(stat.key)
            assert post is not None
            self.posts.put(stat.key, post.data)
        self.counted = Counted(self.posts)
        self.publisher = Publisher(self.counted, self.feeds, settings, self.runtime)

    def publish(self, *keys: str) -> None:
        """Publish posts as if their events had been delivered."""
        self.publisher.publish([Message(id=key, keys=(key,), received=1, notes=()) for key in keys])

    def audit(self):
        """Audit, and publish the posts that the audit sends; return their keys and the report."""
        sent: list[str] = []
        report = audit(self.publisher, sent.append)
        self.publish(*sent)
        return sorted(sent), report

    def is_right(self) -> bool:
        """Return whether the public tree is what a full build writes."""
        return public_tree(self.feeds) == full_build(
            self.posts, self.feeds, self.settings, self.runtime.now()
        )


def everything(store: MemoryStore) -> dict[str, bytes]:
    """Return all objects of a store."""
    return {stat.key: object_.data for stat in store.list() if (object_ := store.get(stat.key))}
