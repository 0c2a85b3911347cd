"""Renders the Liquid in a post as its site generator does: a body -> text, and problems.

python-liquid is imported only when a post has Liquid: the import takes longer than most posts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from feeds.config import Config
from feeds.reading.content.post_links import joined_to_marks, marked
from feeds.reading.liquid.state import LiquidProblem, State, TooMuchWork

if TYPE_CHECKING:
    from feeds.reading.post import Post


def rendered(post: Post, config: Config) -> tuple[str, tuple[LiquidProblem, ...]]:
    """The body of a post with its Liquid rendered, and what is not known. Never raises.

    A value that nobody knows is a mark (post_links.py): a reader sees its name, and a link with it
    in its address keeps only its text.
    """
    from feeds.reading.liquid.environment import LiquidError, render_template
    from feeds.reading.liquid.values import template_values

    state = State(config.limits.liquid_work, config.limits.content_bytes)
    try:
        text = render_template(post.body, template_values(post, config, state), state)
    except TooMuchWork as error:
        state.report("limit", str(error))
    except (LiquidError, RecursionError, *_FAULTS) as error:
        state.report("syntax", str(error).partition("\n")[0] or type(error).__name__)
    else:
        return joined_to_marks(text), tuple(state.problems)
    return _without_tags(post.body), tuple(state.problems)


_FAULTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""Errors of python-liquid itself, for values that it does not expect."""
_PIECE = re.compile(
    r"\{%-?\s*+(?P<block>(?P<end>end)?(?P<kind>raw|comment))\b[^{}%]*+%\}"
    r"|\{%(?P<tag>[^{}%]*+)%\}|\{\{-?(?P<value>[^{}]*+)\}\}"
)


def _without_tags(body: str) -> str:
    """A body that cannot be rendered, without its tags; values are named as unknown ones are.

    The text of a comment is not shown, up to the end of the body if the comment does not end.
    """
    parts: list[str] = []
    at, inside = 0, ""
    for piece in _PIECE.finditer(body):
        if inside and (piece["kind"] != inside or not piece["end"]):
            continue
        if inside != "comment":
            parts.append(body[at : piece.start()])
        at = piece.end()
        inside = piece["kind"] if piece["block"] and not piece["end"] else ""
        if piece["value"] is not None:
            parts.append(marked("value", piece["value"].partition("|")[0].strip(" \t\n-")) + "/")
    return "".join(parts if inside == "comment" else [*parts, body[at:]])
