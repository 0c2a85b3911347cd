"""Hostile posts by name, each with the result that reading it must have.

As a program with the name of a group, it reads the posts of the group in a process with limits on
memory and CPU time, and prints each result. A post that exceeds a limit ends the process, and the
test fails.
"""

from __future__ import annotations

import gzip
import json
import resource
import sys
from collections.abc import Callable
from typing import NamedTuple

from support.written import problems

MEMORY = 600_000_000
"""Bytes of address space: about 350 MB for the imports (mostly files), and 256 MB."""
SECONDS = 60
"""Seconds of CPU time for all posts of a run on a slow machine; a fast one needs a few."""
FULL = 999_000  # bytes: the largest post that is allowed


class Case(NamedTuple):
    """A hostile post; `comes_to` is the message of its problem, or "entry"."""

    ending: str
    written: Callable[[], str | bytes]
    comes_to: str = "entry"


def _top(lines: str, body: str = "") -> str:
    return f"---\ntitle: Tea\ndate: 2026-11-01\n{lines}---\n{body}"


def _numbers(count: int) -> str:
    return ", ".join(map(str, range(count)))


def _many(text: str, size: int = FULL) -> str:
    return text * (size // len(text.encode()))


LARGER = "the front matter is larger than 16,384 bytes"
ANCHORED = "anchors and aliases (& and *) are not supported"
MARKS = "the Markdown has too many lines and characters of markup"
TAGS = "more than 20,000 marks of templates"
TOO_BIG = "the content is larger than 1,500,000 characters as HTML"
DEEP = "the HTML is nested more than 100 elements deep"
ESCAPES = "characters to escape, too many for its length"
DEEP_YAML = "lists and tables are nested deeper than 20"

# Each anchor contains ten of the one before: aliases could make gigabytes of these 400 bytes.
_BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
_MERGE = "a: &a {x: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join(['*' + before] * 9)}], {name}: 1}}\n"
    for before, name in zip("abcdefg", "bcdefgh", strict=True)
)

FRONT_MATTER = {
    "alias bomb": Case("md", lambda: _top(_BOMB), ANCHORED),
    "merge-key bomb": Case("md", lambda: _top(_MERGE), ANCHORED),
    "brackets": Case("md", lambda: _top("x: " + "[" * 16_000 + "\n"), DEEP_YAML),
    "braces": Case("md", lambda: _top("x: " + "{" * 16_000 + "\n")),
    "30,000 brackets": Case("md", lambda: _top("x: " + "[" * 30_000 + "\n"), LARGER),
    "deep lists": Case("md", lambda: _top("x:\n " + "- " * 8_000 + "\n"), DEEP_YAML),
    "deep tables": Case(
        "md", lambda: _top("".join(" " * n + "a:\n" for n in range(150))), DEEP_YAML
    ),
    "object": Case("md", lambda: _top("x: !!python/object/apply:os.system [x]\n"), "tags (!)"),
    "many fields": Case("md", lambda: _top("".join(f"f{n}: x\n" for n in range(1_500)))),
    "many broken lines": Case("md", lambda: _top('a: "b "c"\n' * 1_500), "does not fit with"),
    "many stray quotes": Case("md", lambda: _top('"\n' * 8_000), "this line is not a field"),
    "a field 3,000 times": Case("md", lambda: _top("a: 1\n" * 3_000)),
    "never closed": Case("md", lambda: "---\n" + _many("title: Tea\n"), "is not closed"),
    "opened again and again": Case("md", lambda: _many("---\ntitle: Tea\n")),
    "newlines": Case("md", lambda: "---\n" + "\n" * FULL, "is not closed"),
    "80,000 newlines": Case("md", lambda: "\n" * 80_000 + _top("", "Text."), "entry"),
    "dashes": Case("md", lambda: "-" * FULL, "is not closed"),
    "spaces": Case("md", lambda: " " * FULL, "the file is empty"),
    "TOML brackets": Case("md", lambda: "+++\nx = " + "[" * 16_000 + "\n+++\n", "not valid TOML"),
    "TOML parts": Case("md", lambda: "+++\n" + "a." * 8_000 + "a = 1\n+++\n", "more than 20 parts"),
    "TOML tables": Case("md", lambda: "+++\n[" + "a." * 8_000 + "a]\n+++\n", "more than 20 parts"),
    "TOML number": Case("md", lambda: f"+++\nx = 0x{'f' * 16_000}\n+++\n", "not valid TOML"),
    "JSON brackets": Case("md", lambda: '{"x": ' + "[" * FULL, "nested deeper"),
    "JSON that goes on": Case("md", lambda: '{"x": [' + _many("{},") + "0]}", LARGER),
    "JSON number": Case("md", lambda: '{"title": ' + "9" * 16_000 + "}"),
    "a long date": Case(
        "md",
        lambda: "---\ntitle: Tea\ndate: 2026-11-01" + " " * 16_000 + "x\n---\n",
        "is not a date",
    ),
    "a date of brackets": Case(
        "md", lambda: f"---\ntitle: Tea\ndate: {'(' * 16_000}\n---\n", "is not a date"
    ),
    "a title of tags": Case(
        "md", lambda: _top("")[:-4].replace("Tea", "x" + "<a " * 5_000) + "---\n"
    ),
    "an author of brackets": Case("md", lambda: _top("author: x" + "(a@" * 5_000 + "\n")),
    "thousands of terms": Case(
        "md",
        lambda: _top(f"tags: [{_numbers(2_500)}]\ncategories: [{_numbers(150)}]\n"),
        "the post has 150",
    ),
    "gzip": Case("md", lambda: gzip.compress(b"\0" * 10_000_000), "byte 1 (0x8b) is not UTF-8"),
    "conflicts": Case("md", lambda: _top("", _many("<<<<<<< a\n")), MARKS),
}

