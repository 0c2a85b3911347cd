"""The template language: values, escaping, includes and messages for mistakes."""

from __future__ import annotations

import pytest

from feeds.documents import mustache
from feeds.documents.mustache import Html, TemplateError, Value


def render(text: str, **values: Value) -> str:
    return mustache.render_template(mustache.parse_template(text), values)


@pytest.mark.parametrize(
    ("text", "values", "written"),
    [
        ("a {{name}} c", {"name": "b"}, "a b c"),
        ("{{ name }}", {"name": "b"}, "b"),
        ("{{a.b.c}}", {"a": {"b": {"c": "deep"}}}, "deep"),
        ("{{nobody}}{{a.nobody}}", {"a": {"b": "c"}}, ""),
        ("{{#on}}yes{{/on}}{{^on}}no{{/on}}", {"on": True}, "yes"),
        ("{{#on}}yes{{/on}}{{^on}}no{{/on}}", {"on": ""}, "no"),
        ("{{#on}}yes{{/on}}{{^on}}no{{/on}}", {"on": []}, "no"),
        ("{{#on}}yes{{/on}}{{^on}}no{{/on}}", {}, "no"),
        ("{{#all}}<{{.}}>{{/all}}", {"all": ["a", "b"]}, "<a><b>"),
        ("{{#all}}{{x}}{{y}} {{/all}}", {"all": [{"x": "1"}, {"x": "2"}], "y": "!"}, "1! 2! "),
        ("{{#one}}{{x}}{{/one}}", {"one": {"x": "1"}, "x": "0"}, "1"),
        ("{{#x}}[{{x}}]{{/x}}", {"x": "a"}, "[a]"),
        ("a{{! not this }}b", {}, "ab"),
        ("no {braces}, no }}", {}, "no {braces}, no }}"),
        ("", {}, ""),
    ],
)
def test_mustache_names_sections_and_inverted_sections(
    text: str, values: dict[str, Value], written: str
) -> None:
    assert render(text, **values) == written


def test_mustache_escapes_values() -> None:
    hostile = "<script>alert('1')</script> & \"quoted\""

    assert render('<p title="{{x}}">{{x}}</p>', x=hostile).count("<") == 2
    assert render("{{x}}", x=hostile) == (
        "&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt; &amp; &quot;quoted&quot;"
    )


def test_mustache_has_no_tag_for_unescaped_html() -> None:
    assert render("{{x}}", x=Html("<b>")) == "<b>"
    for text in ("{{{x}}}", "{{&x}}"):
        with pytest.raises(TemplateError, match="is not a name"):
            mustache.parse_template(text)


def test_mustache_does_not_parse_values_as_templates() -> None:
    assert render("{{x}}", x="{{y}}", y="secret") == "{{y}}"


def test_mustache_removes_the_line_of_a_section_tag() -> None:
    text = "<ul>\n  {{#all}}\n  <li>{{.}}\n  {{/all}}\n</ul>\n{{! the end }}\n"

    assert render(text, all=["a", "b"]) == "<ul>\n  <li>a\n  <li>b\n</ul>\n"


def test_mustache_includes_another_template() -> None:
    files = {"entry.html": "<li>{{title}}\n"}
    whole = mustache.parse_template("{{#all}}\n{{> entry.html}}\n{{/all}}\n", files.__getitem__)

    assert mustache.render_template(whole, {"all": [{"title": "A"}]}) == "<li>A\n"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a\n{{#x}}\nb", 2, "x is never closed"),
        ("{{#x}}{{#y}}{{/x}}{{/y}}", 1, "{{/x}} does not close an open section"),
        ("\n\n{{/x}}", 3, "{{/x}} does not close an open section"),
        ("{{a b}}", 1, "'a b' is not a name"),
        ("{{}}", 1, "'' is not a name"),
        ("{{> other.html}}", 1, "there is no template 'other.html'"),
        ("{{> self.html}}", 1, "self.html includes itself"),
    ],
)
def test_a_mustache_error_has_its_line(text: str, line: int, what: str) -> None:
    files = {"self.html": "{{> self.html}}"}
    with pytest.raises(TemplateError) as caught:
        mustache.parse_template(text, files.__getitem__)

    assert (caught.value.line, str(caught.value)) == (line, what)
