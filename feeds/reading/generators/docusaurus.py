"""Docusaurus: the address, the date and the title of a post in a blog, as Docusaurus 3 gives them.

https://docusaurus.io/docs/blog and
https://docusaurus.io/docs/api/plugins/@docusaurus/plugin-content-blog have the rules.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from feeds.config import Config
from feeds.reading.content.dialect import DOCUSAURUS
from feeds.reading.dates import date_in_file_name
from feeds.reading.field_lookup import Fields
from feeds.reading.field_values import to_names, to_text
from feeds.reading.front_matter.formats import Value
from feeds.reading.generators.base import GeneratorRules, path_of, permalink_of
from feeds.reading.generators.pattern import expand
from feeds.reading.generators.post_path import PostPath

_BLOGS = ("blog", "docusaurus-plugin-content-blog")
"""The folders of a blog, and of its posts in another language (``i18n/de/…``)."""
_DAY = re.compile(r"(?=(\d{4}[-/]\d{1,2}[-/]\d{1,2}))", re.ASCII)


def path_in_fields(fields: Fields) -> str:
    """The field `slug`, which is a path below the blog's; ``""`` if there is none."""
    return fields.text(("slug",))


def page_path(fields: Fields, _published: datetime, config: Config) -> str:
    """The path that Docusaurus gives the page of a post.

    The day in it is as the file's name or folders have it, whatever the post's date is.
    """
    path = path_of(fields.key, config)
    steps = path.key.split("/")
    in_blog = "/".join(_below_blog(steps)) if _is_in_blog(steps) else fields.key
    slug = path_in_fields(fields) or _Name.parse(in_blog.removesuffix(path.ending)).slug
    page = expand(permalink_of(fields.key, config), {"slug": lambda: slug})
    return re.sub("/{2,}", "/", page)


def _is_in_blog(steps: list[str]) -> bool:
    return not set(_BLOGS).isdisjoint(steps[:-1])


def _below_blog(steps: list[str]) -> list[str]:
    """The steps of a path below the folder of the blog; all, if it does not name one."""
    at = next((at for at, step in enumerate(steps[:-1]) if step in _BLOGS), -1)
    return steps[at + 1 :]


class _Name(NamedTuple):
    """What the path of a file in the blog says."""

    day: str
    """Year, month and day with a sign between them, as written; ``""`` if the path has none."""
    text: str
    """The rest of the path behind the day: the title of a post that has no other."""
    slug: str
    """The path below the blog's address."""

    @classmethod
    def parse(cls, path: str) -> _Name:
        """Parse a path without its ending; of several days, the last one counts."""
        *_, day = [None, *_DAY.finditer(path)]
        if day is None:
            text = path.removesuffix("/index")
            return cls("", text, f"/{text}")
        text = path[day.end(1) :]
        text = text[text[:1] in ("-", "/") :].removesuffix("/index")
        slug_day = day[1].replace("-", "/")
        return cls(day[1], text, f"/{slug_day}/{path[: day.start(1)]}{text}")


def _name(path: PostPath) -> _Name:
    return _Name.parse("/".join(_below_blog(path.key.split("/"))).removesuffix(path.ending))


def date_in_key(path: PostPath, _zone: tzinfo) -> datetime | None:
    """Midnight in UTC of the last day in the path."""
    return date_in_file_name(_name(path).day.replace("/", "-"), UTC)


def title_in_key(path: PostPath) -> str:
    """The path behind its day."""
    return _name(path).text


def written_date(date: str) -> str:
    """A date that is in UTC if it has no zone, in numbers or in words."""
    text = date.strip()
    has_offset = "+" in text or "-" in text.partition(":")[2]
    ends_with_time = text[-1:].isdecimal() or text.lower().endswith(("am", "pm"))
    return f"{text} UTC" if ends_with_time and not has_offset else date


def tags(fields: Fields, config: Config) -> list[str]:
    """The tags in the field `tags`: texts, or tables with a `label`."""
    value = fields.get("tags") or fields.defaults.get(config.posts.tag_keys, "")
    names = to_names([_label(item) for item in value] if isinstance(value, list) else value)
    return list(dict.fromkeys(names))


def _label(tag: Value) -> str:
    return to_text(tag.get("label", "") if isinstance(tag, dict) else tag)


def is_post(path: PostPath) -> bool:
    """Return whether a file is a post: Markdown or MDX, without ``_`` before a file or folder."""
    steps = _below_blog(path.key.split("/"))
    return path.ending in (".md", ".mdx") and not any(step.startswith("_") for step in steps)


RULES = GeneratorRules(
    dialect=DOCUSAURUS,
    mdx_endings=(".md", ".mdx"),
    permalink="/blog/:slug",
    page_path=page_path,
    path_in_fields=path_in_fields,
    roots=_BLOGS,
    tags=tags,
    date_in_key=date_in_key,
    written_date=written_date,
    title_in_key=title_in_key,
    heading_before_name=True,
    is_post=is_post,
)
