"""What is left out is said once, by rule; problems that cost a post come before all others."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command import files_below, run_feeds
from support.sites import post

CONFIG = '[site]\ntitle = "News"\nurl = "https://news.example.com/"\n'
LINK = "source_url: nowhere"
"""A field that is a warning."""


@pytest.fixture
def posts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty folder of posts below the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "feeds.toml").write_text(CONFIG)
    (tmp_path / "posts").mkdir()
    return tmp_path / "posts"


def write(posts: Path, *names: str, data: bytes = post()) -> None:
    for name in names:
        (posts / name).parent.mkdir(parents=True, exist_ok=True)
        (posts / name).write_bytes(data)


def lines(*words: str, status: int = 0) -> list[str]:
    return run_feeds(*words, status=status).splitlines()


# --- files that are not in posts.include ---------------------------------------------------------

COMMANDS = [["build", "posts", "out"], ["rebuild", "posts", "out"], ["check", "posts"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
def test_files_that_look_like_posts_are_counted_by_their_ending(
    posts: Path, command: list[str]
) -> None:
    write(posts, "b/c.mdx", "b/d.mdx", "a.mdx", "e.rst", "F.MD", "good.md")
    said = lines(*command)
    assert [line for line in said if "posts.include" in line] == [
        "3 .mdx files are not in posts.include (a.mdx, …)",
        "1 .MD file is not in posts.include (F.MD)",
        "1 .rst file is not in posts.include (e.rst)",
    ]


OTHER_FILES = [
    "photo.png", "notes.txt", "site.css", "mdx", "a.md.bak",
    "README.rst", "docs/readme.mdx", ".hidden.mdx", ".git/a.rst", "_drafts/a.mdx", "_index.adoc",
    "category/a.mdx", "old/a.rst",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
def test_other_files_are_left_out_without_a_line(posts: Path, command: list[str]) -> None:
    with (posts.parent / "feeds.toml").open("a") as file:
        file.write('[posts]\nexclude = ["category/**", "old/**"]\n')
    write(posts, "good.md", *OTHER_FILES)
    assert "include" not in run_feeds(*command)


@pytest.mark.parametrize("glob", ["**/*.mdx", "blog/*.mdx", "**"])
def test_an_ending_that_the_site_includes_has_no_line(posts: Path, glob: str) -> None:
    with (posts.parent / "feeds.toml").open("a") as file:
        file.write(f'[posts]\ninclude = ["{glob}"]\n')
    write(posts, "blog/a.mdx", "pages/b.mdx", "pages/c.md")
    assert "posts.include" not in run_feeds("build", "posts", "out")


def test_a_file_name_cannot_forge_a_line(posts: Path) -> None:
    write(posts, "a\n0 problems\x1b[31m.mdx")
    write(posts, "b\n.md", data=post(more="draft: true"))
    said = run_feeds("build", "posts", "out")
    assert "1 .mdx file is not in posts.include (a\\n0 problems\\x1b[31m.mdx)\n" in said
    assert "1 post left out: draft: true (b\\n.md)\n" in said


def test_reasons_of_a_large_site_are_counted_over_all_workers(posts: Path) -> None:
    fields = ["hidden: true", "expires: 2026-11-02", ""]
    for number in range(900):
        write(posts, f"{number:03}.md", data=post(more=fields[number % 3]))
    said = lines("build", "posts", "out", "--jobs", "2")
    assert said[-2:] == [
        "300 posts left out: hidden: true (000.md, …)",
        "300 posts left out: expired (001.md, …)",
    ]


# --- problems ------------------------------------------------------------------------------------


def write_problems(posts: Path, untitled: int, warned: int) -> None:
    for number in range(untitled):
        write(posts, f"u{number}.md", data=b"---\ndate: 2026-11-01\n---\nText.\n")
    for number in range(warned):
        write(posts, f"a{number}.md", data=post(more=LINK))


def test_posts_that_are_lost_come_first_below_a_line_of_their_own(posts: Path) -> None:
    write_problems(posts, 2, 2)
    said = lines("build", "posts", "out")
    starts = [
        "reading 4 posts",
        "2 posts are not in the feeds:",
        "posts/u0.md:1: there is no title; ",
        "posts/u1.md:1: there is no title; ",
        "2 other problems:",
        "posts/a0.md:4: warning: source_url",
        "posts/a1.md:4: warning: source_url",
        "2 posts, 1 feed, ",
    ]
    assert [line[: len(start)] for line, start in zip(said, starts, strict=True)] == starts


def test_many_problems_of_one_rule_are_one_line_and_all_prints_each(posts: Path) -> None:
    write_problems(posts, 14, 5)
    assert lines("build", "posts", "out")[1:-1] == [
        "14 posts are not in the feeds:",
        '14 posts: there is no title; write title: "…" in the front matter '
        "(u0.md:1, u1.md:1, u10.md:1, …)",
        "5 other problems:",
        "warning: 5 posts: source_url: 'nowhere' is not a full web address; "
        "write it like https://example.com/article (a0.md:4, a1.md:4, a2.md:4, …)",
        "feeds build --all prints each problem",
    ]
    said = lines("build", "posts", "out", "--all")
    assert len([line for line in said if line.startswith("posts/")]) == 19
    assert said[-1].endswith(", 19 problems")


def test_the_exit_status_does_not_depend_on_the_groups(posts: Path) -> None:
    write_problems(posts, 6, 0)
    run_feeds("build", "posts", "out")
    run_feeds("build", "posts", "out", "--strict", status=1)
    run_feeds("build", "posts", "out", "--strict", "--all", status=1)
    files = files_below(posts.parent / "out")
    run_feeds("build", "posts", "other", "--all")
    assert files_below(posts.parent / "other") == files


def test_warnings_alone_have_no_line_above(posts: Path) -> None:
    write_problems(posts, 0, 1)
    assert [line[:20] for line in lines("build", "posts", "out")[:2]] == [
        "reading 1 post",
        "posts/a0.md:4: warning: "[:20],
    ]


def test_check_prints_each_problem_and_first_those_that_cost_a_post(posts: Path) -> None:
    write_problems(posts, 5, 5)
    said = [line for line in lines("check", "posts", status=1) if line.startswith("posts/")]
    assert [line.partition(":")[0] for line in said] == [
        *(f"posts/u{number}.md" for number in range(5)),
        *(f"posts/a{number}.md" for number in range(5)),
    ]


def test_feeds_that_are_updated_keep_an_earlier_version_and_problems_lists_each(
    posts: Path,
) -> None:
    write_problems(posts, 5, 0)
    said = lines("rebuild", "posts", "out")
    assert said[1] == "5 posts are not published; earlier versions stay in the feeds:"
    assert said[2].startswith("5 posts: there is no title; ")
    assert said[3] == "feeds problems out lists each problem"
    assert len(lines("problems", "out", status=1)) == 5
    keys = [f"u{number}.md" for number in range(5)]
    for key in keys:
        write(posts, key, data=b"---\ntitle:\ndate: 2026-11-01\n---\n")
    said = lines("publish", "posts", "out", *keys)
    assert said[0] == "5 posts are not published; earlier versions stay in the feeds:"
    assert said[1].startswith("5 posts: the title is empty; ")
