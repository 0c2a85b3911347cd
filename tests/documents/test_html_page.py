"""The HTML pages, as browsers, feed readers and screen readers read them."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import mf2py
import pytest
from lxml import etree
from lxml import html as lxml_html
from support.sites import NOW, PLAIN, built, entry, post, settings

from feeds.config import Config
from feeds.documents import feed_documents, feed_list, pagination, translations
from feeds.documents.own_templates import PAGE_VALUES, read_theme, template_problems
from feeds.documents.theme import BUILT_IN, OVERRIDABLE_FILES, Theme
from feeds.errors import ConfigError
from feeds.model import Document, Enclosure, Entry, ListedFeed, Person, Term
from feeds.stores.local import LocalStore

CST = timezone(timedelta(hours=8))
BASE = "https://feeds.example.com/"
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)> ' & {{title}} </title></style>"


class Page:
    """A parsed page."""

    def __init__(self, data: bytes) -> None:
        self.data, self.text = data, data.decode()
        self.root = lxml_html.document_fromstring(self.text)

    def all(self, selector: str) -> list[etree._Element]:
        elements: list[etree._Element] = self.root.xpath(selector)
        return elements

    def words(self, selector: str) -> list[str]:
        return [" ".join("".join(e.itertext()).split()) for e in self.all(selector)]

    def values(self, selector: str) -> list[str]:
        return [str(value) for value in self.root.xpath(selector)]


def parsed_page(
    entries: Sequence[Entry] = (), config: Config = PLAIN, path: str = "", older: str = ""
) -> Page:
    documents = {d.path: d for d in feed_documents.current_documents(path, entries, older, config)}
    return Page(documents[f"{path}/index.html".lstrip("/")].data)


# --- what is there -------------------------------------------------------------------------------


def test_a_page_has_title_description_and_links_to_subscribe() -> None:
    config = settings('description = "What happened"\nrights = "© Example"')
    page = parsed_page([entry(1)], config)

    assert page.words("//title") == ["Example News"]
    assert page.words("//h1") == ["Example News"]
    assert page.words("//header/p") == ["What happened"]
    assert page.words("//section//li/a") == ["Atom", "RSS", "JSON Feed"]
    assert page.values("//section//li/a/@href") == ["atom.xml", "rss.xml", "feed.json"]
    assert page.values("//section//a[contains(., 'What is')]/@href") == ["https://aboutfeeds.com/"]
    assert "© Example" in page.words("//footer")[0]


def test_a_page_has_an_alternate_link_for_each_format() -> None:
    links = parsed_page(config=settings(feeds='formats = ["rss", "json"]')).all(
        "//head/link[@rel='alternate']"
    )
    assert [(link.get("type"), link.get("href"), link.get("title")) for link in links] == [
        ("application/rss+xml", "rss.xml", "Example News (RSS)"),
        ("application/feed+json", "feed.json", "Example News (JSON Feed)"),
    ]


def test_the_page_of_a_category_has_its_title_and_a_link_to_the_site() -> None:
    config = settings(more='[categories]\ndescriptions = { markets = "Prices" }')
    page = parsed_page([entry(1)], config, "category/markets")

    assert page.words("//title") == ["markets – Example News"]
    assert page.words("//h1") == ["markets"]
    assert page.words("//header/p") == ["Prices"]
    assert page.values("//link[@rel='canonical']/@href") == [f"{BASE}category/markets/"]
    assert page.values("//header/nav/a/@href") == ["../../index.html", "../../feeds.html"]


def test_a_page_is_a_feed_of_microformats() -> None:
    """By mf2py, a parser that follows https://microformats.org/wiki/microformats2-parsing."""
    config = settings('description = "What happened"', "page_images = true")
    shown = entry(
        1,
        title="A & B",
        authors=(Person("Lin Mai", uri="https://lin.example/"), Person("Kim")),
        image="https://media.example.net/a.png",
        updated=datetime(2026, 11, 20, 8, tzinfo=UTC),
        categories="markets tea",
    )
    (feed,) = mf2py.parse(doc=parsed_page([shown, entry(2)], config).text, url=BASE)["items"]
    item, other = feed["children"]
    values = item["properties"]
    authors = values.pop("author")

    assert (feed["type"], item["type"], other["type"]) == (["h-feed"], ["h-entry"], ["h-entry"])
    assert feed["properties"] == {
        "name": ["Example News"], "summary": ["What happened"], "url": [BASE],
    }  # fmt: skip
    assert values == {
        "name": ["A & B"],
        "url": ["https://source.example.org/1"],
        "published": ["2026-11-18T09:01:00+0000"],  # mf2py writes zones so
        "updated": ["2026-11-20T08:00:00+0000"],
        "summary": ["Summary 1."],
        "photo": [{"value": "https://media.example.net/a.png", "alt": ""}],
        "category": ["markets", "tea"],
    }
    assert [author["type"] for author in authors] == [["h-card"], ["h-card"]]
    assert authors[0]["properties"] == {"name": ["Lin Mai"], "url": ["https://lin.example/"]}
    assert authors[1]["properties"] == {"name": ["Kim"]}
    assert other["properties"]["name"] == ["Title 2"]


