"""The content, title, summary and files of an entry: what readers see, sanitised."""

from __future__ import annotations

import json

import pytest
from lxml import etree
from support.sites import built, settings
from support.validity import assert_valid_document
from support.written import KEY, entry, fields, problems

from feeds.model import Enclosure

ATOM = "{http://www.w3.org/2005/Atom}"


def content(body: str, key: str = KEY) -> str:
    return entry(fields("layout: post", body).rstrip("\n"), key).content


def summary(body: str, more: str = "layout: post") -> str:
    return entry(fields(more, body)).summary


def title(written: str) -> str:
    return entry(json.dumps({"title": written}) + "\n").title


def valid(post: str) -> dict[str, bytes]:
    """The documents of a site with one post; each is checked against its format."""
    documents = built({"2026-11-18-tea.md": post.encode()})
    for path, document in documents.items():
        if path.endswith(("atom.xml", "rss.xml", "feed.json")):
            assert_valid_document(path, document.data, f"https://feeds.example.com/{path}")
    return {path: document.data for path, document in documents.items()}


# Titles: as written -> in the entry

TITLES = {
    "Tea &amp; Trade": "Tea & Trade",
    "Tea&#8217;s price": "Tea’s price",
    "&lt;b&gt; in HTML": "<b> in HTML",
    "&amp;lt; stays once": "&lt; stays once",
    "R&D, A & B, a&b;": "R&D, A & B, a&b;",
    "Vec<T> and a < b > c": "Vec<T> and a < b > c",
    "<em>Tea</em> is <a href='x'>in</a><br>": "Tea is in",
    "Tea\n  is\tin": "Tea is in",
    "Tea 🍵 is in": "Tea 🍵 is in",
    "שלום \u200fתה": "שלום \u200fתה",
    "Tea\u202e ni si": "Tea ni si",
    "\u2067Tea\u2069": "Tea",
    "Te\u0000a\u000b \ufffe": "Tea",
    "Te&#0;a &#x1F;is&#xB; in": "Te\ufffda is in",
    "Te\ud800a": "Tea",
    "Cafe\u0301": "Café",
    "x" * 1200: "x" * 999 + "…",
}


@pytest.mark.parametrize(("written", "read"), TITLES.items())
def test_a_title_has_no_tags_entities_or_control_characters(written: str, read: str) -> None:
    assert title(written) == read


@pytest.mark.parametrize("written", TITLES)
def test_a_title_is_escaped_once_in_every_document(written: str) -> None:
    documents = valid(json.dumps({"title": written, "date": "2026-11-01"}) + "\n")
    atom = etree.fromstring(documents["atom.xml"]).findtext(f"{ATOM}entry/{ATOM}title")
    rss = etree.fromstring(documents["rss.xml"]).findtext("channel/item/title")
    assert atom == rss == json.loads(documents["feed.json"])["items"][0]["title"]
    assert atom == TITLES[written]


# Posts without a body


def test_a_post_without_a_body_has_its_description_as_summary() -> None:
    post = fields("date: 2026-11-01\ndescription: Tea from the hills.", "")
    result = entry(post)
    assert (result.title, result.summary, result.content) == ("Tea", "Tea from the hills.", "")
    assert b"Tea from the hills." in valid(post)["rss.xml"]


def test_a_post_with_only_a_title_is_valid_in_every_document() -> None:
    documents = valid("---\ntitle: Tea\n---\n")
    assert json.loads(documents["feed.json"])["items"][0]["content_text"] == "Tea"


# Control characters and unsafe HTML


def test_control_characters_never_reach_a_document() -> None:
    body = "A\x00B\x0bC\x1fD\ufffeE &#0; &#x1F; &#xB; &#xFFFE; &#xD800; F"
    post = fields(f"date: 2026-11-01\nsummary: 'x &#0;&#x1F;&#xFFFE;y {chr(11)}z'", body)
    result = entry(post)
    # CommonMark 2.5: a reference to U+0000 or to no character becomes U+FFFD. The others are
    # characters, but XML 1.0 (2.2) has no place for them.
    assert result.content == "<p>ABCDE \ufffd    \ufffd F</p>"
    assert result.summary.startswith("x ") and result.summary.endswith("y z")
    valid(post)


