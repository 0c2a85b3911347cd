"""`feeds init --from`: the old feed of a site gives the ids, the title, the address, the length."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.generator_sites import post_text, write_site

from feeds.config import Config
from feeds.config_file.parse import parse_config
from feeds.generators.detect import detect_generator
from feeds.generators.earlier_feed.old_feed import OldEntry, parse_old_feed
from feeds.generators.settings import SiteSettings

COMMAND = str(Path(sys.executable).with_name("feeds"))

# --- reading a feed -------------------------------------------------------------------------------

ATOM = """<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de">
<title>My &lt;b&gt;Blog&lt;/b&gt;</title><link rel="self" href="https://a.example/feed.xml"/>
<link rel="alternate" type="application/rss+xml" href="https://a.example/rss.xml"/>
<link href="https://a.example/"/>
<entry><id> https://a.example/1 </id><title type="html">Tea &amp;amp; co</title>
<link rel="enclosure" href="https://a.example/1.mp3"/><link href="https://a.example/1.html"/></entry>
<entry><id>tag:a.example,2026-01-02:/ü x.html</id><title>Two</title></entry>
</feed>"""
RSS = """<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>My Blog</title>
<link>https://a.example/</link><atom:link rel="self" href="https://a.example/feed/"/>
<language>de-AT</language>
<item><title>One</title><link>https://a.example/one/</link>
<guid isPermaLink="false">https://a.example/?p=1</guid></item>
<item><title>Two</title><link>https://a.example/two/</link></item></channel></rss>"""
RSS_1 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
xmlns="http://purl.org/rss/1.0/"><channel><title>My Blog</title><link>https://a.example/</link>
</channel><item><title>One</title><link>https://a.example/one/</link></item></rdf:RDF>"""
JSON = """{"version": "https://jsonfeed.org/version/1.1", "title": "My Blog", "language": "de",
"home_page_url": "https://a.example/", "feed_url": "https://a.example/feed.json", "items":
[{"id": 17, "url": "https://a.example/one/", "title": "One"}, {"id": "two"}]}"""


def test_an_atom_feed_is_read() -> None:
    feed = parse_old_feed(ATOM.encode())
    assert feed is not None
    assert (feed.title, feed.site, feed.url) == (
        "My Blog", "https://a.example/", "https://a.example/feed.xml",
    )  # fmt: skip
    assert (feed.format, feed.language) == ("atom", "de")
    assert feed.entries == (
        OldEntry("https://a.example/1", "https://a.example/1.html", "Tea & co"),
        OldEntry("tag:a.example,2026-01-02:/ü x.html", "", "Two"),
    )


def test_an_rss_feed_is_read_and_an_item_without_a_guid_is_known_by_its_link() -> None:
    feed = parse_old_feed(RSS.encode())
    assert feed is not None
    assert (feed.title, feed.site, feed.url) == (
        "My Blog", "https://a.example/", "https://a.example/feed/",
    )  # fmt: skip
    assert (feed.format, feed.language) == ("rss", "de-AT")
    ids = [entry.id for entry in feed.entries]
    assert ids == ["https://a.example/?p=1", "https://a.example/two/"]


def test_an_rss_1_0_feed_and_a_json_feed_are_read() -> None:
    first, second = parse_old_feed(RSS_1.encode()), parse_old_feed(JSON.encode())
    assert first is not None
    assert second is not None
    assert (first.title, [entry.id for entry in first.entries]) == (
        "My Blog", ["https://a.example/one/"],
    )  # fmt: skip
    assert (second.site, second.url, second.format) == (
        "https://a.example/", "https://a.example/feed.json", "json",
    )  # fmt: skip
    assert [entry.id for entry in second.entries] == ["17", "two"]


def test_a_feed_with_mistakes_is_read_as_readers_read_it() -> None:
    feed = parse_old_feed(RSS.replace("One<", "One & more<").encode("utf-8-sig"))
    assert feed is not None
    assert len(feed.entries) == 2


@pytest.mark.parametrize("data", ["", "Hello", "<html><body>Hello</body></html>", "{}", "{", "<"])
def test_what_is_not_a_feed_is_not_taken_for_one(data: str) -> None:
    assert parse_old_feed(data.encode()) is None


