"""The questions of `feeds init`: settings of a site -> the answers of a person."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from msgspec import Struct

from feeds.config import Visibility
from feeds.generators.settings import SiteSettings
from feeds.reading.field_values import parse_bool
from feeds.urls import http_url

EXAMPLE = "https://example.com/"
"""The address of a site whose own address is not known."""

_EXAMPLES = re.compile(r"(www\.)?example\.(com|net|org)|your-.*|localhost|127\.0\.0\.1")
"""The hosts that generators write into a new site's configuration."""

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
    is_title_known: bool = True
    """Whether the title is more than the name of the site's folder."""
    hidden: Visibility = "leave-out"
    """What feeds do with posts that have ``hidden: true``."""


def ask_for_answers(settings: SiteSettings, folder: Path, ask: Ask) -> Answers:
    """Ask four questions; the defaults are from the settings and the folder's name.

    Ask a fifth one if posts have ``hidden: true``, which is a word of some themes.
    """
    name = folder.absolute().name or "News"
    title = ask("What is the title of the site?", settings.title or name, _title_fault)
    url = ask("What is its address?", _base_url(settings.url) or EXAMPLE, _url_fault)
    feeds_url = ask("What will be the address of its feeds?", _feeds_url(url), _url_fault)
    language = ask("Which language is it in?", _language_tag(settings.language), _language_fault)
    hidden = _ask_about_hidden(settings, ask)
    is_known = bool(settings.title) or title != name
    return Answers(title, url, feeds_url, _language_tag(language), is_known, hidden)


def _ask_about_hidden(settings: SiteSettings, ask: Ask) -> Visibility:
    """Ask whether feeds have posts with ``hidden: true``; as the generator does, if there are none.

    Without a known generator, do not ask: the folder may hold anything.
    """
    if not settings.generator or not settings.hidden_posts:
        return settings.hidden
    have = f"{settings.hidden_posts:,} of {settings.post_count:,} posts have hidden: true."
    does = "publishes" if settings.hidden == "publish" else "does not publish"
    question = f"{have} {settings.generator} {does} them. Are they in the feeds?"
    answer = ask(question, "yes" if settings.hidden == "publish" else "no", _yes_no_fault)
    return "publish" if parse_bool(answer) else "leave-out"


def _yes_no_fault(answer: str) -> str:
    return "answer yes or no" if parse_bool(answer) is None else ""


def is_example(url: str) -> bool:
    """Return whether an address is only an example, as that of a new site is."""
    return bool(_EXAMPLES.fullmatch(urlsplit(url).hostname or ""))


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
    if not http_url(answer):
        return f"not a full web address; write it like {EXAMPLE}"
    return "" if _base_url(answer) else "pages cannot be below an address with ? or #; leave it out"


def _base_url(text: str) -> str:
    """An address that pages can be below; ``""`` if it is none."""
    url = http_url(text)
    return "" if {"?", "#"}.intersection(url) else url


def _language_fault(answer: str) -> str:
    is_tag = re.fullmatch(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*", answer.strip())
    return "" if is_tag else "not a language tag; write one such as en or zh-CN"
