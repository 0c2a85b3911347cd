"""Markdown in the dialect of each generator, and the marks of templates in it."""

from __future__ import annotations

import re

import pytest

from feeds.config import Limits
from feeds.reading.content import dialect
from feeds.reading.content.dialect import ANY_DIALECT, Dialect
from feeds.reading.content.markdown import ContentTooLarge
from feeds.reading.content.plain_text import html_to_text
from feeds.reading.content.render import Place, Rendered, render
from feeds.reading.content.templates.own import template_problems

PAGE = "https://a.example/blog/page/"
PLACE = Place(PAGE, PAGE, "https://a.example/blog/", "e1-")


def rendered(body: str, of: Dialect = ANY_DIALECT, *, is_markdown: bool = True) -> Rendered:
    return render(body, PLACE, Limits(), is_markdown=is_markdown, dialect=of)


def html(body: str, of: Dialect = ANY_DIALECT) -> str:
    return rendered(body, of).html


def text(body: str, of: Dialect = ANY_DIALECT) -> str:
    return html_to_text(html(body, of))


# --- Markdown ------------------------------------------------------------------------------------


def test_emphasis_beside_chinese_is_emphasis() -> None:
    # The signs stay in CommonMark: a full stop before the stars, and a letter behind them.
    assert "<strong>结论：</strong>然后" in html("**结论：**然后")
    assert "<em>「茶」</em>是" in html("*「茶」*是")


def test_a_task_has_a_sign_and_no_box() -> None:
    made = html("- [x] fill\n- [ ] check\n* [X] third\n")

    assert made.count("☑") == 2 and made.count("☐") == 1
    assert "input" not in made and "[" not in made


def test_footnotes_lead_to_each_other_within_the_entry() -> None:
    made = html("A claim.[^deed] Again.[^deed]\n\n[^deed]: A deed of 1311.\n")
    targets = set(re.findall(r'id="([^"]+)"', made))
    links = re.findall(r'href="#([^"]+)"', made)

    assert len(links) == 4 and set(links) == targets
    assert all(target.startswith("e1-") for target in targets)
    assert "[^" not in made


def test_footnotes_are_not_in_a_summary() -> None:
    assert text("Old.[^1] New.\n\n[^1]: See there.\n") == "Old. New."


def test_an_anchor_of_the_page_leads_to_the_page() -> None:
    assert f'href="{PAGE}#why"' in html("## Why\n\n[Why](#why)")


def test_an_anchor_that_the_author_wrote_works_within_the_entry() -> None:
    made = html('<a id="top"></a>Start. [Up](#top) <b id="other">x</b>')

    assert 'id="e1-top"' in made and 'href="#e1-top"' in made
    assert "other" not in made


@pytest.mark.parametrize(
    "body",
    [
        "# Head {#id .wide}",
        "Head\n{: .lead #x}",
        "`Head`{: .language-sh}",
        "[Head](/x){: target=_blank}",
        "[Head](/x){target=_blank}",
        "![Head](/x.png){width=3 .c}",
        "```sh {linenos=true}\nHead\n```",
        "| Head |\n|---|\n| x |\n{: .table}",
    ],
)
def test_an_attribute_list_never_shows(body: str) -> None:
    made = html(body)

    assert "{" not in made and "}" not in made and "Head" in made


def test_a_table_ends_before_its_attributes() -> None:
    assert html("| a |\n|---|\n| 1 |\n{: .table}\n\nText.").count("<tr>") == 2


@pytest.mark.parametrize("mark", ["[TOC]", "[[toc]]", "[[_TOC_]]", "* TOC\n{:toc}", "1. x\n{:toc}"])
def test_the_mark_for_a_table_of_contents_shows_nothing(mark: str) -> None:
    assert text(f"{mark}\n\nTea") == "Tea"


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (":::note\nTea\n:::", "Note"),
        ("::: warning\nTea\n:::", "Warning"),
        (":::tip[My *own* tip]{.x}\nTea\n:::", "My *own* tip"),
        ("::: danger Stop here\nTea\n:::", "Stop here"),
        (':::{.callout-note title="Look"}\nTea\n:::', "Look"),
        ("> [!NOTE]\n> Tea", "Note"),
        ("> [!tip] Brew it\n> Tea", "Brew it"),
    ],
)
def test_a_callout_is_a_block_quote_with_its_title(body: str, title: str) -> None:
    made = html(body)

    assert made.startswith("<blockquote>") and made.endswith("</blockquote>")
    assert f"<strong>{title}</strong>" in made and "<p>Tea</p>" in made


def test_a_container_with_only_a_class_has_no_title() -> None:
    assert text("::: {.columns}\nTea\n:::") == "Tea"


