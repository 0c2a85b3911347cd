"""A folder that somebody works in: each change is published alone, posts of the future in time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from support.yardstick import build_documents

from feeds.config_file import parse_config
from feeds.serving.follow import FolderFollower
from feeds.stores.local import LocalStore

SETTINGS = parse_config('[site]\ntitle = "S"\nurl = "https://s.example/"\n[feeds]\nlimit = 3\n')


class Room:
    """A folder of posts, and its feeds."""

    def __init__(self, tmp_path) -> None:
        self.posts, self.folder = tmp_path / "posts", tmp_path / "feeds"
        self.posts.mkdir()
        self.told: list[str] = []
        self.problems: list[str] = []
        self.live = FolderFollower(
            LocalStore(self.posts), self.folder, lambda: SETTINGS, self.report
        )

    def report(self, what, problems, errors) -> None:
        assert not errors
        self.told.append(what)
        self.problems += map(str, problems)

    def write(self, name: str, title: str, date: str, category: str = "c") -> None:
        text = f"---\ntitle: {title}\ndate: {date}\ncategory: {category}\n---\nText.\n"
        (self.posts / name).write_text(text)

    def tree(self) -> dict[str, bytes]:
        public = self.folder / "public"
        found = (path for path in public.rglob("*") if path.is_file())
        return {path.relative_to(public).as_posix(): path.read_bytes() for path in found}

    def yardstick(self, known=()) -> dict[str, bytes]:
        return build_documents(LocalStore(self.posts), SETTINGS, datetime.now(UTC), known)


def test_a_changed_post_is_published_alone_and_other_files_are_ignored(tmp_path):
    room = Room(tmp_path)
    for number in range(9):
        room.write(f"{number}.md", f"T{number}", f"2025-01-0{number + 1}")
    room.live.start()
    assert room.tree() == room.yardstick()
    room.write("4.md", "Changed", "2025-02-01", "d")
    (room.posts / "7.md").unlink()
    room.live.publish(["4.md", "7.md", "notes.txt"])
    assert room.tree() == room.yardstick()
    assert b"Changed" in room.tree()["category/d/feed.json"]
    assert room.told[-1].startswith("4.md, 7.md: ")
    assert room.told[0].startswith("9 posts read, 2 feeds, ")
    said = len(room.told)
    room.live.publish(["notes.txt", ".4.md.swp"])
    assert len(room.told) == said


def test_an_invalid_post_is_reported_and_its_last_good_entry_stays(tmp_path):
    room = Room(tmp_path)
    room.write("a.md", "Good", "2025-01-01")
    room.live.start()
    before = room.tree()
    room.write("a.md", "Bad", "2025-99-01")
    room.live.publish(["a.md"])
    assert room.tree() == before
    assert room.problems[0].startswith("a.md:3: ")


@pytest.mark.slow
def test_a_post_with_a_future_date_is_published_by_the_timer(tmp_path):
    room = Room(tmp_path)
    soon = datetime.now(UTC) + timedelta(seconds=3)
    room.write("now.md", "Now", "2025-01-01")
    room.write("soon.md", "Soon", soon.strftime("%Y-%m-%d %H:%M:%S +0000"))
    room.live.start()
    assert b"Soon" not in room.tree()["feed.json"]
    until = time.monotonic() + 15
    while (
        datetime.now(UTC) < soon or room.tree() != room.yardstick()
    ) and time.monotonic() < until:
        time.sleep(0.1)
    assert datetime.now(UTC) >= soon.replace(microsecond=0)
    room.live.stop()
    assert b"Soon" in room.tree()["feed.json"]
    assert room.tree() == room.yardstick()


def test_the_summary_of_one_post_is_in_the_singular(tmp_path):
    room = Room(tmp_path)
    room.write("1.md", "One", "2025-13-01")
    room.live.start()

    assert room.told[0].startswith("1 post read, 1 feed, ")
    assert room.told[0].endswith(" documents written, 1 problem")
