"""Owns what is deployed: the function's zip, and the CDN's function; `python -m infra.package`.

    build/function.zip   handler.py, feeds/, feeds.toml with its templates, and what
                         requirements.lock names
    build/edge.json      infra/cdn.js, with the feeds' address and the hubs of feeds.toml in it, and
                         the file names and media types of feeds/formats.py

The zip is for Lambda's machines and made on any: wheels are fetched for theirs, not for this one.
The rules that it keeps:

1. Byte code for the runtime's minor version is in it, and is used: /var/task cannot be written, so
   without it every cold start compiles everything (0.9 s instead of 0.4). It is marked *unchecked*:
   byte code that goes by the time of its source is ignored once all times are the same.
2. The same files are the same zip, to the byte: names in order, one time, no path of this machine.
3. What the function never reads is left out: the models of services that it does not call, headers,
   stubs, metadata, and the sources of what was fetched (of our own they stay, for tracebacks).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from feeds.config import Config
from feeds.config_reader import read_config
from feeds.documents.theme import theme_files
from feeds.errors import FeedsError
from feeds.formats import Format, file_types

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = (3, 13)
"""The Python of serverless.yml's runtime."""

MACHINES = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}

_TASK = "/var/task"  # where Lambda unpacks it: tracebacks name files there
_SERVICES = {"s3", "sqs", "scheduler"}
_UNUSED = re.compile(
    r"""
      \.dist-info/ | (^|/)__pycache__/ | (^|/)tests?/ | ^bin/
    | \.(pyi|pyx|pxd|pxi|h|c|cpp|typed|rst)$ | ^\.lock$
    | ^lxml/(includes|isoschematron|html)/
    | ^lxml/(builder|objectify|sax|_difflib|doctestcompare|cssselect)\b
    | ^boto3/(data|examples)/ | ^botocore/cacert\.pem$  # certifi's certificates are there
    | ^charset_normalizer/.*\.so$    # never asked; without it, it is slower
    | ^dateutil/zoneinfo/.*\.tar\.gz$
    | ^feeds/(building|cli|generators|serving)/ | ^feeds/stores/conformance\.py$
    """,
    re.VERBOSE,
)


# --- the CDN's function --------------------------------------------------------------------------


def edge_code(settings: Config) -> str:
    """infra/cdn.js for a site."""
    code = (ROOT / "infra" / "cdn.js").read_text(encoding="utf-8")
    site = {"url": settings.feeds.url, "hubs": list(settings.feeds.hubs)}
    code = _with_value(code, "SITE", site)
    return _with_value(code, "DOCUMENTS", edge_documents())


def _with_value(code: str, variable: str, value: object) -> str:
    """`code` with the value, as JSON, in the line that declares the variable."""
    before, line, after = re.split(rf"^(var {variable} = ).*$", code, flags=re.MULTILINE)
    return f"{before}{line}{json.dumps(value)};{after}"


def edge_documents() -> list[dict[str, object]]:
    """The rows of the formats table that infra/cdn.js needs.

    `file` is a file name, `archive` the ending of archive pages (``""`` if there are none), `type`
    the media type to answer with (``""`` if it is the stored one), `subscribed` whether hubs are
    told of the document.
    """
    rows: list[dict[str, object]] = []
    for type_ in file_types():
        format_ = type_ if isinstance(type_, Format) else None
        subscribed = format_ is not None and format_.subscribed
        if type_.stored_type or subscribed:
            rows.append(
                {
                    "file": type_.file,
                    "archive": format_.archive_ending if format_ else "",
                    "type": type_.content_type if type_.stored_type else "",
                    "subscribed": subscribed,
                }
            )
    return rows


# --- the function's zip --------------------------------------------------------------------------