# comrak refuses links that would copy more text of definitions than the whole post has.
MARKDOWN = {
    "one definition, often": Case(
        "md", lambda: _top("", f"[a]: /{'x' * 2_500}\n\n" + "[a] " * 4_000)
    ),
    "one definition, in a full post": Case(
        "md", lambda: _top("", f"[a]: /{'x' * 500_000}\n\n" + "[a] " * 60_000)
    ),
    "one title, often": Case(
        "md", lambda: _top("", f'[a]: /b "{"x" * 2_500}"\n\n' + "[a] " * 4_000)
    ),
    **{
        f"full of {text!r}": Case("md", lambda text=text: _top("", _many(text)), MARKS)
        for text in (
            "[",
            "![",
            "*a_ ",
            "**a ",
            "`",
            "<",
            "![[]()",
            "[a](b ",
            "\n",
            "a\n",
            "|a|b|\n",
            "[^a]",
            "> [!NOTE]\n\n",
            "[^a]: b\n\n[^a] ",
            "- [ ] a\n",
            "> ",
        )
    },
    **{
        f"full of {text!r}": Case("md", lambda text=text: _top("", _many(text)), TAGS)
        for text in (
            "{{ a }}",
            "{{< a >}}",
            '{{% a "b" %}}',
            "{% a %}",
            "{% a %}b{% end %}",
            "{% comment %}",
            "{% highlight %}",
            "{% raw %}",
            "{: .a}",
            "{::comment}",
            "<!--more-->",
            "`{{ a }}`",
            "<a {{ a }}",
            "::: a\n",
        )
    },
    "shortcodes in shortcodes": Case(
        "md", lambda: _top("", "{{< note >}}x" * 9_000 + "{{< /note >}}" * 9_000)
    ),
    "code that is not closed": Case("md", lambda: _top("", "{% highlight %}\n```\n" * 19_000)),
    **{
        f"some {text!r}": Case("md", lambda text=text, n=n: _top("", text * n), outcome)
        for text, n, outcome in (
            ("[", 140_000, "entry"),
            ("![", 70_000, "entry"),
            ("*a_ ", 70_000, "entry"),
            ("[*a", 45_000, "entry"),
            ("x<![CDATA[", 29_000, "entry"),
            ("> ", 290_000, TOO_BIG),
            ("- a\n", 40_000, "entry"),
            ("a\n", 45_000, "entry"),
            ("`" * 3 + "\n", 20_000, "entry"),
            ("|" + "a|" * 10, 12_000, "entry"),
            ("<b>", 70_000, DEEP),
            ("&#x41;", 140_000, "entry"),
            ("x :::a", 160_000, "entry"),
        )
    },
    "a table that is filled up": Case(
        "md",
        lambda: _top("", "|a" * 1_000 + "|\n" + "|-" * 1_000 + "|\n" + "|\n" * 30_000),
    ),
    "quotes in quotes": Case("md", lambda: _top("", "\n".join(">" * n for n in range(1, 700)))),
    "lists in lists": Case("md", lambda: _top("", "\n".join("  " * n + "- a" for n in range(900)))),
    "links in links": Case("md", lambda: _top("", "[" * 20_000 + "](u)" * 20_000)),
    "runs of backticks": Case("md", lambda: _top("", " ".join("`" * n for n in range(1, 500)))),
}

