"""Reads one post: key and bytes -> a `Post` (title, dates, link, id, terms, files), or problems.

It is the first of two steps: what places a post in feeds. entry.py is the second: content and
summary. Most posts of a large site are in no document any more, and need only the first. Pure:
whether a date is in the future is for the caller, who knows the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache, lru_cache
from urllib.parse import quote

from msgspec import Struct

from feeds import paths
from feeds.config import Config
from feeds.errors import PostError
from feeds.model import Enclosure, Person, Problem, Severity, Term
from feeds.reading import field_values
from feeds.reading.dates import date_in_file_name, date_in_path, parse_datetime
from feeds.reading.front_matter.formats import Value
from feeds.reading.front_matter.parse import FrontMatter, parse_front_matter
from feeds.reading.selection import post_identity
from feeds.reading.source_link import find_source_link
from feeds.reading.terms import PostFields, read_terms
from feeds.text import has_visible_text, plain_text
from feeds.urls import MAX_URL_LENGTH, http_url, is_uri


class Post(Struct, frozen=True):
    """A post that belongs in feeds, placed: everything of its entry but the content.

    `base` is the post's own page on the site: what relative links are relative to. `about` is the
    front matter's own summary, as written.
    """

    key: str
    id: str
    link: str
    title: str
    published: datetime
    updated: datetime
    authors: tuple[Person, ...]
    terms: tuple[Term, ...]
    language: str
    image: str
    enclosure: Enclosure | None
    about: str
    body: str
    body_line: int
    base: str


class ReadResult(Struct, frozen=True):
    """What reading a post came to: a post, or none because it is not meant to be one, or problems.

    `post` is None and no problem is an error: a draft, hidden, or not published.
    `link_from` names the rule that found the link: a front matter key, ``body``, ``permalink``.
    """

    post: Post | None
    problems: tuple[Problem, ...] = ()
    link_from: str = ""

    @property
    def failed(self) -> bool:
        """Whether the post could not be read: then its last good entry stays."""
        return any(problem.severity == "error" for problem in self.problems)


# --- reading -------------------------------------------------------------------------------------


def read_post(key: str, data: bytes, modified: datetime, config: Config) -> ReadResult:
    """Read the post at `key`. `modified` (aware) dates a post that says nothing of its date.

    Never raises: what is wrong with the post is in the problems.
    """
    try:
        if len(data) > config.limits.post_bytes:
            return ReadResult(None, (too_large(key, config),))
        found = parse_front_matter(key, data, config.limits.front_matter_bytes)
        return _Reader(key, found, modified, config).reading()
    except PostError as error:
        return ReadResult(None, (error.problem,))


def too_large(key: str, config: Config) -> Problem:
    """The problem of a post that is over `limits.post_bytes`."""
    what = f"the post is larger than {config.limits.post_bytes:,} bytes"
    return Problem(key, 0, what, "shorten it, or raise limits.post_bytes")


class _Reader:
    """One post being read: its fields, and the problems found on the way."""

    def __init__(self, key: str, found: FrontMatter, modified: datetime, config: Config) -> None:
        self.key, self.found, self.modified, self.config = key, found, modified, config
        self.fields = {name.lower(): value for name, value in found.metadata.items()}
        self.there = tuple(self.fields)
        self.places = {name.lower(): place for name, place in found.places.items()}
        self.problems = list(found.problems)

    def reading(self) -> ReadResult:
        if self._unlisted():
            # What is wrong with it keeps nothing out of the feeds: the author has taken it out.
            return ReadResult(None, tuple(p for p in self.problems if p.severity == "warning"))
        config = self.config
        title = self._title()
        published, updated = self._dates()
        base = self._base(published)
        link, link_from, body = self._link(base)
        language = field_values.language_tag(self._text(config.posts.language_keys))
        authors = tuple(field_values.parse_people(self._value(config.posts.author_keys)))
        post = Post(
            key=self.key,
            id=self._id(),
            link=link,
            title=title,
            published=published,
            updated=updated,
            authors=authors,
            terms=self._terms(authors, language),
            language=language,
            image=self._address(config.posts.image_keys, base),
            enclosure=self._enclosure(base),
            about=self._text(config.posts.summary_keys),
            body=body,
            body_line=self.found.body_line,
            base=base,
        )
        reading = ReadResult(post, tuple(self.problems), link_from)
        return ReadResult(None, reading.problems) if reading.failed else reading

    def _report(self, field: str, what: str, todo: str, severity: Severity = "error") -> None:
        line, column = self.places.get(field.lower(), (0, 0))
        self.problems.append(Problem(self.key, line, what, todo, field, column, severity))

    def _values(self, names: tuple[str, ...]) -> Iterable[tuple[str, Value]]:
        """Those of the fields that are there and not empty, with their names."""
        ways = _ways(names, self.there)
        return self._found(ways) if ways else ()

    def _found(self, ways: Iterable[tuple[str, str, list[str]]]) -> Iterator[tuple[str, Value]]:
        for name, first, inner in ways:
            value = self.fields[first]
            for part in inner:
                value = value.get(part, "") if isinstance(value, dict) else ""
            if value:
                yield name, value

    def _first(self, names: tuple[str, ...]) -> tuple[str, Value]:
        """The first of the fields that is there and not empty, with its name; else empty texts."""
        return next(iter(self._values(names)), ("", ""))

    def _value(self, names: tuple[str, ...]) -> Value:
        return self._first(names)[1]

    def _text(self, names: tuple[str, ...]) -> str:
        """The first of the fields that is a text."""
        for _, value in self._values(names):
            if isinstance(value, str) and (text := value.strip()):
                return text
        return ""

    def _unlisted(self) -> bool:
        """Drafts and hidden posts."""
        known = self.fields
        return (
            field_values.parse_bool(known.get("published")) is False
            or field_values.parse_bool(known.get("draft")) is True
            or field_values.parse_bool(known.get("hidden")) is True
            or field_values.to_text(known.get("status", "")).lower()
            in ("draft", "hidden", "private")
        )

    def _title(self) -> str:
        title = plain_text(field_values.to_text(self.fields.get("title") or ""))
        if not title and "title" not in self.fields:
            heading = re.match(r"\s*#[ \t]+(\S[^\n]*)", self.found.body[:2000])
            title = plain_text(heading[1].rstrip("# ")) if heading else ""
        if not has_visible_text(title):
            what = "the title is empty" if "title" in self.fields else "there is no title"
            self._report("title", what, 'write title: "…" in the front matter')
        limit = self.config.limits.title_chars
        return title if len(title) <= limit else title[: limit - 1] + "…"

    def _dates(self) -> tuple[datetime, datetime]:
        zone = self.config.zone
        published = self._date(self.config.posts.date_keys, "error")
        if published is None:
            own = "/" + self._own_path() + "/"
            published = (
                date_in_file_name(self.key.rpartition("/")[2], zone)
                or date_in_path(self.key, zone)
                or date_in_path(own, zone)
                or self.modified.replace(microsecond=0)
            )
        updated = self._date(self.config.posts.updated_keys, "warning")
        return published, max(updated, published) if updated else published

    def _date(self, names: tuple[str, ...], severity: Severity) -> datetime | None:
        name, value = self._first(names)
        if not value:
            return None
        try:
            return parse_datetime(field_values.to_text(value), self.config.zone)
        except ValueError as error:
            todo = "write it as 2021-12-24 14:51:02 +0800"
            self._report(name, f"{name}: {error}", todo, severity)
            return None

    def _id(self) -> str:
        """The front matter's id, if it is one that stays; else a tag URI of the key or its stem."""
        given = self._text(("id", "guid"))
        if is_uri(given):
            return given
        posts = self.config.posts
        name = f"id/{given[:500]}" if given else post_identity(self.key, self.config)
        return paths.tag_uri(posts.id_authority, name)

    def _own_path(self) -> str:
        """The path of the post's page where the front matter says it (Jekyll, Hugo, Zola)."""
        own = self._text(("permalink", "url", "path"))
        if "://" in own or own.startswith(("//", "\\")) or ":" in own.split("/")[0] or "{" in own:
            return ""
        return own.lstrip("/")

    def _base(self, published: datetime) -> str:
        """The address of the post's own page on the site."""
        base = self._page(published)
        if len(base) > MAX_URL_LENGTH:
            what = "the address of the post's page is too long"
            self._report("permalink", what, "shorten its permalink, slug or file name")
        return base

    def _page(self, published: datetime) -> str:
        site = self.config.site.url
        if own := self._own_path():
            return _on_site(site, own)
        local = published.astimezone(self.config.zone)
        pieces = _pieces(self.config.posts.permalink)
        made = "".join(self._token(piece, local) if piece[0] == ":" else piece for piece in pieces)
        return _on_site(site, re.sub("/{2,}", "/", made).lstrip("/"))

    def _token(self, token: str, local: datetime) -> str:
        """What stands for a token of a permalink; one that is not known stays (Jekyll's names)."""
        match token:
            case ":year":
                return f"{local.year:04}"
            case ":month":
                return f"{local.month:02}"
            case ":day":
                return f"{local.day:02}"
            case ":title" | ":slug":
                return self._text(("slug",)).strip("/") or paths.title_part(self.key)
            case ":name":
                return paths.stem(self.key)
            case ":path":
                return f"{self.key.rpartition('/')[0]}/{paths.stem(self.key)}".lstrip("/")
            case ":categories":
                names = field_values.to_names(self._value(self.config.posts.category_keys))
                return "/".join(names).lower()
        return token

    def _link(self, base: str) -> tuple[str, str, str]:
        """The link to the source article, the rule that found it, the body without it."""
        posts, body = self.config.posts, self.found.body
        in_body = find_source_link(body) if posts.link_in_body else None
        for name, value in self._values(posts.link_keys):
            if not isinstance(value, str):
                continue
            if url := http_url(value):
                again = in_body is not None and in_body.url == url
                return url, name, in_body.body if again and in_body else body
            what = f"{name}: {value[:60]!r} is no address of an article"
            todo = "write it as https://example.com/article"
            self._report(name, what, todo, "warning")
        if in_body and in_body.url:
            return in_body.url, "body", in_body.body
        if in_body:
            line = self.found.body_line + in_body.line
            what = "the link to the source article is empty"
            todo = "write its address between < and >"
            self.problems.append(Problem(self.key, line, what, todo, "", 1, "warning"))
            body = in_body.body
        return base, "permalink", body

    def _terms(self, authors: tuple[Person, ...], language: str) -> tuple[Term, ...]:
        config = self.config
        terms = list(read_terms(PostFields(self._first, authors, language, config)))
        unique = {term.path: term for term in reversed(terms)}
        if len(unique) > config.limits.terms:
            what = f"the post has {len(unique)} categories, tags and authors"
            todo = f"keep at most {config.limits.terms}, or raise limits.terms"
            self._report(self._first(config.posts.category_keys)[0], what, todo)
        return tuple(reversed(unique.values()))

    def _address(self, names: tuple[str, ...], base: str) -> str:
        location = field_values.first_address(self._value(names))
        return http_url(paths.resolved(base, location)) if location else ""

    def _enclosure(self, base: str) -> Enclosure | None:
        names = self.config.posts.enclosure_keys
        url, value = self._address(names, base), self._value(names)
        if not url:
            return None
        if isinstance(value, list):
            value = value[0]
        given = value if isinstance(value, dict) else {}
        length, kind = str(given.get("length", "")), str(given.get("type", "")).lower()
        return Enclosure(
            url=url,
            type=kind
            if re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", kind)
            else field_values.media_type(url),
            length=int(length) if re.fullmatch(r"[0-9]{1,15}", length) else 0,
        )


@cache
def _pieces(permalink: str) -> list[str]:
    """A permalink's tokens, such as ``:year``, and what is between them."""
    return [piece for piece in re.split(r"(:\w+)", permalink) if piece]


@lru_cache(2048)  # a site's posts have the same few sets of fields
def _ways(names: tuple[str, ...], there: tuple[str, ...]) -> list[tuple[str, str, list[str]]]:
    """Those names whose field is `there`, each with the way to it: the field, then what in it."""
    ways = ((name, name.lower().split(".")) for name in names)
    return [(name, way[0], way[1:]) for name, way in ways if way[0] in there]


def _on_site(site: str, path: str) -> str:
    """A path below the site's address, percent-encoded, that cannot leave the site."""
    steps = [step for step in path.split("/") if step not in (".", "..")]
    encoded = quote("/".join(steps), safe="/~!$&'()*+,;=:@%-._", errors="replace")
    return site + re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", encoded).lstrip("/")
