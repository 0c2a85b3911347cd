"""The Liquid language, as python-liquid has it, with Jekyll's tags and filters, and with a budget.

python-liquid's own limits count each loop for itself. Here one budget (state.py) is for the whole
post: each node that is rendered, each value that is read and each filter takes from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, TextIO, cast

from liquid.ast import Node
from liquid.builtin.output import Output, OutputNode
from liquid.context import RenderContext
from liquid.environment import Environment
from liquid.exceptions import LiquidError, LiquidInterrupt, LiquidSyntaxError, ResourceLimitError
from liquid.output import LimitedStringIO
from liquid.stream import TokenStream
from liquid.template import BoundTemplate
from liquid.token import TOKEN_CONTENT, TOKEN_EXPRESSION, TOKEN_OUTPUT, TOKEN_TAG, Token
from liquid.undefined import UNDEFINED
from liquid.utils import ReadOnlyChainMap

from feeds.reading.content.post_links import marked
from feeds.reading.liquid.state import State, TooMuchWork
from feeds.reading.liquid.text_filters import to_text
from feeds.reading.liquid.values import STATE, Unknown

__all__ = ("Context", "LiquidError", "render_template")

_PARSED_STEPS = 5
"""The budget that parsing a tag takes: about as long as rendering so many nodes."""
_MAX_SCANS = 100_000


def render_template(text: str, values: Any, state: State) -> str:
    """The text of a template with these values. Raises LiquidError, TooMuchWork, RecursionError."""
    state.spend(_PARSED_STEPS * (text.count("{{") + text.count("{%")))
    context = Context(environment().from_string(text), globals=values)
    buffer = LimitedStringIO(state.size)
    try:
        for node in context.template.nodes:
            node.render(context, buffer)
    except LiquidInterrupt:  # {% break %} outside loops ends the template
        pass
    except ResourceLimitError as error:
        what = "limits.content_bytes" if "output" in str(error) else "limits.liquid_work"
        raise TooMuchWork(what) from None
    return buffer.getvalue()


class Context(RenderContext):
    """The state of one rendering: names, and the budget."""

    def __init__(self, template: BoundTemplate, **options: Any) -> None:
        super().__init__(template, **options)
        # Without python-liquid's `now` and `today`: a post is the same at any time.
        self.scope = ReadOnlyChainMap(self.locals, self.globals, self.counters)
        self.state = cast(State, self.globals[STATE])

    @property
    def disabled_tags(self) -> list[str]:
        """The tags that are not allowed here. Every node asks for them, so they count the nodes."""
        self.state.spend(1)
        return self._disabled

    @disabled_tags.setter
    def disabled_tags(self, names: list[str]) -> None:
        self._disabled = names

    def get(self, path: list[object], *, token: Token | None, default: object = UNDEFINED) -> Any:
        """The value at a path, which takes from the budget by its size."""
        value = super().get(path, token=token, default=default)
        self.state.read(value)
        return value

    def raise_for_loop_limit(self, length: int = 1) -> None:
        """Take each step of a loop from the budget before its first."""
        self.state.spend(length)

    def get_size_of_locals(self) -> int:
        """Nothing: values are counted where they are made and read."""
        return 0


class _Environment(Environment):
    """Jekyll's and Eleventy's Liquid."""

    block_nesting_limit = 60
    context_depth_limit = 30
    keyword_assignment = True
    template_class = BoundTemplate

    def tokenizer(self) -> Any:
        """A function that splits a template in time that is in proportion to its length."""
        return tokens


@cache
def environment() -> Environment:
    """The environment of all posts: it has no state."""
    from feeds.reading.liquid import filters, tags

    made = _Environment()
    made.add_tag(_Output)
    filters.register(made)
    tags.register(made)
    return made


@lru_cache(256)
def parsed(text: str, name: str) -> BoundTemplate:
    """The template in an include."""
    return environment().from_string(text, name=name)


# --- tokens ---------------------------------------------------------------------------------------

_COMMENT = re.compile(r"\{%-?\s*+(?P<end>end)?comment\b[^%]{0,200}?(?P<strip>-?)%\}")
_END_RAW = re.compile(r"\{%-?\s*+endraw\s*+(?P<strip>-?)%\}")
_STARTS = re.compile(r"\{[{%]")


def tokens(source: str) -> Iterator[Token]:
    """The tokens of a template, as Ruby's Liquid finds them: a tag ends at the first ``%}``.

    Raises LiquidSyntaxError for a tag, a comment or a `raw` that does not end.
    """
    at, strip = 0, False
    while start := _STARTS.search(source, at):
        output = start[0] == "{{"
        end = source.find("}}" if output else "%}", start.end())
        if end < 0:
            raise LiquidSyntaxError("a tag has no end", token=None)
        strips = source.startswith("-", start.end())
        yield from _content(source, at, start.start(), strip, strips)
        at, strip = end + 2, source[end - 1] == "-" and end > start.end() + strips
        inner = _without_keywords(source[start.end() + strips : end - strip])
        if output and not inner.strip():
            continue
        if output:
            yield Token(TOKEN_OUTPUT, source[start.start() : at], start.start(), source)
            yield Token(TOKEN_EXPRESSION, inner.strip(), start.end(), source)
            continue
        tag = re.match(r"\s*+(#|\w+)", inner)
        if not tag:
            raise LiquidSyntaxError("a tag has no name", token=None)
        if tag[1] == "comment":
            at, strip = _after_comment(source, at)
        elif tag[1] == "raw":
            close = _END_RAW.search(source, at)
            if not close:
                raise LiquidSyntaxError("raw has no endraw", token=None)
            if close.start() > at:
                yield Token(TOKEN_CONTENT, source[at : close.start()], at, source)
            at, strip = close.end(), bool(close["strip"])
        else:
            yield Token(TOKEN_TAG, tag[1], start.start(), source)
            if rest := inner[tag.end() :].strip():
                yield Token(TOKEN_EXPRESSION, rest, start.end() + tag.end(), source)
    yield from _content(source, at, len(source), strip, False)


_KEYWORD_FIELD = re.compile(
    r"\"[^\"]*+\"|'[^']*+'|\.(?P<name>empty|blank|nil|null|true|false|and|or|contains|not|in|offset"
    r"|limit|reversed|cols|continue|with|for|as|if|else|required)(?![\w?-])"
)


def _without_keywords(text: str) -> str:
    """An expression where a field with the name of a keyword is in brackets: ``a["for"]``."""
    if "." not in text:
        return text
    return _KEYWORD_FIELD.sub(lambda it: f'["{it["name"]}"]' if it["name"] else it[0], text)


def _content(source: str, at: int, end: int, lstrip: bool, rstrip: bool) -> Iterator[Token]:
    """The text between two tags, without the spaces that a hyphen in a tag takes."""
    text = source[at:end]
    if lstrip:
        text = text.lstrip()
    if rstrip:
        text = text.rstrip()
    if text:
        yield Token(TOKEN_CONTENT, text, at, source)


def _after_comment(source: str, at: int) -> tuple[int, bool]:
    """The end of a comment, and whether its last tag takes the spaces behind it."""
    depth = 1
    for tag in _COMMENT.finditer(source, at):
        depth += -1 if tag["end"] else 1
        if not depth:
            return tag.end(), bool(tag["strip"])
    raise LiquidSyntaxError("comment has no endcomment", token=None)


# --- values ---------------------------------------------------------------------------------------


class _OutputNode(OutputNode):
    """``{{ value }}``."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the value, or the name of one that nobody knows."""
        value = self.expression.evaluate(context)
        if isinstance(value, Unknown):
            left = str(getattr(self.expression, "left", ""))
            return buffer.write(unknown(left if _PATH.fullmatch(left) else value.name))
        return buffer.write(to_text(value, context.state))  # type: ignore[attr-defined]


class _UnreadableNode(Node):
    """``{{ value }}`` that is not Liquid: it stays as it is written."""

    def __init__(self, token: Token) -> None:
        super().__init__(token)
        self.blank = False

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the tag."""
        context.state.report("value", self.token.value.strip("{}- "))  # type: ignore[attr-defined]
        return buffer.write(self.token.value)


class _Output(Output):
    node_class = _OutputNode

    def get_node(self, stream: TokenStream) -> Node:
        """The node of a value; one that is not Liquid does not make the post fail."""
        token = stream.current
        check_expression(stream.peek.value)
        try:
            return super().get_node(stream)
        except LiquidError:
            while stream.current.kind != TOKEN_EXPRESSION:
                next(stream)
            return _UnreadableNode(token)


_PATH = re.compile(r"[A-Za-z_][\w.\[\]'\" -]*")


def unknown(name: str) -> str:
    """The mark that stands for a value that nobody knows."""
    return marked("value", name) + "/"


def check_expression(text: str) -> None:
    """Raise LiquidSyntaxError if python-liquid would need too long to find the end of brackets."""
    if (text.count("(") + text.count("[")) * len(text) > _MAX_SCANS:
        raise LiquidSyntaxError("a tag has too many brackets", token=None)
