"""Owns posts: which objects are posts, and what each one says: key + bytes -> Post -> Entry.

Reading comes in two steps, because most posts of a large site are in no document any more: `read`
does what places a post (dates, terms, link), `entry` does what fills it (the HTML). Both are pure:
whether a date is in the future is for the caller, who knows the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from urllib.parse import quote, urlsplit

from msgspec import Struct

from feeds import content, dates, frontmatter, links, paths
from feeds.config import Config
from feeds.errors import PostError
from feeds.frontmatter import Value
from feeds.model import Enclosure, Entry, Person, Problem, Severity, Term


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


class Reading(Struct, frozen=True):
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


# --- which objects are posts ---------------------------------------------------------------------

_QUIET = re.compile(r"(?:^|/)(?:[.~#][^/]*(?:/|$)|_drafts/|_index\.[^/]*$|readme[^/]*$)", re.I)


@cache
def _pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    """Globs as one expression: ``*`` within a folder, ``**/`` any folders, ``?`` one character."""
    table = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = (
        "".join(
            table.get(piece) or re.escape(piece) for piece in re.split(r"(\*\*/|\*\*|\*|\?)", g)
        )
        for g in globs
    )
    return re.compile("|".join(f"(?:{part})" for part in parts) or r"(?!)", re.DOTALL)


def is_post(key: str, config: Config) -> bool:
    """Whether the object at `key` is meant to be a post; what is not is passed over quietly.

    Besides `posts.include` and `posts.exclude`: hidden files, drafts' folders, ``_index.*`` (a
    section's own page in Hugo and Zola) and READMEs never are.
    """
    return (
        not _QUIET.search(key)
        and bool(_pattern(config.posts.include).fullmatch(key))
        and not _pattern(config.posts.exclude).fullmatch(key)
    )


# --- reading -------------------------------------------------------------------------------------


def read(key: str, data: bytes, modified: datetime, config: Config) -> Reading:
    """Read the post at `key`. `modified` (aware) dates a post that says nothing of its date.

    Never raises: what is wrong with the post is in the problems.
    """
    try:
        if len(data) > config.limits.post_bytes:
            return Reading(None, (too_large(key, config),))
        found = frontmatter.read(key, data, config.limits.front_matter_bytes)
        return _Reader(key, found, modified, config).reading()
    except PostError as error:
        return Reading(None, (error.problem,))


def too_large(key: str, config: Config) -> Problem:
    """The problem of a post that is over `limits.post_bytes`."""
    what = f"the post is larger than {config.limits.post_bytes:,} bytes"
    return Problem(key, 0, what, "shorten it, or raise limits.post_bytes")


class _Reader:
    """One post being read: its fields, and the problems found on the way."""

    def __init__(
        self, key: str, found: frontmatter.FrontMatter, modified: datetime, config: Config
    ) -> None:
        self.key, self.found, self.modified, self.config = key, found, modified, config
        self.fields = {name.lower(): value for name, value in found.metadata.items()}
        self.lines = {name.lower(): line for name, line in found.lines.items()}
        self.problems = list(found.problems)

    def reading(self) -> Reading:
        if self._unlisted():
            return Reading(None, tuple(self.problems))
        config = self.config
        title = self._title()
        published, updated = self._dates()
        base = self._base(published)
        link, link_from, body = self._link(base)
        language = _language(self._text(config.posts.language_keys))
        authors = tuple(_people(self._value(config.posts.author_keys)))
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
        return Reading(post, tuple(self.problems), link_from)

    def _problem(self, field: str, what: str, todo: str, severity: Severity = "error") -> Problem:
        line = self.lines.get(field.lower(), 0) if field else 0
        return Problem(self.key, line, what, todo, field=field, severity=severity)

    def _value(self, names: Iterable[str], line_of: list[str] | None = None) -> Value:
        """The first of the fields that is there and not empty; dots go into tables."""
        for name in names:
            value: Value = self.fields
            for part in name.lower().split("."):
                value = value.get(part, "") if isinstance(value, dict) else ""
            if value:
                if line_of is not None:
                    line_of.append(name)
                return value
        return ""

    def _text(self, names: Iterable[str]) -> str:
        """The first of the fields that is a text."""
        for name in names:
            value = self._value((name,))
            if isinstance(value, str) and value.strip():
                return value.strip()
        return ""

    def _unlisted(self) -> bool:
        """Drafts and hidden posts; any spelling of yes and no that YAML or TOML knows."""
        fields = self.fields
        return (
            _flag(fields.get("published")) is False
            or _flag(fields.get("draft")) is True
            or _flag(fields.get("hidden")) is True
            or fields.get("status") in ("draft", "hidden")
        )

    def _title(self) -> str:
        value = self.fields.get("title", "")
        if isinstance(value, dict) and len(value) == 1:  # title: {x: y} was meant as text
            value = ": ".join(str(part) for pair in value.items() for part in pair)
        title = content.plain_text(value) if isinstance(value, str) else ""
        if not title and "title" not in self.fields:
            heading = re.match(r"\s*#[ \t]+(\S[^\n]*)", self.found.body[:2000])
            title = content.plain_text(heading[1].rstrip("# ")) if heading else ""
        if not title:
            what = "the title is empty" if "title" in self.fields else "there is no title"
            raise PostError(self._problem("title", what, 'write title: "…" in the front matter'))
        limit = self.config.limits.title_chars
        return title if len(title) <= limit else title[: limit - 1] + "…"

    def _dates(self) -> tuple[datetime, datetime]:
        zone = self.config.zone
        published = self._date(self.config.posts.date_keys)
        if published is None:
            own = "/" + self._own_path() + "/"
            published = (
                dates.in_file_name(self.key.rpartition("/")[2], zone)
                or dates.in_path(self.key, zone)
                or dates.in_path(own, zone)
                or self.modified.replace(microsecond=0)
            )
        updated = self._date(self.config.posts.updated_keys)
        return published, max(updated, published) if updated else published

    def _date(self, names: Iterable[str]) -> datetime | None:
        which: list[str] = []
        value = self._value(names, which)
        if not value:
            return None
        field = which[0]
        try:
            return dates.moment(value if isinstance(value, str) else "a list", self.config.zone)
        except ValueError as error:
            raise PostError(
                self._problem(field, f"{field}: {error}", "write it as 2021-12-24 14:51:02 +0800")
            ) from None

    def _id(self) -> str:
        """The front matter's id, if it is one that stays; else a tag URI of the key or its stem."""
        given = self._text(("id", "guid"))
        if links.is_uri(given):
            return given
        posts = self.config.posts
        name = f"id/{given[:500]}" if given else group(self.key, self.config)
        return paths.tag_uri(posts.id_authority, name)

    def _own_path(self) -> str:
        """The path of the post's page where the front matter says it (Jekyll, Hugo, Zola)."""
        own = self._text(("permalink", "url", "path"))
        if "://" in own or own.startswith(("//", "\\")) or ":" in own.split("/")[0] or "{" in own:
            return ""
        return own.lstrip("/")

    def _base(self, published: datetime) -> str:
        """The address of the post's own page on the site."""
        site = self.config.site.url
        if own := self._own_path():
            return _on_site(site, own)
        local = published.astimezone(self.config.zone)
        name = self._text(("slug",)).strip("/") or paths.title_part(self.key)
        folder = self.key.rpartition("/")[0]
        categories = "/".join(_names(self._value(self.config.posts.category_keys)))
        tokens = {
            "year": f"{local.year:04}",
            "month": f"{local.month:02}",
            "day": f"{local.day:02}",
            "title": name,
            "slug": name,
            "name": paths.stem(self.key),
            "path": f"{folder}/{paths.stem(self.key)}".lstrip("/"),
            "categories": categories.lower(),
        }
        made = re.sub(
            r":(\w+)", lambda token: tokens.get(token[1], token[0]), self.config.posts.permalink
        )
        return _on_site(site, re.sub("/{2,}", "/", made).lstrip("/"))

    def _link(self, base: str) -> tuple[str, str, str]:
        """The link to the source article, the rule that found it, the body without it."""
        posts, body = self.config.posts, self.found.body
        in_body = links.source_in_body(body) if posts.link_in_body else None
        for name in posts.link_keys:
            value = self._value((name,))
            if isinstance(value, str) and (url := links.http_url(value)):
                again = in_body is not None and in_body.url == url
                return url, name, in_body.body if again and in_body else body
        if in_body:
            return in_body.url, "body", in_body.body
        return base, "permalink", body

    def _terms(self, authors: tuple[Person, ...], language: str) -> tuple[Term, ...]:
        config = self.config
        which: list[str] = []
        value = self._value(config.posts.category_keys, which)
        names = _names(value)
        if config.categories.split and isinstance(value, str) and which[0] != "category":
            names = _parts(value)
        names = names or [config.categories.default]
        titles = _names(self._value((config.categories.title_from,)))
        if len(titles) != len(names):
            titles = titles[:1] if len(names) == 1 else []
        terms = list(_terms("category", names, titles))
        if "tag" in config.feeds.taxonomies:
            tags = self._value(config.posts.tag_keys)
            terms += _terms("tag", _names(_commas(tags)))
        if "author" in config.feeds.taxonomies:
            terms += _terms("author", [person.name for person in authors])
        if "lang" in config.feeds.taxonomies:
            terms += _terms("lang", [language or config.site.language])
        unique = {term.path: term for term in reversed(terms)}
        if len(unique) > config.limits.terms:
            what = f"the post has {len(unique)} categories, tags and authors"
            todo = f"keep at most {config.limits.terms}, or raise limits.terms"
            raise PostError(self._problem(which[0] if which else "", what, todo))
        return tuple(reversed(unique.values()))

    def _address(self, names: Iterable[str], base: str) -> str:
        location = _location(self._value(names))
        return links.http_url(paths.resolved(base, location)) if location else ""

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
            type=kind if re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", kind) else media_type(url),
            length=int(length) if re.fullmatch(r"[0-9]{1,15}", length) else 0,
        )


