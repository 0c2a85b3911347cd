"""Reads one post: key and bytes -> a `Post`, the decision to leave it out, or problems.

A `Post` has title, dates, link, id, terms and files.

This is the first of two steps: it decides which feeds a post belongs to, and where in them.
entry.py is the second: content and summary. Most posts of a large site are in no document any
more, and need only the first. Pure: the caller knows the time, and decides whether a date is in
the future.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from feeds.config import Config
from feeds.errors import PostError
from feeds.model import Enclosure, Person, Problem, Term
from feeds.reading import field_values
from feeds.reading.content.locked_text import public_text
from feeds.reading.content.templates.values import may_show_fields
from feeds.reading.enclosure import (
    attachment_key,
    file_url,
    read_enclosure,
    unknown_length_problem,
)
from feeds.reading.field_lookup import Fields, flat_fields
from feeds.reading.front_matter.formats import Value, is_html
from feeds.reading.front_matter.parse import FrontMatter, parse_front_matter
from feeds.reading.front_matter.raw_fields import read_raw
from feeds.reading.generators.base import dialect_of, field_defaults
from feeds.reading.generators.page_url import base_of, page_rule, page_url
from feeds.reading.generators.post_rules import is_withheld
from feeds.reading.identity import entry_id
from feeds.reading.publication_window import (
    Window,
    date_field,
    own_date,
    publication_window,
    window_as_written,
)
from feeds.reading.source_link import entry_link
from feeds.reading.terms import post_terms
from feeds.reading.title import post_title
from feeds.reading.visibility.decision import Decision, decide_visibility
from feeds.text import language_tag


class Post(Struct, frozen=True):
    """A post that belongs in feeds: everything of its entry except content and summary."""

    key: str
    """The key of the object that holds the post."""
    id: str
    """The entry's id, a URI."""
    guid: str
    """The guid as the post has it, if it is not a URI; else ``""``."""
    link: str
    """The source article, or the post's own page."""
    title: str
    """Plain text on one line."""
    published: datetime
    """Aware, in whole seconds."""
    updated: datetime
    """Not before `published`. It may be in the future (`Entry.as_of`)."""
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
    attachment: str
    """The key that the enclosure's file may have, if its length is unknown; else ``""``."""
    summary_source: str
    """The front matter's summary, as written: Markdown, HTML or plain text."""
    body: str
    """Markdown or HTML, without the link to the source article; of a post that is locked, only the
    part that everybody may read."""
    body_line: int
    """The line of the file that the body starts on, from 1."""
    page: str
    """The address of the post's own page."""
    base: str
    """What relative links are relative to: the page, or the folder of a post that is a folder."""
    values: dict[str, Value] = {}
    """The fields of the front matter, for a body that may show some; else empty."""
    expires: datetime | None = None
    """When the post stops being public (publication_window.py); None if it does not."""


class ReadResult(Struct, frozen=True):
    """Result of reading one post."""

    post: Post | None
    """None with an error among the problems; None without one for a post that is left out."""
    problems: tuple[Problem, ...] = ()
    """Everything wrong with the post, errors and warnings."""
    link_rule: str = ""
    """What the link is from: a front matter field, ``body``, or what gives the address of the
    post's own page (`page_rule`)."""
    has_source: bool = False
    """Whether the link leads to a source article."""
    decision: Decision = Decision()
    """What feeds may show of the post, and why."""
    undated: bool = False
    """Whether the post has no date of its own: it has the date of its file, or is left out."""
    window: Window | None = None
    """When a post with an error is public, as far as its dates say; None for any other."""
    future_change: Problem | None = None
    """The warning about `Post.updated`, for as long as it is in the future."""
    unknown_length: Problem | None = None
    """The warning about the enclosure, if nobody knows its length."""

    def warnings(self, now: datetime) -> tuple[Problem, ...]:
        """The problems that the post has only until some time after `now`."""
        if self.post is None or self.future_change is None or self.post.updated <= now:
            return ()
        return (self.future_change,)

    def with_attachment(self, size: int) -> ReadResult:
        """The result with the size in bytes of the file `Post.attachment`; 0 if there is none.

        A length that stays unknown is reported.
        """
        if self.post is None or self.post.enclosure is None or self.unknown_length is None:
            return self
        if size:
            enclosure = replace(self.post.enclosure, length=size)
            return replace(self, post=replace(self.post, enclosure=enclosure))
        return replace(self, problems=(*self.problems, self.unknown_length))

    def as_of(self, now: datetime) -> ReadResult:
        """The result at `now`, with its warnings; see `Entry.as_of`."""
        warnings = self.warnings(now)
        if self.post is None or not warnings:
            return self
        post = replace(self.post, updated=self.post.published)
        return replace(self, post=post, problems=(*self.problems, *warnings))

    @property
    def failed(self) -> bool:
        """Whether the post could not be read: then its last good entry stays published, unless
        the post is closed now."""
        return any(problem.severity == "error" for problem in self.problems)