def make_zip(
    target: Path, settings: Path, machine: str = "arm64", runtime: tuple[int, int] = RUNTIME
) -> None:
    """Write the zip for a machine of `MACHINES`. Raises FeedsError with what is missing here."""
    python = runtime_python(runtime)
    with tempfile.TemporaryDirectory(prefix="package-") as made:
        fetched, task = Path(made) / "fetched", Path(made) / "task"
        _fetch(fetched, machine, runtime)
        for name, path in _chosen(fetched):
            _copy(path, task / name)
        _compile(task, python, "-b")
        for path in task.rglob("*.py"):
            path.unlink()
        for path in sorted((ROOT / "feeds").rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.is_file() and not _UNUSED.search(name):
                _copy(path, task / name)
        _copy(ROOT / "handler.py", task / "handler.py")
        _copy(settings, task / "feeds.toml")
        for path in theme_files(read_config(settings), settings.parent):
            if path.is_file():
                _copy(path, task / path.relative_to(settings.parent))
        _compile(task, python)
        target.parent.mkdir(parents=True, exist_ok=True)
        _zip(task, target)


def runtime_python(runtime: tuple[int, int] = RUNTIME) -> Path:
    """A Python of the runtime's minor version: only that can write its byte code."""
    wanted = ".".join(map(str, runtime))
    home = Path.home() / ".pyenv" / "versions"
    candidates = [
        Path(sys.executable),
        *(Path(found) for found in [shutil.which(f"python{wanted}")] if found),
        *sorted(home.glob(f"{wanted}.*/bin/python")),
        *_known_to_uv(wanted),
    ]
    for candidate in candidates:
        asked = [str(candidate), "-c", "import sys; print(*sys.version_info[:2], sep='.')"]
        try:
            said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
        except OSError:
            continue
        if said.strip() == wanted:
            return candidate
    raise FeedsError(
        f"Python {wanted} is needed: the function runs on it, and its byte code is made here. "
        f"There is none: install python{wanted} with your system's packages, or: "
        f"uv python install {wanted}"
    )


def _known_to_uv(wanted: str) -> Iterator[Path]:
    done = uv("python", "find", wanted, check=False)
    if done.returncode == 0:
        yield Path(done.stdout.strip())


def uv(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run uv, the one beside this Python or any. Raises FeedsError where it fails."""
    command = [sys.executable, "-m", "uv"]
    if subprocess.run([*command, "--version"], capture_output=True, check=False).returncode:
        command = ["uv"]
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}
    try:
        done = subprocess.run(
            [*command, *words], capture_output=True, text=True, env=environment, check=False
        )
    except FileNotFoundError:
        raise FeedsError("uv is needed, and there is none: pip install uv") from None
    if check and done.returncode:
        raise FeedsError(f"uv {words[0]} {words[1]} failed:\n{done.stderr.strip()}")
    return done


def _fetch(target: Path, machine: str, runtime: tuple[int, int]) -> None:
    """Install what requirements.lock names, for the machine and the runtime, into a folder.

    feedgen has no wheel; it is Python alone, and is built here.
    """
    version = ".".join(map(str, runtime))
    options = ["--python-platform", MACHINES[machine], "--python-version", version]
    options += ["--only-binary", ":all:", "--no-binary", "feedgen", "--no-deps"]
    options += ["--require-hashes", "--target", str(target)]
    uv("pip", "install", "--quiet", *options, "-r", str(ROOT / "requirements.lock"))


def _chosen(fetched: Path) -> Iterator[tuple[str, Path]]:
    """The fetched files that the function can use."""
    for path in sorted(fetched.rglob("*")):
        name = path.relative_to(fetched).as_posix()
        if path.is_file() and not _UNUSED.search(name) and not _is_other_service(name):
            yield name, path


def _is_other_service(name: str) -> bool:
    """Whether a file belongs to the model of a service of AWS that is not called."""
    parts = name.split("/")
    return parts[:2] == ["botocore", "data"] and len(parts) > 3 and parts[2] not in _SERVICES


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _compile(task: Path, python: Path, *where: str) -> None:
    """Make byte code of every source: the same of the same sources, wherever they lie.

    With ``-b`` for `where` it lies where the source does, and can do without it.
    """
    words = ["-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
    words += [*where, "-s", str(task), "-p", _TASK, str(task)]
    # The order of a set in byte code goes by the hashes of texts.
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(
        [str(python), *words], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        raise FeedsError(f"byte code could not be made:\n{done.stdout}{done.stderr}")


def _zip(folder: Path, target: Path) -> None:
    temporary = target.with_suffix(".part")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix())  # of 1980, as all are
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if path.suffix == ".so" else 0o100644) << 16
            archive.writestr(entry, path.read_bytes())
    temporary.replace(target)


def main() -> None:
    """Make both for the configuration that is named, and say so."""
    words = argparse.ArgumentParser(prog="make package", description="Make what is deployed.")
    words.add_argument("--config", type=Path, default=Path("feeds.toml"))
    words.add_argument("--out", type=Path, default=ROOT / "build")
    words.add_argument("--machine", choices=sorted(MACHINES), default="arm64")
    given = words.parse_args()
    try:
        settings = read_config(
            given.config, "write it (docs/configuration.md says how) or name another"
        )
        given.out.mkdir(parents=True, exist_ok=True)
        code = json.dumps({"code": edge_code(settings)}, indent=1)
        (given.out / "edge.json").write_text(code + "\n", encoding="utf-8")
        target = given.out / "function.zip"
        make_zip(target, given.config, given.machine)
    except FeedsError as error:
        sys.exit(str(error))
    size = target.stat().st_size
    print(f"{target}: {size / 1e6:.1f} MB, for {given.machine}, with {given.config}")


if __name__ == "__main__":
    main()
