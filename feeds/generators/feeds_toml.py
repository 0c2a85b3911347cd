"""Settings of a site and answers of a person -> the text of a feeds.toml with comments."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap

from feeds.config import Addresses, Feeds
from feeds.config_file.parse import parse_config
from feeds.generators.proposals import generator_name
from feeds.generators.questions import Answers, is_example
from feeds.generators.settings import SiteRule, SiteSettings, is_time_zone
from feeds.generators.shortcodes import shortcode_lines
from feeds.taxonomies import TAXONOMIES
from feeds.text import one_line, plain_text
from feeds.urls import id_authority


def machine_zone() -> str:
    """The name of this machine's time zone; ``UTC`` if it is not settings."""
    from_environment = os.environ.get("TZ", "").lstrip(":")
    from_link = Path("/etc/localtime").resolve().as_posix().partition("zoneinfo/")[2]
    for name in (from_environment, from_link):
        if name and is_time_zone(name):
            return name
    return "UTC"


_FILE = """\
# Settings of the feeds. Only title and url are required. All keys: docs/configuration.md

[site]
title = {title}
url = {url}  # {url_means}
description = {description}
language = {language}  # of the posts, and of the texts on pages
timezone = {timezone}  # of dates without one
{author}
[feeds]
url = {feeds_url}  # of the feeds; not the site's address, because feeds have pages too
{limit}  # entries in a feed; older entries are in its archive
content = "full"  # or "summary"
{taxonomies}
{pages}
[posts]
{generator}# The folder of posts. Ids of entries are relative to it. "." is the folder of this file.
{folder}
{moves}# The domain and year in the ids of entries (RFC 4151). Readers recognise entries by ids:
# if this changes, they show every post as new. Keep it, even if the site's address changes.
id_authority = {authority}
{ids}# The address of a post's own page, for posts without a permalink. Posts without a source
# article link to it.
{permalink}
{languages}{link_in_body}{undated}{hidden}{ids_of_posts}{rules}{addresses}{categories}{content}"""
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
_PAGES = """\
pages = false  # the feeds are at the site's own address, which has pages already
"""
_URL_MEANS = "relative links and images in posts are relative to this"
_URL_UNKNOWN = "only an example, because the site's address is not known: write the real one"


def feeds_toml_text(settings: SiteSettings, answers: Answers, zone: str, year: int) -> str:
    """The text of a valid feeds.toml; `zone` is the time zone if the settings have none."""
    address = re.fullmatch(r"[^\s<>()@]+@[^\s<>()@]+", settings.email)
    email = f", email = {_quoted(settings.email)}" if address else ""
    author = _AUTHOR.format(name=_quoted(settings.author), email=email) if settings.author else ""
    text = _FILE.format(
        title=_quoted(plain_text(answers.title) or answers.title),
        url=_quoted(answers.url),
        url_means=_URL_UNKNOWN if is_example(answers.url) else _URL_MEANS,
        description=_quoted(plain_text(settings.description)),
        language=_quoted(answers.language),
        timezone=_quoted(settings.timezone if is_time_zone(settings.timezone) else zone),
        author=author,
        feeds_url=_quoted(answers.feeds_url),
        authority=_quoted(id_authority(answers.url, year) or f"localhost,{year}"),
        limit=_limit(settings),
        taxonomies=_taxonomies(settings),
        generator=_generator(settings),
        folder="\n".join(_folder(settings)),
        moves=_moves(settings),
        permalink="\n".join(_permalink(settings)),
        languages=_languages(settings),
        link_in_body=_link_in_body(settings),
        hidden=_HIDDEN.format() if answers.hidden == "publish" else "",
        undated=_UNDATED.format(generator=settings.generator) if settings.generator else "",
        ids=_reason(settings, "id") + f"id = {_quoted(settings.ids)}\n" if settings.ids else "",
        ids_of_posts=_ids_of_posts(settings),
        rules="".join(map(_rule, settings.rules)),
        pages=_PAGES if answers.feeds_url == answers.url else "",
        addresses=_addresses(settings),
        categories=_categories(settings),
        content=_content(settings),
    )
    parse_config(text)
    return text


# --- parts of the file ----------------------------------------------------------------------------


def _limit(settings: SiteSettings) -> str:
    """The number of entries in a feed: not more than readers have seen."""
    usual = Feeds().limit
    if not 0 < settings.feed_limit < usual:
        return f"limit = {usual}"
    return f"{_reason(settings, 'limit')}limit = {settings.feed_limit}"


def _ids_of_posts(settings: SiteSettings) -> str:
    lines = (f"{_quoted(name)} = {_quoted(id_)}\n" for name, id_ in settings.ids_of_posts.items())
    table = "".join(lines)
    return f"\n{_reason(settings, 'ids')}[posts.ids]\n{table}" if table else ""


def _taxonomies(settings: SiteSettings) -> str:
    rest = ", ".join(_quoted(name) for name in TAXONOMIES if name not in settings.taxonomies)
    kind = settings.taxonomies[0]
    key = f"taxonomies = {_list(settings.taxonomies)}  # with a feed for each {kind}; also: {rest}"
    return _reason(settings, "taxonomies") + key


def _generator(settings: SiteSettings) -> str:
    name = generator_name(settings.generator)
    comment = "# Addresses, categories and dates are read as this generator reads them.\n"
    return f"{comment}generator = {_quoted(name)}\n" if name else ""


