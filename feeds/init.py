"""Owns `feeds init`: what a site's own configuration says -> a commented feeds.toml.

Jekyll's, Hugo's and Pelican's configurations are read as data, never run; what cannot be read is as
if it were not there. Asking and writing are the command line's.
"""

from __future__ import annotations

import ast
import json
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import yaml
from msgspec import Struct
from msgspec.structs import replace

from feeds import config, content, links

_LARGEST = 1_000_000


class Guess(Struct, frozen=True):
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


# --- what is there --------------------------------------------------------------------------------


def guess(folder: Path) -> Guess:
    """What a site's own configuration in a folder says; nothing where there is none."""
    unread = ""
    for kind, files, read, understood in _KINDS:
        for file in files:
            path = folder / file
            try:
                if not path.is_file() or path.stat().st_size > _LARGEST:
                    continue
                values = read(path.read_text(encoding="utf-8-sig"))
            except (OSError, ValueError, yaml.YAMLError, SyntaxError, RecursionError):
                unread = unread or file
                continue
            found = understood(values)
            if found.title or found.url:
                posts = next((p for p in _POSTS[kind] if (folder / p).is_dir()), "")
                return replace(found, kind=kind, file=file, posts=posts)
    return Guess(unread=unread)


Values = Mapping[str, object]


def _toml(text: str) -> Values:
    return tomllib.loads(text)


def _yaml(text: str) -> Values:
    if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
        return {}  # an alias can make a small file a large value
    value = yaml.load(text, Loader=yaml.BaseLoader)
    return value if isinstance(value, dict) else {}


def _python(text: str) -> Values:
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


def _text(values: Values, *names: str) -> str:
    """The first of the names that has a text; dots lead into tables, case does not matter."""
    for name in names:
        value: object = values
        for part in name.lower().split("."):
            tables = value if isinstance(value, dict) else {}
            value = next((v for k, v in tables.items() if str(k).lower() == part), None)
        if isinstance(value, str) and value.strip():
            return " ".join(value.split())
    return ""


def _jekyll(values: Values) -> Guess:
    """https://jekyllrb.com/docs/configuration/options/, and permalinks' built-in formats."""
    url = _text(values, "url")
    style = _text(values, "permalink") or "date"
    formats = {
        "date": "/:categories/:year/:month/:day/:title.html",
        "pretty": "/:categories/:year/:month/:day/:title/",
        "none": "/:categories/:title.html",
    }
    return Guess(
        title=_text(values, "title", "name"),
        url=url.rstrip("/") + "/" + _text(values, "baseurl").strip("/") if url else "",
        description=_text(values, "description", "tagline"),
        language=_text(values, "lang", "language", "locale"),
        timezone=_text(values, "timezone"),
        author=_text(values, "author.name", "author"),
        email=_text(values, "author.email", "email"),
        permalink=_permalink(formats.get(style, style), {}),
        split=True,
    )


def _hugo(values: Values) -> Guess:
    """https://gohugo.io/configuration/all/; a permalink of the section that posts are in."""
    sections = ("posts", "post", "blog", "articles")
    names = [f"permalinks.{kind}{name}" for kind in ("page.", "") for name in sections]
    tokens = {
        ":title": ":slug",
        ":filename": ":name",
        ":contentbasename": ":name",
        ":slugorfilename": ":slug",
        ":slugorcontentbasename": ":slug",
        ":section": "posts",
    }
    return Guess(
        title=_text(values, "title"),
        url=_text(values, "baseURL"),
        description=_text(values, "params.description", "params.subtitle"),
        language=_text(values, "locale", "languageCode", "defaultContentLanguage"),
        timezone=_text(values, "timeZone"),
        author=_text(values, "params.author.name", "params.author", "author.name"),
        email=_text(values, "params.author.email", "params.email", "author.email"),
        permalink=_permalink(_text(values, *names), tokens) or "/posts/:slug/",
    )


def _pelican(values: Values) -> Guess:
    """https://docs.getpelican.com/en/latest/settings.html"""
    tokens = {
        "{slug}": ":slug",
        "{category}": ":categories",
        "{date:%Y}": ":year",
        "{date:%m}": ":month",
        "{date:%d}": ":day",
    }
    return Guess(
        title=_text(values, "SITENAME"),
        url=_text(values, "SITEURL"),
        description=_text(values, "SITESUBTITLE"),
        language=_text(values, "DEFAULT_LANG"),
        timezone=_text(values, "TIMEZONE"),
        author=_text(values, "AUTHOR"),
        permalink=_permalink(_text(values, "ARTICLE_URL") or "{slug}.html", tokens),
    )


_KNOWN = {"year", "month", "day", "title", "slug", "name", "path", "categories"}


def _permalink(pattern: str, tokens: Mapping[str, str]) -> str:
    """A generator's pattern in our words; ``""`` where it has a part that we have not."""
    for theirs, ours in tokens.items():
        pattern = re.sub(re.escape(theirs) + (r"\b" if theirs[0] == ":" else ""), ours, pattern)
    made = "/" + pattern.lstrip("/") if pattern else ""
    unknown = set(re.findall(r":(\w+)", made)) - _KNOWN
    return "" if unknown or re.search(r"[{}\[\]]", made) else made


