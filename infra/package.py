"""Makes the two files that `make deploy` uploads: `python -m infra.package`.

    build/function.zip   for Lambda: handler.py, feeds/, feeds.toml with its templates, and the
                         packages in requirements-function.lock
    build/edge.json      for CloudFront: infra/cdn.js, with the site's address and hubs from
                         feeds.toml, and the file names and media types of feeds/formats.py

The zip can be made on any machine: the wheels are fetched for Lambda's machines. Three rules:

1. It contains byte code for the minor version of Lambda's Python. /var/task is read-only, so
   without byte code every cold start compiles all modules (0.9 s instead of 0.4). The byte code is
   *unchecked* (PEP 552): Python ignores byte code with time stamps, because all files in the zip
   have the same time.
2. The same sources give the same zip, to the byte: files in order, one time for all, and no path of
   the machine that made it.
3. It leaves out what the function never reads: the models of AWS services that it does not call,
   headers, stubs, metadata, the symbols of libraries, and the sources of fetched packages. The
   sources of feeds/ stay, for tracebacks.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from feeds.config import Config
from feeds.config_file.read import read_config
from feeds.documents.own_templates import theme_files
from feeds.errors import FeedsError
from feeds.formats import FORMATS, SITE_FILES, FileType
from feeds.layout.layout import Layout
from feeds.layout.patterns import PAGE, SLUG, expression
from feeds.reading.liquid.site_files import site_file_paths

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = (3, 13)
"""The minor version of Python that serverless.yml names as the runtime."""

MACHINES = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}
"""Lambda's names of its machines, and uv's names of the platforms to fetch wheels for."""

_TASK_FOLDER = "/var/task"  # where Lambda unpacks the zip; tracebacks name files there
_SERVICES = {"s3", "sqs", "scheduler"}
_UNUSED_FILES = re.compile(
    r"""
      \.dist-info/ | (^|/)__pycache__/ | (^|/)tests?/ | ^bin/
    | \.(pyi|pyx|pxd|pxi|h|c|cpp|typed|rst)$ | ^\.lock$
    | ^lxml/(includes|isoschematron|html)/
    | ^lxml/(builder|objectify|sax|_difflib|doctestcompare|cssselect)\b
    | ^babel/(locale-data/|global\.dat) | ^pytz/zoneinfo/  # python-liquid imports both for
      # filters that no post of Jekyll can use
    | ^babel/(support\.|messages/(checkers|extract|frontend|jslexer|mofile|pofile|setuptools))
    | ^dateutil/(rrule\.|tz/win\.) | ^lxml/_elementpath.*\.so$
    | ^(boto3|s3transfer)/  # the function uses botocore alone
    | ^botocore/data/.*/examples- | ^botocore/cacert\.pem$  # requests uses certifi's
    | ^obstore/(auth|fsspec\b) | ^urllib3/contrib/(?!__init__)
    | ^tzdata/zoneinfo/[\w.]+\.(zi|tab)$
    | ^charset_normalizer/.*\.so$    # its Python form does the same, slower
    | ^dateutil/zoneinfo/.*\.tar\.gz$
    | ^feeds/(building|cli|generators|serving)/ | ^feeds/stores/conformance\.py$
    """,
    re.VERBOSE,
)


# --- the CDN's function --------------------------------------------------------------------------


def edge_code(settings: Config) -> str:
    """The code of infra/cdn.js for one site."""
    code = (ROOT / "infra" / "cdn.js").read_text(encoding="utf-8")
    site = {"url": settings.feeds.url, "hubs": list(settings.feeds.hubs)}
    code = _with_value(code, "SITE", site)
    return _with_value(code, "DOCUMENTS", edge_documents(settings.layout))


def _with_value(code: str, variable: str, value: object) -> str:
    """`code` with the value, as JSON, in the line that declares the variable."""
    before, line, after = re.split(rf"^(var {variable} = ).*$", code, flags=re.MULTILINE)
    return f"{before}{line}{json.dumps(value)};{after}"


def edge_documents(layout: Layout) -> list[dict[str, object]]:
    """The documents that infra/cdn.js changes the answers for.

    `path` is a regular expression for the ends of their addresses, percent-encoded; `type` the
    media type to answer with (``""`` if it is the stored one); `subscribed` whether hubs are told
    of them; `xml` whether a browser shows them if it gets the media type of XML.
    """
    rows: list[dict[str, object]] = []
    for format_ in FORMATS.values():
        for is_archive in (False, True):
            keys = [
                row.key
                for row in layout.patterns
                if row.format == format_ and row.is_archive == is_archive
            ]
            subscribed = format_.subscribed and not is_archive
            rows += _edge_rows(format_, keys, subscribed=subscribed)
    for key, type_ in SITE_FILES.items():
        rows += _edge_rows(type_, [key], subscribed=False)
    return rows


def _edge_rows(
    type_: FileType, keys: Iterable[str], *, subscribed: bool
) -> list[dict[str, object]]:
    """The row of documents of one type; none if nothing changes for them, or there are none."""
    media_type = type_.content_type if type_.stored_type else ""
    paths = dict.fromkeys(map(_edge_path, keys))
    if not paths or not (media_type or subscribed):
        return []
    path = f"(?:{'|'.join(paths)})$"
    return [{"path": path, "type": media_type, "subscribed": subscribed, "xml": type_.is_xml}]


def _edge_path(key: str) -> str:
    """An expression for the end of an address: its last step, if that is not made of a slug."""
    steps = key.split("/")
    if SLUG in steps[-1]:
        return f"^/{expression(quote(key, safe='/:~'))}"
    named = steps[-2:] if PAGE in steps[-1] else steps[-1:]
    return f"/{expression(quote('/'.join(named), safe='/:~'))}"


# --- the function's zip --------------------------------------------------------------------------


def make_zip(
    target: Path, settings: Path, machine: str = "arm64", runtime: tuple[int, int] = RUNTIME
) -> None:
    """Write the zip for a machine of `MACHINES`, with the configuration file `settings`.

    Raises FeedsError if this machine lacks a tool, or a package cannot be fetched.
    """
    python = runtime_python(runtime)
    with tempfile.TemporaryDirectory(prefix="package-") as folder:
        fetched, task = Path(folder) / "fetched", Path(folder) / "task"
        _fetch_packages(fetched, machine, runtime)
        for name, path in _used_files(fetched):
            _copy(path, task / name)
            if path.suffix == ".so":
                (task / name).write_bytes(without_symbols(path.read_bytes()))
        _compile(task, python, "-b")
        for path in task.rglob("*.py"):
            path.unlink()
        for name, path in _used_files(ROOT, "feeds"):
            _copy(path, task / name)
        _copy(ROOT / "handler.py", task / "handler.py")
        _copy(settings, task / "feeds.toml")
        config = read_config(settings)
        own = theme_files(config, settings.parent) + site_file_paths(config, settings.parent)
        for path in own:
            if path.is_file():
                _copy(path, task / path.relative_to(settings.parent))
        _compile(task, python)
        target.parent.mkdir(parents=True, exist_ok=True)
        _zip(task, target)


def runtime_python(runtime: tuple[int, int] = RUNTIME) -> Path:
    """Return a Python of this minor version, as only that can write its byte code.

    Looks at this Python, then on PATH, then at those of pyenv and of uv. Raises FeedsError if there
    is none.
    """
    version = ".".join(map(str, runtime))
    pyenv = Path.home() / ".pyenv" / "versions"
    on_path = shutil.which(f"python{version}")
    candidates = [
        Path(sys.executable),
        *([Path(on_path)] if on_path else []),
        *sorted(pyenv.glob(f"{version}.*/bin/python")),
        *_found_by_uv(version),
    ]
    for candidate in candidates:
        command = [str(candidate), "-c", "import sys; print(*sys.version_info[:2], sep='.')"]
        try:
            output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        except OSError:
            continue
        if output.strip() == version:
            return candidate
    raise FeedsError(
        f"Python {version} is needed to make the byte code of the function, and was not found. "
        f"Install python{version} with your system's packages, or run: uv python install {version}"
    )


def _found_by_uv(version: str) -> Iterator[Path]:
    process = uv("python", "find", version, check=False)
    if process.returncode == 0:
        yield Path(process.stdout.strip())


def uv(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run uv: the module of this Python, or else the command on PATH.

    Raises FeedsError if there is no uv or, unless `check` is false, if it fails.
    """
    command = [sys.executable, "-m", "uv"]
    if subprocess.run([*command, "--version"], capture_output=True, check=False).returncode:
        command = ["uv"]
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}
    try:
        process = subprocess.run(
            [*command, *arguments], capture_output=True, text=True, env=environment, check=False
        )
    except FileNotFoundError:
        raise FeedsError("uv is needed, and was not found: pip install uv") from None
    if check and process.returncode:
        raise FeedsError(f"uv {arguments[0]} {arguments[1]} failed:\n{process.stderr.strip()}")
    return process


