"""The rule that tells a mistake from a deletion."""

from __future__ import annotations

import pytest

from feeds.stores.removals import is_mass_removal


@pytest.mark.parametrize(
    ("gone", "known", "found", "refused"),
    [
        (0, 0, 0, False),
        (1, 1, 0, False),  # the only post
        (2, 2, 0, True),  # no post is found
        (100, 100, 0, True),
        (1, 2, 1, False),
        (2, 3, 1, False),
        (4, 5, 1, False),
        (5, 6, 1, True),
        (5, 10, 5, False),  # half is not more than half
        (5, 9, 4, True),
        (6, 11, 5, True),
        (50, 50, 300, True),  # other posts
        (499, 1000, 501, False),
    ],
)
def test_most_posts_may_not_go_at_once(gone: int, known: int, found: int, refused: bool) -> None:
    assert is_mass_removal(gone, known, found) == refused
