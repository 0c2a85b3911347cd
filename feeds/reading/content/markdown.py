"""Markdown -> HTML by comrak, in the dialect of the site's generator.

comrak's time grows with the length of a text, whatever the text is. Its memory does too, but it may
keep a hundred times as much as the text has; so the signs that it makes nodes of are counted first.
What it writes may grow faster (a table's empty cells), so its size is checked at once.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator
from functools import cache

import comrak

from feeds.config import Limits


class ContentTooLarge(Exception):  # noqa: N818  (it is what it says)
    """The content is over a limit; the message names the limit."""


_DIRECTIVE = re.compile(r"^[ \t>]*:{3}", re.MULTILINE)
_MOST_DIRECTIVES = 500
"""The time for containers in containers grows with the square of their number."""


@cache
def _extensions(names: Collection[str]) -> comrak.ExtensionOptions:
    return comrak.ExtensionOptions(
        table=True,
        strikethrough=True,
        tasklist=True,
        cjk_friendly_emphasis=True,
        header_attributes=True,
        link_attributes=True,
        fenced_code_attributes=True,
        inline_code_attributes=True,
        alerts="alerts" in names,
        autolink="autolinks" in names,
        description_lists="definition-lists" in names,
        block_directive="directives" in names,
        shortcodes="emoji" in names,
        footnotes="footnotes" in names,
        highlight="highlight" in names,
        inline_footnotes="inline-footnotes" in names,
        math_dollars="math" in names,
        subscript="subscript" in names,
        superscript="superscript" in names,
        wikilinks_title_after_pipe="wikilinks" in names,
    )


@cache
def _parsing(names: Collection[str]) -> comrak.ParseOptions:
    return comrak.ParseOptions(smart="smart" in names, relaxed_tasklist_matching=True)


@cache
def _rendering(names: Collection[str]) -> comrak.RenderOptions:
    return comrak.RenderOptions(unsafe_=True, hardbreaks="hard-breaks" in names, sourcepos=False)


_SOURCE_POSITIONS = comrak.RenderOptions(sourcepos=True)
_TASK = re.compile(r'<input type="checkbox"( checked="")? disabled="" />')
_NUMBER_OF_RETURN = re.compile(r'↩<sup class="footnote-ref">\d+</sup>')
_MATH = re.compile(r'<span data-math-style="(inline|display)">([^<]*+)</span>')


def render_markdown(body: str, extensions: frozenset[str], limits: Limits) -> str:
    """Render Markdown as HTML. Raises ContentTooLarge.

    A task that is done starts with ☑, an open one with ☐; formulas stay between their dollar signs,
    as they are written.
    """
    _check(body, limits)
    names = _bounded(body, extensions)
    made = comrak.markdown_to_html(body, _extensions(names), _parsing(names), _rendering(names))
    check_size(made, limits)
    if 'type="checkbox"' in made:
        made = _TASK.sub(lambda task: "☑" if task[1] else "☐", made)
    if "footnote-backref" in made:
        made = _NUMBER_OF_RETURN.sub("↩", made)
    if "data-math-style" in made:
        made = _MATH.sub(_formula, made)
    return made


_MARKS = "[]!*_`<&\\|~>"
"""The characters that comrak makes most nodes of; each costs at most 0.8 kB of memory."""


def _check(body: str, limits: Limits) -> None:
    if body.count("\n") + sum(map(body.count, _MARKS)) > limits.markdown_work:
        raise ContentTooLarge("the Markdown has too many lines and characters of markup")


def check_size(made: str, limits: Limits) -> None:
    """Check the size of HTML. Raises ContentTooLarge."""
    if len(made) > limits.content_bytes:
        raise ContentTooLarge(
            f"the content is larger than {limits.content_bytes:,} characters as HTML"
        )


def _formula(found: re.Match[str]) -> str:
    marks = "$$" if found[1] == "display" else "$"
    return f"{marks}{found[2]}{marks}"


def _bounded(body: str, extensions: frozenset[str]) -> frozenset[str]:
    """The extensions without those that would take too long for a body."""
    if "directives" not in extensions or body.count(":::") <= _MOST_DIRECTIVES:
        return extensions
    if len(_DIRECTIVE.findall(body)) > _MOST_DIRECTIVES:
        return extensions - {"directives"}
    return extensions


_CODE = re.compile(
    r'<(?P<name>code_block|code) sourcepos="(?P<line>\d+):[^>]*+>(?P<text>[^<]*+)</(?P=name)>'
)
_FENCE = re.compile(r"[ \t>*+\-\d.):]*(?:```|~~~)")


def code_in_markdown(body: str, extensions: frozenset[str], limits: Limits) -> Iterator[str]:
    """Yield the text of each fenced code block (CommonMark 0.31.2, 4.5) and code span (6.1).

    Indented code blocks are not among them. Raises ContentTooLarge.
    """
    _check(body, limits)
    names = _bounded(body, extensions)
    tree = comrak.markdown_to_xml(body, _extensions(names), _parsing(names), _SOURCE_POSITIONS)
    lines = body.split("\n")
    for found in _CODE.finditer(tree):
        if found["name"] == "code" or _FENCE.match(lines[int(found["line"]) - 1]):
            yield html.unescape(found["text"])
