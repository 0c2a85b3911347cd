"""Reads one post: key and bytes -> a `Post` (title, dates, link, id, terms, files), or problems.

This is the first of two steps: it decides which feeds a post belongs to, and where in them.
entry.py is the second: content and summary. Most posts of a large site are in no document any
more, and need only the first. Pure: the caller knows the time, and decides whether a date is in
the future.
"""

from __future__ import annotations

import re
from datetime import datetime

from msgspec import Struct

from feeds import paths
from feeds.config import Config
from feeds.errors import PostError
from feeds.model import Enclosure, Person, Problem, Severity, Term
from feeds.reading import field_values
from feeds.reading.dates import parse_datetime
from feeds.reading.field_lookup import Fields
from feeds.reading.front_matter.parse import FrontMatter, parse_front_matter
from feeds.reading.generators.base import GeneratorRules, generator_rules
from feeds.reading.permalink import page_url
from feeds.reading.selection import post_identity
from feeds.reading.source_link import entry_link
from feeds.reading.terms import post_terms
from feeds.text import has_visible_text, plain_text
from feeds.urls import http_url, is_uri


class Post(Struct, frozen=True):
    """A post that belongs in feeds: everything of its entry except content and summary."""

    key: str
    """The key of the object that holds the post."""
    id: str
    """The entry's id, a URI: Atom's id, RSS's guid, JSON Feed's id."""
    link: str
    """The source article, or the post's own page."""
    title: str
    """Plain text on one line."""
    published: datetime
    """Aware, in whole seconds."""
    updated: datetime
    """Not before `published`."""
    authors: tuple[Person, ...]
    """As the post names them; empty where it names nobody."""
    terms: tuple[Term, ...]
    """The terms of all taxonomies, in the post's order, without repeats."""
    language: str
    """A language tag, or ``""``."""
    image: str
    """The address of an image, or ``""``."""
    enclosure: Enclosure | None
    """A file that goes with the post."""
    summary_source: str
    """The front matter's summary, as written: Markdown, HTML or plain text."""
    body: str
    """Markdown or HTML, without the link to the source article."""
    body_line: int
    """The line of the file that the body starts on, from 1."""
    base: str
    """The address of the post's own page: relative links are relative to it."""


class ReadResult(Struct, frozen=True):
    """Result of reading one post."""

    post: Post | None
    """None with an error among the problems; None without one for a draft or a hidden post."""
    problems: tuple[Problem, ...] = ()
    """Everything wrong with the post, errors and warnings."""
    link_rule: str = ""
    """The rule that found the link: a front matter field, ``body`` or ``permalink``."""

    @property
    def failed(self) -> bool:
        """Whether the post could not be read: then its last good entry stays published."""
        return any(problem.severity == "error" for problem in self.problems)


def read_post(key: str, data: bytes, modified: datetime, config: Config) -> ReadResult:
    """Read the post at `key`. Never raises: the result has the problems.

    `modified` (aware) is the date of a post that has no date of its own.
    """
    if len(data) > config.limits.post_bytes:
        return ReadResult(None, (too_large(key, config),))
    try:
        front_matter = parse_front_matter(key, data, config.limits.front_matter_bytes)
    except PostError as error:
        return ReadResult(None, (error.problem,))
    fields = Fields(key, front_matter)
    if _is_hidden(fields):
        # An error would keep the post out of feeds; its author has already done that.
        warnings = (problem for problem in fields.problems if problem.severity == "warning")
        return ReadResult(None, tuple(warnings))
    return _read_fields(fields, front_matter, modified, config)


def too_large(key: str, config: Config) -> Problem:
    """The problem of a post that is over `limits.post_bytes`."""
    what = f"the post is larger than {config.limits.post_bytes:,} bytes"
    return Problem(key, 0, what, "shorten it, or raise limits.post_bytes")


def _is_hidden(fields: Fields) -> bool:
    """Return whether the front matter excludes the post: a draft, hidden, or not published."""
    return (
        field_values.parse_bool(fields.get("published")) is False
        or field_values.parse_bool(fields.get("draft")) is True
        or field_values.parse_bool(fields.get("hidden")) is True
        or field_values.to_text(fields.get("status")).lower() in ("draft", "hidden", "private")
    )