def test_pages_have_the_basic_properties_of_open_graph() -> None:
    """https://ogp.me/#metadata: title, type, image and URL; the image only if there is one."""
    logo = "https://news.example.com/logo.png"
    config = settings(f'description = "What happened"\nlogo = "{logo}"')
    (listed, *_) = feed_list.feed_list_documents([], config)
    pages = [parsed_page([entry()], config), Page(listed.data)]
    found = [
        {
            element.get("property"): element.get("content")
            for element in page.all("//meta[@property]")
        }
        for page in pages
    ]
    common = {
        "og:type": "website", "og:site_name": "Example News", "og:image": logo,
        "og:description": "What happened",
    }  # fmt: skip

    assert found == [
        {**common, "og:title": "Example News", "og:url": BASE},
        {**common, "og:title": "All feeds", "og:url": f"{BASE}feeds.html"},
    ]
    assert parsed_page().values("//meta[@property='og:image']/@content") == []


def test_a_page_does_not_show_a_default_description() -> None:
    assert parsed_page([entry(1)], PLAIN, "category/markets").words("//header/p") == []
    assert parsed_page([entry(1)]).words("//header/p") == []


def test_an_entry_on_a_page_has_title_link_date_and_authors() -> None:
    moment = datetime(2026, 11, 18, 9, 30, tzinfo=CST)
    item = entry(
        1,
        published=moment,
        updated=moment + timedelta(days=1),
        authors=(Person("Lin Mei", uri="https://example.com/lin"), Person("Bo")),
        enclosure=Enclosure("https://media.example.net/a.mp3", "audio/mpeg", 5),
    )
    page = parsed_page([item])

    assert page.words("//article/h3") == ["Title 1"]
    assert page.values("//article/h3/a/@href") == ["https://source.example.org/1"]
    assert page.values("//time/@datetime") == [moment.isoformat(), item.updated.isoformat()]
    assert page.words("//time") == ["18 November 2026", "19 November 2026"]
    assert "· Lin Mei · Bo" in page.words("//article/p")[0]
    assert "https://example.com/lin" in page.values("//article/p//a/@href")
    assert page.words("//article/p")[1:] == ["Summary 1.", "Attached file (audio/mpeg)"]


def test_a_page_does_not_show_the_date_of_a_change_on_the_same_day() -> None:
    moment = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)

    assert len(parsed_page([entry(1, updated=moment + timedelta(hours=3))]).all("//time")) == 1


def test_an_entry_on_a_page_links_its_categories_to_their_feeds() -> None:
    terms = (
        Term("category", "markets", "markets", "Market News"),
        Term("category", "日本", "日本"),
        Term("tag", "red", "red"),
    )
    root = parsed_page([entry(1, terms=terms)])
    inside = parsed_page([entry(1, terms=terms)], settings(feeds='taxonomies = ["tag"]'), "tag/red")

    assert root.words("//li[@dir]") == ["Market News", "日本", "red"]
    assert [unquote(href) for href in root.values("//a[@rel='tag']/@href")] == [
        "category/markets/index.html",
        "category/日本/index.html",
    ]
    assert inside.words("//li[@dir]") == ["Market News", "日本"]  # without the term of this feed
    assert inside.values("//a[@rel='tag']/@href") == []


def test_an_entry_on_a_page_links_its_author_to_the_author_s_feed() -> None:
    config = settings(feeds='taxonomies = ["author"]')
    item = entry(1, authors=(Person("林梅", uri="https://example.com/lin"),))

    (href,) = parsed_page([item], config).values("//article/p//a/@href")
    assert unquote(href) == "author/林梅/index.html"


