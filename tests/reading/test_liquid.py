"""The Liquid of posts is rendered as the real Jekyll renders it; what is not known is named."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from support.real_generators import eleventy_liquid, jekyll_liquid, write_site

from feeds.config import Config
from feeds.config_file.parse import parse_config
from feeds.errors import ConfigError
from feeds.reading.entry import fill_entry
from feeds.reading.liquid.render import rendered
from feeds.reading.liquid.site_files import read_site_files, site_file_paths
from feeds.reading.liquid.state import LiquidProblem, has_liquid
from feeds.reading.post import read_post

NOW = datetime(2026, 11, 30, tzinfo=UTC)
TOML = """
[site]
title = "A site"
url = "https://a.example/base/"
description = "About"
[posts]
folder = "."
generator = "jekyll"
[content]
data = "_data"
includes = "_includes"
[content.site]
repository = "a/b"
numbers = [3, 1, 2]
"""
CONFIG = """
excerpt_separator: ""
title: A site
url: https://a.example
baseurl: /base
description: About
timezone: UTC
repository: a/b
numbers: [3, 1, 2]
"""
FRONT = """---
title: "A <b>title</b> & more"
number: 3
price: 2.5
flag: true
unset: false
words: [pear, apple, fig, apple]
mixed: [3, 1, 2, 10]
person: {name: Ann, age: 40}
people:
  - {name: Ann, age: 40, team: red, likes: [tea, milk]}
  - {name: Bo, age: 9, team: blue}
  - {name: Cy, team: red, likes: [tea]}
