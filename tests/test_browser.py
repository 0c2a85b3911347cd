"""The HTML pages in a real browser: no error, no request, nothing cut off, everything accessible.

If FEEDS_SCREENSHOTS names a folder, the tests write a screenshot of every page into it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.browser import Browser, Page, browsing, chromium
from support.sites import entry, post, settings
from support.web import Site, serving

from feeds.documents import feed_documents
from feeds.documents.feed_list import feed_list_documents
from feeds.model import Document, Enclosure, ListedFeed, Person

if chromium() is None:
    pytest.skip("there is no Chromium here: apt install chromium", allow_module_level=True)

pytestmark = pytest.mark.slow

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
CHINESE = """
[site]
title = "望屿新闻"
url = "https://news.example.com/"
description = "临汐与望屿两地的新闻，转自各报"
language = "zh-CN"
[feeds]
url = "FEEDS"
limit = 50
"""


def chinese() -> dict[str, bytes]:
    """The posts of a site with a full page and an archive."""
    text = "记者从临汐轮渡站了解到，自下周一起，早班渡轮的首班时间由六点二十分提前到六点整。" * 3
    more = "categories: [财经, 'C++']\nauthor: 林梅"
    return {
        f"{n}.md": post(f"临汐早班渡轮提前二十分钟 {n}", f"2026-11-01 09:{n:02}:00", more, text)
        for n in range(60)
    }


def arabic() -> Iterator[Document]:
    config = settings('language = "ar"\ndescription = "أخبار الجزيرتين"\nrights = "© الأخبار"')
    entries = [
        entry(
            n,
            title=f"سعر المحار ثابت رغم البرد {n}",
            summary="باعت سوق السمك المحار بالسعر نفسه، مع أن الماء أبرد بثلاث درجات.",
            authors=(Person("لين ماي"),),
            enclosure=Enclosure("https://media.example.net/a.mp3", "audio/mpeg"),
            language="en" if n == 2 else "",
        )
        for n in (3, 2, 1)
    ]
    yield from feed_documents.current_documents("", entries, "", config)
    yield from feed_documents.current_documents("category/markets", entries, "", config)
    yield from feed_list_documents([ListedFeed("category/markets", "الأسواق")], config)


def hebrew() -> Iterator[Document]:
    """A site in a language without a translation, written from right to left."""
    config = settings('language = "he"')
    entries = [entry(1, title="מחיר הצדפות יציב", summary="שוק הדגים מכר צדפות באותו מחיר.")]
    yield from feed_documents.current_documents("", entries, "", config)
    yield from feed_list_documents([ListedFeed("category/markets", "שווקים")], config)


def many() -> Iterator[Document]:
    listed = [ListedFeed(f"category/name-{n}", f"Catégorie {n}, 第{n}类") for n in range(1900)]
    listed += [ListedFeed(f"tag/tag-{n}", f"Tag {n}") for n in range(100)]
    yield from feed_list_documents(listed, settings())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("public")
    with serving(folder, CHINESE) as site:
        site.publish(chinese())
        trees = {
            "ar": arabic(),
            "he": hebrew(),
            "many": many(),
            "empty": feed_documents.current_documents("category/empty", [], "", settings()),
        }
        for name, made in trees.items():
            for document in made:
                file = folder / name / document.path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(document.data)
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.page() as page:
        yield page


PAGES = {
    "root": "",
    "category": "category/%E8%B4%A2%E7%BB%8F/",
    "archive": "",
    "few": "feeds.html",
    "many": "many/feeds.html",
    "empty": "empty/category/empty/index.html",
    "right-to-left": "ar/index.html",
    "right-to-left-category": "ar/category/markets/index.html",
    "right-to-left-few": "ar/feeds.html",
    "without-words": "he/index.html",
}


def address(site: Site, name: str) -> str:
    if name == "archive":
        files = sorted((site.folder / "category" / "财经" / "archive").glob("*.html"))
        return f"{site.url}category/%E8%B4%A2%E7%BB%8F/archive/{files[-1].name}"
    return site.url + PAGES[name]


@pytest.mark.parametrize("width", [360, 1100])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_errors_no_requests_no_overflow_and_is_accessible(
    site: Site, page: Page, name: str, scheme: str, width: int
) -> None:
    page.size(width)
    page.colours(scheme)
    page.open(address(site, name))

    assert page.complaints == []
    assert page.requests == [address(site, name)]
    assert page.run("document.documentElement.scrollWidth") <= width
    if folder := os.environ.get("FEEDS_SCREENSHOTS"):
        page.picture(Path(folder) / f"{name}-{scheme}-{width}.png", whole=name != "many")
    if not AXE.is_file():
        pytest.skip("there is no axe-core here: npm ci --prefix tests")
    if name != "many" or (scheme, width) == ("light", 360):  # 2,000 rows take axe-core 10 s
        assert violations(page) == []


def violations(page: Page) -> list[str]:
    """The accessibility faults that axe-core finds."""
    page.run(AXE.read_text(encoding="utf-8"))
    return page.run(  # type: ignore[no-any-return]
        """axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations
            .filter(rule => ["serious", "critical", "moderate"].includes(rule.impact))
            .map(rule => `${rule.id}: ${rule.nodes[0].html} ${rule.nodes[0].failureSummary}`))"""
    )


def test_a_page_works_without_scripts(site: Site, page: Page) -> None:
    page.scripts(on=False)
    page.open(site.url)

    assert page.complaints == []
    assert page.run(
        "[...document.querySelectorAll('.subscribe a')].slice(0, 3).map(a => a.href)"
    ) == [f"{site.url}{file}" for file in ("atom.xml", "rss.xml", "feed.json")]
    assert page.run("document.querySelector('.subscribe button').offsetWidth") == 0
    page.open(address(site, "many"))
    assert page.run("document.querySelector('.filter').offsetWidth") == 0
    assert page.run("document.querySelectorAll('main li').length") == 2001


def test_the_copy_button_copies_the_feed_s_address(site: Site, page: Page) -> None:
    page.call("Emulation.setFocusEmulationEnabled", enabled=True)
    page.open(site.url)
    page.run(
        """navigator.permissions && (window.copied = "",
        navigator.clipboard.writeText = async text => { window.copied = text; },
        document.querySelectorAll(".subscribe button")[1].click())"""
    )
    assert page.run("window.copied") == f"{site.url}rss.xml"
    assert page.run("document.querySelector('.subscribe [role=status]').textContent") == "已复制"
    said = page.run("document.querySelectorAll('.subscribe button')[1].textContent")
    assert said == "已复制 (RSS)"


ENDS = """
(() => {
    const words = document.querySelector(".subscribe p a").firstChild;
    const range = document.createRange();
    const at = n => {
        range.setStart(words, n);
        range.setEnd(words, n + 1);
        return range.getBoundingClientRect().left;
    };
    return [at(0), at(words.length - 1)];
})()"""


@pytest.mark.parametrize("tree", ["", "ar/", "he/"])
def test_punctuation_stays_at_its_end_in_both_directions_of_text(
    site: Site, page: Page, tree: str
) -> None:
    page.size(1100)
    page.open(f"{site.url}{tree}index.html")
    first, last = page.run(ENDS)

    assert (last < first) == (tree == "ar/")
    assert page.run("getComputedStyle(document.querySelector('#posts h2')).textAlign") in (
        {"he/": ["right"]}.get(tree, ["start"])
    )


SHOWN = "[...document.querySelectorAll('main li')].filter(row => row.offsetHeight).length"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("catégorie 1899", 1),
        ("CATEGORIE 1899", 1),
        ("第7类", 1),
        ("name-55", 11),
        ("tag 7", 19),
        ("nothing like this", 0),
        ("", 2001),
    ],
)
def test_the_search_box_finds_feeds_by_title_and_path(
    site: Site, page: Page, typed: str, found: int
) -> None:
    page.open(address(site, "many"))
    page.run("document.querySelector('#filter').focus()")
    page.write(typed)

    assert page.run(SHOWN) == found
    said = page.run("document.querySelector('main [role=status]').textContent")
    assert said == (f"Found: {found}" if typed else "")


def test_the_search_box_is_fast_with_two_thousand_feeds(site: Site, page: Page) -> None:
    page.open(address(site, "many"))
    milliseconds = page.run(
        """(() => {
            const box = document.querySelector("#filter"), start = performance.now();
            for (const typed of ["n", "na", "nam", "name", "name-1", "", "tag"]) {
                box.value = typed;
                box.dispatchEvent(new Event("input"));
                document.body.offsetHeight;
            }
            return (performance.now() - start) / 7;
        })()"""
    )
    assert milliseconds < 250


def test_the_first_tab_key_reaches_the_skip_link(site: Site, page: Page) -> None:
    page.call("Emulation.setFocusEmulationEnabled", enabled=True)
    page.open(site.url)
    page.press("Tab", 9)

    assert page.run("document.activeElement.className") == "skip"
    assert page.run("document.activeElement.offsetHeight") > 20
    page.press("Enter", 13, "\r")
    assert page.run("document.activeElement.id") == "posts"


def test_every_link_and_button_can_be_focused_by_key_and_shows_its_focus(
    site: Site, page: Page
) -> None:
    page.call("Emulation.setFocusEmulationEnabled", enabled=True)
    page.open(f"{site.url}ar/index.html")
    reached = 0
    for _ in range(60):
        page.press("Tab", 9)
        if page.run("document.activeElement === document.body"):
            break
        assert page.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        reached += 1

    assert reached == page.run("document.querySelectorAll('a, button').length")


INJECTED = """
document.body.insertAdjacentHTML("beforeend", `
    <img src="https://elsewhere.example.net/a.png"
        onerror="window.hit = 'handler'"><a id="a" href="javascript:window.hit = 'link'">a</a>`);
