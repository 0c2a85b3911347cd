"""MDX -> Markdown: without imports, exports and comments in braces.

https://mdxjs.com/docs/what-is-mdx/ has the syntax, https://docusaurus.io/docs/blog the mark of a
summary. Elements and expressions of JavaScript stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_TRUNCATE = re.compile(r"\{/\*\s*truncate\s*\*/\}|<!--\s*truncate\s*-->", re.IGNORECASE)
_COMMENT = re.compile(r"\{/\*|\*/\}")
_MODULE = re.compile(
    r"import(?:\s+[\w$*{][^'\"]*\sfrom)?\s*['\"]|export\s+(?:const|let|var|function|async|class|"
    r"default|type|interface|\{|\*)"
)


_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)
_INLINE_CODE = re.compile(r"(?<!`)(`++[^`\n]++`++)")


def without_mdx(body: str) -> str:
    """`body` without what MDX has beyond Markdown; code stays. The mark of a summary becomes
    ``<!--more-->``.
    """
    if "import" in body or "export" in body:
        body = _map_text_and_code_spans(body, _without_modules)
    if "{" in body or "<!--" in body:
        body = _map_text(body, _without_comments)
    if "={" in body:
        body = _map_text(body, _with_plain_attributes)
    if "/>" in body:
        body = _map_text(body, _with_ends)
    return body


def _without_modules(text: str) -> str:
    """`text` without the paragraphs that are imports and exports.

    One goes on over empty lines while a bracket is open.
    """
    kept: list[str] = []
    depth, is_module, is_start = 0, False, True
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if is_start and depth == 0 and line.startswith(("import", "export")):
            is_module = _MODULE.match("\n".join(lines[at : at + 50])) is not None
        elif not line.strip() and depth == 0:
            is_module = False
        if is_module:
            depth = max(0, depth + sum(map(line.count, "({[")) - sum(map(line.count, ")}]")))
        else:
            kept.append(line)
        is_start = not line.strip() or is_module
    return "\n".join(kept)


_BRACES = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*+\})*+\})*+\}"
_ELEMENT = re.compile(rf"<[A-Za-z][\w.:-]*+(?:[^<>{{}}\"']|\"[^\"]*+\"|'[^']*+'|{_BRACES})*+>")
_EXPRESSION = re.compile(rf"\s[\w-]++=(?P<braces>{_BRACES})")
_ADDRESS = re.compile(
    r"\{\s*(?:(?:require|useBaseUrl)\(\s*)?(?P<quote>[\"'`])(?P<text>[^\"'`<>${}]*+)(?P=quote)"
    r"(?:\s*,?\s*\))?(?:\.default)?\s*\}"
)


def _with_plain_attributes(text: str) -> str:
    """`text` with JSX's ``src={require("./a.png").default}`` as ``src="./a.png"``.

    Attributes with other expressions are removed.
    """
    return _ELEMENT.sub(lambda element: _EXPRESSION.sub(_plain_attribute, element[0]), text)


def _plain_attribute(found: re.Match[str]) -> str:
    if address := _ADDRESS.fullmatch(found["braces"]):
        return f'{found[0].partition("=")[0]}="{address["text"]}"'
    return ""


_SELF_CLOSING = re.compile(
    r"<(?P<name>[a-z][\w-]*+)(?P<rest>(?:[^<>\"'/]|\"[^\"]*+\"|'[^']*+'|/(?!>))*+)/>"
)
_VOID = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta",
                   "source", "track", "wbr"))  # fmt: skip


def _with_ends(text: str) -> str:
    """`text` with an end for each element that ends itself: HTML knows no ``<div />``."""
    return _SELF_CLOSING.sub(
        lambda tag: tag[0] if tag["name"] in _VOID else f"{tag[0][:-2]}></{tag['name']}>", text
    )


def _without_comments(text: str) -> str:
    kept: list[str] = []
    text = _TRUNCATE.sub("<!--more-->", text)
    at, start = 0, -1
    for mark in _COMMENT.finditer(text):
        if mark[0] == "{/*" and start < 0:
            start = mark.start()
        elif mark[0] == "*/}" and start >= 0:
            kept.append(text[at:start])
            at, start = mark.end(), -1
    return "".join((*kept, text[at:]))


def _map_text(body: str, change: Callable[[str], str]) -> str:
    """Markdown with `change` made to its text, and not to blocks and spans of code."""

    def change_outside_spans(text: str) -> str:
        pieces = _INLINE_CODE.split(text)
        pieces[::2] = map(change, pieces[::2])
        return "".join(pieces)

    return _map_text_and_code_spans(body, change_outside_spans)


def _map_text_and_code_spans(body: str, change: Callable[[str], str]) -> str:
    """Markdown with `change` made to its text, and not to blocks of code."""
    parts: list[str] = []
    at, fence = 0, ""
    for mark in _FENCE.finditer(body):
        if not fence:
            parts.append(change(body[at : mark.start()]))
            at, fence = mark.start(), mark[1]
        elif mark[1].startswith(fence):
            parts.append(body[at : mark.end()])
            at, fence = mark.end(), ""
    rest = body[at:]
    parts.append(rest if fence else change(rest))
    return "".join(parts)