def test_control_characters_are_removed_after_html_entities_are_decoded() -> None:
    result = content("A&#x1F;B&#xB;C&#xFFFE;D&#x7F;E", "2026-11-18-tea.html")
    assert result == "ABCDE"


def test_the_end_of_a_cdata_section_is_escaped() -> None:
    post = fields("date: 2026-11-01", "a ]]> b, <![CDATA[c]]> d")
    assert b"]]&gt;" in valid(post)["atom.xml"] or b"]]&amp;gt;" in valid(post)["atom.xml"]
    assert entry(post).content == "<p>a ]]&gt; b,  d</p>"


SANITIZED = {
    "<script>alert(1)</script>Tea": "Tea",
    "<SCRIPT\n>alert(1)</ScRiPt >Tea": "Tea",
    '<p onclick="x()" style="color:red" id="a" class="b">Tea</p>': "<p>Tea</p>",
    '<a href="javascript:x()">Tea</a>': "<a>Tea</a>",
    '<a href="java&#10;script:x()">Tea</a>': "<a>Tea</a>",
    '<a href="vbscript:x()">Tea</a>': "<a>Tea</a>",
    '<a href="htTPs://a.example/">Tea</a>': '<a href="htTPs://a.example/">Tea</a>',
    '<a href=" https://a.exam\nple/&#10;tea ">Tea</a>': '<a href="https://a.example/tea">Tea</a>',
    '<a href="mailt\no:tea@example.com">Tea</a>': '<a href="mailto:tea@example.com">Tea</a>',
    '<a href="mailto:tea@example.com">Tea</a>': '<a href="mailto:tea@example.com">Tea</a>',
    '<a href="https://a.example/" target="_blank" ping="https://b.example/">Tea</a>': (
        '<a href="https://a.example/">Tea</a>'
    ),
    '<q cite="javascript:x()">Tea</q>': "<q>Tea</q>",
    '<del cite=" java&#10;script:x()">Tea</del>': "<del>Tea</del>",
    '<ins cite="data:text/html,x">Tea</ins>': "<ins>Tea</ins>",
    '<q cite="mailto:tea@example.com">Tea</q>': "<q>Tea</q>",
    '<q cite="/tea">Tea</q>': '<q cite="https://news.example.com/tea">Tea</q>',
    '<q cite="https://a.example/?a=1&amp;b=2">Tea</q>': (
        '<q cite="https://a.example/?a=1&amp;b=2">Tea</q>'
    ),
    '<img src="data:image/svg+xml,x">Tea': "Tea",
    '<img src="x.png" onerror="x()">': '<img src="https://news.example.com/2026/11/18/x.png">',
    "<svg><script>x()</script><a>q</a></svg>Tea": "Tea",
    "<math><mtext>x</mtext></math>Tea": "xTea",  # MathML as its text
    "<style>p{}</style>Tea": "Tea",
    '<base href="https://evil.example/">Tea': "Tea",
    '<meta http-equiv="refresh" content="0;url=https://evil.example/">Tea': "Tea",
    '<link rel="stylesheet" href="https://evil.example/x.css">Tea': "Tea",
    '<form action="https://evil.example/"><input name="a">Tea</form>': "Tea",
    '<object data="x.swf"><embed src="y.swf"></object>Tea': "Tea",
    "<noscript><p>x</p></noscript>Tea": "Tea",
    "<textarea><b>x</b></textarea><title>x</title>Tea": "Tea",
    "<!-- a --><!-->b--><!--->c<!-- d --!>Tea": "b--&gt;cTea",
    "<?php x ?>Tea": "Tea",
    "<b>Tea": "<b>Tea</b>",
    "Tea</b></div>": "Tea",
    "Tea <b": "Tea",
}


@pytest.mark.parametrize(("body", "shown"), SANITIZED.items())
def test_html_is_sanitized(body: str, shown: str) -> None:
    assert content(body, "2026-11-18-tea.html") == shown


