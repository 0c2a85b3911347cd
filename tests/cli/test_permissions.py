"""Files and folders that may not be read or written: one plain sentence, and no traceback.

The tests run as root too, who may read and write everything. So the system's call is refused.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command import run_feeds

Refuse = Callable[[object, str, str], None]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "feeds.toml").write_text(
        '[site]\ntitle = "News"\nurl = "https://news.example.com/"\n'
    )
    (tmp_path / "p/more").mkdir(parents=True)
    for name in ("a", "b", "more/c"):
        (tmp_path / f"p/{name}.md").write_text(
            f"---\ntitle: {name}\ndate: 2026-10-20\n---\nText.\n"
        )
    return tmp_path


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """Lets a function of the system refuse every path with this end."""

    def refuse(owner: object, name: str, end: str) -> None:
        call = getattr(owner, name)

        def refusing(path: str | Path, *words: object, **more: object) -> object:
            if str(path).rstrip("/").endswith(end):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return call(path, *words, **more)

        monkeypatch.setattr(owner, name, refusing)

    return refuse


@pytest.mark.parametrize("name", ["a.md", "b.md", "more/c.md"])
def test_publish_audit_rebuild_and_build_say_once_that_a_post_cannot_be_read(
    site: Path, refuse: Refuse, name: str
) -> None:
    refuse(os, "open", f"/p/{name}")
    for words in (("publish", "p", "out", name), ("audit", "p", "out"), ("rebuild", "p", "out")):
        lines = run_feeds(*words, status=2).splitlines()
        assert [line for line in lines if name in line] == [
            f"{name}: no permission to read this file"
        ]
        assert "Permission denied" not in "".join(lines)
    said = run_feeds("build", "p", "built")
    assert said.count("no permission to read this file") == 1


@pytest.mark.parametrize("command", ["build", "audit", "rebuild"])
def test_a_folder_that_cannot_be_read_is_named(site: Path, refuse: Refuse, command: str) -> None:
    refuse(os, "scandir", "/p/more")
    said = run_feeds(command, "p", "out", status=2)
    assert "no permission to read p/more/" in said.splitlines()


@pytest.mark.parametrize("name", ["atom.xml", "index.html", "feeds.opml"])
def test_an_own_document_that_cannot_be_read_is_named(
    site: Path, refuse: Refuse, name: str
) -> None:
    run_feeds("build", "p", "out")
    (site / "feeds.toml").write_text((site / "feeds.toml").read_text().replace("News", "Olds"))
    refuse(os, "open", f"/out/{name}")
    assert run_feeds("build", "p", "out", status=2).splitlines()[-1] == (
        f"no permission to read out/{name}"
    )


def test_a_folder_that_cannot_be_written_is_named(site: Path, refuse: Refuse) -> None:
    run_feeds("rebuild", "p", "out")
    (site / "p/a.md").write_text("---\ntitle: A\ndate: 2026-10-21\n---\nMore.\n")
    refuse(Path, "replace", "")
    said = run_feeds("publish", "p", "out", "a.md", status=2)
    assert "cannot write to out/state/" in said
    assert "(permission denied)" in said
    assert "Permission denied" not in said


def test_init_names_a_folder_that_cannot_be_written(site: Path, refuse: Refuse) -> None:
    (site / "ro").mkdir()
    refuse(Path, "write_text", "ro/feeds.toml")
    said = run_feeds("init", "ro", "--yes", status=2)
    assert said.splitlines()[-1] == "cannot write to ro (permission denied)"


@pytest.mark.parametrize(
    ("out", "refused", "said"),
    [
        ("ro", "ro/public", "cannot write to ro (permission denied)"),
        ("ro/new", "ro/new", "cannot write to ro (permission denied)"),
        ("p/a.md", "", "p/a.md: expected a folder, found a file in its place"),
        ("p/a.md/new", "", "p/a.md/new: expected a folder, found a file in its place"),
        ("taken", "", "taken/public: expected a folder, found a file in its place"),
        ("/proc/x", "", "cannot make the folder /proc/x (No such file or directory); use another"),
    ],
)
def test_serve_names_a_folder_that_it_cannot_use(
    site: Path, refuse: Refuse, out: str, refused: str, said: str
) -> None:
    (site / "ro").mkdir()
    (site / "taken").mkdir()
    (site / "taken/public").write_text("a file")
    if refused:
        refuse(Path, "mkdir", refused)
    lines = run_feeds("serve", "p", "--out", out, "--port", "0", status=2).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(said)
