"""Compares the documentation with the program: commands, excerpts, links, tables, names."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import yaml
from simulation import audit_mutants, mutants, rebuild_mutants
from support import worked_example

from feeds.config import Limits
from feeds.config_file.parse import parse_config

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PAGES = [
    page
    for pattern in ("*.md", "docs/**/*.md", "examples/*/README.md", "tests/*/README.md")
    for page in sorted(ROOT.glob(pattern))
]
BUILT = "examples/news/posts public --config examples/news/feeds.toml"

# Commands that install something, or do not end.
ELSEWHERE = ("make ", ".venv/bin/feeds serve ")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def commands() -> Iterator[tuple[str, str]]:
    """The commands of the README in their order, each with the output that the README shows."""
    for block in blocks("console"):
        for text in block.split("$ ")[1:]:
            command, _, output = text.partition("\n")
            yield command, output


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a reader of the README has it after `make install`."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "examples", folder / "examples")
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "feeds").symlink_to(Path(sys.executable).with_name("feeds"))
    return folder


def words(text: str) -> list[list[str]]:
    """Lines as cells; two or more spaces, or a tab, separate the columns of a table."""
    return [re.split(r" {2,}|\t", line.strip()) for line in text.splitlines()]


@pytest.mark.slow
def test_readme_shows_the_output_of_its_commands(checkout: Path) -> None:
    ran = 0
    for command, output in commands():
        if command.startswith(ELSEWHERE):
            continue
        process = subprocess.run(
            ["bash", "-c", command],
            cwd=checkout,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert words(process.stdout) == words(output), command
        ran += 1

    assert ran >= 5


@pytest.mark.slow
def test_readme_shows_the_output_of_the_server(checkout: Path) -> None:
    outputs = dict(commands())
    (command,) = [command for command in outputs if command.startswith(".venv/bin/feeds serve ")]
    process = subprocess.Popen(
        [*command.split(), "--port", "0"],
        cwd=checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    printed = ""
    assert process.stdout
    for line in process.stdout:
        printed += re.sub(r":\d+/", ":8000/", line)
        if line.startswith("Serving"):
            break
    process.terminate()
    process.wait()

    assert printed == outputs[command]


@pytest.mark.slow
def test_readme_shows_the_files_of_a_build(checkout: Path) -> None:
    subprocess.run(["bash", "-c", f".venv/bin/feeds build {BUILT}"], cwd=checkout, check=True)
    (tree,) = re.findall(r"```\n(public/\n.*?)```", README, re.DOTALL)
    documented = set(re.findall(r"[├└]── (\S+)", tree))
    public = checkout / "public"
    files = {path.name for path in public.rglob("*.*")}
    folders = {path.name for path in public.rglob("*") if path.is_dir()}

    assert documented == files | {f"{name}/" for name in folders}


@pytest.mark.slow
def test_readme_quotes_a_post_and_its_entry_from_the_example(checkout: Path) -> None:
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
def test_configuration_in_the_readme_is_valid(block: str) -> None:
    assert parse_config(block).site.title == "Example News"


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\$ make (\w+)|`make (\w+)`", README))))
def test_make_target_in_the_readme_exists(target: tuple[str, str]) -> None:
    assert f"\n{''.join(target)}:" in MAKEFILE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_to_files_and_headings(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        linked = (page.parent / file) if file else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes from the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_security_page_names_tests_that_exist() -> None:
    sources = (ROOT / "tests").rglob("test_*.py")
    tests = {
        name
        for file in sources
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    named = set(re.findall(r"`(test_\w+)`", SECURITY))
    assert len(named) > 50
    assert named <= tests


def test_contributing_has_each_package_and_each_module_beside_them() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    modules = {
        path.name
        for path in (ROOT / "feeds").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    named = set(re.findall(r"`([a-z_]+(?:\.py|/))`", text))
    modules = {name if name.endswith(".py") else f"{name}/" for name in modules - {"__init__.py"}}
    assert modules - named == set()


def test_module_that_a_comment_or_a_document_names_exists() -> None:
    """A comment names a module by its path from the root, or by its file name alone."""
    here = Path(__file__)
    texts = [
        *(path for path in (ROOT / "feeds").rglob("*.py")),
        *(path for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts),
        *(path for path in (ROOT / "infra").iterdir() if path.is_file()),
        *(ROOT / "examples").glob("*.py"),
        *ROOT.glob("*.py"),
        *PAGES,
    ]
    of_others = {"pelicanconf.py", "publishconf.py"}
    names = {path.name for path in texts} | of_others | {"handler.py", "beside.py"}
    missing = set()
    for path in texts:
        if path == here:
            continue
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"(?<![\w./*-])((?:[a-z_]+/)*[a-z_]+[.]py)\b", text):
            exists = (ROOT / name).exists() if "/" in name else name in names
            if not exists and not (path.parent / name).exists():
                missing.add(f"{path.relative_to(ROOT)}: {name}")
    assert missing == set()


def test_each_package_has_a_folder_of_tests() -> None:
    """Those of config_file are in test_config.py."""
    packages = {path.parent.name for path in (ROOT / "feeds").glob("*/__init__.py")}
    packages -= {"config_file"}
    assert {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()} >= packages - {
        "config_file"
    }


LONG_MODULES: set[str] = set()
"""Modules that still have to be split."""


def test_modules_have_at_most_300_lines_and_packages_14_modules() -> None:
    """LONG_MODULES are exceptions."""
    files = [path for path in (ROOT / "feeds").rglob("*.py") if path.name != "__init__.py"]
    counts = Counter(path.parent for path in files)
    assert {folder.name: n for folder, n in counts.items() if n > 14} == {}
    long = {path.name for path in files if path.read_text(encoding="utf-8").count("\n") > 300}
    assert long == LONG_MODULES


def test_security_page_explains_each_limit_with_its_default() -> None:
    explained = re.findall(r"^\| `(\w+)` \| ([\d,]+) \| \S", SECURITY, re.MULTILINE)
    limits = {name: f"{value:,}" for name, value in msgspec.structs.asdict(Limits()).items()}
    assert dict(explained) == limits


def test_changelog_starts_with_the_version() -> None:
    from feeds import __version__

    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[?([\w.]+)", changelog, re.MULTILINE)
    assert headings[0] == __version__


# --- docs/architecture.md and docs/protocol.md ---------------------------------------------------

ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PROTOCOL = "".join(
    (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("protocol.md", "rebuild.md")
)


def test_architecture_page_shows_the_state_that_the_program_writes() -> None:
    """Run `PYTHONPATH=tests python -m support.worked_example` after a change of the stored form."""
    assert worked_example.filled(ARCHITECTURE) == ARCHITECTURE


def test_architecture_page_names_files_and_functions_that_exist() -> None:
    rows = re.findall(r"^\| .* \| `([\w/]+\.py)` \| `(\w+)` \|$", ARCHITECTURE, re.MULTILINE)
    assert len(rows) > 15
    missing = []
    for file, name in rows:
        text = (ROOT / file).read_text(encoding="utf-8")
        if not re.search(rf"^(?:def|class) {name}\b|\bimport .*\b{name}\b", text, re.MULTILINE):
            missing.append((file, name))
    assert missing == []


def test_architecture_page_has_the_layers_of_the_import_contract() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = (
        contract["layers"]
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    assert "\n\n" + "".join(f"    {layer}\n" for layer in layers) + "\n" in ARCHITECTURE


def test_protocol_pages_have_a_row_for_each_mutant() -> None:
    rows = re.findall(r"^\|(?:[^|]*\|){2} ((?:`\w+`(?:, )?)+) \|(.*)\|$", PROTOCOL, re.MULTILINE)
    documented = [name for names, _ in rows for name in re.findall(r"`(\w+)`", names)]
    defined = {
        name
        for module in (mutants, audit_mutants, rebuild_mutants)
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__ and name[0] != "_"
    }
    assert sorted(documented) == sorted(defined)
    names = ["maintenance/test_losses.py"]
    names += [f"test_simulation{kind}.py" for kind in ("", "_of_losses", "_of_rebuilds")]
    all_tests = "".join((ROOT / "tests" / name).read_text(encoding="utf-8") for name in names)
    assert {name for name in defined if f"mutants.{name}" not in all_tests} == set()
    schedules = {name for _, caught in rows for name in re.findall(r"`(\w+)`", caught)}
    files = [
        *(ROOT / "tests").glob("test_simulation*.py"),
        *(ROOT / "tests/simulation").glob("*.py"),
    ]
    tests = "".join(file.read_text(encoding="utf-8") for file in files)
    assert schedules
    assert {name for name in schedules if f"\ndef {name}(" not in tests} == set()


# --- continuous integration ----------------------------------------------------------------------


def test_workflow_runs_the_ci_script_on_the_oldest_and_the_newest_python() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.13"]
    assert "${{ matrix.python }}" in job["container"]
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_commit_hooks_run_the_linters_of_the_makefile() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = {hook["entry"].split()[0] for repo in hooks["repos"] for hook in repo["hooks"]}
    (recipe,) = re.findall(r"^lint: install\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert entries == {f".venv/bin/{name}" for name in re.findall(r"\$\(BIN\)/(\S+)", recipe)}


# --- commands of AWS -----------------------------------------------------------------------------


def commands_in_blocks(page: Path) -> Iterator[str]:
    """The commands in the code blocks of a page; a backslash joins lines."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for kind, block in re.findall(r"^ *```(\w*)\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE):
        if kind in ("", "console"):
            yield from (line.strip() for line in block.splitlines())


@pytest.mark.parametrize("name", ["README.md", "docs/deploy.md", "docs/operations.md"])
def test_command_for_the_cloud_names_the_region(name: str) -> None:
    """Without it a command works on another region, where it finds nothing, or makes a stack."""
    forms = {
        "aws ": "--region eu-central-1",
        "make deploy": "STAGE=prod REGION=eu-central-1",
        "npx osls": "--stage prod --region eu-central-1",
    }
    found = 0
    for command in commands_in_blocks(ROOT / name):
        for start, region in forms.items():
            if command.startswith(start):
                assert region in command, command
                found += 1
        if re.search(r"\bfeeds \w+ s3://", command):
            assert command.startswith("AWS_REGION=eu-central-1 "), command
    assert found