IFRAMES = {
    '<iframe src="https://video.example/embed/1?a=1&amp;b=2" allowfullscreen></iframe>': (
        '<p><a href="https://video.example/embed/1?a=1&amp;b=2">'
        "https://video.example/embed/1?a=1&amp;b=2</a></p>"
    ),
    '<p>Look: <iframe src="//video.example/1"></iframe></p>': (
        '<p>Look: <a href="https://video.example/1">https://video.example/1</a></p>'
    ),
    '<iframe src="javascript:x()"></iframe>Tea': "Tea",
    '<iframe srcdoc="<script>x()</script>"></iframe>Tea': "Tea",
}


@pytest.mark.parametrize(("body", "shown"), IFRAMES.items())
def test_an_iframe_becomes_a_link(body: str, shown: str) -> None:
    assert content(body, "2026-11-18-tea.html") == shown


def test_the_summary_skips_an_embedded_video() -> None:
    iframe = '<div><iframe src="https://video.example/embed/1"></iframe></div>\n\n'
    assert summary(iframe + "The tea is in.") == "The tea is in."


def test_open_html_elements_are_closed() -> None:
    body = "<div><ul><li>Tea<li><b>Trade</ul><p>One<p>Two<table><tr><td>a<td>b</table>"
    assert content(body, "2026-11-18-tea.html") == (
        "<div><ul><li>Tea</li><li><b>Trade</b></li></ul><p>One</p><p>Two</p>"
        "<table><tbody><tr><td>a</td><td>b</td></tr></tbody></table></div>"
    )


def test_an_html_post_is_not_rendered_as_markdown() -> None:
    assert content("*Tea*\n\n    code", "2026-11-18-tea.html") == "*Tea*\n\n    code"


def test_markdown_is_rendered_with_tables_and_code() -> None:
    body = "# Tea\n\nA *b* `c<d>`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\n{{ x }} <b>\n```\n"
    result = content(body)
    for part in ("<h1>Tea</h1>", "<em>b</em>", "<code>c&lt;d&gt;</code>", "<td>2</td>"):
        assert part in result
    assert "{{ x }} &lt;b&gt;" in result


# Summaries

SUMMARIES = {
    "excerpt: From the hills.": "From the hills.",
    "description: From the hills.": "From the hills.",
    "summary: From the hills.": "From the hills.",
    "deck: From the hills.": "From the hills.",
    "summary: ''\ndeck: From the hills.": "From the hills.",
    "summary: From *the* [hills](/x) &amp; <b>more</b>": "From the hills & more",
    "description: |\n  From the hills,\n  twice a year.": "From the hills, twice a year.",
    "description: [a, b]": "The tea is in. It is green.",
}


@pytest.mark.parametrize(("line", "text"), SUMMARIES.items())
def test_the_summary_is_a_field_of_the_front_matter(line: str, text: str) -> None:
    assert summary("The tea is in.\n\nIt is green.", line) == text


@pytest.mark.parametrize("mark", ["<!--more-->", "<!-- more -->", "<!--MORE-->"])
def test_the_summary_ends_at_the_more_comment(mark: str) -> None:
    assert summary(f"The tea is in.\n\nIt is green.\n\n{mark}\n\nThe rest.") == (
        "The tea is in. It is green."
    )


def test_without_a_field_the_summary_is_the_first_sentences() -> None:
    text = "The tea is in. " * 40
    result = summary(text)
    assert result == ("The tea is in. " * 18).strip()
    assert summary("春茶已到。" * 80) == "春茶已到。" * 56
    assert summary("x" * 500) == "x" * 279 + "…"


# Tags of site generators

TEMPLATES = {
    "{% include tea.html a=1 %}Tea": "Tea",
    "{% include tea.html\n  a=1\n%}\nTea": "Tea",
    '{{< figure src="a.png" >}}\nTea': "Tea",
    "{{% note %}}Tea{{% /note %}}": "Tea",
    "Tea{{ page.x | escape }}": "Tea",
    "{%- if x -%}Tea{%- endif -%}": "Tea",
    "{% comment %}no{% endcomment %}Tea": "Tea",
    "{# no #}Tea": "Tea",
    "* TOC\n{:toc}\n\nTea": "Tea",
    "Tea\n{: .lead}": "Tea",
    "## Tea {#tea}": "Tea",
    "[Tea](/x){.button}": "Tea",
    "Tea! {.small}": "Tea!",
    "{::nomarkdown}Tea{:/}": "Tea",
}


