"""Parses configuration files of site generators: a file -> its values, never run.

A Python file is parsed, but not run. A file that cannot be read counts as missing.
"""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import yaml

from feeds.generators.site_folder import SiteFolder
from feeds.reading.field_values import parse_bool
from feeds.reading.front_matter.formats import MAX_DEPTH, Value
from feeds.text import one_line

Values = Mapping[str, object]


class SiteConfig(NamedTuple):
    """The configuration of a site."""

    file: str = ""
    """The first file that was read."""
    values: Values = MappingProxyType({})
    """Its values, with those of the files beside it."""
    unreadable: str = ""
    """The first file that could not be read."""


def parse_toml(text: str) -> Values:
    """The values of a TOML file. Raises ValueError."""
    return tomllib.loads(text)


def parse_yaml(text: str) -> Values:
    """The values of a YAML file, as text; empty if it has an alias. Raises yaml.YAMLError."""
    if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
        return {}  # an alias can make a small file a large value
    value = yaml.load(text, Loader=yaml.BaseLoader)
    return value if isinstance(value, dict) else {}


def parse_json(text: str) -> Values:
    """The values of a JSON file. Raises ValueError."""
    value = json.loads(text)
    return value if isinstance(value, dict) else {}


def parse_python(text: str) -> Values:
    """The variables of a Python file that have a literal value; the file is not run."""
    values: dict[str, object] = {}
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    try:
                        values[target.id] = ast.literal_eval(statement.value)
                    except (ValueError, TypeError, MemoryError):
                        values.pop(target.id, None)
    return values


PARSERS: Mapping[str, Callable[[str], Values]] = {
    "toml": parse_toml,
    "yaml": parse_yaml,
    "yml": parse_yaml,
    "json": parse_json,
    "py": parse_python,
}
"""The parser of a configuration file, by its ending."""


def read_values(site: SiteFolder, *files: str) -> SiteConfig:
    """The values of the first of `files` that exists and can be read."""
    unreadable = ""
    for file in files:
        try:
            text = site.read(file)
            if text is not None:
                values = PARSERS[file.rpartition(".")[2]](text)
                return SiteConfig(file, values, unreadable)
        except (OSError, ValueError, yaml.YAMLError, SyntaxError, RecursionError):
            unreadable = unreadable or file
    return SiteConfig(unreadable=unreadable)


# --- values by name -------------------------------------------------------------------------------


def value_at(values: object, name: str) -> object:
    """The value of a name; None if there is none.

    ``params.author`` is the value `author` in the table `params`. Names match in any letter case.
    """
    for part in name.lower().split("."):
        table = values if isinstance(values, dict) else {}
        values = next((table[key] for key in table if str(key).lower() == part), None)
    return values


def first_text(values: object, *names: str) -> str:
    """The value of the first of `names` that is a text and not empty; else ``""``."""
    for name in names:
        value = value_at(values, name)
        if isinstance(value, str) and (text := one_line(value)):
            return text
    return ""


def table_at(values: object, name: str) -> dict[str, object]:
    """The table of a name; empty if there is none."""
    value = value_at(values, name)
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def list_at(values: object, name: str) -> list[object]:
    """The list of a name; a value that is not a list is its only item."""
    value = value_at(values, name)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def texts_at(values: object, name: str) -> list[str]:
    """The texts in the list of a name."""
    return [item.strip() for item in list_at(values, name) if isinstance(item, str)]


def bool_at(values: object, name: str) -> bool | None:
    """The value of a name that is yes or no; else None."""
    value = value_at(values, name)
    return parse_bool(as_field(value)) if isinstance(value, bool | str) else None


def as_field(value: object, depth: int = 1) -> Value:
    """A value as the front matter of a post has it: texts, lists and tables, not too deep."""
    if depth > MAX_DEPTH:
        return ""
    if isinstance(value, dict):
        return {str(key): as_field(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [as_field(item, depth + 1) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def merged(first: Values, second: Values, depth: int = 1) -> Values:
    """The values of both; of two values with one name, the second, and tables are merged."""
    names = {str(name).lower(): str(name) for name in first}
    result = dict(first)
    for name, value in second.items():
        own = names.get(str(name).lower(), str(name))
        before = result.get(own)
        if isinstance(before, dict) and isinstance(value, dict) and depth < MAX_DEPTH:
            result[own] = merged(before, value, depth + 1)
        else:
            result[own] = value
    return result


def tables(values: object) -> Iterator[dict[str, object]]:
    """The tables in a list; a table is a list of one."""
    for item in values if isinstance(values, list) else [values]:
        if isinstance(item, dict):
            yield {str(key): value for key, value in item.items()}


def clean_path(path: str) -> str:
    """A path below the site's folder, without ``./``; ``""`` if it leads out of the folder."""
    steps = [step for step in path.replace("\\", "/").split("/") if step not in ("", ".")]
    return "" if ".." in steps else "/".join(steps)
