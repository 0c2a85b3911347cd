"""Owns the protocol: keys to look at -> records -> indexes -> documents -> catalog -> notices.

An event only means *look at this key*; it is never data. Each level is a function of the one
before: record = f(post), index = f(records), documents = f(index), catalog = f(indexes). Any number
of workers do this at once, in any order, more than once, and crash anywhere. Four rules keep the
levels right:

1. Read your own version first, then your source, then write only over that version.
2. Write even when nothing changed: a write that is skipped lets a slower, older writer win.
3. Each state object carries a fresh token, so that equal content never has an equal ETag.
4. After publishing, look at the source again; if it moved, publish again.

Here is the order of the levels, and what becomes of a message when one of them fails. The levels
are records.py, indexes.py (with parts.py), public.py and listing.py; versioned.py keeps the rules 1
to 3 for all of them, public.py rule 4. docs/design.md says what fails without each.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from feeds import post
from feeds.config import Config
from feeds.errors import StoreError
from feeds.events import Message
from feeds.indexes import Indexes
from feeds.listing import Listing
from feeds.public import Public
from feeds.records import Records
from feeds.state import Record
from feeds.store import Store
from feeds.versioned import Versioned
from feeds.world import World


class Published(Struct, frozen=True):
    """What publishing a batch came to.

    `failed` are the ids of messages that must come again; `changed` the keys of documents under
    the public root whose bytes changed; `looked` the records written, by their keys; `errors` why.
    """

    failed: frozenset[str]
    changed: tuple[str, ...]
    looked: dict[str, Record]
    errors: tuple[str, ...]
    conflicts: int


class Publisher:
    """Publishes posts of one store as feeds in another; the levels are its parts."""

    def __init__(self, posts: Store, feeds: Store, config: Config, world: World) -> None:
        self.posts, self.feeds, self.config, self.world = posts, feeds, config, world
        self.state = Versioned(feeds, world)
        self.public = Public(self.state, config)
        self.listing = Listing(self.state, self.public, config)
        self.records = Records(posts, self.state, config)
        self.indexes = Indexes(self.state, self.records.read, self.public, self.listing, config)
        self.made = self.records.made

    @property
    def conflicts(self) -> int:
        """How often somebody else was quicker, so far."""
        return len(self.state.conflicts)

    def publish(self, messages: Sequence[Message]) -> Published:
        """Look at the messages' keys, and bring everything that depends on them up to date."""
        errors: list[str] = []
        asked: dict[str, list[str]] = {}
        for message in messages:
            for key in message.keys:
                if post.is_post(key, self.config):
                    keys = asked.setdefault(self.records.name(key), [])
                    keys.extend([key] if key not in keys else [])

        def looked(name: str) -> Record | None:
            try:
                return self.records.look(name, asked[name])
            except StoreError as error:
                errors.append(f"{asked[name][0]}: {error}")
                return None

        found = dict(zip(asked, self.world.each(looked, list(asked)), strict=True))
        records = {name: record for name, record in found.items() if record is not None}
        again = any(message.received > 1 for message in messages)
        changed, failed = self._spread(records, errors, again)
        failed.update(name for name, record in found.items() if record is None)
        return Published(
            failed=frozenset(
                message.id
                for message in messages
                if any(self.records.name(key) in failed for key in message.keys)
            ),
            changed=tuple(changed),
            looked=records,
            errors=tuple(errors),
            conflicts=self.conflicts,
        )

    def bury(self, names: Sequence[str]) -> Published:
        """Empty records that no key leads to any more, and drop what they had from all feeds.

        `failed` are the names of records here: those that a feed which failed depends on.
        """
        errors: list[str] = []
        records = dict(zip(names, self.world.each(self.records.bury, names), strict=True))
        changed, failed = self._spread(records, errors, again=False)
        return Published(frozenset(failed), tuple(changed), records, tuple(errors), self.conflicts)

    def renew(self, path: str) -> list[str]:
        """Write all documents of a feed anew; returns those that are others now."""
        self.indexes.merge(path, (), {})
        version, one = self.indexes.all_due(path, self.made)
        changed, _ = self.public.feed(path, version, one)
        return changed

    def _spread(
        self, records: dict[str, Record], errors: list[str], again: bool
    ) -> tuple[list[str], set[str]]:
        """Bring every feed up to date that these records touch.

        Returns the documents that changed, and the records that a feed which failed depends on.
        `again` tells that another worker may have died over the same messages.
        """
        touched: dict[str, list[str]] = {}
        for name, record in records.items():
            for path in record.feeds:
                touched.setdefault(path, []).append(name)
        shown: dict[str, bool] = {}

        def fed(path: str) -> tuple[list[str], bool] | None:
            try:
                version, one = self.indexes.merge(path, touched[path], shown, again)
                changed, one = self.public.feed(path, version, one)
            except StoreError as error:
                errors.append(f"{path or 'all posts'}: {error}")
                return None
            return changed, one.settled

        order = sorted(touched)
        results = dict(zip(order, self.world.each(fed, order), strict=True))
        changed = [key for result in results.values() if result for key in result[0]]
        unsettled = [path for path, result in results.items() if result and not result[1]]
        failed = {
            name for path, result in results.items() if result is None for name in touched[path]
        }
        if unsettled:
            try:
                changed += self.listing.update(unsettled)
            except StoreError as error:
                errors.append(f"catalog: {error}")
                failed.update(name for path in unsettled for name in touched[path])
        for name, record in records.items():
            if name not in failed:
                self.records.shorten(name, record)
        return changed, failed