@pytest.mark.parametrize(("body", "text"), TEMPLATES.items())
def test_tags_of_site_generators_are_removed(body: str, text: str) -> None:
    result = entry(fields("layout: post", body))
    assert result.summary == text
    assert "{" not in result.content


def test_a_quoted_text_in_a_template_stays() -> None:
    assert 'href="https://news.example.com/tea/"' in content('[Tea]({{ "/tea/" | relative_url }})')
    assert 'href="https://news.example.com/tea/"' in content("[Tea]({{ site.baseurl }}/tea/)")


def test_a_template_in_code_stays() -> None:
    body = (
        "`{{ x }}`\n\n```liquid\n{% include x %}\n```\n\n"
        "{% highlight html %}\n{{ y }}\n{% endhighlight %}"
    )
    result = content(body)
    assert all(text in result for text in ("{{ x }}", "{% include x %}", "{{ y }}"))


def test_templates_are_removed_from_the_summary_field() -> None:
    assert summary("x", "description: 'Tea {{ page.x }} and {% y %} trade'") == "Tea and trade"


# Enclosures and images

ENCLOSURES = {
    "podcast: https://a.example/tea.mp3": ("https://a.example/tea.mp3", "audio/mpeg", 0),
    "podcast: /tea.ogg": ("https://news.example.com/tea.ogg", "audio/ogg", 0),
    "audio: //a.example/tea.m4a?x=1": ("https://a.example/tea.m4a?x=1", "audio/mp4", 0),
    "enclosure: {url: https://a.example/tea, type: Audio/MPEG, length: 1200}": (
        "https://a.example/tea",
        "audio/mpeg",
        1200,
    ),
    "enclosure: {url: https://a.example/tea, length: -1, type: x}": (
        "https://a.example/tea",
        "application/octet-stream",
        0,
    ),
    "enclosure: [{url: https://a.example/tea.pdf}]": (
        "https://a.example/tea.pdf",
        "application/pdf",
        0,
    ),
}


@pytest.mark.parametrize(("line", "enclosure"), ENCLOSURES.items())
def test_an_enclosure_has_a_type_and_a_length(line: str, enclosure: tuple[str, str, int]) -> None:
    assert entry(fields(line)).enclosure == Enclosure(*enclosure)
    valid(fields(f"date: 2026-11-01\n{line}"))


@pytest.mark.parametrize("value", ["javascript:x()", "data:audio/mpeg,x", "ftp://a.example/t.mp3"])
def test_an_enclosure_has_an_http_address_or_is_ignored(value: str) -> None:
    assert entry(fields(f"enclosure: '{value}'")).enclosure is None


IMAGES = {
    "image: /img/tea.png": "https://news.example.com/img/tea.png",
    "image: //img.example.com/tea.png": "https://img.example.com/tea.png",
    "image: {path: /img/tea.png, alt: Tea}": "https://news.example.com/img/tea.png",
    "featured-image: {src: tea.png}": "https://news.example.com/2026/11/18/tea.png",
    "images: [a.png, b.png]": "https://news.example.com/2026/11/18/a.png",
    "image:": "",
    "image: '{{ page.x }}'": "",
    "image: javascript:x()": "",
}


@pytest.mark.parametrize(("line", "image"), IMAGES.items())
def test_an_image_field_is_a_text_a_table_or_a_list(line: str, image: str) -> None:
    assert entry(fields(line)).image == image


# Fields that are not published


def test_front_matter_fields_that_feeds_do_not_use_are_never_published() -> None:
    private = (
        "date: 2026-11-01\nphone: 0042-secret\npassword: secret-1\nnotes: {a: secret-2}\n"
        "reviewers: [secret-3]\nauthor: {name: Lin, salary: secret-4}\n"
        "enclosure: {url: https://a.example/x.mp3, key: secret-5}"
    )
    for path, data in valid(fields(private)).items():
        assert b"secret" not in data, path