HTML = {
    "open divs": Case("html", lambda: _top("", _many("<div>")), DEEP),
    "50,000 divs, closed": Case(
        "html", lambda: _top("", "<div>" * 50_000 + "</div>" * 50_000), DEEP
    ),
    "deep, and wide": Case("html", lambda: _top("", "<div>" * 90 + _many("<br>", 900_000))),
    "ends in comments": Case("html", lambda: _top("", _many("<div><!--</div>-->")), DEEP),
    "ends in attributes": Case(
        "html", lambda: _top("", _many('<div><b title="</div>"></b>')), DEEP
    ),
    "ends in scripts": Case("html", lambda: _top("", _many("<div><script></div></script>")), DEEP),
    "ends in text areas": Case(
        "html", lambda: _top("", _many("<div><textarea></div></textarea>")), DEEP
    ),
    "ends in cells": Case("html", lambda: _top("", _many("<div><table><td></div></table>")), DEEP),
    "ends in sections": Case("html", lambda: _top("", _many("<div><![CDATA[</div>]]>")), DEEP),
    "ends of others": Case("html", lambda: _top("", _many("<div></b></i></p>")), DEEP),
    "ends in objects": Case("html", lambda: _top("", _many("<div><marquee></div></marquee>"))),
    "open formatting": Case("html", lambda: _top("", "<b>" * 90 + _many("<p>x", 900_000)), TOO_BIG),
    "open formatting in paragraphs": Case(
        "html",
        lambda: _top(
            "", "".join(f"<b title='{n}'>" for n in range(90)) + _many("<p><i>x", 900_000)
        ),
        TOO_BIG,
    ),
    "open fonts": Case("html", lambda: _top("", _many("<font size=1><p>"))),
    "open readings": Case("html", lambda: _top("", _many("<ruby><rt>")), DEEP),
    "readings alone": Case("html", lambda: _top("", _many("<rt>")), TOO_BIG),
    "open anchors": Case("html", lambda: _top("", _many("<a href=x>")), TOO_BIG),
    "cells in cells": Case("html", lambda: _top("", _many("<table><tr><td>")), DEEP),
    "text before tables": Case(
        "html", lambda: _top("", "<table>" + _many("a<tr>", 900_000)), TOO_BIG
    ),
    "attributes": Case(
        "html",
        lambda: _top("", "<a " + " ".join(f"a{n}" for n in range(120_000)) + ">x</a>"),
        "attributes",
    ),
    "attributes after a quote": Case(
        "html",
        lambda: _top(
            "", '<!--<a x="--><b ' + " ".join(f"a{n}" for n in range(120_000)) + ' y="">x</b>'
        ),
        "attributes",
    ),
    "ampersands": Case("html", lambda: _top("", _many("&")), ESCAPES),
    "no-break spaces": Case("html", lambda: _top("", _many("\u00a0")), ESCAPES),
    "ampersands in an attribute": Case(
        "html", lambda: _top("", f'<p title="{_many("&")}">x</p>'), ESCAPES
    ),
    "unclosed comment": Case("html", lambda: _top("", _many("<!--"))),
    "unclosed scripts": Case("html", lambda: _top("", _many("<script>"))),
    "unclosed drawings": Case("html", lambda: _top("", _many("<svg>"))),
    "unclosed quote": Case("html", lambda: _top("", _many("<a href='"))),
    "films": Case("html", lambda: _top("", _many("<iframe src='//a.example/'></iframe>")), TOO_BIG),
    "formulas": Case("html", lambda: _top("", _many("<math><mi>x</mi></math>"))),
    "a deep formula": Case("html", lambda: _top("", f"<math>{_many('<msup><mi>x</mi>')}</math>")),
    "an unclosed annotation": Case(
        "html", lambda: _top("", f"<math>{_many('<annotation ')}</math>")
    ),
    "drawn formulas": Case(
        "html", lambda: _top("", _many("<span class=katex><math><mi>x</mi></math></span>"))
    ),
    "formulas in an attribute": Case(
        "html", lambda: _top("", f"<span class=katex title='{_many('<math ')}'>x</span>")
    ),
    "a drawing": Case("html", lambda: _top("", f"<svg>{_many('<desc>')}</svg>")),
    "unclosed objects": Case("html", lambda: _top("", _many("<object>")), DEEP),
    "unclosed players": Case("html", lambda: _top("", _many("<p><video><source></p>"))),
    "images that wait": Case(
        "html", lambda: _top("", _many("<img src=data:x><noscript><img src=a.png></noscript>"))
    ),
    "hidden images": Case("html", lambda: _top("", _many("<noscript><img src=a.png></noscript>"))),
    "sources of an image": Case(
        "html", lambda: _top("", f"<img srcset='{_many('/a.png 480w, ')}'>")
    ),
    "an embedded text": Case(
        "html", lambda: _top("", f"<iframe srcdoc='{_many('<a href ')}'></iframe>")
    ),
    "links from a long address": Case(
        "html",
        lambda: _top(f"permalink: /{'x' * 4_000}/y\n", _many("<a href=b>", 990_000)),
        "too many links",
    ),
    "marks in an address": Case("html", lambda: _top("", '<a href="' + "{{ a }}" * 9_000 + '">')),
    "templates": Case("html", lambda: _top("", _many("{{ ")), "entry"),
    "unclosed templates": Case("html", lambda: _top("", _many("{% highlight a")), "entry"),
}

