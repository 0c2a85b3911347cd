"""The validity checker fails: each change to a valid document breaks a rule that it names."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from support import validity
from support.validity import (
    assert_valid_atom,
    assert_valid_document,
    assert_valid_json_feed,
    assert_valid_opml,
    assert_valid_rss,
)

ATOM_URL = "https://feeds.example.com/atom.xml"
RSS_URL = "https://feeds.example.com/rss.xml"
JSON_URL = "https://feeds.example.com/feed.json"
ARCHIVE_URL = "https://feeds.example.com/archive/2.xml"

MINIMAL_ATOM = f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">
<id>tag:example.com,2026:</id><title>News</title><updated>1970-01-01T00:00:00Z</updated>
<author><name>Desk</name></author>
<link rel="self" type="application/atom+xml" href="{ATOM_URL}"/>
</feed>"""

ATOM = f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/"
 xmlns:fh="http://purl.org/syndication/history/1.0" xml:lang="zh-CN">
<id>tag:example.com,2026:all</id>
<title>示例新闻</title>
<subtitle>All posts</subtitle>
<updated>2026-11-18T09:30:00+08:00</updated>
<author><name>Desk</name><email>desk@example.com</email></author>
<link rel="alternate" type="text/html" href="https://news.example.com/"/>
<link rel="self" type="application/atom+xml" href="{ATOM_URL}"/>
<link rel="hub" href="https://hub.example.com/"/>
<link rel="prev-archive" href="https://feeds.example.com/archive/1.xml"/>
<generator uri="https://generator.example.com/" version="1.0">generator</generator>
<icon>https://news.example.com/icon.png</icon>
<entry>
<id>tag:example.com,2026:a/%E6%B8%94.md</id>
<title type="text">Tom &amp; Jerry: 5 &lt; 6</title>
<published>2026-11-18T09:30:00+08:00</published>
<updated>2026-11-18T01:30:00.5Z</updated>
<author><name>林梅</name><uri>https://news.example.com/lin</uri></author>
<link href="https://source.example.org/a?b=1&amp;c=%E6%B8%94#d" hreflang="en"/>
<link rel="enclosure" type="audio/mpeg" length="12" href="https://media.example.net/a.mp3"/>
<category term="markets" scheme="https://feeds.example.com/category/" label="Markets"/>
<summary>One line.</summary>
<content type="html">&lt;p lang="en"&gt;1 &lt; 2 &lt;a href="https://example.com/"&gt;here&lt;/a&gt;&lt;br&gt;
&lt;img src="https://example.com/i.png" alt=""&gt;&lt;/p&gt;</content>
<media:content url="https://example.com/i.png" medium="image" type="image/png"/>
</entry>
<entry>
<id>https://news.example.com/b</id>
<title>B</title>
<updated>2026-11-17T09:30:00+08:00</updated>
<link rel="alternate" href="https://news.example.com/b"/>
<summary type="html">&lt;em&gt;No content&lt;/em&gt;</summary>
</entry>
</feed>"""

ARCHIVE = MINIMAL_ATOM.replace(ATOM_URL, ARCHIVE_URL).replace(
    "</feed>",
    f"""<archive xmlns="http://purl.org/syndication/history/1.0"/>
<link rel="current" href="{ATOM_URL}"/>
<link rel="prev-archive" href="https://feeds.example.com/archive/1.xml"/>
<link rel="next-archive" href="https://feeds.example.com/archive/3.xml"/>
</feed>""",
)

MINIMAL_RSS = f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>
<title>News</title><link>https://news.example.com/</link><description>News</description>
<language>en</language>
<atom:link rel="self" type="application/rss+xml" href="{RSS_URL}"/>
</channel></rss>"""

