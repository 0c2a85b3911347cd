"""Settings of a site: the text of a site generator's configuration file -> its values.

A Python file is parsed, but not run.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import yaml
from msgspec import Struct

from feeds.config import Visibility


class SiteSettings(Struct, frozen=True):
    """The settings of a site; ``""`` for each that its generator's configuration does not have."""

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
    """The time zone as written; it may be invalid."""
    author: str = ""
    """The name of the author."""
    email: str = ""
    """The email address of the author as written; it may be invalid."""
    permalink: str = ""
    """The permalink, with the tokens of this program."""
    split: bool = False
    """Whether ``categories: a b`` is two categories."""
    hidden: Visibility = "leave-out"
    """What the generator itself does with a post that has ``hidden: true``. A generator that does
    not know the field publishes the post; a theme may hide it from its lists."""
    unreadable: str = ""
    """A configuration file that could not be read."""


Values = Mapping[str, object]


def parse_toml(text: str) -> Values:
    """The values of a TOML file. Raises ValueError."""
    return tomllib.loads(text)


def parse_yaml(text: str) -> Values:
    """The values of a YAML file, as text; empty if it has an alias. Raises yaml.YAMLError."""
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

    ``params.author`` is the value `author` in the table `params`. Names match in any letter case.
    """
    for name in names:
        value: object = values
        for part in name.lower().split("."):
            table = value if isinstance(value, dict) else {}
            value = next((table[key] for key in table if str(key).lower() == part), None)
        if isinstance(value, str) and value.strip():
            return " ".join(value.split())
    return ""


_PERMALINK_TOKENS = {"year", "month", "day", "title", "slug", "name", "path", "categories"}
"""The tokens of `posts.permalink`, without their colons."""


def translate_permalink(pattern: str, tokens: Mapping[str, str]) -> str:
    """A generator's permalink in this program's tokens; ``""`` if a token has no equivalent.

    `tokens` maps the generator's tokens to this program's, where the names differ.
    """
    for theirs, ours in tokens.items():
        pattern = re.sub(re.escape(theirs) + (r"\b" if theirs[0] == ":" else ""), ours, pattern)
    permalink = "/" + pattern.lstrip("/") if pattern else ""
    unknown = set(re.findall(r":(\w+)", permalink)) - _PERMALINK_TOKENS
    return "" if unknown or re.search(r"[{}\[\]]", permalink) else permalink


def is_time_zone(name: str) -> bool:
    """Return whether `name` is a zone of the IANA time zone database."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
