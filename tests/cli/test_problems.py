"""Problems of posts have the same texts in `check`, `build`, the log and the stored state."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from feeds.aws import environment, functions
from feeds.model import Problem

pytestmark = pytest.mark.slow

COMMAND = str(Path(sys.executable).with_name("feeds"))
CONFIG = """
[site]
title = "Example News"
url = "https://news.example.com/"
[feeds]
url = "https://feeds.example.com/"
"""
POSTS = {
    "harbour/tea.md": b"---\ntitle: Tea: the plan\ndate: 2026-11-01\n---\nText.\n",
    "never.md": b"---\ntitle: Tea\ndate:   2026-13-01\n---\nText.\n",
    "latin.md": b"---\ntitle: Caf\xe9\n---\n",
    "deep.html": b"---\ntitle: Tea\n---\n" + b"<div>" * 101,
    "good.md": b"---\ntitle: Good\ndate: 2026-11-02\n---\nText.\n",
}
FOUND = [
    Problem(
        key="deep.html",
        line=4,
        what="the HTML is nested more than 100 elements deep",
        todo="shorten or simplify the post, or raise the limit in feeds.toml",
    ),
    Problem(
        key="harbour/tea.md",
        line=2,
        what="this line is not valid YAML",
        todo='write it as title: "Tea: the plan"',
        field="title",
        column=8,
        severity="warning",
    ),
    Problem(
        key="latin.md",
        line=2,
        what="byte 14 (0xe9) is not UTF-8",
        todo="save the file as UTF-8",
        column=11,
    ),
    Problem(
        key="never.md",
        line=3,
        what="date: there is no such date: 2026-13-01",
        todo="dates look like 2026-11-30 14:51:02 +0800",
        field="date",
        column=9,
    ),
]
NAMES = ["key", "line", "column", "field", "severity", "what", "todo"]
AS_JSON = [{name: getattr(problem, name) for name in NAMES} for problem in FOUND]
AS_TEXT = [str(problem) for problem in FOUND]
LOST_FIRST = [AS_TEXT[0], *AS_TEXT[2:], AS_TEXT[1]]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with these posts, and the environment for the function and the commands."""
    for key, data in POSTS.items():
        (tmp_path / "posts" / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "posts" / key).write_bytes(data)
    (tmp_path / "feeds.toml").write_text(CONFIG)
    monkeypatch.setenv("POSTS_URL", str(tmp_path / "posts"))
    monkeypatch.setenv("FEEDS_URL", str(tmp_path / "site"))
    monkeypatch.setenv("FEEDS_CONFIG", str(tmp_path / "feeds.toml"))
    environment.reset()
    return tmp_path


def run(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *words], cwd=site, capture_output=True, text=True, check=False)


def from_check(site: Path) -> list[dict[str, object]]:
    return json.loads(run(site / "posts", "check", ".", "--format", "json").stdout)


def from_the_function(site: Path, capfd: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    functions.publish({"keys": sorted(POSTS)}, None)
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    return [{n: line[n] for n in NAMES} for line in lines if line["event"] == "problem"]


def test_check_json_has_all_fields_of_a_problem(site: Path) -> None:
    assert from_check(site) == AS_JSON


def test_check_prints_the_same_problems_as_text(site: Path) -> None:
    result = run(site / "posts", "check", ".")
    assert (result.returncode, result.stderr.splitlines()) == (1, LOST_FIRST)


def test_build_prints_the_same_problems(site: Path) -> None:
    result = run(site, "build", "posts", "out")
    assert result.returncode == 0
    lines = [line for line in result.stderr.splitlines() if line.startswith("posts/")]
    assert lines == [f"posts/{line}" for line in LOST_FIRST]


def test_the_function_logs_and_stores_the_same_problems(
    site: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert from_the_function(site, capfd) == AS_JSON
    listed, as_json = run(site, "problems", "site"), run(site, "problems", "site", "--json")
    assert (listed.returncode, listed.stdout.splitlines()) == (1, AS_TEXT)
    assert json.loads(as_json.stdout) == AS_JSON


def test_a_problem_is_listed_until_its_post_is_corrected_or_deleted(
    site: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from_the_function(site, capfd)
    for key in ("deep.html", "harbour/tea.md", "never.md"):
        (site / "posts" / key).write_bytes(POSTS["good.md"])
    (site / "posts" / "latin.md").unlink()
    assert from_the_function(site, capfd) == []
    result = run(site, "problems", "site")
    assert (result.returncode, result.stdout) == (0, "")
