"""The documentation is true: its commands are run, its excerpts looked for, its links followed."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from feeds import config

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
    assert config.parse(block).site.title == "Example News"


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


IMPURE = {"boto3", "botocore", "os", "pathlib", "random", "requests"}
IMPURE |= {"secrets", "socket", "subprocess", "tempfile", "time"}


def rooms() -> tuple[set[str], set[str]]:
    """The modules that docs/design.md calls pure, and those that it does not."""
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    table = text.partition("| pure | shell |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| ")]
    pure, shell = (
        {name for row in rows for name in re.findall(r"`([a-z0-9]+)/?`", row[column])}
        for column in (0, 1)
    )
    return pure, shell


def imported(module: Path) -> set[str]:
    """What a module imports: our modules by their names, of others the first part."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "feeds":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.removeprefix("feeds.").partition(".")[0])
    return found


def test_every_module_has_its_place_in_the_design() -> None:
    there = {path.stem for path in (ROOT / "feeds").iterdir() if path.suffix == ".py"}
    pure, shell = rooms()

    assert pure | shell == there - {"__init__"} | {"commands"}
    assert not pure & shell


def test_what_the_design_calls_pure_knows_no_disk_no_network_and_no_shell() -> None:
    pure, shell = rooms()
    found = {name: imported(ROOT / "feeds" / f"{name}.py") & (IMPURE | shell) for name in pure}

    # theme reads the package's own templates when it is imported, and a site's for a shell.
    assert {name: names for name, names in found.items() if names} == {"theme": {"pathlib"}}


def test_every_limit_is_argued_with_its_default() -> None:
    argued = re.findall(r"^\| `(\w+)` \| ([\d,]+) \| \S", SECURITY, re.MULTILINE)
    limits = {name: f"{value:,}" for name, value in msgspec.structs.asdict(config.Limits()).items()}
    assert dict(argued) == limits


def test_the_changelog_has_the_version() -> None:
    from feeds import __version__

    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[?{re.escape(__version__)}\b", changelog, re.MULTILINE)