def test_entities_of_a_feed_are_not_resolved(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("SECRET")
    doctype = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>'
    feed = parse_old_feed((doctype + RSS.replace(">One<", ">&x;<")).encode())
    assert feed is not None
    assert "SECRET" not in str(feed)


# --- the ids that a generator's own feed has ------------------------------------------------------

POST = {"_posts/2026-01-02-tea.md": post_text("title: Tea")}
FEEDS: dict[str, tuple[dict[str, str], str, int]] = {
    "jekyll-feed": ({"_config.yml": "title: A\nplugins: [jekyll-feed]\n"}, "generator", 10),
    "jekyll-feed in the Gemfile": (
        {"_config.yml": "title: A\n", "Gemfile": 'group :p do\n  gem "jekyll-feed", "~> 1"\nend\n'},
        "generator",
        10,
    ),
    "posts_limit": (
        {"_config.yml": "title: A\nplugins: [jekyll-feed]\nfeed: { posts_limit: 20 }\n"},
        "generator",
        20,
    ),
    "a template with post.id": (
        {"_config.yml": "title: A\n", "atom.xml": "<id>{{ site.url }}{{ post.id }}</id>"},
        "generator",
        0,
    ),
    "a template with post.url": (
        {
            "_config.yml": "title: A\n",
            "feed.xml": "{% for post in site.posts limit:15 %}"
            '<guid isPermaLink="true">{{ post.url | absolute_url }}</guid>',
        },
        "permalink",
        15,
    ),
    "no feed of Jekyll": ({"_config.yml": "title: A\n"}, "", 0),
    "Hugo": ({"hugo.toml": 'title = "A"\n'}, "generator", 0),
    "a limit of Hugo": (
        {"hugo.toml": 'title = "A"\n[services.rss]\nlimit = 12\n'},
        "generator",
        12,
    ),
    "no feed of Hugo": ({"hugo.toml": 'title = "A"\ndisableKinds = ["RSS"]\n'}, "", 0),
    "a template of Hugo": (
        {
            "hugo.toml": 'title = "A"\n',
            "layouts/_default/rss.xml": "<guid>{{ .Permalink }}</guid>",
        },
        "generator",
        0,
    ),
    "another template of Hugo": (
        {"hugo.toml": 'title = "A"\n', "layouts/rss.xml": "<guid>{{ .File.UniqueID }}</guid>"},
        "",
        0,
    ),
    "Pelican": ({"pelicanconf.py": "SITENAME = 'A'\nFEED_MAX_ITEMS = 30\n"}, "generator", 30),
    "Zola": (
        {"config.toml": 'base_url = "/"\ntitle = "A"\ngenerate_feeds = true\n'},
        "generator",
        0,
    ),
    "no feed of Zola": ({"config.toml": 'base_url = "/"\ntitle = "A"\n'}, "", 0),
    "Eleventy": (
        {
            "eleventy.config.js": "export default (c) => { c.addPlugin(f, { x: { limit: 8 } }) }",
            "_data/metadata.json": '{"title": "A", "url": "https://a.example/"}',
            "package.json": '{"devDependencies": {"@11ty/eleventy-plugin-rss": "^2"}}',
        },
        "generator",
        8,
    ),
    "Docusaurus": (
        {
            "docusaurus.config.js": "export default {title: 'A', url: 'https://a.example', "
            "baseUrl: '/', presets: [['classic', {blog: {path: 'blog'}}]]};",
            "blog/2026-01-02-tea.md": post_text("title: Tea"),
        },
        "generator",
        20,
    ),
}


@pytest.mark.parametrize("name", FEEDS)
def test_the_ids_and_the_length_of_a_generator_s_own_feed_are_kept(
    tmp_path: Path, name: str
) -> None:
    files, ids, limit = FEEDS[name]
    settings = detect_generator(write_site(tmp_path, {**POST, **files}))
    assert settings.generator
    assert (settings.ids, settings.feed_limit) == (ids, limit)


def test_a_site_without_a_generator_has_no_feed_of_its_own(tmp_path: Path) -> None:
    assert detect_generator(write_site(tmp_path, POST)) == SiteSettings(
        posts="_posts",
        post_count=1,
        link_in_body=False,
        reasons={"link_in_body": "0 of 1 posts end with a link that has a line to itself."},
    )


# --- feeds init --from ----------------------------------------------------------------------------


def feeds(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [COMMAND, "init", "--yes", ".", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=60)


def made(folder: Path, files: dict[str, str], feed: str) -> tuple[Config, str]:
    """The configuration that `feeds init --from` writes, and what it prints."""
    write_site(folder, {**files, "old.xml": feed})
    done = feeds(folder, "--from", "old.xml")
    assert done.returncode == 0, done.stderr
    return parse_config((folder / "feeds.toml").read_text("utf-8")), done.stdout


def rss(*items: tuple[str, str, str]) -> str:
    """A feed of items: title, link, guid."""
    texts = "".join(
        f"<item><title>{title}</title><link>{link}</link><guid>{guid}</guid></item>"
        for title, link, guid in items
    )
    return (
        '<rss version="2.0"><channel><title>Old</title><link>https://a.example/</link>'
        f"{texts}</channel></rss>"
    )


TEA = {"_posts/2026-01-02-tea.md": post_text("title: Tea", "wordpress_id: 17")}
JAM = {"_posts/2026-01-03-jam.md": post_text("title: Jam", "wordpress_id: 18")}
PAGE = "https://a.example/2026/01/02/tea.html"


@pytest.mark.slow
def test_the_feed_gives_title_address_and_length_if_the_site_has_no_configuration(
    tmp_path: Path,
) -> None:
    config, _ = made(tmp_path, TEA | JAM, rss(("Tea", PAGE, PAGE)))
    assert (config.site.title, config.site.url) == ("Old", "https://a.example/")
    assert (config.feeds.limit, config.posts.id) == (1, "permalink")


SELF = '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="self" href="{}"/></channel>'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("url", "files", "folders"),
    [
        ("https://a.example/index.xml", {"rss": "index.xml"}, {}),
        ("http://www.a.example/rss.xml", {}, {}),
        ("https://a.example/feed/all.xml", {"rss": "all.xml"}, {"all": "feed/"}),
        ("https://elsewhere.example/feed.xml", {}, {}),
        ("https://a.example/?feed=rss2", {}, {}),
    ],
)
def test_the_feed_stays_where_it_is_on_the_site(
    tmp_path: Path, url: str, files: dict[str, str], folders: dict[str, str]
) -> None:
    feed = rss(("Tea", PAGE, PAGE)).replace("</channel>", SELF.format(url))
    config, printed = made(tmp_path, TEA, feed)
    assert (config.addresses.files, config.addresses.feeds) == (files, folders)
    assert "could not know: how the feed" not in printed


@pytest.mark.slow
def test_a_feed_that_is_not_at_the_address_of_a_file_needs_a_redirect(tmp_path: Path) -> None:
    feed = rss(("Tea", PAGE, PAGE))
    feed = feed.replace("</channel>", SELF.format("https://a.example/feed/"))
    config, printed = made(tmp_path, TEA, feed)
    assert config.addresses.feeds == {}
    assert "could not know: how the feed stays at feed/, which is not the address" in printed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("guid", "rule"),
    [
        ("https://a.example/2026/01/02/tea.html", "permalink"),
        ("https://a.example/2026/01/02/tea", "generator"),
        ("http://old.example/?p=17", "http://old.example/?p={wordpress_id}"),
        ("tag:a.example,2026:2026-01-02-tea.md", "tag"),
    ],
)
def test_the_rule_that_gives_the_ids_of_the_feed_is_found(
    tmp_path: Path, guid: str, rule: str
) -> None:
    jekyll = {"_config.yml": "title: A\nurl: https://a.example\nplugins: [jekyll-feed]\n"}
    config, printed = made(tmp_path, TEA | JAM | jekyll, rss(("Tea", "", guid)))
    assert (config.posts.id, config.posts.ids) == (rule, {})
    if rule != "tag":
        assert "id: Of 1 entries in the old feed, 1 have these ids." in printed