def test_callouts_in_callouts_and_in_html_end_where_they_end() -> None:
    made = html("<div>\n\n::::note\n:::tip\nIn\n:::\nBetween\n::::\n\n</div>\n\nAfter")

    assert made.count("<blockquote>") == made.count("</blockquote>") == 2
    assert made.index("Between") < made.rindex("</blockquote>") < made.index("After")


@pytest.mark.parametrize(
    "formula",
    [
        "$$\n\\begin{aligned}\na &= \\left\\{ b \\right\\} \\\\\n- c &= *d*\n\\end{aligned}\n$$",
        "$$\na\n=\nb\n$$",
        "$*a* + \\{b\\}$",
        "$$x_1 * y_1 * z$$",
    ],
)
def test_a_formula_keeps_each_of_its_signs(formula: str) -> None:
    made = html(f"Before {formula}" if "\n" not in formula else formula)

    assert formula.replace("&", "&amp;") in made


@pytest.mark.parametrize(
    "body", ["It costs $5 and $6.", "From $5 to US$6 *now*.", "`$PATH` and $HOME"]
)
def test_prices_are_no_formulas(body: str) -> None:
    assert "*" not in text(body) and "$" in text(body)


def test_definition_lists_are_lists() -> None:
    assert html("Tea\n: A drink.\n").replace("\n", "") == "<dl><dt>Tea</dt><dd>A drink.</dd></dl>"


def test_text_behind_a_more_comment_is_markdown() -> None:
    result = rendered("Above.\n\n<!-- more -->Below *it*.")

    assert result.html == "<p>Above.</p>\n<p>Below <em>it</em>.</p>"
    assert html_to_text(result.above or "") == "Above."


def test_markdown_in_html_is_obeyed() -> None:
    assert "<em>a</em>" in html('<div markdown="1">\n*a*\n</div>')
    assert "<em>a</em>" in html("<div markdown='1'>*a*</div>")
    assert "*a*" in html("<div>\n*a*\n</div>")


@pytest.mark.parametrize("of", [dialect.JEKYLL, dialect.PELICAN])
def test_html_ends_with_its_element_where_the_generator_says_so(of: Dialect) -> None:
    assert 'href="https://b.example/"' in html("<h5>Head</h5>\n[b](https://b.example/)", of)
    assert "<img" in html('<a href="/x">\n![a](/a.png)\n</a>', of)


@pytest.mark.parametrize(
    ("of", "body", "part"),
    [
        (dialect.HUGO, "See https://b.example/x.", '<a href="https://b.example/x">'),
        (dialect.JEKYLL, "See https://b.example/x.", "<p>See https://b.example/x.</p>"),
        (dialect.JEKYLL, '"Tea"', "“Tea”"),
        (dialect.ELEVENTY, '"Tea"', '"Tea"'),
        (dialect.DOCUSAURUS, "Tea :tea:", "Tea 🍵"),
        (dialect.ZOLA, "Tea :tea:", "Tea :tea:"),
        (dialect.ZOLA, "Tea\n: x", "<p>Tea\n: x</p>"),
    ],
)
def test_each_generator_has_its_own_extensions(of: Dialect, body: str, part: str) -> None:
    assert part in html(body, of)


# --- Marks of templates ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "1. Do:\n\n    ```yaml\n    key: {{ value }} {% tag %}\n    ```",
        "- ```\n  key: {{ value }} {% tag %}\n  ```",
        "> ```\n> key: {{ value }} {% tag %}\n> ```",
        "Text:\n\n    key: {{ value }} {% tag %}",
        "<pre>key: {{ value }} {% tag %}</pre>",
        "<code>key: {{ value }} {% tag %}</code>",
        "`key: {{ value }} {% tag %}`",
        "~~~~\nkey: {{ value }} {% tag %}\n~~~~",
    ],
)
def test_without_a_generator_every_kind_of_code_keeps_its_marks(code: str) -> None:
    made = html(f"{code}\n\nAnd {{{{ page.secret }}}}.")

    assert "key: {{ value }} {% tag %}" in made
    assert "secret" not in made


def test_a_fence_that_starts_an_item_ends_there() -> None:
    made = html(
        "- ```\n  first\n  ```\n\nText {{ gone }}.\n\n```\n{{ kept }}\n```\n\nMore {{ gone }}."
    )

    assert "gone" not in made and "{{ kept }}" in made


@pytest.mark.parametrize(
    "body",
    [
        "```\n{% raw %}{{ a }}{% endraw %}\n```",
        "{% raw %}{{ a }}{% endraw %}",
        "`{% raw %}{{ a }}{% endraw %}`",
        "{% highlight liquid %}\n{% raw %}{{ a }}{% endraw %}\n{% endhighlight %}",
        "{%- raw -%}\n{{ a }}\n{%- endraw -%}",
    ],
)
def test_raw_shows_its_marks_and_never_itself(body: str) -> None:
    assert "{{ a }}" in html(body) and "raw" not in html(body)