def _read_fields(
    fields: Fields, front_matter: FrontMatter, modified: datetime, config: Config
) -> ReadResult:
    """The post that the fields and the body describe; no post if a field is in error."""
    posts, rules = config.posts, generator_rules(config)
    title = _title(fields, front_matter.body, rules, config.limits.title_chars)
    published, updated = _dates(fields, modified, rules, config)
    page = page_url(fields, published, rules, config)
    link = entry_link(fields, front_matter, page, config)
    language = field_values.language_tag(fields.text(posts.language_keys))
    authors = tuple(field_values.parse_people(fields.value(posts.author_keys)))
    post = Post(
        key=fields.key,
        id=_entry_id(fields, config),
        link=link.url,
        title=title,
        published=published,
        updated=updated,
        authors=authors,
        terms=post_terms(fields, authors, language, config),
        language=language,
        image=_file_url(fields, posts.image_keys, page),
        enclosure=_enclosure(fields, posts.enclosure_keys, page),
        summary_source=fields.text(posts.summary_keys),
        body=link.body,
        body_line=front_matter.body_line,
        base=page,
    )
    result = ReadResult(post, tuple(fields.problems), link.rule)
    return ReadResult(None, result.problems) if result.failed else result


def _title(fields: Fields, body: str, rules: GeneratorRules, limit: int) -> str:
    """The title, of at most `limit` characters.

    Without the field, it is the body's first heading, unless the generator makes another.
    """
    title = plain_text(field_values.to_text(fields.get("title") or ""))
    if not title and (title := plain_text(rules.title(fields.key))):
        return title[:limit]
    if not title and "title" not in fields:
        heading = re.match(r"\s*#[ \t]+(\S[^\n]*)", body[:2000])
        title = plain_text(heading[1].rstrip("# ")) if heading else ""
    if not has_visible_text(title):
        what = "the title is empty" if "title" in fields else "there is no title"
        fields.report("title", what, 'write title: "…" in the front matter')
    return title if len(title) <= limit else title[: limit - 1] + "…"


def _dates(
    fields: Fields, modified: datetime, rules: GeneratorRules, config: Config
) -> tuple[datetime, datetime]:
    """When the post was published, and when it was last updated."""
    published = _date_field(fields, config.posts.date_keys, rules, config, "error")
    if published is None:
        published = rules.date_in_key(fields, config) or modified.replace(microsecond=0)
    updated = _date_field(fields, config.posts.updated_keys, rules, config, "warning")
    return published, max(updated, published) if updated else published


def _date_field(
    fields: Fields,
    names: tuple[str, ...],
    rules: GeneratorRules,
    config: Config,
    severity: Severity,
) -> datetime | None:
    """The date in the first of these fields that has a value. Reports a value that is not one."""
    name, value = fields.first(names)
    if not value:
        return None
    try:
        text = field_values.to_text(value)
        return parse_datetime(text, rules.date_zone(text, config))
    except ValueError as error:
        todo = "dates look like 2026-11-30 14:51:02 +0800"
        fields.report(name, f"{name}: {error}", todo, severity)
        return None


def _entry_id(fields: Fields, config: Config) -> str:
    """The id of the entry, which RSS calls its guid.

    That is the front matter's `id` or `guid`, if it is a URI. A value that is not becomes part of
    a tag URI (RFC 4151). Without a value, the tag URI has the post's key, or the key's stem if
    `posts.id_from` is ``"stem"``.
    """
    given = fields.text(("id", "guid"))
    if is_uri(given):
        return given
    name = f"id/{given[:500]}" if given else post_identity(fields.key, config)
    return paths.tag_uri(config.posts.id_authority, name)


def _file_url(fields: Fields, names: tuple[str, ...], page: str) -> str:
    """The absolute http(s) address in an image or enclosure field; ``""`` if there is none."""
    address = field_values.first_address(fields.value(names))
    return http_url(paths.resolved(page, address)) if address else ""


def _enclosure(fields: Fields, names: tuple[str, ...], page: str) -> Enclosure | None:
    """The enclosure; without a type in the front matter, the type of the address's ending."""
    url, value = _file_url(fields, names, page), fields.value(names)
    if not url:
        return None
    if isinstance(value, list):
        value = value[0]
    table = value if isinstance(value, dict) else {}
    length, media_type = str(table.get("length", "")), str(table.get("type", "")).lower()
    if not re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", media_type):
        media_type = field_values.media_type(url)
    return Enclosure(
        url=url,
        type=media_type,
        length=int(length) if re.fullmatch(r"[0-9]{1,15}", length) else 0,
    )
