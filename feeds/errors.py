"""Owns the exceptions of the package, split by what the caller does next.

FeedsError
├── ConfigError       feeds.toml is wrong: show every problem, stop
├── PostError         one post is wrong: keep its last good entry, report it, go on
└── StoreError        the object store said no
    ├── Conflict      another writer was quicker: read again, retry
    │   ├── AlreadyExists    the object that was to be created exists
    │   └── VersionMismatch  the object has changed since it was read, or was deleted
    ├── Denied        the object may or may not be there: fail, never read it as deleted
    ├── TooLarge      the object is larger than the bound of this read
    └── Unavailable   timeouts, 5xx: fail the message, which comes back
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from feeds.model import Problem


class FeedsError(Exception):
    """Anything that this package raises on purpose."""


class ConfigError(FeedsError):
    """The configuration cannot be used; `problems` holds a sentence for each thing wrong."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class PostError(FeedsError):
    """A post cannot become an entry; `problem` says where, what, and what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what)
        self.problem = problem


class StoreError(FeedsError):
    """An object store did not do what was asked; the message names the object."""


class Conflict(StoreError):  # noqa: N818
    """A conditional write was refused: another writer was quicker."""


class AlreadyExists(Conflict):
    """The object that was to be created exists."""


class VersionMismatch(Conflict):
    """The object that was to be replaced has changed since it was read, or was deleted."""


class Denied(StoreError):  # noqa: N818
    """The store refused to say; the object may be there or not."""


class TooLarge(StoreError):  # noqa: N818
    """The object holds more bytes than the read allows."""


class Unavailable(StoreError):  # noqa: N818
    """The store did not answer, or answered that it cannot now."""