@pytest.mark.slow
def test_ids_that_no_rule_gives_are_found_by_link_or_title(tmp_path: Path) -> None:
    feed = rss(
        ("Another title", PAGE.replace("https", "http"), "one"),
        ("Jam", "https://elsewhere.example/x", "two"),
        ("Gone", "https://a.example/gone", "three"),
    )
    config, printed = made(tmp_path, TEA | JAM, feed)
    assert config.posts.id == "tag"
    assert config.posts.ids == {"2026-01-02-tea.md": "one", "2026-01-03-jam.md": "two"}
    assert "could not know: the posts of 1 entries of the old feed (Gone)" in printed


@pytest.mark.slow
def test_where_files_move_each_post_of_the_feed_has_its_id_by_its_name(tmp_path: Path) -> None:
    """The address of a page changes when its file moves; the id must not."""
    files = {
        "_config.yml": "title: A\nurl: https://a.example\nplugins: [jekyll-feed]\n",
        **TEA,
        **JAM,
        "old/2026-01-03-jam.md": JAM["_posts/2026-01-03-jam.md"],
        "old/2026-01-01-rum.md": post_text("title: Rum"),
    }
    config, _ = made(tmp_path, files, rss(("Tea", PAGE, "https://a.example/2026/01/02/tea")))
    assert (config.posts.id_from, config.posts.id) == ("stem", "tag")
    assert config.posts.ids == {"2026-01-02-tea": "https://a.example/2026/01/02/tea"}


@contextmanager
def web_server(answers: dict[str, bytes]) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answers.get(self.path)
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.slow
def test_the_feed_may_be_on_the_web(tmp_path: Path) -> None:
    write_site(tmp_path, TEA)
    with web_server({"/feed.xml": rss(("Tea", PAGE, "one")).encode()}) as server:
        assert feeds(tmp_path, "--from", f"{server}/feed.xml").returncode == 0
    config = parse_config((tmp_path / "feeds.toml").read_text("utf-8"))
    assert config.posts.ids == {"2026-01-02-tea.md": "one"}


@pytest.mark.slow
def test_a_feed_that_cannot_be_read_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    write_site(tmp_path, {**TEA, "page.html": "<html><p>Hello</p></html>"})
    with web_server({}) as server:
        for source, fault in (
            (f"{server}/feed.xml", "cannot be read: 404"),
            ("none.xml", "cannot be read: No such file"),
            ("page.html", "not a feed with entries"),
        ):
            done = feeds(tmp_path, "--from", source)
            assert done.returncode == 2
            assert f"--from {source}: {fault}" in " ".join(done.stderr.split())
    assert not (tmp_path / "feeds.toml").exists()