RSS = f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"><channel>
<title>示例新闻</title>
<link>https://news.example.com/</link>
<description>All posts</description>
<language>zh-CN</language>
<managingEditor>desk@example.com (Desk)</managingEditor>
<lastBuildDate>Wed, 18 Nov 2026 09:30:00 +0800</lastBuildDate>
<atom:link rel="self" type="application/rss+xml" href="{RSS_URL}"/>
<atom:link rel="hub" href="https://hub.example.com/"/>
<image><url>https://news.example.com/logo.png</url><title>示例新闻</title>
<link>https://news.example.com/</link></image>
<item>
<title>Tom &amp; Jerry: 5 &lt; 6</title>
<link>https://source.example.org/a?b=1&amp;c=%E6%B8%94</link>
<description>One line.</description>
<content:encoded>&lt;p&gt;1 &amp;lt; 2&lt;/p&gt;</content:encoded>
<dc:creator>林梅</dc:creator>
<dc:language>en</dc:language>
<category domain="https://feeds.example.com/category/">markets</category>
<guid isPermaLink="false">tag:example.com,2026:a.md</guid>
<pubDate>Wed, 18 Nov 2026 09:30:00 +0800</pubDate>
<enclosure url="https://media.example.net/a.mp3" length="0" type="audio/mpeg"/>
<media:content url="https://example.com/i.png" medium="image"/>
</item>
<item>
<title>B</title>
<link>https://news.example.com/b</link>
<author>lin@example.com (Lin Mei)</author>
<guid isPermaLink="true">https://news.example.com/b</guid>
</item>
</channel></rss>"""

MINIMAL_JSON: dict[str, Any] = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "News",
    "feed_url": JSON_URL,
    "language": "en",
    "items": [],
}

JSON: dict[str, Any] = {
    **MINIMAL_JSON,
    "home_page_url": "https://news.example.com/",
    "description": "All posts",
    "next_url": "https://feeds.example.com/2/feed.json",
    "authors": [{"name": "Desk", "url": "https://news.example.com/desk"}],
    "hubs": [{"type": "WebSub", "url": "https://hub.example.com/"}],
    "_ours": {"anything": None},
    "items": [
        {
            "id": "tag:example.com,2026:a.md",
            "url": "https://source.example.org/a?b=1&c=%E6%B8%94",
            "title": "Tom & Jerry: 5 < 6",
            "content_html": "<p>1 &lt; 2</p>",
            "summary": "One line.",
            "image": "https://example.com/i.png",
            "date_published": "2026-11-18T09:30:00+08:00",
            "date_modified": "2026-11-18T01:30:00Z",
            "authors": [{"name": "林梅"}],
            "tags": ["Markets", "财经"],
            "language": "zh-CN",
            "attachments": [
                {
                    "url": "https://media.example.net/a.mp3",
                    "mime_type": "audio/mpeg",
                    "size_in_bytes": 0,
                }
            ],
        },
        {"id": "b", "content_text": ""},
    ],
}

OPML = """<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0"><head><title>Feeds</title></head><body>
<outline text="All" type="rss" xmlUrl="https://feeds.example.com/atom.xml"
 htmlUrl="https://feeds.example.com/"/>