def _fetch_packages(target: Path, machine: str, runtime: tuple[int, int]) -> None:
    """Install the packages of requirements-function.lock, for a machine and a runtime.

    feedgen is pure Python and has no wheel, so its wheel is built here, by the setuptools of
    requirements-build.lock.
    """
    version = ".".join(map(str, runtime))
    options = ["--python-platform", MACHINES[machine], "--python-version", version]
    options += ["--only-binary", ":all:", "--no-binary", "feedgen", "--no-deps"]
    options += ["--require-hashes", "--target", str(target)]
    options += ["--build-constraints", str(ROOT / "requirements-build.lock")]
    uv("pip", "install", "--quiet", *options, "-r", str(ROOT / "requirements-function.lock"))


def _used_files(folder: Path, below: str = "") -> Iterator[tuple[str, Path]]:
    """The files below a folder that go into the zip: names from the folder, and paths."""
    for path in sorted((folder / below).rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and is_used(name):
            yield name, path


def is_used(name: str) -> bool:
    """Whether the function may read the file with this name in the zip."""
    parts = name.split("/")
    if parts[:2] == ["botocore", "data"] and len(parts) > 3 and parts[2] not in _SERVICES:
        return False  # the model of an AWS service that the function never calls
    return not _UNUSED_FILES.search(name)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def without_symbols(library: bytes) -> bytes:
    """A shared library (ELF, 64 bits, little-endian) without what is never loaded into memory.

    That is what follows the last segment: symbols for debuggers, and the table of sections. The
    table is named in the header, at 40 (its place) and 58 (its size); see elf(5).
    """
    (segments,) = struct.unpack_from("<Q", library, 32)
    size, count = struct.unpack_from("<2H", library, 54)
    ends = [segments + size * count]
    for number in range(count):
        place, _, _, length = struct.unpack_from("<4Q", library, segments + size * number + 8)
        ends.append(place + length)
    loaded = bytearray(library[: max(ends)])
    struct.pack_into("<Q", loaded, 40, 0)
    struct.pack_into("<3H", loaded, 58, 0, 0, 0)
    return bytes(loaded)


def _compile(task: Path, python: Path, *options: str) -> None:
    """Write byte code for every source in a folder. It depends only on the sources.

    With the option ``-b`` each file of byte code lies beside its source, and works without it.
    """
    command = [str(python), "-m", "compileall", "-q", "-f"]
    command += ["--invalidation-mode", "unchecked-hash", *options]
    command += ["-s", str(task), "-p", _TASK_FOLDER, str(task)]
    # The order of a set constant in byte code depends on the hash seed.
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": ""}
    process = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if process.returncode:
        raise FeedsError(f"byte code could not be made:\n{process.stdout}{process.stderr}")


def _zip(folder: Path, target: Path) -> None:
    temporary = target.with_suffix(".part")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix())  # its time is 1980
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if path.suffix == ".so" else 0o100644) << 16
            archive.writestr(entry, path.read_bytes())
    temporary.replace(target)


def main() -> None:
    """Make both files for the configuration file that the command names."""
    parser = argparse.ArgumentParser(prog="make package", description="Make the files to deploy.")
    parser.add_argument("--config", type=Path, default=Path("feeds.toml"))
    parser.add_argument("--out", type=Path, default=ROOT / "build")
    parser.add_argument("--machine", choices=sorted(MACHINES), default="arm64")
    options = parser.parse_args()
    try:
        settings = read_config(
            options.config, "write it (docs/configuration.md says how) or name another"
        )
        options.out.mkdir(parents=True, exist_ok=True)
        code = json.dumps({"code": edge_code(settings)}, indent=1)
        (options.out / "edge.json").write_text(code + "\n", encoding="utf-8")
        target = options.out / "function.zip"
        make_zip(target, options.config, options.machine)
    except FeedsError as error:
        sys.exit(str(error))
    size = target.stat().st_size
    print(f"{target}: {size / 1e6:.1f} MB, for {options.machine}, with {options.config}")


if __name__ == "__main__":
    main()
