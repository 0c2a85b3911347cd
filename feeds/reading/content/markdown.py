"""Markdown -> HTML, with the work and the size of the result bounded before rendering."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from feeds.config import Limits


class ContentTooLarge(Exception):  # noqa: N818  (it is what it says)
    """The content is over a limit; the message names the limit."""


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def render_markdown(body: str, limits: Limits) -> str:
    """Render Markdown as HTML. Raises ContentTooLarge before rendering.

    The tokens of links with the same definition share its text, so that parsing is cheap; rendering
    copies the text into each link, which may grow with the square of the Markdown.
    """
    environment: dict[str, object] = {}
    tokens = _parse(body, environment, limits)
    if _size(tokens) > limits.content_bytes:
        raise ContentTooLarge(
            f"the content is larger than {limits.content_bytes:,} characters as HTML"
        )
    parser = _markdown()
    return str(parser.renderer.render(tokens, parser.options, environment))


def code_in_markdown(body: str, limits: Limits) -> Iterator[str]:
    """Yield the text of each fenced code block (CommonMark 0.31.2, 4.5) and code span (6.1).

    Indented code blocks are not among them. Raises ContentTooLarge before parsing.
    """
    return _code(_parse(body, {}, limits))


def _code(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("fence", "code_inline"):
            yield token.content
        yield from _code(token.children or ())


def _parse(body: str, environment: dict[str, object], limits: Limits) -> list[Token]:
    """The tokens of a text. Raises ContentTooLarge."""
    work = _LINE_WORK * body.count("\n") + sum(map(body.count, _MARKS))
    if work > limits.markdown_work:
        raise ContentTooLarge("the Markdown has too many lines and characters of markup")
    try:
        return _markdown().parse(body, environment)
    except RecursionError:
        raise ContentTooLarge("the Markdown is nested too deeply") from None


# Characters that the parser stops at and makes most tokens of; each costs at most 20 us and 1 kB.
_MARKS = "[]!*_`<<&\\|~"
_LINE_WORK = 3


def _size(tokens: list[Token]) -> int:
    """About how many characters of HTML the tokens become, before escaping."""
    size = 0
    for token in tokens:
        size += len(token.tag) + 3 if token.tag else 0
        size += _size(token.children) if token.children else len(token.content)
        for name, value in token.attrs.items():
            size += len(name) + len(str(value)) + 4
    return size
