"""Parses feeds.toml: text -> a Config, or all problems of the file, each with the key's path."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from feeds.config import Config, Feeds, Limits, Posts, Site, T
from feeds.errors import ConfigError
from feeds.site_generators import SITE_GENERATORS
from feeds.urls import http_url

S = TypeVar("S", bound=Struct)


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
    problems += [problem for problem in _check(config) if not _is_within(_path(problem), reported)]
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
        problems.append(f"{path}: expected a table, found {_show(data)}")
        return _placeholder(kind)
    hints = get_type_hints(kind, include_extras=True)
    fields = {f.name: f for f in msgspec.structs.fields(kind) if f.name != "theme"}
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
    problems.append(f"{path}: expected {_expected(kind)}, found {_show(value)}")
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


def _show(value: object) -> str:
    """A value as JSON, cut to 60 characters, for a message."""
    text = msgspec.json.encode(value, enc_hook=str).decode()
    return text if len(text) <= 60 else text[:57] + "…"


# Characters that XML 1.0 (2.2) forbids, and the C1 controls; TOML can write them as \u0000.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


def _texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Each text in `value` with its path; also the keys of tables."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _texts(item, f"{path}[{i}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            key_path = f"{path}.{key}".lstrip(".")
            yield key_path, key
            yield from _texts(item, key_path)


def _repeats(path: str, values: Sequence[str]) -> Iterator[str]:
    """A problem for each value that the list has already."""
    for i, value in enumerate(values):
        if value in values[:i]:
            yield f"{path}[{i}]: expected each only once, found {_show(value)} again"


def _check(config: Config) -> Iterator[str]:
    """The problems that the types of the fields cannot express."""
    for path, text in _texts(msgspec.to_builtins(config), ""):
        if _CONTROLS.search(text):
            yield f"{path}: expected text without control characters, found {_show(text)}"
    yield from _check_site(config.site)
    yield from _check_feeds(config.feeds)
    yield from _check_posts(config.posts)
    if not config.categories.default.strip():
        yield "categories.default: expected a name, found an empty text"
    for limit in msgspec.structs.fields(Limits):
        number = getattr(config.limits, limit.name)
        if number < 1:
            yield f"limits.{limit.name}: expected a number of at least 1, found {number}"


def _check_site(site: Site) -> Iterator[str]:
    if not site.title.strip():
        yield "site.title: expected a title, found an empty text"
    yield from _check_folder_url("site.url", site.url)
    author_uri = site.author.uri if site.author else ""
    urls = (("site.icon", site.icon), ("site.logo", site.logo), ("site.author.uri", author_uri))
    for path, url in urls:
        if url and not http_url(url):
            yield f"{path}: expected an http(s) address, found {_show(url)}"
    if site.author and not site.author.name.strip():
        yield "site.author.name: expected a name, found an empty text"
    if site.author and site.author.email and not _EMAIL.fullmatch(site.author.email):
        yield f"site.author.email: expected an e-mail address, found {_show(site.author.email)}"
    try:
        ZoneInfo(site.timezone)
    except (KeyError, ValueError, OSError):
        yield (
            "site.timezone: expected the name of a time zone such as "
            f'"Europe/Berlin", found {_show(site.timezone)}'
        )
    if not re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", site.language):
        yield (
            f'site.language: expected a language tag such as "zh-CN", found {_show(site.language)}'
        )


def _check_feeds(feeds: Feeds) -> Iterator[str]:
    if feeds.url:
        yield from _check_folder_url("feeds.url", feeds.url)
    if not feeds.formats:
        yield "feeds.formats: expected at least one format, found none"
    if not 1 <= feeds.limit <= 1000:
        yield f"feeds.limit: expected a number from 1 to 1000, found {feeds.limit}"
    if feeds.templates and not _is_beside(feeds.templates):
        yield (
            f"feeds.templates: expected a folder beside this file, found {_show(feeds.templates)}"
        )
    yield from _repeats("feeds.formats", feeds.formats)
    yield from _repeats("feeds.taxonomies", feeds.taxonomies)
    yield from _repeats("feeds.hubs", [http_url(hub) or hub for hub in feeds.hubs])
    for i, hub in enumerate(feeds.hubs):
        if not http_url(hub).startswith("https:"):
            yield f"feeds.hubs[{i}]: expected an https address, found {_show(hub)}"


def _check_posts(posts: Posts) -> Iterator[str]:
    if not re.fullmatch(r"[A-Za-z0-9@._-]+,\d{4}(-\d\d(-\d\d)?)?", posts.id_authority):
        yield (
            'posts.id_authority: expected a name and a date such as "example.com,2026", '
            f"found {_show(posts.id_authority)}"
        )
    generator = SITE_GENERATORS.get(posts.generator)
    styles = generator.permalink_styles if generator else ()
    if not posts.permalink.startswith("/") and posts.permalink not in styles:
        names = f", or one of {', '.join(styles)}" if styles else ""
        what = f"a path that starts with /{names}"
        yield f"posts.permalink: expected {what}, found {_show(posts.permalink)}"


_EMAIL = re.compile(r"[^\s<>()@]+@[^\s<>()@]+")


def _is_beside(folder: str) -> bool:
    """Return whether a folder is relative and below feeds.toml, as `make package` needs it."""
    steps = folder.removesuffix("/").split("/")
    return not re.search(r"[\\:]", folder) and not {"", ".", ".."}.intersection(steps)


def _check_folder_url(path: str, url: str) -> Iterator[str]:
    """Check a URL that document names are appended to: it has no query and no fragment."""
    parts = urlsplit(http_url(url))
    if not parts.hostname or parts.query or parts.fragment:
        yield f'{path}: expected an address such as "https://example.com/", found {_show(url)}'
