"""FolderFollower: a change publishes only what it touches; a timer publishes future posts."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from support.yardstick import build_documents

from feeds.config_file.parse import parse_config
from feeds.serving.follow import FolderFollower
from feeds.stores.local import LocalStore

SETTINGS = parse_config('[site]\ntitle = "S"\nurl = "https://s.example/"\n[feeds]\nlimit = 3\n')


class Site:
    """A folder of posts, and its feeds."""

    def __init__(self, tmp_path) -> None:
        self.posts, self.folder = tmp_path / "posts", tmp_path / "feeds"
        self.posts.mkdir()
        self.summaries: list[str] = []
        self.problems: list[str] = []
        self.follower = FolderFollower(
            LocalStore(self.posts), self.folder, lambda: SETTINGS, self.report
        )

    def report(self, summary, problems, errors) -> None:
        assert not errors
        self.summaries.append(summary)
        self.problems += map(str, problems)

    def write(self, name: str, title: str, date: str, category: str = "c") -> None:
        text = f"---\ntitle: {title}\ndate: {date}\ncategory: {category}\n---\nText.\n"
        (self.posts / name).write_text(text)

    def tree(self) -> dict[str, bytes]:
        public = self.folder / "public"
        files = (path for path in public.rglob("*") if path.is_file())
        return {path.relative_to(public).as_posix(): path.read_bytes() for path in files}

    def full_build(self, known=()) -> dict[str, bytes]:
        return build_documents(LocalStore(self.posts), SETTINGS, datetime.now(UTC), known)


def test_a_changed_post_is_published_alone_and_other_files_are_ignored(tmp_path):
    site = Site(tmp_path)
    for number in range(9):
        site.write(f"{number}.md", f"T{number}", f"2025-01-0{number + 1}")
    site.follower.start()
    assert site.tree() == site.full_build()
    site.write("4.md", "Changed", "2025-02-01", "d")
    (site.posts / "7.md").unlink()
    site.follower.publish(["4.md", "7.md", "notes.txt"])
    assert site.tree() == site.full_build()
    assert b"Changed" in site.tree()["category/d/feed.json"]
    assert site.summaries[-1].startswith("4.md, 7.md: ")
    assert site.summaries[0].startswith("9 posts read, 2 feeds, ")
    count = len(site.summaries)
    site.follower.publish(["notes.txt", ".4.md.swp"])
    assert len(site.summaries) == count


def test_the_first_summary_says_what_is_left_out(tmp_path):
    site = Site(tmp_path)
    site.write("a.md", "Good", "2025-01-01")
    (site.posts / "b.md").write_text("---\ntitle: B\ndraft: true\n---\n")
    (site.posts / "c.mdx").write_text("---\ntitle: C\n---\n")
    site.follower.start()
    assert site.summaries[0].splitlines()[1:] == [
        "1 post left out: draft: true (b.md)",
        "1 .mdx file is not in posts.include (c.mdx)",
        "a.md → https://s.example/2025/01/01/a.html (posts.permalink)",
    ]


def test_an_invalid_post_is_reported_and_its_last_good_entry_stays(tmp_path):
    site = Site(tmp_path)
    site.write("a.md", "Good", "2025-01-01")
    site.follower.start()
    before = site.tree()
    site.write("a.md", "Bad", "2025-99-01")
    site.follower.publish(["a.md"])
    assert site.tree() == before
    assert site.problems[0].startswith("a.md:3: ")


@pytest.mark.slow
def test_a_post_with_a_future_date_is_published_by_the_timer(tmp_path):
    site = Site(tmp_path)
    soon = datetime.now(UTC) + timedelta(seconds=3)
    site.write("now.md", "Now", "2025-01-01")
    site.write("soon.md", "Soon", soon.strftime("%Y-%m-%d %H:%M:%S +0000"))
    site.follower.start()
    assert b"Soon" not in site.tree()["feed.json"]
    until = time.monotonic() + 15
    while (
        datetime.now(UTC) < soon or site.tree() != site.full_build()
    ) and time.monotonic() < until:
        time.sleep(0.1)
    assert datetime.now(UTC) >= soon.replace(microsecond=0)
    site.follower.stop()
    assert b"Soon" in site.tree()["feed.json"]
    assert site.tree() == site.full_build()


@pytest.mark.slow
def test_a_post_that_expires_is_removed_by_the_timer_also_after_a_restart(tmp_path):
    site = Site(tmp_path)
    soon = datetime.now(UTC) + timedelta(seconds=4)
    site.write("now.md", "Now", "2025-01-01")
    expires = soon.strftime("%Y-%m-%d %H:%M:%S +0000")
    site.write("sale.md", "Sale", f"2025-01-02\nexpires: {expires}")
    site.follower.start()
    assert b"Sale" in site.tree()["feed.json"]
    site.follower.stop()
    site.follower.start()
    until = time.monotonic() + 15
    while b"Sale" in site.tree()["feed.json"] and time.monotonic() < until:
        time.sleep(0.1)
    while site.tree() != site.full_build(["category/c"]) and time.monotonic() < until:
        time.sleep(0.1)  # the timer writes one document after the other
    site.follower.stop()
    assert datetime.now(UTC) >= soon.replace(microsecond=0)
    assert site.tree() == site.full_build(["category/c"])
    assert b"Sale" not in site.tree()["feed.json"]


def test_the_summary_of_one_post_is_in_the_singular(tmp_path):
    site = Site(tmp_path)
    site.write("1.md", "One", "2025-13-01")
    site.follower.start()

    assert site.summaries[0].startswith("1 post read, 1 feed, ")
    assert site.summaries[0].endswith(" documents written, 1 problem")
