"""Small texts, and what of them the page of each generator shows.

What each page shows is from the real Jekyll, Hugo and Pelican for the same text; for MDX from its
own documentation (https://mdxjs.com/docs/what-is-mdx/), for Zola from its documentation ("a
shortcode without the parentheses will render as plaintext").
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.generator_sites import initialised

from feeds.config_file.parse import parse_config
from feeds.model import Entry
from feeds.reading.entry import fill_entry
from feeds.reading.post import read_post

NOW = datetime(2026, 12, 1, tzinfo=UTC)
SITE = parse_config('[site]\ntitle = "T"\nurl = "https://a.example/"\n')


def entry(generator: str, body: str, config: str = "") -> Entry:
    mdx = generator in ("docusaurus", "astro")
    parsed = parse_config(
        '[site]\ntitle = "T"\nurl = "https://a.example/"\n'
        f'[posts]\ngenerator = "{generator}"\ninclude = ["**/*.md", "**/*.mdx"]\n{config}'
    )
    data = f"---\ntitle: T\ndate: 2026-01-02\n---\n{body}\n".encode()
    key = "2026-01-02-a.mdx" if mdx else "2026-01-02-a.md"
    found, _ = fill_entry(read_post(key, data, datetime(2026, 12, 1, tzinfo=UTC), parsed), parsed)
    assert found
    return found


def test_init_reads_uses_of_a_shortcode_with_different_arguments(tmp_path: Path) -> None:
    post = '+++\ntitle = "T"\ndate = 2026-01-02\n+++\n{{< pic id="1" >}} {{< pic src="/a" >}}\n'
    site = {"hugo.toml": 'baseURL = "https://h.example/"\n', "content/posts/a.md": post}

    initialised(tmp_path, site)


@pytest.mark.parametrize("generator", ["docusaurus", "astro"])
@pytest.mark.parametrize("name", ["Script", "Style", "Title", "Textarea", "Table", "Code"])
def test_a_component_that_is_named_as_an_element_takes_no_text_with_it(
    generator: str, name: str
) -> None:
    content = entry(generator, f'Above.\n\n<{name} a="b" />\n\nBelow.').content

    assert content.replace("\n", "") == "<p>Above.</p><p>Below.</p>"


@pytest.mark.parametrize("generator", ["docusaurus", "astro"])
@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('<Image src="/a.png" alt="A" />', '<img src="https://a.example/a.png" alt="A">'),
        ("<Callout>\nCareful **b**\n</Callout>", "<strong>b</strong>"),
        ('<Card\n  title="x"\n>\n  Text\n</Card>\n\n**c**', "<strong>c</strong>"),
    ],
)
def test_what_is_in_a_component_is_shown(generator: str, body: str, shown: str) -> None:
    content = entry(generator, body).content

    assert shown in content
    assert "&lt;" not in content
    assert "<blockquote>\n</blockquote>" not in content


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("`{{ value }}`", "<code>{{ value }}</code>"),
        ("```\nkey: ${{ secrets.X }}\n```", "key: ${{ secrets.X }}"),
        ("a {{ value }} b", "a {{ value }} b"),
    ],
)
def test_what_is_no_shortcode_of_zola_stays(body: str, shown: str) -> None:
    assert shown in entry("zola", body).content


def test_arguments_of_zola_keep_their_types() -> None:
    config = (
        "[content.shortcodes]\n"
        "x = '{{ w * 2 }};{% for i in items %}[{{ i }}]{% endfor %};{% if f %}on{% endif %}'\n"
    )
    content = entry("zola", '{{ x(w=3, items=["a", "b"], f=false) }}', config).content

    assert "6;[a][b];" in content
    assert "on" not in content


@pytest.mark.parametrize("generator", ["jekyll", "hugo", "pelican", "eleventy"])
def test_one_tilde_strikes_nothing_out(generator: str) -> None:
    assert "3~5 and 7~8" in entry(generator, "3~5 and 7~8").content


@pytest.mark.parametrize("generator", ["jekyll", "pelican"])
@pytest.mark.parametrize(
    "block",
    [
        '<iframe src="https://b.example/"></iframe>',
        '<video controls>\n<source src="/a.mp4">\n</video>',
    ],
)
def test_a_caption_behind_an_embed_is_markdown(generator: str, block: str) -> None:
    assert "<em>caption</em>" in entry(generator, f"{block}\n*caption*").content


@pytest.mark.parametrize("generator", ["jekyll", "pelican"])
def test_a_bar_in_code_ends_no_cell(generator: str) -> None:
    content = entry(generator, "| a | b |\n|---|---|\n| `x|y` | last |").content

    assert "<td><code>x|y</code></td>" in content
    assert "<td>last</td>" in content


@pytest.mark.parametrize("generator", ["jekyll", "pelican"])
@pytest.mark.parametrize("text", ["**Note:**text", '**"q"**x', "**(a)**b"])
def test_strong_text_may_end_in_a_sign_before_a_letter(generator: str, text: str) -> None:
    assert "<strong>" in entry(generator, text).content


@pytest.mark.parametrize(
    "code",
    [
        "| a | b |\n| c | d |",
        "`x|y` | z",
        "a ~ b ~ c",
        'foo**"bar"**x',
        "*[HTML]: not an abbreviation",
    ],
)
def test_code_stays_as_it_is(code: str) -> None:
    """What Jekyll reads otherwise than GitHub's Markdown, in code."""
    text = code if not code.startswith("*[") else f"x {code}"
    content = entry("jekyll", f"```\n{text}\n```").content
    assert f"<pre><code>{text}\n</code></pre>" == content.replace("&quot;", '"')


