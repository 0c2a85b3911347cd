"""Astro's configuration, collections and pages -> the settings of a site.

https://docs.astro.build/en/reference/configuration-reference/ has the settings,
https://docs.astro.build/en/guides/routing/ the pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from feeds.config import Posts
from feeds.generators.javascript import is_expression, read_object, read_script
from feeds.generators.settings import SiteSettings, Unknown
from feeds.generators.site_folder import MDX_ENDINGS, SiteFolder, SitePost
from feeds.generators.values import SiteConfig, Values, clean_path, first_text

_ENDINGS = ("mjs", "js", "ts", "mts", "cjs", "cts")
_FILES = tuple(f"astro.config.{ending}" for ending in _ENDINGS)
_TEXTS = tuple(
    f"src/{name}.{ending}"
    for name in ("consts", "constants", "site.config", "config", "siteConfig")
    for ending in ("ts", "js", "mjs")
)
"""Files where themes have the texts of a site."""
_COLLECTIONS = tuple(
    f"src/{name}.{ending}"
    for name in ("content.config", "content/config")
    for ending in ("ts", "js", "mjs")
)
_PAGES = "src/pages"
_DATE_FIELDS = ("pubDatetime", "publishedAt", "datePublished", "publicationDate", "createdAt")
"""Fields that themes have the date in, beside the usual ones."""
_SLUG = re.compile(r"\[(?:\.\.\.)?\w+\]")


def read_astro(site: SiteFolder) -> SiteConfig:
    """The object in the configuration that has a setting of the site."""
    return read_object(site, _FILES, ("site", "base", "integrations", "markdown", "output"))


class _Texts(NamedTuple):
    """What a file with the texts of a site says."""

    title: str = ""
    description: str = ""
    author: str = ""
    language: str = ""
    url: str = ""


def astro_settings(values: Values, site: SiteFolder) -> SiteSettings:
    """The settings in an Astro configuration, and where the posts are."""
    texts = _texts(site)
    url = first_text(values, "site") or texts.url
    folder, date_field = _folder(site)
    page = _page(folder, site) if folder else ""
    reasons = {"include": "Posts are Markdown or MDX."} if folder else {}
    if date_field:
        reasons["date_keys"] = f"Posts have their date in {date_field}."
    unknown = [*_unknown(values)]
    permalink = "/:collection/:slug/"
    if page:
        permalink = _pattern(page)
        reasons["permalink"] = f"{page} makes the pages of posts."
    elif folder and not f"{folder}/".startswith(f"{_PAGES}/"):
        what = f"where the pages of the posts in {folder}/ are"
        unknown.append(Unknown(what, "permalink as they are, such as /blog/:slug/"))
    if first_text(values, "build.format") == "file":
        permalink = f"{permalink.rstrip('/')}.html"
    elif first_text(values, "trailingSlash") == "never":
        permalink = permalink.rstrip("/")
    return SiteSettings(
        title=texts.title,
        url=f"{url.rstrip('/')}/{first_text(values, 'base').strip('/')}" if url else "",
        description=texts.description,
        language=first_text(values, "i18n.defaultLocale") or texts.language,
        author=texts.author,
        permalink=permalink,
        posts=folder,
        include=tuple(f"**/*{ending}" for ending in MDX_ENDINGS) if folder else (),
        date_keys=(date_field, *Posts().date_keys) if date_field else (),
        reasons=reasons,
        unknown=tuple(unknown),
        hidden="publish",
        built=clean_path(first_text(values, "outDir")) or "dist",
        feed="rss.xml",
    )


def _texts(site: SiteFolder) -> _Texts:
    """The texts of the site: constants such as `SITE_TITLE`, or an object with a title."""
    for file in _TEXTS:
        _, script = read_script(site, file)
        constants = script.constants
        if title := first_text(constants, "SITE_TITLE", "TITLE"):
            return _Texts(
                title,
                first_text(constants, "SITE_DESCRIPTION", "DESCRIPTION"),
                first_text(constants, "SITE_AUTHOR", "AUTHOR"),
                first_text(constants, "SITE_LANG", "LANG", "LOCALE"),
                first_text(constants, "SITE_URL", "URL"),
            )
        one = script.object_with("title")
        if title := first_text(one, "title"):
            return _Texts(
                title,
                first_text(one, "description", "desc", "tagline"),
                first_text(one, "author.name", "author"),
                first_text(one, "lang", "language", "locale"),
                first_text(one, "website", "url", "site", "href"),
            )
    return _Texts()


def _unknown(values: Values) -> Iterable[Unknown]:
    for name, what, todo in (
        ("base", "the folder of the site on its host", "it at the end of site.url"),
        ("trailingSlash", "whether addresses end in /", "permalink without it, if not"),
        ("build.format", "whether addresses end in .html", "permalink with it, if so"),
    ):
        if is_expression(values, name):
            yield Unknown(f"{what} ({name} is code)", todo)


# --- where the posts are --------------------------------------------------------------------------


def _folder(site: SiteFolder) -> tuple[str, str]:
    """The collection with the most posts that have a date, of those whose files mostly have one;
    and the field with the date, if it is not one of the usual ones.

    A collection is a folder that a loader names, or one in ``src/content``; there may be posts
    among the pages, too.
    """
    _, script = read_script(site, *_COLLECTIONS)
    found = [clean_path(first_text(one, "loader.base", "base")) for one in script.objects]
    for root in ("src/content", "src/data", _PAGES, "src/blog"):
        for path in site.files(root, MDX_ENDINGS):
            steps = path.split("/")
            if len(steps) > 3:
                found.append("/".join(steps[:3]))
    best, field, most = "", "", 0
    for folder in filter(site.has_folder, filter(None, dict.fromkeys(found))):
        posts = site.read_posts(site.files(folder, MDX_ENDINGS))
        fields = [_date_field(post) for post in posts if _date_field(post) is not None]
        if len(fields) > most and 2 * len(fields) >= len(posts):
            best, field, most = folder, next(filter(None, fields), ""), len(fields)
    return best or next(filter(site.has_folder, ("src/content/blog",)), ""), field


def _date_field(post: SitePost) -> str | None:
    """The field with the date of a post; ``""`` for the usual ones, None if there is no date."""
    if post.has_date:
        return ""
    return next((name for name in _DATE_FIELDS if post.metadata.get(name)), None)


def _page(folder: str, site: SiteFolder) -> str:
    """The file that makes the pages of a collection: one with a slug in its path that names the
    collection, in its text or in its folder; ``""`` if there is none, or several.
    """
    name = folder.rpartition("/")[2]
    files = [path for path in site.files(_PAGES, (".astro",)) if _is_of_posts(path)]
    texts = {path: site.data(path, 1_000_000) or b"" for path in files}
    calls = [f"getCollection({mark}{name}{mark}".encode() for mark in "'\""]
    called = [path for path, text in texts.items() if any(call in text for call in calls)]
    named = [path for path in files if path.startswith(f"{_PAGES}/{name}/")]
    for choice in (called, named):
        if len(choice) == 1:
            return choice[0]
    return ""


def _is_of_posts(path: str) -> bool:
    """Return whether a page has a slug as the last part of its path, and no other part."""
    route = path.removesuffix(".astro").removesuffix("/index").split("/")
    slug = route[-1].strip("[].")
    is_list = slug in ("page", "tag", "tags", "category")
    return bool(_SLUG.fullmatch(route[-1])) and not is_list and "[" not in "".join(route[:-1])


def _pattern(page: str) -> str:
    """The pattern of addresses of the pages that a file makes."""
    route = page.removeprefix(_PAGES).removesuffix(".astro").removesuffix("/index")
    return f"{route.rpartition('/')[0]}/:slug/"
