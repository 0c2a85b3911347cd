"""Entries show what the pages show: the real Jekyll, Hugo and Pelican of the same texts.

Words and signs, and the number of images, lists, tables and the like. Each construct of Markdown
that the three know has a text here. docs/content.md lists what we mean to do otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import pytest
from support.real_content import hugo_content, jekyll_content, pelican_content, shown

from feeds.config import Limits
from feeds.config_file.parse import parse_config
from feeds.reading.content import dialect
from feeds.reading.content.dialect import Dialect
from feeds.reading.content.post_links import PostLinks
from feeds.reading.content.render import Place, render
from feeds.reading.post import read_post
from feeds.reading.post_content import post_content

pytestmark = pytest.mark.slow

COMMON = {
    "paragraphs": (
        "One *em* and **strong** and ***both***.\nThe same line."
        "\n\nTwo `code` \\*stars\\*."
    ),
    "headings": "# One\n\n## Two ##\n\nThree\n=====\n\nFour\n----\n\n### Five *em*",
    "lists": "- a\n- b\n    - c\n    - d\n- e\n\ntext\n\n* x\n\n* y",
    "quotations": "> One\n> two\n>\n> three\n>\n> > in\n\nafter",
    "code": (
        "Text\n\n    indented *code*\n    & <b>"
        "\n\n```python\ndef f(x):\n    return x * 2\n```\n\n~~~\na\n~~~"
    ),
    "links": (
        "[a](/a \"title\"), [b][1], [c][], <https://c.example/>, <me@a.example>"
        "\n\n[1]: /b\n[c]: /c"
    ),
    "images": (
        "![alt text](/a.png \"title\") and ![b][i]\n\n[i]: /b.png"
        "\n\n[![in a link](/c.png)](/d)"
    ),
    "rules": "a\n\n---\n\nb\n\n* * *\n\nc",
    "breaks": "one  \ntwo",
    "tables": "| a | b |\n|:--|--:|\n| *1* | `2` |\n| 3 | |\n\nafter",
    "html blocks": "<div class=\"x\">\n<p>In <em>HTML</em>.</p>\n</div>\n\nAfter *it*.",
    "html spans": "A <kbd>key</kbd>, H<sub>2</sub>O, x<sup>2</sup> and <br>a line.",
    "entities": "&copy; &amp; &lt;b&gt; AT&T &#8217; 1 < 2 > 0",
    "footnotes": (
        "One.[^1] Two.[^long]"
        "\n\n[^1]: The first.\n[^long]: The *second*.\n\nAfter."
    ),
    "definition lists": "Tea\n: A drink.\n\nBread\n: A food.\n: Old.",
    "chinese": "这是**重点**的一句话，*强调*和`代码`。\n\n- 第一\n- 第二\n\n![图](/tu.png)",
    "heading ids": "## Head {#own-id}\n\ntext",
    "quotes": "\"Double\" and 'single', it's -- a dash --- and dots...",
    "nested": (
        "1. one\n\n        code\n\n    > quote\n\n2. two\n    - a"
        "\n\n        text\n"
    ),
}  # fmt: skip
Content: TypeAlias = Callable[[dict[str, str], Path], dict[str, str]]
SETS: dict[str, tuple[Content, Dialect, dict[str, str]]] = {
    "Jekyll": (
        jekyll_content,
        dialect.JEKYLL,
        {
            **COMMON,
            "attributes": "Text\n{: .lead}\n\n> q\n{: .note #x}\n\n![a](/a.png){: width=\"3\"}",
            "markdown in html": "<div markdown=\"1\">\n*em* in it\n</div>\n\nafter",
            "a short block": "<h5>Head</h5>\n[link](/a) and *em*",
            "an image alone": "<img src=\"/a.png\">\n*caption*",
            "a link around": "<a href=\"/a\">\n![b](/b.png)\n</a>",
            "strikethrough": "~~gone~~ here",
            "comments": "a {::comment}hidden{:/comment} b",
        },
    ),
    "Hugo": (
        hugo_content,
        dialect.HUGO,
        {
            **COMMON,
            "strikethrough": "~~gone~~ here",
            "bare addresses": "See https://b.example/x_y_z and www.c.example.",
            "code with marks": "```\nkey: {{ value }} {% tag %}\n```",
            "figure": "{{< figure src=\"/a.png\" alt=\"A\" caption=\"Cap\" >}}",
            "highlight": "{{< highlight python >}}\nx = a*b*c\n{{< /highlight >}}",
            "ref to a part": "[x](#head)\n\n## Head",
            "escaped": "`{{</* figure src=\"x\" */>}}` and {{%/* note */%}}",
            "more": "Above.\n\n<!--more-->\n\nBelow.",
        },
    ),
    "Pelican": (
        pelican_content,
        dialect.PELICAN,
        {
            **COMMON,
            "attributes": "# Head {: #x .y }\n\nText\n{: .lead }",
            "markdown in html": "<div markdown=\"1\">\n*em* in it\n</div>\n\nafter",
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_an_entry_shows_what_the_page_shows(name: str, tmp_path: Path) -> None:
    content, of, texts = SETS[name]
    place = Place("https://a.example/p/", "https://a.example/p/", "https://a.example/", "e1-")
    differences = []
    for what, theirs in content(texts, tmp_path).items():
        made = render(texts[what], place, Limits(), is_markdown=True, dialect=of)
        if shown(theirs) != shown(made.html):
            differences.append((what, shown(theirs), shown(made.html)))
    assert differences == []


def test_the_parameters_of_hugo_are_those_of_the_post_and_of_the_site(tmp_path: Path) -> None:
    names = ("title", "Colour", "colour", "deep.er", "flag", "number", "from", "both")
    texts = {name: f"a {{{{< param {name} >}}}} b" for name in names}
    texts |= {"quoted": '[x]({{< param "link" >}})', "title twice": '{{% param "title" %}} *b*'}
    front = (
        "title: A <b> & 'c'\ncolour: red\ndeep: {er: down}\nflag: true\nnumber: 3\nboth: post\n"
        "link: https://b.example/?a=1&b=2\ndate: 2026-01-02"
    )
    site = '[params]\nfrom = "the site"\nboth = "site"\n'
    config = parse_config(
        '[site]\ntitle = "T"\nurl = "https://a.example/"\n[posts]\ngenerator = "hugo"\n'
        f"{site.replace('params', 'content.site')}"
    )
    for name, theirs in hugo_content(texts, tmp_path, front, site).items():
        data = f"---\n{front}\n---\n{texts[name]}".encode()
        post = read_post("p.md", data, datetime(2026, 12, 1, tzinfo=UTC), config).post
        assert post
        ours = post_content(post, config, PostLinks(post, config, {}))
        assert (shown(ours.html), ours.problems) == (shown(theirs), ()), name
        assert ("b=2" in ours.html) == ("b=2" in theirs)


def test_a_parameter_that_is_not_there_is_named() -> None:
    place = Place("https://a.example/p/")
    made = render("a {{< param x.y >}} b", place, Limits(), is_markdown=True, dialect=dialect.HUGO)
    assert made.unknown == {"the parameter x.y": 1}
