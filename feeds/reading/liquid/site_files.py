"""A site's own includes and data files: the folders beside feeds.toml -> texts by path.

Only `read_site_files` reads from disk. A data file is parsed when a post asks for it.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from msgspec.structs import replace

from feeds.config import Config
from feeds.errors import ConfigError

_DATA_ENDINGS = (".yml", ".yaml", ".json", ".csv", ".tsv")
_MAX_BYTES = 5_000_000
_MAX_VALUES = 200_000
_MAX_DEPTH = 50
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_site_files(config: Config, beside: Path) -> Config:
    """The configuration with its includes and data files, read from the folders that it names.

    `beside` is the folder of the configuration file. Raises ConfigError with all problems.
    """
    problems: list[str] = []
    texts = {
        key: dict(_texts(beside, folder, key, problems)) for key, folder in _folders(config).items()
    }
    if problems:
        raise ConfigError(problems)
    return replace(config, **texts) if texts else config


def site_file_paths(config: Config, beside: Path) -> list[Path]:
    """The paths of these files, in order."""
    return [
        path for key, folder in _folders(config).items() for path in _paths(beside / folder, key)
    ]


def _folders(config: Config) -> dict[str, str]:
    folders = {"data": config.content.data, "includes": config.content.includes}
    return {key: folder for key, folder in folders.items() if folder}


def _paths(folder: Path, key: str) -> list[Path]:
    """The files below a folder; none that a link leads out of it."""
    root = folder.resolve()
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.resolve().is_relative_to(root)
        and (key != "data" or path.suffix.lower() in _DATA_ENDINGS)
    ]


def _texts(beside: Path, folder: str, key: str, problems: list[str]) -> Iterator[tuple[str, str]]:
    root, size = beside / folder, 0
    if not root.is_dir():
        problems.append(f"content.{key}: {root}: there is no such folder")
        return
    for path in _paths(root, key):
        try:
            size += path.stat().st_size
            if size > _MAX_BYTES:
                what = f"has more than {_MAX_BYTES:,} bytes; keep only what posts use"
                problems.append(f"content.{key}: {root}: {what}")
                return
            yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            if key == "data":
                problems.append(f"{path}: is not UTF-8; save it as UTF-8")
        except OSError as error:
            problems.append(f"{path}: cannot be read ({error.strerror})")


# --- data -----------------------------------------------------------------------------------------


class DataFiles(dict[str, Any]):
    """``site.data``: a table of the files of a folder, by their names without endings."""

    def __init__(self, files: Mapping[str, str], report: Callable[[Literal["data"], str], None]):
        super().__init__()
        self.files, self.report = files, report

    def __missing__(self, name: object) -> Any:
        if not isinstance(name, str):
            raise KeyError(name)
        self[name] = self._value("", name)
        return self[name]

    def _value(self, folder: str, name: str) -> Any:
        """The value of the file or the folder with this name. Raises KeyError."""
        inner: dict[str, None] = {}
        for path in self.files:
            if not path.startswith(folder):
                continue
            step, _, rest = path[len(folder) :].partition("/")
            if rest and _data_name(step) == name:
                next_step = rest.partition("/")
                below = f"{folder}{step}/"
                inner[_data_name(next_step[0] if next_step[1] else _stem(rest))] = None
            elif not rest and _data_name(_stem(step)) == name:
                try:
                    return parse_data(path, self.files[path])
                except (ValueError, yaml.YAMLError, RecursionError):
                    self.report("data", path)
                    raise KeyError(name) from None
        if not inner:
            raise KeyError(name)
        values: dict[str, Any] = {}
        for key in inner:
            with suppress(KeyError):
                values[key] = self._value(below, key)
        return values


def _stem(file: str) -> str:
    return file.rpartition(".")[0]


def _data_name(file: str) -> str:
    """The name that Jekyll gives a data file or a folder: letters, digits, ``_`` and ``-``."""
    return re.sub(r"\s+", "_", re.sub(r"[^\w\s-]+", "", file).strip())


@lru_cache(64)
def parse_data(path: str, text: str) -> Any:
    """The values in a data file, by its ending. Raises ValueError or yaml.YAMLError."""
    if path.endswith((".csv", ".tsv")):
        import csv  # few sites have such files, and a cold start should not wait for it

        rows = csv.DictReader(io.StringIO(text), delimiter="\t" if path.endswith("tsv") else ",")
        values: Any = [{name or "": value for name, value in row.items()} for row in rows]
    elif path.endswith(".json"):
        values = json.loads(text)
    else:
        values = yaml.load(text, Loader=_Loader)
    count = [0]
    return _plain(values, count, 0)


def _plain(value: Any, count: list[int], depth: int) -> Any:
    """A value of tables, lists, texts and numbers; what YAML repeats by aliases is counted."""
    count[0] += 1
    if count[0] > _MAX_VALUES or depth > _MAX_DEPTH:
        raise ValueError("too many values")
    if isinstance(value, dict):
        return {str(name): _plain(item, count, depth + 1) for name, item in value.items()}
    if isinstance(value, (list, set)):
        return [_plain(item, count, depth + 1) for item in value]
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, (str, int, float, bool)) else None