def test_a_hub_in_the_front_matter_is_ignored() -> None:
    lines = "date: 2026-11-01\nhub: https://evil.example/\nhubs: [https://evil.example/]\nself: https://evil.example/"
    assert not problems(fields(lines))
    for path, data in valid(fields(lines)).items():
        assert b"evil.example" not in data, path


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('`cargo` is [here](https://a.example/ "x")', "cargo is here"),
        ("**Now**: 2 * 3 ** 4 and snake_case_name", "Now: 2 * 3 ** 4 and snake_case_name"),
        ("[Draft] a ` b and f(x)[0](y", "[Draft] a ` b and f(x)[0](y"),
    ],
)
def test_a_title_loses_its_markdown(written: str, read: str) -> None:
    assert entry(f"---\ntitle: '{written}'\n---\nx").title == read


def test_authors_are_parsed_in_every_form() -> None:
    forms = {
        "author: Lin Mei": [("Lin Mei", "", "")],
        "author: Lin Mei <lin@example.com>": [("Lin Mei", "lin@example.com", "")],
        "author: Lin Mei (lin@example.com)": [("Lin Mei", "lin@example.com", "")],
        "authors: [Lin, Wu]": [("Lin", "", ""), ("Wu", "", "")],
        "author: {name: Lin, email: lin@example.com, url: https://lin.example/}": [
            ("Lin", "lin@example.com", "https://lin.example/")
        ],
        "author: {name: Lin, email: nonsense, url: 'javascript:x()'}": [("Lin", "", "")],
        "author_name: '<a href=x>Lin</a>'": [("Lin", "", "")],
        "author: ['', {name: ''}]": [],
        "author: 'Lin ([@lin](https://lin.example/@lin))'": [
            ("Lin (@lin)", "", "https://lin.example/@lin")
        ],
        "author: {name: '**Lin** [Mei](x)'}": [("Lin Mei", "", "")],
    }
    for line, people in forms.items():
        result = entry(fields(line), config=settings())
        assert [(person.name, person.email, person.uri) for person in result.authors] == people, (
            line
        )
        valid(fields(f"date: 2026-11-01\n{line}"))


# Content that is too long for a feed


@pytest.mark.parametrize(
    ("more", "feeds"),
    [
        ("categories: [a, b, c, d, e]", 6),
        ("categories: [a, b, c]\ntags: [a, b]", 4),
        ("category: a", 2),
    ],
)
def test_content_that_is_too_long_for_all_its_feeds_is_left_out(more: str, feeds: int) -> None:
    body = "春茶已到。\n\n" * 10
    long = {KEY: fields(f"date: 2026-11-18\n{more}", body=body).encode()}
    size = 229 * feeds
    for limit, is_left_out in ((size - 1, True), (size, False)):
        documents = built(long, settings(more=f"[limits]\ncopied_bytes = {limit}\n"))
        item = json.loads(documents["feed.json"].data)["items"][0]
        assert ("content_html" not in item) == is_left_out
        assert item["summary"].startswith("春茶已到。 春茶已到。")
        assert bool(documents.problems) == is_left_out
    documents = built(long, settings(more=f"[limits]\ncopied_bytes = {size - 1}\n"))
    (problem,) = documents.problems
    assert f"229 bytes of HTML, {size:,} in its {feeds} feeds together" in problem.what
    assert "copied_bytes" in problem.todo


def test_content_over_entry_bytes_is_left_out_and_the_summary_stays() -> None:
    body = "春茶已到。\n\n" * 10
    long = {KEY: fields("date: 2026-11-18", body=body).encode()}
    bounded = settings(more="[limits]\nentry_bytes = 100\n")
    documents = built(long, bounded)
    item = json.loads(documents["feed.json"].data)["items"][0]
    assert "content_html" not in item
    assert item["summary"].startswith("春茶已到。 春茶已到。")
    for path in ("atom.xml", "rss.xml", "feed.json"):
        assert_valid_document(path, documents[path].data, f"https://feeds.example.com/{path}")
    (problem,) = documents.problems
    assert (problem.severity, problem.line) == ("warning", 5)
    assert problem.what.startswith("the content has 229 bytes of HTML")
    assert "entry_bytes" in problem.todo
    assert not built(long, settings()).problems
