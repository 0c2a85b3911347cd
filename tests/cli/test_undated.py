"""Posts without a date: one warning for a folder, or left out and counted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.command import run_feeds

SITE = '[site]\ntitle = "News"\nurl = "https://news.example.com/"\n'
POSTS = {
    "dated.md": "---\ntitle: Dated\ndate: 2026-11-01\n---\nText.\n",
    "2026-11-02-name.md": "---\ntitle: By its name\n---\nText.\n",
    "2026/11/03/path.md": "---\ntitle: By its path\n---\nText.\n",
    "about.md": "---\ntitle: About\n---\nText.\n",
    "empty.md": "---\ntitle: Empty\ndate:\n---\nText.\n",
    "changed.md": "---\ntitle: Changed\nlastmod: 2026-11-04\n---\nText.\n",
    "untitled.md": "---\nlayout: page\n---\nText.\n",
}


@pytest.fixture
def posts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FEEDS_CONFIG", str(tmp_path / "feeds.toml"))
    for name, text in POSTS.items():
        (tmp_path / "posts" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "posts" / name).write_text(text)
    return tmp_path / "posts"


def configure(posts: Path, undated: str) -> None:
    (posts.parent / "feeds.toml").write_text(f'{SITE}[posts]\nundated = "{undated}"\n')


@pytest.mark.parametrize("command", ["build", "check"])
def test_posts_with_the_time_of_their_files_are_one_warning(posts: Path, command: str) -> None:
    configure(posts, "modified")
    (posts / "untitled.md").unlink()
    said = run_feeds(command, str(posts), *([str(posts.parent / "out")] * (command == "build")))

    (warning,) = (line for line in said.splitlines() if line.startswith("warning"))
    assert warning.startswith("warning: 3 posts have no date (")
    for name in ("about.md", "changed.md", "empty.md"):
        assert name in warning
    assert 'undated = "skip"' in warning


def test_skipped_posts_are_counted_and_shown_and_the_bytes_stay_the_same(posts: Path) -> None:
    configure(posts, "skip")
    out = posts.parent / "out"
    said = run_feeds("build", str(posts), str(out))
    assert "3 posts, " in said
    assert "4 posts left out: no date" in said
    assert "0 problems" in said
    assert "warning" not in said
    for file in posts.rglob("*.md"):
        os.utime(file, (1_000_000_000, 1_000_000_000))
    assert " 0 documents written" in run_feeds("build", str(posts), str(out))
    said = run_feeds("check", str(posts))
    assert said.count("(left out: no date)") == 4


def test_a_date_that_cannot_be_read_is_a_problem_and_not_a_missing_one(posts: Path) -> None:
    configure(posts, "skip")
    (posts / "bad.md").write_text("---\ntitle: Bad\ndate: soon\n---\n")
    said = run_feeds("check", str(posts), status=1)

    assert "bad.md:3: date: 'soon' is not a date" in said


def test_a_post_that_loses_its_date_leaves_the_feeds_of_an_upload(posts: Path) -> None:
    configure(posts, "skip")
    feeds = posts.parent / "feeds"
    run_feeds("rebuild", str(posts), str(feeds))
    (posts / "dated.md").write_text("---\ntitle: Dated\n---\nText.\n")
    run_feeds("publish", str(posts), str(feeds), "dated.md")

    assert "Dated" not in (feeds / "public/atom.xml").read_text()