def feeds_of(placed: Post | Entry, config: Config) -> tuple[str, ...]:
    """The paths of the feeds that a post is in: all posts, and its terms of `feeds.taxonomies`."""
    switched_on = config.feeds.taxonomies
    return ("", *(term.path for term in placed.terms if term.taxonomy in switched_on))


def group(key: str, config: Config) -> str:
    """What makes two keys one post: the key, or its stem for sites that move their files."""
    return paths.stem(key) if config.posts.id_from == "stem" else key


def _on_site(site: str, path: str) -> str:
    """A path below the site's address, percent-encoded, that cannot leave the site."""
    steps = [step for step in path.split("/") if step not in (".", "..")]
    encoded = quote("/".join(steps), safe="/~!$&'()*+,;=:@%-._", errors="replace")
    return site + re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", encoded).lstrip("/")


_YES_NO = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _flag(value: Value | None) -> bool | None:
    return _YES_NO.get(value.strip().lower()) if isinstance(value, str) else None


def _location(value: Value) -> str:
    """The address in an image or enclosure field: a text, a table that has one, or a list."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, dict):
        value = next(
            (value[k] for k in ("url", "src", "path", "feature", "href") if k in value), ""
        )
    return value.strip() if isinstance(value, str) and "{" not in value else ""


def _names(value: Value) -> list[str]:
    """Names in a field, each on one line, as written: a text is one name."""
    if isinstance(value, list):
        return [name for item in value for name in _names(item)]
    if isinstance(value, dict):  # - C: the language
        return [f"{content.one_line(k)}: {v}" for k, v in value.items() if isinstance(v, str)]
    name = content.plain_text(value)
    return [name[:500]] if name else []


def _parts(value: str) -> list[str]:
    """A text of several names: between commas, else between spaces."""
    return _names([*value.split("," if "," in value else None)])


def _commas(value: Value) -> Value:
    return [*value.split(",")] if isinstance(value, str) else value


def _terms(taxonomy: str, names: Iterable[str], titles: Iterable[str] = ()) -> Iterator[Term]:
    title = iter(titles)
    for name in names:
        yield Term(taxonomy, paths.slug(name), name, next(title, ""))


_ADDRESS = re.compile(r"(?P<name>.*\S)\s*[(<](?P<email>[^\s()<>@]+@[^\s()<>@]+)[)>]")


def _people(value: Value) -> Iterator[Person]:
    """Authors: names, names with an address, tables, or a list of any of them."""
    if isinstance(value, list):
        for item in value:
            yield from _people(item)
    elif isinstance(value, dict):
        given = {k.lower(): v for k, v in value.items() if isinstance(v, str)}
        name = content.plain_text(given.get("name", ""))
        email = given.get("email", "")
        if name:
            yield Person(
                name,
                email if re.fullmatch(r"[^\s<>()@]+@[^\s<>()@]+", email) else "",
                links.http_url(given.get("uri") or given.get("url", "")),
            )
    elif found := _ADDRESS.fullmatch(value[:500]):
        if name := content.plain_text(found["name"]):
            yield Person(name, found["email"])
    elif name := content.plain_text(value):
        yield Person(name[:500])


def _language(text: str) -> str:
    tag = text.replace("_", "-")
    return tag if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", tag) else ""


# The machine's own table would make the same posts other bytes on another machine.
_TYPES = {
    "mp3": "audio/mpeg", "m4a": "audio/mp4", "aac": "audio/aac", "ogg": "audio/ogg",
    "oga": "audio/ogg", "opus": "audio/opus", "wav": "audio/wav", "flac": "audio/flac",
    "mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime", "webm": "video/webm",
    "pdf": "application/pdf", "epub": "application/epub+zip", "zip": "application/zip",
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif",
    "webp": "image/webp", "avif": "image/avif", "svg": "image/svg+xml",
}  # fmt: skip


def media_type(url: str) -> str:
    """The media type that a URL's ending promises."""
    ending = urlsplit(url).path.rpartition(".")[2].lower()
    return _TYPES.get(ending, "application/octet-stream")


