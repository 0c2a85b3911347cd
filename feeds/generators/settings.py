"""Settings of a site: the text of a generator's configuration file -> its values, never run."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import yaml
from msgspec import Struct


class SiteSettings(Struct, frozen=True):
    """The settings of a site that its generator knows; ``""`` for one that it does not know."""

    generator: str = ""
    """The name of the generator."""
    file: str = ""
    """The configuration file that the settings are from."""
    posts: str = ""
    """The folder of the posts."""
    title: str = ""
    """The title of the site."""
    url: str = ""
    """The address of the site."""
    description: str = ""
    """The description of the site."""
    language: str = ""
    """The language, as the generator writes it."""
    timezone: str = ""
    """The time zone, which may not be a valid one."""
    author: str = ""
    """The name of the author."""
    email: str = ""
    """The email address of the author, which may not be a valid one."""
    permalink: str = ""
    """The permalink, with the tokens of this program."""
    split: bool = False
    """Whether ``categories: a b`` is two categories."""
    unread: str = ""
    """A configuration file that could not be read."""


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


def first_text(values: Values, *names: str) -> str:
    """The value of the first of `names` that is a text and not empty; else ``""``.

    Dots lead into tables. Upper and lower case are the same.
    """
    for name in names:
        value: object = values
        for part in name.lower().split("."):
            tables = value if isinstance(value, dict) else {}
            value = next((tables[key] for key in tables if str(key).lower() == part), None)
        if isinstance(value, str) and value.strip():
            return " ".join(value.split())
    return ""


_TOKENS = {"year", "month", "day", "title", "slug", "name", "path", "categories"}


def translate_permalink(pattern: str, tokens: Mapping[str, str]) -> str:
    """A generator's permalink with this program's tokens; ``""`` if it has a token without one.

    `tokens` has this program's token for each token of the generator with another name.
    """
    for theirs, ours in tokens.items():
        pattern = re.sub(re.escape(theirs) + (r"\b" if theirs[0] == ":" else ""), ours, pattern)
    permalink = "/" + pattern.lstrip("/") if pattern else ""
    unknown = set(re.findall(r":(\w+)", permalink)) - _TOKENS
    return "" if unknown or re.search(r"[{}\[\]]", permalink) else permalink


def is_time_zone(name: str) -> bool:
    """Whether `name` is a zone of the IANA time zone database."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
