"""What one upload costs in storage calls: what it touches, never what exists.

docs/deploy.md, "Posts": at most 3 + F·(5 + 2·D) calls for F feeds of D documents each, of
which 1 + F·(1 + D) are PUTs, where no archive page changes; 3 + F·(4 + D) for a process that wrote
these feeds last; and nothing lists a bucket.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace
from support.yardstick import differences

from feeds.config import Config
from feeds.config_file import parse_config
from feeds.documents import feed_documents, pagination
from feeds.model import Entry
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.reading.entry import entry_of
from feeds.reading.post import read_post
from feeds.runtime import ThreadedRuntime
from feeds.state import manifest_update
from feeds.state.keys import manifest_key, page_key, record_key
from feeds.state.manifest import Manifest
from feeds.state.objects import ObjectSnapshot, Record, build_record, encode, fingerprint
from feeds.stores.counted import Counted
from feeds.stores.memory import MemoryStore

pytestmark = pytest.mark.slow

FEW, MANY = 100, 100_000
NEWEST = datetime(2026, 11, 1, tzinfo=UTC)
FEEDS = ("", "category/markets")


def settings(more: str = "") -> Config:
    return parse_config(
        '[site]\ntitle = "News"\nurl = "https://news.example.com/"\n'
        f'[feeds]\nurl = "https://feeds.example.com/"\nlimit = 20\n{more}\n'
    )


CONFIG = settings()


class Cost:
    """What the formula allows for F feeds of D documents each."""

    def __init__(self, feeds: int, of: Config = CONFIG) -> None:
        self.each = len(list(feed_documents.current_documents("", [], "", of)))
        self.calls = 3 + feeds * (5 + 2 * self.each)
        self.alone = 3 + feeds * (4 + self.each)
        self.puts = 1 + feeds * (1 + self.each)
        pages = len(list(feed_documents.archive_documents("", "page", [entry(0)], "", of)))
        # A page and the list that it is in are read, written and deleted; the page is read again
        # for its documents, and the index is looked at before them.
        self.page = feeds * (7 + 1 + 2 * pages + 1)
        self.page_puts = feeds * (2 + pages)


def key(number: int) -> str:
    return f"post-{number:06}.md"


def text(number: float, title: str = "Title", categories: str = "markets") -> bytes:
    """A post; each number is a minute older than the one before it."""
    published = NEWEST - timedelta(minutes=number)
    return (
        f"---\ntitle: {title}\ndate: {published:%Y-%m-%d %H:%M:%S} +0000\n"
        f"categories: {categories}\n---\nText.\n"
    ).encode()


def entries(count: int) -> Iterator[Entry]:
    """What the first `count` posts become, oldest first: one is read, the others are like it."""
    one = entry(0)
    for number in reversed(range(count)):
        published = NEWEST - timedelta(minutes=number)
        day = f"{published:%Y/%m/%d}"
        yield replace(
            one,
            key=key(number),
            id=one.id.replace(key(0), key(number)),
            link=f"https://news.example.com/{day}/{key(number)[:-3]}.html",
            published=published,
            updated=published,
        )


def entry(number: int) -> Entry:
    reading = read_post(key(number), text(number), NEWEST, CONFIG)
    assert reading.post is not None
    return entry_of(reading.post, CONFIG)


class Site:
    """A site with posts, published, whose storage calls are counted."""

    def __init__(self, count: int) -> None:
        self.posts = Counted(MemoryStore(lambda: NEWEST))
        self.feeds = Counted(MemoryStore(lambda: NEWEST))
        self.publisher = Publisher(self.posts, self.feeds, CONFIG, ThreadedRuntime(threads=1))
        self._fill(list(entries(count)))
        for _ in range(4):  # the newest documents, and the catalog
            self.publish(key(0))

    def _fill(self, every: list[Entry]) -> None:
        """Write what publishing these posts would leave, but for the documents of the archive."""
        made, now, names = fingerprint(CONFIG), datetime.now(UTC), map(str, itertools.count())
        for one in every:
            version = self.posts.put(one.key, text(int(one.key[5:11])))
            posts = {one.key: ObjectSnapshot(version, one)}
            record = build_record(made, Record(), posts, CONFIG, now)
            record = replace(record, token=next(names))
            self.feeds.put(record_key(one.key), encode(record))
        change = manifest_update.apply_changes(
            Manifest(),
            (),
            every,
            limit=CONFIG.feeds.limit,
            archives=True,
            reader=_Nothing(),
            new_name=lambda: next(names),
            now=0,
        )
        parts = {**change.pages, **change.page_lists}
        settled = replace(change.manifest, pending={}, token="first")
        for path in FEEDS:
            for name, part in parts.items():
                self.feeds.put(page_key(path, name), encode(part))
            self.feeds.put(manifest_key(path), encode(settled))

    def publish(self, *keys: str) -> Counter[str]:
        """Publish posts, and say what that took."""
        self.posts.calls.clear()
        self.feeds.calls.clear()
        done = self.publisher.publish([Message(name, (name,), 1, ()) for name in keys])
        assert not done.errors
        return self.posts.calls + self.feeds.calls

    def upload(self, name: str, data: bytes) -> Counter[str]:
        self.posts.store.put(name, data)
        return self.publish(name)

    def remove(self, name: str) -> Counter[str]:
        self.posts.store.delete(name)
        return self.publish(name)


class _Nothing:
    """The stored pages of a feed that is new."""

    def page(self, name):
        raise AssertionError(name)

    page_list = page


def told(calls: Counter[str]) -> str:
    kinds = ", ".join(f"{count} {name.upper()}s" for name, count in sorted(calls.items()))
    return f"{calls.total():3} calls: {kinds}"


# --- what is there does not matter ---------------------------------------------------------------


def middle_of_a_page(count: int) -> int:
    """The number of a post of long ago in whose page there is room for another one."""
    every = list(entries(count))
    older = pagination.split_pages(every, CONFIG.feeds.limit)[: len(every) * 3 // 10 // 10]
    page = next(page for page in reversed(older) if 8 < len(page) < CONFIG.feeds.limit - 2)
    return int(page[4].key[5:11])


def costs(site: Site, old: int) -> dict[str, Counter[str]]:
    """What uploads to a site cost, each kind once; `old` is a post of long ago."""
    steps = {
        "a new newest post": lambda: site.upload("new.md", text(-1)),
        "an edit of it": lambda: site.upload("new.md", text(-1, "Other")),
        "an edit in the window": lambda: site.upload(key(5), text(5, "Other")),
        "the same message again": lambda: site.publish(key(5)),
        "a deletion from the window": lambda: site.remove(key(3)),
        "a post that was never there": lambda: site.publish("never.md"),
        "an edit long ago": lambda: site.upload(key(old), text(old, "Other")),
        "the message after it": lambda: site.publish(key(5)),
        "and the one after that": lambda: site.publish(key(5)),
        "a back-dated post": lambda: site.upload(BACK_DATED, text(old - 0.5)),
        "the message after that": lambda: site.publish(key(5)),
        "a deletion long ago": lambda: site.remove(BACK_DATED),
        "the message after the deletion": lambda: site.publish(key(5)),
        "and then": lambda: site.publish(key(5)),
    }
    return {name: step() for name, step in steps.items()}


BACK_DATED = "back-dated-1.md"  # no page ends after it
ONE_PAGE = {"an edit long ago", "a back-dated post", "a deletion long ago"}
CLEARING = {
    "the message after it",
    "the message after that",
    "the message after the deletion",
}


def test_one_upload_costs_the_same_with_100_and_with_100_000_posts():
    sites = {count: Site(count) for count in (FEW, MANY)}
    few, many = (costs(site, middle_of_a_page(count)) for count, site in sites.items())
    cost = Cost(feeds=2)
    print(f"\n2 feeds of {cost.each} documents: at most {cost.calls} calls, {cost.puts} PUTs")
    for name, calls in few.items():
        print(f"{name:32}{FEW:8,} posts: {told(calls)}\n{MANY:40,} posts: {told(many[name])}")
    sizes = [site.feeds.head(manifest_key("")).size for site in sites.values()]
    print(f"the index of all posts has {sizes[0]:,} bytes, and {sizes[1]:,}")
    assert sizes[1] < sizes[0] + 50_000
    for name, calls in many.items():
        assert calls["list"] == few[name]["list"] == 0
        if name in ONE_PAGE:
            assert calls.total() <= cost.calls + cost.page, name
            assert calls["put"] <= cost.puts + cost.page_puts, name
        elif name in CLEARING:
            assert calls.total() <= cost.calls + cost.page, name
            assert calls["put"] == cost.puts, name
        else:
            assert calls == few[name], name
            assert calls.total() <= cost.calls, name
            assert calls["put"] <= cost.puts, name


def test_a_hundred_new_posts_cost_no_more_one_by_one_because_of_those_that_were_there():
    spent = {count: _new_posts(Site(count), 100) for count in (FEW, 3000)}
    for count, calls in spent.items():
        print(f"\n100 new posts one by one, {count:,} there: {told(calls)}")
    assert spent[FEW] == spent[3000]
    cost = Cost(feeds=2)
    # A page is closed after every tenth post or so.
    assert spent[FEW].total() <= 100 * cost.calls + 20 * 2 * cost.page
    assert spent[FEW]["list"] == 0


def _new_posts(site: Site, count: int) -> Counter[str]:
    uploads = (site.upload(f"new-{number}.md", text(-1 - number)) for number in range(count))
    return sum(uploads, Counter())


def test_a_batch_looks_at_each_post_and_publishes_each_feed_once():
    site = Site(FEW)
    for number in range(50):
        site.posts.store.put(key(number), text(number, "Edited"))
    calls = site.publish(*map(key, range(50)))
    cost = Cost(feeds=2)
    print(f"\n50 posts in one batch: {told(calls)}, {calls.total() / 50:.1f} each")
    # 3 for each post, and in each of its feeds 1 to read its record again.
    assert calls.total() <= 50 * (3 + 2) + 2 * (4 + 2 * cost.each) + 5 * cost.page
    assert calls["list"] == 0


# --- the formula ---------------------------------------------------------------------------------


@pytest.mark.parametrize("categories", ["a", "[a, b]", "[a, b, c, d]"])
@pytest.mark.parametrize(
    "more",
    [
        'formats = ["rss"]\npages = false',
        'formats = ["atom", "json"]\npages = false',
        'formats = ["atom", "rss", "json"]\npages = true',
        'formats = ["atom"]\narchives = false',
    ],
)
def test_an_upload_costs_what_the_formula_says(more: str, categories: str):
    of = settings(more)
    posts, feeds = Counted(MemoryStore()), Counted(MemoryStore())
    cost = Cost(2 + categories.count(","), of)

    def upload(publisher: Publisher, number: int) -> Counter[str]:
        posts.put("a.md", text(0, f"Title {number}", categories))
        posts.calls.clear()
        feeds.calls.clear()
        assert not publisher.publish([Message("m", ("a.md",), 1, ())]).errors
        return posts.calls + feeds.calls

    for number in range(6):
        one = Publisher(posts, feeds, of, ThreadedRuntime(threads=1))
        calls = upload(one, number)
    assert (calls.total(), calls["put"]) == (cost.calls, cost.puts)
    calls = upload(one, 6)
    assert (calls.total(), calls["put"]) == (cost.alone, cost.puts)
    assert not differences(posts.store, feeds.store, of)


def test_a_process_asks_again_for_what_another_one_has_written_meanwhile():
    posts, feeds = Counted(MemoryStore()), Counted(MemoryStore())
    one, other = (Publisher(posts, feeds, CONFIG, ThreadedRuntime(threads=1)) for _ in range(2))
    for number in range(6):
        posts.put("a.md", text(0, f"Title {number}"))
        feeds.calls.clear()
        assert not (one, other)[number % 2].publish([Message("m", ("a.md",), 1, ())]).errors
    assert feeds.calls["head"] == 2 * (2 + Cost(2).each)
    assert not differences(posts.store, feeds.store, CONFIG)


@pytest.mark.parametrize("hand", ["changed", "deleted"])
def test_a_document_that_somebody_laid_hands_on_is_not_taken_for_what_it_was(hand: str):
    posts, feeds = MemoryStore(), MemoryStore()
    publisher = Publisher(posts, feeds, CONFIG, ThreadedRuntime(threads=1))
    for number in range(6):
        posts.put("a.md", text(0, f"Title {number}"))
        if number == 5 and hand == "changed":
            feeds.put("public/feed.json", b"somebody's")
        elif number == 5:
            feeds.delete("public/feed.json")
        done = publisher.publish([Message("m", ("a.md",), 1, ())])
        assert not done.errors
    assert "feed.json" in done.changed
    assert not differences(posts, feeds, CONFIG)


def test_a_message_that_comes_twice_writes_no_document_twice():
    posts, feeds = MemoryStore(), Counted(MemoryStore(hashed=True))
    publisher = Publisher(posts, feeds, CONFIG, ThreadedRuntime(threads=1))
    posts.put("a.md", text(0))
    for _ in range(3):
        feeds.calls.clear()
        done = publisher.publish([Message("m", ("a.md",), 1, ())])
    assert done.changed == ()
    assert feeds.calls["put"] == 1 + 2  # the record, the indexes


# --- the site that is measured -------------------------------------------------------------------


def test_the_site_that_is_measured_is_what_publishing_its_posts_leaves():
    made = Site(FEW)
    posts, feeds = MemoryStore(), MemoryStore()
    publisher = Publisher(posts, feeds, CONFIG, ThreadedRuntime(threads=1))
    for number in range(FEW):
        posts.put(key(number), text(number))
        publisher.publish([Message("m", (key(number),), 1, ())])
    for path in FEEDS:
        assert _shape(made.feeds, path) == _shape(feeds, path)
    for number in range(FEW):
        one, other = (_record(store, number) for store in (made.feeds, feeds))
        assert one == other


def _shape(store, path: str) -> tuple[object, ...]:
    """What of an index does not depend on who wrote it when."""
    found = msgspec.json.decode(store.get(manifest_key(path)).data, type=Manifest)
    pages = [(page.end, page.name, page.digest) for page in found.pages]
    volumes = [(volume.end, volume.name) for volume in found.page_lists]
    return (
        found.entries,
        pages,
        volumes,
        found.title,
        found.listed,
        found.limit,
        found.config_fingerprint,
    )


def _record(store, number: int) -> Record:
    found = store.get(record_key(key(number)))
    record = msgspec.json.decode(found.data, type=Record)
    seen = replace(record.objects[key(number)], version="")
    return replace(record, token="", objects={key(number): seen})
