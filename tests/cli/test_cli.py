"""The commands: their output, their messages and their exit statuses; never a traceback."""

from __future__ import annotations

import errno
import json
import os
import pty
import re
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import feedparser
import pytest
from msgspec import Struct
from support.sites import post

from feeds import __version__
from feeds.cli import main

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "news"
CONFIG = '[site]\ntitle = "News"\nurl = "https://news.example.com/"\n'
COMMAND = str(Path(sys.executable).with_name("feeds"))


class Result(Struct, frozen=True):
    """The exit status and the output of a command."""

    status: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `feeds` with these arguments, in this process."""
    monkeypatch.delenv("FEEDS_CONFIG", raising=False)

    def run(*words: str | Path) -> Result:
        monkeypatch.setattr(sys, "argv", ["feeds", *map(str, words)])
        capsys.readouterr()
        try:
            main.main()
            status = 0
        except SystemExit as exit_:
            status = int(exit_.code or 0)
        output = capsys.readouterr()
        return Result(status, output.out, output.err)

    return run


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a feeds.toml and two posts; it is the current folder."""
    (tmp_path / "posts").mkdir()
    (tmp_path / "feeds.toml").write_text(CONFIG)
    (tmp_path / "posts" / "one.md").write_bytes(post("One", "2026-11-01", "categories: a"))
    (tmp_path / "posts" / "two.md").write_bytes(post("Two", "2026-11-02", "categories: [a, b]"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def summary(out: Path, posts: str = "2 posts, 3 feeds", more: str = "") -> str:
    """The summary of a first build into this folder: all its files were written."""
    count = sum(file.is_file() for file in out.rglob("*"))
    return f"{posts}, {count} documents written, 0 unchanged, {more}0 problems\n"


BROKEN = b"---\ntitle: Broken\ndate: 2026-13-01\n---\n"
BROKEN_LINE = (
    "posts/broken.md:3: date: there is no such date: 2026-13-01; "
    "dates look like 2026-11-30 14:51:02 +0800"
)


# --- the command itself --------------------------------------------------------------------------


def test_version_option_prints_the_version_of_the_package(run: Run) -> None:
    assert run("--version") == Result(0, f"feeds {__version__}\n", "")


@pytest.mark.slow
@pytest.mark.parametrize("command", [[COMMAND], [sys.executable, "-m", "feeds"]])
def test_command_line_starts_as_a_command_and_as_a_module(command: list[str]) -> None:
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, f"feeds {__version__}\n", "")


@pytest.mark.parametrize("words", [[], ["--help"]])
def test_help_names_the_commands(run: Run, words: list[str]) -> None:
    done = run(*words)

    assert {"build", "serve", "check"} <= {*COMMANDS}
    assert all(f" {name} " in done.out for name in COMMANDS)
    assert done.err == ""


COMMANDS = [
    command.name or getattr(command.callback, "__name__", "")
    for command in main.app.registered_commands
]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_has_an_example(run: Run, command: str) -> None:
    done = run(command, "--help")

    assert done.status == 0
    assert f"Example: feeds {command} " in done.out


def test_help_shows_the_whole_summary_of_each_command(run: Run) -> None:
    text = run("--help").out

    for command in main.app.registered_commands:
        assert command.callback
        assert (command.callback.__doc__ or "").partition("\n")[0] in text


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_no_types_of_arguments_and_fits_on_a_terminal(run: Run, command: str) -> None:
    for text in (run(command, "--help").out, on_a_terminal(command, "--help", columns=80)[1]):
        assert not re.search(r"<\w+|list\[|[{}]", text.partition("Arguments")[2])
        assert max(map(len, text.splitlines())) <= 80


def test_help_shows_examples_and_every_exit_status(run: Run) -> None:
    output = run("--help").out

    for command in re.findall(r"^ +feeds (\w+) ", output, re.MULTILINE):
        assert command in COMMANDS
    assert output.count("  feeds ") >= 3
    assert re.findall(r"^ +(\d+) +\w", output, re.MULTILINE) == ["0", "1", "2", "130"]
    assert max(map(len, output.splitlines())) <= 80


@pytest.mark.slow
@pytest.mark.parametrize("words", [["--help"], ["buidl"], ["build"]])
def test_help_has_frames_on_a_terminal_and_none_in_a_pipe(words: list[str]) -> None:
    done = subprocess.run([COMMAND, *words], capture_output=True, text=True)

    assert (done.stdout + done.stderr).isascii()
    assert "╭" in on_a_terminal(*words)[1]


@pytest.mark.slow
def test_shell_completion_completes_commands_and_options() -> None:
    for typed, index, completion in (
        ("feeds bu", "1", "build"),
        ("feeds build --str", "2", "--strict"),
    ):
        environment = {"COMP_WORDS": typed, "COMP_CWORD": index, "_FEEDS_COMPLETE": "complete_bash"}
        done = subprocess.run(
            [COMMAND], capture_output=True, text=True, env=os.environ | environment
        )

        assert done.stdout.split() == [completion]


@pytest.mark.slow
def test_the_feeds_command_is_installed(site: Path) -> None:
    done = subprocess.run([COMMAND, "build", "posts", "public"], capture_output=True, text=True)

    assert done.stdout == summary(site / "public")
    assert done.stderr == "reading 2 posts\n"
    assert done.returncode == 0


# --- build ---------------------------------------------------------------------------------------


def test_build_writes_the_public_tree_and_prints_a_summary(run: Run, site: Path) -> None:
    done = run("build", "posts", "public")

    assert done.out == summary(site / "public")
    files = {p.relative_to(site).as_posix() for p in (site / "public").rglob("*.*")}
    for folder in ("public", "public/category/a", "public/category/b"):
        assert {f"{folder}/{file}" for file in ("atom.xml", "rss.xml", "feed.json")} <= files


def test_build_counts_unchanged_and_removed_documents(run: Run, site: Path) -> None:
    run("build", "posts", "public")
    before = sum(1 for _ in (site / "public").rglob("*.*"))
    (site / "posts" / "two.md").unlink()
    done = run("build", "posts", "public")
    after = sum(1 for _ in (site / "public").rglob("*.*"))

    assert f", {before - after} removed, 0 problems\n" in done.out
    assert run("build", "posts", "public").out == (
        f"1 post, 2 feeds, 0 documents written, {after} unchanged, 0 problems\n"
    )


def test_build_counts_drafts_and_scheduled_posts(run: Run, site: Path) -> None:
    (site / "posts" / "draft.md").write_bytes(post("Draft", more="draft: true"))
    (site / "posts" / "later.md").write_bytes(post("Later", "9000-01-01"))

    done = run("build", "posts", "public")
    assert done.out == summary(site / "public", more="1 scheduled, ") + (
        "1 post left out: draft: true (draft.md)\n"
        "build again at 9000-01-01 00:00 +0000: then the next post appears or expires\n"
    )


def test_build_counts_closed_posts_by_field(run: Run, site: Path) -> None:
    for number in range(3):
        (site / "posts" / f"hidden{number}.md").write_bytes(post("Quiet", more="hidden: true"))
    (site / "posts" / "unlisted.md").write_bytes(post("Quiet", more="unlisted: yes"))
    (site / "posts" / "locked.md").write_bytes(post("Diary", more="password: tidewater"))
    (site / "posts" / "old.md").write_bytes(post("Old", more="expires: 2026-11-20"))
    (site / "posts" / "sale.md").write_bytes(post("Sale", more="expires: 9000-02-01 10:00 +0100"))

    done = run("build", "posts", "public")
    assert done.out == summary(site / "public", "4 posts, 3 feeds") + (
        "3 posts left out: hidden: true (hidden0.md, …)\n"
        "1 post left out: unlisted: yes (unlisted.md)\n"
        "1 post locked: password (locked.md)\n"
        "1 post left out: expired (old.md)\n"
        "build again at 9000-02-01 09:00 +0000: then the next post appears or expires\n"
    )


def test_a_post_that_is_closed_after_a_build_leaves_all_feeds(run: Run, site: Path) -> None:
    run("build", "posts", "public")
    (site / "posts" / "one.md").write_bytes(post("One", more="feed: false"))
    (site / "posts" / "two.md").write_bytes(post("Two", "2026-11-02", "password: tidewater"))
    run("build", "posts", "public")

    for file in ("atom.xml", "rss.xml", "feed.json", "index.html"):
        text = (site / "public" / file).read_text()
        assert "One" not in text and "Text." not in text and "Two" in text


def test_build_prints_problems_with_file_and_line_and_publishes_valid_posts(
    run: Run, site: Path
) -> None:
    (site / "posts" / "broken.md").write_bytes(BROKEN)
    done = run("build", "posts", "public")

    assert done.err.splitlines() == ["reading 3 posts", "1 post is not in the feeds:", BROKEN_LINE]
    assert done.out == summary(site / "public").replace("0 problems", "1 problem")
    assert done.status == 0
    assert len(feedparser.parse((site / "public" / "atom.xml").read_bytes()).entries) == 2


def test_build_strict_exits_with_1_on_problems_and_still_publishes(run: Run, site: Path) -> None:
    assert run("build", "--strict", "posts", "public").status == 0
    (site / "posts" / "broken.md").write_bytes(BROKEN)

    assert run("build", "--strict", "posts", "other").status == 1
    assert (site / "other" / "atom.xml").is_file()


def test_build_does_not_count_a_post_with_refused_content(run: Run, site: Path) -> None:
    deep = post("Deep", "2026-11-03", "categories: deep", "<div>" * 200)
    (site / "posts" / "deep.md").write_bytes(deep)
    done = run("build", "posts", "public")

    assert done.out.startswith("2 posts, 3 feeds, ")
    assert "posts/deep.md:6: the HTML is nested more than 100 elements deep" in done.err


@pytest.mark.parametrize("out", ["public", "."])
def test_build_does_not_read_its_own_documents_as_posts(run: Run, site: Path, out: str) -> None:
    (site / "feeds.toml").write_text(f'{CONFIG}[posts]\nfolder = "."\n')
    first, second = run("build", ".", out), run("build", ".", out)

    assert re.fullmatch(
        r"2 posts, 3 feeds, \d+ documents written, 0 unchanged, 0 problems\n", first.out
    )
    assert second.out == re.sub(r"(\d+) doc(.*), 0 unch", r"0 doc\2, \1 unch", first.out)


def test_a_file_name_cannot_forge_a_line_of_output(run: Run, site: Path) -> None:
    (site / "posts" / "a\nb\x1b[31m.md").write_bytes(BROKEN)
    done = run("build", "posts", "public")

    assert done.err.splitlines()[2].startswith("posts/a\\nb\\x1b[31m.md:3: date: ")


# --- the configuration ---------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["feeds.toml", "blog/feeds.toml", "blog/posts/feeds.toml"])
def test_the_configuration_is_found_here_or_near_the_posts(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "blog" / "posts").mkdir(parents=True)
    (tmp_path / place).write_text(CONFIG)

    assert run("build", "blog/posts", "out").status == 0


def test_the_configuration_can_be_named_by_option_or_environment(
    run: Run, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "other.toml").write_text(CONFIG.replace("News", "Other"))
    run("build", "posts", "named", "--config", "other.toml")
    monkeypatch.setenv("FEEDS_CONFIG", "other.toml")
    run("build", "posts", "by_variable")

    for out in ("named", "by_variable"):
        assert feedparser.parse((site / out / "atom.xml").read_bytes()).feed.title == "Other"


# --- errors --------------------------------------------------------------------------------------


def test_every_error_in_the_configuration_is_a_line(run: Run, site: Path) -> None:
    (site / "feeds.toml").write_text('[site]\ntitel = "News"\nurl = "news"\n')
    done = run("build", "posts", "public")

    where = site / "feeds.toml"
    assert done == Result(
        2,
        "",
        f"{where}: site.titel: there is no such key; did you mean title?\n"
        f"{where}: site.title: expected a text, found nothing\n"
        f'{where}: site.url: expected an address such as "https://example.com/", found "news"\n',
    )
    assert not (site / "public").exists()


@pytest.mark.parametrize(
    ("words", "output"),
    [
        (["build", "nowhere", "public"], "nowhere: there is no such folder"),
        (["build", "feeds.toml", "public"], "feeds.toml: expected a folder, found a file"),
        (["build", "posts", "feeds.toml"], "feeds.toml: expected a folder, found a file"),
        (["build", "http://example.com/", "public"], "'http://example.com/' is not the address"),
        (["build", "posts", "s3://"], "'s3://' is not the address of a store"),
        (["build", "posts", "public", "--config", "no.toml"], "no.toml: cannot be read (No such"),
        (["build", "posts", "public", "--config", "latin1.toml"], "latin1.toml: is not UTF-8"),
        (["serve", "nowhere"], "nowhere: there is no such folder"),
        (["check", "nowhere"], "nowhere"),
        (["problems", "nowhere"], "nowhere: there is no such folder"),
        (["audit", "posts", "http://example.com/"], "'http://example.com/' is not the address"),
        (["init", "nowhere"], "'nowhere' does not exist"),
        (["buidl", "posts", "public"], "Did you mean 'build'"),
        (["build", "posts", "public", "--stritc"], "--strict"),
        (["build", "posts"], "Missing argument"),
        (["publish"], "publish"),
    ],
)
def test_a_command_that_fails_prints_a_message_and_exits_with_2(
    run: Run, site: Path, words: list[str], output: str
) -> None:
    (site / "latin1.toml").write_bytes('[site]\ntitle = "Zürich"\n'.encode("latin-1"))
    done = run(*words)

    assert done.status == 2
    assert output in done.err
    assert done.out == ""


def test_a_missing_configuration_is_reported_with_a_remedy(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "posts").mkdir()
    done = run("build", "posts", "public")

    assert done == Result(
        2,
        "",
        "there is no feeds.toml here or beside the posts; run feeds init, or use --config\n",
    )


@pytest.mark.slow
def test_a_closed_pipe_is_not_an_error(site: Path) -> None:
    process = subprocess.Popen(
        [COMMAND, "check", "posts"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    process.stdout.close()
    _, err = process.communicate()

    assert err == b""


@pytest.mark.slow
def test_a_title_that_the_locale_cannot_encode_is_escaped(site: Path) -> None:
    (site / "posts" / "one.md").write_bytes(post("渔", "2026-11-01"))
    done = subprocess.run(
        [COMMAND, "check", "posts/one.md"],
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("\\u6e14\t2026-11-01")
    assert (done.returncode, done.stderr) == (0, "")


# --- check ---------------------------------------------------------------------------------------


def test_check_shows_what_each_post_would_become(run: Run, site: Path) -> None:
    assert run("check", "posts").out.splitlines() == [
        "One\t2026-11-01 00:00:00+00:00\ta\thttps://news.example.com/2026/11/01/one.html\tposts.permalink",
        "Two\t2026-11-02 00:00:00+00:00\ta, b\thttps://news.example.com/2026/11/02/two.html\tposts.permalink",
    ]


def test_check_prints_the_same_problems_as_build(run: Run, site: Path) -> None:
    (site / "posts" / "broken.md").write_bytes(BROKEN)
    done = run("check", "posts/broken.md")

    assert done == Result(1, "", BROKEN_LINE + "\n")
    assert BROKEN_LINE in run("build", "posts", "public").err


def test_check_reports_problems_of_the_content(run: Run, site: Path) -> None:
    (site / "posts" / "deep.md").write_bytes(post("Deep", body="<div>" * 200))
    done = run("check", "posts")

    assert done.status == 1
    assert "posts/deep.md:5: the HTML is nested more than 100 elements deep" in done.err


def test_check_lists_drafts_and_files_that_are_not_posts(run: Run, site: Path) -> None:
    (site / "posts" / "draft.md").write_bytes(post("Draft", more="draft: true"))
    (site / "logo.png").write_bytes(b"\x89PNG")
    done = run("check", "posts/draft.md", "logo.png", site / "posts" / "one.md")

    assert done.status == 0
    assert [line.split("\t")[0] for line in done.out.splitlines()] == [
        "(left out: draft: true)",
        "(not a post)",
        "One",
    ]


def test_check_shows_the_field_that_closes_a_post(run: Run, site: Path) -> None:
    for name, more in {
        "a": "robots: noindex\nsitemap: false",
        "b": "password: tidewater",
        "c": "expires: 2026-11-20",
        "d": "expires: 9000-01-01",
        "e": "publishDate: 9000-01-01",
    }.items():
        (site / "posts" / f"{name}.md").write_bytes(post(name.upper(), "2026-11-18", more))
    (site / "posts" / "f.md").write_bytes(post("F", body="All.\n<!--members-only-->\nMembers."))
    rows = [line.split("\t")[:2] for line in run("check", "posts").out.splitlines()]

    assert rows[:6] == [
        ["(left out: sitemap: false, robots: noindex)", ""],
        ["B (locked: password)", "2026-11-18 00:00:00+00:00"],
        ["C", "2026-11-18 00:00:00+00:00 (expired 2026-11-20 00:00:00+00:00)"],
        ["D", "2026-11-18 00:00:00+00:00 (until 9000-01-01 00:00:00+00:00)"],
        ["E", "9000-01-01 00:00:00+00:00"],
        ["F (locked: <!--members-only-->)", "2026-11-18 09:30:00+08:00"],
    ]


def test_check_reports_a_file_that_cannot_be_read(
    run: Run, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_file = Path.open

    def denied(path: Path, *words: str, **more: str) -> object:
        if path.name == "one.md":  # root may read any file
            raise PermissionError(13, "Permission denied", str(path))
        return open_file(path, *words, **more)

    monkeypatch.setattr(Path, "open", denied)
    done = run("check", "posts/one.md")

    assert done == Result(
        1,
        "",
        "posts/one.md:1: no permission to read this file\n",
    )


def test_check_reports_a_folder_that_cannot_be_read(
    run: Run, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "posts" / "closed").mkdir()
    open_folder = os.scandir

    def scandir(path: str | Path) -> Iterator[os.DirEntry[str]]:  # root may read any folder
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return open_folder(path)

    monkeypatch.setattr(os, "scandir", scandir)

    done = run("check", "posts")
    assert (done.status, done.out) == (2, "")
    assert done.err == "no permission to read posts/closed/\n"


def test_check_follows_symbolic_links_as_a_build_does(run: Run, site: Path, tmp_path: Path) -> None:
    """A link out of the folder, or to a folder, is ignored; a link to a file in it is a file."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_bytes(post("Secret"))
    folder = tmp_path / "linked"
    (folder / "real").mkdir(parents=True)
    (folder / "real" / "a.md").write_bytes(post("Inside"))
    (folder / "out.md").symlink_to(outside / "secret.md")
    (folder / "folder").symlink_to(outside)
    (folder / "again.md").symlink_to("real/a.md")
    (folder / "loop.md").symlink_to("loop.md")
    checked = run("check", folder, "--config", site / "feeds.toml")
    assert [line.split("\t")[0] for line in checked.out.splitlines()] == ["Inside", "Inside"]
    built = run("build", folder, tmp_path / "public", "--config", site / "feeds.toml")
    assert "2 posts" in built.out
    named = run("check", folder / "out.md", "--config", site / "feeds.toml")
    assert named.out.split("\t")[0] == "Secret"


@pytest.mark.parametrize("named", [False, True])
def test_check_reads_no_more_of_a_file_than_a_post_may_have(
    run: Run, site: Path, tmp_path: Path, named: bool
) -> None:
    folder = tmp_path / "large"
    folder.mkdir()
    with (folder / "large.md").open("wb") as file:
        file.truncate(3_000_000_000)  # a sparse file: it takes no space on the disk
    path = folder / "large.md" if named else folder
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    checked = run("check", path, "--config", site / "feeds.toml")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB
    assert checked.status == 1
    assert checked.err == (
        f"{folder / 'large.md'}:1: the post is larger than 1,000,000 bytes; shorten it, or raise "
        "limits.post_bytes\n"
    )


@pytest.mark.parametrize(
    "name",
    ["\x1b[2J\x1b[31ma", "a\nforged.md:1: all is well", "a\rb", "a\u202egnp", "a\u2028b", "a\x9bb"],
)
def test_no_file_name_can_forge_the_output_of_check(
    run: Run, site: Path, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / f"posts {name}"
    folder.mkdir()
    (folder / f"{name}.txt").write_bytes(post())
    (folder / f"{name}.md").write_bytes(b"nothing")
    (folder / f"draft {name}.md").write_bytes(post(more="draft: true"))
    (folder / "none").mkdir()
    for paths in (
        [folder],
        [folder / f"{name}.txt"],
        [folder / f"{name}.md"],
        [folder / "none"],
    ):
        checked = run("check", *paths, "--config", site / "feeds.toml")
        printed = checked.out + checked.err
        assert printed
        for line in printed.splitlines():
            assert line.replace("\t", "").isprintable(), line
            assert not line.startswith("forged")


def test_check_of_a_folder_without_posts_prints_a_message(run: Run, site: Path) -> None:
    (site / "empty").mkdir()

    assert run("check", "empty") == Result(
        0, "", "there are no posts in empty (see posts.include)\n"
    )


# --- JSON output, publish and audit --------------------------------------------------------------


@pytest.mark.parametrize("words", [["--json"], ["--format", "json"]])
def test_check_prints_problems_as_json(run: Run, site: Path, words: list[str]) -> None:
    (site / "posts" / "broken.md").write_bytes(BROKEN)
    done = run("check", "posts", *words)
    (problem,) = json.loads(done.out)

    assert (done.status, done.err) == (1, "")
    assert (problem["key"], problem["line"]) == ("posts/broken.md", 3)
    assert (problem["field"], problem["severity"]) == ("date", "error")
    assert BROKEN_LINE.endswith(f"{problem['what']}; {problem['todo']}")


def test_doctor_prints_findings_as_json(run: Run, site: Path) -> None:
    output = run("doctor", "posts").out.splitlines()
    done = run("doctor", "posts", "--json")

    assert done.status == 0
    assert [f"ok     {finding['need']}" for finding in json.loads(done.out)] == output
    assert {finding["ok"] for finding in json.loads(done.out)} == {True}


def test_publish_updates_the_feeds_of_a_post(run: Run, site: Path) -> None:
    run("rebuild", "posts", "site")
    (site / "posts/new.md").write_bytes(post("Fresh", "2026-11-20", "categories: tea"))
    (site / "posts/new.png").write_bytes(b"PNG")
    done = run("publish", "posts", "site", "posts/new.md", "posts/new.png")
    assert done.out.startswith("1 post, ")
    assert done.err.strip() == "new.png: not a post (see posts.include)"
    run("build", "posts", "built")
    assert tree(site / "site/public") == tree(site / "built")

    (site / "posts/new.md").unlink()
    assert run("publish", "posts", "site", "new.md").status == 0
    assert b"Fresh" not in (site / "site/public/atom.xml").read_bytes()


def tree(folder: Path) -> dict[str, bytes]:
    """All files of a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_audit_prints_counts_and_keys_as_json(run: Run, site: Path) -> None:
    (site / "feeds").mkdir()
    report = json.loads(run("audit", "posts", "feeds", "--dry-run", "--json").out)

    assert (report["new"], report["gone"], report["errors"]) == (2, 0, [])
    assert sorted(report["keys"]) == ["one.md", "two.md"]
    done = json.loads(run("audit", "posts", "feeds", "--json").out)
    assert sorted(done["keys"]) == ["one.md", "two.md"]
    assert json.loads(run("audit", "posts", "feeds", "--json").out)["keys"] == []


# --- Ctrl+C --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_ctrl_c_ends_a_build_without_a_traceback(site: Path) -> None:
    for n in range(3000):
        (site / "posts" / f"{n}.md").write_bytes(post(f"Post {n}", "2026-11-01"))
    process = subprocess.Popen(
        [COMMAND, "build", "posts", "public"], stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert process.stderr
    assert process.stderr.readline() == "reading 3,002 posts\n"
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all processes of the group
    _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (130, "")


@pytest.mark.slow
@pytest.mark.parametrize(("typed", "status"), [("\x03", 130), ("\x04", 2)])
def test_init_without_an_answer_writes_nothing(site: Path, typed: str, status: int) -> None:
    (site / "new").mkdir()
    status_, output = on_a_terminal("init", "new", typed=typed)

    assert status_ == status
    assert "Stopped; nothing was written" in output
    assert "Traceback" not in output
    assert list((site / "new").iterdir()) == []


# --- on a terminal -------------------------------------------------------------------------------


# Ctrl+C is sent to the processes whose controlling terminal it is.
_WITH_ITS_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def on_a_terminal(
    *words: str, columns: int = 200, typed: str = "", colour: bool = False
) -> tuple[int, str]:
    """The exit status and output on a terminal; `typed` is typed when it waits for an answer."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(columns)}
    if not colour:
        environment["NO_COLOR"] = "1"
    process = subprocess.Popen(
        [sys.executable, "-c", _WITH_ITS_TERMINAL, COMMAND, *words],
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    output, end = b"", time.monotonic() + 120
    try:
        while time.monotonic() < end:
            if select.select([ours], [], [], 1)[0]:
                if not (chunk := os.read(ours, 65536)):
                    break
                output += chunk
            elif typed and b"?" in output:
                os.write(ours, typed.encode())  # input before the question is lost
    except OSError:  # Linux raises it at the end of the output
        pass
    os.close(ours)  # which ends a process that still waits
    if colour:
        return process.wait(), output.decode()
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output.decode())
    return process.wait(), plain.replace("\r\n", "\n")


@pytest.mark.slow
def test_build_on_a_terminal_has_a_progress_bar(site: Path) -> None:
    status, output = on_a_terminal("build", "posts", "public")

    assert status == 0
    assert "2/2" in output
    assert output.endswith(summary(site / "public"))


@pytest.mark.slow
def test_check_on_a_terminal_prints_a_table_without_markup_in_titles(site: Path) -> None:
    (site / "posts" / "one.md").write_bytes(
        post("[/b] [red]Red[/] :fire:", "2026-11-01", "category: c")
    )
    status, output = on_a_terminal("check", "posts")

    assert status == 0
    assert [re.split(r" {2,}", line.strip()) for line in output.splitlines()] == [
        ["title", "date", "categories", "link", "rule"],
        [
            "[/b] [red]Red[/] :fire:",
            "2026-11-01 00:00:00+00:00",
            "c",
            "https://news.example.com/2026/11/01/one.html",
            "posts.permalink",
        ],
        [
            "Two",
            "2026-11-02 00:00:00+00:00",
            "a, b",
            "https://news.example.com/2026/11/02/two.html",
            "posts.permalink",
        ],
    ]


@pytest.mark.slow
def test_the_progress_bar_shows_rate_and_remaining_time(site: Path) -> None:
    for n in range(1000):
        (site / "posts" / f"{n}.md").write_bytes(post(f"Post {n}", "2026-11-01"))
    _, output = on_a_terminal("build", "posts", "public")

    assert re.search(r"reading ━.* 500/1002 +[\d,]+/s +0:00:\d\d", output)


@pytest.mark.slow
def test_the_progress_bar_goes_on_while_documents_are_rendered_and_written(site: Path) -> None:
    """A first build writes each document when it is rendered; the next one compares them first."""
    for n in range(300):
        (site / "posts" / f"{n}.md").write_bytes(post(f"Post {n}", "2026-11-01", f"tags: t{n}"))
    config = site / "feeds.toml"
    config.write_text(config.read_text() + '\n[feeds]\ntaxonomies = ["tag"]\n')
    _, first = on_a_terminal("build", "posts", "public")
    config.write_text(config.read_text().replace("News", "Other"))
    _, second = on_a_terminal("build", "posts", "public")

    for output in (first, second):
        shown = [int(n) for n in re.findall(r"rendering [━╸╺ ]+ (\d+)/\d+", output)]
        assert shown == sorted(shown)
        assert len(shown) >= 2
        assert re.search(r"rendering ━.* (\d+)/\1 ", output)
    assert "writing ━" not in first
    assert re.search(r"writing ━.* (\d+)/\1 ", second)


@pytest.mark.slow
def test_the_place_of_a_problem_is_coloured_on_a_terminal(site: Path) -> None:
    (site / "posts" / "broken.md").write_bytes(BROKEN)
    status, output = on_a_terminal("check", "posts/broken.md", colour=True)

    assert status == 1
    assert "\x1b[31mposts/broken.md:3:\x1b[0m date: " in output
    assert "title" not in output  # no table without a row


@pytest.mark.slow
def test_a_narrow_terminal_wraps_links_without_cutting_them(site: Path) -> None:
    _, output = on_a_terminal("check", "posts/one.md", columns=60)

    assert "…" not in output


# --- buckets -------------------------------------------------------------------------------------


@pytest.fixture
def bucket(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket with the example's posts under news/; the environment has its endpoint."""
    environment = {
        "AWS_ENDPOINT_URL": moto_server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "testsecret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    s3 = boto3.resource("s3").create_bucket(Bucket="feeds-test-cli")
    for file in (EXAMPLE / "posts").rglob("*"):
        if file.is_file():
            key = f"news/{file.relative_to(EXAMPLE / 'posts').as_posix()}"
            s3.put_object(Key=key, Body=file.read_bytes())
    yield s3.name
    s3.objects.all().delete()
    s3.delete()


@pytest.mark.slow
def test_build_of_a_bucket_writes_the_same_as_of_a_folder(
    run: Run, bucket: str, tmp_path: Path
) -> None:
    config = ["--config", EXAMPLE / "feeds.toml"]
    from_folder = run("build", EXAMPLE / "posts", tmp_path / "out", *config)
    from_bucket = run("build", f"s3://{bucket}/news", f"s3://{bucket}/public/", *config)

    assert from_bucket.out == from_folder.out
    local = {
        "public/" + file.relative_to(tmp_path / "out").as_posix(): file.read_bytes()
        for file in (tmp_path / "out").rglob("*.*")
    }
    objects = boto3.resource("s3").Bucket(bucket).objects.filter(Prefix="public/")
    responses = {summary.key: summary.get() for summary in objects}
    assert {key: response["Body"].read() for key, response in responses.items()} == local
    assert responses["public/atom.xml"]["ContentType"] == "application/xml; charset=utf-8"
    assert "max-age=300" in responses["public/rss.xml"]["CacheControl"]


@pytest.mark.slow
def test_a_second_build_of_a_bucket_writes_nothing(run: Run, bucket: str) -> None:
    words = ["build", f"s3://{bucket}/news", f"s3://{bucket}/", "-c", EXAMPLE / "feeds.toml"]
    first, second = run(*words), run(*words)

    assert " 0 unchanged" in first.out
    assert " 0 documents written" in second.out


@pytest.mark.slow
def test_a_problem_of_a_post_in_a_bucket_has_its_s3_url(run: Run, bucket: str) -> None:
    boto3.client("s3").put_object(Bucket=bucket, Key="news/broken.md", Body=BROKEN)
    done = run("build", f"s3://{bucket}/news/", f"s3://{bucket}/out", "-c", EXAMPLE / "feeds.toml")

    assert f"s3://{bucket}/news/broken.md:3: date: there is no such date" in done.err


def test_a_missing_bucket_is_reported_with_a_remedy(run: Run, bucket: str, tmp_path: Path) -> None:
    done = run("build", "s3://feeds-test-none/", tmp_path, "-c", EXAMPLE / "feeds.toml")

    assert done.status == 2
    assert "NoSuchBucket" in done.err
    assert "create the bucket, or check its name" in done.err


@pytest.mark.slow
def test_an_endpoint_that_does_not_respond_is_reported(
    run: Run, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    done = run("build", f"s3://{bucket}/news", tmp_path, "-c", EXAMPLE / "feeds.toml")

    assert done.status == 2
    assert "Could not connect" in done.err


# --- two files, one entry ------------------------------------------------------------------------

TWINS = [
    ("guid: twin", "guid: twin"),
    ("id: urn:isbn:9780141036144", "guid: urn:isbn:9780141036144"),
    ("id: https://a.example/twin", "id: https://a.example/twin"),
]


@pytest.mark.parametrize(("one", "two"), TWINS)
@pytest.mark.parametrize("command", [["build", "posts", "public"], ["check", "posts"]])
def test_build_and_check_name_both_files_of_one_id(
    run: Run, site: Path, command: list[str], one: str, two: str
) -> None:
    (site / "posts" / "one.md").write_bytes(post("One", "2026-11-01", one))
    (site / "posts" / "two.md").write_bytes(post("Two", "2026-11-02", two))
    done = run(*command)

    (line,) = [line for line in done.err.splitlines() if "same id" in line]
    assert line.startswith("posts/one.md:1: warning: feeds show two.md in place of this post")


def test_check_compares_the_files_that_it_is_given(run: Run, site: Path) -> None:
    for name in ("one", "two"):
        (site / "posts" / f"{name}.md").write_bytes(post(name, "2026-11-01", "guid: twin"))

    assert "same id" in run("check", "posts/one.md", "posts/two.md").err
    assert run("check", "posts/one.md", "posts/one.md").err == ""


def test_check_sees_the_file_of_an_enclosure(run: Run, site: Path) -> None:
    (site / "posts" / "one.md").write_bytes(post("One", "2026-11-01", "podcast: one.mp3"))
    assert "the length of the file is not known" in run("check", "posts/one.md").err
    (site / "posts" / "one.mp3").write_bytes(b"ID3")
    assert run("check", "posts/one.md").status == run("check", "posts").status == 0


# --- the folder that ids are relative to ---------------------------------------------------------


def ids(folder: Path) -> list[str]:
    return [item["id"] for item in json.loads((folder / "feed.json").read_text())["items"]]


@pytest.mark.parametrize("name", ["_posts", "posts", "content/posts", "src/content/blog"])
def test_another_folder_of_the_site_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "feeds.toml").write_text(CONFIG)
    (tmp_path / name).mkdir(parents=True)
    (tmp_path / name / "a.md").write_bytes(post("A", "2026-11-01"))
    assert run("build", name, "out").status == 0
    first = ids(tmp_path / "out")

    refused = run("build", ".", "public")
    assert refused.status == 2
    assert refused.err.startswith(
        f".: there are posts in {name}, and the ids of entries depend on "
    )
    assert not (tmp_path / "public").exists()

    (tmp_path / "feeds.toml").write_text(f'{CONFIG}[posts]\nfolder = "{name}"\n')
    assert run("build", name, "out").status == 0
    assert ids(tmp_path / "out") == first
    refused = run("build", ".", "public")
    assert (refused.status, "posts.folder in" in refused.err) == (2, True)

    (tmp_path / "feeds.toml").write_text(f'{CONFIG}[posts]\nfolder = "."\n')
    assert run("build", ".", "public").status == 0
    assert ids(tmp_path / "public") != first
    assert run("build", name, "public").status == 2


@pytest.mark.parametrize(
    ("meant", "other"),
    [
        ("content/posts", "content"),
        ("src/posts", "src"),
        ("posts", "posts/2026"),
        ("blog", "blog/x"),
    ],
)
def test_a_folder_above_or_inside_the_usual_one_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meant: str, other: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "feeds.toml").write_text(CONFIG)
    for name in (meant, other):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "a.md").write_bytes(post("A", "2026-11-01"))
    refused = run("build", other, "out")
    assert refused.status == 2
    assert f'folder = "{other}" under [posts]' in refused.err

    (tmp_path / "feeds.toml").write_text(f'{CONFIG}[posts]\nfolder = "{other}"\n')
    assert run("build", other, "out").status == 0


def test_a_site_without_a_folder_of_posts_is_built_from_its_own_folder(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "feeds.toml").write_text(CONFIG)
    (tmp_path / "posts").mkdir()  # no post is in it
    (tmp_path / "a.md").write_bytes(post("A", "2026-11-01"))
    assert run("build", ".", "out").status == 0


def test_check_goes_on_if_a_linked_post_is_too_large(run: Run, site: Path) -> None:
    (site / "posts" / "large.md").write_bytes(post("Large", body="x" * 1_000_001))
    (site / "posts" / "linking.md").write_bytes(
        post("Linking", "2026-11-03", body="[one](one.md) [large](large.md)")
    )
    done = run("check", "posts/linking.md")

    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("Linking\t")
