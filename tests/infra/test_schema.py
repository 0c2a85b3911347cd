"""docs/feeds.schema.json: it takes what the program takes, and refuses what it refuses."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft7Validator
from support.emitted import ROOT

from feeds.config_file.parse import parse_config
from feeds.errors import ConfigError
from infra.schema import SCHEMA, config_schema

STORED = json.loads(SCHEMA.read_text(encoding="utf-8"))
VALIDATOR = Draft7Validator(STORED)
MINIMAL = '[site]\ntitle = "News"\nurl = "https://news.example.com/"\n'
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


def refused(text: str) -> set[str]:
    """The paths of the tables and keys that the schema refuses."""
    return {
        ".".join(map(str, error.absolute_path))
        for error in VALIDATOR.iter_errors(tomllib.loads(text))
    }


def test_schema_is_that_of_the_code() -> None:
    """Run `make schema` after a change of feeds/config.py or docs/configuration.md."""
    assert json.loads(json.dumps(config_schema())) == STORED
    Draft7Validator.check_schema(STORED)


@pytest.mark.parametrize("file", sorted(ROOT.glob("examples/*/feeds.toml")), ids=str)
def test_schema_takes_the_examples(file: Any) -> None:
    assert refused(file.read_text(encoding="utf-8")) == set()


def keys() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The section, the name and the schema of each key."""
    for section, table in STORED["properties"].items():
        definition = STORED["definitions"][table["allOf"][0]["$ref"].rpartition("/")[2]]
        for name, value in definition["properties"].items():
            yield section, name, value


@pytest.mark.parametrize(
    ("section", "name", "value"), list(keys()), ids=lambda one: one if type(one) is str else ""
)
def test_schema_and_program_refuse_a_value_of_another_form(
    section: str, name: str, value: dict[str, Any]
) -> None:
    """No key takes a date. The example of each key, in docs/configuration.md, both take."""
    (example,) = re.findall(rf"^\| `{name}` \|.*\| `({name} = .*)` \|$", section_of(section), re.M)
    right, wrong = (
        with_line(section, name, example),
        with_line(section, name, f"{name} = 2026-11-30"),
    )
    assert value["description"]
    assert refused(right) == set()
    assert f"{section}.{name}" in refused(wrong)
    with pytest.raises(ConfigError) as raised:
        parse_config(wrong)
    assert any(f"{section}.{name}: expected" in problem for problem in raised.value.problems)


def with_line(section: str, name: str, line: str) -> str:
    """A configuration with the line of a key, and what is required besides."""
    tables = {"site": {"title": 'title = "News"', "url": 'url = "https://news.example.com/"'}}
    tables.setdefault(section, {})[name] = line
    return "".join(f"[{at}]\n" + "\n".join(lines.values()) + "\n" for at, lines in tables.items())


def section_of(name: str) -> str:
    """The text of a section of docs/configuration.md."""
    (text,) = re.findall(rf"^## \[{name}\]\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    return str(text)


def test_schema_refuses_unknown_keys_and_tables() -> None:
    assert refused(MINIMAL + "[feeds]\nlmit = 5\n") == {"feeds"}
    assert refused(MINIMAL + "[feed]\n") == {""}
    assert refused(MINIMAL + "[[posts.rules]]\nmatch = []\nlang = 'de'\n") == {"posts.rules.0"}
    assert refused(MINIMAL + "[theme]\na = 'b'\n") == {""}, "themes are files, not a table"


def test_schema_refuses_names_that_are_not_in_a_list() -> None:
    for line in ("formats = ['xml']", "content = 'all'", "taxonomies = ['series']"):
        assert len(refused(f"{MINIMAL}[feeds]\n{line}\n")) == 1, line
    assert refused(f"{MINIMAL}[posts]\ngenerator = 'gatsby'\n") == {"posts.generator"}


def test_schema_needs_the_required_keys() -> None:
    assert refused("") == {""}
    assert refused("[site]\ntitle = 'News'\n") == {"site"}
    assert refused(MINIMAL + "author = { email = 'a@example.com' }\n") == {"site.author"}
