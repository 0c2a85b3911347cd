"""The Liquid of posts is rendered as the real Jekyll renders it; what is not known is named."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.real_generators import jekyll_liquid, write_site

from feeds.config import Config
from feeds.config_file.parse import parse_config
from feeds.reading.liquid.render import rendered
from feeds.reading.liquid.site_files import read_site_files
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


VALUES = """
page.title page.number page.price page.flag page.unset page.words page.mixed page.person.name
page.people[0].name page.people[1]["age"] page.people.first.team page.people.last.name
page.words.size page.categories page.tags page.date page.event page.url page.id page.path
page.slug page.collection page.draft page.nope page.nope.deeper page.empty page.nothing
page.person page.ext nope nope.more page["title"] page.words[-1] page.words[9] page.title.size
site.title site.url site.baseurl site.description site.repository site.numbers site.numbers.first
site.data.releases[1].version site.data.releases.size site.data.team.lead.name site.data.team.all
site.data.table[0].size site.data.tabs[0].name site.data.deep.inner.a.b site.data.nope
site.data.releases[0].date site.data.releases[1].size jekyll.environment
true false nil empty 'text' "text" 12 -3 2.50 (1..3) 'it"s'
""".split()
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
    "{% if page.words.size >= 4 or page.nope %}many{% endif %}{% if page.nope == empty %}E{% endif %}",
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
    "{% for r in site.data.releases %}{{ r.version }} of {{ r.date | date: '%d.%m.%Y' }}; {% endfor %}",
    "{% assign r = site.data.releases | where: 'version', '3.2' | first %}Ruby {{ r.version }}.",
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
    "{% include_cached note.html text='c' %}" if False else "{% assign a = 1 %}{{ a }}",
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
