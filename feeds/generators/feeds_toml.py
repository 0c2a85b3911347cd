"""Settings of a site and answers of a person -> the text of a feeds.toml with comments."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from msgspec import Struct

from feeds.config import Posts, Visibility
from feeds.config_file.parse import parse_config
from feeds.generators.hidden_posts import count_hidden_posts
from feeds.generators.settings import SiteSettings, is_time_zone
from feeds.reading.field_values import parse_bool
from feeds.text import one_line
from feeds.urls import http_url, id_authority


def machine_zone() -> str:
    """The name of this machine's time zone; ``UTC`` if it is not settings."""
    from_environment = os.environ.get("TZ", "").lstrip(":")
    from_link = Path("/etc/localtime").resolve().as_posix().partition("zoneinfo/")[2]
    for name in (from_environment, from_link):
        if name and is_time_zone(name):
            return name
    return "UTC"


# --- questions ------------------------------------------------------------------------------------

Ask: TypeAlias = Callable[[str, str, Callable[[str], str]], str]
"""Asks a question: its text, the default answer, and a function that returns a fault or ``""``."""


class Answers(Struct, frozen=True):
    """The answers to the questions."""

    title: str
    """The title of the site."""
    url: str
    """The address of the site."""
    feeds_url: str
    """The address that the feeds are served at."""
    language: str
    """A language tag."""
    hidden: Visibility = "leave-out"
    """What feeds do with posts that have ``hidden: true``."""


def ask_for_answers(settings: SiteSettings, folder: Path, ask: Ask) -> Answers:
    """Ask four questions; the defaults are from the settings and the folder's name.

    Ask a fifth one if posts have ``hidden: true``, which is a word of some themes.
    """
    name = folder.absolute().name or "News"
    title = ask("What is the title of the site?", settings.title or name, _title_fault)
    url = ask("What is its address?", http_url(settings.url) or EXAMPLE, _url_fault)
    feeds_url = ask("What will be the address of its feeds?", _feeds_url(url), _url_fault)
    language = ask("Which language is it in?", _language_tag(settings.language), _language_fault)
    hidden = _ask_about_hidden(settings, folder, ask)
    return Answers(title, url, feeds_url, _language_tag(language), hidden)


def _ask_about_hidden(settings: SiteSettings, folder: Path, ask: Ask) -> Visibility:
    """Ask whether feeds have posts with ``hidden: true``; as the generator does, if there are none.

    Without a known generator, nothing is counted: the folder may hold anything.
    """
    if not settings.generator:
        return settings.hidden
    counts = count_hidden_posts(folder / settings.posts)
    if not counts.hidden:
        return settings.hidden
    have = f"{counts.hidden:,} of {counts.posts:,} posts have hidden: true."
    does = "publishes" if settings.hidden == "publish" else "does not publish"
    question = f"{have} {settings.generator} {does} them. Are they in the feeds?"
    answer = ask(question, "yes" if settings.hidden == "publish" else "no", _yes_no_fault)
    return "publish" if parse_bool(answer) else "leave-out"


def _yes_no_fault(answer: str) -> str:
    return "answer yes or no" if parse_bool(answer) is None else ""


EXAMPLE = "https://example.com/"


def _feeds_url(url: str) -> str:
    """An address on a host of its own, so that no feed replaces a page of the site."""
    parts = urlsplit(http_url(url))
    return f"{parts.scheme}://feeds.{(parts.hostname or '').removeprefix('www.')}/"


def _language_tag(language: str) -> str:
    """A language as a tag: ``de-AT`` for ``de_AT.UTF-8``; ``en`` if it is not a language."""
    tag = re.split(r"[.@]", language.strip())[0].replace("_", "-")
    return "en" if _language_fault(tag) else tag


def _title_fault(answer: str) -> str:
    return "" if answer.strip() else "the title is empty; write a title"


def _url_fault(answer: str) -> str:
    return "" if http_url(answer) else f"not a full web address; write it like {EXAMPLE}"


def _language_fault(answer: str) -> str:
    is_tag = re.fullmatch(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*", answer.strip())
    return "" if is_tag else "not a language tag; write one such as en or zh-CN"


# --- the file -------------------------------------------------------------------------------------

_FILE = """\
# Settings of the feeds. Only title and url are required. All keys: docs/configuration.md

[site]
title = {title}
url = {url}  # relative links and images in posts are relative to this
description = {description}
language = {language}  # of the posts, and of the texts on pages
timezone = {timezone}  # of dates without one
{author}
[feeds]
url = {feeds_url}  # of the feeds; not the site's address, because feeds have pages too
limit = 50  # entries in a feed; older entries are in its archive
content = "full"  # or "summary"
taxonomies = ["category"]  # with a feed for each category; also: "tag", "author", "lang"

[posts]
# The folder of the posts. Ids of entries are relative to it. "." is the folder of this file.
{folder}
# The domain and year in the ids of entries (RFC 4151). Feed readers recognise entries by their ids:
# if this changes, they show every post as new. Keep it, even if the site's address changes.
id_authority = {authority}
# The address of a post's own page, for posts without a permalink. Posts without a source article
# link to it.
permalink = {permalink}
{undated}{hidden}{split}"""
_AUTHOR = """\
# The author of posts without an author. The email address is public.
author = {{ name = {name}{email} }}
"""
_UNDATED = """\
# {generator}'s posts have dates. Other pages, such as an "about" page, have none: leave them out.
undated = "skip"
"""
_HIDDEN = """\
# Posts with hidden: true are in the feeds: the field is a word of some themes, and the site
# generator publishes them. To keep them out of the feeds, write "leave-out".
visibility = {{ hidden = "publish" }}
"""
_SPLIT = """
[categories]
split = true  # "categories: a b" is two categories, as in Jekyll
"""


def feeds_toml_text(settings: SiteSettings, answers: Answers, zone: str, year: int) -> str:
    """The text of a valid feeds.toml; `zone` is the time zone if the settings have none."""
    address = re.fullmatch(r"[^\s<>()@]+@[^\s<>()@]+", settings.email)
    email = f", email = {_quoted(settings.email)}" if address else ""
    author = _AUTHOR.format(name=_quoted(settings.author), email=email) if settings.author else ""
    text = _FILE.format(
        title=_quoted(answers.title),
        url=_quoted(answers.url),
        description=_quoted(settings.description),
        language=_quoted(answers.language),
        timezone=_quoted(settings.timezone if is_time_zone(settings.timezone) else zone),
        author=author,
        feeds_url=_quoted(answers.feeds_url),
        authority=_quoted(id_authority(answers.url, year) or f"localhost,{year}"),
        folder=f"folder = {_quoted(settings.posts)}" if settings.posts else '# folder = "posts"',
        permalink=_quoted(settings.permalink or Posts().permalink),
        hidden=_HIDDEN.format() if answers.hidden == "publish" else "",
        undated=_UNDATED.format(generator=settings.generator) if settings.generator else "",
        split=_SPLIT if settings.split else "",
    )
    parse_config(text)
    return text


def _quoted(text: str) -> str:
    """A TOML text on one line, without the characters that TOML and XML cannot hold."""
    return json.dumps(" ".join(one_line(text).split()), ensure_ascii=False)
