"""The rule that tells a mistake from a deletion."""

from __future__ import annotations

import pytest

from feeds.errors import TooManyRemovals
from feeds.stores.removals import check_removals, is_mass_removal


@pytest.mark.parametrize(
    ("gone", "known", "found", "refused"),
    [
        (0, 0, 0, False),  # nothing is published
        (0, 0, 3, False),
        (0, 3, 3, False),
        (1, 1, 0, True),  # no post is found
        (2, 2, 0, True),
        (1, 8, 0, True),  # and not all that is published is looked at
        (100, 100, 0, True),
        (1, 1, 1, True),  # the only post is another one
        (1, 2, 1, False),  # half is not more than half
        (2, 2, 2, True),
        (2, 3, 1, True),
        (1, 3, 2, False),
        (2, 4, 2, False),
        (3, 4, 1, True),
        (4, 4, 4, True),  # four others
        (4, 5, 1, True),
        (5, 10, 5, False),
        (5, 9, 4, True),
        (6, 11, 5, True),
        (50, 50, 300, True),  # other posts
        (499, 1000, 501, False),
        (501, 1000, 499, True),
    ],
)
def test_most_posts_may_not_go_at_once(gone: int, known: int, found: int, refused: bool) -> None:
    assert is_mass_removal(gone, known, found) == refused


@pytest.mark.parametrize(
    ("gone", "kept", "found", "refused"),
    [(1, 0, 0, True), (1, 0, 5, True), (1, 1, 1, False), (3, 2, 9, True), (3, 3, 3, False)],
)
def test_no_more_of_what_stays_is_read_than_the_answer_needs(
    gone: int, kept: int, found: int, refused: bool
) -> None:
    stays = iter(range(kept + 100 if kept >= gone else kept))
    if refused:
        with pytest.raises(TooManyRemovals, match=r"--allow-removals$"):
            check_removals("site", gone, stays, found)
    else:
        check_removals("site", gone, stays, found)
    assert len(list(stays)) == (kept + 100 - gone if kept >= gone else 0)
