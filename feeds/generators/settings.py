"""Values of a site generator's configuration file, read as data and never run."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import yaml
from msgspec import Struct


class SiteSettings(Struct, frozen=True):
    """What is known of a site before anybody was asked; an empty text is not known.

    `kind` is the generator, `file` where it was read from, `posts` where its posts usually are;
    `unread` is a generator's file that could not be read.
    """

    kind: str = ""
    file: str = ""
    posts: str = ""
    title: str = ""
    url: str = ""
    description: str = ""
    language: str = ""
    timezone: str = ""
    author: str = ""
    email: str = ""
    permalink: str = ""
    split: bool = False
    unread: str = ""


Values = Mapping[str, object]


def parse_toml(text: str) -> Values:
    """The values of a TOML file. Raises ValueError."""
    return tomllib.loads(text)


def parse_yaml(text: str) -> Values:
    """The values of a YAML file, as text; none if it has an alias. Raises yaml.YAMLError."""
    if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
        return {}  # an alias can make a small file a large value
    value = yaml.load(text, Loader=yaml.BaseLoader)
    return value if isinstance(value, dict) else {}


def parse_python(text: str) -> Values:
    """The names that a Python file gives a literal value, without running it."""
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


def first_text(values: Values, *names: str) -> str:
    """The first of the names that has a text; dots lead into tables, case does not matter."""
    for name in names:
        value: object = values
        for part in name.lower().split("."):
            tables = value if isinstance(value, dict) else {}
            value = next((v for k, v in tables.items() if str(k).lower() == part), None)
        if isinstance(value, str) and value.strip():
            return " ".join(value.split())
    return ""


_KNOWN = {"year", "month", "day", "title", "slug", "name", "path", "categories"}


def translate_permalink(pattern: str, tokens: Mapping[str, str]) -> str:
    """A generator's pattern in our words; ``""`` where it has a part that we have not."""
    for theirs, ours in tokens.items():
        pattern = re.sub(re.escape(theirs) + (r"\b" if theirs[0] == ":" else ""), ours, pattern)
    made = "/" + pattern.lstrip("/") if pattern else ""
    unknown = set(re.findall(r":(\w+)", made)) - _KNOWN
    return "" if unknown or re.search(r"[{}\[\]]", made) else made


def is_time_zone(name: str) -> bool:
    """Whether `name` is a zone of the IANA time zone database."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
