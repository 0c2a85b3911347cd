"""Tags of Jekyll and Eleventy: includes, links to posts; and tags that nobody knows.

https://jekyllrb.com/docs/liquid/tags/, https://www.11ty.dev/docs/languages/liquid/
"""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Mapping
from typing import Any, TextIO
from urllib.parse import urlsplit

from liquid.ast import Node
from liquid.builtin.expressions import FilteredExpression, tokenize
from liquid.context import RenderContext
from liquid.environment import Environment
from liquid.exceptions import LiquidError, LiquidSyntaxError
from liquid.stream import TokenStream
from liquid.tag import Tag
from liquid.template import BoundTemplate
from liquid.token import TOKEN_EXPRESSION, TOKEN_ILLEGAL, TOKEN_TAG, Token

from feeds.config import Config
from feeds.reading.content.post_links import marked
from feeds.reading.liquid.code_tag import Highlight
from feeds.reading.liquid.environment import Context, check_expression, parsed, unknown
from feeds.reading.liquid.text_filters import to_text
from feeds.reading.liquid.values import CONFIG, Unknown

_MAX_TAG = 5_000


def register(environment: Environment) -> None:
    """Add the tags."""
    for name in ("doc", "render"):
        environment.tags.pop(name, None)
    for tag in environment.tags.values():
        if tag.name not in _PSEUDO:
            environment.tags[tag.name] = _Checked(environment, tag)
    for own in (Highlight, _Illegal):
        environment.add_tag(own)
    for names, node in _SIMPLE.items():
        for name in names:
            environment.tags[name] = _Simple(environment, name, node)


_PSEUDO = frozenset(("content", "output", TOKEN_ILLEGAL))


class _Checked(Tag):
    """A tag of python-liquid, whose expression is checked before it is parsed."""

    def __init__(self, env: Environment, tag: Tag) -> None:
        super().__init__(env)
        self.tag, self.name, self.block = tag, tag.name, tag.block

    def parse(self, stream: TokenStream) -> Node:
        """Parse the tag."""
        if stream.peek.kind == TOKEN_EXPRESSION:
            check_expression(stream.peek.value)
        return self.tag.get_node(stream)


class _TextNode(Node):
    """A tag with its text, such as the name of a file."""

    def __init__(self, token: Token, text: str) -> None:
        super().__init__(token)
        self.text = text
        self.blank = False


def _evaluated(text: str, context: Context) -> Any:
    """The value of an expression in the text of a tag."""
    check_expression(text)
    stream = TokenStream(tokenize(text, Token(TOKEN_EXPRESSION, text, 0, text)))
    return FilteredExpression.parse(context.env, stream).evaluate(context)


def _filled(text: str, context: Context) -> str:
    """The text of a tag, with the values in it."""
    parts: list[str] = []
    at = 0
    for found in re.finditer(r"\{\{([^{}]*)\}\}", text):
        value = _evaluated(found[1].strip(), context)
        shown = unknown(value.name) if isinstance(value, Unknown) else to_text(value, context.state)
        parts += [text[at : found.start()], shown]
        at = found.end()
    return "".join([*parts, text[at:]]).strip()


class _Simple(Tag):
    """A tag without an end."""

    block = False

    def __init__(self, env: Environment, name: str, node: type[_TextNode]) -> None:
        super().__init__(env)
        self.name, self.node = name, node

    def parse(self, stream: TokenStream) -> Node:
        """Parse the tag."""
        token, text = _tag_text(stream)
        return self.node(token, text)


def _tag_text(stream: TokenStream) -> tuple[Token, str]:
    """The token of a tag, and its text."""
    token, text = stream.expect(TOKEN_TAG), ""
    if stream.peek.kind == TOKEN_EXPRESSION:
        text = next(stream) and stream.current.value
    if len(text) > _MAX_TAG:
        raise LiquidSyntaxError(f"the tag {token.value} is too long", token=None)
    return token, text


# --- links ----------------------------------------------------------------------------------------


class _LinkNode(_TextNode):
    """``{% link file %}`` and ``{% post_url name %}``: a mark that post_links.py resolves."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the mark."""
        assert isinstance(context, Context)
        return buffer.write(marked(self.token.value, _filled(self.text, context).strip("'\"")))


class _GistNode(_TextNode):
    """``{% gist id %}``: a link."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the link."""
        assert isinstance(context, Context)
        name = (_filled(self.text, context).split() or [""])[0].strip("'\"")
        address = f"https://gist.github.com/{name}"
        if not re.fullmatch(r"[\w/.-]+", name):
            context.state.report("tag", "gist")
            return 0
        return buffer.write(f'<a href="{address}">{address.removeprefix("https://")}</a>')


class _NothingNode(_TextNode):
    """A tag for the head of a page."""

    def render_to_output(self, _context: RenderContext, _buffer: TextIO) -> int:
        """Write nothing."""
        return 0


# --- includes -------------------------------------------------------------------------------------

