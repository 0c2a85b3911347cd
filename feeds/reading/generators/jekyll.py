"""Jekyll: the address, the categories and the date of a post, as Jekyll 4 gives them.

https://jekyllrb.com/docs/permalinks/ has the tokens and the named styles,
https://jekyllrb.com/docs/posts/ the names of files.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, tzinfo
from functools import partial
from urllib.parse import quote

from feeds.config import Config
from feeds.reading.content.dialect import JEKYLL
from feeds.reading.dates import date_in_file_name
from feeds.reading.field_lookup import Fields
from feeds.reading.field_values import parse_bool, to_names
from feeds.reading.generators.base import GeneratorRules, path_of, permalink_of
from feeds.reading.generators.pattern import Tokens, expand
from feeds.reading.generators.post_path import PostPath
from feeds.reading.generators.post_rules import post_rule
from feeds.site_generators import SITE_GENERATORS
from feeds.text import is_word

_STYLES = SITE_GENERATORS["jekyll"].styles
_DATED_NAME = re.compile(r"(?P<day>\d{2,4}-\d{1,2}-\d{1,2})-(?P<slug>[^/]*)")
_POSTS = "_posts"


def path_in_fields(fields: Fields) -> str:
    """The post's own permalink, which may have tokens; ``""`` if there is none."""
    permalink = fields.text(("permalink",))
    is_path = "://" not in permalink and parse_bool(permalink) is None
    return permalink.lstrip("/") if is_path else ""


def page_path(fields: Fields, published: datetime, config: Config) -> str:
    """The path that Jekyll gives the page of a post."""
    path = path_of(fields.key, config)
    own = path_in_fields(fields)
    pattern = permalink_of(fields.key, config)
    collection, inner = _collection(path)
    if not own and pattern in _STYLES and collection != "posts":
        # https://jekyllrb.com/docs/permalinks/#collections: a style gives only the ending.
        pattern = "/:collection/:path" + ("/" if pattern == "pretty" else ":output_ext")
    tokens: Tokens = {
        **_date_tokens(published.astimezone(config.zone)),
        **_name_tokens(fields, path, config),
        "collection": lambda: collection,
        "path": lambda: inner,
    }

    def before_underscore(name: str) -> str | None:
        """The value of a token with an underscore behind it, as in ``:year_:month``."""
        token = name.removesuffix("_")
        return f"{tokens[token]()}_" if name != token and token in tokens else None

    expanded = expand(own or _STYLES.get(pattern, pattern), tokens, before_underscore)
    cleaned = f"/{expanded}".replace("..", "/").replace("./", "")
    return re.sub("/{2,}", "/", cleaned).lstrip("/")


def _collection(path: PostPath) -> tuple[str, str]:
    """The collection of a post, and its path below the collection's folder without its ending.

    The folder of a collection starts with ``_``; the posts are in ``_posts``, which any folder may
    have.
    """
    steps = [*path.folders, path.name]
    at = next((at for at, step in enumerate(path.folders) if step.startswith("_")), -1)
    name = path.folders[at][1:] if at >= 0 else "posts"
    return name, "/".join((*steps[: max(at, 0)], *steps[at + 1 :])).rstrip(".")


def _name_tokens(fields: Fields, path: PostPath, config: Config) -> Tokens:
    def slug(mode: str) -> str:
        text = fields.text(("slug",)) or _slug_in_name(path)
        return slugify(text, mode) if mode == "pretty" else slugify(text).lower()

    def joined(names: list[str]) -> str:
        return "/".join(dict.fromkeys(names)).replace("%", "%25")

    return {
        "title": lambda: slug("pretty"),
        "slug": lambda: slug("default"),
        "name": lambda: slugify(path.name).lower(),
        "categories": lambda: joined([name.lower() for name in categories(fields, config)]),
        "slugified_categories": lambda: joined(
            [slugify(name).lower() for name in categories(fields, config)]
        ),
        "output_ext": lambda: ".html",
    }


def _date_tokens(date: datetime) -> Tokens:
    formats = {
        "year": "%Y", "month": "%m", "day": "%d", "hour": "%H", "minute": "%M", "second": "%S",
        "short_month": "%b", "long_month": "%B", "short_year": "%y", "w_year": "%G",
        "week": "%V", "w_day": "%u", "short_day": "%a", "long_day": "%A", "y_day": "%j",
    }  # fmt: skip
    return {
        **{name: partial(date.strftime, format_) for name, format_ in formats.items()},
        "i_day": lambda: str(date.day),
        "i_month": lambda: str(date.month),
    }


def slugify(text: str, mode: str = "default") -> str:
    """Jekyll's slug of a text, in its own letter case: letters, marks and digits stay.

    In the mode *pretty* some signs stay as well. https://jekyllrb.com/docs/liquid/filters/
    """
    signs = "._~!$&'()+,;=@" if mode == "pretty" else ""
    kept = "".join(char if char in signs or is_word(char) else "\0" for char in text)
    slug = re.sub("\0+", "-", kept)
    return slug.removeprefix("-").removesuffix("-")


