"""The rule that tells a mistake from a deletion: how many posts may go at once without being asked.

The mistake is a wrong or empty folder of posts, or an emptied bucket. At most half of the published
posts may go, and never the last one.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from feeds.errors import TooManyRemovals

_ADVICE = "check POSTS and feeds.toml, or use --allow-removals"


def is_mass_removal(gone: int, known: int, found: int) -> bool:
    """Return whether so many posts must not go without being asked for.

    `known` is the number of posts that are published, `gone` how many of them were not found, and
    `found` the number of posts that were found.
    """
    if not found:
        return known > 0
    return 2 * gone > known


def check_removals(where: str, gone: int, kept: Iterable[object], found: int) -> None:
    """Raise TooManyRemovals if so many posts must not go without being asked for.

    `where` is the address of what is published; `gone` and `found` are as for `is_mass_removal`.
    `kept` yields an item for each published post that was found. At most `gone` items of it are
    read: so many show that the rest does not matter.
    """
    kept_count = sum(1 for _ in islice(kept, gone))
    if is_mass_removal(gone, gone + kept_count, found):
        raise mass_removal(where, gone, kept_count, found)


def too_many_removals(what: str) -> TooManyRemovals:
    """The error for a mass removal; `what` says what would go."""
    return TooManyRemovals(f"{what}; nothing was written; {_ADVICE}")


def mass_removal(where: str, gone: int, kept: int, found: int) -> TooManyRemovals:
    """The error for posts that are published in `where` and were not found.

    `gone` may be the number so far: who counts can stop as soon as it is too large.
    """
    if not found:
        return too_many_removals(f"there is no post to publish, and {where} has feeds of posts")
    lost = "a post" if gone == 1 else f"{gone:,} or more posts"
    is_in, were = ("is in", "was") if gone == 1 else ("are in", "were")
    others = "no other was" if not kept else f"only {kept:,} {'was' if kept == 1 else 'were'}"
    return too_many_removals(f"{lost} that {is_in} {where} {were} not found, and {others}")
