"""Jekyll's tag `highlight`: a block of code, whose text is Liquid as any other.

https://jekyllrb.com/docs/liquid/tags/#code-snippet-highlighting
"""

from __future__ import annotations

import html
import re
from typing import Any, TextIO

from liquid.ast import BlockNode, Node
from liquid.context import RenderContext
from liquid.parser import get_parser
from liquid.stream import TokenStream
from liquid.tag import Tag
from liquid.token import TOKEN_EXPRESSION, TOKEN_TAG, Token

from feeds.reading.liquid.environment import Context
from feeds.reading.liquid.values import POST


class _HighlightNode(Node):
    """``{% highlight ruby %}``: a block of code."""

    def __init__(self, token: Token, language: str, block: BlockNode) -> None:
        super().__init__(token)
        self.language, self.block = language, block
        self.blank = False

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the code, as a fenced block in Markdown and as HTML in HTML."""
        assert isinstance(context, Context)
        inner = context.get_buffer()
        self.block.render(context, inner)
        code = inner.getvalue().strip("\n\r").rstrip()
        post: Any = context.globals[POST]
        if post.key.lower().endswith((".html", ".htm")):
            return buffer.write(f"<pre><code>{html.escape(code)}</code></pre>")
        source, start = self.token.source, self.token.start_index
        before = source[source.rfind("\n", 0, start) + 1 : start]
        indent = before if not before.strip() else ""
        longest = max((len(ticks) for ticks in re.findall("`+", code)), default=0)
        fence = "`" * max(3, longest + 1)
        lines = [line if line.startswith(indent) else indent + line for line in code.split("\n")]
        lead = "" if not before.strip(" \t>*+-0123456789.") else "\n\n"
        text = "\n".join((lead + fence + self.language, *lines, indent + fence, ""))
        return buffer.write(text)


class Highlight(Tag):
    """``{% highlight ruby %}``."""

    name = "highlight"
    end = "endhighlight"

    def parse(self, stream: TokenStream) -> Node:
        """Parse the block."""
        token, text = stream.eat(TOKEN_TAG), ""
        if stream.current.kind == TOKEN_EXPRESSION:
            text = next(stream).value
        block = get_parser(self.env).parse_block(stream, ("endhighlight",))
        stream.expect(TOKEN_TAG, value="endhighlight")
        language = re.match(r"[\w.+#-]+", text)
        return _HighlightNode(token, language[0].lower() if language else "", block)
