"""Links to the files of other posts lead to their pages; base paths are those of the site."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from feeds.config_file.parse import parse_config
from feeds.reading.entry import fill_entry, linked_posts
from feeds.reading.post import read_post

NOW = datetime(2026, 11, 30, tzinfo=UTC)
SITE = '[site]\ntitle = "A"\nurl = "https://a.example/blog/"\n'
PAGE = "https://a.example/blog/page/"


def links(
    body: str, *, key: str = "tea/second.md", posts: str = "", pages: tuple[str, ...] = ()
) -> list[str]:
    """The addresses in the entry of a post, if the posts at `pages` all have the page `PAGE`."""
    config = parse_config(f"{SITE}[posts]\n{posts}")
    read = read_post(key, f"---\ntitle: T\ndate: 2026-01-02\n---\n{body}\n".encode(), NOW, config)
    known = {name: PAGE for name in linked_posts(read, config) if name in pages}
    entry, problems = fill_entry(read, config, known)
    assert entry and not problems
    assert "x-post" not in entry.content + entry.summary
    return re.findall(r'(?:href|src)="([^"]*)"', entry.content)


@pytest.mark.parametrize(
    ("target", "key"),
    [
        ("first.md", "tea/first.md"),
        ("./first.md", "tea/first.md"),
        ("../first.md", "first.md"),
        ("/first.md", "first.md"),
        ("/tea/first.md", "tea/first.md"),
        ("../01%20the%20first.md", "01 the first.md"),
        ("@/tea/first.md", "tea/first.md"),
        ("{filename}first.md", "tea/first.md"),
        ("{filename}/first.md", "first.md"),
        ("|filename|/first.md", "first.md"),
        ("first/index.md", "tea/first/index.md"),
        ("first.markdown", "tea/first.markdown"),
        ("{% link first.md %}", "first.md"),
        ("{% link /tea/first.md %}", "tea/first.md"),
        ("{{ site.baseurl }}{% link first.md %}", "first.md"),
        ("{{ site.url }}{{ site.baseurl }}{% link first.md %}", "first.md"),
        ("{% post_url 2026-01-01-first %}", "2026-01-01-first.md"),
        ('{{< ref "first.md" >}}', "tea/first.md"),
        ('{{< relref "/tea/first" >}}', "tea/first.md"),
        ('{{% ref "first" %}}', "tea/first/index.md"),
    ],
)
@pytest.mark.parametrize("rest", ["", "#why"])
def test_a_link_to_the_file_of_a_post_leads_to_its_page(target: str, key: str, rest: str) -> None:
    if rest and target.startswith("{{<"):
        target = target.replace('" >', f'{rest}" >')
    elif rest and target.startswith("{{%"):
        target = target.replace('" %', f'{rest}" %')
    else:
        target += rest
    assert links(f"[one]({target})", pages=(key,)) == [PAGE + rest]


@pytest.mark.parametrize(
    "body",
    [
        "[one]: first.md\n\nSee [one].",
        '<a href="first.md">one</a>',
        "![a cup](first.md)",
        "[one](<first.md>)",
        "[one](first.md 'The first')",
    ],
)
def test_links_are_found_in_every_form_of_markdown(body: str) -> None:
    assert links(body, pages=("tea/first.md",)) == [PAGE]


@pytest.mark.parametrize(
    "target",
    ["missing.md", "../README.md", "_drafts/x.md", "{% post_url 2020-01-01-gone %}", "@/gone.md",
     '{{< ref "gone.md" >}}', "../../outside.md", "{author}ada", "{tag}tea"],
)  # fmt: skip
def test_a_link_that_nobody_knows_keeps_its_text(target: str) -> None:
    assert links(f"See [the first]({target}).") == []
    config = parse_config(SITE)
    read = read_post("a.md", f"---\ntitle: T\n---\n[the first]({target})".encode(), NOW, config)
    entry, _ = fill_entry(read, config)

    assert entry and "the first" in entry.content


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("https://b.example/first.md", "https://b.example/first.md"),
        ("first.html", "https://a.example/blog/2026/01/02/first.html"),
        ("#part", "https://a.example/blog/2026/01/02/second.html#part"),
        ("second.md#part", "https://a.example/blog/2026/01/02/second.html#part"),
        ("{static}/images/a.png", "https://a.example/blog/images/a.png"),
        ("{attach}images/a.png", "https://a.example/blog/2026/01/02/a.png"),
        ("{% link assets/a.pdf %}", "https://a.example/blog/assets/a.pdf"),
        ("{{ site.baseurl }}/a.png", "https://a.example/blog/a.png"),
        ("{{site.url}}{{site.baseurl}}/a.png", "https://a.example/blog/a.png"),
        ("{{ '/a/' | relative_url }}", "https://a.example/blog/a/"),
        ('{{ "a/" | relative_url }}', "https://a.example/blog/a/"),
        ('{{ "/a/" | absolute_url }}', "https://a.example/blog/a/"),
        ('{{- "/a/" | url -}}', "https://a.example/blog/a/"),
        ('{{ "/a/" | prepend: site.baseurl }}', "https://a.example/blog/a/"),
        ('{{ site.baseurl | append: "/a/" }}', "https://a.example/blog/a/"),
        ('{{ "/a/" | prepend: site.baseurl | prepend: site.url }}', "https://a.example/blog/a/"),
        ('{{ "https://b.example/" | relative_url }}', "https://b.example/"),
        ("{{ page.url }}", "https://a.example/blog/2026/01/02/second.html"),
    ],
)
def test_other_addresses(target: str, address: str) -> None:
    assert links(f"[one]({target})") == [address]


@pytest.mark.parametrize(
    ("folder", "target", "key"),
    [
        ("content/blog", "@/blog/first.md", "first.md"),
        ("content/blog", "/blog/first.md", "first.md"),
        ("content/blog", "/content/blog/first.md", "first.md"),
        ("_posts", "{% link _posts/first.md %}", "first.md"),
        ("_posts", "{% post_url 2026-01-01-first %}", "2026-01-01-first.md"),
        ("_posts", "{% post_url sub/2026-01-01-first %}", "sub/2026-01-01-first.md"),
    ],
)
def test_paths_in_the_site_find_posts_below_their_folder(
    folder: str, target: str, key: str
) -> None:
    assert links(f"[one]({target})", posts=f'folder = "{folder}"', pages=(key,)) == [PAGE]


@pytest.mark.parametrize("folder", ["_posts/sub", "sub/_posts"])
def test_a_post_of_a_folder_may_be_in_two_places(folder: str) -> None:
    """Jekyll finds both: a folder above ``_posts`` is a category (jekyllrb.com/docs/posts/)."""
    body, key = "[one]({% post_url sub/2026-01-01-first %})", "_posts/2026-01-02-second.md"
    pages = (f"{folder}/2026-01-01-first.md",)
    assert links(body, key=key, posts='folder = "."', pages=pages) == [PAGE]


def test_a_tag_in_plain_text_or_in_code_is_no_link() -> None:
    body = 'See {% post_url 2026-01-01-first %} and `{{< ref "x" >}}`.\n\n    [one](first.md)\n'

    assert links(body, pages=("tea/first.md", "2026-01-01-first.md")) == []


@pytest.mark.parametrize("name", ["x" * 1024, "a%00", "a%0Ab", "..%2F..%2Fx"])
def test_a_key_that_no_store_can_have_is_not_asked_for(name: str) -> None:
    config = parse_config(SITE)
    read = read_post("a.md", f"---\ntitle: T\n---\n[x]({name}.md)".encode(), NOW, config)

    assert linked_posts(read, config) == ()


def test_a_post_asks_for_a_limited_number_of_others() -> None:
    config = parse_config(SITE)
    body = "".join(f"[{number}]({number}.md)\n" for number in range(1000))
    read = read_post("a.md", f"---\ntitle: T\n---\n{body}".encode(), NOW, config)

    assert len(linked_posts(read, config)) == 50
