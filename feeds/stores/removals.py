"""The rule that tells a mistake from a deletion: how many posts may go at once without being asked.

The mistake is a wrong or empty folder of posts, or an emptied bucket. Small sites stay free to
delete: one post, or a few of them, never count as a mistake.
"""

from __future__ import annotations

from feeds.errors import TooManyRemovals

MIN_GONE = 5
"""Fewer posts than this may go, even if they are more than half."""

_ADVICE = "check POSTS and feeds.toml, or use --allow-removals"


def is_mass_removal(gone: int, known: int, found: int) -> bool:
    """Return whether so many posts must not go without being asked for.

    `known` is the number of posts that are published, `gone` how many of them were not found, and
    `found` the number of posts that were found. If no post was found, only one may go.
    """
    if not found:
        return gone > 1
    return gone >= MIN_GONE and 2 * gone > known


def too_many_removals(what: str) -> TooManyRemovals:
    """The error for a mass removal; `what` says what would go."""
    return TooManyRemovals(f"{what}; nothing was written; {_ADVICE}")


def mass_removal(where: str, gone: int, known: int, found: int) -> TooManyRemovals:
    """The error for posts that are published in `where` and were not found.

    `gone` may be the number so far: who counts can stop as soon as it is too large.
    """
    if not found:
        return too_many_removals(f"there is no post to publish, and {where} has feeds of posts")
    kept = known - gone
    return too_many_removals(
        f"{gone:,} or more posts that are in {where} were not found, and only {kept:,} were"
    )