@pytest.mark.parametrize("start", ["{{</* ", "{{%/* "])
def test_an_escaped_shortcode_is_shown(start: str) -> None:
    end = " */>}}" if "<" in start else " */%}}"
    shown = text(f'`{start}figure src="x"{end}`')

    assert shown in ('{{< figure src="x" >}}', '{{% figure src="x" %}}')
    assert text(f"{start}note{end}") in ("{{< note >}}", "{{% note %}}")


@pytest.mark.parametrize(
    "block",
    [
        '{{< highlight python "linenos=table" >}}\n# no heading\na*b*c\n{{< /highlight >}}',
        "{{% highlight python %}}\n# no heading\na*b*c\n{{% /highlight %}}",
        "{% highlight python linenos %}\n# no heading\na*b*c\n{% endhighlight %}",
        "{% codeblock lang:python %}\n# no heading\na*b*c\n{% endcodeblock %}",
        "- item\n\n  {% highlight python %}\n  # no heading\n  a*b*c\n  {% endhighlight %}",
    ],
)
def test_a_block_of_code_is_code(block: str) -> None:
    assert "<pre><code># no heading\na*b*c\n</code></pre>" in html(block)


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (
            '{{< figure src="/b.jpg" alt="Boat" >}}',
            '<img src="https://a.example/b.jpg" alt="Boat">',
        ),
        (
            '{{< figure src="/b.jpg" caption="A *b* & c" >}}',
            "<figcaption><p>A <em>b</em> &amp; c</p></figcaption>",
        ),
        ('{{< img "boat.jpg" "A boat" >}}', f'<img src="{PAGE}boat.jpg" alt="A boat">'),
        ('{{< legacy-img src="/b.jpg" >}}', '<img src="https://a.example/b.jpg"'),
        ("{% img left /b.jpg 300 200 Boat %}", '<img src="https://a.example/b.jpg" alt="Boat">'),
        ("{% include image.html src='/b.jpg' alt='B' %}", '<img src="https://a.example/b.jpg"'),
        ("{{< youtube w7Ft2ymGmfc >}}", 'href="https://www.youtube.com/watch?v=w7Ft2ymGmfc"'),
        ('{{ youtube(id="w7Ft2ymGmfc") }}', 'href="https://www.youtube.com/watch?v=w7Ft2ymGmfc"'),
        ("{% youtube w7Ft2ymGmfc %}", 'href="https://www.youtube.com/watch?v=w7Ft2ymGmfc"'),
        ('{{< youtube id="w7Ft2ymGmfc" >}}', "https://img.youtube.com/vi/w7Ft2ymGmfc/"),
        ("{{< vimeo 146022717 >}}", 'href="https://vimeo.com/146022717"'),
        ("{{< gist user 50a7482715eac222e230 >}}", "https://gist.github.com/user/50a7482715eac2"),
        ('{{< x user="a_b" id="123" >}}', 'href="https://x.com/a_b/status/123"'),
        ('{{< button href="https://b.example/" >}}Go{{< /button >}}', 'href="https://b.example/"'),
        ('{{< details summary="More" >}}\n*In*\n{{< /details >}}', "<summary>More</summary>"),
        ('{% quote(author="V") %}\n*In*\n{% end %}', "<blockquote>"),
        ("{{% tab %}}\n*In*\n{{% /tab %}}", "<em>In</em>"),
    ],
)
def test_a_shortcode_becomes_what_it_shows(body: str, part: str) -> None:
    made = html(body)

    assert part in made
    assert "{" not in made and "markof" not in made


def test_zola_ends_a_shortcode_without_its_name() -> None:
    made = html('{% quote(author="V") %}\n*In*\n{% end %}\n\nAfter', dialect.ZOLA)

    assert made.index("<blockquote>") < made.index("<em>In</em>") < made.index("V</footer>")
    assert made.index("</blockquote>") < made.index("After")


def test_a_link_with_an_unknown_address_becomes_its_text() -> None:
    made = html('[Guide]({{< legacy "x" >}}) and ![Boat]({{< legacy "x" >}} "title")')

    assert "Guide" in made and "href" not in made and "img" not in made


def test_a_bar_in_a_mark_is_no_cell() -> None:
    assert html("| a |\n|---|\n| [x]({{ '/y/' | relative_url }}) |").count("<td>") == 1


def test_a_path_that_only_the_site_knows_is_no_address() -> None:
    result = rendered('{{< legacy-img src="2014/04/map.jpg" alt="Map" >}} {{< img src="logo" >}}')

    assert "img" not in result.html
    assert result.unknown == {"the shortcode legacy-img": 1, "the shortcode img": 1}


