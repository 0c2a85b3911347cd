"""Promise 3 with real processes: workers are killed, messages are thrown away, then audits run.

The workers publish into a folder. Many are killed (SIGKILL), and for a while no index can be
written. The queue throws a message away after a few deliveries, so some posts have a record that
says that they are in feeds, and are not in them. Then no worker runs any more; the nights of the
audits pass on copies of what is left, with a clock that the test moves.

The large run: `OPERATIONS=600 python -m pytest -s` and the path of this module.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest
from support.processes import FOLDERS, ROOT, Plan, Run
from support.published import Later
from support.yardstick import full_build, public_tree

from feeds.config_file.parse import parse_config
from feeds.maintenance import audit as audit_module
from feeds.maintenance.audit import AuditReport, audit
from feeds.maintenance.index_check import IndexCheck
from feeds.maintenance.journal import JOURNAL
from feeds.maintenance.post_check import NONE
from feeds.publishing.message import Message
from feeds.publishing.publisher import Publisher
from feeds.stores.base import Store
from feeds.stores.local import LocalStore
from feeds.stores.memory import MemoryStore

pytestmark = pytest.mark.slow

TOML = """
[site]
title = "Example News"
url = "https://news.example.com/"
[feeds]
url = "https://feeds.example.com/"
formats = ["atom", "json"]
limit = 3
[posts]
id_from = "stem"
"""
SETTINGS = parse_config(TOML)

ROUND = 3
"""`ROUND_NIGHTS` in this test."""

NIGHTS = 2 * ROUND + 1
"""The number of nights that docs/operations.md promises."""

LOST_IN_OUTAGE = 3
"""The outage of the indexes lasts until the last messages of as many changed posts were thrown
away."""

OUTAGE = """
import os
from feeds.errors import Unavailable
from feeds.state.keys import FEEDS
from feeds.stores.local import LocalStore

put = LocalStore.put

def put_without_indexes(self, key, data, **options):
    if key.startswith(FEEDS) and os.path.exists(os.environ["OUTAGE"]):
        raise Unavailable(f"{self.url}/{key}: 503")
    return put(self, key, data, **options)

