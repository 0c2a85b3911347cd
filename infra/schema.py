"""Writes docs/feeds.schema.json: a JSON Schema of feeds.toml, for editors.

Types, defaults and names are those of feeds/config.py; descriptions are those of the tables in
docs/configuration.md. The schema knows the form of each value. What several keys mean together, and
whether an address or a time zone exists, only the program checks.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from feeds.config import Config, OneOf

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "docs" / "feeds.schema.json"
_DIALECT = "http://json-schema.org/draft-07/schema#"  # the newest one that Taplo knows well


def config_schema() -> dict[str, Any]:
    """The schema, with a definition for each table."""
    _, definitions = msgspec.json.schema_components([Config], ref_template="#/definitions/{name}")
    descriptions = _descriptions()
    for kind, path in _tables(Config, ""):
        definition = definitions[kind.__name__]
        definition["additionalProperties"] = False
        hints = get_type_hints(kind, include_extras=True)
        definition["properties"] = {
            name: _property(value, hints[name], descriptions.get(f"{path}{name}", ""))
            for name, value in definition["properties"].items()
            if kind is not Config or _struct(hints[name])  # the others are read from the disk
        }
    whole = {**definitions.pop("Config"), "title": "feeds.toml"}
    whole["description"] = "The configuration of bucketfeed."
    return {"$schema": _DIALECT, **whole, "definitions": definitions}


def _tables(kind: type[Struct], path: str) -> list[tuple[type[Struct], str]]:
    """The tables of a table and itself, each with the start of the paths of its keys."""
    found = [(kind, path)]
    for name, hint in get_type_hints(kind).items():
        if inner := _struct(hint):
            found += _tables(inner, f"{path}{name}.")
    return found


def _struct(hint: Any) -> type[Struct] | None:
    """The table in a type: itself, or that of a list or of a key that may be missing."""
    if isinstance(hint, type) and issubclass(hint, Struct):
        return hint
    return next((inner for one in get_args(hint) if (inner := _struct(one))), None)


def _property(value: dict[str, Any], hint: Any, description: str) -> dict[str, Any]:
    """The schema of a key. TOML has no null: a key that may be None may be left out."""
    value = dict(value)
    if "anyOf" in value:
        (form,) = [one for one in value.pop("anyOf") if one != {"type": "null"}]
        value = {**value, **form}
    if value.get("default", "") is None:
        del value["default"]
    if names := _names(hint):
        value.get("items", value)["enum"] = names
    if "$ref" in value:  # draft 7 ignores all keys beside a $ref
        value = {"allOf": [{"$ref": value.pop("$ref")}], **value}
    return {"description": description, **value} if description else value


def _names(hint: Any) -> list[str]:
    """The names from a table that a text, or each text of a list, must be one of."""
    if get_origin(hint) is Annotated:
        return [
            name for mark in hint.__metadata__ if isinstance(mark, OneOf) for name in mark.names()
        ]
    return next((names for one in get_args(hint) if (names := _names(one))), [])


def _descriptions() -> dict[str, str]:
    """What docs/configuration.md says of each key, as plain text, by the key's path."""
    found: dict[str, str] = {}
    section = ""
    page = ROOT / "docs" / "configuration.md"
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading = re.fullmatch(r"## \[{1,2}([\w.]+)\]{1,2}", line)
            section = heading[1] if heading else ""
        elif section and line.startswith("| `"):
            key, _, meaning, _ = (cell.strip() for cell in line.strip("|").split(" | "))
            text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", meaning)
            found[f"{section}.{key.strip('`')}"] = text.replace("`", "")
    return found


def main() -> None:
    """Write the file."""
    text = json.dumps(config_schema(), indent=2, ensure_ascii=False)
    SCHEMA.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