# --- content -------------------------------------------------------------------------------------

_MORE = re.compile(r"<!--\s*more\s*-->", re.IGNORECASE)
_SUMMARY = 280


def entry(post: Post, config: Config) -> Entry:
    """Fill a post's entry with its content and summary. Raises PostError."""
    markup: content.Markup = "html" if post.key.lower().endswith((".html", ".htm")) else "markdown"
    limits = config.limits
    try:
        body = content.without_templates(post.body)
        full = content.clean_html(body, markup, post.base, limits)
        if post.about:
            summary = content.text_of_markdown(post.about, limits)
        elif more := _MORE.search(body):
            start = content.clean_html(body[: more.start()], markup, post.base, limits)
            summary = content.text_of_html(start)
        else:
            summary = content.shortened(content.text_of_html(full), _SUMMARY)
    except content.TooMuch as error:
        todo = "shorten or simplify the post, or raise the limit in feeds.toml"
        raise PostError(Problem(post.key, post.body_line, str(error), todo)) from None
    return Entry(
        key=post.key,
        id=post.id,
        link=post.link,
        title=post.title,
        published=post.published,
        updated=post.updated,
        authors=post.authors,
        terms=post.terms,
        summary=content.shortened(summary, limits.summary_chars),
        content=full,
        image=post.image,
        enclosure=post.enclosure,
        language=post.language,
    )
