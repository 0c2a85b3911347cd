"""The settings of a site, and the answers of a person -> the text of a commented feeds.toml."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from msgspec import Struct

from feeds.config import Posts
from feeds.config_file import parse_config
from feeds.generators.settings import SiteSettings, is_time_zone
from feeds.text import one_line
from feeds.urls import http_url


def machine_zone() -> str:
    """The name of this machine's time zone; "UTC" where it has none that is known."""
    named = os.environ.get("TZ", "").lstrip(":")
    linked = Path("/etc/localtime").resolve().as_posix().partition("zoneinfo/")[2]
    for name in (named, linked):
        if name and is_time_zone(name):
            return name
    return "UTC"


# --- what is asked --------------------------------------------------------------------------------

Ask: TypeAlias = Callable[[str, str, Callable[[str], str]], str]
"""Asks a person: the words, the likely answer, what is wrong with one (``""``: nothing)."""


class Answers(Struct, frozen=True):
    """What a person said, or would have."""

    title: str
    url: str
    feeds_url: str
    language: str


def ask_for_answers(known: SiteSettings, folder: Path, ask: Ask) -> Answers:
    """Ask the four questions whose answers nobody can guess for sure."""
    name = folder.absolute().name or "News"
    title = ask("What is the site called?", known.title or name, _no_text)
    url = ask("What is its address?", http_url(known.url) or EXAMPLE, _no_address)
    feeds_url = ask("At which address will its feeds be?", _beside(url), _no_address)
    language = ask("Which language is it in?", _tag(known.language), _no_language)
    return Answers(title, url, feeds_url, _tag(language))


EXAMPLE = "https://example.com/"


def _beside(url: str) -> str:
    """An address for feeds on a host of their own, so that they take no page's place."""
    parts = urlsplit(http_url(url))
    return f"{parts.scheme}://feeds.{(parts.hostname or '').removeprefix('www.')}/"


def _tag(language: str) -> str:
    tag = re.split(r"[.@]", language.strip())[0].replace("_", "-")
    return "en" if _no_language(tag) else tag


def _no_text(answer: str) -> str:
    return "" if answer.strip() else "it needs a name"


def _no_address(answer: str) -> str:
    return "" if http_url(answer) else f"it needs an address such as {EXAMPLE}"


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


def feeds_toml_text(known: SiteSettings, said: Answers, zone: str, year: int) -> str:
    """The text of a feeds.toml; it is valid."""
    host = urlsplit(http_url(said.url)).hostname or ""
    named = re.sub(r"[^a-z0-9.-]", "-", host.removeprefix("www."))
    address = re.fullmatch(r"[^\s<>()@]+@[^\s<>()@]+", known.email)
    email = f", email = {_quoted(known.email)}" if address else ""
    author = _AUTHOR.format(name=_quoted(known.author), email=email) if known.author else ""
    text = _FILE.format(
        title=_quoted(said.title),
        url=_quoted(said.url),
        description=_quoted(known.description),
        language=_quoted(said.language),
        timezone=_quoted(known.timezone if is_time_zone(known.timezone) else zone),
        author=author,
        feeds_url=_quoted(said.feeds_url),
        authority=_quoted(f"{named},{year}"),
        permalink=_quoted(known.permalink or Posts().permalink),
        split=_SPLIT if known.split else "",
    )
    parse_config(text)
    return text


def _quoted(text: str) -> str:
    """A TOML text, on one line, without what TOML and XML cannot hold."""
    return json.dumps(" ".join(one_line(text).split()), ensure_ascii=False)
