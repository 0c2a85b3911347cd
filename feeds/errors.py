"""The exceptions of the package, by what the caller does next.

FeedsError
├── ConfigError       feeds.toml is wrong: show all problems and stop
├── PostError         a post is wrong: keep its last good entry, report it, go on
├── ForeignFiles      files of other programs are in the way: name them, write nothing, stop
├── TooManyRemovals   most of what is published would go: ask first
└── StoreError        the store did not carry out an operation
    ├── Conflict      another writer was quicker: read again, retry
    │   ├── AlreadyExists    the object that was to be created exists
    │   └── VersionMismatch  the object has changed since it was read, or was deleted
    ├── Denied        the object may exist or not: fail, never take it for deleted
    ├── TooLarge      the object is larger than the limit of the read
    ├── UnreadableState  a state object is of another version: run feeds rebuild
    │   └── DamagedState     a state object is damaged: the audit replaces it
    └── Unavailable   timeouts, 5xx: fail the message, which is delivered again
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from feeds.model import Problem


class FeedsError(Exception):
    """The base class of all errors that this package raises on purpose."""


class ConfigError(FeedsError):
    """The configuration cannot be used; `problems` has a sentence for each mistake."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class PostError(FeedsError):
    """A post cannot become an entry; `problem` says what is wrong, where, and what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what)
        self.problem = problem


class ForeignFiles(FeedsError):  # noqa: N818
    """Documents would replace files that this program did not make."""


class TooManyRemovals(FeedsError):  # noqa: N818
    """Most of what is published would be removed, and nobody has asked for it."""


class StoreError(FeedsError):
    """A store did not carry out an operation; the message names the object."""


class Conflict(StoreError):  # noqa: N818
    """A conditional write was refused: another writer was quicker."""


class AlreadyExists(Conflict):
    """The object that was to be created exists."""


class VersionMismatch(Conflict):
    """The object that was to be replaced has changed since it was read, or was deleted."""


class Denied(StoreError):  # noqa: N818
    """The store refused the operation; the object may exist or not."""


class TooLarge(StoreError):  # noqa: N818
    """The object has more bytes than the read allows."""


class UnreadableState(StoreError):  # noqa: N818
    """A state object is damaged, or another version of the program has written it."""


class DamagedState(UnreadableState):
    """A state object has bytes that no version of the program has written."""


class Unavailable(StoreError):  # noqa: N818
    """The store did not answer, or answered that it cannot carry out the operation now."""


class OutOfTime(FeedsError):  # noqa: N818
    """A batch has no time left to read a post: its message must be delivered again."""
