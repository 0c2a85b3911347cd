"""`make demo`, as a newcomer runs it: in a checkout whose .venv has the program."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from support.servers import free_port
from support.wait import wait_until

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with an installed .venv: its Python is the one of the tests."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for name in ("Makefile", "pyproject.toml", "setup.py", *map(str, ROOT.glob("*.lock"))):
        shutil.copy(ROOT / name, tmp_path)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    python = programs / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    for stamp in (".program", ".installed", ".cloud-demo"):
        (tmp_path / ".venv" / stamp).touch()
    return tmp_path


@contextmanager
def running(checkout: Path, *arguments: str) -> Iterator[tuple[str, str]]:
    """Run make until its server is up; gives what it printed, and the server's address."""
    process = subprocess.Popen(
        ["make", *arguments],
        cwd=checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)},
    )
    printed = ""
    assert process.stdout
    for line in process.stdout:
        printed += line
        if address := re.match(r"Serving (http://\S+)", line):
            break
    else:
        pytest.fail(f"make ended with {process.wait()}:\n{printed}")
    try:
        yield printed, address[1]
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=30)


def body(address: str) -> str:
    with urllib.request.urlopen(address, timeout=5) as response:
        return response.read().decode()


@pytest.mark.slow
def test_demo_prints_what_the_readme_shows(checkout: Path) -> None:
    (documented,) = re.findall(r"^\$ make demo\n(.*?)^```", README, re.DOTALL | re.MULTILINE)

    with running(checkout, "demo", f"PORT={free_port()}") as (printed, address):
        assert "Wangyu News" in body(address)

    printed = re.sub(r"^Port .*\n", "", printed)  # another program may have taken it meanwhile
    assert re.sub(r":\d+/", ":8000/", printed) == documented


@pytest.mark.slow
def test_demo_takes_the_next_port_if_one_is_in_use(checkout: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with running(checkout, "demo", f"PORT={port}") as (printed, address):
            other = int(re.findall(r":(\d+)/", address)[0])
            assert "Wangyu News" in body(address)

    assert other > port
    assert f"Port {port} is in use; taking {other}.\n" in printed


@pytest.mark.slow
def test_demo_works_on_a_copy_and_keeps_what_was_changed_there(checkout: Path) -> None:
    posts = checkout / "build" / "demo" / "posts" / "_posts"
    examples = {path: path.read_bytes() for path in (checkout / "examples").rglob("*.md")}
    with running(checkout, "demo", f"PORT={free_port()}") as (_, address):
        (posts / "2026-11-18-new.md").write_text("---\ntitle: A new post\n---\nText.\n")
        feed = address.replace("feeds.html", "atom.xml")
        wait_until(lambda: "A new post" in body(feed))
        page = address.replace("feeds.html", "category/harbour/")
        assert "First Ferry" in body(page)

    with running(checkout, "demo", f"PORT={free_port()}") as (printed, address):
        assert "A new post" in body(address.replace("feeds.html", "atom.xml"))

    assert printed.startswith("The site is your copy in build/demo; delete that folder for a new")
    assert {path: path.read_bytes() for path in (checkout / "examples").rglob("*.md")} == examples


@pytest.mark.slow
@pytest.mark.parametrize("port", ["none", "0", "65536", "-1"])
def test_demo_refuses_what_is_no_port(checkout: Path, port: str) -> None:
    done = subprocess.run(
        ["make", "demo", f"PORT={port}"], cwd=checkout, capture_output=True, text=True, check=False
    )

    assert done.returncode != 0
    assert f"PORT={port}: expected a number from 1 to 65535" in done.stderr
    assert not (checkout / "build").exists()


def test_make_alone_explains_its_targets(checkout: Path) -> None:
    printed = subprocess.check_output(["make"], cwd=checkout, text=True)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    explained = re.findall(r"^  make ([a-z-]+) +\S.*$", printed, re.MULTILINE)
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert len(explained) == len(set(explained))
    assert set(explained) == targets - {"help", "stage"}


def test_git_ignores_the_copy_of_the_demo() -> None:
    assert "build/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
