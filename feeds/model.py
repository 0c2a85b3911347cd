"""Owns the values that pass between the parts: what a post, an entry and a feed are.

Frozen, with no behaviour beyond themselves; knows nothing of files, formats or storage.
Every datetime is aware and whole seconds; its offset is the one that the author wrote.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct

Severity = Literal["error", "warning"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""What a feed without entries says of its last change: the one date that no history can alter."""


class Problem(Struct, frozen=True, order=True, omit_defaults=True):
    """One thing wrong with a post: where it is, what it is, what to do about it.

    `line` and `column` count from 1; 0 where there is none to name. An `error` keeps the post out
    of the feeds; a `warning` does not.
    """

    key: str
    line: int
    what: str
    todo: str
    field: str = ""
    column: int = 0
    severity: Severity = "error"

    def __str__(self) -> str:
        """One line for a person, whatever the key and the post hold."""
        weight = "warning: " if self.severity == "warning" else ""
        text = f"{self.key}:{self.line or 1}: {weight}{self.what}; {self.todo}"
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class Person(Struct, frozen=True, omit_defaults=True):
    """An author (RFC 4287, 3.2): a name, and an address or a page where they are given."""

    name: str
    email: str = ""
    uri: str = ""


class Term(Struct, frozen=True, order=True, omit_defaults=True):
    """One term of a taxonomy, as one post writes it: `category/developer-tools`, "Developer Tools".

    `title` is the name for people, where the post has one beside the key (`title_from`).
    """

    taxonomy: str
    slug: str
    name: str
    title: str = ""

    @property
    def path(self) -> str:
        """The path of the term's feed."""
        return f"{self.taxonomy}/{self.slug}"


class Enclosure(Struct, frozen=True, omit_defaults=True):
    """A file that goes with an entry (RSS 2.0 `enclosure`); `length` in bytes, 0 when unknown."""

    url: str
    type: str
    length: int = 0


class Entry(Struct, frozen=True, omit_defaults=True):
    """What a post becomes in a feed.

    `id` is a URI; `link` an absolute http(s) URL, percent-encoded; `title` and `summary` plain text
    on one line; `content` sanitised HTML with absolute URLs; `terms` every taxonomy's, in the
    post's order, without repeats.
    """

    key: str
    id: str
    link: str
    title: str
    published: datetime
    updated: datetime
    authors: tuple[Person, ...] = ()
    terms: tuple[Term, ...] = ()
    summary: str = ""
    content: str = ""
    image: str = ""
    enclosure: Enclosure | None = None
    language: str = ""

    def of(self, taxonomy: str) -> tuple[Term, ...]:
        """The entry's terms of one taxonomy, in order."""
        return tuple(term for term in self.terms if term.taxonomy == taxonomy)


class Feed(Struct, frozen=True):
    """One subscribable thing: all posts (path ``""``), or one term of a taxonomy."""

    path: str
    title: str
    description: str
    updated: datetime


class ListedFeed(Struct, frozen=True, order=True):
    """A feed in the list of all feeds: its path and its title."""

    path: str
    title: str


class Document(Struct, frozen=True):
    """A published file: its key under the public root, its bytes, its media type."""

    path: str
    data: bytes
    type: str


GENERATOR = "bucketfeed"
GENERATOR_URL = "https://pypi.org/project/bucketfeed/"