def test_the_page_of_an_empty_feed_says_that_it_has_no_posts() -> None:
    assert parsed_page().words("//main/p") == ["There are no posts yet."]


# --- languages -----------------------------------------------------------------------------------

NOVEMBER = datetime(2026, 11, 1, 23, 59, tzinfo=timezone(timedelta(hours=-8)))


@pytest.mark.parametrize(
    ("language", "date", "heading"),
    [
        ("en", "1 November 2026", "Latest posts"),
        ("en-GB", "1 November 2026", "Latest posts"),
        ("zh-CN", "2026年11月1日", "最新文章"),
        ("zh-TW", "2026年11月1日", "最新文章"),
        ("ja", "2026年11月1日", "最新の記事"),
        ("de", "1. November 2026", "Neueste Beiträge"),
        ("fr", "1er novembre 2026", "Derniers articles"),
        ("es", "1 de noviembre de 2026", "Últimas entradas"),
        ("ar", "1 نوفمبر 2026", "أحدث المقالات"),
        ("he", "1 בנובמבר 2026", "Latest posts"),
        ("ko-KR", "2026년 11월 1일", "Latest posts"),
        ("pt-BR", "1 de novembro de 2026", "Latest posts"),
        ("ru", "1 ноября 2026 г.", "Latest posts"),
        ("no", "1. november 2026", "Latest posts"),
        ("nl", "1 november 2026", "Latest posts"),
        ("eu", "2026-11-01", "Latest posts"),
    ],
)
def test_a_page_has_its_texts_in_the_site_s_language(
    language: str, date: str, heading: str
) -> None:
    page = parsed_page(
        [entry(1, published=NOVEMBER, updated=NOVEMBER)], settings(f'language = "{language}"')
    )

    assert page.values("//html/@lang") == [language]
    assert page.words("//time") == [date]
    assert page.words("//main/h2") == [heading]


def test_texts_in_another_language_than_the_site_s_have_a_lang_attribute() -> None:
    assert parsed_page(config=settings('language = "nl"')).values("//main/h2/@lang") == ["en"]
    assert parsed_page(config=settings('language = "de-AT"')).values("//main/h2/@lang") == []


@pytest.mark.parametrize("language", ["zh-TW", "zh-Hant-HK", "zh-hk"])
def test_traditional_chinese_has_its_own_translation(language: str) -> None:
    assert translations.texts_for(language).subscribe == "訂閱"
    assert (
        translations.texts_for("zh-Hans-HK").subscribe
        == translations.texts_for("zh").subscribe
        == "订阅"
    )


@pytest.mark.parametrize(
    ("language", "direction"),
    [
        ("ar", "rtl"),
        ("he-IL", "rtl"),
        ("fa", "rtl"),
        ("ur", "rtl"),
        ("az-Arab", "rtl"),
        ("ar-Latn", "ltr"),
        ("en", "ltr"),
        ("zh-Hans-CN", "ltr"),
    ],
)
def test_a_page_has_the_writing_direction_of_its_language(language: str, direction: str) -> None:
    config = settings(f'language = "{language}"')

    assert parsed_page(config=config).values("//html/@dir") == [direction]


def test_an_entry_in_another_language_has_its_own_writing_direction() -> None:
    page = parsed_page([entry(1, language="ar"), entry(2, language="en"), entry(3)])

    assert [(e.get("lang"), e.get("dir")) for e in page.all("//article")] == [
        ("ar", "rtl"),
        (None, "auto"),
        (None, "auto"),
    ]


# --- what strangers wrote ------------------------------------------------------------------------


def test_a_page_escapes_every_field_of_a_post() -> None:
    item = entry(
        1,
        title=HOSTILE,
        summary=HOSTILE,
        authors=(Person(HOSTILE),),
        terms=(Term("category", "x", HOSTILE),),
        enclosure=Enclosure("https://media.example.net/a", HOSTILE),
    )
    page = parsed_page([item], PLAIN, "category/x")

    assert page.words("//h1") == [HOSTILE]
    assert page.words("//article/h3") == [HOSTILE]
    assert len(page.all("//script")) == len(page.all("//style")) == 1
    assert page.all("//img") == []
    for element in page.root.iter():
        assert not [name for name in element.attrib if str(name).startswith("on")]


def test_a_page_escapes_the_texts_of_the_configuration() -> None:
    config = settings("rights = '''<b>x</b>'''\ndescription = '''<script>'''")
    page = parsed_page(config=config)

    assert page.words("//header/p") == ["<script>"]
    assert "<b>x</b>" in page.words("//footer")[0]