def test_quotation_marks_in_strong_text_turn_the_right_way() -> None:
    assert "foo<strong>“bar”</strong>baz" in entry("jekyll", 'foo**"bar"**baz').content


def test_tables_of_jekyll_need_no_header() -> None:
    assert "<td>a</td>" in entry("jekyll", "| a | b |\n| c | d |").content


@pytest.mark.parametrize("generator", ["jekyll", "pelican"])
def test_the_definition_of_an_abbreviation_is_not_shown(generator: str) -> None:
    assert "*[HTML]" not in entry(generator, "HTML is here\n\n*[HTML]: Hyper Text").content


@pytest.mark.parametrize("generator", ["hugo", "pelican"])
def test_a_footnote_may_have_a_name_with_spaces(generator: str) -> None:
    content = entry(generator, "a[^my note]\n\n[^my note]: Note").content

    assert "Note" in content
    assert "[^my" not in content
    assert "/Note" not in content


def test_footnotes_work_whatever_their_names_are() -> None:
    content = entry("hugo", "a[^注]\n\n[^注]: b").content

    assert 'href="https:' not in content
    assert content.count("id=") == 2


def test_pelican_takes_the_language_of_code_away() -> None:
    content = entry("pelican", "    :::python\n    print(1)").content

    assert ":::python" not in content


@pytest.mark.parametrize("text", ["It costs $5; set `$HOME`.", "$PATH `a` and A$AP"])
def test_dollars_are_no_formula_in_jekyll(text: str) -> None:
    assert "<code>" in entry("jekyll", text).content


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        ('src="/a.png" caption="C *em*"', "C <em>em</em>"),
        ('src="/a.png" caption="C" title="T"', "T"),
        ('src="/a.png" caption="C" attr="By me" attrlink="/me"', "By me"),
        (r'src="/a.png" alt="A \"q\" b"', 'alt="A &quot;q&quot; b"'),
    ],
)
def test_a_figure_shows_what_hugo_shows(call: str, shown: str) -> None:
    assert shown in entry("hugo", f"{{{{< figure {call} >}}}}").content


@pytest.mark.parametrize(
    "mark", ["{{< tweet 877500564405444608 >}}", '{{< callout text="Words" >}}']
)
def test_a_shortcode_with_a_known_name_does_not_vanish_unsaid(mark: str) -> None:
    config = parse_config(
        '[site]\ntitle = "T"\nurl = "https://a.example/"\n[posts]\ngenerator = "hugo"\n'
    )
    data = f"---\ntitle: T\ndate: 2026-01-02\n---\na {mark} b\n".encode()
    read = read_post("a.md", data, datetime(2026, 12, 1, tzinfo=UTC), config)
    found, problems = fill_entry(read, config)

    assert found
    assert problems or found.content.replace(" ", "") != "<p>ab</p>"


@pytest.mark.parametrize(
    ("generator", "mark"),
    [("jekyll", "{% post_url 2026-01-02-a %}"), ("hugo", '{{< ref "2026-01-02-a.md" >}}')],
)
def test_an_address_in_text_is_shown(generator: str, mark: str) -> None:
    assert "2026" in entry(generator, f"See {mark}").content


def test_markdown_that_is_nested_deeper_than_the_limit_is_refused() -> None:
    deep = b"---\ntitle: T\ndate: 2026-01-02\n---\n" + b">" * 3000 + b" a\n"
    found, problems = fill_entry(read_post("a.md", deep, NOW, SITE), SITE)

    assert found is None
    assert "limits.html_depth" in problems[-1].todo or "nested" in problems[-1].what
