"""Texts of one or more words for generated sites: titles, names of files, slugs."""

from __future__ import annotations

import re

from hypothesis import strategies as st

_ENDS = st.sampled_from("aZß财ñ0٣")


def words(signs: str) -> st.SearchStrategy[str]:
    """Texts of these signs that start and end with a letter or a digit.

    Spaces and hyphens stand alone in them: generators differ in what they make of two.
    """
    return st.builds(
        lambda start, inside, end: start + re.sub(r"([ -])[ -]+", r"\1", inside) + end,
        _ENDS, st.text(st.sampled_from(signs), max_size=10), _ENDS,
    )  # fmt: skip
