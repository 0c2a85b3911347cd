"""Values that pass between packages: problems, entries, feeds, documents.

All are frozen. They know nothing of files, formats or storage. Every datetime is aware and in whole
seconds, and keeps the offset that the author wrote.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct

Severity = Literal["error", "warning"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""The date of the last change of a feed without entries. It must not depend on its history."""


class Problem(Struct, frozen=True, order=True, omit_defaults=True):
    """One thing that is wrong with a post."""

    key: str
    """The key of the post."""
    line: int
    """The line, from 1; 0 if unknown."""
    what: str
    """What is wrong."""
    todo: str
    """What the author can do about it."""
    field: str = ""
    """The front matter's field, if it is about one."""
    column: int = 0
    """The column, from 1; 0 if unknown."""
    severity: Severity = "error"
    """An error keeps the post out of the feeds; a warning does not."""

    def __str__(self) -> str:
        """One line of printable text, whatever characters the post contains."""
        weight = "warning: " if self.severity == "warning" else ""
        text = f"{self.key}:{self.line or 1}: {weight}{self.what}; {self.todo}"
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class Person(Struct, frozen=True, omit_defaults=True):
    """An author (RFC 4287, 3.2)."""

    name: str
    email: str = ""
    uri: str = ""
    """The address of a page about the author."""


class Term(Struct, frozen=True, order=True, omit_defaults=True):
    """One term of a taxonomy: `category/developer-tools`, with the name "Developer Tools"."""

    taxonomy: str
    slug: str
    """The term's part of an address."""
    name: str
    """The term as the post writes it."""
    title: str = ""
    """The name to show, if the post has one beside the key (`title_from`)."""

    @property
    def path(self) -> str:
        """The path of the term's feed."""
        return f"{self.taxonomy}/{self.slug}"


class Enclosure(Struct, frozen=True, omit_defaults=True):
    """A file that goes with an entry (RSS 2.0 `enclosure`)."""

    url: str
    type: str
    """Its media type."""
    length: int = 0
    """Its size in bytes; 0 if unknown."""


class Entry(Struct, frozen=True, omit_defaults=True):
    """A post as it is in a feed."""

    key: str
    """The key of the post."""
    id: str
    """A URI that stays the same when the post is edited."""
    link: str
    """An absolute http(s) URL, percent-encoded."""
    title: str
    """Plain text on one line."""
    published: datetime
    updated: datetime
    authors: tuple[Person, ...] = ()
    terms: tuple[Term, ...] = ()
    """The terms of all taxonomies, in the order of the post, without repeats."""
    summary: str = ""
    """Plain text on one line."""
    content: str = ""
    """Sanitised HTML with absolute URLs."""
    image: str = ""
    """An absolute http(s) URL, percent-encoded."""
    enclosure: Enclosure | None = None
    language: str = ""
    """A language tag (RFC 5646), if the post has one."""

    def of(self, taxonomy: str) -> tuple[Term, ...]:
        """The entry's terms of one taxonomy, in order."""
        return tuple(term for term in self.terms if term.taxonomy == taxonomy)


class Feed(Struct, frozen=True):
    """A feed's own metadata."""

    path: str
    """``""`` for the feed of all posts, or that of a term: `category/markets`."""
    title: str
    description: str
    updated: datetime
    """The latest `updated` of the entries in it."""


class ListedFeed(Struct, frozen=True, order=True):
    """A feed in the list of all feeds."""

    path: str
    title: str


class Document(Struct, frozen=True):
    """A published file."""

    path: str
    """Its key under the public root."""
    data: bytes
    type: str
    """Its media type."""


GENERATOR = "bucketfeed"
GENERATOR_URL = "https://pypi.org/project/bucketfeed/"
