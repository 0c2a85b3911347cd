"""Values that pass between packages: problems, entries, feeds, documents.

All are frozen. They do not depend on files, formats or storage. Every datetime is aware and in
whole seconds, and keeps the offset that the author wrote.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

Severity = Literal["error", "warning"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""`Feed.updated` of a feed without entries: always the same, whatever the feed had before."""


class Problem(Struct, frozen=True, order=True, omit_defaults=True):
    """One thing that is wrong with a post."""

    key: str
    """The key of the post."""
    line: int
    """The number of the line, counted from 1; 0 if unknown."""
    what: str
    """What is wrong."""
    todo: str
    """What the author can do about it; ``""`` if `what` says it."""
    field: str = ""
    """The front matter's field that the problem is in; ``""`` if it is in none."""
    column: int = 0
    """The number of the column, counted from 1; 0 if unknown."""
    severity: Severity = "error"
    """An error keeps the post out of the feeds; a warning does not."""
    times: int = 1
    """How often it is in the post."""

    def __str__(self) -> str:
        """One line of printable text, whatever characters the post contains."""
        label = "warning: " if self.severity == "warning" else ""
        todo = f"; {self.todo}" if self.todo else ""
        return printable(f"{self.key}:{self.line or 1}: {label}{self.what}{todo}")


def printable(text: str) -> str:
    """`text` with each character that cannot be printed written as Python would."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class Person(Struct, frozen=True, omit_defaults=True):
    """An author (RFC 4287, 3.2)."""

    name: str
    """Plain text on one line."""
    email: str = ""
    """An email address; ``""`` if the post has none."""
    uri: str = ""
    """The address of a page about the author."""


class Term(Struct, frozen=True, order=True, omit_defaults=True):
    """One term of a taxonomy: `category/developer-tools`, with the name "Developer Tools"."""

    taxonomy: str
    slug: str
    """The name of the term in addresses: the last part of `path`."""
    name: str
    """The term as the post writes it."""
    title: str = ""
    """The name to show instead, from the field that `categories.title_from` names; else ``""``."""

    @property
    def path(self) -> str:
        """The path of the term's feed."""
        return f"{self.taxonomy}/{self.slug}"


class Enclosure(Struct, frozen=True, omit_defaults=True):
    """A file that goes with an entry (RSS 2.0 `enclosure`)."""

    url: str
    """An absolute http(s) URL, percent-encoded."""
    type: str
    """Its media type."""
    length: int = 0
    """Its size in bytes; 0 if unknown."""


_ENTRY_SIZE = 800
"""An entry without any text needs about as much memory as so many characters (measured: 7 kB)."""

_TERM_SIZE = 300
"""The same for a term, beside its name."""


class Entry(Struct, frozen=True, omit_defaults=True):
    """A post as it is in a feed."""

    key: str
    """The key of the post."""
    id: str
    """A URI that stays the same when the post is edited (reading/post.py)."""
    link: str
    """An absolute http(s) URL, percent-encoded."""
    title: str
    """Plain text on one line."""
    published: datetime
    """The time of publication. It orders the entries of a feed."""
    updated: datetime
    """The time of the last change; without one, the time of publication. It may be in the future:
    see `as_of`."""
    authors: tuple[Person, ...] = ()
    """The authors, in the order of the post."""
    terms: tuple[Term, ...] = ()
    """The terms of all taxonomies, in the order of the post, without repeats."""
    summary: str = ""
    """Plain text on one line."""
    content: str = ""
    """Sanitised HTML with absolute URLs."""
    image: str = ""
    """An absolute http(s) URL, percent-encoded."""
    enclosure: Enclosure | None = None
    """A podcast file or another file."""
    language: str = ""
    """A language tag (RFC 5646), if the post has one."""
    expires: datetime | None = None
    """The time from which on no feed has the entry; None if it stays."""
    guid: str = ""
    """The guid as the post has it, if it is not a URI that can be the `id`; else ``""``. RSS and
    JSON Feed take any text as the id of an entry; Atom takes `id`."""

    @property
    def size(self) -> int:
        """The memory that the entry needs while documents are made of it, as characters of text."""
        terms = sum(_TERM_SIZE + len(term.name) for term in self.terms)
        return _ENTRY_SIZE + len(self.title) + len(self.summary) + len(self.content) + terms

    def as_of(self, now: datetime) -> Entry:
        """The entry as it is published at `now`.

        A change after `now` has not been made yet. Without it, the last change is the publication:
        a later time would be a false one, and `now` would put the clock into a published byte.
        """
        return replace(self, updated=self.published) if self.updated > now else self


class Feed(Struct, frozen=True):
    """A feed's own metadata."""

    path: str
    """``""`` for the feed of all posts; for the feed of a term, such as `category/markets`."""
    title: str
    """Plain text on one line."""
    description: str
    """Plain text on one line."""
    updated: datetime
    """The latest `updated` of the entries in it."""
    language: str
    """A language tag: of the term, in the feed of a language; else the site's."""


class ListedFeed(Struct, frozen=True, order=True):
    """A feed in the list of all feeds."""

    path: str
    """As in `Feed`."""
    title: str
    """As in `Feed`."""


class Document(Struct, frozen=True):
    """A published file."""

    path: str
    """Its key under the public root."""
    data: bytes
    type: str
    """Its media type."""


GENERATOR = "bucketfeed"
HOME_URL = ""
"""The address of this program's repository on GitHub; ``""``: there is none yet, and no document
links to one. setup.py takes it for the links of the package."""