_PARAMETER = re.compile(
    r"(?<![\w-])([\w-]++)\s*+[=:]\s*+"
    r"(?:\"((?:[^\"\\]|\\.)*+)\"|'((?:[^'\\]|\\.)*+)'|([\w.\[\]-]++))",
    re.DOTALL,
)
_IMAGE = re.compile(r"[^\s\"'<>()]+\.(?:png|jpe?g|gif|svg|webp|avif)(?:\?[^\s\"'<>()]*)?", re.I)


class _IncludeNode(_TextNode):
    """``{% include file x="y" %}``, with `include.x`; Eleventy's has the names themselves."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the include."""
        assert isinstance(context, Context)
        config: Config = context.globals[CONFIG]  # type: ignore[assignment]
        is_jekyll = config.posts.generator == "jekyll"
        name, values = self._call(context, is_jekyll)
        text = self._source(name, config)
        if text is None:
            context.state.report("include", name)
            return buffer.write(_shown(values, config))
        template = parsed(text, name)
        if self.token.value == "render":
            inner = context.copy(values, template=template, carry_loop_iterations=True)
            return _render(template, inner, buffer)
        scope = ({"include": values} if values else {}) if is_jekyll else values
        with context.extend(scope, template=template):
            return _render(template, context, buffer)

    def _call(self, context: Context, is_jekyll: bool) -> tuple[str, dict[str, Any]]:
        """The name of the file, and the values that it gets."""
        named = re.match(r"(?:[^\s{,]|\{\{[^{}]*\}\})+", self.text.strip())
        first = named[0] if named else ""
        values = dict(self._parameters(self.text.strip()[len(first) :], context))
        if is_jekyll:
            return _filled(first, context), values
        name = _evaluated(first, context) if first else ""
        return to_text(name, context.state) or first, values

    def _parameters(self, text: str, context: Context) -> Any:
        for name, double, single, variable in _PARAMETER.findall(text):
            if variable:
                yield name, _evaluated(variable, context)
            else:
                yield name, double.replace('\\"', '"') if double else single.replace("\\'", "'")

    def _source(self, name: str, config: Config) -> str | None:
        """The text of the include; None if there is no such file."""
        path = posixpath.normpath(name)
        if self.token.value == "include_relative" or path.startswith(("/", "..")):
            return None
        for key in (path, f"{path}.liquid", f"{path}.html"):
            if key in config.includes:
                return config.includes[key]
        return None


def _render(template: BoundTemplate, context: RenderContext, buffer: TextIO) -> int:
    return sum(node.render(context, buffer) for node in template.nodes)


def _shown(values: Mapping[str, Any], config: Config) -> str:
    """What an unknown tag shows of its values: its picture."""
    texts = {name: value for name, value in values.items() if isinstance(value, str)}
    image = next((text for text in texts.values() if _IMAGE.fullmatch(text)), "")
    if not image:
        return ""
    if "/" in image and not image.startswith(("/", ".")) and "://" not in image:
        # Plug-ins take such a path from the root of the site.
        image = f"{urlsplit(config.site.url).path}{image}"
    alt = texts.get("alt") or texts.get("caption") or texts.get("title") or texts.get("", "")
    return f'<img src="{html.escape(image)}" alt="{html.escape(" ".join(alt.split()))}">'


def _positional(text: str) -> dict[str, str]:
    """The texts in quotes of a tag: the address of a picture, and as ``""`` the longest other."""
    found = [double or single for double, single in _QUOTED.findall(text)]
    image = next((text for text in found if _IMAGE.fullmatch(text)), "")
    words = [text for text in found if text != image]
    return {"src": image, "": max(words, key=len, default="")}


_QUOTED = re.compile(r"\"([^\"]*+)\"|'([^']*+)'")


class _UnknownNode(_IncludeNode):
    """A tag of a plug-in: its picture, or nothing; the text between it and its end stays."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write what can be shown."""
        assert isinstance(context, Context)
        name = self.token.value
        if not name.startswith("end"):
            context.state.report("tag", name)
        config: Config = context.globals[CONFIG]  # type: ignore[assignment]
        try:
            values = dict(self._parameters(self.text, context)) or _positional(self.text)
            return buffer.write(_shown(values, config))
        except LiquidError:
            return 0


class _Illegal(_Simple):
    """A tag that has no other class."""

    name = TOKEN_ILLEGAL

    def __init__(self, env: Environment) -> None:
        super().__init__(env, TOKEN_ILLEGAL, _UnknownNode)

    def parse(self, stream: TokenStream) -> Node:
        """Parse the tag. Raises LiquidSyntaxError for a part of a block that is not in one."""
        token = stream.current
        name = token.value.removeprefix("end")
        if token.value in _PARTS or (name != token.value and name in self.env.tags):
            raise LiquidSyntaxError(f"unexpected {token.value}", token=None)
        return super().parse(stream)


_PARTS = frozenset(("else", "elsif", "when"))


_SIMPLE: dict[tuple[str, ...], type[_TextNode]] = {
    ("feed_meta", "seo"): _NothingNode,
    ("gist",): _GistNode,
    ("include", "include_cached", "include_relative", "render"): _IncludeNode,
    ("link", "post_url"): _LinkNode,
}