def _folder(settings: SiteSettings) -> Iterator[str]:
    yield f"folder = {_quoted(settings.posts)}" if settings.posts else '# folder = "posts"'
    if settings.include:
        yield _reason(settings, "include") + f"include = {_list(settings.include)}"
    if settings.exclude:
        yield _reason(settings, "exclude") + f"exclude = {_list(settings.exclude)}"


def _moves(settings: SiteSettings) -> str:
    if not settings.move_folders:
        return ""
    return (
        _reason(settings, "id_from")
        + f'id_from = "stem"\nmove_folders = {_list(settings.move_folders)}\n'
    )


def _permalink(settings: SiteSettings) -> Iterator[str]:
    pattern = settings.permalink
    if not generator_name(settings.generator):
        pattern = pattern or "/:year/:month/:day/:title.html"
    yield _reason(settings, "permalink") + f"permalink = {_quoted(pattern)}"
    if settings.date_keys:
        reason = _reason(settings, "date_keys") or "# In the order of the site's configuration.\n"
        yield f"{reason}date_keys = {_list(settings.date_keys)}"
    if settings.date_zone:
        yield _reason(settings, "date_zone") + f"date_zone = {_quoted(settings.date_zone)}"


def _languages(settings: SiteSettings) -> str:
    if not settings.languages:
        return ""
    which = {"others": "all but the main one", "all": "all", "none": "none"}
    means = which[settings.language_folders or "others"]
    return (
        f"languages = {_list(settings.languages)}  # that names of files and folders say\n"
        f"language_folders = {_quoted(settings.language_folders)}"
        f"  # addresses start with the language: {means}\n"
    )


def _link_in_body(settings: SiteSettings) -> str:
    if settings.link_in_body is None:
        return ""
    value = "true" if settings.link_in_body else "false"
    means = "# Whether that is the link to the source article, which the entry links to.\n"
    return _reason(settings, "link_in_body") + means + f"link_in_body = {value}\n"


def _rule(item: SiteRule) -> str:
    rule = item.rule
    lines = [f"\n{_comment(item.reason)}[[posts.rules]]", f"match = {_list(rule.match)}"]
    for name in rule.__struct_fields__:
        value = getattr(rule, name)
        if name == "match" or value is None:
            continue
        if isinstance(value, bool):
            text = "true" if value else "false"
        else:
            text = _quoted(value) if isinstance(value, str) else _list(value)
        lines.append(f"{name} = {text}")
    return "\n".join(lines) + "\n"


def _addresses(settings: SiteSettings) -> str:
    """The addresses of feeds, where they are not the usual ones."""
    lines = []
    for name in Addresses.__struct_fields__:
        value = getattr(settings.addresses, name)
        if value != getattr(Addresses(), name):
            text = _quoted(value) if isinstance(value, str) else _inline_table(value)
            lines.append(f"{name} = {text}\n")
    return "\n[addresses]\n" + _reason(settings, "addresses") + "".join(lines) if lines else ""


def _inline_table(texts: Mapping[str, str]) -> str:
    """A table of texts on one line, with quotes around the keys that need them."""
    pairs = (
        f"{name if re.fullmatch('[A-Za-z0-9_-]+', name) else _quoted(name)} = {_quoted(text)}"
        for name, text in texts.items()
    )
    return f"{{ {', '.join(pairs)} }}"


def _categories(settings: SiteSettings) -> str:
    lines = []
    if settings.keep_whole:
        lines.append(_reason(settings, "split") + "split = false\n")
    if settings.title_from:
        key = f"title_from = {_quoted(settings.title_from)}\n"
        lines.append(_reason(settings, "title_from") + key)
    return "\n[categories]\n" + "".join(lines) if lines else ""


def _content(settings: SiteSettings) -> str:
    lines = []
    folders = {"data": settings.data, "includes": settings.includes}
    if any(folders.values()):
        lines.append("# Posts use files of these folders: the package of the function has them.\n")
    lines += [f"{key} = {_quoted(folder)}\n" for key, folder in folders.items() if folder]
    if settings.site_values:
        lines.append(f"\n[content.site]\n# Values of {settings.file} that posts use.\n")
        values = settings.site_values.items()
        lines += [f"{_quoted(name)} = {_toml_value(value)}\n" for name, value in values]
    if settings.shortcodes:
        lines.append("\n[content.shortcodes]\n")
        lines += [f"{line}\n" for line in shortcode_lines(settings.shortcodes)]
    return "\n[content]\n" + "".join(lines) if lines else ""


def _toml_value(value: object) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        pairs = (f"{_quoted(name)} = {_toml_value(item)}" for name, item in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml_value, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _quoted(value) if isinstance(value, str) else repr(value)


def _reason(settings: SiteSettings, key: str) -> str:
    return _comment(settings.reasons.get(key, ""))


def _comment(text: str) -> str:
    """A text as lines of a comment, without the characters that TOML cannot hold."""
    return "".join(f"# {line}\n" for line in wrap(" ".join(one_line(text).split()), 98))


def _list(texts: tuple[str, ...]) -> str:
    """A TOML list; on several lines if it is long."""
    on_one_line = f"[{', '.join(map(_quoted, texts))}]"
    if len(on_one_line) <= 90:
        return on_one_line
    return "[\n" + "".join(f"  {_quoted(text)},\n" for text in texts) + "]"


def _quoted(text: str) -> str:
    """A TOML text on one line, without the characters that TOML and XML cannot hold."""
    return json.dumps(" ".join(one_line(text).split()), ensure_ascii=False)
