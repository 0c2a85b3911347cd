"""Closed posts: fields that leave a post out of feeds or lock its text, in every spelling."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import pytest
from support.sites import built, post, settings
from support.written import entry, fields, problem, reading

from feeds.config_file.parse import parse_config
from feeds.errors import ConfigError
from feeds.reading.field_lookup import spelling
from feeds.reading.visibility.rules import RULES

DOCS = Path(__file__).parent.parent.parent / "docs" / "reading.md"
SECRET = "The key lies below the blue pot."

LEFT_OUT = [
    "unlisted: true",
    "unlisted: yes",
    "Unlisted: 'on'",
    "is_unlisted: 1",
    "listed: false",
    "private: true",
    "hidden: y",
    "isHidden: true",
    "draft: wip",
    "is-draft: true",
    "params: {draft: true}",
    "extra:\n  unlisted: true",
    "published: never",
    "publish: false",
    "public: no",
    "status: unlisted",
    "status: Skip",
    "status: [hidden]",
    "post_status: pending",
    "visibility: unlisted",
    "permalink: false",
    "permalink: 'False'",
    "permalink: no",
    "eleventyExcludeFromCollections: true",
    "eleventy_exclude_from_collections: yes",
    "eleventyExcludeFromCollections: [posts, archive]",
    "build:\n  list: never",
    "build:\n  render: never",
    "_build:\n  list: false",
    "_build: {render: never, list: never}",
    "build.list: never",
    "headless: true",
    "Headless: 1",
    "sitemap: false\nrobots: noindex",
    "sitemap: no\nrobots: 'noindex, nofollow'",
    "sitemap: {disable: true}\nrobots: [noindex]",
    "sitemap_exclude: true\nrobotsNoIndex: true",
    "exclude-from-sitemap: yes\nseo: {noindex: true}",
    "sitemap: {exclude: yes}\nrobots: {index: false}",
    "feed: false",
    "Feed: 'no'",
    "rss: off",
    "atom: 0",
    "feed: {exclude: true}",
    "rss: {enabled: false}",
    "exclude_from_feed: true",
    "exclude-from-feeds: yes",
    "excludeFromFeed: 'true'",
    "exclude_from_rss: 1",
    "hiddenFromRss: true",
    "hide_from_feed: on",
    "feed_exclude: true",
    "no_feed: true",
    "norss: true",
    "include_in_feed: false",
    "inFeed: no",
    "show_in_rss: false",
    "exclude_from_lists: true",
    "enableFeed: false",
    "enable_feed: no",
    "enableRSS: false",
    "enable-rss: off",
    "show_feed: false",
    "showRss: no",
    "show_in_feed: false",
    "unpublished: true",
    "isUnpublished: yes",
    "Unpublished: 1",
    "unpublish: true",
    "exclude_from: feed",
    "exclude_from: [feed, sitemap]",
    "excludeFrom: 'sitemap, rss'",
    "exclude_from: {feed: true}",
    "hide_from: [rss]",
    "hide-from:\n- search\n- feeds",
    "hidden_from: all",
    "exclude_from: lists",
    "exclude: [rss_feed]",
    "feed: exclude",
    "feed: Skip",
    "feed: [hide]",
    "rss: exclude",
    "atom: hidden",
    "rss: disabled",
    "status: 'draft, private'",
    "status: published; hidden",
    "status: draft (second)",
    "visibility: 'members, hidden'",
    "sitemap: false\nindex: false",
    "sitemap: {exclude: true}\nindex: no",
    "sitemap: no\nseo: {index: false}",
]
PUBLISHED = [
    "unlisted: false",
    "unlisted:",
    "unlisted: null",
    "hidden: no",
    "hiddenFromHomePage: true",
    "cover: {hidden: true}",
    "draft: 0",
    "published: true",
    "published: 2025-03-01",
    "status: published",
    "status: the draft is done",
    "permalink: /false/",
    "eleventyExcludeFromCollections: false",
    "eleventyExcludeFromCollections: [navigation]",
    "build: {list: always}",
    "build: {list: local, render: always}",
    "headless: false",
    "sitemap: false",
    "robots: noindex",
    "noindex: true",
    "sitemap: {priority: 0}\nrobots: noindex",
    "sitemap: false\nrobots: index",
    "feed: true",
    "feed: https://example.com/feed.xml",
    "feed:",
    "exclude_from_feed: false",
    "exclude_from_search: true",
    "in_feed: yes",
    "password: ''",
    "password:",
    "password: null",
    "password: false",
    "encrypted: false",
    "encrypt: {enable: false, password: x}",
    "protected: no",
    "visibility: public",
    "Visibility: Everyone",
    "visibility: ''",
    "access: public",
    "access: Line 4 to the harbour",
    "audience: everyone",
    "members_only: false",
    "premium: no",
    "isAccessibleForFree: true",
    "audience: members of parliament",
    "audience: Members of the public",
    "audience: customers of the harbour",
    "access: non-members",
    "access: no login required",
    "access: without subscription",
    "access: not members-only",
    "access: nonmembers",
    "access: {type: public}",
    "access: {how: Line 4 to the harbour}",
    "audience: staff",
    "passwordProtected: false",
    "protected_content: no",
    "content_password: ''",
    "enable_feed: true",
    "show_rss: yes",
    "unpublished: false",
    "unpublish: no",
    "exclude_from: search",
    "exclude_from: [search, sitemap]",
    "hide: [toc, navigation]",
    "hide_from: home",
    "feed: https://example.com/exclude/hide",
    "index: false",
    "sitemap: false\nindex: true",
    "secret: false",
    "secret: to good tea",
    "members: no",
    "members: [Ada, Bo]",
    "members: 12",
    "tier: free",
    "tier: 1",
    "tier: gold",
    "visible_to: everyone",
    "visible_to: [public]",
    "visible_to: 2098-01-01",
]
LOCKED = [
    "password: tidewater",
    "Password: 123456",
    "password: true",
    "password: [one, two]",
    "post_password: tidewater",
    "page-password: tidewater",
    "extra: {password: tidewater}",
    "encrypted: true",
    "encrypt: yes",
    "isEncrypted: 1",
    "encrypt: {enable: true, password: tidewater}",
    "protected: true",
    "is_protected: on",
    "locked: true",
    "visibility: members",
    "visibility: Paid",
    "visibility: private",
    "visibility: tiers",
    "visibility: [public, members]",
    "visibility: 'status:free'",
    "access: members",
    "access: paid-members only",
    "access: membersOnly",
    "accessLevel: subscribers",
    "access_level: private",
    "audience: only_paid",
    "members_only: true",
    "members-only: yes",
    "subscribersOnly: 'true'",
    "premium: true",
    "paywall: 1",
    "login_required: true",
    "requiresAuth: true",
    "isAccessibleForFree: false",
    "passwordProtected: true",
    "password_protected: yes",
    "is-password-protected: 1",
    "protected_content: true",
    "protectedContent: yes",
    "content_password: tidewater",
    "contentPassword: tidewater",
    "access: {type: paid}",
    "access: {level: members, password: tidewater}",
    "access:\n  groups: [all, staff]",
    "params: {access: {type: subscribers}}",
    "access: {read: {roles: [employees]}}",
    "access: {password: tidewater}",
    "access: subscription",
    "access: login required",
    "access: authenticated",
    "access: staff",
    "access: [employees]",
    "accessLevel: staff-only",
    "access: no, members only",
    "access: members of our club",
    "audience: members",
    "audience: members and friends of the club",
    "secret: true",
    "isSecret: yes",
    "secret: 'on'",
    "members: true",
    "members: yes",
    "Members: 1",
    "tier: paid",
    "tier: Premium",
    "tier: [paid]",
    "visible_to: members",
    "visibleTo: [subscribers]",
    "visible-to: friends",
    "visible_to: private",
]


@pytest.mark.parametrize("lines", LEFT_OUT)
def test_a_field_leaves_the_post_out_and_says_which(lines: str) -> None:
    read = reading(fields(lines))
    assert (read.post, read.problems, read.failed) == (None, (), False)
    assert read.decision.effect == "leave-out"
    assert read.decision.reason


@pytest.mark.parametrize("lines", PUBLISHED)
def test_a_value_with_the_contrary_meaning_does_nothing(lines: str) -> None:
    read = reading(fields(lines, SECRET))
    assert read.post
    assert (read.decision.effect, read.decision.reason) == ("publish", "")
    assert SECRET in entry(fields(lines, SECRET)).content


@pytest.mark.parametrize("lines", LOCKED)
def test_a_locked_post_has_title_link_and_explicit_summary_only(lines: str) -> None:
    more = "image: /pot.jpg\nenclosure: /secret.mp3\nsummary: About a garden."
    text = fields(f"{lines}\n{more}", f"{SECRET}\n\n<https://source.example.org/secret>\n")
    closed = entry(text)
    assert (closed.title, closed.summary, closed.content) == ("Tea", "About a garden.", "")
    assert (closed.image, closed.enclosure) == ("", None)
    assert "source.example.org" not in closed.link
    assert reading(text).decision.is_locked


@pytest.mark.parametrize("lines", LOCKED)
def test_no_document_has_text_or_password_of_a_locked_post(lines: str) -> None:
    documents = built({"a.md": post("Diary", more=lines, body=f"{SECRET}<!--more-->\n\nMore.")})
    assert b"Diary" in documents["atom.xml"].data
    for document in documents.values():
        assert b"blue pot" not in document.data
        assert b"tidewater" not in document.data


def test_a_locked_post_takes_no_title_from_its_text() -> None:
    text = f"---\npassword: tidewater\n---\n# {SECRET}\n\nText.\n"
    assert problem(text).what == "there is no title"


def test_a_reason_never_names_a_password() -> None:
    for line in ("password: tidewater", "encrypt: tidewater", "private: tidewater"):
        assert reading(fields(line)).decision.reason == line.partition(":")[0]
    assert reading(fields("access: Members")).decision.reason == "access: members"
    assert reading(fields("sitemap: false\nrobots: noindex")).decision.reason == (
        "sitemap: false, robots: noindex"
    )


@pytest.mark.parametrize(
    ("lines", "effect"),
    [
        ("draft: false\nunlisted: true", "leave-out"),
        ("draft: true\nDraft: false", "leave-out"),
        ("password: tidewater\nhidden: true", "leave-out"),
        ("visibility: public\npassword: tidewater", "lock"),
        ("visibility: members\npassword: tidewater", "lock"),
        ("feed: true\nexclude_from_feed: true", "leave-out"),
        ("exclude_from_feed: false\nexcludeFromFeed: true", "leave-out"),
    ],
)
def test_the_strictest_field_decides(lines: str, effect: str) -> None:
    assert reading(fields(lines)).decision.effect == effect


# --- locked text in the body ---------------------------------------------------------------------

MARKERS = [
    "<!--members-only-->",
    "<!-- members-only -->",
    "<!--MEMBERS ONLY-->",
    "<!--\nmembers_only\n-->",
    "<!--paid-members-only-->",
    "<!-- subscribers only -->",
    "<!--paywall-->",
    "<!-- wp:jetpack/paywall /-->",
    "{{< members-only >}}",
    "{% paywall %}",
]
BLOCKS = [
    '<!--kg-gated-block:begin nonMember:false memberSegment:"status:free" -->{}'
    "<!--kg-gated-block:end-->",
    '{{{{% hugo-encryptor "tidewater" %}}}}\n{}\n{{{{% /hugo-encryptor %}}}}',
    "{{{{< password tidewater >}}}}\n{}\n{{{{< /password >}}}}",
    "{{% encrypt %}}\n{}\n{{% endencrypt %}}",
]


@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize("key", ["_posts/2026-11-18-tea.md", "_posts/2026-11-18-tea.html"])
def test_text_below_a_marker_is_locked_and_text_above_is_public(marker: str, key: str) -> None:
    text = fields("image: /pot.jpg\naudio: /a.mp3", f"All may read this.\n\n{marker}\n\n{SECRET}")
    read = entry(text, key)
    assert "All may read this." in read.content
    assert read.summary == "All may read this."
    assert "blue pot" not in read.content
    assert (read.image != "", read.enclosure) == (True, None)
    assert reading(text, key).decision.effect == "preview"


@pytest.mark.parametrize("marker", MARKERS[:3])
@pytest.mark.parametrize(
    ("line", "is_public"),
    [
        ("visibility: members", True),
        ("access: paid", True),
        ("visibility: public", True),
        ("password: tidewater", False),
        ("visibility: private", False),
        ("encrypted: true", False),
    ],
)
def test_access_of_members_leaves_the_text_above_a_marker_public(
    marker: str, line: str, is_public: bool
) -> None:
    read = entry(fields(line, f"All may read this.\n\n{marker}\n\n{SECRET}"))
    assert ("All may read" in read.content) is is_public
    assert "blue pot" not in read.content + read.summary


@pytest.mark.parametrize("block", BLOCKS)
def test_a_locked_block_is_cut_out(block: str) -> None:
    body = f"Before.\n\n{block.format(SECRET)}\n\nAfter.\n"
    read = entry(fields("date: 2026-01-01", body))
    assert "Before." in read.content and "After." in read.content
    assert "blue pot" not in read.content and "tidewater" not in read.content
    unclosed = entry(fields("date: 2026-01-01", body.partition(SECRET)[0] + SECRET))
    assert "Before." in unclosed.content and "blue pot" not in unclosed.content
    assert entry(fields("visibility: members", body)).content == ""
    reason = reading(fields("date: 2026-01-01", body)).decision.reason
    assert reason and "tidewater" not in reason


def test_a_marker_between_backticks_counts_in_html() -> None:
    text = fields("date: 2026-01-01", f"<p>All `<!--members-only-->{SECRET}`</p>")
    assert "blue pot" not in entry(text, "_posts/2026-11-18-tea.html").content


NOT_IN_CODE = [
    # CommonMark 0.31.2, 4.5: no backtick in the info string of a backtick fence
    "```npm install``` starts it.\n\n<!--members-only-->\n\n{}\n",
    "``` a`b\n\n<!--members-only-->\n\n{}\n",
    "```` x ` y\n<!--members-only-->\n{}\n",
    # 4.5: a closing fence has the same character, the length, and only blanks after it
    "```\ncode\n``` not-a-close\n```\n\n<!--members-only-->\n\n{}\n",
    "~~~\ncode\n~~~ not-a-close\n~~~~ \n\n<!--members-only-->\n\n{}\n",
    "````\n```\n````\n\n{{{{% password x %}}}}\n{}\n",
    "    ```\n<!--members-only-->\n{}\n    ```\n",
    # 6.1: a code span ends at a run of the same length; \\` outside code is a character
    "\\` tick <!--members-only--> {} `",
    "``` `x` <!--members-only--> ` {} `",
    "` a `` b ` <!--members-only--> {} ``",
    "One ` tick.\n\n<!--members-only--> {} ` two.",
    "One ` tick.\n<!--paywall-->\n{} ` two.",
    # 4.6: a fence is text in a block of HTML
    "<pre>\n```\n</pre>\n\n<!--members-only-->\n\n{}\n",
    "<!--\n```\n-->\n\n<!--members-only-->\n\n{}\n",
    "<div>\n~~~\n</div>\n\n{{% paywall %}}\n{}\n",
    # A fence in a list or a quote ends with it (5.1, 5.2).
    "- ```\n\n<!--members-only-->\n\n{}\n",
    "> ```\n\n<!--members-only-->\n\n{}\n",
]


@pytest.mark.parametrize("body", NOT_IN_CODE)
def test_a_marker_that_is_not_in_code_by_commonmark_locks(body: str) -> None:
    text = fields("date: 2026-01-01", "All may read this.\n\n" + body.format(SECRET))
    read = entry(text)
    assert "blue pot" not in read.content + read.summary
    assert "All may read this." in read.content
    assert reading(text).decision.is_locked
    documents = built({"a.md": text.encode()})
    assert all(b"blue pot" not in document.data for document in documents.values())


def test_a_block_for_visitors_stays() -> None:
    block = BLOCKS[0].replace("nonMember:false", "nonMember:true").format("Join us.")
    assert "Join us." in entry(fields("date: 2026-01-01", f"Before.\n\n{block}\n")).content


@pytest.mark.parametrize(
    "body",
    [
        "Write `<!--members-only-->` there.\n\nEnd.",
        "```html\n<!--members-only-->\n```\n\nEnd.",
        "~~~\n{{< password x >}}\n```\n~~~\n\nEnd.",
        "````\n```\n<!--members-only-->\n`````\n\nEnd.",
        "```\n~~~\n``` no end\n<!--paywall-->\n```\n\nEnd.",
        "`` a ` <!--members-only--> ``\n\nEnd.",
        "\\`` <!--members-only--> `\n\nEnd.",
        "- ```\n  <!--members-only-->\n  ```\n\nEnd.",
        "> ~~~\n> <!-- subscribers only -->\n> ~~~\n\nEnd.",
        "<!-- This is about members, only for us. -->\n\nEnd.",
        "{{< password-strength >}} {{< figure >}}\n\nEnd.",
    ],
)
def test_a_marker_in_code_or_another_word_locks_nothing(body: str) -> None:
    assert "End." in entry(fields("date: 2026-01-01", body)).content
    assert reading(fields("date: 2026-01-01", body)).decision.effect == "publish"


# --- settings ------------------------------------------------------------------------------------


def site(visibility: str, locked: str = "summary"):
    return settings(more=f'[posts]\nlocked = "{locked}"\n[posts.visibility]\n{visibility}')


@pytest.mark.parametrize("lines", [*LOCKED, "date: 2026-01-01"])
def test_a_site_can_leave_out_locked_posts(lines: str) -> None:
    body = SECRET if lines in LOCKED else f"All.\n<!--members-only-->\n{SECRET}"
    read = reading(fields(lines, body), config=site("", "leave-out"))
    assert (read.post, read.decision.effect) == (None, "leave-out")


@pytest.mark.parametrize(
    ("visibility", "lines", "effect"),
    [
        ('hidden = "publish"', "hidden: true", "publish"),
        ('hidden = "publish"', "isHidden: yes", "publish"),
        ('hidden = "publish"', "hidden: true\nunlisted: true", "leave-out"),
        ('hidden = "publish"', "status: hidden", "leave-out"),
        ('hidden = "lock"', "hidden: true", "lock"),
        ('newsletter_only = "leave-out"', "newsletterOnly: yes", "leave-out"),
        ('newsletter_only = "leave-out"', "newsletter_only: no", "publish"),
        ('"extra.internal" = "leave-out"', "extra: {internal: true}", "leave-out"),
        ('"type: diary" = "leave-out"', "type: Diary", "leave-out"),
        ('"type: diary" = "leave-out"', "type: [news, diary]", "leave-out"),
        ('"type: diary" = "leave-out"', "type: essay", "publish"),
        ('"shown: false" = "lock"', "shown: no", "lock"),
        ('"status: private" = "publish"', "status: private", "publish"),
        ('"status: private" = "publish"', "status: draft", "leave-out"),
        ('"visibility: friends" = "publish"', "visibility: friends", "publish"),
        ('"visibility: friends" = "publish"', "visibility: members", "preview"),
        ('sitemap = "publish"', "sitemap: false\nrobots: noindex", "publish"),
    ],
)
def test_a_site_changes_and_extends_the_table(visibility: str, lines: str, effect: str) -> None:
    assert reading(fields(lines), config=site(visibility)).decision.effect == effect


def test_permalink_false_is_no_path_on_a_site_that_publishes_such_posts() -> None:
    link = entry(fields("permalink: false"), config=site('permalink = "publish"')).link
    assert link == "https://news.example.com/2026/11/18/tea.html"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('hidden = "show"', 'visibility.hidden: expected one of "publish", "leave-out", "lock"'),
        ('": x" = "lock"', "posts.visibility: expected the name of a field"),
        ("hidden = true", "posts.visibility.hidden: expected one of"),
    ],
)
def test_a_mistake_in_posts_visibility_is_reported(line: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        parse_config(
            f'[site]\ntitle = "S"\nurl = "https://s.example/"\n[posts.visibility]\n{line}\n'
        )


def test_docs_name_every_field_of_the_table() -> None:
    """Of a family such as ``exclude_from_feed``, the docs name each word."""
    text = DOCS.read_text(encoding="utf-8")
    section = text[text.index("## Closed posts") : text.index("## Dates")]
    named = re.findall(r"`([^`]+)`", section)
    words = {part for name in named for part in re.split(r"[_.: ]", name)}
    spellings = {*map(spelling, named)}
    names = chain.from_iterable(c.names for rule in RULES for c in rule.conditions)
    missing = [
        name
        for name in names
        if spelling(name) not in spellings and not words.issuperset(name.split("_"))
    ]
    assert not missing