def test_the_content_security_policy_has_the_hashes_of_style_and_script() -> None:
    page = parsed_page([entry(1)])
    (policy,) = page.values("//meta[@http-equiv='Content-Security-Policy']/@content")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))

    assert rules["default-src"] == rules["base-uri"] == "'none'"
    assert rules["img-src"] == "data:"
    for kind in ("style", "script"):
        (content,) = re.findall(rf"<{kind}>(.*?)</{kind}>", page.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[f"{kind}-src"] == f"'sha256-{digest}'"


def test_a_page_loads_nothing_from_other_hosts() -> None:
    item = entry(1, image="https://images.example.net/a.png")
    page = parsed_page([item])
    loading = "//img | //iframe | //script[@src] | //link[@rel='stylesheet'] | //video | //audio"

    assert page.all(loading) == []
    assert all(href.startswith("data:") for href in page.values("//link[@rel='icon']/@href"))


def test_page_images_are_loaded_lazily_and_without_a_referrer() -> None:
    config = settings(feeds="page_images = true")
    page = parsed_page(
        [entry(1, image="https://images.example.net/a.png?b=1&c=2"), entry(2)], config
    )
    (image,) = page.all("//img")

    assert image.get("src") == "https://images.example.net/a.png?b=1&c=2"
    assert (image.get("loading"), image.get("referrerpolicy"), image.get("alt")) == (
        "lazy",
        "no-referrer",
        "",
    )
    assert "img-src data: http: https:" in page.text


# --- a tree that can be served from anywhere -----------------------------------------------------


def many(count: int = 40) -> dict[str, bytes]:
    return {
        f"{n}.md": post(
            f"Post {n}",
            f"2026-11-{n // 60 + 1:02} 00:{n % 60:02}:00",
            "categories: [日本, C++]\ntags: a\nauthor: Lin Mei",
        )
        for n in range(count)
    }


EVERY = settings(feeds='limit = 6\ntaxonomies = ["category", "tag", "author", "lang"]')


def test_every_link_between_documents_is_relative_and_has_a_target() -> None:
    documents = built(many(), EVERY)
    pages = [path for path in documents if path.endswith(".html")]
    assert len(pages) > 20
    for path in pages:
        for href in Page(documents[path].data).values("//a/@href | //link/@href"):
            if href.startswith("#") or urlsplit(href).scheme in ("data", "https"):
                continue
            target = urlsplit(urljoin(EVERY.url(path), href))
            assert unquote(target.path.lstrip("/")) in documents, (path, href)


def test_only_the_canonical_link_to_a_document_is_absolute() -> None:
    documents = built(many(), EVERY)
    for path in (path for path in documents if path.endswith(".html")):
        page = Page(documents[path].data)
        hrefs = page.values("//a/@href | //link[not(@rel='canonical')]/@href")
        assert not [href for href in hrefs if href.startswith(BASE)]
        (canonical,) = page.values("//link[@rel='canonical']/@href")
        assert canonical in (EVERY.url(path), EVERY.url(path).removesuffix("index.html"))


@pytest.mark.parametrize("path", ["", "category/日本"])
def test_links_to_older_pages_lead_to_the_oldest_entry(path: str) -> None:
    documents = built(many(), EVERY)
    at = f"{path}/index.html".lstrip("/")
    titles: list[str] = []
    for _ in documents:
        page = Page(documents[at].data)
        titles += page.words("//article/h3")
        older = page.values("//nav[@class='older']/a/@href")
        assert older == page.values("//link[@rel='prev']/@href")
        if not older:
            break
        at = unquote(urlsplit(urljoin(EVERY.url(at), older[0])).path.lstrip("/"))

    assert set(titles) == {f"Post {n}" for n in range(40)}


def test_an_html_archive_page_has_a_note_and_a_link_to_its_feed() -> None:
    documents = built(many(), EVERY)
    path = next(path for path in documents if re.match(r"category/日本/archive/.*\.html", path))
    page = Page(documents[path].data)

    assert page.words("//title")[0].endswith("– Older posts – Example News")
    assert page.words("//header/p") == ["These are older posts. Newest posts"]
    assert page.values("//header/p/a/@href") == ["../index.html"]
    assert page.all("//section") == []
    assert page.values("//link[@rel='alternate']/@href")[0] == "../atom.xml"


def test_pages_are_in_the_feed_s_folder_with_their_media_type() -> None:
    with_pages, without_pages = built(many()), built(many(), settings(feeds="pages = false"))
    page_paths = with_pages.keys() - without_pages.keys()

    assert page_paths == {path for path in with_pages if path.endswith(".html")}
    assert {document.type for path, document in with_pages.items() if path in page_paths} == {
        "text/html; charset=utf-8"
    }
    assert feed_documents.archive_keys("tag/a", "x", settings()) == [
        f"tag/a/archive/x{ending}" for ending in (".xml", ".json", ".html")
    ]


def test_the_same_entries_are_the_same_bytes() -> None:
    entries = [entry(n, language="en") for n in range(9, 0, -1)]

    assert parsed_page(entries).data == parsed_page(entries).data
    assert built(many(9)) == built(many(9), now=NOW + timedelta(days=300))


# --- weight and structure ------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh-CN", "ar", "ja", "nl"])
def test_a_page_without_its_entries_has_at_most_20_kb(language: str) -> None:
    entries = [entry(n, categories="a b") for n in range(50, 0, -1)]
    config = settings(f'language = "{language}"\ndescription = "Some words about the site"')
    page = parsed_page(entries, config, older="2026-11-18-0123456789ab")
    articles = re.findall(r"<article.*?</article>", page.text, re.DOTALL)

    assert len(articles) == 50
    assert len(page.data) - sum(len(article.encode()) for article in articles) <= 20_000


def test_a_page_has_landmarks_headings_in_order_and_a_way_past_the_header() -> None:
    page = parsed_page([entry(2), entry(1)], older="2026-11-18-0123456789ab")

    for landmark in ("header", "main", "footer"):
        assert len(page.all(f"//{landmark}")) == 1
    headings = [int(e.tag[1]) for e in page.root.iter("h1", "h2", "h3", "h4")]
    assert headings == [1, 2, 2, 3, 3]
    assert page.values("//body/*[1]/@href") == ["#posts"]
    assert page.values("//main/@id") == ["posts"]
    ids = page.values("//@id")
    assert len(ids) == len(set(ids))
    navigations = page.values("//nav/@aria-label")
    assert len(navigations) == len(page.all("//nav")) == len(set(navigations))


def test_a_page_is_well_formed() -> None:
    """Each element is closed in order, and html.parser and lxml find the same text."""
    config = settings('rights = "R"\ndescription = "D"', "page_images = true")
    item = entry(1, image="https://e.com/a", authors=(Person("A"),), language="ar")
    text = parsed_page([item, entry(2)], config, older="2026-11-18-0123456789ab").text
    void = {"meta", "link", "img", "input", "br"}
    inline = re.sub(r"<(style|script)>.*?</\1>", "", text, flags=re.DOTALL)
    open_: list[str] = []
    for closing, name in re.findall(r"<(/?)([a-z][a-z0-9]*)", inline):
        if closing:
            if name == "html" and open_[-1:] == ["body"]:
                open_.pop()  # HTML 13.1.2.4: the end tag of body is optional
            assert open_.pop() == name
        elif name not in void:
            open_.append(name)
    assert open_ == []


# --- a site's own templates ----------------------------------------------------------------------


def own(folder: Path, **files: str) -> Config:
    """The configuration of a site with templates: ``page_html="…"`` is page.html."""
    (folder / "templates").mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / "templates" / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return read_theme(settings(feeds='templates = "templates"'), folder)


START = '<!doctype html>\n<meta name="generator" content="bucketfeed">\n'


def test_a_site_can_replace_a_template(tmp_path: Path) -> None:
    config = own(
        tmp_path,
        page_html=START
        + "<h1>{{ title }}</h1>{% for entry in entries %}{% include 'entry.html' %}{% endfor %}",
        entry_html="<p>{{ entry.title }}: {{ entry.date }}</p>",
    )
    page = parsed_page([entry(1)], config)

    assert page.words("//h1") == ["Example News"]
    assert page.words("//p") == ["Title 1: 18 November 2026"]
    assert page.all("//style") == []


def test_a_site_s_style_sheet_follows_the_built_in_one_and_is_in_the_policy(
    tmp_path: Path,
) -> None:
    page = parsed_page(config=own(tmp_path, style_css=":root { --accent: #036; }"))
    (style,) = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert style.endswith(":root { --accent: #036; }")
    assert digest in page.values("//meta[@http-equiv]/@content")[0]


def test_styles_and_scripts_of_a_site_s_template_are_in_the_policy(tmp_path: Path) -> None:
    text = START + (
        '<meta http-equiv="Content-Security-Policy" content="{{policy}}">'
        "<style>h1 { color: red }</style><script>document.title += '!'</script>"
    )
    (policy,) = parsed_page(config=own(tmp_path, page_html=text)).values(
        "//meta[@http-equiv]/@content"
    )

    for content in ("h1 { color: red }", "document.title += '!'"):
        assert base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() in policy


def test_another_template_changes_the_configuration_and_the_page(tmp_path: Path) -> None:
    from feeds.state.objects import fingerprint

    plain = settings(feeds='templates = "templates"')
    assert fingerprint(own(tmp_path, style_css="h1 {}")) != fingerprint(plain)


@pytest.mark.parametrize(
    ("file", "text", "what"),
    [
        ("page_html", START + "{{titel}}", ":3: there is no value titel; did you mean title?"),
        (
            "page_html",
            START + "{{words.latset}}",
            ":3: there is no value words.latset; did you mean latest?",
        ),
        ("page_html", START + "{% if title %}", ":3: unexpected end of input"),
        ("page_html", START + "{{#title}}{{/title}}", ":3: {{#title is Mustache"),
        (
            "entry_html",
            "{% if rights %}\n{{ entry.titel }}{% endif %}",
            ":2: there is no value entry.titel",
        ),
        (
            "entry_html",
            "{% for a in entry.authors %}{{ a.link }}{% endfor %}",
            ":1: there is no value a.link",
        ),
        ("feeds_html", START + "{{ title }}", ":3: there is no value title"),
        ("entry_html", "\n{{ entry.title | safe }}", ":2: there is no filter safe"),
        ("entry_html", "\n{{ entry.title.nothing() }}", ":2: string has no method named nothing"),
        (
            "entry_html",
            "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
            ":1: it does too much work",
        ),
        ("entry_html", "<style>a{% raw %}b{% endraw %}</style>", ":1: <style> can contain no {#"),
        ("page_html", "<h1>{{title}}</h1>", ":1: its start has no <meta name="),
        (
            "page_html",
            START + "<a href={{url}}>",
            ":3: put quotes around the value of the attribute",
        ),
        (
            "page_html",
            START + "\n<script>\nlet x = '{{title}}';</script>",
            ":4: <script> can contain no value except {{ script }}",
        ),
        ("page_html", START + "{% include 'style.css' %}", ":3: there is no template 'style.css'"),
        ("entry_html", "{% include 'entry.html' %}", ":1: it includes or calls itself"),
        ("style_css", "a{}</style><script>", ":1: a style sheet must not contain </style"),
    ],
)
def test_a_mistake_in_a_template_is_reported_with_file_and_line(
    tmp_path: Path, file: str, text: str, what: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        own(tmp_path, **{file: text})

    assert f"{file.replace('_', '.')}{what}" in str(caught.value)


def test_a_missing_template_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"feeds\.templates: .*nowhere: there is no such folder"):
        read_theme(settings(feeds='templates = "nowhere"'), tmp_path)


def test_a_template_folder_without_template_files_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"has none of page\.html, entry\.html"):
        own(tmp_path)


