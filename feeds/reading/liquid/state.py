"""What one rendering of Liquid has used and found: its budget, and the names that nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from feeds.config import Config

Kind = Literal["value", "include", "tag", "filter", "data", "syntax", "limit"]


GENERATORS = frozenset({"jekyll", "eleventy"})
"""The generators whose posts are Liquid templates."""


def has_liquid(body: str, config: Config) -> bool:
    """Return whether a body is a template of the site's generator, and has something to render."""
    return config.posts.generator in GENERATORS and ("{{" in body or "{%" in body)


class LiquidProblem(NamedTuple):
    """A thing in the Liquid of a post that an entry cannot show."""

    kind: Kind
    """*value*: nobody knows it; *include*: there is no such file; *tag*, *filter*: of a plug-in;
    *data*: a file that cannot be read;
    *syntax*: the whole post is shown without its tags; *limit*: so too, as it takes too much."""
    name: str
    """Its name, as ``site.data.releases``."""


class TooMuchWork(Exception):  # noqa: N818  (it is what it says)
    """The Liquid of a post is over a limit; the message names the limit."""


_CHARS_A_STEP = 100
_ITEMS_A_STEP = 10
_MAX_NAME_CHARS = 100


class State:
    """The budget of one rendering, and its problems, each name once."""

    def __init__(self, work: int, size: int) -> None:
        """`work` is in steps: a tag or value that is rendered, 100 characters that are read."""
        self.left, self.size = work, size
        self.problems: dict[LiquidProblem, None] = {}

    def spend(self, steps: int) -> None:
        """Take steps from the budget. Raises TooMuchWork."""
        self.left -= steps
        if self.left < 0:
            raise TooMuchWork("limits.liquid_work")

    def read(self, value: object) -> None:
        """Take the steps for a value that is read, by its size. Raises TooMuchWork."""
        if isinstance(value, str):
            self.spend(1 + len(value) // _CHARS_A_STEP)
        elif isinstance(value, (list, tuple, Mapping, range)):
            self.spend(1 + len(value) // _ITEMS_A_STEP)

    def read_all(self, value: object) -> None:
        """Take the steps for a value that is read with everything in it. Raises TooMuchWork."""
        self.read(value)
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, (list, tuple)):
            self.spend(len(value))
            for item in value:
                self.read_all(item)

    def report(self, kind: Kind, name: str) -> None:
        """Add a problem."""
        self.problems[LiquidProblem(kind, " ".join(name.split())[:_MAX_NAME_CHARS])] = None
