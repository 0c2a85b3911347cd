"""`feeds init` and shortcodes: it takes Zola's templates, and proposes others as comments."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from support.generator_sites import Site, initialised

from feeds.config_file.parse import parse_config
from feeds.generators.questions import Answers
from feeds.generators.report import read_site_posts, unknown_things
from feeds.generators.settings import Shortcode, SiteSettings
from feeds.generators.shortcodes import shortcode_lines
from feeds.generators.site_folder import SiteFolder
from feeds.reading.content.post_links import PostLinks
from feeds.reading.post_content import post_content

HUGO = 'baseURL = "https://h.example/log/"\ntitle = "H"\n'
ZOLA = 'base_url = "https://z.example/log"\ntitle = "Z"\n'
POST = '+++\ntitle = "A title"\ndate = 2026-01-02\n+++\n'


def hugo(folder: Path, *bodies: str, **files: str) -> Site:
    posts = {f"content/posts/{i}.md": POST + body for i, body in enumerate(bodies)}
    return initialised(folder, {"hugo.toml": HUGO, **posts, **files})


def zola(folder: Path, body: str, **templates: str) -> Site:
    files = {f"templates/shortcodes/{name}.html": text for name, text in templates.items()}
    return initialised(folder, {"zola.toml": ZOLA, "content/blog/a.md": POST + body, **files})


def html(site: Site) -> str:
    """The content of the only post."""
    (post,) = site.posts.values()
    return post_content(post, site.config, PostLinks(post, site.config, {})).html


# --- Zola: the site's own templates ---------------------------------------------------------------


def test_a_figure_of_zola_is_shown_as_its_template_says(tmp_path: Path) -> None:
    body = 'A\n\n{{ figure(src="maps/a.png", text="A map") }}\n'
    template = '<figure><img src="/{{ src }}"><figcaption>{{ text }}</figcaption></figure>'
    site = zola(tmp_path, body, figure=template)

    assert "# As in templates/shortcodes/figure.html" in site.text
    assert '<img src="https://z.example/maps/a.png">' in html(site)
    assert "<figcaption>A map</figcaption>" in html(site)


def test_a_template_of_the_theme_is_used_unless_the_site_has_one(tmp_path: Path) -> None:
    theme = {"themes/t/templates/shortcodes/box.html": "<p>theme {{ body }}</p>"}
    body = "{% box() %}words{% end %}"
    files = {"zola.toml": ZOLA, "content/blog/a.md": POST + body}
    of_theme = initialised(tmp_path / "a", {**files, **theme})
    own = initialised(
        tmp_path / "b", {**files, **theme, "templates/shortcodes/box.html": "<p>own {{ body }}</p>"}
    )
    assert "theme words" in " ".join(html(of_theme).replace("<p>", " ").split())
    assert "own words" in " ".join(html(own).replace("<p>", " ").split())


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ('<b>{{ a | default(value="none") }}</b>', "<b>none</b>"),
        ('<b>{{ args | default(value=["x", "y"]) | join(sep="+") }}</b>', "<b></b>"),
        ('<img src="{{ get_url(path="img/a.png") }}">', "https://z.example/log/img/a.png"),
        ('<img src="{{ get_url(path=b, trailing_slash=false) }}">', "https://z.example/log/c.png"),
    ],
)
def test_what_tera_writes_otherwise_is_translated(
    tmp_path: Path, template: str, shown: str
) -> None:
    assert shown in html(zola(tmp_path, '{{ it(b="/c.png") }}', it=template))


def test_a_template_that_needs_zola_is_named(tmp_path: Path) -> None:
    resized = '{% set i = resize_image(path=path, width=9) %}<img src="{{ i.url }}">'
    site = zola(tmp_path, '{{ small(path="a/b") }}', small=resized)

    assert "# small shows nothing, once in 1 post. A proposal:" in site.text
    assert "# (templates/shortcodes/small.html has what the site shows)" in site.text
    assert not site.config.content.shortcodes


def test_templates_that_no_post_uses_are_not_taken(tmp_path: Path) -> None:
    assert "shortcodes" not in zola(tmp_path, "Text.", figure="<b>a</b>").text


# --- Hugo: a proposal for what shows nothing ------------------------------------------------------


def test_a_shortcode_that_shows_nothing_is_listed_with_a_proposal(tmp_path: Path) -> None:
    picture = '{{< legacy-img src="2016/09/a.jpg" alt="A" >}}'
    site = hugo(
        tmp_path,
        f"{picture}\n\n{picture}\n",
        picture,
        '{{< figure src="b.jpg" >}}',  # Hugo's own
        **{"layouts/shortcodes/legacy-img.html": '<img src="{{ .Get "src" }}">'},
    )
    assert "# legacy-img shows nothing, 3 times in 2 posts. A proposal:" in site.text
    assert "# (layouts/shortcodes/legacy-img.html has what the site shows)" in site.text
    assert [code.name for code in site.settings.shortcodes] == ["legacy-img"]

    proposal = """# legacy-img = '<img src="https://h.example/log/{{ src }}" alt="{{ alt }}">'"""
    assert proposal in site.text
    accepted = parse_config(site.text.replace(proposal, proposal.removeprefix("# ")))
    post = site.posts["content/posts/1.md"]
    shown = post_content(post, accepted, PostLinks(post, accepted, {})).html
    assert '<img src="https://h.example/log/2016/09/a.jpg" alt="A">' in shown


def test_the_report_names_them(tmp_path: Path) -> None:
    site = hugo(tmp_path, "{{< stats 1 >}} {{< stats 2 >}}")
    posts = read_site_posts(site.settings, SiteFolder(tmp_path), site.config)
    answers = Answers("H", "https://h.example/log/", "https://h.example/feeds/", "en")
    said = [unknown.what for unknown in unknown_things(site.settings, posts, answers)]
    assert "what these shortcodes show (2 times nothing): stats" in said


@pytest.mark.parametrize(
    "body",
    [
        "    {{< stats >}}\n",  # Hugo fills it in code, too; but see the next
        "{{</* stats */>}}",
        '{{< stats src="https://a.example/b.png" >}}',  # an address becomes an image
        "{{< stats >}}words{{< /stats >}}",
        "No shortcode.",
    ],
)
def test_what_shows_something_is_not_listed(tmp_path: Path, body: str) -> None:
    listed = "stats shows nothing" in hugo(tmp_path, body).text
    assert listed == body.startswith("    ")


def test_in_jekyll_liquid_reads_the_tags(tmp_path: Path) -> None:
    files = {"_config.yml": "title: J\n", "_posts/2026-01-02-a.md": "---\n---\n{% stats %}"}
    assert "shortcodes" not in initialised(tmp_path, files).text


# --- the text of feeds.toml -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "template", ["<b>a</b>", "it's", "two\nlines", "a '''b''' \\ \"c\"\nd", '"', "'"]
)
def test_a_template_is_written_as_toml(template: str) -> None:
    lines = shortcode_lines([Shortcode("a", "f", template, is_own=True)])
    assert tomllib.loads("\n".join(lines)) == {"a": template}


def test_a_proposal_of_several_lines_is_a_comment() -> None:
    lines = shortcode_lines([Shortcode("a", "", "b\nc", times=1, posts=1)])
    assert tomllib.loads("\n".join(lines)) == {}


def test_settings_without_shortcodes_have_no_table() -> None:
    assert list(shortcode_lines(SiteSettings().shortcodes)) == []