LocalStore.put = put_without_indexes
"""
"""Python runs this at the start of each worker, and of each process that a worker starts. While the
file OUTAGE exists, no index can be written."""

EDITS = {"edit": 1}
REMOVALS = {"delete": 6, "move of the file": 3, "draft": 1}


class LossyRun(Run):
    """Processes that publish; in the last quarter of the changes, no index can be written.

    Half of the posts are published before. The last messages are published after the outage.
    """

    def __init__(self, plan: Plan, posts: Store, environment: dict[str, str], log: Path) -> None:
        super().__init__(plan, posts, environment, log)
        self.outage = Path(environment["OUTAGE"])
        self.before: dict[str, bytes] = {}  # the posts before the outage, by name

    def publish_half(self, feeds: Store) -> None:
        """Write every other post, and publish them all in this process."""
        for number in range(0, self.plan.posts, 2):
            name = f"post-{number:03}.md"
            key = self.where[name] = self.random.choice(FOLDERS) + name
            self.posts.put(key, self._text(name, "edit"))
        publish(Publisher(self.posts, feeds, SETTINGS, Later()), self.where.values())

    def _change_post(self) -> None:
        while len(self.waiting) > self.plan.batch:  # the queue is short, also in the outage
            self._poll(0.02)
        if self.outcome.done.total() == self.plan.operations * 3 // 4:
            self.before = self._posts_by_name()
            self.outage.touch()
        super()._change_post()

    def _poll(self, seconds: float) -> None:
        super()._poll(seconds)
        if self.outage.exists() and self.outcome.done.total() == self.plan.operations:
            lost = {Path(self.keys[message]).name for message in self.outcome.lost}
            lost -= {Path(self.keys[message]).name for message in self.open}
            now = self._posts_by_name()
            if sum(now.get(name) != self.before.get(name) for name in lost) >= LOST_IN_OUTAGE:
                self.outage.unlink()

    def _posts_by_name(self) -> dict[str, bytes]:
        """The posts without the names of their folders: a move alone changes no entry."""
        objects = [self.posts.get(stat.key) for stat in self.posts.list()]
        return {Path(object_.stat.key).name: object_.data for object_ in objects if object_}


class Nights:
    """A copy of the feeds that the workers have left, and audits of it."""

    def __init__(self, posts: Store, feeds: Store, *, left_out: str = "no object") -> None:
        """Copy the feeds with their times, without the objects whose keys start with `left_out`."""
        self.runtime = Later()
        self.posts, self.feeds = posts, MemoryStore(clock=self.runtime.now)
        for stat in feeds.list():
            object_ = None if stat.key.startswith(left_out) else feeds.get(stat.key)
            if object_:
                self.runtime.time = stat.modified
                self.feeds.put(stat.key, object_.data)
        self.runtime.time = datetime.now(UTC)
        self.publisher = Publisher(posts, self.feeds, SETTINGS, self.runtime)

    def pass_one(self) -> AuditReport:
        """Audit on the next day, and publish the posts that the audit sends."""
        self.runtime.time += timedelta(days=1)
        sent: list[str] = []
        report = audit(self.publisher, sent.append)
        publish(self.publisher, sent)
        return report

    def until_right(self) -> int:
        """Audit until the documents are those of a full build; return the number of nights."""
        for night in range(NIGHTS + 1):
            if public_tree(self.feeds) == self.expected():
                return night
            self.pass_one()
        raise AssertionError(f"not right after {NIGHTS} nights: {self.wrong_documents()}")

    def expected(self) -> dict[str, bytes]:
        return full_build(self.posts, self.feeds, SETTINGS, self.runtime.now())

    def wrong_documents(self) -> list[str]:
        tree, expected = public_tree(self.feeds), self.expected()
        return sorted(k for k in {*tree, *expected} if tree.get(k) != expected.get(k))

    def posts_with_wrong_entries(self) -> set[str]:
        """The names of the posts whose entries differ from a full build, in any feed."""
        tree, expected = entries(public_tree(self.feeds)), entries(self.expected())
        return {name for name, _, _ in (tree - expected) + (expected - tree)}

    def is_settled(self, key: str) -> bool:
        """Return whether the record of a post says that there is nothing to do for this object."""
        stat = self.posts.head(key)
        recorded = self.publisher.read_record(self.publisher.record_name(key)).objects.get(key)
        return (recorded and recorded.version) == (stat and stat.version)


def publish(publisher: Publisher, keys: Iterable[str]) -> None:
    """Publish posts as if their events had been delivered."""
    messages = [Message(id=key, keys=(key,), received=1, notes=()) for key in keys]
    assert not publisher.publish(messages).failed


def entries(documents: dict[str, bytes]) -> Counter[tuple[str, str, str]]:
    """The entries in Atom documents: the name of the post, the folder of the feed, and the text.

    An entry of an archive document counts as one of its feed.
    """
    found: Counter[tuple[str, str, str]] = Counter()
    for path, data in documents.items():
        folder = re.sub(r"(archive/)?[^/]*$", "", path)
        for text in re.findall(r"(?s)<entry>.*?</entry>", data.decode()):
            if path.endswith(".xml") and (name := re.search(r"post-\d+", text)):
                found[name[0], folder, text] += 1
    return found


@contextmanager
def no_comparison_in_depth() -> Iterator[None]:
    """In this block, audits compare no records with indexes."""
    with (
        mock.patch.object(audit_module, "Part", return_value=NONE),
        mock.patch.object(IndexCheck, "check"),
    ):
        yield


@pytest.mark.parametrize(
    ("kinds", "deliveries"),
    [(EDITS, 5), (REMOVALS, 3), (REMOVALS, 2)],
    ids=["edits, 5 deliveries", "removals, 3", "removals, 2"],
)
def test_audits_make_up_for_the_lost_messages_of_killed_processes(
    tmp_path: Path, kinds: dict[str, int], deliveries: int
) -> None:
    operations = int(os.environ.get("OPERATIONS", "24"))
    plan = Plan(
        operations=operations,
        posts=2 * operations,
        workers=2,
        kills=operations // 5,
        stops=operations // 100,
        batch=3,
        seed=int(os.environ.get("SEED", "1")),
        kinds=kinds,
        pause=0.03,
        deliveries=deliveries,
    )
    posts, feeds = LocalStore(tmp_path / "posts"), LocalStore(tmp_path / "feeds")
    (tmp_path / "feeds.toml").write_text(TOML)
    (tmp_path / "start").mkdir()
    (tmp_path / "start" / "sitecustomize").with_suffix(".py").write_text(OUTAGE)
    environment = {
        "POSTS_URL": posts.url,
        "FEEDS_URL": feeds.url,
        "FEEDS_CONFIG": str(tmp_path / "feeds.toml"),
        "OUTAGE": str(tmp_path / "outage"),
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "start"), str(ROOT)]),
    }
    run = LossyRun(plan, posts, environment, tmp_path / "log")
    run.publish_half(feeds)
    outcome = run.run()

    state = Nights(posts, feeds)
    wrong_posts = state.posts_with_wrong_entries()
    lost = [run.keys[message] for message in outcome.lost]
    wrong = {key for key in lost if Path(key).stem in wrong_posts and state.is_settled(key)}
    print(f"\n{outcome}\n{len(lost)} messages thrown away; wrong: {len(wrong)} of their posts")
    print(f"{len(state.wrong_documents())} of {len(state.expected())} documents")
    assert outcome.kills == plan.kills
    assert wrong, "no message was lost after its record was written"

    with mock.patch.object(audit_module, "ROUND_NIGHTS", ROUND):
        for copy in (state, Nights(posts, feeds, left_out=JOURNAL)):  # the second: in depth alone
            print("nights until the documents are right:", nights := copy.until_right())
            assert nights >= 1
            assert not copy.pass_one().errors
        with no_comparison_in_depth(), pytest.raises(AssertionError, match="not right after"):
            Nights(posts, feeds, left_out=JOURNAL).until_right()
