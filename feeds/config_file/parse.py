"""Parses feeds.toml: text -> a Config, or all problems of the file, each with the key's path."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from feeds.config import Config, T
from feeds.config_file.checks import ID_YEAR, check_config
from feeds.config_file.show import show
from feeds.errors import ConfigError
from feeds.urls import http_url, id_authority

S = TypeVar("S", bound=Struct)
_READ_FROM_DISK = ("theme", "data", "includes")
"""Fields of Config that are not tables of feeds.toml."""


def parse_config(text: str, name: str = "feeds.toml") -> Config:
    """Parse the configuration in `text` (TOML). `name` is the file's name in messages.

    Raises ConfigError with all problems, each ``name: path: expected …, found …``.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{name}: not valid TOML: {error}"]) from None
    problems: list[str] = []
    config = _struct(data, Config, "", problems)
    reported = [_path(problem) for problem in problems]
    problems += [
        problem for problem in check_config(config) if not _is_within(_path(problem), reported)
    ]
    if problems:
        raise ConfigError([f"{name}: {problem}" for problem in problems])
    return _normalize(config)


def _path(problem: str) -> str:
    """The path of the key in a problem, such as ``feeds.hubs[0]``."""
    return problem.partition(":")[0]


def _is_within(path: str, others: Iterable[str]) -> bool:
    return any(path == other or path.startswith((f"{other}.", f"{other}[")) for other in others)


def _normalize(config: Config) -> Config:
    """Derive defaults from other keys; normalise addresses, and put texts on one line."""
    site, feeds, categories = config.site, config.feeds, config.categories
    author = site.author and replace(
        site.author, name=_one_line(site.author.name), uri=http_url(site.author.uri)
    )
    return replace(
        config,
        site=replace(
            site,
            title=_one_line(site.title),
            url=_folder(site.url),
            description=_one_line(site.description),
            author=author,
            rights=_one_line(site.rights),
            icon=http_url(site.icon),
            logo=http_url(site.logo),
        ),
        feeds=replace(
            feeds,
            url=_folder(feeds.url or site.url),
            hubs=tuple(http_url(hub) for hub in feeds.hubs),
        ),
        posts=replace(
            config.posts,
            folder=config.posts.folder.removesuffix("/"),
            move_folders=tuple(name.removesuffix("/") for name in config.posts.move_folders),
            id_authority=config.posts.id_authority or id_authority(site.url, ID_YEAR),
        ),
        categories=replace(
            categories,
            default=_one_line(categories.default),
            titles={name: _one_line(text) for name, text in categories.titles.items()},
            descriptions={name: _one_line(text) for name, text in categories.descriptions.items()},
        ),
    )


def _folder(url: str) -> str:
    """The normalised URL, with a slash at its end."""
    url = http_url(url)
    return url if url.endswith("/") else url + "/"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _struct(data: object, kind: type[S], path: str, problems: list[str]) -> S:
    """Convert a TOML table to a Struct, field by field, and add all problems to `problems`.

    A field with a problem gets its default, so that the other fields can still be checked.
    """
    if not isinstance(data, dict):
        problems.append(f"{path}: expected a table, found {show(data)}")
        return _placeholder(kind)
    hints = get_type_hints(kind, include_extras=True)
    known = msgspec.structs.fields(kind)
    fields = {f.name: f for f in known if kind is not Config or f.name not in _READ_FROM_DISK}
    for key in data:
        if key not in fields:
            key_path = f"{path}.{key}" if path else key
            near = difflib.get_close_matches(key, fields, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            problems.append(f"{key_path}: there is no such key{hint}")
    values: dict[str, object] = {}
    for key, field in fields.items():
        key_path = f"{path}.{key}" if path else key
        problems_before = len(problems)
        if key in data:
            value = _value(data[key], hints[key], key_path, problems)
            if len(problems) == problems_before or isinstance(value, Struct):
                values[key] = value
        elif field.required:
            problems.append(f"{key_path}: expected {_expected(hints[key])}, found nothing")
        if field.required and key not in values:
            values[key] = _placeholder(hints[key])
    return kind(**values)


def _placeholder(kind: type[T]) -> T:
    """An empty value of a type, in place of a required one that is missing or wrong."""
    if not issubclass(kind, Struct):
        return kind()
    hints = get_type_hints(kind)
    required = (f.name for f in msgspec.structs.fields(kind) if f.required)
    return kind(**{name: _placeholder(hints[name]) for name in required})


def _value(value: object, kind: Any, path: str, problems: list[str]) -> object:
    """Convert a TOML value to a field's type; add a problem and return None if that fails."""
    if kind is Any:
        return value
    options = [a for a in get_args(kind) if a is not type(None)]
    if type(None) in get_args(kind) and len(options) == 1:
        kind = options[0]
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _struct(value, kind, path, problems)
    if get_origin(kind) is tuple and isinstance(value, list):
        item = get_args(kind)[0]
        return tuple(_value(v, item, f"{path}[{i}]", problems) for i, v in enumerate(value))
    if get_origin(kind) is dict and isinstance(value, dict):
        item = get_args(kind)[1]
        return {k: _value(v, item, f"{path}.{k}", problems) for k, v in value.items()}
    allowed = _allowed_names(kind)
    try:
        if allowed is None or value in allowed:
            return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        pass
    problems.append(f"{path}: expected {_expected(kind)}, found {show(value)}")
    return None


def _allowed_names(kind: Any) -> list[str] | None:
    """The names that a text of this type can be; None if the type allows any text."""
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    if get_origin(kind) is Annotated:
        return list(kind.__metadata__[0].names())
    return None


def _expected(kind: Any) -> str:
    """The words for a type in a message."""
    if (allowed := _allowed_names(kind)) is not None:
        return "one of " + ", ".join(f'"{name}"' for name in allowed)
    if get_origin(kind) is tuple:
        return "a list"
    if get_origin(kind) is dict or (isinstance(kind, type) and issubclass(kind, Struct)):
        return "a table"
    return {str: "a text", int: "a whole number", bool: "true or false"}[kind]