def read_post(key: str, data: bytes, modified: datetime, config: Config) -> ReadResult:
    """Read the post at `key`. Never raises: the result has the problems.

    `modified` (aware) is the date of a post that has no date of its own.
    """
    if len(data) > config.limits.post_bytes:
        return read_large_post(key, data[: start_bytes(config)], config)
    try:
        front_matter = parse_front_matter(key, data, config.limits.front_matter_bytes)
    except PostError as error:
        return _unreadable(key, data, error.problem, config)
    fields = Fields(key, front_matter, field_defaults(key, config))
    decision, body = _decide(front_matter, key, config)
    if decision.effect == "leave-out":
        # An error would keep the post out of feeds; its author has already done that.
        warnings = (problem for problem in fields.problems if problem.severity == "warning")
        return ReadResult(None, tuple(warnings), decision=decision)
    result = _read_fields(fields, replace(front_matter, body=body), modified, config)
    if result.post and decision.is_locked:
        # These files belong to the text, unless a part of it is public.
        image = result.post.image if body else ""
        result = replace(
            result, post=replace(result.post, image=image, enclosure=None, attachment="")
        )
    return replace(result, decision=decision.stricter(result.decision))


def start_bytes(config: Config) -> int:
    """How many bytes of a post are read if it is over a limit, or cannot be read."""
    return 4 * config.limits.front_matter_bytes


def read_large_post(key: str, start: bytes, config: Config) -> ReadResult:
    """The result of reading a post that is over `limits.post_bytes`, by its first `start_bytes`."""
    return _unreadable(key, start, too_large(key, config), config)


def _unreadable(key: str, data: bytes, problem: Problem, config: Config) -> ReadResult:
    """The result for a post with this problem. Its lines may still say that it is closed."""
    raw = read_raw(key, data, start_bytes(config))
    decision, _ = _decide(FrontMatter(raw.fields, raw.body, 1, {}), key, config)
    window = window_as_written(raw.pairs(), config)
    return ReadResult(None, (problem,), decision=decision, window=window)


def too_large(key: str, config: Config) -> Problem:
    """The problem of a post that is over `limits.post_bytes`."""
    what = f"the post is larger than {config.limits.post_bytes:,} bytes"
    return Problem(key, 0, what, "shorten it, or raise limits.post_bytes")


def _decide(front_matter: FrontMatter, key: str, config: Config) -> tuple[Decision, str]:
    """What feeds may show of the post, and the part of its body that everybody may read."""
    decision = decide_visibility(front_matter.metadata, config)
    if is_withheld(key, front_matter.metadata, config):
        decision = Decision("leave-out", "published: false in posts.rules")
    dialect, is_markdown = dialect_of(config), not is_html(key)
    public = public_text(front_matter.body, dialect, config.limits, is_markdown=is_markdown)
    body = public.text
    if decision.effect == "lock" or (decision.effect == "preview" and not public.is_preview):
        body = ""
    if public.marker:
        decision = Decision("preview", public.marker).stricter(decision)
    if decision.is_locked and config.posts.locked == "leave-out":
        decision = Decision("leave-out", decision.reason)
    return decision, body


def _read_fields(
    fields: Fields, front_matter: FrontMatter, modified: datetime, config: Config
) -> ReadResult:
    """The post that the fields and the body describe; no post if a field is in error."""
    posts = config.posts
    title = post_title(fields, front_matter.body, config)
    before = len(fields.problems)
    day = own_date(fields, config)
    has_no_date = day is None and len(fields.problems) == before
    if has_no_date and posts.undated == "skip":
        warnings = (problem for problem in fields.problems if problem.severity == "warning")
        no_date = Decision("leave-out", "no date")
        return ReadResult(None, tuple(warnings), decision=no_date, undated=True)
    published = day or modified.replace(microsecond=0)
    updated = _updated(fields, published, config)
    page = page_url(fields, published, config)
    base = base_of(page, fields.key, config)
    id_, guid = entry_id(fields, page, published, config)
    published, expires = publication_window(fields, published, config)
    link = entry_link(fields, front_matter, page, config)
    language = language_tag(fields.text(posts.language_keys))
    authors = tuple(field_values.parse_people(fields.value(posts.author_keys)))
    enclosure = read_enclosure(fields, base, config)
    post = Post(
        key=fields.key,
        id=id_,
        guid=guid,
        link=link.url,
        title=title,
        published=published,
        updated=max(updated, published),
        authors=authors,
        terms=post_terms(fields, authors, language, config),
        language=language,
        image=file_url(fields, posts.image_keys, base),
        enclosure=enclosure,
        attachment=attachment_key(fields, enclosure, config),
        summary_source=fields.text(posts.summary_keys),
        body=link.body,
        body_line=front_matter.body_line,
        page=page,
        base=base,
        values=front_matter.metadata if may_show_fields(link.body, config) else {},
        expires=expires,
    )
    future_change = _future_change(fields, config) if updated > published else None
    unknown_length = None
    if enclosure and not enclosure.length:
        unknown_length = unknown_length_problem(fields, post.attachment, config)
    result = ReadResult(
        post,
        tuple(fields.problems),
        link.rule or page_rule(fields, config),
        has_source=bool(link.rule),
        undated=has_no_date,
        future_change=future_change,
        unknown_length=unknown_length,
    )
    if not result.failed:
        return result
    texts = ((name, field_values.to_text(value)) for name, value in flat_fields(fields.metadata))
    return ReadResult(None, result.problems, window=window_as_written(texts, config))


def _updated(fields: Fields, published: datetime, config: Config) -> datetime:
    """When the post was last updated."""
    updated = date_field(fields, config.posts.updated_keys, config, "warning")
    return max(updated, published) if updated else published


def _future_change(fields: Fields, config: Config) -> Problem:
    """The warning about the date of the last change, for as long as it is in the future."""
    name, value = fields.first(config.posts.updated_keys)
    what = f"{name}: {field_values.to_text(value)} is in the future"
    todo = "correct it; until then, the post counts as unchanged since its publication"
    return fields.problem(name, what, todo, "warning")
