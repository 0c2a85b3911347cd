"""A site's own shortcodes: templates of [content.shortcodes], with the arguments of a post."""

from __future__ import annotations

import re
import time

import pytest

from feeds.config_file.parse import parse_config
from feeds.errors import ConfigError
from feeds.reading.content.shortcode_template import render, template_problems

IMG = '<img src="https://cdn.example.com/{{ src }}.jpg" alt="{{ alt }}">'
HOSTILE = "\"><script>alert('1')</script>"


@pytest.mark.parametrize(
    ("template", "named", "positional", "inner", "html"),
    [
        (
            IMG,
            {"src": "a/b", "alt": "A"},
            [],
            "",
            '<img src="https://cdn.example.com/a/b.jpg" alt="A">',
        ),
        (IMG, {"src": "a"}, [], "", '<img src="https://cdn.example.com/a.jpg" alt="">'),
        ("{{ args[0] }}-{{ _1 }}-{{ args[7] }}", {}, ["x", "y"], "", "x-y-"),
        ("{{ width | default('5') }}", {}, [], "", "5"),
        ("{{ width | default('5') }}", {"width": "7"}, [], "", "7"),
        ("<b>{{ inner }}</b>", {}, [], "<i>x</i>", "<b><i>x</i></b>"),
        ("<b>{{ body | safe }}</b>", {}, [], "<i>x</i>", "<b><i>x</i></b>"),
        ("{{ named['data-src'] }}", {"data-src": "x"}, [], "", "x"),
        ("{% if a %}{{ a }}{% else %}none{% endif %}", {}, [], "", "none"),
        ("{{ _0 | urlencode }}", {}, ["a b&c"], "", "a%20b%26c"),
        ("{{ page.extra.thing }}", {}, [], "", ""),
        ("{{ _0 }}", {}, ["{{ inner }}"], "secret", "{{ inner }}"),
        # Arguments with the names of what is there already, and of the functions' own parameters.
        ("{{ self }}{{ template_name }}", {"self": "a", "template_name": "b"}, [], "", "ab"),
    ],
)
def test_a_shortcode_template_has_its_arguments(
    template: str, named: dict[str, str], positional: list[str], inner: str, html: str
) -> None:
    assert render(template, named, positional, inner) == (html, "")


def test_a_shortcode_template_escapes_its_arguments() -> None:
    html, problem = render(IMG + "{{ args[0] }}{{ named }}", {"src": HOSTILE}, [HOSTILE], "")

    assert not problem
    assert html.count("<") == html.count(">") == 1


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ("a\n{{ 1 / 0 }}", "line 2: unable to calculate"),
        (
            "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}",
            "too much work",
        ),
        ("{% for i in range(9999) %}{{ inner }}{% endfor %}", "too much work|writes more than"),
        ("{% for i in range(300) %}{{ inner }}{% endfor %}", "writes more than 200,000 characters"),
        ("{{ 'x' * 900000000 }}", "too much work"),
        (
            "{% set n = namespace(a='x') %}"
            "{% for i in range(60) %}{% set n.a = n.a ~ n.a %}{% endfor %}",
            "too much work",
        ),
        ("{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}", "without end"),
        ("{% if inner %}{{ inner | nope }}{% endif %}", "filter nope is unknown"),
    ],
)
def test_a_shortcode_template_that_fails_is_an_empty_text_with_a_message(
    template: str, what: str
) -> None:
    start = time.perf_counter()
    html, problem = render(template, {}, [], "x" * 1_000)

    assert html == ""
    assert re.search(what, problem)
    assert time.perf_counter() - start < 2


def test_long_arguments_of_a_shortcode_are_refused() -> None:
    assert render("{{ inner }}", {}, [], "x" * 200_001).problem.startswith(
        "its arguments have more"
    )


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("a\n{{ x | nope }}", "line 2: filter nope is unknown"),
        ("{% if x %}{% else %}\n{{ get_url(path=x) }}{% endif %}", "line 2: get_url is unknown"),
        ("\n{% if x %}", "line 2: unexpected end of input, expected end of block"),
        ("{% include 'x' %}", "line 1: there is no template 'x'"),
        (
            "{{#x}}y{{/x}}",
            "line 1: {{#x is Mustache, the language of earlier versions; "
            "docs/pages.md has the same in Jinja",
        ),
    ],
)
def test_a_mistake_in_a_shortcode_template_has_its_line(template: str, problem: str) -> None:
    assert list(template_problems(template)) == [problem]


@pytest.mark.parametrize("template", [IMG, "{{ a | int / b | int }}", "{{ a.b.c }}", ""])
def test_what_depends_on_the_arguments_is_not_a_mistake_of_the_template(template: str) -> None:
    assert list(template_problems(template)) == []


def test_shortcodes_of_feeds_toml_are_checked_when_it_is_read() -> None:
    site = '[site]\ntitle = "N"\nurl = "https://e.com/"\n[content.shortcodes]\n'
    assert parse_config(f"{site}img = '{IMG}'").content.shortcodes == {"img": IMG}
    assert parse_config(f"{site}'blocks/img-2' = '{IMG}'").content.shortcodes

    with pytest.raises(ConfigError) as caught:
        parse_config(f"{site}img = 'a {{{{ x | nope }}}}'\n'a b' = 'x'")
    assert sorted(caught.value.problems) == [
        "feeds.toml: content.shortcodes.img: line 1: filter nope is unknown",
        'feeds.toml: content.shortcodes: expected the name of a shortcode, found "a b"',
    ]
