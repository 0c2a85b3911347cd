"""A published post is closed by the same edit that makes it unreadable: its old text goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from support.sites import PLAIN, settings

from feeds.aws.events import parse_messages
from feeds.config import Config
from feeds.publishing.publisher import Publisher
from feeds.runtime import ThreadedRuntime
from feeds.stores.memory import MemoryStore

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY = "_posts/a.md"
GOOD = b"---\ntitle: a\ndate: 2026-11-01\n---\nThe old text.\n"
BROKEN = "foo: [a,\n  b"


class Clock(ThreadedRuntime):
    time = NOW

    def now(self) -> datetime:
        return self.time


class Site:
    """A bucket with one published post."""

    def __init__(self, config: Config = PLAIN, key: str = KEY, good: bytes = GOOD) -> None:
        self.posts, self.feeds = (MemoryStore(clock=lambda: NOW) for _ in range(2))
        self.key, self.clock = key, Clock(threads=1)
        self.publisher = Publisher(self.posts, self.feeds, config, self.clock)
        self.upload(good)
        assert b"The old text." in self.everything()

    def upload(self, data: str | bytes) -> None:
        self.posts.put(self.key, data.encode() if isinstance(data, str) else data)
        self.publish()

    def publish(self) -> None:
        messages = parse_messages({"keys": [self.key]}, "memory:")
        published = self.publisher.publish(messages)
        assert not published.failed
        (self.record,) = published.records.values()
        (self.snapshot,) = self.record.objects.values()

    def everything(self) -> bytes:
        keys = [stat.key for stat in self.feeds.list("public/")]
        return b"".join(found.data for key in keys if (found := self.feeds.get(key)))


def is_withdrawn(text: str | bytes, config: Config = PLAIN, key: str = KEY) -> bool:
    """Whether the old text of a post goes when the post becomes this text, with a problem."""
    site = Site(config, key)
    site.upload(text)
    assert [problem.severity for problem in site.snapshot.problems] == ["error"]
    return b"The old text." not in site.everything()


CLOSED = [
    f"---\ntitle: a\npassword: x\n{BROKEN}\n---\nNew.\n",
    "---\ntitle: a\ndraft: true\nfoo: &x *y\n---\nNew.\n",
    "---\ntitle: a\npublished: false\nfoo: !!x y\n---\nNew.\n",
    '---\ntitle: "a\nstatus: private\n\n- b\n---\nNew.\n',
    "---\nstatus: private\nsummary: 'a\n\n- b\n---\nNew.\n",
    "---\ntitle: a\nvisibility: members\n\nNew.\n",
    '+++\ntitle = "a"\ndraft = true\nx = [1,\n+++\nNew.\n',
    '{"title":"a","password":"x","tags":[1,}\n\nNew.\n',
    # YAML
    f"---\n{BROKEN}\ndraft: true # not yet\n---\n",
    f"---\n{BROKEN}\npublished: !!bool false\n---\n",
    f"---\n{BROKEN}\n'password' : \"x\"\n---\n",
    f"---\n{BROKEN}\nparams:\n  draft: true\n---\n",
    f"---\n{BROKEN}\nparams: {{draft: true}}\n---\n",
    f"---\n{BROKEN}\nparams: {{a: 'b, draft: true\n---\n",
    f"---\n{BROKEN}\ntitle: a\n  draft: true\n---\n",
    f"---\n{BROKEN}\nstatus:\n- draft\n---\n",
    f"---\n{BROKEN}\nexclude_from: [sitemap, feed\n---\n",
    f"---\n{BROKEN}\naccess:\n  type: paid\n---\n",
    f"---\n{BROKEN}\nencrypt: {{enable: true}}\n---\n",
    f"---\n{BROKEN}\npassword: |\n  x\n---\n",
    f"---\n{BROKEN}\npassword:\n  x\n---\n",
    f"---\n{BROKEN}\nsitemap: false\nrobots: noindex\n---\n",
    f"\ufeff\n---\r\n{BROKEN}\r\ndraft: true\r\n---\r\n",
    f"---\n# A comment\n---\n{BROKEN}\ndraft: true\n---\n",
    "---\n<<<<<<< HEAD\ndraft: false\n=======\ndraft: true\n>>>>>>> new\n---\n",
    "layout: a\ndraft: true\n\nNew.\n",
    "title: a\nprose\ndraft: true\n\nNew.\n",
    ".. title: a\nprose\n.. status: draft\n\nNew.\n",
    b"Title: a\rStatus: draft\r\rNew.\r\xff",
    "Some text.\n---\ntitle: a\ndraft: true\n---\n",
    "---\ntitle: a\ndraft：true\nfoo: [\n---\n",
    # TOML
    '+++\ntitle = a\npassword = "x"\n+++\n',
    '+++\nx = [1,\n[build]\nlist = "never"\n+++\n',
    '+++\nx = \nstatus = "private"\n',
    '+++\nx = \nexclude_from = [\n  "feed",\n]\n+++\n',
    "+++\nx = \nextra = { unlisted = true }\n+++\n",
    # JSON
    '{\n  "title": "a",\n  "draft": true\n  "x": 1\n}\nNew.\n',
    '{"title": "a, "draft": true}\n',
    '{"params": {"draft": true}, "x": [}\n',
    '{"cover": {"src": "x", "password": "y"\n}\n',
    '{"x": ' + '{"a": ' * 5_000 + "1" + "}" * 5_000 + ', "draft": true}\n',
    # the file, the body, the length
    b"---\ntitle: a\ndraft: true\n---\n" + b"\xff",
    "---\ntitle: a\ndraft: true\n---\n".encode("utf-16"),
    f"---\ntitle: a\n{BROKEN}\n---\nAll.\n\n<!--members-only-->\n\nThe old text.\n",
    "---\ntitle: a\nfoo: [\n\n```\ncode\n```\n\n{{< password x >}}\n",
    "---\ntitle: a\ndraft: true\n---\n" + "x" * 1_000_000,
    "---\ntitle: a\npassword: y\n---\n" + "x\n" * 700_000,
    f"---\ntitle: a\ndraft: true\nlong: {'x' * 20_000}\n---\n",
    # dates
    f"---\ntitle: a\n{BROKEN}\nexpires: 2026-11-20\n---\n",
    f"---\n{BROKEN}\nexpiryDate: '2026-11-20 10:00:00 +0100'\n---\n",
    '{"unpublish_on": "2026-11-20", "x": [}\n',
    f"---\ntitle: a\n{BROKEN}\nembargo_until: 2026-12-24\n---\n",
    "+++\ntitle = a\npublishDate = 2026-12-24T10:00:00Z\n+++\n",
    f"---\n{BROKEN}\ndate: 9999-12-31\n---\n",
    # fields that can be read, next to one that is in error
    "---\ntitle: ''\ndate: 2026-11-01\nexpires: 2026-11-20\n---\nNew.\n",
    "---\ntitle: a\ndate: 2026-31-01\nembargo: 2026-12-24\n---\nNew.\n",
    "---\ntitle: a\ndate: 2026-31-01\npassword: x\n---\nNew.\n",
    "---\ntitle: ''\ndate: 2026-12-24\n---\nNew.\n",
    "---\ntitle: a\ndate: 9999-12-31\n---\nNew.\n",
]
OPEN = [
    f"---\ntitle: a\n{BROKEN}\n---\ndraft: true\n",
    f"---\ntitle: a\ndraft: false\npassword: ''\nvisibility: public\n{BROKEN}\n---\n",
    f"---\ntitle: a\n{BROKEN}\ncover:\n  src: x\n  hidden: true\n---\n",
    f"---\ntitle: a\n{BROKEN}\ncover: {{src: x, hidden: true}}\n---\n",
    f"---\ntitle: a\nsummary: |\n  draft: true\n  is a field.\n{BROKEN}\n---\n",
    f"---\ntitle: a\n{BROKEN}\nencrypt:\n  enable: false\n  password: x\n---\n",
    f"---\ntitle: a\n{BROKEN}\nauthors:\n- name: Ada\n  hidden: true\n---\n",
    f"---\ntitle: a\n{BROKEN}\nexpires: never\npublishDate: 2026-11-01\n---\n",
    f"---\ntitle: a\n{BROKEN}\nexpires: 9999-12-31\n---\n",
    f"---\ntitle: a\n{BROKEN}\n---\nWrite `<!--members-only-->`.\n",
    '+++\ntitle = "a"\ndraft = false\nx = [1,\n+++\nNew.\n',
    "+++\nx = [1,\n[cover]\nhidden = true\n+++\n",
    '{"title": "draft: true", "x": 01}\n\n"draft": true\n'.replace("\n\n", "\n}\n"),
    '{"cover": {"hidden": true}, "x": 01}\n',
    b"---\ntitle: a\n---\n\xff",
    "---\ntitle: a\n---\n" + "x" * 1_000_000,
    "---\ntitle: ''\ndate: 2026-11-01\n---\nNew.\n",
    "",
]


@pytest.mark.parametrize("text", CLOSED, ids=range(len(CLOSED)))
def test_a_post_that_is_closed_and_cannot_be_read_leaves_its_feeds(text: str | bytes) -> None:
    assert is_withdrawn(text)


@pytest.mark.parametrize("text", OPEN, ids=range(len(OPEN)))
def test_the_last_good_entry_of_an_open_post_that_cannot_be_read_stays(text: str | bytes) -> None:
    assert not is_withdrawn(text)


@pytest.mark.parametrize("line", ["newsletter: true", "Newsletter: yes", "params: {newsletter: 1}"])
def test_a_field_that_the_site_names_withdraws_a_post_that_cannot_be_read(line: str) -> None:
    config = settings(more='[posts.visibility]\nnewsletter = "leave-out"\nhidden = "publish"')
    assert is_withdrawn(f"---\n{BROKEN}\n{line}\n---\n", config)
    assert not is_withdrawn(f"---\n{BROKEN}\nhidden: true\n---\n", config)


def test_an_html_post_that_cannot_be_read_is_withdrawn_by_a_marker_in_backticks() -> None:
    text = f"---\ntitle: a\n{BROKEN}\n---\nWrite `<!--members-only-->`.\n"
    assert is_withdrawn(text, key="a.html")
    assert not is_withdrawn(text, key="a.md")


def test_the_log_names_the_field_and_never_its_password() -> None:
    site = Site()
    site.upload(f"---\ntitle: a\npassword: tidewater\n{BROKEN}\n---\n")
    assert site.snapshot.closed_by == "password"
    site.upload(f"---\ntitle: a\ndraft: true\n{BROKEN}\n---\n")
    assert site.snapshot.closed_by == "draft: true"


@pytest.mark.parametrize(
    "text",
    [
        f"---\ntitle: a\n{BROKEN}\nexpires: 2026-11-23\n---\n",
        "+++\ntitle = a\nunpublishDate = 2026-11-23T00:00:00Z\n+++\n",
        "---\ntitle: ''\ndate: 2026-11-01\nexpiry: 2026-11-23\n---\nNew.\n",
        f"---\ntitle: a\ndate: 2026-11-01\nexpires: 2026-11-23\n---\n{'<b>' * 500}\n",
    ],
)
def test_the_last_good_entry_expires_when_the_unreadable_post_does(text: str) -> None:
    site = Site()
    site.upload(text)
    assert b"The old text." in site.everything()
    assert site.record.due == datetime(2026, 11, 23, tzinfo=UTC)
    site.clock.time += timedelta(days=1)
    site.publish()
    assert b"The old text." not in site.everything()


def test_a_post_that_is_mended_is_published_again() -> None:
    site = Site()
    site.upload(f"---\ntitle: a\ndraft: true\n{BROKEN}\n---\n")
    site.upload(GOOD)
    assert b"The old text." in site.everything()
