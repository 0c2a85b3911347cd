"""Eleventy's configuration and data files -> the settings of a site.

https://www.11ty.dev/docs/config/ has the folders,
https://www.11ty.dev/docs/data-template-dir/ the data of a folder.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from feeds.config import Config, PostRule, Posts, Site
from feeds.generators.javascript import Script, is_expression, read_object, read_script
from feeds.generators.settings import SiteRule, SiteSettings, Unknown
from feeds.generators.site_folder import USUAL_ENDINGS, SiteFolder, dated_folders, patterns
from feeds.generators.sites.field_rules import rule_of_fields
from feeds.generators.values import (
    SiteConfig,
    Values,
    as_field,
    clean_path,
    first_text,
    read_values,
    texts_at,
    value_at,
)
from feeds.reading.field_values import parse_bool
from feeds.reading.front_matter.formats import Value
from feeds.text import one_line

_FILES = (
    ".eleventy.js",
    "eleventy.config.js",
    "eleventy.config.mjs",
    "eleventy.config.cjs",
    "eleventy.config.ts",
)
_SITE_DATA = ("metadata", "site", "meta")
_ROOTS = ("src", "content")
_SCRIPTS = ("js", "mjs", "cjs")
_CONFIG = Config(Site("", ""), posts=Posts(generator="eleventy", visibility={"hidden": "publish"}))


def read_eleventy(site: SiteFolder) -> SiteConfig:
    """The folders that the configuration names, and its `pathPrefix`."""
    file, script = read_script(site, *_FILES)
    values: dict[str, object] = {"dir": _folders(script)}
    values["pathPrefix"] = script.object_with("pathPrefix").get("pathPrefix", "")
    values["globalData"] = script.calls.get("addGlobalData", [])
    return SiteConfig(file, values)


def _folders(script: Script) -> dict[str, object]:
    """The folders by name: those of `dir`, or of calls such as ``setInputDirectory("src")``."""
    named = script.object_with("dir").get("dir", {})
    found = dict(named) if isinstance(named, dict) else {}
    for name in ("input", "output", "data", "includes", "layouts"):
        if folders := script.calls.get(f"set{name.title()}Directory"):
            found[name] = folders[0]
    return found


def eleventy_settings(values: Values, site: SiteFolder) -> SiteSettings:
    """The settings in the data of an Eleventy site, and where the posts are."""
    source = clean_path(first_text(values, "dir.input"))
    data = _site_data(_join(source, first_text(values, "dir.data") or "_data"), site)
    settings = SiteSettings(
        title=first_text(data, "title", "name"),
        url=_address(first_text(data, "url", "siteUrl", "baseUrl"), values),
        description=first_text(data, "description", "tagline"),
        language=first_text(data, "language", "lang", "locale"),
        timezone=first_text(data, "timezone"),
        author=first_text(data, "author.name", "author"),
        email=first_text(data, "author.email", "email"),
        hidden="publish",
        built=clean_path(first_text(values, "dir.output")) or "_site",
        unknown=tuple(_unknown(values)),
    )
    return _with_posts(settings, values, source, site)


def _join(folder: str, name: str) -> str:
    """A folder that is named relative to another one; ``""`` if it is not in the site."""
    return clean_path(posixpath.normpath(f"{folder}/{name}".lstrip("/")))


def _site_data(folder: str, site: SiteFolder) -> Values:
    """The data of the whole site that has a title or an address."""
    for name in _SITE_DATA:
        for data in (
            read_values(site, f"{folder}/{name}.json").values,
            read_object(
                site,
                tuple(f"{folder}/{name}.{ending}" for ending in _SCRIPTS),
                ("title", "url"),
            ).values,
        ):
            if first_text(data, "title", "name", "url"):
                return data
    return {}


def _address(url: str, values: Values) -> str:
    """The address of the site with its `pathPrefix`, if it does not have it yet."""
    prefix = first_text(values, "pathPrefix").strip("/")
    url = url.rstrip("/")
    return f"{url}/{prefix}" if url and not f"{url}/".endswith(f"/{prefix}/") else url


def _unknown(values: Values) -> Iterable[Unknown]:
    for name, what, todo in (
        ("pathPrefix", "the folder of the site on its host", "it at the end of site.url"),
        ("dir.input", "the folder that Eleventy reads", "the folder of the posts as posts.folder"),
    ):
        if is_expression(values, name):
            yield Unknown(f"{what} ({name} is code)", todo)
    if any(name.partition(".")[0] == "permalink" for name in texts_at(values, "globalData")):
        what = "the permalink that the configuration gives all pages (addGlobalData)"
        yield Unknown(what, "it as permalink below [posts]")


# --- where the posts are --------------------------------------------------------------------------


def _with_posts(
    settings: SiteSettings, values: Values, source: str, site: SiteFolder
) -> SiteSettings:
    """The settings with the folders whose files mostly have a date, and the data of these."""
    names = (first_text(values, "dir.includes") or "_includes", first_text(values, "dir.layouts"))
    skipped = ("_data", *(name for name in names if name), settings.built)
    if source and not site.has_folder(source):
        return settings
    folders = [*dated_folders(site, source, USUAL_ENDINGS, skipped)]
    if not folders:
        return settings
    files = [path for folder in folders for path in site.files(folder)]
    several = len(folders) > 1 or not folders[0]
    start = 0 if several else len(folders[0]) + 1
    if several and folders != [""]:
        reasons = {"include": f"Most files in these folders have a date: {', '.join(folders)}."}
        settings = replace(settings, include=patterns(folders, files), reasons=reasons)
    settings = replace(settings, posts="." if several else folders[0])
    places = [_join(source, name) for name in names if name]
    permalinks = 0
    for folder in _folders_of(files, source):
        data = _folder_data(folder, site)
        if data.file:
            fields = _with_layout(data.values, places, site)
            match = (f"{folder}/**"[start:] if len(folder) >= start else "**",)
            item = _rule(match, fields, data.file)
            settings = _with_rule(settings, item, data)
            permalinks += bool(item.rule.permalink)
    if source.partition("/")[0] not in ("", *_ROOTS) and not permalinks:
        what = f"the addresses of posts: Eleventy leaves {source}/ out of them (dir.input)"
        unknown = Unknown(what, 'permalink = "/posts/{{ page.fileSlug }}/" or another')
        settings = replace(settings, unknown=(*settings.unknown, unknown))
    return settings


def _folders_of(files: Iterable[str], source: str) -> list[str]:
    """The folders that files are in, and those above them; the outer ones first."""
    found: dict[str, None] = {}
    for path in files:
        steps = path.split("/")[:-1]
        for depth in range(1, len(steps) + 1):
            found["/".join(steps[:depth])] = None
    inside = (name for name in found if not source or f"{name}/".startswith(f"{source}/"))
    return sorted(inside, key=lambda name: (name.count("/"), name))


class _Data(NamedTuple):
    """The data that a folder gives its files."""

    file: str
    values: Values
    is_whole: bool
    """Whether the file says nothing that only Eleventy can work out."""


def _folder_data(folder: str, site: SiteFolder) -> _Data:
    """The data of a folder: ``posts/posts.json``, or the like; without a file if it has none."""
    name = f"{folder}/{folder.rpartition('/')[2]}"
    found = read_values(site, f"{name}.11tydata.json", f"{name}.json")
    if found.file:
        return _Data(found.file, found.values, is_whole=True)
    files = tuple(f"{name}.11tydata.{ending}" for ending in _SCRIPTS)
    known = ("permalink", "tags", "layout")
    script = read_object(site, files, known)
    if not script.file:
        return _Data("", {}, is_whole=True)
    is_whole = "permalink" not in (site.read(script.file) or "") or isinstance(
        value_at(script.values, "permalink"), str | bool
    )
    return _Data(script.file, script.values, is_whole)


def _with_layout(values: Values, places: Iterable[str], site: SiteFolder) -> dict[str, Value]:
    """The fields that a folder gives its files, with those of their layout."""
    own = as_field({name: value for name, value in values.items() if isinstance(value, _PLAIN)})
    fields = own if isinstance(own, dict) else {}
    layout = clean_path(first_text(values, "layout"))
    for place in places:
        for ending in ("", ".njk", ".liquid", ".html", ".md"):
            if layout and (found := site.page(f"{place}/{layout}{ending}")):
                return {**{key: found[key] for key in ("permalink",) if key in found}, **fields}
    return fields


_PLAIN = (str, bool, list, dict, int)


def _rule(match: tuple[str, ...], fields: Mapping[str, Value], file: str) -> SiteRule:
    """The rule for the posts of a folder. Tags that are only the name of its collection go."""
    name = file.rpartition("/")[0].rpartition("/")[2]
    rule = rule_of_fields(match, fields, _CONFIG)
    tags = tuple(tag for tag in rule.tags or () if tag not in ("post", "posts", "all", name))
    link = fields.get("permalink", "")
    is_closed = "true" in (fields.get("eleventyExcludeFromCollections"), fields.get("draft"))
    reason = f"{file} gives its folder these fields."
    if isinstance(link, str) and parse_bool(link) is None:
        path = one_line(link).lstrip("/")
        rule = replace(rule, permalink=f"/{path}" if path else None)
    elif link == "false" or is_closed:
        rule = replace(rule, published=False)
    if tags:
        reason += " Posts with tags of their own have only these."
    return SiteRule(replace(rule, tags=tags or None), reason)


def _with_rule(settings: SiteSettings, item: SiteRule, data: _Data) -> SiteSettings:
    """The settings with a rule; an address for all posts needs none."""
    if not data.is_whole:
        what = f"the permalink of posts in {data.file}, which is code"
        todo = 'permalink = "/posts/{{ page.fileSlug }}/", or another'
        return replace(settings, unknown=(*settings.unknown, Unknown(what, todo)))
    rule = item.rule
    if rule.permalink and rule.match == ("**",):
        reasons = {**settings.reasons, "permalink": f"{data.file} or its layout has it."}
        settings = replace(settings, permalink=rule.permalink, reasons=reasons)
        rule = replace(rule, permalink=None)
    if rule == PostRule(rule.match):
        return settings
    return replace(settings, rules=(*settings.rules, replace(item, rule=rule)))