_KINDS: tuple[
    tuple[str, tuple[str, ...], Callable[[str], Values], Callable[[Values], Guess]], ...
] = (
    ("Hugo", ("hugo.toml", "config/_default/hugo.toml"), _toml, _hugo),
    ("Hugo", ("hugo.yaml", "hugo.yml", "config/_default/hugo.yaml"), _yaml, _hugo),
    ("Hugo", ("config.toml", "config/_default/config.toml"), _toml, _hugo),
    ("Jekyll", ("_config.yml", "_config.yaml"), _yaml, _jekyll),
    ("Pelican", ("pelicanconf.py",), _python, _pelican),
)
_POSTS = {
    "Jekyll": ("_posts",),
    "Hugo": ("content/posts", "content/post", "content/blog", "content"),
    "Pelican": ("content",),
}


def machine_zone() -> str:
    """The name of this machine's time zone; "UTC" where it has none that is known."""
    named = os.environ.get("TZ", "").lstrip(":")
    linked = Path("/etc/localtime").resolve().as_posix().partition("zoneinfo/")[2]
    for name in (named, linked):
        if name and _is_zone(name):
            return name
    return "UTC"


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


# --- what is asked --------------------------------------------------------------------------------

Ask: TypeAlias = Callable[[str, str, Callable[[str], str]], str]
"""Asks a person: the words, the likely answer, what is wrong with one (``""``: nothing)."""


class Answers(Struct, frozen=True):
    """What a person said, or would have."""

    title: str
    url: str
    feeds_url: str
    language: str


def answers(known: Guess, folder: Path, ask: Ask) -> Answers:
    """Ask the four questions whose answers nobody can guess for sure."""
    name = folder.absolute().name or "News"
    title = ask("What is the site called?", known.title or name, _no_text)
    url = ask("What is its address?", links.http_url(known.url) or EXAMPLE, _no_address)
    feeds_url = ask("At which address will its feeds be?", _beside(url), _no_address)
    language = ask("Which language is it in?", _tag(known.language), _no_language)
    return Answers(title, url, feeds_url, _tag(language))


EXAMPLE = "https://example.com/"


def _beside(url: str) -> str:
    """An address for feeds on a host of their own, so that they take no page's place."""
    parts = urlsplit(links.http_url(url))
    return f"{parts.scheme}://feeds.{(parts.hostname or '').removeprefix('www.')}/"


def _tag(language: str) -> str:
    tag = re.split(r"[.@]", language.strip())[0].replace("_", "-")
    return "en" if _no_language(tag) else tag


def _no_text(answer: str) -> str:
    return "" if answer.strip() else "it needs a name"


def _no_address(answer: str) -> str:
    return "" if links.http_url(answer) else f"it needs an address such as {EXAMPLE}"


def _no_language(answer: str) -> str:
    fits = re.fullmatch(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*", answer.strip())
    return "" if fits else "it needs a language tag such as en or zh-CN"


# --- what is written ------------------------------------------------------------------------------

_FILE = """\
# What the feeds are made from. Only title and url must be there; every key: docs/configuration.md

[site]
title = {title}
url = {url}  # relative links and images in posts are seen from here
description = {description}
language = {language}  # of the posts, and of the pages' own words
timezone = {timezone}  # of dates that have none
{author}
[feeds]
url = {feeds_url}  # where they are served; a place of their own, since they have pages
limit = 50  # entries in a feed; older ones are in its archive
content = "full"  # or "summary"
taxonomies = ["category"]  # feeds of what: also "tag", "author", "lang"

[posts]
# Who made the ids of entries, and when (RFC 4151). Readers know entries by these: a change makes
# every post a new one to every reader. Leave it as it is, even if the site's address changes.
id_authority = {authority}
# Where a post's own page is, for posts that do not say so and link to no source article.
permalink = {permalink}
{split}"""
_AUTHOR = """\
# Who answers for posts that name nobody. Readers can see the address.
author = {{ name = {name}{email} }}
"""
_SPLIT = """
[categories]
split = true  # "categories: a b" is two categories, as in Jekyll
"""


def feeds_toml(known: Guess, said: Answers, zone: str, year: int) -> str:
    """The text of a feeds.toml; it is valid."""
    host = urlsplit(links.http_url(said.url)).hostname or ""
    named = re.sub(r"[^a-z0-9.-]", "-", host.removeprefix("www."))
    address = re.fullmatch(r"[^\s<>()@]+@[^\s<>()@]+", known.email)
    email = f", email = {_quoted(known.email)}" if address else ""
    author = _AUTHOR.format(name=_quoted(known.author), email=email) if known.author else ""
    text = _FILE.format(
        title=_quoted(said.title),
        url=_quoted(said.url),
        description=_quoted(known.description),
        language=_quoted(said.language),
        timezone=_quoted(known.timezone if _is_zone(known.timezone) else zone),
        author=author,
        feeds_url=_quoted(said.feeds_url),
        authority=_quoted(f"{named},{year}"),
        permalink=_quoted(known.permalink or config.Posts().permalink),
        split=_SPLIT if known.split else "",
    )
    config.parse(text)
    return text


def _quoted(text: str) -> str:
    """A TOML text, on one line, without what TOML and XML cannot hold."""
    return json.dumps(" ".join(content.one_line(text).split()), ensure_ascii=False)