def _slug_in_name(path: PostPath) -> str:
    named = _DATED_NAME.fullmatch(path.name)
    return (named["slug"] if named else path.name).rstrip(".")


def categories(fields: Fields, config: Config) -> list[str]:
    """The categories: the folders above ``_posts``, those of the rule, and those of the fields.

    https://jekyllrb.com/docs/posts/#categories
    """
    path, rule = path_of(fields.key, config), post_rule(fields.key, config)
    above = path.folders[: path.folders.index(_POSTS)] if _POSTS in path.folders else ()
    named = (name for key in ("categories", "category") for name in _named(key, fields, config))
    return list(dict.fromkeys((*above, *(rule.categories or ()), *named)))


def _named(key: str, fields: Fields, config: Config) -> list[str]:
    """The categories in a field; `categories` are words, unless the site says otherwise."""
    value = fields.get(key)
    if isinstance(value, str) and key == "categories" and config.categories.split is not False:
        value = [*value.split()]
    return to_names(value)


def tags(fields: Fields, config: Config) -> list[str]:
    """The tags: the field `tag` as a whole, or the words of `tags`."""
    if tag := fields.get("tag"):
        return to_names(tag)
    value = fields.get("tags") or fields.defaults.get(config.posts.tag_keys, "")
    return to_names([*value.split()] if isinstance(value, str) else value)


_HOUR_WITH_FRACTION = re.compile(r"(:\d\d\.0+)\s*[+-]\d\d:?\d\d", re.ASCII)


_YAML_TIME = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|[ \t]+)\d{1,2}:\d\d:\d\d(?:\.\d*)?", re.ASCII
)


_TIME_WITH_BROKEN_ZONE = re.compile(
    r"(\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|[ \t]+)\d{1,2}:\d\d(?::\d\d)?)\s*[+-](?:[-+:][-+:\d]*)?",
    re.ASCII,
)


def written_date(date: str) -> str:
    """A date with the zone that Ruby reads.

    A time with seconds and without a zone is a timestamp of YAML, which is in UTC
    (https://yaml.org/type/timestamp.html). Ruby does not read the zone in
    ``18:00.000000000 +09:00``, nor anything behind a sign without a number: ``16:30-:00+16:30``.
    """
    if _YAML_TIME.fullmatch(date.strip()):
        return f"{date.strip()} UTC"
    if broken := _TIME_WITH_BROKEN_ZONE.fullmatch(date.strip()):
        return broken[1]
    return _HOUR_WITH_FRACTION.sub(r"\1", date, count=1)


def date_in_key(path: PostPath, zone: tzinfo) -> datetime | None:
    """Midnight of the day that the name of the file starts with."""
    named = _DATED_NAME.fullmatch(path.name)
    if not named:
        return None
    year, rest = named["day"].split("-", 1)
    return date_in_file_name(f"{2000 + int(year) if len(year) == 2 else year}-{rest}", zone)


def title_in_key(path: PostPath) -> str:
    """The words of the file name, each with a capital letter."""
    return " ".join(word.capitalize() for word in _slug_in_name(path).split("-") if word)


def is_post(path: PostPath) -> bool:
    """Return whether Jekyll takes a file for a post: its name starts with a day.

    In the folder of another collection, it may have any name.
    """
    in_collection = any(step.startswith("_") and step != _POSTS for step in path.folders)
    return in_collection or bool(_DATED_NAME.fullmatch(path.name))


def is_root(folder: str) -> bool:
    """Return whether a folder is that of the site, Jekyll's `source`: it has no ``_posts`` or
    other collection in its path.
    """
    return not any(step.startswith("_") for step in folder.split("/"))


def feed_id(fields: Fields, page: str, _published: datetime, config: Config) -> str:
    """The id of a post in the feed of jekyll-feed: the folder of its page, and its slug.

    That is `page.id` in Liquid, and so without ``.html`` or a slash at its end; a title that the
    front matter's permalink has is not in it. https://github.com/jekyll/jekyll-feed
    """
    folder = page.removeprefix(config.site.url).rstrip("/").rpartition("/")[0]
    name = fields.text(("slug",)) or _slug_in_name(path_of(fields.key, config))
    name = unicodedata.normalize("NFC", name)
    encoded = quote(name, safe="/~!$&'()*+,;=:@-._?#", errors="replace")
    # "#" is as it is, so that what follows is a fragment; an empty one is left out.
    return f"{config.site.url}{folder}{'/' if folder else ''}{encoded.removesuffix('#')}"


RULES = GeneratorRules(
    dialect=JEKYLL,
    is_root=is_root,
    permalink="date",
    page_path=page_path,
    path_in_fields=path_in_fields,
    categories=categories,
    tags=tags,
    date_in_key=date_in_key,
    written_date=written_date,
    title_in_key=title_in_key,
    is_post=is_post,
    feed_id=feed_id,
)