<outline text="Categories">
<outline text="Markets" type="rss" xmlUrl="https://feeds.example.com/category/markets/atom.xml"/>
</outline></body></opml>"""


def changed(document: str, old: str, new: str) -> bytes:
    """The document with its first `old` replaced."""
    assert old in document, f"the change has nothing to change: {old}"
    return document.replace(old, new, 1).encode()


def breaks(rule: str) -> Any:
    return pytest.raises(AssertionError, match=re.escape(rule))


@pytest.mark.parametrize("document", [MINIMAL_ATOM, ATOM])
def test_a_valid_atom_document_passes(document: str):
    assert_valid_atom(document.encode(), ATOM_URL)


@pytest.mark.parametrize("document", [MINIMAL_RSS, RSS])
def test_a_valid_rss_document_passes(document: str):
    assert_valid_rss(document.encode(), RSS_URL)


@pytest.mark.parametrize("document", [MINIMAL_JSON, JSON])
def test_a_valid_json_feed_passes(document: dict[str, Any]):
    assert_valid_json_feed(json.dumps(document).encode(), JSON_URL)


def test_a_valid_opml_document_passes():
    assert_valid_opml(OPML.encode())


def test_a_valid_archive_document_passes():
    assert_valid_atom(ARCHIVE.encode(), ARCHIVE_URL)


def test_the_order_of_elements_does_not_matter():
    head, *elements, end = MINIMAL_ATOM.split("\n")[1:]
    declaration = MINIMAL_ATOM.split("\n")[0]
    turned = "\n".join([declaration, head, *reversed(elements), end])
    assert_valid_atom(turned.encode(), ATOM_URL)


def test_every_element_of_the_grammar_has_a_table_row():
    for shape in validity.GRAMMAR.values():
        for name in f"{shape.once} {shape.maybe} {shape.many}".split():
            assert name in validity.GRAMMAR


ENTRY_A = ATOM[ATOM.index("<entry>") : ATOM.index("</entry>") + len("</entry>")]
SELF = f'<link rel="self" type="application/atom+xml" href="{ATOM_URL}"/>'
FEED_AUTHOR = "<author><name>Desk</name><email>desk@example.com</email></author>"
FEED_DATE = "2026-11-18T09:30:00+08:00"
SOURCE = "https://source.example.org/a?b=1&amp;c=%E6%B8%94#d"
OTHER_NAMESPACE = 'xmlns="http://purl.org/atom/ns#"'
DOCTYPE = '<!DOCTYPE feed [<!ENTITY n "News">]>\n<feed'
PREVIOUS = '<link rel="prev-archive" href="https://feeds.example.com/archive/1.xml"/>'


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        # the document
        ("XML 1.0, 2.1", "</feed>", ""),
        ("XML 1.0, 2.1", "All posts", "All &nbsp; posts"),
        ("XML 1.0, 2.1", "All posts", "All &#11; posts"),
        ("XML 1.0, 2.1", "All posts", "All \x08 posts"),
        ("XML 1.0, 2.1", "All posts", "All \ufffe posts"),
        ("XML 1.0, 2.1", "&amp; Jerry", "& Jerry"),
        ("no document type", "<feed", DOCTYPE),
        ("is UTF-8", 'encoding="UTF-8"', 'encoding="ISO-8859-1"'),
        (
            "RFC 4287 4.1.1: the root is <atom:feed>",
            "http://www.w3.org/2005/Atom",
            "http://x.test/",
        ),
        ("xml:lang says the language", ' xml:lang="zh-CN"', ""),
        ("a language tag (BCP 47 2.1)", 'xml:lang="zh-CN"', 'xml:lang="zh_CN"'),
        # required elements, and how often they may occur
        ("has exactly one <atom:id>", "<id>tag:example.com,2026:all</id>", ""),
        (
            "has exactly one <atom:title>",
            "<title>示例新闻</title>",
            "<title>a</title><title>b</title>",
        ),
        ("has exactly one <atom:updated>", f"<updated>{FEED_DATE}</updated>", ""),
        ("RFC 4287 4.1.2: has exactly one <atom:id>", "<id>https://news.example.com/b</id>", ""),
        ("RFC 4287 4.1.2: has exactly one <atom:title>", "<title>B</title>", ""),
        ("at most one <atom:subtitle>", "<subtitle>", "<subtitle>a</subtitle><subtitle>"),
        ("at most one <atom:summary>", "<summary>", "<summary>a</summary><summary>"),
        ("the feed has an author, or every entry has one", FEED_AUTHOR, ""),
        ("RFC 4287 3.2: has exactly one <atom:name>", "<name>Desk</name>", ""),
        ("RFC 4287 4.1.2: has no element <atom:pubDate>", "<summary>", "<pubDate/><summary>"),
        ("has no element <{http://purl.org/atom/ns#}id>", "<id>", f"<id {OTHER_NAMESPACE}>"),
        ("has no element", "http://search.yahoo.com/mrss/", "http://search.yahoo.com/mrss"),
        ("has no text of its own", "<entry>", "<entry>stray"),
        ("has no text of its own", "</entry>", "</entry>stray"),
        ("has no attribute lang", "<name>Desk", '<name lang="en">Desk'),
        ("has text alone", "<title>B</title>", "<title>B<!-- C --></title>"),
        # titles and other texts
        ("RFC 4287 4.2.14: is not empty", "<title>B</title>", "<title> </title>"),
        ("has more than one line", "<title>B</title>", "<title>B\nC</title>"),
        ("has more than one line", "<title>B</title>", "<title>B\u2028C</title>"),
        ("has a control character", "<title>B</title>", "<title>B\u0080C</title>"),
        ("has space around it", "<title>B</title>", "<title> B</title>"),
        ("text or html", 'title type="text"', 'title type="text/plain"'),
        ("RFC 4287 4.2.13: is not empty", "One line.", ""),
        # ids
        ("RFC 4287 4.2.6", "tag:example.com,2026:all", "all"),
        ("RFC 4287 4.2.6", "tag:example.com,2026:all", "tag:example.com:all"),
        ("RFC 4287 4.2.6", "a/%E6%B8%94.md", "a/%zz.md"),
        ("RFC 4287 4.2.6", "a/%E6%B8%94.md", "a b.md"),
        ("RFC 4287 4.2.6: each atom:id is used once", "</feed>", f"{ENTRY_A}</feed>"),
        (
            "RFC 4287 4.2.6: each atom:id is used once",
            "<id>https://news.example.com/b</id>",
            "<id>tag:example.com,2026:all</id>",
        ),
        # dates
        ("RFC 3339", FEED_DATE, "2026-11-18T09:30:00"),
        ("RFC 3339", FEED_DATE, "2026-11-18 09:30:00+08:00"),
        ("RFC 3339", FEED_DATE, "2026-11-18T09:30:00+0800"),
        ("RFC 3339", FEED_DATE, "2026-11-18T09:30+08:00"),
        ("RFC 3339", FEED_DATE, "2026-11-18t01:30:00z"),
        ("RFC 3339", FEED_DATE, "2026-11-31T09:30:00+08:00"),
        ("RFC 3339", FEED_DATE, "Wed, 18 Nov 2026 09:30:00 +0800"),
        ("more than 14 hours from UTC", FEED_DATE, "2026-11-18T09:30:00+17:30"),
        # people
        ("RFC 4287 3.2.1: is not empty", "<name>Desk</name>", "<name/>"),
        ("RFC 4287 3.2.3", "desk@example.com", "desk"),
        ("RFC 4287 3.2.2", "<uri>https://news.example.com/lin", "<uri>/lin"),
        # links
        ('has exactly one atom:link rel="self"', SELF, ""),
        ('has exactly one atom:link rel="self"', SELF, SELF + SELF),
        ('rel="self" is the address', ATOM_URL, "https://feeds.example.com/category/x/atom.xml"),
        ('rel="self" has type="application/atom+xml"', "application/atom+xml", "text/xml"),
        ("RFC 3986", SOURCE, "/a"),
        ("RFC 3986", SOURCE, "//source.example.org/a"),
        ("RFC 3986", SOURCE, "https://source.example.org/渔"),
        ("RFC 3986", SOURCE, "https://source.example.org/a b"),
        ("RFC 3986", SOURCE, "https://source.example.org/a|b"),
        ("RFC 3986", SOURCE, "https://source.example.org/a?b[]=1"),
        ("RFC 3986", SOURCE, "https://source.example.org/100%"),
        ("RFC 3986", SOURCE, "https://source.example.org/#a#b"),
        ("RFC 3986", SOURCE, "https://user:password@source.example.org/"),
        ("RFC 3986", SOURCE, "https://例え.example/"),
        ("RFC 3986", SOURCE, "https:///a"),
        ("RFC 3986", SOURCE, "ftp://source.example.org/a"),
        ("RFC 3986", SOURCE, "javascript:alert(1)"),
        ("RFC 3986", SOURCE, ""),
        ("RFC 3986", "https://media.example.net/a.mp3", "a.mp3"),
        ("RFC 3986", "https://hub.example.com/", "hub"),
        ("has the attribute href", f'href="{SOURCE}"', ""),
        ("RFC 4287 4.2.7.2", 'rel="hub"', 'rel="hubb"'),
        ("RFC 4287 4.2.7.2", 'rel="hub"', 'rel=""'),
        ("BCP 47", 'hreflang="en"', 'hreflang="english language"'),
        ("RFC 6838", 'type="audio/mpeg"', 'type="mp3"'),
        (
            'has one rel="alternate" for a type',
            'rel="enclosure" type="audio/mpeg"',
            'hreflang="en"',
        ),
        ('has one rel="alternate" for a type', 'rel="hub"', 'rel="alternate" type="text/html"'),
        (
            "WebSub 4: each hub is named once",
            PREVIOUS,
            '<link rel="hub" href="https://hub.example.com/"/>',
        ),
        ('a rel="enclosure" has a type', ' type="audio/mpeg"', ""),
        ("a length that is not known is left out", 'length="12"', 'length="0"'),
        ("in digits", 'length="12"', 'length="None"'),
        ("has the attribute url", ' url="https://example.com/i.png"', ""),
        ("a medium", 'medium="image"', 'medium="picture"'),
        # categories and content
        ("has the attribute term", 'term="markets" ', ""),
        ("RFC 4287 4.2.2: must be one line", 'term="markets"', 'term=""'),
        ("RFC 3987", "https://feeds.example.com/category/", "category"),
        ("RFC 4287 4.1.3: has the attribute type", '<content type="html">', "<content>"),
        ("text or html", '<content type="html">', '<content type="text/html">'),
        (
            "an entry without content has a rel=",
            '<link rel="alternate" href="https://news.example.com/b"/>',
            "",
        ),
        ("<p> is never closed", "&lt;/p&gt;</content>", "</content>"),
        ("</p> closes nothing", "&lt;/a&gt;", ""),
        ("has <script>", "&lt;br&gt;", "&lt;script&gt;x&lt;/script&gt;"),
        ("the attribute onclick", "&lt;br&gt;", "&lt;br onclick=x&gt;"),
        ("not absolute http", 'a href="https://example.com/"', 'a href="javascript:x"'),
        ("leads to #note", 'a href="https://example.com/"', 'a href="#note"'),
        ("not absolute http", 'img src="https://example.com/i.png"', 'img src="/i.png"'),
        (
            "not absolute http",
            'img src="https://example.com/i.png"',
            'img src="mailto:a@example.com"',
        ),
        ("not absolute http", ' alt=""', ' srcset="https://example.com/a 1x, /b 2x"'),
        ("<em> is never closed", "&lt;/em&gt;", ""),
        # history
        ('at most one rel="prev-archive"', PREVIOUS, PREVIOUS + PREVIOUS),
        (
            'rel="prev-archive" is another document',
            "https://feeds.example.com/archive/1.xml",
            ATOM_URL,
        ),
        ("RFC 3986", "https://feeds.example.com/archive/1.xml", "archive/1.xml"),
        ('rel="next-archive" stands in archive', 'rel="prev-archive"', 'rel="next-archive"'),
        ("a complete feed has everything", "<generator", "<fh:complete/><generator"),
        ("RFC 5005 2: has no text", "<generator", "<fh:complete>yes</fh:complete><generator"),
    ],
)
def test_a_broken_atom_document_fails(rule: str, old: str, new: str):
    with breaks(rule):
        assert_valid_atom(changed(ATOM, old, new), ATOM_URL)


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ('has rel="current"', f'<link rel="current" href="{ATOM_URL}"/>', ""),
        (
            "not the archive itself",
            f'"current" href="{ATOM_URL}"',
            f'"current" href="{ARCHIVE_URL}"',
        ),
        ("what comes before is not what comes after", "archive/3.xml", "archive/1.xml"),
        (
            "at most one <fh:archive>",
            "<link",
            '<archive xmlns="http://purl.org/syndication/history/1.0"/><link',
        ),
        ("has no element <{http://purl.org/syndication/history}archive>", "history/1.0", "history"),
    ],
)
def test_a_broken_archive_document_fails(rule: str, old: str, new: str):
    with breaks(rule):
        assert_valid_atom(changed(ARCHIVE, old, new), ARCHIVE_URL)


CHANNEL_LINK = "<link>https://news.example.com/</link>"
RSS_SELF = f'<atom:link rel="self" type="application/rss+xml" href="{RSS_URL}"/>'
ITEM_B = RSS[RSS.rindex("<item>") : RSS.rindex("</item>") + len("</item>")]
DESCRIPTION = "<description>One line.</description>\n"
CONTENT = "<content:encoded>&lt;p&gt;1 &amp;lt; 2&lt;/p&gt;</content:encoded>\n"
ENCLOSURE = '<enclosure url="https://media.example.net/a.mp3" length="0" type="audio/mpeg"/>'
RSS_DATE = "Wed, 18 Nov 2026 09:30:00 +0800</pubDate>"


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        # the document
        ("XML 1.0, 2.1", "</rss>", ""),
        ("no document type", "<rss", "<!DOCTYPE rss>\n<rss"),
        ("the root is <rss>", '<rss version="2.0"', '<rss xmlns="http://x.test/" version="2.0"'),
        ("'2.0' (RSS 2.0, What is RSS)", '<rss version="2.0"', '<rss version="0.92"'),
        ("has the attribute version", '<rss version="2.0"', "<rss"),
        ("has exactly one <channel>", "</channel>", "</channel><channel/>"),
        # the channel
        ("has exactly one <title>", "<title>示例新闻</title>", ""),
        ("has exactly one <link>", CHANNEL_LINK, ""),
        ("has exactly one <link>", CHANNEL_LINK, CHANNEL_LINK + CHANNEL_LINK),
        ("has exactly one <description>", "<description>All posts</description>", ""),
        ("has exactly one <language>", "<language>zh-CN</language>", ""),
        ("BCP 47", "zh-CN", "zh_CN"),
        ("RSS 2.0, link", "<link>https://news.example.com/", "<link>news.example.com"),
        ("RSS 2.0, managingEditor", "desk@example.com (Desk)", "Desk"),
        ("RSS 2.0, title: is not empty", "<title>示例新闻</title>", "<title></title>"),
        (
            "its title is the channel's",
            "示例新闻</title>\n<link>https",
            "Logo</title>\n<link>https",
        ),
        (
            "RSS 2.0, image: has exactly one <url>",
            "<url>https://news.example.com/logo.png</url>",
            "",
        ),
        ("has no element <updated>", "<lastBuildDate>", "<updated/><lastBuildDate>"),
        (
            "has no element <{http://purl.org/rss/1.0/modules/content}",
            "modules/content/",
            "modules/content",
        ),
        ("has no element <{http://purl.org/dc/terms/}creator>", "dc/elements/1.1/", "dc/terms/"),
        ('has exactly one atom:link rel="self"', RSS_SELF, ""),
        ('rel="self" is the address', RSS_URL, "https://feeds.example.com/feed.xml"),
        ('has type="application/rss+xml"', 'type="application/rss+xml"', 'type="text/xml"'),
        ('has type="application/rss+xml"', 'type="application/rss+xml"', ""),
        ("RFC 4287 4.2.7.2", 'rel="hub"', 'rel="pubsub"'),
        # items
        ("has a title or a description", "<title>B</title>\n", ""),
        (
            "has exactly one <guid>",
            '<guid isPermaLink="true">https://news.example.com/b</guid>',
            "",
        ),
        ("has the attribute isPermaLink", ' isPermaLink="false"', ""),
        ("true or false", 'isPermaLink="false"', 'isPermaLink="no"'),
        ("only where the guid is the item's link", 'isPermaLink="false"', 'isPermaLink="true"'),
        ("each guid is used once", "</channel>", f"{ITEM_B}</channel>"),
        (
            "has an author or dc:creator, not both",
            "<dc:creator>",
            "<author>a@example.com</author><dc:creator>",
        ),
        ("RSS 2.0, author", "lin@example.com (Lin Mei)", "Lin Mei"),
        ("BCP 47", "<dc:language>en", "<dc:language>English_UK"),
        ("RSS Profile, dc:creator: is not empty", "林梅", ""),
        ("has at most one <enclosure>", ENCLOSURE, ENCLOSURE + ENCLOSURE),
        ("has the attribute url", 'url="https://media.example.net/a.mp3" ', ""),
        ("has the attribute length", 'length="0" ', ""),
        ("has the attribute type", ' type="audio/mpeg"', ""),
        ("in digits", 'length="0"', 'length="-1"'),
        ("RFC 6838", "audio/mpeg", "audio"),
        ("RFC 3986", "https://media.example.net/a.mp3", "/a.mp3"),
        ("RFC 3986", "?b=1&amp;c=%E6%B8%94", "?b=1|2"),
        ("RSS Profile, Dates", RSS_DATE, "Wed, 18 Nov 26 09:30:00 +0800</pubDate>"),
        ("RSS Profile, Dates", RSS_DATE, "Wed, 18 Nov 2026 01:30:00 GMT</pubDate>"),
        ("RSS Profile, Dates", RSS_DATE, "18 Nov 2026 09:30:00 +0800</pubDate>"),
        ("RSS Profile, Dates", RSS_DATE, "周三, 18 11月 2026 09:30:00 +0800</pubDate>"),
        ("RSS Profile, Dates", RSS_DATE, "Wed, 18 Nov 2026 25:30:00 +0800</pubDate>"),
        ("that day is a Wed", RSS_DATE, "Tue, 18 Nov 2026 09:30:00 +0800</pubDate>"),
        ("more than 14 hours from UTC", RSS_DATE, "Wed, 18 Nov 2026 09:30:00 +1730</pubDate>"),
        ("has no zone", RSS_DATE, "Wed, 18 Nov 2026 09:30:00 -0000</pubDate>"),
        ("RSS 2.0, category: is not empty", ">markets<", "> <"),
        ("description comes first", DESCRIPTION + CONTENT, CONTENT + DESCRIPTION),
        ("at most one <content:encoded>", CONTENT, CONTENT + CONTENT),
        ("<p> is never closed", "&lt;/p&gt;", ""),
        ("RSS 2.0, description: is not empty", "One line.", ""),
        ("has <iframe>", "One line.", "&lt;iframe&gt;&lt;/iframe&gt;"),
        (
            "Media RSS, media:content",
            '<media:content url="https://example.com/i.png"',
            "<media:content",
        ),
        ("Media RSS, media:content", '<media:content url="https://', '<media:content url="//'),
    ],
)
def test_a_broken_rss_document_fails(rule: str, old: str, new: str):
    with breaks(rule):
        assert_valid_rss(changed(RSS, old, new), RSS_URL)


GONE = object()


@pytest.mark.parametrize(
    ("rule", "path", "value"),
    [
        ("JSON Feed 1.1, version", "version", "https://jsonfeed.org/version/1"),
        ("JSON Feed 1.1, Top-level: has version", "version", GONE),
        ("JSON Feed 1.1, Top-level: has title", "title", GONE),
        ("JSON Feed 1.1, Top-level: has items", "items", GONE),
        ("JSON Feed 1.1, Top-level: has feed_url", "feed_url", GONE),
        ("JSON Feed 1.1, Top-level: has language", "language", GONE),
        ("JSON Feed 1.1, Top-level: has no member author", "author", {"name": "Desk"}),
        ("is the address that the feed is served at", "feed_url", "https://feeds.example.com/"),
        ("is not the feed's own address", "next_url", JSON_URL),
        ("RFC 3986", "next_url", "feed.json?page=2"),
        ("RFC 3986", "home_page_url", "/"),
        ("RFC 3986", "icon", ""),
        ("one line of text", "title", 5),
        ("one line of text", "title", ""),
        ("one line of text", "title", "a\u0007b"),
        ("BCP 47", "language", "zh_CN"),
        ("true or false", "expired", "no"),
        ("JSON Feed 1.1: is an array", "authors", {"name": "Desk"}),
        ("JSON Feed 1.1, authors: has name", "authors.0.name", GONE),
        ("JSON Feed 1.1: is an array", "hubs", "https://hub.example.com/"),
        ("JSON Feed 1.1, hubs: is an object", "hubs.0", "https://hub.example.com/"),
        ("JSON Feed 1.1, hubs: has type", "hubs.0.type", GONE),
        ("JSON Feed 1.1, hubs: has url", "hubs.0.url", GONE),
        ("JSON Feed 1.1: is an array", "items", {}),
        ("JSON Feed 1.1, Items: has id", "items.0.id", GONE),
        ("one line of text", "items.0.id", 1),
        ("one line of text", "items.0.id", ""),
        ("each id is used once", "items.0.id", "b"),
        ("has content_html or content_text", "items.0.content_html", GONE),
        ("<p> is never closed", "items.0.content_html", "<p>"),
        ("not absolute http", "items.0.content_html", '<img src="i.png">'),
        ("has <!doctype html>", "items.0.content_html", "<!doctype html>"),
        ("has <![CDATA[a]>", "items.0.content_html", "<![CDATA[a]]>"),
        ("has <?php a?>", "items.0.content_html", "<?php a?>"),
        ("<img> has the attribute style", "items.0.content_html", '<img style="a" />'),
        ("the character U+FFFE", "items.0.content_html", "<p>\ufffe</p>"),
        ("the character U+D800", "items.0.summary", "a\ud800"),
        ("the character U+0000", "items.0.summary", "a\x00"),
        ("RFC 3986", "items.0.url", "a.html"),
        ("RFC 3986", "items.0.url", None),
        ("RFC 3986", "items.0.image", "//example.com/i.png"),
        ("RFC 3339", "items.0.date_published", "2026-11-18"),
        ("RFC 3339", "items.0.date_modified", "2026-11-18T09:30:00"),
        ("JSON Feed 1.1: is an array", "items.0.tags", "Markets"),
        ("one line of text", "items.0.tags.0", " "),
        ("JSON Feed 1.1, Attachments: has url", "items.0.attachments.0.url", GONE),
        ("JSON Feed 1.1, Attachments: has mime_type", "items.0.attachments.0.mime_type", GONE),
        ("RFC 6838", "items.0.attachments.0.mime_type", "mp3"),
        ("a number of at least 0", "items.0.attachments.0.size_in_bytes", "0"),
        ("a number of at least 0", "items.0.attachments.0.size_in_bytes", -1),
        ("a number of at least 0", "items.0.attachments.0.size_in_bytes", True),
        ("JSON Feed 1.1, Items: has no member pubDate", "items.0.pubDate", "2026-11-18"),
    ],
)
def test_a_broken_json_feed_fails(rule: str, path: str, value: object):
    document = json.loads(json.dumps(JSON))
    *parents, last = (int(step) if step.isdigit() else step for step in path.split("."))
    place = document
    for step in parents:
        place = place[step]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    with breaks(rule):
        assert_valid_json_feed(json.dumps(document).encode(), JSON_URL)


@pytest.mark.parametrize(
    ("rule", "data"),
    [
        ("RFC 8259 2, 8.1", b"{"),
        ("RFC 8259 2, 8.1", b"\xef\xbb\xbf" + json.dumps(MINIMAL_JSON).encode()),
        (
            "RFC 8259 2, 8.1",
            json.dumps({**MINIMAL_JSON, "title": "é"}, ensure_ascii=False).encode("l1"),
        ),
        ("RFC 8259 2, 8.1: is JSON in UTF-8; NaN", b'{"title": NaN}'),
        ("RFC 8259 4: each member is named once", b'{"title": "a", "title": "b"}'),
        ("JSON Feed 1.1, Top-level: is an object", b"[]"),
    ],
)
def test_invalid_json_fails(rule: str, data: bytes):
    with breaks(rule):
        assert_valid_json_feed(data, JSON_URL)


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("XML 1.0, 2.1", "</opml>", ""),
        ("'2.0' (OPML 2.0, opml)", 'opml version="2.0"', 'opml version="1.0"'),
        ("has exactly one <head>", "<head><title>Feeds</title></head>", ""),
        ("has exactly one <title>", "<title>Feeds</title>", ""),
        ("has the attribute text", 'text="All" ', ""),
        ("one line of text", 'text="All"', 'text=""'),
        ('an outline is of type="rss"', 'type="rss"', 'type="atom"'),
        ('an outline is of type="rss"', 'type="rss"', ""),
        ("an outline has an xmlUrl", 'xmlUrl="https://feeds.example.com/atom.xml"', ""),
        ("RFC 3986", 'xmlUrl="https://feeds.example.com/atom.xml"', 'xmlUrl="atom.xml"'),
        ("RFC 3986", 'htmlUrl="https://feeds.example.com/"', 'htmlUrl="/"'),
        ("no feed is listed twice", "category/markets/", ""),
        ("has no attribute url", "htmlUrl", "url"),
        ("RSS Profile, Dates", "<title>", "<dateCreated>2026-11-18</dateCreated><title>"),
    ],
)
def test_a_broken_opml_document_fails(rule: str, old: str, new: str):
    with breaks(rule):
        assert_valid_opml(changed(OPML, old, new))


def test_another_xml_document_is_not_opml():
    with breaks("OPML 2.0, opml: the root is <opml>"):
        assert_valid_opml(RSS.encode())


def test_opml_without_outlines_fails():
    body = OPML[OPML.index("<outline") : OPML.index("</body>")]
    with breaks("OPML 2.0, body: has one or more outlines"):
        assert_valid_opml(changed(OPML, body, ""))


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("atom.xml", ATOM),
        ("category/markets/atom.xml", ATOM),
        ("archive/2.xml", ARCHIVE),
        ("category/markets/archive/2.xml", ARCHIVE),
        ("rss.xml", RSS),
        ("category/markets/rss.xml", RSS),
        ("feed.json", json.dumps(JSON)),
        ("category/markets/feed.json", json.dumps(JSON)),
        ("feeds.opml", OPML),
    ],
)
def test_a_document_is_validated_as_the_format_of_its_file_name(path: str, document: str):
    url = f"https://feeds.example.com/{path}"
    for other in (ATOM_URL, ARCHIVE_URL, RSS_URL, JSON_URL):
        # A copy of the document at another address: only its own address changes.
        document = document.replace(f'+xml" href="{other}"', f'+xml" href="{url}"')
        document = document.replace(f'"feed_url": "{other}"', f'"feed_url": "{url}"')
    assert_valid_document(path, document.encode(), url)
    with pytest.raises(AssertionError):
        assert_valid_document(path, b"", url)


def test_other_files_pass():
    assert_valid_document("index.html", b"<!doctype html>", "https://feeds.example.com/")
    assert_valid_document("category/atom.xml.html", b"", "https://feeds.example.com/")


def test_an_archive_page_is_not_valid_as_a_subscription():
    with breaks("RFC 5005 4: what readers subscribe to is not an archive document"):
        assert_valid_document("atom.xml", ARCHIVE.encode(), ARCHIVE_URL)
    with breaks("RFC 5005 4: an archive document has fh:archive"):
        assert_valid_document("archive/2.xml", ATOM.encode(), ATOM_URL)


def test_a_validation_failure_names_its_place():
    with breaks("feed/entry[2]/link[1] href: RFC 4287 4.2.7"):
        assert_valid_atom(changed(ATOM, 'rel="alternate" href="https:', 'href="'), ATOM_URL)
