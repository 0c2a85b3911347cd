"""The zip of the function: its size, its reproducibility, its contents, and that it runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import msgspec
import pytest
from support.runtime_api import MACHINE, interpreter, running

from feeds.errors import FeedsError
from infra import package
from infra.package import RUNTIME, make_zip

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
CONFIG = ROOT / "examples" / "news" / "feeds.toml"
TEMPLATES = ROOT / "feeds" / "documents" / "templates"
BYTES = 14_000_000


def zip_for_lambda(target: Path) -> Path:
    """Make the zip as it is deployed."""
    try:
        make_zip(target, CONFIG)
    except FeedsError as error:
        pytest.skip(f"no package could be made here: {error}")
    return target


def test_the_zip_is_small_and_its_libraries_are_for_arm64(tmp_path: Path) -> None:
    file = zip_for_lambda(tmp_path / "function.zip")

    assert file.stat().st_size <= BYTES
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        libraries = [name for name in names if name.endswith(".so")]
        assert any(name.startswith("lxml/etree.") for name in libraries)
        # ELF: byte 18 is e_machine; 183 means AArch64.
        assert {archive.read(name)[18] for name in libraries} == {183}
        version = "".join(map(str, RUNTIME))
        assert f"feeds/__pycache__/paths.cpython-{version}.pyc" in names


def test_the_same_sources_make_the_same_zip(
    function_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("PYTHONHASHSEED", "77")
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    again = tmp_path / "again.zip"

    make_zip(again, CONFIG, MACHINE, interpreter()[1])

    assert again.read_bytes() == function_zip.read_bytes()


def test_a_site_s_own_templates_are_in_the_zip_beside_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "style.css").write_text("h1 { color: teal }\n")
    (tmp_path / "own" / "notes.txt").write_text("not a template\n")
    text = CONFIG.read_text(encoding="utf-8").replace("[feeds]", '[feeds]\ntemplates = "own"')
    (tmp_path / "site.toml").write_text(text, encoding="utf-8")

    try:
        make_zip(tmp_path / "zip", tmp_path / "site.toml", MACHINE, interpreter()[1])
    except FeedsError as error:
        pytest.skip(f"no package could be made here: {error}")

    with zipfile.ZipFile(tmp_path / "zip") as archive:
        names = archive.namelist()
        assert archive.read("feeds.toml").decode() == text
    assert [name for name in names if name.startswith("own")] == ["own/style.css"]


def test_the_byte_code_in_the_zip_is_unchecked_and_names_var_task(function_zip: Path) -> None:
    """Unchecked byte code (PEP 552) has the flags 1; Python never compares it with the source."""
    ask = (
        "import importlib.util as u, sys; print(u.MAGIC_NUMBER.hex(), sys.implementation.cache_tag)"
    )
    said = subprocess.check_output([interpreter()[0], "-c", ask], text=True)
    magic, tag = said.split()
    with zipfile.ZipFile(function_zip) as archive:
        names = set(archive.namelist())
        codes = {name: archive.read(name) for name in names if name.endswith(".pyc")}
        sources = {name for name in names if name.endswith(".py")}
    assert len(codes) > 200
    for name, code in codes.items():
        assert code[:8] == bytes.fromhex(magic) + b"\1\0\0\0", name
        source = re.sub(r"(__pycache__/)?([^/.]+)(\.cpython-\d+)?\.pyc$", r"\2.py", name)
        assert f"/var/task/{source}".encode() in code, name
    assert all(name == "handler.py" or name.startswith("feeds/") for name in sources)
    for name in sources:
        folder, _, file = name.rpartition("/")
        code = f"__pycache__/{file.removesuffix('.py')}.{tag}.pyc"
        assert (f"{folder}/{code}" if folder else code) in codes


def test_the_zip_leaves_out_files_that_the_function_never_reads(function_zip: Path) -> None:
    with zipfile.ZipFile(function_zip) as archive:
        names = archive.namelist()

    data = {name.split("/")[2] for name in names if name.startswith("botocore/data/")}
    services = {name for name in data if "." not in name}
    assert services == {"s3", "sqs", "scheduler"}
    endings = {Path(name).suffix for name in names}
    assert not endings & {".pyi", ".pyx", ".h", ".c", ".typed"}
    assert not any(".dist-info/" in name or "/tests/" in name for name in names)
    assert "feeds.toml" in names
    ours = {name for name in names if name.startswith("feeds/")}
    assert not any("/cli/" in name or "/building/" in name for name in ours)
    assert {f"feeds/documents/templates/{path.name}" for path in TEMPLATES.iterdir()} <= ours


def test_every_module_in_the_zip_can_be_imported_without_other_packages(task: Path) -> None:
    """By a Python without packages, which cannot find a package that the zip lacks."""
    modules = sorted(
        ".".join(file.relative_to(task).with_suffix("").parts)
        for file in (task / "feeds").rglob("*.py")
    )
    code = f"import sys; sys.path.insert(0, {str(task)!r}); import handler, " + ", ".join(modules)
    code += (
        "; import requests, botocore.session as b; [b.get_session().create_client(s, 'us-east-1')"
    )
    code += " for s in ('s3', 'sqs', 'scheduler')]"
    code += "; from zoneinfo import ZoneInfo; ZoneInfo('Asia/Shanghai')"
    code += "; print(sorted({m.__file__ for m in (handler, b)}))"
    code = code.replace("feeds.__init__", "feeds")

    done = subprocess.run(
        [interpreter()[0], "-I", "-S", "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.count(str(task)) == 2


def test_the_packaged_function_publishes_a_post(
    task: Path, runtime_client: Path, tmp_path: Path
) -> None:
    """From a folder to a folder: with the runtime client, the entry point and the log."""
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "2026-11-18-a.md").write_text("---\ntitle: A title\n---\nText.\n")
    where = {"POSTS_URL": str(tmp_path / "posts"), "FEEDS_URL": str(tmp_path / "feeds")}

    with running("handler.publish", task, runtime_client, **where) as function:
        answer = function.ask({"keys": ["2026-11-18-a.md"]})

    assert answer == {"batchItemFailures": []}, function.log
    assert b"A title" in (tmp_path / "feeds" / "public" / "atom.xml").read_bytes()
    lines = [json.loads(line) for line in function.log.splitlines() if line.startswith("{")]
    assert [line["event"] for line in lines] == ["batch", "metrics"]
    assert lines[1]["FunctionName"] == "publish"


def test_a_library_without_symbols_is_smaller_and_can_be_imported(tmp_path: Path) -> None:
    source = Path(msgspec._core.__file__)
    library = tmp_path / source.name
    library.write_bytes(package.without_symbols(source.read_bytes()))

    code = f"import importlib.util as u; s = u.spec_from_file_location('_core', {str(library)!r})"
    code += "; m = u.module_from_spec(s); print(m.__file__)"
    said = subprocess.check_output([sys.executable, "-c", code], text=True)

    assert said.strip() == str(library)
    assert library.stat().st_size < source.stat().st_size


def test_a_configuration_error_is_reported_to_lambda(task: Path, runtime_client: Path) -> None:
    with running("handler.publish", task, runtime_client) as function:
        answer = function.ask({"keys": ["a.md"]})

    assert answer["error"]["errorType"] == "ConfigError"
    assert "POSTS_URL" in answer["error"]["errorMessage"]


def test_packaging_without_the_runtime_s_python_says_what_to_install() -> None:
    with pytest.raises(FeedsError, match=r"^Python 3\.99 is needed .* Install python3\.99 "):
        package.runtime_python((3, 99))


def test_packaging_without_a_configuration_fails_and_writes_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.package", "--config", "none.toml", "--out", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("none.toml: cannot be read (No such file or directory); write it")
    assert list(tmp_path.iterdir()) == []