LINKS = {
    **{
        f"lines of {text!r}": Case(
            "md",
            lambda text=text: _top(
                "", (text * (300 // len(text)) + "\n") * 3_000 + "\n<http://a.example/>\n"
            ),
            outcome,
        )
        for text, outcome in (
            ("<a ", MARKS),
            ("<a href=http://a ", "entry"),
            ("[a](b) ", TOO_BIG),
            ("<p> ", MARKS),
            ("http://a ", "entry"),
            ("a:", "entry"),
            ("&nbsp;", "entry"),
        )
    },
    "one long line": Case("md", lambda: _top("", "<a " + _many("href=http://a ", 900_000) + "\n")),
    "one long footer": Case("md", lambda: _top("", "<http://a.example/>\n\n" + "[a](b) " * 550)),
}

MARKDOWN_PAGE = """## A day at the harbour

The *tea* is [in](/tea), and `oysters` are dear. It rained again. It rained again. It rained again.
Nobody minded much, and the boats came in at six.

- one
- two

| a | b |
|---|---|
| 1 | 2 |

"""
HTML_PAGE = """<h2>A day</h2><p>The <em>tea</em> is <a href="/tea">in</a> &amp; good.</p>
<p>It rained again, all day.</p><table><tr><td>1</td><td>2</td></tr></table>
"""
ORDINARY = {
    "480 kB of Markdown": Case("md", lambda: _top("", _many(MARKDOWN_PAGE, 480_000))),
    "480 kB of HTML": Case("html", lambda: _top("", _many(HTML_PAGE, 480_000))),
    "480 kB of Chinese": Case(
        "md", lambda: _top("", _many("春茶已到，价格平稳。" * 20 + "\n\n", 480_000))
    ),
}

GROUPS = {
    "front matter": FRONT_MATTER,
    "Markdown": MARKDOWN,
    "HTML": HTML,
    "links": LINKS,
    "ordinary": ORDINARY,
}


def data_of(case: Case) -> bytes:
    """The bytes of the post."""
    written = case.written()
    return written if isinstance(written, bytes) else written.encode()


def main(group: str) -> None:
    """Read the posts of a group under the limits; print a line of JSON for each."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    for name, case in GROUPS[group].items():
        data = data_of(case)
        assert len(data) <= 1_000_000, name
        found = [
            one.what
            for one in problems(data, f"2026-11-01-x.{case.ending}")
            if one.severity == "error"
        ]
        print(json.dumps([name, found]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
