"""Keeps which posts depend on a file beside them: the key of the file -> the keys of posts.

The file is an enclosure, whose size is in the post's entry, or a post that it links to, whose
address is. It can be uploaded before or after its post. So there is a note for each such file,
under ``state/attachments/``; docs/protocol.md has the order of the steps.
"""

from __future__ import annotations

from feeds.config import Config
from feeds.errors import Denied, TooLarge
from feeds.reading.enclosure import is_attachment
from feeds.reading.selection import is_post
from feeds.state.keys import attachment_key
from feeds.state.objects import Attachment
from feeds.state.state_store import StateStore
from feeds.stores.base import Object, Store


class Attachments:
    """The files among the posts that posts depend on."""

    def __init__(self, posts: Store, state: StateStore, config: Config) -> None:
        self.posts, self.state, self.config = posts, state, config

    def size(self, key: str, post: str) -> int:
        """Return the size of the file at `key`, which may be the enclosure of a post; 0: no file.

        First note that the post depends on the file: then either this call sees the file, or the
        file's event comes later and finds the note.
        """
        self._note(key, post)
        stat = self.posts.head(key)
        return stat.size if stat else 0

    def linked(self, key: str, post: str) -> Object | None:
        """Return the post at `key`, which another post links to; None if it cannot be read.

        First note that the other post depends on it, as `size` does.
        """
        self._note(key, post)
        return self.read(key)

    def read(self, key: str) -> Object | None:
        """Return the post at `key`; None if it does not exist or cannot be read."""
        try:
            return self.posts.get(key, self.config.limits.post_bytes)
        except (TooLarge, Denied):
            return None

    def _note(self, key: str, post: str) -> None:
        name = attachment_key(key)
        # A damaged note is replaced: the audit compares notes with records, and completes it.
        stored, _ = self.state.read_replacing_damaged(name, Attachment)
        if post in stored.value.posts:
            return
        for attempt in self.state.attempts(name, Attachment):
            with attempt:
                posts = sorted({*attempt.old.posts, post})
                attempt.write(Attachment(posts=tuple(posts)))

    def posts_with(self, key: str) -> tuple[str, ...]:
        """Return the keys of the posts that depend on the file at this key."""
        if not is_attachment(key) and not is_post(key, self.config):
            return ()
        return self.state.read(attachment_key(key), Attachment).value.posts
