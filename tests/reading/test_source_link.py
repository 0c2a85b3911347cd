"""The link of an entry, and the addresses in its content."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest
from lxml import etree
from support.sites import built, settings
from support.validity import assert_valid_document
from support.written import KEY, entry, fields, problems, reading, told, warning

PAGE = "https://news.example.com/2026/11/18/tea.html"
SOURCE = "https://source.example.org/tea/2026-11.html"
TEXT = "The tea is in.\n\nPrices fell."


def post(body: str, front_matter: str = "layout: post") -> str:
    return fields(front_matter, body)


# The lone link that a body ends with

FOOTERS = {
    "none": "",
    "on one line": "[返回茶叶新闻](//news.example.com/tea/)｜[返回首页](//news.example.com/)",
    "on two lines": "[Back to Tea](//news.example.com/tea/)\n[Home](//news.example.com/)",
    "with a blank line": "[Back to Tea](//news.example.com/tea/)\n\n[Home](/)",
    "relative": "[Back to Tea](../tea/) | [Home](../)",
    "with a line break": "[Back](../tea/)<br>\n[Home](../)",
    "in HTML": '<p><a href="../tea/">Back to Tea</a> · <a href="/">Home</a></p>',
    "in HTML with classes": '<p class="n"><a href="../tea/">Tea</a> <a href="/">Home</a></p>',
    "as a list": '<ul><li><a href="/tea/">Tea</a></li><li><a href="/">Home</a></li></ul>',
}


@pytest.mark.parametrize("footer", FOOTERS.values(), ids=FOOTERS)
def test_a_lone_link_at_the_end_is_the_link_and_is_removed_with_the_footer(
    footer: str,
) -> None:
    result = entry(post(f"{TEXT}\n\n<{SOURCE}>\n\n{footer}".rstrip()))
    assert result.link == SOURCE
    assert result.content == "<p>The tea is in.</p>\n<p>Prices fell.</p>"


LONE = {
    "autolink": f"<{SOURCE}>",
    "address alone": SOURCE,
    "anchor": f'<a href="{SOURCE}">{SOURCE}</a>',
    "anchor in a paragraph": f'<p><a class="s" href="{SOURCE}" rel="nofollow">{SOURCE}</a></p>',
}


@pytest.mark.parametrize("line", LONE.values(), ids=LONE)
def test_a_lone_link_may_be_an_autolink_an_address_or_an_anchor(line: str) -> None:
    assert entry(post(f"{TEXT}\n\n{line}\n")).link == SOURCE


def test_a_link_right_below_html_is_a_lone_link() -> None:
    result = entry(post(f"<p>The tea is in.</p>\n<{SOURCE}>\n\n[Home](/)"))
    assert (result.link, result.content) == (SOURCE, "<p>The tea is in.</p>")


def test_a_body_with_only_the_source_link_has_empty_content() -> None:
    result = entry(post(f"<{SOURCE}>"))
    assert (result.link, result.content, result.summary) == (SOURCE, "", "")


# Links in the body that are not the source

REFERENCES = {
    "one of several": f"Downloads:\n\n<https://a.example/1>\n\n<https://a.example/2>\n\n<{SOURCE}>",
    "announced": f"{TEXT} Read more:\n\n<{SOURCE}>",
    "announced in Chinese": f"{TEXT}参考：\n\n<{SOURCE}>",
    "below a heading": f"{TEXT}\n\n## References\n\n<{SOURCE}>",
    "below a rule": f"{TEXT}\n\n---\n\n<{SOURCE}>",
    "in a list": f"{TEXT}\n\n- <{SOURCE}>",
    "in a sentence": f"{TEXT} See <{SOURCE}>",
    "the last line of a paragraph": f"{TEXT}\n<{SOURCE}>",
    "with text after it": f"<{SOURCE}>\n\n{TEXT}",
    "a definition": f"{TEXT} See [the price list].\n\n[the price list]: {SOURCE}",
    "named": f"{TEXT}\n\n[The article]({SOURCE})",
    "an image": f"{TEXT}\n\n![Tea]({SOURCE})",
    "far above a footer": f"<{SOURCE}>\n\n" + "[a](/a) [b](/b)\n\n" * 4,
    "another scheme": f"{TEXT}\n\n<ftp://a.example/tea>",
}


@pytest.mark.parametrize("body", REFERENCES.values(), ids=REFERENCES)
def test_a_link_that_is_not_the_source_stays_where_it_is(body: str) -> None:
    read = reading(post(body))
    assert read.post
    assert (read.post.link, read.link_rule, read.post.body) == (
        PAGE,
        "posts.permalink",
        body + "\n",
    )


def test_link_in_body_false_leaves_links_in_the_body() -> None:
    off = settings(more="[posts]\nlink_in_body = false")
    result = entry(post(f"{TEXT}\n\n<{SOURCE}>"), config=off)
    assert result.link == PAGE
    assert SOURCE in result.content


# Fields of the front matter

KEYS = ["source_url", "original_url", "external-url", "external_url", "canonical_url", "Source_URL"]


@pytest.mark.parametrize("key", KEYS)
def test_a_front_matter_field_with_the_source_gives_the_link(key: str) -> None:
    read = reading(post(TEXT, f"{key}: {SOURCE}"))
    assert read.post and read.post.link == SOURCE


def test_link_keys_are_tried_in_the_order_of_the_configuration() -> None:
    both = post(TEXT, f"source_url: https://a.example/\nfromurl: {SOURCE}")
    first = settings(more='[posts]\nlink_keys = ["fromurl", "source_url"]')
    assert entry(both).link == "https://a.example/"
    assert entry(both, config=first).link == SOURCE


def test_a_link_field_wins_over_the_body_and_removes_the_same_link_from_it() -> None:
    same = entry(post(f"{TEXT}\n\n<{SOURCE}>", f"source_url: {SOURCE}"))
    other = entry(post(f"{TEXT}\n\n<{SOURCE}>", "source_url: https://a.example/"))
    assert (same.link, SOURCE in same.content) == (SOURCE, False)
    assert (other.link, SOURCE in other.content) == ("https://a.example/", True)


OTHER_FIELDS = ["link: https://news.example.com/", "source: usagov", "url: /case/tea/"]


@pytest.mark.parametrize("line", OTHER_FIELDS)
def test_fields_named_link_source_and_url_are_not_the_source_link(line: str) -> None:
    read = reading(post(TEXT, line))
    assert read.post and not read.has_source and not read.problems
    assert SOURCE not in read.post.link


NOT_WEB_ADDRESSES = [
    "usagov",
    "/about/",
    "//source.example.org/tea",
    "javascript:alert(1)",
    "http://",
    "httpx://a",
]


@pytest.mark.parametrize("value", NOT_WEB_ADDRESSES)
def test_a_source_that_is_not_a_full_web_address_is_reported_and_ignored(value: str) -> None:
    written = post(TEXT, f"source_url: {value}")
    assert told(warning(written)) == (
        3,
        f"source_url: {value!r} is not a full web address",
        "write it like https://example.com/article",
    )
    assert entry(written).link == PAGE


def test_an_empty_link_field_is_ignored() -> None:
    assert problems(post(TEXT, "source_url:\nexternal_url: ''")) == []


# Characters in links

ENCODED = {
    "https://a.example/?a=1&b=2": "https://a.example/?a=1&b=2",
    "https://a.example/a|b": "https://a.example/a%7Cb",
    "https://a.example/a b": "https://a.example/a%20b",
    "https://a.example/tea’s": "https://a.example/tea%E2%80%99s",
    "https://a.example/茶?q=红茶#价": "https://a.example/%E8%8C%B6?q=%E7%BA%A2%E8%8C%B6#%E4%BB%B7",
    "https://a.example/#/tea": "https://a.example/#/tea",
    "https://a.example/50%off": "https://a.example/50%25off",
    "https://a.example/a%20b": "https://a.example/a%20b",
    'https://a.example/"<>': "https://a.example/%22%3C%3E",
    "https://例え.example/": "https://xn--r8jz45g.example/",
    "HTTPS://A.example/Tea": "https://a.example/Tea",
    "https://a.example/" + "x" * 1700: "https://a.example/" + "x" * 1700,
}


@pytest.mark.parametrize(("given", "link"), ENCODED.items())
def test_a_source_link_is_percent_encoded(given: str, link: str) -> None:
    result = entry(post(TEXT, f"source_url: '{given}'"))
    assert result.link == link


@pytest.mark.parametrize("given", [given for given in ENCODED if '"' not in given])
def test_a_source_link_in_the_body_is_percent_encoded(given: str) -> None:
    assert entry(post(f"{TEXT}\n\n<{given}>")).link == ENCODED[given]


def test_percent_encoded_links_are_valid_in_every_document() -> None:
    posts = {
        f"{number}.md": fields(f"date: 2026-11-01\nsource_url: '{given}'").encode()
        for number, given in enumerate(ENCODED)
    }
    documents = built(posts)
    for path in ("atom.xml", "rss.xml", "feed.json"):
        data = documents[path].data
        assert_valid_document(path, data, f"https://feeds.example.com/{path}")
    items = etree.fromstring(documents["rss.xml"].data).iter("item")
    rss = {item.findtext("link") for item in items}
    links = {item["url"] for item in json.loads(documents["feed.json"].data)["items"]}
    assert rss == links == set(ENCODED.values())


NOT_PUBLISHED = [
    "https://user:secret@a.example/",
    "https://a.example:99999/",
    "https://[::1/",
    "https://a..example/",
    "https://-a.example/",
    "https://a.example/" + "x" * 4096,
    "data:text/html,tea",
]


@pytest.mark.parametrize("given", NOT_PUBLISHED)
def test_an_unsafe_or_invalid_source_link_is_not_published(given: str) -> None:
    assert entry(post(TEXT, f"source_url: '{given}'")).link == PAGE


# Addresses in the content

ABSOLUTE = {
    "![A leaf](leaf.png)": "https://news.example.com/2026/11/18/leaf.png",
    "![A leaf](/img/leaf.png)": "https://news.example.com/img/leaf.png",
    "![A leaf](../leaf.png)": "https://news.example.com/2026/11/leaf.png",
    "![A leaf](//img.example.com/leaf.png)": "https://img.example.com/leaf.png",
    "![A leaf](https://img.example.com/?a=1&b=2)": "https://img.example.com/?a=1&amp;b=2",
    '<img src="//img.example.com/?id=1&type=k&at=1" alt="A leaf">': (
        "https://img.example.com/?id=1&amp;type=k&amp;at=1"
    ),
    "[More](more.html)": "https://news.example.com/2026/11/18/more.html",
    "[More](?page=2)": "https://news.example.com/2026/11/18/tea.html?page=2",
    "[More](#prices)": "https://news.example.com/2026/11/18/tea.html#prices",
    '<a href="//shop.example.com/">More</a>': "https://shop.example.com/",
    '<video src="/film.mp4" poster="still.jpg"></video>': "https://news.example.com/film.mp4",
}


@pytest.mark.parametrize(("body", "address"), ABSOLUTE.items())
def test_relative_urls_in_the_content_become_absolute(body: str, address: str) -> None:
    content = entry(post(f"Look: {body} and go on.")).content
    assert f'"{address}"' in content


def test_relative_urls_are_relative_to_the_permalink_of_the_post() -> None:
    own = post("![A leaf](leaf.png)", "permalink: /tea/first/")
    assert "https://news.example.com/tea/first/leaf.png" in entry(own).content
    site = settings(more='[posts]\npermalink = "/:categories/:title/"')
    tagged = post("![A leaf](leaf.png)", "categories: Tea Trade")
    assert "https://news.example.com/tea%20trade/tea/leaf.png" in entry(tagged, config=site).content


def test_srcset_is_removed_and_the_image_stays() -> None:
    body = (
        '<picture><source srcset="a.webp 1x, b.webp 2x" type="image/webp">'
        '<img src="a.png" srcset="a.png 1x" sizes="100vw" loading="lazy" alt="a > b"></picture>'
    )
    content = entry(post(body), config=settings()).content
    assert '<img src="https://news.example.com/2026/11/18/a.png"' in content
    assert "srcset" not in content
    assert "1x" not in content


def test_an_image_without_a_src_is_removed() -> None:
    body = 'A<img alt="src= a > b">B<img src="data:image/png;base64,AAAA" alt="x">C'
    assert entry(post(body)).content == "<p>ABC</p>"


def test_a_link_with_a_template_as_its_address_keeps_its_text() -> None:
    body = 'See [the other post]({{< ref "other.md" >}}) and ![a leaf]({% img leaf %}).'
    assert entry(post(body)).content == "<p>See <a>the other post</a> and .</p>"


OUTSIDE = [
    "/%2e%2e/%2e%2e/x.html",
    "../../x.html",
    "/a/./../x.html",
    "/%2E%2e/x.html",
    "/.%2e/%2e./x.html",
    "/a/..%2f..%2fx.html",
    "/a/%2e%2e%5c%2e%2e/x.html",
    "//evil.example/x",
    "https://evil.example/x",
    "\\\\evil.example",
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_permalink_cannot_leave_the_site(path: str) -> None:
    result = entry(post(TEXT, f"permalink: '{path}'"))
    assert result.link.startswith("https://news.example.com/")
    assert ".." not in unquote(result.link)


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("/a..b/...x/c.html", "/a..b/...x/c.html"),
        ("/%2e%2e/x", "/x"),
        ("/a/%2E/b", "/a/b"),
        ("/50%25/x", "/50%25/x"),
    ],
)
def test_other_steps_of_a_permalink_stay(path: str, link: str) -> None:
    result = entry(post(TEXT, f"permalink: '{path}'"))
    assert result.link == f"https://news.example.com{link}"


def test_a_permalink_that_is_too_long_is_reported() -> None:
    (reported,) = problems(post(TEXT, f"permalink: /{'x' * 5000}/"), KEY)
    assert told(reported) == (
        3,
        "the address of the post's page is too long",
        "shorten its permalink, slug or file name",
    )