def test_every_name_in_the_built_in_templates_is_a_template_variable() -> None:
    built_in = {file: BUILT_IN[file] for file in OVERRIDABLE_FILES}

    assert list(template_problems(built_in)) == []


def names_in(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        yield name
        if name != "words" and (isinstance(value, dict) or (isinstance(value, list) and value)):
            yield from names_in(value[0] if isinstance(value, list) else value)


def test_every_template_variable_is_documented() -> None:
    text = (Path(__file__).parent.parent.parent / "docs" / "pages.md").read_text(encoding="utf-8")
    tables = text[text.index("### On every page") :]
    documented = set(re.findall(r"`(?:words|(?:\w+\.)*([a-z_]+))(?:\.…)?`", tables)) | {"words"}

    assert documented - {"", "ltr", "rtl", "auto", "html"} == {
        name for page in PAGE_VALUES.values() for name in names_in(page)
    }


def test_the_invented_values_have_the_names_that_a_page_gets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The check of a site's templates knows the names that the program fills in, and no other."""
    filled: dict[str, dict[str, Any]] = {}

    def keep(_: Theme, page: str, values: dict[str, Any]) -> bytes:
        filled[page] = values
        return b""

    monkeypatch.setattr(Theme, "render", keep)
    item = entry(
        1,
        authors=(Person("A"),),
        terms=(Term("category", "x", "x"),),
        enclosure=Enclosure("https://media.example.net/a", "audio/mpeg"),
    )
    list(feed_documents.current_documents("", [item], "", PLAIN))
    list(feed_list.feed_list_documents([ListedFeed("tag/a", "A")], PLAIN))

    added = {"style", "script"}  # by Theme.render
    for page, values in PAGE_VALUES.items():
        assert set(names_in(values)) == {*names_in(filled[page]), *added}


@pytest.mark.parametrize(
    "text",
    [
        "{{ entry.title }}",
        "{{ entry.title | upper }}",
        "{{ [entry.title] }}",
        "{{ [entry.title, entry.title] | join('&' | e) }}",
        "{{ ('x' | e) ~ entry.title }}",
        "{{ 'x' | e | replace('x', entry.title) }}",
        "{{ ('{}' | e).format(entry.title) }}",
        "{% autoescape false %}{{ entry.title }}{{ [entry.title] }}{% endautoescape %}",
        "{% autoescape 'none' %}{% set x %}{{ [entry] }}{% endset %}{{ x }}{% endautoescape %}",
        "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(entry.title) }}",
        "{% filter lower %}{{ entry.title }}{% endfilter %}",
        "{{ entry | items }}",
    ],
)
def test_no_form_in_a_template_writes_a_value_unescaped(tmp_path: Path, text: str) -> None:
    config = own(tmp_path, entry_html=f'<p title="{text}">{text}</p>')
    hostile = "\"><script>alert('1')</script>"
    page = parsed_page([entry(1, title=hostile, link="https://e.com/")], config)

    assert len(page.all("//script")) == 1  # the page's own
    (paragraph,) = page.all("//main/p")
    assert paragraph.attrib.keys() == ["title"]


def test_a_filter_for_json_does_not_exist(tmp_path: Path) -> None:
    """Its result keeps its quotes, so a value could end an attribute."""
    with pytest.raises(ConfigError, match="tojson is unknown"):
        own(tmp_path, entry_html='<p title="{{ entry.title | tojson }}">')


def test_a_style_sheet_with_a_comment_mark_of_jinja_can_stand_in_raw(tmp_path: Path) -> None:
    css = "@media print{#nav{display:none}}h1{color:red}"
    page = parsed_page(
        config=own(
            tmp_path,
            page_html=START
            + '<meta http-equiv="Content-Security-Policy" content="{{ policy }}">'
            + f"{{% raw %}}<style>{css}</style>{{% endraw %}}",
        )
    )
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()

    assert f"<style>{css}</style>" in page.text
    assert digest in page.values("//meta[@http-equiv]/@content")[0]


def test_a_template_that_fails_with_real_values_names_its_file_and_line(tmp_path: Path) -> None:
    text = "\n{% if entry.title == 'Title 1' %}{{ 1 / 0 }}{% endif %}"
    with pytest.raises(ConfigError, match=r"entry\.html:2: unable to calculate 1 / 0"):
        parsed_page([entry(1)], own(tmp_path, entry_html=text))


# --- writing -------------------------------------------------------------------------------------


def test_a_build_does_not_overwrite_the_home_page_of_another_program(tmp_path: Path) -> None:
    from feeds.building.write import write_documents
    from feeds.errors import FeedsError

    (tmp_path / "index.html").write_text("<!doctype html><title>My site</title>")
    with pytest.raises(
        FeedsError,
        match=r"did not make: index\.html; nothing was written",
    ):
        write_documents(documents_of(many(2)), LocalStore(tmp_path))

    assert "My site" in (tmp_path / "index.html").read_text()


def documents_of(posts: dict[str, bytes]) -> Iterator[Document]:
    yield from built(posts).values()


def test_an_html_archive_page_has_its_entries_newest_first() -> None:
    entries = [entry(number) for number in range(9)]
    name = pagination.page_name(entries)
    documents = {d.path: d for d in feed_documents.archive_documents("", name, entries, "", PLAIN)}

    assert Page(documents[f"archive/{name}.html"].data).words("//article/h3") == [
        f"Title {number}" for number in range(8, -1, -1)
    ]