OWN = {
    "img": '<img src="https://cdn.example/{{ src }}.jpg" alt="{{ alt }}">',
    "button": '<a href="{{ href | default(_0) }}">{{ inner }}</a>',
    "asset": "https://cdn.example/{{ args[0] }}",
    "wrong": "{{ 1 / args | length }}",
    "note": "<aside>{{ text | markdown }}</aside>",
    "word": "<b>{{ _0 | markdown(inline=true) | safe }}</b>",
    "loop": "{% for i in range(9000) %}{{ _0 | markdown }}{% endfor %}",
}


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (
            '{{< img src="a" alt="B & \'c\'" >}}',
            '<img src="https://cdn.example/a.jpg" alt="B &amp; ',
        ),
        ('{% img src="a" %}', '<img src="https://cdn.example/a.jpg" alt="">'),
        ('{{ img(src="a") }}', '<img src="https://cdn.example/a.jpg" alt="">'),
        ('{{< button "/x" >}}*Go*{{< /button >}}', '<a href="https://a.example/x"><em>Go</em></a>'),
        ('[x]({{< asset "a.pdf" >}})', 'href="https://cdn.example/a.pdf"'),
        ("{{< img src='\"><script>x</script>' >}}", "cdn.example"),
        ('{{< note text="A *b*\n\n- c" >}}', "<p>A <em>b</em></p>\n<ul>\n<li>c</li>\n</ul>"),
        ('{{< note text="x <script>y</script> *b*" >}}', "<em>b</em>"),
        ('a {{< word "*b*" >}} c', "a <b><em>b</em></b> c"),
    ],
)
def test_a_shortcode_of_the_site_is_its_template(body: str, part: str) -> None:
    made = render(body, PLACE, Limits(), is_markdown=True, own=OWN).html

    assert part in made and "<script" not in made


@pytest.mark.parametrize("name", ["link", "section", "layout", "block"])
def test_a_shortcode_with_the_name_of_a_tag_is_reported(name: str) -> None:
    assert rendered(f"{{{{< {name} >}}}}").unknown == {f"the shortcode {name}": 1}
    assert rendered(f"{{% {name} %}}").unknown == {}


def test_templates_cannot_multiply_a_post_beyond_its_limit() -> None:
    body = "{{< big >}}" * 1_000
    with pytest.raises(ContentTooLarge, match="larger than 1,500,000"):
        render(body, PLACE, Limits(), is_markdown=True, own={"big": "x" * 2_000})


def test_a_template_that_fails_shows_nothing_and_is_reported() -> None:
    result = render("a {{< wrong >}} b", PLACE, Limits(), is_markdown=True, own=OWN)

    assert html_to_text(result.html) == "a b"
    assert [name.partition(" (line 1:")[0] for name in result.unknown] == ["the shortcode wrong"]


def test_the_markdown_of_a_template_is_limited() -> None:
    body = '{{< loop "*a*" >}}'
    result = render(body, PLACE, Limits(), is_markdown=True, own=OWN)

    (name,) = result.unknown
    assert "filter markdown: more than 200,000 characters" in name


@pytest.mark.parametrize("filter_", ["markdown(size=3)", "markdown(true)"])
def test_the_arguments_of_the_filter_markdown_are_checked(filter_: str) -> None:
    (problem,) = template_problems(f"{{{{ text | {filter_} }}}}")
    assert problem == "line 1: filter markdown has one argument, inline=true"


def test_what_shows_nothing_is_counted_by_name() -> None:
    ads = "{{< legacy-ad >}} x {{< legacy-ad 3 >}}"
    result = rendered(
        f"{ads} {{% plugin a %}} {{% if a %}}b{{% endif %}} {{{{ page.x | upcase }}}}"
    )

    assert result.unknown == {"the shortcode legacy-ad": 2, "the tag plugin": 1, "{{page.x}}": 1}


def test_a_generator_fills_only_its_own_marks() -> None:
    assert "{{ .Values.x }}" in html("Helm has {{ .Values.x }}.", dialect.HUGO)


def test_the_word_for_a_mark_cannot_be_written_by_an_author() -> None:
    made = html("markofatemplate7c41e09b0z {{ page.x }} markofatemplate7c41e09bmore Tea")

    assert "markof" not in made and "Tea" in made


def test_marks_in_an_html_post_are_filled_too() -> None:
    body = '<p>{% include ad.html %}<a href="{{ site.baseurl }}/x">x</a></p><pre>{{ a }}</pre>'
    made = rendered(body, is_markdown=False).html

    assert 'href="https://a.example/blog/x"' in made and "<pre>{{ a }}</pre>" in made
    assert "include" not in made
