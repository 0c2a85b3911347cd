"""At most half of the published posts go without being asked for, and never the last one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.command import files_below, run_feeds

pytestmark = pytest.mark.slow

REFUSED = "--allow-removals"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    configure(tmp_path)
    return tmp_path


def configure(site: Path, feeds: str = "limit = 20") -> None:
    (site / "feeds.toml").write_text(
        f'[site]\ntitle = "News"\nurl = "https://news.example.com/"\n[feeds]\n{feeds}\n'
    )


def put_posts(site: Path, names: str, fields: str = "", folder: str = "posts") -> None:
    """Write a post for each letter, the newest last."""
    (site / folder).mkdir(exist_ok=True)
    for day, name in enumerate(names, 1):
        text = (
            f"---\ntitle: {name}\ndate: 2026-10-{day:02}\ncategories: tea\n{fields}\n---\nText.\n"
        )
        (site / folder / f"{name}.md").write_text(f"---\n{text}\n---\nText.\n")


def delete(site: Path, names: str) -> None:
    for name in names:
        (site / "posts" / f"{name}.md").unlink()


def publish_first(command: str, out: str) -> None:
    run_feeds("build" if command == "build" else "rebuild", "posts", out)


def refuses(command: str, out: str) -> bool:
    """Run a command; return whether it refused, and check that then it wrote nothing."""
    before = files_below(Path(out))
    try:
        run_feeds(command, "posts", out)
    except AssertionError as failure:
        said = str(failure)
    else:
        return False
    assert REFUSED in said
    assert files_below(Path(out)) == before
    return True


@pytest.mark.parametrize("command", ["build", "rebuild", "audit"])
@pytest.mark.parametrize(
    ("published", "deleted", "added", "refused"),
    [
        ("a", "a", "", True),
        ("a", "a", "z", True),
        ("ab", "b", "", False),
        ("ab", "ab", "", True),
        ("abc", "ab", "", True),
        ("abc", "c", "", False),
        ("abcd", "abcd", "wxyz", True),
        ("abcd", "ab", "", False),
        ("abcd", "ab", "xyz", False),
        ("abcdef", "cdef", "", True),
    ],
)
def test_more_than_half_of_the_posts_and_the_last_one_go_only_if_asked_for(
    site: Path, command: str, published: str, deleted: str, added: str, refused: bool
) -> None:
    put_posts(site, published)
    publish_first(command, "out")
    delete(site, deleted)
    put_posts(site, added)

    assert refuses(command, "out") == refused
    run_feeds(command, "posts", "out", REFUSED)
    page = "out/atom.xml" if command == "build" else "out/public/atom.xml"
    left = set(published) - set(deleted) | set(added)
    assert (site / page).read_text().count("<entry>") == len(left)


@pytest.mark.parametrize(
    "feeds",
    ["limit = 1\narchives = false", "limit = 1", "limit = 2\narchives = false", "limit = 3"],
)
def test_a_build_that_finds_no_post_removes_nothing_whatever_the_feed_shows(
    site: Path, feeds: str
) -> None:
    configure(site, feeds)
    put_posts(site, "abcdefgh")
    run_feeds("build", "posts", "out")
    delete(site, "abcdefgh")
    assert refuses("build", "out")


def test_a_build_without_posts_is_refused_if_only_the_feed_of_a_category_is_left(
    site: Path,
) -> None:
    put_posts(site, "ab")
    run_feeds("build", "posts", "out")
    for name in ("atom.xml", "rss.xml", "feed.json", "index.html"):
        (site / "out" / name).unlink()
    delete(site, "ab")
    assert refuses("build", "out")


@pytest.mark.parametrize("feeds", ["", "limit = 1", "archives = false", 'formats = ["rss"]'])
def test_a_site_without_posts_is_built_again_and_again(site: Path, feeds: str) -> None:
    configure(site, feeds)
    (site / "posts").mkdir()
    for _ in range(2):
        run_feeds("build", "posts", "out")
        run_feeds("rebuild", "posts", "site")
        run_feeds("audit", "posts", "site")
    put_posts(site, "a")
    run_feeds("build", "posts", "out")
    assert b"<item>" in (site / "out/rss.xml").read_bytes()


@pytest.mark.parametrize("limit", [1, 2, 3])
@pytest.mark.parametrize(("deleted", "refused"), [("h", False), ("efgh", False), ("defgh", True)])
def test_posts_of_the_archive_count_when_the_newest_posts_go(
    site: Path, limit: int, deleted: str, refused: bool
) -> None:
    configure(site, f"limit = {limit}")
    put_posts(site, "abcdefgh")
    run_feeds("build", "posts", "out")
    delete(site, deleted)
    assert refuses("build", "out") == refused


@pytest.mark.parametrize("formats", ["atom", "rss", "json"])
@pytest.mark.parametrize("guid", ["", "guid: post-%s", "guid: https://news.example.com/%s"])
def test_a_post_with_a_guid_of_its_own_counts_as_found(site: Path, formats: str, guid: str) -> None:
    configure(site, f'formats = ["{formats}"]')
    for name in "abcd":
        put_posts(site, name, guid % name if guid else "")
    run_feeds("build", "posts", "out")
    put_posts(site, "e")
    delete(site, "a")
    assert not refuses("build", "out")


def test_posts_that_expired_are_not_lost(site: Path) -> None:
    """The author says when they leave the feeds, so nobody is asked."""
    put_posts(site, "abc", "expires: 2100-01-01")
    run_feeds("build", "posts", "out")
    put_posts(site, "abc", "expires: 2026-10-20")
    assert not refuses("build", "out")
    assert b"<entry>" not in (site / "out/atom.xml").read_bytes()


@pytest.mark.parametrize("command", ["rebuild", "audit"])
@pytest.mark.parametrize("fields", ["draft: true", "published: false", "date: 2100-01-01"])
def test_only_posts_that_are_in_feeds_count(site: Path, command: str, fields: str) -> None:
    put_posts(site, "ab")
    put_posts(site, "wxyz", fields.replace("date", "publishDate"))
    run_feeds("rebuild", "posts", "out")
    delete(site, "wxyz")
    assert not refuses(command, "out")
    put_posts(site, "stuvwxyz", fields.replace("date", "publishDate"))
    run_feeds("rebuild", "posts", "out")
    delete(site, "ab")
    assert refuses(command, "out")


@pytest.mark.parametrize(("deleted", "status"), [("a", 0), ("ab", 2), ("abc", 2)])
def test_serve_stops_at_its_start_before_it_removes_most(
    site: Path, deleted: str, status: int
) -> None:
    put_posts(site, "abc")
    run_feeds("rebuild", "posts", "out")
    delete(site, deleted)
    before = files_below(site / "out")
    words = [sys.executable, "-m", "feeds", "serve", "posts", "--out", "out", "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        assert server.stdout is not None
        said = b""
        while b"Serving" not in said and (line := server.stdout.readline()):
            said += line
        server.terminate()
        assert server.wait(20) == status, said
    assert (REFUSED.encode() in said) == (status == 2)
    assert (files_below(site / "out") == before) == (status == 2)