const script = document.createElement("script");
script.textContent = "window.hit = 'script'";
document.body.append(script);
document.querySelector("#a").click();
fetch("https://elsewhere.example.net/").catch(() => {});
new Promise(done => setTimeout(() => done(window.hit ?? "nothing"), 200));
"""


def test_injected_scripts_do_not_run_and_request_nothing(site: Site, page: Page) -> None:
    page.open(site.url)

    assert page.run(INJECTED) == "nothing"
    assert [url for url in page.requests if "elsewhere" in url] == []
    assert any("Content Security Policy" in said for said in page.complaints)


def test_a_feed_opened_as_xml_is_readable(site: Site, page: Page) -> None:
    for file, hidden in (("atom.xml", "entry > id"), ("rss.xml", "item > guid")):
        page.open((site.folder / file).as_uri())

        assert page.complaints == []
        assert [Path(url).name for url in page.requests] == [file, "feed.css"]
        style = "getComputedStyle(document.querySelector('{}')).display"
        assert page.run(style.format(hidden)) == "none"
        assert page.run(style.format(f"{hidden.split()[0]} > title")) == "block"


def test_a_feed_opened_at_a_server_is_shown_with_its_style_sheet(site: Site, page: Page) -> None:
    for file in ("atom.xml", "rss.xml"):
        page.open(site.url + file)

        assert page.requests[:2] == [site.url + file, f"{site.url}feed.css"]
        title = "getComputedStyle(document.querySelector('title')).display"
        assert page.run(title) == "block"


OWN_PAGE = """<!doctype html><meta name="generator" content="bucketfeed">
<meta http-equiv="Content-Security-Policy" content="{}"><title>{{{{ title }}}}</title>
<script>window.own = true</script>
{{% for entry in entries %}}<h3>{{{{ entry.title }}}}</h3>{{% endfor %}}
"""
OWN_POLICIES = [
    "",  # the built-in page
    "{{ policy }}",
    "script-src 'unsafe-inline'",
    "default-src 'unsafe-inline'; connect-src 'none'",
]


@pytest.mark.parametrize("policy", OWN_POLICIES)
def test_an_open_page_shows_a_post_that_changes(
    tmp_path: Path, browser: Browser, policy: str
) -> None:
    (tmp_path / "posts").mkdir()
    text = '[site]\ntitle = "News"\nurl = "https://news.example.com/"\n'
    if policy:
        (tmp_path / "look").mkdir()
        (tmp_path / "look" / "page.html").write_text(OWN_PAGE.format(policy))
        text += '[feeds]\ntemplates = "look"\n'
    (tmp_path / "feeds.toml").write_text(text)
    (tmp_path / "posts" / "one.md").write_bytes(post("Old title", "2026-11-01"))
    with started(tmp_path) as url, browser.page() as page:
        page.open(url)
        assert page.run("document.querySelector('h3').textContent") == "Old title"
        (tmp_path / "posts" / "one.md").write_bytes(post("New title", "2026-11-01"))
        end = time.monotonic() + 30
        while (title := page.run("document.querySelector('h3')?.textContent")) != "New title":
            assert time.monotonic() < end, title
            time.sleep(0.05)
        assert [said for said in page.complaints if "Content Security Policy" in said] == []
        page.run("window.loaded = true")
        page.run("new Promise(done => setTimeout(done, 2500))")

        assert page.run("window.loaded") is True, "it reloads only after a change"
        assert page.run("window.own") is (True if policy else None)


@contextlib.contextmanager
def started(folder: Path) -> Iterator[str]:
    """`feeds serve` in a process of its own; yields the address of the page of all posts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "feeds", "serve", "posts", "--port", "0"],
        cwd=folder, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        assert process.stdout
        line = next(line for line in process.stdout if line.startswith("Serving "))
        yield line.split()[1].removesuffix("feeds.html")
    finally:
        process.terminate()
        process.wait()


def test_pages_work_from_a_folder_without_a_server(site: Site, page: Page) -> None:
    page.open((site.folder / "category" / "财经" / "index.html").as_uri())
    page.run("document.querySelector('.older a').click()")
    page.browser.listen(lambda: any("/archive/" in url for url in page.requests))
    page.run("new Promise(done => setTimeout(done, 200))")

    assert page.run("document.querySelectorAll('article').length") > 0
    assert page.complaints == []
