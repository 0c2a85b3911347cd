"""The counts of rebuild and audit are those of posts: without own pages, and drafts by reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command import run_feeds

pytestmark = pytest.mark.slow


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "feeds.toml").write_text(
        '[site]\ntitle = "News"\nurl = "https://news.example.com/"\n'
    )
    for name in "abc":
        put(tmp_path, name)
    return tmp_path


def put(site: Path, name: str, fields: str = "") -> None:
    (site / "posts").mkdir(exist_ok=True)
    text = f"---\ntitle: {name}\ndate: 2026-10-20\ncategories: tea\n{fields}\n---\nText.\n"
    (site / f"posts/{name}.md").write_text(text)


def put_closed(site: Path) -> None:
    put(site, "d", "draft: true")
    put(site, "e", "draft: true")
    put(site, "f", "published: false")
    put(site, "g", "expires: 2026-10-21")
    put(site, "h", "publishDate: 2100-01-01")
    put(site, "i", "password: x")


@pytest.mark.parametrize("old", ["old", "site/deep", "a"])
def test_own_pages_among_the_posts_are_not_counted(site: Path, old: str) -> None:
    run_feeds("build", "posts", f"posts/{old}")
    assert len(list((site / "posts").rglob("*.html"))) >= 3
    said = run_feeds("audit", "posts", "other", "--dry-run")
    assert "3 posts, 3 new, 0 changed, " in said
    assert "html" not in said
    assert "3 posts published, 0 unchanged, " in run_feeds("rebuild", "posts", "out")
    assert "0 posts published, 3 unchanged, " in run_feeds("rebuild", "posts", "out")
    assert "3 posts, 0 new, 0 changed, 0 deleted, " in run_feeds("audit", "posts", "out")


def test_a_page_that_becomes_a_post_counts_and_is_published(site: Path) -> None:
    run_feeds("build", "posts", "posts/old")
    run_feeds("rebuild", "posts", "out")
    (site / "posts/old/index.html").write_text("---\ntitle: Z\ndate: 2026-10-22\n---\n<p>Hi</p>")
    said = run_feeds("audit", "posts", "out")
    assert "4 posts, 0 new, 1 changed, " in said
    assert "4 posts, 0 new, 0 changed, " in run_feeds("audit", "posts", "out")
    assert (site / "out/public/atom.xml").read_text().count("<entry>") == 4


def test_a_post_with_the_name_of_a_page_counts(site: Path) -> None:
    (site / "posts/hello").mkdir()
    (site / "posts/hello/index.html").write_text("---\ntitle: Z\ndate: 2026-10-22\n---\n<p>Hi</p>")
    assert "4 posts, 4 new, " in run_feeds("audit", "posts", "out")
    assert "4 posts, 0 new, " in run_feeds("audit", "posts", "out")
    (site / "posts/hello/index.html").write_text("---\ntitle: Z\ndraft: true\n---\n<p>Hi</p>")
    assert "4 posts, 0 new, 1 changed, " in run_feeds("audit", "posts", "out")
    assert "4 posts, 0 new, 0 changed, " in run_feeds("audit", "posts", "out")


def test_rebuild_counts_what_is_in_feeds_and_says_what_is_left_out_as_build_does(
    site: Path,
) -> None:
    put_closed(site)
    built = run_feeds("build", "posts", "built").splitlines()
    closed = [line for line in built if "left out" in line or "locked" in line]
    assert len(closed) >= 3
    count = (site / "built/atom.xml").read_text().count("<entry>")
    first = run_feeds("rebuild", "posts", "out").splitlines()
    second = run_feeds("rebuild", "posts", "out").splitlines()

    assert f"{count} posts, " in "\n".join(built)
    assert first[-len(closed) - 1].startswith(f"{count} posts published, 0 unchanged, ")
    assert ", 1 scheduled, " in first[-len(closed) - 1]
    assert first[-len(closed) :] == closed
    assert second[-len(closed) - 1].startswith(f"0 posts published, {count} unchanged, ")
    assert second[-len(closed) :] == closed


@pytest.mark.parametrize("id_from", ["stem", "key"])
def test_two_files_of_one_post_count_as_build_counts_them(site: Path, id_from: str) -> None:
    with (site / "feeds.toml").open("a") as file:
        file.write(f'[posts]\nid_from = "{id_from}"\n')
    (site / "posts/more").mkdir()
    (site / "posts/a.md").rename(site / "posts/more/a.md")
    put(site, "a", "updated: 2026-10-21")
    count = 3 if id_from == "stem" else 4
    assert f"{count} posts, " in run_feeds("build", "posts", "built")
    assert f"{count} posts published, 0 unchanged" in run_feeds("rebuild", "posts", "out")
    assert f"0 posts published, {count} unchanged" in run_feeds("rebuild", "posts", "out")
