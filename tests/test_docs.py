"""The documentation is true: its commands are run, its excerpts looked for, its links followed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from feeds.config import Limits
from feeds.config_file import parse_config

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PAGES = [
    page
    for pattern in ("*.md", "docs/**/*.md", "examples/*/README.md")
    for page in sorted(ROOT.glob(pattern))
]
BUILT = "examples/news/posts public --config examples/news/feeds.toml"

# Commands that set up, or serve for ever.
ELSEWHERE = ("make ", ".venv/bin/feeds serve ")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def commands() -> Iterator[tuple[str, str]]:
    """The commands of the README in their order, each with what the README says it answers."""
    for block in blocks("console"):
        for shown in block.split("$ ")[1:]:
            command, _, answer = shown.partition("\n")
            yield command, answer


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the README's reader has it after `make install`."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "examples", folder / "examples")
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "feeds").symlink_to(Path(sys.executable).with_name("feeds"))
    return folder


def words(text: str) -> list[list[str]]:
    """Lines as cells: a table's columns stand apart by two spaces or more, or by a tab."""
    return [re.split(r" {2,}|\t", line.strip()) for line in text.splitlines()]


def test_the_readme_s_commands_answer_what_it_says(checkout: Path) -> None:
    ran = 0
    for command, answer in commands():
        if command.startswith(ELSEWHERE):
            continue
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=checkout,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert words(done.stdout) == words(answer), command
        ran += 1

    assert ran >= 5


def test_the_server_says_what_the_readme_says(checkout: Path) -> None:
    (makefile,) = re.findall(r"^demo: .*\n\t\$\(BIN\)/(.*)$", MAKEFILE, re.MULTILINE)
    answers = dict(commands())
    shown = {answers[f".venv/bin/{makefile}"], answers["make demo"]}
    process = subprocess.Popen(
        [f".venv/bin/{makefile.split()[0]}", *makefile.split()[1:], "--port", "0"],
        cwd=checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    said = ""
    assert process.stdout
    for line in process.stdout:
        said += re.sub(r":\d+/", ":8000/", line)
        if line.startswith("Serving"):
            break
    process.terminate()
    process.wait()

    assert shown == {said}


def test_the_readme_shows_the_files_that_are_built(checkout: Path) -> None:
    subprocess.run(["bash", "-c", f".venv/bin/feeds build {BUILT}"], cwd=checkout, check=True)
    (tree,) = re.findall(r"```\n(public/\n.*?)```", README, re.DOTALL)
    shown = set(re.findall(r"[├└]── (\S+)", tree))
    public = checkout / "public"
    files = {path.name for path in public.rglob("*.*")}
    folders = {path.name for path in public.rglob("*") if path.is_dir()}

    assert shown == files | {f"{name}/" for name in folders}


def test_the_readme_s_post_and_entry_are_the_example_s(checkout: Path) -> None:
    subprocess.run(["bash", "-c", f".venv/bin/feeds build {BUILT}"], cwd=checkout, check=True)
    feed = (checkout / "public" / "category" / "markets" / "atom.xml").read_text()
    source = (
        checkout / "examples/news/posts/_posts/2026-11-17-NW202611171105300072.md"
    ).read_text()
    (post,), (entry,) = blocks("markdown"), blocks("xml")

    for text, excerpt in ((" ".join(source.split()), post), (" ".join(feed.split()), entry)):
        at = 0
        for line in excerpt.splitlines():
            for part in line.split("…"):
                assert part.strip() in text[at:], part
                at = text.index(part.strip(), at)


@pytest.mark.parametrize("block", blocks("toml"))
def test_the_readme_s_configurations_can_be_pasted(block: str) -> None:
    assert parse_config(block).site.title == "Example News"


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\$ make (\w+)|`make (\w+)`", README))))
def test_the_readme_s_targets_are_in_the_makefile(target: tuple[str, str]) -> None:
    assert f"\n{''.join(target)}:" in MAKEFILE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file) if file else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_the_tests_that_show_what_is_said_of_security_are_there() -> None:
    sources = (ROOT / "tests").rglob("test_*.py")
    there = {
        name
        for file in sources
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    named = set(re.findall(r"`(test_\w+)`", SECURITY))
    assert len(named) > 50
    assert named <= there


def test_every_package_and_every_module_beside_them_has_its_line_in_contributing() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    there = {
        path.name
        for path in (ROOT / "feeds").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    named = set(re.findall(r"`([a-z_]+(?:\.py|/))`", text))
    there = {name if name.endswith(".py") else f"{name}/" for name in there - {"__init__.py"}}
    assert there - named == set()


def test_every_module_that_a_comment_or_a_document_names_is_there() -> None:
    """By its path from the root, or by its name alone where a neighbour is meant."""
    here = Path(__file__)
    texts = [
        *(path for path in (ROOT / "feeds").rglob("*.py")),
        *(path for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts),
        *(path for path in (ROOT / "infra").iterdir() if path.is_file()),
        *PAGES,
    ]
    there = {path.name for path in texts} | {"handler.py", "pelicanconf.py", "beside.py"}
    missing = set()
    for path in texts:
        if path == here:
            continue
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"(?<![\w./*-])((?:[a-z_]+/)*[a-z_]+[.]py)\b", text):
            known = (ROOT / name).exists() if "/" in name else name in there
            if not known and not (path.parent / name).exists():
                missing.add(f"{path.relative_to(ROOT)}: {name}")
    assert missing == set()


def test_the_tests_lie_as_the_code_lies() -> None:
    packages = {path.parent.name for path in (ROOT / "feeds").glob("*/__init__.py")}
    assert {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()} >= packages


LONG_MODULES = {"post.py"}
"""Modules that are still to be split."""


def test_no_module_is_long_and_no_package_is_wide() -> None:
    """At most 14 modules in a package, and 300 lines in a module but those of LONG_MODULES."""
    files = [path for path in (ROOT / "feeds").rglob("*.py") if path.name != "__init__.py"]
    counts = Counter(path.parent for path in files)
    assert {folder.name: n for folder, n in counts.items() if n > 14} == {}
    long = {path.name for path in files if path.read_text(encoding="utf-8").count("\n") > 300}
    assert long == LONG_MODULES


def test_every_limit_is_argued_with_its_default() -> None:
    argued = re.findall(r"^\| `(\w+)` \| ([\d,]+) \| \S", SECURITY, re.MULTILINE)
    limits = {name: f"{value:,}" for name, value in msgspec.structs.asdict(Limits()).items()}
    assert dict(argued) == limits


def test_the_changelog_has_the_version() -> None:
    from feeds import __version__

    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[?{re.escape(__version__)}\b", changelog, re.MULTILINE)
