"""The storage calls of one upload: they depend on what it changes, not on how much there is.

docs/deploy.md, "Posts": at most 4 + F·(5 + 2·D) calls for F feeds of D documents each, of
which 1 + F·(1 + D) are PUTs, where no archive page changes; 4 + F·(4 + D) for a process that wrote
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
from feeds.config_file.parse import parse_config
from feeds.documents import feed_documents, pagination
from feeds.model import Entry
from feeds.publishing import feed_writer
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
        # Ids decide where pages end. With these, no page ends with a post of this test.
        '[posts]\nid_authority = "bucketfeed.invalid,2026"\n'
    )


CONFIG = settings()


class Cost:
    """The storage calls that the formula allows for F feeds of D documents each."""

    def __init__(self, feeds: int, config: Config = CONFIG) -> None:
        self.documents = len(list(feed_documents.current_documents("", [], "", config)))
        self.calls = 4 + feeds * (5 + 2 * self.documents)
        self.fast_path_calls = 4 + feeds * (4 + self.documents)
        self.puts = 1 + feeds * (1 + self.documents)
        pages = len(list(feed_documents.archive_documents("", "page", [entry(0)], "", config)))
        # A page and its page list are read, written and deleted. The page is read again for its
        # documents, and the version of the index is read before them.
        self.page = feeds * (7 + 1 + 2 * pages + 1)
        self.page_puts = feeds * (2 + pages)


def key(number: int) -> str:
    return f"post-{number:06}.md"


def text(number: float, title: str = "Title", categories: str = "markets") -> bytes:
    """Return a post; each number is a minute older than the number before."""
    published = NEWEST - timedelta(minutes=number)
    return (
        f"---\ntitle: {title}\ndate: {published:%Y-%m-%d %H:%M:%S} +0000\n"
        f"categories: {categories}\n---\nText.\n"
    ).encode()


def entries(count: int) -> Iterator[Entry]:
    """Yield the entries of the first `count` posts, oldest first: one is read, and copied."""
    template = entry(0)
    for number in reversed(range(count)):
        published = NEWEST - timedelta(minutes=number)
        day = f"{published:%Y/%m/%d}"
        yield replace(
            template,
            key=key(number),
            id=template.id.replace(key(0), key(number)),
            link=f"https://news.example.com/{day}/{key(number)[:-3]}.html",
            published=published,
            updated=published,
        )


def entry(number: int) -> Entry:
    result = read_post(key(number), text(number), NEWEST, CONFIG)
    assert result.post is not None
    return entry_of(result.post, CONFIG)


class Site:
    """A published site whose storage calls are counted."""

    def __init__(self, count: int) -> None:
        self.posts = Counted(MemoryStore(lambda: NEWEST))
        self.feeds = Counted(MemoryStore(lambda: NEWEST))
        self.publisher = Publisher(self.posts, self.feeds, CONFIG, ThreadedRuntime(threads=1))
        self._fill(list(entries(count)))
        for _ in range(4):  # writes the newest documents, and the list of feeds
            self.publish(key(0))

    def _fill(self, entries: list[Entry]) -> None:
        """Write the state that publishing these posts leaves, without archive documents."""
        config_fingerprint, now = fingerprint(CONFIG), datetime.now(UTC)
        tokens = map(str, itertools.count())
        for entry in entries:
            version = self.posts.put(entry.key, text(int(entry.key[5:11])))
            objects = {entry.key: ObjectSnapshot(version, entry)}
            record = build_record(config_fingerprint, Record(), objects, CONFIG, now)
            record = replace(record, token=next(tokens))
            self.feeds.put(record_key(entry.key), encode(record))
        update = manifest_update.apply_changes(
            Manifest(),
            (),
            entries,
            limit=CONFIG.feeds.limit,
            archives=True,
            reader=_NoPages(),
            new_name=lambda: next(tokens),
            now=0,
        )
        parts = {**update.pages, **update.page_lists}
        manifest = replace(update.manifest, pending={}, token="first")
        for path in FEEDS:
            for name, part in parts.items():
                self.feeds.put(page_key(path, name), encode(part))
            self.feeds.put(manifest_key(path), encode(manifest))

    def publish(self, *keys: str) -> Counter[str]:
        """Publish posts; return the storage calls."""
        self.posts.calls.clear()
        self.feeds.calls.clear()
        result = self.publisher.publish([Message(name, (name,), 1, ()) for name in keys])
        assert not result.errors
        return self.posts.calls + self.feeds.calls

    def upload(self, name: str, data: bytes) -> Counter[str]:
        self.posts.store.put(name, data)
        return self.publish(name)

    def remove(self, name: str) -> Counter[str]:
        self.posts.store.delete(name)
        return self.publish(name)


class _NoPages:
    """The stored pages of a new feed: none (a `PageReader`)."""

    def page(self, name):
        raise AssertionError(name)

    page_list = page


def describe(calls: Counter[str]) -> str:
    """Return the number of calls as text, also by kind."""
    kinds = ", ".join(f"{count} {name.upper()}s" for name, count in sorted(calls.items()))
    return f"{calls.total():3} calls: {kinds}"


# --- the size of the site does not matter --------------------------------------------------------


def middle_of_a_page(count: int) -> int:
    """Return the number of an old post whose page has room for another one."""
    all_entries = list(entries(count))
    older = pagination.split_pages(all_entries, CONFIG.feeds.limit)[
        : len(all_entries) * 3 // 10 // 10
    ]
    page = next(page for page in reversed(older) if 8 < len(page) < CONFIG.feeds.limit - 2)
    return int(page[4].key[5:11])


def costs(site: Site, old: int) -> dict[str, Counter[str]]:
    """Return the storage calls of each kind of upload; `old` is the number of an old post."""
    steps = {
        "a new post": lambda: site.upload("new.md", text(-1)),
        "an edit of it": lambda: site.upload("new.md", text(-1, "Other")),
        "an edit in the window": lambda: site.upload(key(5), text(5, "Other")),
        "the same message again": lambda: site.publish(key(5)),
        "a deletion from the window": lambda: site.remove(key(3)),
        "a post that never existed": lambda: site.publish("never.md"),
        "an edit of an old post": lambda: site.upload(key(old), text(old, "Other")),
        "the message after the edit": lambda: site.publish(key(5)),
        "and the next one": lambda: site.publish(key(5)),
        "a back-dated post": lambda: site.upload(BACK_DATED, text(old - 0.5)),
        "the message after the back-dated post": lambda: site.publish(key(5)),
        "a deletion of an old post": lambda: site.remove(BACK_DATED),
        "the message after the deletion": lambda: site.publish(key(5)),
        "and the last one": lambda: site.publish(key(5)),
    }
    return {name: step() for name, step in steps.items()}


BACK_DATED = "back-dated-1.md"  # no page ends after it
ONE_PAGE = {"an edit of an old post", "a back-dated post", "a deletion of an old post"}
CLEARING = {
    "the message after the edit",
    "the message after the back-dated post",
    "the message after the deletion",
}


def test_upload_makes_the_same_storage_calls_with_100_and_100_000_posts():
    sites = {count: Site(count) for count in (FEW, MANY)}
    few, many = (costs(site, middle_of_a_page(count)) for count, site in sites.items())
    cost = Cost(feeds=2)
    print(f"\n2 feeds of {cost.documents} documents: at most {cost.calls} calls, {cost.puts} PUTs")
    for name, calls in few.items():
        print(
            f"{name:40}{FEW:8,} posts: {describe(calls)}\n{MANY:48,} posts: {describe(many[name])}"
        )
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


def test_storage_calls_of_100_new_posts_do_not_depend_on_the_existing_posts():
    calls_by_size = {count: _new_posts(Site(count), 100) for count in (FEW, 3000)}
    for count, calls in calls_by_size.items():
        print(f"\n100 new posts one by one, {count:,} there: {describe(calls)}")
    assert calls_by_size[FEW] == calls_by_size[3000]
    cost = Cost(feeds=2)
    # A page ends after every tenth post or so.
    assert calls_by_size[FEW].total() <= 100 * cost.calls + 20 * 2 * cost.page
    assert calls_by_size[FEW]["list"] == 0


def _new_posts(site: Site, count: int) -> Counter[str]:
    uploads = (site.upload(f"new-{number}.md", text(-1 - number)) for number in range(count))
    return sum(uploads, Counter())


def test_batch_reads_each_post_and_publishes_each_feed_once():
    site = Site(FEW)
    for number in range(50):
        site.posts.store.put(key(number), text(number, "Edited"))
    calls = site.publish(*map(key, range(50)))
    cost = Cost(feeds=2)
    print(f"\n50 posts in one batch: {describe(calls)}, {calls.total() / 50:.1f} each")
    # 3 calls for each post, and 1 for each of its feeds to read its record again.
    assert calls.total() <= 50 * (3 + 2) + 2 * (4 + 2 * cost.documents) + 5 * cost.page
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
def test_storage_calls_of_an_upload_are_those_of_the_formula(more: str, categories: str):
    config = settings(more)
    posts, feeds = Counted(MemoryStore()), Counted(MemoryStore())
    cost = Cost(2 + categories.count(","), config)

    def upload(publisher: Publisher, number: int) -> Counter[str]:
        posts.put("a.md", text(0, f"Title {number}", categories))
        posts.calls.clear()
        feeds.calls.clear()
        assert not publisher.publish([Message("m", ("a.md",), 1, ())]).errors
        return posts.calls + feeds.calls

    for number in range(6):
        publisher = Publisher(posts, feeds, config, ThreadedRuntime(threads=1))
        calls = upload(publisher, number)
    assert (calls.total(), calls["put"]) == (cost.calls, cost.puts)
    calls = upload(publisher, 6)
    assert (calls.total(), calls["put"]) == (cost.fast_path_calls, cost.puts)
    assert not differences(posts.store, feeds.store, config)


def test_process_reads_versions_again_after_another_process_has_written():
    posts, feeds = Counted(MemoryStore()), Counted(MemoryStore())
    publishers = tuple(
        Publisher(posts, feeds, CONFIG, ThreadedRuntime(threads=1)) for _ in range(2)
    )
    for number in range(6):
        posts.put("a.md", text(0, f"Title {number}"))
        feeds.calls.clear()
        assert not publishers[number % 2].publish([Message("m", ("a.md",), 1, ())]).errors
    assert feeds.calls["head"] == 2 * (2 + Cost(2).documents)
    assert feeds.calls["put"] == Cost(2).puts  # no document is written over a forgotten version
    assert not differences(posts.store, feeds.store, CONFIG)


def test_process_remembers_the_feeds_that_it_wrote_last(monkeypatch: pytest.MonkeyPatch):
    """It remembers two feeds here: the feed of all posts is in every batch, so it stays."""
    posts, feeds = Counted(MemoryStore()), Counted(MemoryStore())
    titles = itertools.count()

    def upload(publisher: Publisher, category: str) -> int:
        posts.put(f"{category}.md", text(0, f"Title {next(titles)}", category))
        feeds.calls.clear()
        assert not publisher.publish([Message("m", (f"{category}.md",), 1, ())]).errors
        return feeds.calls["head"]

    publisher = Publisher(posts, feeds, CONFIG, ThreadedRuntime(threads=1))
    for category in ("tea", "coffee") * 3:
        upload(publisher, category)
    monkeypatch.setattr(feed_writer, "MAX_REMEMBERED", 2)
    publisher = Publisher(posts, feeds, CONFIG, ThreadedRuntime(threads=1))
    fast, slow = 1, 2 + Cost(1).documents
    assert upload(publisher, "tea") == slow + slow
    assert upload(publisher, "coffee") == fast + slow
    assert upload(publisher, "coffee") == fast + fast
    assert upload(publisher, "tea") == fast + slow


def test_fast_path_follows_a_message_that_changed_nothing():
    posts, feeds = Counted(MemoryStore()), Counted(MemoryStore(hashed=True))
    publisher = Publisher(posts, feeds, CONFIG, ThreadedRuntime(threads=1))
    for number in (0, 1, 2, 3, 4, 4, 5):
        posts.put("a.md", text(0, f"Title {number}"))
        posts.calls.clear()
        feeds.calls.clear()
        assert not publisher.publish([Message("m", ("a.md",), 1, ())]).errors
    assert (posts.calls + feeds.calls).total() == Cost(2).fast_path_calls


class CountedReads(Counted):
    """A store that also counts the reads of each key."""

    def __init__(self, store) -> None:
        super().__init__(store)
        self.reads: Counter[str] = Counter()

    def get(self, key, limit=None):
        self.reads[key] += 1
        return super().get(key, limit)


def test_batch_reads_the_documents_about_all_feeds_once():
    posts, feeds = MemoryStore(), CountedReads(MemoryStore())
    publisher = Publisher(posts, feeds, CONFIG, ThreadedRuntime(threads=1))
    posts.put("a.md", text(0, categories="[a, b, c, d]"))
    read = []
    for _ in range(3):
        feeds.reads.clear()
        assert not publisher.publish([Message("m", ("a.md",), 1, ())]).errors
        read.append(feeds.reads["public/feeds.html"])
    assert read == [0, 1, 0]


@pytest.mark.parametrize("by_hand", ["changed", "deleted"])
def test_document_changed_by_hand_is_written_again(by_hand: str):
    posts, feeds = MemoryStore(), MemoryStore()
    publisher = Publisher(posts, feeds, CONFIG, ThreadedRuntime(threads=1))
    for number in range(6):
        posts.put("a.md", text(0, f"Title {number}"))
        if number == 5 and by_hand == "changed":
            feeds.put("public/feed.json", b"by hand")
        elif number == 5:
            feeds.delete("public/feed.json")
        result = publisher.publish([Message("m", ("a.md",), 1, ())])
        assert not result.errors
    assert "feed.json" in result.changed
    assert not differences(posts, feeds, CONFIG)


def test_redelivered_message_writes_no_document_again():
    posts, feeds = MemoryStore(), Counted(MemoryStore(hashed=True))
    publisher = Publisher(posts, feeds, CONFIG, ThreadedRuntime(threads=1))
    posts.put("a.md", text(0))
    for _ in range(3):
        feeds.calls.clear()
        result = publisher.publish([Message("m", ("a.md",), 1, ())])
    assert result.changed == ()
    assert feeds.calls["put"] == 1 + 2  # the record, the indexes


# --- the state that the measured site is made with -----------------------------------------------


def test_state_of_the_measured_site_is_the_state_that_publishing_leaves():
    site = Site(FEW)
    posts, feeds = MemoryStore(), MemoryStore()
    publisher = Publisher(posts, feeds, CONFIG, ThreadedRuntime(threads=1))
    for number in range(FEW):
        posts.put(key(number), text(number))
        publisher.publish([Message("m", (key(number),), 1, ())])
    for path in FEEDS:
        assert _comparable_index(site.feeds, path) == _comparable_index(feeds, path)
    for number in range(FEW):
        assert _comparable_record(site.feeds, number) == _comparable_record(feeds, number)


def _comparable_index(store, path: str) -> tuple[object, ...]:
    """Return what does not depend on the writer or the time of an index."""
    manifest = msgspec.json.decode(store.get(manifest_key(path)).data, type=Manifest)
    pages = [(page.end, page.name, page.digest) for page in manifest.pages]
    page_lists = [(page_list.end, page_list.name) for page_list in manifest.page_lists]
    return (
        manifest.entries,
        pages,
        page_lists,
        manifest.title,
        manifest.listed,
        manifest.limit,
        manifest.config_fingerprint,
    )


def _comparable_record(store, number: int) -> Record:
    """Return a record without its token and its object's version."""
    record = msgspec.json.decode(store.get(record_key(key(number))).data, type=Record)
    snapshot = replace(record.objects[key(number)], version="")
    return replace(record, token="", objects={key(number): snapshot})
