"""Keeps which posts depend on a file beside them: the key of an enclosure -> the keys of posts.

A file can be uploaded before or after its post, and the post's entry has its size. So there is a
note for each such file, under ``state/attachments/``; docs/protocol.md has the order of the steps.
"""

from __future__ import annotations

from feeds.reading.enclosure import is_attachment
from feeds.state.keys import attachment_key
from feeds.state.objects import Attachment
from feeds.state.state_store import StateStore
from feeds.stores.base import Store


class Attachments:
    """The files among the posts that may be enclosures."""

    def __init__(self, posts: Store, state: StateStore) -> None:
        self.posts, self.state = posts, state

    def size(self, key: str, post: str) -> int:
        """Return the size of the file at `key`, which may be the enclosure of a post; 0: no file.

        First note that the post depends on the file: then either this call sees the file, or the
        file's event comes later and finds the note.
        """
        self._note(key, post)
        stat = self.posts.head(key)
        return stat.size if stat else 0

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
        """Return the keys of the posts whose enclosure the file at this key may be."""
        if not is_attachment(key):
            return ()
        return self.state.read(attachment_key(key), Attachment).value.posts