event: 2026-03-04
categories: [tea, green tea]
tags: [x, y]
date: 2026-01-02 15:04:05 +0000
html: "<p>One <em>two</em></p><script>x</script>three"
text: "  The quick  brown fox's \\"jump\\"  "
cjk: 你好hello世界안녕하세요 world
path_: /a b/ü?x=1&y=[2]
empty: ""
nothing:
---
"""
SITE = {
    "_config.yml": CONFIG,
    "_data/releases.yml": "- {version: '3.2', date: 2026-01-02, size: 10}\n"
    "- {version: '3.10', date: 2026-02-03, size: 9.5}\n",
    "_data/team.json": '{"lead": {"name": "Ann"}, "all": ["Ann", "Bo"]}',
    "_data/table.csv": "name,size\nred,3\nblue,12\n",
    "_data/tabs.tsv": "name\tsize\nred\t3\n",
    "_data/members/ann.yml": "{role: lead}\n",
    "_data/members/bo.json": '{"role": "editor"}',
    "_data/two words.yml": "[1, 2]\n",
    "_data/v1.2.yml": "a: 12\n",
    "_data/deep/inner.yaml": "a: {b: [1, 2]}\n",
    "_includes/note.html": "<b>{{ include.text | upcase }}</b>{{ include.none }}",
    "_includes/outer.html": "({% include note.html text=include.text %})",
    "_includes/sets.html": "{% assign made = include.a | plus: 1 %}",
    "_includes/sub/plain.md": "plain {{ page.number }}\n",
}


def config(folder: Path, toml: str = TOML) -> Config:
    return read_site_files(parse_config(toml), folder)


def text_of(
    body: str, config: Config, front: str = FRONT, key: str = "_posts/2026-01-02-post.md"
) -> tuple[str, tuple[LiquidProblem, ...]]:
    post = read_post(key, (front + body).encode(), NOW, config).post
    assert post is not None
    return rendered(post, config) if has_liquid(post.body, config) else (post.body, ())


def squeezed(text: str) -> str:
    """A text without spaces: blocks with nothing else in them may leave one, or none."""
    return "".join(text.split())


def compare(folder: Path, bodies: list[str]) -> None:
    posts = {f"_posts/2026-01-02-n{at}.md": FRONT + body for at, body in enumerate(bodies)}
    write_site(folder, {**SITE, **posts})
    said, ours = jekyll_liquid(folder), config(folder)
    wrong = []
    for (key, _), body in zip(posts.items(), bodies, strict=True):
        text, problems = text_of(body, ours, key=key)
        if said[key].split() != text.split() or problems:
            wrong.append(f"{body}\n   jekyll {said[key]!r}\n   here   {text!r} {problems}")
    assert not wrong, "\n".join(wrong)


VALUES = [
    "page.title",
    "page.number",
    "page.price",
    "page.flag",
    "page.unset",
    "page.words",
    "page.mixed",
    "page.person.name",
    "page.people[0].name",
    'page.people[1]["age"]',
    "page.people.first.team",
    "page.people.last.name",
    "page.words.size",
    "page.categories",
    "page.tags",
    "page.date",
    "page.event",
    "page.url",
    "page.id",
    "page.path",
    "page.slug",
    "page.collection",
    "page.draft",
    "page.nope",
    "page.nope.deeper",
    "page.empty",
    "page.nothing",
    "page.person",
    "page.ext",
    "nope",
    "nope.more",
    'page["title"]',
    "page.words[-1]",
    "page.words[9]",
    "page.title.size",
    "site.title",
    "site.url",
    "site.baseurl",
    "site.description",
    "site.repository",
    "site.numbers",
    "site.numbers.first",
    "site.data.releases[1].version",
    "site.data.releases.size",
    "site.data.team.lead.name",
    "site.data.team.all",
    "site.data.table[0].size",
    "site.data.tabs[0].name",
    "site.data.deep.inner.a.b",
    "site.data.two_words",
    "site.data.v12.a",
    "site.data.members.ann.role",
    "site.data.members.size",
    "site.data.nope",
    "site.data.releases[0].date",
    "site.data.releases[1].size",
    "jekyll.environment",
    "true",
    "false",
    "nil",
    "empty",
    "'text'",
    '"text"',
    "12",
    "-3",
    "2.50",
    "(1..3)",
    "'it\"s'",
]
FILTERS = """
'/a' | relative_url
'a/b.png' | relative_url
'' | relative_url
'https://b.example/x' | relative_url
'/a b/ü' | relative_url
'/a' | absolute_url
'' | absolute_url
'#x' | absolute_url
page.nope | absolute_url
'/a/index.html' | strip_index
page.date | date_to_xmlschema
page.date | date_to_rfc822
page.date | date_to_string
page.date | date_to_string: "ordinal"
page.date | date_to_string: "ordinal", "US"
page.date | date_to_long_string
page.date | date_to_long_string: "ordinal"
page.nope | date_to_string
page.event | date_to_string
'2026-03-11' | date_to_long_string: "ordinal", "US"
'2026-03-22T10:00:00Z' | date_to_xmlschema
page.date | date: "%a %A %b %B %c %d %D %e %F %g %G %h %H %I %j %k %l %L %m %M %n"
page.date | date: "%p %P %r %R %s %S %t %T %u %U %V %w %W %x %X %y %Y %z %:z %Z %% %v %C"
page.date | date: "%-d %-m %-H %-I %-j %_d %_m %03d %^a %^B %#p %10Y %-y %q"
page.event | date: "%d/%m/%Y"
'March 14, 2026' | date: "%b %d, %y"
1152098955 | date: "%m/%d/%Y"
'1152098955' | date: "%Y"
'words' | date: "%Y"
page.date | date: ""
page.people | where: "team", "red" | map: "name" | join: ", "
page.people | where: "likes", "tea" | map: "name"
page.people | where: "age", 40 | size
page.people | where: "age", nil | map: "name"
page.people | where: "team", page.nope | size
page.people | where_exp: "item", "item.age > 10" | map: "name"
page.people | where_exp: "item", "item.likes contains 'tea'" | map: "name"
page.people | where_exp: "i", "i.age == 9 or i.team == 'red'" | map: "name"
page.people | find: "team", "red" | jsonify
page.people | find_exp: "p", "p.age < 10" | jsonify
page.people | group_by: "team" | map: "name" | join
page.people | group_by: "team" | jsonify
page.people | group_by_exp: "p", "p.name | size" | map: "name" | join: "/"
page.people | sort: "age" | map: "name"
page.people | sort: "age", "last" | map: "name"
page.people | sort: "name" | map: "name" | last
page.words | sort
page.mixed | sort
page.mixed | sort | reverse | join: ">"
page.title | xml_escape
page.title | cgi_escape
page.path_ | cgi_escape
page.path_ | uri_escape
'foo, bar \\baz?' | uri_escape
'%20 %' | uri_escape
page.text | number_of_words
page.cjk | number_of_words
page.cjk | number_of_words: "cjk"
page.cjk | number_of_words: "auto"
page.text | number_of_words: "auto"
page.words | array_to_sentence_string
page.words | array_to_sentence_string: "or"
page.tags | array_to_sentence_string
page.title | slugify
'The _config.yml file' | slugify
'The _config.yml file' | slugify: "pretty"
'The _cönfig.yml file' | slugify: "ascii"
'The _config.yml file' | slugify: "none"
'The _config.yml file' | slugify: "raw"
page.nope | slugify
page.person | jsonify
page.words | jsonify
page.title | jsonify
page.nope | jsonify
page.date | jsonify
page.text | normalize_whitespace
page.words | push: "kiwi" | join
page.words | unshift: "kiwi" | join
page.words | pop | join
page.words | pop: 2 | join
page.words | shift | join
page.words | shift: 2 | join
page.title | push: "x"
page.words | inspect
page.person | inspect
page.title | inspect
page.nope | inspect
"3.9" | to_integer
"abc" | to_integer
true | to_integer
page.price | to_integer
page.text | smartify
'"a" -- b --- c...' | smartify
page.number | plus: 1
page.number | plus: 1.5
page.number | minus: "2"
page.price | times: 2
page.number | divided_by: 2
page.number | divided_by: 2.0
page.number | modulo: 2
"7" | divided_by: 2
-5 | abs
page.price | ceil
page.price | floor
page.price | round
3.14159 | round: 2
page.number | at_least: 5
page.number | at_most: 2
page.title | append: "!" | prepend: "?"
page.title | append: page.nope
page.title | capitalize
'hELLO wORLD' | capitalize
page.title | upcase
page.title | downcase
page.title | escape
'&amp; & <' | escape_once
page.title | size
page.words | size
page.person | size
page.text | strip
page.text | lstrip
page.text | rstrip
page.html | strip_html
'a <!-- x --> b <style>s</style> <br/> c < d' | strip_html
'a b c' | newline_to_br
page.title | remove: "b"
page.title | remove_first: "b"
page.title | replace: "b", "c"
page.title | replace_first: "b", "c"
page.title | slice: 2
page.title | slice: 2, 5
page.title | slice: -4, 2
page.words | slice: 1, 2
page.title | split: " " | join: "-"
'a,b,,' | split: "," | jsonify
'abc' | split: "" | join: "."
page.title | truncate: 10
page.title | truncate: 10, ""
page.title | truncate: 100
page.text | truncatewords: 2
page.text | truncatewords: 2, "--"
page.title | url_encode
'a+b%20c' | url_decode
page.words | uniq | join
page.words | first
page.words | last
page.words | reverse | join
page.words | concat: page.tags | join
page.words | join
page.title | join: "-"
page.people | map: "age" | compact | join
page.people | map: "likes" | jsonify
page.words | sort_natural | join
page.nope | default: "x"
page.empty | default: "x"
page.unset | default: "x"
page.number | default: "x"
page.title | markdownify | strip_html | strip
page.nope | upcase
page.words | upcase
page.nope | size
page.nope | join: ","
page.nope | first
page.nope | where: "a", "b"
page.nope | split: ","
page.nope | date: "%Y"
page.nope | times: 2
page.nope | append: "x"
page.nope | strip_html
page.nope | escape
page.nope | truncate: 5
page.nope | relative_url
page.number | append: ".html"
page.flag | append: "!"
page.date | append: ""
page.words | append: "!"
""".strip().split("\n")  # fmt: skip
TAGS = [
    "{% if page.flag and page.number > 2 %}yes{% elsif page.unset %}no{% else %}else{% endif %}",
    "{% if page.nope == nil %}nil{% endif %}{% if page.nothing %}e{% endif %}",
    "{% if page.words contains 'fig' %}fig{% endif %}{% if page.title contains 'x' %}x{% endif %}",
    "{% if page.unset == false %}f{% endif %}{% if page.number %}truthy{% endif %}",
    "{% if page.words.size >= 4 or page.nope %}many{% endif %}"
    "{% if page.nope == empty %}E{% endif %}",
    "{% unless page.unset %}not off{% else %}off{% endunless %}",
    "{% case page.number %}{% when 1, 2 %}few{% when 3 or 4 %}some{% else %}many{% endcase %}",
    "{% for w in page.words %}{{ forloop.index }}/{{ forloop.length }}{{ w }}"
    "{% if forloop.last %}.{% endif %}{% endfor %}",
    "{% for w in page.words reversed limit:2 offset:1 %}{{ w }} {% endfor %}",
    "{% for i in (1..page.number) %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}",
    "{% for i in (1..9) %}{% if i > 4 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{% for p in page.person %}{{ p[0] }}={{ p[1] }};{% endfor %}",
    "{% for x in page.nope %}x{% else %}none{% endfor %}",
    "{% for a in page.tags %}{% for b in page.words %}{{ forloop.parentloop.index }}{{ b }}"
    "{% endfor %}{% endfor %}",
    "{% for r in site.data.releases %}{{ r.version }} of "
    "{{ r.date | date: '%d.%m.%Y' }}; {% endfor %}",
    "{% assign r = site.data.releases | where: 'version', '3.2' | first %}Ruby {{ r.version }}.",
    "{% for m in site.data.members %}{{ m[0] }}: {{ m[1].role }}, {% endfor %}",
    "{% assign x = 'a,b' | split: ',' %}{{ x[1] }}{% assign x = x | push: 'c' %}{{ x | join }}",
    "{% capture c %}<{{ page.number }}>{% endcapture %}{{ c | escape }}",
    "{% cycle 'a', 'b' %}{% cycle 'a', 'b' %}{% cycle 'a', 'b' %}",
    "{% increment n %}{% increment n %}{% decrement m %}",
    "{% tablerow w in page.tags cols:2 %}{{ w }}{% endtablerow %}",
    "a {%- if true -%} b {%- endif -%} c {{- page.number -}} d",
    "{% comment %} {{ page.number }} {% if x %} {% endif %}{% endcomment %}after",
    "{% raw %}{{ page.number }} {% if %}{% endraw %}",
    "x {%- raw %} {{ x }} {% endraw -%} y",
    "`{{ page.number }}` and\n\n    {{ page.number }}\n\n```\n{{ page.number }}\n```\n",
    "{% include note.html text='hi' %}",
    '{% include note.html text=page.words.first x="{a}" %}',
    "{% include outer.html text='in' %}",
    "{% include sub/plain.md %}",
    "{% include sets.html a=4 %}{{ made }}",
    "{% include {{ page.nope }}note.html text='v' %}",
    "{% assign a = 1 %}{{ a }}",
    "{% # a comment %}x{% liquid assign y = 2 \n echo y %}",
    "{% ifchanged %}a{% endifchanged %}",
    "text without Liquid",
    "{{ page.title | upcase | append: ' ' | append: page.words[0] | strip }}",
    "{{ }}x{{}}",
]


@pytest.mark.slow
def test_values_are_those_of_jekyll(tmp_path: Path) -> None:
    compare(tmp_path, [f"[{{{{ {value} }}}}]" for value in VALUES])


@pytest.mark.slow
def test_filters_are_those_of_jekyll(tmp_path: Path) -> None:
    compare(tmp_path, [f"[{{{{ {value} }}}}]" for value in FILTERS])


@pytest.mark.slow
def test_tags_are_those_of_jekyll(tmp_path: Path) -> None:
    compare(tmp_path, TAGS)


_NAMES = st.sampled_from((
    "page.title", "page.number", "page.price", "page.words", "page.nope", "page.person.name",
    "page.text", "page.cjk", "page.tags", "'a,b c'", "page.people", "12", "x", "loop",
))  # fmt: skip
_STEPS = st.sampled_from((
    " | upcase", " | downcase", " | append: page.number", " | prepend: '>'", " | size",
    " | first", " | last", " | join: '+'", " | reverse", " | split: ' '", " | strip",
    " | escape", " | truncate: 9", " | truncatewords: 2", " | remove: 'a'", " | default: 'd'",
    " | uniq", " | slugify", " | xml_escape", " | jsonify", " | sort", " | push: 'z'",
    " | to_integer", " | plus: 2", " | replace: 'e', 'E'", " | cgi_escape",
    " | number_of_words", " | inspect",
))  # fmt: skip
_VALUES = st.builds(lambda name, steps: name + "".join(steps), _NAMES, st.lists(_STEPS, max_size=3))
_CONDITIONS = st.builds(
    lambda left, sign, right: f"{left} {sign} {right}",
    st.sampled_from(["page.number", "page.title", "page.nope", "page.price", "page.words.size"]),
    st.sampled_from(["==", "!=", "and", "or"]),
    st.sampled_from(["3", "nil", "page.number", "'A'", "page.nope", "true"]),
)
_TEXTS = st.recursive(
    st.one_of(
        _VALUES.map("{{{{ {} }}}}".format),
        _VALUES.map("{{{{- {} -}}}} ".format),
        st.sampled_from(["text ", "\n", "{% raw %}{{ x }}{% endraw %}", "{% comment %}{% x %}"
                         "{% endcomment %}", "{% break %}", "{% continue %}"]),
        _VALUES.map("{{% assign x = {} %}}".format),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map("".join),
        st.builds("{{% if {} %}}{}{{% else %}}{}{{% endif %}}".format, _CONDITIONS, inner, inner),
        st.builds("{{%- unless {} -%}}{}{{%- endunless %}}".format, _CONDITIONS, inner),
        st.builds("{{% for loop in {} %}}{}{{% endfor %}}".format, st.sampled_from(
            ["page.words", "page.nope", "(1..3)", "page.people limit:2", "page.tags reversed"]
        ), inner),
        inner.map("{{% capture x %}}{}{{% endcapture %}}({{{{ x }}}})".format),
    ),
    max_leaves=6,
)  # fmt: skip


# The same posts each time: the program decides whether the test passes, and not chance.
@pytest.mark.slow
@settings(max_examples=3, deadline=None, phases=[Phase.generate], derandomize=True)
@given(st.lists(_TEXTS, min_size=60, max_size=90))
def test_generated_posts(tmp_path_factory: pytest.TempPathFactory, bodies: list[str]) -> None:
    """Where Jekyll gives a text, it is the same here; a post that fails in Jekyll has no page."""
    folder = tmp_path_factory.mktemp("site")
    posts = {f"_posts/2026-01-02-n{at}.md": FRONT + body for at, body in enumerate(bodies)}
    write_site(folder, {**SITE, **posts})
    said, ours = jekyll_liquid(folder), config(folder)
    wrong = []
    for (key, _), body in zip(posts.items(), bodies, strict=True):
        text, _ = text_of(body, ours, key=key)
        if "error" not in said[key].lower() and squeezed(said[key]) != squeezed(text):
            wrong.append(f"{body!r}\n   jekyll {said[key]!r}\n   here   {text!r}")
    assert not wrong, "\n".join(wrong)


# Eleventy

ELEVENTY = [
    "{{ title }} {{ number | plus: 1 }} {{ person.name }} {{ words | join: ',' }} {{ words[1] }}",
    "{{ page.url }} {{ page.fileSlug }} {{ page.inputPath }}",
    "{{ page.date | date: '%Y-%m-%d' }} {{ '2026-03-04' | date: '%d %b %Y' }}",
    "{{ '/a/' | url }} {{ 'a/' | url }} {{ 'https://b.example/' | url }}",
    "{{ 'Hello, World' | slug }} {{ 'Über uns & mehr' | slugify }}",
    "{{ title | upcase | escape }} {{ html | strip_html }} {{ words | first }} {{ words | size }}",
    "{{ words | sort | reverse | join }} {{ words | uniq | join: '-' }} {{ text | strip }}",
    "{{ people | where: 'team', 'red' | map: 'name' | join: '+' }}",
    "{% if flag %}yes{% else %}no{% endif %} {% unless unset %}u{% endunless %}",
    "{% for p in people %}{{ forloop.index }}{{ p.name }}{% unless forloop.last %},{% endunless %}"
    "{% endfor %}",
    "{% for w in words limit: 2 %}{{ w }} {% endfor %}{% for i in (1..3) %}{{ i }}{% endfor %}",
    "{% assign x = number | times: 2 %}{{ x }}{% capture y %}[{{ x }}]{% endcapture %}{{ y }}",
    "{% case number %}{% when 3 %}three{% else %}other{% endcase %}{% comment %}no{% endcomment %}",
    "{% raw %}{{ title }}{% endraw %} {%- if true -%} tight {%- endif -%} .",
    "{% render 'card', text: 'r' %} {% render 'card.liquid', text: person.name %}",
    "{% include 'card.liquid', text: number %} {% include 'card' %}",
    "{{ team.lead.name }} {{ releases[0].size }} {{ releases | size }}",
    "{% cycle 'a', 'b' %}{% cycle 'a', 'b' %} {{ number | default: 4 }}",
    "{{ person | json }}",
]


@pytest.mark.slow
def test_eleventy_renders_the_same(tmp_path: Path) -> None:
    files = {
        "_includes/card.liquid": "<b>{{ text }}</b>",
        "_data/team.json": '{"lead": {"name": "Ann"}}',
        "_data/releases.json": '[{"size": 10}]',
    }
    front = FRONT.replace("date: 2026-01-02 15:04:05 +0000", "date: 2026-01-02T15:04:05Z")
    posts = {f"posts/2026-01-02-n{at}.html": front + body for at, body in enumerate(ELEVENTY)}
    write_site(tmp_path, {**files, **posts})
    said = eleventy_liquid(tmp_path)
    ours = plain_config("[content]\ndata = '_data'\nincludes = '_includes'\n", "eleventy")
    ours = read_site_files(
        replace(ours, site=replace(ours.site, url="https://a.example/")), tmp_path
    )
    wrong = []
    for (key, _), body in zip(posts.items(), ELEVENTY, strict=True):
        text, problems = text_of(body, ours, front, key)
        if said[key].split() != text.split() or problems:
            wrong.append(f"{body}\n   eleventy {said[key]!r}\n   here     {text!r} {problems}")
    assert not wrong, "\n".join(wrong)


# What is not known


def plain_config(more: str = "", generator: str = "jekyll") -> Config:
    return parse_config(
        '[site]\ntitle = "A"\nurl = "https://a.example/base/"\n[posts]\nfolder = "."\n'
        f'generator = "{generator}"\n{more}'
    )


def entry_text(body: str, config: Config, key: str = "_posts/2026-01-02-post.md") -> str:
    entry, _ = fill_entry(read_post(key, (FRONT + body).encode(), NOW, config), config)
    assert entry is not None
    return entry.content


@pytest.mark.parametrize(
    ("body", "content"),
    [
        ("Ruby {{ site.data.r.version }} is out.", "<p>Ruby {{ site.data.r.version }} is out.</p>"),
        ("{{ site.x | upcase }}", "<p>{{ site.x }}</p>"),
        (
            "{% assign r = site.data.r | where: 'v', 1 | first %}Ruby {{ r.version }}.",
            "<p>Ruby {{ r.version }}.</p>",
        ),
        ("[the file]({{ site.files }}/a.zip) is there", "<p><a>the file</a> is there</p>"),
        ('<a href="https://b.example/{{ site.v }}.zip">zip</a>', "<p><a>zip</a></p>"),
        ("`{{ site.v }}`", "<p><code>{{ site.v }}</code></p>"),
        ("{{ 'x' | append: site.v }}", "<p>{{ site.v }}</p>"),
        ("{{ .Values.image }}", "<p>{{ .Values.image }}</p>"),
        ("{% if site.v %}a{% else %}b{% endif %}", "<p>b</p>"),
        ("{{ site.v | default: 'b' }}", "<p>b</p>"),
        ("today is {{ 'now' | date: '%Y' }}", "<p>today is {{ now }}</p>"),
        ("{{ page.next.title }}", "<p>{{ page.next.title }}</p>"),
    ],
)
def test_value_that_nobody_knows_is_named(body: str, content: str) -> None:
    assert entry_text(body, plain_config()) == content


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ("{{ site.v }} {{ site.v }} {{ site.w.x }}", [("value", "site.v"), ("value", "site.w")]),
        (
            "{% include a.html %}{% include ../b.html %}",
            [("include", "a.html"), ("include", "../b.html")],
        ),
        ("{% youtube x %}{% box %}in{% endbox %}", [("tag", "youtube"), ("tag", "box")]),
        ("{{ 'a' | emojify }}", [("filter", "emojify")]),
        ("{% if a %}", [("syntax", "expected tag 'endif', found end of file")]),
        ("{{ page.nope }}{{ nope }}{% comment %}{{ site.v }}{% endcomment %}", []),
    ],
)  # fmt: skip
def test_problems_are_named_once(body: str, problems: list[tuple[str, str]]) -> None:
    found = [tuple(problem) for problem in text_of(body, plain_config())[1]]
    if problems and problems[0][0] == "syntax":
        assert [kind for kind, _ in found] == ["syntax"]
    else:
        assert found == problems


def test_unknown_block_keeps_its_text_and_an_unknown_include_its_picture() -> None:
    body = (
        "{% box red %}The *text*{% endbox %} {% include figure.html src='/a.png' alt='A \"b\"' %}"
    )
    assert entry_text(body, plain_config()) == (
        '<p>The <em>text</em> <img src="https://a.example/a.png" alt="A &quot;b&quot;"></p>'
    )


def test_picture_of_an_unknown_tag_is_shown_with_its_words() -> None:
    body = (
        "{% image_with_class 'assets/a b.png' \"assets/form.png\" 'shadow' \"An 'example' form\" %}"
    )
    assert entry_text(body, plain_config()) == (
        '<p><img src="https://a.example/base/assets/form.png" alt="An \'example\' form"></p>'
    )


@pytest.mark.parametrize("broken", ["{% if page.number %}", "{{ a", "{% raw %}", "{% comment %}"])
def test_post_with_a_mistake_is_shown_without_its_tags(broken: str) -> None:
    body = "One {{ page.title | upcase }} {% x %}two.\n" + broken
    assert [problem.kind for problem in text_of(body, plain_config())[1]] == ["syntax"]
    content = entry_text(body, plain_config())
    assert "One {{ page.title }} two." in content


@pytest.mark.parametrize("end", ["", "{% endcomment %}"])
def test_comment_in_a_post_with_a_mistake_stays_hidden(end: str) -> None:
    body = "One {% comment %} secret {{ x }} " + end + "{% if page.number %}"
    assert entry_text(body, plain_config()) == "<p>One</p>"


def test_raw_is_how_authors_keep_marks_in_code() -> None:
    body = "```\n{% raw %}{{ a }}{% endraw %}\n```\n\n`{% raw %}{% x %}{% endraw %}`"
    assert entry_text(body, plain_config()) == (
        "<pre><code>{{ a }}\n</code></pre>\n<p><code>{% x %}</code></p>"
    )


def test_highlight_is_a_block_of_code_in_a_list_in_text_and_in_html() -> None:
    code = (
        "{% highlight ruby linenos %}\na ``` *b*\n{% raw %}{{ c }}{% endraw %}\n{% endhighlight %}"
    )
    expected = "<pre><code>a ``` *b*\n{{ c }}\n</code></pre>"
    assert entry_text(f"Text\n{code}\nmore", plain_config()) == (
        f"<p>Text</p>\n{expected}\n<p>more</p>"
    )
    in_list = code.replace("\n", "\n  ")
    assert expected in entry_text(f"- item\n\n  {in_list}\n\n  more", plain_config())
    key = "_posts/2026-01-02-post.html"
    assert "a ``` *b*\n{{ c }}" in entry_text(f"<p>x</p>{code}", plain_config(), key)


def test_links_to_posts_lead_to_their_pages() -> None:
    body = "[a]({% post_url 2026-01-02-post %}) "
    body += "[b]({{ site.baseurl }}{% link _posts/2026-01-02-post.md %}#x)"
    page = "https://a.example/base/tea/green%20tea/2026/01/02/post.html"
    assert (
        entry_text(body, plain_config())
        == f'<p><a href="{page}">a</a> <a href="{page}#x">b</a></p>'
    )


def test_marker_in_an_include_locks_the_text_below_it() -> None:
    ours = plain_config('[content]\nincludes = "i"\n')
    ours = replace(ours, includes={"members.html": "<!--members-only-->"})
    assert entry_text("For all.\n\n{% include members.html %}\n\nFor members.", ours) == (
        "<p>For all.</p>"
    )


def test_posts_of_other_generators_are_not_rendered() -> None:
    for generator in ("hugo", "zola", "pelican", "astro", "docusaurus", ""):
        assert not has_liquid("{{ page.title }}", plain_config(generator=generator))


def test_python_liquid_is_not_imported_for_posts_without_liquid() -> None:
    program = (
        "import sys; from datetime import datetime, UTC\n"
        "from feeds.config_file.parse import parse_config\n"
        "from feeds.reading.post import read_post; from feeds.reading.entry import fill_entry\n"
        'text = \'[site]\\ntitle="A"\\nurl="https://a.example/"\\n[posts]\\ngenerator="jekyll"\'\n'
        "config = parse_config(text); post = b'---\\ntitle: A\\n---\\nText.'\n"
        "result = read_post('_posts/2026-01-02-a.md', post, datetime.now(UTC), config)\n"
        "assert fill_entry(result, config)[0]; sys.exit('liquid' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_eleventy_has_the_front_matter_at_the_top() -> None:
    config = plain_config('[content]\nincludes = "_includes"\n', "eleventy")
    config = replace(config, includes={"card.liquid": "<b>{{ text }}</b>{{ title }}"})
    body = "{{ title | size }} {{ words | join }} {{ '/a' | url }} {% render 'card', text: 'r' %} "
    body += (
        "{% include 'card.liquid', text: person.name %} {{ page.fileSlug }} {{ metadata.title }}"
    )
    text, problems = text_of(body, config, key="posts/2026-01-02-post.md")
    assert text.startswith("21 pear apple fig apple /base/a <b>r</b>")
    assert "<b>Ann</b>A <b>title</b> & more post x-post/value/metadata.title/" in text
    assert ("value", "metadata") in problems


# Site files


def test_site_files_are_read_from_their_folders_only(tmp_path: Path) -> None:
    write_site(tmp_path, {**SITE, "secret.yml": "a: 1"})
    (tmp_path / "_data" / "out.yml").symlink_to(tmp_path / "secret.yml")
    read = config(tmp_path)
    assert "releases.yml" in read.data and "out.yml" not in read.data
    assert read.includes["sub/plain.md"] == "plain {{ page.number }}\n"
    paths = site_file_paths(read, tmp_path)
    assert len(paths) == len(read.data) + len(read.includes)


def test_folder_that_is_not_there_is_a_problem_of_feeds_toml(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"content.data: .*there is no such folder"):
        config(tmp_path)


def test_data_file_with_a_mistake_is_named(tmp_path: Path) -> None:
    write_site(tmp_path, {**SITE, "_data/bad.yml": "a: [", "_data/bomb.yml": BOMB})
    for name in ("bad", "bomb"):
        _, problems = text_of(f"{{{{ site.data.{name}.a }}}}!", config(tmp_path))
        assert ("data", f"{name}.yml") in problems


BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]\n" for at in range(1, 12)
)


# Hostile templates: each within the limits

LETTERS = "x" * 190_000
HOSTILE = {
    "range": "{% for i in (1..100000000) %}{{ i }}{% endfor %}",
    "range in a filter": "{% assign x = (1..100000000) | join %}{{ x }}",
    "nested loops": "{% for a in (1..1000) %}{% for b in (1..1000) %}"
    "{{ b }}{% endfor %}{% endfor %}",
    "many loops": "{% for a in (1..1000) %}x{% endfor %}" * 5_000,
    "long loop": "{% for i in (1..100) %}" + "{{ i }}" * 28_000 + "{% endfor %}",
    "doubling text": "{% assign s = 'x' %}" + "{% assign s = s | append: s %}" * 6_000,
    "doubling capture": "{% assign s = 'x' %}"
    + "{% capture s %}{{s}}{{s}}{% endcapture %}" * 5_000,
    "doubling list": "{% assign s = 'a,b' | split: ',' %}"
    + "{% assign s = s | concat: s %}" * 6_000,
    "lists in lists": "{% assign s = 'a,b' | split: ',' %}{% assign t = 'a,b' | split: ',' %}"
    + "{% assign s = s | push: s %}{% assign t = t | push: t %}{% if s == t %}{% endif %}" * 2_500,
    "large number": "{% assign n = 9 %}" + "{% assign n = n | times: n %}" * 6_000,
    "digits": "{{ '" + "9" * 190_000 + "' | plus: 1 }}",
    "many digits after the point": "{{ 3.7 | round: 999999999 }}{{ 3 | round: -999999999 }}",
    "deep tags": "{% if true %}" * 7_500 + "{% endif %}" * 7_500,
    "many values": "{{a}}" * 40_000,
    "unclosed values": "{{" * 100_000,
    "unclosed tags": "{% if " * 33_000,
    "unclosed raw": "{% raw %}" * 22_000,
    "unclosed comment": "{% comment " * 18_000,
    "starts of endraw": "{% raw %}" + "{% endraw " * 20_000,
    "spaces in a tag": "{%" + " " * 190_000 + "%}",
    "parentheses": "{{ " + "(" * 190_000 + " }}",
    "brackets": "{{ " + "a[" * 95_000 + " }}",
    "quoted brackets": "{{ a" + '["a" ' * 38_000 + " }}",
    "many filters": "{{ a " + "| upcase " * 22_000 + " }}",
    "many conditions": "{% if a " + "and a " * 33_000 + " %}{% endif %}",
    "many branches": "{% if a %}" + "{% elsif a %}" * 15_000 + "{% endif %}",
    "hyphens in parameters": ("{% foo " + "a-" * 2_400 + " %}") * 40,
    "quotes in parameters": ("{% include x.html " + 'a="' * 1_600 + " %}") * 40,
    "replacement": "{% assign s = '" + "a" * 100_000 + "' %}{{ s | replace: 'a', s }}",
    "join": "{% assign s = '" + "a" * 100_000 + "' %}"
    "{% assign l = s | split: '' %}{{ l | join: s }}",
    "search": "{% assign s = '" + "ab" * 80_000 + "' %}{% assign t = '" + "ab" * 9_000 + "b' %}"
    "{% for i in (1..100000) %}{% if s contains t %}{% endif %}{% endfor %}",
    "starts of tags": "{% assign s = '" + "<script " * 24_000 + "' %}{{ s | strip_html }}",
    "starts of comments": "{% assign s = '" + "<!--" * 47_000 + "' %}{{ s | strip_html }}",
    "slugs": "{% assign s = '" + "a-" * 95_000 + "' %}" + "{{ s | slugify }}" * 100,
    "Markdown": "{% assign s = '" + "*a " * 60_000 + "' %}" + "{{ s | markdownify | size }}" * 100,
    "conditions in filters": "{% assign l = 'a,b' | split: '' %}"
    + "{{ l | where_exp: 'i', 'i == i' | size }}" * 4_500,
    "dates": "{{ '2026-01-02' | date: '%A %B' }}" * 5_500,
    "wide dates": "{{ '2026-01-02' | date: '" + "%99B" * 45_000 + "' }}",
    "copies": "{% assign s = '" + LETTERS + "' %}" + "{{ s }}" * 1_000,
    "sorting": "{% assign s = '" + "7,3," * 45_000 + "' | split: ',' %}"
    + "{{ s | sort | first }}" * 500,
    "unknown tags": "{% foo %}" * 22_000,
    "unknown values": "".join(f"{{{{ site.a{at} }}}}" for at in range(13_000)),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_liquid_stays_within_the_limits(name: str) -> None:
    ours, start = plain_config(), time.process_time()
    text, _ = text_of(HOSTILE[name], ours)
    assert time.process_time() - start < 5  # 1 s on the machine that the limits were chosen on
    assert len(text) <= ours.limits.content_bytes


def test_include_that_includes_itself_ends() -> None:
    ours = plain_config('[content]\nincludes = "i"\n')
    for times in (1, 2, 50):
        includes = {"a.html": "x{% include a.html %}" * times}
        text, problems = text_of("{% include a.html %}", replace(ours, includes=includes))
        assert [problem.kind for problem in problems] == ["limit"] and text == ""


def test_a_post_without_render_with_liquid_shows_its_tags() -> None:
    config = plain_config()
    post = b"---\ntitle: Tea\nrender_with_liquid: false\n---\n{{ page.title }} {% raw %}"
    read = read_post("_posts/2026-01-02-a.md", post, NOW, config)
    made, problems = fill_entry(read, config)

    assert made and made.content == "<p>{{ page.title }} {% raw %}</p>"
    assert problems == ()
