"""The template language: values, escaping, includes, limits, and messages for mistakes."""

from __future__ import annotations

import threading

import pytest

from feeds.templating import jinja, jinja_syntax
from feeds.templating.jinja import Markup, TemplateError, Value


def render(text: str, values: dict[str, Value] | None = None, **files: str) -> str:
    templates = {"a": text, **files}
    return jinja.render(jinja.make_environment(templates, fuel=100_000), "a", values or {})


@pytest.mark.parametrize(
    ("text", "values", "written"),
    [
        ("a {{ name }} c", {"name": "b"}, "a b c"),
        ("{{ nobody }}{{ a.nobody.more }}{{ none }}", {"a": {}}, ""),
        ("{% if on %}yes{% else %}no{% endif %}", {"on": []}, "no"),
        ("{{ x }}", {"x": "{{ y }}", "y": "secret"}, "{{ y }}"),
        ("{{ x }}", {"x": Markup("<b>")}, "<b>"),
        ("{{ x }}", {"x": "a/b"}, "a/b"),
        (
            "<ul>\n  {% for x in all %}\n  <li>{{ x }}\n  {% endfor %}\n</ul>\n",
            {"all": ["a", "b"]},
            "<ul>\n  <li>a\n  <li>b\n</ul>\n",
        ),
        ("{% raw %}{{ x }}{% endraw %}{# no #}", {}, "{{ x }}"),
    ],
)
def test_a_template_writes_its_values(text: str, values: dict[str, Value], written: str) -> None:
    assert render(text, values) == written


def test_a_template_escapes_values_as_python_does() -> None:
    hostile = "<script>alert('1')</script> & \"quoted\""

    assert render("{{ x }}", {"x": hostile}) == (
        "&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt; &amp; &quot;quoted&quot;"
    )


def test_templates_are_rendered_in_threads() -> None:
    environment = jinja.make_environment({"a": "{% for x in all %}{{ x }}{% endfor %}"}, 100_000)
    found: list[str] = []

    def work(text: str) -> None:
        found.extend(jinja.render(environment, "a", {"all": [text] * 9}) for _ in range(100))

    threads = [threading.Thread(target=work, args=(text,)) for text in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [text * 9 for text in "abcd" for _ in range(100)]


@pytest.mark.parametrize(
    ("text", "file", "line", "what"),
    [
        ("\n{% include 'b' %}", "b", 2, "filter nope is unknown"),
        ("\n{% include 'c' %}", "a", 2, "there is no template 'c'"),
        ("{% include 'a' %}", "a", 1, "it includes or calls itself without end"),
        ("\n\n{% if %}", "a", 3, "unexpected end of block"),
        ("{{ x | safe }}", "a", 1, "there is no filter safe: every value is escaped"),
    ],
)
def test_a_template_error_has_the_file_and_line_of_the_mistake(
    text: str, file: str, line: int, what: str
) -> None:
    with pytest.raises(TemplateError) as caught:
        render(
            text,
            {"x": "caused by: this: that (in z:9)\ncaused by: x: y (in z:9)"},
            b="\n{{ x | nope }}",
        )

    error = caught.value
    assert (error.file, error.line, str(error)) == (file, line, what)


def test_the_names_of_a_template_have_lines_and_those_in_raw_do_not_count() -> None:
    text = (
        "title\n{% raw %}{{ title }}{% endraw %}\n{# {{ title }} #}\n"
        "{{ subtitle }}{{ a.title }}\n{{ title }}"
    )

    assert jinja_syntax.undeclared_names(text) == {"title", "subtitle", "a.title"}
    assert jinja_syntax.line_of_name(text, "title") == 5


def test_the_variables_of_loops_are_names_in_the_text_without_loops() -> None:
    text = "{%- for a, b in x.y | items if a -%}\n{{ a.z }}{{ loop.index }}{% else %}-{% endfor %}"

    assert list(jinja_syntax.loops(text)) == [(["a", "b"], "x.y | items if a")]
    assert jinja_syntax.undeclared_names(jinja_syntax.without_loops(text)) == {"a.z"}
